"""The template's properties: what is taken, with which meaning, and every fault of what is not, by name."""

from typing import Any

import pytest

from stream_encryption.errors import InvalidProperties
from stream_encryption.model import OnDelete, Place, StreamRef
from stream_encryption.properties import (
    CLOUDFORMATIONS_OWN,
    KNOWN,
    Properties,
    key_id_of,
    on_delete_of,
    parse,
    stream_of,
    stream_of_arn,
)
from tests.builders import ACCOUNT, REGION, STREAM_ARN

HERE = Place(REGION, ACCOUNT)
GUID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{GUID}"


def read(**raw: Any) -> Properties:
    """Read properties beside a good StreamName."""
    return parse({"StreamName": "orders", **raw}, HERE)


def faults(raw: dict[str, Any], place: Place = HERE) -> tuple[str, ...]:
    """Tell what is wrong with properties."""
    with pytest.raises(InvalidProperties) as refused:
        parse(raw, place)
    return refused.value.faults


def test_a_stream_s_name_is_enough_and_the_rest_has_the_contract_s_defaults() -> None:
    """The contract's table of properties, column "default"."""
    assert parse({"StreamName": "orders"}, HERE) == Properties(
        stream=StreamRef("orders", None),
        key_id="alias/aws/kinesis",
        on_delete=OnDelete.RESTORE,
        settle_seconds=5,
        verify=False,
        takeover=False,
    )
    assert parse({"StreamName": "orders"}, HERE) == Properties(StreamRef("orders"))


def test_every_property_is_taken_as_it_is_given() -> None:
    """The contract's table: each value reaches the field that is its own."""
    given = {
        "StreamARN": STREAM_ARN,
        "KeyId": "alias/orders",
        "EncryptionType": "KMS",
        "OnDelete": "Keep",
        "SettleSeconds": "7",
        "Verify": "true",
        "Takeover": "false",
    }
    assert read(**given) == Properties(StreamRef("orders", STREAM_ARN), "alias/orders", OnDelete.KEEP, 7, True, False)  # noqa: FBT003 - in the order of the table
    assert read(Takeover="true", Verify="false") == Properties(StreamRef("orders"), takeover=True)


def test_cloudformation_s_own_properties_are_passed_over() -> None:
    """The contract: ServiceToken and ServiceTimeout are no faults."""
    assert read(ServiceToken="arn:aws:lambda:x", ServiceTimeout="60") == read()
    assert not set(CLOUDFORMATIONS_OWN) & set(KNOWN)


@pytest.mark.parametrize("name", ["o", "o" * 128, "a-zA-Z_0.9", "."])
def test_a_stream_s_name_has_1_to_128_of_the_allowed_characters(name: str) -> None:
    """The contract: 1 to 128 of [a-zA-Z0-9_.-]."""
    assert parse({"StreamName": name}, HERE).stream.name == name
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"
    assert parse({"StreamARN": arn}, HERE).stream == StreamRef(name, arn)


@pytest.mark.parametrize("name", ["", "o" * 129, "orders!", "or ders", "orders\n", "ördërs", "stream/orders"])
def test_any_other_stream_s_name_is_refused_by_its_length_and_the_allowed_ones(name: str) -> None:
    """Bad input: illegal characters, 129 characters, empty."""
    (fault,) = faults({"StreamName": name})
    assert fault.startswith("StreamName ")
    assert f"({len(name)} characters)" in fault
    assert "1 to 128 of a-z A-Z 0-9 _ . -" in fault


def test_a_long_value_is_shown_by_its_beginning() -> None:
    """Every fault has to find room in one Reason, so that none may fill it alone."""
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
def test_what_is_no_stream_s_arn_is_refused_with_the_form_of_one(arn: str) -> None:
    """The contract: StreamARN is the stream's ARN, of no other thing."""
    (fault,) = faults({"StreamARN": arn})
    assert fault.startswith(f"StreamARN {arn!r} is no stream's ARN")
    assert "arn:<partition>:kinesis:<region>:<account>:stream/<name>" in fault


@pytest.mark.parametrize(("region", "account"), [("eu-west-1", ACCOUNT), (REGION, "999999999999")])
def test_a_stream_of_another_region_or_account_is_refused_with_the_reason(region: str, account: str) -> None:
    """The contract: a stream of another account or region is refused with the reason."""
    (fault,) = faults({"StreamARN": f"arn:aws:kinesis:{region}:{account}:stream/orders"})
    assert f"is in account {account}, region {region}, and this stack in account {ACCOUNT}, region {REGION}" in fault


def test_a_stream_in_another_partition_is_a_stream_too() -> None:
    """aws-cn and aws-us-gov spell their ARNs in their own way."""
    arn = f"arn:aws-cn:kinesis:cn-north-1:{ACCOUNT}:stream/orders"
    assert parse({"StreamARN": arn}, Place("cn-north-1", ACCOUNT)).stream == StreamRef("orders", arn)


def test_no_stream_at_all_is_refused_with_both_ways_to_name_one() -> None:
    """Bad input: neither StreamName nor StreamARN."""
    (fault,) = faults({})
    assert fault == "StreamName or StreamARN is required, to say which stream"


def test_a_name_and_an_arn_that_disagree_are_both_shown() -> None:
    """The contract: both only where they agree."""
    (fault,) = faults({"StreamName": "payments", "StreamARN": STREAM_ARN})
    assert fault == f"StreamName 'payments' and StreamARN '{STREAM_ARN}' name different streams"


def test_a_name_and_an_arn_that_agree_are_one_stream() -> None:
    """The contract: both where they agree."""
    assert read(StreamARN=STREAM_ARN).stream == StreamRef("orders", STREAM_ARN)


@pytest.mark.parametrize("value", ["NONE", "none"])
def test_encryption_type_none_is_refused_with_how_to_end_encryption(value: str) -> None:
    """Bad input: EncryptionType NONE."""
    (fault,) = faults({"StreamName": "orders", "EncryptionType": value})
    assert fault == (
        f"EncryptionType '{value}' is not valid: the only value is 'KMS'; to end encryption, remove the resource"
    )


def test_encryption_type_in_lower_case_is_refused_and_told_so() -> None:
    """Bad input: EncryptionType in lower case."""
    (fault,) = faults({"StreamName": "orders", "EncryptionType": "kms"})
    assert fault == "EncryptionType 'kms' is not valid: the only value is 'KMS', in capitals"


@pytest.mark.parametrize("value", ["", "AES256"])
def test_any_other_encryption_type_is_refused(value: str) -> None:
    """The contract: KMS is the only valid value."""
    (fault,) = faults({"StreamName": "orders", "EncryptionType": value})
    assert fault == f"EncryptionType {value!r} is not valid: the only value is 'KMS'"


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
    ("key_id", "told"),
    [
        ("", "has 0 characters: 1 to 2048 are allowed"),
        ("k" * 2049, "has 2049 characters: 1 to 2048 are allowed"),
        ("aws/kinesis", "aliases begin with 'alias/', so write 'alias/aws/kinesis'"),
        ("arn:aws:s3:::bucket", "'arn:aws:s3:::bucket' is not the ARN of a KMS key or alias"),
        (f"arn:aws:kms:{REGION}:{ACCOUNT}:grant/{GUID}", "is not the ARN of a KMS key or alias"),
        (f"{KEY_ARN} ", "is not the ARN of a KMS key or alias"),
        (f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{GUID}", "is in region eu-west-1: the key must be in the stream's"),
        ("my key", "'my key' is no key's GUID or ARN, nor an alias' name or ARN"),
        ("alias/", "'alias/' is no key's GUID or ARN, nor an alias' name or ARN"),
    ],
)  # fmt: skip
def test_what_names_no_key_of_the_stream_s_region_is_refused(key_id: str, told: str) -> None:
    """Bad input: KeyId empty, 2,049 characters, without `alias/`, an ARN of another service, another region's."""
    (fault,) = faults({"StreamName": "orders", "KeyId": key_id})
    assert fault.startswith("KeyId ")
    assert told in fault


def test_only_a_name_with_a_slash_is_told_of_aliases() -> None:
    """A hint that does not help is a hint in the wrong direction."""
    (fault,) = faults({"StreamName": "orders", "KeyId": "my key"})
    assert fault.endswith("nor an alias' name or ARN")


@pytest.mark.parametrize("value", list(OnDelete))
def test_on_delete_has_three_values(value: OnDelete) -> None:
    """The contract: Restore, Stop, Keep."""
    assert read(OnDelete=str(value)).on_delete is value


@pytest.mark.parametrize("value", ["", "restore", "Retain"])
def test_any_other_on_delete_is_refused_with_the_three(value: str) -> None:
    """The contract: all that is wrong is told, with what is right."""
    (fault,) = faults({"StreamName": "orders", "OnDelete": value})
    assert fault == f"OnDelete {value!r} is not one of Restore, Stop, Keep"


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), ("5", 5), ("05", 5), ("60", 60)])
def test_settling_takes_0_to_60_whole_seconds(value: str, seconds: int) -> None:
    """The contract: 0 to 60."""
    assert read(SettleSeconds=value).settle_seconds == seconds


@pytest.mark.parametrize("value", ["-1", "61", "99", "100", "soon", "", "5.0", "+5", " 5", "5\n", "\u0665", "1e1"])
def test_any_other_settling_is_refused_with_the_range(value: str) -> None:
    """Bad input: SettleSeconds -1, 61, `soon`."""
    (fault,) = faults({"StreamName": "orders", "SettleSeconds": value})
    assert fault == f"SettleSeconds {value!r} is not a whole number from 0 to 60"


@pytest.mark.parametrize("name", ["Verify", "Takeover"])
@pytest.mark.parametrize("value", ["yes", "True", "FALSE", "1", ""])
def test_a_boolean_is_true_or_false_as_cloudformation_spells_them(name: str, value: str) -> None:
    """Bad input: `Verify: yes`."""
    (fault,) = faults({"StreamName": "orders", name: value})
    assert fault == f"{name} {value!r} is neither 'true' nor 'false'"


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize(
    ("value", "kind"), [(["orders"], "a list"), ({"Ref": "Key"}, "a map"), (None, "null"), (1.5, "a float")]
)
def test_what_is_no_string_is_refused_by_its_kind(name: str, value: Any, kind: str) -> None:
    """Bad input: a list where a string belongs."""
    raw = {name: value} if name.startswith("Stream") else {"StreamName": "orders", name: value}
    assert faults(raw) == (f"{name} must be a string, not {kind}",)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("KeyID", "KeyId"),
        ("streamname", "StreamName"),
        ("StreamArn", "StreamARN"),
        ("EncryptonType", "EncryptionType"),
        ("SettleSecond", "SettleSeconds"),
    ],
)
def test_a_misspelt_property_is_refused_with_the_one_that_was_meant(name: str, meant: str) -> None:
    """The contract: "unknown property 'KeyID': did you mean 'KeyId'?"."""
    assert faults({"StreamName": "orders", name: "x"}) == (f"unknown property '{name}': did you mean '{meant}'?",)


def test_a_property_that_resembles_none_is_refused_with_all_that_there_are() -> None:
    """The contract: an unknown property is refused by name."""
    (fault,) = faults({"StreamName": "orders", "Colour": "blue"})
    assert fault == f"unknown property 'Colour': the known ones are {', '.join(KNOWN)}"


def test_all_that_is_wrong_is_told_at_once() -> None:
    """The contract: all that is wrong is reported at once, not the first fault alone."""
    raw = {
        "StreamName": "orders!",
        "StreamARN": "x",
        "KeyID": "x",
        "KeyId": "",
        "EncryptionType": "none",
        "OnDelete": "x",
        "SettleSeconds": "x",
        "Verify": "x",
        "Takeover": ["x"],
    }
    found = faults(raw)
    assert len(found) == len(raw)
    assert [name for name in raw if not any(name in fault for fault in found)] == []


def test_a_fault_in_one_name_of_the_stream_hides_no_other_fault() -> None:
    """A stream that can't be read can't disagree; and a bad StreamName is no missing one."""
    assert len(faults({"StreamName": "orders!", "StreamARN": STREAM_ARN})) == 1
    assert len(faults({"StreamName": "payments", "StreamARN": "x"})) == 1


@pytest.mark.parametrize(
    ("raw", "stream"),
    [
        ({"StreamName": "orders"}, StreamRef("orders")),
        ({"StreamARN": STREAM_ARN}, StreamRef("orders", STREAM_ARN)),
        ({"StreamName": "payments", "StreamARN": STREAM_ARN}, StreamRef("orders", STREAM_ARN)),
        ({"StreamName": "payments", "StreamARN": "x"}, StreamRef("payments")),
        ({"StreamName": "orders!"}, None),
        ({"StreamName": ["orders"]}, None),
        ({"StreamARN": ["x"]}, None),
        ({}, None),
        (["StreamName"], None),
        (None, None),
    ],
)
def test_a_delete_finds_the_stream_of_whatever_properties_there_are(raw: Any, stream: StreamRef | None) -> None:
    """Promise 7: properties that were never valid never fail a Delete; and old ones keep working."""
    assert stream_of(raw) == stream


@pytest.mark.parametrize("physical_id", ["failed-create:stack/Encryption", "stack-Encryption-1ABC", "", None, 7])
def test_a_physical_id_that_is_no_stream_s_arn_names_no_stream(physical_id: Any) -> None:
    """The protocol: CloudFormation invents ids; a stream is touched by its own ARN alone."""
    assert stream_of_arn(physical_id) is None
    assert stream_of_arn(STREAM_ARN) == StreamRef("orders", STREAM_ARN)


@pytest.mark.parametrize(
    ("raw", "key_id"),
    [
        ({"StreamName": "orders", "KeyId": "alias/one"}, "alias/one"),
        ({"StreamARN": STREAM_ARN, "KeyId": "alias/one"}, "alias/one"),
        ({"StreamName": "orders"}, "alias/aws/kinesis"),
        ({"StreamName": "orders", "KeyId": ["alias/one"]}, None),
        ({"StreamName": "orders", "KeyId": ""}, None),
        ({"StreamName": "orders", "KeyId": "k" * 2048}, "k" * 2048),
        ({"StreamName": "orders", "KeyId": "k" * 2049}, None),
        ({"KeyId": "alias/one"}, None),
        ({"StreamName": "orders!", "KeyId": "alias/one"}, None),
        ({}, None),
        (None, None),
        ("KeyId", None),
    ],
)
def test_a_delete_finds_the_key_of_whatever_properties_there_are(raw: Any, key_id: str | None) -> None:
    """Promise 7, and promise 3: the key in its properties is what a Delete without tags goes by, if it can be one."""
    assert key_id_of(raw) == key_id


@pytest.mark.parametrize(
    ("raw", "on_delete"),
    [
        ({"OnDelete": "Keep"}, OnDelete.KEEP),
        ({"OnDelete": "Stop"}, OnDelete.STOP),
        ({"OnDelete": "keep"}, OnDelete.RESTORE),
        ({"OnDelete": ["Keep"]}, OnDelete.RESTORE),
        ({}, OnDelete.RESTORE),
        ("OnDelete", OnDelete.RESTORE),
    ],
)
def test_a_delete_finds_what_to_do_in_whatever_properties_there_are(raw: Any, on_delete: OnDelete) -> None:
    """Promise 7: an OnDelete that was never valid means the default."""
    assert on_delete_of(raw) is on_delete
