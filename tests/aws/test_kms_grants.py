"""The calls for grants: what is granted, to whom, and that a repeated call does no harm."""

from dataclasses import replace

import pytest

from stream_encryption.aws.kms_grants import KeyGrants
from stream_encryption.aws.service_errors import Refused
from stream_encryption.grants import Direction, Grant
from stream_encryption.values import RefusalKind
from tests.builders import STREAM_ARN
from tests.fake_clock import Clock
from tests.fake_errors import Kind
from tests.fake_kms import FakeKms

WRITER = "arn:aws:iam::123456789012:role/writer"
CONTEXT = {"aws:kinesis:arn": STREAM_ARN}


@pytest.fixture
def kms() -> FakeKms:
    """A KMS with one key."""
    fake = FakeKms(Clock())
    fake.add_key("alias/one")
    return fake


def grants(kms: FakeKms) -> KeyGrants:
    """What is tested."""
    return KeyGrants(lambda: kms.client)


def wanted(kms: FakeKms, direction: Direction = Direction.PRODUCER) -> Grant:
    """A grant on the key that was not made yet."""
    return Grant(next(iter(kms.keys)), WRITER, direction)


@pytest.mark.parametrize(
    ("direction", "operation"), [(Direction.PRODUCER, "GenerateDataKey"), (Direction.CONSUMER, "Decrypt")]
)
def test_a_grant_allows_one_operation_with_the_streams_context_alone(
    kms: FakeKms, direction: Direction, operation: str
) -> None:
    """Least privilege: a producer can't read, a consumer can't write, and the key is good for this stream alone."""
    key = kms.find("alias/one")
    assert key
    grants(kms).create(wanted(kms, direction), STREAM_ARN)
    operations = ("Encrypt", "Decrypt", "GenerateDataKey", "CreateGrant")
    assert [one for one in operations if kms.may(WRITER, one, key, CONTEXT)] == [operation]
    assert not kms.may(WRITER, operation, key, {})
    assert not kms.may(WRITER, operation, key, {"aws:kinesis:arn": f"{STREAM_ARN}2"})
    assert not kms.may("arn:aws:iam::123456789012:role/another", operation, key, CONTEXT)


def test_a_repeated_create_gives_the_same_grant(kms: FakeKms) -> None:
    """Promise 6: a response that was lost costs no second grant."""
    first, second = (grants(kms).create(wanted(kms), STREAM_ARN) for _ in range(2))
    assert first == second
    assert len(kms.grants.all) == 1


def test_a_grant_is_revoked_by_its_id_and_once_more_is_no_fault(kms: FakeKms) -> None:
    """Promise 7: what is gone already blocks nothing."""
    grant = replace(wanted(kms), grant_id=grants(kms).create(wanted(kms), STREAM_ARN))
    for _ in range(2):
        grants(kms).revoke(grant, STREAM_ARN)
    assert kms.grants.all == []
    kms.keys.clear()
    grants(kms).revoke(grant, STREAM_ARN)
    assert [call.name for call in kms.calls] == ["CreateGrant", *["RevokeGrant"] * 3]


def test_a_grant_whose_id_nobody_heard_is_found_by_its_name_on_any_page(kms: FakeKms) -> None:
    """Promise 6: and no other grant of the same principal is touched."""
    for number in range(60):
        grants(kms).create(wanted(kms), f"{STREAM_ARN}-{number}")
    grants(kms).create(wanted(kms), STREAM_ARN)
    grants(kms).revoke(wanted(kms), STREAM_ARN)
    assert len(kms.grants.all) == 60
    assert wanted(kms).name(STREAM_ARN) not in {one.name for one in kms.grants.all}
    assert len(kms.calls.named("ListGrants")) == 2


def test_a_grant_that_was_never_made_needs_no_revocation(kms: FakeKms) -> None:
    """Promise 6: its call was announced, and never made."""
    grants(kms).revoke(wanted(kms), STREAM_ARN)
    assert [call.name for call in kms.calls] == ["ListGrants"]


@pytest.mark.parametrize("action", ["CreateGrant", "ListGrants", "RevokeGrant"])
def test_what_kms_refuses_is_told_with_the_action_and_the_key(kms: FakeKms, action: str) -> None:
    """Errors: action and ARN."""
    grant = wanted(kms)
    if action != "CreateGrant":
        grants(kms).create(grant, STREAM_ARN)
    kms.faults.fail_next(action, Kind.ACCESS_DENIED)
    with pytest.raises(Refused) as caught:
        grants(kms).create(grant, STREAM_ARN) if action == "CreateGrant" else grants(kms).revoke(grant, STREAM_ARN)
    refusal = caught.value.refusal
    assert (refusal.action, refusal.resource, refusal.kind) == (f"kms:{action}", grant.key, RefusalKind.DENIED)
