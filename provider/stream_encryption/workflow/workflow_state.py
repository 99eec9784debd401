"""What is handed over to the state machine: the request, and how far it has come, as JSON with a version.

The function may be updated while an execution runs. So a state may lack fields, which then have their defaults, and
may have fields that the code does not know any more, which are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from functools import cache
from math import ceil
from types import UnionType
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from stream_encryption.reconcile.actions import Attributes
from stream_encryption.reconcile.goals import Ensure, Goal, Release
from stream_encryption.reconcile.progress import Progress
from stream_encryption.reconcile.state import PendingCall, Refused, Stability, State
from stream_encryption.record.values import Change, RecordedKey, RequestStamp
from stream_encryption.values import Key, OnDelete, Owner, RefusalKind, Stream, StreamRef, StreamStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream_encryption.cloudformation.request import Request

VERSION = 2

_RECONCILE = (Attributes, Ensure, PendingCall, Progress, Refused, Release, Stability, State)
_RECORD = (Change, RecordedKey, RequestStamp)
_VALUES = (Key, OnDelete, Owner, RefusalKind, Stream, StreamRef, StreamStatus)
_KNOWN: dict[str, Any] = {known.__name__: known for known in (*_RECONCILE, *_RECORD, *_VALUES)}
_CLASS, _VALUE = "class", "value"


@dataclass(frozen=True, slots=True)
class WorkflowState:
    """A request that goes on in the workflow.

    Attributes:
        event: CloudFormation's event, without its properties: they have become goals. It holds the ResponseURL.
        deadline: When the response has to be sent, in epoch seconds.
        progress: How far the request has come.
        seconds: When to look again.
    """

    event: Mapping[str, Any]
    deadline: float
    progress: Progress
    seconds: int

    @classmethod
    def of(cls, event: Mapping[str, Any], deadline: float, progress: Progress, seconds: float) -> WorkflowState:
        """Hand over a request that is to be looked at again in so many seconds: a state machine waits whole ones."""
        return cls(event, deadline, progress, max(1, ceil(seconds)))

    @staticmethod
    def is_state(event: object) -> bool:
        """Tell whether the function was invoked by the state machine, not by CloudFormation."""
        return isinstance(event, dict) and {"Version", "Progress"} <= event.keys() and "ResponseURL" not in event

    def to_json(self) -> dict[str, Any]:
        """Make the input of an execution, or the state for the next step."""
        return {
            "Version": VERSION,
            "Event": {name: value for name, value in self.event.items() if not name.endswith("Properties")},
            # For the failure responder, which does not read Progress.
            "Stream": self.progress.goals[-1].stream.name,
            "Deadline": self.deadline,
            "Progress": _encoded(self.progress),
            "Seconds": self.seconds,
            "Done": False,
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> WorkflowState:
        """Read a state, from this version of the function or an older one.

        Raises:
            KeyError, TypeError, ValueError: The function did not write the state.
        """
        progress = _decoded(state["Progress"])
        if not isinstance(progress, Progress) or not _fits(state["Deadline"], float):
            raise TypeError("the state is not one of a request that waits")
        return cls(state["Event"], state["Deadline"], progress, state["Seconds"])

    def checked(self, request: Request) -> WorkflowState:
        """Verify that the state belongs to its request, and end it when CloudFormation stops waiting.

        Raises:
            ValueError: No goal is left, or the goals are another owner's.
        """
        if {goal.owner for goal in self.progress.goals} != {request.owner}:
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
        raise TypeError(f"the state's {known.__name__} has an invalid {' and '.join(wrong)}")
    return known(**named)


@cache
def _types_of(known: type) -> dict[str, Any]:
    return get_type_hints(known, localns={**_KNOWN, "Goal": Goal})


def _fits(value: object, hint: Any) -> bool:  # noqa: ANN401 (a type, or several)
    """Tell whether a value has the type that a field of a known class is declared with."""
    if isinstance(hint, UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(_fits(one, get_args(hint)[0]) for one in value)
    return isinstance(value, int | float if hint is float else hint)
