"""How long to pause before the next look: quickly at first, then geometrically less often, less still if throttled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import Start, Stop, Wait

if TYPE_CHECKING:
    from random import Random

    from .memory import Memory
    from .model import Action

FIRST_SECONDS = 0.15
"""A change that is over before the first look is not seen to have happened, and is doubted for a while (memory.py)."""
SHARE = 0.15
"""Each pause is a fixed part of the time waited so far, so the lag of noticing is as well: half of that part."""
BRISK_SECONDS = 1.5
MOST_END_SECONDS = 50.0
"""Most changes end within this. No pause in it is longer than the brisk one; of what is waited beyond it, a pause is
the same part again, once that is longer."""
LONGEST_SECONDS = 5.0
LONGEST_THROTTLED_SECONDS = 30.0
LONGEST_DURABLE_SECONDS = 60.0
"""In a state machine a pause costs nothing, and each look a few transitions."""


def pause(action: Action, memory: Memory, now: float, random: Random, longest: float = LONGEST_SECONDS) -> float:
    """The seconds to let pass after an action before the next look.

    Args:
        action: What was just decided.
        memory: Tells since when it has been waiting, and how throttled it is.
        now: The time, in epoch seconds.
        random: Spreads the looks of many requests (up to a quarter up or down).
        longest: The longest pause, in seconds, while nothing is throttled.
    """
    if isinstance(action, Wait) and action.seconds is not None:
        return action.seconds
    if not isinstance(action, Wait | Start | Stop):
        return 0.0
    seconds = min(longest, _rhythm(now - (memory.asked.at if memory.asked else memory.since)))
    if memory.throttles:
        backed_off = max(1.0, seconds) * 2.0 ** min(memory.throttles, 10)
        seconds = max(seconds, min(LONGEST_THROTTLED_SECONDS, backed_off))
    return seconds * random.uniform(0.75, 1.25)  # nosec B311  # spreads load


def _rhythm(waited: float) -> float:
    """The pause after so many seconds; a clock that was put back has waited for none."""
    brisk = min(BRISK_SECONDS, FIRST_SECONDS + SHARE * max(0.0, waited))
    return max(brisk, SHARE * (waited - MOST_END_SECONDS))
