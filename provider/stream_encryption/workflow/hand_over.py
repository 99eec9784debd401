"""The first invocation: reach the request's goals here, and hand the request over where the wait gets long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from stream_encryption.aws.service_errors import Refused
from stream_encryption.cloudformation.request import Request
from stream_encryption.reconcile.environment import Environment
from stream_encryption.reconcile.loop import WaitBudget, loop
from stream_encryption.reconcile.progress import Progress
from stream_encryption.telemetry import Telemetry

from .state_machine import StateMachine
from .workflow_state import WorkflowState

HAND_OVER_AGAIN_SECONDS = 30.0
"""How long the function waits by itself after a refused hand-over before it tries again, in seconds."""


@dataclass(frozen=True, slots=True)
class FirstInvocation:
    """Works on a request until its goals are reached or the workflow takes it over.

    Attributes:
        environment: Makes what the loop touches.
        state_machine: Gives the state machine.
        handover_seconds: How long to wait before the request is handed over; inf: there is no state machine.
        telemetry: Logs and metrics.
        allow_grants: Whether the provider may make grants.
    """

    environment: Callable[[], Environment]
    state_machine: Callable[[], StateMachine]
    handover_seconds: float
    telemetry: Telemetry
    allow_grants: bool = False

    def reach(self, event: Mapping[str, Any], request: Request, end: float) -> Progress | None:
        """Work until the goals are reached, or the request is handed over.

        Args:
            event: CloudFormation's event.
            request: The same, read.
            end: When this invocation has to stop, in epoch seconds.

        Returns:
            The progress, with no goal left; None where the workflow took over, and responds.

        Raises:
            ProviderError: A goal can't be reached, or not in time.
        """
        env, seconds = self.environment(), self.handover_seconds
        progress = Progress.begin(request.goals(allow_grants=self.allow_grants), env.clock.now())
        while True:
            if seconds == inf:  # Nobody takes the request over: this invocation has to end it.
                until, deadline = inf, min(request.deadline, end)
            else:
                until, deadline = min(env.clock.now() + seconds, end), request.deadline
            progress, pause = loop(progress, env, deadline, WaitBudget(until))
            if not progress.goals:
                return progress
            if self._hand_over(WorkflowState.of(event, request.deadline, progress, pause)):
                return None
            # The hand-over is tried again, unless this invocation ends before.
            seconds = HAND_OVER_AGAIN_SECONDS if env.clock.now() + HAND_OVER_AGAIN_SECONDS < end else inf

    def _hand_over(self, state: WorkflowState) -> bool:
        try:
            execution, anew = self.state_machine().start(state)
        except Refused as refused:
            self.telemetry.hand_over_refused(refused.refusal)
            return False
        self.telemetry.handed_over(execution, anew=anew)
        return True
