"""One PUT of a response, by real HTTP: the headers, the status, and the failures of a connection."""

import socket
import ssl
from http import HTTPStatus
from http.client import RemoteDisconnected
from urllib.parse import urlsplit

import pytest
import trustme

from stream_encryption.cloudformation import response as module
from stream_encryption.cloudformation.response import put
from tests.fake_bucket import Reply, Silence
from tests.fake_response_url import FakeResponseUrl


def test_a_response_is_put_with_an_empty_content_type_and_its_length() -> None:
    """The protocol: any other content type is refused, since the URL's signature does not have it."""
    with FakeResponseUrl() as endpoint:
        url = endpoint.url()
        assert put(url, b'{"Status": "SUCCESS"}') == HTTPStatus.OK
        (request,) = endpoint.bucket.requests
    assert url.endswith(f"127.0.0.1:{urlsplit(url).port}{request.target}")
    assert (request.method, request.body) == ("PUT", b'{"Status": "SUCCESS"}')
    assert (request.headers["content-type"], request.headers["content-length"]) == ("", "21")


def test_a_url_without_a_query_gets_no_question_mark() -> None:
    """A question mark would make it another resource."""
    with FakeResponseUrl() as endpoint:
        assert put(endpoint.url().partition("?")[0], b"{}") == HTTPStatus.FORBIDDEN
        assert "?" not in endpoint.bucket.requests[0].target


@pytest.mark.parametrize("status", [403, 503])
def test_put_returns_the_status_of_a_refusal(status: int) -> None:
    """docs/crhelper-compared.md, 9: crhelper takes every status for a delivery."""
    with FakeResponseUrl() as endpoint:
        endpoint.bucket.script(Reply(status))
        assert put(endpoint.url(), b"{}") == status


@pytest.mark.parametrize("silence", [Silence.CLOSE, Silence.LOSE])
def test_a_connection_that_is_closed_without_a_status_is_an_error(silence: Silence) -> None:
    """Nobody knows whether the response arrived, so it has to be sent again."""
    with FakeResponseUrl() as endpoint:
        endpoint.bucket.script(silence)
        with pytest.raises(RemoteDisconnected):
            put(endpoint.url(), b"{}")


def test_a_silent_endpoint_is_given_up_after_the_socket_s_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 2: a socket without a time-out would use up the whole invocation, as crhelper's does."""
    monkeypatch.setattr(module, "SOCKET_SECONDS", 0.05)
    with FakeResponseUrl() as endpoint:
        endpoint.bucket.script(Silence.HANG)
        with pytest.raises(TimeoutError):
            put(endpoint.url(), b"{}")


def test_a_port_that_nobody_listens_at_is_an_error() -> None:
    """It is tried again like any other failure of the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        put(f"http://127.0.0.1:{port}/path?Signature=x", b"{}")


def test_an_https_url_is_requested_by_tls() -> None:
    """CloudFormation's URL is https; an emulator's is http. A server without TLS is no https server."""
    with FakeResponseUrl() as endpoint, pytest.raises(ssl.SSLError):
        put(endpoint.url().replace("http://", "https://"), b"{}")


def test_a_server_without_a_trusted_certificate_gets_no_request() -> None:
    """Promise 8: the request's first line has the secret."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with FakeResponseUrl(tls=context) as endpoint:
        with pytest.raises(ssl.SSLCertVerificationError):
            put(endpoint.url(), b"{}")
        assert endpoint.bucket.requests == []
