"""How long to pause before the next look: quickly at first, then geometrically less often, less still if throttled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import Start, Stop, Wait

if TYPE_CHECKING:
    from random import Random

    from .memory import Memory
    from .model import Action

FIRST_SECONDS = 0.25
GROWTH = 1.15
"""Each pause is a fixed part of the time waited so far, so the lag of noticing is as well: about a tenth of it."""
LONGEST_SECONDS = 5.0
LONGEST_THROTTLED_SECONDS = 30.0
LONGEST_DURABLE_SECONDS = 60.0
"""In a state machine a pause costs nothing, and each look a few transitions."""


def pause(action: Action, memory: Memory, random: Random, longest: float = LONGEST_SECONDS) -> float:
    """The seconds to let pass after an action before the next look.

    Args:
        action: What was just decided.
        memory: Tells how long it has been waiting, and how throttled it is.
        random: Spreads the looks of many requests (up to a quarter up or down).
        longest: The longest pause, in seconds, while nothing is throttled.
    """
    if isinstance(action, Wait) and action.seconds is not None:
        return action.seconds
    if not isinstance(action, Wait | Start | Stop):
        return 0.0
    seconds = min(longest, FIRST_SECONDS * GROWTH ** min(memory.waits, 100))
    if memory.throttles:
        backed_off = max(1.0, seconds) * 2.0 ** min(memory.throttles, 10)
        seconds = max(seconds, min(LONGEST_THROTTLED_SECONDS, backed_off))
    return seconds * random.uniform(0.75, 1.25)  # nosec B311  # spreads load
