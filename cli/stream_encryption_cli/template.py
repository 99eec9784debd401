"""A template with its parameters: which of its resources ask the provider for something, and what they ask for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .intrinsics import Scope, TemplateFault, Unknown, as_sent, entries, holds, resolve, unknown_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TYPE = "Custom::KinesisStreamEncryption"
NESTED = "AWS::CloudFormation::Stack"
UNDERSTOOD = ("AWS::LanguageExtensions", "AWS::Serverless-2016-10-31")
"""The transforms that change nothing of a custom resource that is not worked out here as well."""

_MASKED = "****"
"""What CloudFormation tells of a parameter that is NoEcho."""


@dataclass(frozen=True, slots=True)
class Encryption:
    """One resource of the provider's type.

    Attributes:
        logical_id: Its logical id.
        properties: What CloudFormation would send, as strings; what can't be told is Unknown.
        unsure: What it hangs on whether the resource is there at all; None where it is there.
        deletion_policy: Its DeletionPolicy.
        replace_policy: Its UpdateReplacePolicy.
    """

    logical_id: str
    properties: Mapping[str, Any]
    unsure: Unknown | None = None
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"


@dataclass(frozen=True, slots=True)
class Template:
    """A template in the scope of its parameters."""

    sections: Mapping[str, Any] = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)

    @classmethod
    def of(cls, sections: Mapping[str, Any], scope: Scope) -> Template:
        """Have the template's own mappings and conditions in scope."""
        own = {name.lower(): sections.get(name) or {} for name in ("Mappings", "Conditions")}
        return cls(sections, replace(scope, mappings=own["mappings"], conditions=own["conditions"]))

    @property
    def encryptions(self) -> dict[str, Encryption]:
        """The resources of the provider's type, by logical id, but for those whose condition is not met."""
        found = {}
        for logical_id, resource, scope in self._resources():
            if isinstance(resource, Unknown):
                found[logical_id] = Encryption(logical_id, {}, resource)
            elif resource.get("Type") == TYPE:
                met = holds(resource["Condition"], scope) if "Condition" in resource else True
                if met is not False:
                    found[logical_id] = _encryption(logical_id, resource, scope, met)
        return found

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the template nobody but CloudFormation looks into."""
        transforms = self.sections.get("Transform") or []
        names = transforms if isinstance(transforms, list) else [transforms]
        macros = [str(name) for name in names if name not in UNDERSTOOD]
        nested = [id_ for id_, one, _ in self._resources() if isinstance(one, dict) and one.get("Type") == NESTED]
        return (
            *(f"what the transform {name} would add to the template is not planned" for name in macros),
            *(f"the nested stack {id_} is not looked into: plan its template by itself" for id_ in nested),
        )

    def with_physical_ids(self, ids: Mapping[str, str]) -> Template:
        """Have Ref tell these."""
        return replace(self, scope=replace(self.scope, physical_ids=ids))

    def keeps(self, later: Template, logical_id: str) -> bool:
        """Whether a resource is just the same in a later template, and so is all that it is made of."""
        return self._keeps(later, logical_id, frozenset())

    def means_the_same(self, later: Template, unknown: Unknown) -> bool:
        """Whether what can't be told, and is spelled alike in both templates, is the same all the same."""
        return self._same(later, unknown, frozenset())

    def _same(self, later: Template, unknown: Unknown | None, seen: frozenset[str]) -> bool:
        if unknown is None:
            return True
        return unknown.steady and all(self._keeps(later, one, seen) for one in unknown.needs - seen)

    def _keeps(self, later: Template, logical_id: str, seen: frozenset[str]) -> bool:
        mine = self._definition(logical_id)
        return mine == later._definition(logical_id) and self._same(later, unknown_in(mine), seen | {logical_id})

    def _definition(self, logical_id: str) -> Any:  # noqa: ANN401
        for name, resource, scope in self._resources():
            if name == logical_id:
                return resolve(resource, scope)
        return None

    def _resources(self) -> Iterator[tuple[str, Any, Scope]]:
        resources = self.sections.get("Resources")
        if not isinstance(resources, dict):
            return
        for name, resource, scope in entries(resources, self.scope):
            if not isinstance(resource, dict | Unknown):
                raise TemplateFault(f"resource {name} is no map")
            yield name, resource, scope


def _encryption(logical_id: str, resource: Mapping[str, Any], scope: Scope, met: bool | Unknown) -> Encryption:  # noqa: FBT001
    properties = resolve(resource.get("Properties") or {}, scope)
    return Encryption(
        logical_id,
        {name: unknown_in(value) or as_sent(value) for name, value in properties.items()},
        met if isinstance(met, Unknown) else None,
        str(resolve(resource.get("DeletionPolicy", "Delete"), scope)),
        str(resolve(resource.get("UpdateReplacePolicy", "Delete"), scope)),
    )


def parameter_values(
    sections: Mapping[str, Any], given: Mapping[str, str], before: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The values of a template's parameters.

    Args:
        sections: The template.
        given: What this deployment gives.
        before: What the deployed stack has, which stays where this deployment gives nothing.

    Raises:
        TemplateFault: CloudFormation would miss some, or not know some.
    """
    declared: Mapping[str, Any] = sections.get("Parameters") or {}
    strangers = [name for name in given if name not in declared]
    if strangers:
        raise TemplateFault(f"the template has no parameter {', '.join(strangers)}")
    texts = {name: one["Default"] for name, one in declared.items() if "Default" in one}
    texts |= {name: value for name, value in (before or {}).items() if name in declared} | dict(given)
    missing = [name for name in declared if name not in texts]
    if missing:
        raise TemplateFault(f"parameters without a value: {', '.join(missing)} (--parameter {missing[0]}=...)")
    return {name: _parameter(name, str(one.get("Type", "String")), texts[name]) for name, one in declared.items()}


def _parameter(name: str, kind: str, text: Any) -> Any:  # noqa: ANN401
    if kind.startswith("AWS::SSM::Parameter::Value<"):
        return Unknown((f"!Ref {name} (the SSM parameter {text})",), steady=False)
    if text == _MASKED:
        return Unknown((f"!Ref {name} (NoEcho)",), steady=False)
    value = str(as_sent(text))
    listed = kind == "CommaDelimitedList" or kind.startswith("List<")
    return [one.strip() for one in value.split(",")] if listed else value
