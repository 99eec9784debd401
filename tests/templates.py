"""CloudFormation templates as plain values: `!Ref X` is {"Ref": X}, `!Sub X` is {"Fn::Sub": X}, and so on."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent


class _Loader(yaml.SafeLoader):
    """PyYAML's, with CloudFormation's short forms."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _short_form)


def load(path: Path) -> dict[str, Any]:
    """Read a template."""
    template = yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506  (it is a SafeLoader)
    assert isinstance(template, dict)
    return template


def nodes(value: Any) -> list[Any]:
    """The value and everything inside it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(node for item in inner for node in nodes(item))]


def resources_of(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The template's resources by logical id, those of an Fn::ForEach too."""
    resources: dict[str, dict[str, Any]] = {}
    for name, resource in template["Resources"].items():
        resources |= resource[2] if name.startswith("Fn::ForEach::") else {name: resource}
    return resources
