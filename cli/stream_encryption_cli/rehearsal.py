"""Rehearses requests: the provider's own loop and decisions, on copies of the streams and records that were read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from .engine import Environment, Progress, ProviderError, Stream, StreamRef, StreamStatus, WaitBudget, loop
from .reader import stream_name
from .rehearsed import NoTime, RehearsedGrants, RehearsedKeys, RehearsedKinesis, RehearsedTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from .engine import Action, Goal, Refusal
    from .sources import Sources

LONGEST_SECONDS = 24 * 60 * 60.0
"""When a rehearsal would give up, in seconds of no time at all. None should."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of the provider's.

    Attributes:
        goal: What it was for.
        action: What was decided, and why.
        changed: It changed the stream, its record or what is in it; False where it was refused, or changes nothing.
        claimed: It changed the claims that the record tells of, and not only which requests were seen.
    """

    goal: Goal
    action: Action
    changed: bool = False
    claimed: bool = False


class _Log:
    """The decisions of the loop, and what came of each."""

    def __init__(self, kinesis: RehearsedKinesis, table: RehearsedTable, grants: RehearsedGrants) -> None:
        self._kinesis = kinesis
        self._grants = grants
        self._table = table
        self._decisions: list[Decision] = []
        self._changes, self._claims = self._count(), table.claims

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
        if self._count() > self._changes:
            claimed = self._table.claims > self._claims
            self._decisions[-1] = replace(self._decisions[-1], changed=True, claimed=claimed)
        self._changes, self._claims = self._count(), self._table.claims

    def _count(self) -> int:
        return self._kinesis.changes + self._table.changes + self._grants.changes


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
    """One request after the other on the same imagined streams and records, as a deployment sends them."""

    def __init__(self, sources: Sources, clock: NoTime, told: Callable[[Refusal], None]) -> None:
        """Begin with the streams and records as they are."""
        self.clock = clock
        self.kinesis = RehearsedKinesis(sources.streams, clock)
        self.table = RehearsedTable(sources.records)
        self.keys = RehearsedKeys(lambda: sources.kms, told)
        self.grants = RehearsedGrants(lambda: sources.kms)

    def imagine(self, stream_arn: str, key_id: str | None, *, look: bool) -> None:
        """Take a stream to be there that is not, ACTIVE and without a record.

        Args:
            stream_arn: Its ARN.
            key_id: Its key; None where it is not encrypted.
            look: Look first: it may be there.
        """
        name = stream_name(stream_arn)
        if name not in self.kinesis.imagined and not (look and self.kinesis.describe(StreamRef(name))):
            self.kinesis.imagine(Stream(name, stream_arn, StreamStatus.ACTIVE, key_id))
            self.table.imagine(stream_arn)

    def __call__(self, goals: tuple[Goal, ...]) -> Rehearsed:
        """Run the provider's own loop on these goals.

        Raises:
            NotSeen: A stream or a key could not be looked at.
        """
        log = _Log(self.kinesis, self.table, self.grants)
        spread = Random(0)  # noqa: S311  # nosec B311  # spreads pauses that take no time
        env = Environment(self.kinesis, self.keys, self.grants, self.table, self.clock, spread, log)
        now = self.clock.now()
        try:
            progress, _ = loop(Progress.begin(goals, now), env, now + LONGEST_SECONDS, WaitBudget())
        except ProviderError as error:
            return Rehearsed(log.decisions(), error=error)
        return Rehearsed(log.decisions(), progress)
