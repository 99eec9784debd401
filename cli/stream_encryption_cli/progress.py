"""Says on stderr how far a long look has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from .pace import Clock


class Progress:
    """One line that is written over on a terminal; elsewhere a line now and then. Short looks say nothing."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        """Begin now."""
        self._stream = stream
        self._clock = clock
        self._terminal = stream.isatty()
        self._next = clock.now() + self._seconds
        self._shown = False

    @property
    def _seconds(self) -> float:
        return 0.5 if self._terminal else 10.0

    def __call__(self, text: str) -> None:
        """Say how far it is, if it is time for it."""
        now = self._clock.now()
        if now < self._next:
            return
        self._next = now + self._seconds
        self._shown = True
        print(f"\r\033[K{text}" if self._terminal else text, end="" if self._terminal else "\n", file=self._stream)
        self._stream.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._terminal and self._shown:
            print("\r\033[K", end="", file=self._stream)
