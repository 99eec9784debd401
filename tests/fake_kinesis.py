"""An Amazon Kinesis for tests, at the level of a boto3 client, in virtual time.

Where the behaviour of the real service is unknown, the fake does what is hardest on the code under test, or lets the
test choose (see Settings).
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, Unpack, cast

from tests.fake_calls import FakeService, Wire, answer
from tests.fake_clock import Clock
from tests.fake_errors import Kind, client_error, fault, stream_arn
from tests.fake_kms import FakeKms
from tests.fake_people import People
from tests.fake_stream import ACTIVE, NONE, ONLY_SHARD, UPDATING, Encryption, Settings, Snapshot, Stream, encrypted_with

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import (
        DescribeStreamInputTypeDef,
        DescribeStreamSummaryInputTypeDef,
        ListStreamsInputTypeDef,
        PutRecordInputTypeDef,
        StartStreamEncryptionInputTypeDef,
        StopStreamEncryptionInputTypeDef,
    )

A_DAY = 86_400.0
LONGEST_KEY_ID = 2048


class FakeKinesis(FakeService):
    """As much of a boto3 Kinesis client as a stream's encryption needs."""

    def __init__(
        self,
        clock: Clock,
        kms: FakeKms | None = None,
        *,
        account: str = "123456789012",
        region: str = "us-east-1",
    ) -> None:
        """Start with no streams.

        Args:
            clock: Virtual time.
            kms: The keys; its record, plan of faults, account and region are shared. A new one unless given.
            account: The account, where no KMS is given.
            region: The region, where no KMS is given.
        """
        self.clock = clock
        self.kms = kms or FakeKms(Wire(clock, account, region))
        super().__init__(self.kms.wire)
        self.settings = Settings()
        self.next_updating: deque[float] = deque()  # how long the next Starts and Stops take, one after the other
        self.streams: dict[str, Stream] = {}
        self.history: list[Snapshot] = []
        self.people = People(self.streams)

    @property
    def client(self) -> "KinesisClient":
        """Itself, under the type that boto3 gives to its clients."""
        return cast("KinesisClient", self)

    def add_stream(
        self,
        name: str = "orders",
        key_id: str | None = None,
        *,
        creating: float = 0.0,
        tags: Mapping[str, str] | None = None,
    ) -> Stream:
        """Make a stream, or make it anew.

        Args:
            name: Its name.
            key_id: The key that it is encrypted with, if it is.
            creating: How long it stays CREATING.
            tags: What it is tagged with.
        """
        arn = stream_arn(name, self.wire.account, self.wire.region)
        encryption = encrypted_with(key_id) if key_id else NONE
        stream = Stream(
            name,
            arn,
            clock=self.clock,
            settings=self.settings,
            history=self.history,
            encryption=encryption,
            tags=tags,
        )
        self.streams[name] = stream
        stream.creating(creating)
        return stream

    def during(self, name: str, start: float, end: float) -> list[Snapshot]:
        """Tell every state that a stream was in, however briefly, from start to end."""
        states = [state for state in self.history if state.stream == name and state.at <= end]
        before = [state for state in states if state.at < start]
        return before[-1:] + [state for state in states if state.at >= start]

    # What boto3's client does, in boto3's words.

    def describe_stream_summary(self, **arguments: "Unpack[DescribeStreamSummaryInputTypeDef]") -> dict[str, Any]:
        """Answer with status, encryption and key, which may be stale."""
        return self._call("DescribeStreamSummary", arguments, self._summarize)

    def describe_stream(self, **arguments: "Unpack[DescribeStreamInputTypeDef]") -> dict[str, Any]:
        """Answer with status, encryption, key and a page of shards, which may be stale."""
        return self._call("DescribeStream", arguments, self._describe)

    def list_streams(self, **arguments: "Unpack[ListStreamsInputTypeDef]") -> dict[str, Any]:
        """Answer with a page of the streams' names."""
        return self._call("ListStreams", arguments, self._list)

    def start_stream_encryption(self, **arguments: "Unpack[StartStreamEncryptionInputTypeDef]") -> dict[str, Any]:
        """Start to encrypt, or change the key; the same key again is allowed, and costs quota."""
        return self._call("StartStreamEncryption", arguments, self._start, changes=True)

    def stop_stream_encryption(self, **arguments: "Unpack[StopStreamEncryptionInputTypeDef]") -> dict[str, Any]:
        """Stop to encrypt."""
        return self._call("StopStreamEncryption", arguments, self._stop, changes=True)

    def put_record(self, **arguments: "Unpack[PutRecordInputTypeDef]") -> dict[str, Any]:
        """Put a record, and tell whether it was encrypted."""
        return self._call("PutRecord", arguments, self._put, changes=True)

    # What the service does.

    def _call(
        self,
        name: str,
        arguments: Any,
        effect: Callable[[str, Mapping[str, Any]], dict[str, Any]],
        *,
        changes: bool = False,
    ) -> dict[str, Any]:
        action = f"kinesis:{name}"
        made: dict[str, Any] = self.wire.call(action, arguments, lambda: effect(action, arguments), changes=changes)
        return made

    def _summarize(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        description = self._stream(action, arguments).description()
        return answer(StreamDescriptionSummary={**description, "OpenShardCount": 1, "ConsumerCount": 0})

    def _describe(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        description = self._stream(action, arguments).description()
        return answer(StreamDescription={**description, "Shards": [ONLY_SHARD], "HasMoreShards": False})

    def _list(self, _action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        names = sorted(name for name in self.streams if name > arguments.get("ExclusiveStartStreamName", ""))
        page = names[: arguments.get("Limit", 100)]
        return answer(StreamNames=page, HasMoreStreams=len(page) < len(names))

    def _start(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        stream = self._stream_to_change(action, arguments)
        refusal = self.kms.refusal(arguments["KeyId"])
        if refusal:
            self._raise(refusal, action, arguments)
        self._spend(stream.starts, action, arguments)
        stream.re_encrypt(encrypted_with(arguments["KeyId"]), self._updating(), "start")
        return answer()

    def _stop(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        stream = self._stream_to_change(action, arguments)
        if self.settings.stop_is_strict and stream.encryption.key_id != arguments["KeyId"]:
            self._refuse(action, f"Stream {self._of(stream)} is not encrypted with {arguments['KeyId']}.")
        self._spend(stream.stops, action, arguments)
        stream.re_encrypt(NONE, self._updating(), "stop")
        return answer()

    def _put(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        stream = self._stream(action, arguments)
        if stream.status not in {ACTIVE, UPDATING}:
            self._raise(Kind.NOT_FOUND, action, arguments)
        if "PartitionKey" not in arguments:
            self._refuse(action, "PartitionKey is required.")
        in_force: Encryption = stream.in_force
        # The real service asks KMS about every five minutes; this one at each record.
        refusal = self.kms.refusal(in_force.key_id) if in_force.key_id else None
        if refusal:
            self._raise(refusal, action, {**arguments, "KeyId": in_force.key_id})
        stream.records += 1
        return answer(
            ShardId="shardId-000000000000",
            SequenceNumber=f"{stream.records:056d}",
            EncryptionType=in_force.kind,
        )

    def _stream_to_change(self, action: str, arguments: Mapping[str, Any]) -> Stream:
        """Find the stream of a Start or Stop, when all that both demand is so."""
        if arguments["EncryptionType"] != "KMS":
            self._refuse(action, "EncryptionType must be KMS.")
        if len(arguments["KeyId"]) > LONGEST_KEY_ID:
            self._refuse(action, f"KeyId must have at most {LONGEST_KEY_ID} characters.")
        stream = self._stream(action, arguments)
        if stream.status != ACTIVE:
            message = f"Stream {self._of(stream)} not ACTIVE, instead in state {stream.status}"
            raise client_error("ResourceInUseException", message, action)
        return stream

    def _stream(self, action: str, arguments: Mapping[str, Any]) -> Stream:
        """Find the stream by name, by ARN, or by both where they agree."""
        name: str = arguments.get("StreamName", "")
        arn: str = arguments.get("StreamARN", "")
        if not (name or arn):
            self._refuse(action, "Either StreamName or StreamARN must be given.")
        stream = self.streams.get(name or arn.rpartition("/")[2])
        if arn and name and arn.rpartition("/")[2] != name:
            self._refuse(action, f"StreamName {name} and StreamARN {arn} do not agree.")
        if arn and f":{self.wire.account}:" not in arn:  # another account's, whose policy says nothing of us
            self._raise(Kind.ACCESS_DENIED, action, arguments)
        if stream is None or (arn and stream.arn != arn):
            self._raise(Kind.NOT_FOUND, action, arguments)
        return stream

    def _spend(self, spent: deque[float], action: str, arguments: Mapping[str, Any]) -> None:
        """Count a change against the quota of a rolling day."""
        now = self.clock.now()
        while spent and spent[0] <= now - A_DAY:
            spent.popleft()
        if len(spent) >= self.settings.daily_quota:
            self._raise(Kind.DAILY_QUOTA, action, arguments)
        spent.append(now)

    def _updating(self) -> float:
        return self.next_updating.popleft() if self.next_updating else self.settings.updating

    def _of(self, stream: Stream) -> str:
        return f"{stream.name} under account {self.wire.account}"

    def _refuse(self, action: str, message: str) -> NoReturn:
        raise client_error("InvalidArgumentException", message, action)

    def _raise(self, kind: Kind, action: str, arguments: Mapping[str, Any]) -> NoReturn:
        raise fault(kind, action, arguments, self.wire.account, self.wire.region)
