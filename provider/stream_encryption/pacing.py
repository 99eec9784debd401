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
LONGEST_THROTTLED_SECONDS = 15.0
"""Long enough for hundreds of requests at once, and short enough that none is asleep when it is its turn."""
LONGEST_BEGUN_SECONDS = 5.0
"""The same for a request that has asked for a change already: it comes back sooner than those that have not begun, so
that the account's calls go to what can be ended."""
LONGEST_DURABLE_SECONDS = 60.0
"""In a state machine a pause costs nothing, and each look a few transitions."""


def pause(action: Action, memory: Memory, now: float, random: Random, longest: float = LONGEST_SECONDS) -> float:
    """The seconds to let pass after an action before the next look.

    Args:
        action: What was just decided.
        memory: Tells since when it has been waiting, and how throttled it is.
        now: The time, in epoch seconds.
        random: Spreads the looks of many requests: by up to a quarter up or down; throttled, by up to half down.
        longest: The longest pause, in seconds, while nothing is throttled.
    """
    if isinstance(action, Wait) and action.seconds is not None:
        return action.seconds
    if not isinstance(action, Wait | Start | Stop):
        return 0.0
    seconds = min(longest, _rhythm(now - (memory.asked.at if memory.asked else memory.since)))
    spread = seconds * random.uniform(0.75, 1.25)  # nosec B311  # spreads load
    if not memory.throttles:
        return spread
    most = LONGEST_BEGUN_SECONDS if memory.asked else LONGEST_THROTTLED_SECONDS
    backed_off = min(most, max(1.0, seconds) * 2.0 ** min(memory.throttles, 10))
    return max(spread, backed_off * random.uniform(0.5, 1.0))  # nosec B311  # the same


def _rhythm(waited: float) -> float:
    """The pause after so many seconds; a clock that was put back has waited for none."""
    brisk = min(BRISK_SECONDS, FIRST_SECONDS + SHARE * max(0.0, waited))
    return max(brisk, SHARE * (waited - MOST_END_SECONDS))
