"""What a template's sections hold once loops are written out, and what only CloudFormation can add to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .functions import Functions
from .loops import FOR_EACH, unknown_loops, written_out
from .scope import Scope
from .text import Map, line_of
from .unknown import TemplateFault, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TRANSFORM = "Fn::Transform"
EXTENSIONS = "AWS::LanguageExtensions"
_SAM = "AWS::Serverless-2016-10-31"
_HARMLESS = (
    "AWS::CodeDeployBlueGreen",
    "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16",
    "AWS::ServiceCatalog",
)
"""AWS's own transforms that neither add nor change a custom resource."""
_STACKS = (
    "AWS::CloudFormation::Stack",
    "AWS::CloudFormation::StackSet",
    "AWS::Serverless::Application",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
)
"""Resource types that deploy templates of their own."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A place where resources may come from that this template does not show.

    Attributes:
        name: The logical id, or the transform.
        reason: Why nobody can tell here what it holds.
        line: The line of the template.
    """

    name: str
    reason: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """A template's sections with their loops written out.

    Attributes:
        transforms: The transforms of the whole template, by name.
        resources: The resources, by logical id.
        scope: The scope that values are evaluated in.
        openings: Where more resources may come from.
        open_names: Whether names may be defined that this template does not show.
    """

    transforms: tuple[str, ...]
    resources: Map
    scope: Scope
    openings: tuple[Opening, ...]
    open_names: bool


def contents(sections: Mapping[str, Any], scope: Scope) -> Contents:
    """Write out the loops of a template.

    Args:
        sections: The template.
        scope: The values of its parameters, the exports and the pseudo parameters.

    Raises:
        TemplateFault: CloudFormation would refuse the template.
    """
    transforms = tuple(_transforms(sections))
    mappings = _map(sections, "Mappings")
    conditions = _map(sections, "Conditions")
    resources = _map(sections, "Resources")
    plain = Functions(Scope({**scope.values}, mappings, {}, exports=scope.exports))
    if EXTENSIONS in transforms:
        conditions = written_out(conditions, plain.evaluate)
        plain = Functions(Scope({**scope.values}, mappings, conditions, exports=scope.exports))
        resources = written_out(resources, plain.evaluate)
    openings = (*_of_the_whole(sections, transforms), *_of_resources(resources))
    made_elsewhere = [one for one in openings if not is_nested(resources.get(one.name))]
    inner = Scope(
        scope.values,
        mappings,
        conditions,
        TRANSFORM in conditions or bool(unknown_loops(conditions)) or bool(made_elsewhere),
        scope.exports,
        scope.attributes,
    )
    return Contents(transforms, resources, inner, openings, _SAM in transforms or bool(made_elsewhere))


def _transforms(sections: Mapping[str, Any]) -> Iterator[str]:
    given = sections.get("Transform", [])
    for one in given if isinstance(given, list) else [given]:
        name = one.get("Name") if isinstance(one, dict) else one
        if not isinstance(name, str):
            raise TemplateFault("Transform must be a macro's name, or a list of them", line_of(sections, "Transform"))
        yield name


def _map(sections: Mapping[str, Any], name: str) -> Map:
    section = sections.get(name, {})
    if not isinstance(section, dict):
        raise TemplateFault(f"{name} must be a map", line_of(sections, name))
    return section if isinstance(section, Map) else Map(section, {})


def _of_the_whole(sections: Mapping[str, Any], transforms: tuple[str, ...]) -> Iterator[Opening]:
    for name in transforms:
        if name not in (EXTENSIONS, _SAM, *_HARMLESS):
            yield Opening(name, f"what the transform {name} makes of the template", line_of(sections, "Transform"))
    if TRANSFORM in sections:
        yield Opening(TRANSFORM, "what the template's Fn::Transform brings", line_of(sections, TRANSFORM))


def _of_resources(resources: Map) -> Iterator[Opening]:
    for name, value in resources.items():
        line = line_of(resources, name)
        if name == TRANSFORM:
            yield Opening(name, "what Fn::Transform among the resources brings", line)
        elif isinstance(value, Unknown):
            yield Opening(name, f"which resources the loop {name.removeprefix(FOR_EACH)} makes of {value}", line)
        elif isinstance(value, dict) and "Type" not in value and TRANSFORM in value:
            yield Opening(name, f"what Fn::Transform makes of resource {name}", line)
        elif is_nested(value):
            yield Opening(name, f"what the template of {name} ({value['Type']}) holds", line)
        elif isinstance(value, dict) and str(value.get("Type")).endswith("::MODULE"):
            yield Opening(name, f"what the module {name} ({value['Type']}) holds", line)


def is_nested(resource: Any) -> bool:  # noqa: ANN401
    """Tell whether a resource deploys a template of its own."""
    return isinstance(resource, dict) and resource.get("Type") in _STACKS
