"""Calls at a measured pace, so that whoever looks leaves room in the account's quotas for those who work."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Time, so that a test can hold it."""

    def now(self) -> float:
        """The time, in epoch seconds."""

    def sleep(self, seconds: float) -> None:
        """Let time pass, in seconds."""


class Pace:
    """So many calls a second at the most."""

    def __init__(self, clock: Clock, per_second: float) -> None:
        """Let the first call go at once."""
        self._clock = clock
        self._seconds = 1 / per_second
        self._next = clock.now()

    def wait(self) -> None:
        """Wait for the next call's turn."""
        now = self._clock.now()
        if now < self._next:
            self._clock.sleep(self._next - now)
        self._next = max(now, self._next) + self._seconds
