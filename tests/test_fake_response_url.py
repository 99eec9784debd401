"""The stand-in for CloudFormation's ResponseURL is as strict as S3, and leaves nothing behind."""

import http.client
import json
import threading
from http.client import HTTPConnection, RemoteDisconnected
from urllib.parse import urlsplit

import pytest

from tests.fake_bucket import Reply, Silence
from tests.fake_response_url import FakeResponseUrl

ANSWER = json.dumps({"Status": "SUCCESS"}).encode()


def _put(
    url: str, *, method: str = "PUT", content_type: str | None = "", timeout: float = 5.0
) -> http.client.HTTPResponse:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=timeout)
    headers = {} if content_type is None else {"Content-Type": content_type}
    try:
        connection.request(method, f"{parts.path}?{parts.query}", ANSWER, headers)
        response = connection.getresponse()
        response.read()
        return response
    finally:
        connection.close()


def test_an_answer_with_an_empty_content_type_is_stored() -> None:
    """The protocol: PUT with an empty content type is what the signature covers."""
    with FakeResponseUrl() as endpoint:
        assert _put(endpoint.url()).status == 200
        assert endpoint.bucket.answers == [{"Status": "SUCCESS"}]
        assert endpoint.bucket.requests[0].headers["content-type"] == ""


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", None])
def test_any_other_content_type_is_forbidden(content_type: str | None) -> None:
    """The signature covers an empty content type: urllib's own would be refused."""
    with FakeResponseUrl() as endpoint:
        assert _put(endpoint.url(), content_type=content_type).status == 403
        assert endpoint.bucket.answers == []


def test_a_wrong_method_an_unknown_signature_and_an_expired_url_are_forbidden() -> None:
    """A presigned URL is good for one method, as it was issued, for about two hours."""
    with FakeResponseUrl() as endpoint:
        assert _put(endpoint.url(), method="POST").status == 403
        assert _put(endpoint.url() + "x").status == 403
        assert _put(endpoint.url(expires_in=-1)).status == 403


def test_it_fails_as_it_is_told_and_then_recovers() -> None:
    """S3 answers 503 when it wants a client to slow down; a retry then succeeds."""
    with FakeResponseUrl() as endpoint:
        url = endpoint.url()
        endpoint.bucket.script(Reply(503), Reply(503), Silence.CLOSE, Silence.LOSE, Reply(after=0.01))
        assert _put(url).status == 503
        assert _put(url).status == 503
        with pytest.raises(RemoteDisconnected):
            _put(url)
        with pytest.raises(RemoteDisconnected):
            _put(url)
        assert _put(url).status == 200
        assert [request.stored for request in endpoint.bucket.requests] == [False, False, False, True, True]


def test_a_hung_connection_ends_with_the_endpoint_and_so_does_every_thread() -> None:
    """Warnings are errors in this suite: no socket and no thread may outlive its test."""
    before = threading.active_count()
    with FakeResponseUrl() as endpoint:
        endpoint.bucket.script(Silence.HANG)
        with pytest.raises(TimeoutError):
            _put(endpoint.url(), timeout=0.05)
        idle = HTTPConnection(urlsplit(endpoint.url()).netloc)
        idle.connect()  # and says nothing
    idle.close()
    assert threading.active_count() == before


def test_every_url_has_a_secret_of_its_own_that_a_search_of_the_logs_can_find() -> None:
    """The ResponseURL is a secret: whoever has it can answer in the provider's place."""
    with FakeResponseUrl() as endpoint:
        first, second = endpoint.url(), endpoint.url()
        assert [first.rpartition("=")[2], second.rpartition("=")[2]] == endpoint.bucket.secrets
        assert first != second
