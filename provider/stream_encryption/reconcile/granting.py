"""The grants of a request: which to make before a Start, and which to revoke afterwards. Pure.

Each CreateGrant and RevokeGrant is announced in the record as a Start is, so a request that was superseded makes and
revokes nothing more, and a crash leaves no grant unannounced. In all functions here `record` is the record that
this request writes next. `with_grants` adds the grants that were made; `without_unwanted` removes those revoked.
"""

from __future__ import annotations

from dataclasses import replace

from stream_encryption.grants import Direction, Grant, merged
from stream_encryption.record.changes import PlannedCall, without_claim
from stream_encryption.record.values import Change, Record, RecordedKey
from stream_encryption.values import Key, OnDelete, StreamStatus, utc_minute

from .actions import Action, Call, Code, Wait, WriteRecord
from .goals import Ensure, Goal, Release, RevokeDue
from .restoration import can_bring_back
from .situation import GoalT, Situation, fail_if_unusable, key_unusable, look_up_is_retried, may_call
from .state import Granted


def wanted_grants(goal: Goal, key: Key | None) -> tuple[Grant, ...]:
    """The grants that a goal wants on its key; a Delete wants none."""
    if key is None or not isinstance(goal, Ensure):
        return ()
    access = goal.properties.access
    directions = {Direction.PRODUCER: access.producers, Direction.CONSUMER: access.consumers}
    return tuple(
        Grant(key.identity, principal, direction, (goal.owner,))
        for direction, principals in directions.items()
        for principal in principals
    )


def missing_grant(situation: Situation[Ensure], wanted: Key, record: Record) -> Action | None:
    """Make the next grant that is missing; give new ones GrantSeconds to take effect before a Start.

    Args:
        situation: The situation.
        wanted: The wanted key.
        record: The record to write with an intent.
    """
    goal, made_at = situation.goal, 0.0
    there = {grant.identity: grant for grant in record.grants}
    for grant in wanted_grants(goal, wanted):
        found = there.get(grant.identity)
        if found is None or not found.made_at:
            return _not_grantable(situation, wanted) or _call_for(situation, Change.CREATE_GRANT, grant, record)
        made_at = max(made_at, found.made_at)
    left = made_at + goal.properties.access.grant_seconds - situation.now
    if left > 0 and not situation.seen.as_wanted:
        reason = f"new grants are given {goal.properties.access.grant_seconds} s to take effect"
        return Wait(Code.GRANTS_TAKING_EFFECT, reason, left)
    return None


def revocable_grant(situation: Situation[GoalT], record: Record) -> Action | None:
    """Revoke the next grant that nobody needs any more."""
    granted: Granted = situation.state.granted
    done = {grant.identity for grant in (*granted.revoked, *granted.unrevoked)}
    for grant, left in zip(record.grants, _after_this_request(situation, record), strict=True):
        revoke_at = left.revoke_at(situation.stream.retention_hours)
        if revoke_at is not None and revoke_at <= situation.now and grant.identity not in done:
            return _call_for(situation, Change.REVOKE_GRANT, grant, record)
    return None


def with_grants(situation: Situation[Ensure], record: Record) -> Record:
    """The record with the grants that were made, and with this owner added to the other grants that it wants.

    A grant that a Delete has left gets this owner only with the success: if the request fails, its rollback leaves
    the grant as it was.
    """
    grants = merged(record.grants, situation.state.granted.made)
    known = {grant.identity for grant in grants if grant.owners or grant.ended_at is not None}
    mine = (grant for grant in wanted_grants(situation.goal, situation.seen.wanted) if grant.identity in known)
    return replace(record, grants=merged(grants, mine))


def without_unwanted(situation: Situation[GoalT], record: Record) -> Record:
    """The record without the grants that were revoked, and with this owner only on the grants that it wants."""
    revoked = {grant.identity: grant.grant_id for grant in situation.state.granted.revoked}
    kept = (
        grant
        for grant in _after_this_request(situation, record)
        # One that was made again since, for somebody else, has another id, or an owner.
        if grant.owners or grant.identity not in revoked or grant.grant_id not in (None, revoked[grant.identity])
    )
    return replace(record, grants=tuple(kept))


def revocation_note(situation: Situation[Release], record: Record) -> str:
    """Say which grants a Delete leaves, and until when; empty where there are none."""
    notes, hours = list[str](), situation.stream.retention_hours
    ends = [grant.revoke_at(hours) for grant in record.grants if grant.direction is Direction.CONSUMER]
    until = max((end for end in ends if end is not None), default=0.0)
    if until > situation.now:
        notes.append(
            f"Consumers of {situation.stream.name} keep their grants until {utc_minute(until)}, when the last data "
            "record under the key has left the stream; the watch, or a later request for it, revokes them then."
        )
    notes += (
        f"The grant of {grant.principal} on key {grant.key} could not be revoked. The watch or the next request "
        f"tries again; if that stays refused, revoke it by hand (kms list-grants, kms revoke-grant; its name is "
        f"{grant.name(situation.stream.arn)})."
        for grant in situation.state.granted.unrevoked
    )
    return " ".join(notes)


def _after_this_request(situation: Situation[GoalT], record: Record) -> list[Grant]:
    """The record's grants once this request is done: with its owner only on the grants that it wants."""
    goal, left = situation.goal, list[Grant]()
    owner = None if isinstance(goal, RevokeDue) else goal.owner
    wanted = {grant.identity: grant.owners for grant in wanted_grants(goal, situation.seen.wanted)}
    for grant in record.grants:
        owners = tuple(one for one in grant.owners if one != owner) + wanted.get(grant.identity, ())
        ends = not owners and grant.ended_at is None and not _key_stays(situation, record, grant)
        left.append(replace(grant, owners=owners, ended_at=situation.now if ends else grant.ended_at))
    return left


def _key_stays(situation: Situation[GoalT], record: Record, grant: Grant) -> bool:
    """Tell whether a grant without an owner stays. A grant that an Update does not want any more ends.

    A grant that an earlier Delete has left stays while the stream has its key, or can get it back. A grant of this
    Delete stays if the Delete decides on the encryption, and leaves the stream this key. If it does not decide, the
    grant stays with Keep, while another Delete can bring the key back.
    """
    goal, current = situation.goal, situation.seen.current
    if situation.stream.status is StreamStatus.DELETING or (grant.owners and not isinstance(goal, Release)):
        return False
    is_current = current is not None and current.identity == grant.key
    left = without_claim(record, goal.owner) if isinstance(goal, Release) else record
    if not grant.owners or not isinstance(goal, Release):
        return is_current or can_bring_back(left, grant.key)
    claim = record.claim_of(goal.owner)
    if claim is None or record.in_force_of(goal.owner):
        return is_current and _leaves_its_key(goal, record, current)
    return claim.on_delete is OnDelete.KEEP and can_bring_back(left, grant.key)


def _leaves_its_key(goal: Release, record: Record, current: Key | None) -> bool:
    """Tell whether a Delete leaves the stream with a key that the claim below, if there is one, does not want."""
    in_force, below = record.in_force, record.claim_below(goal.owner)
    if in_force and in_force.owner != goal.owner:
        return False
    return below is None or not below.wanted.is_key(current)


def _not_grantable(situation: Situation[Ensure], key: Key) -> Action | None:
    """Fail where KMS makes no grant on the key, or the key's ARN is not known: after a minute, if that may be new."""
    if key.fault:
        return fail_if_unusable(situation, key)
    if key.aws_managed:
        why = "is an AWS managed key, on which KMS makes no grants for Producers and Consumers"
    elif not key.has_key_arn:
        if look_up_is_retried(situation):
            reason = f"key {key.key_id} may not be looked up, unless its policy is seconds old"
            return Wait(Code.RETRYING_REFUSED, reason)
        why = "may not be looked up, so no grant can be made on it: name it by its ARN"
    else:
        return None
    return key_unusable(situation, key, why)


def _call_for(situation: Situation[GoalT], change: Change, grant: Grant, record: Record) -> Action:
    """Announce a call for a grant, or make it."""
    planned = PlannedCall(change, RecordedKey(grant.key, grant.key), situation.goal.stamp, grant)
    what = f"{change} for {grant.direction} {grant.principal} on {grant.key}"
    if not may_call(situation, planned):
        return WriteRecord(Code.INTENT_RECORDED, f"announce {what} before it is called", record, planned)
    code = Code.GRANT_REQUESTED if change is Change.CREATE_GRANT else Code.REVOKE_REQUESTED
    # `may_call` has compared the announced grant with this one: they are the same.
    return Call(code, what, situation.stream, change, grant.key, situation.state.announced_grant)
