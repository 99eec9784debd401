"""The only file that calls Step Functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stream_encryption.aws.service_errors import Refused, refusals
from stream_encryption.cloudformation.response_url import digest_of

from .workflow_state import WorkflowState

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


MOST_ASKS = 5
"""How often StartExecution is called if its responses are lost."""


class StateMachine:
    """A state machine of the provider's stack. Each request, mend or round has at most one execution."""

    def __init__(self, client: SFNClient, arn: str) -> None:
        """Use a boto3 client, which does no retries of its own."""
        self._client = client
        self._arn = arn

    def start(self, state: WorkflowState) -> tuple[str, bool]:
        """Hand a request over (StartExecution).

        The execution's name is a digest of the ResponseURL: the same at each delivery of an event, and another one when
        CloudFormation retries a deployment, although the RequestId is the same then. If the response of StartExecution
        is lost, it is called again at once: ExecutionAlreadyExists then means that the first call took effect.

        Returns:
            The execution's name, and whether this invocation started it; False: an earlier delivery of the event did.

        Raises:
            Refused: Step Functions did not take it.
        """
        name, asked, maybe_started = digest_of(state.event["ResponseURL"]), 0, False
        while True:
            try:
                return name, self.start_named(name, state.to_json()) or maybe_started
            except Refused as refused:
                asked, maybe_started = asked + 1, maybe_started or refused.refusal.maybe_done
                if not maybe_started or asked == MOST_ASKS:
                    raise

    def start_named(self, name: str, given: Mapping[str, Any]) -> bool:
        """Start an execution with a name and an input (StartExecution).

        Returns:
            Whether this call started it; False where the name was used before.

        Raises:
            Refused: Step Functions did not take it.
        """
        try:
            with refusals("states:StartExecution", self._arn):
                self._client.start_execution(stateMachineArn=self._arn, name=name, input=json.dumps(given))
        except Refused as refused:
            if refused.refusal.code == "ExecutionAlreadyExists":
                return False
            raise
        return True
