"""Looks at a measured pace, so that the watch leaves the account's looks to the requests."""

from __future__ import annotations

from stream_encryption.reconcile.environment import Clock

SUMMARIES_A_SECOND, DESCRIPTIONS_A_SECOND = 20, 10
"""How many DescribeStreamSummary and DescribeStream an account has a second, each in a budget of its own
(Amazon Kinesis Data Streams Developer Guide, "Quotas and limits")."""
SHARE = 0.25
"""The part of both budgets that the watch takes."""
LOOKS_A_SECOND = SHARE * (SUMMARIES_A_SECOND + DESCRIPTIONS_A_SECOND)
_EVERY = (SUMMARIES_A_SECOND + DESCRIPTIONS_A_SECOND) // DESCRIPTIONS_A_SECOND


class Pace:
    """So many looks a second at the most, shared out over both budgets."""

    def __init__(self, clock: Clock, per_second: float = LOOKS_A_SECOND) -> None:
        """Let the first look go at once."""
        self._clock = clock
        self._seconds = 1 / per_second
        self._next = clock.now()
        self._looks = 0

    def wait(self) -> bool:
        """Wait for the next look's turn; return whether that look is to use the budget of DescribeStream."""
        now = self._clock.now()
        if now < self._next:
            self._clock.sleep(self._next - now)
        self._next = max(now, self._next) + self._seconds
        self._looks += 1
        return self._looks % _EVERY == 0
