"""Rounds: all claimed streams, at no more than a quarter of the account's looks (promise 10)."""

import pytest

from stream_encryption.watch import rounds
from tests.fake_errors import Kind, fault
from tests.watch.many import claimed, looks, play
from tests.watch.test_tell import lines, metrics
from tests.watch.watched import Watched

BATCH = 10


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few streams be many; tests/lives goes through ten thousand in batches of the real size."""
    monkeypatch.setattr(rounds, "BATCH", BATCH)


def test_a_hundred_streams_are_looked_at_by_one_invocation() -> None:
    """The issue's words: a hundred without a state machine."""
    watched = Watched()
    claimed(watched, 100)
    watched.kinesis.people.stop("stream-00099")
    watched.clock.sleep(60)
    assert watched.round() == [("Found", "Unencrypted")]
    assert watched.states.executions == {}


@pytest.mark.usefixtures("small_batches")
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


@pytest.mark.usefixtures("small_batches")
def test_a_batch_that_fails_at_every_try_is_reported_and_the_next_ones_are_looked_at(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Promise 10, and the alarm calls-refused: a fault with some streams does not keep the watch from the others."""
    watched = Watched()
    claimed(watched, 3 * BATCH)
    for number in (0, BATCH, 2 * BATCH):
        watched.kinesis.people.stop(f"stream-{number:05}")
    watched.clock.sleep(60)
    watched.round()
    capsys.readouterr()
    watched.table.faults.fail_next("dynamodb:Scan", Kind.ACCESS_DENIED, times=5)
    assert play(watched) == [("Found", "Unencrypted")] * 2
    printed = lines(capsys)
    assert metrics(printed, "WatchErrors") == [[1.0]]
    (failed,) = [line for line in printed if line.get("message") == "batch failed"]
    assert (failed["after"], "AccessDenied" in failed["reason"]) == ("", True)


@pytest.mark.usefixtures("small_batches")
def test_a_batch_that_fails_at_first_is_looked_at_once_the_fault_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    """No alarm for what the next try does."""
    watched = Watched()
    claimed(watched, 2 * BATCH)
    watched.kinesis.people.stop("stream-00000")
    watched.clock.sleep(60)
    watched.round()
    capsys.readouterr()
    watched.table.faults.fail_next("dynamodb:Scan", Kind.ACCESS_DENIED, times=4)
    assert play(watched) == [("Found", "Unencrypted")]
    assert metrics(lines(capsys), "WatchErrors") == []


@pytest.mark.usefixtures("small_batches")
def test_a_key_s_event_goes_through_many_streams_batch_by_batch() -> None:
    """A key can be that of ten thousand streams."""
    watched = Watched()
    claimed(watched, 2 * BATCH)
    watched.one.state = "Disabled"
    assert watched.called("DisableKey", eventSource="kms.amazonaws.com", asked={"keyId": watched.one.arn}) == []
    assert play(watched) == [("Found", "KeyUnusable")] * 2 * BATCH
    assert {event["Detail"]["by"] for event in watched.bus.events} != {None}


def test_a_key_s_event_looks_again_at_a_stream_that_a_request_has_changed_a_moment_ago() -> None:
    """Promise 10: seconds after the event, and not at the next round."""
    watched = Watched()
    claimed(watched, 2, changed_at=watched.clock.now() + 4)
    watched.one.state = "Disabled"
    began = watched.clock.now()
    told = watched.called("DisableKey", eventSource="kms.amazonaws.com", asked={"keyId": watched.one.arn})
    assert told == [("Found", "KeyUnusable")] * 2
    assert watched.clock.now() - began < 15


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


def test_a_note_that_nobody_can_read_again_leaves_one_stream_out_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Promise 10: the other streams are looked at."""
    watched = Watched()
    claimed(watched, 2)
    for name in ("stream-00000", "stream-00001"):
        watched.kinesis.people.stop(name)
    watched.clock.sleep(60)
    watched.table.faults.fail_next("UpdateItem", Kind.READ_TIMEOUT)
    watched.table.faults.fail_next("GetItem", Kind.PROVISIONED_THROUGHPUT, times=4)
    assert watched.round() == [("Found", "Unencrypted")]
    assert metrics(lines(capsys), "WatchErrors") == [[1.0]]
    assert watched.round() == [("Found", "Unencrypted")]


@pytest.mark.usefixtures("small_batches")
def test_a_round_that_step_functions_does_not_take_fails() -> None:
    """The same."""
    watched = Watched()
    claimed(watched, 2 * BATCH)
    watched.states.refuses = fault(Kind.SERVICE_UNAVAILABLE, "states:StartExecution", {}, "123456789012", "us-east-1")
    with pytest.raises(Exception, match="ServiceUnavailable"):
        watched.round()
