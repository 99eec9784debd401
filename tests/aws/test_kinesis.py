"""The one file that calls Kinesis: one method, one call, with the arguments that the service wants."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from stream_encryption.aws.kinesis import PROBE, PROBE_PARTITION_KEY, Kinesis
from stream_encryption.aws.service_errors import Refused
from stream_encryption.values import Refusal, RefusalKind, Stream, StreamRef, StreamStatus
from tests.builders import STREAM_ARN, STREAM_NAME
from tests.fake_clock import NEW_YEAR_2026, Clock
from tests.fake_errors import Kind
from tests.fake_kinesis import FakeKinesis

STREAM = Stream(STREAM_NAME, STREAM_ARN, StreamStatus.ACTIVE, None, int(NEW_YEAR_2026))
BY_NAME = StreamRef(STREAM_NAME)
BY_ARN = StreamRef(STREAM_NAME, STREAM_ARN)


@pytest.fixture
def fake() -> FakeKinesis:
    """An account with a stream that is not encrypted, and a key."""
    fake = FakeKinesis(Clock())
    fake.add_stream(STREAM_NAME)
    fake.kms.add_key("alias/one")
    return fake


def only_call(fake: FakeKinesis) -> tuple[str, Mapping[str, Any]]:
    """The one call that was made, with its arguments."""
    (call,) = fake.calls
    return call.action, call.arguments


def refused(act: Callable[[], object]) -> Refusal:
    """The refusal that a call ends in."""
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.refusal


@pytest.mark.parametrize(
    ("ref", "arguments"), [(BY_NAME, {"StreamName": STREAM_NAME}), (BY_ARN, {"StreamARN": STREAM_ARN})]
)
def test_a_stream_is_described_by_its_arn_where_that_is_known(
    fake: FakeKinesis, ref: StreamRef, arguments: dict[str, str]
) -> None:
    """API reference of DescribeStreamSummary: the ARN is recommended; the name is enough."""
    assert Kinesis(fake.client).describe(ref) == STREAM
    assert only_call(fake) == ("kinesis:DescribeStreamSummary", arguments)


@pytest.mark.parametrize(("ref", "name"), [(BY_NAME, "StreamName"), (BY_ARN, "StreamARN")])
def test_the_other_budget_is_describe_stream_with_one_shard(fake: FakeKinesis, ref: StreamRef, name: str) -> None:
    """Issue: DescribeStream with Limit 1 tells the same, at 10 a second of its own."""
    assert Kinesis(fake.client).describe(ref, use_describe_stream=True) == STREAM
    action, arguments = only_call(fake)
    assert (action, arguments["Limit"], name in arguments) == ("kinesis:DescribeStream", 1, True)


@pytest.mark.parametrize("use_describe_stream", [False, True])
def test_an_encrypted_stream_is_described_with_the_key_as_it_was_given(
    fake: FakeKinesis, *, use_describe_stream: bool
) -> None:
    """Kinesis reports the KeyId in the spelling of the Start."""
    fake.add_stream(STREAM_NAME, "alias/one")
    seen = Kinesis(fake.client).describe(BY_NAME, use_describe_stream=use_describe_stream)
    assert seen == Stream(STREAM_NAME, STREAM_ARN, StreamStatus.ACTIVE, "alias/one", int(NEW_YEAR_2026))


def test_a_description_without_an_encryption_type_is_of_an_unencrypted_stream(fake: FakeKinesis) -> None:
    """Seen in aws-cn: the field is left out, and that is NONE."""
    fake.settings.says_none = False
    assert Kinesis(fake.client).describe(BY_NAME) == STREAM


def test_the_key_of_an_unencrypted_stream_is_none(fake: FakeKinesis) -> None:
    """A KeyId that is left in a description after Stop is no encryption."""

    class Leftover:
        def describe_stream_summary(self, **arguments: Any) -> dict[str, Any]:
            response = fake.describe_stream_summary(**arguments)
            response["StreamDescriptionSummary"]["KeyId"] = "alias/one"
            return response

    client: Any = Leftover()
    assert Kinesis(client).describe(BY_NAME) == STREAM


@pytest.mark.parametrize("status", list(StreamStatus))
def test_every_status_that_a_stream_can_have_is_understood(fake: FakeKinesis, status: StreamStatus) -> None:
    """CREATING, ACTIVE, UPDATING, DELETING."""
    fake.streams[STREAM_NAME].status = str(status)
    seen = Kinesis(fake.client).describe(BY_NAME)
    assert seen
    assert seen.status is status


@pytest.mark.parametrize("use_describe_stream", [False, True])
@pytest.mark.parametrize("ref", [StreamRef("gone"), StreamRef("gone", STREAM_ARN.replace("orders", "gone"))])
def test_a_stream_that_is_not_there_is_none(fake: FakeKinesis, ref: StreamRef, *, use_describe_stream: bool) -> None:
    """Promise 7: what is gone is a fact to decide on, no error."""
    assert Kinesis(fake.client).describe(ref, use_describe_stream=use_describe_stream) is None


@pytest.mark.parametrize("action", ["DescribeStreamSummary", "DescribeStream"])
def test_any_other_refusal_of_a_description_is_one(fake: FakeKinesis, action: str) -> None:
    """A stream that may not be looked at is not one that is gone: nothing may be concluded from it."""
    fake.faults.fail_next(action, Kind.ACCESS_DENIED)
    refusal = refused(lambda: Kinesis(fake.client).describe(BY_NAME, use_describe_stream=action == "DescribeStream"))
    assert (refusal.action, refusal.resource) == (f"kinesis:{action}", STREAM_NAME)
    assert refusal.kind is RefusalKind.DENIED


CALLS: dict[str, tuple[Callable[[Kinesis], None], dict[str, Any]]] = {
    "kinesis:StartStreamEncryption": (
        lambda kinesis: kinesis.start(STREAM, "alias/one"),
        {"EncryptionType": "KMS", "KeyId": "alias/one"},
    ),
    "kinesis:StopStreamEncryption": (
        lambda kinesis: kinesis.stop(STREAM, "alias/one"),
        {"EncryptionType": "KMS", "KeyId": "alias/one"},
    ),
    "kinesis:PutRecord": (
        lambda kinesis: kinesis.verify(STREAM),
        {"Data": PROBE, "PartitionKey": PROBE_PARTITION_KEY},
    ),
}


@pytest.mark.parametrize("action", CALLS)
def test_a_method_makes_its_one_call_for_the_streams_arn(fake: FakeKinesis, action: str) -> None:
    """Stop wants EncryptionType KMS too (NONE is an invalid argument), and the KeyId that was described."""
    act, arguments = CALLS[action]
    fake.add_stream(STREAM_NAME, "alias/one")
    act(Kinesis(fake.client))
    assert only_call(fake) == (action, {"StreamARN": STREAM_ARN, **arguments})


@pytest.mark.parametrize("action", CALLS)
def test_a_refused_call_tells_its_action_and_the_stream(fake: FakeKinesis, action: str) -> None:
    """Errors, AccessDenied: names the action and the ARN that the provider's role lacks."""
    act, _ = CALLS[action]
    fake.faults.fail_next(action, Kind.ACCESS_DENIED)
    refusal = refused(lambda: act(Kinesis(fake.client)))
    assert (refusal.action, refusal.resource, refusal.kind) == (action, STREAM_ARN, RefusalKind.DENIED)


def test_a_record_that_comes_back_unencrypted_is_no_proof(fake: FakeKinesis) -> None:
    """Property Verify: put one small record and check its EncryptionType before answering."""
    refusal = refused(lambda: Kinesis(fake.client).verify(STREAM))
    assert (refusal.action, refusal.resource) == ("kinesis:PutRecord", STREAM_ARN)
    assert (refusal.kind, refusal.code, "NONE" in refusal.message) == (
        RefusalKind.UNPROVEN,
        "RecordNotEncrypted",
        True,
    )


def test_a_record_that_comes_back_without_an_encryption_type_is_no_proof_either() -> None:
    """A response that does not say KMS proves nothing."""

    class Silent:
        def put_record(self, **_arguments: Any) -> dict[str, Any]:
            return {"ShardId": "shardId-000000000000", "SequenceNumber": "1"}

    client: Any = Silent()
    assert refused(lambda: Kinesis(client).verify(STREAM)).kind is RefusalKind.UNPROVEN


def test_the_record_says_to_its_readers_what_it_is() -> None:
    """Property Verify: consumers will see it, so it is small, text, and asks to be ignored."""
    assert len(PROBE) < 200
    assert "ignore" in PROBE.decode()
    assert "stream-encryption" in PROBE.decode()
