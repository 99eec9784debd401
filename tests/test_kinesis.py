"""The one file that calls Kinesis: one method, one call, with the arguments that the service wants."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from stream_encryption.kinesis import PROBE, PROBE_PARTITION_KEY, Kinesis
from stream_encryption.model import Refusal, RefusalKind, Stream, StreamRef, StreamStatus
from stream_encryption.refusals import Refused
from tests.builders import STREAM_ARN, STREAM_NAME
from tests.fake_clock import Clock
from tests.fake_errors import Kind
from tests.fake_kinesis import FakeKinesis

STREAM = Stream(STREAM_NAME, STREAM_ARN, StreamStatus.ACTIVE, None)
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
    """The one call that was made, with what it was given."""
    (call,) = fake.calls
    return call.action, call.arguments


@pytest.mark.parametrize(
    ("ref", "arguments"), [(BY_NAME, {"StreamName": STREAM_NAME}), (BY_ARN, {"StreamARN": STREAM_ARN})]
)
def test_a_stream_is_described_by_its_arn_where_that_is_known(
    fake: FakeKinesis, ref: StreamRef, arguments: dict[str, str]
) -> None:
    """The API reference recommends the ARN; the name is enough."""
    assert Kinesis(fake.client).describe(ref) == STREAM
    assert only_call(fake) == ("kinesis:DescribeStreamSummary", arguments)


def test_an_encrypted_stream_is_described_with_the_key_as_it_was_given(fake: FakeKinesis) -> None:
    """Kinesis reports the KeyId in the spelling of the Start."""
    fake.add_stream(STREAM_NAME, "alias/one")
    seen = Kinesis(fake.client).describe(BY_NAME)
    assert seen == Stream(STREAM_NAME, STREAM_ARN, StreamStatus.ACTIVE, "alias/one")


def test_a_description_without_an_encryption_type_is_of_an_unencrypted_stream(fake: FakeKinesis) -> None:
    """Seen in aws-cn: the field is left out, and that is NONE."""
    fake.settings.says_none = False
    assert Kinesis(fake.client).describe(BY_NAME) == STREAM


def test_a_key_of_an_unencrypted_stream_is_none(fake: FakeKinesis) -> None:
    """A KeyId that is left in a description after Stop is no encryption."""

    class Leftover:
        def describe_stream_summary(self, **arguments: Any) -> dict[str, Any]:
            answer = fake.describe_stream_summary(**arguments)
            answer["StreamDescriptionSummary"]["KeyId"] = "alias/one"
            return answer

    client: Any = Leftover()
    assert Kinesis(client).describe(BY_NAME) == STREAM


@pytest.mark.parametrize("status", list(StreamStatus))
def test_every_status_that_a_stream_can_have_is_understood(fake: FakeKinesis, status: StreamStatus) -> None:
    """CREATING, ACTIVE, UPDATING, DELETING."""
    fake.streams[STREAM_NAME].status = str(status)
    seen = Kinesis(fake.client).describe(BY_NAME)
    assert seen is not None
    assert seen.status is status


@pytest.mark.parametrize("ref", [StreamRef("gone"), StreamRef("gone", STREAM_ARN.replace("orders", "gone"))])
def test_a_stream_that_is_not_there_is_none(fake: FakeKinesis, ref: StreamRef) -> None:
    """Promise 7: what is gone is a fact to decide on, no error."""
    assert Kinesis(fake.client).describe(ref) is None


def test_any_other_refusal_of_a_description_is_one(fake: FakeKinesis) -> None:
    """A stream that may not be looked at is not one that is gone: nothing may be concluded from it."""
    fake.faults.fail_next("DescribeStreamSummary", Kind.ACCESS_DENIED)
    with pytest.raises(Refused) as refused:
        Kinesis(fake.client).describe(BY_NAME)
    refusal = refused.value.refusal
    assert (refusal.action, refusal.resource) == ("kinesis:DescribeStreamSummary", STREAM_NAME)
    assert refusal.kind is RefusalKind.DENIED


def test_tags_are_read_to_the_last_page(fake: FakeKinesis) -> None:
    """Ours may be on any page: half of the tags would be half of the truth."""
    tags = {f"tag-{number:02d}": str(number) for number in range(7)} | {"empty": ""}
    fake.people.tag(STREAM_NAME, tags)
    fake.settings.tags_per_page = 3
    assert Kinesis(fake.client).tags(STREAM) == tags
    asked = [call.arguments for call in fake.calls]
    assert asked == [
        {"StreamARN": STREAM_ARN},
        {"StreamARN": STREAM_ARN, "ExclusiveStartTagKey": "tag-01"},
        {"StreamARN": STREAM_ARN, "ExclusiveStartTagKey": "tag-04"},
    ]


def test_a_tag_without_a_value_is_an_empty_one() -> None:
    """The model requires no Value in a Tag."""

    class Valueless:
        def list_tags_for_stream(self, **_arguments: Any) -> dict[str, Any]:
            return {"Tags": [{"Key": "bare"}], "HasMoreTags": False}

    client: Any = Valueless()
    assert Kinesis(client).tags(STREAM) == {"bare": ""}


def test_a_stream_without_tags_has_none(fake: FakeKinesis) -> None:
    """One call, no more."""
    assert Kinesis(fake.client).tags(STREAM) == {}
    assert only_call(fake) == ("kinesis:ListTagsForStream", {"StreamARN": STREAM_ARN})


Act = Callable[[Kinesis], None]
CALLS: dict[str, tuple[Act, dict[str, Any]]] = {
    "kinesis:AddTagsToStream": (lambda kinesis: kinesis.tag(STREAM, {"a": "b"}), {"Tags": {"a": "b"}}),
    "kinesis:RemoveTagsFromStream": (lambda kinesis: kinesis.untag(STREAM, ("a", "b")), {"TagKeys": ["a", "b"]}),
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
def test_a_method_makes_its_one_call_for_the_stream_s_arn(fake: FakeKinesis, action: str) -> None:
    """Stop wants EncryptionType KMS too (NONE is an invalid argument), and the KeyId that was described."""
    act, arguments = CALLS[action]
    fake.add_stream(STREAM_NAME, "alias/one")
    act(Kinesis(fake.client))
    assert only_call(fake) == (action, {"StreamARN": STREAM_ARN, **arguments})


@pytest.mark.parametrize("action", CALLS)
def test_a_refused_call_tells_its_action_and_the_stream(fake: FakeKinesis, action: str) -> None:
    """The contract: AccessDenied names the action and the ARN that the provider's role lacks."""
    act, _ = CALLS[action]
    fake.faults.fail_next(action, Kind.ACCESS_DENIED)
    with pytest.raises(Refused) as refused:
        act(Kinesis(fake.client))
    refusal = refused.value.refusal
    assert (refusal.action, refusal.resource, refusal.kind) == (action, STREAM_ARN, RefusalKind.DENIED)


@pytest.mark.parametrize("page", [1, 2])
def test_a_page_of_tags_that_is_refused_is_no_end_of_the_tags(fake: FakeKinesis, page: int) -> None:
    """What is not known is not absent: another stack's record may be on that page."""
    fake.people.tag(STREAM_NAME, {"a": "1", "b": "2"})
    fake.settings.tags_per_page = 1
    fake.faults.fail_nth(page, Kind.THROTTLING)
    with pytest.raises(Refused) as refused:
        Kinesis(fake.client).tags(STREAM)
    assert refused.value.refusal.action == "kinesis:ListTagsForStream"
    assert refused.value.refusal.resource == STREAM_ARN


def test_a_record_that_comes_back_unencrypted_is_no_proof(fake: FakeKinesis) -> None:
    """The contract, Verify: put one small record and check its EncryptionType before answering."""
    with pytest.raises(Refused) as refused:
        Kinesis(fake.client).verify(STREAM)
    assert refused.value.refusal == Refusal(
        "kinesis:PutRecord",
        STREAM_ARN,
        RefusalKind.UNPROVEN,
        "RecordNotEncrypted",
        "the record was answered with EncryptionType NONE",
    )


def test_a_record_that_comes_back_without_an_encryption_type_is_no_proof_either() -> None:
    """What does not say KMS is not KMS."""

    class Silent:
        def put_record(self, **_arguments: Any) -> dict[str, Any]:
            return {"ShardId": "shardId-000000000000", "SequenceNumber": "1"}

    client: Any = Silent()
    with pytest.raises(Refused, match="EncryptionType NONE"):
        Kinesis(client).verify(STREAM)


def test_a_record_says_to_whoever_reads_it_what_it_is() -> None:
    """Consumers will see it: it is small, text, and asks to be passed over."""
    assert len(PROBE) < 200
    assert "pass over it" in PROBE.decode()
    assert "stream-encryption" in PROBE.decode()
