"""What every fake client does around a call: record it, let others in, deal a fault, lose an answer."""

import inspect
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn, Protocol, Self

import botocore.session
from botocore.exceptions import ParamValidationError
from botocore.model import ServiceModel
from botocore.validate import validate_parameters

from tests.fake_clock import Clock
from tests.fake_errors import Kind, code_of, fault
from tests.permissions import used

ANY = "*"


@dataclass(slots=True)
class Call:
    """One call as it went; ``error`` is what the caller got to see, ``changed`` what really came of it."""

    number: int  # 1 for the first call of all, over every service
    at: float
    action: str  # as IAM spells it: "kinesis:StartStreamEncryption"
    arguments: Mapping[str, Any]
    caller: str
    error: str | None = None
    changed: bool = False

    @property
    def name(self) -> str:
        """The action without its service: "StartStreamEncryption"."""
        return self.action.partition(":")[2]


class Calls(list[Call]):
    """Calls in their order, and the usual questions about them."""

    def named(self, *names: str) -> Self:
        """Keep the calls of these actions, with or without the service in front."""
        return self._where(lambda call: call.name in names or call.action in names)

    def between(self, start: float, end: float) -> Self:
        """Keep the calls made from start to end, both included."""
        return self._where(lambda call: start <= call.at <= end)

    def by(self, caller: str) -> Self:
        """Keep one caller's calls."""
        return self._where(lambda call: call.caller == caller)

    @property
    def changes(self) -> Self:
        """The calls that changed something, whether or not their caller learned of it."""
        return self._where(lambda call: call.changed)

    @property
    def failed(self) -> Self:
        """The calls whose caller saw an error."""
        return self._where(lambda call: call.error is not None)

    @property
    def actions(self) -> frozenset[str]:
        """The distinct actions, as IAM spells them."""
        return frozenset(call.action for call in self)

    def _where(self, wanted: Callable[[Call], bool]) -> Self:
        return type(self)(call for call in self if wanted(call))


class ErrorFor(Protocol):
    """Makes the exception to raise for one call."""

    def __call__(self, call: Call, /) -> BaseException:
        """Make it."""


# A BaseException that isn't an Exception makes a crash: nothing in the code under test may catch it.
Deal = Kind | BaseException | ErrorFor


@dataclass(slots=True)
class _Rule:
    """What shall happen to the calls that match, as often as ``times`` says (None: always)."""

    matches: Callable[[Call], bool]
    times: int | None

    def takes(self, call: Call) -> bool:
        if self.times == 0 or not self.matches(call):
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(slots=True)
class _Fault(_Rule):
    deal: Deal
    loses_answer: bool
    takes_seconds: float


@dataclass(slots=True)
class _Hook(_Rule):
    run: Callable[[Call], object]


class Faults:
    """The plan of all that goes wrong, and of who acts in between; empty at first.

    An action is given as "StartStreamEncryption", "kinesis:StartStreamEncryption", "kinesis:*" or "*".
    Of several faults that match a call, the one that was planned first is dealt.
    """

    def __init__(self) -> None:
        """Start with a world in which nothing goes wrong."""
        self.dealt: Counter[str] = Counter()  # by "code" or "lost: code"
        self._faults: list[_Fault] = []
        self._hooks: list[_Hook] = []

    def fail_next(self, action: str, deal: Deal, *, times: int = 1, takes: float = 0.0) -> None:
        """Fail the next calls of an action, before they do anything.

        Args:
            action: Which calls.
            deal: The error to raise.
            times: How many calls in all.
            takes: How many seconds pass before the error (a connection that times out takes long).
        """
        self._faults.append(_Fault(_named(action), times, deal, loses_answer=False, takes_seconds=takes))

    def fail_nth(self, number: int, deal: Deal, *, takes: float = 0.0) -> None:
        """Fail the Nth call of all (the first is 1), whichever it is."""
        self._faults.append(_Fault(_nth(number), 1, deal, loses_answer=False, takes_seconds=takes))

    def lose_answer(self, action: str, deal: Deal = Kind.READ_TIMEOUT, *, times: int = 1, takes: float = 0.0) -> None:
        """Let the next calls of an action take effect, and their caller see an error."""
        self._faults.append(_Fault(_named(action), times, deal, loses_answer=True, takes_seconds=takes))

    def lose_nth(self, number: int, deal: Deal = Kind.READ_TIMEOUT, *, takes: float = 0.0) -> None:
        """Let the Nth call of all take effect, and its caller see an error."""
        self._faults.append(_Fault(_nth(number), 1, deal, loses_answer=True, takes_seconds=takes))

    def between(self, start: float, end: float, action: str, deal: Deal) -> None:
        """Fail every call of an action that is made from start (included) to end (not included)."""
        named = _named(action)
        matches = lambda call: start <= call.at < end and named(call)  # noqa: E731 - shorter than a function
        self._faults.append(_Fault(matches, None, deal, loses_answer=False, takes_seconds=0.0))

    def before_call(
        self, run: Callable[[Call], object], action: str = ANY, *, skip: int = 0, times: int | None = 1
    ) -> None:
        """Have somebody act just before a call reaches the service.

        Args:
            run: What they do; it is given the call, and may itself make calls, or sleep.
            action: Before which calls.
            skip: How many such calls to let pass first.
            times: Before how many calls in all; None: before every one.
        """
        self._hooks.append(_Hook(_skipping(skip, _named(action)), times, run))

    def before_nth(self, number: int, run: Callable[[Call], object]) -> None:
        """Have somebody act just before the Nth call of all."""
        self._hooks.append(_Hook(_nth(number), 1, run))

    def clear(self) -> None:
        """Let nothing more go wrong."""
        self._faults.clear()
        self._hooks.clear()

    def run_hooks(self, call: Call) -> None:
        """Let the others act; a call that a hook makes finds that hook used up already."""
        if self._hooks:
            for hook in [hook for hook in self._hooks if hook.takes(call)]:
                hook.run(call)

    def next_for(self, call: Call) -> _Fault | None:
        """Find the fault that this call meets, if any, and use it up."""
        return next((rule for rule in self._faults if rule.takes(call)), None) if self._faults else None


def _named(action: str) -> Callable[[Call], bool]:
    if action == ANY:
        return lambda _call: True
    if action.endswith(":*"):
        return lambda call: call.action.startswith(action[:-1])
    return lambda call: action in (call.name, call.action)


def _nth(number: int) -> Callable[[Call], bool]:
    return lambda call: call.number == number


def _skipping(count: int, matches: Callable[[Call], bool]) -> Callable[[Call], bool]:
    left = count

    def matches_later(call: Call) -> bool:
        nonlocal left
        if not matches(call):
            return False
        left -= 1
        return left < 0

    return matches_later


class Wire:
    """The one way to all fake services: share it among them, and calls are numbered and recorded together."""

    def __init__(self, clock: Clock, account: str = "123456789012", region: str = "us-east-1") -> None:
        """Set up an account in a region, with nothing recorded and nothing going wrong."""
        self.clock = clock
        self.account = account
        self.region = region
        self.calls = Calls()
        self.faults = Faults()
        self.caller = ""  # whoever drives several callers says here whose turn it is

    def call(
        self, action: str, arguments: Mapping[str, Any], effect: Callable[[], Any], *, changes: bool = False
    ) -> Any:
        """Make one call: record, let others act, fail or do it, answer or lose the answer.

        Args:
            action: The call, as IAM spells it.
            arguments: What it was given.
            effect: Does it, and returns the answer or raises what the service answers.
            changes: Whether doing it changes anything.
        """
        _check_as_boto3(action, arguments)
        call = Call(len(self.calls) + 1, self.clock.now(), action, arguments, self.caller)
        self.calls.append(call)
        try:
            self.faults.run_hooks(call)
            met = self.faults.next_for(call)
            if met and not met.loses_answer:
                self._deal(met, call)
            answer = effect()
            if by_the_provider():
                used(action, arguments, self.account, self.region)
            call.changed = changes
            if met:
                self._deal(met, call)
        except BaseException as error:
            call.error = code_of(error)
            raise
        return answer

    def _deal(self, planned: _Fault, call: Call) -> NoReturn:
        if planned.takes_seconds:
            self.clock.sleep(planned.takes_seconds)
        error = self._exception(planned.deal, call)
        self.faults.dealt[("lost: " if planned.loses_answer else "") + code_of(error)] += 1
        raise error

    def _exception(self, deal: Deal, call: Call) -> BaseException:
        if isinstance(deal, Kind):
            return fault(deal, call.action, call.arguments, self.account, self.region)
        return deal if isinstance(deal, BaseException) else deal(call)


def by_the_provider() -> bool:
    """Whether it is the provider's own code that calls a fake: no test, and nobody who acts before a call."""
    frame = inspect.currentframe()
    while frame and frame.f_globals["__name__"].startswith("tests.fake_"):
        frame = frame.f_back
    return frame is not None and frame.f_globals["__name__"].startswith("stream_encryption.")


def _check_as_boto3(action: str, arguments: Mapping[str, Any]) -> None:
    """Refuse what boto3 refuses before it sends anything: unknown, missing, empty or mistyped parameters."""
    service, _, name = action.partition(":")
    shape = _model(service).operation_model(name).input_shape
    if shape is None:  # pragma: no cover - every call of ours takes something
        raise ParamValidationError(report=f"{action} takes no parameters")
    validate_parameters(arguments, shape)


@cache
def _model(service: str) -> ServiceModel:
    """Read botocore's own description of a service, once."""
    return botocore.session.get_session().get_service_model(service)


def metadata() -> dict[str, Any]:
    """Spell what boto3 adds to every answer."""
    return {
        "RequestId": "00000000-0000-4000-8000-000000000000",
        "HTTPStatusCode": 200,
        "HTTPHeaders": {},
        "RetryAttempts": 0,
    }


def answer(**parts: Any) -> dict[str, Any]:
    """Shape an answer as boto3 does."""
    return {**parts, "ResponseMetadata": metadata()}
