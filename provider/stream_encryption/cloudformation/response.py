"""The response to CloudFormation, and the sender that delivers it. The first invocation and the workflow use both.

Source: AWS CloudFormation User Guide, "Custom resource request and response reference".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from random import Random
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlsplit

from stream_encryption.errors import ResponseTooLong
from stream_encryption.reconcile.environment import Clock

from .event_validation import MAX_PHYSICAL_ID_BYTES, without_secrets

Put: TypeAlias = Callable[[str, bytes], int]
"""Sends a body to a URL, and returns the HTTP status."""


class DeliveryLog(Protocol):
    """Is told the outcome of a delivery."""

    def responded(self, response: Response, now: float) -> None:
        """CloudFormation took the response, at this time, in epoch seconds."""

    def response_lost(self, response: Response, outcome: str) -> None:
        """CloudFormation did not take the response."""


SUCCESS, FAILED = "SUCCESS", "FAILED"

MAX_BODY_BYTES = 4096
SOCKET_SECONDS = 5.0
DELIVERY_SECONDS = 15.0
"""How long the delivery of a response is tried, in seconds: less than the margin that the deadline keeps."""

_AGAIN = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_SCHEMES = {"https": HTTPSConnection, "http": HTTPConnection}


class ResponseNotDelivered(Exception):
    """CloudFormation took no response, for now. Where an invocation raises this, Lambda delivers its event again."""


@dataclass(frozen=True, slots=True)
class Response:
    """One response."""

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
    ) -> Response:
        """Respond to an event of CloudFormation's: its ids come back to it as they came.

        Args:
            event: The request. It has all the fields that the protocol demands.
            status: SUCCESS or FAILED.
            reason: What a person reads; a ResponseURL in it is taken out.
            physical_id: The PhysicalResourceId, cut at 1 KB.
            data: What Fn::GetAtt gives; passed on with SUCCESS alone.
        """
        reason = without_secrets(reason, event["ResponseURL"])
        return cls(
            status=status,
            reason="See the provider's log." if status == FAILED and not reason else reason,
            physical_id=physical_id.encode(errors="replace")[:MAX_PHYSICAL_ID_BYTES].decode(errors="ignore"),
            stack_id=event["StackId"],
            request_id=event["RequestId"],
            logical_id=event["LogicalResourceId"],
            data=data if status == SUCCESS else {},
        )

    def body(self) -> bytes:
        """Encode the response as CloudFormation takes it: JSON of at most 4,096 bytes, the Reason cut off if need be.

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
        plain = {
            "Status": self.status,
            "Reason": reason,
            "PhysicalResourceId": self.physical_id,
            "StackId": self.stack_id,
            "RequestId": self.request_id,
            "LogicalResourceId": self.logical_id,
            "NoEcho": False,
            "Data": dict(self.data),
        }
        return json.dumps(plain, ensure_ascii=False).encode(errors="replace")


def put(url: str, body: bytes) -> int:
    """Send a response by one PUT, with the EMPTY content type that the URL was signed for.

    Returns:
        The HTTP status.

    Raises:
        OSError, HTTPException: Nothing came back.
    """
    parts = urlsplit(url)
    connection = _SCHEMES[parts.scheme](parts.netloc, timeout=SOCKET_SECONDS)
    try:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("PUT", path, body, {"content-type": ""})
        return int(connection.getresponse().status)
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class ResponseSender:
    """Delivers responses to CloudFormation.

    Attributes:
        clock: Time; the pauses between tries go by it.
        random: Spreads the pauses.
        log: Is told the outcome.
        put: Makes one try.
    """

    clock: Clock
    random: Random
    log: DeliveryLog
    put: Put = put

    def deliver(self, url: str, response: Response) -> None:
        """Deliver one response: try again with growing pauses while that can help.

        Args:
            url: The ResponseURL. It is a secret: nothing that is logged or raised here has it.
            response: The response.

        Raises:
            ResponseNotDelivered: CloudFormation did not take the response in time, and a later try might succeed.
        """
        body, give_up, pause = response.body(), self.clock.now() + DELIVERY_SECONDS, 0.5
        if len(body) > MAX_BODY_BYTES:
            self.log.response_lost(response, f"a response of {MAX_BODY_BYTES} bytes has no room for the ids")
            return
        while True:
            outcome = _try(url, body, self.put)
            if outcome == "delivered":
                self.log.responded(response, self.clock.now())
                return
            if outcome.startswith("refused"):
                self.log.response_lost(response, outcome)
                return
            pause *= self.random.uniform(1.5, 2.5)
            if self.clock.now() + pause > give_up:
                self.log.response_lost(response, outcome)
                raise ResponseNotDelivered(f"CloudFormation did not take the response: {outcome}")
            self.clock.sleep(pause)


def _try(url: str, body: bytes, send: Put) -> str:
    """Make one try: `delivered`, `refused: …` where no later try can help, or `failed: …`."""
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
    """Make sure that a SUCCESS fits into 4,096 bytes.

    Raises:
        ResponseTooLong: The attributes are too long for it.
    """
    response = Response.to(event, status=SUCCESS, reason="", physical_id=physical_id, data=data)
    if len(response.body()) > MAX_BODY_BYTES:
        raise ResponseTooLong(MAX_BODY_BYTES)
