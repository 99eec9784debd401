"""Faults of a template that CloudFormation surely refuses before it touches anything."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from .contents import EXTENSIONS, TRANSFORM
from .loops import FOR_EACH
from .references import references
from .text import Map, line_of
from .unknown import TemplateFault, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .contents import Contents

_SECTIONS = (
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
)
_ATTRIBUTES = (
    "Condition",
    "Connectors",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "IgnoreGlobals",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
    "Version",
    TRANSFORM,
)
_EXTENSIONS = ("Fn::Length", "Fn::ToJsonString")
_LOGICAL_ID = re.compile(r"[a-zA-Z0-9]{1,255}")


def check(sections: Mapping[str, Any], found: Contents) -> None:
    """Check the shape of a template and the names in it.

    Args:
        sections: The template.
        found: Its contents, with loops written out.

    Raises:
        TemplateFault: CloudFormation would refuse the template.
    """
    for problem in (
        *_of_sections(sections, found),
        *_of_nulls(sections),
        *_of_resources(found),
        *_of_extensions(sections, found),
        *_of_names(sections, found),
        *_of_circles(found),
    ):
        raise problem


def _of_sections(sections: Mapping[str, Any], found: Contents) -> Iterator[TemplateFault]:
    for name in sections:
        if name not in _SECTIONS and not found.open_names:
            yield TemplateFault(f"a template has no section {name}", line_of(sections, name))
    if sections.get("AWSTemplateFormatVersion", "2010-09-09") != "2010-09-09":
        yield TemplateFault(
            "the only AWSTemplateFormatVersion is 2010-09-09", line_of(sections, "AWSTemplateFormatVersion")
        )
    if not found.resources and not found.open_names:
        yield TemplateFault("not a template: it has no Resources")


def _of_nulls(value: Any, path: str = "", line: int | None = None) -> Iterator[TemplateFault]:  # noqa: ANN401
    """CloudFormation: "'null' values are not allowed in templates"."""
    if value is None:
        yield TemplateFault(f"{path} is null, which CloudFormation takes nowhere", line)
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield from _of_nulls(one, f"{path}/{name}", line_of(value, str(name)) or line)


def _of_resources(found: Contents) -> Iterator[TemplateFault]:
    for name in found.resources.twice:
        yield TemplateFault(f"two resources have the logical id {name}", line_of(found.resources, name))
    for name, resource in found.resources.items():
        line = line_of(found.resources, name)
        if name == TRANSFORM or isinstance(resource, Unknown):
            continue
        if name.startswith(FOR_EACH):
            yield TemplateFault(f"{name} needs Transform: {EXTENSIONS}", line)
        elif not _LOGICAL_ID.fullmatch(name):
            yield TemplateFault(f"{name} is no logical id: 1 to 255 letters and digits", line)
        elif not isinstance(resource, dict):
            yield TemplateFault(f"resource {name} is not a map", line)
        elif not isinstance(resource.get("Type"), str) and TRANSFORM not in resource:
            yield TemplateFault(f"resource {name} has no Type", line)
        else:
            yield from _of_attributes(name, resource, found)


def _of_attributes(name: str, resource: Mapping[str, Any], found: Contents) -> Iterator[TemplateFault]:
    for attribute in resource:
        if attribute not in _ATTRIBUTES and not found.open_names:
            yield TemplateFault(f"resource {name} has an unknown attribute {attribute}", line_of(resource, attribute))
    properties = resource.get("Properties", {})
    if not isinstance(properties, dict):
        yield TemplateFault(f"the Properties of {name} are not a map", line_of(resource, "Properties"))
    for twice in getattr(properties, "twice", ()):
        yield TemplateFault(f"{name} has the property {twice} twice", line_of(properties, twice))
    if not isinstance(resource.get("Condition", ""), str) and EXTENSIONS not in found.transforms:
        yield TemplateFault(f"the Condition of {name} is not a condition's name", line_of(resource, "Condition"))


def _of_extensions(value: Any, found: Contents) -> Iterator[TemplateFault]:  # noqa: ANN401
    """Functions that only a transform knows, in a template that no transform changes."""
    if EXTENSIONS in found.transforms or found.open_names:
        return
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        if name in _EXTENSIONS or str(name).startswith(FOR_EACH):
            yield TemplateFault(f"{name} needs Transform: {EXTENSIONS}", line_of(value, str(name)))
        yield from _of_extensions(one, found)


def _of_names(sections: Mapping[str, Any], found: Contents) -> Iterator[TemplateFault]:
    """Names that nothing defines; nothing is said where a macro, an include or a module may define them."""
    if found.open_names:
        return
    values = {*_keys(sections, "Parameters"), *found.resources}
    defined = {
        "value": values,
        "resource": set(found.resources),
        "condition": set(found.scope.conditions),
        "mapping": _keys(sections, "Mappings"),
    }
    used = [found.resources, found.scope.conditions, sections.get("Outputs", {})]
    for one in (one for part in used for one in references(part)):
        if one.name not in defined[one.kind] and not (one.kind == "value" and one.name.startswith("AWS::")):
            what = "parameter or resource" if one.kind == "value" else one.kind
            yield TemplateFault(f"there is no {what} {one.name}", one.line)
    for one in references(found.scope.conditions):
        if one.kind == "resource" or (one.kind == "value" and one.name in found.resources):
            yield TemplateFault(f"a condition can't refer to the resource {one.name}", one.line)
    for name, resource in found.resources.items():
        for needed in _depends_on(resource):
            if needed not in found.resources:
                yield TemplateFault(f"{name} depends on {needed}, which is not there", line_of(resource, "DependsOn"))
        condition = resource.get("Condition") if isinstance(resource, dict) else None
        if isinstance(condition, str) and condition not in defined["condition"] and not found.scope.open_conditions:
            yield TemplateFault(f"there is no condition {condition}", line_of(resource, "Condition"))


def _of_circles(found: Contents) -> Iterator[TemplateFault]:
    if found.open_names:
        return
    try:
        TopologicalSorter(_needs(found.resources)).prepare()
    except CycleError as error:
        yield TemplateFault(f"resources refer to each other in a circle: {', '.join(map(str, error.args[1]))}")


def _needs(resources: Mapping[str, Any]) -> dict[str, set[str]]:
    """Give the resources that each resource refers to, by logical id."""
    found: dict[str, set[str]] = {}
    for name, resource in resources.items():
        parts = {key: one for key, one in resource.items() if key != "Metadata"} if isinstance(resource, dict) else {}
        used = {one.name for one in references(Map(parts, {})) if one.kind in ("value", "resource")}
        found[name] = {one for one in {*used, *_depends_on(resource)} if one in resources and one != name}
    return found


def _depends_on(resource: Any) -> list[str]:  # noqa: ANN401
    given = resource.get("DependsOn", []) if isinstance(resource, dict) else []
    return [one for one in (given if isinstance(given, list) else [given]) if isinstance(one, str)]


def _keys(sections: Mapping[str, Any], name: str) -> set[str]:
    section = sections.get(name, {})
    return set(section) if isinstance(section, dict) else set()
