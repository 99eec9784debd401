"""The text of a template, YAML with CloudFormation's short forms or JSON, read into plain values with their lines."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import yaml

from .unknown import TemplateFault, parts

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_BYTES = 1_000_000
"""How long a template may be, in bytes (CloudFormation's quotas)."""
_MOST_VALUES = 100_000
"""How many values a template may have once its aliases are written out."""
SAM = "AWS::Serverless-2016-10-31"
_KINDS = ("null", "bool", "int", "float", "str", "seq")
"""The types of YAML, besides maps, that CloudFormation takes (User Guide, "Template format")."""


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


def _map(loader: Any, node: Any) -> Map:  # noqa: ANN401
    loader.flatten_mapping(node)
    pairs = [(key.value, key.start_mark.line + 1, value) for key, value in node.value]
    strange = next((line for key, line, _ in pairs if not isinstance(key, str)), None)
    if strange:
        raise TemplateFault("a key must be a text", strange)
    names = [key for key, _, _ in pairs]
    return Map(
        {key: loader.construct_object(value, deep=True) for key, _, value in pairs},
        {key: line for key, line, _ in pairs},
        tuple(name for name in dict.fromkeys(names) if names.count(name) > 1) if len({*names}) < len(names) else (),
    )


def _short_form(loader: Any, node: Any) -> Map:  # noqa: ANN401
    """`!Ref X` is {"Ref": "X"}, and `!GetAtt A.B` is {"Fn::GetAtt": ["A", "B"]}."""
    line = node.start_mark.line + 1
    if not node.tag.startswith("!") or node.tag == "!":
        raise TemplateFault(f"CloudFormation takes no value of YAML's type {node.tag.rpartition(':')[2]}", line)
    name = node.tag[1:] if node.tag in ("!Ref", "!Condition") else f"Fn::{node.tag[1:]}"
    value: Any = node.value
    if isinstance(node, yaml.MappingNode):
        value = _map(loader, node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif name == "Fn::GetAtt":
        value = value.split(".", 1)
    return Map({name: value}, {name: line})


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":value"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.yaml_constructors = {
    **{f"tag:yaml.org,2002:{kind}": yaml.SafeLoader.yaml_constructors[f"tag:yaml.org,2002:{kind}"] for kind in _KINDS},
    "tag:yaml.org,2002:map": _map,
    None: _short_form,
}


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
    alias = next((one for one in yaml.parse(text, Loader=_Base) if isinstance(one, yaml.AliasEvent)), None)
    try:
        value = yaml.load(text, Loader=_Loader)  # noqa: S506  # nosec B506  # it makes only the types above
        if alias:
            _check_aliases(value, alias.start_mark.line + 1 if alias.start_mark else None)
        json.dumps(value)  # A number with thousands of digits can be read, and then not be spelled.
    except TemplateFault:
        raise
    except ValueError as error:
        raise TemplateFault(f"a number can't be read: {error}") from None
    return value


def _check_aliases(value: Any, line: int | None) -> None:  # noqa: ANN401
    """Only SAM writes aliases out; CloudFormation takes none. Ten lines of aliases can make billions of values."""
    if not isinstance(value, dict) or SAM not in parts(value.get("Transform")):
        told = "CloudFormation takes no YAML alias: have it written out (`aws cloudformation package --use-json`)"
        raise TemplateFault(told, line)
    if next(islice(parts(value), _MOST_VALUES, None), None) is not None:
        raise TemplateFault(f"aliases make more than {_MOST_VALUES:,} values", line)


def _of_json(text: str) -> Any:  # noqa: ANN401
    """Read JSON that YAML can't read, such as a character that is spelled as two escapes. It has no lines."""
    try:
        return json.loads(text, object_pairs_hook=_of_pairs)
    except (ValueError, RecursionError):
        return None


def _of_pairs(pairs: list[tuple[str, Any]]) -> Map:
    names = [name for name, _ in pairs]
    return Map(dict(pairs), {}, tuple(name for name in dict.fromkeys(names) if names.count(name) > 1))
