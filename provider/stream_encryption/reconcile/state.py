"""The reconcile state: what a request remembers of its own work on one goal, and how each step adds to it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from stream_encryption.record.changes import STALE_SECONDS, PlannedCall
from stream_encryption.record.values import Change, Intent, RecordedKey
from stream_encryption.values import Grant, Refusal, RefusalKind, StreamStatus

from .observation import Observation

LOOK_UP = "kms:DescribeKey"
LIST_GRANTS = "kms:ListGrants"
GRANT_CALLS = (Change.CREATE_GRANT, Change.REVOKE_GRANT, LIST_GRANTS)
LOOK = "kinesis:DescribeStreamSummary"
WRITE, PROOF = "dynamodb:PutItem", "kinesis:PutRecord"
_LOOKS = (LOOK, "kinesis:DescribeStream", "dynamodb:GetItem")


@dataclass(frozen=True, slots=True)
class OwnCall:
    """This request's last announced call, and what became of it.

    Attributes:
        change: The call.
        key: The key of a Start or of a grant; the key that a Stop ends.
        intent_id: The name of the intent in the record.
        written_at: When the intent was written, in epoch seconds.
        called_at: When the call was made, in epoch seconds; None while it was not, or if AWS refused it.
        answered: Kinesis accepted the call; False if the call was not made, or its response was lost.
        effect_at: When the stream was last seen other than ACTIVE since the call, in epoch seconds; None if never.
        refused: AWS refused the call. The next try has an intent of its own.
        times: How often in a row Kinesis said that it took this very change.
        grant: The grant to create or revoke; None for a Start or Stop.
    """

    change: Change
    key: RecordedKey
    intent_id: str
    written_at: float
    called_at: float | None = None
    answered: bool = False
    effect_at: float | None = None
    refused: bool = False
    times: int = 0
    grant: Grant | None = None

    def is_same_change(self, planned: PlannedCall) -> bool:
        """Tell whether this is the same change."""
        identity = (self.change, self.key, self.grant and self.grant.identity)
        return identity == (planned.change, planned.key, planned.grant and planned.grant.identity)


@dataclass(frozen=True, slots=True)
class Stability:
    """Since when the stream has been ACTIVE as wanted, and whether the descriptions can be believed.

    Attributes:
        possibly_stale: A description can be older than the last change.
        stale_counted_from: From when STALE_SECONDS count, after which a description is believed: the answered call, or
            else the first look that was ACTIVE as wanted; in epoch seconds; None if there was neither.
        believed_since: Since when the stream has certainly been ACTIVE as wanted, in epoch seconds; None if it is not.
        reached_at: When the stream was last certainly ACTIVE as wanted, in epoch seconds; None if it never was.
    """

    possibly_stale: bool = False
    stale_counted_from: float | None = None
    believed_since: float | None = None
    reached_at: float | None = None


@dataclass(frozen=True, slots=True)
class OngoingRefusal:
    """A call that AWS has refused ever since a time, in epoch seconds."""

    action: str
    kind: RefusalKind
    since: float


@dataclass(frozen=True, slots=True)
class Granted:
    """The grants that a request has made, those that it has revoked, and those that AWS would not revoke."""

    made: tuple[Grant, ...] = ()
    revoked: tuple[Grant, ...] = ()
    unrevoked: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """What a request remembers of its own work on one goal.

    Attributes:
        since: When the work began, in epoch seconds.
        waiting_for: The reason of the last wait.
        throttle_level: One more for each throttled call, one less for each look; pauses are longer unless it is 0.
        look_throttled: The last look was throttled, so the next one uses the other describe call.
        call: The call that was announced last; None where none was.
        calls_made: How many Starts and Stops were made.
        stability: Since when the stream is as wanted.
        ongoing_refusals: The calls that AWS keeps refusing.
        verified: A data record that was put came back encrypted.
        skipped: Why the former encryption could not be restored; None where nothing stands in the way.
        granted: What became of the grants that the request has made or revoked.
    """

    since: float
    waiting_for: str = "nothing yet"
    throttle_level: int = 0
    look_throttled: bool = False
    call: OwnCall | None = None
    calls_made: int = 0
    stability: Stability = field(default_factory=Stability)
    ongoing_refusals: tuple[OngoingRefusal, ...] = ()
    verified: bool = False
    skipped: str | None = None
    granted: Granted = field(default_factory=Granted)

    @property
    def shown_at(self) -> float:
        """When the stream last showed this request's change, in epoch seconds: not ACTIVE, or as wanted; 0 if never."""
        effect_at = self.call.effect_at if self.call else None
        return max(effect_at or 0.0, self.stability.reached_at or 0.0)

    @property
    def announced_grant(self) -> Grant | None:
        """The grant of the call that was announced last; None where that was no call for a grant."""
        return self.call.grant if self.call else None

    def has_announced(self, intent: Intent | None) -> bool:
        """Tell whether an intent in the record is this request's own."""
        return intent is not None and self.call is not None and self.call.intent_id == intent.intent_id

    def refused_since(self, action: str, kind: RefusalKind) -> float | None:
        """Since when AWS has refused a call for this kind of reason, in epoch seconds; None if it does not."""
        same = (one.since for one in self.ongoing_refusals if (one.action, one.kind) == (action, kind))
        return next(same, None)


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
        return replace(stability, stale_counted_from=stale_counted_from, believed_since=None)
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
