"""The template's properties as a whole: defaults, names, types, and all faults at once."""

from typing import Any

import pytest

from stream_encryption.cloudformation.properties import CLOUDFORMATIONS_OWN, KNOWN, parse
from stream_encryption.errors import InvalidProperties
from stream_encryption.reconcile.goals import Properties
from stream_encryption.values import OnDelete, OnDrift, Place, StreamRef
from tests.builders import ACCOUNT, REGION, STREAM_ARN

HERE = Place(REGION, ACCOUNT)


def read(**raw: Any) -> Properties:
    """Parse properties beside a valid StreamName."""
    return parse({"StreamName": "orders", **raw}, HERE)


def faults(raw: dict[str, Any], place: Place = HERE) -> tuple[str, ...]:
    """Parse invalid properties, and return their faults."""
    with pytest.raises(InvalidProperties) as refused:
        parse(raw, place)
    return refused.value.faults


def test_a_stream_name_is_enough_and_the_rest_has_defaults() -> None:
    """The contract's table of properties, column "default"."""
    assert parse({"StreamName": "orders"}, HERE) == Properties(
        stream=StreamRef("orders", None),
        key_id="alias/aws/kinesis",
        on_delete=OnDelete.RESTORE,
        on_drift=OnDrift.REPORT,
        settle_seconds=5,
        verify=False,
        takeover=False,
    )
    assert parse({"StreamName": "orders"}, HERE) == Properties(StreamRef("orders"))


def test_each_property_reaches_its_field() -> None:
    """The contract's table: each value reaches the field that is its own."""
    given = {
        "StreamARN": STREAM_ARN,
        "KeyId": "alias/orders",
        "EncryptionType": "KMS",
        "OnDelete": "Keep",
        "OnDrift": "Mend",
        "SettleSeconds": "7",
        "Verify": "true",
        "Takeover": "false",
    }
    assert read(**given) == Properties(
        stream=StreamRef("orders", STREAM_ARN),
        key_id="alias/orders",
        on_delete=OnDelete.KEEP,
        on_drift=OnDrift.MEND,
        settle_seconds=7,
        verify=True,
        takeover=False,
    )
    assert read(Takeover="true", Verify="false") == Properties(StreamRef("orders"), takeover=True)


def test_cloudformation_s_own_properties_are_no_faults() -> None:
    """The contract: ServiceToken and ServiceTimeout are no faults."""
    assert read(ServiceToken="arn:aws:lambda:x", ServiceTimeout="60") == read()
    assert not set(CLOUDFORMATIONS_OWN) & set(KNOWN)


def test_no_stream_at_all_is_a_fault_that_names_both_properties() -> None:
    """Bad input: neither StreamName nor StreamARN."""
    (fault,) = faults({})
    assert "StreamName or StreamARN is required" in fault


def test_a_name_and_an_arn_of_two_streams_are_a_fault_that_shows_both() -> None:
    """The contract: both only where they agree."""
    (fault,) = faults({"StreamName": "payments", "StreamARN": STREAM_ARN})
    assert "StreamName 'payments'" in fault
    assert f"StreamARN '{STREAM_ARN}'" in fault


def test_a_name_and_an_arn_that_agree_are_one_stream() -> None:
    """The contract: both where they agree."""
    assert read(StreamARN=STREAM_ARN).stream == StreamRef("orders", STREAM_ARN)


@pytest.mark.parametrize("name", [name for name in KNOWN if name not in ("Producers", "Consumers")])
@pytest.mark.parametrize(
    ("value", "kind"), [(["orders"], "a list"), ({"Ref": "Key"}, "a map"), (None, "null"), (1.5, "a float")]
)
def test_a_value_that_is_no_string_is_a_fault_with_its_kind(name: str, value: Any, kind: str) -> None:
    """Bad input: a list where a string belongs."""
    raw = {name: value} if name.startswith("Stream") else {"StreamName": "orders", name: value}
    (fault,) = faults(raw)
    assert fault.startswith(f"{name} ")
    assert fault.endswith(kind)


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
def test_a_misspelt_property_is_a_fault_with_the_nearest_known_name(name: str, meant: str) -> None:
    """The contract: an unknown property is refused by name, with the nearest known name."""
    (fault,) = faults({"StreamName": "orders", name: "x"})
    assert fault.startswith(f"unknown property '{name}'")
    assert fault.endswith(f"'{meant}'?")


def test_a_property_that_resembles_none_is_a_fault_with_all_known_names() -> None:
    """The contract: an unknown property is refused by name."""
    (fault,) = faults({"StreamName": "orders", "Colour": "blue"})
    assert fault.startswith("unknown property 'Colour'")
    assert fault.endswith(", ".join(KNOWN))


def test_all_faults_are_reported_at_once() -> None:
    """The contract: all that is wrong is reported at once."""
    raw = {
        "StreamName": "orders!",
        "StreamARN": "x",
        "KeyID": "x",
        "KeyId": [""],
        "EncryptionType": "none",
        "OnDelete": "x",
        "SettleSeconds": "x",
        "Verify": "x",
        "Takeover": "x",
    }
    found = faults(raw)
    assert len(found) == len(raw)
    assert [name for name in raw if not any(name in fault for fault in found)] == []


def test_a_fault_in_one_name_of_the_stream_is_not_reported_as_another_one_too() -> None:
    """An invalid name can't disagree with the other one, and is not missing."""
    assert len(faults({"StreamName": "orders!", "StreamARN": STREAM_ARN})) == 1
    assert len(faults({"StreamName": "payments", "StreamARN": "x"})) == 1
