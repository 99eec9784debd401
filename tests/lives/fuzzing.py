"""What the fuzz tests share: providers, a log that takes only UTF-8, and what is checked whatever is delivered."""

import io
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from hypothesis import settings

from tests.builders import STACK_ID, STREAM_NAME
from tests.junk import ONE, VALID, revealed
from tests.provider import Provider
from tests.secrecy import leaks

fuzzed = settings(max_examples=int(os.environ.get("FUZZ_EXAMPLES", "120")))

OTHER_STACK = STACK_ID.replace("platform-encryption", "somebody-else")
CALLS = frozenset({"StartStreamEncryption", "StopStreamEncryption", "PutRecord"})
"""The calls that change a stream."""


def fresh() -> Provider:
    """Make a stream that is not encrypted."""
    return Provider()


def ours() -> Provider:
    """Make a stream that this resource encrypts."""
    provider = Provider()
    provider.create(ONE)
    return provider


def theirs() -> Provider:
    """Make a stream that another stack's resource encrypts with the same key."""
    provider = Provider()
    provider.create(ONE, StackId=OTHER_STACK)
    return provider


def unrecorded() -> Provider:
    """Make a stream that is encrypted with the default key, and has no record."""
    provider = Provider()
    provider.kinesis.add_stream(STREAM_NAME, "alias/aws/kinesis")
    return provider


class Log(io.TextIOWrapper):
    """A stream that takes only UTF-8, as Lambda's does."""

    def __init__(self) -> None:
        """Start empty."""
        self._kept = io.BytesIO()
        super().__init__(self._kept, "utf-8", write_through=True)

    @property
    def text(self) -> str:
        """What was written."""
        return self._kept.getvalue().decode()


@contextmanager
def log() -> Iterator[Log]:
    """Take all output of the block."""
    written = Log()
    with redirect_stdout(written), redirect_stderr(written):
        yield written


@contextmanager
def judged(provider: Provider) -> Iterator[Log]:
    """Check afterwards that no secret is in the log and in no response, and that each response is valid."""
    before = len(provider.bucket.requests)
    with log() as written:
        yield written
    assert leaks(written.text) == []
    assert "Logging error" not in written.text
    for request in provider.bucket.requests[before:]:
        assert_valid(request.body)


def assert_valid(body: bytes) -> None:
    """Check a response by the protocol.

    Source: AWS CloudFormation User Guide, "Custom resource request and response reference".
    """
    assert len(body) <= 4096
    response = json.loads(body)
    for name in ("Status", "Reason", "PhysicalResourceId", "StackId", "RequestId", "LogicalResourceId"):
        assert isinstance(response[name], str), name
    assert response["Status"] in {"SUCCESS", "FAILED"}
    assert 1 <= len(response["PhysicalResourceId"].encode()) <= 1024
    assert response["Reason"] or response["Status"] == "SUCCESS"
    assert leaks(body.decode()) == []


def issued(provider: Provider, event: Mapping[str, Any]) -> dict[str, Any]:
    """Give an event a fresh ResponseURL, also in the places of the words that stand for it."""
    url = provider.fresh_url()
    return {**revealed(dict(event), url), "ResponseURL": url}


def calls(provider: Provider) -> list[str]:
    """Return the calls so far that changed a stream."""
    return [name for name in provider.changes() if name in CALLS]


def claims(provider: Provider) -> Any:
    """Return the claims in the stream's record; None where there is no record."""
    record = provider.record_of()
    return record and record["claims"]


def handed_over(kind: str) -> tuple[Provider, dict[str, Any]]:
    """Make a request that waits in the workflow, and its state; the stream is ACTIVE by now."""
    provider = Provider(handover_seconds=20)
    with log():
        if kind != "Create":
            provider.create(ONE)
        provider.kinesis.people.reshard(STREAM_NAME, 300)
        provider.deliver(issued(provider, VALID[kind]))
    (execution,) = provider.states.executions.values()
    provider.clock.sleep(300)
    return provider, json.loads(json.dumps(execution.input))


def nobody_there(tried: list[Any]) -> Callable[..., None]:
    """Stand in for socket.create_connection: check the address, and refuse the connection."""

    def connect(address: tuple[str, int], *_rest: Any, **_options: Any) -> None:
        tried.append(address)
        socket.getaddrinfo(*address, flags=socket.AI_NUMERICHOST)
        raise ConnectionRefusedError

    return connect
