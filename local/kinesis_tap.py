"""Stands between the function and Kinesis: takes down every call, and does to a call what a test wants."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.loopback import Reply, Request, Server, call

if TYPE_CHECKING:
    from collections.abc import Callable

CHANGES = frozenset({"StartStreamEncryption", "StopStreamEncryption", "PutRecord"})
SIGNED_BY = re.compile(r"Credential=([^/]+)/")


@dataclass(frozen=True)
class KinesisCall:
    """One call that the function made, and how it ended (`error` is the service's code for a refusal)."""

    at: float
    action: str
    stream: str
    status: int
    error: str = ""
    request: dict[str, Any] = field(default_factory=dict)
    caller: str = ""  # the access key id that it was signed with

    @property
    def changes(self) -> bool:
        """Whether the call changes something, rather than looks."""
        return self.action in CHANGES


class KinesisTap(Server):
    """A reverse proxy in front of Kinesis."""

    def __init__(self, kinesis_url: str, heard: Callable[[KinesisCall], None] | None = None) -> None:
        """Listen on a free port; each call is told to `heard` too."""
        self._kinesis_url = kinesis_url
        self._heard = heard
        self._lock = threading.Lock()
        self._calls: list[KinesisCall] = []
        self.meddle: Callable[[KinesisCall], Reply | None] = lambda _: None
        """Is told of each call before it is made; what it answers is answered in Kinesis' stead."""
        self.authorize: Callable[[KinesisCall], Reply | None] = lambda _: None
        """Is asked of each call as well, after that; what it answers is Kinesis' refusal."""
        super().__init__(self._forward)

    def calls(self, stream: str = "", *actions: str, since: float = 0.0) -> list[KinesisCall]:
        """The calls made for a stream, or for any, of these actions, or of any."""
        with self._lock:
            calls = list(self._calls)
        return [
            one
            for one in calls
            if (not stream or one.stream == stream) and (not actions or one.action in actions) and one.at >= since
        ]

    def changes(self, stream: str, since: float = 0.0) -> list[str]:
        """The actions that changed something on a stream, in their order."""
        return [one.action for one in self.calls(stream, since=since) if one.changes and not one.error]

    def _forward(self, request: Request) -> Reply:
        at = time.time()
        asked = describe(at, request, Reply(OK))
        reply = self.meddle(asked) or self.authorize(asked) or call(self._kinesis_url, request)
        heard = describe(at, request, reply)
        with self._lock:
            self._calls.append(heard)
        if self._heard is not None:
            self._heard(heard)
        return reply


def describe(at: float, request: Request, reply: Reply) -> KinesisCall:
    """What a request to Kinesis asked for, and what came of it."""
    asked = _json(request.body)
    name = asked.get("StreamName") or str(asked.get("StreamARN") or asked.get("ResourceARN") or "").rpartition("/")[2]
    error = "" if reply.status == OK else str(_json(reply.body).get("__type", reply.status)).rpartition("#")[2]
    action = request.headers.get("x-amz-target", "").rpartition(".")[2]
    signed = SIGNED_BY.search(request.headers.get("authorization", ""))
    return KinesisCall(at, action, name, reply.status, error, asked, signed[1] if signed else "")


def refusal(code: str, message: str) -> Reply:
    """How Kinesis refuses a call."""
    body = json.dumps({"__type": code, "message": message}).encode()
    return Reply(BAD_REQUEST, body, {"content-type": "application/x-amz-json-1.1"})


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


OK = 200
BAD_REQUEST = 400
