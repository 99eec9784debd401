"""The network between the function and everything else: calls take time, fail, get lost, come late, or kill."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.fake_bucket import Reply, Silence
from tests.fake_errors import Kind, code_of, fault
from tests.simulation.processes import Death

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.simulation.environments import Environment, Invocation
    from tests.simulation.world import World

HOST = "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com"
READ_SECONDS = 5.0
"""How long the function's clients wait for a response (provider/stream_encryption/settings.py)."""

_ANYWHERE = (
    Kind.THROTTLING,
    Kind.EXPIRED_SIGNATURE,
    Kind.SERVICE_UNAVAILABLE,
    Kind.CONNECTION,
    Kind.CONNECT_TIMEOUT,
    Kind.READ_TIMEOUT,
)
_FOR_A_MOMENT = {
    "kinesis": (*_ANYWHERE, Kind.RATE_EXCEEDED, Kind.KMS_THROTTLING, Kind.INTERNAL_FAILURE),
    "kms": (*_ANYWHERE, Kind.KMS_INTERNAL, Kind.KMS_DEPENDENCY_TIMEOUT),
    "dynamodb": (*_ANYWHERE, Kind.PROVISIONED_THROUGHPUT, Kind.REQUEST_LIMIT, Kind.INTERNAL_SERVER_ERROR),
    "states": (*_ANYWHERE, Kind.INTERNAL_FAILURE),
    "events": (*_ANYWHERE, Kind.INTERNAL_FAILURE),
}
_STORM = {
    "kinesis": (Kind.RATE_EXCEEDED, Kind.THROTTLING),
    "dynamodb": (Kind.PROVISIONED_THROUGHPUT, Kind.THROTTLING, Kind.REQUEST_LIMIT),
}
_LOST = (Kind.READ_TIMEOUT, Kind.CONNECTION_CLOSED, Kind.INTERNAL_FAILURE)
_RE_ENCRYPTS = ("start_stream_encryption", "stop_stream_encryption")
_CHANGES = (*_RE_ENCRYPTS, "put_item", "update_item")
_SERVICES = {
    "describe_key": "kms",
    "start_execution": "states",
    "put": "s3",
    "scan": "dynamodb",
    "put_events": "events",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call on its way to a service.

    Attributes:
        number: 1 for the first call of the world.
        invocation: The caller.
        method: The method of boto3's client.
        arguments: Its arguments.
        sent: When it was sent.
    """

    number: int
    invocation: Invocation
    method: str
    arguments: Mapping[str, Any]
    sent: float

    @property
    def service(self) -> str:
        """The service, as IAM spells it."""
        return "dynamodb" if self.method.endswith("_item") else _SERVICES.get(self.method, "kinesis")

    @property
    def action(self) -> str:
        """The call, as IAM spells it."""
        return f"{self.service}:{''.join(word.title() for word in self.method.split('_'))}"

    @property
    def stream(self) -> str:
        """The name of the stream that it concerns; empty where it concerns none."""
        item = self.arguments.get("Item") or self.arguments.get("Key") or {}
        arn = self.arguments.get("StreamARN") or item.get("stream", {}).get("S", "")
        return str(self.arguments.get("StreamName") or arn.rpartition("/")[2])


class Wire:
    """Carries every call of the function, and every response to CloudFormation, one by one."""

    def __init__(self, world: World) -> None:
        """Start with nothing carried."""
        self._world = world
        self.dealt: Counter[str] = Counter()  # faults, by kind
        self.calls = 0
        self.throttled_until: dict[str, float] = {}  # by service, or by action
        self.denied_until: dict[str, float] = {}  # by action: the role is too new
        self._deaf_at: dict[str, float] = {}
        self._heard: set[tuple[str, int]] = set()  # which invocation was told that its response arrived
        self._frozen_until: dict[str, float] = {}  # by the ResponseURL of the request

    def call(
        self, environment: Environment, method: str, arguments: Mapping[str, Any], effect: Callable[..., Any]
    ) -> Any:
        """Carry a call of a boto3 client to its service, and the response back, unless a fault prevents it."""
        world = self._world
        call = Call(*self._next_call(environment), method, arguments, world.time.now())
        self._travel(call, "before")
        self._refuse(call)
        plan = world.plan.get(call.number, "")
        world.promises.before(call)
        if method in _CHANGES and (plan == "late" or world.dice(world.weather.late)):
            self._later(call, effect)
            raise self._fault(Kind.READ_TIMEOUT, call)
        result = self._effect(call, effect)
        self._travel(call, "after")
        if plan == "lose" or world.dice(world.weather.lose):
            kind = world.random.choice(_LOST)
            self._deal(f"lost: {kind.name}", call)
            if world.watching and method == "put_events":
                world.watching.checks.not_heard(arguments["Entries"])
            raise self._fault(kind, call)
        return result

    def put(self, environment: Environment, url: str, body: bytes) -> int:
        """Carry a response to CloudFormation's bucket, and return the HTTP status."""
        world = self._world
        call = Call(*self._next_call(environment), "put", {}, world.time.now())
        self._travel(call, "before")
        status = self.deliver(url, body, call.invocation, world.plan.get(call.number, ""))
        self._travel(call, "after")
        return status

    def stood_still_since(self, url: str, when: float) -> bool:
        """Whether an invocation for a request has stood still at that time, or later."""
        return self._frozen_until.get(url, 0.0) >= when

    def deaf_since(self, url: str, when: float) -> bool:
        """Whether the ResponseURL of a request has refused a response at that time, or later."""
        return self._deaf_at.get(url, 0.0) >= when

    def deliver(self, url: str, body: bytes, invocation: Invocation | None, plan: str = "") -> int:
        """Bring a response to the bucket, which may refuse it, or take it without saying so."""
        world, random = self._world, self._world.random
        if plan.startswith("fail") or world.dice(world.weather.unheard):
            step = random.choice((Reply(503), Reply(500), Silence.HANG, Silence.CLOSE, Silence.LOSE))
        else:
            step = Silence.LOSE if plan == "lose" else Reply()
        if step != Reply():
            self._deaf_at[url] = world.time.now()
            world.bucket.script(step)
            self.dealt[f"response: {step}"] += 1
            world.trace(f"    ✗ response: {step}")
        headers = {"content-type": "", "content-length": str(len(body))}
        came = world.bucket.receive("PUT", url.removeprefix(HOST), headers, body)
        if world.bucket.requests[-1].stored:
            if invocation and (url, invocation.number) in self._heard:
                world.promises.responded_twice(world.cloudformation.requests[url])
            if invocation and isinstance(came, Reply):
                self._heard.add((url, invocation.number))
            world.cloudformation.responded(url, body, invocation)
        if came is Silence.HANG:
            world.time.sleep(READ_SECONDS)
        if isinstance(came, Reply):
            return came.status
        raise TimeoutError(came.name)

    def _next_call(self, environment: Environment) -> tuple[int, Invocation]:
        """Count the call, and return its number and its caller, if that is alive."""
        invocation = environment.invocation
        assert invocation
        assert invocation.process
        if invocation.process.dead:
            raise Death
        self.calls += 1
        return self.calls, invocation

    def _travel(self, call: Call, when: str) -> None:
        """Let time pass on the way. The invocation may stand still after the call, or die before or after it."""
        world, random = self._world, self._world.random
        plan = world.plan.get(call.number, "")
        world.time.sleep(random.uniform(0.003, 0.04) + world.weather.slow_calls / 2)
        # It never stands still between its last look at the clock and the sending. No call of Kinesis is conditional,
        # so that no provider could be safe from that (docs/architecture.md).
        if when == "after" and (plan == "freeze" or world.dice(world.weather.freeze)):
            seconds = 10.0 ** random.uniform(0.0, 2.3)
            self._deal("frozen", call, f"for {seconds:.0f} s after it")
            self._frozen_until[call.invocation.response_url] = world.time.now() + seconds
            world.time.sleep(seconds)
        if plan == f"die {when}" or world.dice(world.weather.die / 2):
            self._deal("died", call, f"{when} it")
            assert call.invocation.process
            call.invocation.process.dead = True
            raise Death

    def _refuse(self, call: Call) -> None:
        """Raise the error of a call that fails before it does anything."""
        world, random, now = self._world, self._world.random, self._world.time.now()
        plan = world.plan.get(call.number, "")
        if now < max(self.throttled_until.get(call.service, 0.0), self.throttled_until.get(call.action, 0.0)):
            kind = random.choice(_STORM[call.service])
            self._deal(f"storm: {kind.name}", call)
            raise self._fault(kind, call)
        if now < self.denied_until.get(call.action, 0.0):
            self._deal("new: ACCESS_DENIED", call)
            world.promises.refused(call, Kind.ACCESS_DENIED)
            raise self._fault(Kind.ACCESS_DENIED, call)
        if plan.startswith("fail") or world.dice(world.weather.fail):
            kind = Kind[plan.partition(" ")[2]] if plan else random.choice(_FOR_A_MOMENT[call.service])
            self._deal(f"failed: {kind.name}", call)
            world.time.sleep(2.0 if kind in {Kind.CONNECT_TIMEOUT, Kind.READ_TIMEOUT} else 0.0)
            raise self._fault(kind, call)
        if call.method in _RE_ENCRYPTS and world.dice(world.weather.limit):
            self._deal("limit", call)
            raise self._fault(Kind.DAILY_QUOTA, call)

    def _effect(self, call: Call, effect: Callable[..., Any]) -> Any:
        world = self._world
        world.promises.reached(call)
        try:
            result = effect(**call.arguments)
        except (ClientError, BotoCoreError) as error:
            world.promises.refused(call, code_of(error))
            raise
        world.promises.after(call, result)
        return result

    def _later(self, call: Call, effect: Callable[..., Any]) -> None:
        """Let the call arrive after its caller has given up on it."""
        world = self._world
        late = READ_SECONDS + world.random.uniform(0.0, 2.0)
        self._deal("late", call, f"it will take effect in {late:.1f} s")

        def arrive() -> None:
            with suppress(ClientError, BotoCoreError):
                self._effect(call, effect)

        world.time.after(late, arrive)
        world.time.sleep(READ_SECONDS)

    def _fault(self, kind: Kind, call: Call) -> Exception:
        return fault(kind, call.action, call.arguments, self._world.account, self._world.region)

    def _deal(self, kind: str, call: Call, more: str = "") -> None:
        self.dealt[kind] += 1
        self._world.trace(f"    ✗ #{call.invocation.number} {kind} {call.action} {more}".rstrip())
