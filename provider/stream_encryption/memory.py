"""What is remembered from one step to the next, and how each step adds to it. Pure, and small enough to hand over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .model import Change, Ensure, Refusal, RefusalKind, Seen, Start, Stop, StreamStatus

if TYPE_CHECKING:
    from .model import Goal, Owner

TRUST_SECONDS = 5.0
"""How long after our own Start an ACTIVE that was never preceded by UPDATING may be an old answer, in seconds.

Descriptions are eventually consistent: right after StartStreamEncryption one can still say ACTIVE."""

_LOOKS = ("kinesis:DescribeStreamSummary", "kinesis:ListTagsForStream", "kms:DescribeKey")


@dataclass(frozen=True, slots=True)
class Asked:
    """The last change that was asked of Kinesis.

    Attributes:
        change: The action's name (`Start`, `Remember`, …).
        key_id: The key that a Start is for.
        at: When, in epoch seconds.
        times: How often Kinesis said that it took the call, in a row.
        sure: It said so of the last one; False where the answer was lost.
        effect_at: When the stream was last seen UPDATING since; None if it never was.
    """

    change: str
    key_id: str | None
    at: float
    times: int = 1
    sure: bool = True
    effect_at: float | None = None


@dataclass(frozen=True, slots=True)
class Limited:
    """A limit that refuses a call: which, and since when without a break, in epoch seconds."""

    action: str
    since: float


@dataclass(frozen=True, slots=True)
class Memory:
    """What a request remembers of its own work on one goal.

    Attributes:
        since: When the work began, in epoch seconds.
        looks: How often the stream was looked at.
        waits: How many waits there were since something last changed.
        waiting_for: Why the last wait was.
        throttles: How throttled we are just now; slows the rhythm.
        owned: Our record was seen on the stream.
        former: The owner that our record, when seen, said the stream was taken over from; None if from nobody.
        overtaken: A later request was seen to have called this one off.
        asked: The last change that was asked for.
        unmarked: The stream has no room for the mark that calls earlier requests off.
        writes: How often tags were surely written.
        changes: How many Starts and Stops were asked for.
        found: The KeyId that the stream had before the first of them, or once overtaken, the last one that was put
            back; None: not encrypted.
        doubted: The stream was last known to be other than ACTIVE as wanted, and was not seen UPDATING since: an ACTIVE
            as wanted may be half an old answer.
        shown_since: Since when an ACTIVE as wanted is waited upon, to be believed in spite of that: since one was first
            seen, or since a Start or Stop of our own was surely taken; None if neither.
        suspected: Another delivery of this request was taken to have made the Start.
        settling_since: Since when the stream is ACTIVE and as wanted, without a break; None if it is not.
        reached_at: When the stream was last seen ACTIVE and as wanted; None if it never was.
        limited: The limit that refuses a call; None if none does.
        invalid_since: Since when calls are refused as invalid; None if none was.
        unproven_since: Since when records come back unencrypted; None if none did.
        verified: A record that was put came back encrypted.
        conceded: Why the state before could not be brought back; None if nothing stands in the way.
    """

    since: float
    looks: int = 0
    waits: int = 0
    waiting_for: str = "nothing yet"
    throttles: int = 0
    owned: bool = False
    former: Owner | None = None
    overtaken: bool = False
    asked: Asked | None = None
    unmarked: bool = False
    writes: int = 0
    changes: int = 0
    found: str | None = None
    doubted: bool = False
    shown_since: float | None = None
    suspected: bool = False
    settling_since: float | None = None
    reached_at: float | None = None
    limited: Limited | None = None
    invalid_since: float | None = None
    unproven_since: float | None = None
    verified: bool = False
    conceded: str | None = None


def after_seeing(memory: Memory, goal: Goal, seen: Seen) -> Memory:
    """Add what one look showed."""
    memory = replace(memory, looks=memory.looks + 1, throttles=max(0, memory.throttles - 1))
    if memory.limited and memory.limited.action in _LOOKS:
        memory = replace(memory, limited=None)
    if seen.tags is not None:
        cancelled = isinstance(goal, Ensure) and seen.tags.calls_off(goal)
        memory = replace(memory, overtaken=memory.overtaken or cancelled)
        if seen.tags.ownership and seen.tags.owned_by(goal.owner):
            predecessor = seen.tags.ownership.predecessor
            memory = replace(memory, owned=True, former=predecessor.owner if predecessor else None)
    if seen.stream is None:
        return memory
    if seen.stream.status is not StreamStatus.ACTIVE:
        asked = memory.asked and replace(memory.asked, effect_at=seen.now)
        return replace(memory, asked=asked, doubted=False, shown_since=None, settling_since=None)
    if not seen.as_wanted:
        return _doubting(replace(memory, settling_since=None))
    if _begun_elsewhere(memory, goal, seen):
        memory = _doubting(replace(memory, suspected=True, settling_since=None))
    shown_since = seen.now if memory.shown_since is None else memory.shown_since
    if memory.doubted and seen.now - shown_since < TRUST_SECONDS:
        return replace(memory, shown_since=shown_since, settling_since=None)
    settling_since = seen.now if memory.settling_since is None else memory.settling_since
    return replace(memory, doubted=False, settling_since=settling_since, reached_at=seen.now)


def _doubting(memory: Memory) -> Memory:
    return replace(memory, doubted=True, shown_since=None)


def after_acting(memory: Memory, change: Change, now: float, *, sure: bool = True) -> Memory:
    """Add that a change was asked for, and begin to poll quickly again."""
    name, key_id = type(change).__name__, change.key_id if isinstance(change, Start) else None
    asked = memory.asked
    times = asked.times if asked and (asked.change, asked.key_id) == (name, key_id) else 0
    memory = replace(memory, asked=Asked(name, key_id, now, times + sure, sure), waits=0, limited=None)
    if not isinstance(change, Start | Stop):
        return replace(memory, writes=memory.writes + sure)
    found = memory.found if memory.changes else change.stream.key_id
    if memory.overtaken:
        found = key_id
    memory = _doubting(replace(memory, changes=memory.changes + 1, found=found))
    # Kinesis took it by now: who looks TRUST_SECONDS later is shown what came of it, be it for the first time.
    return replace(memory, shown_since=now) if sure else memory


def after_refusal(memory: Memory, refusal: Refusal, now: float) -> Memory:
    """Add that AWS refused a call."""
    if refusal.kind is RefusalKind.THROTTLED:
        return replace(memory, throttles=memory.throttles + 1)
    if refusal.kind is RefusalKind.LIMIT:
        same = memory.limited is not None and memory.limited.action == refusal.action
        limited = memory.limited if same else Limited(refusal.action, now)
        return replace(memory, throttles=memory.throttles + 1, limited=limited)
    if refusal.kind is RefusalKind.BUSY:
        return _doubting(memory)
    if refusal.kind is RefusalKind.UNPROVEN:
        return replace(memory, unproven_since=now if memory.unproven_since is None else memory.unproven_since)
    if refusal.kind is RefusalKind.INVALID:
        return replace(memory, invalid_since=now if memory.invalid_since is None else memory.invalid_since)
    return memory


def _begun_elsewhere(memory: Memory, goal: Goal, seen: Seen) -> bool:
    """Whether another delivery of this very request is at work, or died: its Start may be moments old.

    It is told by a stream that is as the request wants it, and was put down for it, without a Start that we know of.
    Where it was so before, and we put it down ourselves, nobody began anything.
    """
    found_so = memory.reached_at is not None and memory.asked is not None
    known = memory.suspected or memory.changes or found_so
    if known or seen.tags is None or not isinstance(goal, Ensure):
        return False
    return seen.tags.owned_by(goal.owner) and seen.tags.demanded_at == goal.issued_at
