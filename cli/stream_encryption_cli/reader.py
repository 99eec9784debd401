"""Looks at streams, records and keys. There is no method here that changes anything."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .engine import KeyLookup, Kinesis, Page, Record, Refused, WatchTable, refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kms import KMSClient

    from .engine import Key, Refusal, Stream, StreamRef

PAGE = 1000
"""How many names a page of ListStreams holds, which takes up to 10,000; and how many records a page of the table."""


def stream_name(stream_arn: str) -> str:
    """The stream's name in its ARN."""
    return stream_arn.rpartition("/")[2]


class NotSeen(Exception):
    """Something could not be looked at. The text says what, and why."""

    def __init__(self, refusal: Refusal) -> None:
        """Name the look and the error."""
        self.refusal = refusal
        super().__init__(f"{refusal.action} of {refusal.resource} failed: {refusal.code}: {refusal.message}")


class StreamReader:
    """Looks at streams. Every method raises NotSeen where AWS refuses."""

    def __init__(self, client: KinesisClient) -> None:
        """Use a boto3 client, which does retries of its own."""
        self._client = client
        self._kinesis = Kinesis(client)

    def describe(self, ref: StreamRef) -> Stream | None:
        """Look at a stream (DescribeStreamSummary); None if there is none."""
        with _or_not_seen():
            return self._kinesis.describe(ref)

    def names(self, after: str | None) -> tuple[list[str], bool]:
        """Read a page of the streams' names (ListStreams).

        Args:
            after: The last name of the page before; None for the first page.

        Returns:
            The names, and whether there are more.
        """
        with _or_not_seen(), refusals("kinesis:ListStreams", "every stream"):
            page = (
                self._client.list_streams(Limit=PAGE, ExclusiveStartStreamName=after)
                if after
                else self._client.list_streams(Limit=PAGE)
            )
            return page["StreamNames"], page["HasMoreStreams"]


class RecordReader:
    """Looks at the provider's record."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        """Use a boto3 client, which does retries of its own, and a table by its name or ARN."""
        self._table = WatchTable(lambda: client, table, time.time)

    def read(self, stream_arn: str) -> Record:
        """Read a stream's record (GetItem); an empty one where the table has none.

        Raises:
            NotSeen: The table can't be read.
        """
        with _or_not_seen():
            return self._table.read(stream_arn)

    def page(self, after: str | None) -> Page:
        """Read a page of records (Scan).

        Args:
            after: The last stream of the page before; None for the first page.

        Raises:
            NotSeen: The table can't be read.
        """
        with _or_not_seen():
            return self._table.page(after, PAGE)


class NoRecords(RecordReader):
    """Stands for the record in a region that has no provider: no stream is managed there."""

    def __init__(self) -> None:
        """There is nothing to read."""

    def read(self, stream_arn: str) -> Record:
        """Give an empty record."""
        return Record(stream_arn)

    def page(self, _after: str | None) -> Page:
        """Give an empty page."""
        return Page((), (), None)


class KeyReader(KeyLookup):
    """Looks keys up as the provider does, each of them once."""

    def __init__(self, client: Callable[[], KMSClient], on_denied: Callable[[Refusal], None] = lambda _: None) -> None:
        """Use a boto3 client, which does retries of its own, and tell each look-up that is denied."""
        super().__init__(client, on_denied)
        self._found: dict[tuple[str, str], Key] = {}

    def look_up(self, key_id: str, stream: Stream, *, again_if_denied: bool = False) -> Key:
        """Resolve a KeyId, as KeyLookup does.

        Raises:
            NotSeen: KMS did not answer.
        """
        if (key_id, stream.arn) not in self._found:
            with _or_not_seen():
                self._found[key_id, stream.arn] = super().look_up(key_id, stream, again_if_denied=again_if_denied)
        return self._found[key_id, stream.arn]


def pages(records: RecordReader) -> Iterator[Page]:
    """Read all pages of the records, one after the other.

    Raises:
        NotSeen: The table can't be read.
    """
    page = records.page(None)
    yield page
    while page.after is not None:
        page = records.page(page.after)
        yield page


@contextmanager
def _or_not_seen() -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        raise NotSeen(refused.refusal) from None
