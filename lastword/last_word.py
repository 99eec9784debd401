"""The last word: answers CloudFormation FAILED for a request that the provider's function did not live to answer.

Lambda hands it the record of an event that failed at every delivery, or that grew too old; the state machine, the
state of a request whose steps failed. It shares no code with the provider and imports the standard library alone: what
takes the provider down (a broken package, too little memory) has to leave this standing.

Sources: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations"; AWS CloudFormation User
Guide, "Custom resource request and response reference".
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection, InvalidURL
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAMESPACE, SERVICE = "KinesisStreamEncryption", "kinesis-stream-encryption"
"""Where the provider's own metrics are."""

LOST = "lost-create:"
"""How the PhysicalResourceId begins that is answered for a Create: nobody knows whether it is over.

The provider takes the Delete of such an id for one that may have overtaken its Create: it trusts the stream's tags
alone, and calls off what may still be at work (provider/stream_encryption/request.py).
"""

MAX_BODY_BYTES = 4096
IDS = ("RequestType", "StackId", "RequestId", "LogicalResourceId", "PhysicalResourceId")
MAX_ID_BYTES = 500
"""How long an id may be as JSON, in bytes: none of CloudFormation's is longer, and all of them leave room for words."""
MAX_REPORTED = 400
"""How much is told of what was reported, in characters: what to do about it has to find room beside it."""
SOCKET_SECONDS = 5.0
PAUSES = (0, 1, 2, 4, 8)
"""How long to wait before each try to deliver the answer, in seconds."""

SECRET_LENGTH = 16
"""From how many characters on a part of the ResponseURL's query is kept secret: no signature is shorter."""

NEXT = {
    "Create": ("the Delete that follows undoes what the stream's tags record", "deploy again"),
    "Update": ("the next Update, such as the rollback's, puts it right", "deploy again"),
    "Delete": (
        "to delete again undoes what the stream's tags record",
        "delete again, or retain this resource and see to the stream's encryption yourself",
    ),
}
"""What becomes of a stream that may have been changed, and what to do about it, by the request's type."""


class NotDelivered(Exception):
    """CloudFormation's URL took no answer, for now: Lambda, or the state machine, tries all of it again."""


def on_failure(record: Any, _context: object) -> None:  # noqa: ANN401 (whatever Lambda is invoked with)
    """Lambda's entry point.

    Raises:
        NotDelivered: CloudFormation could not be reached.
    """
    outcome = "not delivered"
    try:
        outcome = answer(record, put, time.sleep)
    finally:
        print(json.dumps(_line(record, outcome, time.time())))


def answer(record: Any, send: Callable[[str, bytes], int], sleep: Callable[[float], object]) -> str:  # noqa: ANN401
    """Answer FAILED to the request that a record tells of.

    Args:
        record: Lambda's record of an event that failed, or the state machine's state with `Failure` in it.
        send: Brings an answer to a ResponseURL, and tells the HTTP status.
        sleep: Waits for so many seconds.

    Returns:
        What came of it: `delivered`; `refused: …`, which no later try can mend; or `nobody to answer`.

    Raises:
        NotDelivered: CloudFormation could not be reached, and a later try might succeed. It bears no secret.
    """
    event = _event(record)
    url = event.get("ResponseURL")
    if not url:
        return "nobody to answer"
    body, outcome = _body(event, reason(record)), ""
    for pause in PAUSES:
        sleep(pause)
        outcome = _try(url, body, send)
        if not outcome.startswith("failed"):
            return outcome
    raise NotDelivered(f"CloudFormation could not be answered: {outcome}")


def reason(record: Any) -> str:  # noqa: ANN401
    """Say what happened, to which stream, and what to do about it; without the ResponseURL, should it be in there."""
    event = _event(record)
    return _without_secrets(f"{_what_happened(record, event)} {_what_to_do(record, event)}", event["ResponseURL"])


def physical_id(event: Mapping[str, Any]) -> str:
    """The PhysicalResourceId to answer: the one that CloudFormation knows; for a Create, one that says it is lost."""
    known = event.get("PhysicalResourceId")
    if known and event.get("RequestType") != "Create":
        return str(known)
    stack_name = "/".join(str(event.get("StackId")).split("/")[1:2])
    return f"{LOST}{stack_name}/{event.get('LogicalResourceId')}"


def put(url: str, body: bytes) -> int:
    """Send an answer by one PUT, with the empty content type that the URL was signed for; tells the HTTP status.

    Raises:
        OSError, HTTPException, ValueError: Nothing came back.
    """
    address = urlsplit(url)
    connect = HTTPSConnection if address.scheme == "https" else HTTPConnection
    connection = connect(address.netloc, timeout=SOCKET_SECONDS)
    try:
        connection.request("PUT", f"{address.path}?{address.query}", body, {"content-type": ""})
        return connection.getresponse().status
    finally:
        connection.close()


def _try(url: str, body: bytes, send: Callable[[str, bytes], int]) -> str:
    try:
        status = send(url, body)
    # An error's own text may hold the URL.
    except (InvalidURL, ValueError) as error:
        return f"refused: {type(error).__name__}"
    except (OSError, HTTPException) as error:
        return f"failed: {type(error).__name__}"
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return "delivered"
    final = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return f"{'refused' if final else 'failed'}: HTTP {status}"


def _body(event: Mapping[str, Any], told: str) -> bytes:
    """The answer as CloudFormation takes it: the three ids as they came, at most 4,096 bytes."""
    ids = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    while True:
        whole = {"Status": "FAILED", "Reason": told, "PhysicalResourceId": physical_id(event), **ids}
        body = json.dumps(whole, ensure_ascii=False).encode(errors="replace")
        if len(body) <= MAX_BODY_BYTES or not told:
            return body
        told = told[:-100]


def _event(record: Any) -> Mapping[str, Any]:  # noqa: ANN401
    """CloudFormation's event: whole in Lambda's record, without its properties in the state machine's state.

    What can't be an id, or the ResponseURL, is empty; and no id holds the ResponseURL.
    """
    known = record if isinstance(record, dict) else {}
    event = known.get("requestPayload") or known.get("Event")
    if not isinstance(event, dict):
        return {}
    given = event.get("ResponseURL")
    url = given if isinstance(given, str) and given.startswith(("https://", "http://")) else ""
    return {**event, **{name: _id(event.get(name), url) for name in IDS}, "ResponseURL": url}


def _id(value: Any, url: str) -> str:  # noqa: ANN401
    told = _without_secrets(value, url) if isinstance(value, str) else ""
    return told if len(json.dumps(told)) <= MAX_ID_BYTES else ""


def _what_happened(record: Any, event: Mapping[str, Any]) -> str:  # noqa: ANN401
    stream = _stream(record, event)
    # Cut only after what is secret is out: half a signature would not be found.
    reported = _without_secrets(_reported(record), event["ResponseURL"])[:MAX_REPORTED]
    if "Failure" in record:
        return f"A step of the wait for {stream} failed each time that it was tried: {reported}."
    context = _context_of(record)
    tries = context.get("approximateInvokeCount", "several")
    if context.get("condition") == "EventAgeExceeded":
        return (
            f"Lambda could not run the provider's function for {stream} in time (tries: {tries}): {reported}. "
            "Its metrics Throttles and AsyncEventAge tell whether the account's concurrency was used up."
        )
    return f"Lambda ran the provider's function for {stream} {tries} times, and it failed each time: {reported}."


def _what_to_do(record: Any, event: Mapping[str, Any]) -> str:  # noqa: ANN401
    meanwhile, again = NEXT.get(str(event.get("RequestType")), NEXT["Update"])
    log_group = os.environ.get("PROVIDER_LOG_GROUP", "of the provider")
    request_id = _context_of(record).get("requestId")
    of_request = f" for request {request_id}" if request_id else ""
    return (
        f"Nobody knows whether the stream was changed; {meanwhile}. "
        f"Look into the log group {log_group}{of_request}, mend the provider, then {again}."
    )


def _stream(record: Any, event: Mapping[str, Any]) -> str:  # noqa: ANN401
    name = _stream_name(record, event)
    return f"stream {name}" if name else "a stream that the request does not name"


def _stream_name(record: Any, event: Mapping[str, Any]) -> str:  # noqa: ANN401
    properties = event.get("ResourceProperties")
    given = properties if isinstance(properties, dict) else {}
    held = str(event.get("PhysicalResourceId"))
    names = (given.get("StreamName"), given.get("StreamARN"), record.get("Stream"), held if ":stream/" in held else "")
    named = next((name for name in names if isinstance(name, str) and name), "")
    return _without_secrets(named, event["ResponseURL"])[:256]


def _reported(record: Any) -> str:  # noqa: ANN401
    """What Lambda reports of the last failure: its type and message, without any stack trace."""
    failure = record.get("responsePayload") or record.get("Failure") or {}
    if not isinstance(failure, dict):
        return str(failure)
    kind = failure.get("errorType") or failure.get("Error")
    message = failure.get("errorMessage") or _message(failure.get("Cause"))
    return ": ".join(str(one) for one in (kind, message) if one) or "no error was reported"


def _message(cause: Any) -> Any:  # noqa: ANN401
    """The message in a cause of Step Functions': of a function's failure it is what Lambda reported, as JSON."""
    with suppress(TypeError, ValueError, AttributeError):
        return json.loads(cause).get("errorMessage", cause)
    return cause


def _context_of(record: Any) -> Mapping[str, Any]:  # noqa: ANN401
    context = record.get("requestContext")
    return context if isinstance(context, dict) else {}


def _without_secrets(text: str, url: str) -> str:
    query = url.partition("?")[2]
    values = [pair.partition("=")[2] for pair in query.split("&")]
    parts = [part for value in values for part in (value, unquote(value)) if len(part) >= SECRET_LENGTH]
    for secret in filter(None, (url, query, *parts)):
        text = text.replace(secret, "<ResponseURL>")
    return text


def _line(record: Any, outcome: str, now: float) -> dict[str, Any]:  # noqa: ANN401
    """A log line that is a metric as well, in CloudWatch's embedded metric format."""
    event = _event(record)
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "LastWords", "Unit": "Count"}],
    }
    return {
        "_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]},
        "service": SERVICE,
        "LastWords": 1,
        "level": "ERROR",
        "message": "the last word",
        "outcome": outcome,
        "stream": _stream_name(record, event).rpartition("/")[2] if event else "",
        "request_type": event.get("RequestType"),
        "stack_id": event.get("StackId"),
        "logical_id": event.get("LogicalResourceId"),
        "reason": reason(record) if event else "",
    }
