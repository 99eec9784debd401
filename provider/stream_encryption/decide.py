"""The decision: what is wanted, what was seen and what is remembered make the next action, and why.

Pure functions over frozen values: no clock, no AWS, no logger. Each branch is a row of the table in
docs/reference.md. Every action is followed by a new look, so that only one thing is decided at a time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from . import errors
from .memory import TRUST_SECONDS
from .model import (
    Action,
    Attributes,
    Cancel,
    Concede,
    Demand,
    Ensure,
    Failed,
    Forget,
    Goal,
    OnDelete,
    Owner,
    Ownership,
    Predecessor,
    Refusal,
    RefusalKind,
    Release,
    Remember,
    Seen,
    Settled,
    Start,
    Stop,
    Stream,
    StreamStatus,
    Sweep,
    Tags,
    Unseen,
    Verify,
    Wait,
)
from .ownership import MAX_VALUE, REQUEST_SECONDS

if TYPE_CHECKING:
    from .memory import Memory
    from .model import Change, Key

GRACE_SECONDS = 15.0
"""How long a change that was asked for may take to show, before it is asked for again, in seconds."""

MOST_WRITES = 10
"""How often tags are written for one goal, which takes three writes at the most, unless somebody undoes them."""

MOST_ASKED = 3
"""How often a change is asked for that has no effect: each Start and Stop costs a part of the day's 25."""

LIMIT_SECONDS = 120.0
"""How long a limit that does not call itself a rate is given to pass, in seconds."""

PROOF_SECONDS = 60.0
"""How long records may come back unencrypted, in seconds."""


def decide(goal: Goal, seen: Seen | Unseen, memory: Memory) -> Action:
    """Choose the next action.

    Args:
        goal: What the request wants.
        seen: One look at the stream, or the call that AWS refused.
        memory: What was remembered so far, this look included.

    Returns:
        The action, with its reason. Settled and Failed end the goal.
    """
    if isinstance(seen, Unseen):
        return _refused(goal, seen, memory)
    if isinstance(goal, Ensure):
        return _ensure(goal, seen, memory)
    if isinstance(goal, Sweep):
        return _sweep(goal, seen, memory)
    return _release(goal, seen, memory)


def target(goal: Ensure | Release, stream: Stream, ownership: Ownership | None) -> str | None:
    """The KeyId that the goal wants the stream to have; None: not encrypted.

    A stream that was taken over goes back to its former owner with the key that it had then: that owner may
    still count on it (a renamed resource whose update is rolled back), and if it is gone, its own Delete has
    struck it from the record.
    """
    if isinstance(goal, Ensure):
        return goal.key_id
    former = ownership.predecessor.owner if ownership and ownership.predecessor else None
    # Of the same stack: a renamed resource that is rolled back, whatever is to come of the stream later.
    if goal.on_delete is OnDelete.KEEP and (former is None or former.stack_id != goal.owner.stack_id):
        return stream.key_id
    if ownership is None or (goal.on_delete is OnDelete.STOP and ownership.predecessor is None):
        return None
    return found_by(ownership)


def found_by(ownership: Ownership) -> str | None:
    """The KeyId that the owner found when it came to the stream; None: not encrypted."""
    return ownership.predecessor.key_id if ownership.predecessor else ownership.before


def _ensure(goal: Ensure, seen: Seen, memory: Memory) -> Action:
    stream, tags = seen.stream, seen.tags
    if stream is None:
        return Failed(errors.StreamNotFound(goal.stream, goal.owner.place))
    if stream.status is StreamStatus.DELETING:
        return Failed(errors.StreamBeingDeleted(stream))
    other = _another_stacks(goal, tags)
    if other and not goal.takeover and not memory.changes:
        return Failed(errors.OwnedByAnotherStack(stream, other))
    if tags is not None and tags.is_newer_than(goal):
        return _give_way(goal, stream, tags, seen, memory)
    if tags is not None and _called_off(goal, tags, seen, memory):
        return _withdraw(goal, stream, tags, seen, memory)
    if seen.wanted and seen.wanted.fault and not seen.as_wanted:
        return Failed(errors.KeyUnusable(stream.arn, goal.key_id, seen.wanted.fault))
    if stream.status is not StreamStatus.ACTIVE or tags is None:
        return Wait(f"stream {stream.name} is {stream.status}; its encryption can change once it is ACTIVE")
    if not tags.owned_by(goal.owner):
        return _claim(goal, stream, tags, seen, memory)
    return _make_so(goal, stream, tags, seen, memory)


def _make_so(goal: Ensure, stream: Stream, tags: Tags, seen: Seen, memory: Memory) -> Action:
    """The stream is ours: write down what is wanted of it from now on, and see that it is.

    What is written there is older, or of the very second: an Update and its rollback may share one.
    """
    demand = _demand(goal, seen)
    if tags.ownership and tags.ownership.demand != demand and (seen.rekeyed or not seen.as_wanted):
        renewed = replace(tags.ownership, demand=demand)
        change = Remember(stream, renewed, "record what is wanted now, and since when", tags.keys)
        return _ask(change, stream, seen, memory)
    if not seen.as_wanted:
        return _start(goal, stream, seen, memory)
    return _settle(goal, stream, tags, seen, memory)


def _called_off(goal: Ensure, tags: Tags, seen: Seen, memory: Memory) -> bool:
    """Whether the resource's Delete gave the stream up: it says so, or our record was there and is gone."""
    if memory.overtaken or tags.owned_by(goal.owner):
        return memory.overtaken
    asked = memory.asked
    wrote = asked and asked.sure and asked.change == Remember.__name__ and seen.now - asked.at >= GRACE_SECONDS
    return memory.owned or bool(wrote)


def _another_stacks(goal: Ensure, tags: Tags | None) -> Owner | None:
    owner = tags.ownership.owner if tags and tags.ownership else None
    return owner if owner and owner.stack_id != goal.owner.stack_id else None


def _withdraw(goal: Ensure, stream: Stream, tags: Tags, seen: Seen, memory: Memory) -> Action:
    """The resource's Delete called this request off: take back what it may have missed, and leave the rest to it.

    It undoes what it finds. What it can't find is a change of ours that was on its way meanwhile: a record that came
    after its look, or a Start that came after it had taken the record away.
    """
    if stream.status is not StreamStatus.ACTIVE:
        return Wait(f"stream {stream.name} is {stream.status}, and this request was called off")
    overtaken = Failed(errors.Overtaken(stream, goal.owner))
    if tags.owned_by(goal.owner):
        return _take_back(goal, stream, tags, seen, memory)
    left = tags.ownership is None or tags.ownership.owner == memory.former
    # Found as it is: what we did was to take back what another delivery of this request had done, and may not show yet.
    ours = memory.changes and memory.found != stream.key_id and not _was_found(tags, memory)
    if memory.overtaken and ours and seen.as_wanted and left:
        reason = "this request was called off, and its Start came too late to be found"
        return _ask(_put_back(stream, memory.found, reason), stream, seen, memory, overtaken)
    return _once_quiet(overtaken, seen, memory)


def _was_found(tags: Tags, memory: Memory) -> bool:
    """Whether our Start was taken long before the Delete was issued: then what the stream has was left there by it."""
    asked = memory.asked
    if asked is None or asked.change != Start.__name__ or not asked.sure:
        return False
    return asked.at + TRUST_SECONDS < (tags.cancelled_at or 0)


def _take_back(goal: Ensure, stream: Stream, tags: Tags, seen: Seen, memory: Memory) -> Action:
    """Our record is still there: it was put too late to be found, or whoever called us off is not through yet.

    Whoever made the last Start may have died over it, or have given the stream back to an owner that has gone since:
    so it is told by the key that the stream has.
    """
    found = found_by(tags.ownership) if tags.ownership else None
    as_found = (seen.current and seen.current.identity) == (seen.instead and seen.instead.identity)
    if not as_found and not (seen.instead and seen.instead.fault):
        undo = _put_back(stream, found, "this request was called off")
        return _ask(undo, stream, seen, memory, Failed(errors.Overtaken(stream, goal.owner)))
    give_back = _ask(_give_back(goal, stream, tags, "this request was called off"), stream, seen, memory)
    quiet = seen.now - memory.since
    if quiet < TRUST_SECONDS:
        return Wait("a Start of another delivery of this request may not show yet", TRUST_SECONDS - quiet)
    return _once_quiet(give_back, seen, memory)


def _put_back(stream: Stream, key_id: str | None, reason: str) -> Start | Stop:
    return Start(stream, key_id, reason) if key_id else Stop(stream, stream.key_id or "", reason)


def _give_way(goal: Ensure, stream: Stream, tags: Tags, seen: Seen, memory: Memory) -> Action:
    """A later request has the stream. It may be through with it: so no Start of this older one may come after it.

    Whoever made that Start may have died over it: so it is told by the key that the stream has. Where a Delete is
    about to put that very key back, it is no Start of ours.
    """
    if stream.status is not StreamStatus.ACTIVE:
        return Wait(f"stream {stream.name} is {stream.status}, and a later request has it")
    overtaken = Failed(errors.Overtaken(stream, goal.owner))
    instead = seen.instead
    late = seen.as_wanted and seen.wanted and instead and seen.wanted.identity != instead.identity
    if late and instead and not instead.fault and not tags.ending:
        reason = "a later request wants this key, and a Start of this one came after it"
        return _ask(Start(stream, instead.key_id, reason), stream, seen, memory, overtaken)
    return _once_quiet(overtaken, seen, memory)


def _once_quiet(action: Action, seen: Seen, memory: Memory) -> Action:
    """Do this once a Start of our own that may not show yet, or be on its way still, would have shown."""
    asked = memory.asked
    quiet = seen.now - asked.at if asked and asked.change == Start.__name__ else TRUST_SECONDS
    if quiet < TRUST_SECONDS:
        return Wait("a Start of this request may not show yet", TRUST_SECONDS - quiet)
    return action


def _claim(goal: Ensure, stream: Stream, tags: Tags, seen: Seen, memory: Memory) -> Action:
    """Put our record on the stream before anything else: whoever finds it can undo what comes next."""
    record = tags.ownership
    leftovers = _ours(tags, goal.issued_at)
    if record is None and leftovers:
        return _ask(Forget(stream, leftovers, "what is left of an earlier record is in the way"), stream, seen, memory)
    current = _recordable(seen.stream.key_id if seen.stream else None, seen.current)
    if record:
        since = record.demand.issued_at if record.demand else None
        ownership = Ownership(goal.owner, record.before, Predecessor(record.owner, current, record.predecessor, since))
        reason = f"take the stream over from {record.owner.logical_id}"
    elif seen.evidence:
        ownership = Ownership(goal.owner, None)
        reason = "the tags are gone, and the key is the one that this resource gave"
    else:
        ownership = Ownership(goal.owner, current)
        reason = "record the state before"
    ownership = replace(ownership, demand=_demand(goal, seen))
    return _ask(Remember(stream, ownership, reason, tags.keys), stream, seen, memory)


def _demand(goal: Ensure, seen: Seen) -> Demand:
    key_id = _recordable(goal.key_id, seen.wanted)
    return Demand(goal.issued_at, key_id if key_id and len(key_id) <= MAX_VALUE else None)


def _recordable(key_id: str | None, key: Key | None) -> str | None:
    """A KeyId in a spelling that fits into a tag, where there is one."""
    return key.arn if key_id and len(key_id) > MAX_VALUE and key and key.arn else key_id


def _start(goal: Ensure, stream: Stream, seen: Seen, memory: Memory) -> Action:
    reason = f"the stream has key {stream.key_id}" if stream.key_id else "the stream is not encrypted"
    lost = Failed(errors.ChangedBySomeoneElse(stream, goal.key_id))
    return _ask(Start(stream, goal.key_id, reason), stream, seen, memory, lost)


def _settle(goal: Ensure, stream: Stream, tags: Tags, seen: Seen, memory: Memory) -> Action:
    if memory.settling_since is None:
        return Wait("the stream is ACTIVE, perhaps still from before the change")
    left = memory.settling_since + goal.settle_seconds - seen.now
    if left > 0:
        return Wait(f"ACTIVE with the wanted key; settling for {goal.settle_seconds} s", left)
    if goal.verify and not memory.verified:
        return Verify(stream, "Verify is true")
    done = "encryption was started" if memory.changes else "nothing had to change"
    before = tags.ownership.before if tags.ownership else None
    key_arn = (seen.wanted.arn or seen.wanted.identity) if seen.wanted else ""
    return Settled(f"ACTIVE with the wanted key; {done}", Attributes(stream, key_arn, before))


def _release(goal: Release, seen: Seen, memory: Memory) -> Action:
    stream, tags = seen.stream, seen.tags
    if stream is None:
        return Settled(f"stream {goal.stream.name} does not exist any more")
    if stream.status is StreamStatus.DELETING:
        return Settled(f"stream {stream.name} is being deleted")
    if tags is not None and tags.owned_by(goal.owner) and tags.is_newer_than(goal):
        return Settled(f"left alone: a later request of {goal.owner.logical_id} has the stream")
    if tags is not None and not tags.owned_by(goal.owner) and not _unrecorded(goal, tags, memory):
        return _leave_alone(goal, stream, tags, seen, memory)
    if stream.status is not StreamStatus.ACTIVE or tags is None:
        return Wait(f"stream {stream.name} is {stream.status}; its encryption can change once it is ACTIVE")
    at_it = memory.changes and not memory.owned
    if not tags.owned_by(goal.owner) and not seen.evidence and not at_it:
        return _leave_alone(goal, stream, tags, seen, memory)
    return _give_up(goal, stream, tags, seen, memory)


def _give_up(goal: Release, stream: Stream, tags: Tags, seen: Seen, memory: Memory) -> Action:
    mine = tags.owned_by(goal.owner)
    undone = seen.as_wanted or memory.conceded is not None
    looks_ours = undone and seen.evidence and goal.on_delete is not OnDelete.KEEP
    recent = goal.issued_at - tags.demanded_at < REQUEST_SECONDS
    if mine and (goal.overtaking or looks_ours or recent) and not _marked(tags, goal, memory):
        mark = Cancel(stream, goal.owner, goal.issued_at, "so that no request of this resource comes after it")
        return _ask(mark, stream, seen, memory)
    if not undone:
        return _undo(goal, stream, tags, seen, memory)
    if memory.settling_since is None and memory.conceded is None:
        return Wait("the stream is ACTIVE, perhaps still from before the change")
    if not mine:
        return _leave_alone(goal, stream, tags, seen, memory)
    quiet = seen.now - (memory.settling_since or 0)
    if goal.overtaking and not memory.changes and quiet < TRUST_SECONDS:
        return Wait("a Start of the request that was called off may not show yet", TRUST_SECONDS - quiet)
    return _ask(_give_back(goal, stream, tags, "the stream is as wanted"), stream, seen, memory)


def _unrecorded(goal: Release, tags: Tags, memory: Memory) -> bool:
    """Whether the stream may be this resource's although it bears no record: somebody may have removed it.

    So may we: just now, or when this Delete, or one before it that was never answered, was carried out. Then it left
    its mark where that could mislead; and who claims the stream anew removes the mark first.
    """
    removed = memory.asked is not None and memory.asked.change == Forget.__name__
    marked = tags.cancelled_at is not None
    return goal.evidence_key is not None and tags.ownership is None and not removed and not marked


def _marked(tags: Tags, goal: Release, memory: Memory) -> bool:
    """Whether earlier requests are called off already, or can't be, for want of room."""
    return memory.unmarked or tags.calls_off(goal)


def _leave_alone(goal: Release, stream: Stream, tags: Tags, seen: Seen, memory: Memory) -> Action:
    """The stream is not this resource's: no encryption is changed, only what still names this resource is struck."""
    record = tags.ownership
    former = bool(tags.former_keys) and tags.former_at <= goal.issued_at
    if (goal.overtaking or former) and not _marked(tags, goal, memory):
        mark = Cancel(stream, goal.owner, goal.issued_at, "an earlier request may still be at work")
        return _ask(mark, stream, seen, memory)
    if former:
        reason = f"{goal.owner.logical_id} is gone: the stream need not be given back to it"
        return _ask(Forget(stream, tags.former_keys, reason), stream, seen, memory)
    if tags.keys and not tags.foreign:
        return _ask(Forget(stream, tags.keys, "what is left of our record"), stream, seen, memory)
    quiet = seen.now - (memory.asked.at if memory.asked else memory.since)
    if goal.overtaking and not memory.owned and quiet < TRUST_SECONDS:
        return Wait("what the request that was called off did may not show yet", TRUST_SECONDS - quiet)
    sweep = Sweep(goal.stream, goal.owner, goal.issued_at) if tags.calls_off(goal) else None
    if memory.owned or memory.changes:
        return Settled("what this resource did is undone", sweep=sweep)
    owner = f"{record.owner.logical_id} of {record.owner.stack_id}" if record else "nobody we know of"
    return Settled(f"left alone: the stream's encryption is managed by {owner}", sweep=sweep)


def _undo(goal: Release, stream: Stream, tags: Tags, seen: Seen, memory: Memory) -> Action:
    key_id = target(goal, stream, tags.ownership)
    if key_id is None:
        change: Start | Stop = Stop(stream, stream.key_id or "", "the stream was not encrypted before")
    elif seen.wanted and seen.wanted.fault:
        return Concede(f"key {key_id}, which the stream had before, can't be restored: it {seen.wanted.fault}")
    else:
        change = Start(stream, key_id, "the stream had this key before")
    return _ask(change, stream, seen, memory, Concede("somebody else changed the encryption after us"))


def _give_back(goal: Goal, stream: Stream, tags: Tags, reason: str) -> Remember | Forget:
    record = tags.ownership
    if record and record.predecessor:
        to = record.predecessor
        demand = None if to.issued_at is None else Demand(to.issued_at, to.key_id)
        former = Ownership(to.owner, record.before, to.predecessor, demand)
        return Remember(stream, former, f"{reason}: it goes back to {former.owner.logical_id}", tags.keys)
    return Forget(stream, _ours(tags, goal.issued_at), reason)


def _ours(tags: Tags, issued_at: float) -> tuple[str, ...]:
    """The tags of the record, and the cancellations that nobody can still have to heed."""
    heeded = {tags.cancelled_key} if tags.cancelled_key and (tags.cancelled_at or 0) < issued_at else set()
    return (*tags.keys, *sorted({*tags.spent, *heeded}))


def _ask(
    change: Change,
    stream: Stream,
    seen: Seen,
    memory: Memory,
    lost: Action | None = None,
) -> Action:
    """Ask for a change, unless it was asked for already.

    It may only not show yet; or it did show, and was lost again to somebody else.
    """
    asked, name = memory.asked, type(change).__name__
    if memory.writes >= MOST_WRITES:
        return Failed(errors.ChangeWithoutEffect(stream, name, memory.writes))
    key_id = change.key_id if isinstance(change, Start) else None
    if asked is None or (asked.change, asked.key_id) != (name, key_id):
        return change
    shown_at = max(asked.effect_at or 0, memory.reached_at or 0) if isinstance(change, Start | Stop) else 0
    if seen.now - max(asked.at, shown_at) < GRACE_SECONDS:
        return Wait(f"{name} was asked for, and does not show yet")
    if lost and asked.sure and shown_at >= asked.at:
        return lost
    if asked.times >= MOST_ASKED:
        return Failed(errors.ChangeWithoutEffect(stream, name, asked.times))
    return change


def _sweep(goal: Sweep, seen: Seen, memory: Memory) -> Action:
    stream, tags = seen.stream, seen.tags
    if stream is None or stream.status is StreamStatus.DELETING:
        return Settled(f"stream {goal.stream.name} is gone, and the mark with it")
    if tags is not None and tags.cancelled_at != goal.issued_at:
        return Settled("the mark is gone, or a later request's")
    if stream.status is not StreamStatus.ACTIVE or tags is None:
        return Wait(f"stream {stream.name} is {stream.status}; its tags can change once it is ACTIVE")
    keys = tuple(sorted({tags.cancelled_key or "", *tags.spent} - {""}))
    return _ask(Forget(stream, keys, "nothing that the mark calls off can still come"), stream, seen, memory)


def _refused(goal: Goal, seen: Unseen, memory: Memory) -> Action:
    refusal = seen.refusal
    match refusal.kind:
        case RefusalKind.BUSY | RefusalKind.MISSING:
            return Wait(f"{refusal.action}: the stream is busy or gone; look again")
        case RefusalKind.THROTTLED | RefusalKind.TRANSIENT:
            return Wait(f"{refusal.action}: {refusal.code}; back off")
        case RefusalKind.LIMIT:
            return _limited(goal, seen, memory)
        case RefusalKind.UNPROVEN:
            return _unproven(seen, memory)
        case RefusalKind.KEY:
            return _key_refused(goal, refusal)
        case RefusalKind.DENIED | RefusalKind.INVALID:
            return _forbidden(goal, seen, memory)
        case _:
            assert_never(refusal.kind)


def _limited(goal: Goal, seen: Unseen, memory: Memory) -> Action:
    refusal = seen.refusal
    if memory.limited is None or seen.now - memory.limited.since < LIMIT_SECONDS:
        return Wait(f"{refusal.action}: {refusal.code}; it may pass")
    return _untouched(goal, refusal, memory) or Failed(errors.QuotaSpent(refusal, seen.now))


def _unproven(seen: Unseen, memory: Memory) -> Action:
    tried = seen.now - (memory.unproven_since or seen.now)
    if tried < PROOF_SECONDS:
        return Wait("the record that was put came back unencrypted; put another", 5.0)
    return Failed(errors.NotVerified(seen.refusal.resource, tried))


def _key_refused(goal: Goal, refusal: Refusal) -> Action:
    why = f"was refused at {refusal.action} with {refusal.code}: {refusal.message}"
    if isinstance(goal, Ensure):
        return Failed(errors.KeyUnusable(refusal.resource, goal.key_id, why))
    return Concede(f"the key that the stream had before can't be restored: it {why}")


def _forbidden(goal: Goal, seen: Unseen, memory: Memory) -> Action:
    refusal = seen.refusal
    untouched = _untouched(goal, refusal, memory)
    if untouched:
        return untouched
    if refusal.kind is RefusalKind.DENIED:
        return Failed(errors.AccessDenied(refusal))
    since = memory.invalid_since
    if isinstance(goal, Release) and since is not None and seen.now - since < GRACE_SECONDS:
        return Wait(f"{refusal.action}: {refusal.code}; the stream may have just changed")
    return Failed(errors.InvalidArgument(refusal))


def _untouched(goal: Goal, refusal: Refusal, memory: Memory) -> Settled | None:
    """A stream that may never have been touched, and that we are refused, was not touched: teardown goes on."""
    if isinstance(goal, Release) and goal.best_effort and not memory.owned:
        return Settled(f"left alone: {refusal.action} was refused, so nothing can have been done")
    return None
