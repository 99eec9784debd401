"""A template's text, YAML with CloudFormation's short forms or JSON, as plain values: `!Ref X` is {"Ref": "X"}."""

from __future__ import annotations

from typing import Any

import yaml


class NotATemplate(ValueError):
    """The text holds no map that YAML or JSON could make."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms; a date such as 2010-09-09 stays the text that it is in a template."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    text: str = loader.construct_scalar(node)  # type: ignore[arg-type]  # only a ScalarNode is left
    return {name: text.split(".", 1) if suffix == "GetAtt" else text}


yaml.add_multi_constructor("!", _short_form, Loader=_Loader)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str) -> dict[str, Any]:
    """Read a template, or anything else that is written as one is.

    Raises:
        NotATemplate: It is not valid, or no map; it says where.
    """
    try:
        value = yaml.load(text, Loader=_Loader)  # noqa: S506  # nosec B506  # it is a SafeLoader
    except yaml.YAMLError as error:
        raise NotATemplate(f"neither YAML nor JSON: {error}") from None
    if not isinstance(value, dict):
        raise NotATemplate("no map of sections, as a template is")
    return value
