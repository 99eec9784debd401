"""The only file that calls EventBridge. One method, one call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from stream_encryption.values import Refusal, RefusalKind

from .service_errors import refusals

MOST_EVENTS = 10
"""How many events one call may put (API reference of PutEvents)."""
_ACTION, _RESOURCE = "events:PutEvents", "the default event bus"


class EventsClient(Protocol):
    """The part of boto3's EventBridge client that is used."""

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:  # noqa: N803 (boto3's name)
        """Put events."""


class EventBus:
    """The account's default event bus."""

    def __init__(self, client: EventsClient, source: str) -> None:
        """Use a boto3 client, which does no retries of its own, and the name under which events are put."""
        self._client = client
        self._source = source

    def put(self, detail_type: str, resource: str, details: Sequence[Mapping[str, Any]]) -> list[Refusal | None]:
        """Put events about one resource (PutEvents): at most ten.

        Returns:
            For each event why EventBridge did not take it; None where it did.

        Raises:
            Refused: EventBridge took none of them; or it may have, and the response was lost.
        """
        with refusals(_ACTION, _RESOURCE):
            response = self._client.put_events(
                Entries=[
                    {
                        "Source": self._source,
                        "DetailType": detail_type,
                        "Resources": [resource],
                        "Detail": json.dumps(detail),
                    }
                    for detail in details
                ]
            )
        return [_refusal(entry) for entry in response["Entries"]]


def _refusal(entry: Mapping[str, Any]) -> Refusal | None:
    """Why EventBridge did not take an event, which can be put again; None where it took it."""
    if not entry.get("ErrorCode"):
        return None
    return Refusal(_ACTION, _RESOURCE, RefusalKind.TRANSIENT, entry["ErrorCode"], entry.get("ErrorMessage", ""))
