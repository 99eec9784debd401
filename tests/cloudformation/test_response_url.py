"""What a ResponseURL tells: when its request was issued, and a digest that names the request."""

import re

import pytest

from stream_encryption.cloudformation.response_url import URL_SECONDS, digest_of, issued_at
from tests.builders import RESPONSE_URL, SECRET
from tests.fake_clock import NEW_YEAR_2026

NOW = NEW_YEAR_2026 + 0.75


@pytest.mark.parametrize(
    ("query", "issued"),
    [
        (f"Expires={NEW_YEAR_2026 + URL_SECONDS - 100:.0f}&Signature=x", NEW_YEAR_2026 - 100),
        ("X-Amz-Date=20251231T235900Z&X-Amz-Expires=7200", NEW_YEAR_2026 - 60),
        ("X-Amz-Date=20251231T235900Z&Expires=0", NEW_YEAR_2026 - 60),
        (f"Expires={NEW_YEAR_2026 + URL_SECONDS + 100:.0f}", NEW_YEAR_2026 + 100),
        (f"Expires={NEW_YEAR_2026 + URL_SECONDS + 400:.0f}", NOW),
        ("X-Amz-Date=20991231T000000Z", NOW),
        ("X-Amz-Date=yesterday", NOW),
        ("X-Amz-Date=20251231T235900", NOW),
        ("X-Amz-Date=20251399T000000Z", NOW),
        ("Expires=soon", NOW),
        ("Expires=nan", NOW),
        ("Expires=inf", NOW),
        ("Expires=-1e308", NOW),
        (f"Expires=-{'9' * 300}", 0),
        ("X-Amz-Date=00010101T000000Z", 0),
        ("Signature=x", NOW),
        ("", NOW),
    ],
    ids=[
        "version 2",
        "version 4",
        "both",
        "version 2, a little ahead",
        "version 2, far ahead",
        "version 4, far ahead",
        "version 4, unreadable",
        "version 4, no time zone",
        "version 4, no such day",
        "version 2, unreadable",
        "no number",
        "endless",
        "no whole number",
        "long ago",
        "the first day of all",
        "neither",
        "no query",
    ],
)
def test_the_time_of_issue_is_read_from_the_signature(query: str, issued: float) -> None:
    """Promise 2: a request that was delivered late has less time left. A URL that tells no time means now."""
    assert issued_at(f"https://host/path?{query}", NOW) == issued


@pytest.mark.parametrize("url", ["None", "", "x", "https://["])
def test_a_url_that_cannot_be_parsed_tells_no_time(url: str) -> None:
    """Promise 2: it must not keep a request from being answered."""
    assert issued_at(url, NOW) == NOW


def test_a_digest_names_a_request_and_holds_no_secret() -> None:
    """It is in the record, in the log and in the PhysicalResourceId of a failed Create."""
    digest = digest_of(RESPONSE_URL)
    assert re.fullmatch(r"[0-9a-f]{16}", digest)
    assert digest == digest_of(RESPONSE_URL) != digest_of(RESPONSE_URL.replace(SECRET, SECRET[::-1]))
