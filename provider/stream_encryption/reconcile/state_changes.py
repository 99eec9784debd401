"""How each iteration adds to the reconcile state. Pure."""

from __future__ import annotations

from dataclasses import replace

from stream_encryption.record.changes import STALE_SECONDS, PlannedCall
from stream_encryption.record.values import Change
from stream_encryption.values import Refusal, RefusalKind, StreamStatus

from .observation import Observation
from .state import GRANT_CALLS, LOOK, LOOK_UP, OngoingRefusal, OwnCall, Stability, State

_LOOKS = (LOOK, "kinesis:DescribeStream", "dynamodb:GetItem")


def after_look(state: State, seen: Observation, now: float) -> State:
    """Add what one look at the stream showed.

    Args:
        state: The state before the look.
        seen: The look.
        now: When it ended, in epoch seconds. A call can take seconds: what the look showed is certain only since then.
    """
    refused_since = state.refused_since(LOOK_UP, RefusalKind.KEY)
    # `after_answer` forgets a refused look-up of the key. If it is still refused, it counts from its first time.
    state = after_answer(state, *_LOOKS, LOOK_UP)
    state = replace(state, throttle_level=max(0, state.throttle_level - 1), look_throttled=False)
    if seen.refused_key:
        state = _with_refusal(state, LOOK_UP, RefusalKind.KEY, now if refused_since is None else refused_since)
    if seen.stream is None:
        return state
    if seen.stream.status is not StreamStatus.ACTIVE:  # Such a look is newer than the change: no later one is stale.
        call = state.call and replace(state.call, effect_at=seen.now)
        return replace(state, call=call, stability=Stability(reached_at=state.stability.reached_at))
    return replace(state, stability=_after_active(_still_true(state, seen), seen, now))


def _still_true(state: State, seen: Observation) -> Stability:
    """Forget since when the stream is as wanted, if it was changed since then and this state does not know of that.

    Another request changed it, or a step that died: the workflow repeats a step with the state before it. Or the
    stream was deleted and created again.
    """
    stability, record, intent = state.stability, seen.record, seen.record.pending
    since = stability.stale_counted_from
    if since is None:
        return stability
    if intent and intent.until > since and not state.has_announced(intent):
        # This look may be as wanted from before the other call: count anew, and doubt only what was in doubt already.
        return Stability(possibly_stale=stability.possibly_stale, reached_at=stability.reached_at)
    # A creation that AWS's clock puts into the future says nothing: the clocks differ.
    created_since = since < record.incarnation <= seen.now
    return _doubted(stability) if created_since or record.changed_at > since else stability


def _after_active(stability: Stability, seen: Observation, now: float) -> Stability:
    if not seen.as_wanted:
        return _doubted(stability)
    stale_counted_from = now if stability.stale_counted_from is None else stability.stale_counted_from
    if stability.possibly_stale and seen.now - stale_counted_from < STALE_SECONDS:
        return replace(stability, stale_counted_from=stale_counted_from)
    believed_since = now if stability.believed_since is None else stability.believed_since
    return Stability(stale_counted_from=stale_counted_from, believed_since=believed_since, reached_at=seen.now)


def _doubted(stability: Stability) -> Stability:
    return Stability(possibly_stale=True, reached_at=stability.reached_at)


def after_intent(state: State, planned: PlannedCall, name: str, now: float) -> State:
    """Add that an intent was written, or may have been."""
    times = state.call.times if state.call and state.call.is_same_change(planned) else 0
    return replace(state, call=OwnCall(planned.change, planned.key, name, now, times=times, grant=planned.grant))


def after_call(state: State, now: float, *, answered: bool) -> State:
    """Add that the announced call was made; pauses are short again.

    Args:
        state: The state; it has an announced call.
        now: The time, in epoch seconds.
        answered: Kinesis accepted the call; False if the response was lost.
    """
    call = state.call and replace(
        state.call, called_at=now, answered=answered, effect_at=None, times=state.call.times + answered
    )
    state = after_answer(state, *((call.change,) if call else ()))
    stability = replace(_doubted(state.stability), stale_counted_from=now if answered else None)
    return replace(state, call=call, calls_made=state.calls_made + 1, stability=stability)


def after_grant_call(state: State, grant_id: str, now: float) -> State:
    """Add that the announced grant was made, or revoked.

    Args:
        state: The state; it has an announced call with a grant.
        grant_id: KMS' name for a grant that was made; empty where it was revoked; None where the response was lost.
        now: The time, in epoch seconds.
    """
    call, granted = state.call, state.granted
    if call is None or call.grant is None:
        return state
    if call.change is Change.CREATE_GRANT:
        made = replace(call.grant, grant_id=grant_id, made_at=now)
        granted = replace(granted, made=(*granted.made, made))
    else:
        granted = replace(granted, revoked=(*granted.revoked, call.grant))
    state = after_answer(state, *GRANT_CALLS)
    return replace(state, call=replace(call, called_at=now, answered=True), granted=granted)


def after_lost_call(state: State, now: float) -> State:
    """Add that the announced call may have been made; its response was lost."""
    if state.call and state.call.grant:
        return replace(state, call=replace(state.call, called_at=now))
    return after_call(state, now, answered=False)


def after_refused_call(state: State) -> State:
    """Add that AWS refused the announced call, so that it was not made."""
    return replace(state, call=state.call and replace(state.call, refused=True))


def after_resumption(state: State) -> State:
    """Add that another invocation goes on with this state.

    An invocation that died may have gone on with it before, and have made the call that the state only announces.
    """
    call = state.call
    if call is None or call.refused or call.called_at is not None:
        return state
    return after_lost_call(state, call.written_at)


def after_refusal(state: State, refusal: Refusal, now: float) -> State:
    """Add that AWS refused a call."""
    if refusal.kind in (RefusalKind.THROTTLED, RefusalKind.LIMIT):
        state = replace(state, throttle_level=state.throttle_level + 1, look_throttled=refusal.action == LOOK)
    if refusal.kind is RefusalKind.BUSY:
        state = replace(state, stability=_doubted(state.stability))
    if state.refused_since(refusal.action, refusal.kind) is not None:
        return state
    return _with_refusal(state, refusal.action, refusal.kind, now)


def _with_refusal(state: State, action: str, kind: RefusalKind, since: float) -> State:
    return replace(state, ongoing_refusals=(*state.ongoing_refusals, OngoingRefusal(action, kind, since)))


def after_answer(state: State, *actions: str) -> State:
    """Add that AWS does not refuse these calls any more; each is named as IAM spells it, or without the service."""
    return replace(
        state, ongoing_refusals=tuple(one for one in state.ongoing_refusals if not one.action.endswith(actions))
    )
