"""The loop: observe, decide, act, again and again, until the goals are reached.

A step that is repeated, run twice at once or cut off anywhere does no harm: what matters is on the stream.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Protocol, assert_never

from .decide import decide
from .errors import DeadlinePassed
from .memory import Memory, after_acting, after_refusal, after_seeing
from .model import (
    Cancel,
    Concede,
    Failed,
    Forget,
    RefusalKind,
    Remember,
    Settled,
    Start,
    Stop,
    Unseen,
    Verify,
    Wait,
)
from .observe import observe
from .ownership import cancellation, to_tags
from .pacing import LONGEST_SECONDS, pause
from .refusals import Refused

if TYPE_CHECKING:
    from random import Random

    from .keys import Keys
    from .kinesis import Kinesis
    from .model import Action, Attributes, Change, Goal, Refusal, Stream, Sweep


LATE_SECONDS = 1.0
"""How late the last look may be, in seconds: it is planned for the very deadline. Later, nothing is touched."""


FRESH_SECONDS = 5.0
"""How old a look may be that something is done or promised upon, in seconds: who stood still meanwhile looks again."""


class Clock(Protocol):
    """Time, so that a test can hold it."""

    def now(self) -> float:
        """The time, in epoch seconds."""

    def sleep(self, seconds: float) -> None:
        """Let time pass, in seconds."""


class Journal(Protocol):
    """Who is told of each action that was decided on, and of what AWS refused."""

    def decided(self, goal: Goal, action: Action) -> None:
        """An action was decided on, and is about to be carried out."""

    def call_refused(self, refusal: Refusal) -> None:
        """AWS did not carry a call out."""


@dataclass(frozen=True, slots=True)
class World:
    """All that the loop touches."""

    kinesis: Kinesis
    keys: Keys
    clock: Clock
    random: Random
    journal: Journal


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a loop waits by itself, rather than leave the waiting to somebody else.

    Attributes:
        until: It waits until then at the latest, in epoch seconds.
        longest: It waits so long in one piece at the most, in seconds.
        longest_look: The rhythm's longest pause between two looks, in seconds.
    """

    until: float = inf
    longest: float = inf
    longest_look: float = LONGEST_SECONDS

    def ends(self, now: float, seconds: float) -> bool:
        """Whether a wait of so many seconds from now on is one too many."""
        return seconds > self.longest or now + seconds > self.until


@dataclass(frozen=True, slots=True)
class Described:
    """A stream as Kinesis described it, and when it was asked, in epoch seconds."""

    stream: Stream
    at: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a request has come: the goals that are left, what is remembered of the first, and what came of others."""

    goals: tuple[Goal, ...]
    memory: Memory
    attributes: Attributes | None = None
    changes: int = 0
    notes: tuple[str, ...] = ()
    sweeps: tuple[Sweep, ...] = ()

    @property
    def reason(self) -> str:
        """What a person should know of a success."""
        return " ".join(self.notes)

    @property
    def data(self) -> dict[str, str]:
        """What Fn::GetAtt gives; nothing where the stream was given up."""
        if self.attributes is None:
            return {}
        stream, before = self.attributes.stream, self.attributes.before
        return {
            "StreamARN": stream.arn,
            "StreamName": stream.name,
            "EncryptionType": "KMS",
            "KeyId": stream.key_id or "",
            "KeyArn": self.attributes.key_arn,
            "PreviousEncryptionType": "KMS" if before else "NONE",
            "PreviousKeyId": before or "",
        }

    @classmethod
    def begin(cls, goals: tuple[Goal, ...], now: float) -> Progress:
        """Nothing is done yet."""
        return cls(goals, Memory(since=now))


def loop(progress: Progress, world: World, deadline: float, patience: Patience) -> tuple[Progress, float]:
    """Work on the goals, one after the other, until all are reached, or patience ends.

    Args:
        progress: The goals, in order; none at all is reached at once.
        world: What to look at and act on.
        deadline: When to give up, in epoch seconds.
        patience: How long to wait right here.

    Returns:
        The progress. Where patience ended it has goals left, and the seconds say when to look again.

    Raises:
        ProviderError: A goal can't be reached, or not in time.
    """
    described: Described | None = None
    while progress.goals:
        now = world.clock.now()
        if now > deadline + LATE_SECONDS:
            raise _too_late(progress, world)
        progress, action = step(progress, world, described)
        described = _still_described(action, described.at if described else now)
        if isinstance(action, Failed):
            raise action.error
        now = world.clock.now()
        left = deadline - now
        if progress.goals and left <= 0:
            raise _too_late(progress, world)
        seconds = min(pause(action, progress.memory, now, world.random, patience.longest_look), left)
        if isinstance(action, Wait) and patience.ends(now, seconds):
            return progress, seconds
        if seconds > 0:
            world.clock.sleep(seconds)
    return progress, 0.0


def _too_late(progress: Progress, world: World) -> DeadlinePassed:
    memory = progress.memory
    return DeadlinePassed(progress.goals[0].stream, memory.waiting_for, memory.since, world.clock.now())


def _still_described(action: Action, at: float) -> Described | None:
    """What a record that was just written leaves as it was: all but the tags, which have to be read again."""
    return Described(action.stream, at) if isinstance(action, Remember) else None


def step(progress: Progress, world: World, described: Described | None = None) -> tuple[Progress, Action]:
    """Look once, decide, and carry one action out.

    Args:
        progress: How far the request has come; with a goal left.
        world: What to look at and act on.
        described: The stream, where that is known from a moment ago.

    Returns:
        The progress, and the action: one that waits or fails is the caller's to heed.
    """
    goal, memory = progress.goals[0], progress.memory
    looked_at = described.at if described else world.clock.now()
    memory, action = _look(goal, memory, world, described.stream if described else None)
    if _needs_a_fresh_look(action) and world.clock.now() > looked_at + FRESH_SECONDS:
        action = Wait("too long ago to act upon; look again", 0.0)
    world.journal.decided(goal, action)
    if isinstance(action, Remember | Cancel | Forget | Start | Stop | Verify):
        memory, action = _act(goal, action, memory, world)
    if isinstance(action, Wait):
        memory = replace(memory, waits=memory.waits + 1, waiting_for=action.reason)
    if isinstance(action, Concede):
        memory = replace(memory, conceded=action.reason)
    progress = replace(progress, memory=memory)
    return (_next_goal(progress, action, world) if isinstance(action, Settled) else progress), action


def _needs_a_fresh_look(action: Action) -> bool:
    """Whether it changes something, or says that a stream is as wanted: what is undone stays so."""
    promises = isinstance(action, Settled) and action.attributes is not None
    return promises or isinstance(action, Remember | Cancel | Forget | Start | Stop)


def _look(goal: Goal, memory: Memory, world: World, stream: Stream | None) -> tuple[Memory, Action]:
    now = world.clock.now()
    try:
        seen = observe(goal, memory, world.kinesis, world.keys, now, described=stream)
    except Refused as refused:
        world.journal.call_refused(refused.refusal)
        memory = after_refusal(memory, refused.refusal, now)
        return memory, decide(goal, Unseen(now, refused.refusal), memory)
    memory = after_seeing(memory, goal, seen)
    return memory, decide(goal, seen, memory)


def _act(goal: Goal, action: Change | Verify, memory: Memory, world: World) -> tuple[Memory, Action]:
    try:
        _perform(action, world.kinesis)
    except Refused as refused:
        world.journal.call_refused(refused.refusal)
        now = world.clock.now()
        if refused.refusal.maybe_done and not isinstance(action, Verify):
            memory = after_acting(memory, action, now, sure=False)
        if isinstance(action, Cancel) and refused.refusal.kind in (RefusalKind.INVALID, RefusalKind.LIMIT):
            return replace(memory, unmarked=True), Wait("the stream has no room for a mark; go on without", 0.0)
        memory = after_refusal(memory, refused.refusal, now)
        action_instead = decide(goal, Unseen(now, refused.refusal), memory)
        world.journal.decided(goal, action_instead)
        return memory, action_instead
    if isinstance(action, Verify):
        return replace(memory, verified=True), action
    return after_acting(memory, action, world.clock.now()), action


def _perform(action: Change | Verify, kinesis: Kinesis) -> None:
    """One action, one call."""
    match action:
        case Remember(stream, ownership, _, over):
            kinesis.tag(stream, to_tags(ownership, over))
        case Cancel(stream, owner, issued_at):
            kinesis.tag(stream, cancellation(owner, issued_at))
        case Forget(stream, keys):
            kinesis.untag(stream, keys)
        case Start(stream, key_id):
            kinesis.start(stream, key_id)
        case Stop(stream, key_id):
            kinesis.stop(stream, key_id)
        case Verify(stream):
            kinesis.verify(stream)
        case _:
            assert_never(action)


def _next_goal(progress: Progress, settled: Settled, world: World) -> Progress:
    memory = progress.memory
    return Progress(
        goals=progress.goals[1:],
        memory=Memory(since=world.clock.now()),
        attributes=settled.attributes or progress.attributes,
        changes=progress.changes + memory.changes,
        notes=(*progress.notes, memory.conceded) if memory.conceded else progress.notes,
        sweeps=(*progress.sweeps, settled.sweep) if settled.sweep else progress.sweeps,
    )
