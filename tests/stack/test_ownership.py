"""One stream and several resources: who may change it, and who leaves it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .stacks import AWS_KEY, encryption, failing_after

if TYPE_CHECKING:
    from .stacks import Account


def test_a_renamed_logical_id_keeps_the_stream_encrypted_throughout(account: Account) -> None:
    """The new name takes the stream over, and the Delete of the old one does nothing; looked at every 50 ms."""
    stream, stack = account.stream(watched=True), account.name()
    before = account.state(stream)
    account.deploy(stack, Before=encryption(stream))

    renamed = account.deploy(stack, After=encryption(stream))

    assert renamed.status == "UPDATE_COMPLETE"
    assert not account.was_ever_plain(stream, renamed.began)
    assert account.starts_and_stops(stream) == ["StartStreamEncryption"]
    assert account.delete(stack).status == "DELETE_COMPLETE"
    assert account.state(stream) == before


def test_a_rename_that_is_rolled_back_keeps_the_stream_encrypted_throughout(account: Account) -> None:
    """The rollback deletes the new name; the stream goes back to the old one, which still wants it encrypted."""
    stream, stack = account.stream(watched=True), account.name()
    before = account.state(stream)
    account.deploy(stack, Before=encryption(stream))

    done = account.deploy(stack, After=encryption(stream), Failing=failing_after("After"))

    assert done.status == "UPDATE_ROLLBACK_COMPLETE"
    assert not account.was_ever_plain(stream, done.began)
    assert account.key_of(stream) == AWS_KEY
    assert account.delete(stack).status == "DELETE_COMPLETE"
    assert account.state(stream) == before


def test_a_second_stack_that_claims_a_stream_is_refused_and_told_who_owns_it(account: Account) -> None:
    """Promise 3: nothing is done to another stack's stream, neither by the Create nor by the Delete after it."""
    stream, first, second = account.stream(), account.name("first"), account.name("second")
    account.deploy(first, Encryption=encryption(stream))
    owned = account.state(stream)

    refused = account.deploy(second, Claim=encryption(stream, KeyId=account.key()))

    (delete,) = account.aws.responses.of_stack(second, "Delete")
    assert refused.status == "ROLLBACK_COMPLETE"
    assert first in refused.reasons[0]
    assert "Encryption" in refused.reasons[0]
    assert "Takeover" in refused.reasons[0]
    assert delete.status == "SUCCESS"
    assert account.aws.tap.changes(stream, refused.began) == []
    assert account.state(stream) == owned


def test_takeover_moves_the_stream_and_the_former_owners_delete_leaves_it_alone(account: Account) -> None:
    """Takeover is in place; a Delete from a resource that does not own the stream succeeds without touching it."""
    stream, first, second = account.stream(watched=True), account.name("first"), account.name("second")
    before = account.state(stream)
    account.deploy(first, Encryption=encryption(stream))

    taken = account.deploy(second, Encryption=encryption(stream, Takeover=True))
    deleted = account.delete(first)

    assert (taken.status, deleted.status) == ("CREATE_COMPLETE", "DELETE_COMPLETE")
    assert account.key_of(stream) == AWS_KEY
    assert not account.was_ever_plain(stream, taken.began)
    assert account.delete(second).status == "DELETE_COMPLETE"
    assert account.state(stream) == before


def test_an_owner_s_tool_that_strips_the_stream_neither_breaks_update_nor_delete(account: Account) -> None:
    """Promise 3: Terraform removes foreign tags and encryption; Update encrypts again, Delete restores the key."""
    before = account.key()
    wanted, stream, stack = account.key(), account.stream(before), account.name()
    account.deploy(stack, Encryption=encryption(stream, KeyId=account.key()))
    strip(account, stream)

    updated = account.deploy(stack, Encryption=encryption(stream, KeyId=wanted))

    assert updated.status == "UPDATE_COMPLETE"
    assert account.key_of(stream) == wanted
    assert account.delete(stack).status == "DELETE_COMPLETE"
    assert account.key_of(stream) == before


def test_the_record_names_the_claims_in_their_order_and_none_after_deletion(account: Account) -> None:
    """Record rule 4: claims are a stack; a takeover comes last and is in force."""
    stream, first, second = account.stream(), account.name("first"), account.name("second")
    account.deploy(first, Encryption=encryption(stream))
    account.deploy(second, Taken=encryption(stream, Takeover=True))
    assert account.claims(stream) == [f"{first}/Encryption", f"{second}/Taken"]

    account.delete(second)
    assert account.claims(stream) == [f"{first}/Encryption"]
    account.delete(first)
    assert account.claims(stream) == []


def test_without_its_record_a_delete_stops_only_its_own_key(account: Account) -> None:
    """Record rule 6: the item is lost; the stream has the key of the properties, so its encryption is stopped."""
    stream, stack = account.stream(), account.name()
    account.deploy(stack, Encryption=encryption(stream))
    account.lose_record(stream)

    account.delete(stack)

    assert account.key_of(stream) == ""


def strip(account: Account, stream: str) -> None:
    """Stop the encryption and remove every tag, as an owner's tool does whose file names neither."""
    seen = account.aws.streams.state(stream)
    account.aws.kinesis.remove_tags_from_stream(StreamName=stream, TagKeys=[*seen.tags])
    account.aws.kinesis.stop_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=seen.encryption.key)
    account.aws.streams.wait_active(stream)
