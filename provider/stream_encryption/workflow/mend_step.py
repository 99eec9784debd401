"""One step of a mend: the state machine invokes the function to mend a stream for some seconds. Nobody is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stream_encryption import errors
from stream_encryption.cloudformation.failure import Failure
from stream_encryption.cloudformation.request import end_of
from stream_encryption.reconcile.environment import Environment
from stream_encryption.reconcile.goals import Mend, RevokeDue
from stream_encryption.reconcile.loop import loop
from stream_encryption.telemetry import Telemetry

from .step import step_budget
from .workflow_state import WorkflowState

_NOT_OURS = (errors.Superseded, errors.Contested, errors.StreamNotFound, errors.StreamBeingDeleted)
"""Why a mend ends without having failed: others have decided about the stream."""


@dataclass(frozen=True, slots=True)
class MendStep:
    """Takes a mend a bit further.

    Attributes:
        environment: Makes what the loop touches.
        telemetry: Logs and metrics.
    """

    environment: Callable[[], Environment]
    telemetry: Telemetry

    @staticmethod
    def is_mend(state: Mapping[str, Any]) -> bool:
        """Tell whether a state is a mend's, not a request's."""
        return "Event" not in state

    def take(self, state: Mapping[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 (Lambda's context)
        """Take the mend a bit further.

        Returns:
            The state for the next step; `Done` once the stream is mended, or can't be.

        Raises:
            KeyError, TypeError, ValueError: The state is no mend's; the execution fails.
        """
        handed_over = WorkflowState.from_json({**state, "Event": {}})
        (goal,) = handed_over.progress.goals
        if not isinstance(goal, Mend | RevokeDue):
            raise TypeError("a state without an event is a mend's")
        self.telemetry.resume_mend(goal)
        env = self.environment()
        budget = step_budget(env.clock.now(), end_of(context, env.clock.now()))
        try:
            progress, seconds = loop(handed_over.progress, env, handed_over.deadline, budget)
        except _NOT_OURS as error:
            self.telemetry.mend_ended(error.code)
        except Exception as error:  # noqa: BLE001 (there is nobody to answer; the log and the alarms tell it)
            self.telemetry.failed(Failure.of(error, context, ""))
            self.telemetry.mend_ended("Failed")
        else:
            if progress.goals:
                return WorkflowState.of({}, handed_over.deadline, progress, seconds).to_json()
            done = "Mended" if isinstance(goal, Mend) else "Revoked"
            self.telemetry.mend_ended(done if progress.calls_made else "LeftAlone")
        return {"Done": True}
