"""What several measurements of one thing come to."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Spread:
    """The least, the middle and the most of what was measured, all in one unit."""

    least: float
    middle: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Sum measurements up.

        Raises:
            ValueError: Nothing was measured.
        """
        if not values:
            raise ValueError("nothing was measured")
        return cls(min(values), median(values), max(values))

    def text(self, digits: int = 2) -> str:
        """For a cell of a table: the middle, and beside it the least and the most, if they differ."""
        least, middle, most = (f"{one:,.{digits}f}" for one in (self.least, self.middle, self.most))
        return middle if least == most else f"{middle} ({least}\N{EN DASH}{most})"


def percentile(values: Sequence[float], hundredth: int) -> float:
    """The value that so many of a hundred do not exceed."""
    return quantiles(values, n=100, method="inclusive")[hundredth - 1] if len(values) > 1 else values[0]
