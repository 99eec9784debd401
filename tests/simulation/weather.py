"""Which kinds of trouble happen in one world, and how often. The seed draws a different mix for each world."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from tests.fake_stream import Described, Stale

if TYPE_CHECKING:
    from random import Random

_RARE, _OFTEN = 0.005, 0.15
_SHARE = 0.35
"""The share of the kinds of trouble that one world has, on average. With all kinds at once the effect of two of them
together would be hidden."""
_SLOW_CALL_SECONDS = 2.6
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Weather:
    """The chance of each kind of trouble. By default there is none.

    Attributes:
        fail: That a call fails, for a moment, before it does anything.
        lose: That a call takes effect and its response is lost.
        late: That a call takes effect only after its caller has given up on it.
        slow_calls: How long each call takes, in seconds; 0: some milliseconds.
        storms: How many times an hour Kinesis throttles every call, for some minutes.
        summaries: How many times an hour others use up the budget of DescribeStreamSummary, for up to an hour.
        table_storms: How many times an hour the table throttles every call, for some minutes.
        limit: That a Start or Stop meets a limit whose error is not about a rate.
        die: That an invocation is killed at a call, before or after it.
        freeze: That an invocation stands still after a call, for seconds to minutes.
        twice: That Lambda delivers an event once more, up to an hour later.
        slow: That Lambda delivers an event only after minutes.
        unheard: That the ResponseURL returns 503, or nothing, or takes the response without saying so.
        unstarted: That Step Functions does not take an execution.
        people: How many times an hour other people change a stream.
        tool: How many minutes pass between two runs of a stream owner's tool; 0: there is none.
        keys: How many times an hour a key changes its state, for a while.
        new: That a key, an alias, a policy or the role of a request is too new to be accepted, for some seconds.
        aliases: How many times an hour an alias is pointed at another key.
        busy: How many times an hour a stream is resharded.
        slow_updates: That an update takes minutes to an hour rather than seconds.
        cancel: That another resource of the stack fails, so that CloudFormation cancels the request or rolls back.
        hasty: That CloudFormation rolls back at once, so that the rollback is of the same second.
        keep_failed: That a stack is deployed without rollback, so that a failed Create is kept.
        rivals: That a second stack wants the same stream.
        duel: That both stacks create their resource in the same millisecond.
        restored: That the table is restored to an earlier state, or loses an item, at some time.
        ttl: How long after an item has expired the table deletes it, in seconds; negative: never.
        skew: By how much the clock of an environment can be wrong, in seconds.
        watch: How many minutes pass between two rounds of the watch; 0: there is none.
        trail: That CloudTrail reports a change that others make.
        stale: How long descriptions can be old, in seconds.
        stale_part: Which part of a stale description is old.
        described: When a description shows a new encryption.
    """

    fail: float = 0.0
    lose: float = 0.0
    late: float = 0.0
    slow_calls: float = 0.0
    storms: float = 0.0
    summaries: float = 0.0
    table_storms: float = 0.0
    limit: float = 0.0
    die: float = 0.0
    freeze: float = 0.0
    twice: float = 0.0
    slow: float = 0.0
    unheard: float = 0.0
    unstarted: float = 0.0
    people: float = 0.0
    tool: float = 0.0
    keys: float = 0.0
    new: float = 0.0
    aliases: float = 0.0
    busy: float = 0.0
    slow_updates: float = 0.0
    cancel: float = 0.0
    hasty: float = 0.0
    keep_failed: float = 0.0
    rivals: float = 0.0
    duel: float = 0.0
    restored: float = 0.0
    ttl: float = -1.0
    skew: float = 0.0
    watch: float = 0.0
    trail: float = 0.0
    stale: float = 0.0
    stale_part: Stale = Stale.ALL
    described: Described = Described.AT_THE_CALL

    @classmethod
    def drawn(cls, random: Random) -> Weather:
        """Draw a mix."""

        def chance(least: float, most: float, share: float = _SHARE) -> float:
            """Draw 0 in most worlds, else a number between the two, a small one as often as a large one."""
            return least * (most / least) ** random.random() if random.random() < share else 0.0

        drawn = cls(
            fail=chance(_RARE, _OFTEN),
            lose=chance(_RARE, _OFTEN),
            late=chance(_RARE, 0.05),
            slow_calls=_SLOW_CALL_SECONDS if random.random() < 0.1 else 0.0,
            storms=chance(0.5, 6.0),
            summaries=chance(0.5, 6.0, 0.2),
            table_storms=chance(0.5, 6.0, 0.2),
            limit=chance(_RARE, 0.3, 0.2),
            die=chance(_RARE, 0.1),
            freeze=chance(_RARE, 0.1),
            twice=chance(0.05, 0.5),
            slow=chance(0.02, 0.3),
            unheard=chance(0.05, 0.6, 0.25),
            unstarted=chance(0.1, 0.9, 0.25),
            people=chance(1.0, 60.0, 0.2),
            tool=chance(2.0, 20.0, 0.2),
            keys=chance(1.0, 20.0, 0.2),
            new=chance(0.1, 1.0, 0.2),
            aliases=chance(1.0, 20.0, 0.2),
            busy=chance(1.0, 20.0, 0.25),
            slow_updates=chance(0.05, 0.5),
            cancel=chance(0.1, 0.8),
            hasty=chance(0.3, 1.0),
            keep_failed=chance(0.3, 1.0),
            rivals=chance(0.3, 1.0),
            duel=chance(0.9, 1.0, 0.15),
            restored=chance(0.9, 1.0, 0.08),
            ttl=random.choice((-1.0, 0.0, random.uniform(0.0, 2 * _DAY))),
            stale=chance(0.5, 4.5),
            stale_part=random.choice(list(Stale)),
            described=random.choice(list(Described)),
            skew=chance(0.1, 2.0, 0.25),
        )
        return replace(drawn, rivals=1.0) if drawn.duel else drawn

    def __str__(self) -> str:
        """Name the trouble that there is."""
        kinds = ((field.name, getattr(self, field.name)) for field in fields(self))
        named = (f"{name} {value:.3g}" for name, value in kinds if isinstance(value, float) and value > 0)
        return ", ".join(named) or "calm"
