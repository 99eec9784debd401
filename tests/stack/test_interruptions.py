"""What comes between a request and its end: a busy stream, and another request at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .stacks import AWS_KEY, Requests, encryption

if TYPE_CHECKING:
    from .stacks import Account


def test_a_stream_that_is_being_resharded_is_waited_for(account: Account) -> None:
    """The contract's table: a stream that is UPDATING is waited for, then encrypted, without a refused call."""
    stream, stack = account.stream(), account.name()
    account.aws.kinesis.update_shard_count(StreamName=stream, TargetShardCount=2, ScalingType="UNIFORM_SCALING")

    done = account.deploy(stack, Encryption=encryption(stream))

    (start,) = account.aws.tap.calls(stream, "StartStreamEncryption")
    assert done.status == "CREATE_COMPLETE"
    assert start.error == ""
    assert account.key_of(stream) == AWS_KEY


def test_of_two_stacks_that_claim_a_stream_at_once_exactly_one_succeeds(account: Account) -> None:
    """Promise 6: the other one is refused, and its Delete leaves the stream alone."""
    stream = account.stream()
    sends = [Requests(account), Requests(account)]

    both = [send.begin(send.event("Create", stream)) for send in sends]

    assert all(account.aws.responses.wait_for(one) for one in both)
    for one in both:
        account.aws.responses.wait_until_quiet(one.event["StackId"])
    assert sorted(one.status for one in both) == ["FAILED", "SUCCESS"]
    assert [one.reason.split()[0] for one in both if one.status == "FAILED"] == ["[OwnedByAnotherStack]"]
    assert account.key_of(stream) == AWS_KEY
    assert account.starts_and_stops(stream) == ["StartStreamEncryption"]
