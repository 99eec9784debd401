"""Answering CloudFormation: what it is told, and bringing that home. Both doors answer by it.

Source: AWS CloudFormation User Guide, "Custom resource request and response reference".
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .envelope import without_secrets
from .errors import AnswerTooLong

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random
    from typing import Protocol, TypeAlias

    from .converge import Clock

    Send: TypeAlias = Callable[[str, bytes], int]

    class Listener(Protocol):
        """Who is told what came of an answer."""

        def answered(self, answer: Answer, now: float) -> None:
            """CloudFormation took the answer, at this time, in epoch seconds."""

        def answer_lost(self, answer: Answer, outcome: str) -> None:
            """CloudFormation did not take it."""


SUCCESS, FAILED = "SUCCESS", "FAILED"

MAX_BODY_BYTES = 4096
MAX_ID_BYTES = 1024
SOCKET_SECONDS = 5.0
DELIVERY_SECONDS = 15.0
"""How long an answer is tried to be delivered, in seconds: less than the margin that the deadline keeps back."""

_AGAIN = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_SCHEMES = {"https": HTTPSConnection, "http": HTTPConnection}


class AnswerNotDelivered(Exception):
    """CloudFormation's URL took no answer, for now: an invocation that ends with it is delivered again by Lambda."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What CloudFormation is told."""

    status: str
    reason: str
    physical_id: str
    stack_id: str
    request_id: str
    logical_id: str
    data: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def to(
        cls, event: Mapping[str, Any], *, status: str, reason: str, physical_id: str, data: Mapping[str, str]
    ) -> Answer:
        """Answer an event of CloudFormation's: its ids come back to it as they came.

        Args:
            event: The request. It has all the fields that the protocol demands.
            status: SUCCESS or FAILED.
            reason: What a person reads; its ResponseURL, should it be in there, is taken out.
            physical_id: The PhysicalResourceId, cut at 1 KB.
            data: What Fn::GetAtt gives; passed on with SUCCESS alone.
        """
        reason = without_secrets(reason, event["ResponseURL"])
        return cls(
            status=status,
            reason="See the provider's log." if status == FAILED and not reason else reason,
            physical_id=physical_id.encode(errors="replace")[:MAX_ID_BYTES].decode(errors="ignore"),
            stack_id=event["StackId"],
            request_id=event["RequestId"],
            logical_id=event["LogicalResourceId"],
            data=data if status == SUCCESS else {},
        )

    def body(self) -> bytes:
        """The answer as CloudFormation takes it: JSON of at most 4,096 bytes, the Reason's end cut off if need be.

        It is longer only where the ids and attributes alone are.
        """
        body = self._encoded(self.reason)
        if len(body) <= MAX_BODY_BYTES:
            return body
        low, high = 0, len(self.reason)
        while low < high:
            middle = (low + high + 1) // 2
            fits = len(self._encoded(self.reason[:middle] + " …")) <= MAX_BODY_BYTES
            low, high = (middle, high) if fits else (low, middle - 1)
        return self._encoded(self.reason[:low] + " …")

    def _encoded(self, reason: str) -> bytes:
        return json.dumps(
            {
                "Status": self.status,
                "Reason": reason,
                "PhysicalResourceId": self.physical_id,
                "StackId": self.stack_id,
                "RequestId": self.request_id,
                "LogicalResourceId": self.logical_id,
                "NoEcho": False,
                "Data": dict(self.data),
            }
        ).encode()


def put(url: str, body: bytes) -> int:
    """Send an answer by one PUT, with the EMPTY content type that the URL was signed for.

    Returns:
        The HTTP status.

    Raises:
        OSError, HTTPException: Nothing came back.
    """
    parts = urlsplit(url)
    connection = _SCHEMES[parts.scheme](parts.netloc, timeout=SOCKET_SECONDS)
    try:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("PUT", path, body, {"content-type": "", "content-length": str(len(body))})
        return int(connection.getresponse().status)
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class Courier:
    """Brings answers to CloudFormation.

    Attributes:
        clock: Time; the pauses between tries go by it.
        random: Spreads the pauses.
        listener: Is told what came of it.
        send: Does one try.
    """

    clock: Clock
    random: Random
    listener: Listener
    send: Send = put

    def deliver(self, url: str, answer: Answer) -> None:
        """Bring one answer home: tried again with growing pauses while that can help.

        Args:
            url: The ResponseURL. It is a secret: nothing that is logged or raised here bears it.
            answer: What to say.

        Raises:
            AnswerNotDelivered: Nobody took the answer in time, and a later try might succeed.
        """
        body, give_up, pause = answer.body(), self.clock.now() + DELIVERY_SECONDS, 0.5
        if len(body) > MAX_BODY_BYTES:
            self.listener.answer_lost(answer, f"no answer of {MAX_BODY_BYTES} bytes has room for the ids")
            return
        while True:
            outcome = _try(url, body, self.send)
            if outcome == "delivered":
                self.listener.answered(answer, self.clock.now())
                return
            if outcome.startswith("refused"):
                self.listener.answer_lost(answer, outcome)
                return
            pause *= self.random.uniform(1.5, 2.5)
            if self.clock.now() + pause > give_up:
                self.listener.answer_lost(answer, outcome)
                raise AnswerNotDelivered(f"CloudFormation could not be answered: {outcome}")
            self.clock.sleep(pause)


def _try(url: str, body: bytes, send: Send) -> str:
    """One try: `delivered`, `refused: …` where no later try can help, or `failed: …`."""
    try:
        status = send(url, body)
    except (OSError, HTTPException) as error:
        # The error's own text may hold the URL.
        return f"failed: {type(error).__name__}"
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return "delivered"
    final = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _AGAIN
    return f"{'refused' if final else 'failed'}: HTTP {status}"


def demand_room(event: Mapping[str, Any], physical_id: str, data: Mapping[str, str]) -> None:
    """Make sure that a SUCCESS can be said in 4,096 bytes.

    Raises:
        AnswerTooLong: The attributes are too long for it.
    """
    answer = Answer.to(event, status=SUCCESS, reason="", physical_id=physical_id, data=data)
    if len(answer.body()) > MAX_BODY_BYTES:
        raise AnswerTooLong(MAX_BODY_BYTES)
