"""One step at a goal of the watch, a mend or a revocation, by the state machine. No CloudFormation request waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stream_encryption import errors
from stream_encryption.cloudformation.failure import Failure
from stream_encryption.cloudformation.request import end_of
from stream_encryption.reconcile.environment import Environment
from stream_encryption.reconcile.goals import Mend, WatchGoal
from stream_encryption.reconcile.loop import loop
from stream_encryption.telemetry import Telemetry

from .step import step_budget
from .workflow_state import WorkflowState

_NOT_OURS = (errors.Superseded, errors.Contested, errors.StreamNotFound, errors.StreamBeingDeleted)
"""Why a goal of the watch ends without having failed: others have decided about the stream."""


@dataclass(frozen=True, slots=True)
class WatchGoalStep:
    """Works on a goal of the watch for some seconds.

    Attributes:
        environment: Makes what the loop touches.
        telemetry: Logs and metrics.
    """

    environment: Callable[[], Environment]
    telemetry: Telemetry

    @staticmethod
    def is_watch_goal(state: Mapping[str, Any]) -> bool:
        """Tell whether a state is of a goal of the watch, not of a request."""
        return "Event" not in state

    def take(self, state: Mapping[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 (Lambda's context)
        """Work on the goal for some seconds.

        Returns:
            The state for the next step; `Done` once the goal is reached, or can't be.

        Raises:
            KeyError, TypeError, ValueError: The state is of no goal of the watch; the execution fails.
        """
        handed_over = WorkflowState.from_json({**state, "Event": {}})
        (goal,) = handed_over.progress.goals
        if not isinstance(goal, WatchGoal):
            raise TypeError("a state without an event has a goal of the watch")
        self.telemetry.resume_watch_goal(goal)
        env = self.environment()
        budget = step_budget(env.clock.now(), end_of(context, env.clock.now()))
        try:
            progress, seconds = loop(handed_over.progress, env, handed_over.deadline, budget)
        except _NOT_OURS as error:
            self.telemetry.watch_goal_ended(error.code)
        except Exception as error:  # noqa: BLE001 (there is nobody to answer; the log and the alarms tell it)
            self.telemetry.failed(Failure.of(error, context, ""))
            self.telemetry.watch_goal_ended("Failed")
        else:
            if progress.goals:
                return WorkflowState.of({}, handed_over.deadline, progress, seconds).to_json()
            done = "Mended" if isinstance(goal, Mend) else "Revoked"
            self.telemetry.watch_goal_ended(done if progress.changes else "LeftAlone")
        return {"Done": True}
