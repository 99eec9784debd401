"""How long to pause before the next look: quickly at first, then less often, and less often still if throttled."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .actions import Action, Call, Wait
from .state import State

EARLY_LOOKS = (0.35, 0.65, 1.65)
"""When the first looks after a change come, in seconds. The first sees the stream UPDATING: a change that ends unseen
can't be believed for seconds (state.py). The second notices a change that ends at once. Most changes take seconds, so
there is no look between the second and the third."""
EARLY_TOLERANCE_SECONDS = 0.1
"""An early look that comes so much too soon counts as made, in seconds."""
SHORTEST_SECONDS = 0.4
"""The shortest pause after the early looks."""
BASE_SECONDS = 0.15
SHARE = 0.15
"""Each later pause is a fixed part of the time waited so far, so the delay in noticing is half of that part."""
BRISK_SECONDS = 1.2
MOST_END_SECONDS = 55.0
"""Most changes end within this time, and until then no pause is longer than the brisk one. Of the time waited beyond
it, a pause is the same part again, once that is longer."""
LONGEST_SECONDS = 5.0
THROTTLED_SECONDS = 1.0
"""The longest pause of a throttled request before its change. It is shorter than afterwards, since the request has most
of its work left: of many requests at once, the last one then ends earlier."""
THROTTLED_BEGUN_SECONDS = 5.0
"""The longest pause of a throttled request after its change."""
LIKELY_CHANGE_SECONDS = 9.0
"""The longest pause of a throttled request right after its change. Most changes are over by then: a look that finds
the stream UPDATING would take the place of a look that ends another request."""
LONGEST_WORKFLOW_SECONDS = 60.0
"""In the workflow a pause costs nothing, and each look costs a few transitions."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """Chooses the pauses.

    Attributes:
        random: Spreads the looks of many requests: by up to an eighth up or down; throttled, by up to half down.
        longest: The longest pause, in seconds, while nothing is throttled.
    """

    random: Random
    longest: float = LONGEST_SECONDS

    def pause(self, action: Action, state: State, now: float) -> float:
        """Choose the seconds to let pass after an action before the next look.

        Args:
            action: The action that was just taken.
            state: Tells since when the request has been waiting, and how throttled it is.
            now: The time, in epoch seconds.
        """
        if isinstance(action, Wait) and action.seconds is not None:
            return action.seconds
        if not isinstance(action, Wait | Call) or (isinstance(action, Call) and action.grant):
            return 0.0
        called_at = state.call.called_at if state.call else None
        seconds = min(self.longest, _rhythm(now - (state.since if called_at is None else called_at)))
        spread = seconds * self.random.uniform(0.875, 1.125)  # nosec B311  # spreads load
        if not state.throttle_level:
            return spread
        if isinstance(action, Call):
            return LIKELY_CHANGE_SECONDS * self.random.uniform(0.75, 1.0)  # nosec B311  # the same
        most = THROTTLED_SECONDS if called_at is None else THROTTLED_BEGUN_SECONDS
        return max(spread, most * self.random.uniform(0.5, 1.0))  # nosec B311  # the same


def _rhythm(waited: float) -> float:
    """The pause after so many seconds; a clock that was put back has waited for none."""
    waited = max(0.0, waited)
    for at in EARLY_LOOKS:
        if at > waited + EARLY_TOLERANCE_SECONDS:
            return at - waited
    brisk = min(BRISK_SECONDS, BASE_SECONDS + SHARE * waited)
    return max(SHORTEST_SECONDS, brisk, SHARE * (waited - MOST_END_SECONDS))
