"""Invocations that die, in AWS's own runtime: Lambda delivers again; after the last try there is still an answer."""

from __future__ import annotations

import json
import re
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from local.asynchronous import AWS_DELAYS

from .stacks import AWS_KEY, Requests, encryption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.asynchronous import Asynchronous
    from local.kinesis_tap import KinesisCall
    from local.response_endpoint import Exchange

    from .stacks import Account

SOON = (0.1, 0.2)


@pytest.fixture
def queue(account: Account) -> Iterator[Asynchronous]:
    """Lambda's queue in front of the function, which tries again sooner than after one and two minutes."""
    queue = account.aws.runtime.asynchronous
    as_deployed = queue.most_seconds
    queue.delays = SOON
    yield queue
    queue.delays, queue.most_seconds = AWS_DELAYS, as_deployed


class Deaths:
    """Kills the function at its calls to Kinesis, so many times, while a request is not yet answered."""

    def __init__(self, account: Account, number: signal.Signals, times: int = 99) -> None:
        """Kill by this signal; the fixture ends it."""
        self._aws, self._number, self._left = account.aws, number, times
        self.count = 0
        account.aws.tap.meddle = self._meddle

    def _meddle(self, _: KinesisCall) -> None:
        if self.count < self._left and self._aws.responses.exchanges[-1].open:
            self.count += 1
            self._aws.runtime.crash(self._number)


def update(account: Account, stream: str) -> dict[str, Any]:
    """An Update of an encryption on a stream."""
    return Requests(account).event("Update", stream, stream, account.aws.stream_arn(stream))


def begin(account: Account, event: dict[str, Any]) -> Exchange:
    """Send an event, and wait for what is answered."""
    exchange = account.aws.responses.open(event)
    account.aws.runtime.deliver(account.aws.responses.guarded(exchange))
    assert account.aws.responses.wait_for(exchange)
    return exchange


def counted(account: Account, exchange: Exchange) -> int:
    """The metric of the failure responder for an exchange; it is printed after the response."""
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        lines = [
            json.loads(line) for line in account.aws.failure_responder.log_lines() if exchange.event["StackId"] in line
        ]
        if lines:
            return sum(line["FailureResponses"] for line in lines)
        time.sleep(0.02)
    return 0


def test_the_queue_does_as_the_template_says(queue: Asynchronous) -> None:
    """The harness reads from the deployed function what Lambda would: how often, how long, and then whom to tell."""
    assert (queue.retries, queue.most_seconds) == (2, 3300)
    assert queue.destination is not None


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize(
    ("number", "timeout", "reported"),
    [
        (signal.SIGTERM, 900, "Runtime.ExitError"),
        # What Linux does to a process that is out of memory.
        (signal.SIGKILL, 900, "signal: killed"),
        # It hangs, until its time is out.
        (signal.SIGSTOP, 1, "Sandbox.Timedout: RequestId: x Error: Task timed out after 1.00 seconds"),
    ],
    ids=["exit", "out of memory", "time-out"],
)
def test_an_invocation_that_dies_at_every_delivery_ends_in_one_failed_answer(
    account: Account, number: signal.Signals, timeout: int, reported: str
) -> None:
    """Issue 4: within minutes CloudFormation hears what Lambda reported, and does not wait for an hour."""
    stream = account.stream()
    Deaths(account, number)
    with account.aws.runtime.changed(timeout=timeout):
        exchange = begin(account, update(account, stream))

    assert exchange.status == "FAILED"
    assert reported in exchange.reason
    assert f"stream {stream} at every try (tries: 3)" in exchange.reason
    assert "log group /aws/lambda/kinesis-stream-encryption for request" in exchange.reason
    assert exchange.answer is not None
    assert exchange.answer["PhysicalResourceId"] == account.aws.stream_arn(stream)
    assert counted(account, exchange) == 1


@pytest.mark.usefixtures("queue")
def test_a_package_that_cannot_be_imported_ends_in_failed_for_the_create_and_for_its_delete(account: Account) -> None:
    """An error while Lambda initializes the function: its code never runs. The failure responder shares none of it."""
    stream, stack = account.stream(), account.name()
    with account.aws.runtime.changed(code=account.broken_package()):
        done = account.deploy(stack, Encryption=encryption(stream))

    create, delete = account.aws.responses.of_stack(stack)
    assert done.status == "ROLLBACK_COMPLETE"
    assert (create.status, delete.status) == ("FAILED", "FAILED")
    assert "Runtime.ImportModuleError" in create.reason
    assert "No module named 'no_such_package'" in create.reason
    assert re.fullmatch(f"failed-create:{stack}/Encryption/[0-9a-f]{{16}}", delete.event["PhysicalResourceId"])
    assert "then delete again" in delete.reason
    assert account.starts_and_stops(stream) == []


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["exit", "out of memory"])
def test_an_invocation_that_dies_at_its_first_delivery_succeeds_at_the_second(
    account: Account, number: signal.Signals
) -> None:
    """Promise 6: what Lambda delivers again converges, and nobody but the log tells that anything died."""
    stream = account.stream()
    deaths = Deaths(account, number, times=1)

    exchange = begin(account, Requests(account).event("Create", stream))

    assert deaths.count == 1
    assert exchange.status == "SUCCESS"
    assert account.key_of(stream) == AWS_KEY
    assert account.starts_and_stops(stream) == ["StartStreamEncryption"]


@pytest.mark.usefixtures("queue")
def test_a_create_that_died_at_every_delivery_with_its_work_done_is_undone_by_its_delete(account: Account) -> None:
    """Promise 3: the failure responder knows nothing of what was done; the record tells the Delete."""
    stream = account.stream()
    before = account.state(stream)

    def die(call: KinesisCall) -> None:
        if account.starts_and_stops(stream) and account.aws.responses.exchanges[-1] is create and create.open:
            assert call.stream == stream
            account.aws.runtime.crash()

    create = account.aws.responses.open(Requests(account).event("Create", stream))
    account.aws.tap.meddle = die
    account.aws.runtime.deliver(account.aws.responses.guarded(create))
    assert account.aws.responses.wait_for(create)
    account.aws.responses.wait_until_quiet(create.event["StackId"])

    _, delete = account.aws.responses.of_stack(create.event["StackId"])
    assert (create.status, delete.status) == ("FAILED", "SUCCESS")
    assert account.starts_and_stops(stream) == ["StartStreamEncryption", "StopStreamEncryption"]
    assert account.state(stream) == before


def test_an_event_that_gets_too_old_is_answered_too(account: Account, queue: Asynchronous) -> None:
    """Lambda gives up an event that it could not get handled in time: the same way, another reason."""
    stream = account.stream()
    queue.most_seconds = 0.0
    deaths = Deaths(account, signal.SIGKILL)
    exchange = begin(account, update(account, stream))

    assert deaths.count == 1
    assert exchange.status == "FAILED"
    assert f"could not run the provider's function for stream {stream} in time (tries: 1): " in exchange.reason
