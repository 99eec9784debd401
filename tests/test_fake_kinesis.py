"""The fake Kinesis is honest: each test names the fact about AWS that it models."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError, ReadTimeoutError

from tests.builders import STREAM_ARN
from tests.fake_calls import Call
from tests.fake_clock import Clock
from tests.fake_errors import Kind, code_of
from tests.fake_kinesis import A_DAY, FakeKinesis
from tests.fake_kms import Key
from tests.fake_people import NotNowError
from tests.fake_stream import ACTIVE, CREATING, DELETING, NONE, UPDATING, Described, Stale, encrypted_with


@pytest.fixture
def kinesis() -> FakeKinesis:
    """A Kinesis with one unencrypted stream and two keys."""
    made = FakeKinesis(Clock())
    made.add_stream("orders")
    made.kms.add_key("alias/one")
    made.kms.add_key("alias/two")
    return made


def _start(kinesis: FakeKinesis, key_id: str = "alias/one") -> dict[str, Any]:
    return kinesis.start_stream_encryption(StreamARN=STREAM_ARN, EncryptionType="KMS", KeyId=key_id)


def _stop(kinesis: FakeKinesis, key_id: str = "alias/one") -> dict[str, Any]:
    return kinesis.stop_stream_encryption(StreamARN=STREAM_ARN, EncryptionType="KMS", KeyId=key_id)


def _seen(kinesis: FakeKinesis) -> tuple[str, str | None, str | None]:
    summary = kinesis.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"]
    return summary["StreamStatus"], summary.get("EncryptionType"), summary.get("KeyId")


def _put(kinesis: FakeKinesis) -> str:
    record = kinesis.put_record(StreamName="orders", Data=b"x", PartitionKey="x")
    assert record["SequenceNumber"]
    return str(record["EncryptionType"])


def _error(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def _code(call: Callable[[], object]) -> str:
    return _error(call)[0]


# Start, Stop and what is seen of them


@pytest.mark.parametrize(
    ("described", "meanwhile"),
    [(Described.AT_THE_CALL, ("KMS", "alias/one")), (Described.AT_THE_END, ("NONE", None))],
)
def test_start_takes_the_stream_through_updating_back_to_active(
    kinesis: FakeKinesis, described: Described, meanwhile: tuple[str, str | None]
) -> None:
    """Start is asynchronous; when a description changes is unknown, so both ways can be had."""
    kinesis.settings.described = described
    kinesis.next_updating.append(60)
    _start(kinesis)
    assert _seen(kinesis) == (UPDATING, *meanwhile)
    kinesis.clock.sleep(59)
    assert _seen(kinesis) == (UPDATING, *meanwhile)
    kinesis.clock.sleep(1)
    assert _seen(kinesis) == (ACTIVE, "KMS", "alias/one")


def test_records_are_encrypted_only_some_seconds_after_active(kinesis: FakeKinesis) -> None:
    """After ACTIVE it can take 5 s until every record is encrypted; PutRecord tells which are."""
    _start(kinesis)
    kinesis.clock.sleep(6.9)
    assert (_seen(kinesis)[0], _put(kinesis)) == (ACTIVE, "NONE")
    kinesis.clock.sleep(0.1)
    assert _put(kinesis) == "KMS"


def test_a_key_change_in_place_never_shows_a_moment_without_encryption(kinesis: FakeKinesis) -> None:
    """Start with another key re-encrypts in place; Stop and Start would show NONE in the history."""
    _start(kinesis)
    kinesis.clock.sleep(10)
    begun = kinesis.clock.now()
    _start(kinesis, "alias/two")
    kinesis.clock.sleep(10)
    states = kinesis.during("orders", begun, kinesis.clock.now())
    assert NONE not in {state.encryption for state in states} | {state.in_force for state in states}
    _stop(kinesis, "alias/two")
    kinesis.clock.sleep(10)
    assert NONE in {state.encryption for state in kinesis.during("orders", begun, kinesis.clock.now())}


def test_a_description_can_say_active_right_after_start(kinesis: FakeKinesis) -> None:
    """Reads are eventually consistent: the old snapshot may come back for a while."""
    kinesis.settings.stale = 3
    _start(kinesis)
    assert _seen(kinesis) == (ACTIVE, "NONE", None)
    assert _code(lambda: _start(kinesis)) == "ResourceInUseException"
    kinesis.clock.sleep(3)
    assert _seen(kinesis) == (ACTIVE, "KMS", "alias/one")  # UPDATING was over before anybody saw it


def test_a_description_can_be_stale_in_its_status_alone(kinesis: FakeKinesis) -> None:
    """The nastiest read: ACTIVE and the new key, while the stream is still UPDATING."""
    kinesis.settings.stale, kinesis.settings.stale_part = 1, Stale.STATUS
    kinesis.settings.described = Described.AT_THE_END
    _start(kinesis)
    assert _seen(kinesis) == (ACTIVE, "KMS", "alias/one")
    assert kinesis.streams["orders"].status == UPDATING


def test_both_descriptions_tell_the_same(kinesis: FakeKinesis) -> None:
    """DescribeStream, which has a budget of its own, tells what DescribeStreamSummary tells."""
    _start(kinesis)
    summary = kinesis.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"]
    description = kinesis.describe_stream(StreamName="orders", Limit=1)["StreamDescription"]
    assert {name: description[name] for name in summary if name in description} == {
        name: value for name, value in summary.items() if name not in {"OpenShardCount", "ConsumerCount"}
    }
    assert (description["StreamStatus"], description["KeyId"]) == (UPDATING, "alias/one")


def test_a_stream_created_again_under_its_name_has_another_creation_timestamp(kinesis: FakeKinesis) -> None:
    """StreamCreationTimestamp, in whole seconds, tells two streams of one name apart."""

    def created() -> Any:
        return kinesis.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"][
            "StreamCreationTimestamp"
        ]

    first = created()
    kinesis.clock.sleep(3600)
    assert created() == first
    kinesis.people.delete("orders")
    kinesis.add_stream("orders", creating=20)
    assert (created() - first).total_seconds() == 3600
    assert kinesis.describe_stream(StreamName="orders")["StreamDescription"]["StreamCreationTimestamp"] == created()


def test_an_unencrypted_stream_may_be_described_without_encryption_type(kinesis: FakeKinesis) -> None:
    """Seen in aws-cn: EncryptionType is missing, and means NONE."""
    kinesis.settings.says_none = False
    assert _seen(kinesis) == (ACTIVE, None, None)


def test_streams_come_into_being_reshard_and_go_in_their_time(kinesis: FakeKinesis) -> None:
    """CREATING, UPDATING for a reshard and DELETING all refuse Start, and end by themselves."""
    for begin, status in (
        (lambda: kinesis.add_stream("orders", creating=30), CREATING),
        (lambda: kinesis.people.reshard("orders", 30), UPDATING),
        (lambda: kinesis.people.delete("orders", 30), DELETING),
    ):
        begin()
        assert _seen(kinesis)[0] == status
        assert _error(lambda: _start(kinesis)) == (
            "ResourceInUseException",
            f"Stream orders under account 123456789012 not ACTIVE, instead in state {status}",
        )
        kinesis.clock.sleep(30)
    assert _error(lambda: _start(kinesis)) == (
        "ResourceNotFoundException",
        "Stream orders under account 123456789012 not found.",
    )


def test_an_update_overtaken_by_deletion_does_not_bring_the_stream_back(kinesis: FakeKinesis) -> None:
    """DeleteStream is allowed while UPDATING."""
    _start(kinesis)
    kinesis.people.delete("orders", 60)
    kinesis.clock.sleep(10)
    assert _seen(kinesis)[0] == DELETING


# What is refused


def test_the_25_changes_a_day_are_of_a_rolling_day_and_of_each_kind(kinesis: FakeKinesis) -> None:
    """25 successful Starts and 25 Stops in a rolling 24 h; the same key again counts too."""
    begun = kinesis.clock.now()
    for _ in range(25):
        _start(kinesis)
        kinesis.clock.sleep(60)
    code, message = _error(lambda: _start(kinesis))
    assert code == "LimitExceededException"
    assert "Rate exceeded" not in message
    _stop(kinesis)
    kinesis.clock.sleep_until(begun + A_DAY - 1)
    assert _code(lambda: _start(kinesis)) == "LimitExceededException"
    kinesis.clock.sleep(1)
    _start(kinesis)


def test_a_start_that_fails_costs_no_quota(kinesis: FakeKinesis) -> None:
    """The quota is of successful calls."""
    for _ in range(30):
        assert _code(lambda: _start(kinesis, "alias/none")) == "KMSNotFoundException"
    assert not kinesis.streams["orders"].starts
    assert not kinesis.calls.changes


def _set(**traits: Any) -> Callable[[FakeKinesis, Key], None]:
    def change(_kinesis: FakeKinesis, key: Key) -> None:
        for name, value in traits.items():
            setattr(key, name, value)

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda kinesis, key: kinesis.kms.remove(key), "KMSNotFoundException"),
        (_set(state="Disabled"), "KMSDisabledException"),
        (_set(state="PendingDeletion"), "KMSInvalidStateException"),
        (_set(state="PendingImport"), "KMSInvalidStateException"),
        (_set(denies_use=True), "KMSAccessDeniedException"),
        (_set(spec="RSA_2048"), "InvalidArgumentException"),
        (lambda kinesis, _key: setattr(kinesis.kms, "opted_in", False), "KMSOptInRequired"),
        (lambda kinesis, _key: setattr(kinesis.kms, "throttles_kinesis", True), "KMSThrottlingException"),
    ],
)
def test_start_fails_by_the_keys_state_and_stop_never_does(
    kinesis: FakeKinesis, change: Callable[[FakeKinesis, Key], None], code: str
) -> None:
    """Start has six KMS errors, Stop none; a record cannot be put once the key in force is unusable."""
    _start(kinesis)
    kinesis.clock.sleep(10)
    key = kinesis.kms.find("alias/one")
    assert key
    change(kinesis, key)
    assert _code(lambda: _start(kinesis)) == code
    assert _code(lambda: _put(kinesis)) == code
    _stop(kinesis)


def test_the_aws_managed_key_is_made_when_it_is_first_used(kinesis: FakeKinesis) -> None:
    """alias/aws/kinesis may have no key yet in an account that never used it: Start makes one."""
    assert _code(lambda: kinesis.kms.describe_key(KeyId="alias/aws/kinesis")) == "NotFoundException"
    _start(kinesis, "alias/aws/kinesis")
    assert kinesis.kms.describe_key(KeyId="alias/aws/kinesis")["KeyMetadata"]["KeyManager"] == "AWS"


def test_stop_is_refused_for_another_key_and_on_an_unencrypted_stream(kinesis: FakeKinesis) -> None:
    """What AWS does here is unknown: the fake is strict, so that nobody leans on it."""
    assert _code(lambda: _stop(kinesis)) == "InvalidArgumentException"
    _start(kinesis)
    kinesis.clock.sleep(10)
    assert _code(lambda: _stop(kinesis, "alias/two")) == "InvalidArgumentException"
    kinesis.settings.stop_is_strict = False
    _stop(kinesis, "alias/two")


def test_bad_arguments_are_refused_by_whoever_refuses_them_in_reality(kinesis: FakeKinesis) -> None:
    """Boto3 itself refuses what is missing or empty, Kinesis what is too long or not supported."""
    with pytest.raises(ParamValidationError):
        _start(kinesis, "")
    with pytest.raises(ParamValidationError):
        kinesis.start_stream_encryption(StreamName="orders", EncryptionType="KMS")  # type: ignore[call-arg]
    with pytest.raises(ParamValidationError):
        kinesis.start_stream_encryption(Stream="orders", EncryptionType="KMS", KeyId="x")  # type: ignore[call-arg]
    assert not kinesis.calls
    assert _code(lambda: _start(kinesis, "x" * 2049)) == "InvalidArgumentException"
    for call in (kinesis.start_stream_encryption, kinesis.stop_stream_encryption):
        assert (
            _code(lambda call=call: call(StreamName="orders", EncryptionType="NONE", KeyId="x"))  # type: ignore[misc]
            == "InvalidArgumentException"
        )


def test_a_stream_is_found_by_name_by_arn_or_by_both_where_they_agree(kinesis: FakeKinesis) -> None:
    """One of the two is needed; a foreign region knows no such stream, a foreign account lets nobody in."""
    describe = kinesis.describe_stream_summary
    assert describe(StreamName="orders", StreamARN=STREAM_ARN)
    assert _code(describe) == "InvalidArgumentException"
    assert _code(lambda: describe(StreamName="others", StreamARN=STREAM_ARN)) == "InvalidArgumentException"
    abroad = STREAM_ARN.replace("us-east-1", "eu-west-1")
    assert _code(lambda: describe(StreamARN=abroad)) == "ResourceNotFoundException"
    foreign = STREAM_ARN.replace("123456789012", "210987654321")
    assert _code(lambda: describe(StreamARN=foreign)) == "AccessDeniedException"


# The plan of faults, the record, and other people


def test_every_call_is_recorded_with_what_became_of_it(kinesis: FakeKinesis) -> None:
    """The actions are spelt as in IAM, so that their union can be compared with the role's."""
    kinesis.faults.fail_next("StartStreamEncryption", Kind.RATE_EXCEEDED)
    assert _error(lambda: _start(kinesis)) == (
        "LimitExceededException",
        "Rate exceeded for stream orders under account 123456789012.",
    )
    _start(kinesis)
    kinesis.kms.describe_key(KeyId="alias/one")
    assert [(call.number, call.action, call.error, call.changed) for call in kinesis.calls] == [
        (1, "kinesis:StartStreamEncryption", "LimitExceededException", False),
        (2, "kinesis:StartStreamEncryption", None, True),
        (3, "kms:DescribeKey", None, False),
    ]
    assert [call.arguments["KeyId"] for call in kinesis.calls.named("StartStreamEncryption").changes] == ["alias/one"]
    assert kinesis.faults.dealt == {"LimitExceededException": 1}


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_fault_can_be_dealt_to_any_call(kinesis: FakeKinesis, kind: Kind) -> None:
    """Errors are botocore's own classes, and name what the call was about."""
    for number in (1, 2):
        kinesis.faults.fail_nth(number, kind)
    both: list[Callable[[], object]] = [
        lambda: _start(kinesis),
        lambda: kinesis.kms.describe_key(KeyId="alias/one"),
    ]
    for call in both:
        with pytest.raises(Exception, match=r"\w") as caught:
            call()
        assert code_of(caught.value) == kind.partition(":")[0]
        assert "{" not in str(caught.value)
    assert _seen(kinesis) == (ACTIVE, "NONE", None)


def test_a_lost_answer_took_effect(kinesis: FakeKinesis) -> None:
    """A time-out says nothing of what the service did: the stream may well be UPDATING."""
    kinesis.faults.lose_answer("StartStreamEncryption", takes=60)
    kinesis.next_updating.append(90)
    with pytest.raises(ReadTimeoutError):
        _start(kinesis)
    assert _seen(kinesis) == (UPDATING, "KMS", "alias/one")
    assert [call.error for call in kinesis.calls.changes] == ["ReadTimeoutError"]
    kinesis.clock.sleep(30)
    assert _seen(kinesis)[0] == ACTIVE


def test_an_outage_lasts_as_long_as_it_was_planned_for(kinesis: FakeKinesis) -> None:
    """Faults by time, for one service alone."""
    now = kinesis.clock.now()
    kinesis.faults.between(now + 1, now + 2, "kinesis:*", Kind.CONNECTION)
    _seen(kinesis)
    kinesis.clock.sleep(1)
    with pytest.raises(EndpointConnectionError):
        _seen(kinesis)
    kinesis.kms.describe_key(KeyId="alias/one")
    kinesis.clock.sleep(1)
    _seen(kinesis)


def test_others_can_act_just_before_any_call(kinesis: FakeKinesis) -> None:
    """Between a look and the next call anything can happen; it costs no quota and leaves no record."""

    def rekey(_call: Call) -> None:
        kinesis.people.rekey("orders", "alias/two", seconds=4)

    kinesis.faults.before_call(rekey, "StartStreamEncryption")
    assert _code(lambda: _start(kinesis)) == "ResourceInUseException"
    kinesis.clock.sleep(4)
    assert kinesis.streams["orders"].encryption == encrypted_with("alias/two")
    assert (len(kinesis.calls), len(kinesis.streams["orders"].starts)) == (1, 0)
    _start(kinesis)


def test_other_people_cannot_do_what_kinesis_would_refuse_them(kinesis: FakeKinesis) -> None:
    """Otherwise a simulation would find bugs in schedules that can never be."""
    kinesis.people.reshard("orders", 60)
    with pytest.raises(NotNowError):
        kinesis.people.stop("orders")
    kinesis.people.delete("orders")
    with pytest.raises(NotNowError):
        kinesis.people.delete("orders")


def test_other_people_may_change_tags_at_any_time(kinesis: FakeKinesis) -> None:
    """An owner's tool removes the tags that its file does not name."""
    kinesis.people.tag("orders", {"team": "shop", "cost": "1"})
    kinesis.people.reshard("orders", 60)
    kinesis.people.untag("orders", "cost", "never-there")
    assert kinesis.streams["orders"].tags == {"team": "shop"}
    kinesis.people.untag("orders")
    assert not kinesis.streams["orders"].tags


class _Killed(BaseException):
    """The process is gone; no handler in the code under test sees it."""


def test_a_crash_can_come_before_or_after_a_call_took_effect(kinesis: FakeKinesis) -> None:
    """Lambda can be killed at any point; a BaseException stands for it."""
    kinesis.faults.fail_nth(1, _Killed())
    kinesis.faults.lose_nth(2, _Killed())
    with pytest.raises(_Killed):
        _start(kinesis)
    assert kinesis.streams["orders"].status == ACTIVE
    with pytest.raises(_Killed):
        _start(kinesis)
    assert kinesis.streams["orders"].status == UPDATING
