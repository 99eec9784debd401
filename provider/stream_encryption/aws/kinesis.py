"""The only file that calls Kinesis. One method, one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stream_encryption.values import Refusal, RefusalKind, Stream, StreamRef, StreamStatus

from .service_errors import Refused, refusals

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

PROBE = b"kinesis-stream-encryption: a record that shows that the stream encrypts. Please ignore it."
PROBE_PARTITION_KEY = "kinesis-stream-encryption"


class Kinesis:
    """Kinesis data streams, as far as their encryption goes. Every method raises Refused where AWS refuses."""

    def __init__(self, client: KinesisClient) -> None:
        """Use a boto3 client, which does no retries of its own: the loop decides when to try again."""
        self._client = client

    def describe(self, ref: StreamRef, *, use_describe_stream: bool = False) -> Stream | None:
        """Describe a stream (DescribeStreamSummary, 20 a second in an account); None if there is none.

        Args:
            ref: The stream.
            use_describe_stream: Use DescribeStream instead, which says the same and has 10 a second of its own.
        """
        if use_describe_stream:
            return self._described("DescribeStream", ref, self._client.describe_stream, Limit=1)
        return self._described("DescribeStreamSummary", ref, self._client.describe_stream_summary)

    def start(self, stream: Stream, key_id: str) -> None:
        """Encrypt with this key, from no key or straight from another one (StartStreamEncryption)."""
        with refusals("kinesis:StartStreamEncryption", stream.arn):
            self._client.start_stream_encryption(StreamARN=stream.arn, EncryptionType="KMS", KeyId=key_id)

    def stop(self, stream: Stream, key_id: str) -> None:
        """End encryption (StopStreamEncryption), with the KeyId that Kinesis reports."""
        with refusals("kinesis:StopStreamEncryption", stream.arn):
            self._client.stop_stream_encryption(StreamARN=stream.arn, EncryptionType="KMS", KeyId=key_id)

    def verify(self, stream: Stream) -> None:
        """Put one record and see that it was encrypted (PutRecord); refused as UNPROVEN where it was not."""
        action = "kinesis:PutRecord"
        with refusals(action, stream.arn):
            response = self._client.put_record(StreamARN=stream.arn, Data=PROBE, PartitionKey=PROBE_PARTITION_KEY)
        found = response.get("EncryptionType", "NONE")
        if found != "KMS":
            message = f"the response to the record has EncryptionType {found}"
            raise Refused(Refusal(action, stream.arn, RefusalKind.UNPROVEN, "RecordNotEncrypted", message))

    @staticmethod
    def _described(operation: str, ref: StreamRef, call: Callable[..., Any], **arguments: int) -> Stream | None:
        names = {"StreamARN": ref.arn} if ref.arn else {"StreamName": ref.name}
        try:
            with refusals(f"kinesis:{operation}", ref.arn or ref.name):
                response = call(**names, **arguments)
        except Refused as refused:
            if refused.refusal.kind is RefusalKind.MISSING:
                return None
            raise
        found = response.get("StreamDescriptionSummary") or response["StreamDescription"]
        # EncryptionType is left out where a region does not know encryption (seen in aws-cn): that is NONE.
        encrypted = found.get("EncryptionType", "NONE") == "KMS"
        return Stream(
            name=found["StreamName"],
            arn=found["StreamARN"],
            status=StreamStatus(found["StreamStatus"]),
            key_id=found.get("KeyId") if encrypted else None,
            created=int(found["StreamCreationTimestamp"].timestamp()),
            retention_hours=found["RetentionPeriodHours"],
        )
