"""What comes between a request and its end: a busy stream, the deadline, a second delivery, a dead Lambda."""

from __future__ import annotations

import time
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


def test_when_time_runs_out_cloudformation_is_told_before_it_gives_up(account: Account) -> None:
    """ServiceTimeout less a margin is the deadline; the answer says what was waited for, and all is undone."""
    stream, stack = account.stream(), account.name()
    before = account.state(stream)

    done = account.deploy(stack, Encryption=encryption(stream, SettleSeconds=60, ServiceTimeout=40))

    (create,) = account.aws.responses.of_stack(stack, "Create")
    assert done.status == "ROLLBACK_COMPLETE"
    assert create.answered - create.sent < 40
    assert stream in create.reason
    assert "[DeadlineExceeded]" in create.reason
    assert account.state(stream) == before


def test_of_two_creates_of_one_resource_at_once_exactly_one_succeeds(account: Account) -> None:
    """Promise 6 and record rule 3: the later arrival wins; the Delete of the superseded one leaves the stream alone."""
    stream, send = account.stream(), Requests(account)
    event = send.event("Create", stream)

    both = [send.begin(event), send.begin(event)]

    assert all(account.aws.responses.wait_for(one) for one in both)
    account.aws.responses.wait_until_quiet(event["StackId"])
    assert sorted(one.status for one in both) == ["FAILED", "SUCCESS"]
    assert [one.reason.split()[0] for one in both if one.status == "FAILED"] == ["[Superseded]"]
    assert account.key_of(stream) == AWS_KEY
    assert account.starts_and_stops(stream) == ["StartStreamEncryption"]


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


def test_a_delete_that_is_delivered_twice_at_once_converges(account: Account) -> None:
    """Promise 6: both answer SUCCESS, and the stream is as it was."""
    stream, send = account.stream(), Requests(account)
    before = account.state(stream)
    send("Create", stream=stream)
    event = send.event("Delete", stream, physical_id=account.aws.stream_arn(stream))

    twice = [send.begin(event), send.begin(event)]

    assert all(account.aws.responses.wait_for(one) for one in twice)
    assert [one.status for one in twice] == ["SUCCESS", "SUCCESS"]
    assert account.state(stream) == before


def test_a_create_that_dies_is_brought_to_its_end_by_the_next_invocation(account: Account) -> None:
    """Promise 6: Lambda reruns an event after an error; one Start is enough for both, and Delete undoes it."""
    stream, send = account.stream(), Requests(account)
    before = account.state(stream)
    event = send.event("Create", stream)
    died = send.begin(event)
    while not account.starts_and_stops(stream):
        time.sleep(0.02)
    account.aws.runtime.crash()

    again = account.aws.send(event)

    assert died.open
    assert account.aws.responses.wait_for(again)
    assert again.status == "SUCCESS"
    assert account.key_of(stream) == AWS_KEY
    assert account.starts_and_stops(stream) == ["StartStreamEncryption"]
    send("Delete", stream=stream, physical_id=account.aws.stream_arn(stream))
    assert account.state(stream) == before
