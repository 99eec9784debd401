"""Rules that all goals share: wait for other calls, announce a change, make it, and wait for its effect. Pure.

A change takes two iterations. The first one writes the intent into the record. The second one, upon the same look,
makes the call: Start, Stop, or a grant's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from stream_encryption import errors
from stream_encryption.record.changes import BEGIN_SECONDS, STALE_SECONDS, PlannedCall, with_current_key, without_intent
from stream_encryption.record.values import Change, Record
from stream_encryption.values import Key, RefusalKind, Stream, StreamStatus

from .actions import Action, Call, Code, Failed, Wait, WriteRecord
from .goals import Ensure, Mend, Release, RevokeDue
from .observation import Observation
from .state import LOOK_UP, State

REFUSAL_RETRY_SECONDS = 60.0
"""How long to repeat a call that AWS refuses, in seconds: a key, policy, role or grant may have been made just now."""

EFFECT_SECONDS = 15.0
"""How long to wait until a description shows a change, before the call is made again, in seconds."""

MOST_CALLS = 3
"""How often to call a change that has no effect: each call uses up one of the stream's 25 a day."""

GoalT = TypeVar("GoalT", Ensure, Release, Mend, RevokeDue)


@dataclass(frozen=True, slots=True)
class Situation(Generic[GoalT]):
    """A goal, and an observation of its stream.

    Attributes:
        goal: What the request wants.
        stream: The stream; `Stream.gone` where a Delete finds none.
        seen: The look at it.
        state: What the request remembers, this look included.
        now: The time, in epoch seconds.
    """

    goal: GoalT
    stream: Stream
    seen: Observation
    state: State
    now: float

    @property
    def record(self) -> Record:
        """The stream's record."""
        return self.seen.record

    @property
    def record_with_current_key(self) -> Record:
        """The record, updated with the stream's key as the look showed it.

        If this request's announced call was not made, its intent is left out.
        """
        record, call = self.record, self.state.call
        if call is None or not self.state.has_announced(record.pending):
            return with_current_key(record, self.seen.current)
        if call.called_at is None:
            record = without_intent(record)  # If the stream has that key, somebody else gave it.
        return with_current_key(record, self.seen.current, call.called_at)


def wait_for_calls_in_flight(situation: Situation[GoalT]) -> Wait | None:
    """Wait while a call can be in flight, or while the last look can be older than the last change.

    The time when the look began is compared, since the record is read after the stream was described: it can
    contain a change that the description does not show.
    """
    now, looked_at = situation.now, situation.seen.now
    until = in_flight_until(situation)
    if until > looked_at:
        reason = "a call that was announced in the record can still be in flight"
        return Wait(Code.WAITING_FOR_OTHER_CALL, reason, max(0.0, until - now))
    until = situation.record.changed_at + STALE_SECONDS
    if until > looked_at and not situation.state.calls_made:  # Its own last call is waited for below.
        reason = "the encryption has just been changed, and the description can be older than that"
        return Wait(Code.POSSIBLY_STALE, reason, max(0.0, until - now))
    if _has_not_shown(situation):
        return Wait(Code.WAITING_FOR_EFFECT, "this request's own call does not show yet")
    return None


def _has_not_shown(situation: Situation[GoalT]) -> bool:
    """Tell whether this request's Start or Stop can still be missing in the description of an ACTIVE stream.

    Only the call's age counts, not its key: the request may want another key by now, since another resource can have
    changed the record.
    """
    call = situation.state.call
    if call is None or call.called_at is None or call.grant or call.effect_at is not None or situation.seen.as_wanted:
        return False
    is_active = situation.stream.status is StreamStatus.ACTIVE
    return is_active and situation.seen.now < call.called_at + STALE_SECONDS


def in_flight_until(situation: Situation[GoalT]) -> float:
    """Until when the call that the record announces can be in flight, in epoch seconds; 0 if it can't.

    Every call of another request is waited out.
    """
    intent = situation.record.pending
    if intent is None:
        return 0.0
    is_over = situation.state.has_announced(intent) and _own_call_is_over(situation)
    return 0.0 if is_over else intent.until


def _own_call_is_over(situation: Situation[GoalT]) -> bool:
    """Tell whether this request's call was not made, or AWS has answered it, or the stream is as wanted.

    No look shows a call for a grant.
    """
    call = situation.state.call
    if call is None or call.called_at is None or call.answered:
        return True
    return situation.seen.as_wanted and call.grant is None


def wait_for_active(situation: Situation[GoalT]) -> Wait | None:
    """Wait while the stream is CREATING or UPDATING."""
    stream = situation.stream
    if stream.status is StreamStatus.ACTIVE:
        return None
    reason = f"stream {stream.name} is {stream.status}; its encryption can change once it is ACTIVE"
    return Wait(Code.WAITING_FOR_ACTIVE, reason)


def record_request(record: Record) -> WriteRecord:
    """Write down that the request has come, while it has to wait: older requests of its owner change nothing more."""
    return WriteRecord(Code.REQUEST_RECORDED, "older requests of this resource are superseded", record)


def wait_until_believed(situation: Situation[GoalT]) -> Wait | None:
    """Wait while a description that is ACTIVE as wanted can be older than the last change."""
    if situation.state.stability.believed_since is not None:
        return None
    return Wait(Code.POSSIBLY_STALE, "the stream is ACTIVE as wanted, but the description can be older than the change")


def look_up_is_retried(situation: Situation[GoalT]) -> bool:
    """Tell whether KMS has refused the wanted key for less than a minute, so that the look-up is repeated."""
    since = situation.state.refused_since(LOOK_UP, RefusalKind.KEY)
    return since is not None and situation.seen.now - since < REFUSAL_RETRY_SECONDS


def fail_if_unusable(situation: Situation[GoalT], key: Key) -> Action | None:
    """Fail where KMS says that the key can't be used, before a call that needs it is made.

    A key that KMS does not know may be seconds old: its look-up is repeated for a minute.
    """
    if key.fault is None:
        return None
    if key.missing and look_up_is_retried(situation):
        return Wait(Code.RETRYING_REFUSED, f"key {key.key_id} {key.fault}, unless it was made seconds ago")
    return key_unusable(situation, key, key.fault)


def key_unusable(situation: Situation[GoalT], key: Key, why: str) -> Failed:
    """Fail, since the key can't be used for the stream; `why` is the end of a sentence."""
    changed = bool(situation.state.calls_made)
    return Failed(errors.KeyUnusable(situation.stream.arn, key.key_id, why, changed=changed))


def announce_then_call(
    situation: Situation[GoalT], planned: PlannedCall, announced: Record, if_undone: Action
) -> Action:
    """Announce a change in the record; then make the call; then wait for its effect.

    Args:
        situation: The situation.
        planned: The call.
        announced: The record to write with the intent.
        if_undone: The action if the change took effect, and somebody else undid it.
    """
    state, record, call = situation.state, situation.record, situation.state.call
    # A call that was made, unless another request has changed the stream since: then the change is made again.
    if call and call.called_at is not None and call.is_same_change(planned) and record.changed_at <= call.called_at:
        if situation.now - max(call.called_at, state.shown_at) < EFFECT_SECONDS:
            return Wait(Code.WAITING_FOR_EFFECT, f"{planned.change} was called, and does not show yet")
        if call.answered and state.shown_at >= call.called_at:
            return if_undone
        if call.times >= MOST_CALLS:
            return Failed(errors.ChangeWithoutEffect(situation.stream, planned.change, call.times))
    if may_call(situation, planned):
        return _call(situation, planned)
    reason = f"announce {planned.change} with {planned.key.key_id} before it is called"
    return WriteRecord(Code.INTENT_RECORDED, reason, announced, planned)


def may_call(situation: Situation[GoalT], planned: PlannedCall) -> bool:
    """Tell whether the record has this request's intent, at most BEGIN_SECONDS old, and the call was not tried yet."""
    call = situation.state.call
    if call is None or call.refused or call.called_at is not None or not call.is_same_change(planned):
        return False
    is_own = situation.state.has_announced(situation.record.pending)
    return is_own and situation.now - call.written_at <= BEGIN_SECONDS


def _call(situation: Situation[GoalT], planned: PlannedCall) -> Call:
    stream, starts = situation.stream, planned.change is Change.START
    has = f"the stream has key {stream.key_id}" if stream.key_id else "the stream is not encrypted"
    code = Code.START_REQUESTED if starts else Code.STOP_REQUESTED
    return Call(code, has, stream, planned.change, planned.key.key_id)
