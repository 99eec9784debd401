"""Each property's values: which are valid, and what the fault of another one names."""

from typing import Any

import pytest

from stream_encryption.cloudformation.properties import parse
from stream_encryption.errors import InvalidProperties
from stream_encryption.reconcile.goals import Properties
from stream_encryption.values import OnDelete, OnDrift, Place, StreamRef
from tests.builders import ACCOUNT, REGION, STREAM_ARN

HERE = Place(REGION, ACCOUNT)
GUID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{GUID}"


def read(**raw: Any) -> Properties:
    """Parse properties beside a valid StreamName."""
    return parse({"StreamName": "orders", **raw}, HERE)


def faults(raw: dict[str, Any], place: Place = HERE) -> tuple[str, ...]:
    """Parse invalid properties, and return their faults."""
    with pytest.raises(InvalidProperties) as refused:
        parse(raw, place)
    return refused.value.faults


@pytest.mark.parametrize("name", ["o", "o" * 128, "a-zA-Z_0.9", "."])
def test_a_stream_s_name_has_1_to_128_of_the_allowed_characters(name: str) -> None:
    """The contract: 1 to 128 of [a-zA-Z0-9_.-]."""
    assert parse({"StreamName": name}, HERE).stream.name == name
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"
    assert parse({"StreamARN": arn}, HERE).stream == StreamRef(name, arn)


@pytest.mark.parametrize("name", ["", "o" * 129, "orders!", "or ders", "orders\n", "ördërs", "stream/orders"])
def test_another_stream_name_is_a_fault_with_its_length_and_the_allowed_characters(name: str) -> None:
    """Bad input: illegal characters, 129 characters, empty."""
    (fault,) = faults({"StreamName": name})
    assert fault.startswith("StreamName ")
    assert f"({len(name)} characters)" in fault
    assert "1 to 128 of a-z A-Z 0-9 _ . -" in fault


def test_a_long_value_is_shown_by_its_beginning() -> None:
    """All faults have to fit into one Reason, so that none may fill it alone."""
    (exact,) = faults({"StreamName": "!" * 60})
    (fault,) = faults({"StreamName": "!" * 61})
    assert f"StreamName {'!' * 60!r} (60" in exact
    assert f"StreamName {'!' * 57 + '...'!r} (61" in fault


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "orders",
        "arn:aws:sqs:us-east-1:123456789012:orders",
        "arn:aws:kinesis:us-east-1:123456789012:stream/",
        "arn:aws:kinesis:us-east-1:12345678901:stream/orders",
        "arn:aws:kinesis:us-east-1:123456789012:stream/orders/a:1",
        f" {STREAM_ARN}",
        f"{STREAM_ARN}\n",
    ],
)
def test_an_arn_that_is_no_stream_s_is_a_fault_with_the_valid_form(arn: str) -> None:
    """The contract: StreamARN is a stream's ARN."""
    (fault,) = faults({"StreamARN": arn})
    assert fault.startswith(f"StreamARN {arn!r}")
    assert "arn:<partition>:kinesis:<region>:<account>:stream/<name>" in fault


@pytest.mark.parametrize(("region", "account"), [("eu-west-1", ACCOUNT), (REGION, "999999999999")])
def test_a_stream_of_another_region_or_account_is_a_fault_that_names_both_places(region: str, account: str) -> None:
    """The contract: the stream is in the stack's own account and region."""
    (fault,) = faults({"StreamARN": f"arn:aws:kinesis:{region}:{account}:stream/orders"})
    assert f"account {account}, region {region}" in fault
    assert f"account {ACCOUNT}, region {REGION}" in fault


def test_a_stream_in_another_partition_is_a_stream_too() -> None:
    """aws-cn and aws-us-gov spell their ARNs in their own way."""
    arn = f"arn:aws-cn:kinesis:cn-north-1:{ACCOUNT}:stream/orders"
    assert parse({"StreamARN": arn}, Place("cn-north-1", ACCOUNT)).stream == StreamRef("orders", arn)


@pytest.mark.parametrize("value", ["NONE", "none"])
def test_encryption_type_none_is_a_fault_that_tells_how_to_end_encryption(value: str) -> None:
    """Bad input: EncryptionType NONE."""
    (fault,) = faults({"StreamName": "orders", "EncryptionType": value})
    assert fault.startswith(f"EncryptionType '{value}'")
    assert fault.endswith("remove the resource")


def test_encryption_type_in_lower_case_is_a_fault_that_says_so() -> None:
    """Bad input: EncryptionType in lower case."""
    (fault,) = faults({"StreamName": "orders", "EncryptionType": "kms"})
    assert fault.startswith("EncryptionType 'kms'")
    assert fault.endswith("'KMS', in capitals")


@pytest.mark.parametrize("value", ["", "AES256"])
def test_another_encryption_type_is_a_fault(value: str) -> None:
    """The contract: KMS is the only valid value."""
    (fault,) = faults({"StreamName": "orders", "EncryptionType": value})
    assert fault.startswith(f"EncryptionType {value!r}")
    assert fault.endswith("'KMS'")


@pytest.mark.parametrize(
    "key_id",
    [
        GUID,
        f"mrk-{'0' * 32}",
        KEY_ARN,
        "alias/orders",
        "alias/team/orders_2-a",
        f"arn:aws:kms:{REGION}:999999999999:alias/orders",
        f"arn:aws-us-gov:kms:{REGION}:{ACCOUNT}:key/{GUID}",
        "k",
        "k" * 2048,
    ],
)
def test_a_key_is_named_by_guid_or_arn_or_alias_in_1_to_2048_characters(key_id: str) -> None:
    """The contract: key GUID, key ARN, alias name, alias ARN; 1 to 2048. Another account's key too."""
    assert read(KeyId=key_id).key_id == key_id


@pytest.mark.parametrize(
    ("key_id", "part"),
    [
        ("", "0 characters: 1 to 2048"),
        ("k" * 2049, "2049 characters: 1 to 2048"),
        ("aws/kinesis", "'alias/aws/kinesis'"),
        ("arn:aws:s3:::bucket", "'arn:aws:s3:::bucket'"),
        (f"arn:aws:kms:{REGION}:{ACCOUNT}:grant/{GUID}", "ARN of a KMS key or alias"),
        (f"{KEY_ARN} ", "ARN of a KMS key or alias"),
        (f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{GUID}", "region eu-west-1"),
        ("my key", "'my key'"),
        ("alias/", "'alias/'"),
    ],
)  # fmt: skip
def test_a_key_id_that_names_no_key_of_the_stream_s_region_is_a_fault(key_id: str, part: str) -> None:
    """Bad input: KeyId empty, 2,049 characters, without `alias/`, an ARN of another service, another region's."""
    (fault,) = faults({"StreamName": "orders", "KeyId": key_id})
    assert fault.startswith("KeyId ")
    assert part in fault


def test_only_a_name_with_a_slash_gets_the_hint_about_aliases() -> None:
    """The hint would lead astray."""
    (fault,) = faults({"StreamName": "orders", "KeyId": "my key"})
    assert fault.endswith("nor an alias' name or ARN")


@pytest.mark.parametrize("value", list(OnDrift))
def test_on_drift_has_two_values(value: OnDrift) -> None:
    """The contract's table: OnDrift is Report, the default, or Mend."""
    assert read(OnDrift=str(value)).on_drift is value


@pytest.mark.parametrize("value", ["", "mend", "Restore"])
def test_another_on_drift_is_a_fault_with_the_valid_values(value: str) -> None:
    """Promise 2: the Reason says what is valid."""
    (fault,) = faults({"StreamName": "orders", "OnDrift": value})
    assert fault.startswith(f"OnDrift {value!r}")
    assert "Report, Mend" in fault


@pytest.mark.parametrize("value", list(OnDelete))
def test_on_delete_has_three_values(value: OnDelete) -> None:
    """The contract: Restore, Stop, Keep."""
    assert read(OnDelete=str(value)).on_delete is value


@pytest.mark.parametrize("value", ["", "restore", "Retain"])
def test_another_on_delete_is_a_fault_with_the_valid_values(value: str) -> None:
    """The contract: Restore, Stop, Keep."""
    (fault,) = faults({"StreamName": "orders", "OnDelete": value})
    assert fault.startswith(f"OnDelete {value!r}")
    assert fault.endswith("Restore, Stop, Keep")


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), ("5", 5), ("05", 5), ("60", 60)])
def test_settle_seconds_is_a_whole_number_from_0_to_60(value: str, seconds: int) -> None:
    """The contract: 0 to 60."""
    assert read(SettleSeconds=value).settle_seconds == seconds


@pytest.mark.parametrize("value", ["-1", "61", "99", "100", "soon", "", "5.0", "+5", " 5", "5\n", "\u0665", "1e1"])
def test_another_settle_seconds_is_a_fault_with_the_range(value: str) -> None:
    """Bad input: SettleSeconds -1, 61, `soon`."""
    (fault,) = faults({"StreamName": "orders", "SettleSeconds": value})
    assert fault.startswith(f"SettleSeconds {value!r}")
    assert fault.endswith("0 to 60")


@pytest.mark.parametrize("name", ["Verify", "Takeover"])
@pytest.mark.parametrize("value", ["yes", "True", "FALSE", "1", ""])
def test_a_boolean_is_true_or_false_as_cloudformation_spells_them(name: str, value: str) -> None:
    """Bad input: `Verify: yes`."""
    (fault,) = faults({"StreamName": "orders", name: value})
    assert fault.startswith(f"{name} {value!r}")
    assert fault.endswith("'true' nor 'false'")
