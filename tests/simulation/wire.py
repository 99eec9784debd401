"""The network between the function and everything else: where calls take time, fail, get lost, come late, or kill."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.fake_bucket import Reply, Silence
from tests.fake_errors import Kind, code_of, fault
from tests.simulation.processes import Death

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.simulation.lambda_service import Environment, Invocation
    from tests.simulation.world import World

HOST = "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com"
READ_SECONDS = 5.0
"""How long the function's clients wait for an answer (provider/stream_encryption/settings.py)."""

_FOR_A_MOMENT = (
    Kind.RATE_EXCEEDED,
    Kind.THROTTLING,
    Kind.KMS_THROTTLING,
    Kind.INTERNAL_FAILURE,
    Kind.SERVICE_UNAVAILABLE,
    Kind.CONNECTION,
    Kind.CONNECT_TIMEOUT,
    Kind.READ_TIMEOUT,
)
_LOST = (Kind.READ_TIMEOUT, Kind.CONNECTION_CLOSED, Kind.INTERNAL_FAILURE)
_CHANGES = ("add_tags_to_stream", "remove_tags_from_stream", "start_stream_encryption", "stop_stream_encryption")


class Wire:
    """Every call of the function goes through here, one by one, and so does every answer to CloudFormation."""

    def __init__(self, world: World) -> None:
        """Have dealt nothing yet."""
        self._world = world
        self.dealt: Counter[str] = Counter()  # faults, by kind
        self.calls = 0
        self.storm_until = 0.0  # until then every call of Kinesis' is throttled
        self._deaf_at: dict[str, float] = {}
        self._heard: set[tuple[str, int]] = set()  # which invocation was told that its answer came
        self._frozen_until: dict[str, float] = {}  # by the ResponseURL of the request

    def call(
        self, environment: Environment, method: str, arguments: Mapping[str, Any], effect: Callable[..., Any]
    ) -> Any:
        """Carry one call of boto3's to the service and its answer back, if all goes well."""
        world, action = self._world, _action(method)
        invocation, number = self._next_call(environment)
        self._travel(invocation, "before", method, number)
        weather = world.weather
        plan = world.plan.get(number, "")
        if action.startswith("kinesis:") and world.time.now() < self.storm_until:
            kind = world.random.choice((Kind.RATE_EXCEEDED, Kind.THROTTLING))
            self._deal(f"storm: {kind.name}", method, arguments)
            raise fault(kind, action, arguments, world.account, world.region)
        if plan.startswith("fail") or world.dice(weather.fail):
            kind = Kind[plan.partition(" ")[2]] if plan else world.random.choice(_FOR_A_MOMENT)
            self._deal(f"failed: {kind.name}", method, arguments)
            world.time.sleep(2.0 if kind in {Kind.CONNECT_TIMEOUT, Kind.READ_TIMEOUT} else 0.0)
            raise fault(kind, action, arguments, world.account, world.region)
        if method in _CHANGES[2:] and world.dice(weather.limit):
            self._deal("limit", method, arguments)
            raise fault(Kind.DAILY_QUOTA, action, arguments, world.account, world.region)
        world.promises.before(invocation, method, arguments)
        if method in _CHANGES and (plan == "late" or world.dice(weather.late)):
            self._later(invocation, method, arguments, effect)
            raise fault(Kind.READ_TIMEOUT, action, arguments, world.account, world.region)
        answer = self._effect(invocation, method, arguments, effect)
        self._travel(invocation, "after", method, number)
        if plan == "lose" or world.dice(weather.lose):
            kind = world.random.choice(_LOST)
            self._deal(f"lost: {kind.name}", method, arguments)
            raise fault(kind, action, arguments, world.account, world.region)
        return answer

    def _next_call(self, environment: Environment) -> tuple[Invocation, int]:
        """Tell who calls, if it is alive, and the call's number."""
        invocation = environment.invocation
        assert invocation
        assert invocation.process
        if invocation.process.dead:
            raise Death
        self.calls += 1
        return invocation, self.calls

    def put(self, environment: Environment, url: str, body: bytes) -> int:
        """Carry an answer to CloudFormation's bucket; tell the HTTP status."""
        world = self._world
        invocation, number = self._next_call(environment)
        self._travel(invocation, "before", "put", number)
        status = self.deliver(url, body, invocation, world.plan.get(number, ""))
        self._travel(invocation, "after", "put", number)
        return status

    def stood_still_since(self, url: str, when: float) -> bool:
        """Whether an invocation for a request has stood still since then, or at some time since."""
        return self._frozen_until.get(url, 0.0) >= when

    def deaf_since(self, url: str, when: float) -> bool:
        """Whether the ResponseURL of a request has not taken an answer since then."""
        return self._deaf_at.get(url, 0.0) >= when

    def deliver(self, url: str, body: bytes, invocation: Invocation | None, plan: str = "") -> int:
        """Bring an answer to the bucket, which may be deaf, or not say that it heard."""
        world, random = self._world, self._world.random
        if plan.startswith("fail") or world.dice(world.weather.unheard):
            step = random.choice((Reply(503), Reply(500), Silence.HANG, Silence.CLOSE, Silence.LOSE))
        else:
            step = Silence.LOSE if plan == "lose" else Reply()
        if step != Reply():
            self._deaf_at[url] = world.time.now()
            world.bucket.script(step)
            self._deal(f"answer: {step}", "put", {})
        headers = {"content-type": "", "content-length": str(len(body))}
        came = world.bucket.receive("PUT", url.removeprefix(HOST), headers, body)
        if world.bucket.requests[-1].stored:
            if invocation and (url, invocation.number) in self._heard:
                world.promises.answered_twice(world.cloudformation.requests[url])
            if invocation and isinstance(came, Reply):
                self._heard.add((url, invocation.number))
            world.cloudformation.answered(url, body, invocation)
        if came is Silence.HANG:
            world.time.sleep(READ_SECONDS)
        if isinstance(came, Reply):
            return came.status
        raise TimeoutError(came.name)

    def _travel(self, invocation: Invocation, when: str, method: str, number: int) -> None:
        """Let time pass on the way; perhaps long; perhaps the invocation does not live to see the other end."""
        world, random = self._world, self._world.random
        plan = world.plan.get(number, "")
        world.time.sleep(random.uniform(0.003, 0.04))
        # Not between the function's last look at the clock and the sending: no call of Kinesis' is conditional, so
        # that nobody could be helped there (docs/simulation.md).
        if when == "after" and (plan == "freeze" or world.dice(world.weather.freeze)):
            seconds = 10.0 ** random.uniform(0.0, 2.3)
            self._deal("frozen", method, {}, f"for {seconds:.0f} s after it")
            self._frozen_until[invocation.response_url] = world.time.now() + seconds
            world.time.sleep(seconds)
        if plan == f"die {when}" or world.dice(world.weather.die / 2):
            self._deal("died", method, {}, f"{when} it")
            assert invocation.process
            invocation.process.dead = True
            raise Death

    def _effect(
        self, invocation: Invocation, method: str, arguments: Mapping[str, Any], effect: Callable[..., Any]
    ) -> Any:
        world = self._world
        world.promises.reached(arguments)
        try:
            answer = effect(**arguments)
        except (ClientError, BotoCoreError) as error:
            world.promises.refused(invocation, method, arguments, code_of(error))
            raise
        world.promises.after(invocation, method, arguments)
        return answer

    def _later(
        self,
        invocation: Invocation,
        method: str,
        arguments: Mapping[str, Any],
        effect: Callable[..., Any],
    ) -> None:
        """The call arrives after the caller has given it up."""
        world = self._world
        late, sent = READ_SECONDS + world.random.uniform(0.0, 2.0), world.time.now()
        self._deal("late", method, arguments, f"it will take effect in {late:.1f} s")

        def arrive() -> None:
            world.promises.comes_late(invocation, arguments, sent)
            with suppress(ClientError, BotoCoreError):
                self._effect(invocation, method, arguments, effect)

        world.time.after(late, arrive)
        world.time.sleep(READ_SECONDS)

    def _deal(self, kind: str, method: str, arguments: Mapping[str, Any], more: str = "") -> None:
        self.dealt[kind] += 1
        self._world.trace(f"    ✗ {kind} {_action(method)} {arguments.get('KeyId', '')} {more}".rstrip())


def _action(method: str) -> str:
    service = {"describe_key": "kms", "start_execution": "states", "put": "s3"}.get(method, "kinesis")
    return f"{service}:{''.join(word.title() for word in method.split('_'))}"
