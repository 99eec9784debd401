"""What CloudFormation would ask of the provider when a template is deployed, or its stack is deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .intrinsics import Unknown, unknown_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .template import Encryption, Template

CREATE, UPDATE, DELETE, NONE, RETAINED = "Create", "Update", "Delete", "none", "retained"
_RETAINING = ("Retain", "RetainExceptOnCreate")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that CloudFormation would send, or would not.

    Attributes:
        resource: The resource's logical id.
        event: Create, Update or Delete; none where nothing changes, and retained where CloudFormation just forgets it.
        properties: Its properties; what can't be told is Unknown.
        old_properties: Its properties before, where it was there before.
        physical_id: Its PhysicalResourceId, where it was there before.
        unsure: What it hangs on whether the request is sent at all.
        reason: Why none is sent, or why this one is.
        retained: A stream that it leaves for another one is not given up: its UpdateReplacePolicy says so.
    """

    resource: str
    event: str
    properties: Mapping[str, Any]
    old_properties: Mapping[str, Any] = field(default_factory=dict)
    physical_id: str | None = None
    unsure: Unknown | None = None
    reason: str = ""
    retained: bool = False


def requests(after: Template, before: Template | None = None, ids: Mapping[str, str] | None = None) -> list[Asked]:
    """Compare two templates as CloudFormation does: what is new and changed first, what is gone last.

    Args:
        after: The template to be deployed; an empty one where the stack is to be deleted.
        before: The deployed stack's; None where there is none.
        ids: The deployed stack's physical ids, by logical id.
    """
    ids = ids or {}
    old = before.with_physical_ids(ids) if before else None
    kept = {name: id_ for name, id_ in ids.items() if before and before.keeps(after, name)}
    new = after.with_physical_ids(kept)
    was = {name: one for name, one in (old.encryptions if old else {}).items() if name in ids}
    wanted = new.encryptions
    asked = [_asked(one, was.get(name), old, new, ids.get(name)) for name, one in wanted.items()]
    return [*asked, *(_gone(one, ids[name]) for name, one in was.items() if name not in wanted)]


def _asked(
    wanted: Encryption, was: Encryption | None, old: Template | None, new: Template, physical_id: str | None
) -> Asked:
    if was is None or old is None:
        return Asked(wanted.logical_id, CREATE, wanted.properties, unsure=wanted.unsure, reason="new in the template")
    changed, unsure = _differences(was, wanted, old, new)
    retained = wanted.replace_policy in _RETAINING
    if changed or unsure or wanted.unsure:
        return Asked(
            wanted.logical_id,
            UPDATE,
            wanted.properties,
            was.properties,
            physical_id,
            wanted.unsure or (None if changed else unsure),
            f"changed: {', '.join(changed)}" if changed else "",
            retained,
        )
    return Asked(wanted.logical_id, NONE, wanted.properties, was.properties, physical_id, reason="no property changes")


def _gone(was: Encryption, physical_id: str) -> Asked:
    if was.deletion_policy in _RETAINING:
        reason = f"gone from the template, with DeletionPolicy {was.deletion_policy}: encryption and tags stay"
        return Asked(was.logical_id, RETAINED, was.properties, physical_id=physical_id, reason=reason)
    return Asked(was.logical_id, DELETE, was.properties, physical_id=physical_id, reason="gone from the template")


def _differences(was: Encryption, wanted: Encryption, old: Template, new: Template) -> tuple[list[str], Unknown | None]:
    """The properties that surely change, and what it hangs on whether others do."""
    changed, unsure = [], []
    for name in dict.fromkeys((*wanted.properties, *was.properties)):
        one, other = was.properties.get(name), wanted.properties.get(name)
        unknown = unknown_in([one, other])
        if unknown is None and one != other:
            changed.append(name)
        elif unknown and (one != other or not old.means_the_same(new, unknown)):
            unsure.append(unknown)
    return changed, unknown_in(unsure)
