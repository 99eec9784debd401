"""One look at a stream: its description, our tags on it, and the keys that have to be compared. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .decide import found_by, target
from .model import Ensure, Seen, StreamStatus, Sweep, Tags
from .ownership import from_tags

if TYPE_CHECKING:
    from .keys import Keys
    from .kinesis import Kinesis
    from .memory import Memory
    from .model import Goal, Key, Release, Stream


def observe(  # noqa: PLR0913 (each is a value of its own)
    goal: Goal, memory: Memory, kinesis: Kinesis, keys: Keys, now: float, *, described: Stream | None = None
) -> Seen:
    """Look at the goal's stream.

    While a stream is not ACTIVE nothing can be done to it, so only the first look reads tags and keys (what refuses
    the goal for good is then said at once, not after the wait), and one that comes right after a change of ours.

    Args:
        goal: What the request wants.
        memory: What it remembers.
        kinesis: Where the stream is.
        keys: The keys that were looked up so far.
        now: The time, in epoch seconds.
        described: The stream, where that is known from a moment ago: the account's 20 DescribeStreamSummary a second
            are what many requests at once wait for.

    Raises:
        Refused: AWS did not answer one of the calls.
    """
    stream = described or kinesis.describe(goal.stream)
    if stream is None or stream.status is StreamStatus.DELETING:
        return Seen(now, stream)
    if stream.status is not StreamStatus.ACTIVE and memory.looks and not _just_tagged(memory):
        return Seen(now, stream)
    tags = from_tags(kinesis.tags(stream), goal.owner, now)
    if isinstance(goal, Sweep):
        return Seen(now, stream, tags)
    if isinstance(goal, Ensure):
        return _with_wanted_key(goal, stream, tags, keys, now)
    if tags.ownership is None and goal.evidence_key:
        return _with_evidence(goal, stream, tags, keys, now)
    if not tags.owned_by(goal.owner):
        return Seen(now, stream, tags)
    return _with_former_key(goal, stream, tags, keys, now, conceded=memory.conceded is not None)


def _just_tagged(memory: Memory) -> bool:
    return memory.asked is not None and memory.asked.change not in ("Start", "Stop") and memory.waits == 0


def _with_wanted_key(goal: Ensure, stream: Stream, tags: Tags, keys: Keys, now: float) -> Seen:
    wanted = keys.look_up(goal.key_id, stream)
    current = _current(wanted, stream, keys)
    evidence = tags.ownership is None and _is_key_of(stream, goal.evidence_key, keys)
    older = tags.owned_by(goal.owner) and tags.demanded_at < goal.issued_at
    return Seen(
        now,
        stream,
        tags,
        wanted,
        as_wanted=_same(wanted, current),
        current=current,
        evidence=evidence,
        rekeyed=older and not _is_same_key(wanted, goal.evidence_key, stream, keys),
        instead=_instead(goal, stream, tags, keys),
    )


def _is_same_key(key: Key, key_id: str | None, stream: Stream, keys: Keys) -> bool:
    """Whether a KeyId means this key; the same spelling needs no look-up."""
    return key_id is not None and (key_id == key.key_id or _same(key, keys.look_up(key_id, stream)))


def _instead(goal: Ensure, stream: Stream, tags: Tags, keys: Keys) -> Key | None:
    """The key that a later request wants; or where a later one called the goal off, the key from before it."""
    if tags.ownership is None:
        return None
    if tags.is_newer_than(goal):
        key_id = tags.ownership.demand.key_id if tags.ownership.demand else None
    else:
        key_id = found_by(tags.ownership) if tags.calls_off(goal) else None
    return keys.look_up(key_id, stream) if key_id else None


def _with_evidence(goal: Release, stream: Stream, tags: Tags, keys: Keys, now: float) -> Seen:
    evidence = _is_key_of(stream, goal.evidence_key, keys)
    return Seen(now, stream, tags, as_wanted=target(goal, stream, None) == stream.key_id, evidence=evidence)


def _with_former_key(  # noqa: PLR0913 (each is a value of its own)
    goal: Release, stream: Stream, tags: Tags, keys: Keys, now: float, *, conceded: bool
) -> Seen:
    """What the stream's key was before; and whether it looks like ours, but only once nothing is left to be undone."""
    key_id = target(goal, stream, tags.ownership)
    wanted = keys.look_up(key_id, stream) if key_id and key_id != stream.key_id else None
    current = _current(wanted, stream, keys) if wanted else None
    as_wanted = _same(wanted, current) if wanted else key_id == stream.key_id
    evidence = (as_wanted or conceded) and _is_key_of(stream, goal.evidence_key, keys)
    return Seen(now, stream, tags, wanted, as_wanted, current, evidence)


def _is_key_of(stream: Stream, key_id: str | None, keys: Keys) -> bool:
    """Whether a KeyId means the stream's key; the same spelling needs no look-up."""
    if key_id is None or stream.key_id is None:
        return False
    return key_id == stream.key_id or _same(keys.look_up(key_id, stream), keys.look_up(stream.key_id, stream))


def _current(other: Key, stream: Stream, keys: Keys) -> Key | None:
    """The stream's key; spelled as the other one it is the same key, and needs no look-up of its own."""
    if stream.key_id is None:
        return None
    return other if stream.key_id == other.key_id else keys.look_up(stream.key_id, stream)


def _same(one: Key, other: Key | None) -> bool:
    return other is not None and one.identity == other.identity
