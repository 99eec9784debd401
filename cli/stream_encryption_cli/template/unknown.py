"""Values that only the deployment tells, and how values reach a custom resource."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

DYNAMIC_REFERENCE = re.compile(r"\{\{resolve:[^}]*\}\}")
"""CloudFormation looks these up while it deploys (User Guide, "Dynamic references")."""


class TemplateFault(ValueError):
    """CloudFormation would refuse the template or its parameters before it touches anything.

    Attributes:
        line: The line of the template, counted from 1; None where it is not known.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        """Say what is wrong, and where."""
        super().__init__(message)
        self.line = line


class MissingName(TemplateFault):
    """A name that nothing in the template defines, which CloudFormation refuses also where it is not used."""


class NoValue(Enum):
    """The value of `!Ref AWS::NoValue`: the property is left out."""

    IT: Final = "AWS::NoValue"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only the deployment tells.

    Attributes:
        what: The expressions that it depends on, as a template spells them (`!GetAtt Key.Arn`).
        needs: The logical ids of the resources that it is made of.
        steady: Whether it stays the same while these resources stay the same.
    """

    what: tuple[str, ...]
    needs: frozenset[str] = frozenset()
    steady: bool = True

    def __str__(self) -> str:
        """Join the expressions for a sentence."""
        return " and ".join(self.what)


def merged(unknowns: Iterable[Unknown]) -> Unknown:
    """Make one unknown value of several."""
    found = list(unknowns)
    return Unknown(
        what=tuple(dict.fromkeys(what for one in found for what in one.what)),
        needs=frozenset().union(*(one.needs for one in found)),
        steady=all(one.steady for one in found),
    )


def unknown_in(value: Any) -> Unknown | None:  # noqa: ANN401 (whatever a template holds)
    """Merge everything unknown within a value; None where all of it is known."""
    found = [one for one in parts(value) if isinstance(one, Unknown)]
    return merged(found) if found else None


def parts(value: Any) -> Iterator[Any]:  # noqa: ANN401
    """Give a value and every value within it."""
    yield value
    for _, one in entries(value):
        yield from parts(one)


def entries(value: Any) -> Iterable[tuple[Any, Any]]:  # noqa: ANN401
    """Give what is directly within a value, with its name in a map or its place in a list."""
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def opaque(value: Any) -> Any:  # noqa: ANN401
    """Make each text that holds a dynamic reference unknown, also text that a function made."""
    return _each(value, _opaque)


def as_sent(value: Any) -> Any:  # noqa: ANN401
    """Spell a value as CloudFormation sends it to a custom resource: every scalar is a string."""
    return _each(value, _as_sent)


def _each(value: Any, change: Callable[[Any], Any]) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {str(name): _each(one, change) for name, one in value.items()}
    return [_each(one, change) for one in value] if isinstance(value, list) else change(value)


def _opaque(value: Any) -> Any:  # noqa: ANN401
    dynamic = DYNAMIC_REFERENCE.search(value) if isinstance(value, str) else None
    return Unknown((dynamic[0],), steady=False) if dynamic else value


def _as_sent(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value
