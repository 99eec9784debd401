"""The S3 bucket behind CloudFormation's ResponseURL: what it demands of an answer, and how it can misbehave.

No sockets here: a simulation asks it directly, and FakeResponseUrl puts it behind real HTTP.
"""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from tests.builders import LOGICAL_ID, REQUEST_ID, STACK_ID

TWO_HOURS = 7200


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer with a status, so many seconds late; only a 200 has stored what came."""

    status: int = 200
    after: float = 0.0


class Silence(Enum):
    """Give no answer."""

    HANG = auto()  # keep the connection open and say nothing; nothing is stored
    CLOSE = auto()  # close the connection; nothing is stored
    LOSE = auto()  # store what came, then close the connection


Step = Reply | Silence


@dataclass(frozen=True, slots=True)
class Received:
    """One request, whatever became of it."""

    at: float
    method: str
    target: str  # path and query: the secret is in it
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    step: Step
    stored: bool

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Bucket:
    """Issues presigned URLs, judges what is put there, and misbehaves as it is told to."""

    def __init__(self, now: Callable[[], float], token: Callable[[], str] = lambda: token_hex(12)) -> None:
        """Start with nothing issued, nothing received and nothing going wrong.

        Args:
            now: Tells the time in epoch seconds; a URL expires by it.
            token: Makes the random part of each secret; a simulation gives one that a seed repeats.
        """
        self.requests: list[Received] = []
        self.secrets: list[str] = []  # of every URL that was issued: they must turn up in no log
        self._now = now
        self._token = token
        self._script: deque[Step] = deque()

    def issue(self, stack_id: str = STACK_ID, logical_id: str = LOGICAL_ID, *, expires_in: float = TWO_HOURS) -> str:
        """Presign a path and query to put one answer at."""
        secret = f"TOPSECRET{self._token()}"
        self.secrets.append(secret)
        name = quote(f"{stack_id}|{logical_id}|{REQUEST_ID}", safe="/")
        expires = int(self._now() + expires_in)
        return f"/{name}?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires={expires}&Signature={secret}"

    def script(self, *steps: Step) -> None:
        """Say what comes of the next requests that are signed well; those after them are answered 200."""
        self._script.extend(steps)

    def recover(self) -> None:
        """Forget what was still to go wrong."""
        self._script.clear()

    @property
    def answers(self) -> list[Any]:
        """What CloudFormation finds in the bucket: the JSON of every request that was stored."""
        return [request.json for request in self.requests if request.stored]

    def receive(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Step:
        """Take a request, and say what comes of it."""
        lower = {name.lower(): value for name, value in headers.items()}
        step: Step = self._refusal(method, target, lower) or self._next_step()
        stored = step is Silence.LOSE or (isinstance(step, Reply) and step.status == Reply().status)
        self.requests.append(Received(self._now(), method, target, lower, body, step, stored))
        return step

    def _next_step(self) -> Step:
        return self._script.popleft() if self._script else Reply()

    def _refusal(self, method: str, target: str, headers: Mapping[str, str]) -> Reply | None:
        """Refuse what S3 refuses.

        S3 would take a request without any content type too; CloudFormation's guide demands an empty one,
        and clients that leave it out are apt to have a library fill it in.
        """
        query = parse_qs(urlsplit(target).query)
        signed = query.get("Signature", [""])[0] in self.secrets
        expired = float(query.get("Expires", ["0"])[0]) < self._now()
        if method != "PUT" or not signed or expired or headers.get("content-type") != "":
            return Reply(403)
        return None if "content-length" in headers else Reply(411)
