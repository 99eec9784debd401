"""Delete, once it is its turn: the Stop or Start that brings the former encryption back, or why it is not done."""

from dataclasses import replace

import pytest

from stream_encryption.reconcile.actions import Call, Code, SkipRestore, WriteRecord
from stream_encryption.reconcile.state import OngoingRefusal, Stability
from stream_encryption.record.values import Change
from stream_encryption.values import RefusalKind
from tests.reconcile.deletes import DELETE, READY, decide, encrypted, ours, reached, written
from tests.values import (
    NOW,
    ONE,
    SECOND,
    THREE,
    TWO,
    call,
    claim,
    pending,
    record,
    recorded,
    seen,
    stamp,
    start_intent,
    started,
    state,
    stop_intent,
    stream,
)


@pytest.mark.parametrize("failed_create", [None, "mine"])
def test_the_intent_to_stop_names_the_key_that_it_ends(failed_create: str | None) -> None:
    """Record, rules 1 and 8; and the record says that the Delete has begun, and which Create it undoes."""
    action = decide(encrypted(ours(claim())), failed_create=failed_create)
    assert isinstance(action, WriteRecord)
    assert action.planned
    assert (action.planned.change, action.planned.key) == (Change.STOP, recorded(ONE))
    assert action.record.claims == (claim(releasing=DELETE, releases_create=failed_create or ""),)


def test_the_intent_to_restore_names_the_key_that_was_found() -> None:
    """Record, rule 1: by the KeyId that Kinesis reported."""
    action = decide(encrypted(ours(claim(found=TWO)), wanted=TWO))
    assert isinstance(action, WriteRecord)
    assert action.planned
    assert (action.planned.change, action.planned.key) == (Change.START, recorded(TWO))
    assert action.planned.request == stamp("delete", SECOND + 1)


def test_a_found_key_whose_alias_stands_for_another_key_by_now_is_restored_by_its_arn() -> None:
    """Promise 3: the alias would give the stream the other key."""
    action = decide(encrypted(ours(claim(found=TWO)), wanted=replace(TWO, key_id=TWO.identity)))
    assert isinstance(action, WriteRecord)
    assert action.planned
    assert action.planned.key == started(TWO)


def test_a_change_that_is_announced_again_is_recorded_with_the_time_of_its_first_call() -> None:
    """Record: descriptions are not believed for some seconds after a change, which may have been made."""
    unheard = state(call=call(stop_intent(), at=NOW - 60, called_at=NOW - 59), calls_made=1)
    known = ours(claim(), pending=pending(stop_intent(), at=NOW - 60))
    action = decide(encrypted(known), unheard)
    assert isinstance(action, WriteRecord)
    assert (action.code, action.record.changed_at) == (Code.INTENT_RECORDED, NOW - 59)


def test_a_start_of_another_request_is_not_recorded_with_the_time_of_this_requests_own_call() -> None:
    """Record: descriptions are not believed for some seconds after a change; this one was announced a minute ago."""
    mine = state(call=call(stop_intent(), at=NOW - 200, called_at=NOW - 199, answered=True), calls_made=1)
    theirs = pending(start_intent(), "theirs", NOW - 60)
    action = decide(encrypted(ours(claim(), pending=theirs)), mine)
    assert isinstance(action, WriteRecord)
    assert (action.record.started, action.record.changed_at) == (True, NOW - 60)


def test_a_stop_is_called_with_the_key_that_was_described() -> None:
    """Kinesis: a Stop with another KeyId than the current one is refused."""
    known = ours(claim(), pending=pending(stop_intent(ONE)))
    stop = decide(encrypted(known), state(call=call(stop_intent(ONE))))
    assert isinstance(stop, Call)
    assert (stop.code, stop.change, stop.key_id) == (Code.STOP_REQUESTED, Change.STOP, "alias/one")
    assert ONE.identity in stop.reason, "the log says which key the stream had"


def test_a_restored_stream_is_released_once_that_can_be_believed() -> None:
    """Promise 1, for a Delete: a description can be older than the change."""
    restored = seen(stream(), ours(claim()), as_wanted=True)
    doubted = state(stability=Stability(possibly_stale=True, stale_counted_from=NOW - 1))
    assert decide(restored, doubted).code == Code.POSSIBLY_STALE
    done = state(stability=READY, call=call(stop_intent(), at=NOW - 9, called_at=NOW - 8, answered=True), calls_made=1)
    known = ours(claim(), pending=pending(stop_intent(), at=NOW - 9))
    action = decide(seen(stream(), known, as_wanted=True), done)
    assert (reached(action).code, reached(action).note) == (Code.RELEASED, "")
    result = written(action)
    assert (result.claims, result.pending, result.key, result.started) == ((), None, None, False)
    assert result.changed_at == NOW - 8


@pytest.mark.parametrize("failed_create", [None, "mine"])
def test_a_stream_that_somebody_else_changed_is_left_alone_and_the_response_says_so(failed_create: str | None) -> None:
    """Record, rule 9; the record keeps what the response says, since the Delete can be delivered again."""
    theirs = seen(stream(THREE), ours(claim(found=TWO)), current=THREE, as_wanted=True)
    action = decide(theirs, failed_create=failed_create)
    assert reached(action).code == Code.LEFT_ALONE
    assert "alias/three" in reached(action).note
    assert written(action).claims == ()
    assert [departed.note for departed in written(action).departed] == [reached(action).note]


@pytest.mark.parametrize("fault", ["is Disabled", "is pending deletion"])
def test_a_former_key_that_can_not_be_used_is_given_up(fault: str) -> None:
    """Promise 7: never plaintext for want of a key."""
    action = decide(encrypted(ours(claim(found=TWO)), wanted=replace(TWO, fault=fault)))
    assert isinstance(action, SkipRestore)
    assert (action.code, fault in action.reason) == (Code.RESTORE_SKIPPED, True)


@pytest.mark.parametrize("fault", ["does not exist", "is Disabled"])
def test_a_former_key_that_can_not_be_used_is_looked_up_for_a_minute(fault: str) -> None:
    """Promises 7 and 9: a Delete gives the key up for a reason that lasts."""
    missing = encrypted(ours(claim(found=TWO)), wanted=replace(TWO, fault=fault))
    asked = state(ongoing_refusals=(OngoingRefusal("kms:DescribeKey", RefusalKind.KEY, NOW),))
    assert decide(replace(missing, now=NOW + 59.9), asked, NOW + 60).code == Code.RETRYING_REFUSED
    assert decide(replace(missing, now=NOW + 60), asked, NOW + 60).code == Code.RESTORE_SKIPPED
    assert decide(missing, state()).code == Code.RESTORE_SKIPPED


def test_a_restore_that_was_skipped_ends_in_success_and_says_why() -> None:
    """Promise 7: Reason, metric and event say so."""
    action = reached(decide(encrypted(ours(claim(found=TWO)), wanted=TWO), state(skipped="the key is gone")))
    assert (action.code, action.note) == (Code.RELEASED, "the key is gone")
    assert action.record
    assert (action.record.key, action.record.started) == (started(ONE), True)


def test_a_restored_stream_that_somebody_else_changed_again_is_left() -> None:
    """Record, rule 9: what took effect was undone by somebody else."""
    taken = state(call=call(stop_intent(), called_at=NOW - 30, answered=True, effect_at=NOW - 28, times=1))
    known = ours(claim(), pending=pending(stop_intent(), at=NOW - 30))
    assert decide(encrypted(known), taken).code == Code.RESTORE_SKIPPED


def test_where_the_record_is_lost_the_resources_own_key_is_stopped() -> None:
    """Record, rule 6: its PhysicalResourceId is this stream's, and the stream has the key of its properties."""
    action = decide(encrypted(record(), record_is_lost=True))
    assert isinstance(action, WriteRecord)
    assert action.planned
    assert (action.planned.change, action.planned.key) == (Change.STOP, recorded(ONE))
    assert decide(encrypted(record(), record_is_lost=False)).code == Code.LEFT_ALONE
