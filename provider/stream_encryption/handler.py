"""The Lambda's door for CloudFormation: wiring only.

event → protocol (one answer) → request (goals) → converge (observe, decide, act) → kinesis
"""

from __future__ import annotations

import time
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

from .converge import World, loop
from .errors import RequestExpired
from .keys import Keys
from .kinesis import Kinesis
from .protocol import Courier, CustomResource, put
from .request import Request, margin
from .settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .converge import Clock, Progress
    from .protocol import Send
    from .telemetry import Telemetry


class SystemClock:
    """The time that is."""

    now = staticmethod(time.time)
    sleep = staticmethod(time.sleep)


def on_event(event: Any, context: Any) -> None:  # noqa: ANN401 (whatever Lambda is invoked with)
    """Lambda's entry point: answer one request of CloudFormation."""
    _door()(event, context)


@cache
def _door() -> Callable[[Any, Any], None]:
    settings = Settings.from_environment()
    return door(settings.client, SystemClock(), Random(), settings.telemetry())  # noqa: S311 (it only spreads load)


def door(
    client: Callable[[str], Any], clock: Clock, random: Random, telemetry: Telemetry, send: Send = put
) -> Callable[[Any, Any], None]:
    """Make the door for CloudFormation's events.

    Args:
        client: Gives the boto3 client of a service, by its name.
        clock: Time.
        random: Spreads polls and retries.
        telemetry: Logs and metrics.
        send: Brings an answer to a ResponseURL.

    Returns:
        A Lambda handler.
    """
    resource = CustomResource(Courier(clock, random, telemetry, send), telemetry)

    @resource.create
    @resource.update
    @resource.delete
    def converge(event: Mapping[str, Any], context: Any) -> str:  # noqa: ANN401
        request = Request.of(event, clock.now())
        resource.PhysicalResourceId = request.failed_id
        telemetry.begin(request)
        if clock.now() >= request.deadline:
            raise RequestExpired(request.issued_at, request.deadline)
        world = World(
            Kinesis(client("kinesis")), Keys(client("kms"), telemetry.look_up_denied), clock, random, telemetry
        )
        progress = loop(request.goals(), world, min(request.deadline, _end_of(context, clock.now())))
        telemetry.converged(progress)
        resource.Data, resource.Reason = _data(progress), " ".join(progress.notes)
        return request.settled_id(progress)

    def handle(event: Any, context: Any) -> None:  # noqa: ANN401
        try:
            resource(event, context)
        finally:
            telemetry.end()

    return handle


def _end_of(context: Any, now: float) -> float:  # noqa: ANN401
    """When this invocation has to stop working to be able to answer, in epoch seconds."""
    left = context.get_remaining_time_in_millis() / 1000
    return now + float(left - margin(left))


def _data(progress: Progress) -> dict[str, str]:
    """What Fn::GetAtt gives."""
    if progress.attributes is None:
        return {}
    stream, before = progress.attributes.stream, progress.attributes.before
    return {
        "StreamARN": stream.arn,
        "StreamName": stream.name,
        "EncryptionType": "KMS",
        "KeyId": stream.key_id or "",
        "KeyArn": progress.attributes.key_arn,
        "PreviousEncryptionType": "KMS" if before else "NONE",
        "PreviousKeyId": before or "",
    }
