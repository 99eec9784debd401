"""Terraform's `aws_kinesis_stream`, a model: the calls and the pauses that its Go code makes, in their order.

Source: hashicorp/terraform-provider-aws, internal/service/kinesis/stream.go (waitStreamUpdated: Delay 10 s, MinTimeout
3 s; a look is DescribeStreamSummary) and internal/backoff (SDKv2HelperRetryCompatibleDelay: a pause is twice the one
before, from 0.1 s on, at least MinTimeout and at most 10 s). So it looks after 10, 13, 19, 29, 39 … s.
"""

from __future__ import annotations

import time
from itertools import chain, repeat
from typing import TYPE_CHECKING

from benchmarks.account import answer
from benchmarks.peers.careful_function import is_complete

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.account import Account, Event

DELAY_SECONDS, SHORTEST_SECONDS, LONGEST_SECONDS = 10.0, 3.0, 10.0


def as_coded() -> Iterator[float]:
    """The pauses as its code makes them, in seconds."""
    yield DELAY_SECONDS
    seconds = 0.1
    while True:
        seconds = min(max(seconds * 2, SHORTEST_SECONDS), LONGEST_SECONDS)
        yield seconds


def as_published() -> Iterator[float]:
    """The pauses as its two constants read, 10 s and then 3 s each time: better than it is."""
    return chain((DELAY_SECONDS,), repeat(SHORTEST_SECONDS))


class Terraform:
    """Starts, and waits in one of the two rhythms; a PUT stands for its return, as it has no ResponseURL."""

    def __init__(self, account: Account, *, published: bool = False) -> None:
        """Work in an account."""
        self.name = "Terraform, 10 s then 3 s (model)" if published else "Terraform (model)"
        self._kinesis, self._rhythm = account.kinesis, as_published if published else as_coded

    def handle(self, event: Event) -> None:
        """Create, change or end the encryption, or find that nothing changed."""
        properties, old = event["ResourceProperties"], event.get("OldResourceProperties", {})
        name, key = properties["StreamName"], properties.get("KeyId")
        if event["RequestType"] == "Delete":
            self._kinesis.stop_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=key)
            self._wait(event)
        elif old.get("KeyId") != key:
            self._kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=key)
            self._wait(event)
        self._read(name)
        answer(event, name)

    def _wait(self, event: Event) -> None:
        for seconds in self._rhythm():
            time.sleep(seconds)
            if is_complete(self._kinesis, event):
                return

    def _read(self, name: str) -> None:
        """Its refresh, which is all that there is where nothing changed."""
        self._kinesis.describe_stream_summary(StreamName=name)
        self._kinesis.list_tags_for_stream(StreamName=name)
