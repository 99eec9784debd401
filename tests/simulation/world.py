"""One world under one seed: who lives in it, what happens, and what is told of it."""

from __future__ import annotations

from collections import defaultdict
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any, cast

from tests.fake_bucket import Bucket
from tests.fake_kinesis import FakeKinesis
from tests.fake_kms import FakeKms
from tests.fake_stream import UPDATING
from tests.simulation.cloudformation import CloudFormation, Stack
from tests.simulation.lambda_service import LambdaService
from tests.simulation.log import LOG
from tests.simulation.others import Others
from tests.simulation.processes import Time
from tests.simulation.promises import Promises
from tests.simulation.step_functions import StepFunctions
from tests.simulation.weather import Weather
from tests.simulation.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    from tests.simulation.cloudformation import Request
    from tests.simulation.product import Product

STREAMS = ("orders", "other")
SWEEP_TRIES_SECONDS = 90.0
"""How long a sweep may be kept from a stream, in seconds: it tries for three minutes, at pauses of up to 75 s."""


@dataclass
class Report:
    """What came of one world."""

    seed: int
    weather: str
    broken: list[str]
    trace: list[str]
    dealt: Mapping[str, int]
    events: int
    requests: int
    calls: int
    checks: int
    answers: list[tuple[str, str]]  # each request in order, and what CloudFormation was told first


@dataclass(eq=False)
class World:
    """All that there is."""

    seed: int
    product: Product
    weather: Weather
    keys: Mapping[str, str | None] | None = None  # that the streams have at first; None: as the seed says
    talkative: bool = False  # whether the trace has each decision of the function
    plan: Mapping[int, str] = field(default_factory=dict)  # what is done to the Nth call, beside the weather

    def __post_init__(self) -> None:
        """Make it, as the seed says."""
        self.random = Random(self.seed)  # noqa: S311 - the seed repeats it
        self.calm = False
        self.names = STREAMS
        self.trouble = self.weather  # what there was, also once it is calm
        self.time = Time()
        self.log = LOG
        self.log.belong_to(self.time, self.trace if self.talkative else None)
        self.lines: list[tuple[float, str]] = []
        self.began = self.time.now()
        self.handover_seconds = self.random.choice((0.0, 10.0, 60.0))
        self.bucket = Bucket(self.time.now, lambda: f"{self.random.getrandbits(96):024x}")
        self.kms = FakeKms(self.time)
        self.account, self.region = self.kms.wire.account, self.kms.wire.region
        self.kinesis = FakeKinesis(self.time, self.kms)
        self.promises = Promises(self)
        self.cloudformation = CloudFormation(self)
        self.wire = Wire(self)
        self.lambdas: LambdaService
        self.states = StepFunctions(
            self,
            {
                "${FunctionArn}": lambda data, wait: self.lambdas.invoke(data, wait),  # noqa: PLW0108 - not made yet
                "${LastWordArn}": lambda data, _wait: self.lambdas.last_word(data),
            },
        )
        self.lambdas = LambdaService(self)
        self.services: Mapping[str, Any] = {"kinesis": self.kinesis, "kms": self.kms, "stepfunctions": self.states}
        self.stacks: list[Stack] = []
        self.meddled: set[str] = set()  # streams whose encryption or tags other people changed
        self.tagged: set[str] = set()  # … whose own tags they changed
        self.tags_since: dict[str, float] = defaultdict(lambda: self.began)
        self.longest_storm = 0.0  # for how long all calls were throttled
        self.before: dict[str, str | None] = {}
        self.tags_before: dict[str, dict[str, str]] = {}
        self.pace = self.random.choice((1.0, 2.0, 3.0, 3.9))  # how long there is between two deployments: 10 to this
        self.events = 0
        self._furnish()

    @property
    def requests(self) -> list[Request]:
        """Every request that CloudFormation sent."""
        return list(self.cloudformation.requests.values())

    def sweepable(self, name: str) -> bool:
        """Whether every mark on a stream is removed in the end: an execution for it was started, and it ran."""
        trouble = self.trouble
        lost = trouble.unstarted or trouble.die or trouble.fail or trouble.lose or trouble.freeze or trouble.keys
        states = self.kinesis.during(name, self.began, self.time.now())
        busy = max((after.at - one.at for one, after in pairwise(states) if one.status == UPDATING), default=0.0)
        return not lost and max(self.longest_storm, busy) < SWEEP_TRIES_SECONDS

    @property
    def answerable_seconds(self) -> float:
        """From which ServiceTimeout on a request has to be answered, whatever happens."""
        return 1800.0

    def throttle(self, seconds: float) -> None:
        """Kinesis throttles everything for so long."""
        self.wire.storm_until = self.time.now() + seconds
        self.longest_storm = max(self.longest_storm, seconds)

    def dice(self, chance: float) -> bool:
        """Whether something happens that has this chance; what cannot happen takes no number from the seed."""
        return chance > 0 and self.random.random() < chance

    def trace(self, text: str) -> None:
        """Note what happened, for whoever has to read why a promise was broken."""
        self.lines.append((self.time.now() - self.began, text))

    def run(self, stories: Sequence[Callable[[Stack], None]]) -> Report:
        """Play these stories, each in a stack of its own; then let everything run out, and remove what is left."""
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
            [(str(one), one.heard) for one in self.requests],
        )

    def _furnish(self) -> None:
        random, weather = self.random, self.weather
        self.kms.add_key("alias/aws/kinesis", manager="AWS")
        self.kms_keys = [self.kms.add_key(f"alias/{name}") for name in ("one", "two", "three")]
        arn = self.kms_keys[1].arn
        settings = self.kinesis.settings
        settings.stale, settings.stale_tags = weather.stale, weather.stale_tags
        settings.stale_part, settings.described = weather.stale_part, weather.described
        for _ in range(500):
            slow = self.dice(weather.slow_updates)
            self.kinesis.next_updating.append(random.uniform(60, 3600) if slow else 10 ** random.uniform(-0.5, 1.0))
        for name in STREAMS:
            drawn = random.choice((None, None, "alias/one", arn, "alias/aws/kinesis"))
            key_id = drawn if self.keys is None else self.keys.get(name)
            tags = {"team": "streaming"} if random.random() < 0.5 else {}
            self.kinesis.add_stream(name, key_id, tags=tags)
            self.before[name], self.tags_before[name] = key_id, tags

    def _play(self, stories: Sequence[Callable[[Stack], None]]) -> None:
        for number, story in enumerate(stories):
            stack = Stack(self, f"stack-{'abc'[number]}", number)
            self.stacks.append(stack)
            self.time.spawn(stack.name, lambda story=story, stack=stack: story(stack), self.random.uniform(0, 120))  # type: ignore[misc]
        Others(self)

    def _until_quiet(self) -> None:
        """Run until nothing more is going to happen, or a promise is broken."""
        while not self.promises.broken and (due := self.time.next_due()) is not None:
            self.events += 1
            self.time.sleep_until(due)

    def _calm(self) -> None:
        self.calm = True
        self.weather = replace(Weather(), stale=self.weather.stale, stale_tags=self.weather.stale_tags)
        for key in self.kms.keys.values():
            key.state, key.denies_describe, key.denies_use = "Enabled", False, False

    # What is to be expected

    def acceptable(self, name: str) -> set[str | None]:
        """The keys that a stream may have once all the stacks are gone."""
        requests = [one for one in self.requests if one.stream == name]
        options = {one.properties.get("OnDelete") for one in requests}
        found = {self.before[name]}
        if "Stop" in options:
            found.add(None)
        if "Keep" in options or name in self.promises.conceded | self.log.conceded:
            found |= {str(one.properties.get("KeyId", "alias/aws/kinesis")) for one in requests}
        return {self.resolved(key_id) for key_id in found}

    def resolved(self, key_id: str | None) -> str | None:
        """The ARN of the key that a KeyId means."""
        key = self.kms.find(key_id) if key_id else None
        return key.arn if key else key_id

    def streams_of(self, request: Request) -> tuple[str, ...]:
        """The streams that a request may have to do with: a rollback also undoes what was tried on another."""
        return (request.stream, str(request.event.get("OldResourceProperties", {}).get("StreamName", request.stream)))

    def excuses(self, request: Request) -> set[str]:
        """The errors that a request may fail with in this world."""
        trouble = self.trouble
        short = request.timeout < self.answerable_seconds
        reasons = {
            "OwnedByAnotherStack": trouble.rivals,
            "Overtaken": trouble.rivals or trouble.people,
            "ChangedBySomeoneElse": trouble.people or trouble.rivals,
            "ChangeWithoutEffect": trouble.people or trouble.rivals,
            "KeyUnusable": trouble.keys,
            "StreamNotFound": trouble.people,
            "StreamBeingDeleted": trouble.people,
            "NotVerified": trouble.people,
            "QuotaSpent": trouble.limit,
            "LastWord": trouble.die or trouble.freeze or trouble.unheard or trouble.slow,
            # Lambda delivers it again a minute after an answer that nobody took: where there is little time, too late.
            "RequestExpired": trouble.die or trouble.freeze or trouble.slow or (short and trouble.unheard),
            "DeadlinePassed": short
            or trouble.storms
            or trouble.slow_updates
            or trouble.busy
            or trouble.freeze
            or trouble.slow
            or trouble.die,
        }
        return {code for code, reason in reasons.items() if reason}
