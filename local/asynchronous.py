"""Lambda's asynchronous invocation: an event that fails is tried again, and what fails for good is passed on.

Source: AWS Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation" and "Capturing
records of Lambda asynchronous invocations".
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from datetime import UTC, datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.loopback import Reply

Event = dict[str, Any]

FUNCTION_ERROR = "X-Amz-Function-Error"
AWS_DELAYS = (60.0, 120.0)
"""How long Lambda waits before it tries an event for the second and the third time, in seconds."""


class Asynchronous:
    """The queue in front of a function.

    Attributes:
        delays: How long to wait before each further try, in seconds: as Lambda does, unless a test has less time.
        retries: The function's MaximumRetryAttempts.
        most_seconds: Its MaximumEventAgeInSeconds.
        destination: Who is handed the record of an event that failed for good; nobody unless it is set.
    """

    def __init__(self, invoke: Callable[[Event], Reply]) -> None:
        """Invoke a function by this."""
        self._invoke = invoke
        self._forgotten = threading.Event()
        self.delays = AWS_DELAYS
        self.retries = len(AWS_DELAYS)
        self.most_seconds = 6 * 60 * 60.0
        self.destination: Callable[[Event], object] | None = None
        self.function_arn = ""

    def deliver(self, event: Event) -> None:
        """Take an event, and do not wait for what becomes of it."""
        threading.Thread(target=self._run, args=(event, self._forgotten), daemon=True).start()

    def forget(self) -> None:
        """Drop every event that waits to be tried again; an invocation that is under way ends unheard."""
        self._forgotten.set()
        self._forgotten = threading.Event()

    def _run(self, event: Event, forgotten: threading.Event) -> None:
        try:
            self._see_through(event, forgotten)
        except (OSError, HTTPException):
            if not forgotten.is_set():
                raise

    def _see_through(self, event: Event, forgotten: threading.Event) -> None:
        began = time.monotonic()
        reply, condition, count = self._invoke(event), "RetriesExhausted", 1
        for delay in self.delays[: self.retries]:
            if FUNCTION_ERROR not in reply.headers or forgotten.wait(delay):
                return
            if time.monotonic() - began > self.most_seconds:
                condition = "EventAgeExceeded"
                break
            reply, count = self._invoke(event), count + 1
        if FUNCTION_ERROR in reply.headers and self.destination is not None and not forgotten.is_set():
            self.destination(self._record(event, reply, condition, count))

    def _record(self, event: Event, reply: Reply, condition: str, count: int) -> Event:
        return {
            "version": "1.0",
            "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": f"{self.function_arn}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": count,
            },
            "requestPayload": event,
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": reply.headers[FUNCTION_ERROR],
            },
            "responsePayload": json.loads(reply.body),
        }
