"""The reconcile state: what a request remembers of its own work on one goal, and how each step adds to it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from stream_encryption.record.changes import STALE_SECONDS
from stream_encryption.record.values import Change, RecordedKey
from stream_encryption.values import Grant, RefusalKind, StreamStatus

if TYPE_CHECKING:
    from stream_encryption.record.changes import Intent
    from stream_encryption.record.values import Record
    from stream_encryption.values import Refusal

    from .observation import Observation

LOOK_UP = "kms:DescribeKey"
LIST_GRANTS = "kms:ListGrants"
GRANT_CALLS = (Change.CREATE_GRANT, Change.REVOKE_GRANT, LIST_GRANTS)
_LOOKS = ("kinesis:DescribeStreamSummary", "kinesis:DescribeStream", "dynamodb:GetItem")


@dataclass(frozen=True, slots=True)
class PendingCall:
    """The call that this request has announced in the record, and perhaps made.

    Attributes:
        change: The call.
        key: The key of a Start or of a grant; the key that a Stop ends.
        intent: The name of the intent in the record.
        written_at: When the intent was written, in epoch seconds.
        called_at: When the call was made, in epoch seconds; None while it was not.
        answered: Kinesis said that it took the call; False while the call was not made, or its response was lost.
        effect_at: When the stream was last seen other than ACTIVE since the call, in epoch seconds; None if never.
        times: How often in a row Kinesis said that it took this very change.
        grant: The grant to create or revoke; None for a Start or Stop.
    """

    change: Change
    key: RecordedKey
    intent: str
    written_at: float
    called_at: float | None = None
    answered: bool = False
    effect_at: float | None = None
    times: int = 0
    grant: Grant | None = None

    def announces(self, intent: Intent) -> bool:
        """Tell whether this is the same change."""
        identity = (self.change, self.key, self.grant and self.grant.identity)
        return identity == (intent.change, intent.key, intent.grant and intent.grant.identity)


@dataclass(frozen=True, slots=True)
class Stability:
    """Since when the stream has been ACTIVE as wanted, and whether that can be believed.

    Attributes:
        possibly_stale: A description can be older than the last change: an ACTIVE as wanted may be an old answer.
        matching_since: Since when the descriptions say ACTIVE as wanted, or since when they can no longer be older
            than the last change, in epoch seconds; None where neither is known.
        settled_since: Since when the stream has surely been ACTIVE as wanted, in epoch seconds; None if it is not.
        reached_at: When the stream was last surely ACTIVE as wanted, in epoch seconds; None if it never was.
    """

    possibly_stale: bool = False
    matching_since: float | None = None
    settled_since: float | None = None
    reached_at: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that is refused without a break: which, what the refusal means, and since when, in epoch seconds."""

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
        waits: How many waits there were since the last call that changed something.
        waiting_for: Why the last wait was.
        throttles: How throttled the request is just now; it slows the rhythm.
        look_throttled: The last look at the stream was throttled, so the next one uses the other budget.
        call: The call that was announced last; None where none was.
        changes: How many Starts and Stops were made.
        stability: Since when the stream is as wanted.
        refused: The calls that are refused just now.
        verified: A record that was put came back encrypted.
        skipped: Why the former encryption could not be restored; None where nothing stands in the way.
        granted: What became of the grants that the request has made or revoked.
    """

    since: float
    waits: int = 0
    waiting_for: str = "nothing yet"
    throttles: int = 0
    look_throttled: bool = False
    call: PendingCall | None = None
    changes: int = 0
    stability: Stability = field(default_factory=Stability)
    refused: tuple[Refused, ...] = ()
    verified: bool = False
    skipped: str | None = None
    granted: Granted = field(default_factory=Granted)

    def refused_since(self, action: str) -> float | None:
        """Since when a call is refused without a break, in epoch seconds; None where it is not."""
        return next((one.since for one in self.refused if one.action == action), None)


def after_look(state: State, seen: Observation, now: float) -> State:
    """Add what one look at the stream showed.

    Args:
        state: The state before the look.
        seen: The look.
        now: When it ended, in epoch seconds. Calls can take seconds: the stream has surely been so since then only.
    """
    refused = tuple(one for one in state.refused if one.action not in _LOOKS and one.action != LOOK_UP)
    state = replace(state, throttles=max(0, state.throttles - 1), look_throttled=False)
    if seen.missing_key:
        since = state.refused_since(LOOK_UP)
        refused = (*refused, Refused(LOOK_UP, RefusalKind.KEY, seen.now if since is None else since))
    state = replace(state, refused=refused)
    if seen.stream is None:
        return state
    if seen.stream.status is not StreamStatus.ACTIVE:
        call = state.call and replace(state.call, effect_at=seen.now)
        return replace(state, call=call, stability=Stability(reached_at=state.stability.reached_at))
    return replace(state, stability=_after_active(_still_true(state, seen.record), seen, now))


def _still_true(state: State, record: Record) -> Stability:
    """Drop the stability from before a change that this state does not know.

    Another request made the change, or a step that died: the workflow repeats that step with the state from before it.
    """
    stability, pending, call = state.stability, record.pending, state.call
    since = stability.matching_since
    if since is None:
        return stability
    if pending and pending.until > since and (call is None or call.intent != pending.intent):
        return Stability(possibly_stale=stability.possibly_stale, reached_at=stability.reached_at)
    return _doubted(stability) if record.changed_at > since else stability


def _after_active(stability: Stability, seen: Observation, now: float) -> Stability:
    if not seen.as_wanted:
        return _doubted(stability)
    matching_since = now if stability.matching_since is None else stability.matching_since
    if stability.possibly_stale and seen.now - matching_since < STALE_SECONDS:
        return replace(stability, matching_since=matching_since, settled_since=None)
    settled_since = now if stability.settled_since is None else stability.settled_since
    return Stability(matching_since=matching_since, settled_since=settled_since, reached_at=seen.now)


def _doubted(stability: Stability) -> Stability:
    return Stability(possibly_stale=True, reached_at=stability.reached_at)


def after_intent(state: State, intent: Intent, name: str, now: float) -> State:
    """Add that an intent was written, or may have been."""
    times = state.call.times if state.call and state.call.announces(intent) else 0
    return replace(state, call=PendingCall(intent.change, intent.key, name, now, times=times, grant=intent.grant))


def after_call(state: State, now: float, *, answered: bool) -> State:
    """Add that the announced call was made, and begin to poll quickly again.

    Args:
        state: The state; it has an announced call.
        now: The time, in epoch seconds.
        answered: Kinesis said that it took the call; False where the response was lost.
    """
    call = state.call and replace(
        state.call, called_at=now, answered=answered, effect_at=None, times=state.call.times + answered
    )
    stability = replace(_doubted(state.stability), matching_since=now if answered else None)
    refused = tuple(one for one in state.refused if call and not one.action.endswith(call.change))
    return replace(state, call=call, changes=state.changes + 1, waits=0, stability=stability, refused=refused)


def after_grant_call(state: State, grant_id: str | None, now: float) -> State:
    """Add that the announced grant was made, or revoked.

    Args:
        state: The state; it has an announced call with a grant.
        grant_id: KMS' name for a grant that was made; empty where it was revoked; None where the response was lost.
        now: The time, in epoch seconds.
    """
    call, granted = state.call, state.granted
    if call is None or call.grant is None or grant_id is None:
        return replace(state, call=call and replace(call, called_at=now), waits=0)
    if call.change is Change.CREATE_GRANT:
        made = replace(call.grant, grant_id=grant_id, made_at=now)
        granted = replace(granted, made=(*granted.made, made))
    else:
        granted = replace(granted, revoked=(*granted.revoked, call.grant))
    refused = tuple(one for one in state.refused if not one.action.endswith(GRANT_CALLS))
    return replace(state, call=replace(call, called_at=now, answered=True), granted=granted, refused=refused, waits=0)


def after_refusal(state: State, refusal: Refusal, now: float) -> State:
    """Add that AWS refused a call."""
    if refusal.kind in (RefusalKind.THROTTLED, RefusalKind.LIMIT):
        look = refusal.action == "kinesis:DescribeStreamSummary"
        state = replace(state, throttles=state.throttles + 1, look_throttled=look)
    if refusal.kind is RefusalKind.BUSY:
        state = replace(state, stability=_doubted(state.stability))
    others = tuple(one for one in state.refused if one.action != refusal.action)
    same = next((one for one in state.refused if (one.action, one.kind) == (refusal.action, refusal.kind)), None)
    return replace(state, refused=(*others, same or Refused(refusal.action, refusal.kind, now)))
