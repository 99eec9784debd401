"""The watch in a world: its function, its rounds, CloudTrail's events of what others do, and the bus that it tells.

A mend acts for the request whose claim it mends: so the checks of each Start and Stop hold for it as for that request.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics

from stream_encryption.cloudformation.response_url import digest_of
from tests.fake_bus import FakeBus
from tests.simulation.environments import Client, Invocation, Outcome
from tests.simulation.processes import Death, Signal
from tests.simulation.watch_checks import WatchChecks
from tests.watch.watched import trail_event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools import Metrics

    from tests.simulation.weather import Weather
    from tests.simulation.world import World

ROUNDS_AFTER = 3
"""How many rounds there are once nothing happens any more."""
TIMEOUT_SECONDS = 900.0
PROVIDER_ROLE = "arn:aws:iam::123456789012:role/provider"


def watched(weather: Weather, seed: int) -> Weather:
    """Add a watch to a weather, and others who give it something to find."""
    random = Random(f"watch {seed}")  # noqa: S311 - the seed repeats it
    return replace(
        weather,
        watch=random.choice((5.0, 15.0, 15.0, 60.0)),
        trail=random.choice((0.0, 0.5, 1.0)),
        people=random.choice((weather.people, 4.0, 20.0)),
        tool=random.choice((weather.tool, 0.0, 7.0)),
    )


def request_of_mend(world: World, event: Mapping[str, Any]) -> str:
    """Return the ResponseURL of the request whose claim a state of the workflow mends; empty where it is no mend."""
    goals = event.get("Progress", {}).get("goals", ()) if "Event" not in event else ()
    digests = {goal["stamp"]["digest"] for goal in goals if goal["kind"] == "Mend"}
    return next((url for url in world.cloudformation.requests if digest_of(url) in digests), "")


class WatchEnvironment:
    """An execution environment of the watch's function."""

    def __init__(self, world: World) -> None:
        """Start one."""
        self._world = world
        self.invocation: Invocation | None = None
        logger = Logger(service="simulation-watch", level="INFO", stream=world.log)  # type: ignore[arg-type]
        logger.clear_state()
        metrics = cast("Metrics", EphemeralMetrics(namespace="simulation", service="simulation"))
        product = world.product
        settings = product.watch_settings(
            service="simulation",
            log_level="INFO",
            namespace="simulation",
            record_table=world.table.name,
            state_machine_arn=world.states.arn,
            rounds_arn=f"{world.states.arn}-watch",
            provider_role_arn=PROVIDER_ROLE,
            minutes=int(world.weather.watch),
        )
        log = product.watch_log(logger, metrics)
        self.handler = product.watch(product.watch_parts(settings, self._client, world.time, log))

    def _client(self, service: str) -> Any:
        return Client(cast("Any", self), self._world, self._world.services[service])


class Watching:
    """Runs the watch."""

    def __init__(self, world: World) -> None:
        """Begin with the rounds."""
        self._world = world
        self.bus = FakeBus(world.kms.wire)
        self.checks = WatchChecks(world)
        self._random = Random(f"watching {world.seed}")  # noqa: S311 - the seed repeats it
        self.schedule(self._random.randint(2, 12))

    def trailed(self, stream: str, key_id: str | None) -> None:
        """Others have changed a stream: where there is a trail, its event comes some seconds to minutes later."""
        if self._random.random() < self._world.trouble.trail:
            name = "StartStreamEncryption" if key_id else "StopStreamEncryption"
            event = trail_event(name, self._world.time.now(), asked={"streamName": stream})
            late = 10 ** self._random.uniform(0.0, 2.3)
            self._world.time.spawn("trail", lambda: self._deliver(event), late)

    def schedule(self, rounds: int) -> None:
        """Make so many rounds from now on."""

        def run() -> None:
            for _ in range(rounds):
                self._world.time.sleep(60.0 * self._world.trouble.watch)
                self._deliver({"Watch": "Round"})

        self._world.time.spawn("schedule", run)

    def _deliver(self, event: Mapping[str, Any]) -> None:
        """Invoke the function, and again where it failed: twice, as Lambda does."""
        for tries in range(3):
            self._world.time.sleep(60.0 * tries)
            if not self._invoke(event).error:
                return

    def _invoke(self, event: Mapping[str, Any]) -> Outcome:
        world = self._world
        environment = WatchEnvironment(world)
        invocation = environment.invocation = Invocation(world.lambdas.next_number(), event, Signal(world.time))

        def run() -> None:
            try:
                environment.handler(event, None)
                outcome = Outcome()
            except Death:
                outcome = Outcome(error="Runtime.ExitError")
            except Exception as error:  # noqa: BLE001 - whatever it is, Lambda reports it
                outcome = Outcome(error=type(error).__name__, message=str(error))
            invocation.done.send(outcome)

        invocation.process = world.time.spawn(f"watch {invocation.number}", run)
        outcome = invocation.done.wait(TIMEOUT_SECONDS)
        if outcome is None and invocation.process:
            invocation.process.kill()
        return outcome or Outcome(error="Sandbox.Timedout")
