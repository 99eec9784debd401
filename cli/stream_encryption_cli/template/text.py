"""The text of a template, YAML with CloudFormation's short forms or JSON, read into plain values with their lines."""

from __future__ import annotations

import json
from typing import Any

import yaml

from .unknown import TemplateFault

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_LEVELS = 100
"""How deep values may be nested. Real templates have about ten levels."""
_MOST_VALUES = 100_000
"""How many values a template may have once its aliases are written out: ten lines of aliases can make billions."""
_MOST_BYTES = 1_000_000
"""How long a template may be, in bytes (CloudFormation's quotas)."""


class Map(dict[str, Any]):
    """A map of a template.

    Attributes:
        lines: The line of each key, counted from 1.
        twice: The keys that are written more than once; the last value counts.
    """

    def __init__(self, values: dict[str, Any], lines: dict[str, int], twice: tuple[str, ...] = ()) -> None:
        """Hold these values."""
        super().__init__(values)
        self.lines = lines
        self.twice = twice


def line_of(value: object, key: str) -> int | None:
    """Tell the line of a map's key; None where the map was not read from text."""
    return value.lines.get(key) if isinstance(value, Map) else None


class _Loader(_Base):  # type: ignore[misc]  # with libyaml where PyYAML has it
    """YAML as CloudFormation reads it: a date such as 2010-09-09 is text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_SCALARS = ("null", "bool", "int", "float", "str")


def read(text: str) -> Map:
    """Read a template, or a request that is written as JSON.

    Raises:
        TemplateFault: The text is neither YAML nor JSON, or not a map. The fault names the line.
    """
    text = text.removeprefix("\ufeff")
    if len(text.encode("utf-8", "replace")) > _MOST_BYTES:
        raise TemplateFault(f"longer than the {_MOST_BYTES:,} bytes that CloudFormation takes")
    try:
        # JSON allows tabs between its tokens, where YAML does not; a JSON string can't hold any.
        value = _of_yaml(text.replace("\t", " ") if text.lstrip().startswith("{") else text)
    except yaml.YAMLError as error:
        value = _of_json(text)
        if value is None:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error).splitlines()[0]
            raise TemplateFault(f"neither YAML nor JSON: {problem}", mark.line + 1 if mark else None) from None
    if not isinstance(value, Map):
        raise TemplateFault("not a template: it holds no map of sections such as Resources")
    return value


def _of_yaml(text: str) -> Any:  # noqa: ANN401
    loader = _Loader(text)
    loader.values_made = 0
    node = loader.get_single_node()
    return _value(node, loader, 0) if node else None


def _of_json(text: str) -> Any:  # noqa: ANN401
    """Read JSON that YAML can't read, such as a character that is spelled as two escapes. It has no lines."""
    try:
        return json.loads(text, object_pairs_hook=_of_pairs)
    except (ValueError, RecursionError):
        return None


def _of_pairs(pairs: list[tuple[str, Any]]) -> Map:
    names = [name for name, _ in pairs]
    return Map(dict(pairs), {}, tuple(name for name in dict.fromkeys(names) if names.count(name) > 1))


def _value(node: Any, loader: Any, level: int) -> Any:  # noqa: ANN401
    loader.values_made += 1
    if loader.values_made > _MOST_VALUES:
        raise TemplateFault(f"more than {_MOST_VALUES:,} values", node.start_mark.line + 1)
    if level > _MOST_LEVELS:
        raise TemplateFault(f"values are nested more than {_MOST_LEVELS} levels deep", node.start_mark.line + 1)
    if not node.tag.startswith("tag:yaml.org,2002:"):
        return _short_form(node, loader, level)
    if isinstance(node, yaml.MappingNode) and node.tag.endswith(":map"):
        return _map(node, loader, level)
    if isinstance(node, yaml.SequenceNode) and node.tag.endswith(":seq"):
        return [_value(one, loader, level + 1) for one in node.value]
    kind = node.tag.rpartition(":")[2]
    if not isinstance(node, yaml.ScalarNode) or kind not in _SCALARS:
        raise TemplateFault(f"CloudFormation takes no value of YAML's type {kind}", node.start_mark.line + 1)
    try:
        return loader.construct_object(node)
    except ValueError:
        raise TemplateFault(f"{node.value!r} is not a value of YAML's type {kind}", node.start_mark.line + 1) from None


def _map(node: yaml.MappingNode, loader: Any, level: int) -> Map:  # noqa: ANN401
    loader.flatten_mapping(node)
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    twice: list[str] = []
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise TemplateFault("a key must be a text", key_node.start_mark.line + 1)
        key = str(key_node.value)
        if key in values:
            twice.append(key)
        values[key] = _value(value_node, loader, level + 1)
        lines[key] = key_node.start_mark.line + 1
    return Map(values, lines, tuple(twice))


def _short_form(node: Any, loader: Any, level: int) -> Map:  # noqa: ANN401
    """`!Ref X` is {"Ref": "X"}, and `!GetAtt A.B` is {"Fn::GetAtt": ["A", "B"]}."""
    suffix = node.tag.removeprefix("!")
    line = node.start_mark.line + 1
    if not node.tag.startswith("!") or not suffix:
        raise TemplateFault(f"CloudFormation knows no tag {node.tag}", line)
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.MappingNode):
        value: Any = _map(node, loader, level + 1)
    elif isinstance(node, yaml.SequenceNode):
        value = [_value(one, loader, level + 1) for one in node.value]
    else:
        value = node.value.split(".", 1) if suffix == "GetAtt" else node.value
    return Map({name: value}, {name: line})
