"""Create and Update, before anything is changed: whose the stream is, whether the key can be used, whose turn it is."""

from dataclasses import replace
from typing import Any

import pytest

from stream_encryption import errors
from stream_encryption.reconcile.actions import Action, Call, Code, Failed, Reached, WriteRecord
from stream_encryption.reconcile.ensure import decide_ensure
from stream_encryption.reconcile.observation import Observation
from stream_encryption.reconcile.state import OngoingRefusal, Stability, State
from stream_encryption.record.changes import INTENT_SECONDS, STALE_SECONDS, with_claim
from stream_encryption.record.requests import Departed, Latest
from stream_encryption.values import RefusalKind, StreamStatus
from tests.values import (
    ME,
    NOW,
    ONE,
    RENAMED,
    SECOND,
    THEY,
    TWO,
    call,
    claim,
    ensure,
    error,
    pending,
    record,
    recorded,
    seen,
    stamp,
    start_intent,
    state,
    stream,
    told,
)

READY = Stability(stale_counted_from=NOW - 9, believed_since=NOW - 9, reached_at=NOW)


def decide(observed: Observation, known: State | None = None, now: float = NOW, **goal: Any) -> Action:
    """The decision for a Create that wants key one."""
    return told(decide_ensure(ensure(**goal), observed, known or state(), now))


def plain(*claims: Any, **more: Any) -> Observation:
    """A look at the stream, which is not encrypted."""
    return seen(stream(), record(*claims), **{"wanted": ONE, **more})


def wanted(*claims: Any, **more: Any) -> Observation:
    """A look at the stream, which has the wanted key."""
    return seen(stream(ONE), record(*claims), **{"wanted": ONE, "current": ONE, "as_wanted": True, **more})


def test_a_stream_that_does_not_exist_fails() -> None:
    """Error StreamNotFound."""
    assert error(decide(seen(None))) is errors.StreamNotFound


def test_a_stream_that_is_being_deleted_fails() -> None:
    """Error StreamBeingDeleted."""
    assert error(decide(seen(stream(status=StreamStatus.DELETING)))) is errors.StreamBeingDeleted
    assert error(decide(seen(stream(ONE, StreamStatus.DELETING), wanted=ONE))) is errors.StreamBeingDeleted


def test_a_stream_of_another_stacks_resource_is_refused() -> None:
    """Promise 3 and error OwnedByAnotherStack: only a takeover takes it."""
    assert error(decide(plain(claim(THEY)))) is errors.OwnedByAnotherStack
    assert error(decide(wanted(claim(THEY)))) is errors.OwnedByAnotherStack
    assert error(decide(plain(claim(), claim(THEY)), stamp=stamp("newer"))) is errors.OwnedByAnotherStack


def test_a_request_that_has_changed_the_stream_does_not_say_that_it_was_left_as_it_is() -> None:
    """Promise 2: another stack has taken the stream over after this request's Start."""
    assert "left as it is" in decide(plain(claim(THEY))).reason
    assert "left as it is" not in decide(plain(claim(THEY)), state(calls_made=1)).reason


def test_a_takeover_takes_the_stream_of_another_stack() -> None:
    """Property Takeover, and record, rule 4: it pushes its claim, which found the key that the stream has."""
    taken = decide(plain(claim(THEY, TWO), current=TWO), takeover=True)
    assert isinstance(taken, WriteRecord)
    assert taken.record.claims == (claim(THEY, TWO), claim(found=TWO))


def test_a_rename_within_the_stack_is_a_takeover_without_asking() -> None:
    """Record, rule 4: within one stack a rename is a takeover."""
    renamed = decide(wanted(claim(RENAMED)), state(stability=READY))
    assert isinstance(renamed, Reached)
    assert renamed.record
    assert [one.owner for one in renamed.record.claims] == [RENAMED, ME]


def test_a_resource_that_was_renamed_gets_nothing_back_by_an_older_request() -> None:
    """Record, rule 3: the claim in force is from a newer request of the same stack."""
    newer = claim(RENAMED, latest=Latest(SECOND + 1, ("theirs",)))
    assert error(decide(plain(newer))) is errors.Superseded
    same_second = claim(RENAMED, latest=Latest(SECOND, ("theirs",)))
    assert isinstance(decide(plain(same_second)), WriteRecord)


@pytest.mark.parametrize(("taker", "refusal"), [(THEY, errors.OwnedByAnotherStack), (RENAMED, errors.Superseded)])
def test_a_request_that_had_the_stream_before_it_was_taken_over_does_not_take_it_back(
    taker: Any, refusal: type[Exception]
) -> None:
    """Record, rules 3 and 4: a second delivery changes nothing more, not even with Takeover."""
    assert error(decide(plain(claim(), claim(taker)), takeover=True)) is refusal


@pytest.mark.parametrize(("taker", "refusal"), [(THEY, errors.OwnedByAnotherStack), (RENAMED, errors.Superseded)])
def test_nor_does_it_if_the_stream_was_created_again_before_another_resource_took_it(
    taker: Any, refusal: type[Exception]
) -> None:
    """Record, rules 3 and 8 (seed 14851 with the watch): a claim that is void is no reason to begin anew."""
    void = Departed(ME, NOW, SECOND, (), void=True)
    observed = seen(stream(), record(claim(taker), departed=(void,)), wanted=ONE)
    assert error(decide(observed, takeover=True)) is refusal
    assert isinstance(decide(observed, takeover=True, stamp=stamp("update", SECOND + 9)), WriteRecord)


def test_a_newer_request_of_a_resource_that_was_taken_over_takes_it_back() -> None:
    """Property Takeover: an Update that says so is newer than the claim above."""
    again = decide(plain(claim(), claim(THEY)), takeover=True, stamp=stamp("update", SECOND + 9))
    assert isinstance(again, WriteRecord)
    assert [one.owner for one in again.record.claims] == [THEY, ME]


def test_an_older_request_of_the_owner_is_superseded() -> None:
    """Promise 6: a request that a newer one of its owner has superseded changes nothing more."""
    newer = claim(latest=Latest(SECOND + 1, ("newer",)))
    assert error(decide(plain(newer))) is errors.Superseded
    assert error(decide(wanted(newer), state(stability=READY))) is errors.Superseded


@pytest.mark.parametrize(("late", "succeeded", "loses"), [(61, "undo", True), (60, "undo", False), (61, "", False)])
def test_a_late_update_does_not_undo_the_rollback_of_its_own_second(late: int, succeeded: str, *, loses: bool) -> None:
    """Promise 6: the rollback came first, and has succeeded; of two that come in time, the later arrival wins."""
    second = int(NOW) - late
    rollback = claim(wanted=TWO, latest=Latest(second, ("undo",)), succeeded=succeeded)
    decided = decide(seen(stream(TWO), record(rollback), wanted=ONE), stamp=stamp("update", second))
    assert isinstance(decided, Failed) is loses
    assert not loses or error(decided) is errors.Superseded


def test_a_request_from_before_the_owners_delete_is_superseded() -> None:
    """Record, departed: owners whose Delete was carried out."""
    gone = record(departed=(Departed(ME, NOW, SECOND + 1, ()),))
    assert error(decide(seen(stream(), gone, wanted=ONE))) is errors.Superseded


@pytest.mark.parametrize("fault", ["is Disabled", "is asymmetric"])
def test_a_key_that_kms_describes_as_unusable_fails_at_once(fault: str) -> None:
    """Promise 9: what can't become right by waiting fails at once."""
    failed = decide(plain(wanted=replace(ONE, fault=fault)))
    assert error(failed) is errors.KeyUnusable
    assert "alias/one" in failed.reason
    assert fault in failed.reason
    assert "left as it is" in failed.reason


def test_after_a_start_no_response_says_that_the_stream_was_left_as_it_is() -> None:
    """Promise 2: a FAILED response says what happened."""
    failed = decide(plain(wanted=replace(ONE, fault="is Disabled")), state(calls_made=1))
    assert error(failed) is errors.KeyUnusable
    assert "left as it is" not in failed.reason


def test_a_key_that_the_stream_has_already_is_not_judged() -> None:
    """Promise 4: nothing needs to change, so nothing is asked of the key."""
    assert isinstance(decide(wanted(wanted=replace(ONE, fault="is Disabled")), state(stability=READY)), Reached)


def test_a_key_that_kms_does_not_know_is_looked_up_for_a_minute() -> None:
    """Promise 9: a key of seconds ago is tried again for a minute before the request fails."""
    missing = plain(wanted=replace(ONE, fault="does not exist", missing=True))
    asked = state(ongoing_refusals=(OngoingRefusal("kms:DescribeKey", RefusalKind.KEY, NOW),))
    assert decide(replace(missing, now=NOW + 59.9), asked, NOW + 60).code == Code.RETRYING_REFUSED
    assert error(decide(replace(missing, now=NOW + 60), asked, NOW + 60)) is errors.KeyUnusable
    assert error(decide(missing, state())) is errors.KeyUnusable


def test_a_disabled_key_is_not_waited_for_because_it_was_missing_before() -> None:
    """Promise 9: KMS knows the key by now, and what it says is final."""
    asked = state(ongoing_refusals=(OngoingRefusal("kms:DescribeKey", RefusalKind.KEY, NOW),))
    assert error(decide(plain(wanted=replace(ONE, fault="is Disabled")), asked)) is errors.KeyUnusable


def test_a_busy_stream_is_waited_for() -> None:
    """Error ResourceInUse: wait for ACTIVE; a stream that nobody claims is not written about."""
    for status in (StreamStatus.CREATING, StreamStatus.UPDATING):
        assert decide(seen(stream(status=status), wanted=ONE)).code == Code.WAITING_FOR_ACTIVE


def test_a_newer_request_is_recorded_before_it_waits() -> None:
    """Promise 6: an older request must not act meanwhile."""
    busy = seen(stream(TWO, StreamStatus.UPDATING), record(claim(wanted=TWO)), wanted=ONE, current=TWO)
    noted = decide(busy, stamp=stamp("update", SECOND + 1))
    assert isinstance(noted, WriteRecord)
    assert (noted.code, noted.planned) == (Code.REQUEST_RECORDED, None)
    assert noted.record == with_claim(busy.record, claim(wanted=TWO, latest=Latest(SECOND + 1, ("update",))))


def test_a_request_that_is_recorded_already_just_waits() -> None:
    """Promise 4: no write where nothing needs to be written."""
    busy = seen(stream(TWO, StreamStatus.UPDATING), record(claim(wanted=TWO)), wanted=ONE, current=TWO)
    assert decide(busy).code == Code.WAITING_FOR_ACTIVE


@pytest.mark.parametrize("owner", [THEY, RENAMED])
def test_a_request_that_takes_over_writes_nothing_while_it_waits(owner: Any) -> None:
    """Record, rule 4: the claim is pushed with the intent, not before."""
    busy = seen(stream(TWO, StreamStatus.UPDATING), record(claim(owner)), wanted=ONE, current=TWO)
    assert decide(busy, takeover=True).code == Code.WAITING_FOR_ACTIVE


def test_another_requests_call_is_waited_out_before_anything_is_done() -> None:
    """Record, rule 2: until it can't be in flight any more."""
    announced = record(claim(), pending=pending(start_intent(TWO, stamp("theirs")), at=NOW - 5))
    action = decide(seen(stream(), announced, wanted=ONE))
    assert (action.code, getattr(action, "seconds", None)) == (Code.WAITING_FOR_OTHER_CALL, INTENT_SECONDS - 5)
    later = NOW + INTENT_SECONDS - 5
    over = decide(seen(stream(), announced, wanted=ONE, now=later), now=later)
    assert over.code == Code.INTENT_RECORDED


def test_a_stream_that_was_just_changed_is_looked_at_again_later() -> None:
    """Promise 1: a description can be older than the last change."""
    changed = record(claim(), changed_at=NOW - 1, key=recorded(TWO))
    action = decide(seen(stream(), changed, wanted=ONE))
    assert (action.code, getattr(action, "seconds", None)) == (Code.POSSIBLY_STALE, STALE_SECONDS - 1)
    mine = decide(seen(stream(), changed, wanted=ONE), state(calls_made=1))
    assert mine.code == Code.INTENT_RECORDED


def test_the_intent_is_written_before_the_start() -> None:
    """Record, rule 1: no Start without `pending`; the claim is written with it."""
    written = decide(plain(), creates=True)
    assert isinstance(written, WriteRecord)
    assert (written.code, written.planned) == (Code.INTENT_RECORDED, start_intent())
    assert written.record.claims == (claim(creates=("mine",)),)


def test_a_start_follows_this_requests_own_intent() -> None:
    """Record, rule 1: and no intent but this request's own, of seconds ago."""
    announced = seen(stream(), record(claim(), pending=pending(start_intent())), wanted=ONE)
    own = state(call=call(start_intent()))
    start = decide(announced, own, NOW + 8)
    assert isinstance(start, Call)
    assert (start.code, start.key_id) == (Code.START_REQUESTED, ONE.identity)
    assert decide(announced, own, NOW + 8.1).code == Code.INTENT_RECORDED
    another = state(call=call(start_intent(), name="intent-0"))
    assert decide(announced, another, NOW + 1).code == Code.WAITING_FOR_OTHER_CALL


def test_somebody_else_who_changes_the_encryption_ends_the_request() -> None:
    """Error ChangedBySomeoneElse: the key was there, and it is gone."""
    taken = state(call=call(start_intent(), called_at=NOW - 30, answered=True, effect_at=NOW - 28, times=1))
    stopped = seen(stream(), record(claim(), pending=pending(start_intent(), at=NOW - 30)), wanted=ONE)
    assert error(decide(stopped, taken)) is errors.ChangedBySomeoneElse


def test_an_alias_whose_look_up_is_denied_is_looked_up_for_a_minute_by_a_newer_request() -> None:
    """Promise 9, and property KeyId: the alias may mean another key than the record says."""
    denied = state(ongoing_refusals=(OngoingRefusal("kms:DescribeKey", RefusalKind.KEY, NOW - 59),))
    older = claim(latest=Latest(SECOND - 9, ("older",)), succeeded="older")
    look = wanted(older, wanted=replace(ONE, denied=True))
    assert decide(look, denied).code == Code.RETRYING_REFUSED
    late = replace(denied, stability=READY, ongoing_refusals=())
    settled = decide(look, late)
    assert isinstance(settled, Reached)
    assert all(one in settled.note for one in ("alias/one", ONE.identity))
    own = claim(latest=Latest(SECOND, ("mine",)))
    assert decide(wanted(own, wanted=replace(ONE, denied=True)), denied).code == Code.POSSIBLY_STALE
