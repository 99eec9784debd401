"""The decision: goal, observation and state make the next action. Pure: no clock, no AWS, no logger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .ensure import decide_ensure
from .goals import Ensure
from .release import decide_release

if TYPE_CHECKING:
    from .actions import Action
    from .goals import Goal
    from .observation import Observation
    from .state import State


def decide(goal: Goal, seen: Observation, state: State, now: float) -> Action:
    """Choose the next action.

    Args:
        goal: What the request wants.
        seen: A look at the stream and its record.
        state: What the request remembers, this look included.
        now: The time, in epoch seconds.

    Returns:
        The action. Stabilized and Failed end the goal.
    """
    if isinstance(goal, Ensure):
        return decide_ensure(goal, seen, state, now)
    return decide_release(goal, seen, state, now)
