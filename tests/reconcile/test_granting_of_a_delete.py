"""The grants of a Delete: whose it revokes, when, and what the response says of those that stay."""

from dataclasses import replace

import pytest

from stream_encryption.reconcile.actions import Code, Reached, Wait
from stream_encryption.reconcile.release import decide_release
from stream_encryption.reconcile.state import Granted, Stability
from stream_encryption.record.changes import PlannedCall
from stream_encryption.record.values import Change, Claim
from tests.reconcile.deletes import READY
from tests.reconcile.grants import CONSUMER, DAY, PRODUCER, WRITER, announced, delete, final, intent
from tests.values import (
    NOW,
    ONE,
    THEY,
    TWO,
    call,
    claim,
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


def test_a_delete_of_a_stream_that_is_gone_names_the_grant_that_stays() -> None:
    """Grants: also where nothing else is left to be told."""
    known = state(granted=Granted(unrevoked=(PRODUCER,)))
    ended = told(decide_release(release(), seen(None, record(claim(), grants=(PRODUCER,))), known, NOW))
    assert isinstance(ended, Reached)
    assert WRITER in ended.note


def test_a_consumers_grant_that_ends_this_very_second_is_not_told() -> None:
    """Grants: it is about to be revoked."""
    over = replace(CONSUMER, owners=(), ended_at=NOW - DAY)
    ended = delete(over, known=state(stability=READY, granted=Granted(unrevoked=(over,))))
    assert isinstance(ended, Reached)
    assert "keep their grants" not in ended.note


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
