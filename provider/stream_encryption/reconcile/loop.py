"""The loop: one iteration after the other, with pauses between them, until the goals are reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import NoReturn

from stream_encryption.errors import DeadlineExceeded

from .actions import Failed, Reached, Wait
from .environment import Environment
from .iteration import NOTHING, Known, end_intent, iterate
from .pacing import LONGEST_SECONDS, Pacing
from .progress import Progress
from .state_changes import after_resumption

LATE_SECONDS = 1.0
"""How long after the deadline an iteration may still begin, in seconds: the last look is planned for the deadline."""


@dataclass(frozen=True, slots=True)
class WaitBudget:
    """How long a loop sleeps by itself before it leaves the wait to the workflow.

    Attributes:
        until: It sleeps until then at the latest, in epoch seconds.
        longest: The longest single sleep, in seconds.
        longest_look: The longest regular pause between two looks, in seconds.
    """

    until: float = inf
    longest: float = inf
    longest_look: float = LONGEST_SECONDS

    def ends(self, now: float, seconds: float) -> bool:
        """Tell whether the budget has no room for a wait of so many seconds."""
        return seconds > self.longest or now + seconds > self.until


def loop(progress: Progress, env: Environment, deadline: float, budget: WaitBudget) -> tuple[Progress, float]:
    """Work on the goals, one after the other, until all are reached or the wait budget ends.

    Args:
        progress: The goals, in order. Without goals the loop returns at once.
        env: What to look at and act on.
        deadline: When to give up, in epoch seconds.
        budget: How long to sleep here.

    Returns:
        The progress, and the seconds until the next look. If the wait budget ended, the progress has goals left.

    Raises:
        ProviderError: A goal can't be reached, or not in time.
    """
    pacing = Pacing(env.random, budget.longest_look)
    known, progress = NOTHING, replace(progress, state=after_resumption(progress.state))
    while progress.goals:
        if env.clock.now() > deadline + LATE_SECONDS:
            _end_at_deadline(progress, known, env)
        iteration = iterate(progress, env, known)
        action, known = iteration.action, iteration.known
        if isinstance(action, Failed):
            raise action.error
        now = env.clock.now()
        if isinstance(action, Reached):
            progress, known = progress.with_reached(iteration.state, action, now), NOTHING
            continue
        progress = replace(progress, state=iteration.state)
        left = deadline - now
        if left <= 0:
            _end_at_deadline(progress, known, env)
        seconds = min(pacing.pause(action, progress.state, now), left)
        if isinstance(action, Wait) and budget.ends(now, seconds):
            return progress, seconds
        if seconds > 0:
            env.clock.sleep(seconds)
    return progress, 0.0


def _end_at_deadline(progress: Progress, known: Known, env: Environment) -> NoReturn:
    """End the intent of the request, whose time has run out, and raise DeadlineExceeded."""
    state = progress.state
    end_intent(progress.goals[0], state, known, env)
    raise DeadlineExceeded(progress.goals[0].stream, state.waiting_for, state.since, env.clock.now())
