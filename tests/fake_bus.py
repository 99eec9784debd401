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
        self.refuses_entries: set[int] = set()  # the places of those that the next call, which succeeds, does not take

    def put_events(self, **arguments: Any) -> dict[str, Any]:
        """Take events, each with its Detail as JSON."""
        made: dict[str, Any] = self.wire.call("events:PutEvents", arguments, lambda: self._put(arguments["Entries"]))
        return made

    def _put(self, entries: list[dict[str, Any]]) -> dict[str, Any]:
        assert 0 < len(entries) <= MOST
        refused, self.refuses_entries = self.refuses_entries & set(range(len(entries))), set()
        taken = [entry for place, entry in enumerate(entries) if place not in refused]
        self.events += [{**entry, "Detail": json.loads(entry["Detail"])} for entry in taken]
        failed = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
        told = [failed if place in refused else {"EventId": str(place)} for place, _ in enumerate(entries)]
        return answer(FailedEntryCount=len(refused), Entries=told)
