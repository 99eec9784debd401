"""The checks of `make demo`: each is shown on the timeline, and counted there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.cloudformation import Operation
    from local.embedded_aws import EmbeddedAws
    from local.streams import StreamState
    from local.timeline import Timeline

AWS_KEY = "alias/aws/kinesis"
LOGICAL_ID = "Encryption"


class Checks:
    """What holds on an embedded AWS."""

    def __init__(self, aws: EmbeddedAws, timeline: Timeline) -> None:
        """Check this AWS, and show each result on this timeline."""
        self.aws, self.show = aws, timeline
        self.before: dict[str, StreamState] = {}

    def ended(self, operation: Operation, status: str) -> None:
        """Check how an operation of a stack has ended."""
        took = operation.ended - operation.began
        name = operation.stack_id.split("/")[1]
        self.show.check(
            f"{name} is {status} after {took:.1f} s", holds=operation.status == status, seen=operation.status
        )

    def encrypted(self, stream: str, key: str) -> None:
        """Check that Kinesis reports a stream ACTIVE with a key."""
        seen = self.aws.streams.encryption(stream)
        holds = (seen.status, seen.type) == ("ACTIVE", "KMS") and self.same_key(seen.key, key)
        self.show.check(f"Kinesis says: {stream} is ACTIVE and encrypted with {key}", holds=holds, seen=seen)

    def same_key(self, one: str, other: str) -> bool:
        """Whether two KeyIds name one key."""
        if AWS_KEY in {one, other} or not one or not other:
            return one == other
        return self.arn(one) == self.arn(other)

    def arn(self, key: str) -> str:
        """A key's ARN."""
        return self.aws.kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]

    def never_plain(self, stream: str, operation: Operation) -> None:
        """Check that a stream was encrypted at every look since an operation began."""
        self.aws.watch.wait_for_look()
        looks = self.aws.watch.looks(operation.began)
        sights = self.aws.watch.sights(stream, operation.began)
        plain = [one for one in sights if one.encryption.type != "KMS"]
        self.show.check(
            f"{stream} was encrypted whenever it was looked at, every 50 ms, {looks} times",
            holds=not plain,
            seen=plain,
        )

    def starts(self, stream: str, operation: Operation, count: int) -> None:
        """Check how many Starts an operation made; it made no Stop."""
        changes = self.aws.tap.calls(stream, "StartStreamEncryption", "StopStreamEncryption", since=operation.began)
        seen = [one.action for one in changes]
        said = {0: "no Start and no Stop was called", 1: "one Start was called, and no Stop"}[count]
        self.show.check(said, holds=seen == ["StartStreamEncryption"] * count, seen=seen)

    def ref(self, stack: str, stream: str) -> None:
        """Check the Ref of a stack's encryption."""
        seen = self.aws.cloudformation.physical_id(stack, LOGICAL_ID)
        self.show.check("Ref is the stream's ARN", holds=seen == self.aws.stream_arn(stream), seen=seen)

    def as_before(self, stream: str) -> None:
        """Check that a stream is as it was before any stack, and that nobody manages it."""
        seen = self.aws.streams.state(stream)
        before = self.before[stream]
        same = seen.tags == before.tags and seen.encryption.type == before.encryption.type
        same = same and seen.encryption.status == "ACTIVE" and self.same_key(seen.encryption.key, before.encryption.key)
        self.show.check(f"{stream} is as it was before any stack: encryption and tags", holds=same, seen=seen)
        self.record(stream, claims=0)

    def record(self, stream: str, claims: int) -> None:
        """Check how many resources manage a stream, by its record."""
        item = self.aws.record(stream)
        found = item.get("claims", [])
        said = {0: "nobody manages it", 1: "one resource manages it"}[claims]
        self.show.check(f"the record of {stream} says that {said}", holds=len(found) == claims, seen=item)
