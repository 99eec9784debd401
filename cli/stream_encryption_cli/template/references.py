"""The names that a part of a template refers to, found without evaluating anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .functions import VARIABLE
from .text import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of a name.

    Attributes:
        name: The name.
        kind: `value` (a parameter or a resource), `resource`, `condition` or `mapping`.
        attribute: The attribute of a resource; None for another kind.
        line: The line of the template; None where it is not known.
    """

    name: str
    kind: str
    attribute: str | None = None
    line: int | None = None


def references(value: Any, line: int | None = None) -> Iterator[Reference]:  # noqa: ANN401
    """Find the names that a value refers to, also in branches that are not taken: CloudFormation checks them all."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, argument in pairs:
        here = line_of(value, str(name)) or line
        for kind, used in _of_call(str(name), argument) if isinstance(value, dict) and len(value) == 1 else ():
            resource, _, attribute = used.partition(".") if kind == "resource" else (used, "", None)
            yield Reference(resource, kind, attribute, here)
        yield from references(argument, here)


def _of_call(name: str, argument: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    match name, argument:
        case "Ref", str():
            yield "value", argument
        case "Fn::GetAtt", str() | [str()]:
            yield "resource", argument if isinstance(argument, str) else argument[0]
        case "Fn::GetAtt", [str(), attribute]:
            yield "resource", f"{argument[0]}.{attribute if isinstance(attribute, str) else ''}"
        case "Fn::If", [str(), *_]:
            yield "condition", argument[0]
        case "Fn::FindInMap", [str(), _, _]:
            yield "mapping", argument[0]
        case "Fn::Sub", str() | [str()] | [str(), dict()]:
            text, own = (argument, ()) if isinstance(argument, str) else (argument[0], [*argument, {}][1])
            names = [name.strip() for literal, name in VARIABLE.findall(text) if not literal]
            yield from (("resource" if "." in one else "value", one) for one in names if one not in own)
