"""One step of the workflow: the state machine invokes the function to work on a request for some seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stream_encryption.cloudformation.event_validation import Unanswerable, accepted, cleaned
from stream_encryption.cloudformation.failure import Failure
from stream_encryption.cloudformation.request import MARKER, Request, end_of
from stream_encryption.cloudformation.response import FAILED, SUCCESS, Response, ResponseSender, demand_room
from stream_encryption.reconcile.environment import Environment
from stream_encryption.reconcile.loop import WaitBudget, loop
from stream_encryption.reconcile.pacing import LONGEST_WORKFLOW_SECONDS
from stream_encryption.reconcile.progress import Progress
from stream_encryption.telemetry import Telemetry

from .workflow_state import WorkflowState

STEP_SECONDS = 10.0
"""The longest time that a step works, in seconds. A change that ends within it costs no further transition."""
LONGEST_PAUSE_SECONDS = 2.0
"""The longest pause that a step waits by itself, in seconds; a longer one costs less in the state machine."""


def step_budget(now: float, end: float) -> WaitBudget:
    """How long a step waits by itself: not beyond the end of its invocation, and never for long."""
    return WaitBudget(min(now + STEP_SECONDS, end), LONGEST_PAUSE_SECONDS, LONGEST_WORKFLOW_SECONDS)


@dataclass(frozen=True, slots=True)
class WorkflowStep:
    """Works on a request that was handed over, for some seconds at a time.

    Attributes:
        environment: Makes what the loop touches.
        sender: Delivers the response.
        telemetry: Logs and metrics.
    """

    environment: Callable[[], Environment]
    sender: ResponseSender
    telemetry: Telemetry

    def take(self, state: Mapping[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 (Lambda's context)
        """Work on the request for some seconds.

        Args:
            state: The result of the step before, or the execution's input.
            context: Lambda's context.

        Returns:
            The state for the next step; `Done` once CloudFormation has the response.

        Raises:
            ResponseNotDelivered: CloudFormation could not be reached; the state machine tries the step again.
            Unanswerable: The state has no ResponseURL; the execution fails.
        """
        try:
            event = accepted(state.get("Event"))
        except Unanswerable as why:
            self.telemetry.refused(str(why))
            raise
        url = event["ResponseURL"]
        physical_id = event.get("PhysicalResourceId") or f"{MARKER}{event['LogicalResourceId']}"
        try:
            request = Request.of(event, self.sender.clock.now())
            physical_id = request.failure_id
            self.telemetry.resume(request)
            handed_over = WorkflowState.from_json(cleaned(state, url)).checked(request)
            progress, seconds = self._work(handed_over, context)
            if progress.goals:
                return WorkflowState.of(event, handed_over.deadline, progress, seconds).to_json()
            response = self._success(event, request.success_id(progress), progress)
        except Exception as error:  # noqa: BLE001 (CloudFormation has to get a response all the same)
            failure = Failure.of(error, context, url)
            self.telemetry.failed(failure)
            response = Response.to(event, status=FAILED, reason=failure.reason, physical_id=physical_id, data={})
        self.sender.deliver(url, response)
        return {"Done": True}

    def _work(self, state: WorkflowState, context: Any) -> tuple[Progress, float]:  # noqa: ANN401
        env = self.environment()
        now = env.clock.now()
        return loop(state.progress, env, state.deadline, step_budget(now, end_of(context, now)))

    def _success(self, event: Mapping[str, Any], physical_id: str, progress: Progress) -> Response:
        demand_room(event, physical_id, progress.data)
        self.telemetry.reached(progress)
        return Response.to(event, status=SUCCESS, reason=progress.reason, physical_id=physical_id, data=progress.data)
