"""The Lambda's two doors, for CloudFormation's events and for the state machine's steps: wiring only.

event → protocol (one answer) → request (goals) → converge (observe, decide, act) → kinesis
"""

from __future__ import annotations

import time
from contextlib import suppress
from functools import cache
from math import inf
from random import Random
from typing import TYPE_CHECKING, Any

from .answer import Courier, demand_room, put
from .converge import World
from .durable import Executions, Reach, Steps, Sweeps
from .errors import RequestExpired
from .handover import Handover
from .keys import Keys
from .kinesis import Kinesis
from .protocol import CustomResource
from .request import Request, margin
from .settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .answer import Send
    from .converge import Clock
    from .telemetry import Telemetry


class SystemClock:
    """The time that is."""

    now = staticmethod(time.time)
    sleep = staticmethod(time.sleep)


def on_event(event: Any, context: Any) -> Any:  # noqa: ANN401 (whatever Lambda is invoked with)
    """Lambda's entry point: one request of CloudFormation, or one step of the state machine."""
    return _door()(event, context)


def prepare() -> None:
    """Make what every request needs. A fault is left to the first request, which meets it again and answers."""
    with suppress(Exception):
        _door()
        Settings.client("kinesis")


@cache
def _door() -> Callable[[Any, Any], Any]:
    settings = Settings.from_environment()
    return door(settings, settings.client, SystemClock(), Random(), settings.telemetry())  # noqa: S311  # nosec B311  # spreads load


def door(  # noqa: PLR0913, PLR0917 (each is a part of the world outside)
    settings: Settings,
    client: Callable[[str], Any],
    clock: Clock,
    random: Random,
    telemetry: Telemetry,
    send: Send = put,
) -> Callable[[Any, Any], Any]:
    """Make the function's doors.

    Args:
        settings: What the template sets.
        client: Gives the boto3 client of a service, by its name.
        clock: Time.
        random: Spreads polls and retries.
        telemetry: Logs and metrics.
        send: Brings an answer to a ResponseURL.

    Returns:
        A Lambda handler.
    """
    courier = Courier(clock, random, telemetry, send)
    resource = CustomResource(courier, telemetry)

    def world() -> World:
        keys = Keys(lambda: client("kms"), telemetry.look_up_denied)
        return World(Kinesis(client("kinesis")), keys, clock, random, telemetry)

    def executions() -> Executions:
        return Executions(client("stepfunctions"), settings.state_machine_arn)

    handover_seconds = settings.handover_seconds if settings.state_machine_arn else inf
    sweeps = Sweeps(executions if settings.state_machine_arn else None, telemetry, clock)
    reach = Reach(world, executions, sweeps, handover_seconds, telemetry)
    steps = Steps(world, courier, sweeps, telemetry)

    @resource.create
    @resource.update
    @resource.delete
    def converge(event: Mapping[str, Any], context: Any) -> str | None:  # noqa: ANN401
        """Reach the request's goals right here; or hand it over when that gets long, and return None."""
        now = clock.now()
        request = Request.of(event, now)
        resource.PhysicalResourceId = request.failed_id
        telemetry.begin(request)
        if now >= request.deadline:
            raise RequestExpired(request.stream, request.issued_at, request.deadline)
        progress = reach(event, request, _end_of(context, now))
        if progress is None:
            return None
        demand_room(event, request.settled_id(progress), progress.data)
        telemetry.converged(progress)
        resource.Data, resource.Reason = progress.data, progress.reason
        return request.settled_id(progress)

    def handle(event: Any, context: Any) -> Any:  # noqa: ANN401
        try:
            return steps(event, context) if Handover.is_state(event) else resource(event, context)
        finally:
            telemetry.end()

    return handle


def _end_of(context: Any, now: float) -> float:  # noqa: ANN401
    """When this invocation has to stop working to be able to answer, in epoch seconds."""
    left = context.get_remaining_time_in_millis() / 1000
    return now + float(left - margin(left))
