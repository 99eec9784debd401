"""Every stream of an account and region: how it is encrypted, with which key, and who manages that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .engine import Owner, StreamRef, from_tags
from .pace import Pace
from .reader import NotSeen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .engine import Key, Keys, Stream
    from .pace import Clock
    from .reader import StreamReader

PAGES_A_SECOND = 2.5
STREAMS_A_SECOND = 10.0
"""Half of what the account has (ListStreams 5 a second, DescribeStreamSummary 20), which the provider shares."""

_NOBODY = Owner("", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One stream.

    Attributes:
        stream: Its name.
        arn: Its ARN.
        status: Its status.
        encryption: KMS or NONE.
        key_id: Its key as Kinesis reports it.
        key_arn: The key behind that; empty where that can't be told.
        key: `usable`, or why not; `unknown` where it may not be looked up; empty without a key.
        stack: The id of the stack that manages its encryption; empty where none does.
        resource: The logical id of that stack's resource.
        before: What comes back when that resource is deleted: NONE or a KeyId.
        fault: Why something of this could not be looked at.
    """

    stream: str
    arn: str = ""
    status: str = ""
    encryption: str = ""
    key_id: str = ""
    key_arn: str = ""
    key: str = ""
    stack: str = ""
    resource: str = ""
    before: str = ""
    fault: str = ""


def names(reader: StreamReader, clock: Clock, told: Callable[[int], None] = lambda _: None) -> list[str]:
    """The names of all streams.

    Args:
        reader: Where to look.
        clock: The pace goes by it.
        told: Is told, page by page, how many were found.

    Raises:
        NotSeen: They could not be listed.
    """
    pace, found, more = Pace(clock, PAGES_A_SECOND), list[str](), True
    while more:
        pace.wait()
        page, more = reader.names(found[-1] if found else None)
        found += page
        told(len(found))
    return found


def rows(streams: list[str], reader: StreamReader, keys: Keys, clock: Clock) -> Iterator[Row]:
    """Look at these streams, one after the other; one that is gone meanwhile has no row."""
    pace = Pace(clock, STREAMS_A_SECOND)
    seen: dict[str, Key] = {}
    for name in streams:
        pace.wait()
        try:
            stream = reader.describe(StreamRef(name))
        except NotSeen as unseen:
            yield Row(name, fault=str(unseen))
            continue
        if stream:
            yield _row(stream, reader, keys, seen, clock.now())


def _row(stream: Stream, reader: StreamReader, keys: Keys, seen: dict[str, Key], now: float) -> Row:
    faults: list[str] = []
    key_arn, usable = _key(stream, keys, seen, faults)
    stack, resource, before = _owner(stream, reader, faults, now)
    return Row(
        stream=stream.name,
        arn=stream.arn,
        status=str(stream.status),
        encryption="KMS" if stream.key_id else "NONE",
        key_id=stream.key_id or "",
        key_arn=key_arn,
        key=usable,
        stack=stack,
        resource=resource,
        before=before,
        fault="; ".join(faults),
    )


def _key(stream: Stream, keys: Keys, seen: dict[str, Key], faults: list[str]) -> tuple[str, str]:
    """The key's ARN, and whether it can be used. Many streams share a key: it is looked up once."""
    if stream.key_id is None:
        return "", ""
    try:
        key = seen.get(stream.key_id) or keys.look_up(stream.key_id, stream)
    except NotSeen as unseen:
        faults.append(str(unseen))
        return "", "unknown"
    seen[stream.key_id] = key
    return key.arn or "", key.fault or ("usable" if key.arn else "unknown")


def _owner(stream: Stream, reader: StreamReader, faults: list[str], now: float) -> tuple[str, str, str]:
    try:
        tags = from_tags(reader.tags(stream), _NOBODY, now)
    except NotSeen as unseen:
        faults.append(str(unseen))
        return "", "", ""
    if tags.ownership is None:
        return ("incomplete record", "", "") if tags.keys else ("", "", "")
    owner = tags.ownership.owner
    return owner.stack_id, owner.logical_id, tags.ownership.before or "NONE"
