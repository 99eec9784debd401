"""The table as the watch uses it: it reads page by page, and writes its own notes alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from stream_encryption.aws.service_errors import refusals

from .item import attribute, from_item
from .table import RecordTable
from .values import Record
from .watch_notes import WatchNotes


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the table's records.

    Attributes:
        records: The records.
        unreadable: The streams of the items that the provider did not write.
        after: The last stream of the page, after which the next page begins; None: there is no next page.
    """

    records: tuple[Record, ...]
    unreadable: tuple[str, ...]
    after: str | None


class WatchTable(RecordTable):
    """Reads records page by page, and notes in them. Every method raises Refused where DynamoDB refuses."""

    def note(self, record: Record, notes: WatchNotes) -> Record:
        """Write the watch's notes over the version that was read (UpdateItem), and return the record.

        It names no other attribute than these two, and the watch's role may write no other. The condition is write's.
        """
        with refusals("dynamodb:UpdateItem", self._name):
            self._client().update_item(
                TableName=self._name,
                Key={"stream": {"S": record.stream}},
                UpdateExpression="SET watch = :watch, version = :next",
                ConditionExpression="version = :version",
                ExpressionAttributeValues={
                    ":watch": attribute(notes),
                    ":next": {"N": str(record.version + 1)},
                    ":version": {"N": str(record.version)},
                },
            )
        return replace(record, watch=notes, version=record.version + 1)

    def page(self, after: str | None, limit: int) -> Page:
        """Read so many records (Scan), each of them possibly some seconds old: every write is conditional.

        Args:
            after: The stream after which to begin; None: with the first one.
            limit: How many items to read.
        """
        start: Any = {"ExclusiveStartKey": {"stream": {"S": after}}} if after else {}
        with refusals("dynamodb:Scan", self._name):
            found = self._client().scan(TableName=self._name, Limit=limit, **start)
        records, unreadable = list[Record](), list[str]()
        for item in found["Items"]:
            try:
                records.append(from_item(item))
            except (KeyError, TypeError, ValueError):
                unreadable.append(str(item["stream"]["S"]))
        last = found.get("LastEvaluatedKey")
        return Page(tuple(records), tuple(unreadable), last["stream"]["S"] if last else None)
