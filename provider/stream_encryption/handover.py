"""What is handed over to the state machine: the request and what is remembered, as JSON of a version.

An execution may be started by an older version of the function than the one that finishes it. So what is read may
lack fields, which then have their defaults, and may have fields that nobody knows any more, which are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from functools import cache
from math import ceil
from types import UnionType
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from .converge import Progress
from .memory import Asked, Limited, Memory
from .model import Attributes, Ensure, Goal, OnDelete, Owner, Release, Stream, StreamRef, StreamStatus, Sweep
from .ownership import REQUEST_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .request import Request

VERSION = 1

MINUTE = 60.0
SWEEP_SECONDS = 4 * MINUTE
"""How long marks are tried to be removed, in seconds: the execution ends five minutes after the request's hour."""

_CLASSES = (Asked, Attributes, Ensure, Limited, Memory, OnDelete, Owner, Progress, Release, Stream, StreamRef, Sweep)
_KNOWN: dict[str, Any] = {known.__name__: known for known in (*_CLASSES, StreamStatus)}
_CLASS, _VALUE = "class", "value"


@dataclass(frozen=True, slots=True)
class Handover:
    """A request that goes on elsewhere.

    Attributes:
        event: CloudFormation's event, without its properties: they have become goals. It holds the ResponseURL.
        deadline: When the answer has to be on its way, in epoch seconds.
        progress: How far the request has come.
        seconds: When to look again.
    """

    event: Mapping[str, Any]
    deadline: float
    progress: Progress
    seconds: int

    @classmethod
    def of(cls, event: Mapping[str, Any], deadline: float, progress: Progress, seconds: float) -> Handover:
        """Hand over what is to be looked at again in so many seconds: a state machine waits whole ones."""
        return cls(event, deadline, progress, max(1, ceil(seconds)))

    @property
    def sweeps(self) -> bool:
        """Whether this only sweeps up after a request that was answered."""
        return all(isinstance(goal, Sweep) for goal in self.progress.goals)

    @classmethod
    def of_sweeps(cls, event: Mapping[str, Any], progress: Progress, now: float) -> Handover:
        """Hand over what is left to be swept up once the request's time is over: nobody waits for an answer to that."""
        due = max(sweep.issued_at for sweep in progress.sweeps) + REQUEST_SECONDS
        nameless = {name: value for name, value in event.items() if name != "ResponseURL"}
        return cls.of(nameless, due + SWEEP_SECONDS, Progress.begin(progress.sweeps, due), due + MINUTE - now)

    @staticmethod
    def is_state(event: object) -> bool:
        """Whether the function was invoked by the state machine, not by CloudFormation."""
        return isinstance(event, dict) and {"Version", "Progress"} <= event.keys() and "ResponseURL" not in event

    def to_json(self) -> dict[str, Any]:
        """The input of an execution, and what each step gives to the next."""
        return {
            "Version": VERSION,
            "Event": {name: value for name, value in self.event.items() if not name.endswith("Properties")},
            # For whoever has to say that the request was lost, and knows nothing of what is inside Progress.
            "Stream": self.progress.goals[-1].stream.name,
            "Deadline": self.deadline,
            "Progress": _encoded(self.progress),
            "Seconds": self.seconds,
            "Done": False,
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Handover:
        """Take over, from this version of the function or an older one.

        The next look counts as the first: tags are read again, even of a stream that is busy, since the request may
        have been called off meanwhile.

        Raises:
            KeyError, TypeError, ValueError: No function ever gave such a state.
        """
        progress = _decoded(state["Progress"])
        if not isinstance(progress, Progress) or not _fits(state["Deadline"], float):
            raise TypeError("the state is not one of a request that waits")
        progress = replace(progress, memory=replace(progress.memory, looks=0))
        return cls(state["Event"], state["Deadline"], progress, state["Seconds"])

    def of_request(self, request: Request, *, sweeps: bool) -> Handover:
        """The same, made sure that it is this request's, and that it ends when CloudFormation stops waiting.

        Args:
            request: Who wants it.
            sweeps: Whether it has to be what sweeps up after the request.

        Raises:
            ValueError: There is nothing left to be reached, or it is somebody else's.
        """
        if {goal.owner for goal in self.progress.goals} != {request.owner} or self.sweeps is not sweeps:
            raise ValueError("the state's goals are not those of its request")
        return replace(self, deadline=min(request.deadline, self.deadline))


def _encoded(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Enum):
        return {_CLASS: type(value).__name__, _VALUE: value.value}
    if is_dataclass(value):
        named = {field.name: _encoded(getattr(value, field.name)) for field in fields(value)}
        return {_CLASS: type(value).__name__, **named}
    return [_encoded(one) for one in value] if isinstance(value, tuple) else value


def _decoded(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return tuple(_decoded(one) for one in value)
    if not isinstance(value, dict):
        return value
    known = _KNOWN[value[_CLASS]]
    if issubclass(known, Enum):
        return known(value[_VALUE])
    types = _types_of(known)
    named = {name: _decoded(one) for name, one in value.items() if name in types}
    wrong = [name for name, one in named.items() if not _fits(one, types[name])]
    if wrong:
        raise TypeError(f"the state's {known.__name__} has another {' and '.join(wrong)} than a request's")
    return known(**named)


@cache
def _types_of(known: type) -> dict[str, Any]:
    return get_type_hints(known, localns={**_KNOWN, "Goal": Goal})


def _fits(value: object, hint: Any) -> bool:  # noqa: ANN401 (a type, or several)
    """Whether a value is of the type that a field of a known class is declared with."""
    if isinstance(hint, UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(_fits(one, get_args(hint)[0]) for one in value)
    return isinstance(value, int | float if hint is float else hint)
