"""The doors to Kinesis and KMS for those who only look: there is no other method to call."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from .engine import Keys, Kinesis, Refused, refusals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_kinesis import KinesisClient

    from .engine import Key, Refusal, Stream, StreamRef


class NotSeen(Exception):
    """Something could not be looked at, so that nothing can be said of it. Its text says what and why."""

    def __init__(self, refusal: Refusal) -> None:
        """Name the look and what came of it."""
        super().__init__(f"{refusal.action} of {refusal.resource} failed: {refusal.code}: {refusal.message}")


class StreamReader:
    """Kinesis for those who only look. Every method raises NotSeen where AWS refuses."""

    def __init__(self, client: KinesisClient) -> None:
        """Use a boto3 client, which does retries of its own."""
        self._client = client
        self._kinesis = Kinesis(client)

    def describe(self, ref: StreamRef) -> Stream | None:
        """Look at a stream (DescribeStreamSummary); None if there is none."""
        with _or_not_seen():
            return self._kinesis.describe(ref)

    def tags(self, stream: Stream) -> dict[str, str]:
        """All the tags on a stream (ListTagsForStream, page by page)."""
        with _or_not_seen():
            return self._kinesis.tags(stream)

    def names(self, after: str | None) -> tuple[list[str], bool]:
        """A page of the streams' names (ListStreams).

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


class KeyReader(Keys):
    """The provider's own look-up of keys, for those who can't just look again later."""

    def look_up(self, key_id: str, stream: Stream) -> Key:
        """Resolve a KeyId, as Keys does.

        Raises:
            NotSeen: KMS did not answer.
        """
        with _or_not_seen():
            return super().look_up(key_id, stream)


PAGE = 1000
"""How many names a page of ListStreams holds; the API takes up to 10,000."""


@contextmanager
def _or_not_seen() -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        raise NotSeen(refused.refusal) from None
