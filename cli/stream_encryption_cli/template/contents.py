"""What a template's sections hold once loops are written out, and what only CloudFormation can add to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .functions import Functions
from .loops import FOR_EACH, written_out
from .text import SAM, Map, line_of
from .unknown import TemplateFault, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .scope import Scope

TRANSFORM = "Fn::Transform"
EXTENSIONS = "AWS::LanguageExtensions"
_HARMLESS = re.compile(r"AWS::(CodeDeployBlueGreen|SecretsManager-.+|ServiceCatalog)")
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
    """A place of the template whose meaning only the deployment tells.

    Attributes:
        name: The logical id, the transform or the rule.
        reason: What nobody can tell here, as the beginning of a sentence.
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
        outputs: The outputs, by name.
        scope: The scope that values are evaluated in.
        openings: Where more resources may come from.
        open_ids: Whether there may be resources that this template does not show.
    """

    transforms: tuple[str, ...]
    resources: Map
    outputs: Map
    scope: Scope
    openings: tuple[Opening, ...]
    open_ids: bool

    @property
    def open_names(self) -> bool:
        """Whether names may be defined that this template does not show. SAM makes resources of its own, too."""
        return self.open_ids or SAM in self.transforms


def contents(sections: Mapping[str, Any], scope: Scope) -> Contents:
    """Write out the loops of a template.

    Args:
        sections: The template.
        scope: The values of its parameters, the exports and the pseudo parameters.

    Raises:
        TemplateFault: CloudFormation would refuse the template.
    """
    transforms = tuple(_transforms(sections))
    mappings, *looped = (section_of(sections, name) for name in ("Mappings", "Conditions", "Resources", "Outputs"))
    if EXTENSIONS in transforms:
        early = Functions(replace(scope, mappings=mappings, open_conditions=True, attributes={}))
        looped = [written_out(one, early.evaluate) for one in looped]
    conditions, resources, outputs = looped
    openings = (*_of_the_whole(sections, transforms), *_of_resources(resources))
    open_ids = not all(is_nested(resources.get(one.name)) for one in openings)
    unknown_loop = any(isinstance(one, Unknown) for one in conditions.values())
    open_conditions = open_ids or unknown_loop or TRANSFORM in conditions
    inner = replace(scope, mappings=mappings, conditions=conditions, open_conditions=open_conditions)
    return Contents(transforms, resources, outputs, inner, openings, open_ids)


def section_of(sections: Mapping[str, Any], name: str) -> Map:
    """Give a section of a template; an empty one where the template has none.

    Raises:
        TemplateFault: It is no map.
    """
    section = sections.get(name, {})
    if not isinstance(section, dict):
        raise TemplateFault(f"{name} must be a map", line_of(sections, name))
    return section if isinstance(section, Map) else Map(section, {})


def is_nested(resource: Any) -> bool:  # noqa: ANN401
    """Tell whether a resource deploys a template of its own."""
    return isinstance(resource, dict) and resource.get("Type") in _STACKS


def _transforms(sections: Mapping[str, Any]) -> Iterator[str]:
    given = sections.get("Transform", [])
    for one in given if isinstance(given, list) else [given]:
        name = one.get("Name") if isinstance(one, dict) else one
        if not isinstance(name, str):
            raise TemplateFault("Transform must be a macro's name, or a list of them", line_of(sections, "Transform"))
        yield name


def _of_the_whole(sections: Mapping[str, Any], transforms: tuple[str, ...]) -> Iterator[Opening]:
    for name in transforms:
        if name not in (EXTENSIONS, SAM) and not _HARMLESS.fullmatch(name):
            yield Opening(name, f"what the transform {name} makes of the template", line_of(sections, "Transform"))
    if TRANSFORM in sections:
        yield Opening(TRANSFORM, "what the template's Fn::Transform brings", line_of(sections, TRANSFORM))


def _of_resources(resources: Map) -> Iterator[Opening]:
    for name, value in resources.items():
        kind = value.get("Type") if isinstance(value, dict) else None
        if name == TRANSFORM:
            reason = "what Fn::Transform among the resources brings"
        elif isinstance(value, Unknown):
            reason = f"which resources the loop {name.removeprefix(FOR_EACH)} makes of {value}"
        elif isinstance(value, dict) and kind is None and TRANSFORM in value:
            reason = f"what Fn::Transform makes of resource {name}"
        elif is_nested(value):
            reason = f"what the template of {name} ({kind}) holds"
        elif str(kind).endswith("::MODULE"):
            reason = f"what the module {name} ({kind}) holds"
        else:
            continue
        yield Opening(name, reason, line_of(resources, name))
