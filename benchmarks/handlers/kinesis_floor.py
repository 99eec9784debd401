"""The floor of a function that keeps no record: it imports boto3, makes one Kinesis client, and makes one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Mapping

kinesis = boto3.client("kinesis")


def on_event(event: Mapping[str, Any], _context: object) -> None:
    """Lambda's entry point: one call."""
    kinesis.describe_stream_summary(StreamName=event["ResourceProperties"]["StreamName"])
