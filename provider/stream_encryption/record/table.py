"""The table that keeps the records, one item a stream: strongly consistent reads, conditional writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stream_encryption.aws.service_errors import Refused, refusals
from stream_encryption.values import Refusal, RefusalKind

from .item import from_item, to_item
from .values import Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class RecordTable:
    """Reads and writes records. Every method raises Refused where DynamoDB refuses."""

    def __init__(self, client: Callable[[], DynamoDBClient], name: str, now: Callable[[], float]) -> None:
        """Use a boto3 client, which does no retries of its own; a table by its name or ARN; and the time."""
        self._client = client
        self._name = name
        self._now = now

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

        The first version of a new item is the time. If DynamoDB deletes an item whose TTL is over, and another request
        writes a new one, the new item never has a version that the old one had.
        """
        written = replace(record, version=record.version + 1 if record.version else int(self._now()))
        with refusals("dynamodb:PutItem", self._name):
            self._client().put_item(TableName=self._name, Item=to_item(written), **_unchanged_since(record))
        return written


def _unchanged_since(record: Record) -> Any:  # noqa: ANN401 (a part of PutItem's arguments)
    if record.version == 0:
        return {"ConditionExpression": "attribute_not_exists(version)"}
    return {
        "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": {":version": {"N": str(record.version)}},
    }
