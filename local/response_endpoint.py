"""Where the function's answers go: as strict as AWS, in front of MiniStack, which takes anything.

It also sends what MiniStack omits: the Delete after a failed Create.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

from local.loopback import Reply, Request, Server, call

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BODY_BYTES = 4096
MAX_PHYSICAL_ID_BYTES = 1024
EXPIRES_SECONDS = 7200
LONGEST_SECONDS = 150.0
"""How long a request is waited for. One whose permission is missing is tried for a minute before it fails."""
COPIED = ("StackId", "RequestId", "LogicalResourceId")
ACCEPTED, REFUSED = 200, 403
# S3's two ways to sign an address, by turns: CloudFormation has used both.
PRESIGNED = (
    "AWSAccessKeyId=AKIAEMBEDDED&Expires={expires}&Signature={signature}",
    (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={date}&X-Amz-SignedHeaders=host&X-Amz-Expires={seconds}"
        "&X-Amz-Credential=AKIAEMBEDDED%2Fs3%2Faws4_request&X-Amz-Signature={signature}"
    ),
)


@dataclass
class Exchange:
    """One request to the function, and what came back."""

    event: dict[str, Any]
    secret: str = field(repr=False)
    forward_to: str
    sent: float = field(default_factory=time.time)
    answer: dict[str, Any] | None = None
    answered: float = 0.0
    violations: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Create, Update or Delete."""
        return str(self.event["RequestType"])

    @property
    def status(self) -> str:
        """SUCCESS, FAILED, or nothing while there is no good answer."""
        return str((self.answer or {}).get("Status", ""))

    @property
    def reason(self) -> str:
        """What the answer says to the person who reads it."""
        return str((self.answer or {}).get("Reason", ""))

    @property
    def open(self) -> bool:
        """Whether the function has not yet answered at all."""
        return self.answer is None and not self.violations


def faults(request: Request, event: dict[str, Any], *, answered: bool, expires: float, now: float) -> list[str]:
    """Everything for which AWS would refuse, or not accept, this answer to this event."""
    found = []
    if request.method != "PUT":
        found.append(f"the method is {request.method}, not PUT")
    if request.headers.get("content-type"):
        found.append(f"the content type is {request.headers['content-type']!r}, not empty")
    if "content-length" not in request.headers:
        found.append("there is no content length")
    if now > expires:
        found.append("the address has expired")
    if len(request.body) > MAX_BODY_BYTES:
        found.append(f"the body has {len(request.body)} bytes, which is more than {MAX_BODY_BYTES}")
    if answered:
        found.append("the request was answered before")
    try:
        answer = json.loads(request.body)
    except ValueError:
        return [*found, "the body is not JSON"]
    if not isinstance(answer, dict):
        return [*found, "the body is not a JSON object"]
    return found + answer_faults(answer, event)


def answer_faults(answer: dict[str, Any], event: dict[str, Any]) -> list[str]:
    """What is wrong with the content of an answer."""
    found = [
        f"{name} is {answer.get(name)!r}, not {event[name]!r}" for name in COPIED if answer.get(name) != event[name]
    ]
    physical_id = answer.get("PhysicalResourceId")
    if not isinstance(physical_id, str) or not physical_id:
        found.append(f"PhysicalResourceId is {physical_id!r}")
    elif len(physical_id.encode()) > MAX_PHYSICAL_ID_BYTES:
        found.append(f"PhysicalResourceId has more than {MAX_PHYSICAL_ID_BYTES} bytes")
    if answer.get("Status") not in {"SUCCESS", "FAILED"}:
        found.append(f"Status is {answer.get('Status')!r}")
    if answer.get("Status") == "FAILED" and not answer.get("Reason"):
        found.append("FAILED without a Reason")
    if not isinstance(answer.get("Data", {}), dict):
        found.append("Data is not an object")
    return found


class ResponseEndpoint(Server):
    """Gives each event a ResponseURL of its own, and judges what is put there."""

    def __init__(
        self,
        deliver: Callable[[dict[str, Any]], None],
        heard: Callable[[Exchange], None] | None = None,
    ) -> None:
        """Listen on a free port.

        Args:
            deliver: Sends an event to the function, for the Deletes that AWS sends and MiniStack does not.
            heard: Is told of each exchange twice: when the event goes out, and when it was answered.
        """
        self._deliver = deliver
        self._heard = heard
        self._changed = threading.Condition()
        self._exchanges: list[Exchange] = []
        super().__init__(self._answer)

    @property
    def exchanges(self) -> list[Exchange]:
        """All exchanges so far, in the order of their requests."""
        with self._changed:
            return list(self._exchanges)

    @property
    def violations(self) -> list[str]:
        """All that was wrong with any answer."""
        return [
            f"{one.kind} of {one.event['LogicalResourceId']}: {fault}"
            for one in self.exchanges
            for fault in one.violations
        ]

    def of_stack(self, stack: str, *kinds: str) -> list[Exchange]:
        """The exchanges of a stack, given by its id or name, of these kinds or of any."""
        return [one for one in self.exchanges if _is_of(one, stack) and (not kinds or one.kind in kinds)]

    def guard(self, event: dict[str, Any]) -> dict[str, Any]:
        """The event with a ResponseURL of this endpoint, in the shape of a presigned S3 URL."""
        exchange = self.open(event)
        self._tell(exchange)
        return self.guarded(exchange)

    def open(self, event: dict[str, Any]) -> Exchange:
        """Begin an exchange: from now on an answer to this event is waited for."""
        exchange = Exchange(event, f"TOPSECRET{secrets.token_hex(16)}", str(event.get("ResponseURL", "")))
        with self._changed:
            self._exchanges.append(exchange)
        return exchange

    def guarded(self, exchange: Exchange) -> dict[str, Any]:
        """The exchange's event, with the ResponseURL that is to be answered."""
        event = exchange.event
        key = quote(f"{event['StackId']}|{event['LogicalResourceId']}|{event['RequestId']}", safe="")
        form = PRESIGNED[self.exchanges.index(exchange) % len(PRESIGNED)]
        query = form.format(
            signature=quote(f"{exchange.secret}+=", safe=""),
            date=time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(exchange.sent)),
            seconds=EXPIRES_SECONDS,
            expires=int(exchange.sent) + EXPIRES_SECONDS,
        )
        url = f"{self.url}/cloudformation-custom-resource-response/{key}?{query}"
        return {**event, "ResponseURL": url}

    def wait_for(self, exchange: Exchange, seconds: float = LONGEST_SECONDS) -> bool:
        """Wait until an exchange is answered; whether it was."""
        with self._changed:
            return self._changed.wait_for(lambda: not exchange.open, seconds)

    def wait_until_quiet(self, stack: str, since: float = 0.0, seconds: float = LONGEST_SECONDS) -> None:
        """Wait until each request of a stack is answered, the Deletes of failed Creates among them.

        Args:
            stack: Its id, or its name.
            since: Requests that were sent before this moment do not count.
            seconds: How long to wait.

        Raises:
            TimeoutError: One is not answered in time.
        """

        def waiting() -> list[Exchange]:
            return [one for one in self._exchanges if one.open and one.sent >= since and _is_of(one, stack)]

        with self._changed:
            if not self._changed.wait_for(lambda: not waiting(), seconds):
                left = ", ".join(f"{one.kind} of {one.event['LogicalResourceId']}" for one in waiting())
                raise TimeoutError(f"no answer to: {left}")

    def _answer(self, request: Request) -> Reply:
        address = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        signature = query.get("Signature") or query.get("X-Amz-Signature", "")
        exchange = next((one for one in self.exchanges if signature == f"{one.secret}+="), None)
        if exchange is None:
            return Reply(REFUSED, b"SignatureDoesNotMatch")
        follow_up = None
        with self._changed:
            first = exchange.open
            found = faults(
                request,
                exchange.event,
                answered=exchange.answer is not None,
                expires=exchange.sent + EXPIRES_SECONDS,
                now=time.time(),
            )
            if found:
                exchange.violations += found
            else:
                follow_up = self._accept(exchange, json.loads(request.body))
            self._changed.notify_all()
        self._tell(exchange)
        if first:
            _forward(exchange, found)
        if follow_up is not None:
            self._tell(follow_up)
            self._deliver(self.guarded(follow_up))
        return Reply(REFUSED, "; ".join(found).encode()) if found else Reply(ACCEPTED)

    def _accept(self, exchange: Exchange, answer: dict[str, Any]) -> Exchange | None:
        """Keep a good answer; answers the Delete that AWS sends after a failed Create, and MiniStack does not."""
        exchange.answer, exchange.answered = answer, time.time()
        if exchange.kind != "Create" or exchange.status != "FAILED":
            return None
        return self.open(delete_after(exchange.event, answer["PhysicalResourceId"]))

    def _tell(self, exchange: Exchange) -> None:
        if self._heard is not None:
            self._heard(exchange)


def delete_after(create: dict[str, Any], physical_id: str) -> dict[str, Any]:
    """The Delete that AWS sends for a Create that failed, or that it gave up."""
    kept = ("StackId", "ResourceType", "LogicalResourceId", "ResourceProperties")
    return {
        **{name: create[name] for name in kept},
        "RequestType": "Delete",
        "RequestId": str(uuid.uuid4()),
        "PhysicalResourceId": physical_id,
    }


def _is_of(exchange: Exchange, stack: str) -> bool:
    stack_id = str(exchange.event["StackId"])
    return stack in {stack_id, stack_id.split("/")[1]}


def _forward(exchange: Exchange, found: list[str]) -> None:
    """Tell MiniStack; of a bad answer that it FAILED, so that the stack ends soon rather than at its time-out."""
    if exchange.forward_to:
        refused = {"Status": "FAILED", "Reason": f"The embedded AWS refused the answer: {'; '.join(found)}"}
        body = json.dumps(refused if found else exchange.answer).encode()
        call(exchange.forward_to, Request("PUT", urlsplit(exchange.forward_to).path, {}, body))
