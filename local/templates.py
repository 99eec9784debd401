"""Reads CloudFormation templates, and does to them what `sam package` does: puts code and definitions into S3."""

from __future__ import annotations

import io
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

Template = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, as in !Ref."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> Template:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    value: Any = None
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


yaml.add_multi_constructor("!", _short_form, Loader=_Loader)
# A date such as 2010-09-09 stays the text that it is in a template.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(path: Path) -> Template:
    """Read a template, its short forms written out."""
    template: Template = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  # nosec B506  # a SafeLoader
    return template


def code_folders(template: Template) -> dict[str, str]:
    """The local folders that a template's functions take their code from, by logical id."""
    return {
        name: resource["Properties"]["CodeUri"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function" and isinstance(resource["Properties"].get("CodeUri"), str)
    }


def definition_files(template: Template) -> dict[str, str]:
    """The local files that a template's state machines take their definitions from, by logical id."""
    return {
        name: resource["Properties"]["DefinitionS3Location"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::StepFunctions::StateMachine"
        and isinstance(resource["Properties"].get("DefinitionS3Location"), str)
    }


def with_property(template: Template, name: str, key: str, value: object) -> Template:
    """The template with one property of a resource replaced, as by where in S3 its code is."""
    resource = template["Resources"][name]
    packaged = {**resource, "Properties": {**resource["Properties"], key: value}}
    return {**template, "Resources": {**template["Resources"], name: packaged}}


def copy_code(source: Path, target: Path) -> None:
    """Copy a function's code, without what Python left there."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))


def zipped(folder: Path) -> bytes:
    """A folder as a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def renamed(template: Template, old: str, new: str) -> Template:
    """A template in which a resource has another logical id."""

    def rename(value: object) -> object:
        if isinstance(value, dict):
            return {key: rename(one) for key, one in value.items()}
        if isinstance(value, list):
            return [rename(one) for one in value]
        return new if value == old else value

    resources = {new if name == old else name: rename(one) for name, one in template["Resources"].items()}
    outputs = rename(template.get("Outputs", {}))
    return {**template, "Resources": resources, **({"Outputs": outputs} if outputs else {})}
