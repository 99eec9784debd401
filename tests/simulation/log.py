"""Where everything goes that the function prints, in every world."""

from __future__ import annotations

import json
from io import TextIOBase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.lambda_service import Invocation
    from tests.simulation.processes import Process, Time


class Log(TextIOBase):
    """Reads each line as it is written. What a dead process prints, nobody reads."""

    def __init__(self) -> None:
        """Belong to no world yet."""
        self.leaks: list[str] = []
        self.listener: Callable[[str], None] | None = None
        self._time: Time | None = None
        self._codes: dict[Process, str] = {}
        self._conceded: dict[Process, str] = {}

    def belong_to(self, time: Time, listener: Callable[[str], None] | None) -> None:
        """Be the log of another world from now on, and tell somebody of each decision, if anybody wants to know."""
        self.leaks, self.listener, self._time, self._codes, self._conceded = [], listener, time, {}, {}

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
        if '"Concede"' in text and "can't be restored" in text:
            self._conceded[process] = json.loads(text)["stream"]
        if '"request failed"' in text:
            self._codes[process] = json.loads(text)["error_code"]
        return len(text)

    @property
    def conceded(self) -> set[str]:
        """The streams of which an invocation that died knew that the key from before can't be restored.

        Not covered (docs/simulation.md): the next delivery answers, and can't know.
        """
        return {stream for process, stream in self._conceded.items() if process.dead}

    def code_of(self, invocation: Invocation | None) -> str:
        """Tell the code of the error that an invocation failed a request with."""
        if invocation is None:
            return "LastWord"
        return self._codes.get(invocation.process, "?") if invocation.process else "?"


LOG = Log()
"""One for all worlds, since Python's loggers live for ever."""
