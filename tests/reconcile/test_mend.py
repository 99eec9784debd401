"""The mend of the watch: only for the claim that the watch read, with the key that it wants, three times a day."""

from dataclasses import replace
from typing import Any

import pytest

from stream_encryption import errors
from stream_encryption.reconcile.actions import Action, Call, Code, Reached, WriteRecord
from stream_encryption.reconcile.mend import decide_mend
from stream_encryption.reconcile.observation import Observation
from stream_encryption.reconcile.state import Stability, State
from stream_encryption.record.changes import MENDS_SECONDS
from stream_encryption.record.requests import Latest
from stream_encryption.record.values import Claim
from stream_encryption.record.watch_notes import WatchNotes
from stream_encryption.values import StreamStatus
from tests.builders import STREAM_ARN
from tests.values import (
    NOW,
    ONE,
    SECOND,
    THEY,
    call,
    claim,
    error,
    mend,
    pending,
    record,
    recorded,
    seen,
    start_intent,
    started,
    state,
    stream,
    told,
)

SETTLED = claim(succeeded="mine")
READY = Stability(stale_counted_from=NOW - 9, believed_since=NOW - 9, reached_at=NOW)


def stopped(*claims: Claim, **more: Any) -> Observation:
    """A look at the stream, which somebody else has stopped."""
    return seen(stream(), record(*(claims or (SETTLED,)), **more), wanted=ONE)


def decide(observed: Observation, known: State | None = None, now: float = NOW) -> Action:
    """The decision for a mend."""
    return told(decide_mend(mend(), observed, known or state(), now))


def test_a_stream_that_is_gone_can_not_be_mended() -> None:
    """Errors StreamNotFound and StreamBeingDeleted: whether Start had been called before."""
    assert error(decide(seen(None))) is errors.StreamNotFound
    assert decide(seen(None)).reason != decide(seen(None), state(calls_made=1)).reason
    assert error(decide(seen(stream(status=StreamStatus.DELETING)))) is errors.StreamBeingDeleted


@pytest.mark.parametrize(
    "claims",
    [
        (SETTLED, claim(THEY)),
        (claim(THEY, succeeded="mine"),),
        (replace(SETTLED, releasing=Latest(SECOND + 1, ("delete",))),),
        (replace(SETTLED, latest=Latest(SECOND + 1, ("update",))),),
        (claim(),),
        (claim(succeeded="another"),),
    ],
    ids=["taken over", "another's", "being released", "a newer request", "not settled", "settled by another request"],
)
def test_a_mend_is_worth_nothing_without_the_claim_that_the_watch_read(claims: tuple[Claim, ...]) -> None:
    """Promise 10: a newer request, a Delete or another claim in force supersedes it."""
    assert error(decide(stopped(*claims))) is errors.Superseded


def test_a_mend_needs_a_claim() -> None:
    """Promise 10: it never makes one."""
    assert error(decide(seen(stream(), record(), wanted=ONE))) is errors.Superseded


def test_a_key_that_is_unusable_is_not_started() -> None:
    """Error KeyUnusable: at once; the stream's own key is not judged."""
    disabled = replace(ONE, fault="is Disabled")
    assert error(decide(replace(stopped(), wanted=disabled))) is errors.KeyUnusable
    as_wanted = replace(stopped(), stream=stream(ONE), wanted=disabled, current=ONE, as_wanted=True)
    assert decide(as_wanted, state(stability=READY)).code == Code.LEFT_ALONE


def test_an_unusable_key_is_told_with_what_the_mend_has_done() -> None:
    """Error KeyUnusable: whether Start had been called before, and for which stream and key."""
    broken = seen(stream(), record(SETTLED), wanted=replace(ONE, fault="is Disabled"))
    before, after = (str(decide(broken, state(calls_made=made)).reason) for made in (0, 1))
    assert before != after
    assert all(STREAM_ARN in text and ONE.key_id in text for text in (before, after))


def test_a_mend_waits_for_its_turn_and_for_active() -> None:
    """Record, rule 2."""
    theirs = pending(start_intent(), "theirs", NOW - 5)
    assert decide(stopped(pending=theirs)).code == Code.WAITING_FOR_OTHER_CALL
    assert decide(replace(stopped(), stream=stream(status=StreamStatus.UPDATING))).code == Code.WAITING_FOR_ACTIVE


def test_a_mend_is_announced_and_counted_before_its_start() -> None:
    """Record, rule 1; property OnDrift: at most three times in 24 hours."""
    written = decide(stopped())
    assert isinstance(written, WriteRecord)
    assert (written.code, written.planned) == (Code.INTENT_RECORDED, start_intent())
    assert written.record.watch.mends == (NOW,)
    announced = stopped(pending=pending(start_intent()), watch=WatchNotes(mends=(NOW,)))
    made = decide(announced, state(call=call(start_intent())))
    assert isinstance(made, Call)
    assert made.code == Code.START_REQUESTED


def test_a_mend_that_is_announced_again_counts_once() -> None:
    """Property OnDrift: the intent was too old, so it is written again."""
    announced = stopped(pending=pending(start_intent(), at=NOW - 9), watch=WatchNotes(mends=(NOW - 9,)))
    again = decide(announced, state(call=call(start_intent(), at=NOW - 9), since=NOW - 9))
    assert isinstance(again, WriteRecord)
    assert again.record.watch.mends == (NOW - 9,)


@pytest.mark.parametrize(("began", "kept"), [(40.0, 40.0), (39.8766, 39.877), (39.8764, 39.876)])
def test_a_mend_whose_step_died_counts_once(began: float, kept: float) -> None:
    """Property OnDrift: the step is repeated with the state before it; the table keeps milliseconds.

    The last mend of a day is no exception.
    """
    mends = (NOW - 120, NOW - 60, round(NOW - kept, 3))
    theirs = pending(start_intent(), "of the step that died", NOW - 39)
    again = decide(stopped(pending=theirs, watch=WatchNotes(mends=mends)), state(since=NOW - began))
    assert isinstance(again, WriteRecord)
    assert again.record.watch.mends == mends


def test_a_mend_whose_announcement_was_lost_counts_when_it_is_announced_again() -> None:
    """Property OnDrift: DynamoDB failed, and the write did not take effect."""
    again = decide(stopped(watch=WatchNotes(mends=(NOW - 60,))), state(call=call(start_intent(), at=NOW - 9)))
    assert isinstance(again, WriteRecord)
    assert again.record.watch.mends == (NOW - 60, NOW)


def test_the_fourth_mend_of_a_day_is_contested() -> None:
    """Property OnDrift: at most three times in 24 hours; those of the day before are forgotten."""
    mends = (NOW - MENDS_SECONDS + 1, NOW - 60, NOW - 30)
    assert error(decide(stopped(watch=WatchNotes(mends=mends)))) is errors.Contested
    older = (NOW - MENDS_SECONDS, NOW - 60, NOW - 30)
    written = decide(stopped(watch=WatchNotes(mends=older)))
    assert isinstance(written, WriteRecord)
    assert written.record.watch.mends == (NOW - 60, NOW - 30, NOW)


def test_a_mend_that_somebody_undoes_gives_way() -> None:
    """Error ChangedBySomeoneElse: the next finding starts the next mend."""
    taken = call(start_intent(), at=NOW - 31, called_at=NOW - 30, answered=True, effect_at=NOW - 28, times=1)
    announced = stopped(pending=pending(start_intent(), at=NOW - 31))
    assert error(decide(announced, state(call=taken))) is errors.ChangedBySomeoneElse


def test_a_mended_stream_ends_the_intent() -> None:
    """Record, rule 5."""
    made = call(start_intent(), at=NOW - 9, called_at=NOW - 8, answered=True, times=1)
    known = record(SETTLED, pending=pending(start_intent(), at=NOW - 9))
    again = seen(stream(ONE), known, wanted=ONE, current=ONE, as_wanted=True)
    doubted = state(call=made, calls_made=1, stability=Stability(possibly_stale=True, stale_counted_from=NOW - 1))
    assert decide(again, doubted).code == Code.POSSIBLY_STALE
    done = decide(again, state(call=made, calls_made=1, stability=READY))
    assert isinstance(done, Reached)
    assert done.code == Code.MENDED
    assert done.record
    assert (done.record.pending, done.record.key, done.record.started) == (None, started(ONE), True)
    assert done.record.changed_at == NOW - 8


def test_a_stream_that_somebody_put_back_needs_no_write() -> None:
    """Promise 4: nothing was changed."""
    known = record(SETTLED, key=recorded(ONE))
    done = decide(seen(stream(ONE), known, wanted=ONE, current=ONE, as_wanted=True), state(stability=READY))
    assert isinstance(done, Reached)
    assert (done.code, done.record) == (Code.LEFT_ALONE, None)
