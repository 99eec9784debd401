"""The fake KMS is honest: each test names the fact about AWS that it models."""

import pytest
from botocore.exceptions import ClientError

from tests.fake_clock import Clock
from tests.fake_errors import Kind
from tests.fake_kms import FakeKms

ACCOUNT_ARN = "arn:aws:kms:us-east-1:123456789012"
NO_KEY = "12345678-1234-1234-1234-123456789012"


@pytest.fixture
def kms() -> FakeKms:
    """A KMS without keys."""
    return FakeKms(Clock())


def _error(kms: FakeKms, key_id: str) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        kms.describe_key(KeyId=key_id)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize("multi_region", [False, True])
def test_a_key_answers_to_guid_arn_alias_and_alias_arn(kms: FakeKms, *, multi_region: bool) -> None:
    """The four ways to name a key all resolve to one ARN."""
    key = kms.add_key("alias/orders", multi_region=multi_region)
    for name in (key.key_id, key.arn, "alias/orders", f"{ACCOUNT_ARN}:alias/orders"):
        metadata = kms.describe_key(KeyId=name)["KeyMetadata"]
        assert (metadata["Arn"], metadata["KeyId"]) == (key.arn, key.key_id)
    assert [call.action for call in kms.calls] == ["kms:DescribeKey"] * 4


@pytest.mark.parametrize(
    ("key_id", "message"),
    [
        (NO_KEY, f"Key '{ACCOUNT_ARN}:key/{NO_KEY}' does not exist"),
        (f"{ACCOUNT_ARN}:key/{NO_KEY}", f"Key '{ACCOUNT_ARN}:key/{NO_KEY}' does not exist"),
        ("alias/none", f"Alias {ACCOUNT_ARN}:alias/none is not found."),
        (f"{ACCOUNT_ARN}:alias/none", f"Alias {ACCOUNT_ARN}:alias/none is not found."),
        ("arn:aws:kms:eu-west-1:123456789012:alias/orders", "Invalid arn eu-west-1"),
        ("aws/kinesis", "Invalid keyId aws/kinesis"),
    ],
)
def test_what_is_not_there_is_not_found_whatever_it_was_called(kms: FakeKms, key_id: str, message: str) -> None:
    """KMS has one code for all of it, and looks in its own region alone."""
    kms.add_key("alias/orders", region="eu-west-1")
    assert _error(kms, key_id) == ("NotFoundException", message)


def test_another_accounts_key_is_found_by_arn_alone_and_its_policy_may_deny_the_look(kms: FakeKms) -> None:
    """A key's policy can allow its use and not its description."""
    key = kms.add_key("alias/theirs", account="210987654321", denies_describe=True)
    assert _error(kms, "alias/theirs")[0] == "NotFoundException"
    code, message = _error(kms, key.arn)
    assert code == "AccessDeniedException"
    assert "kms:DescribeKey" in message
    assert key.arn in message
    assert kms.refusal(key.arn) is None


def test_a_description_tells_all_that_decides_whether_a_key_can_encrypt_a_stream(kms: FakeKms) -> None:
    """State, spec, usage and manager, as they are at that moment."""
    key = kms.add_key(spec="RSA_2048", usage="SIGN_VERIFY")
    key.state = "PendingDeletion"
    metadata = kms.describe_key(KeyId=key.arn)["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"]) == ("PendingDeletion", False)
    assert (metadata["KeySpec"], metadata["KeyUsage"]) == ("RSA_2048", "SIGN_VERIFY")
    assert metadata["KeyManager"] == "CUSTOMER"


def test_an_alias_can_move_to_another_key(kms: FakeKms) -> None:
    """UpdateAlias: the same name means another key from then on."""
    kms.add_key("alias/orders")
    second = kms.add_key()
    kms.alias("alias/orders", second)
    assert kms.describe_key(KeyId="alias/orders")["KeyMetadata"]["Arn"] == second.arn


def test_kms_throttles_by_the_common_plan_of_faults(kms: FakeKms) -> None:
    """DescribeKey has a rate of its own."""
    kms.add_key("alias/orders")
    kms.faults.fail_next("kms:DescribeKey", Kind.THROTTLING, times=2)
    assert [_error(kms, "alias/orders")[0] for _ in range(2)] == ["ThrottlingException"] * 2
    assert kms.describe_key(KeyId="alias/orders")


def test_a_key_or_an_alias_of_seconds_ago_is_not_found_yet(kms: FakeKms) -> None:
    """KMS is eventually consistent: DescribeKey finds nothing, and Kinesis is told KMSNotFound."""
    soon = kms.wire.clock.now() + 20
    key = kms.add_key("alias/orders", unknown_until=soon)
    for name in (key.arn, "alias/orders"):
        assert _error(kms, name)[0] == "NotFoundException"
        assert kms.refusal(name) is Kind.KMS_NOT_FOUND
    kms.wire.clock.sleep(20)
    kms.alias("alias/newer", key, unknown_until=soon + 20)
    assert kms.refusal(key.arn) is None
    assert kms.refusal("alias/newer") is Kind.KMS_NOT_FOUND
    kms.wire.clock.sleep(20)
    assert kms.describe_key(KeyId="alias/newer")["KeyMetadata"]["Arn"] == key.arn


def test_a_policy_or_a_role_of_seconds_ago_is_denied_yet(kms: FakeKms) -> None:
    """IAM and key policies are eventually consistent: AccessDenied, and Kinesis is told KMSAccessDenied."""
    key = kms.add_key(denied_until=kms.wire.clock.now() + 20)
    assert _error(kms, key.arn)[0] == "AccessDeniedException"
    assert kms.refusal(key.arn) is Kind.KMS_ACCESS_DENIED
    kms.wire.clock.sleep(20)
    assert kms.describe_key(KeyId=key.arn)["KeyMetadata"]["Enabled"]
    assert kms.refusal(key.arn) is None
