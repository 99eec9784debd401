"""What a request remembers of its looks: since when the stream is as wanted, and whether that can be believed."""

from dataclasses import replace
from typing import Any

import pytest

from stream_encryption.reconcile.state import OngoingRefusal, Stability
from stream_encryption.reconcile.state_changes import after_look
from stream_encryption.record.changes import INTENT_SECONDS
from stream_encryption.record.values import Record
from stream_encryption.values import RefusalKind, StreamStatus
from tests.reconcile.states import LOOK, LOOK_UP, OTHER_LOOK, READ, START, announced, look
from tests.values import NOW, ONE, call, pending, record, seen, start_intent, state, stream

DENIED = RefusalKind.DENIED


def test_an_active_as_wanted_is_believed_where_nothing_speaks_against_it() -> None:
    """Promise 4: a stream that has the wanted key costs no wait."""
    assert look(state()).stability == Stability(stale_counted_from=NOW, believed_since=NOW, reached_at=NOW)


def test_later_looks_keep_the_first_second() -> None:
    """Promise 1: SettleSeconds count from the look that showed ACTIVE."""
    later = look(look(state()), at=NOW + 3)
    assert later.stability == Stability(stale_counted_from=NOW, believed_since=NOW, reached_at=NOW + 3)


def test_a_look_that_took_seconds_counts_from_its_end() -> None:
    """Record, rule 10: calls can take seconds, and the stream has surely been so since then only."""
    slow = after_look(state(), seen(stream(ONE), wanted=ONE, as_wanted=True), NOW + 7)
    assert slow.stability == Stability(stale_counted_from=NOW + 7, believed_since=NOW + 7, reached_at=NOW)


SINCE = NOW - 2
CALM = Stability(stale_counted_from=SINCE, believed_since=SINCE, reached_at=SINCE)


def unknown(name: str, at: float) -> Record:
    """A record with an intent of a name that was written at this time."""
    return record(pending=pending(start_intent(), name, at))


@pytest.mark.parametrize(
    ("known", "mine"),
    [
        (record(), None),
        (record(changed_at=SINCE), None),
        (unknown("intent-0", SINCE - INTENT_SECONDS), None),
        (unknown("intent-1", NOW - 1), call(start_intent())),
    ],
    ids=["nothing changed", "changed before", "its call was over before", "announced by itself"],
)
def test_a_change_that_the_state_knows_changes_nothing(known: Record, mine: Any) -> None:
    """Promise 1: SettleSeconds go on counting."""
    looked = look(state(stability=CALM, call=mine), of=known)
    assert looked.stability == replace(CALM, reached_at=NOW)


@pytest.mark.parametrize("mine", [None, call(start_intent())])
def test_an_intent_that_the_state_does_not_know_makes_it_count_anew(mine: Any) -> None:
    """Promise 6: the workflow repeats a step that died with the state from before it."""
    for doubt in (False, True):
        before = replace(CALM, possibly_stale=doubt)
        looked = look(state(stability=before, call=mine), of=unknown("intent-0", SINCE - INTENT_SECONDS + 0.1))
        settled = None if doubt else NOW
        reached = SINCE if doubt else NOW
        assert looked.stability == Stability(doubt, stale_counted_from=NOW, believed_since=settled, reached_at=reached)


def test_a_stream_that_was_created_again_meanwhile_has_to_settle_anew() -> None:
    """Promise 1: the looks before were at another stream of the same name (seed 15317 with the watch)."""
    for created in (round(SINCE) + 1, round(NOW)):
        assert look(state(stability=CALM), of=record(incarnation=created)).stability.believed_since is None
    for created in (round(SINCE), round(NOW) + 100):  # before, and by a clock that is ahead
        assert look(state(stability=CALM), of=record(incarnation=created)).stability.believed_since == SINCE


def test_a_change_that_the_state_does_not_know_makes_it_doubt() -> None:
    """Promise 1: the look may be older than that change."""
    looked = look(state(stability=CALM), of=record(changed_at=NOW - 1))
    assert looked.stability == Stability(possibly_stale=True, stale_counted_from=NOW, reached_at=SINCE)


def test_a_state_that_knows_of_no_match_has_nothing_to_drop() -> None:
    """Promise 4: a request that begins believes its first look."""
    looked = look(state(), of=record(changed_at=NOW - 1, pending=pending(start_intent(), at=NOW - 1)))
    assert looked.stability.believed_since == NOW


def test_after_another_encryption_was_seen_a_match_is_believed_five_seconds_later() -> None:
    """Promise 1: descriptions can be older than the change."""
    doubted = look(state(), matches=False)
    assert doubted.stability == Stability(possibly_stale=True)
    first = look(doubted, at=NOW + 1)
    assert first.stability == Stability(possibly_stale=True, stale_counted_from=NOW + 1)
    assert look(first, at=NOW + 5.9).stability.believed_since is None
    assert look(first, at=NOW + 6).stability == Stability(
        stale_counted_from=NOW + 1, believed_since=NOW + 6, reached_at=NOW + 6
    )


def test_a_match_that_vanishes_begins_anew() -> None:
    """Promise 1: but that it once was as wanted is remembered."""
    assert look(look(state()), matches=False).stability == Stability(possibly_stale=True, reached_at=NOW)


@pytest.mark.parametrize("status", [StreamStatus.CREATING, StreamStatus.UPDATING, StreamStatus.DELETING])
def test_a_stream_that_is_not_active_clears_all_doubt(status: StreamStatus) -> None:
    """Promise 1: the ACTIVE that follows UPDATING is not from before the change."""
    doubted = state(
        stability=Stability(possibly_stale=True, stale_counted_from=NOW, reached_at=NOW - 9), call=announced()
    )
    busy = look(doubted, status=status, at=NOW + 1)
    assert busy.stability == Stability(reached_at=NOW - 9)
    assert busy.call == announced(effect_at=NOW + 1)
    assert look(busy, at=NOW + 2).stability.believed_since == NOW + 2


def test_a_busy_stream_without_a_call_is_no_effect_of_one() -> None:
    """State: nothing was called."""
    assert look(state(), status=StreamStatus.UPDATING).call is None


def test_a_stream_that_is_gone_changes_nothing() -> None:
    """State: the decision needs no more."""
    assert after_look(state(throttle_level=2), seen(None), NOW) == state(throttle_level=1)


def test_each_look_that_succeeds_takes_one_throttle_back() -> None:
    """Errors: less often, and back to the usual rhythm step by step; the usual budget is used again."""
    throttled = look(state(throttle_level=2, look_throttled=True))
    assert (throttled.throttle_level, throttled.look_throttled) == (1, False)
    assert look(look(throttled)).throttle_level == 0


def test_a_look_that_succeeds_ends_the_refusals_of_looks_alone() -> None:
    """Promise 9: the minute begins anew with each break."""
    refusals = tuple(OngoingRefusal(action, DENIED, NOW) for action in (LOOK, OTHER_LOOK, READ, LOOK_UP, START))
    assert look(state(ongoing_refusals=refusals)).ongoing_refusals == refusals[-1:]


def test_a_missing_key_is_missing_since_its_first_look() -> None:
    """Promise 9: a key of seconds ago is tried for a minute."""
    missing = seen(stream(), wanted=replace(ONE, fault="does not exist", missing=True))
    first = after_look(state(), missing, NOW)
    assert first.refused_since(LOOK_UP, RefusalKind.KEY) == NOW
    again = after_look(first, replace(missing, now=NOW + 9), NOW + 9)
    assert again.refused_since(LOOK_UP, RefusalKind.KEY) == NOW
    assert again.ongoing_refusals == (OngoingRefusal(LOOK_UP, RefusalKind.KEY, NOW),)
    assert after_look(again, replace(missing, wanted=ONE), NOW).refused_since(LOOK_UP, RefusalKind.KEY) is None
