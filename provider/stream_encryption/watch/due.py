"""The grants of a record that can be revoked, because nobody needs them any more. Pure."""

from __future__ import annotations

import hashlib

from stream_encryption.grants import HOUR, Grant
from stream_encryption.reconcile.goals import RevokeDue
from stream_encryption.reconcile.restoration import can_bring_back
from stream_encryption.record.requests import RequestStamp
from stream_encryption.record.values import Record
from stream_encryption.values import Stream, StreamRef, StreamStatus

SHORTEST_RETENTION_HOURS = 24
"""No stream keeps its records for a shorter time (Kinesis Developer Guide, "Change the data retention period")."""


def may_be_due(record: Record, now: float) -> bool:
    """Tell whether a look at the stream is worth while: a grant that nobody wants may be due."""
    return any(not grant.owners and _has_ended(grant, SHORTEST_RETENTION_HOURS, now) for grant in record.grants)


def revoke_due(record: Record, stream: Stream | None, now: float) -> RevokeDue | None:
    """The goal to revoke what is due; None where nothing is.

    Args:
        record: The record.
        stream: Its stream, just looked at; None where there is none.
        now: The time, in epoch seconds.
    """
    there = stream if stream and stream.status is not StreamStatus.DELETING else Stream.gone(record.stream)
    due = [grant for grant in record.grants if not grant.owners and _is_due(grant, record, there, now)]
    if not due or (record.pending and record.pending.until > now):
        return None
    hour = int(now // HOUR)
    digest = hashlib.sha256(f"{record.stream}\n{hour}".encode()).hexdigest()[:16]
    return RevokeDue(StreamRef.of_arn(record.stream), RequestStamp(int(now), f"due-{digest}"))


def _is_due(grant: Grant, record: Record, stream: Stream, now: float) -> bool:
    """Tell whether a grant without an owner is of no use: its time is over, or its key has left the stream for good."""
    if grant.ended_at is None:
        has = record.key_arn(stream.key_id) or stream.key_id if stream.key_id else None
        is_gone = stream.status is StreamStatus.DELETING
        return has != grant.key and (is_gone or not can_bring_back(record, grant.key))
    return _has_ended(grant, stream.retention_hours, now)


def _has_ended(grant: Grant, retention_hours: int, now: float) -> bool:
    revoke_at = grant.revoke_at(retention_hours)
    return grant.ended_at is None or (revoke_at is not None and revoke_at <= now)
