"""The iterations of a change: whose turn it is, announce, call, wait for the effect, and no more than three calls."""

from dataclasses import replace
from typing import Any

import pytest

from stream_encryption import errors
from stream_encryption.grants import Direction, Grant
from stream_encryption.reconcile.actions import Action, Call, Code, Failed, SkipRestore, Wait, WriteRecord
from stream_encryption.reconcile.situation import (
    Situation,
    announce_then_call,
    in_flight_until,
    wait_for_calls_in_flight,
)
from stream_encryption.reconcile.state import OwnCall, Stability
from stream_encryption.record.changes import INTENT_SECONDS
from stream_encryption.record.values import Change
from stream_encryption.values import StreamStatus
from tests.values import (
    NOW,
    ONE,
    TWO,
    call,
    ensure,
    pending,
    record,
    seen,
    start_intent,
    state,
    stop_intent,
    stream,
    told,
)

LOST = SkipRestore(Code.RESTORE_SKIPPED, "somebody else has undone it")
ANNOUNCED = record(key=None, changed_at=1.0)
GRANT = Grant(ONE.identity, "role", Direction.PRODUCER)


def situation(mine: OwnCall | None = None, *, now: float = NOW, **more: Any) -> Situation[Any]:
    """A stream that is not encrypted, with key one's Start announced by this request."""
    known = record(pending=pending(start_intent()), changed_at=more.pop("changed_at", 0.0))
    looked_at = more.pop("looked_at", NOW)
    observed = seen(stream(), known, wanted=ONE, as_wanted=more.pop("as_wanted", False), now=looked_at)
    return Situation(ensure(), stream(), observed, state(call=mine, **more), now)


def step(mine: OwnCall | None = None, **more: Any) -> Action:
    """The next step of the Start with key one."""
    return told(announce_then_call(situation(mine, **more), start_intent(), ANNOUNCED, LOST))


ENDS = NOW + INTENT_SECONDS


@pytest.mark.parametrize("mine", [None, call(start_intent(), "another")])
def test_another_requests_call_can_be_in_flight_until_its_intent_ends(mine: OwnCall | None) -> None:
    """Record, rule 2: waits until it can't be in flight any more."""
    assert in_flight_until(situation(mine)) == ENDS
    assert in_flight_until(situation(mine, as_wanted=True)) == ENDS
    waiting = wait_for_calls_in_flight(situation(mine, now=NOW + 5, looked_at=NOW + 5))
    assert waiting
    assert (waiting.code, waiting.seconds) == (Code.WAITING_FOR_OTHER_CALL, INTENT_SECONDS - 5)
    assert wait_for_calls_in_flight(situation(mine, now=ENDS, looked_at=ENDS)) is None


def test_a_look_from_before_the_end_of_anothers_intent_is_not_decided_upon() -> None:
    """Record, rule 2: then looks anew; the call may have shown since the look."""
    waiting = wait_for_calls_in_flight(situation(now=ENDS + 5, looked_at=ENDS - 0.1))
    assert waiting
    assert (waiting.code, waiting.seconds) == (Code.WAITING_FOR_OTHER_CALL, 0.0)


def test_this_requests_own_call_is_over_when_it_was_answered_or_shows_or_was_never_made() -> None:
    """Record, rule 2: nobody waits for a call of their own that they know all about."""
    assert in_flight_until(situation(call(start_intent()))) == 0
    assert in_flight_until(situation(call(start_intent(), called_at=NOW, answered=True))) == 0
    assert in_flight_until(situation(call(start_intent(), called_at=NOW), as_wanted=True)) == 0


def test_a_call_of_its_own_whose_response_was_lost_is_waited_out() -> None:
    """Record, rule 1: it can still arrive; a second call at once would be two Starts."""
    assert in_flight_until(situation(call(start_intent(), called_at=NOW))) == ENDS


@pytest.mark.parametrize(
    ("own", "started"),
    [
        (call(start_intent()), False),
        (call(start_intent(), refused=True), False),
        (call(start_intent(), called_at=NOW), True),
        (call(start_intent(), "another's", refused=True), True),
        (None, True),
    ],
    ids=["not made yet", "refused", "made", "made by another invocation", "another request's"],
)
def test_a_key_is_the_providers_only_if_the_announced_call_may_have_been_made(
    own: OwnCall | None, *, started: bool
) -> None:
    """Record, rule 9: if AWS refused the Start, somebody else gave the stream this key."""
    looked = seen(stream(ONE), record(pending=pending(start_intent())), current=ONE)
    known = Situation(ensure(), stream(ONE), looked, state(call=own), NOW).record_with_current_key
    assert known.started is started
    assert known.key
    assert known.key.is_key(ONE)


def test_without_an_intent_nothing_is_in_flight() -> None:
    """Record, rule 2."""
    calm = Situation(ensure(), stream(), seen(stream()), state(), NOW)
    assert in_flight_until(calm) == 0
    assert wait_for_calls_in_flight(calm) is None


def test_a_change_of_somebody_elses_is_believed_after_five_seconds() -> None:
    """Promise 1: descriptions are eventually consistent."""
    mine = call(start_intent())
    waiting = wait_for_calls_in_flight(situation(mine, changed_at=NOW - 2))
    assert waiting
    assert (waiting.code, waiting.seconds) == (Code.POSSIBLY_STALE, 3.0)
    assert wait_for_calls_in_flight(situation(mine, changed_at=NOW - 5)) is None
    assert wait_for_calls_in_flight(situation(mine, changed_at=NOW - 2, calls_made=1)) is None


def test_a_look_from_before_the_last_change_is_not_decided_upon() -> None:
    """Promise 6: the record is read after the stream was described; another delivery may have changed it in between."""
    waiting = wait_for_calls_in_flight(situation(call(start_intent()), now=NOW + 9, changed_at=NOW + 1))
    assert waiting
    assert (waiting.code, waiting.seconds) == (Code.POSSIBLY_STALE, 0.0)


@pytest.mark.parametrize(
    ("own", "as_wanted", "status", "waits"),
    [
        ({"called_at": NOW - 4.9}, False, StreamStatus.ACTIVE, True),
        ({"called_at": NOW - 5}, False, StreamStatus.ACTIVE, False),
        ({"called_at": NOW - 4.9, "effect_at": NOW - 4}, False, StreamStatus.ACTIVE, False),
        ({"called_at": NOW - 4.9, "grant": GRANT}, False, StreamStatus.ACTIVE, False),
        ({"called_at": NOW - 4.9}, True, StreamStatus.ACTIVE, False),
        ({"called_at": NOW - 4.9}, False, StreamStatus.UPDATING, False),
    ],
    ids=["not shown yet", "after 5 s", "seen UPDATING since", "a grant's call", "as wanted", "UPDATING"],
)
def test_a_request_waits_until_its_own_start_shows_before_it_makes_another_change(
    own: dict[str, Any], status: StreamStatus, *, as_wanted: bool, waits: bool
) -> None:
    """Promise 1 (seed 3729): it can want another key by now, and the look can be older than its own call."""
    mine = call(start_intent(TWO), answered=True, times=1, **own)
    waiting = wait_for_calls_in_flight(
        replace(situation(mine, as_wanted=as_wanted, calls_made=1), stream=stream(None, status))
    )
    assert (told(waiting).code if waiting else None) == (Code.WAITING_FOR_EFFECT if waits else None)


def test_a_change_is_announced_first() -> None:
    """Record, rule 1: intent first."""
    assert step() == WriteRecord(Code.INTENT_RECORDED, step().reason, ANNOUNCED, start_intent())
    assert "alias" not in step().reason
    assert ONE.identity in step().reason


def test_an_announced_change_is_called() -> None:
    """Record, rule 1: by this very request just before, seconds by its own clock."""
    called = step(call(start_intent()), now=NOW + 8)
    assert isinstance(called, Call)
    assert (called.code, called.change, called.key_id) == (Code.START_REQUESTED, Change.START, ONE.identity)
    assert called.stream == stream()


@pytest.mark.parametrize(
    "mine",
    [call(start_intent(), at=NOW - 8.1), call(start_intent(), "another"), call(start_intent(TWO)), call(stop_intent())],
    ids=["too old", "another intent", "another key", "another change"],
)
def test_any_other_announcement_is_written_anew(mine: OwnCall) -> None:
    """Record, rule 1: or it is written again."""
    assert step(mine).code == Code.INTENT_RECORDED


def test_an_announcement_that_the_record_has_lost_is_written_anew() -> None:
    """Record, rules 1 and 6: no `pending`, no call."""
    calm = Situation(ensure(), stream(), seen(stream()), state(call=call(start_intent())), NOW)
    assert announce_then_call(calm, start_intent(), ANNOUNCED, LOST).code == Code.INTENT_RECORDED


def made(**more: Any) -> OwnCall:
    """A Start that was made 20 seconds ago, and that Kinesis took."""
    return call(start_intent(), at=NOW - 21, **{"called_at": NOW - 20, "answered": True, "times": 1, **more})


def test_a_call_has_fifteen_seconds_to_show() -> None:
    """Promise 4: a second Start would cost quota for nothing."""
    waiting = step(made(called_at=NOW - 14.9))
    assert (waiting.code, isinstance(waiting, Wait)) == (Code.WAITING_FOR_EFFECT, True)
    assert step(made(called_at=NOW - 15)).code == Code.INTENT_RECORDED


def test_a_stream_that_was_seen_busy_since_has_fifteen_seconds_more() -> None:
    """Promise 4: UPDATING shows that the call has an effect."""
    assert step(made(effect_at=NOW - 14.9)).code == Code.WAITING_FOR_EFFECT
    reached = Stability(reached_at=NOW - 14.9)
    assert step(made(), stability=reached).code == Code.WAITING_FOR_EFFECT


def test_a_change_that_took_effect_and_is_gone_was_undone_by_somebody_else() -> None:
    """Error ChangedBySomeoneElse: the request gives way."""
    assert step(made(effect_at=NOW - 19)) == LOST
    assert step(made(), stability=Stability(reached_at=NOW - 19)) == LOST
    assert step(made(effect_at=NOW - 20)) == LOST


def test_a_stream_that_was_as_wanted_before_the_call_proves_nothing() -> None:
    """Promise 6: only what was seen since the call is its effect."""
    assert step(made(), stability=Stability(reached_at=NOW - 21)).code == Code.INTENT_RECORDED


def test_a_call_whose_response_was_lost_is_made_again() -> None:
    """Promise 6: the next one converges to the same end."""
    assert step(made(answered=False, effect_at=NOW - 19, times=0)).code == Code.INTENT_RECORDED


def test_a_change_without_effect_is_made_three_times_at_the_most() -> None:
    """Error ChangeWithoutEffect: each Start and Stop costs a part of the stream's 25 a day."""
    assert step(made(times=2)).code == Code.INTENT_RECORDED
    failed = step(made(times=3))
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, errors.ChangeWithoutEffect)
    assert "StartStreamEncryption" in failed.reason


def test_three_calls_of_another_change_do_not_count() -> None:
    """Error ChangeWithoutEffect: an Update to another key begins anew."""
    other = call(start_intent(TWO), called_at=NOW - 20, answered=True, times=3)
    assert step(other).code == Code.INTENT_RECORDED


def test_a_change_that_another_request_has_taken_back_is_made_again() -> None:
    """Promise 3: a stack took the stream over during this Delete, and gave it back with the key of this one's claim."""
    undone = call(start_intent(), called_at=NOW - 60, answered=True, effect_at=NOW - 59, times=1)
    assert step(undone, changed_at=NOW - 60).code == LOST.code
    assert step(undone, changed_at=NOW - 30).code == Code.INTENT_RECORDED
