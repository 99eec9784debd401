"""Every claimed stream of an account and region that is not encrypted as its resource wants, as the watch finds it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .engine import FindingCode, Sight, judge
from .pace import Pace
from .reader import pages, stream_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .engine import Finding, Record
    from .pace import Clock
    from .reader import RecordReader

STREAMS_A_SECOND = 5.0
"""A quarter of the account's DescribeStreamSummary, which the provider and the watch share."""


@dataclass(frozen=True, slots=True)
class Row:
    """One finding.

    Attributes:
        stream: The stream's name.
        arn: Its ARN.
        code: What is not as wanted.
        detail: A sentence.
        since: When the watch saw it first, as ISO 8601; empty where the watch has not seen it.
        by: The ARN of the person or role that did it, as the watch was told; empty where it is not known.
        stack: The id of the stack whose resource claims the stream.
        resource: The logical id of that resource.
        wanted: The KeyId that the resource wants.
        on_drift: What the watch does about it: Report or Mend.
    """

    stream: str
    arn: str
    code: str
    detail: str
    since: str
    by: str
    stack: str
    resource: str
    wanted: str
    on_drift: str


@dataclass(frozen=True, slots=True)
class Unseen:
    """A stream that could not be compared.

    Attributes:
        stream: Its name; empty where a whole account or region could not be looked at.
        why: Why not.
        fails: The look failed; False where a request or others are at work on the stream, which passes.
    """

    stream: str
    why: str
    fails: bool


def claimed(reader: RecordReader) -> Iterator[Record | Unseen]:
    """Read the records that have a claim, page by page.

    Raises:
        NotSeen: The table can't be read.
    """
    for page in pages(reader):
        yield from (record for record in page.records if record.in_force)
        yield from (
            Unseen(stream_name(arn), "the provider did not write its record", fails=True) for arn in page.unreadable
        )


def rows(records: Iterable[Record | Unseen], sight: Sight, clock: Clock) -> Iterator[Row | Unseen]:
    """Look at the streams of these records, one after the other; a stream that is as wanted has no row."""
    pace = Pace(clock, STREAMS_A_SECOND)
    for record in records:
        if isinstance(record, Unseen):
            yield record
            continue
        pace.wait()
        look = sight.look(record)
        if look is None:
            yield Unseen(stream_name(record.stream), "AWS is throttling, or did not answer", fails=True)
            continue
        findings = judge(record, look)
        if findings is None:
            yield Unseen(stream_name(record.stream), "a request is at work, or the stream is not ACTIVE", fails=False)
            continue
        yield from (_row(record, finding) for finding in findings)


def exit_code(found: Iterable[Row | Unseen]) -> int:
    """Tell 1 where something could not be looked at, 2 where a stream has drifted, else 0."""
    found = list(found)
    if any(one.fails if isinstance(one, Unseen) else one.code == FindingCode.UNREADABLE for one in found):
        return 1
    return 2 if any(isinstance(one, Row) for one in found) else 0


def _row(record: Record, finding: Finding) -> Row:
    claim = record.claims[-1]
    told = [one for one in record.watch.told if (one.code, one.cause) == (finding.code, finding.cause)]
    return Row(
        stream=stream_name(record.stream),
        arn=record.stream,
        code=str(finding.code),
        detail=finding.detail,
        since=datetime.fromtimestamp(told[0].since, UTC).isoformat(timespec="seconds") if told else "",
        by=told[0].by if told else "",
        stack=claim.owner.stack_id,
        resource=claim.owner.logical_id,
        wanted=claim.wanted.key_id,
        on_drift=str(claim.on_drift),
    )
