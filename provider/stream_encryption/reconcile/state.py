"""The reconcile state: what a request remembers of its own work on one goal."""

from __future__ import annotations

from dataclasses import dataclass, field

from stream_encryption.grants import Grant
from stream_encryption.record.changes import PlannedCall
from stream_encryption.record.values import Change, Intent, RecordedKey
from stream_encryption.values import RefusalKind

LOOK_UP = "kms:DescribeKey"
LIST_GRANTS = "kms:ListGrants"
GRANT_CALLS = (Change.CREATE_GRANT, Change.REVOKE_GRANT, LIST_GRANTS)
LOOK = "kinesis:DescribeStreamSummary"
WRITE, PROOF = "dynamodb:PutItem", "kinesis:PutRecord"


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
    def changes(self) -> int:
        """How many Starts, Stops, CreateGrants and RevokeGrants were made."""
        return self.calls_made + len(self.granted.made) + len(self.granted.revoked)

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
