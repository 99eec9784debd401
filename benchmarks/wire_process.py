"""The reverse proxy that every call to AWS passes in a benchmark. It runs as a process of its own.

It forwards each call to the engine that answers it, and records the call. One event loop serves all connections, so
that calls wait neither for the harness nor for each other. `benchmarks.wire.Wire` starts it and asks it for the record.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import TYPE_CHECKING, Any

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

CONTROL = "/_wire/"
"""Requests below this path are the harness's own: they are neither forwarded nor recorded."""
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
SIGNED_FOR = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
REST = (
    ("POST", re.compile(r"/2015-03-31/functions/[^/]+/invocations"), "Invoke"),
    ("POST", re.compile(r"/2015-03-31/functions/[^/]+/policy"), "AddPermission"),
    ("DELETE", re.compile(r"/2015-03-31/functions/[^/]+/policy/[^/]+"), "RemovePermission"),
)
"""Lambda's API is the only one here that names the action in the path instead of a header."""
LARGEST_BODY_BYTES = 64 * 1024**2
LONGEST_SECONDS = 120.0


class Wire:
    """Forwards calls and records them."""

    def __init__(self) -> None:
        """Know no engine yet, and have recorded nothing."""
        self._kinesis: Mapping[str, str] = {}
        self._others = ""
        self._calls: list[dict[str, Any]] = []

    async def session(self, app: web.Application) -> AsyncIterator[None]:
        """Keep connections to the engines open for as long as the proxy runs."""
        timeout = ClientTimeout(total=LONGEST_SECONDS)
        connector, cookies = TCPConnector(limit=0), DummyCookieJar()
        async with ClientSession(connector=connector, timeout=timeout, cookie_jar=cookies, auto_decompress=False) as it:
            app[SESSION] = it
            yield

    async def set_routes(self, request: web.Request) -> web.Response:
        """Take the addresses of the engines: `kinesis` by the prefix of their streams' names, and `others`."""
        routes = await request.json()
        self._kinesis, self._others = routes["kinesis"], routes["others"]
        return web.Response()

    async def get_calls(self, request: web.Request) -> web.Response:
        """Answer the recorded calls that contain `mark` and were sent at or after `since` (epoch seconds)."""
        mark, since = request.query.get("mark", ""), float(request.query.get("since", "0"))
        return web.json_response([one for one in self._calls if mark in one["text"] and one["sent"] >= since])

    async def forward(self, request: web.Request) -> web.Response:
        """Forward one call, and record it once it is answered."""
        sent, body = time.time(), await request.read()
        service, action, stream = named(request.method, request.path, request.headers, body)
        url = self._kinesis.get(stream.partition(".")[0], self._others) if service == "kinesis" else self._others
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        answer = await _answer(request, URL(url + request.raw_path, encoded=True), headers, body)
        text = f"{request.raw_path} {body.decode(errors='replace')}"
        call = {"sent": sent, "answered": time.time(), "service": service, "action": action, "stream": stream}
        self._calls.append({**call, "text": text, "status": answer.status})
        return answer


async def _answer(request: web.Request, target: URL, headers: Mapping[str, str], body: bytes) -> web.Response:
    """Send a call on, and copy its answer; 502 where the engine gives none."""
    try:
        async with request.app[SESSION].request(request.method, target, headers=headers, data=body) as reply:
            answer = web.Response(status=reply.status, body=await reply.read())
            answer.headers.extend((name, value) for name, value in reply.headers.items() if name.lower() not in OWN)
            return answer
    except (ClientError, TimeoutError):
        return web.Response(status=502)


SESSION = web.AppKey("session", ClientSession)
OWN = HOP_BY_HOP | {"date", "server"}
"""The proxy writes these headers itself."""


def named(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[str, str, str]:
    """Name the service, the action and the Kinesis stream of a call; the stream is empty where it names none."""
    signed = SIGNED_FOR.search(headers.get("authorization", ""))
    service = signed[1] if signed else ""
    rest = (name for verb, pattern, name in REST if verb == method and pattern.fullmatch(path))
    action = headers.get("x-amz-target", "").rpartition(".")[2] or next(rest, f"{method} {path}")
    return service, action, _stream(body) if service == "kinesis" else ""


def _stream(body: bytes) -> str:
    try:
        asked = json.loads(body)
    except ValueError:
        return ""
    arn = str(asked.get("StreamARN") or asked.get("ResourceARN") or "")
    return str(asked.get("StreamName") or arn.rpartition("/")[2])


def application() -> web.Application:
    """Build the proxy."""
    wire, app = Wire(), web.Application(client_max_size=LARGEST_BODY_BYTES)
    app.cleanup_ctx.append(wire.session)
    app.router.add_put(f"{CONTROL}routes", wire.set_routes)
    app.router.add_get(f"{CONTROL}calls", wire.get_calls)
    app.router.add_route("*", "/{path:.*}", wire.forward)
    return app


async def serve(port: int) -> None:
    """Listen on a loopback port until the process is ended."""
    runner = web.AppRunner(application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=512).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
