"""The grants of a request: made before a Start and given time, revoked when nobody needs them, ours alone."""

from dataclasses import replace
from typing import Any

import pytest

from stream_encryption.grants import HOUR, Direction, Grant
from stream_encryption.reconcile.actions import (
    Action,
    Call,
    Code,
    Failed,
    Reached,
    SkipRevoke,
    Wait,
    WriteRecord,
)
from stream_encryption.reconcile.ensure import decide_ensure
from stream_encryption.reconcile.failures import decide_refusal
from stream_encryption.reconcile.goals import Access, Goal, RevokeDue
from stream_encryption.reconcile.release import decide_release
from stream_encryption.reconcile.revoke_due import decide_revoke_due
from stream_encryption.reconcile.state import LIST_GRANTS, LOOK_UP, Granted, OngoingRefusal, Stability, State
from stream_encryption.reconcile.state_changes import after_grant_call, after_lost_call
from stream_encryption.record.changes import PlannedCall
from stream_encryption.record.values import Change, Claim, Record, RecordedKey
from stream_encryption.values import Key, OnDelete, Refusal, RefusalKind, StreamStatus
from tests.values import (
    ME,
    NOW,
    ONE,
    REF,
    THEY,
    THREE,
    TWO,
    by_itself,
    call,
    claim,
    ensure,
    pending,
    record,
    recorded,
    release,
    seen,
    stamp,
    started,
    state,
    stream,
    told,
)

WRITER, READER = (f"arn:aws:iam::123456789012:role/{name}" for name in ("writer", "reader"))
BOTH = Access((WRITER,), (READER,), grant_seconds=60)
DAY = 24 * HOUR
REVOKE = "kms:RevokeGrant"
READY = Stability(stale_counted_from=NOW - 9, believed_since=NOW - 9, reached_at=NOW)


def grant(direction: Direction = Direction.PRODUCER, key: Key = ONE, **more: Any) -> Grant:
    """A grant that exists, and that this resource wants."""
    principal = WRITER if direction is Direction.PRODUCER else READER
    fields: dict[str, Any] = {"owners": (ME,), "grant_id": f"id-{direction}", "made_at": NOW - 3600, **more}
    return Grant(key.identity, principal, direction, **fields)


PRODUCER, CONSUMER = grant(), grant(Direction.CONSUMER)
UNWANTED = [grant(owners=(), ended_at=NOW - 1), grant(Direction.CONSUMER, owners=(), ended_at=NOW - DAY)]


def intent(change: Change, of: Grant) -> PlannedCall:
    """The intent to make or revoke a grant."""
    return PlannedCall(change, RecordedKey(of.key, of.key), stamp(), of)


def create(*grants: Grant, has: Key | None = None, known: State | None = None, **more: Any) -> Action:
    """The decision for an Update with Producers and Consumers, whose claim is in force."""
    access, now = more.pop("access", BOTH), more.pop("now", NOW)
    fields: dict[str, Any] = {
        "key": started(has) if has else None,
        "started": has is not None,
        "grants": grants,
        **more,
    }
    wanted = fields.pop("wanted", ONE)
    observed = seen(
        stream(has), record(claim(), **fields), wanted=wanted, current=has, as_wanted=wanted.is_same_as(has), now=now
    )
    goal = ensure(access=access, settle_seconds=0)
    return told(decide_ensure(goal, observed, known or state(stability=READY), now))


def announced(action: Action) -> tuple[Change, Grant]:
    """The call that an action announces in the record."""
    assert isinstance(action, WriteRecord), action
    assert action.code is Code.INTENT_RECORDED
    assert action.planned
    assert action.planned.grant
    return action.planned.change, action.planned.grant


def final(action: Action) -> Record:
    """The record that the end of a goal writes."""
    assert isinstance(action, Reached), action
    assert action.record
    return action.record


def test_the_first_missing_grant_is_announced_before_the_start() -> None:
    """Grants, intent first: with the key, the principal, the direction and the owner."""
    assert announced(create()) == (Change.CREATE_GRANT, Grant(ONE.identity, WRITER, Direction.PRODUCER, (ME,)))
    assert announced(create(PRODUCER)) == (Change.CREATE_GRANT, Grant(ONE.identity, READER, Direction.CONSUMER, (ME,)))


def test_an_announced_grant_is_made() -> None:
    """Grants: the call that the record names, by this very request."""
    wanted = Grant(ONE.identity, WRITER, Direction.PRODUCER, (ME,))
    own = intent(Change.CREATE_GRANT, wanted)
    made = create(pending=pending(own), known=state(call=call(own, grant=wanted)))
    assert isinstance(made, Call)
    assert (made.code, made.change, made.grant, made.key_id) == (
        Code.GRANT_REQUESTED,
        Change.CREATE_GRANT,
        wanted,
        ONE.identity,
    )


def test_a_grant_whose_call_was_not_heard_of_is_made_again() -> None:
    """Grants: the Name makes the second call return the same grant."""
    unheard = replace(PRODUCER, grant_id=None, made_at=0.0)
    assert announced(create(unheard, CONSUMER))[1].identity == PRODUCER.identity


@pytest.mark.parametrize(("age", "left"), [(0, 60), (59, 1)])
def test_new_grants_get_their_time_before_the_start(age: float, left: float) -> None:
    """Property GrantSeconds: counted from the newest grant."""
    waits = create(PRODUCER, grant(Direction.CONSUMER, made_at=NOW - age))
    assert isinstance(waits, Wait)
    assert (waits.code, waits.seconds) == (Code.GRANTS_TAKING_EFFECT, left)


def test_the_start_follows_when_the_time_is_over() -> None:
    """Property GrantSeconds: and not later."""
    action = create(PRODUCER, grant(Direction.CONSUMER, made_at=NOW - 60))
    assert isinstance(action, WriteRecord)
    assert action.planned
    assert (action.planned.change, action.planned.grant) == (Change.START, None)


def test_a_stream_that_has_the_key_waits_for_no_grant() -> None:
    """An Update that only adds a principal makes no Start, and waits for nothing."""
    assert create(grant(made_at=NOW), grant(Direction.CONSUMER, made_at=NOW), has=ONE).code is Code.ENCRYPTED


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (replace(ONE, aws_managed=True), "KeyUnusable"),
        (Key("alias/one", "arn:aws:kms:us-east-1:123456789012:alias/one", resolved=False), "KeyUnusable"),
    ],
    ids=["AWS managed", "ARN not known"],
)
def test_a_key_that_takes_no_grant_fails_before_anything_is_made(key: Key, code: str) -> None:
    """Grants: no call to KMS can succeed, and nothing was changed."""
    failed = create(wanted=key)
    assert isinstance(failed, Failed)
    assert failed.code == code


@pytest.mark.parametrize("has", [None, ONE], ids=["another key", "this key"])
def test_a_key_that_kms_rules_out_takes_no_grant_also_if_the_stream_has_it(has: Key | None) -> None:
    """Error KeyUnusable: by the look-up, before CreateGrant is called."""
    failed = create(wanted=replace(ONE, fault="is Disabled"), has=has)
    assert isinstance(failed, Failed)
    assert (failed.code, "is Disabled" in failed.reason) == ("KeyUnusable", True)


def test_a_key_that_kms_does_not_know_takes_no_grant_after_a_minute() -> None:
    """Promise 9: the key may be seconds old; the stream, whose description names it, has it already."""
    missing = replace(ONE, resolved=False, fault="does not exist", missing=True)
    for since, code in ((NOW - 59.9, "RetryingRefused"), (NOW - 60, "KeyUnusable")):
        refused = state(ongoing_refusals=(OngoingRefusal(LOOK_UP, RefusalKind.KEY, since),), stability=READY)
        assert create(wanted=missing, has=ONE, known=refused).code == code


def test_a_disabled_key_that_has_all_its_grants_is_not_judged() -> None:
    """Promise 4: nothing needs to change, and revoking needs no usable key."""
    disabled = replace(ONE, fault="is Disabled")
    assert create(PRODUCER, CONSUMER, wanted=disabled, has=ONE).code is Code.ENCRYPTED
    assert announced(create(PRODUCER, wanted=disabled, has=ONE, access=Access()))[0] is Change.REVOKE_GRANT


def test_a_key_that_may_not_be_looked_up_yet_is_waited_for() -> None:
    """Promise 9: its policy may be seconds old; a grant needs the ARN of the key behind the alias."""
    alias = Key("alias/one", "arn:aws:kms:us-east-1:123456789012:alias/one", resolved=False)
    refused = state(ongoing_refusals=(OngoingRefusal(LOOK_UP, RefusalKind.KEY, NOW - 5),), stability=READY)
    assert create(wanted=alias, known=refused).code is Code.RETRYING_REFUSED


def test_an_unwanted_producers_grant_is_revoked_at_once() -> None:
    """Grants: nobody puts records by it any more."""
    only_readers = Access((), (READER,))
    assert announced(create(PRODUCER, CONSUMER, has=ONE, access=only_readers)) == (Change.REVOKE_GRANT, PRODUCER)


def test_an_unwanted_consumers_grant_stands_until_no_record_can_be_left() -> None:
    """Grants: the retention of the stream, 24 hours here, from now on."""
    left = final(create(PRODUCER, CONSUMER, has=ONE, access=Access((WRITER,))))
    assert left.grants == (PRODUCER, replace(CONSUMER, owners=(), ended_at=NOW))
    due = create(PRODUCER, replace(CONSUMER, owners=(), ended_at=NOW - DAY), has=ONE, access=Access((WRITER,)))
    assert announced(due)[0] is Change.REVOKE_GRANT
    early = create(PRODUCER, replace(CONSUMER, owners=(), ended_at=NOW - DAY + 1), has=ONE, access=Access((WRITER,)))
    assert early.code is Code.ENCRYPTED


def test_a_grant_that_another_resource_wants_too_only_loses_this_owner() -> None:
    """Grants: one grant serves all that want it."""
    shared = replace(PRODUCER, owners=(THEY, ME))
    assert final(create(shared, has=ONE, access=Access())).grants == (replace(PRODUCER, owners=(THEY,)),)


@pytest.mark.parametrize("granted", [Granted(revoked=(PRODUCER,)), Granted(unrevoked=(PRODUCER,))])
def test_a_grant_is_revoked_once_in_a_request(granted: Granted) -> None:
    """Grants: neither one that is revoked, nor one that KMS would not revoke."""
    known = state(stability=READY, granted=granted)
    assert create(PRODUCER, has=ONE, access=Access(), known=known).code is Code.ENCRYPTED


def test_a_revoked_grant_leaves_the_record_and_an_unrevoked_one_stays() -> None:
    """Grants: what KMS would not revoke is tried again by a later request or the watch."""
    for granted, left in ((Granted(revoked=(PRODUCER,)), 0), (Granted(unrevoked=(PRODUCER,)), 1)):
        known = state(stability=READY, granted=granted)
        assert len(final(create(PRODUCER, has=ONE, access=Access(), known=known)).grants) == left


def test_a_grant_that_was_made_again_since_it_was_revoked_stays_in_the_record() -> None:
    """Grants: it has another id, so it is another grant."""
    known = state(stability=READY, granted=Granted(revoked=(PRODUCER,)))
    again = replace(PRODUCER, grant_id="another", owners=(), ended_at=NOW)
    assert final(create(again, has=ONE, access=Access(), known=known)).grants == (again,)


def test_the_record_holds_what_this_request_has_made() -> None:
    """Grants: the id and the time of CreateGrant's response."""
    made = (grant(grant_id="new", made_at=NOW - 61), CONSUMER)
    known = state(stability=READY, granted=Granted(made=made))
    assert final(create(has=ONE, known=known)).grants == made


def test_the_grants_on_the_former_key_end_with_the_key_change() -> None:
    """Grants: the old key's producer goes, its consumer can still read what was put before."""
    on_two = (grant(key=TWO), grant(Direction.CONSUMER, key=TWO))
    assert announced(create(*on_two, PRODUCER, CONSUMER, has=ONE)) == (Change.REVOKE_GRANT, on_two[0])


def delete(*grants: Grant, has: Key | None = None, known: State | None = None, **goal: Any) -> Action:
    """The decision for a Delete of a stream that is as it was before."""
    mine = record(claim(found=has), key=started(has) if has else None, started=False, grants=grants)
    observed = seen(stream(has), mine, current=has, as_wanted=True)
    return told(decide_release(release(**goal), observed, known or state(stability=READY), NOW))


def test_a_delete_revokes_producers_and_says_until_when_consumers_keep_theirs() -> None:
    """Grants: a Delete does not wait for the retention."""
    assert announced(delete(PRODUCER, CONSUMER)) == (Change.REVOKE_GRANT, PRODUCER)
    known = state(stability=READY, granted=Granted(revoked=(PRODUCER,)))
    ended = delete(PRODUCER, CONSUMER, known=known)
    assert isinstance(ended, Reached)
    assert final(ended).grants == (replace(CONSUMER, owners=(), ended_at=NOW),)
    assert "2026-01-02 00:00 UTC" in ended.note


@pytest.mark.parametrize(("age", "left"), [(0.0, 5.0), (4.5, 0.5)])
def test_a_delete_revokes_nothing_while_data_records_may_be_encrypted_with_the_key(age: float, left: float) -> None:
    """Grants: Kinesis may need 5 s after ACTIVE; producers without the grant would fail."""
    changed = state(stability=Stability(believed_since=NOW - age))
    waits = delete(PRODUCER, known=changed)
    assert isinstance(waits, Wait)
    assert (waits.code, waits.seconds) == (Code.SETTLING, left)
    assert isinstance(delete(CONSUMER, known=changed), Reached)
    over = state(stability=Stability(believed_since=NOW - 5.0))
    assert announced(delete(PRODUCER, known=over)) == (Change.REVOKE_GRANT, PRODUCER)


def test_a_delete_without_grants_has_nothing_to_say() -> None:
    """Grants: a note is for what is unusual."""
    ended = delete()
    assert isinstance(ended, Reached)
    assert ended.note == ""


def test_a_delete_names_the_grant_that_kms_would_not_revoke() -> None:
    """Grants: by principal, key and name, so that a person can revoke it."""
    ended = delete(PRODUCER, known=state(stability=READY, granted=Granted(unrevoked=(PRODUCER,))))
    assert isinstance(ended, Reached)
    assert all(one in ended.note for one in (WRITER, ONE.identity, PRODUCER.name(stream().arn)))


def test_a_delete_that_leaves_the_stream_its_key_leaves_the_grants() -> None:
    """Grants: they end when somebody gives the stream another key."""
    kept = delete(PRODUCER, CONSUMER, has=ONE)
    assert [one.ended_at for one in final(kept).grants] == [None, None]
    assert [one.owners for one in final(kept).grants] == [(), ()]


@pytest.mark.parametrize(
    ("below", "ends"),
    [(claim(THEY, ONE), NOW), (claim(THEY, TWO), None)],
    ids=["it wants the key", "it wants another key"],
)
def test_a_kept_key_keeps_its_grants_unless_the_claim_below_decides_on_the_key(
    below: Claim, ends: float | None
) -> None:
    """Grants: whoever still writes with the key that the stream keeps needs it."""
    known = record(below, claim(), key=started(ONE), started=True, grants=(CONSUMER,))
    observed = seen(stream(ONE), known, current=ONE, as_wanted=True)
    goal = release(on_delete=OnDelete.KEEP)
    (left,) = final(told(decide_release(goal, observed, state(stability=READY), NOW))).grants
    assert (left.owners, left.ended_at) == ((), ends)


@pytest.mark.parametrize(
    ("found", "on_delete", "succeeded", "ends"),
    [
        (ONE, OnDelete.RESTORE, "mine", None),
        (ONE, OnDelete.STOP, "", None),
        (ONE, OnDelete.STOP, "mine", NOW),
        (ONE, OnDelete.KEEP, "mine", NOW),
        (TWO, OnDelete.RESTORE, "mine", NOW),
        (None, OnDelete.RESTORE, "mine", NOW),
    ],
    ids=["Restore", "a failed Create with Stop", "Stop", "Keep", "another key", "no key"],
)
def test_a_kept_key_keeps_its_grants_while_a_claims_delete_would_bring_it_back(
    found: Key | None, on_delete: OnDelete, succeeded: str, ends: float | None
) -> None:
    """Promise 3: the key comes back as it was, with its users' access."""
    kept = replace(CONSUMER, owners=())
    above = claim(THEY, TWO, found=found, on_delete=on_delete, succeeded=succeeded)
    known = record(claim(wanted=THREE), above, key=started(TWO), started=True, grants=(kept,))
    observed = seen(stream(TWO), known, current=TWO)
    (left,) = final(told(decide_release(release(), observed, state(), NOW))).grants
    assert (left.owners, left.ended_at) == ((), ends)


def test_a_kept_keys_grants_end_with_the_claim_whose_delete_would_have_brought_the_key_back() -> None:
    """Promise 3: that Delete is this one, and another resource has taken the stream over."""
    mine = claim(wanted=TWO, found=ONE)
    known = record(mine, claim(THEY, THREE), key=started(THREE), grants=(replace(CONSUMER, owners=()),))
    (left,) = final(told(decide_release(release(), seen(stream(THREE), known, current=THREE), state(), NOW))).grants
    assert left.ended_at == NOW


def test_a_kept_key_keeps_its_grants_through_a_key_change_that_a_delete_would_undo() -> None:
    """Promise 3: a Create that is rolled back has taken nobody's access away."""
    kept = replace(CONSUMER, owners=())
    known = record(claim(found=ONE, wanted=TWO), key=started(TWO), started=True, grants=(kept,))
    observed = seen(stream(TWO), known, wanted=TWO, current=TWO, as_wanted=True)
    (left,) = final(told(decide_ensure(ensure(), observed, state(stability=READY), NOW))).grants
    assert (left.owners, left.ended_at) == ((), None)


@pytest.mark.parametrize("mine", [True, False])
def test_a_delete_without_a_say_on_the_key_notes_the_announced_grant(*, mine: bool) -> None:
    """Grants: the call may have been made unheard; only this request's own intent ends with it."""
    unheard = replace(PRODUCER, owners=(THEY,), grant_id=None, made_at=0.0)
    theirs = claim(THEY, TWO)
    announced = pending(
        PlannedCall(Change.CREATE_GRANT, recorded(ONE), stamp("delete"), unheard), "announced", NOW - 60
    )
    announced = replace(announced, grant=unheard)
    own = call(intent(Change.CREATE_GRANT, unheard), "announced" if mine else "another", grant=unheard)
    known = record(claim(), theirs, key=started(TWO), started=True, pending=announced)
    observed = seen(stream(TWO), known, current=TWO, as_wanted=True)
    left = final(told(decide_release(release(), observed, state(call=own), NOW)))
    assert (left.claims, left.grants, left.key) == ((theirs,), (unheard,), started(TWO))
    assert left.pending == (None if mine else announced)


def test_a_delete_without_a_say_on_the_key_leaves_an_announced_start_alone() -> None:
    """One at a time: a Start that was announced is another request's business."""
    announced = pending(PlannedCall(Change.START, started(TWO), stamp("theirs")), "theirs")
    known = record(claim(), claim(THEY, TWO), key=started(TWO), started=True, pending=announced)
    left = final(told(decide_release(release(), seen(stream(TWO), known, current=TWO), state(), NOW)))
    assert (left.pending, left.key) == (announced, started(TWO))


def due(*grants: Grant, has: Key | None = None, of: StreamStatus | None = StreamStatus.ACTIVE) -> Action:
    """The decision for grants that the watch found due."""
    there = stream(has, of) if of else None
    observed = seen(there, record(grants=grants, key=started(has) if has else None), current=has)
    return told(decide_revoke_due(RevokeDue(REF, stamp()), observed, state(), NOW))


@pytest.mark.parametrize("one", UNWANTED, ids=["producer", "consumer"])
def test_the_watch_revokes_a_grant_that_is_due(one: Grant) -> None:
    """Grants: by the rules of a request, so announced first."""
    assert announced(due(one)) == (Change.REVOKE_GRANT, one)


def test_the_watch_revokes_no_grant_that_somebody_wants_or_a_record_may_need() -> None:
    """Grants: never too early."""
    early = grant(Direction.CONSUMER, owners=(), ended_at=NOW - DAY + 1)
    assert due(PRODUCER, CONSUMER, early).code is Code.LEFT_ALONE


@pytest.mark.parametrize("of", [None, StreamStatus.DELETING])
def test_no_record_is_left_in_a_stream_that_is_gone(of: StreamStatus | None) -> None:
    """Grants: the consumer's grant of a deleted stream is due at once."""
    early = grant(Direction.CONSUMER, owners=(), ended_at=NOW)
    assert announced(due(early, of=of)) == (Change.REVOKE_GRANT, early)


def test_the_watch_writes_what_it_has_revoked() -> None:
    """Grants: the record forgets a grant once it is gone."""
    observed = seen(stream(), record(grants=(UNWANTED[0],)))
    known = state(granted=Granted(revoked=(UNWANTED[0],)))
    ended = told(decide_revoke_due(RevokeDue(REF, stamp()), observed, known, NOW))
    assert ended.code is Code.REVOKED
    assert final(ended).grants == ()


def test_a_grants_call_is_remembered_with_its_answer() -> None:
    """State: the grant that was made has KMS' id; one whose answer was lost is neither made nor revoked."""
    made = intent(Change.CREATE_GRANT, replace(PRODUCER, grant_id=None, made_at=0.0))
    before = state(call=call(made, grant=made.grant))
    after = after_grant_call(before, "id", NOW)
    assert after.granted.made == (replace(PRODUCER, grant_id="id", made_at=NOW),)
    assert after.call
    assert (after.call.called_at, after.call.answered) == (NOW, True)
    lost = after_lost_call(before, NOW)
    assert lost.call
    assert (lost.granted, lost.call.called_at, lost.call.answered) == (Granted(), NOW, False)
    assert after_grant_call(state(), "id", NOW) == state()
    gone = after_grant_call(state(call=call(intent(Change.REVOKE_GRANT, PRODUCER), grant=PRODUCER)), "", NOW)
    assert gone.granted == Granted(revoked=(PRODUCER,))


def test_a_waiting_request_revokes_nothing() -> None:
    """One at a time: another request's call can still be in flight."""
    theirs = pending(PlannedCall(Change.START, started(TWO), stamp("theirs")), "theirs")
    observed = seen(stream(), record(grants=(UNWANTED[0],), pending=theirs))
    waits = decide_revoke_due(RevokeDue(REF, stamp()), observed, state(), NOW)
    assert waits.code is Code.WAITING_FOR_OTHER_CALL


def revoking(goal: Goal, action: str = REVOKE, kind: RefusalKind = RefusalKind.DENIED) -> Action:
    """The decision after AWS has refused for an hour to revoke the producer's grant."""
    refusal = Refusal(action, ONE.identity, kind, "SomeException", "its own words")
    since = (OngoingRefusal(action, kind, NOW - 3600),)
    own = call(intent(Change.REVOKE_GRANT, PRODUCER), grant=PRODUCER)
    return by_itself(decide_refusal(goal, refusal, state(call=own, ongoing_refusals=since), NOW))


@pytest.mark.parametrize("action", [REVOKE, LIST_GRANTS])
@pytest.mark.parametrize("kind", [RefusalKind.DENIED, RefusalKind.INVALID, RefusalKind.KEY, RefusalKind.LIMIT])
@pytest.mark.parametrize(
    "goal",
    [release(), release(may_be_untouched=True), ensure(owner=THEY)],
    ids=["a Delete", "a failed Create's Delete", "another resource's Update"],
)
def test_a_grant_that_kms_will_not_revoke_blocks_nobody_else(goal: Goal, kind: RefusalKind, action: str) -> None:
    """Promise 7: the request goes on, and the grant stays in the record."""
    skipped = revoking(goal, action, kind)
    assert isinstance(skipped, SkipRevoke)
    assert (skipped.code, skipped.grant) == (Code.REVOKE_SKIPPED, PRODUCER)
    assert all(one in skipped.reason for one in (action, WRITER, ONE.identity, "SomeException", "its own words"))


def test_an_update_that_takes_the_grant_away_fails_if_kms_will_not_revoke_it() -> None:
    """Grants: the person who asked for it has to know."""
    failed = revoking(ensure())
    assert isinstance(failed, Failed)
    assert failed.code == "AccessDenied"


@pytest.mark.parametrize("action", ["kms:CreateGrant", "kms:DescribeKey", "kinesis:StartStreamEncryption"])
def test_another_call_that_is_refused_skips_no_revocation(action: str) -> None:
    """Grants: only RevokeGrant and ListGrants are about a grant that goes."""
    assert not isinstance(revoking(ensure(owner=THEY), action), SkipRevoke)


def test_a_principal_that_kms_does_not_know_is_named() -> None:
    """Error PrincipalUnknown: which principal, of which property, on which key."""
    own = call(intent(Change.CREATE_GRANT, CONSUMER), grant=CONSUMER)
    refusal = Refusal("kms:CreateGrant", ONE.identity, RefusalKind.PRINCIPAL, "InvalidArnException", "its own words")
    since = (OngoingRefusal(refusal.action, refusal.kind, NOW - 3600),)
    failed = by_itself(decide_refusal(ensure(), refusal, state(call=own, ongoing_refusals=since), NOW))
    assert isinstance(failed, Failed)
    assert failed.code == "PrincipalUnknown"
    assert all(one in failed.reason for one in (READER, "Consumers", ONE.identity))


def test_a_delete_of_a_stream_that_is_gone_names_the_grant_that_stays() -> None:
    """Grants: also where nothing else is left to be told."""
    known = state(granted=Granted(unrevoked=(PRODUCER,)))
    ended = told(decide_release(release(), seen(None, record(claim(), grants=(PRODUCER,))), known, NOW))
    assert isinstance(ended, Reached)
    assert WRITER in ended.note


def test_an_announced_revocation_is_made_as_it_was_announced() -> None:
    """Grants: the grant of the announcement, with the id that KMS gave it, on this stream."""
    known_then = replace(PRODUCER, owners=(), ended_at=NOW - 1)
    own = intent(Change.REVOKE_GRANT, known_then)
    written = create(known_then, CONSUMER, has=ONE, access=Access((), (READER,)))
    assert isinstance(written, WriteRecord)
    assert (written.planned, written.record.claims[-1].owner) == (own, ME)
    known = state(call=call(own, grant=known_then), stability=READY)
    seen_since = replace(known_then, grant_id=None)
    made = create(seen_since, CONSUMER, has=ONE, access=Access((), (READER,)), pending=pending(own), known=known)
    assert isinstance(made, Call)
    assert (made.code, made.change, made.grant) == (Code.REVOKE_REQUESTED, Change.REVOKE_GRANT, known_then)
    assert (made.stream.arn, made.key_id) == (stream().arn, ONE.identity)


def test_a_key_that_takes_no_grant_is_told_with_what_was_changed_before() -> None:
    """Error KeyUnusable: whether a Start had been made."""
    managed = replace(ONE, aws_managed=True)
    before, after = (create(wanted=managed, known=state(calls_made=made)).reason for made in (0, 1))
    assert before != after


@pytest.mark.parametrize("claims", [(claim(), claim(THEY, TWO)), (claim(THEY, TWO),)], ids=["not in force", "no claim"])
def test_a_delete_without_a_say_on_the_key_revokes_its_own_grants(claims: tuple[Claim, ...]) -> None:
    """Grants: they end with the resource that wanted them; the answer says which ones stay, and until when."""
    known = record(*claims, key=started(TWO), started=True, grants=(PRODUCER, CONSUMER))
    observed = seen(stream(TWO), known, current=TWO)
    assert announced(told(decide_release(release(), observed, state(), NOW))) == (Change.REVOKE_GRANT, PRODUCER)
    busy = replace(known, pending=pending(PlannedCall(Change.START, started(TWO), stamp("theirs")), "theirs"))
    waits = told(decide_release(release(), replace(observed, record=busy), state(), NOW))
    assert waits.code is Code.WAITING_FOR_OTHER_CALL
    ended = told(decide_release(release(), observed, state(granted=Granted(revoked=(PRODUCER,))), NOW))
    assert isinstance(ended, Reached)
    assert "2026-01-02 00:00 UTC" in ended.note
    assert final(ended).grants == (replace(CONSUMER, owners=(), ended_at=NOW),)


@pytest.mark.parametrize(
    ("on_delete", "of_above", "found_started", "ends"),
    [
        (OnDelete.RESTORE, OnDelete.RESTORE, True, NOW),
        (OnDelete.RESTORE, OnDelete.RESTORE, False, NOW),
        (OnDelete.KEEP, OnDelete.RESTORE, True, None),
        (OnDelete.KEEP, OnDelete.KEEP, True, NOW),
    ],
    ids=["Restore", "Restore, and others had given the key", "Keep", "Keep, and the resource above keeps its key"],
)
def test_the_grants_of_a_resource_that_was_taken_over_with_the_same_key_end_unless_it_keeps_the_key(
    on_delete: OnDelete, of_above: OnDelete, ends: float | None, *, found_started: bool
) -> None:
    """Grants: with Keep, they stay if the Delete of the resource above brings the key back."""
    above = claim(THEY, ONE, found=ONE, found_started=found_started, on_delete=of_above)
    known = record(claim(on_delete=on_delete), above, key=started(ONE), started=True, grants=(CONSUMER,))
    action = told(decide_release(release(on_delete=on_delete), seen(stream(ONE), known, current=ONE), state(), NOW))
    (left,) = final(action).grants
    assert (left.owners, left.ended_at) == ((), ends)


def test_a_delete_without_a_claim_ends_its_grants_on_the_key_of_the_claim_in_force() -> None:
    """Grants: a failed Create can leave grants without a claim."""
    known = record(claim(THEY, ONE), key=started(ONE), started=True, grants=(CONSUMER,))
    (left,) = final(told(decide_release(release(), seen(stream(ONE), known, current=ONE), state(), NOW))).grants
    assert (left.owners, left.ended_at) == ((), NOW)


def test_a_delete_that_takes_the_stream_off_its_key_ends_its_own_grants_on_the_key() -> None:
    """Grants: also if a claim below found that key, since others had given it."""
    below, mine = claim(THEY, TWO, found=ONE), claim(found=TWO, found_started=True)
    known = record(below, mine, key=started(TWO), started=True, grants=(CONSUMER,))
    observed = seen(stream(TWO), known, current=TWO, as_wanted=True)
    (left,) = final(told(decide_release(release(), observed, state(stability=READY), NOW))).grants
    assert (left.owners, left.ended_at) == ((), NOW)


def test_a_kept_keys_grants_end_with_the_stream() -> None:
    """Grants: a claim can't bring a key back to a stream that is gone."""
    known = record(claim(on_delete=OnDelete.KEEP), claim(THEY, TWO, found=ONE), grants=(replace(PRODUCER, owners=()),))
    announces = told(decide_release(release(on_delete=OnDelete.KEEP), seen(None, known), state(), NOW))
    assert announced(announces)[0] is Change.REVOKE_GRANT


def test_a_consumers_grant_that_ends_this_very_second_is_not_told() -> None:
    """Grants: it is about to be revoked."""
    over = replace(CONSUMER, owners=(), ended_at=NOW - DAY)
    ended = delete(over, known=state(stability=READY, granted=Granted(unrevoked=(over,))))
    assert isinstance(ended, Reached)
    assert "keep their grants" not in ended.note
