"""Bad input through a stack: a clear FAILED with every fault, nothing changed, and a Delete that succeeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .stacks import encryption

if TYPE_CHECKING:
    from local.cloudformation import Operation

    from .stacks import Account, Resource


def test_every_fault_is_told_at_once(account: Account) -> None:
    """The contract: all that is wrong is reported at once, not the first fault alone."""
    faulty = encryption(
        "orders!",
        KeyId="aws/kinesis",
        KeyID="alias/orders",
        EncryptionType="NONE",
        OnDelete="Retain",
        SettleSeconds=61,
        Verify="yes",
        Takeover=["true"],
    )

    done = refused(account, faulty)

    (reason,) = done.reasons
    faults = ("StreamName", "alias/aws/kinesis", "'KeyId'", "EncryptionType", "OnDelete", "SettleSeconds", "Verify")
    assert [one for one in (*faults, "Takeover") if one not in reason] == []


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"StreamName": ""}, "StreamName"),
        ({"StreamName": "a" * 129}, "128"),
        ({"StreamName": ["orders"]}, "StreamName"),
        ({"StreamARN": "arn:aws:kinesis:eu-west-1:111122223333:stream/another"}, "StreamARN"),
        ({"EncryptionType": "kms"}, "EncryptionType"),
        ({"KeyId": ""}, "KeyId"),
        ({"KeyId": "k" * 2049}, "2048"),
        ({"KeyId": "arn:aws:s3:::bucket"}, "KeyId"),
        ({"SettleSeconds": -1}, "SettleSeconds"),
        ({"SettleSeconds": "soon"}, "SettleSeconds"),
        ({"Colour": "blue"}, "Colour"),
    ],
)
def test_a_bad_property_is_refused_and_the_stack_can_be_deleted(
    account: Account, properties: dict[str, object], told: str
) -> None:
    """A clear FAILED that names the property; nothing is called; the Delete afterwards succeeds."""
    stream = account.stream()
    before = account.state(stream)

    done = refused(account, encryption(stream, **properties))

    assert told in done.reasons[0]
    assert account.aws.tap.changes(stream) == []
    assert account.state(stream) == before


def test_a_stream_that_is_not_there_is_named_with_its_region(account: Account) -> None:
    """The contract's table: FAILED with the name, the region, and what to fix."""
    done = refused(account, encryption("no-such-stream"))

    assert "no-such-stream" in done.reasons[0]
    assert account.aws.place.region in done.reasons[0]


def test_a_resource_without_a_stream_is_refused(account: Account) -> None:
    """No StreamName nor StreamARN: the reason names both."""
    nameless = encryption("")
    del nameless["Properties"]["StreamName"]

    done = refused(account, nameless)

    assert "StreamName" in done.reasons[0]
    assert "StreamARN" in done.reasons[0]


@pytest.mark.parametrize("state", ["missing", "disabled", "pending deletion", "for codes only", "in another region"])
def test_a_key_that_cannot_encrypt_is_refused_before_anything_is_changed(account: Account, state: str) -> None:
    """The contract: the key is looked up before anything is changed; the stream stays as it was."""
    stream = account.stream()
    before = account.state(stream)
    key = unusable_key(account, state)

    done = refused(account, encryption(stream, KeyId=key))

    assert key[: key.rindex("/")] in done.reasons[0]
    assert account.starts_and_stops(stream) == []
    assert account.state(stream) == before


def refused(account: Account, resource: Resource) -> Operation:
    """Deploy a resource that cannot be; its Create FAILED, and the Delete after it succeeded."""
    stack = account.name()
    done = account.deploy(stack, Encryption=resource)
    create, delete = account.aws.responses.of_stack(stack)
    assert done.status == "ROLLBACK_COMPLETE"
    assert (create.kind, create.status) == ("Create", "FAILED")
    assert (delete.kind, delete.status) == ("Delete", "SUCCESS")
    assert account.delete(stack).status == "DELETE_COMPLETE"
    return done


def unusable_key(account: Account, state: str) -> str:
    """The ARN of a key that no stream can be encrypted with."""
    kms = account.aws.kms
    arn = account.key()
    match state:
        case "missing":
            return f"{arn[:-4]}0000"
        case "disabled":
            kms.disable_key(KeyId=arn)
        case "pending deletion":
            kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
        case "for codes only":
            return kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
        case _:
            return arn.replace(account.aws.place.region, "ap-southeast-2")
    return arn
