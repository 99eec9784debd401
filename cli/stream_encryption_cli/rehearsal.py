"""The provider at work on a Kinesis that is only thought of: its own loop and decisions, on values that were read.

Nothing here can change a stream: what the loop does to Kinesis is done to a copy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from .engine import (
    Key,
    Kinesis,
    Patience,
    Progress,
    ProviderError,
    Refusal,
    RefusalKind,
    Refused,
    Stream,
    StreamRef,
    StreamStatus,
    World,
    loop,
)
from .reader import KeyReader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_kms import KMSClient

    from .engine import Action, Goal, Owner
    from .reader import StreamReader

UNKNOWN_KEY = "not-known-yet"
"""How the KeyIds begin that stand for keys which only the deployment tells. No key has such an id."""

CHANGE_SECONDS = 2.0
"""How long a Start or Stop takes here, in seconds of no time at all."""
LONGEST_SECONDS = 24 * 60 * 60.0
"""When a rehearsal would give up, in seconds of no time at all. None should."""
MOST_TAGS = 50
"""How many tags a stream can hold (API reference of AddTagsToStream)."""


def is_unknown(key_id: str | None) -> bool:
    """Tell whether a KeyId stands for a key that only the deployment tells."""
    return key_id is not None and key_id.startswith(UNKNOWN_KEY)


class NoTime:
    """A clock that begins now, and goes on only by what is slept: that is, at once."""

    def __init__(self, start: float) -> None:
        """Begin, in epoch seconds."""
        self._now = start

    def now(self) -> float:
        """The time, in epoch seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass, in seconds, without waiting for it."""
        self._now += seconds


class RehearsedKinesis(Kinesis):
    """Streams as they were read, and then as the calls would leave them. It has no client.

    What is busy now is ACTIVE at the next look but one: how long it will really be busy, nobody knows.
    """

    def __init__(self, reader: StreamReader, clock: NoTime) -> None:
        """Read each stream once, when it is first asked for."""
        self._reader = reader
        self._clock = clock
        self._found: dict[str, Stream | None] = {}
        self._found_tags: dict[str, dict[str, str]] = {}
        self._streams: dict[str, Stream | None] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._busy_until: dict[str, float] = {}
        self.imagined: dict[str, Stream] = {}
        """Streams that are not there, and are taken to be there, by name."""
        self.changes = 0
        """How many calls have changed something here."""

    def imagine(self, name: str, key_id: str | None, owner: Owner, *, look: bool) -> None:
        """Take a stream to be there that is not, ACTIVE and without a record.

        Args:
            name: Its name.
            key_id: Its key; None where it is not encrypted.
            owner: A resource of the stack that it is in.
            look: Look first: it may be there.
        """
        if name in self.imagined or (look and self.describe(StreamRef(name))):
            return
        partition = owner.stack_id.split(":")[1]
        arn = f"arn:{partition}:kinesis:{owner.place.region}:{owner.place.account}:stream/{name}"
        stream = Stream(name, arn, StreamStatus.ACTIVE, key_id)
        self.imagined[name] = self._streams[name] = stream
        self._found[name] = None
        self._tags[name] = {}

    def describe(self, ref: StreamRef) -> Stream | None:
        """How the stream would be now."""
        if ref.name not in self._streams:
            self._streams[ref.name] = self._found[ref.name] = self._reader.describe(ref)
            self._busy(ref.name)
        stream = self._streams[ref.name]
        busy = stream and stream.status in (StreamStatus.CREATING, StreamStatus.UPDATING)
        if stream and busy and self._clock.now() >= self._busy_until[ref.name]:
            stream = self._streams[ref.name] = replace(stream, status=StreamStatus.ACTIVE)
        return stream

    def tags(self, stream: Stream) -> dict[str, str]:
        """The tags that would be on the stream."""
        if stream.name not in self._tags:
            self._tags[stream.name] = self._found_tags[stream.name] = self._reader.tags(stream)
        return dict(self._tags[stream.name])

    def found(self, name: str) -> tuple[Stream | None, Mapping[str, str]]:
        """A stream and its tags as they were read, as far as they were."""
        return self._found[name], self._found_tags.get(name, {})

    def tag(self, stream: Stream, tags: Mapping[str, str]) -> None:
        """Think of these tags."""
        after = {**self.tags(stream), **tags}
        if len(after) > MOST_TAGS:
            action, message = "kinesis:AddTagsToStream", f"the stream would have {len(after)} tags"
            raise Refused(Refusal(action, stream.arn, RefusalKind.INVALID, "InvalidArgumentException", message))
        self._tags[stream.name] = after
        self.changes += 1

    def untag(self, stream: Stream, keys: Sequence[str]) -> None:
        """Think these tags away."""
        self.changes += 1
        self._tags[stream.name] = {key: value for key, value in self.tags(stream).items() if key not in keys}

    def start(self, stream: Stream, key_id: str) -> None:
        """Think of this key."""
        self._re_encrypt(stream, key_id)

    def stop(self, stream: Stream, key_id: str) -> None:  # noqa: ARG002 (the signature is Kinesis')
        """Think the encryption away."""
        self._re_encrypt(stream, None)

    def verify(self, stream: Stream) -> None:  # noqa: ARG002
        """Think of a record that comes back encrypted."""
        self.changes += 1

    def _re_encrypt(self, stream: Stream, key_id: str | None) -> None:
        self._streams[stream.name] = replace(stream, key_id=key_id, status=StreamStatus.UPDATING)
        self._busy(stream.name)
        self.changes += 1

    def _busy(self, name: str) -> None:
        self._busy_until[name] = self._clock.now() + CHANGE_SECONDS


class RehearsedKeys(KeyReader):
    """Keys as they are, and the one that is not known yet."""

    def look_up(self, key_id: str, stream: Stream) -> Key:
        """Resolve a KeyId; of the one that is not known yet nothing is known.

        Raises:
            NotSeen: KMS did not answer.
        """
        if is_unknown(key_id):
            return Key(key_id, None, key_id)
        return super().look_up(key_id, stream)


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of the provider's.

    Attributes:
        goal: What it was for.
        action: What was decided, and why.
        changed: It changed the stream, its tags or what is in it; False where it was refused, or changes nothing.
    """

    goal: Goal
    action: Action
    changed: bool = False


class _Journal:
    """What the loop decided on, and what came of it."""

    def __init__(self, kinesis: RehearsedKinesis) -> None:
        self._kinesis = kinesis
        self._decisions: list[Decision] = []
        self._changes = kinesis.changes

    def decided(self, goal: Goal, action: Action) -> None:
        """Take a decision down, before it is carried out."""
        self._see_what_came_of_the_last()
        self._decisions.append(Decision(goal, action))

    def call_refused(self, refusal: Refusal) -> None:
        """The decision that follows tells of it."""

    def decisions(self) -> tuple[Decision, ...]:
        """All of them."""
        self._see_what_came_of_the_last()
        return tuple(self._decisions)

    def _see_what_came_of_the_last(self) -> None:
        if self._kinesis.changes > self._changes:
            self._decisions[-1] = replace(self._decisions[-1], changed=True)
        self._changes = self._kinesis.changes


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What the provider would do.

    Attributes:
        decisions: Every decision, in order.
        progress: How it would succeed; None where it would not.
        error: How it would fail; None where it would not.
    """

    decisions: tuple[Decision, ...]
    progress: Progress | None = None
    error: ProviderError | None = None


class Rehearsal:
    """One request after the other on the same imagined streams, as a deployment sends them."""

    def __init__(self, reader: StreamReader, kms: KMSClient, clock: NoTime, told: Callable[[Refusal], None]) -> None:
        """Begin with the streams as they are."""
        self.clock = clock
        self.kinesis = RehearsedKinesis(reader, clock)
        self.keys = RehearsedKeys(lambda: kms, told)

    def __call__(self, goals: tuple[Goal, ...]) -> Rehearsed:
        """Run the provider's own loop on these goals.

        Raises:
            NotSeen: What it would look at could not be looked at.
        """
        journal = _Journal(self.kinesis)
        world = World(self.kinesis, self.keys, self.clock, Random(0), journal)  # noqa: S311  # nosec B311  # spreads pauses
        now = self.clock.now()
        try:
            progress, _ = loop(Progress.begin(goals, now), world, now + LONGEST_SECONDS, Patience())
        except ProviderError as error:
            return Rehearsed(journal.decisions(), error=error)
        return Rehearsed(journal.decisions(), progress)
