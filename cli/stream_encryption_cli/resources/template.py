"""The custom resources of a template, evaluated in the scope of the template's parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stream_encryption_cli.template.contents import TRANSFORM, Contents, contents
from stream_encryption_cli.template.functions import Functions
from stream_encryption_cli.template.scope import Scope
from stream_encryption_cli.template.text import line_of
from stream_encryption_cli.template.unknown import TemplateFault, Unknown, as_sent, unknown_in

from .refusals import check, unproven
from .served import may_be

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STREAM = "AWS::Kinesis::Stream"
STACK = "AWS::CloudFormation::Stack"
_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate")


@dataclass(frozen=True, slots=True)
class Resource:
    """A custom resource.

    Attributes:
        logical_id: Its logical id.
        type: Its type.
        properties: What CloudFormation would send, as strings. What can't be told is Unknown.
        unsure: What it depends on whether the resource is there; None where it surely is.
        opened: What else its properties depend on: an include that may bring more of them.
        deletion_policy: Its DeletionPolicy.
        replace_policy: Its UpdateReplacePolicy.
        line: Its line in the template.
    """

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    unsure: Unknown | None = None
    opened: Unknown | None = None
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"
    line: int | None = None

    @property
    def token(self) -> Any:  # noqa: ANN401
        """Its ServiceToken; Unknown where only the deployment tells it, and None where there is none."""
        return self.properties.get("ServiceToken", self.opened)


@dataclass(frozen=True, slots=True)
class MadeStream:
    """A stream that the template itself makes.

    Attributes:
        logical_id: Its logical id.
        name: Its name; None where only the deployment tells it.
        key_id: The key of its own StreamEncryption; None where it has none.
    """

    logical_id: str
    name: str | None
    key_id: str | None


class Template:
    """A template in the scope of its parameters."""

    def __init__(self, sections: Mapping[str, Any], scope: Scope, *, deployed: bool = False) -> None:
        """Write out its loops, and check it.

        Args:
            sections: The template; an empty one has no resources.
            scope: The values of its parameters, the exports and the pseudo parameters.
            deployed: CloudFormation has taken it already, so that there is nothing to check.

        Raises:
            TemplateFault: CloudFormation would refuse it.
        """
        self._sections = sections
        self._scope = scope
        self.found: Contents = contents(sections, scope)
        self._functions = Functions(self.found.scope)
        self.openings = [
            one for one in self.found.openings if self._functions.is_there(self.found.resources.get(one.name))
        ]
        if not deployed:
            check(sections, self.found)
            self.openings += unproven(sections, self.found)
        self.streams = {one.logical_id: one for one in self._streams()}
        named = [self._stream_attributes(one.logical_id, one.name) for one in self.streams.values() if one.name]
        attributes = {**{name: value for one in named for name, value in one.items()}, **scope.attributes}
        self._functions = Functions(replace(self.found.scope, attributes=attributes))
        self._definitions: dict[str, Any] = {}

    def with_physical_ids(self, ids: Mapping[str, str]) -> Template:
        """Evaluate the same template where the resources of these logical ids are there already."""
        streams = [self._stream_attributes(name, id_) for name, id_ in ids.items() if self.type_of(name) == STREAM]
        attributes = {**ids, **{name: value for one in streams for name, value in one.items()}}
        return Template(self._sections, replace(self._scope, attributes=attributes), deployed=True)

    def type_of(self, logical_id: str) -> str | None:
        """Give a resource's type; None where there is no such resource, or its condition is not met."""
        resource = self.found.resources.get(logical_id)
        if not isinstance(resource, dict) or self._functions.is_there(resource) is False:
            return None
        return str(resource.get("Type"))

    def policy(self, logical_id: str, name: str) -> str:
        """Give a resource's DeletionPolicy or UpdateReplacePolicy.

        Raises:
            TemplateFault: CloudFormation knows no such policy for it.
        """
        resource = self.found.resources.get(logical_id)
        given = resource.get(name, "Delete") if isinstance(resource, dict) else "Delete"
        policy = self._functions.evaluate(given)
        if policy not in _POLICIES and not isinstance(policy, Unknown):
            raise TemplateFault(f"resource {logical_id} can't have the {name} {policy}", line_of(resource, name))
        return str(policy)

    @cached_property
    def customs(self) -> dict[str, Resource]:
        """The custom resources, by logical id, without those whose condition is not met."""
        customs = {
            name: one
            for name, one in self.found.resources.items()
            if isinstance(one, dict) and may_be(str(one.get("Type"))) and self._functions.is_there(one) is not False
        }
        return {name: self._resource(name, one) for name, one in customs.items()}

    def kept(self, later: Template) -> frozenset[str]:
        """Give the resources that stay just the same in a later template, as does everything that they are made of."""
        same = {name: self._definition(name) for name in self.found.resources}
        unknown = {name: unknown_in(mine) for name, mine in same.items() if mine == later._definition(name)}
        kept = {name for name, one in unknown.items() if one is None or one.steady}
        while True:
            changed = {name for name in kept if (one := unknown[name]) and not one.needs - {name} <= kept}
            if not changed:
                return frozenset(kept)
            kept -= changed

    def _definition(self, logical_id: str) -> Any:  # noqa: ANN401
        """Evaluate what a resource's values depend on, once; nothing where there is no such resource."""
        if logical_id not in self._definitions:
            resource = self.found.resources.get(logical_id)
            parts = resource if isinstance(resource, dict) else {}
            try:
                told = self._functions.evaluate({key: parts.get(key) for key in ("Type", "Properties", TRANSFORM)})
            except TemplateFault as fault:
                told = Unknown((str(fault),), steady=False)
            self._definitions[logical_id] = told
        return self._definitions[logical_id]

    def _resource(self, logical_id: str, resource: Mapping[str, Any]) -> Resource:
        there = self._functions.is_there(resource)
        evaluated = self._functions.evaluate(resource.get("Properties", {}))
        properties = evaluated if isinstance(evaluated, dict) else {}
        opened = evaluated if isinstance(evaluated, Unknown) else None
        if TRANSFORM in properties or TRANSFORM in resource:
            opened = Unknown((TRANSFORM,), steady=False)
        return Resource(
            logical_id,
            str(resource["Type"]),
            {name: unknown_in(one) or as_sent(one) for name, one in properties.items() if name != TRANSFORM},
            there if isinstance(there, Unknown) else None,
            opened,
            self.policy(logical_id, "DeletionPolicy"),
            self.policy(logical_id, "UpdateReplacePolicy"),
            line_of(self.found.resources, logical_id),
        )

    def _streams(self) -> Iterator[MadeStream]:
        """Find the streams that the template makes, with the names and keys that are known."""
        for logical_id, resource in self.found.resources.items():
            if self.type_of(logical_id) == STREAM:
                properties = self._functions.evaluate(resource.get("Properties", {}))
                properties = properties if isinstance(properties, dict) else {}
                name = self._scope.attributes.get(logical_id, properties.get("Name"))
                encryption = properties.get("StreamEncryption", {})
                key = encryption.get("KeyId") if isinstance(encryption, dict) else encryption
                yield MadeStream(logical_id, name if isinstance(name, str) else None, str(key) if key else None)

    def _stream_attributes(self, logical_id: str, name: str) -> dict[str, str]:
        told = [self._scope.values.get(f"AWS::{one}") for one in ("Partition", "Region", "AccountId")]
        partition, region, account = told
        arn = f"arn:{partition}:kinesis:{region}:{account}:stream/{name}"
        return {logical_id: name} | ({f"{logical_id}.Arn": arn} if all(isinstance(one, str) for one in told) else {})


EMPTY = Template({}, Scope(), deployed=True)
"""A template without resources: that of a stack that is to be deleted."""
