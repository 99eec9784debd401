"""Every stream of an account and region: how it is encrypted, with which key, and which resource manages that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .engine import StreamRef, for_incarnation, judge, look_of
from .pace import Pace
from .reader import NotSeen
from .times import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .engine import Finding, Key, Record, Stream
    from .pace import Clock
    from .reader import KeyReader, RecordReader, StreamReader

PAGES_A_SECOND = 2.5
STREAMS_A_SECOND = 10.0
"""Half of the account's quotas (ListStreams 5 a second, DescribeStreamSummary 20), which the provider shares."""

_NONE = "NONE"


@dataclass(frozen=True, slots=True)
class Row:
    """One stream.

    Attributes:
        stream: Its name.
        arn: Its ARN.
        status: Its status.
        encryption: KMS or NONE.
        key_id: Its key as Kinesis reports it.
        key_arn: The ARN of that key; empty where it can't be told.
        key: `usable`, or why not; `unknown` where the key may not be looked up; empty without a key.
        stack: The id of the stack whose resource manages its encryption; empty where none does.
        resource: The logical id of that resource.
        found: What comes back when that resource is deleted: NONE or a KeyId.
        wanted: The KeyId that the resource wants.
        since: When the newest request of the resource was issued.
        pending: The call that the provider is about to make, or has just made; empty where there is none.
        drift: The codes of what is not as the resource wants, as the watch finds it; empty where all is as wanted, or
            a request is at work.
        detail: The sentences of these findings.
        fault: What could not be looked at, and why.
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
    found: str = ""
    wanted: str = ""
    since: str = ""
    pending: str = ""
    drift: str = ""
    detail: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Looks:
    """Where an audit looks."""

    streams: StreamReader
    records: RecordReader
    keys: KeyReader


def names(reader: StreamReader, clock: Clock, told: Callable[[int], None] = lambda _: None) -> list[str]:
    """List the names of all streams.

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


def rows(streams: list[str], looks: Looks, clock: Clock) -> Iterator[Row]:
    """Look at these streams, one after the other; a stream that is gone by then has no row."""
    pace = Pace(clock, STREAMS_A_SECOND)
    seen: dict[str, Key] = {}
    for name in streams:
        pace.wait()
        now = clock.now()
        try:
            stream = looks.streams.describe(StreamRef(name))
        except NotSeen as unseen:
            yield Row(name, fault=str(unseen))
            continue
        if stream:
            yield _row(stream, looks, seen, now)


def _row(stream: Stream, looks: Looks, seen: dict[str, Key], now: float) -> Row:
    faults: list[str] = []
    key_arn, usable = _key(stream, looks.keys, seen, faults)
    written = _record(stream, looks.records, faults)
    record = for_incarnation(written, stream.created, now) if written else None
    findings = _findings(written, stream, looks.keys, faults, now) if written else ()
    claim = record.in_force if record else None
    return Row(
        stream=stream.name,
        arn=stream.arn,
        status=str(stream.status),
        encryption="KMS" if stream.key_id else _NONE,
        key_id=stream.key_id or "",
        key_arn=key_arn,
        key=usable,
        stack=claim.owner.stack_id if claim else "",
        resource=claim.owner.logical_id if claim else "",
        found=(claim.found.key_id if claim.found else _NONE) if claim else "",
        wanted=claim.wanted.key_id if claim else "",
        since=iso(claim.latest.issued_at) if claim else "",
        pending=_pending(record, now) if record else "",
        drift=", ".join(one.code for one in findings),
        detail="; ".join(one.detail for one in findings),
        fault="; ".join(faults),
    )


def _key(stream: Stream, keys: KeyReader, seen: dict[str, Key], faults: list[str]) -> tuple[str, str]:
    """Tell the key's ARN, and whether it can be used. Many streams share a key, which is looked up once."""
    if stream.key_id is None:
        return "", ""
    try:
        key = seen.get(stream.key_id) or keys.look_up(stream.key_id, stream)
    except NotSeen as unseen:
        faults.append(str(unseen))
        return "", "unknown"
    seen[stream.key_id] = key
    return key.identity if key.resolved else "", key.fault or ("usable" if key.resolved else "unknown")


def _record(stream: Stream, records: RecordReader, faults: list[str]) -> Record | None:
    try:
        return records.read(stream.arn)
    except NotSeen as unseen:
        faults.append(str(unseen))
        return None


def _findings(record: Record, stream: Stream, keys: KeyReader, faults: list[str], now: float) -> tuple[Finding, ...]:
    """Compare the stream with what its resource wants, as the watch does; nothing while a request is at work."""
    try:
        return judge(record, look_of(record, stream, keys, now)) or ()
    except NotSeen as unseen:
        faults.append(str(unseen))
        return ()


def _pending(record: Record, now: float) -> str:
    pending = record.pending
    if pending is None or pending.until < now:
        return ""
    return f"{pending.change} of {pending.key.key_id} until {iso(pending.until)}"
