"""The record of the calls to fake services, and the plan of all that goes wrong with them."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from tests.fake_errors import Kind

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
class Fault(_Rule):
    """An error that is dealt to the calls that match."""

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
        self._faults: list[Fault] = []
        self._hooks: list[_Hook] = []

    def fail_next(self, action: str, deal: Deal, *, times: int = 1, takes: float = 0.0) -> None:
        """Fail the next calls of an action, before they do anything.

        Args:
            action: Which calls.
            deal: The error to raise.
            times: How many calls in all.
            takes: How many seconds pass before the error (a connection that times out takes long).
        """
        self._faults.append(Fault(_named(action), times, deal, loses_answer=False, takes_seconds=takes))

    def fail_nth(self, number: int, deal: Deal, *, takes: float = 0.0) -> None:
        """Fail the Nth call of all (the first is 1), whichever it is."""
        self._faults.append(Fault(_nth(number), 1, deal, loses_answer=False, takes_seconds=takes))

    def lose_answer(self, action: str, deal: Deal = Kind.READ_TIMEOUT, *, times: int = 1, takes: float = 0.0) -> None:
        """Let the next calls of an action take effect, and their caller see an error."""
        self._faults.append(Fault(_named(action), times, deal, loses_answer=True, takes_seconds=takes))

    def lose_nth(self, number: int, deal: Deal = Kind.READ_TIMEOUT, *, takes: float = 0.0) -> None:
        """Let the Nth call of all take effect, and its caller see an error."""
        self._faults.append(Fault(_nth(number), 1, deal, loses_answer=True, takes_seconds=takes))

    def between(self, start: float, end: float, action: str, deal: Deal) -> None:
        """Fail every call of an action that is made from start (included) to end (not included)."""
        named = _named(action)
        matches = lambda call: start <= call.at < end and named(call)  # noqa: E731 - shorter than a function
        self._faults.append(Fault(matches, None, deal, loses_answer=False, takes_seconds=0.0))

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

    def next_for(self, call: Call) -> Fault | None:
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
