"""Change sets as CloudFormation has them: what it would do to each resource, and with which properties."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .template.unknown import Unknown, as_sent, opaque

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import (
        DescribeChangeSetOutputTypeDef,
        ResourceChangeDetailTypeDef,
        ResourceChangeTypeDef,
    )

    from .pace import Clock

AFTER_APPLY = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""Stands in a change set for a value that only the deployment tells."""
_MASKED = "****"
_POLL_SECONDS = 1.0
_LONGEST_SECONDS = 600.0
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


class ChangeSetFault(Exception):
    """A change set tells nothing: CloudFormation refused it, or it can't be executed any more."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a change set says of one resource.

    Attributes:
        logical_id: Its logical id.
        type: Its type.
        action: Add, Modify, Remove, Import, Dynamic or SyncWithActual.
        policy: What becomes of the physical resource: Delete, Retain, ReplaceAndRetain and so on; empty if not told.
        physical_id: Its physical id; None where it is new.
        before: Its properties before; None where they were not told.
        after: Its properties afterwards; None where they were not told.
        scope: The attributes that change, such as Properties.
        static: The properties that change whatever the deployment tells.
        nested: The change set of the nested stack that it is; None where it is none.
    """

    logical_id: str
    type: str
    action: str
    policy: str = ""
    physical_id: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    scope: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    nested: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set that could be executed.

    Attributes:
        id: Its id.
        stack_id: The id of its stack.
        parameters: The values of the template's parameters.
        changes: All its changes; none where nothing would change.
    """

    id: str
    stack_id: str
    parameters: Mapping[str, str]
    changes: tuple[Change, ...]


def read(client: CloudFormationClient, name: str, stack: str | None, clock: Clock) -> ChangeSet:
    """Read a change set, page by page, once CloudFormation has made it.

    Args:
        client: Where to look.
        name: Its name or id.
        stack: The stack's name or id; not needed with the change set's id.
        clock: Time, to wait by.

    Raises:
        ChangeSetFault: CloudFormation refused it, it can't be executed any more, or it is not made in ten minutes.
        ClientError, BotoCoreError: CloudFormation did not answer.
    """
    which = {"ChangeSetName": name} | ({"StackName": stack} if stack else {})
    give_up = clock.now() + _LONGEST_SECONDS
    while True:
        pages = list(_pages(client, which))
        first = pages[0]
        if first["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            break
        if clock.now() >= give_up:
            raise ChangeSetFault(f"change set {name} is still {first['Status']} after {_LONGEST_SECONDS:.0f} s")
        clock.sleep(_POLL_SECONDS)
    nothing = _nothing_to_change(first)
    if not nothing:
        _check(first)
    parameters = {
        one["ParameterKey"]: one.get("ResolvedValue", one.get("ParameterValue", _MASKED))
        for one in first.get("Parameters", [])
    }
    changes = tuple(
        _change(one["ResourceChange"]) for page in pages for one in page.get("Changes", []) if "ResourceChange" in one
    )
    return ChangeSet(first["ChangeSetId"], first["StackId"], parameters, () if nothing else changes)


def _pages(client: CloudFormationClient, which: Mapping[str, str]) -> Iterator[DescribeChangeSetOutputTypeDef]:
    token: str | None = None
    while True:
        more = {"NextToken": token} if token else {}
        page = client.describe_change_set(IncludePropertyValues=True, **which, **more)
        yield page
        token = page.get("NextToken")
        if not token:
            return


def _nothing_to_change(first: DescribeChangeSetOutputTypeDef) -> bool:
    reason = first.get("StatusReason", "")
    return first["Status"] == "FAILED" and any(words in reason for words in _NO_CHANGES)


def _check(first: DescribeChangeSetOutputTypeDef) -> None:
    name, reason = first["ChangeSetName"], first.get("StatusReason") or "it gives no reason"
    if first["Status"] == "FAILED":
        raise ChangeSetFault(f"CloudFormation refuses change set {name}: {reason}")
    if first["Status"] != "CREATE_COMPLETE":
        raise ChangeSetFault(f"change set {name} is {first['Status']}")
    # A nested change set is executed by its root's, and so is UNAVAILABLE by itself.
    by_itself = not first.get("ParentChangeSetId")
    if by_itself and first["ExecutionStatus"] != "AVAILABLE":
        raise ChangeSetFault(f"change set {name} can't be executed: it is {first['ExecutionStatus']}")


def _change(told: ResourceChangeTypeDef) -> Change:
    details = [one for one in told.get("Details", []) if one.get("Target", {}).get("Attribute") == "Properties"]
    return Change(
        logical_id=told.get("LogicalResourceId", ""),
        type=told.get("ResourceType", ""),
        action=told.get("Action", "Dynamic"),
        policy=told.get("PolicyAction", ""),
        physical_id=told.get("PhysicalResourceId") or None,
        before=_properties(told.get("BeforeContext")),
        after=_properties(told.get("AfterContext")),
        scope=tuple(told.get("Scope", [])),
        static=tuple(dict.fromkeys(one["Target"].get("Name", "") for one in details if _is_static(one))),
        nested=told.get("ChangeSetId") or None,
    )


def _is_static(detail: ResourceChangeDetailTypeDef) -> bool:
    return detail.get("Evaluation") == "Static" and detail.get("ChangeSource") != "NoModification"


def _properties(context: str | None) -> dict[str, Any] | None:
    """Read the properties of a context, which is JSON; what only the deployment tells is Unknown."""
    try:
        told = json.loads(context or "")
    except ValueError:
        return None
    properties = told.get("Properties", {}) if isinstance(told, dict) else None
    return {name: _known(one) for name, one in properties.items()} if isinstance(properties, dict) else None


def _known(value: Any) -> Any:  # noqa: ANN401
    text = json.dumps(value)
    if AFTER_APPLY in text or f'"{_MASKED}"' in text:
        what = "a value that CloudFormation masks" if AFTER_APPLY not in text else "a value of another resource"
        return Unknown((what,), steady=False)
    return opaque(as_sent(value))
