"""Rounds: all claimed streams, at no more than a quarter of the account's looks (promise 10)."""

from collections import Counter
from typing import Any

import pytest

from stream_encryption.record.item import to_item
from stream_encryption.record.values import Claim, Latest, Record, RecordedKey
from stream_encryption.values import OnDelete, Owner
from stream_encryption.watch.pace import SHARE
from stream_encryption.watch.rounds import BATCH
from tests.builders import STACK_ID
from tests.fake_errors import Kind, fault, stream_arn
from tests.watch.watched import Watched

ACCOUNT_LOOKS_A_SECOND = {"DescribeStreamSummary": 20, "DescribeStream": 10}
"""Amazon Kinesis Data Streams Developer Guide, "Quotas and limits"."""


def claimed(watched: Watched, count: int) -> None:
    """Have so many streams, each claimed and encrypted with alias/one."""
    key = RecordedKey("alias/one", watched.one.arn)
    for number in range(count):
        name = f"stream-{number:05}"
        watched.kinesis.add_stream(name, watched.one.arn)
        claim = Claim(Owner(STACK_ID, name), None, key, OnDelete.RESTORE, Latest(1, ("done",)), settled="done")
        record = Record(stream_arn(name, "123456789012", "us-east-1"), version=1, claims=(claim,), key=key)
        watched.table.put_item(TableName=watched.table.name, Item=to_item(record))


def play(watched: Watched) -> list[Any]:
    """Go through the batches of the newest execution, as the state machine does; return what they told."""
    execution = list(watched.states.executions.values())[-1]
    execution.done = True
    return [told for batch in execution.input["Batches"] for told in watched.look(batch)]


def looks(watched: Watched, since: float) -> Counter[str]:
    """How many looks of each kind there were."""
    return Counter(
        call.name for call in watched.kinesis.calls if call.at >= since and call.name in ACCOUNT_LOOKS_A_SECOND
    )


def test_a_hundred_streams_are_looked_at_by_one_invocation() -> None:
    """The issue's words: a hundred without a state machine."""
    watched = Watched()
    claimed(watched, 100)
    watched.kinesis.people.stop("stream-00099")
    watched.clock.sleep(60)
    assert watched.round() == [("Found", "Unencrypted")]
    assert watched.states.executions == {}


def test_ten_thousand_streams_are_looked_at_batch_by_batch_within_the_share_of_the_looks() -> None:
    """The issue's words: the state machine's Map, with the account's budget kept; and how long a round takes."""
    watched = Watched()
    claimed(watched, 10_000)
    for name in ("stream-00000", "stream-05000", "stream-09999"):
        watched.kinesis.people.stop(name)
    watched.clock.sleep(60)
    began = watched.clock.now()
    assert watched.round() == []
    (execution,) = watched.states.executions.values()
    assert len(execution.input["Batches"]) in (10_000 // BATCH, 10_000 // BATCH + 1)
    assert play(watched) == [("Found", "Unencrypted")] * 3
    seconds = watched.clock.now() - began
    made = looks(watched, began)
    assert sum(made.values()) == 10_000
    for name, most in ACCOUNT_LOOKS_A_SECOND.items():
        assert made[name] / seconds <= SHARE * most + 0.01
    assert seconds < 23 * 60
    assert len(watched.kinesis.calls.named("DescribeKey")) <= 21 * 2


def test_a_large_round_is_not_started_while_one_is_at_work() -> None:
    """The account's looks: two rounds at once would take twice the share."""
    watched = Watched()
    claimed(watched, 2 * BATCH)
    watched.round()
    watched.clock.sleep(60)
    watched.round()
    assert len(watched.states.executions) == 1
    watched.clock.sleep(15 * 60)
    watched.round()
    assert len(watched.states.executions) == 2


def test_a_key_s_event_goes_through_many_streams_batch_by_batch() -> None:
    """A key can be that of ten thousand streams."""
    watched = Watched()
    claimed(watched, 2 * BATCH)
    watched.one.state = "Disabled"
    assert watched.called("DisableKey", eventSource="kms.amazonaws.com", asked={"keyId": watched.one.arn}) == []
    assert play(watched) == [("Found", "KeyUnusable")] * 2 * BATCH
    assert {event["Detail"]["by"] for event in watched.bus.events} != {None}


def test_a_key_s_event_looks_at_no_stream_with_another_key() -> None:
    """The account's looks."""
    watched = Watched()
    claimed(watched, 3)
    began = watched.clock.now()
    watched.called("DisableKey", eventSource="kms.amazonaws.com", asked={"keyId": watched.two.arn})
    assert looks(watched, began) == {}


def test_a_round_that_can_t_read_the_table_fails() -> None:
    """The alarm watch-stopped goes by the rounds that ended: one that fails must not count."""
    watched = Watched()
    watched.table.faults.fail_next("dynamodb:Scan", Kind.ACCESS_DENIED)
    with pytest.raises(Exception, match="AccessDenied"):
        watched.round()


def test_a_round_that_step_functions_does_not_take_fails() -> None:
    """The same."""
    watched = Watched()
    claimed(watched, 2 * BATCH)
    watched.states.refuses = fault(Kind.SERVICE_UNAVAILABLE, "states:StartExecution", {}, "123456789012", "us-east-1")
    with pytest.raises(Exception, match="ServiceUnavailable"):
        watched.round()
