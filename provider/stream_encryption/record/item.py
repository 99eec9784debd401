"""The record as a DynamoDB item that a person can read, to and from values."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from stream_encryption.codec import decode, encode

from .changes import expires
from .values import Record

_serialize, _deserialize = TypeSerializer().serialize, TypeDeserializer().deserialize


def to_item(record: Record) -> dict[str, Any]:
    """Write the record as an item of DynamoDB's typed values; `expires` is for the table's TTL.

    All times are in epoch seconds. A key is null where the stream is not encrypted.
    """
    plain = {**encode(record), "expires": expires(record)}
    return {name: _serialize(_decimal(value)) for name, value in plain.items() if value is not None}


def from_item(item: Mapping[str, Any]) -> Record:
    """Read the record from an item.

    Raises:
        KeyError, TypeError, ValueError: The provider did not write the item.
    """
    record: Record = decode(Record, {name: _deserialize(value) for name, value in item.items()})
    return record


def attribute(value: Any) -> Any:  # noqa: ANN401 (a dataclass, and DynamoDB's typed value)
    """Write a part of the record as one of DynamoDB's typed values."""
    return _serialize(_decimal(encode(value)))


def _decimal(value: Any) -> Any:  # noqa: ANN401 (plain values)
    """Write times to the millisecond: DynamoDB's numbers are decimal, and boto3 takes no float."""
    if isinstance(value, dict):
        return {name: _decimal(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_decimal(one) for one in value]
    return Decimal(str(round(value, 3))) if isinstance(value, float) else value
