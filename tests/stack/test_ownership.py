"""One stream and several resources: who may change it, and who leaves it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .stacks import AWS_KEY, TEAM_TAGS, encryption, failing_after

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
    assert account.swept(stream) == before


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
    assert account.swept(stream) == before


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
    assert account.swept(stream) == owned


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
    assert account.swept(stream) == before


def test_without_tags_a_delete_acts_only_on_its_own_key(account: Account) -> None:
    """Promise 3: the tags are gone, and the current key is the one in the properties, so encryption is stopped."""
    stream, stack = account.stream(), account.name()
    account.deploy(stack, Encryption=encryption(stream))
    remove_our_tags(account, stream)

    account.delete(stack)

    assert account.key_of(stream) == ""


def test_without_tags_a_delete_leaves_another_key_alone(account: Account) -> None:
    """Promise 3: the tags are gone, and somebody has changed the key, so the stream is left as it is."""
    stream, stack, key = account.stream(), account.name(), account.key()
    account.deploy(stack, Encryption=encryption(stream))
    remove_our_tags(account, stream)
    account.aws.kinesis.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=key)
    account.aws.streams.wait_active(stream)

    deleted = account.delete(stack)

    assert deleted.status == "DELETE_COMPLETE"
    assert account.key_of(stream) == key
    assert account.aws.tap.changes(stream, deleted.began) == []


def remove_our_tags(account: Account, stream: str) -> None:
    """What a tidy person might do."""
    ours = [key for key in account.aws.streams.tags(stream) if key not in TEAM_TAGS]
    account.aws.kinesis.remove_tags_from_stream(StreamName=stream, TagKeys=ours)
