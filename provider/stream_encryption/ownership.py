"""Who manages a stream: the tags on it, which a person can read, to and from values. The one home of their names."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .model import Demand, Owner, Ownership, Predecessor, Tags
from .times import epoch_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PREFIX = "kinesis-stream-encryption:"
STACK = PREFIX + "stack"
RESOURCE = PREFIX + "resource"
BEFORE = PREFIX + "before"
KEY = PREFIX + "key"
AS_OF = PREFIX + "as-of"
TAKEN_FROM_STACK = PREFIX + "taken-from-stack"
TAKEN_FROM_RESOURCE = PREFIX + "taken-from-resource"
TAKEN_FROM_KEY = PREFIX + "taken-from-key"
TAKEN_FROM_AS_OF = PREFIX + "taken-from-as-of"
CANCELLED = PREFIX + "cancelled:"

LINEAGE = (TAKEN_FROM_STACK, TAKEN_FROM_RESOURCE, TAKEN_FROM_KEY)
"""What tells of the first owner that a stream was taken over from; of the second one with -2 behind it, and so on."""
_RECORD = (STACK, RESOURCE, BEFORE, KEY, AS_OF)
_TAKEN_FROM = PREFIX + "taken-from-"
_LATER = re.compile(re.escape(TAKEN_FROM_STACK) + "-[0-9]{1,2}")

MAX_VALUE = 256
"""The longest value of a tag, in characters (API reference of AddTagsToStream)."""

REQUEST_SECONDS = 60 * 60
"""How long a request may be at work, in seconds: as long as CloudFormation waits. What comes later is refused."""
CANCELLATION_SECONDS = 2 * REQUEST_SECONDS
"""How long a cancellation stays, in seconds: longer than anything that it calls off can still come."""

_NONE = "NONE"
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def to_tags(ownership: Ownership, over: Sequence[str] = ()) -> dict[str, str]:
    """The record as tags: all of it in one call, so that it is there whole or not at all.

    Args:
        ownership: What to write down.
        over: The tag keys of the record that it replaces: former owners that only that one names are emptied.
    """
    tags = {
        STACK: ownership.owner.stack_id,
        RESOURCE: ownership.owner.logical_id,
        BEFORE: ownership.before or _NONE,
    }
    if ownership.demand:
        tags |= {KEY: ownership.demand.key_id or _NONE, AS_OF: _written(ownership.demand.issued_at)}
    for number, predecessor in enumerate(reversed(_line(ownership.predecessor)), start=1):
        owner, issued_at = predecessor.owner, predecessor.issued_at
        since = _NONE if issued_at is None else _written(issued_at)
        values = (owner.stack_id, owner.logical_id, predecessor.key_id or _NONE, since)
        tags |= dict(zip(_lineage(number), values, strict=True))
    return {key: _NONE for key in over if key.startswith(_TAKEN_FROM)} | tags


def _line(predecessor: Predecessor | None) -> list[Predecessor]:
    """All predecessors, the last one first."""
    return [predecessor, *_line(predecessor.predecessor)] if predecessor else []


def _lineage(number: int) -> tuple[str, ...]:
    keys = (*LINEAGE, TAKEN_FROM_AS_OF)
    return keys if number == 1 else tuple(f"{key}-{number}" for key in keys)


def cancellation(owner: Owner, issued_at: float) -> dict[str, str]:
    """The tag that calls off what this owner's requests issued up to then may still be doing."""
    return {_cancelled_key(owner): _written(issued_at)}


def from_tags(tags: Mapping[str, str], me: Owner, now: float) -> Tags:
    """Read the record from all the tags of a stream.

    Args:
        tags: Every tag on the stream, the ones of other people too.
        me: The owner whose cancellation is looked for.
        now: The time, in epoch seconds.
    """
    cancelled, ownership = _cancelled_key(me), _ownership(tags)
    return Tags(
        ownership=ownership,
        keys=tuple(key for key in tags if key in _RECORD or key.startswith(_TAKEN_FROM)),
        foreign=(tags.get(STACK, me.stack_id), tags.get(RESOURCE, me.logical_id)) != (me.stack_id, me.logical_id),
        ending=ownership is not None and _is_ending(tags, ownership),
        former_keys=tuple(key for former, keys in _taken_from(tags) if former.owner == me for key in keys),
        former_at=max((former.issued_at or 0 for former, _ in _taken_from(tags) if former.owner == me), default=0),
        cancelled_at=_time(tags.get(cancelled, "")),
        cancelled_key=cancelled if cancelled in tags else None,
        spent=tuple(key for key, value in tags.items() if key.startswith(CANCELLED) and _spent(value, now)),
    )


def _ownership(tags: Mapping[str, str]) -> Ownership | None:
    stack_id, logical_id, before = (tags.get(key) for key in (STACK, RESOURCE, BEFORE))
    if not (stack_id and logical_id and before):
        return None
    owner = Owner(stack_id, logical_id)
    return Ownership(owner, _key(before), _predecessor(tags, owner), _demand(tags))


def _is_ending(tags: Mapping[str, str], ownership: Ownership) -> bool:
    return ownership.demand is not None and _is_called_off(tags, ownership.owner, ownership.demand.issued_at)


def _is_called_off(tags: Mapping[str, str], owner: Owner, issued_at: float | None) -> bool:
    """Whether an owner's Delete left its mark after the newest of its requests was issued."""
    marked_at = _time(tags.get(_cancelled_key(owner), ""))
    return marked_at is not None and issued_at is not None and marked_at >= issued_at


def _demand(tags: Mapping[str, str]) -> Demand | None:
    """What is wanted now; None in a record of a version that did not write it down."""
    issued_at = _time(tags.get(AS_OF, ""))
    return None if issued_at is None else Demand(issued_at, _key(tags.get(KEY, _NONE)))


def _predecessor(tags: Mapping[str, str], owner: Owner) -> Predecessor | None:
    """Who the stream was taken over from, and so on; but for those whose own Delete calls them off.

    Of two that name one owner the first counts: a shorter line is written over the beginning of a longer one.
    """
    known, predecessor = {owner}, None
    for former, _ in _taken_from(tags):
        if former.owner not in known and not _is_called_off(tags, former.owner, former.issued_at):
            predecessor = replace(former, predecessor=predecessor)
        known.add(former.owner)
    return predecessor


def _taken_from(tags: Mapping[str, str]) -> Iterator[tuple[Predecessor, tuple[str, ...]]]:
    """The former owners that are named, the first one first, with the tag keys that name them."""
    numbers = {1} | {int(key.rpartition("-")[2]) for key in tags if _LATER.fullmatch(key)}
    for keys in map(_lineage, sorted(numbers)):
        stack_id, logical_id, key_id, since = (tags.get(key) for key in keys)
        if stack_id and logical_id and key_id and stack_id != _NONE:
            former = Predecessor(Owner(stack_id, logical_id), _key(key_id), issued_at=_time(since or ""))
            yield former, tuple(key for key in keys if key in tags)


def _key(value: str) -> str | None:
    return None if value == _NONE else value


def _cancelled_key(owner: Owner) -> str:
    digest = hashlib.sha256(f"{owner.stack_id}\n{owner.logical_id}".encode()).hexdigest()
    return CANCELLED + digest[:12]


def _spent(value: str, now: float) -> bool:
    at = _time(value)
    return at is None or at + CANCELLATION_SECONDS < now


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(value: str) -> float | None:
    return epoch_seconds(value, _TIME)
