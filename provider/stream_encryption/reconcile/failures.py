"""The decision about a call that AWS refused, and what a request that fails leaves in the record. Pure."""

from __future__ import annotations

from typing import assert_never

from stream_encryption import errors
from stream_encryption.record.changes import with_current_key, without_claim, without_intent, without_mend
from stream_encryption.record.values import Change, Record
from stream_encryption.values import Refusal, RefusalKind, StreamStatus

from .actions import Action, Code, Failed, GiveUp, Reached, SkipRevoke, Wait
from .goals import Ensure, Goal, Mend, Release
from .mend import began_at
from .observation import Observation
from .restoration import restore_impossible
from .situation import REFUSAL_RETRY_SECONDS
from .state import LIST_GRANTS, State

LIMIT_SECONDS = 120.0
"""How long to repeat a call that was refused because of a limit, in seconds: it may be a rate, or the daily quota."""

PROOF_SECONDS = 60.0
"""How long Verify may put data records that come back unencrypted, in seconds."""

INVALID_SECONDS = 15.0
"""How long to repeat a Delete's call that was refused as invalid, in seconds: the stream may have just changed."""

_CONFLICT_SECONDS = 0.1
_PROOF_PAUSE_SECONDS = 5.0


def decide_refusal(goal: Goal, refusal: Refusal, state: State, now: float) -> Action | GiveUp:
    """Choose the next action after a call that AWS refused: wait, go on without the call, or end.

    Args:
        goal: What the request wants.
        refusal: The refused call.
        state: What the request remembers, this refusal included.
        now: When the iteration began, in epoch seconds: the time that the refused call took does not count.
    """
    action = _wait_or_end(goal, refusal, state, now)
    if isinstance(action, Wait):
        return action
    return _not_revoked(goal, refusal, state) or _given_up(goal, refusal, action)


def _wait_or_end(goal: Goal, refusal: Refusal, state: State, now: float) -> Action:
    """Wait as long as the refusal may pass; then end the goal, or skip the restore."""
    since = state.refused_since(refusal.action, refusal.kind)
    tried = 0.0 if since is None else now - since
    match refusal.kind:
        case RefusalKind.CONFLICT:
            reason = "somebody else wrote the record in between; read it again"
            return Wait(Code.LOOKING_AGAIN, reason, _CONFLICT_SECONDS)
        case RefusalKind.BUSY | RefusalKind.MISSING:
            return Wait(Code.LOOKING_AGAIN, f"{refusal.action}: the stream is busy or gone; look again")
        case RefusalKind.THROTTLED | RefusalKind.TRANSIENT:
            # The other describe call, with its own quota, can be made at once.
            other_call = refusal.kind is RefusalKind.THROTTLED and state.look_throttled
            return Wait(Code.BACKING_OFF, f"{refusal.action}: {refusal.code}; back off", 0.0 if other_call else None)
        case RefusalKind.LIMIT:
            if tried < LIMIT_SECONDS:
                return Wait(Code.RETRYING_LIMIT, f"{refusal.action}: {refusal.code}; it may pass")
            return Failed(errors.QuotaSpent(refusal, now))
        case RefusalKind.UNPROVEN:
            return _unproven(refusal, tried)
        case RefusalKind.INVALID:
            return _invalid(goal, refusal, tried)
        case (
            RefusalKind.KEY | RefusalKind.DENIED | RefusalKind.PRINCIPAL | RefusalKind.CREDENTIALS | RefusalKind.RECORD
        ):
            if tried < REFUSAL_RETRY_SECONDS:
                reason = f"{refusal.action}: {refusal.code}: {refusal.message}; it may be too new, try again"
                return Wait(Code.RETRYING_REFUSED, reason)
            return _refused_for_good(goal, refusal, state)
        case _:
            assert_never(refusal.kind)


def record_after_failure(goal: Goal, state: State, record: Record, seen: Observation | None) -> Record | None:
    """The record without the intent of a request that fails, so that no other request waits for its call.

    It says which key the stream has now, and whether the provider or somebody else gave it.

    Args:
        goal: What the request wanted.
        state: What the request remembers.
        record: The record as it was last read or written.
        seen: The last look; None where there is none that still holds.

    Returns:
        The record to write; None where the intent stays, since it is not this request's, or its call may still take
        effect.
    """
    call = state.call
    if call is None or not state.has_announced(record.pending):
        return None
    active = seen if seen and seen.stream and seen.stream.status is StreamStatus.ACTIVE else None
    if call.called_at is None:
        return _without_effect(goal, state, without_intent(record), active)
    if active is None or not call.answered or state.shown_at < call.called_at:
        return None
    return without_intent(with_current_key(record, active.current, call.called_at))


def _without_effect(goal: Goal, state: State, record: Record, active: Observation | None) -> Record:
    """Take back what the record says of a call that was not made: a mend that did not start, or a new claim."""
    if isinstance(goal, Mend) and not state.calls_made:
        return without_mend(record, began_at(state))
    return _without_new_claim(goal, record, active) if isinstance(goal, Ensure) and active else record


def _without_new_claim(goal: Ensure, record: Record, seen: Observation) -> Record:
    """Remove the claim that this request has made, if the stream is as the claim found it: it would keep others out."""
    claim, digest = record.in_force_of(goal.owner), goal.stamp.digest
    if claim is None or claim.succeeded or claim.releasing:
        return record
    is_only_request = claim.latest.digests == (digest,) and set(claim.creates) <= {digest}
    is_as_found = claim.found.is_key(seen.current) if claim.found else seen.current is None
    is_granted = any(goal.owner in grant.owners for grant in record.grants)
    return without_claim(record, goal.owner) if is_only_request and is_as_found and not is_granted else record


def _unproven(refusal: Refusal, tried: float) -> Action:
    if tried < PROOF_SECONDS:
        reason = "the data record that was put came back unencrypted; put another"
        return Wait(Code.RETRYING_VERIFY, reason, _PROOF_PAUSE_SECONDS)
    return Failed(errors.NotVerified(refusal.resource, tried))


def _invalid(goal: Goal, refusal: Refusal, tried: float) -> Action:
    if isinstance(goal, Release) and tried < INVALID_SECONDS:
        return Wait(Code.RETRYING_REFUSED, f"{refusal.action}: {refusal.code}; the stream may have just changed")
    return Failed(errors.InvalidArgument(refusal))


def _refused_for_good(goal: Goal, refusal: Refusal, state: State) -> Action:
    """Decide once waiting has not helped."""
    changed = bool(state.calls_made)
    why = f"was refused at {refusal.action} with {refusal.code}: {refusal.message}"
    if isinstance(goal, Release) and _former_key_is_refused(refusal):
        return restore_impossible("The key that the stream had before", why)
    if refusal.kind is RefusalKind.RECORD:
        if not isinstance(goal, Release):
            return Failed(errors.RecordUnavailable(refusal, goal.stream, changed=changed))
        did = "The encryption had been changed before: look at the stream." if changed else "It was left as it is."
        note = f"The record of stream {goal.stream.name} could not be read or written: {refusal.message}. {did}"
        return Reached(Code.LEFT_ALONE, "the record is unavailable, so nobody knows what to restore", note=note)
    if refusal.kind is RefusalKind.KEY and not isinstance(goal, Release):
        started = state.call.key.key_id if state.call else "that the stream has"
        key_id = goal.properties.key_id if isinstance(goal, Ensure) else started
        stream = refusal.resource if refusal.action.startswith("kinesis:") else goal.stream.name
        return Failed(errors.KeyUnusable(stream, key_id, why, changed=changed))
    grant = state.announced_grant
    if refusal.kind is RefusalKind.PRINCIPAL and grant:
        return Failed(errors.PrincipalUnknown(refusal, grant.principal, grant.direction))
    if refusal.kind is RefusalKind.CREDENTIALS:
        return Failed(errors.CredentialsExpired(refusal))
    return Failed(errors.AccessDenied(refusal))


def _not_revoked(goal: Goal, refusal: Refusal, state: State) -> SkipRevoke | None:
    """Leave a grant that AWS will not revoke, unless this very Update ends it.

    A Delete goes on, and so does a request that found another resource's grant.
    """
    grant = state.announced_grant
    if grant is None or not refusal.action.endswith((Change.REVOKE_GRANT, LIST_GRANTS)):
        return None
    if isinstance(goal, Ensure) and goal.owner in grant.owners:
        return None
    reason = f"{refusal.action} for {grant.principal} on {grant.key} was refused: {refusal.code}: {refusal.message}"
    return SkipRevoke(Code.REVOKE_SKIPPED, reason, grant)


def _former_key_is_refused(refusal: Refusal) -> bool:
    """Tell whether a Start that restores the former key was refused because of that key, not of the stream."""
    if not refusal.action.endswith(Change.START):
        return False
    if refusal.kind is RefusalKind.DENIED:
        return ":kinesis:" not in (refusal.denied_on or "")
    return refusal.kind is RefusalKind.KEY


def _given_up(goal: Goal, refusal: Refusal, end: Action) -> Action | GiveUp:
    """Let the record decide, if the goal undoes a request to which AWS has probably refused the same call.

    A refused Start or Stop means that there is something to undo. Refused credentials say nothing of it.
    """
    if not isinstance(end, Failed) or not isinstance(goal, Release) or not goal.may_be_untouched:
        return end
    if refusal.action.endswith((Change.START, Change.STOP)) or refusal.kind is RefusalKind.CREDENTIALS:
        return end
    reason = f"{refusal.action} was refused, as it may have been to the failed request"
    note = (
        f"{refusal.action} was refused: {refusal.code}. If the request that failed had changed the encryption of "
        f"stream {goal.stream.name}, it stays so: look at the stream."
    )
    return GiveUp(goal, claimed=end, unclaimed=Reached(Code.LEFT_ALONE, reason, note=note))
