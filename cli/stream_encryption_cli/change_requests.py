"""The requests of a change set: what CloudFormation says, over what its processed template says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .requests import CREATE, DELETE, NONE, RETAINED, UPDATE, Asked
from .template.unknown import Unknown, merged, unknown_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .change_sets import Change
    from .resources.served import Served

_RETAINED = ("Retain", "ReplaceAndRetain")
_DYNAMIC = Unknown(("values of other resources",), steady=False)


def corrected(compared: Iterable[Asked], changes: Iterable[Change], served: Served) -> Iterator[Asked]:
    """Give the requests of a change set.

    Args:
        compared: What comparing the stack with the change set's processed template says; nothing where that template
            could not be read.
        changes: What the change set says.
        served: Tells the provider's resources.
    """
    told = {one.logical_id: one for one in changes}
    seen = set()
    for asked in compared:
        if asked.resource in seen:  # Whether a resource stays or is deleted, CloudFormation tells.
            continue
        seen.add(asked.resource)
        change = told.get(asked.resource)
        if change:
            yield _by(change, asked)
        elif asked.reason.endswith("tries again") or asked.event in (NONE, RETAINED):
            yield asked
        else:
            yield replace(asked, event=NONE, unsure=None, reason="CloudFormation changes nothing about it")
    for name, change in told.items():
        if name not in seen:
            yield from _alone(change, served)


def _alone(change: Change, served: Served) -> Iterator[Asked]:
    """A change that only the change set tells of."""
    properties = change.after if change.after is not None else change.before
    token = (properties or {}).get("ServiceToken")
    if properties is None:
        token = Unknown((f"the properties of {change.logical_id}, which CloudFormation does not tell",), steady=False)
    mine = served.serves(change.type, token)
    if mine is False:
        return
    bare = Asked(change.logical_id, UPDATE, {}, physical_id=change.physical_id, type=change.type)
    if properties is None:
        bare = replace(bare, opened=token if isinstance(token, Unknown) else None)
    asked = _by(change, bare)
    if isinstance(mine, Unknown):
        asked = replace(asked, unsure=merged([mine, *([asked.unsure] if asked.unsure else [])]))
    yield asked


def _by(change: Change, asked: Asked) -> Asked:
    after = asked.properties if change.after is None else _over(change.after, asked.properties)
    before = asked.old_properties if change.before is None else change.before
    retained = change.policy in _RETAINED or asked.retained
    common = replace(asked, physical_id=change.physical_id or asked.physical_id, retained=retained)
    if change.action == "Add":
        return replace(common, event=CREATE, properties=after, physical_id=None, reason="new in the template")
    if change.action == "Remove":
        properties = before or asked.properties
        event = RETAINED if change.policy == "Retain" else DELETE
        reason = "gone from the template" + (", with DeletionPolicy Retain" if event == RETAINED else "")
        return replace(common, event=event, properties=properties, old_properties={}, unsure=None, reason=reason)
    changed = replace(common, event=UPDATE, properties=after, old_properties=before)
    if change.action in ("Dynamic", "Import"):
        return replace(changed, unsure=_DYNAMIC, reason=f"CloudFormation says {change.action}")
    if change.action == "SyncWithActual" or (change.scope and "Properties" not in change.scope):
        scope = ", ".join(change.scope) or "what CloudFormation knows of it"
        return replace(changed, event=NONE, unsure=None, reason=f"only {scope} changes")
    return _modified(change, changed)


def _modified(change: Change, asked: Asked) -> Asked:
    """An update, which is sent for sure only where a property surely changes."""
    names = dict.fromkeys((*asked.properties, *asked.old_properties))
    surely = [name for name in names if _differ(asked.properties.get(name), asked.old_properties.get(name))]
    surely = surely or [name for name in change.static if unknown_in(asked.properties.get(name)) is None]
    unsure = unknown_in([*asked.properties.values()]) or _DYNAMIC
    reason = f"changed: {', '.join(surely)}" if surely else ""
    return replace(asked, unsure=None if surely else unsure, reason=reason)


def _differ(one: Any, other: Any) -> bool:  # noqa: ANN401
    return unknown_in([one, other]) is None and one != other


def _over(told: Mapping[str, Any], evaluated: Mapping[str, Any]) -> dict[str, Any]:
    """Take what CloudFormation tells; where it does not, the template's expression says more than it does."""
    return {
        name: evaluated[name]
        if isinstance(value, Unknown) and isinstance(evaluated.get(name), Unknown)
        else (unknown_in(value) or value)
        for name, value in told.items()
    }
