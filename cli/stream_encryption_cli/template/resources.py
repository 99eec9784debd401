"""The custom resources of a template that the provider serves, evaluated in the scope of the template's parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .contents import TRANSFORM, Contents, contents
from .functions import Functions
from .refusals import check
from .scope import Scope
from .text import line_of
from .unknown import TemplateFault, Unknown, as_sent, merged, unknown_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .served import Served

STREAM = "AWS::Kinesis::Stream"
STACK = "AWS::CloudFormation::Stack"


@dataclass(frozen=True, slots=True)
class Resource:
    """A custom resource that the provider serves.

    Attributes:
        logical_id: Its logical id.
        type: Its type.
        properties: What CloudFormation would send, as strings. What can't be told is Unknown.
        unsure: What it depends on whether the resource is there and is the provider's; None where it surely is.
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
        if sections and not deployed:
            check(sections, self.found)
        self._functions = Functions(replace(self.found.scope, attributes={**self._named_streams, **scope.attributes}))
        self._definitions: dict[str, Any] = {}

    def with_physical_ids(self, ids: Mapping[str, str]) -> Template:
        """Evaluate the same template where the resources of these logical ids are there already."""
        attributes: dict[str, Any] = dict(ids)
        for name, id_ in ids.items():
            if self.type_of(name) == STREAM:
                attributes |= self._stream_attributes(name, id_)
        return Template(self._sections, replace(self._scope, attributes=attributes), deployed=True)

    def type_of(self, logical_id: str) -> str | None:
        """Give a resource's type; None where there is no such resource."""
        resource = self.found.resources.get(logical_id)
        return str(resource.get("Type")) if isinstance(resource, dict) else None

    def policy(self, logical_id: str, name: str) -> str:
        """Give a resource's DeletionPolicy or UpdateReplacePolicy."""
        resource = self.found.resources.get(logical_id)
        given = resource.get(name, "Delete") if isinstance(resource, dict) else "Delete"
        return str(self._functions.evaluate(given))

    def resources(self, served: Served) -> dict[str, Resource]:
        """Give the resources that the provider serves, by logical id, without those whose condition is not met."""
        found = {}
        for logical_id, resource in self.found.resources.items():
            if isinstance(resource, dict) and served.may_be(str(resource.get("Type"))):
                one = self._resource(logical_id, resource, served)
                if one:
                    found[logical_id] = one
        return found

    @cached_property
    def streams(self) -> dict[str, MadeStream]:
        """The streams that the template makes, by logical id."""
        found = {}
        for name, properties in self._stream_properties():
            named = self._functions.scope.attributes.get(name)
            encryption = self._functions.evaluate(properties.get("StreamEncryption", {}))
            key = encryption.get("KeyId") if isinstance(encryption, dict) else encryption
            found[name] = MadeStream(name, named if isinstance(named, str) else None, str(key) if key else None)
        return found

    def kept(self, later: Template) -> frozenset[str]:
        """Give the resources that stay just the same in a later template, as does everything that they are made of."""
        same = {name: self.definition(name) for name in self.found.resources}
        unknown = {name: unknown_in(mine) for name, mine in same.items() if mine == later.definition(name)}
        kept = {name for name, one in unknown.items() if one is None or one.steady}
        while True:
            needs = {name: one.needs - {name} for name in kept if (one := unknown[name])}
            changed = {name for name, needed in needs.items() if not needed <= kept}
            if not changed:
                return frozenset(kept)
            kept -= changed

    def definition(self, logical_id: str) -> Any:  # noqa: ANN401
        """Evaluate the whole of a resource, once; None where there is no such resource."""
        if logical_id not in self._definitions:
            resource = self.found.resources.get(logical_id)
            self._definitions[logical_id] = None if resource is None else self._evaluated(resource)
        return self._definitions[logical_id]

    def _evaluated(self, resource: Any) -> Any:  # noqa: ANN401
        try:
            return self._functions.evaluate(resource)
        except TemplateFault as fault:
            return Unknown((str(fault),), steady=False)

    def _resource(self, logical_id: str, resource: Mapping[str, Any], served: Served) -> Resource | None:
        met = self._functions.holds(resource["Condition"]) if "Condition" in resource else True
        if met is False:
            return None
        evaluated = self._functions.evaluate(resource.get("Properties", {}))
        properties = evaluated if isinstance(evaluated, dict) else {}
        included = [one for one in (properties.pop(TRANSFORM, None), resource.get(TRANSFORM)) if one is not None]
        opened = evaluated if isinstance(evaluated, Unknown) else Unknown((TRANSFORM,), steady=False)
        sent = {name: unknown_in(value) or as_sent(value) for name, value in properties.items()}
        token = sent.get("ServiceToken", opened if included or not properties else None)
        mine = served.serves(str(resource["Type"]), token, self)
        if mine is False:
            return None
        unsure = [one for one in (met, mine) if isinstance(one, Unknown)]
        return Resource(
            logical_id,
            str(resource["Type"]),
            sent,
            merged(unsure) if unsure else None,
            opened if included or isinstance(evaluated, Unknown) else None,
            self.policy(logical_id, "DeletionPolicy"),
            self.policy(logical_id, "UpdateReplacePolicy"),
            line_of(self.found.resources, logical_id),
        )

    @property
    def _named_streams(self) -> dict[str, Any]:
        """The names and ARNs of the streams whose Name the template tells."""
        functions, found = Functions(self.found.scope), dict[str, Any]()
        for logical_id, properties in self._stream_properties():
            name = functions.evaluate(properties.get("Name"))
            if isinstance(name, str):
                found |= self._stream_attributes(logical_id, name)
        return found

    def _stream_attributes(self, logical_id: str, name: str) -> dict[str, str]:
        told = [self._scope.values.get(f"AWS::{one}") for one in ("Partition", "Region", "AccountId")]
        partition, region, account = told
        arn = f"arn:{partition}:kinesis:{region}:{account}:stream/{name}"
        return {logical_id: name} | ({f"{logical_id}.Arn": arn} if all(isinstance(one, str) for one in told) else {})

    def _stream_properties(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for logical_id, resource in self.found.resources.items():
            properties = resource.get("Properties", {}) if isinstance(resource, dict) else {}
            if self.type_of(logical_id) == STREAM and isinstance(properties, dict):
                yield logical_id, properties


EMPTY = Template({}, Scope())
"""A template without resources: that of a stack that is to be deleted."""
