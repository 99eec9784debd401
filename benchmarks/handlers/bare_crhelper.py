"""A custom resource as crhelper's README shows it, with the provider's two clients, and the same call in its Create."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from crhelper import CfnResource

if TYPE_CHECKING:
    from collections.abc import Mapping

helper = CfnResource()
kinesis = boto3.client("kinesis")
dynamodb = boto3.client("dynamodb")


@helper.create
def create(event: Mapping[str, Any], _context: object) -> None:
    """Create: one call."""
    kinesis.describe_stream_summary(StreamName=event["ResourceProperties"]["StreamName"])


def on_event(event: Mapping[str, Any], context: object) -> None:
    """Lambda's entry point."""
    helper(event, context)
