"""The wait that outlives the Lambda: handed over to an AWS Step Functions execution, and taken on from it by steps."""

from __future__ import annotations

import hashlib
import json
from math import inf
from traceback import format_exc
from typing import TYPE_CHECKING, Any

from .answer import FAILED, SUCCESS, Answer, demand_room
from .converge import Patience, Progress, loop
from .envelope import Unanswerable, accepted, cleaned, without_secrets
from .errors import ProviderError, StepsLost, unexpected
from .handover import Handover
from .pacing import LONGEST_DURABLE_SECONDS
from .refusals import Refused, refusals
from .request import MARKER, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_stepfunctions import SFNClient

    from .answer import Courier
    from .converge import Clock, World
    from .telemetry import Telemetry

BURST_SECONDS = 10.0
"""How long one step works at the most, in seconds: what settles quickly now is not worth more transitions."""
BURST_PAUSE_SECONDS = 2.0
"""The longest pause that a step waits by itself, in seconds; a longer one costs less in the state machine."""


SWEEP_PAUSES = (0.0, 0.5, 1.0)
"""How long to wait before each try to have a mark removed later, in seconds."""

AGAIN_SECONDS = 30.0
"""How long to wait here before a hand-over that was refused is tried again, in seconds."""


class Executions:
    """The state machine's executions, of which each request has one at the most."""

    def __init__(self, client: SFNClient, state_machine_arn: str) -> None:
        """Use a boto3 client, which does no retries of its own."""
        self._client = client
        self._arn = state_machine_arn

    def start(self, handover: Handover) -> tuple[str, bool]:
        """Hand a request over (StartExecution).

        The name is a digest of the ResponseURL: the same however often the event is delivered, and another one when
        CloudFormation retries a deployment, for which it uses a RequestId again.

        Returns:
            The execution's name, and whether it was started now, not by an earlier delivery.

        Raises:
            Refused: Step Functions did not take it.
        """
        return self._start(handover.event["ResponseURL"], handover)

    def start_sweeps(self, handover: Handover) -> tuple[str, bool]:
        """Leave to an execution what is to be swept up later; named by the request alone.

        Returns:
            The execution's name, and whether it was started now.

        Raises:
            Refused: Step Functions did not take it.
        """
        sweep = handover.progress.goals[0]
        owner = f"{sweep.owner.stack_id}\n{sweep.owner.logical_id}"
        return self._start(f"{owner}\n{sweep.stream.name}\n{sweep.issued_at}", handover)

    def _start(self, identity: str, handover: Handover) -> tuple[str, bool]:
        name = hashlib.sha256(identity.encode()).hexdigest()[:32]
        try:
            with refusals("states:StartExecution", self._arn):
                self._client.start_execution(stateMachineArn=self._arn, name=name, input=json.dumps(handover.to_json()))
        except Refused as refused:
            if refused.refusal.code == "ExecutionAlreadyExists":
                return name, False
            raise
        return name, True


class Sweeps:
    """Has what a request leaves on a stream removed later, by an execution of its own."""

    def __init__(self, executions: Callable[[], Executions] | None, telemetry: Telemetry, clock: Clock) -> None:
        """Use the state machine's executions; None: there is none, and the next request on the stream sweeps."""
        self._executions, self._telemetry, self._clock = executions, telemetry, clock

    def __call__(self, event: Mapping[str, Any], progress: Progress) -> None:
        """Start the execution, where there is something to be swept; that it can't be started fails no request."""
        if not progress.sweeps or self._executions is None:
            return
        handover = Handover.of_sweeps(event, progress, self._clock.now())
        for pause in SWEEP_PAUSES:
            self._clock.sleep(pause)
            try:
                execution, _ = self._executions().start_sweeps(handover)
            except Refused as refused:
                self._telemetry.sweep_refused(refused.refusal)
            else:
                self._telemetry.sweep_planned(execution)
                return


class Reach:
    """Reaches a request's goals right here; and where that gets long, hands it over."""

    def __init__(
        self,
        world: Callable[[], World],
        executions: Callable[[], Executions],
        sweeps: Sweeps,
        handover_seconds: float,
        telemetry: Telemetry,
    ) -> None:
        """Wait so many seconds here before the state machine's executions are asked; inf: there is no state machine."""
        self._world, self._executions, self._sweeps = world, executions, sweeps
        self._handover_seconds, self._telemetry = handover_seconds, telemetry

    def __call__(self, event: Mapping[str, Any], request: Request, end: float) -> Progress | None:
        """Work until the goals are reached, or the request is handed over.

        Args:
            event: CloudFormation's event.
            request: The same, read.
            end: When this invocation has to stop, in epoch seconds.

        Returns:
            The progress, with no goal left; None where the state machine took over, and answers.

        Raises:
            ProviderError: A goal can't be reached, or not in time.
        """
        world = self._world()
        progress = Progress.begin(request.goals(), world.clock.now())
        seconds = self._handover_seconds
        while True:
            until = min(world.clock.now() + seconds, end) if seconds < inf else inf
            deadline = request.deadline if seconds < inf else min(request.deadline, end)
            progress, pause = loop(progress, world, deadline, Patience(until))
            if not progress.goals:
                self._sweeps(event, progress)
                return progress
            if self._hand_over(Handover.of(event, request.deadline, progress, pause)):
                return None
            # Step Functions was asked in vain. It is asked again, unless this invocation ends before.
            seconds = AGAIN_SECONDS if world.clock.now() + AGAIN_SECONDS < end else inf

    def _hand_over(self, handover: Handover) -> bool:
        try:
            execution, anew = self._executions().start(handover)
        except Refused as refused:
            self._telemetry.hand_over_refused(refused.refusal)
            return False
        self._telemetry.handed_over(execution, anew=anew)
        return True


class Steps:
    """The function's second door: one short burst of steps for an execution."""

    def __init__(self, world: Callable[[], World], courier: Courier, sweeps: Sweeps, telemetry: Telemetry) -> None:
        """Work on a world that is made when it is first needed, and answer by a courier."""
        self._world, self._courier, self._sweeps, self._telemetry = world, courier, sweeps, telemetry

    def __call__(self, state: Mapping[str, Any], context: object) -> dict[str, Any]:
        """Take the request a bit further.

        Args:
            state: What the step before gave, or the execution's input. With `Failure`, an execution that the first
                release started has given up: a running execution keeps the definition that it began with.
            context: Lambda's context.

        Returns:
            The state for the next step; `Done` once CloudFormation was answered, or nothing is left to be swept up.

        Raises:
            AnswerNotDelivered: CloudFormation could not be reached; the state machine tries the step again.
            Unanswerable: The state is nobody's request; the execution fails.
        """
        try:
            event = accepted(state.get("Event"))
        except Unanswerable as why:
            return self._sweep(state, why, context)
        physical_id = event.get("PhysicalResourceId") or f"{MARKER}{event['LogicalResourceId']}"
        try:
            request = Request.of(event, self._courier.clock.now())
            physical_id = request.failed_id
            self._telemetry.resume(request)
            if "Failure" in state:
                raise StepsLost(state["Failure"])  # noqa: TRY301 (it is answered like any other failure)
            handover = Handover.from_json(cleaned(state, event["ResponseURL"])).of_request(request, sweeps=False)
            progress, seconds = self._burst(handover)
            if progress.goals:
                return Handover.of(event, handover.deadline, progress, seconds).to_json()
            self._sweeps(event, progress)
            demand_room(event, request.settled_id(progress), progress.data)
        except ProviderError as error:
            self._fail(event, physical_id, error.code, str(error))
        except Exception as error:  # noqa: BLE001 (an answer is owed all the same)
            self._fail(event, physical_id, "InternalError", unexpected(error, context), format_exc())
        else:
            self._telemetry.converged(progress)
            self._answer(event, SUCCESS, progress.reason, request.settled_id(progress), progress.data)
        return {"Done": True}

    def _sweep(self, state: Mapping[str, Any], why: Unanswerable, context: object) -> dict[str, Any]:
        """Sweep up after a request that was answered, and so has no ResponseURL; whatever else has none is refused."""
        try:
            event = state["Event"]
            request = Request.of(event, self._courier.clock.now())
            handover = Handover.from_json(state).of_request(request, sweeps=True)
        except Exception:  # noqa: BLE001 (whatever it is, it is not to be swept)
            self._telemetry.refused(str(why))
            raise why from None
        self._telemetry.resume(request)
        try:
            progress, seconds = self._burst(handover)
        except ProviderError as error:
            self._telemetry.failed(error.code, str(error))
        except Exception as error:  # noqa: BLE001 (nobody waits for it: the next request on the stream sweeps)
            self._telemetry.failed("InternalError", unexpected(error, context), format_exc())
        else:
            if progress.goals:
                return Handover.of(event, handover.deadline, progress, seconds).to_json()
        return {"Done": True}

    def _burst(self, handover: Handover) -> tuple[Progress, float]:
        patience = Patience(self._courier.clock.now() + BURST_SECONDS, BURST_PAUSE_SECONDS, LONGEST_DURABLE_SECONDS)
        return loop(handover.progress, self._world(), handover.deadline, patience)

    def _fail(self, event: Mapping[str, Any], physical_id: str, code: str, reason: str, traceback: str = "") -> None:
        url = event["ResponseURL"]
        self._telemetry.failed(code, without_secrets(reason, url), without_secrets(traceback, url))
        self._answer(event, FAILED, reason, physical_id, {})

    def _answer(
        self, event: Mapping[str, Any], status: str, reason: str, physical_id: str, data: Mapping[str, str]
    ) -> None:
        answer = Answer.to(event, status=status, reason=reason, physical_id=physical_id, data=data)
        self._courier.deliver(event["ResponseURL"], answer)
