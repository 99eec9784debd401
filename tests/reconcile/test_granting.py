"""The grants of a Create or Update: made before a Start and given time, revoked when nobody needs them, ours alone."""

from dataclasses import replace

import pytest

from stream_encryption.grants import Direction, Grant
from stream_encryption.reconcile.actions import Call, Code, Failed, Wait, WriteRecord
from stream_encryption.reconcile.goals import Access
from stream_encryption.reconcile.state import LOOK_UP, Granted, OngoingRefusal
from stream_encryption.reconcile.state_changes import after_grant_call, after_lost_call
from stream_encryption.record.values import Change
from stream_encryption.values import Key, RefusalKind
from tests.reconcile.deletes import READY
from tests.reconcile.grants import (
    CONSUMER,
    DAY,
    PRODUCER,
    READER,
    WRITER,
    announced,
    create,
    final,
    grant,
    intent,
)
from tests.values import ME, NOW, ONE, THEY, TWO, call, claim, pending, state, stream


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


def test_the_announcement_of_a_grant_is_written_with_the_claim() -> None:
    """Promise 3: if the request dies here, its Delete finds what it has to undo."""
    action = create(claims=())
    assert isinstance(action, WriteRecord)
    assert action.record.claims == (claim(),)


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


def test_a_grant_that_another_resource_has_made_gets_this_owner_too() -> None:
    """Grants: one grant serves all that want it, and stays until the last of them leaves."""
    theirs = replace(PRODUCER, owners=(THEY,))
    assert final(create(theirs, has=ONE, access=Access((WRITER,)))).grants == (replace(PRODUCER, owners=(THEY, ME)),)


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
