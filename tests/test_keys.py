"""A KeyId is resolved to its key, and what would keep the key from encrypting a stream is told before it is tried."""

from typing import Any

import pytest

from stream_encryption.keys import Keys
from stream_encryption.model import Key, RefusalKind, Stream, StreamStatus
from stream_encryption.refusals import Refused
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


def _look_up(kms: FakeKms, key_id: str) -> Key:
    return Keys(lambda: kms.client).look_up(key_id, STREAM)


def test_every_spelling_of_a_key_has_one_identity(kms: FakeKms) -> None:
    """Row "compared as resolved keys": alias, alias ARN, GUID and ARN."""
    (key,) = kms.keys.values()
    found = [_look_up(kms, key_id) for key_id in ("alias/one", HERE + "alias/one", key.key_id, key.arn)]
    assert {one.identity for one in found} == {key.arn}
    assert {one.arn for one in found} == {key.arn}
    assert [one.key_id for one in found] == ["alias/one", HERE + "alias/one", key.key_id, key.arn]
    assert {one.fault for one in found} == {None}


def test_two_keys_have_two_identities(kms: FakeKms) -> None:
    """Row "KMS with another key"."""
    kms.add_key("alias/two")
    assert _look_up(kms, "alias/one").identity != _look_up(kms, "alias/two").identity


def test_an_alias_that_moved_is_the_key_that_it_means_now(kms: FakeKms) -> None:
    """Row "compared as resolved keys": the names alone say nothing."""
    before = _look_up(kms, "alias/one").identity
    kms.alias("alias/one", kms.add_key())
    assert _look_up(kms, "alias/one").identity != before


@pytest.mark.parametrize(
    ("traits", "fault"),
    [
        ({"state": "Enabled"}, None),
        ({"state": "Creating"}, None),
        ({"state": "Updating"}, None),
        ({"state": "Disabled"}, "is Disabled: enable it"),
        ({"state": "PendingDeletion"}, "is pending deletion: cancel its deletion and enable it"),
        ({"state": "PendingReplicaDeletion"}, "is pending deletion: cancel its deletion and enable it"),
        ({"state": "PendingImport"}, "has no key material yet: import it"),
        ({"state": "Unavailable"}, "is unavailable: its key store is disconnected"),
        ({"state": "Melting"}, "is in state Melting"),
        ({"spec": "RSA_2048"}, "is asymmetric (RSA_2048)"),
        ({"usage": "SIGN_VERIFY", "spec": "RSA_2048"}, "is for SIGN_VERIFY, not for ENCRYPT_DECRYPT"),
        ({"usage": "GENERATE_VERIFY_MAC", "spec": "HMAC_256"}, "is for GENERATE_VERIFY_MAC, not for ENCRYPT_DECRYPT"),
        ({"state": "Disabled", "spec": "RSA_2048"}, "is asymmetric (RSA_2048)"),
    ],
)
def test_what_keeps_a_key_from_encrypting_is_told(kms: FakeKms, traits: dict[str, Any], fault: str | None) -> None:
    """Errors: it must be Enabled, symmetric, ENCRYPT_DECRYPT; what can't be mended is told before what can."""
    key = kms.add_key("alias/it", **traits)
    assert _look_up(kms, "alias/it") == Key("alias/it", key.arn, key.arn, fault)


def test_a_key_that_tells_nothing_of_itself_is_taken_as_usable() -> None:
    """Errors: only what is known to be wrong is a fault; older regions leave fields out."""

    class Terse:
        def describe_key(self, **_arguments: Any) -> Any:
            return {"KeyMetadata": {"Arn": HERE + "key/k"}}

    found = Keys(Terse).look_up("k", STREAM)  # type: ignore[arg-type]  # as much of a client as is used
    assert found == Key("k", HERE + "key/k", HERE + "key/k")


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
def test_a_key_that_does_not_exist_is_a_fault(kms: FakeKms, key_id: str, identity: str) -> None:
    """Errors: it must exist; its identity is its fullest spelling."""
    assert _look_up(kms, key_id) == Key(key_id, None, identity, "does not exist")


@pytest.mark.parametrize("key_id", ["alias/aws/kinesis", HERE + "alias/aws/kinesis"])
def test_an_aws_managed_alias_without_a_key_is_no_fault(kms: FakeKms, key_id: str) -> None:
    """Errors: an account that never used it has no key behind it yet; both spellings are the same key."""
    assert _look_up(kms, key_id) == Key(key_id, None, HERE + "alias/aws/kinesis")


def test_an_aws_managed_alias_of_another_partition_is_one_too() -> None:
    """Errors: aws-cn and aws-us-gov have the alias as well."""
    kms = FakeKms(Clock())
    key_id = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/aws/kinesis"
    assert _look_up(kms, key_id).fault is None


def test_names_mean_the_streams_account_and_region_and_partition() -> None:
    """Errors: in the stream's region; a KeyId without account and region means the stream's."""
    kms = FakeKms(Clock())
    stream = Stream("s", "arn:aws-cn:kinesis:cn-north-1:999999999999:stream/s", StreamStatus.ACTIVE, None)
    found = Keys(lambda: kms.client).look_up("alias/none", stream)
    assert found.identity == "arn:aws-cn:kms:cn-north-1:999999999999:alias/none"


@pytest.mark.parametrize("by_arn", [True, False])
def test_a_denied_look_up_is_no_fault(kms: FakeKms, *, by_arn: bool) -> None:
    """Errors: where the look-up itself is denied (another account's key), go on without it."""
    key = kms.add_key("alias/secret", denies_describe=True)
    key_id = key.arn if by_arn else "alias/secret"
    found = _look_up(kms, key_id)
    assert found == Key(key_id, None, key.arn if by_arn else HERE + "alias/secret")


def test_a_key_id_that_kms_cannot_read_is_a_fault_in_its_words(kms: FakeKms) -> None:
    """Row InvalidArgumentException: the service's message."""
    kms.faults.fail_next("DescribeKey", client_error("InvalidArnException", "Invalid arn mars", "kms:DescribeKey"))
    assert _look_up(kms, "alias/one").fault == "was refused by KMS (InvalidArnException: Invalid arn mars)"


@pytest.mark.parametrize(
    ("kind", "means"),
    [
        (Kind.THROTTLING, RefusalKind.THROTTLED),
        (Kind.INTERNAL_FAILURE, RefusalKind.TRANSIENT),
        (Kind.KMS_INTERNAL, RefusalKind.TRANSIENT),
        (Kind.KMS_DEPENDENCY_TIMEOUT, RefusalKind.TRANSIENT),
        (Kind.CONNECTION, RefusalKind.TRANSIENT),
        (Kind.READ_TIMEOUT, RefusalKind.TRANSIENT),
    ],
)
def test_a_kms_that_does_not_answer_for_now_is_asked_again(kms: FakeKms, kind: Kind, means: RefusalKind) -> None:
    """Errors: back off and go on; never taken for a key that is wrong."""
    kms.faults.fail_next("DescribeKey", kind)
    keys = Keys(lambda: kms.client)
    with pytest.raises(Refused) as refused:
        keys.look_up("alias/one", STREAM)
    assert refused.value.refusal.kind is means
    assert refused.value.refusal.action == "kms:DescribeKey"
    assert refused.value.refusal.resource == HERE + "alias/one"
    assert keys.look_up("alias/one", STREAM).arn


def test_a_key_is_looked_up_once(kms: FakeKms) -> None:
    """Issue, the loop: KMS is not asked at every poll."""
    keys = Keys(lambda: kms.client)
    assert [keys.look_up("alias/one", STREAM) for _ in range(5)] == [keys.look_up("alias/one", STREAM)] * 5
    assert len(kms.calls) == 1


def test_what_the_look_up_could_not_tell_is_asked_anew(kms: FakeKms) -> None:
    """Errors: the AWS managed key is made at the first Start; then its ARN is known."""
    keys = Keys(lambda: kms.client)
    assert keys.look_up("alias/aws/kinesis", STREAM).arn is None
    key = kms.add_key("alias/aws/kinesis", manager="AWS")
    assert keys.look_up("alias/aws/kinesis", STREAM).arn == key.arn


def test_one_name_may_mean_two_keys_for_two_streams(kms: FakeKms) -> None:
    """Errors: names without account and region mean the stream's."""
    keys = Keys(lambda: kms.client)
    keys.look_up("alias/one", STREAM)
    keys.look_up("alias/one", Stream("other", STREAM_ARN + "2", StreamStatus.ACTIVE, None))
    assert len(kms.calls) == 2
