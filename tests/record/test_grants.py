"""The record's grants: which is which, when one can be revoked, and how the record learns what became of a call."""

from dataclasses import replace

import pytest

from stream_encryption.grants import Direction, Grant, merged
from stream_encryption.record.changes import PlannedCall, expires, with_current_key, with_intent
from stream_encryption.record.values import Change, RecordedKey
from tests.builders import STREAM_ARN
from tests.values import ME, NOW, ONE, THEY, record, stamp

WRITER = "arn:aws:iam::123456789012:role/writer"
GRANT = Grant(ONE.identity, WRITER, Direction.PRODUCER, (ME,), "a1", NOW)
READER = replace(GRANT, direction=Direction.CONSUMER)

UNHEARD = replace(GRANT, grant_id=None, made_at=0.0)


def intent(change: Change, grant: Grant = GRANT) -> PlannedCall:
    """The intent to make or revoke a grant."""
    return PlannedCall(change, RecordedKey(grant.key, grant.key), stamp(), grant)


def test_a_name_tells_a_stream_a_principal_and_a_direction_and_fits() -> None:
    """Grants: the same Name gives the same grant, so that a repeated call makes no second one."""
    others = [GRANT.name("arn:other"), replace(GRANT, principal="another").name(STREAM_ARN), READER.name(STREAM_ARN)]
    assert len({GRANT.name(STREAM_ARN), *others}) == 4
    assert GRANT.name(STREAM_ARN) == replace(GRANT, owners=(), grant_id=None).name(STREAM_ARN)
    assert len(GRANT.name(STREAM_ARN)) <= 256


@pytest.mark.parametrize(
    ("grant", "at"),
    [
        (GRANT, None),
        (replace(GRANT, owners=()), None),
        (replace(GRANT, ended_at=NOW), None),
        (replace(GRANT, owners=(), ended_at=NOW), NOW),
        (replace(READER, owners=(), ended_at=NOW), NOW + 48 * 3600),
    ],
)
def test_a_producers_grant_ends_at_once_and_a_consumers_after_the_retention(grant: Grant, at: float | None) -> None:
    """Grants: no record that was put before may be unreadable; what somebody wants is never revoked."""
    assert grant.revoke_at(48) == at


def test_a_grant_that_two_want_has_two_owners_and_what_was_known_of_it() -> None:
    """Grants: two owners share one grant."""
    unheard = replace(GRANT, owners=(THEY,), grant_id=None, made_at=0.0)
    assert merged((GRANT,), (unheard, READER)) == (replace(GRANT, owners=(ME, THEY)), READER)
    assert merged((unheard,), (GRANT,)) == (replace(GRANT, owners=(THEY, ME)),)


def test_a_grant_that_is_wanted_again_does_not_end() -> None:
    """Grants: an Update that names a removed consumer again takes the removal back."""
    ended = replace(READER, owners=(), ended_at=NOW)
    assert merged((ended,), (replace(READER, grant_id=None),)) == (replace(READER, owners=(ME,)),)
    assert merged((ended,), (replace(READER, owners=()),))[0].ended_at is None
    assert merged((replace(ended, grant_id=None),), (ended,)) == (ended,)


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (Change.CREATE_GRANT, (), (UNHEARD,)),
        (Change.CREATE_GRANT, (READER,), (READER, UNHEARD)),
        (Change.CREATE_GRANT, (replace(GRANT, owners=(THEY,)),), (replace(GRANT, owners=(THEY,)),)),
        (Change.REVOKE_GRANT, (GRANT, READER), (replace(GRANT, made_at=0.0), READER)),
        (Change.REVOKE_GRANT, (READER,), (READER,)),
    ],
)
def test_a_call_that_may_have_been_made_leaves_a_grant_that_is_known(
    change: Change, before: tuple[Grant, ...], after: tuple[Grant, ...]
) -> None:
    """Promise 6: a crash between the intent and the response leaves no grant that nobody knows."""
    known = with_current_key(with_intent(record(grants=before), intent(change), "intent-1", NOW), None, None)
    assert known.grants == after
    assert known.changed_at == 0.0


def test_a_record_with_a_grant_never_expires() -> None:
    """Grants: the record is what tells which grants are the provider's."""
    assert expires(record(grants=(GRANT,))) is None
    assert expires(record()) is not None
