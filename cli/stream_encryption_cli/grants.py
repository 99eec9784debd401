"""The grants in the record: whom the provider granted what on which key, for whom, and since and until when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .engine import StreamRef
from .reader import NotSeen, pages, stream_name
from .times import iso

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .engine import Grant, Record, Stream
    from .hints import Hints
    from .sources import Sources


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One grant.

    Attributes:
        stream: The stream's name.
        principal: The ARN of the role or user.
        direction: Producer or Consumer.
        key: The key's ARN.
        owners: The resources that want it, each as `logical id of stack`; empty where none does any more.
        since: When it was made; empty where only its announcement is known.
        until: When it can be revoked; empty while it is of use; `unknown` where the stream can't be looked at.
        hint: With --principal: `allowed`, `denied` or `unknown`; empty for other principals.
        fault: Why the account, the region or the record could not be looked at; such a row has at most a stream.
    """

    stream: str
    principal: str = ""
    direction: str = ""
    key: str = ""
    owners: str = ""
    since: str = ""
    until: str = ""
    hint: str = ""
    fault: str = ""


def rows(sources: Sources, hints: Hints) -> Iterator[GrantRow]:
    """Read every record, page by page.

    Args:
        sources: Where to look.
        hints: Tells of the principals that were named whether they may use a stream's key.

    Raises:
        NotSeen: The record can't be read.
    """
    for page in pages(sources.records):
        for record in page.records:
            yield from _of_record(record, sources, hints)
        for arn in page.unreadable:
            yield GrantRow(stream_name(arn), fault="the provider did not write its record")


def _of_record(record: Record, sources: Sources, hints: Hints) -> Iterator[GrantRow]:
    name = stream_name(record.stream)
    stream = _stream(name, sources) if any(one.ended_at is not None for one in record.grants) else None
    for grant in record.grants:
        yield GrantRow(
            name,
            grant.principal,
            grant.direction,
            grant.key,
            owners=", ".join(f"{owner.logical_id} of {owner.stack_name}" for owner in grant.owners),
            since=iso(grant.made_at) if grant.made_at else "",
            until=_until(grant, stream),
            hint=hints.of(grant.principal, grant.direction, grant.key, record.stream),
        )
    granted = {(one.principal, one.key) for one in record.grants}
    key = record.key.arn if record.key else ""
    for principal in hints.principals if key else ():
        if (principal, key) not in granted:
            yield from (
                GrantRow(name, principal, direction, key, hint=hints.of(principal, direction, key, record.stream))
                for direction in ("Producer", "Consumer")
            )


def _stream(name: str, sources: Sources) -> Stream | None:
    try:
        return sources.streams.describe(StreamRef(name))
    except NotSeen:
        return None


def _until(grant: Grant, stream: Stream | None) -> str:
    if grant.owners or grant.ended_at is None:
        return ""
    end = grant.revoke_at(stream.retention_hours) if stream else None
    return iso(end) if end is not None else "unknown"
