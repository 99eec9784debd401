"""Many stacks at once, on the real provider, in the project's simulation, under AWS's limits on an account."""

from __future__ import annotations

from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from benchmarks.limits import LAMBDA_CONCURRENCY, LIMITS, LOOKS, Account, Limit
from tests.fake_errors import Kind, fault
from tests.fake_stream import ACTIVE, UPDATING
from tests.simulation.environments import Outcome
from tests.simulation.lambda_service import LambdaService
from tests.simulation.product import Product
from tests.simulation.stacks import Stack
from tests.simulation.weather import Weather
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    from tests.simulation.cloudformation import Request

HANDOVER_SECONDS = 60.0
SETTLE_SECONDS = 5.0
KEYS = ("alias/one", "alias/two")
UPDATE_SECONDS = (2.0, 8.0)
"""How long a Start or Stop keeps a stream UPDATING: "a few seconds", by the API reference; drawn between these."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one request; times are in seconds after the moment at which all were sent."""

    seconds: float
    lag: float  # from the stream's ACTIVE on, the mandated settling time not counted
    update: float  # how long its stream was UPDATING
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """What became of them all."""

    answers: Sequence[Answered]
    asked: Mapping[str, int]
    refused: Mapping[str, int]
    most_at_work: int = 0
    broken: Sequence[str] = ()

    @property
    def seconds(self) -> float:
        """Until the last was answered."""
        return max(one.seconds for one in self.answers)

    @property
    def failures(self) -> int:
        """How many were answered FAILED, or not at all."""
        return sum(bool(one.failure) for one in self.answers)

    @property
    def throttled(self) -> float:
        """The share of calls that were refused, of one."""
        return sum(self.refused.values()) / sum(self.asked.values())

    @property
    def looks(self) -> float:
        """How many looks each request made on average, without those that were throttled."""
        return sum(self.asked.get(look, 0) - self.refused.get(look, 0) for look in LOOKS) / len(self.answers)


class Crowd(World):
    """A calm world with as many streams and stacks as one likes; its account has limits."""

    def __init__(self, number: int, seed: int, limits: Mapping[str, Limit] = LIMITS) -> None:
        """Make it, with nothing sent yet."""
        super().__init__(seed, Product(), Weather())
        self.handover_seconds = HANDOVER_SECONDS
        self.account_limits = Account(self.time.now, limits)
        self.services = {name: _Limited(self, service) for name, service in self.services.items()}
        self.lambdas = self.workers = _Workers(self)
        self.kinesis.next_updating.clear()
        self.streams = [f"stream-{index}" for index in range(number)]
        self.stacks = [Stack(self, f"stack-{index}", index) for index in range(number)]
        for name in self.streams:
            self.kinesis.add_stream(name)
            self.expectations.given_by_others(name, None)

    def create(self) -> Run:
        """Send every stack's Create."""
        return self._send_all(lambda stack, stream: stack.create("Encryption", _properties(stream, KEYS[0])))

    def change_key(self) -> Run:
        """Send every stack's Update to another key."""
        return self._send_all(lambda stack, stream: stack.update("Encryption", _properties(stream, KEYS[1])))

    def delete(self) -> Run:
        """Send every stack's Delete."""
        return self._send_all(lambda stack, _: stack.delete())

    def _send_all(self, send: Callable[[Stack, str], object]) -> Run:
        lengths = [self.random.uniform(*UPDATE_SECONDS) for _ in self.stacks]
        self.kinesis.next_updating.extend(lengths)
        known, heard = len(self.requests), len(self.kinesis.history)
        limits = self.account_limits = Account(self.time.now, self.account_limits.limits)
        self.workers.most = 0
        for stack, name in zip(self.stacks, self.streams, strict=True):
            self.time.spawn(stack.name, lambda stack=stack, name=name: send(stack, name))  # type: ignore[misc]
        with redirect_stdout(cast("TextIO", self.log)):
            self.time.sleep(10.0)
            while any(one.closed is None for one in self.requests[known:]):
                self.time.sleep(5.0)
        requests = self.requests[known : known + len(self.stacks)]  # What follows undoes one that failed.
        updating = [state for state in self.kinesis.history[heard:] if state.status == UPDATING]
        active = [state for state in self.kinesis.history[heard:] if state.status == ACTIVE and state.why == "active"]
        began, ended = ({state.stream: state.at for state in states} for states in (updating, active))
        answers = [self._answered(one, began.get(one.stream), ended.get(one.stream)) for one in requests]
        return Run(answers, limits.asked, limits.refused, self.workers.most, tuple(self.promises.broken))

    @staticmethod
    def _answered(request: Request, began: float | None, ended: float | None) -> Answered:
        """Sum one request up; its stream was UPDATING from one moment to another, or never."""
        if not request.responses:
            return Answered(request.timeout, request.timeout, 0.0, "no response")
        response = request.responses[0]
        failure = "" if response.success else str(response.body["Reason"])
        if began is None or ended is None:
            return Answered(response.at - request.issued, 0.0, 0.0, failure or "SUCCESS without a change")
        settling = 0.0 if request.type == "Delete" else SETTLE_SECONDS
        return Answered(response.at - request.issued, response.at - ended - settling, ended - began, failure)


class _Workers(LambdaService):
    """Lambda with the account's concurrency: whoever finds none waits, or is told to come back."""

    def __init__(self, world: Crowd) -> None:
        super().__init__(world)
        self._crowd = world
        self.at_work = self.most = 0

    def _deliver(self, event: Mapping[str, Any], born: float) -> None:
        """An event for which there is no concurrency goes back to the queue, for 1 s at first, then for up to 5 min.

        Source: AWS Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation".
        """
        pause = 1.0
        while self.at_work >= LAMBDA_CONCURRENCY:
            self._crowd.time.sleep(pause)
            pause = min(300.0, 2 * pause)
        super()._deliver(event, born)

    def invoke(self, event: Mapping[str, Any], wait_seconds: float = 901.0) -> Outcome:
        """Invoke the function, if it can be run."""
        if self.at_work >= LAMBDA_CONCURRENCY:
            return Outcome(error="Lambda.TooManyRequestsException", message="Rate Exceeded.")
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        try:
            return super().invoke(event, wait_seconds)
        finally:
            self.at_work -= 1


class _Limited:
    """A service's client, which refuses what is over the limits."""

    def __init__(self, crowd: Crowd, service: Any) -> None:  # noqa: ANN401 (a different one for each service)
        self._crowd, self._service = crowd, service

    def __getattr__(self, name: str) -> Callable[..., Any]:
        effect: Callable[..., Any] = getattr(self._service, name)
        service = SERVICES.get(name, "kinesis")
        action = "".join(word.title() for word in name.split("_"))

        def call(**arguments: Any) -> Any:  # noqa: ANN401 (boto3's own dictionaries)
            if not self._crowd.account_limits.admits(action):
                raise fault(
                    THROTTLED[service], f"{service}:{action}", arguments, self._crowd.account, self._crowd.region
                )
            return effect(**arguments)

        return call


SERVICES = {"describe_key": "kms", "start_execution": "states", "get_item": "dynamodb", "put_item": "dynamodb"}
THROTTLED = {
    "kinesis": Kind.RATE_EXCEEDED,
    "kms": Kind.THROTTLING,
    "states": Kind.THROTTLING,
    "dynamodb": Kind.PROVISIONED_THROUGHPUT,
}


def _properties(stream: str, key_id: str) -> dict[str, str]:
    return {"StreamName": stream, "KeyId": key_id}
