"""The account's default event bus for tests: keeps the events that were put."""

import json
from typing import Any

from tests.fake_calls import Wire, answer
from tests.fake_clock import Clock

MOST = 10


class FakeBus:
    """As much of a boto3 EventBridge client as the watch needs."""

    def __init__(self, wire: Wire | Clock) -> None:
        """Start with no events; give the Wire of another fake, to share its record and its plan of faults."""
        self.wire = wire if isinstance(wire, Wire) else Wire(wire)
        self.events: list[dict[str, Any]] = []
        self.refuses_entries = False  # the call succeeds, and says that it did not take the entries

    def put_events(self, **arguments: Any) -> dict[str, Any]:
        """Take events, each with its Detail as JSON."""
        made: dict[str, Any] = self.wire.call("events:PutEvents", arguments, lambda: self._put(arguments["Entries"]))
        return made

    def _put(self, entries: list[dict[str, Any]]) -> dict[str, Any]:
        assert 0 < len(entries) <= MOST
        if self.refuses_entries:
            failed = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
            return answer(FailedEntryCount=len(entries), Entries=[failed for _ in entries])
        self.events += [{**entry, "Detail": json.loads(entry["Detail"])} for entry in entries]
        return answer(FailedEntryCount=0, Entries=[{"EventId": str(number)} for number, _ in enumerate(entries)])
