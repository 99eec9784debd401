"""The decision for a mend of the watch. Pure.

The rules are asked in order. A rule that has nothing to do returns None; the first action is taken.
"""

from __future__ import annotations

from stream_encryption import errors
from stream_encryption.record.changes import MOST_MENDS, PlannedCall, recent_mends, with_mend, without_intent
from stream_encryption.record.values import Change, RecordedKey
from stream_encryption.values import StreamStatus

from .actions import Action, Code, Failed, Reached
from .goals import Mend
from .observation import Observation
from .situation import (
    Situation,
    announce_then_call,
    key_unusable,
    wait_for_active,
    wait_for_calls_in_flight,
    wait_until_believed,
)
from .state import State


def decide_mend(goal: Mend, seen: Observation, state: State, now: float) -> Action:
    """Choose the next action of a mend."""
    stream = seen.stream
    if stream is None:
        return Failed(errors.StreamNotFound(goal.stream, goal.owner.place, changed=bool(state.calls_made)))
    if stream.status is StreamStatus.DELETING:
        return Failed(errors.StreamBeingDeleted(stream))
    situation = Situation(goal, stream, seen, state, now)
    return (
        _fail_if_superseded(situation)
        or _fail_if_key_unusable(situation)
        or wait_for_calls_in_flight(situation)
        or wait_for_active(situation)
        or _start_encryption(situation)
        or wait_until_believed(situation)
        or _succeed(situation)
    )


def _fail_if_superseded(situation: Situation[Mend]) -> Failed | None:
    """Fail unless the claim that the watch read is still in force, and its request has succeeded."""
    goal, claim = situation.goal, situation.record.in_force_of(situation.goal.owner)
    if claim and claim.releasing is None and claim.is_settled and claim.succeeded == goal.stamp.digest:
        return None
    return Failed(errors.Superseded(situation.stream, goal.owner))


def _fail_if_key_unusable(situation: Situation[Mend]) -> Failed | None:
    """Fail where KMS says that the key can't encrypt the stream."""
    key = situation.seen.wanted
    if key is None or key.fault is None or situation.seen.as_wanted:
        return None
    return key_unusable(situation, key, key.fault)


def _start_encryption(situation: Situation[Mend]) -> Action | None:
    """Start the encryption with the wanted key, unless others have undone too many mends of late."""
    wanted, goal = situation.seen.wanted, situation.goal
    if situation.seen.as_wanted or wanted is None:
        return None
    planned = PlannedCall(Change.START, RecordedKey.to_start(wanted), goal.stamp)
    if_undone = Failed(errors.ChangedBySomeoneElse(situation.stream, wanted.key_id))
    announced = situation.record_with_current_key
    mends = recent_mends(announced, situation.now)
    if not _is_counted(situation, mends):
        if len(mends) >= MOST_MENDS:
            return Failed(errors.Contested(situation.stream, len(mends)))
        announced = with_mend(announced, began_at(situation.state), situation.now)
    return announce_then_call(situation, planned, announced, if_undone)


def _is_counted(situation: Situation[Mend], mends: tuple[float, ...]) -> bool:
    """Tell whether the record counts this Start already: a mend counts once, however often its Start is announced.

    The step of a mend that died is repeated with the state before it, so only the record knows of its announcement. If
    the record has no intent of it any more, the Start was made: another Start, since others have undone it, counts too.
    """
    intent = situation.record.pending
    is_announced = situation.state.call or (intent and intent.request == situation.goal.stamp.digest)
    return bool(is_announced) and began_at(situation.state) in mends


def began_at(state: State) -> float:
    """When a mend began, in epoch seconds. The record names it so, with the milliseconds that the table keeps."""
    return round(state.since, 3)


def _succeed(situation: Situation[Mend]) -> Action:
    """End the intent. Where nothing was changed there is nothing to write."""
    if not situation.state.calls_made:
        return Reached(Code.LEFT_ALONE, "the stream is as wanted already")
    return Reached(Code.MENDED, "ACTIVE with the wanted key again", without_intent(situation.record_with_current_key))
