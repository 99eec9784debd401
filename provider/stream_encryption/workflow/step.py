"""One step of the workflow: the state machine invokes the function to work on a request for some seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stream_encryption.cloudformation.event_validation import Unanswerable, accepted, cleaned
from stream_encryption.cloudformation.failure import Failure
from stream_encryption.cloudformation.request import MARKER, Request, end_of
from stream_encryption.cloudformation.response import FAILED, SUCCESS, Response, ResponseSender, demand_room
from stream_encryption.reconcile.environment import Environment
from stream_encryption.reconcile.loop import WaitBudget, loop
from stream_encryption.reconcile.pacing import LONGEST_WORKFLOW_SECONDS
from stream_encryption.telemetry import Telemetry

from .workflow_state import WorkflowState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream_encryption.reconcile.progress import Progress

STEP_SECONDS = 10.0
"""How long one step works at the most, in seconds: a change that ends soon is not worth more transitions."""
LONGEST_PAUSE_SECONDS = 2.0
"""The longest pause that a step waits by itself, in seconds; a longer one costs less in the state machine."""


@dataclass(frozen=True, slots=True)
class WorkflowStep:
    """Takes a request that was handed over a bit further.

    Attributes:
        environment: Makes what the loop touches.
        sender: Delivers the response.
        telemetry: Logs and metrics.
    """

    environment: Callable[[], Environment]
    sender: ResponseSender
    telemetry: Telemetry

    def take(self, state: Mapping[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 (Lambda's context)
        """Take the request a bit further.

        Args:
            state: What the step before gave, or the execution's input.
            context: Lambda's context.

        Returns:
            The state for the next step; `Done` once CloudFormation was answered.

        Raises:
            ResponseNotDelivered: CloudFormation could not be reached; the state machine tries the step again.
            Unanswerable: The state is no request's; the execution fails.
        """
        try:
            event = accepted(state.get("Event"))
        except Unanswerable as why:
            self.telemetry.refused(str(why))
            raise
        physical_id = event.get("PhysicalResourceId") or f"{MARKER}{event['LogicalResourceId']}"
        try:
            request = Request.of(event, self.sender.clock.now())
            physical_id = request.failed_id
            self.telemetry.resume(request)
            handed_over = WorkflowState.from_json(cleaned(state, event["ResponseURL"])).checked(request)
            progress, seconds = self._work(handed_over, context)
            if progress.goals:
                return WorkflowState.of(event, handed_over.deadline, progress, seconds).to_json()
            demand_room(event, request.settled_id(progress), progress.data)
        except Exception as error:  # noqa: BLE001 (CloudFormation has to be answered all the same)
            self._fail(event, physical_id, Failure.of(error, context, event["ResponseURL"]))
        else:
            self._succeed(event, request, progress)
        return {"Done": True}

    def _work(self, state: WorkflowState, context: Any) -> tuple[Progress, float]:  # noqa: ANN401
        env = self.environment()
        now = env.clock.now()
        until = min(now + STEP_SECONDS, end_of(context, now))
        return loop(
            state.progress, env, state.deadline, WaitBudget(until, LONGEST_PAUSE_SECONDS, LONGEST_WORKFLOW_SECONDS)
        )

    def _succeed(self, event: Mapping[str, Any], request: Request, progress: Progress) -> None:
        self.telemetry.reached(progress)
        response = Response.to(
            event,
            status=SUCCESS,
            reason=progress.reason,
            physical_id=request.settled_id(progress),
            data=progress.data,
        )
        self.sender.deliver(event["ResponseURL"], response)

    def _fail(self, event: Mapping[str, Any], physical_id: str, failure: Failure) -> None:
        self.telemetry.failed(failure)
        response = Response.to(event, status=FAILED, reason=failure.reason, physical_id=physical_id, data={})
        self.sender.deliver(event["ResponseURL"], response)
