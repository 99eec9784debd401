"""The decision for Delete. Pure.

The rules are asked in order. A rule that has nothing to do returns None; the first action is taken.
"""

from __future__ import annotations

from dataclasses import replace

from stream_encryption.record.changes import (
    PlannedCall,
    with_current_key,
    with_departed,
    with_releasing,
    without_claim,
    without_intent,
)
from stream_encryption.record.requests import Arrival, Departed
from stream_encryption.record.values import Change, Claim, Record, RecordedKey
from stream_encryption.values import Stream, StreamStatus

from .actions import Action, Code, GiveUp, Reached, SkipRestore, Wait
from .goals import Release
from .granting import revocable_grant, revocation_note, without_unwanted
from .observation import Observation
from .restoration import Outcome, Restoration, restoration, restore_impossible
from .situation import (
    Situation,
    announce_then_call,
    look_up_is_retried,
    record_request,
    wait_for_active,
    wait_for_calls_in_flight,
    wait_until_believed,
)
from .state import State

FORMER_KEY_SECONDS = 5.0
"""How long after ACTIVE Kinesis can still use the former key, in seconds (Kinesis API Reference,
StopStreamEncryption)."""


def decide_release(goal: Release, seen: Observation, state: State, now: float) -> Action:
    """Choose the next action of a Delete."""
    claim, stream = seen.record.claim_of(goal.owner), seen.stream
    done = seen.record.departed_by(goal.owner, goal.stamp)
    if done:
        return Reached(Code.LEFT_ALONE, "this very Delete is done; its response was not heard", note=done.note)
    if seen.record.supersedes(goal.owner, goal.stamp):
        return Reached(Code.LEFT_ALONE, "a newer request of this resource has the stream, or released it")
    if claim and _belongs_to_another_request(goal, claim):
        return Reached(Code.LEFT_ALONE, "the claim is a newer Create's, which this Delete is not for")
    if stream is None or stream.status is StreamStatus.DELETING:
        gone = Situation(goal, Stream.gone(seen.record.stream), seen, state, now)
        reason = f"stream {goal.stream.name} does not exist any more, or is being deleted"
        return _depart(gone, Code.RELEASED, reason)
    situation = Situation(goal, stream, seen, state, now)
    return (
        _leave_unless_in_force(situation)
        or _wait_for_turn(situation)
        or _restore(situation)
        or _revoke_after_settling(situation)
        or _succeed(situation)
    )


def decide_given_up(given_up: GiveUp, record: Record, now: float) -> Action:
    """Choose how the undo of a failed request ends, which AWS does not let go on.

    Args:
        given_up: The undo, and its two ends.
        record: The record.
        now: The time, in epoch seconds.
    """
    goal, left = given_up.goal, None
    if not record.supersedes(goal.owner, goal.stamp):
        claim = record.claim_of(goal.owner)
        if claim is None:
            left = _departed(goal, record, now, given_up.unclaimed.note)  # The failed request may still be at work.
        elif not _belongs_to_another_request(goal, claim):
            return given_up.claimed
    return replace(given_up.unclaimed, record=left)


def _depart(situation: Situation[Release], code: Code, reason: str) -> Action:
    """Remove the claim without a change to the encryption, once the grants that nobody needs are revoked.

    The record remembers the owner even where the stream is gone: an older request can still be delivered, and the
    stream may be there again by then.
    """
    revokes = _revoke_grants(situation)
    if revokes:
        return wait_for_calls_in_flight(situation) or revokes
    record = without_unwanted(situation, _with_grant_call(situation))
    note = revocation_note(situation, record)
    return Reached(code, reason, _departed(situation.goal, record, situation.now, note), note=note)


def _belongs_to_another_request(goal: Release, claim: Claim) -> bool:
    """Tell whether the claim belongs to another request than the one that this Delete undoes.

    The PhysicalResourceId of a failed Create names that Create. Its Delete is not for a claim that a later Create has
    made, or with which an Update has succeeded. An id that CloudFormation invented names no Create. Such a
    Delete is not for a claim with which a later Create or an Update has succeeded.
    """
    if goal.failed_create is not None:
        return not claim.is_released_with(goal.failed_create)
    only_create_succeeded = claim.creates == (claim.succeeded,)
    return goal.cancelled_create and bool(claim.succeeded) and not only_create_succeeded


def _leave_unless_in_force(situation: Situation[Release]) -> Action | None:
    """Leave the encryption as it is if this resource's claim is not in force.

    Without a claim of anybody, the record is lost: then the Delete goes on if the stream has this resource's own key.
    """
    goal, record = situation.goal, situation.record
    in_force, claim = record.in_force, record.claim_of(goal.owner)
    if record.in_force_of(goal.owner) or situation.seen.record_is_lost:
        return None
    if claim and in_force:
        return _depart(situation, Code.RELEASED, f"resource {in_force.owner.logical_id} has taken the stream over")
    return _depart(situation, Code.LEFT_ALONE, "this resource has no claim on the stream")


def _wait_for_turn(situation: Situation[Release]) -> Action | None:
    """Wait for other calls and for ACTIVE; first write that the Delete has come, so that the owner's requests stop."""
    wait = wait_for_calls_in_flight(situation) or (None if _needs_no_change(situation) else wait_for_active(situation))
    goal, claim = situation.goal, situation.record.claim_of(situation.goal.owner)
    if wait and claim and (claim.releasing is None or claim.releasing.arrival(goal.stamp) is Arrival.NEWER):
        return record_request(with_releasing(situation.record, goal.owner, goal.stamp, goal.failed_create))
    return wait


def _needs_no_change(situation: Situation[Release]) -> bool:
    """Tell whether the stream keeps its encryption, so that its status does not matter."""
    return situation.state.skipped is not None or _target(situation).outcome is Outcome.KEEP


def _restore(situation: Situation[Release]) -> Action | None:
    """Restore the former encryption, or skip that if its key can't be used."""
    goal, seen, state = situation.goal, situation.seen, situation.state
    if state.skipped is not None:
        return None
    target = _target(situation)
    if seen.as_wanted:
        needs_no_proof = target.outcome in (Outcome.KEEP, Outcome.LEAVE)
        return None if needs_no_proof else wait_until_believed(situation)
    if seen.wanted and seen.wanted.fault:
        if look_up_is_retried(situation):
            return Wait(Code.RETRYING_REFUSED, f"key {seen.wanted.key_id} {seen.wanted.fault}, unless that passes")
        return restore_impossible(f"Key {target.key_id}, which the stream had before,", seen.wanted.fault)
    if target.key:
        key_id = seen.wanted.key_id if seen.wanted else target.key_id
        planned = PlannedCall(Change.START, RecordedKey(key_id, target.key.arn), goal.stamp)
    else:
        ended = RecordedKey.of(seen.current) or RecordedKey("", "")
        planned = PlannedCall(Change.STOP, ended, goal.stamp)
    if_undone = SkipRestore(Code.RESTORE_SKIPPED, "Somebody else changed the encryption after it was restored.")
    return announce_then_call(situation, planned, _announced(situation), if_undone)


def _revoke_after_settling(situation: Situation[Release]) -> Action | None:
    """Revoke grants once no data record is encrypted with the former key any more: its producers need them so long."""
    revokes, since = _revoke_grants(situation), situation.state.stability.believed_since
    if revokes is None or since is None:
        return revokes
    left = since + FORMER_KEY_SECONDS - situation.now
    return Wait(Code.SETTLING, "data records may still be encrypted with the former key", left) if left > 0 else revokes


def _revoke_grants(situation: Situation[Release]) -> Action | None:
    """Revoke the grants that nobody needs any more."""
    return revocable_grant(situation, _announced(situation))


def _announced(situation: Situation[Release]) -> Record:
    """The record to write with the intent: older requests of the owner are superseded from then on."""
    goal = situation.goal
    return with_releasing(situation.record_with_current_key, goal.owner, goal.stamp, goal.failed_create)


def _with_grant_call(situation: Situation[Release]) -> Record:
    """Add the outcome of an announced grant call to the record, and end this request's own intent.

    For a Delete whose claim does not decide on the encryption, so nothing else of the stream is written down.
    """
    record = situation.record
    if record.pending is None or record.pending.grant is None:
        return record
    seen = with_current_key(record, situation.seen.current)
    return without_intent(seen) if situation.state.has_announced(record.pending) else seen


def _succeed(situation: Situation[Release]) -> Action:
    target = _target(situation)
    note = situation.state.skipped or target.note
    code = Code.LEFT_ALONE if target.outcome is Outcome.LEAVE else Code.RELEASED
    record = without_unwanted(situation, without_intent(situation.record_with_current_key))
    if target.outcome is Outcome.KEEP:
        record = _with_kept_key(situation, record)
    note = " ".join(one for one in (note, revocation_note(situation, record)) if one)
    return Reached(code, target.reason, _departed(situation.goal, record, situation.now, note), note=note)


def _with_kept_key(situation: Situation[Release], record: Record) -> Record:
    """The record with a key that stays. If the claim below does not want that key, its Delete must not undo the key."""
    below = record.claim_below(situation.goal.owner)
    below_wants_another_key = below is not None and not below.wanted.is_key(situation.seen.current)
    return replace(record, started=False) if below_wants_another_key else record


def _target(situation: Situation[Release]) -> Restoration:
    return restoration(situation.goal, situation.record, situation.seen.current)


def _departed(goal: Release, record: Record, now: float, note: str) -> Record:
    """The record without the claim; it remembers that the owner's older requests are superseded, and the note."""
    if goal.failed_create is not None:
        departed = Departed(goal.owner, now, 0, (goal.failed_create, goal.stamp.digest), note=note)
    else:
        claim = record.claim_of(goal.owner)
        same_second = claim.latest.digests if claim and claim.latest.issued_at == goal.stamp.issued_at else ()
        # A Delete that may overlap supersedes the other requests of its own second, too.
        issued_before = goal.stamp.issued_at + 1 if goal.may_overlap else goal.stamp.issued_at
        departed = Departed(goal.owner, now, issued_before, (*same_second, goal.stamp.digest), note=note)
    return with_departed(without_claim(record, goal.owner), departed)
