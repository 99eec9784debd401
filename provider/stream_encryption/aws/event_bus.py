"""The only file that calls EventBridge. One method, one call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from stream_encryption.values import Refusal, RefusalKind

from .service_errors import Refused, refusals

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

    def put(self, detail_type: str, resource: str, details: Sequence[Mapping[str, Any]]) -> None:
        """Put events about one resource (PutEvents): at most ten.

        Raises:
            Refused: EventBridge did not take all of them.
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
        failed = [entry for entry in response["Entries"] if entry.get("ErrorCode")]
        if failed:
            code, message = failed[0].get("ErrorCode", ""), failed[0].get("ErrorMessage", "")
            raise Refused(Refusal(_ACTION, _RESOURCE, RefusalKind.TRANSIENT, code, message))
