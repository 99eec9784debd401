"""The table that keeps the records, one item a stream: strongly consistent reads, conditional writes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from stream_encryption.aws.service_errors import Refused, refusals
from stream_encryption.values import Refusal, RefusalKind

from .item import attribute, from_item, to_item
from .values import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

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


class RecordTable:
    """Reads and writes records. Every method raises Refused where DynamoDB refuses."""

    def __init__(self, client: Callable[[], DynamoDBClient], name: str) -> None:
        """Use a boto3 client, which does no retries of its own, and a table by its name or ARN."""
        self._client = client
        self._name = name

    def read(self, stream_arn: str) -> Record:
        """Read a stream's record (GetItem); an empty record of version 0 where the table has none."""
        with refusals("dynamodb:GetItem", self._name):
            found = self._client().get_item(
                TableName=self._name, Key={"stream": {"S": stream_arn}}, ConsistentRead=True
            )
        if "Item" not in found:
            return Record(stream_arn)
        try:
            return from_item(found["Item"])
        except (KeyError, TypeError, ValueError) as error:
            message = f"the item of {stream_arn} is not one that the provider wrote: {error!r}"
            raise Refused(
                Refusal("dynamodb:GetItem", self._name, RefusalKind.RECORD, "RecordUnreadable", message)
            ) from None

    def write(self, record: Record) -> Record:
        """Write a record over the version that was read (PutItem), and return it with its new version.

        The condition makes sure that nobody wrote in between: the item still has the version that was read, or is
        still missing where none was found. Otherwise the refusal is of the kind CONFLICT, and nothing is written.
        """
        written = replace(record, version=record.version + 1)
        with refusals("dynamodb:PutItem", self._name):
            self._client().put_item(TableName=self._name, Item=to_item(written), **_unchanged_since(record))
        return written

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


def _unchanged_since(record: Record) -> Any:  # noqa: ANN401 (a part of PutItem's arguments)
    if record.version == 0:
        return {"ConditionExpression": "attribute_not_exists(version)"}
    return {
        "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": {":version": {"N": str(record.version)}},
    }
