"""What a request remembers of its calls and of refusals."""

from dataclasses import replace

import pytest

from stream_encryption.grants import Direction, Grant
from stream_encryption.reconcile.state import WRITE, OngoingRefusal, OwnCall, Stability, State
from stream_encryption.reconcile.state_changes import (
    after_answer,
    after_call,
    after_grant_call,
    after_intent,
    after_refusal,
    after_resumption,
)
from stream_encryption.record.changes import STALE_SECONDS
from stream_encryption.record.values import Change
from stream_encryption.values import Refusal, RefusalKind
from tests.builders import STREAM_ARN
from tests.reconcile.states import LOOK, OTHER_LOOK, READ, START, announced, look
from tests.values import NOW, ONE, TWO, call, recorded, start_intent, state, stop_intent

DENIED = RefusalKind.DENIED


def refusal(action: str = START, kind: RefusalKind = RefusalKind.THROTTLED) -> Refusal:
    """A refused call."""
    return Refusal(action, STREAM_ARN, kind, "SomeException", "words")


def test_a_request_begins_with_nothing_known() -> None:
    """State: nothing asked, nothing refused, nothing stable."""
    begun = State(since=NOW)
    assert (begun.throttle_level, begun.calls_made, begun.call, begun.ongoing_refusals) == (0, 0, None, ())
    assert (begun.look_throttled, begun.verified, begun.skipped, begun.stability) == (False, False, None, Stability())


def test_an_intent_is_remembered_with_its_name() -> None:
    """Record, rule 1: by this very request just before."""
    known = after_intent(state(calls_made=2), start_intent(), "intent-1", NOW)
    assert known == state(calls_made=2, call=announced())


def test_the_same_change_again_keeps_its_count() -> None:
    """Error ChangeWithoutEffect: three calls of this very change."""
    before = state(call=announced(times=2, called_at=NOW - 20, answered=True))
    assert after_intent(before, start_intent(), "new", NOW).call == call(start_intent(), "new", times=2)
    assert after_intent(before, start_intent(TWO), "new", NOW).call == call(start_intent(TWO), "new")
    assert after_intent(before, stop_intent(), "new", NOW).call == call(stop_intent(), "new")


def test_a_change_is_told_by_its_call_and_its_key() -> None:
    """State: a Stop of a key is not a Start with it."""
    assert announced().is_same_change(start_intent())
    assert not announced().is_same_change(start_intent(TWO))
    assert not call(stop_intent()).is_same_change(replace(stop_intent(), change=Change.START))
    assert announced().key != recorded(ONE)


def test_an_answered_call_counts_and_is_believed_from_its_second_on() -> None:
    """Promise 1: descriptions are as old as the call at the most."""
    before = state(call=announced(effect_at=NOW - 9, times=1), stability=Stability(believed_since=NOW - 9))
    made = after_call(before, NOW, answered=True)
    assert made.call == announced(called_at=NOW, answered=True, times=2)
    assert made.calls_made == 1
    assert made.stability == Stability(possibly_stale=True, stale_counted_from=NOW)
    assert look(made, at=NOW + STALE_SECONDS).stability.believed_since == NOW + STALE_SECONDS


def test_a_call_whose_response_was_lost_is_made_but_does_not_count() -> None:
    """Promise 6: it may have taken effect, at any second from now on."""
    made = after_call(state(call=announced(), calls_made=1), NOW, answered=False)
    assert made.call == announced(called_at=NOW)
    assert (made.calls_made, made.stability) == (2, Stability(possibly_stale=True))


def test_an_invocation_that_goes_on_does_not_know_whether_the_announced_call_was_made() -> None:
    """Promise 3: one that died may have gone on with the same state, and made the call."""
    resumed = after_resumption(state(call=announced()))
    assert (resumed.call, resumed.calls_made) == (announced(called_at=NOW), 1)
    grant = Grant(ONE.identity, "arn:aws:iam::123456789012:role/writer", Direction.PRODUCER, ())
    resumed = after_resumption(state(call=announced(grant=grant)))
    assert (resumed.call, resumed.calls_made) == (announced(grant=grant, called_at=NOW), 0)


@pytest.mark.parametrize("known", [None, announced(refused=True), announced(called_at=NOW, answered=True)])
def test_a_refused_or_answered_call_stays_what_it_was_when_another_invocation_goes_on(known: OwnCall | None) -> None:
    """Promise 3: its next try has another intent."""
    assert after_resumption(state(call=known)) == state(call=known)


def test_a_call_that_was_made_is_no_longer_refused() -> None:
    """Promise 9: the minute is over for that call alone."""
    refusals = (OngoingRefusal(START, DENIED, NOW - 9), OngoingRefusal(LOOK, DENIED, NOW - 9))
    assert (
        after_call(state(call=announced(), ongoing_refusals=refusals), NOW, answered=True).ongoing_refusals
        == refusals[1:]
    )


def test_a_call_for_a_grant_that_was_made_is_no_longer_refused() -> None:
    """Promise 9: the next grant has a minute of its own; ListGrants finds the grant that is revoked."""
    grant = Grant(ONE.identity, "arn:aws:iam::123456789012:role/writer", Direction.PRODUCER, ())
    actions = ("kms:CreateGrant", "kms:RevokeGrant", "kms:ListGrants", START)
    refusals = tuple(OngoingRefusal(action, DENIED, NOW - 9) for action in actions)
    before = state(call=announced(grant=grant), ongoing_refusals=refusals)
    assert after_grant_call(before, "id", NOW).ongoing_refusals == refusals[-1:]


@pytest.mark.parametrize("kind", [RefusalKind.THROTTLED, RefusalKind.LIMIT])
def test_throttles_are_counted(kind: RefusalKind) -> None:
    """Errors: back off and go on, less often."""
    assert after_refusal(state(throttle_level=1), refusal(kind=kind), NOW).throttle_level == 2


@pytest.mark.parametrize(("action", "other"), [(LOOK, True), (OTHER_LOOK, False), (READ, False), (START, False)])
def test_only_a_throttled_look_is_tried_by_the_other_budget(action: str, *, other: bool) -> None:
    """Issue: where DescribeStreamSummary is throttled, look by DescribeStream; and then back."""
    assert after_refusal(state(look_throttled=not other), refusal(action), NOW).look_throttled is other


@pytest.mark.parametrize("kind", [RefusalKind.TRANSIENT, DENIED, RefusalKind.CONFLICT])
def test_other_refusals_are_no_throttle(kind: RefusalKind) -> None:
    """Errors: an outage does not slow the rhythm as a throttle does."""
    known = after_refusal(state(look_throttled=True), refusal(kind=kind), NOW)
    assert (known.throttle_level, known.look_throttled) == (0, True)


def test_a_busy_stream_makes_the_last_look_doubtful() -> None:
    """Promise 1: it said ACTIVE, and was not."""
    before = state(stability=Stability(believed_since=NOW, stale_counted_from=NOW, reached_at=NOW))
    busy = after_refusal(before, refusal(kind=RefusalKind.BUSY), NOW)
    assert busy.stability == Stability(possibly_stale=True, reached_at=NOW)
    denied = after_refusal(before, refusal(kind=DENIED), NOW)
    assert denied.stability == before.stability


def test_a_refusal_lasts_since_its_first_time_while_it_means_the_same() -> None:
    """Promise 9: a minute of the same refusal, even if AWS throttles the call in between; it is kept once."""
    first = after_refusal(state(), refusal(kind=DENIED), NOW)
    again = after_refusal(after_refusal(first, refusal(), NOW + 5), refusal(kind=DENIED), NOW + 9)
    assert again.ongoing_refusals == (
        OngoingRefusal(START, DENIED, NOW),
        OngoingRefusal(START, RefusalKind.THROTTLED, NOW + 5),
    )
    another = after_refusal(again, refusal(kind=RefusalKind.KEY), NOW + 9)
    assert another.refused_since(START, RefusalKind.KEY) == NOW + 9
    assert another.refused_since(LOOK, DENIED) is None


def test_a_call_that_aws_carries_out_is_refused_no_more() -> None:
    """Promise 9: a refusal an hour later has a minute of its own."""
    refused = after_refusal(after_refusal(state(), refusal(WRITE, DENIED), NOW), refusal(START, DENIED), NOW)
    assert after_answer(refused, WRITE).ongoing_refusals == (OngoingRefusal(START, DENIED, NOW),)


def test_refusals_of_two_calls_are_kept_apart() -> None:
    """Promise 9: one call's minute is not another's."""
    both = after_refusal(after_refusal(state(), refusal(START, DENIED), NOW), refusal(LOOK, DENIED), NOW + 5)
    assert (both.refused_since(START, DENIED), both.refused_since(LOOK, DENIED)) == (NOW, NOW + 5)
