"""One world under one seed: who lives in it, what happens in it, and the report of it."""

from __future__ import annotations

from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any, cast

from tests.fake_bucket import Bucket
from tests.fake_errors import stream_arn
from tests.fake_kinesis import FakeKinesis
from tests.fake_kms import FakeKms
from tests.fake_table import FakeTable
from tests.simulation.cloudformation import CloudFormation
from tests.simulation.expectations import Expectations
from tests.simulation.lambda_service import LambdaService
from tests.simulation.log import LOG
from tests.simulation.others import Newness, Others
from tests.simulation.processes import Time
from tests.simulation.promises import Promises
from tests.simulation.stacks import Stack
from tests.simulation.step_functions import StepFunctions
from tests.simulation.watching import ROUNDS_AFTER, Watching
from tests.simulation.weather import Weather
from tests.simulation.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    from stream_encryption.record.values import Record
    from tests.simulation.cloudformation import Request
    from tests.simulation.product import Product

STREAMS = ("orders", "other")
_UPDATES = 500


@dataclass
class Report:
    """What happened in one world."""

    seed: int
    weather: str
    broken: list[str]
    trace: list[str]
    dealt: Mapping[str, int]
    events: int
    requests: int
    calls: int
    checks: int
    outcomes: list[tuple[str, str]]  # each request in order, and the Status that CloudFormation found


@dataclass(eq=False)
class World:
    """Everything that exists in one run."""

    seed: int
    product: Product
    weather: Weather
    keys: Mapping[str, str | None] | None = None  # of the streams at first; None: as the seed says
    talkative: bool = False  # whether the trace has each decision of the function
    plan: Mapping[int, str] = field(default_factory=dict)  # the fault of the Nth call, beside the weather

    def __post_init__(self) -> None:
        """Make it, as the seed says."""
        self.random = Random(self.seed)  # noqa: S311 - the seed repeats it
        self.calm = False
        self.names = STREAMS
        self.trouble = self.weather  # the weather from before it became calm
        self.time = Time()
        self.log = LOG
        self.log.belong_to(self.time, self.trace if self.talkative else None)
        self.lines: list[tuple[float, str]] = []
        self.began = self.time.now()
        self.duel_at = self.began + 60.0 if self.weather.duel else 0.0
        self.handover_seconds = self.random.choice((0.0, 10.0, 60.0))
        self.bucket = Bucket(self.time.now, lambda: f"{self.random.getrandbits(96):024x}")
        self.kms = FakeKms(self.time)
        self.account, self.region = self.kms.wire.account, self.kms.wire.region
        self.kinesis = FakeKinesis(self.time, self.kms)
        self.table = FakeTable(self.kms.wire)
        self.expectations = Expectations(self)
        self.promises = Promises(self)
        self.cloudformation = CloudFormation(self)
        self.wire = Wire(self)
        self.newness = Newness(self)
        self.lambdas: LambdaService
        self.states = StepFunctions(
            self,
            {
                "${FunctionArn}": lambda data, wait: self.lambdas.invoke(data, wait),  # noqa: PLW0108 - not made yet
                "${FailureResponderArn}": lambda data, _wait: self.lambdas.failure_responder(data),
            },
        )
        self.lambdas = LambdaService(self)
        self.services: Mapping[str, Any] = {
            "kinesis": self.kinesis,
            "kms": self.kms,
            "dynamodb": self.table,
            "stepfunctions": self.states,
        }
        self.watching = Watching(self) if self.weather.watch else None
        if self.watching:
            self.services = {**self.services, "events": self.watching.bus}
        self.stacks: list[Stack] = []
        self.pace = self.random.choice((1.0, 2.0, 3.0, 3.9))  # 10 to this: the seconds between two deployments
        self.events = 0
        self._furnish()

    @property
    def requests(self) -> list[Request]:
        """Every request that CloudFormation sent, in order."""
        return list(self.cloudformation.requests.values())

    def dice(self, chance: float) -> bool:
        """Whether something with this chance happens; an impossible event draws no number."""
        return chance > 0 and self.random.random() < chance

    def trace(self, text: str) -> None:
        """Note an event for the reader who has to find out why a promise was broken."""
        self.lines.append((self.time.now() - self.began, text))

    def record_of(self, stream: str) -> Record | None:
        """Return a stream's record; None if the table has none."""
        item = self.table.items.get(stream_arn(stream, self.account, self.region))
        return self.product.from_item(item) if item else None

    def point(self, alias: str, number: int) -> None:
        """Point an alias at one of the keys."""
        key = self.kms_keys[number]
        self.kms.alias(alias, key)
        self.expectations.point(alias, key.arn)

    def run(self, stories: Sequence[Callable[[Stack], None]]) -> Report:
        """Play each story in a stack of its own, let everything run out, and delete the stacks that are left."""
        with redirect_stdout(cast("TextIO", self.log)):
            self._play(stories)
            self._until_quiet()
            self._calm()
            self._until_quiet()
            self.promises.quiet()
            for stack in self.stacks:
                self.time.spawn(stack.name, stack.delete)
            self._until_quiet()
            self.promises.ended()
        if self.log.leaks:
            self.promises.broken.append(f"promise 8: the log holds a ResponseURL: {self.log.leaks[0]}")
        return Report(
            self.seed,
            str(self.trouble),
            self.promises.broken,
            [f"{at:10.2f} {text}" for at, text in self.lines],
            self.wire.dealt,
            self.events,
            len(self.requests),
            self.wire.calls,
            self.promises.checks,
            [(str(one), one.outcome) for one in self.requests],
        )

    def _furnish(self) -> None:
        random, weather = self.random, self.weather
        self.kms.add_key("alias/aws/kinesis", manager="AWS")
        self.kms_keys = [self.kms.add_key() for _ in range(3)]
        for number, name in enumerate(("one", "two", "three")):
            self.point(f"alias/{name}", number)
        settings = self.kinesis.settings
        settings.stale, settings.stale_part, settings.described = weather.stale, weather.stale_part, weather.described
        self.table.deletes_expired_after = weather.ttl if weather.ttl >= 0 else None
        for _ in range(_UPDATES):
            slow = self.dice(weather.slow_updates)
            self.kinesis.next_updating.append(random.uniform(60, 3600) if slow else 10 ** random.uniform(-0.5, 1.0))
        # Nobody knows whether Kinesis follows an alias that is pointed elsewhere: no stream has one where that happens.
        first = self.kms_keys[0].arn if weather.aliases else "alias/one"
        for name in STREAMS:
            drawn = random.choice((None, None, first, self.kms_keys[1].arn, "alias/aws/kinesis"))
            key_id = drawn if self.keys is None else self.keys.get(name)
            self.kinesis.add_stream(name, key_id, tags={"team": "streaming"})
            self.expectations.given_by_others(name, key_id)

    def _play(self, stories: Sequence[Callable[[Stack], None]]) -> None:
        for number, story in enumerate(stories):
            stack = Stack(self, f"stack-{'abc'[number]}", number)
            self.stacks.append(stack)
            start = self.duel_at - self.began if self.weather.duel else self.random.uniform(0, 120)
            self.time.spawn(stack.name, lambda story=story, stack=stack: story(stack), start)  # type: ignore[misc]
        Others(self)

    def _until_quiet(self) -> None:
        """Run until nothing more is going to happen, or a promise is broken."""
        while not self.promises.broken and (due := self.time.next_due()) is not None:
            self.events += 1
            self.time.sleep_until(due)

    def _calm(self) -> None:
        self.calm = True
        self.weather = replace(Weather(), stale=self.weather.stale)
        if self.watching:
            self.watching.schedule(ROUNDS_AFTER)
        self.wire.throttled_until.clear()
        self.wire.denied_until.clear()
        for key in self.kms.keys.values():
            key.state, key.denies_describe, key.denies_use = "Enabled", False, False
            key.unknown_until = key.denied_until = 0.0
