"""A KeyId is resolved to its key, and what would keep the key from encrypting a stream is told before it is tried."""

from datetime import UTC, datetime
from typing import Any

import pytest

from stream_encryption.aws.kms import KeyLookup
from stream_encryption.aws.service_errors import Refused
from stream_encryption.values import Key, Refusal, RefusalKind, Stream, StreamStatus
from tests.builders import ACCOUNT, REGION, STREAM_ARN, STREAM_NAME
from tests.fake_clock import Clock
from tests.fake_errors import Kind, client_error
from tests.fake_kms import FakeKms

STREAM = Stream(STREAM_NAME, STREAM_ARN, StreamStatus.ACTIVE, None)
HERE = f"arn:aws:kms:{REGION}:{ACCOUNT}:"


@pytest.fixture
def kms() -> FakeKms:
    """A KMS with one key."""
    made = FakeKms(Clock())
    made.add_key("alias/one")
    return made


def lookup(kms: FakeKms, denied: list[Refusal] | None = None) -> KeyLookup:
    """The look-ups of one invocation."""
    told = [] if denied is None else denied
    return KeyLookup(lambda: kms.client, told.append)


def look_up(kms: FakeKms, key_id: str) -> Key:
    """One look-up of an invocation of its own."""
    return lookup(kms).look_up(key_id, STREAM)


def test_every_spelling_of_a_key_has_one_identity(kms: FakeKms) -> None:
    """Promise 4: keys are compared as resolved keys: alias, alias ARN, GUID and ARN."""
    (key,) = kms.keys.values()
    spellings = ("alias/one", HERE + "alias/one", key.key_id, key.arn)
    assert [look_up(kms, key_id) for key_id in spellings] == [Key(key_id, key.arn) for key_id in spellings]


def test_an_alias_that_moved_is_the_key_that_it_means_now(kms: FakeKms) -> None:
    """Property KeyId: a customer's alias means the key behind it at that moment."""
    before = look_up(kms, "alias/one")
    kms.alias("alias/one", kms.add_key())
    assert not look_up(kms, "alias/one").is_same_as(before)


@pytest.mark.parametrize(
    ("traits", "fault"),
    [
        ({"state": "Enabled"}, None),
        ({"state": "Creating"}, None),
        ({"state": "Updating"}, None),
        ({"state": "Disabled"}, "Disabled"),
        ({"state": "PendingDeletion"}, "pending deletion"),
        ({"state": "PendingReplicaDeletion"}, "pending deletion"),
        ({"state": "PendingImport"}, "no key material"),
        ({"state": "Unavailable"}, "unavailable"),
        ({"state": "Melting"}, "state Melting"),
        ({"spec": "RSA_2048"}, "asymmetric (RSA_2048)"),
        ({"usage": "SIGN_VERIFY", "spec": "RSA_2048"}, "SIGN_VERIFY, not for ENCRYPT_DECRYPT"),
        ({"usage": "GENERATE_VERIFY_MAC", "spec": "HMAC_256"}, "GENERATE_VERIFY_MAC, not for ENCRYPT_DECRYPT"),
        ({"state": "Disabled", "spec": "RSA_2048"}, "asymmetric (RSA_2048)"),
    ],
)
def test_a_key_that_can_not_encrypt_a_stream_has_a_fault(
    kms: FakeKms, traits: dict[str, Any], fault: str | None
) -> None:
    """Errors: it must be Enabled, symmetric, ENCRYPT_DECRYPT; a fault that can't be mended is told before others."""
    key = kms.add_key("alias/it", **traits)
    found = look_up(kms, "alias/it")
    assert (found.identity, found.resolved, found.missing, found.denied) == (key.arn, True, False, False)
    assert (fault or "") in (found.fault or "")
    assert bool(found.fault) is bool(fault)


def test_a_key_that_tells_nothing_of_itself_is_taken_as_usable() -> None:
    """Errors: only a fault that is known is one; older regions leave fields out."""

    class Terse:
        def describe_key(self, **_arguments: Any) -> Any:
            return {"KeyMetadata": {"Arn": HERE + "key/k"}}

    client: Any = Terse()
    assert KeyLookup(lambda: client).look_up("k", STREAM) == Key("k", HERE + "key/k")


@pytest.mark.parametrize(
    ("key_id", "identity"),
    [
        ("alias/none", HERE + "alias/none"),
        (HERE + "alias/none", HERE + "alias/none"),
        ("00000009-1111-4222-8333-444455556666", HERE + "key/00000009-1111-4222-8333-444455556666"),
        (HERE + "key/none", HERE + "key/none"),
        ("alias/aws-like", HERE + "alias/aws-like"),
        ("my/alias/aws/kinesis", HERE + "key/my/alias/aws/kinesis"),
    ],
)
def test_a_key_that_does_not_exist_is_missing(kms: FakeKms, key_id: str, identity: str) -> None:
    """Promise 9: it may be seconds old; until it is known its identity is its fullest spelling."""
    found = look_up(kms, key_id)
    assert found == Key(key_id, identity, resolved=False, fault=found.fault, missing=True)
    assert found.fault


@pytest.mark.parametrize("key_id", ["alias/aws/kinesis", HERE + "alias/aws/kinesis"])
def test_an_aws_managed_alias_without_a_key_is_no_fault(kms: FakeKms, key_id: str) -> None:
    """Errors: an account that never used it has no key behind it yet; both spellings are the same key."""
    assert look_up(kms, key_id) == Key(key_id, HERE + "alias/aws/kinesis", resolved=False)


def test_an_aws_managed_alias_of_another_partition_is_one_too() -> None:
    """Errors: aws-cn and aws-us-gov have the alias as well."""
    key_id = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/aws/kinesis"
    assert look_up(FakeKms(Clock()), key_id).fault is None


def test_names_mean_the_streams_account_region_and_partition() -> None:
    """Errors: a KeyId without account and region means the stream's."""
    stream = Stream("s", "arn:aws-cn:kinesis:cn-north-1:999999999999:stream/s", StreamStatus.ACTIVE, None)
    kms = FakeKms(Clock())
    found = [lookup(kms).look_up(key_id, stream).identity for key_id in ("alias/none", "none")]
    here = "arn:aws-cn:kms:cn-north-1:999999999999:"
    assert found == [here + "alias/none", here + "key/none"]


@pytest.mark.parametrize("by_arn", [True, False])
def test_a_denied_look_up_is_no_fault_and_is_told(kms: FakeKms, *, by_arn: bool) -> None:
    """Errors: where the look-up itself is denied, go on without it and say so in the log."""
    key = kms.add_key("alias/secret", denies_describe=True)
    key_id = key.arn if by_arn else "alias/secret"
    identity = key.arn if by_arn else HERE + "alias/secret"
    denied: list[Refusal] = []
    found = lookup(kms, denied).look_up(key_id, STREAM)
    assert found == Key(key_id, identity, resolved=False, denied=True)
    (refusal,) = denied
    assert (refusal.action, refusal.resource) == ("kms:DescribeKey", identity)


def test_other_outcomes_are_no_denial(kms: FakeKms) -> None:
    """Errors: only a denial is told as one."""
    denied: list[Refusal] = []
    keys = lookup(kms, denied)
    keys.look_up("alias/one", STREAM)
    keys.look_up("alias/none", STREAM)
    assert denied == []


def test_a_key_id_that_kms_can_not_read_is_a_fault_in_its_words(kms: FakeKms) -> None:
    """Promise 9: a malformed ARN can't become right by waiting, so it is not missing."""
    kms.faults.fail_next("DescribeKey", client_error("InvalidArnException", "Invalid arn mars", "kms:DescribeKey"))
    found = look_up(kms, "alias/one")
    assert (found.resolved, found.missing, found.denied) == (False, False, False)
    assert "InvalidArnException: Invalid arn mars" in (found.fault or "")


@pytest.mark.parametrize(
    ("kind", "means"),
    [
        (Kind.THROTTLING, RefusalKind.THROTTLED),
        (Kind.INTERNAL_FAILURE, RefusalKind.TRANSIENT),
        (Kind.KMS_INTERNAL, RefusalKind.TRANSIENT),
        (Kind.KMS_DEPENDENCY_TIMEOUT, RefusalKind.TRANSIENT),
        (Kind.CONNECTION, RefusalKind.TRANSIENT),
        (Kind.READ_TIMEOUT, RefusalKind.TRANSIENT),
        (Kind.EXPIRED_TOKEN, RefusalKind.CREDENTIALS),
    ],
)
def test_a_look_up_that_got_no_answer_says_nothing_of_the_key(kms: FakeKms, kind: Kind, means: RefusalKind) -> None:
    """Errors: back off and go on; never taken for a key that is wrong."""
    kms.faults.fail_next("DescribeKey", kind)
    keys = lookup(kms)
    with pytest.raises(Refused) as refused:
        keys.look_up("alias/one", STREAM)
    refusal = refused.value.refusal
    assert (refusal.action, refusal.resource, refusal.kind) == ("kms:DescribeKey", HERE + "alias/one", means)
    assert keys.look_up("alias/one", STREAM).resolved


def test_a_key_is_looked_up_once(kms: FakeKms) -> None:
    """Calls: KMS is not asked at every poll."""
    keys = lookup(kms)
    assert len({keys.look_up("alias/one", STREAM) for _ in range(5)}) == 1
    kms.add_key("alias/secret", denies_describe=True)
    assert len({keys.look_up("alias/secret", STREAM) for _ in range(5)}) == 1
    assert len(kms.calls) == 2


def test_a_missing_key_is_looked_up_again(kms: FakeKms) -> None:
    """Promise 9: it was made seconds ago, and KMS knows it now."""
    keys = lookup(kms)
    assert keys.look_up("alias/new", STREAM).missing
    made = kms.add_key("alias/new")
    assert keys.look_up("alias/new", STREAM) == Key("alias/new", made.arn)


def test_the_key_behind_an_aws_managed_alias_is_looked_up_until_it_is_there(kms: FakeKms) -> None:
    """Errors: the AWS managed key is made at the first Start; then its ARN is known."""
    keys = lookup(kms)
    assert not keys.look_up("alias/aws/kinesis", STREAM).resolved
    key = kms.add_key("alias/aws/kinesis", manager="AWS")
    assert keys.look_up("alias/aws/kinesis", STREAM).identity == key.arn


def test_one_name_may_mean_two_keys_in_two_places(kms: FakeKms) -> None:
    """Errors: names without account and region mean the stream's; streams of one place share the look-up."""
    keys = lookup(kms)
    keys.look_up("alias/one", STREAM)
    keys.look_up("alias/one", Stream("other", STREAM_ARN + "2", StreamStatus.ACTIVE, None))
    assert len(kms.calls) == 1
    keys.look_up("alias/one", Stream("s", STREAM_ARN.replace(REGION, "eu-west-1"), StreamStatus.ACTIVE, None))
    assert len(kms.calls) == 2


def test_a_key_that_kms_will_delete_tells_when(kms: FakeKms) -> None:
    """Promise 10: the watch tells it before the key is gone."""
    deletion = datetime(2026, 2, 1, tzinfo=UTC)
    kms.add_key("alias/going", state="PendingDeletion", deletion_date=deletion)
    assert look_up(kms, "alias/going").deleted_at == deletion.timestamp()
    assert look_up(kms, "alias/one").deleted_at is None
