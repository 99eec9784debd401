"""How findings are told: an event on the account's bus, a log line and metrics, each once for each change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stream_encryption.aws.event_bus import MOST_EVENTS, EventBus
from stream_encryption.record.values import Record
from stream_encryption.record.watch_notes import Told
from stream_encryption.values import StreamRef

from .log import WatchLog
from .news import News

SOURCE = "kinesis-stream-encryption"
DETAIL_TYPE = "Kinesis Stream Encryption Drift"
FOUND, OVER = "Found", "Over"
_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells findings."""

    bus: EventBus
    log: WatchLog

    def tell(self, record: Record, news: News) -> None:
        """Tell what is new about a stream.

        Raises:
            Refused: EventBridge did not take it; then nothing was logged or counted either.
        """
        told = [(OVER, one) for one in news.over] + [(FOUND, one) for one in news.found]
        for start in range(0, len(told), MOST_EVENTS):
            details = [event_detail(record, state, one) for state, one in told[start : start + MOST_EVENTS]]
            self.bus.put(DETAIL_TYPE, record.stream, details)
        for state, one in told:
            self.log.told(event_detail(record, state, one), found=state == FOUND)


def event_detail(record: Record, state: str, told: Told) -> dict[str, Any]:
    """Make the detail of an event; docs/watch.md has its schema."""
    claim = record.in_force
    return {
        "version": _VERSION,
        "state": state,
        "code": told.code,
        "detail": told.detail,
        "since": datetime.fromtimestamp(told.since, UTC).isoformat(timespec="seconds"),
        "by": told.by or None,
        "stream": StreamRef.of_arn(record.stream).name,
        "stackId": claim.owner.stack_id if claim else None,
        "logicalId": claim.owner.logical_id if claim else None,
        "wantedKeyId": claim.wanted.key_id if claim else None,
        "wantedKeyArn": claim.wanted.arn if claim else None,
        "onDrift": str(claim.on_drift) if claim else None,
    }
