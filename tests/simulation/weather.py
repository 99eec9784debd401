"""What may go wrong in one run, and how often: drawn from the seed, a different mix for each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from tests.fake_stream import Described, Stale

if TYPE_CHECKING:
    from random import Random

_RARE, _OFTEN = 0.005, 0.15
_SHARE = 0.4
"""How many of the kinds of trouble a run has, on average: all at once would hide what two of them do together."""


@dataclass(frozen=True, slots=True)
class Weather:
    """The chances of each kind of trouble; by default there is none.

    Attributes:
        fail: That a call fails before it does anything, for a moment.
        lose: That a call takes effect and its answer is lost.
        late: That a call takes effect only after its caller has given it up.
        storms: How many times an hour everything that Kinesis is asked is throttled, for some minutes.
        limit: That a Start or Stop meets a limit that does not call itself a rate.
        die: That an invocation is killed at a call, before or after it.
        freeze: That an invocation stands still at a call, for seconds to minutes.
        twice: That Lambda delivers an event once more, up to an hour later.
        slow: That Lambda delivers an event only after minutes.
        unheard: That the ResponseURL answers 503, or nothing, or takes the answer without saying so.
        unstarted: That Step Functions does not take an execution.
        people: How many times an hour other people do something to a stream.
        keys: How many times an hour a key changes its state, for a while.
        busy: How many times an hour a stream is resharded.
        slow_updates: That an update takes minutes to an hour rather than seconds.
        cancel: That another resource of the stack fails, so that CloudFormation cancels or rolls back.
        rivals: That a second stack wants the same stream.
        stale: How long descriptions may be old, in seconds.
        stale_tags: The same for tags.
        stale_part: Which part of a stale description is old.
        described: When a description shows a new encryption.
    """

    fail: float = 0.0
    lose: float = 0.0
    late: float = 0.0
    storms: float = 0.0
    limit: float = 0.0
    die: float = 0.0
    freeze: float = 0.0
    twice: float = 0.0
    slow: float = 0.0
    unheard: float = 0.0
    unstarted: float = 0.0
    people: float = 0.0
    keys: float = 0.0
    busy: float = 0.0
    slow_updates: float = 0.0
    cancel: float = 0.0
    rivals: float = 0.0
    stale: float = 0.0
    stale_tags: float = 0.0
    stale_part: Stale = Stale.ALL
    described: Described = Described.AT_THE_CALL

    @classmethod
    def drawn(cls, random: Random) -> Weather:
        """Draw a mix."""

        def chance(least: float, most: float) -> float:
            """Nothing at all in most runs; else any size between the two, the small ones as often as the great."""
            return least * (most / least) ** random.random() if random.random() < _SHARE else 0.0

        return cls(
            fail=chance(_RARE, _OFTEN),
            lose=chance(_RARE, _OFTEN),
            late=chance(_RARE, 0.05),
            storms=chance(0.5, 6.0),
            limit=chance(_RARE, 0.3),
            die=chance(_RARE, 0.1),
            freeze=chance(_RARE, 0.1),
            twice=chance(0.05, 0.5),
            slow=chance(0.02, 0.3),
            unheard=chance(0.05, 0.6),
            unstarted=chance(0.1, 0.9),
            people=chance(1.0, 60.0) if random.random() < 0.5 else 0.0,
            keys=chance(1.0, 20.0) if random.random() < 0.5 else 0.0,
            busy=chance(1.0, 20.0),
            slow_updates=chance(0.05, 0.5),
            cancel=chance(0.1, 0.8),
            rivals=chance(0.3, 1.0),
            stale=chance(0.5, 4.5),
            stale_tags=chance(0.5, 4.5),
            stale_part=random.choice(list(Stale)),
            described=random.choice(list(Described)),
        )

    def __str__(self) -> str:
        """Name the trouble that there is."""
        kinds = ((field.name, getattr(self, field.name)) for field in fields(self))
        return ", ".join(f"{name} {value:.3g}" for name, value in kinds if isinstance(value, float) and value) or "calm"
