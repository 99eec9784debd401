"""Create and Update, once the stream is as wanted: settling, Verify, and the record that SUCCESS writes."""

from dataclasses import replace
from typing import Any

import pytest

from stream_encryption import errors
from stream_encryption.reconcile.actions import Action, Attributes, Code, Reached, Verify, Wait
from stream_encryption.reconcile.ensure import decide_ensure
from stream_encryption.reconcile.observation import Observation
from stream_encryption.reconcile.state import OngoingRefusal, Stability, State
from stream_encryption.record.requests import Latest
from stream_encryption.record.values import Claim, Record
from stream_encryption.values import Key, OnDelete, OnDrift, RefusalKind, StreamStatus
from tests.values import (
    CREATED,
    ME,
    NOW,
    ONE,
    RENAMED,
    SECOND,
    THEY,
    THREE,
    TWO,
    arn,
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
    started,
    state,
    stream,
    told,
)


def settled(seconds: float = 5.0, **more: Any) -> State:
    """A request whose stream has surely been as wanted for so many seconds."""
    since = NOW - seconds
    return state(stability=Stability(stale_counted_from=since, believed_since=since, reached_at=NOW), **more)


def wanted(known: Record | None = None, **more: Any) -> Observation:
    """A look at the stream, which has the wanted key."""
    return seen(stream(ONE), known, **{"wanted": ONE, "current": ONE, "as_wanted": True, **more})


def decide(observed: Observation, known: State | None = None, now: float = NOW, **goal: Any) -> Action:
    """The decision for a Create or Update that wants key one."""
    return told(decide_ensure(ensure(**goal), observed, known or settled(), now))


def done(observed: Observation, known: State | None = None, **goal: Any) -> Reached:
    """The decision, which is that nothing is left to be done."""
    action = decide(observed, known, **goal)
    assert isinstance(action, Reached), action
    return action


def written(observed: Observation, known: State | None = None, **goal: Any) -> Record:
    """The record that SUCCESS writes."""
    result = done(observed, known, **goal).record
    assert result
    return result


def mine(result: Record) -> Claim:
    """The claim of this request's resource, which is in force."""
    assert result.in_force
    assert result.in_force.owner == ME
    return result.in_force


def test_settle_seconds_are_counted_from_the_look_that_showed_active() -> None:
    """Promise 1: plus SettleSeconds, to the second."""
    waiting = decide(wanted(), settled(1.5))
    assert isinstance(waiting, Wait)
    assert (waiting.code, waiting.seconds) == (Code.SETTLING, 3.5)
    assert decide(wanted(), settled(5.0)).code == Code.ENCRYPTED
    assert decide(wanted(), settled(5.0), settle_seconds=6).code == Code.SETTLING
    assert decide(wanted(), settled(0.0), settle_seconds=0).code == Code.ENCRYPTED


def test_the_last_look_is_a_later_one_than_that_which_showed_active() -> None:
    """Record, rule 5: a fresh look before SUCCESS; a slow decision does not take its place."""
    late = decide(wanted(), settled(1.5), NOW + 9)
    assert isinstance(late, Wait)
    assert (late.code, late.seconds) == (Code.SETTLING, 0.0)


def test_an_active_that_can_be_an_old_description_is_not_believed() -> None:
    """Promise 1: SUCCESS is never answered before the stream is ACTIVE with the wanted encryption."""
    doubted = state(stability=Stability(possibly_stale=True, stale_counted_from=NOW - 4))
    assert decide(wanted(), doubted, settle_seconds=0).code == Code.POSSIBLY_STALE


def test_verify_puts_a_record_once_the_stream_has_settled() -> None:
    """Property Verify: after SettleSeconds, and once."""
    assert decide(wanted(), settled(4.0), verify=True).code == Code.SETTLING
    verify = decide(wanted(), settled(), verify=True)
    assert isinstance(verify, Verify)
    assert (verify.code, verify.stream) == (Code.VERIFY_REQUESTED, stream(ONE))
    assert decide(wanted(), settled(verified=True), verify=True).code == Code.ENCRYPTED


def test_verify_fails_with_a_key_that_kms_rules_out() -> None:
    """Error KeyUnusable: by the look-up, before a data record is put; promise 9: a missing key is waited for."""
    assert error(decide(wanted(wanted=replace(ONE, fault="is Disabled")), settled(), verify=True)) is errors.KeyUnusable
    missing = wanted(wanted=replace(ONE, fault="does not exist", missing=True))
    for since, code in ((NOW - 59.9, "RetryingRefused"), (NOW - 60, "KeyUnusable")):
        refused = settled(ongoing_refusals=(OngoingRefusal("kms:DescribeKey", RefusalKind.KEY, since),))
        assert decide(missing, refused, verify=True).code == code
    assert decide(missing, settled(verified=True), verify=True).code == Code.ENCRYPTED


def test_success_tells_the_attributes() -> None:
    """Fn::GetAtt: the stream and its key, and the KeyId from before the first claim."""
    assert done(wanted()).attributes == Attributes(stream(ONE), ONE, "alias/one")
    first = record(claim(THEY, found=TWO), claim(found=THREE))
    assert done(wanted(first)).attributes == Attributes(stream(ONE), ONE, "alias/two")
    assert done(wanted(record(claim(succeeded="mine")))).attributes == Attributes(stream(ONE), ONE, None)


def test_success_says_whether_anything_was_done() -> None:
    """The log tells a Start from a request that had nothing to do."""
    assert done(wanted()).reason != done(wanted(), settled(calls_made=1)).reason


def test_success_ends_the_intent() -> None:
    """Record, rule 5: the last thing before SUCCESS is a conditional write that ends `pending`."""
    announced = record(claim(), pending=pending(start_intent(), at=NOW - 9))
    request = settled(call=call(start_intent(), at=NOW - 9, called_at=NOW - 8, answered=True), calls_made=1)
    result = written(wanted(announced), request)
    assert result.pending is None
    assert (result.key, result.started, result.changed_at) == (started(ONE), True, NOW - 8)
    assert mine(result).succeeded == "mine"


def test_an_adopted_stream_is_recorded_as_found() -> None:
    """Promises 3 and 4: no Start, and what was there is what Restore keeps."""
    result = written(wanted(), on_delete=OnDelete.STOP, creates=True)
    assert mine(result) == claim(found=ONE, on_delete=OnDelete.STOP, creates=("mine",), succeeded="mine")
    assert (result.key, result.started, result.incarnation) == (recorded(ONE), False, CREATED)


def test_an_update_keeps_what_its_create_found() -> None:
    """Promise 3: what Create found outlives every Update."""
    latest = Latest(SECOND - 9, ("create",))
    before = claim(wanted=TWO, found=THREE, creates=("create",), latest=latest, succeeded="create")
    result = written(wanted(record(before)), stamp=stamp("update"), on_delete=OnDelete.KEEP)
    latest = Latest(SECOND, ("update",))
    kept: dict[str, Any] = {"found": THREE, "creates": ("create",), "on_delete": OnDelete.KEEP, "succeeded": "update"}
    assert mine(result) == claim(latest=latest, **kept)


@pytest.mark.parametrize(
    ("succeeded", "creates", "found"),
    [("earlier", True, ONE), ("mine", True, THREE), ("earlier", False, THREE)],
    ids=["another Create", "the same Create again", "an Update"],
)
def test_only_another_create_finds_the_stream_anew_after_others_have_changed_it(
    succeeded: str, *, creates: bool, found: Key
) -> None:
    """Promise 3: a retained resource that is created again restores the key that its new Create has found."""
    before = claim(found=THREE, creates=("earlier", "mine"), succeeded=succeeded)
    assert mine(written(wanted(record(before)), creates=creates)).found == recorded(found)


def test_until_a_start_has_had_an_effect_the_claim_keeps_what_the_stream_has_now() -> None:
    """Promise 3: others can give the stream a key while a Create waits, or while a failed one is kept."""
    assert mine(written(wanted(record(claim(found=THREE))))).found == recorded(ONE)
    by_us = record(claim(found=THREE), key=started(ONE), started=True)
    assert mine(written(wanted(by_us))).found == recorded(THREE)


@pytest.mark.parametrize("by_us", [True, False])
def test_a_takeover_notes_whether_the_provider_had_started_the_key_that_it_found(*, by_us: bool) -> None:
    """Record, rule 4: only such a key goes with the claim below."""
    known = record(claim(THEY), key=started(ONE), started=by_us)
    taken = mine(written(wanted(known), takeover=True))
    assert (taken.found, taken.found_started) == (recorded(ONE), by_us)


def test_on_drift_is_kept_for_the_watch() -> None:
    """Property OnDrift: in place, of a new claim and of one that there is."""
    for known in (record(), record(claim())):
        assert mine(written(wanted(known), on_drift=OnDrift.MEND)).on_drift is OnDrift.MEND


def test_a_create_over_the_resources_own_claim_is_noted() -> None:
    """Record, rule 8: with rollback disabled a failed Create is kept, and created anew."""
    before = claim(creates=("first",), latest=Latest(SECOND - 9, ("first",)))
    assert mine(written(wanted(record(before)), creates=True)).creates == ("first", "mine")


def test_a_create_that_is_delivered_twice_is_noted_once() -> None:
    """Promise 6: any invocation may be repeated."""
    assert mine(written(wanted(record(claim(creates=("mine",)))), creates=True)).creates == ("mine",)


@pytest.mark.parametrize("failed_create", ["", "mine"])
def test_a_request_over_a_claim_that_is_being_released_calls_the_release_off(failed_create: str) -> None:
    """Record, rule 3: it is newer than the Delete, so the Delete is superseded."""
    releasing = claim(releasing=Latest(SECOND + 1, ("delete",)), releases_create=failed_create)
    result = written(wanted(record(releasing)), stamp=stamp("create", SECOND + 2))
    assert (mine(result).releasing, mine(result).releases_create) == (None, "")


def test_where_the_record_is_lost_the_resources_own_key_is_not_what_was_before() -> None:
    """Record, rule 6: Update claims anew; what was there before nobody knows, so Restore ends the encryption."""
    result = written(wanted(record_is_lost=True))
    assert mine(result).found is None
    assert (result.key, result.started) == (recorded(ONE), True)


def test_a_taken_over_stream_was_found_with_the_key_that_it_had() -> None:
    """Record, rule 4: each claim keeps what it found itself."""
    result = written(wanted(record(claim(THEY, found=TWO))), takeover=True)
    assert result.claims == (claim(THEY, found=TWO), claim(found=ONE, succeeded="mine"))


def test_only_the_claim_in_force_has_settled() -> None:
    """Record, rule 4: the claims below stay as they are."""
    below = claim(RENAMED, TWO, latest=Latest(SECOND - 9, ("older",)))
    assert written(wanted(record(below, claim(succeeded="mine")))).claims == (below, claim(succeeded="mine"))


DENIED = Key("alias/two", arn("two"), denied=True)


@pytest.mark.parametrize(
    ("former", "noted"),
    [
        (DENIED, True),
        (replace(DENIED, denied=False), False),
        (replace(ONE, denied=True), False),
        (None, False),
    ],
    ids=["out of reach", "within reach", "the wanted key itself", "not encrypted"],
)
def test_a_create_says_when_the_key_that_it_found_can_not_be_restored(former: Key | None, *, noted: bool) -> None:
    """Issue: a Create that finds such a previous key says that Restore will not be possible, and how to make it so."""
    note = done(wanted(former=former)).note
    assert bool(note) is noted
    if noted:
        assert [word for word in ("alias/two", "KeyArns", "OnDelete") if word not in note] == []


def test_a_key_change_goes_straight_to_the_new_key() -> None:
    """Promise 5: no Stop in between; what the stream has meanwhile is not ACTIVE as wanted."""
    busy = seen(stream(ONE, StreamStatus.UPDATING), record(claim()), wanted=ONE, current=ONE, as_wanted=True)
    assert decide(busy, state()).code == Code.WAITING_FOR_ACTIVE
