"""Create, update and delete, as a stack's author sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import ATTRIBUTES

from .stacks import AWS_KEY, TEAM_TAGS, encryption

if TYPE_CHECKING:
    from .stacks import Account


def test_a_create_is_complete_only_after_the_stream_is_active_again_and_has_settled(account: Account) -> None:
    """Promise 1: no SUCCESS before the stream is ACTIVE with the wanted encryption, plus SettleSeconds."""
    stream, stack = account.stream(watched=True), account.name()

    done = account.deploy(stack, Encryption=encryption(stream, SettleSeconds=1))

    sights = account.aws.watch.sights(stream, done.began)
    assert done.status == "CREATE_COMPLETE"
    assert [one.encryption.status for one in sights] == ["ACTIVE", "UPDATING", "ACTIVE"]
    assert done.event("Encryption", "CREATE_COMPLETE").at - sights[-1].at >= 0.9
    assert account.key_of(stream) == AWS_KEY
    assert account.starts_and_stops(stream) == ["StartStreamEncryption"]


def test_ref_is_the_streams_arn_and_getatt_gives_what_the_contract_lists(account: Account) -> None:
    """The contract's values: Ref, and each attribute of Fn::GetAtt."""
    before, wanted = account.key(), account.alias()
    stream, stack = account.stream(before), account.name()
    outputs = {name: {"Value": {"Fn::GetAtt": ["Encryption", name]}} for name in ATTRIBUTES}
    template = {
        "Resources": {"Encryption": encryption(stream, KeyId=wanted)},
        "Outputs": {**outputs, "Ref": {"Value": {"Ref": "Encryption"}}},
    }

    account.aws.cloudformation.deploy(stack, template)

    arn = account.aws.stream_arn(stream)
    assert account.aws.cloudformation.outputs(stack) == {
        "Ref": arn,
        "StreamARN": arn,
        "StreamName": stream,
        "EncryptionType": "KMS",
        "KeyId": arn_of(account, wanted),
        "KeyArn": arn_of(account, wanted),
        "PreviousEncryptionType": "KMS",
        "PreviousKeyId": before,
    }


def test_a_key_change_passes_through_no_unencrypted_moment(account: Account) -> None:
    """Promise 5, looked at every 50 ms: straight to the new key, by one Start and no Stop."""
    stream, stack, key = account.stream(watched=True), account.name(), account.alias()
    account.deploy(stack, Encryption=encryption(stream))

    done = account.deploy(stack, Encryption=encryption(stream, KeyId=key))

    assert done.status == "UPDATE_COMPLETE"
    assert account.key_of(stream) == arn_of(account, key)
    assert not account.was_ever_plain(stream, done.began)
    assert account.starts_and_stops(stream, done.began) == ["StartStreamEncryption"]


def test_another_stream_is_a_replacement_and_the_old_stream_is_as_it_was(account: Account) -> None:
    """Create on the new stream, a new physical id, and a clean-up Delete that restores the old stream."""
    old, new, stack = account.stream(), account.stream(), account.name()
    before = account.state(old)
    account.deploy(stack, Encryption=encryption(old))

    done = account.deploy(stack, Encryption=encryption(new))

    (delete,) = account.aws.responses.of_stack(stack, "Delete")
    assert done.status == "UPDATE_COMPLETE"
    assert account.key_of(new) == AWS_KEY
    assert account.aws.cloudformation.physical_id(stack, "Encryption") == account.aws.stream_arn(new)
    assert delete.event["PhysicalResourceId"] == account.aws.stream_arn(old)
    assert account.state(old) == before


def test_from_a_streams_name_to_its_arn_is_no_replacement(account: Account) -> None:
    """The PhysicalResourceId names the stream; and promise 4: nothing needs to change, so no call is made."""
    stream, stack = account.stream(), account.name()
    account.deploy(stack, Encryption=encryption(stream))
    by_arn = encryption(stream, StreamARN=account.aws.stream_arn(stream))
    del by_arn["Properties"]["StreamName"]

    done = account.deploy(stack, Encryption=by_arn)

    assert done.status == "UPDATE_COMPLETE"
    assert account.aws.responses.of_stack(stack, "Delete") == []
    assert account.aws.tap.changes(stream, done.began) == []


def test_a_change_of_anything_but_stream_and_key_calls_nothing(account: Account) -> None:
    """The contract's column "on change": in place, no call."""
    stream, stack = account.stream(), account.name()
    account.deploy(stack, Encryption=encryption(stream))

    done = account.deploy(stack, Encryption=encryption(stream, SettleSeconds=1, OnDelete="Keep", Takeover=True))

    assert done.status == "UPDATE_COMPLETE"
    assert account.aws.tap.changes(stream, done.began) == []


@pytest.mark.parametrize(
    ("on_delete", "encrypted_before", "left"),
    [
        ("Restore", True, "before"),
        ("Stop", True, "plain"),
        ("Keep", False, "wanted"),
    ],
)
def test_a_deletion_leaves_the_stream_as_on_delete_says(
    account: Account, on_delete: str, left: str, *, encrypted_before: bool
) -> None:
    """The contract's OnDelete; in each case the claim is gone, and the stream's tags are as they were."""
    keys = {"before": account.key(), "wanted": account.key(), "plain": ""}
    stream, stack = account.stream(keys["before"] if encrypted_before else ""), account.name()
    account.deploy(stack, Encryption=encryption(stream, KeyId=keys["wanted"], OnDelete=on_delete))

    done = account.delete(stack)

    assert done.status == "DELETE_COMPLETE"
    assert account.key_of(stream) == keys[left]
    assert account.claims(stream) == []
    assert account.state(stream).tags == TEAM_TAGS


def test_verify_puts_one_record_and_finds_it_encrypted(account: Account) -> None:
    """The contract's Verify: one small record, before the answer."""
    stream, stack = account.stream(), account.name()

    done = account.deploy(stack, Encryption=encryption(stream, Verify=True))

    assert done.status == "CREATE_COMPLETE"
    assert account.aws.tap.changes(stream)[-1] == "PutRecord"
    assert account.aws.tap.changes(stream).count("PutRecord") == 1


@pytest.mark.parametrize(("found_as", "wanted_as"), [("alias", "guid"), ("guid", "arn"), ("arn", "alias")])
def test_a_stream_that_has_the_wanted_key_already_is_not_started_and_stays_encrypted(
    account: Account, found_as: str, wanted_as: str
) -> None:
    """Promise 4, whichever way the key is named on either side: zero Starts, and Delete leaves it encrypted."""
    alias = account.alias()
    key = account.aws.kms.describe_key(KeyId=alias)["KeyMetadata"]
    spelled = {"alias": alias, "guid": key["KeyId"], "arn": key["Arn"]}
    stream, stack = account.stream(spelled[found_as], watched=True), account.name()
    before = account.state(stream)

    created = account.deploy(stack, Encryption=encryption(stream, KeyId=spelled[wanted_as]))
    deleted = account.delete(stack)

    assert (created.status, deleted.status) == ("CREATE_COMPLETE", "DELETE_COMPLETE")
    assert account.starts_and_stops(stream) == []
    assert not account.was_ever_plain(stream, created.began)
    assert account.state(stream) == before


def test_an_alias_that_was_pointed_elsewhere_is_applied_by_the_next_update(account: Account) -> None:
    """The contract's KeyId: an alias means the key behind it at that moment, so one Start to the new key is due."""
    stream, stack, alias = account.stream(), account.name(), account.alias()
    account.deploy(stack, Encryption=encryption(stream, KeyId=alias))
    new = account.key()
    account.aws.kms.update_alias(AliasName=alias, TargetKeyId=new)

    done = account.deploy(stack, Encryption=encryption(stream, KeyId=alias, SettleSeconds=1))

    assert done.status == "UPDATE_COMPLETE"
    assert account.key_of(stream) == new
    assert account.starts_and_stops(stream, done.began) == ["StartStreamEncryption"]


def test_a_stack_can_be_deleted_when_its_stream_is_gone(account: Account) -> None:
    """Promise 7: teardown is not blocked by a stream that somebody has deleted."""
    stream, stack = account.stream(), account.name()
    account.deploy(stack, Encryption=encryption(stream))
    account.aws.kinesis.delete_stream(StreamName=stream)

    assert account.delete(stack).status == "DELETE_COMPLETE"


def arn_of(account: Account, key: str) -> str:
    """The ARN of a key, however it is named."""
    return str(account.aws.kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"])
