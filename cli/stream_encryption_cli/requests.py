"""The requests that CloudFormation would send to the provider when a template is deployed, or its stack is deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .resources.served import TYPE
from .resources.template import EMPTY
from .template.unknown import Unknown, merged, unknown_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .resources.served import Served
    from .resources.template import MadeStream, Resource, Template

CREATE, UPDATE, DELETE, NONE, RETAINED = "Create", "Update", "Delete", "none", "retained"
RETAINING = ("Retain", "RetainExceptOnCreate")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that CloudFormation would send, or would not.

    Attributes:
        resource: The resource's logical id.
        event: Create, Update or Delete; none where nothing changes, and retained where CloudFormation just forgets it.
        properties: Its properties. What can't be told is Unknown.
        old_properties: Its properties before, where it was there before.
        physical_id: Its PhysicalResourceId, where it was there before.
        unsure: What it depends on whether the request is sent at all.
        opened: What it depends on whether it has more properties than these.
        reason: Why the request is sent, or why none is.
        retained: A stream that it leaves for another one is not given up: its UpdateReplacePolicy says so.
        stream: The stream that the same template makes, if it is the one.
        line: The resource's line in the template.
        stack_id: The stack that it is in, where that is not the stack that is planned: a nested one.
        type: Its type.
        old_type: The type that its logical id had before; None where it is new.
    """

    resource: str
    event: str
    properties: Mapping[str, Any]
    old_properties: Mapping[str, Any] = field(default_factory=dict)
    physical_id: str | None = None
    unsure: Unknown | None = None
    opened: Unknown | None = None
    reason: str = ""
    retained: bool = False
    stream: MadeStream | None = None
    line: int | None = None
    stack_id: str | None = None
    type: str = TYPE
    old_type: str | None = None


@dataclass(frozen=True, slots=True)
class Existing:
    """The resources of a stack that is there.

    Attributes:
        template: Its template.
        ids: The physical ids of its resources, by logical id.
        failed: The resources whose last operation failed, with their status, by logical id.
        stack_id: The stack's id, where it is not the one that is planned.
    """

    template: Template = EMPTY
    ids: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    stack_id: str | None = None


def requests(after: Template, served: Served, existing: Existing | None = None) -> list[Asked]:
    """Compare a template with a stack as CloudFormation does: what is new and changed first, what is gone last.

    Args:
        after: The template to be deployed; an empty one where the stack is to be deleted.
        served: Tells the provider's resources.
        existing: The stack; None where there is none.
    """
    existing = existing or Existing()
    before, ids = existing.template, existing.ids
    kept = before.kept(after)
    old = before.with_physical_ids(ids)
    new = after.with_physical_ids({name: id_ for name, id_ in ids.items() if name in kept})
    compared = _Comparison(old, new, kept, existing, served.and_those_of((old, new)))
    was = {name: one for name, one in old.customs.items() if name in ids}
    wanted = new.customs
    asked = [compared.asked(one, was.get(name)) for name, one in wanted.items()]
    gone = [compared.gone(one, wanted.get(name)) for name, one in was.items()]
    return [one for one in (*asked, *gone) if one]


@dataclass(frozen=True, slots=True)
class _Comparison:
    old: Template
    new: Template
    kept: frozenset[str]
    existing: Existing
    served: Served

    def asked(self, wanted: Resource, was: Resource | None) -> Asked | None:
        """Tell what is asked about a resource of the new template; None where it can't be the provider's."""
        name = wanted.logical_id
        mine = self.served.serves(wanted.type, wanted.token, self.new)
        # Whosever it is, a token that changes has the whole update refused.
        moved = was is not None and {type(was.token), type(wanted.token)} == {str} and was.token != wanted.token
        if mine is False and not moved:
            return None
        doubts = [one for one in (wanted.unsure, mine) if isinstance(one, Unknown)]
        unsure = merged(doubts) if doubts else None
        status = self.existing.failed.get(name, "")
        if was is None or status == "CREATE_FAILED":
            reason = f"it is {status}: CloudFormation tries again" if status else "new in the template"
            return self._request(CREATE, wanted, None, reason, unsure)
        changed, perhaps = self._differences(was, wanted)
        if was.type != wanted.type:
            changed = ["Type"]
        if changed:
            return self._request(UPDATE, wanted, was, f"changed: {', '.join(changed)}", unsure)
        if status:
            return self._request(UPDATE, wanted, was, f"it is {status}: CloudFormation tries again", unsure)
        causes = [one for one in (perhaps, wanted.opened) if one]
        if causes:
            return self._request(UPDATE, wanted, was, "", merged([*causes, *doubts]))
        return self._request(NONE, wanted, was, "no property changes", None) if mine is True else None

    def gone(self, was: Resource, wanted: Resource | None) -> Asked | None:
        """Tell what is asked about a resource that the new template does not have, or perhaps not."""
        name = was.logical_id
        mine = self.served.serves(was.type, was.token, self.old)
        if mine is False or (wanted and not wanted.unsure):
            return None
        kind = self.new.type_of(name)
        if kind is not None and wanted is None:
            return Asked(name, UPDATE, was.properties, was.properties, type=kind, old_type=was.type)
        brings = [Unknown((one.reason,), steady=False) for one in self.new.openings if self.new.found.open_ids]
        causes = (was.unsure, mine, wanted.unsure if wanted else None)
        doubts = [*brings, *(one for one in causes if isinstance(one, Unknown))]
        event, reason = DELETE, "its condition may not be met" if wanted else "gone from the template"
        if was.deletion_policy in RETAINING:
            event, reason = RETAINED, f"{reason}, with DeletionPolicy {was.deletion_policy}"
        return Asked(
            name,
            event,
            was.properties,
            physical_id=self.existing.ids[name],
            unsure=merged(doubts) if doubts else None,
            reason=reason,
            stack_id=self.existing.stack_id,
        )

    def _request(
        self, event: str, wanted: Resource, was: Resource | None, reason: str, unsure: Unknown | None
    ) -> Asked:
        return Asked(
            wanted.logical_id,
            event,
            wanted.properties,
            was.properties if was else {},
            self.existing.ids.get(wanted.logical_id) if was else None,
            unsure,
            wanted.opened,
            reason,
            wanted.replace_policy in RETAINING,
            _made(wanted.properties, self.new),
            wanted.line,
            self.existing.stack_id,
            wanted.type,
            self.old.type_of(wanted.logical_id) if wanted.logical_id in self.existing.ids else None,
        )

    def _differences(self, was: Resource, wanted: Resource) -> tuple[list[str], Unknown | None]:
        """Give the properties that surely change, and what it depends on whether others do."""
        changed, unsure = [], []
        for name in dict.fromkeys((*wanted.properties, *was.properties)):
            one, other = was.properties.get(name), wanted.properties.get(name)
            unknown = unknown_in([one, other])
            if unknown is None and one != other:
                changed.append(name)
            elif unknown and (one != other or not unknown.steady or not unknown.needs <= self.kept):
                unsure.append(unknown)
        return changed, merged(unsure) if unsure else None


def _made(properties: Mapping[str, Any], template: Template) -> MadeStream | None:
    """Tell which of the template's own streams a resource names."""
    for name in ("StreamName", "StreamARN"):
        named = properties.get(name)
        for stream in template.streams.values():
            told = isinstance(named, str) and stream.name is not None and named.rpartition("/")[2] == stream.name
            spelled = isinstance(named, Unknown) and named.needs == {stream.logical_id} and len(named.what) == 1
            if told or spelled:
                return stream
    return None
