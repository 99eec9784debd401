"""CloudFormation's side: crhelper, hardened so that exactly one answer that CloudFormation accepts goes out.

Source: AWS CloudFormation User Guide, "Custom resource request and response reference". What crhelper 2.0.12 does
otherwise, and why each method is replaced, is told in docs/decisions/crhelper.md.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from traceback import format_exc
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crhelper import FAILED, SUCCESS, CfnResource

from .errors import ProviderError
from .request import MARKER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random
    from typing import TypeAlias

    from .converge import Clock
    from .telemetry import Telemetry

    Send: TypeAlias = Callable[[str, bytes], int]
    _Handler: TypeAlias = Callable[[Any, Any], str]

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

    def body(self) -> bytes:
        """The answer as CloudFormation takes it: JSON of at most 4,096 bytes, the Reason's end cut off if need be."""
        body = self._encoded(self.reason)
        if len(body) <= MAX_BODY_BYTES:
            return body
        low, high = 0, len(self.reason)
        while low < high:
            middle = (low + high + 1) // 2
            fits = len(self._encoded(self.reason[:middle] + " …")) <= MAX_BODY_BYTES
            low, high = (middle, high) if fits else (low, middle - 1)
        body = self._encoded(self.reason[:low] + " …")
        if len(body) <= MAX_BODY_BYTES:
            return body
        why = f"The attributes are too long for an answer of {MAX_BODY_BYTES} bytes. Name the key by a shorter KeyId."
        return Answer(FAILED, why, self.physical_id, self.stack_id, self.request_id, self.logical_id).body()

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
        telemetry: Is told what came of it.
        send: Does one try.
    """

    clock: Clock
    random: Random
    telemetry: Telemetry
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
        while True:
            outcome = _try(url, body, self.send)
            if outcome == "delivered":
                self.telemetry.answered(answer)
                return
            if outcome.startswith("refused"):
                self.telemetry.answer_lost(answer, outcome)
                return
            pause *= self.random.uniform(1.5, 2.5)
            if self.clock.now() + pause > give_up:
                self.telemetry.answer_lost(answer, outcome)
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


class CustomResource(CfnResource):
    """crhelper's CfnResource, with its dispatch, and without its polling, its timer and its sending."""

    RequestType: str
    _event: Mapping[str, Any]
    _context: Any
    _response_url: str
    _crhelper_init: Callable[[Mapping[str, Any], Any], bool]
    _cfn_response: Callable[[Mapping[str, Any]], None]

    def __init__(self, courier: Courier, telemetry: Telemetry) -> None:
        """Set up what the dispatch needs. crhelper's own set-up makes three clients and resets the root logger."""
        self._courier, self._telemetry = courier, telemetry
        self._create_func: _Handler | None = None
        self._update_func: _Handler | None = None
        self._delete_func: _Handler | None = None
        self._timer = self._init_failed = None

    def __call__(self, event: Any, context: Any) -> None:  # noqa: ANN401 (whatever Lambda was invoked with)
        """Take a request and answer it, once.

        Args:
            event: CloudFormation's request.
            context: Lambda's context.

        Raises:
            AnswerNotDelivered: CloudFormation could not be reached; Lambda delivers the request again.
        """
        url = event.get("ResponseURL") if isinstance(event, dict) else None
        if not isinstance(url, str) or not re.match("https?://[^/]", url):
            self._telemetry.refused("the event has no ResponseURL, so nobody can be answered; nothing was done")
            return
        names = ("RequestType", "StackId", "RequestId", "LogicalResourceId")
        event = {**event, **{name: str(event.get(name) or "") for name in names}}
        if not isinstance(event.get("PhysicalResourceId"), str) or not event["PhysicalResourceId"]:
            event.pop("PhysicalResourceId", None)
        self._crhelper_init(event, context)
        self._cfn_response(event)

    def generate_physical_id(self, event: Mapping[str, Any]) -> str:
        """The id of an event that gave none and for which none was found: no random one, and no stream's."""
        return f"{MARKER}{event['LogicalResourceId']}"

    def _get_func(self) -> _Handler | None:
        """The function for the request's type; one of no known type goes to Create's, which says what is wrong."""
        functions = {"Update": self._update_func, "Delete": self._delete_func}
        return functions.get(self.RequestType, self._create_func)

    def _set_timeout(self) -> None:
        """No timer: the loop keeps to a deadline, so nobody answers behind its back."""

    def _wrap_function(self, func: _Handler) -> None:
        """Run the function; whatever it raises, SystemExit too, ends in a FAILED that says what happened."""
        try:
            self.PhysicalResourceId = func(self._event, self._context)
        except ProviderError as error:
            self._fail(error.code, str(error))
        except BaseException as error:  # noqa: BLE001 (an answer is owed all the same)
            self._fail("InternalError", self._unexpected(error), format_exc())

    def _fail(self, code: str, reason: str, traceback: str = "") -> None:
        self.Status, self.Reason = FAILED, self._without_secrets(reason)
        self._telemetry.failed(code, self.Reason, self._without_secrets(traceback))

    def _unexpected(self, error: BaseException) -> str:
        request_id = getattr(self._context, "aws_request_id", "unknown")
        log = getattr(self._context, "log_stream_name", "unknown")
        return (
            f"The provider failed unexpectedly: {type(error).__name__}: {error}. Deploy again; if it stays so, "
            f"look for request {request_id} in the provider's log stream {log}, and report it."
        )

    def _without_secrets(self, text: str) -> str:
        """The text without the ResponseURL, whole or in parts (its path, its signature)."""
        parts = urlsplit(self._response_url)
        secrets = (self._response_url, parts.query, *re.findall(r"(?:Signature|Token)=([^&]+)", parts.query))
        for secret in filter(None, secrets):
            text = text.replace(secret, "<ResponseURL>")
        return text

    def _send(self, status: str | None = None, reason: str = "", send_response: object = None) -> None:  # noqa: ARG002
        """Answer. crhelper calls it once, at the end."""
        answer = Answer(
            status=status or self.Status,
            reason=(reason or self.Reason) or ("See the provider's log." if self.Status == FAILED else ""),
            physical_id=_cut(str(self.PhysicalResourceId), MAX_ID_BYTES),
            stack_id=self.StackId,
            request_id=self.RequestId,
            logical_id=self.LogicalResourceId,
            data=self.Data if (status or self.Status) == SUCCESS else {},
        )
        self._courier.deliver(self._response_url, answer)


def _cut(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode(errors="ignore")
