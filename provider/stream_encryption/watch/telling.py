"""How findings are told: an event on the account's bus, a log line and metrics, each once for each change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stream_encryption.aws.event_bus import MOST_EVENTS, EventBus
from stream_encryption.aws.service_errors import Refused
from stream_encryption.record.values import Record
from stream_encryption.record.watch_notes import Told
from stream_encryption.values import Refusal, StreamRef

from .log import WatchLog
from .news import News

SOURCE = "kinesis-stream-encryption"
DETAIL_TYPE = "Kinesis Stream Encryption Drift"
FOUND, OVER = "Found", "Over"
_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Untold:
    """News that EventBridge did not take.

    Attributes:
        found: The findings to tell.
        over: The findings that are over.
        refusal: Why it did not take the first of them.
    """

    found: tuple[Told, ...]
    over: tuple[Told, ...]
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells findings."""

    bus: EventBus
    log: WatchLog

    def tell(self, record: Record, news: News) -> Untold | None:
        """Tell what is new about a stream; return what EventBridge did not take: that is neither logged nor counted."""
        told = [(OVER, one) for one in news.over] + [(FOUND, one) for one in news.found]
        refused = list[tuple[str, Told, Refusal]]()
        for start in range(0, len(told), MOST_EVENTS):
            some = told[start : start + MOST_EVENTS]
            details = [event_detail(record, state, one) for state, one in some]
            for (state, one), detail, refusal in zip(some, details, self._put(record, details), strict=True):
                if refusal:
                    refused.append((state, one, refusal))
                else:
                    self.log.told(detail, found=state == FOUND)
        found, over = (tuple(one for state, one, _ in refused if state == of) for of in (FOUND, OVER))
        return Untold(found, over, refused[0][2]) if refused else None

    def _put(self, record: Record, details: list[dict[str, Any]]) -> list[Refusal | None]:
        """Put events; return for each of them why EventBridge did not take it, None where it did."""
        try:
            return self.bus.put(DETAIL_TYPE, record.stream, details)
        except Refused as refused:
            return [refused.refusal] * len(details)


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
