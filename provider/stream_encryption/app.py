"""Connects the parts, for CloudFormation's events and for the workflow's steps.

The path of an event: cloudformation/custom_resource.py (one response) → `reconcile` below → cloudformation/request.py
(goals) → workflow/hand_over.py → reconcile/loop.py → reconcile/iteration.py (observe, decide, act) → aws/kinesis.py
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from math import inf
from random import Random
from typing import Any

from .aws.kinesis import Kinesis
from .aws.kms import KeyLookup
from .aws.kms_grants import KeyGrants
from .cloudformation.custom_resource import CustomResource
from .cloudformation.request import Request, end_of
from .cloudformation.response import Put, ResponseSender, demand_room, put
from .errors import RequestExpired
from .reconcile.environment import Clock, Environment
from .record.table import RecordTable
from .settings import Settings
from .telemetry import Telemetry
from .workflow.hand_over import FirstInvocation
from .workflow.state_machine import StateMachine
from .workflow.step import WorkflowStep
from .workflow.watch_goal_step import WatchGoalStep
from .workflow.workflow_state import WorkflowState


class SystemClock:
    """The real time."""

    now = staticmethod(time.time)
    sleep = staticmethod(time.sleep)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the function is made of, and a test replaces.

    Attributes:
        settings: The settings that the template makes.
        client: Gives the boto3 client of a service, by its name.
        clock: Time.
        random: Spreads polls and retries.
        telemetry: Logs and metrics.
        put: Makes one try to deliver a response.
    """

    settings: Settings
    client: Callable[[str], Any]
    clock: Clock
    random: Random
    telemetry: Telemetry
    put: Put = put

    def environment(self) -> Environment:
        """What the loop touches. Keys are looked up once an invocation, so each has its own."""
        return Environment(
            kinesis=Kinesis(self.client("kinesis")),
            keys=KeyLookup(lambda: self.client("kms"), self.telemetry.look_up_denied),
            grants=KeyGrants(lambda: self.client("kms")),
            table=RecordTable(lambda: self.client("dynamodb"), self.settings.record_table, self.clock.now),
            clock=self.clock,
            random=self.random,
            log=self.telemetry,
        )

    def state_machine(self) -> StateMachine:
        """The state machine that continues long waits."""
        return StateMachine(self.client("stepfunctions"), self.settings.state_machine_arn)


def make_handler(parts: Parts) -> Callable[[Any, Any], Any]:
    """Connect the parts; Lambda calls the result with each event."""
    sender = ResponseSender(parts.clock, parts.random, parts.telemetry, parts.put)
    resource = CustomResource(sender, parts.telemetry)
    handover_seconds = parts.settings.handover_seconds if parts.settings.state_machine_arn else inf
    allow_grants = parts.settings.allow_grants
    first = FirstInvocation(parts.environment, parts.state_machine, handover_seconds, parts.telemetry, allow_grants)
    step = WorkflowStep(parts.environment, sender, parts.telemetry)
    mend = WatchGoalStep(parts.environment, parts.telemetry)

    @resource.create
    @resource.update
    @resource.delete
    def reconcile(event: Mapping[str, Any], context: Any) -> str | None:  # noqa: ANN401 (Lambda's context)
        """Reach the request's goals and return the PhysicalResourceId; None if the workflow continues the request."""
        now = parts.clock.now()
        request = Request.of(event, now)
        resource.PhysicalResourceId = request.failure_id  # of the response if this function raises
        parts.telemetry.begin(request)
        if now >= request.deadline:
            raise RequestExpired(request.stream, request.issued_at, request.deadline)
        progress = first.reach(event, request, end_of(context, now))
        if progress is None:
            return None
        success_id = request.success_id(progress)
        demand_room(event, success_id, progress.data)
        parts.telemetry.reached(progress)
        resource.Data, resource.Reason = progress.data, progress.reason
        return success_id

    def handle(event: Any, context: Any) -> Any:  # noqa: ANN401 (whatever Lambda is invoked with)
        try:
            if not WorkflowState.is_state(event):
                return resource(event, context)
            return mend.take(event, context) if WatchGoalStep.is_watch_goal(event) else step.take(event, context)
        finally:
            parts.telemetry.end()

    return handle


def on_event(event: Any, context: Any) -> Any:  # noqa: ANN401 (whatever Lambda is invoked with)
    """Handle one request of CloudFormation, or one step of the workflow."""
    return _cached_handler()(event, context)


@cache
def _cached_handler() -> Callable[[Any, Any], Any]:
    settings = Settings.from_environment()
    random = Random()  # noqa: S311  # nosec B311  # spreads load
    return make_handler(Parts(settings, settings.client, SystemClock(), random, settings.telemetry()))


def prepare() -> None:
    """Create what every request needs, during Lambda's start.

    An error is ignored here: the first request raises it again.
    """
    with suppress(Exception):
        _cached_handler()
        Settings.client("kinesis")
        Settings.client("dynamodb")
