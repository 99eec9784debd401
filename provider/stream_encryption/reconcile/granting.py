"""The grants of a request: which to make before a Start, and which to revoke afterwards. Pure.

Each CreateGrant and RevokeGrant is announced in the record as a Start is, so a request that was superseded makes and
revokes nothing more, and a crash leaves no grant that nobody knows.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stream_encryption.record.changes import Intent
from stream_encryption.record.grants import Direction, Grant, merged
from stream_encryption.record.values import Change, RecordedKey

from .actions import Action, Call, Code, Wait, WriteRecord
from .goals import Ensure
from .situation import GoalT, may_call

if TYPE_CHECKING:
    from stream_encryption.record.values import Record
    from stream_encryption.values import Key

    from .goals import Goal, Release
    from .situation import Situation

HOUR = 3600.0


def wanted_grants(goal: Goal, key: Key | None) -> tuple[Grant, ...]:
    """The grants that a goal wants on its key; a Delete wants none."""
    if key is None or not isinstance(goal, Ensure):
        return ()
    directions = {Direction.PRODUCER: goal.access.producers, Direction.CONSUMER: goal.access.consumers}
    return tuple(
        Grant(key.identity, principal, direction, (goal.owner,))
        for direction, principals in directions.items()
        for principal in principals
    )


def missing_grant(situation: Situation[Ensure], wanted: Key, announced: Record) -> Action | None:
    """Make the grants that are missing, and give new ones GrantSeconds to take effect before a Start.

    Args:
        situation: The situation.
        wanted: The wanted key.
        announced: The record to write with an intent.
    """
    goal = situation.goal
    there = {grant.identity: grant for grant in merged(situation.record.grants, situation.state.granted.made)}
    made_at = 0.0
    for grant in wanted_grants(goal, wanted):
        found = there.get(grant.identity)
        if found is None or found.grant_id is None:
            return _call_for(situation, Change.CREATE_GRANT, grant, announced)
        made_at = max(made_at, found.made_at)
    left = made_at + goal.access.grant_seconds - situation.now
    if left > 0 and not situation.seen.as_wanted:
        reason = f"new grants are given {goal.access.grant_seconds} s to take effect"
        return Wait(Code.GRANTS_TAKING_EFFECT, reason, left)
    return None


def revocable_grant(situation: Situation[GoalT], announced: Record) -> Action | None:
    """Revoke the next grant that nobody needs any more."""
    revocable = grants_to_revoke(situation)
    return _call_for(situation, Change.REVOKE_GRANT, revocable[0], announced) if revocable else None


def grants_to_revoke(situation: Situation[GoalT]) -> list[Grant]:
    """The grants that can be revoked now: producers' that this owner alone had, and all whose time is over."""
    revoked = {grant.identity for grant in situation.state.granted.revoked}
    return [
        grant
        for grant in _without_owner(situation)
        if grant.identity not in revoked and (_is_unused_producers(grant, situation) or grant.is_due(situation.now))
    ]


def with_grants(situation: Situation[Ensure], record: Record) -> Record:
    """The record with the grants that were made, and with this owner on all that it wants."""
    wanted = tuple(one for one in wanted_grants(situation.goal, situation.seen.wanted))
    known = {grant.identity for grant in (*record.grants, *situation.state.granted.made)}
    mine = tuple(grant for grant in wanted if grant.identity in known)
    return replace(record, grants=merged(merged(record.grants, situation.state.granted.made), mine))


def without_unwanted(situation: Situation[GoalT], record: Record) -> Record:
    """The record without the grants that were revoked; what consumers still need is revoked after the retention."""
    revoked = {grant.identity for grant in situation.state.granted.revoked}
    revoke_at = situation.now + situation.stream.retention_hours * HOUR
    kept = []
    for grant in _without_owner(situation, record):
        if grant.identity in revoked:
            continue
        ends = not grant.owners and grant.revoke_at is None and not _is_in_use(grant, situation)
        kept.append(replace(grant, revoke_at=revoke_at) if ends else grant)
    return replace(record, grants=tuple(kept))


def revocation_note(situation: Situation[Release], record: Record) -> str:
    """Say until when consumers keep their grants after a Delete; empty where there are none."""
    ends = [grant.revoke_at for grant in record.grants if grant.revoke_at is not None and not grant.owners]
    if not ends:
        return ""
    until = datetime.fromtimestamp(max(ends), UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"Consumers of {situation.stream.name} keep their grants until {until}, when the last record under the key "
        "has left the stream; the watch revokes them then."
    )


def _without_owner(situation: Situation[GoalT], record: Record | None = None) -> list[Grant]:
    """The record's grants, without this owner on those that it does not want any more."""
    wanted = {grant.identity for grant in wanted_grants(situation.goal, situation.seen.wanted)}
    owner = situation.goal.owner
    return [
        grant if grant.identity in wanted else replace(grant, owners=tuple(one for one in grant.owners if one != owner))
        for grant in (record or situation.record).grants
    ]


def _is_unused_producers(grant: Grant, situation: Situation[GoalT]) -> bool:
    """Tell whether a producer's grant is of no use any more."""
    unowned = grant.direction is Direction.PRODUCER and not grant.owners and grant.revoke_at is None
    return unowned and not _is_in_use(grant, situation)


def _is_in_use(grant: Grant, situation: Situation[GoalT]) -> bool:
    """Tell whether a Delete leaves the stream with the grant's key: then its users keep their access."""
    current = situation.seen.current
    return not isinstance(situation.goal, Ensure) and current is not None and current.identity == grant.key


def _call_for(situation: Situation[GoalT], change: Change, grant: Grant, announced: Record) -> Action:
    """Announce a call for a grant, or make it."""
    intent = Intent(change, RecordedKey(grant.key, grant.key), situation.goal.stamp, grant)
    what = f"{change} for {grant.direction} {grant.principal} on {grant.key}"
    if not may_call(situation, intent):
        return WriteRecord(Code.INTENT_RECORDED, f"announce {what} before it is called", announced, intent)
    code = Code.GRANT_REQUESTED if change is Change.CREATE_GRANT else Code.REVOKE_REQUESTED
    return Call(code, what, situation.stream, change, grant.key, grant)
