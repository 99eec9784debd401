"""Bad input through the door: one clear FAILED with every fault, nothing changed, and a Delete that succeeds."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.builders import ACCOUNT, REGION, STREAM_ARN
from tests.provider import Provider

GONE_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/99999999-1111-4222-8333-444455556666"
ELSEWHERE = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/99999999-1111-4222-8333-444455556666"


def refused(provider: Provider, properties: dict[str, Any]) -> str:
    """Have a Create refused, and its Delete succeed, with nothing changed by either; tell the Reason."""
    before = {name: (stream.encryption, dict(stream.tags)) for name, stream in provider.kinesis.streams.items()}
    answer = provider.create(properties)
    assert answer["Status"] == "FAILED"
    assert answer["Data"] == {}
    assert answer["PhysicalResourceId"] == "failed-create:platform-encryption/Encryption"
    deleted = provider.delete(properties, PhysicalResourceId=answer["PhysicalResourceId"])
    assert (deleted["Status"], deleted["PhysicalResourceId"]) == ("SUCCESS", answer["PhysicalResourceId"])
    assert provider.changes() == []
    after = {name: (stream.encryption, dict(stream.tags)) for name, stream in provider.kinesis.streams.items()}
    assert after == before
    return str(answer["Reason"])


# Each with what its Reason has to name. Beside it, StreamName is orders unless it says otherwise.
BAD: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no stream at all": ({"StreamName": None}, ["StreamName or StreamARN is required"]),
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
    "aws/kinesis without alias/": ({"KeyId": "aws/kinesis"}, ["KeyId 'aws/kinesis'", "write 'alias/aws/kinesis'"]),
    "ARN of another service": ({"KeyId": "arn:aws:s3:::orders"}, ["KeyId 'arn:aws:s3:::orders'", "KMS key or alias"]),
    "key in another region": ({"KeyId": ELSEWHERE}, ["KeyId", ELSEWHERE[:40], "region eu-west-1", REGION]),
    "OnDelete: Retain": ({"OnDelete": "Retain"}, ["OnDelete 'Retain'", "Restore, Stop, Keep"]),
    "Verify: yes": ({"Verify": "yes"}, ["Verify 'yes'", "'true' nor 'false'"]),
    "Takeover: on": ({"Takeover": "on"}, ["Takeover 'on'", "'true' nor 'false'"]),
    "SettleSeconds -1": ({"SettleSeconds": "-1"}, ["SettleSeconds '-1'", "0 to 60"]),
    "SettleSeconds 61": ({"SettleSeconds": "61"}, ["SettleSeconds '61'", "0 to 60"]),
    "SettleSeconds soon": ({"SettleSeconds": "soon"}, ["SettleSeconds 'soon'", "0 to 60"]),
    "unknown property": ({"Colour": "blue"}, ["unknown property 'Colour'", "StreamName, StreamARN, KeyId"]),
    "misspelt property": ({"KeyID": "alias/one"}, ["unknown property 'KeyID'", "did you mean 'KeyId'?"]),
    "list for a string": ({"KeyId": ["alias/one"]}, ["KeyId must be a string, not a list"]),
    "list for the stream": ({"StreamName": ["orders"]}, ["StreamName must be a string, not a list"]),
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


every_bad_one = pytest.mark.parametrize("properties", [row[0] for row in BAD.values()], ids=BAD.keys())


@pytest.mark.parametrize(("properties", "told"), BAD.values(), ids=BAD.keys())
def test_every_fault_of_the_properties_is_named(properties: dict[str, Any], told: list[str]) -> None:
    """The contract: all that is wrong is reported at once, by name; and Delete never fails on properties."""
    reason = refused(Provider(), with_stream(properties))
    assert reason.startswith("Nothing was changed: ")
    assert [part for part in told if part not in reason] == []


@every_bad_one
def test_a_create_with_faulty_properties_makes_no_call_at_all(properties: dict[str, Any]) -> None:
    """Nothing changed, and nothing looked at: the template alone is wrong."""
    provider = Provider()
    assert provider.create(with_stream(properties))["Status"] == "FAILED"
    assert len(provider.kinesis.calls) == 0


@every_bad_one
def test_an_update_to_faulty_properties_keeps_the_id_and_the_encryption(properties: dict[str, Any]) -> None:
    """The protocol: a FAILED Update answers the OLD id; the stream stays as the last good one left it."""
    provider, good = Provider(), {"StreamName": "orders", "KeyId": "alias/one"}
    provider.create(good)
    before = len(provider.kinesis.calls)
    answer = provider.update(with_stream(properties), good)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", STREAM_ARN)
    assert len(provider.kinesis.calls) == before
    assert provider.key_of() == "alias/one"


@every_bad_one
def test_a_delete_with_faulty_properties_undoes_what_was_done(properties: dict[str, Any]) -> None:
    """Promise 7: properties that were never valid don't block a teardown (a failed update without a rollback)."""
    provider, good = Provider(), {"StreamName": "orders", "KeyId": "alias/one"}
    provider.create(good)
    start = provider.clock.now()
    assert provider.delete(with_stream(properties))["Status"] == "SUCCESS"
    assert provider.key_of() is None
    assert provider.tags_of() == {}
    assert provider.clock.now() - start < 60


@every_bad_one
def test_a_delete_with_faulty_properties_and_no_record_succeeds(properties: dict[str, Any]) -> None:
    """Promise 3: without tags only the key in its properties speaks for a Delete; a key that is none says nothing."""
    provider = Provider()
    provider.kinesis.add_stream("orders", "alias/theirs")
    start = provider.clock.now()
    assert provider.delete(with_stream(properties))["Status"] == "SUCCESS"
    assert provider.key_of() == "alias/theirs"
    assert provider.changes() == []
    assert provider.clock.now() - start < 60


@every_bad_one
@pytest.mark.parametrize("tagged", [True, False])
def test_a_rollback_from_faulty_properties_succeeds(properties: dict[str, Any], tagged: bool) -> None:  # noqa: FBT001
    """The protocol: it is an Update whose OLD properties were never valid; with the tags there, or removed."""
    provider, good = Provider(), {"StreamName": "orders", "KeyId": "alias/one"}
    provider.create(good)
    if not tagged:
        provider.kinesis.people.untag("orders")
    start = provider.clock.now()
    answer = provider.update(good, with_stream(properties))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN)
    assert provider.key_of() == "alias/one"
    assert provider.changes().count("StartStreamEncryption") == 1
    assert provider.clock.now() - start < 60


def test_a_stream_that_is_not_there_is_named_with_where_it_was_looked_for() -> None:
    """The contract's table: FAILED: name, region, what to fix."""
    reason = refused(Provider(stream=False), {"StreamName": "orders"})
    assert "There is no stream orders" in reason
    assert f"account {ACCOUNT}, region {REGION}" in reason
    assert "Correct StreamName or StreamARN" in reason


def test_a_stream_by_arn_that_is_not_there_is_named_too() -> None:
    """By ARN as by name."""
    assert "There is no stream orders" in refused(Provider(stream=False), {"StreamARN": STREAM_ARN})


def test_a_stream_that_is_being_deleted_is_refused_at_once() -> None:
    """The contract's table: DELETING is no state to wait in."""
    provider = Provider()
    provider.kinesis.people.delete("orders", 1000)
    start = provider.clock.now()
    reason = refused(provider, {"StreamName": "orders"})
    assert f"{STREAM_ARN} is being deleted" in reason
    assert provider.clock.now() - start < 5


def _missing(provider: Provider) -> str:
    provider.kms.remove(provider.one)
    return "alias/one"


def _add(**traits: Any) -> Callable[[Provider], str]:
    return lambda provider: provider.kms.add_key(**traits).arn


KEYS: dict[str, tuple[Callable[[Provider], str], str]] = {
    "an alias that is not there": (_missing, "does not exist"),
    "a key that is not there": (lambda _provider: GONE_ARN, "does not exist"),
    "a GUID that is not there": (lambda _provider: GONE_ARN.rpartition("/")[2], "does not exist"),
    "disabled": (_add(state="Disabled"), "is Disabled: enable it"),
    "pending deletion": (_add(state="PendingDeletion"), "is pending deletion: cancel its deletion"),
    "replica pending deletion": (_add(state="PendingReplicaDeletion"), "is pending deletion: cancel its deletion"),
    "without material": (_add(state="PendingImport"), "has no key material yet"),
    "key store gone": (_add(state="Unavailable"), "is unavailable"),
    "asymmetric": (_add(spec="RSA_2048"), "is asymmetric (RSA_2048)"),
    "for signatures": (_add(spec="ECC_NIST_P256", usage="SIGN_VERIFY"), "is for SIGN_VERIFY"),
    "for codes": (_add(spec="HMAC_256", usage="GENERATE_VERIFY_MAC"), "is for GENERATE_VERIFY_MAC"),
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_that_cannot_encrypt_the_stream_is_refused_before_anything_is_changed(kind: str) -> None:
    """The contract: before it changes anything, the key is looked up. The Reason names key, fault, stream and fix."""
    make, fault = KEYS[kind]
    provider = Provider()
    key_id = make(provider)
    reason = refused(provider, {"StreamName": "orders", "KeyId": key_id})
    assert f"Key {key_id} can't encrypt stream {STREAM_ARN}: it {fault}" in reason
    assert "was left as it is" in reason
    assert "symmetric ENCRYPT_DECRYPT key that is Enabled, in the stream's region" in reason


@pytest.mark.parametrize("kind", KEYS)
def test_an_update_to_a_key_that_cannot_encrypt_leaves_the_old_one_in_force(kind: str) -> None:
    """A key change never passes through an unencrypted state, and a refused one through no other state at all."""
    make, _ = KEYS[kind]
    provider, good = Provider(), {"StreamName": "orders", "KeyId": "alias/two"}
    provider.create(good)
    before = provider.changes()
    answer = provider.update({"StreamName": "orders", "KeyId": make(provider)}, good)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", STREAM_ARN)
    assert provider.changes() == before
    assert provider.key_of() == "alias/two"


def with_stream(properties: dict[str, Any]) -> dict[str, Any]:
    """Add the stream's name, unless it is given or left out on purpose."""
    whole = {"StreamName": "orders", **properties}
    return {name: value for name, value in whole.items() if value is not None}
