"""How long to pause before the next look: quickly at first, then less often, and less often still if throttled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .actions import Call, Wait

if TYPE_CHECKING:
    from random import Random

    from .actions import Action
    from .state import State

FIRST_SECONDS = 0.55
"""The pause before the first look after a change, and the shortest one later: most changes take seconds."""
BASE_SECONDS = 0.15
SHARE = 0.15
"""Each later pause is a fixed part of the time waited so far, so the delay in noticing is half of that part."""
BRISK_SECONDS = 1.5
MOST_END_SECONDS = 50.0
"""Most changes end within this time, and until then no pause is longer than the brisk one. Of the time waited beyond
it, a pause is the same part again, once that is longer."""
LONGEST_SECONDS = 5.0
LONGEST_THROTTLED_SECONDS = 15.0
"""Long enough for hundreds of requests at once, and short enough that none is asleep when it is its turn."""
LONGEST_BEGUN_SECONDS = 5.0
"""The same for a request that has made its change: it comes back sooner than those that have not begun, so that the
account's calls go to requests that can be ended."""
LONGEST_WORKFLOW_SECONDS = 60.0
"""In the workflow a pause costs nothing, and each look costs a few transitions."""


def pause(action: Action, state: State, now: float, random: Random, longest: float = LONGEST_SECONDS) -> float:
    """Choose the seconds to let pass after an action before the next look.

    Args:
        action: The action that was just taken.
        state: Tells since when the request has been waiting, and how throttled it is.
        now: The time, in epoch seconds.
        random: Spreads the looks of many requests: by up to an eighth up or down; throttled, by up to half down.
        longest: The longest pause, in seconds, while nothing is throttled.
    """
    if isinstance(action, Wait) and action.seconds is not None:
        return action.seconds
    if not isinstance(action, Wait | Call):
        return 0.0
    called_at = state.call.called_at if state.call else None
    seconds = min(longest, _rhythm(now - (state.since if called_at is None else called_at)))
    spread = seconds * random.uniform(0.875, 1.125)  # nosec B311  # spreads load
    if not state.throttles:
        return spread
    most = LONGEST_THROTTLED_SECONDS if called_at is None else LONGEST_BEGUN_SECONDS
    backed_off = min(most, max(1.0, seconds) * 2.0 ** min(state.throttles, 10))
    return max(spread, backed_off * random.uniform(0.5, 1.0))  # nosec B311  # the same


def _rhythm(waited: float) -> float:
    """The pause after so many seconds; a clock that was put back has waited for none."""
    brisk = min(BRISK_SECONDS, BASE_SECONDS + SHARE * max(0.0, waited))
    return max(FIRST_SECONDS, brisk, SHARE * (waited - MOST_END_SECONDS))
