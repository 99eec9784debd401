"""The floor: a function that imports boto3, makes the two clients that each request needs, and makes one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Mapping

kinesis = boto3.client("kinesis")
dynamodb = boto3.client("dynamodb")


def on_event(event: Mapping[str, Any], _context: object) -> None:
    """Lambda's entry point: one call."""
    kinesis.describe_stream_summary(StreamName=event["ResourceProperties"]["StreamName"])
