"""The decisions about grants of an Update and of a Delete, and two grants that exist."""

from typing import Any

from stream_encryption.grants import HOUR, Direction, Grant
from stream_encryption.reconcile.actions import Action, Code, Reached, WriteRecord
from stream_encryption.reconcile.ensure import decide_ensure
from stream_encryption.reconcile.goals import Access
from stream_encryption.reconcile.release import decide_release
from stream_encryption.reconcile.state import State
from stream_encryption.record.changes import PlannedCall
from stream_encryption.record.values import Change, Record, RecordedKey
from stream_encryption.values import Key
from tests.reconcile.deletes import READY
from tests.values import ME, NOW, ONE, claim, ensure, record, release, seen, stamp, started, state, stream, told

WRITER, READER = (f"arn:aws:iam::123456789012:role/{name}" for name in ("writer", "reader"))
BOTH = Access((WRITER,), (READER,), grant_seconds=60)
DAY = 24 * HOUR


def grant(direction: Direction = Direction.PRODUCER, key: Key = ONE, **more: Any) -> Grant:
    """A grant that exists, and that this resource wants."""
    principal = WRITER if direction is Direction.PRODUCER else READER
    fields: dict[str, Any] = {"owners": (ME,), "grant_id": f"id-{direction}", "made_at": NOW - 3600, **more}
    return Grant(key.identity, principal, direction, **fields)


PRODUCER, CONSUMER = grant(), grant(Direction.CONSUMER)


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


def delete(*grants: Grant, has: Key | None = None, known: State | None = None, **goal: Any) -> Action:
    """The decision for a Delete of a stream that is as it was before."""
    mine = record(claim(found=has), key=started(has) if has else None, started=False, grants=grants)
    observed = seen(stream(has), mine, wanted=has, current=has, as_wanted=True)
    return told(decide_release(release(**goal), observed, known or state(stability=READY), NOW))
