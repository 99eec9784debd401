"""What the benchmark of the lag measures: lengths of updates, and what became of each request."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.wire import LATE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS = {0.5: (4, 0.06), 2.0: (4, 0.25), 5.0: (9, 0.25), 15.0: (9, 2 / 3), 60.0: (9, 7 / 3)}
"""How many lengths are drawn around each nominal length (s), and how many seconds they are apart.

A fixed rhythm always has the same luck with a fixed length. The steps at 15 and 60 s meet each phase of a rhythm of 3
or 5 s equally."""
SHARE, FIXED_SECONDS = 0.10, 0.15
"""The allowed lag: this share of the update's length, plus this many seconds."""
SHORTEST_LIMIT_SECONDS, MOST_DRIFT_SECONDS = 0.25, 0.05


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request.

    Attributes:
        peer: Who handled it.
        nominal: The nominal length of its update, in seconds.
        length: The real one.
        lag: How late the response came, in seconds; None if the request failed.
        fault: What went wrong; empty if nothing did.
        late: Which call was so slow that this machine, and not the peer, made the difference; empty if none was.
    """

    peer: str
    nominal: float
    length: float
    lag: float | None = None
    fault: str = ""
    late: str = ""

    @property
    def counts(self) -> bool:
        """Whether the lag is a measurement of the peer."""
        return self.lag is not None and not self.late

    @property
    def share(self) -> float:
        """The lag beyond the allowed fixed seconds, as a share of the update's length."""
        return ((self.lag or 0.0) - FIXED_SECONDS) / self.length


@dataclass(frozen=True, slots=True)
class Section:
    """All that was measured for one nominal length.

    Attributes:
        nominal: The length, in seconds.
        rate: How many calls a second the machine carried before.
        spacing: How many seconds apart the requests were sent.
        outcomes: One for each request.
        drifts: How much too late the emulator's streams were ACTIVE, in seconds.
    """

    nominal: float
    rate: float
    spacing: float
    outcomes: Sequence[Outcome]
    drifts: Sequence[float]

    @property
    def late(self) -> bool:
        """Whether streams were ACTIVE so late that the engines, and not the peers, made the difference."""
        return bool(self.drifts) and median(self.drifts) > SHARE * self.nominal + MOST_DRIFT_SECONDS


def call_limit(length: float) -> float:
    """How long a call may take in a request whose update has this length, in seconds; a slower one spoils the lag."""
    return min(LATE_SECONDS, max(SHORTEST_LIMIT_SECONDS, SHARE * length))


def drawn(nominal: float) -> list[float]:
    """The lengths around a nominal one, in seconds; kinesis-local knows whole milliseconds."""
    number, step = STEPS[nominal]
    return [round(nominal + step * (index - (number - 1) / 2), 3) for index in range(number)]
