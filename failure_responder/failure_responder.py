"""Answers CloudFormation FAILED for a request that the provider's function could not answer itself.

Two services call it. Lambda does, with its record of an event that failed at every try or became too old. The state
machine does, with its state, after a step failed at every try. This module shares no code with the provider and imports
only the standard library: a fault that takes the provider down, such as a broken package, must not take this down too.

Sources: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations"; AWS CloudFormation User
Guide, "Custom resource request and response reference".
"""

from __future__ import annotations

import json
import os
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection, InvalidURL
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lost_request import LostRequest, read

if TYPE_CHECKING:
    from collections.abc import Callable

NAMESPACE = "KinesisStreamEncryption"
SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "kinesis-stream-encryption")
"""Where the provider's own metrics are, and the provider's name, by which they differ from another provider's."""

MAX_BODY_BYTES = 4096
SOCKET_SECONDS = 5.0
PAUSES = (0, 1, 2, 4, 8)
"""Seconds to wait before each try to deliver the response."""


class NotDelivered(Exception):
    """CloudFormation did not take the response, for now. The caller, Lambda or the state machine, tries again."""


def on_failure(record: object, _context: object) -> None:
    """Lambda's entry point.

    Raises:
        NotDelivered: CloudFormation could not be reached.
    """
    outcome = "not delivered"
    try:
        outcome = respond(record, put, time.sleep)
    finally:
        print(json.dumps(log_line(read(record), outcome, time.time())))


def respond(record: object, send: Callable[[str, bytes], int], sleep: Callable[[float], object]) -> str:
    """Answer FAILED to the request in a record.

    Args:
        record: Lambda's record of an event that failed, or the state machine's state with `Failure` in it.
        send: Sends a response to a ResponseURL and returns the HTTP status.
        sleep: Waits for so many seconds.

    Returns:
        `delivered`; `refused: …`, if no later try can succeed; or `nobody to answer`.

    Raises:
        NotDelivered: CloudFormation could not be reached; a later try may succeed. The error holds no secret.
    """
    request = read(record)
    if request is None or not request.url:
        return "nobody to answer"
    body, outcome = response(request), ""
    for pause in PAUSES:
        sleep(pause)
        outcome = _try(request.url, body, send)
        if not outcome.startswith("failed"):
            return outcome
    raise NotDelivered(f"CloudFormation did not take the response: {outcome}")


def response(request: LostRequest) -> bytes:
    """Encode the FAILED response: at most 4,096 bytes, the end of its Reason cut off if need be."""
    reason = request.reason
    while True:
        whole = {"Status": "FAILED", "Reason": reason, "PhysicalResourceId": request.physical_id, **request.ids}
        body = json.dumps(whole, ensure_ascii=False).encode(errors="replace")
        if len(body) <= MAX_BODY_BYTES:
            return body
        reason = reason[:-100]


def put(url: str, body: bytes) -> int:
    """Send a response by one PUT, with the empty content type that the URL was signed for; return the HTTP status.

    Raises:
        OSError, HTTPException, ValueError: No reply came.
    """
    address = urlsplit(url)
    connect = HTTPSConnection if address.scheme == "https" else HTTPConnection
    connection = connect(address.netloc, timeout=SOCKET_SECONDS)
    try:
        connection.request("PUT", f"{address.path}?{address.query}", body, {"content-type": ""})
        return connection.getresponse().status
    finally:
        connection.close()


def log_line(request: LostRequest | None, outcome: str, now: float) -> dict[str, object]:
    """Build the log line, which CloudWatch also reads as a metric (embedded metric format)."""
    metric = {"Name": "FailureResponses", "Unit": "Count"}
    directive = {"Namespace": NAMESPACE, "Dimensions": [["service"]], "Metrics": [metric]}
    return {
        "_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]},
        "service": SERVICE,
        "FailureResponses": 1,
        "level": "ERROR",
        "message": "failure response",
        "outcome": outcome,
        "stream": request.stream.rpartition("/")[2] if request else "",
        "request_type": request.type if request else "",
        "stack_id": request.ids["StackId"] if request else "",
        "logical_id": request.ids["LogicalResourceId"] if request else "",
        "reason": request.reason if request else "",
    }


def _try(url: str, body: bytes, send: Callable[[str, bytes], int]) -> str:
    try:
        status = send(url, body)
    # Only the error's type is told: its text may hold the URL.
    except (InvalidURL, ValueError) as error:
        return f"refused: {type(error).__name__}"
    except (OSError, HTTPException) as error:
        return f"failed: {type(error).__name__}"
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return "delivered"
    final = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return f"{'refused' if final else 'failed'}: HTTP {status}"
