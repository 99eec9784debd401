"""A function that waits by boto3's `stream_exists`: its own code and its own rhythm, 10 s between two looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.account import answer
from benchmarks.peers.careful_function import begin

if TYPE_CHECKING:
    from benchmarks.account import Account, Event


class Boto3Waiter:
    """Waits in the function itself."""

    name = "boto3 stream_exists"

    def __init__(self, account: Account) -> None:
        """Work in an account."""
        self._kinesis = account.kinesis

    def handle(self, event: Event) -> None:
        """See a request through to its answer."""
        physical_id = begin(self._kinesis, event)
        self._kinesis.get_waiter("stream_exists").wait(StreamName=event["ResourceProperties"]["StreamName"])
        answer(event, physical_id)
