"""Event validation: an event needs a ResponseURL; invalid ids are emptied, and the secret is kept in one place."""

from __future__ import annotations

import json
import re
import string
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, unquote_to_bytes, urlsplit

MAX_PHYSICAL_ID_BYTES = 1024
"""The longest PhysicalResourceId, in bytes (AWS CloudFormation User Guide, "Custom resource response objects")."""
MAX_ID_BYTES = 850
"""The longest other id, in bytes of JSON. CloudFormation's are shorter, and all four leave room for a Reason."""
DEEPEST = 30
"""The deepest nesting of values that is kept. No valid property is nested at all."""

# Only what http.client and a resolver accept. Without quotation marks and backslashes it is the same text in JSON.
_RESPONSE_URL = re.compile(
    r"https?://[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*(?::(?P<port>[0-9]{1,5}))?/[!#-\[\]-~]{0,8000}", re.IGNORECASE
)
_SIGNATURE = re.compile(r"(?:signature|token)=([^&]{8,})", re.IGNORECASE)
_PLAIN = frozenset(string.ascii_letters + string.digits)
_INSTEAD = "<ResponseURL>"


class Unanswerable(Exception):
    """The event has no ResponseURL, so that no response can be sent and nothing may be done."""


def accepted(event: object) -> dict[str, Any]:
    """Accept an event, or refuse it.

    Args:
        event: Whatever the function was invoked with.

    Returns:
        The event, with its RequestType and ids, of which invalid ones are empty; with a PhysicalResourceId only where
        that is valid. Its ResponseURL is nowhere else in it.

    Raises:
        Unanswerable: It has no ResponseURL.
    """
    if isinstance(event, dict) and isinstance(event.get("Records"), list):
        event = _from_sns(event["Records"])
    url = event.get("ResponseURL") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(url, str) or not _is_response_url(url):
        raise Unanswerable("the event has no ResponseURL, so no response can be sent; nothing was done")
    taken = {**cleaned(event, url), "ResponseURL": url}
    for name in ("RequestType", "StackId", "RequestId", "LogicalResourceId"):
        taken[name] = _id(taken.get(name), MAX_ID_BYTES)
    held = _id(taken.pop("PhysicalResourceId", None), MAX_PHYSICAL_ID_BYTES)
    return {**taken, "PhysicalResourceId": held} if held and taken["RequestType"] != "Create" else taken


def _from_sns(records: list[Any]) -> object:
    """Read the request in the one message that an SNS topic delivers where the topic is the ServiceToken."""
    try:
        (record,) = records
        return json.loads(record["Sns"]["Message"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def _id(value: object, most_bytes: int) -> str:
    """An id as it came; empty where it is no text, or too long once JSON has escaped some of its characters."""
    fits = isinstance(value, str) and len(json.dumps(value, ensure_ascii=False).encode()) - 2 <= most_bytes
    return str(value) if fits else ""


def _is_response_url(url: str) -> bool:
    match = _RESPONSE_URL.fullmatch(url)
    return match is not None and int(match["port"] or 0) < 1 << 16


def cleaned(value: Any, response_url: str, depth: int = DEEPEST) -> Any:  # noqa: ANN401 (whatever JSON can hold)
    """Remove the ResponseURL from the names and values of JSON, and all that is nested deeper than `depth`."""
    if isinstance(value, str):
        return without_secrets(value, response_url)
    if not isinstance(value, dict | list):
        return value
    if not depth:
        return None
    if isinstance(value, list):
        return [cleaned(one, response_url, depth - 1) for one in value]
    return {without_secrets(name, response_url): cleaned(one, response_url, depth - 1) for name, one in value.items()}


def without_secrets(text: str, response_url: str) -> str:
    """Remove the ResponseURL from a text: the whole of it, its query and its signature, in each of their spellings.

    An empty ResponseURL, as a mend of the watch has it, is no secret.

    Lone surrogates are replaced as well: UTF-8 can't hold them, so no log and no response can.
    """
    if text and text == response_url:
        return _INSTEAD
    if response_url and any(run in text for run in _plain_runs(response_url)):
        text = _pattern(response_url).sub(_INSTEAD, text)
    return text.encode(errors="replace").decode()


@lru_cache(maxsize=16)
def _plain_runs(response_url: str) -> tuple[str, ...]:
    """Find the longest run of letters and digits in each secret, as it is and percent-decoded: each spelling has one.

    To look for a few letters is a hundred times faster than to compile a pattern, and hardly any text has them.
    """
    spellings = (one for secret in _secrets(response_url) for one in (secret, unquote(secret)))
    return tuple(max(re.findall(r"[a-zA-Z0-9]+", one), key=len, default="") for one in spellings)


@lru_cache(maxsize=16)
def _pattern(response_url: str) -> re.Pattern[str]:
    query = urlsplit(response_url).query
    whole = [re.escape(part) for part in (response_url, query) if part]
    return re.compile("|".join([*whole, *map(_spelled, _secrets(response_url))]))


def _secrets(response_url: str) -> list[str]:
    """The signatures in the URL's query; the whole query, or the whole URL, where there are none."""
    query = urlsplit(response_url).query
    return _SIGNATURE.findall(query) or [query or response_url]


def _spelled(secret: str) -> str:
    """Make a pattern for a secret as it is, percent-encoded (once, or again and again), and escaped as in JSON."""
    return "".join(
        chr(byte)
        if chr(byte) in _PLAIN
        else rf"(?:\\?{re.escape(chr(byte))}|%(?:25)*(?i:{byte:02x})|\\u00(?i:{byte:02x}))"
        for byte in unquote_to_bytes(secret)
    )
