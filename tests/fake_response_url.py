"""A Bucket behind real HTTP on the loopback interface, for code that opens real sockets."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from tests.fake_bucket import TWO_HOURS, Bucket, Silence


class FakeResponseUrl:
    """Stands in for CloudFormation's presigned S3 URL; a context manager that leaves nothing behind.

    What is asked, scripted and found is the bucket's: ``endpoint.bucket.script(Reply(503), Silence.HANG)``.
    """

    def __init__(self, now: Callable[[], float] = time.time, tls: ssl.SSLContext | None = None) -> None:
        """Open a free port; requests are answered within the context alone.

        Args:
            now: Tells the time in epoch seconds; a URL expires by it.
            tls: What HTTPS is spoken by; None: HTTP is spoken.
        """
        self.bucket = Bucket(now)
        self._server = _Server(self.bucket, tls)
        self._scheme = "https" if tls else "http"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, name="response-url")

    def url(self, *, expires_in: float = TWO_HOURS) -> str:
        """Issue a fresh URL, with a secret of its own."""
        place = f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"
        return place + self.bucket.issue(expires_in=expires_in)

    def __enter__(self) -> Self:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection, hung ones too, and end every thread."""
        self._server.stop()
        self._thread.join()


class _Server(ThreadingTCPServer):
    daemon_threads = False  # so that closing waits until every handler has ended

    def __init__(self, bucket: Bucket, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bucket = bucket
        self._tls = tls
        self.closing = Event()
        self._connections: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._tls:
            # Shaken hands with by the handler's own thread, or one client could keep all the others waiting.
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that gives up waiting is part of the test."""

    def stop(self) -> None:
        self.closing.set()
        self.shutdown()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        step = self.server.bucket.receive(self.command, self.path, dict(self.headers.items()), body)
        if isinstance(step, Silence):
            if step is Silence.HANG:
                self.server.closing.wait()
            return  # to return without a word closes the connection
        self.server.closing.wait(step.after)
        self.send_response(step.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_POST = do_GET = do_HEAD = do_DELETE = _serve  # noqa: N815 - http.server's own names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
        """Keep quiet: the request line holds the secret."""
