"""What an author who takes care writes for any of the frameworks: look first, ask only for what is not so yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

Event = dict[str, Any]


def begin(kinesis: KinesisClient, event: Event) -> str:
    """Start or stop the stream's encryption, if it is not as the event wants it; answers the physical id."""
    name, wanted = event["ResourceProperties"]["StreamName"], event["ResourceProperties"].get("KeyId")
    seen = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    current = seen.get("KeyId") if seen.get("EncryptionType") == "KMS" else None
    if event["RequestType"] == "Delete":
        if current:
            kinesis.stop_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=current)
    elif current != wanted:
        kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=wanted)
    return f"encryption-of-{name}"


def is_complete(kinesis: KinesisClient, event: Event) -> bool:
    """Whether the stream is ACTIVE again."""
    name = event["ResourceProperties"]["StreamName"]
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE"
