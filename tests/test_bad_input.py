"""Invalid properties: one FAILED that names every fault, nothing changed, and a Delete that succeeds."""

from typing import Any

import pytest

from tests.builders import ACCOUNT, REGION, STREAM_ARN
from tests.provider import Provider

GOOD = {"StreamName": "orders", "KeyId": "alias/one"}
CALLS = {"StartStreamEncryption", "StopStreamEncryption", "PutRecord"}
ELSEWHERE = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/99999999-1111-4222-8333-444455556666"


def refused(provider: Provider, properties: dict[str, Any], code: str) -> str:
    """Have a Create refused with a code and its Delete succeed, both without a change; return the Reason."""
    before = {name: stream.encryption for name, stream in provider.kinesis.streams.items()}
    response = provider.create(properties)
    assert response["Status"] == "FAILED"
    assert response["Reason"].startswith(f"[{code}] ")
    assert response["Data"] == {}
    assert response["PhysicalResourceId"].startswith("failed-create:platform-encryption/Encryption/")
    deleted = provider.delete(properties, PhysicalResourceId=response["PhysicalResourceId"])
    assert (deleted["Status"], deleted["PhysicalResourceId"]) == ("SUCCESS", response["PhysicalResourceId"])
    assert {name: stream.encryption for name, stream in provider.kinesis.streams.items()} == before
    assert not set(provider.changes()) & CALLS
    return str(response["Reason"])


# Each with the parts that its Reason has to name. StreamName is orders where the row does not set it.
BAD: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no stream at all": ({"StreamName": None}, ["StreamName or StreamARN"]),
    "name and ARN disagree": ({"StreamName": "payments", "StreamARN": STREAM_ARN}, ["'payments'", STREAM_ARN]),
    "illegal characters": ({"StreamName": "orders!"}, ["StreamName 'orders!'", "a-z A-Z 0-9 _ . -"]),
    "129 characters": ({"StreamName": "o" * 129}, ["StreamName", "(129 characters)", "1 to 128"]),
    "empty name": ({"StreamName": ""}, ["StreamName ''", "(0 characters)"]),
    "empty ARN": ({"StreamName": None, "StreamARN": ""}, ["StreamARN ''"]),
    "ARN of another region": (
        {"StreamName": None, "StreamARN": STREAM_ARN.replace(REGION, "eu-west-1")},
        ["StreamARN", "region eu-west-1", f"region {REGION}"],
    ),
    "ARN of another account": (
        {"StreamName": None, "StreamARN": STREAM_ARN.replace(ACCOUNT, "999999999999")},
        ["StreamARN", "account 999999999999", f"account {ACCOUNT}"],
    ),
    "EncryptionType NONE": ({"EncryptionType": "NONE"}, ["EncryptionType 'NONE'", "remove the resource"]),
    "EncryptionType in lower case": ({"EncryptionType": "kms"}, ["EncryptionType 'kms'", "in capitals"]),
    "empty KeyId": ({"KeyId": ""}, ["KeyId", "0 characters"]),
    "KeyId of 2,049 characters": ({"KeyId": "k" * 2049}, ["KeyId", "2049 characters"]),
    "aws/kinesis without alias/": ({"KeyId": "aws/kinesis"}, ["KeyId 'aws/kinesis'", "'alias/aws/kinesis'"]),
    "ARN of another service": ({"KeyId": "arn:aws:s3:::orders"}, ["KeyId 'arn:aws:s3:::orders'", "KMS"]),
    "key in another region": ({"KeyId": ELSEWHERE}, ["KeyId", ELSEWHERE[:40], "region eu-west-1", REGION]),
    "OnDelete: Retain": ({"OnDelete": "Retain"}, ["OnDelete 'Retain'", "Restore, Stop, Keep"]),
    "Verify: yes": ({"Verify": "yes"}, ["Verify 'yes'", "'true'", "'false'"]),
    "Takeover: on": ({"Takeover": "on"}, ["Takeover 'on'", "'true'", "'false'"]),
    "SettleSeconds -1": ({"SettleSeconds": "-1"}, ["SettleSeconds '-1'", "0 to 60"]),
    "SettleSeconds 61": ({"SettleSeconds": "61"}, ["SettleSeconds '61'", "0 to 60"]),
    "SettleSeconds soon": ({"SettleSeconds": "soon"}, ["SettleSeconds 'soon'", "0 to 60"]),
    "unknown property": ({"Colour": "blue"}, ["unknown property 'Colour'", "StreamName, StreamARN, KeyId"]),
    "misspelt property": ({"KeyID": "alias/one"}, ["unknown property 'KeyID'", "'KeyId'?"]),
    "list for a string": ({"KeyId": ["alias/one"]}, ["KeyId", "a list"]),
    "list for the stream": ({"StreamName": ["orders"]}, ["StreamName", "a list"]),
    "two faults": (
        {"EncryptionType": "NONE", "SettleSeconds": "61"},
        ["2 faults", "EncryptionType 'NONE'", "SettleSeconds '61'"],
    ),
    "everything at once": (
        {
            "StreamName": "orders!",
            "StreamARN": "x",
            "KeyID": "x",
            "KeyId": "aws/kinesis",
            "EncryptionType": "none",
            "OnDelete": "x",
            "SettleSeconds": "soon",
            "Verify": "yes",
            "Takeover": ["true"],
        },
        [
            "9 faults", "StreamName", "StreamARN", "'KeyID'", "alias/aws/kinesis", "EncryptionType", "OnDelete",
            "SettleSeconds", "Verify", "Takeover",
        ],
    ),
}  # fmt: skip


each_invalid = pytest.mark.parametrize("properties", [row[0] for row in BAD.values()], ids=BAD.keys())


@pytest.mark.parametrize(("properties", "parts"), BAD.values(), ids=BAD.keys())
def test_every_fault_of_the_properties_is_named(properties: dict[str, Any], parts: list[str]) -> None:
    """The contract: all that is wrong is reported at once, by name; and Delete never fails on properties."""
    provider = Provider()
    reason = refused(provider, with_stream(properties), "InvalidProperties")
    assert [part for part in parts if part not in reason] == []


@each_invalid
def test_a_create_with_invalid_properties_makes_no_call(properties: dict[str, Any]) -> None:
    """The contract: the template alone is wrong, so that there is nothing to look at."""
    provider = Provider()
    assert provider.create(with_stream(properties))["Status"] == "FAILED"
    assert len(provider.kinesis.calls) == 0


@each_invalid
def test_an_update_to_invalid_properties_keeps_the_id_and_the_encryption(properties: dict[str, Any]) -> None:
    """The protocol: a FAILED Update gives the old id."""
    provider = Provider()
    provider.create(GOOD)
    before = len(provider.kinesis.calls)
    response = provider.update(with_stream(properties), GOOD)
    assert (response["Status"], response["PhysicalResourceId"]) == ("FAILED", STREAM_ARN)
    assert len(provider.kinesis.calls) == before
    assert provider.key_of() == provider.one.arn


@each_invalid
def test_a_delete_with_invalid_properties_restores_the_encryption(properties: dict[str, Any]) -> None:
    """Promise 7: an Update to invalid properties may have failed without a rollback."""
    provider = Provider()
    provider.create(GOOD)
    begun = provider.clock.now()
    assert provider.delete(with_stream(properties))["Status"] == "SUCCESS"
    assert provider.key_of() is None
    assert provider.clock.now() - begun < 60


@each_invalid
def test_a_delete_with_invalid_properties_and_no_record_leaves_the_stream_alone(properties: dict[str, Any]) -> None:
    """Rule 6: without a record a Delete acts only where the stream has the key of its properties."""
    provider = Provider()
    provider.kinesis.add_stream("orders", "alias/theirs")
    begun = provider.clock.now()
    assert provider.delete(with_stream(properties))["Status"] == "SUCCESS"
    assert provider.key_of() == "alias/theirs"
    assert not set(provider.changes()) & CALLS
    assert provider.clock.now() - begun < 60


@each_invalid
@pytest.mark.parametrize("recorded", [True, False])
def test_a_rollback_from_invalid_properties_succeeds_without_a_change(
    properties: dict[str, Any], *, recorded: bool
) -> None:
    """The protocol: a rollback is an Update whose old properties are the invalid ones; the record may be lost."""
    provider = Provider()
    provider.create(GOOD)
    if not recorded:
        provider.table.remove(STREAM_ARN)
    begun = provider.clock.now()
    response = provider.update(GOOD, with_stream(properties))
    assert (response["Status"], response["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN)
    assert provider.key_of() == provider.one.arn
    assert provider.changes().count("StartStreamEncryption") == 1
    assert provider.clock.now() - begun < 60


def with_stream(properties: dict[str, Any]) -> dict[str, Any]:
    """Add the stream's name, unless the properties set it or leave it out (None)."""
    whole = {"StreamName": "orders", **properties}
    return {name: value for name, value in whole.items() if value is not None}
