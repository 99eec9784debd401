"""The harness's side of the proxy that every call to AWS passes (`benchmarks.wire_process`)."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from benchmarks.wire_process import CONTROL
from local.engines import ROOT
from local.loopback import Request, call
from local.processes import accepts_connections, at_a_free_port

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local.processes import Household

START = "StartStreamEncryption"
LATE_SECONDS = 1.0
"""How long a call may take, in seconds. A slower one means that this machine was overloaded."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to AWS.

    Attributes:
        sent: When it was sent, in epoch seconds.
        answered: When its answer had arrived, in epoch seconds.
        service: The service that it was signed for.
        action: The name of the action in that service's API.
        stream: The Kinesis stream that it names; empty if it names none.
        text: Its path and body, in which a caller can look for a name.
        status: The HTTP status of the answer.
    """

    sent: float
    answered: float
    service: str
    action: str
    stream: str
    text: str
    status: int

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.answered - self.sent


class Wire:
    """Starts the proxy and reads its record."""

    def __init__(self, household: Household) -> None:
        """Start the proxy in a process of its own; the household ends it."""

        def start(port: int) -> str:
            command = [sys.executable, "-m", "benchmarks.wire_process", str(port)]
            process = household.start("wire", command, {"PYTHONPATH": str(ROOT)})
            process.wait_until(lambda: accepts_connections(port))
            return f"http://127.0.0.1:{port}"

        self.url = at_a_free_port(start)

    def route(self, kinesis: Mapping[str, str], others: str) -> None:
        """Set where calls go.

        Args:
            kinesis: The addresses of Kinesis servers, by the part of a stream's name before its first full stop.
            others: The address of every other service.
        """
        self._control("PUT", "routes", json.dumps({"kinesis": dict(kinesis), "others": others}).encode())

    def calls(self, mark: str = "", since: float = 0.0) -> list[Call]:
        """List the calls that contain a mark (part of a name) and were sent at or after a moment (epoch seconds)."""
        found = json.loads(self._control("GET", f"calls?{urlencode({'mark': mark, 'since': since})}"))
        return [Call(**one) for one in found]

    def started(self, stream: str) -> float | None:
        """When Kinesis accepted the stream's first Start, in epoch seconds; None if it has accepted none so far."""
        return first_start(self.calls(stream), stream)

    def _control(self, method: str, path: str, body: bytes = b"") -> bytes:
        reply = call(self.url, Request(method, CONTROL + path, {}, body))
        if reply.status != OK:
            raise RuntimeError(f"the proxy answered {reply.status} to {method} {path}: {reply.body!r}")
        return reply.body


def first_start(calls: Sequence[Call], stream: str) -> float | None:
    """When the first of these calls that started the stream's encryption was answered, in epoch seconds, or None."""
    wanted = (stream, START, OK)
    return next((one.answered for one in calls if (one.stream, one.action, one.status) == wanted), None)


def lateness(calls: Sequence[Call], limit: float = LATE_SECONDS) -> str:
    """Say which of these calls took so long that a measurement which contains it is void; empty if none did.

    Args:
        calls: The calls of the measurement.
        limit: How long a call may take, in seconds.
    """
    slowest = max(calls, key=lambda one: one.seconds, default=None)
    if slowest is None or slowest.seconds <= limit:
        return ""
    return f"{slowest.action} took {slowest.seconds:.2f} s"


OK = 200
