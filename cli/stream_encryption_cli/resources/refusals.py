"""Faults of a template that CloudFormation surely refuses before it touches anything."""

from __future__ import annotations

import re
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import TYPE_CHECKING, Any

from stream_encryption_cli.template.contents import EXTENSIONS, TRANSFORM, Opening, section_of
from stream_encryption_cli.template.functions import Functions
from stream_encryption_cli.template.loops import FOR_EACH
from stream_encryption_cli.template.text import Map, line_of
from stream_encryption_cli.template.unknown import MissingName, TemplateFault, Unknown, entries, unknown_in

from .served import ATTRIBUTES, TYPE, may_be

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from stream_encryption_cli.template.contents import Contents

_SECTIONS = re.compile(
    "AWSTemplateFormatVersion|Conditions|Description|Globals|Hooks|Mappings|Metadata|Outputs|Parameters|Resources|Rules"
    "|Transform"
)
_ATTRIBUTES = re.compile(
    "Condition|Connectors|CreationPolicy|DeletionPolicy|DependsOn|IgnoreGlobals|Metadata|Properties|Type|UpdatePolicy"
    "|UpdateReplacePolicy|Version|Fn::Transform"
)
_LOGICAL_ID = re.compile(r"[a-zA-Z0-9]{1,255}")
_MOST_RESOURCES = 500


def check(sections: Mapping[str, Any], found: Contents) -> None:
    """Check the shape of a template and the names in it.

    Args:
        sections: The template.
        found: Its contents, with loops written out.

    Raises:
        TemplateFault: CloudFormation would refuse the template.
    """
    for problem in chain(_of_values(sections), _of_resources(found)):
        raise problem
    if found.open_names:
        return
    for problem in chain(_of_sections(sections, found), _of_names(found)):
        raise problem
    in_conditions = Functions(replace(found.scope, resources={}))
    for name, condition in found.scope.conditions.items():
        if name != TRANSFORM and not isinstance(condition, Unknown):
            in_conditions.holds(name)
    functions = Functions(replace(found.scope, resources={name: _gives(one) for name, one in found.resources.items()}))
    absent = {name for name, one in found.resources.items() if functions.is_there(one) is False}
    for name, one in found.outputs.items():
        _needs(name, one, absent, functions)
    needs = {name: _needs(name, one, absent, functions) for name, one in found.resources.items()}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        names = ", ".join(map(str, error.args[1]))
        raise TemplateFault(f"resources refer to each other in a circle: {names}") from None


def unproven(sections: Mapping[str, Any], found: Contents) -> Iterator[Opening]:
    """Give the Rules of which nobody can tell whether they let these parameters pass.

    Raises:
        TemplateFault: A rule refuses them.
    """
    rules, functions = section_of(sections, "Rules"), Functions(replace(found.scope, resources={}))
    for name, rule in rules.items():
        if not isinstance(rule, dict) or not isinstance(rule.get("Assertions", []), list):
            raise TemplateFault(f"rule {name} has no list of Assertions", line_of(rules, name))
        applies = functions.met(rule["RuleCondition"]) if "RuleCondition" in rule else True
        asserts = [one.get("Assert") for one in rule.get("Assertions", []) if isinstance(one, dict)]
        met = {functions.met(one) for one in asserts} if applies is not False else {True}
        if False in met and applies is True:
            raise TemplateFault(f"rule {name} refuses these parameters", line_of(rules, name))
        if met - {True}:
            yield Opening(name, f"whether rule {name} lets these parameters pass", line_of(rules, name))


def _of_values(value: Any, path: str = "", line: int | None = None) -> Iterator[TemplateFault]:  # noqa: ANN401
    """Find nulls ("'null' values are not allowed in templates") and keys that are written twice."""
    if value is None:
        yield TemplateFault(f"{path} is null, which CloudFormation takes nowhere", line)
    for twice in value.twice if isinstance(value, Map) else ():
        yield TemplateFault(f"{path}/{twice} is written twice", line_of(value, twice))
    for name, one in entries(value):
        yield from _of_values(one, f"{path}/{name}", line_of(value, str(name)) or line)


def _of_sections(sections: Mapping[str, Any], found: Contents) -> Iterator[TemplateFault]:
    if EXTENSIONS not in found.transforms:
        yield from _of_extensions(sections)
    for name in sections:
        if not _SECTIONS.fullmatch(name):
            yield TemplateFault(f"a template has no section {name}", line_of(sections, name))
    if sections.get("AWSTemplateFormatVersion", "2010-09-09") != "2010-09-09":
        line = line_of(sections, "AWSTemplateFormatVersion")
        yield TemplateFault("the only AWSTemplateFormatVersion is 2010-09-09", line)
    if not 1 <= len(found.resources) <= _MOST_RESOURCES:
        yield TemplateFault(f"a template has 1 to {_MOST_RESOURCES} Resources, and this one has {len(found.resources)}")
    for part in (section_of(sections, "Parameters"), found.scope.mappings, found.outputs):
        yield from _of_entries(part, "Value" if part is found.outputs else None)


def _of_entries(section: Mapping[str, Any], needed: str | None) -> Iterator[TemplateFault]:
    for name, one in section.items():
        if name == TRANSFORM or isinstance(one, Unknown):
            continue
        if not _LOGICAL_ID.fullmatch(name) or not isinstance(one, dict) or (needed and needed not in one):
            told = f"{name} is no map{f' with a {needed}' if needed else ''} that has a name of letters and digits"
            yield TemplateFault(told, line_of(section, name))


def _of_extensions(value: Any) -> Iterator[TemplateFault]:  # noqa: ANN401
    """Find functions that only the transform AWS::LanguageExtensions knows."""
    for name, one in entries(value):
        default = name == "Fn::FindInMap" and isinstance(one, list) and len(one) > 3  # noqa: PLR2004
        if default or name in ("Fn::Length", "Fn::ToJsonString") or str(name).startswith(FOR_EACH):
            told = "a DefaultValue" if default else name
            yield TemplateFault(f"{told} needs Transform: {EXTENSIONS}", line_of(value, str(name)))
        yield from _of_extensions(one)


def _of_resources(found: Contents) -> Iterator[TemplateFault]:
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
            yield from (TemplateFault(f"resource {name} {told}", line) for told in _of_resource(resource, found))


def _of_resource(resource: Mapping[str, Any], found: Contents) -> Iterator[str]:
    """Tell what is wrong with a resource, as the end of a sentence."""
    for name in () if found.open_names else resource:
        if not _ATTRIBUTES.fullmatch(name):
            yield f"has an unknown attribute {name}"
    properties = resource.get("Properties", {})
    if not isinstance(properties, dict):
        yield "has Properties that are not a map"
    kind, opened = str(resource.get("Type")), any(TRANSFORM in one for one in (resource, properties))
    if may_be(kind) and kind != TYPE and "ServiceToken" not in properties and not opened and not found.open_ids:
        yield "has no ServiceToken"
    if EXTENSIONS not in found.transforms:
        for name in ("Condition", "DeletionPolicy", "UpdateReplacePolicy"):
            if not isinstance(resource.get(name, ""), str):
                yield f"has a {name} that is not a text"


def _of_names(found: Contents) -> Iterator[TemplateFault]:
    """Find names in DependsOn that nothing defines."""
    for name, resource in found.resources.items():
        for needed in _depends_on(resource):
            if not isinstance(needed, str) or needed not in found.resources:
                yield TemplateFault(f"{name} depends on {needed}, which is not there", line_of(resource, "DependsOn"))


def _needs(name: str, part: Any, absent: set[str], functions: Functions) -> set[str]:  # noqa: ANN401
    """Evaluate a resource or an output; give the resources that it refers to.

    Raises:
        TemplateFault: It can't be evaluated, or refers to a resource that is absent. Where its own condition is not
            met, only its names are checked.
    """
    there = functions.is_there(part)
    evaluated: dict[str, Any] = {}
    try:
        for key, one in part.items() if isinstance(part, dict) else ():
            evaluated[key] = functions.evaluate(one)
    except TemplateFault as fault:
        if there is not False or isinstance(fault, MissingName):
            raise
    unknown = unknown_in({key: one for key, one in evaluated.items() if key != "Metadata"})
    used = unknown.needs if unknown else frozenset()
    if there is True and used & absent:
        raise TemplateFault(f"{name} refers to {min(used & absent)}, whose condition is not met")
    return {*_depends_on(part), *used}


def _gives(resource: Any) -> Collection[str] | None:  # noqa: ANN401
    """Give the attributes of a resource of the provider's; None for another one, which may give any."""
    return ATTRIBUTES if isinstance(resource, dict) and resource.get("Type") == TYPE else None


def _depends_on(resource: Any) -> list[Any]:  # noqa: ANN401
    given = resource.get("DependsOn", []) if isinstance(resource, dict) else []
    return given if isinstance(given, list) else [given]
