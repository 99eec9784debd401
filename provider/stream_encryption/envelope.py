"""What both doors take an event for: somebody can be answered, its ids are strings, and its secret is in one place."""

from __future__ import annotations

import json
import re
import string
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

MAX_ID_BYTES = 850
"""How long an id may be as JSON, in bytes: more than any of CloudFormation's, and four of them leave room for a Reason
in an answer of 4,096."""
DEEPEST = 30
"""How deep values may lie within one another: no valid property does so at all."""

# Nothing that http.client or a resolver would choke on; no quotation mark and no backslash: JSON holds it as it is.
_RESPONSE_URL = re.compile(
    r"https?://[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*(?::(?P<port>[0-9]{1,5}))?/[!#-\[\]-~]{0,8000}", re.IGNORECASE
)
_SIGNATURE = re.compile(r"(?:signature|token)=([^&]{8,})", re.IGNORECASE)
_PLAIN = frozenset(string.ascii_letters + string.digits)
_INSTEAD = "<ResponseURL>"


class Unanswerable(Exception):
    """Nobody can be answered, so nothing is done: an event that CloudFormation would not send."""


def accepted(event: object) -> dict[str, Any]:
    """Take an event on.

    Args:
        event: Whatever the function was invoked with.

    Returns:
        The event, with its RequestType and ids, of which those that can be none are empty; with a PhysicalResourceId
        only where it can be one. Its ResponseURL is nowhere else in it.

    Raises:
        Unanswerable: It has no ResponseURL.
    """
    url = event.get("ResponseURL") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(url, str) or not _is_response_url(url):
        raise Unanswerable("the event has no ResponseURL, so nobody can be answered; nothing was done")
    taken = {**cleaned(event, url), "ResponseURL": url}
    for name in ("RequestType", "StackId", "RequestId", "LogicalResourceId"):
        taken[name] = _id(taken.get(name))
    held = _id(taken.pop("PhysicalResourceId", None))
    return {**taken, "PhysicalResourceId": held} if held and taken["RequestType"] != "Create" else taken


def _id(value: object) -> str:
    return value if isinstance(value, str) and len(json.dumps(value)) <= MAX_ID_BYTES else ""


def _is_response_url(url: str) -> bool:
    match = _RESPONSE_URL.fullmatch(url)
    return match is not None and int(match["port"] or 0) < 1 << 16


def cleaned(value: Any, response_url: str, depth: int = DEEPEST) -> Any:  # noqa: ANN401 (whatever JSON can hold)
    """JSON without the ResponseURL, in keys and in values, as `without_secrets` tells; nothing lies deeper than so."""
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
    """A text without the ResponseURL, be it whole or in parts (its query, its signature), however it is spelled.

    It is without half characters too (lone surrogates), which UTF-8 can't hold, and so no log.
    """
    return _secrets_of(response_url).sub(_INSTEAD, text).encode(errors="replace").decode()


@lru_cache(maxsize=16)
def _secrets_of(response_url: str) -> re.Pattern[str]:
    query = urlsplit(response_url).query
    whole = [re.escape(part) for part in (response_url, query) if part]
    return re.compile("|".join([*whole, *map(_spelled, _SIGNATURE.findall(query) or [query] if query else [])]))


def _spelled(secret: str) -> str:
    """A pattern for a secret as it is, percent-encoded (once, or again and again), and escaped as in JSON."""
    return "".join(
        chr(byte)
        if chr(byte) in _PLAIN
        else rf"(?:\\?{re.escape(chr(byte))}|%(?:25)*(?i:{byte:02x})|\\u00(?i:{byte:02x}))"
        for byte in unquote_to_bytes(secret)
    )
