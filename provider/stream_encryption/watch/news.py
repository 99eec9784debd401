"""What there is to tell of a stream, and whether to have it mended: pure functions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from stream_encryption.reconcile.goals import Mend
from stream_encryption.record.requests import RequestStamp
from stream_encryption.record.values import Record
from stream_encryption.record.watch_notes import Told, WatchNotes
from stream_encryption.values import OnDrift, StreamRef

from .cause import Cause
from .findings import ENCRYPTION, Finding, FindingCode

MEND_AGAIN_SECONDS = 60 * 60
"""After how long a mend that failed is tried again, in seconds."""


@dataclass(frozen=True, slots=True)
class News:
    """What is new about a stream.

    Attributes:
        found: The findings to tell.
        over: The findings that were told, and are over.
        notes: What the record is to hold once these are told.
    """

    found: tuple[Told, ...]
    over: tuple[Told, ...]
    notes: WatchNotes


def news(record: Record, findings: tuple[Finding, ...], now: float, cause: Cause | None = None) -> News:
    """Compare the findings with those that were told: each is told once, and once more when it is over.

    Args:
        record: The record, with what was told.
        findings: The findings now.
        now: The time, in epoch seconds.
        cause: The call that led to this look; None where the schedule did.
    """
    hidden = {code for one in findings for code in one.hides}
    stays, over = list[Told](), list[Told]()
    for told in record.watch.told:
        lasts = any(_is_same(told, one) for one in findings) and not _ended_by_us(told, record)
        lasts = lasts or (told.code in hidden and told.code != FindingCode.UNREADABLE)
        (stays if lasts else over).append(told)
    found = [
        Told(one.code, one.cause, round(now, 3), "", one.detail)
        for one in findings
        if not any(_is_same(told, one) for told in stays)
    ]
    drifts = [told for told in (*stays, *found) if told.code in ENCRYPTION]
    found, over, stays = ([_explained(told, cause, drifts) for told in some] for some in (found, over, stays))
    return News(tuple(found), tuple(over), replace(record.watch, told=(*stays, *found)))


def _is_same(told: Told, finding: Finding) -> bool:
    return (told.code, told.cause) == (finding.code, finding.cause)


def _ended_by_us(told: Told, record: Record) -> bool:
    """Tell whether the provider has changed the stream since the finding: if it is there again, it is a new one."""
    return told.code in ENCRYPTION and told.since <= record.changed_at


def _explained(told: Told, cause: Cause | None, drifts: list[Told]) -> Told:
    """Name the caller whose call led to a finding. Who causes the drift that is there contests the mends."""
    if told.by or cause is None or cause.at > told.since:
        return told
    led_to = drifts if told.code == FindingCode.CONTESTED else [told]
    return replace(told, by=cause.by) if any(cause.explains(one) for one in led_to) else told


def without_untold(notes: WatchNotes, found: tuple[Told, ...], over: tuple[Told, ...]) -> WatchNotes:
    """Take back from the notes what was not told, so that a later look tells it.

    Args:
        notes: The notes now. Another look may have written them since.
        found: The findings that were not told as found.
        over: The findings that were not told as over.
    """
    untold = {(one.code, one.cause, one.since) for one in found}
    told = tuple(one for one in notes.told if (one.code, one.cause, one.since) not in untold)
    known = {(one.code, one.cause) for one in told}
    return replace(notes, told=(*(one for one in over if (one.code, one.cause) not in known), *told))


def mend_of(record: Record, findings: tuple[Finding, ...]) -> Mend | None:
    """Choose the mend that the findings ask for; None where the resource wants none, or none would help."""
    claim, codes = record.in_force, {one.code for one in findings}
    if claim is None or claim.on_drift is not OnDrift.MEND or claim.releasing:
        return None
    if not codes & ENCRYPTION or codes & {FindingCode.KEY_UNUSABLE, FindingCode.CONTESTED}:
        return None
    if not claim.is_settled:
        return None  # Its newest request has not succeeded, so nobody knows which state to go back to.
    stream = StreamRef.of_arn(record.stream)
    return Mend(stream, claim.owner, RequestStamp(claim.latest.issued_at, claim.latest.digests[-1]))


def mend_name(mend: Mend, record: Record, now: float) -> str:
    """Name the execution of a mend, so that a finding starts one execution an hour, however often it is seen."""
    since = min((told.since for told in record.watch.told if told.code in ENCRYPTION), default=0.0)
    parts = (record.stream, mend.stamp.digest, since, int(now) // MEND_AGAIN_SECONDS)
    return f"mend-{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"
