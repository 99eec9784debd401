"""The wire that every peer's calls to AWS go over: takes each one down, and brings it to the engine that answers it."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.kinesis_tap import describe
from local.loopback import Reply, Request, Server, call

if TYPE_CHECKING:
    from collections.abc import Mapping

SIGNED_FOR = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
REST = (
    ("POST", re.compile(r"/2015-03-31/functions/[^/]+/invocations"), "Invoke"),
    ("POST", re.compile(r"/2015-03-31/functions/[^/]+/policy"), "AddPermission"),
    ("DELETE", re.compile(r"/2015-03-31/functions/[^/]+/policy/[^/]+"), "RemovePermission"),
)
"""Lambda's API has no name of the action in a header, but in its paths."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to AWS: when it was made and answered (in epoch seconds), and what it was.

    Attributes:
        sent: When it was made.
        answered: When its answer was there.
        service: The service that it was signed for.
        action: What the service's API calls it.
        stream: The stream that it names; empty: none.
        text: Its path and body, by which to tell whose it was.
        status: The answer's HTTP status.
    """

    sent: float
    answered: float
    service: str
    action: str
    stream: str
    text: str
    status: int


class Wire(Server):
    """A reverse proxy in front of several Kinesis and of everything else."""

    def __init__(self, kinesis: Mapping[str, str], others: str) -> None:
        """Listen on a free port.

        Args:
            kinesis: The addresses of the Kinesis servers, each by the beginning of its streams' names.
            others: The address of all other services.
        """
        self._kinesis, self._others = kinesis, others
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        super().__init__(self._forward)

    def calls(self, mark: str = "", since: float = 0.0) -> list[Call]:
        """The calls that bear a mark (a part of a name), since a moment."""
        with self._lock:
            return [one for one in self._calls if mark in one.text and one.sent >= since]

    def started(self, stream: str) -> float | None:
        """When Kinesis said that it took the stream's first Start, in epoch seconds; None if it took none so far."""
        start = (stream, "StartStreamEncryption", OK)
        return next((one.answered for one in self.calls(stream) if (one.stream, one.action, one.status) == start), None)

    def _forward(self, request: Request) -> Reply:
        sent = time.time()
        service, action, stream = named(request)
        url = self._kinesis[stream.partition(".")[0]] if service == "kinesis" else self._others
        reply = call(url, request, same_host=True)
        with self._lock:
            text = f"{request.path} {request.body.decode(errors='replace')}"
            self._calls.append(Call(sent, time.time(), service, action, stream, text, reply.status))
        return reply


def named(request: Request) -> tuple[str, str, str]:
    """The service, the action and the stream of a request; no stream where it names none."""
    signed = SIGNED_FOR.search(request.headers.get("authorization", ""))
    service = signed[1] if signed else ""
    path = request.path.partition("?")[0]
    rest = (name for method, pattern, name in REST if method == request.method and pattern.fullmatch(path))
    asked = describe(0.0, request, Reply(OK))
    action = asked.action or next(rest, f"{request.method} {path}")
    return service, action, asked.stream if service == "kinesis" else ""


OK = 200
