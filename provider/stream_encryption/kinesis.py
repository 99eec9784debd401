"""The only file that calls Kinesis. One method, one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import Refusal, RefusalKind, Stream, StreamRef, StreamStatus
from .refusals import Refused, refusals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_kinesis import KinesisClient

PROBE = b"kinesis-stream-encryption: a record that shows that the stream encrypts. Please pass over it."
PROBE_PARTITION_KEY = "kinesis-stream-encryption"


class Kinesis:
    """Kinesis data streams, as far as their encryption goes. Every method raises Refused where AWS refuses."""

    def __init__(self, client: KinesisClient) -> None:
        """Use a boto3 client, which does no retries of its own: pacing is the loop's business."""
        self._client = client

    def describe(self, ref: StreamRef) -> Stream | None:
        """Look at a stream (DescribeStreamSummary); None if there is none."""
        try:
            with refusals("kinesis:DescribeStreamSummary", ref.arn or ref.name):
                answer = (
                    self._client.describe_stream_summary(StreamARN=ref.arn)
                    if ref.arn
                    else self._client.describe_stream_summary(StreamName=ref.name)
                )
        except Refused as refused:
            if refused.refusal.kind is RefusalKind.MISSING:
                return None
            raise
        summary = answer["StreamDescriptionSummary"]
        # EncryptionType is left out where a region does not know encryption (seen in aws-cn): that is NONE.
        encrypted = summary.get("EncryptionType", "NONE") == "KMS"
        return Stream(
            name=summary["StreamName"],
            arn=summary["StreamARN"],
            status=StreamStatus(summary["StreamStatus"]),
            key_id=summary.get("KeyId") if encrypted else None,
        )

    def tags(self, stream: Stream) -> dict[str, str]:
        """All the tags on a stream (ListTagsForStream, page by page)."""
        found: dict[str, str] = {}
        start: dict[str, str] = {}
        while True:
            with refusals("kinesis:ListTagsForStream", stream.arn):
                page = self._client.list_tags_for_stream(StreamARN=stream.arn, **start)  # type: ignore[arg-type]
            found |= {tag["Key"]: tag.get("Value", "") for tag in page["Tags"]}
            if not page["HasMoreTags"]:
                return found
            start = {"ExclusiveStartTagKey": page["Tags"][-1]["Key"]}

    def tag(self, stream: Stream, tags: Mapping[str, str]) -> None:
        """Add tags, or overwrite them (AddTagsToStream)."""
        with refusals("kinesis:AddTagsToStream", stream.arn):
            self._client.add_tags_to_stream(StreamARN=stream.arn, Tags=tags)

    def untag(self, stream: Stream, keys: Sequence[str]) -> None:
        """Remove tags (RemoveTagsFromStream)."""
        with refusals("kinesis:RemoveTagsFromStream", stream.arn):
            self._client.remove_tags_from_stream(StreamARN=stream.arn, TagKeys=list(keys))

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
            answer = self._client.put_record(StreamARN=stream.arn, Data=PROBE, PartitionKey=PROBE_PARTITION_KEY)
        found = answer.get("EncryptionType", "NONE")
        if found != "KMS":
            message = f"the record was answered with EncryptionType {found}"
            raise Refused(Refusal(action, stream.arn, RefusalKind.UNPROVEN, "RecordNotEncrypted", message))
