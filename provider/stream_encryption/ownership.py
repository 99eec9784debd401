"""Who manages a stream: the tags on it, which a person can read, to and from values. The one home of their names."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .model import Owner, Ownership, Predecessor, Tags

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "kinesis-stream-encryption:"
STACK = PREFIX + "stack"
RESOURCE = PREFIX + "resource"
BEFORE = PREFIX + "before"
TAKEN_FROM_STACK = PREFIX + "taken-from-stack"
TAKEN_FROM_RESOURCE = PREFIX + "taken-from-resource"
TAKEN_FROM_KEY = PREFIX + "taken-from-key"
CANCELLED = PREFIX + "cancelled:"

LINEAGE = (TAKEN_FROM_STACK, TAKEN_FROM_RESOURCE, TAKEN_FROM_KEY)
_RECORD = (STACK, RESOURCE, BEFORE, *LINEAGE)

MAX_VALUE = 256
"""The longest value of a tag, in characters (API reference of AddTagsToStream)."""

CANCELLATION_SECONDS = 24 * 60 * 60
"""How long a cancellation counts, in seconds: Lambda keeps an event for six hours, CloudFormation waits for one."""

_NONE = "NONE"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def to_tags(ownership: Ownership) -> dict[str, str]:
    """The record as tags: all of it in one call, so that it is there whole or not at all."""
    tags = {
        STACK: ownership.owner.stack_id,
        RESOURCE: ownership.owner.logical_id,
        BEFORE: ownership.before or _NONE,
    }
    if ownership.predecessor:
        tags |= {
            TAKEN_FROM_STACK: ownership.predecessor.owner.stack_id,
            TAKEN_FROM_RESOURCE: ownership.predecessor.owner.logical_id,
            TAKEN_FROM_KEY: ownership.predecessor.key_id or _NONE,
        }
    return tags


def cancellation(owner: Owner, issued_at: float) -> dict[str, str]:
    """The tag that calls off what this owner's requests issued up to then may still be doing."""
    return {_cancelled_key(owner): datetime.fromtimestamp(issued_at, UTC).strftime(_TIME)}


def from_tags(tags: Mapping[str, str], me: Owner, now: float) -> Tags:
    """Read the record from all the tags of a stream.

    Args:
        tags: Every tag on the stream, the ones of other people too.
        me: The owner whose cancellation is looked for.
        now: The time, in epoch seconds.
    """
    cancelled = _cancelled_key(me)
    return Tags(
        ownership=_ownership(tags),
        keys=tuple(key for key in _RECORD if key in tags),
        foreign=(tags.get(STACK, me.stack_id), tags.get(RESOURCE, me.logical_id)) != (me.stack_id, me.logical_id),
        cancelled_at=_time(tags.get(cancelled, "")),
        cancelled_key=cancelled if cancelled in tags else None,
        spent=tuple(key for key, value in tags.items() if key.startswith(CANCELLED) and _spent(value, now)),
    )


def _ownership(tags: Mapping[str, str]) -> Ownership | None:
    stack_id, logical_id, before = (tags.get(key) for key in (STACK, RESOURCE, BEFORE))
    if not (stack_id and logical_id and before):
        return None
    owner = Owner(stack_id, logical_id)
    return Ownership(owner, _key(before), _predecessor(tags, owner))


def _predecessor(tags: Mapping[str, str], owner: Owner) -> Predecessor | None:
    stack_id, logical_id, key = (tags.get(name) for name in LINEAGE)
    if not (stack_id and logical_id and key):
        return None
    predecessor = Owner(stack_id, logical_id)
    # An owner that got the stream back still finds its own name here: that is no predecessor.
    return None if predecessor == owner else Predecessor(predecessor, _key(key))


def _key(value: str) -> str | None:
    return None if value == _NONE else value


def _cancelled_key(owner: Owner) -> str:
    digest = hashlib.sha256(f"{owner.stack_id}\n{owner.logical_id}".encode()).hexdigest()
    return CANCELLED + digest[:12]


def _spent(value: str, now: float) -> bool:
    at = _time(value)
    return at is None or at + CANCELLATION_SECONDS < now


def _time(value: str) -> float | None:
    try:
        return datetime.strptime(value, _TIME).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
