"""What a stack that fails leaves behind: nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .stacks import Requests, encryption, failing_after

if TYPE_CHECKING:
    from .stacks import Account


def test_a_create_that_is_rolled_back_leaves_the_stream_as_it_was(account: Account) -> None:
    """Promise 3: what was done is undone; a stream that had another key gets it back, and is never plain."""
    stream, stack, key = account.stream(account.key(), watched=True), account.name(), account.key()
    before = account.state(stream)

    done = account.deploy(stack, Encryption=encryption(stream, KeyId=key), Failing=failing_after("Encryption"))

    assert done.status == "ROLLBACK_COMPLETE"
    assert account.starts_and_stops(stream) == ["StartStreamEncryption"] * 2
    assert not account.was_ever_plain(stream, done.began)
    assert account.state(stream) == before


def test_a_key_change_that_is_rolled_back_restores_the_former_key(account: Account) -> None:
    """A rollback is a plain Update with the properties swapped; promise 5 holds for it too."""
    stream, stack, key = account.stream(watched=True), account.name(), account.key()
    account.deploy(stack, Encryption=encryption(stream))
    encrypted = account.state(stream)

    done = account.deploy(stack, Encryption=encryption(stream, KeyId=key), Failing=failing_after("Encryption"))

    assert done.status == "UPDATE_ROLLBACK_COMPLETE"
    assert not account.was_ever_plain(stream, done.began)
    assert account.state(stream) == encrypted


def test_a_replacement_that_is_rolled_back_puts_the_tried_stream_back(account: Account) -> None:
    """The stream that was tried is as it was, and the old one was encrypted all the time."""
    old, new, stack = account.stream(watched=True), account.stream(), account.name()
    account.deploy(stack, Encryption=encryption(old))
    encrypted, before = account.state(old), account.state(new)

    done = account.deploy(stack, Encryption=encryption(new), Failing=failing_after("Encryption"))

    assert done.status == "UPDATE_ROLLBACK_COMPLETE"
    assert account.state(new) == before
    assert account.state(old) == encrypted
    assert not account.was_ever_plain(old, done.began)


def test_a_rollback_of_a_replacement_in_the_order_of_aws_puts_the_tried_stream_back(account: Account) -> None:
    """CloudFormation may send the swapped Update with the NEW physical id, and the Delete of that id after it."""
    old, new = account.stream(), account.stream()
    before = account.state(new)
    send = Requests(account)
    send("Create", stream=old)
    encrypted = account.state(old)

    tried = send("Update", stream=new, old_stream=old, physical_id=account.aws.stream_arn(old))
    swapped = send("Update", stream=old, old_stream=new, physical_id=tried["PhysicalResourceId"])
    deleted = send("Delete", stream=new, physical_id=tried["PhysicalResourceId"])

    assert [one["Status"] for one in (tried, swapped, deleted)] == ["SUCCESS"] * 3
    assert swapped["PhysicalResourceId"] == account.aws.stream_arn(old)
    assert account.state(new) == before
    assert account.state(old) == encrypted
    assert account.starts_and_stops(old) == ["StartStreamEncryption"]


def test_a_replacement_that_fails_answers_the_old_id_and_leaves_the_old_stream_alone(account: Account) -> None:
    """A FAILED Update must answer the old id, or CloudFormation records the new one."""
    old, stack = account.stream(), account.name()
    account.deploy(stack, Encryption=encryption(old))
    encrypted = account.state(old)

    done = account.deploy(stack, Encryption=encryption("no-such-stream"))

    failed = account.aws.responses.of_stack(stack, "Update")[0]
    assert done.status == "UPDATE_ROLLBACK_COMPLETE"
    assert failed.status == "FAILED"
    assert failed.answer is not None
    assert failed.answer["PhysicalResourceId"] == account.aws.stream_arn(old)
    assert account.state(old) == encrypted
    assert account.starts_and_stops(old) == ["StartStreamEncryption"]
