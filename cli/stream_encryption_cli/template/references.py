"""The names that a part of a template refers to, found without evaluating anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .functions import VARIABLE
from .text import Map

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of a name.

    Attributes:
        name: The name.
        kind: `value` (a parameter or a resource), `resource`, `condition` or `mapping`.
        line: The line of the template; None where it is not known.
    """

    name: str
    kind: str
    line: int | None


def references(value: Any, line: int | None = None) -> Iterator[Reference]:  # noqa: ANN401
    """Find the names that a value refers to, also in branches that are not taken: CloudFormation checks them all."""
    if isinstance(value, list):
        for one in value:
            yield from references(one, line)
    if not isinstance(value, dict):
        return
    lines = value.lines if isinstance(value, Map) else {}
    for name, argument in value.items():
        here = lines.get(name, line)
        if len(value) == 1:
            yield from (Reference(one, kind, here) for one, kind in _of_call(name, argument))
        yield from references(argument, here)


def _of_call(name: str, argument: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    first = argument[0] if isinstance(argument, list) and argument else argument
    if name == "Ref" and isinstance(argument, str):
        yield argument, "value"
    elif name == "Fn::GetAtt" and isinstance(first, str):
        yield first.split(".", 1)[0], "resource"
    elif name == "Fn::If" and isinstance(first, str):
        yield first, "condition"
    elif name == "Fn::FindInMap" and isinstance(first, str) and not _has_default(argument):
        yield first, "mapping"
    elif name == "Fn::Sub" and isinstance(first, str):
        own = argument[1] if isinstance(argument, list) and len(argument) > 1 else {}
        for literal, variable in VARIABLE.findall(first):
            if not literal and variable.strip() not in own:
                yield _of_variable(variable.strip())


def _of_variable(name: str) -> tuple[str, str]:
    resource, dot, _ = name.partition(".")
    return (resource, "resource") if dot else (name, "value")


def _has_default(argument: Any) -> bool:  # noqa: ANN401
    return isinstance(argument, list) and isinstance(argument[-1], dict) and "DefaultValue" in argument[-1]
