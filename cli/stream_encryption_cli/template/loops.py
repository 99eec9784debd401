"""`Fn::ForEach` written out, as the transform AWS::LanguageExtensions does it.

Source: AWS CloudFormation User Guide, "Fn::ForEach". Outside that transform CloudFormation knows no loops.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .text import Map, line_of
from .unknown import TemplateFault, Unknown, as_sent, unknown_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FOR_EACH = "Fn::ForEach::"
_NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9]")
_PARTS = 3


def written_out(section: Mapping[str, Any], evaluate: Callable[[Any], Any]) -> Map:
    """Write out the loops of a map: of Resources, Conditions or Outputs, and of the Properties within Resources.

    Args:
        section: The map.
        evaluate: Evaluates a loop's collection.

    Returns:
        A map without loops. A loop over a collection that can't be told is one Unknown entry, under the loop's name.

    Raises:
        TemplateFault: CloudFormation would refuse a loop, or two entries would have the same name.
    """
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for name, value, line in _entries(section, evaluate):
        if name in values:
            raise TemplateFault(f"a loop makes {name} twice: two entries can't have one name", line)
        values[name] = value
        if line:
            lines[name] = line
    return Map(values, lines, section.twice if isinstance(section, Map) else ())


def _entries(section: Mapping[str, Any], evaluate: Callable[[Any], Any]) -> Iterator[tuple[str, Any, int | None]]:
    for name, value in section.items():
        line = line_of(section, name)
        if not name.startswith(FOR_EACH):
            yield name, _inner(value, evaluate), line
            continue
        variable, collection, body = _parts(name, value, line)
        items = evaluate(collection)
        unknown = unknown_in(items)
        if unknown:
            yield name, unknown, line
            continue
        for item in _flat(items, name, line):
            for key, made, _ in _entries(_put(body, variable, item), evaluate):
                yield key, made, line


def _inner(value: Any, evaluate: Callable[[Any], Any]) -> Any:  # noqa: ANN401
    """Write out the loops in a resource's Properties."""
    properties = value.get("Properties") if isinstance(value, dict) else None
    if not isinstance(properties, dict) or not any(name.startswith(FOR_EACH) for name in properties):
        return value
    return Map({**value, "Properties": written_out(properties, evaluate)}, getattr(value, "lines", {}))


def _parts(name: str, value: Any, line: int | None) -> tuple[str, Any, Mapping[str, Any]]:  # noqa: ANN401
    right = isinstance(value, list) and len(value) == _PARTS
    if not right or not isinstance(value[0], str) or not isinstance(value[2], dict):
        raise TemplateFault(f"{name} must be a list of a variable's name, a collection and a map", line)
    return value[0], value[1], value[2]


def _flat(items: Any, name: str, line: int | None) -> Iterator[str]:  # noqa: ANN401
    if not isinstance(items, list):
        raise TemplateFault(f"{name} needs a collection, which is a list", line)
    for item in items:
        if isinstance(item, list):
            yield from _flat(item, name, line)
        elif isinstance(item, dict) or item is None:
            raise TemplateFault(f"{name} can't loop over a map", line)
        else:
            yield str(as_sent(item))


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
    lines = {_put(key, variable, item): line for key, line in getattr(value, "lines", {}).items()}
    made = {_put(key, variable, item): _put(one, variable, item) for key, one in value.items()}
    if len(made) < len(value):
        raise TemplateFault(f"with {variable} = {item}, two entries have one name", min(lines.values(), default=None))
    return Map(made, lines)


def unknown_loops(section: Mapping[str, Any]) -> dict[str, Unknown]:
    """Give the loops that could not be written out, by their names."""
    return {name: value for name, value in section.items() if isinstance(value, Unknown)}
