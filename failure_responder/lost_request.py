"""Reads the request that nobody has answered from the record of its failure, without its secret.

The record is Lambda's, of an event that failed at every try or became too old; or the state machine's state, after a
step failed at every try. Nothing in a record, whatever it holds, may make this module fail.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ID_BYTES = 490
"""The longest StackId, RequestId or LogicalResourceId as JSON, in bytes. CloudFormation's own are shorter."""
MAX_PHYSICAL_ID_BYTES = 2050
"""The longest PhysicalResourceId as JSON, in bytes: CloudFormation's limit of 1,024, each character escaped by one."""
MAX_REPORT = 400
"""How many characters of the reported error are passed on, so that the advice after it has room."""
MAX_STREAM = 256
MAX_SHORT = 36
"""How many characters of the number of tries and of Lambda's request id, a UUID, are passed on."""
SECRET_LENGTH = 16
"""Parts of the ResponseURL's query of at least so many characters are treated as secrets. No signature is shorter."""

ADVICE = {
    "Create": ("the Delete that follows undoes what this Create did", "deploy again"),
    "Update": ("the next Update, such as the rollback's, corrects it", "deploy again"),
    "Delete": (
        "the next Delete undoes what is left",
        "delete again, or retain this resource and change the stream's encryption yourself",
    ),
}
"""By request type: what happens to a stream that was changed, and what the reader should do."""


class LostRequest(NamedTuple):
    """A request that nobody has answered. No field but `url` holds the ResponseURL or a part of it.

    Attributes:
        type: The RequestType.
        url: The ResponseURL; empty if the record has none.
        ids: StackId, RequestId and LogicalResourceId as they came; one that CloudFormation can't have sent is empty.
        physical_id: The PhysicalResourceId to answer.
        stream: The name or ARN of the stream, as the request gives it; empty if it gives none.
        event: Sentence: what happened.
        invocation: Lambda's request id; empty if it is not known.
    """

    type: str
    url: str
    ids: Mapping[str, str]
    physical_id: str
    stream: str
    event: str
    invocation: str

    @property
    def reason(self) -> str:
        """What happened, what happens to the stream, and what the reader should do."""
        meanwhile, again = ADVICE.get(self.type, ADVICE["Update"])
        log_group = os.environ.get("PROVIDER_LOG_GROUP", "of the provider")
        where = f"log group {log_group}" + (f" for request {self.invocation}" if self.invocation else "")
        advice = f"The stream may have been changed; {meanwhile}. Read the {where}, fix the provider, then {again}."
        return f"{self.event} {advice}"


def read(record: object) -> LostRequest | None:
    """Read the request from a record; None if there is none in it.

    Lambda's record holds the event that the function was invoked with. The state machine's state holds CloudFormation's
    event without its properties.
    """
    known = _mapping(record)
    event = _of_cloudformation(_mapping(known.get("requestPayload"))) or _mapping(known.get("Event"))
    if not event:
        return None
    given = event.get("ResponseURL")
    url = given if isinstance(given, str) and given.startswith(("https://", "http://")) else ""
    ids = {name: _id(event.get(name), url) for name in ("StackId", "RequestId", "LogicalResourceId")}
    request_type, held = _id(event.get("RequestType"), url), _id(event.get("PhysicalResourceId"), url, physical=True)
    stream = _stream(known, event, held, url)
    return LostRequest(
        type=request_type,
        url=url,
        ids=ids,
        physical_id=held if held and request_type != "Create" else _failed_create_id(ids, url),
        stream=stream,
        event=_what_happened(known, f"stream {stream}" if stream else "a stream that the request does not name", url),
        invocation=_without_secrets(str(_mapping(known.get("requestContext")).get("requestId") or ""), url)[:MAX_SHORT],
    )


def _of_cloudformation(invoked_with: Mapping[str, object]) -> Mapping[str, object]:
    """Read CloudFormation's event; where the ServiceToken is an SNS topic, from the one message that SNS delivered."""
    records = invoked_with.get("Records")
    if not isinstance(records, list):
        return invoked_with
    with suppress(KeyError, TypeError, ValueError, RecursionError):
        (record,) = records
        return _mapping(json.loads(record["Sns"]["Message"]))
    return {}


def _failed_create_id(ids: Mapping[str, str], url: str) -> str:
    """Build the PhysicalResourceId of a failed Create; the provider builds the same one.

    The digest names this very request, so that the Delete of this id undoes only what this request did.
    """
    stack_name = "/".join(ids["StackId"].split("/")[1:2])
    digest = sha256(url.encode(errors="replace")).hexdigest()[:16]
    return f"failed-create:{stack_name}/{ids['LogicalResourceId']}/{digest}"


def _what_happened(record: Mapping[str, object], stream: str, url: str) -> str:
    # Secrets first, then the cut: half of a signature would not be recognized.
    report = _without_secrets(_report(record), url)[:MAX_REPORT]
    if "Failure" in record:
        return f"A step of the state machine failed for {stream} at every try: {report}."
    context = _mapping(record.get("requestContext"))
    tries = _without_secrets(str(context.get("approximateInvokeCount", "unknown")), url)[:MAX_SHORT]
    if context.get("condition") == "EventAgeExceeded":
        return (
            f"Lambda could not run the provider's function for {stream} in time (tries: {tries}): {report}. "
            "Check the function's metrics Throttles and AsyncEventAge: the account may lack Lambda concurrency."
        )
    return f"The provider's function failed for {stream} at every try (tries: {tries}): {report}."


def _report(record: Mapping[str, object]) -> str:
    """Read the type and message of the last error, without a stack trace."""
    failure = record.get("responsePayload") or record.get("Failure") or {}
    if not isinstance(failure, dict):
        return str(failure)
    kind = failure.get("errorType") or failure.get("Error")
    message = failure.get("errorMessage") or _cause(failure.get("Cause"))
    return ": ".join(str(one) for one in (kind, message) if one) or "no error was reported"


def _cause(cause: object) -> object:
    """Read the message in Step Functions' cause. If a function failed, the cause is JSON, as Lambda reported it."""
    with suppress(ValueError, RecursionError):
        return _mapping(json.loads(str(cause))).get("errorMessage", cause)
    return cause


def _stream(record: Mapping[str, object], event: Mapping[str, object], held: str, url: str) -> str:
    properties = _mapping(event.get("ResourceProperties"))
    of_held = held if ":stream/" in held else ""
    names = (properties.get("StreamName"), properties.get("StreamARN"), record.get("Stream"), of_held)
    named = next((name for name in names if isinstance(name, str) and name), "")
    return _without_secrets(named, url)[:MAX_STREAM]


def _id(value: object, url: str, *, physical: bool = False) -> str:
    text = _without_secrets(value, url) if isinstance(value, str) else ""
    longest = MAX_PHYSICAL_ID_BYTES if physical else MAX_ID_BYTES
    return text if len(json.dumps(text, ensure_ascii=not physical).encode(errors="replace")) <= longest else ""


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _without_secrets(text: str, url: str) -> str:
    query = url.partition("?")[2]
    values = [pair.partition("=")[2] for pair in query.split("&")]
    parts = [part for value in values for part in (value, unquote(value)) if len(part) >= SECRET_LENGTH]
    for secret in filter(None, (url, query, *parts)):
        text = text.replace(secret, "<ResponseURL>")
    return text
