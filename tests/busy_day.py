"""Plays a day of the provider on the fakes that prints every metric and every kind of log line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from io import TextIOBase
from typing import Any

import pytest
from aws_lambda_powertools import Metrics

import failure_responder
from stream_encryption.cloudformation.response import ResponseNotDelivered
from tests.builders import create_event, update_event
from tests.fake_bucket import Reply
from tests.fake_clock import Clock
from tests.fake_errors import Kind, client_error
from tests.provider import Provider
from tests.watch.watched import Watched

Line = dict[str, Any]

ONE, TWO = {"StreamName": "orders", "KeyId": "alias/one"}, {"StreamName": "orders", "KeyId": "alias/two"}
OTHER_STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/other/0e8d4a60-0000-11ee-a5d4-0a1b2c3d4e5f"


class Recorder(TextIOBase):
    """Standard output as CloudWatch takes it: each line with its time."""

    def __init__(self, clock: Clock) -> None:
        """Read the time from this clock."""
        self._clock = clock
        self.lines: list[Line] = []

    def write(self, text: str) -> int:
        """Keep each line."""
        at = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%H:%M:%S.%f")[:-3]
        self.lines += [{"@timestamp": at, **json.loads(line)} for line in text.splitlines() if line]
        return len(text)


@contextmanager
def recorded(clock: Clock) -> Iterator[Recorder]:
    """Record standard output, without what Powertools counted before."""
    Metrics(namespace="test", service="test").clear_metrics()
    with redirect_stdout(Recorder(clock)) as recorder:
        yield recorder


def run(monkeypatch: pytest.MonkeyPatch) -> list[Line]:
    """Play the day; return everything that was printed."""
    provider = Watched(handover_seconds=60)
    for name in ("invoices", "payments"):
        provider.kinesis.add_stream(name)
    monkeypatch.setattr(failure_responder, "put", lambda _url, _body: 200)
    with recorded(provider.clock) as recorder:
        _a_stream_s_life(provider)
        _failures(provider)
        _what_is_refused(provider)
        _what_the_watch_finds(provider)
        _what_is_lost(provider)
    return recorder.lines


def _a_stream_s_life(provider: Provider) -> None:
    """A Create, an Update to another key while the stream is resharded, an Update without a change, and a Delete."""
    provider.kinesis.faults.fail_next("StartStreamEncryption", Kind.THROTTLING)
    conflict = client_error("ConditionalCheckFailedException", "The conditional request failed", "dynamodb:PutItem")
    provider.table.faults.fail_next("PutItem", conflict)
    provider.create(ONE)
    provider.kinesis.people.reshard("orders", 75)
    provider.deliver({**update_event(TWO, ONE), "ResponseURL": provider.fresh_url()})
    provider.states.play(provider.deliver)
    provider.update(TWO, TWO)
    provider.delete(TWO)


def _failures(provider: Provider) -> None:
    """A wrong name, wrong properties, a stream that another stack manages, and a disabled key."""
    provider.create({"StreamName": "nowhere"})
    provider.create({"StreamName": "nowhere", "KeyID": "alias/one"})
    provider.create({"StreamName": "payments", "KeyId": "alias/one"})
    provider.create({"StreamName": "payments", "KeyId": "alias/two"}, StackId=OTHER_STACK)
    provider.kms.add_key("alias/retired").state = "Disabled"
    provider.update({"StreamName": "invoices", "KeyId": "alias/retired"}, ONE)


def _what_is_refused(provider: Provider) -> None:
    """A Delete whose previous key is disabled, a state machine that refuses it, and an event that is refused."""
    provider.kinesis.add_stream("invoices", "alias/two")
    invoices = {"StreamName": "invoices", "KeyId": "alias/one"}
    held = provider.create(invoices)["PhysicalResourceId"]
    provider.two.state = "Disabled"
    provider.states.refuses = client_error("AccessDeniedException", "not authorized", "states:StartExecution")
    provider.kinesis.people.reshard("invoices", 120)
    provider.delete(invoices, PhysicalResourceId=held)
    provider.deliver({"Records": []})


def _what_is_lost(provider: Provider) -> None:
    """A response that nobody took, and a request that the failure responder answers."""
    provider.bucket.script(*[Reply(503)] * 20)
    with pytest.raises(ResponseNotDelivered):
        provider.deliver({**create_event({"StreamName": "nowhere"}), "ResponseURL": provider.fresh_url()})
    failed = {"errorType": "Runtime.OutOfMemory", "errorMessage": "signal: killed"}
    event = {**create_event({"StreamName": "payments"}), "ResponseURL": provider.fresh_url()}
    failure_responder.on_failure({"requestPayload": event, "responsePayload": failed, "requestContext": {}}, None)


def _what_the_watch_finds(watched: Watched) -> None:
    """An owner who stops the encryption, a mend, the end of the finding; and a finding that the bus does not take."""
    watched.clock.sleep(60)
    for key in (watched.one, watched.two):
        key.state = "Enabled"
    watched.states.refuses = None
    mended = {**ONE, "OnDrift": "Mend"}
    watched.create(mended)
    watched.clock.sleep(60)
    watched.stopped("orders")
    watched.called("StopStreamEncryption")
    watched.mend()
    watched.clock.sleep(60)
    watched.bus.refuses_entries = {0}
    watched.round()
    watched.round()
