"""One world under one seed: who lives in it, what happens, and what is told of it."""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from io import TextIOBase
from random import Random
from typing import TYPE_CHECKING, Any, cast

from tests.fake_bucket import Bucket
from tests.fake_kinesis import FakeKinesis
from tests.fake_kms import FakeKms
from tests.fake_people import NotNowError
from tests.simulation.cloudformation import CloudFormation, Stack
from tests.simulation.lambda_service import LambdaService
from tests.simulation.processes import Process, Time
from tests.simulation.promises import Promises
from tests.simulation.step_functions import StepFunctions
from tests.simulation.weather import Weather
from tests.simulation.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

    from tests.simulation.cloudformation import Request
    from tests.simulation.lambda_service import Invocation
    from tests.simulation.product import Product

STREAMS = ("orders", "other")
HOUR = 3600.0


class Log(TextIOBase):
    """Where everything goes that the function prints. What a dead process prints, nobody reads."""

    def __init__(self) -> None:
        """Have read nothing."""
        self.leaks: list[str] = []
        self.lines = 0
        self._time: Time | None = None
        self.tell: Callable[[str], None] | None = None
        self._codes: dict[Process, str] = {}

    def belong_to(self, time: Time) -> None:
        """Be the log of another world from now on."""
        self.leaks, self.lines, self._time, self._codes = [], 0, time, {}

    def write(self, text: str) -> int:
        """Take a line."""
        process = self._time.running if self._time else None
        if process is None or process.dead:
            return len(text)
        self.lines += 1
        if "TOPSECRET" in text:
            self.leaks.append(text)
        if self.tell and ('"decided"' in text or "accepted" in text):
            line = json.loads(text)
            self.tell(f"          {process.name}: {line.get('action', '')} {line.get('reason', line['message'])}")
        if '"request failed"' in text:
            self._codes[process] = json.loads(text)["error_code"]
        return len(text)

    def code_of(self, invocation: Invocation | None) -> str:
        """Tell the code of the error that an invocation failed a request with."""
        if invocation is None:
            return "LastWord"
        return self._codes.get(invocation.process, "?") if invocation.process else "?"


LOG = Log()
"""One for all worlds, since Python's loggers live for ever."""

Story = "Callable[[World], None]"


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


@dataclass(eq=False)
class World:
    """All that there is."""

    seed: int
    product: Product
    weather: Weather
    talkative: bool = False  # whether the trace has each decision of the function
    plan: Mapping[int, str] = field(default_factory=dict)  # what is done to the Nth call, beside the weather

    def __post_init__(self) -> None:
        """Make it, as the seed says."""
        self.random = Random(self.seed)  # noqa: S311 - the seed repeats it
        self.trouble = self.weather  # what there was, also once it is calm
        self.time = Time()
        self.log = LOG
        self.log.belong_to(self.time)
        self.log.tell = self.trace if self.talkative else None
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
                "${FunctionArn}": lambda data, wait: self.lambdas.invoke(data, wait),
                "${LastWordArn}": lambda data, _wait: self.lambdas.last_word(data),
            },
        )
        self.lambdas = LambdaService(self)
        self.services: Mapping[str, Any] = {"kinesis": self.kinesis, "kms": self.kms, "stepfunctions": self.states}
        self.stacks: list[Stack] = []
        self.meddled: set[str] = set()  # streams whose encryption or tags other people changed
        self.tags_since: dict[str, float] = defaultdict(lambda: self.began)
        self.before: dict[str, str | None] = {}
        self.events = 0
        self._furnish()

    @property
    def requests(self) -> list[Request]:
        """Every request that CloudFormation sent."""
        return list(self.cloudformation.requests.values())

    @property
    def answerable_seconds(self) -> float:
        """From which ServiceTimeout on a request has to be answered, whatever happens."""
        return 1800.0

    def dice(self, chance: float) -> bool:
        """Whether something happens that has this chance; what cannot happen takes no number from the seed."""
        return chance > 0 and self.random.random() < chance

    def trace(self, text: str) -> None:
        """Note what happened, for whoever has to read why a promise was broken."""
        self.lines.append((self.time.now() - self.began, text))

    def run(self, stories: list[Callable[[Stack], None]]) -> Report:
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
        )

    def _furnish(self) -> None:
        random, weather = self.random, self.weather
        self.kms.add_key("alias/aws/kinesis", manager="AWS")
        self.keys = [self.kms.add_key(f"alias/{name}") for name in ("one", "two", "three")]
        settings = self.kinesis.settings
        settings.stale, settings.stale_tags = weather.stale, weather.stale_tags
        settings.stale_part, settings.described = weather.stale_part, weather.described
        for _ in range(500):
            slow = self.dice(weather.slow_updates)
            self.kinesis.next_updating.append(random.uniform(60, 3600) if slow else 10 ** random.uniform(-0.5, 1.0))
        for name in STREAMS:
            key_id = random.choice((None, None, "alias/one", self.keys[1].arn, "alias/aws/kinesis"))
            self.kinesis.add_stream(name, key_id)
            self.before[name] = key_id

    def _play(self, stories: list[Callable[[Stack], None]]) -> None:
        for number, story in enumerate(stories):
            stack = Stack(self, f"stack-{'abc'[number]}", number)
            self.stacks.append(stack)
            self.time.spawn(stack.name, lambda story=story, stack=stack: story(stack), self.random.uniform(0, 120))  # type: ignore[misc]
        if self.weather.people:
            self.time.spawn("people", self._people)
        if self.weather.keys:
            self.time.spawn("keys", self._key_troubles)
        if self.weather.busy:
            self.time.spawn("operators", self._reshards)

    def _until_quiet(self) -> None:
        """Run until nothing more is going to happen, or a promise is broken."""
        while not self.promises.broken and (due := self.time.next_due()) is not None:
            self.events += 1
            self.time.sleep_until(due)

    def _calm(self) -> None:
        weather = Weather()
        self.weather = replace(weather, stale=self.weather.stale, stale_tags=self.weather.stale_tags)
        for key in self.kms.keys.values():
            key.state, key.denies_describe, key.denies_use = "Enabled", False, False

    # Others

    def _people(self) -> None:
        """What other people do to the streams, for some hours."""
        for _ in range(self.random.randint(1, 12)):
            self.time.sleep(self.random.expovariate(self.weather.people / HOUR) if self.weather.people else 0)
            if not self.weather.people:
                return
            with suppress(NotNowError):
                self._meddle(self.random.choice(STREAMS))

    def _meddle(self, name: str) -> None:
        people, random = self.kinesis.people, self.random
        seconds = random.choice((0.0, random.uniform(0.5, 10)))
        what = random.choice(("stop", "rekey", "untag", "untag a part", "tag", "delete"))
        if what == "stop":
            people.stop(name, seconds)
        elif what == "rekey":
            people.rekey(name, random.choice(self.keys).arn, seconds)
        elif what == "untag":
            people.untag(name)
        elif what == "untag a part":
            people.untag(name, "kinesis-stream-encryption:" + random.choice(("stack", "resource", "before")))
        elif what == "tag":
            people.tag(name, {"team": str(random.random())})
        elif random.random() < 0.3:
            people.delete(name, seconds)
        else:
            return
        self.trace(f"  people: {what} {name}")
        if what != "tag":
            self.meddled.add(name)
        self.promises.people(name, what.partition(" ")[0])
        self.tags_since[name] = self.time.now()

    def _key_troubles(self) -> None:
        for _ in range(self.random.randint(1, 6)):
            self.time.sleep(self.random.expovariate(self.weather.keys / HOUR) if self.weather.keys else 0)
            if not self.weather.keys:
                return
            key = self.random.choice(self.keys)
            trouble = self.random.choice(("Disabled", "PendingDeletion", "denies_describe", "denies_use"))
            self.trace(f"  key {key.arn[-40:]} {trouble}")
            if trouble.startswith("denies"):
                setattr(key, trouble, True)
            else:
                key.state = trouble
            self.time.sleep(10 ** self.random.uniform(0.5, 3.2))
            key.state, key.denies_describe, key.denies_use = "Enabled", False, False

    def _reshards(self) -> None:
        for _ in range(self.random.randint(1, 6)):
            self.time.sleep(self.random.expovariate(self.weather.busy / HOUR) if self.weather.busy else 0)
            if not self.weather.busy:
                return
            name, seconds = self.random.choice(STREAMS), 10 ** self.random.uniform(0, 3.5)
            with suppress(NotNowError):
                self.kinesis.people.reshard(name, seconds)
                self.trace(f"  {name} is resharded, for {seconds:.0f} s")

    # What is to be expected

    def acceptable(self, name: str) -> set[str | None]:
        """The keys that a stream may have once all the stacks are gone."""
        found = {self.before[name]}
        for request in self.requests:
            if request.properties["StreamName"] == name:
                if request.properties.get("OnDelete") == "Stop":
                    found.add(None)
                if request.properties.get("OnDelete") == "Keep" or name in self.promises.conceded:
                    found.add(str(request.properties.get("KeyId", "alias/aws/kinesis")))
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
            "RequestExpired": trouble.die or trouble.freeze or trouble.slow,
            "DeadlinePassed": short or trouble.slow_updates or trouble.busy or trouble.freeze or trouble.slow
            or trouble.die,
        }
        return {code for code, reason in reasons.items() if reason}
