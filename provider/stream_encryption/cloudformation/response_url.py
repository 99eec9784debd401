"""What a ResponseURL tells of its request: when it was issued, and a name for it. The URL itself is a secret."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

URL_SECONDS = 7200
"""How long a ResponseURL is valid, in seconds."""

_AMZ_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")

AHEAD_SECONDS = 300.0
"""How far a request's time may be ahead of this function's clock, in seconds."""


def digest_of(response_url: str) -> str:
    """A name for a request: a digest of its ResponseURL.

    The URL differs for each request. The RequestId does not: CloudFormation uses it again when it retries a deployment.
    """
    return hashlib.sha256(response_url.encode()).hexdigest()[:16]


def issued_at(response_url: str, now: float) -> float:
    """Read when CloudFormation issued a request, in epoch seconds: only the presigned URL tells it.

    Signature Version 4 has the time in X-Amz-Date; Version 2 has the time at which the URL expires.

    Args:
        response_url: The URL.
        now: The time, in epoch seconds. It is returned where the URL tells no time, or one that is far ahead. A time
            that is a little ahead is taken as it is: clocks differ, and each delivery has to read the same time.
    """
    try:
        query = parse_qs(urlsplit(response_url).query)
        if "X-Amz-Date" in query:
            text = query["X-Amz-Date"][0]
            issued = datetime.fromisoformat(text).timestamp() if _AMZ_DATE.fullmatch(text) else now
        else:
            issued = int(query["Expires"][0]) - URL_SECONDS
    except (KeyError, ValueError):
        return now
    return now if issued > now + AHEAD_SECONDS else max(issued, 0)
