"""`Fn::ForEach` written out, as the transform AWS::LanguageExtensions does it.

Source: AWS CloudFormation User Guide, "Fn::ForEach". Outside that transform CloudFormation knows no loops.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .text import Map, line_of
from .unknown import TemplateFault, as_sent, unknown_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FOR_EACH = "Fn::ForEach::"
_NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9]")
_MOST_ENTRIES = 10_000
"""How many entries loops may make of one map: ten loops, one within the other, can make billions."""


def written_out(value: Any, evaluate: Callable[[Any], Any]) -> Any:  # noqa: ANN401
    """Write out the loops in a value.

    Args:
        value: A section of a template, or any value within it.
        evaluate: Evaluates a loop's collection.

    Returns:
        The value without loops. A loop over a collection that can't be told is one Unknown entry, under its name.

    Raises:
        TemplateFault: CloudFormation would refuse a loop, or two entries would have the same name.
    """
    if isinstance(value, list):
        return [written_out(one, evaluate) for one in value]
    if not isinstance(value, dict):
        return value
    made = Map({}, {}, value.twice if isinstance(value, Map) else ())
    for name, one in value.items():
        line = line_of(value, name)
        for key, inner in _entries(name, one, line, evaluate):
            if key in made:
                raise TemplateFault(f"a loop makes {key} twice: two entries can't have one name", line)
            if len(made) >= _MOST_ENTRIES:
                raise TemplateFault(f"loops make more than {_MOST_ENTRIES:,} entries of one map", line)
            made[key] = inner
            made.lines |= {key: line} if line else {}
    return made


def _entries(
    name: str,
    value: Any,  # noqa: ANN401
    line: int | None,
    evaluate: Callable[[Any], Any],
) -> Iterator[tuple[str, Any]]:
    if not name.startswith(FOR_EACH):
        yield name, written_out(value, evaluate)
        return
    match value:
        case [str() as variable, collection, dict() as body]:
            items = evaluate(collection)
        case _:
            raise TemplateFault(f"{name} must be a list of a variable's name, a collection and a map", line)
    if unknown_in(items):
        yield name, unknown_in(items)
        return
    for item in _texts(items, name, line):
        yield from written_out(_put(body, variable, item), evaluate).items()


def _texts(items: Any, name: str, line: int | None) -> Iterator[str]:  # noqa: ANN401
    """Give the items of a collection, which may hold a parameter's list as one of its items."""
    if not isinstance(items, list):
        raise TemplateFault(f"{name} needs a collection, which is a list", line)
    for item in as_sent(items):
        if isinstance(item, str):
            yield item
        else:
            yield from _texts(item, name, line)


def _put(value: Any, variable: str, item: str) -> Any:  # noqa: ANN401
    """Put a loop's item where its variable stands: `${Name}`, `&{Name}` (its letters and digits), `!Ref Name`."""
    if isinstance(value, str):
        text = value.replace(f"${{{variable}}}", item)
        return text.replace(f"&{{{variable}}}", _NOT_IN_AN_ID.sub("", item))
    if isinstance(value, list):
        return [_put(one, variable, item) for one in value]
    if not isinstance(value, dict):
        return value
    if value == {"Ref": variable}:
        return item
    made = {_put(key, variable, item): _put(one, variable, item) for key, one in value.items()}
    lines: Mapping[str, int] = getattr(value, "lines", {})
    if len(made) < len(value):
        told = f"with {variable} = {item}, two entries have one name"
        raise TemplateFault(told, min(lines.values(), default=None))
    return Map(made, {_put(key, variable, item): line for key, line in lines.items()}, getattr(value, "twice", ()))
