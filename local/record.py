"""Reads the record as an operator would: a stream's item in the provider's table, as plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml
from boto3.dynamodb.types import TypeDeserializer

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_LINE = 100
EARLIEST_TIME = 1_000_000_000
"""A larger number in an item is a time in epoch seconds."""


class RecordReader:
    """The table of the record."""

    def __init__(self, client: Any, table: str) -> None:  # noqa: ANN401 - there are no stubs
        """Use this DynamoDB client, which is not the function's."""
        self._client, self._table = client, table

    def item(self, stream_arn: str) -> dict[str, Any]:
        """A stream's item, as plain values; empty if it has none."""
        key = {"stream": {"S": stream_arn}}
        item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})
        return {name: _plain(TypeDeserializer().deserialize(value)) for name, value in item.items()}


def readable(item: Mapping[str, Any]) -> list[str]:
    """An item line by line, as YAML: times in UTC, empty lists left out, long lines cut."""
    lines = yaml.safe_dump(_shown(dict(item)), sort_keys=False, width=10_000).splitlines() if item else ["no item"]
    return [line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…" for line in lines]


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever an item holds
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value


def _shown(value: Any) -> Any:  # noqa: ANN401 - whatever an item holds
    if isinstance(value, dict):
        return {key: _shown(one) for key, one in value.items() if one not in ([], {})}
    if isinstance(value, list):
        return [_shown(one) for one in value]
    if isinstance(value, int | float) and value > EARLIEST_TIME:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return "none" if value is None else value
