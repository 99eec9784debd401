"""The grants that the watch found due: revoked by the rules of a request, and never too early."""

import pytest

from stream_encryption.grants import Direction, Grant
from stream_encryption.reconcile.actions import Action, Code
from stream_encryption.reconcile.goals import RevokeDue
from stream_encryption.reconcile.revoke_due import decide_revoke_due
from stream_encryption.reconcile.state import Granted
from stream_encryption.record.changes import PlannedCall
from stream_encryption.record.values import Change
from stream_encryption.values import Key, StreamStatus
from tests.reconcile.grants import CONSUMER, DAY, PRODUCER, announced, final, grant
from tests.values import NOW, REF, TWO, pending, record, seen, stamp, started, state, stream, told

UNWANTED = [grant(owners=(), ended_at=NOW - 1), grant(Direction.CONSUMER, owners=(), ended_at=NOW - DAY)]


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


def test_a_waiting_request_revokes_nothing() -> None:
    """One at a time: another request's call can still be in flight."""
    theirs = pending(PlannedCall(Change.START, started(TWO), stamp("theirs")), "theirs")
    observed = seen(stream(), record(grants=(UNWANTED[0],), pending=theirs))
    waits = decide_revoke_due(RevokeDue(REF, stamp()), observed, state(), NOW)
    assert waits.code is Code.WAITING_FOR_OTHER_CALL
