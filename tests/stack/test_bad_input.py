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
    ("properties", "told"), [({"StreamName": ["orders"]}, "StreamName"), ({"SettleSeconds": -1}, "SettleSeconds")]
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


def test_a_key_that_is_disabled_is_refused_before_anything_is_changed(account: Account) -> None:
    """The contract: the key is looked up before anything is changed; the stream stays as it was."""
    stream, key = account.stream(), account.key()
    before = account.state(stream)
    account.aws.kms.disable_key(KeyId=key)

    done = refused(account, encryption(stream, KeyId=key))

    assert key in done.reasons[0]
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
