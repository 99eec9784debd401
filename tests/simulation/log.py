"""The standard output of the function in every world, and what the checks read from it."""

from __future__ import annotations

import json
from io import TextIOBase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.environments import Invocation
    from tests.simulation.processes import Process, Time


class Log(TextIOBase):
    """Reads each line as it is written, except for those of a dead process."""

    RESPONDER = "FailureResponder"
    """Stands for the code of an error where the failure responder sent the response."""

    def __init__(self) -> None:
        """Start without a world."""
        self.leaks: list[str] = []
        self.listener: Callable[[str], None] | None = None
        self._time: Time | None = None
        self._codes: dict[Process, str] = {}
        self.not_restored: set[str] = set()  # streams that a Delete left as they are

    def belong_to(self, time: Time, listener: Callable[[str], None] | None) -> None:
        """Become the log of another world.

        Args:
            time: The world's time.
            listener: Is given each decision of the function, in one line.
        """
        self.leaks, self.listener, self._time, self._codes, self.not_restored = [], listener, time, {}, set()

    def write(self, text: str) -> int:
        """Take a line."""
        process = self._time.running if self._time else None
        if process is None or process.dead:
            return len(text)
        if "TOPSECRET" in text:
            self.leaks.append(text)
        if self.listener and '"decided"' in text:
            line = json.loads(text)
            self.listener(f"          {process.name}: {line['action']}: {line['reason']}")
        if '"RestoreSkipped"' in text:
            self.not_restored.add(json.loads(text)["stream"])
        if '"request failed"' in text:
            self._codes[process] = json.loads(text)["error_code"]
        return len(text)

    def code_of(self, invocation: Invocation | None) -> str:
        """Return the code of the error with which an invocation failed its request."""
        if invocation is None:
            return self.RESPONDER
        return self._codes.get(invocation.process, "?") if invocation.process else "?"


LOG = Log()
"""One for all worlds, since Python's loggers live for ever."""
