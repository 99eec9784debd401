"""Execution environments of the function, and the invocations that run in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools import Metrics

    from stream_encryption.record.values import Record
    from tests.simulation.processes import Process, Signal, Time
    from tests.simulation.world import World


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended: with a result, or with an error as Lambda names it."""

    result: Any = None
    error: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Write:
    """A write to the table that took effect."""

    at: float
    record: Record


@dataclass(eq=False, slots=True)
class Invocation:
    """One run of the function."""

    number: int
    event: Mapping[str, Any]
    done: Signal[Outcome]
    process: Process | None = None
    mends: str = ""  # the ResponseURL of the request whose claim it mends for the watch
    looked_at: dict[str, float] = field(default_factory=dict)  # when it last saw a stream's description, by its name
    read: dict[str, Record | None] = field(default_factory=dict)  # the record that it last read, by the stream's name
    written: dict[str, Write] = field(default_factory=dict)  # its last write that took effect, by the stream's name

    @property
    def response_url(self) -> str:
        """The ResponseURL of the request that CloudFormation sent, or that the state machine goes on with."""
        return self.mends or str(self.event.get("Event", self.event).get("ResponseURL"))


@dataclass(frozen=True, slots=True)
class SkewedClock:
    """The clock of one environment, which is a bit fast or slow."""

    time: Time
    skew: float

    def now(self) -> float:
        """Tell the time in epoch seconds."""
        return self.time.now() + self.skew

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.time.sleep(seconds)


class Environment:
    """An execution environment: the product's real code, initialized once, for one invocation after the other."""

    def __init__(self, world: World, slot: int) -> None:
        """Start one.

        Args:
            world: What its code finds outside.
            slot: Which of the world's it is: Python's loggers live for ever, so that they are used again.
        """
        self._world = world
        self.invocation: Invocation | None = None
        logger = Logger(service=f"simulation-{slot}", level="INFO", stream=world.log)  # type: ignore[arg-type]
        logger.clear_state()
        metrics = cast("Metrics", EphemeralMetrics(namespace="simulation", service="simulation"))
        product, skew = world.product, world.trouble.skew
        parts = product.parts(
            product.settings(
                service="simulation",
                log_level="INFO",
                namespace="simulation",
                record_table=world.table.name,
                state_machine_arn=world.states.arn,
                handover_seconds=world.handover_seconds,
            ),
            self._client,
            SkewedClock(world.time, world.random.uniform(-skew, skew) if skew else 0.0),
            Random(world.random.random()),  # noqa: S311 - the seed repeats it
            product.telemetry(logger, metrics),
            self._send,
        )
        self.handler = product.handler(parts)

    def _client(self, service: str) -> Any:
        return Client(self, self._world, self._world.services[service])

    def _send(self, url: str, body: bytes) -> int:
        return self._world.wire.put(self, url, body)


class Client:
    """A boto3 client in an environment: every call of it goes over the world's wire."""

    def __init__(self, environment: Environment, world: World, service: Any) -> None:
        """Stand for a service."""
        self._environment, self._world, self._service = environment, world, service

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Give a method of the client."""
        effect = getattr(self._service, name)

        def call(**arguments: Any) -> Any:
            return self._world.wire.call(self._environment, name, arguments, effect)

        return call
