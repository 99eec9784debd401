"""Promise 8: the ResponseURL is in no response and in no log line, however an error spells it."""

import json
import string
from collections.abc import Callable
from functools import partial
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_encryption.cloudformation.event_validation import without_secrets
from stream_encryption.errors import InvalidArgument, InvalidRequest
from stream_encryption.values import Refusal, RefusalKind
from tests.builders import RESPONSE_URL, SECRET, STREAM_ARN, create_event
from tests.cloudformation.lone_resource import LoneResource
from tests.secrecy import leaks

VERSION_4 = (
    "https://bucket.s3.amazonaws.com/path?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260101T000000Z"
    f"&X-Amz-Security-Token={SECRET}token&X-Amz-Signature={SECRET}signature"
)


@pytest.fixture
def lone() -> LoneResource:
    """The protocol alone."""
    return LoneResource()


def _query(url: str) -> str:
    return url.partition("?")[2]


SPELLINGS: dict[str, Callable[[str], str]] = {
    "whole": str,
    "path and query": lambda url: url.removeprefix("https://").partition("/")[2],
    "query": _query,
    "signature": lambda url: _query(url).rpartition("=")[2],
    "repr": lambda url: repr({url: None}),
    "bytes": lambda url: repr(url.encode()),
    "percent-encoded": lambda url: quote(url, safe=""),
    "percent-encoded twice": lambda url: quote(quote(url, safe=""), safe=""),
    "JSON": lambda url: json.dumps({url: url}),
    "JSON in JSON": lambda url: json.dumps(json.dumps({url: url})),
}


@pytest.mark.parametrize("url", [RESPONSE_URL, VERSION_4], ids=["version 2", "version 4"])
@pytest.mark.parametrize("kind", [ValueError, InvalidRequest])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_in_an_error_is_taken_out_of_the_response_and_the_log(
    lone: LoneResource, capsys: pytest.CaptureFixture[str], url: str, kind: type[Exception], spelling: str
) -> None:
    """An error can quote the URL, or parts of it; the traceback repeats the error."""
    response = lone.failing(kind(f"could not reach {SPELLINGS[spelling](url)}!"), create_event(ResponseURL=url))
    assert "could not reach " in response["Reason"]
    assert "<ResponseURL>" in response["Reason"]
    assert leaks(json.dumps(response) + capsys.readouterr().out) == []


def test_a_session_token_is_a_secret_too(lone: LoneResource) -> None:
    """A URL that was signed with temporary credentials has two secrets."""
    response = lone.failing(ValueError(f"token {SECRET}token"), create_event(ResponseURL=VERSION_4))
    assert "token <ResponseURL>" in response["Reason"]


@pytest.mark.parametrize(
    "spelling",
    [
        "/ab+cd/ef==",
        "%2Fab%2Bcd%2Fef%3D%3D",
        "%2fab%2bcd%2fef%3d%3d",
        "%252Fab%252Bcd%252Fef%253D%253D",
        r"\/ab+cd\/ef==",
        r"\u002fab\u002Bcd\u002fef\u003d\u003D",
    ],
)
def test_a_signature_is_found_in_each_of_its_spellings(lone: LoneResource, spelling: str) -> None:
    """A version 2 signature is base64. The URL percent-encodes its + / =; a library's error may not."""
    url = "https://bucket.s3.amazonaws.com/path?Expires=1767232800&Signature=%2Fab%2Bcd%2Fef%3D%3D"
    response = lone.failing(ValueError(f"signature {spelling}, did not match"), create_event(ResponseURL=url))
    assert "signature <ResponseURL>, did not match" in response["Reason"]


@given(signature=st.text(string.ascii_letters + string.digits + "+/=", min_size=8, max_size=40))
def test_every_signature_is_found_in_each_of_its_spellings(signature: str) -> None:
    """Promise 8: whichever characters of base64 it has, and wherever."""
    encoded = quote(signature, safe="")
    escaped = "".join(one if one.isalnum() else f"\\u{ord(one):04x}" for one in signature)
    url = f"https://bucket.s3.amazonaws.com/path?Expires=1767232800&Signature={encoded}"
    for spelling in (signature, encoded, quote(encoded, safe=""), escaped):
        assert without_secrets(f"signature {spelling}, did not match", url) == "signature <ResponseURL>, did not match"


@pytest.mark.parametrize(
    "url",
    [
        "https://bucket.s3.amazonaws.com/path?no=signature%20at%2Ball",
        "https://bucket.s3.amazonaws.com/a/path%20without-a-query",
        "https://b/?%21%21%21=%2B%2B%2B&Signature=%2B%2B%2B%2B%2B%2B%2B%2B%2B",
    ],
    ids=["no signature", "no query", "no letter in the signature"],
)
@pytest.mark.parametrize("spell", [str, unquote, partial(quote, safe="")], ids=["as it is", "decoded", "encoded"])
def test_a_url_of_an_odd_form_is_found_too(url: str, spell: Callable[[str], str]) -> None:
    """Promise 8: whatever the form of the ResponseURL, its secret part is in no text."""
    secret = url.partition("?")[2].rpartition("Signature=")[2] or url
    assert spell(secret) not in without_secrets(f"could not reach {spell(secret)}!", url)


def _cause(secret: str) -> Exception:
    error = ValueError("no secret here")
    error.__cause__ = OSError(secret)
    return error


def _context(secret: str) -> Exception:
    error = ValueError("no secret here")
    error.__context__ = KeyError({secret: "a key of a map"})
    return error


def _note(secret: str) -> Exception:
    error = ValueError("no secret here")
    error.add_note(f"while sending to {secret}")
    return error


def _group(secret: str) -> Exception:
    return ExceptionGroup("no secret here", [OSError(secret), _cause(secret)])


@pytest.mark.parametrize("make", [_cause, _context, _note, _group])
def test_a_secret_beside_an_error_is_taken_out_of_the_traceback(
    lone: LoneResource, capsys: pytest.CaptureFixture[str], make: Callable[[str], Exception]
) -> None:
    """Tracebacks also show causes, the error that was being handled, notes, and the members of a group."""
    response = lone.failing(make(RESPONSE_URL))
    log = capsys.readouterr().out
    assert "no secret here" in response["Reason"]
    assert "<ResponseURL>" in log
    assert leaks(log) == []


def test_a_service_s_message_is_cleaned_as_well(lone: LoneResource) -> None:
    """An error that is raised on purpose passes the service's message on."""
    refusal = Refusal("kinesis:PutRecord", STREAM_ARN, RefusalKind.INVALID, "X", f"saw {RESPONSE_URL}")
    assert "saw <ResponseURL>" in lone.failing(InvalidArgument(refusal))["Reason"]


def test_a_response_url_without_a_query_does_not_match_everything(lone: LoneResource) -> None:
    """An empty secret would be found between any two characters."""
    response = lone.failing(InvalidRequest("plain words"), create_event(ResponseURL="https://host/path"))
    assert response["Reason"] == "[InvalidRequest] plain words"
