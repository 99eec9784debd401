"""The watch over ten thousand streams, in virtual time (promise 10)."""

from stream_encryption.watch.pace import SHARE
from stream_encryption.watch.rounds import BATCH
from tests.watch.many import ACCOUNT_LOOKS_A_SECOND, claimed, looks, play
from tests.watch.watched import Watched


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
