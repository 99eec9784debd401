"""What Lambda starts: all that every request needs is made before the first one comes, and no fault of it is lost."""

import gc
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from stream_encryption import doors
from stream_encryption.settings import Settings
from tests.builders import LambdaContext, create_event
from tests.fake_clock import Clock
from tests.fake_response_url import FakeResponseUrl

ENTRY = "stream_encryption.handler"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that has made nothing yet, with credentials of nobody, and with no region."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(sys.modules, ENTRY, raising=False)
    Settings.client.cache_clear()
    yield
    Settings.client.cache_clear()
    gc.unfreeze()


def start() -> Any:
    """Do what Lambda does: import the handler's module; answers its entry point."""
    return import_module(ENTRY).on_event


def test_the_client_that_every_request_needs_is_made_while_lambda_starts_the_function(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Issue 5, cold start: an invocation of 256 MB has a seventh of a processor, the start a whole one."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    start()
    made = Settings.client.cache_info()
    assert made.currsize == 1
    Settings.client("kinesis")
    assert Settings.client.cache_info().misses == made.misses


def test_the_entry_point_is_the_door() -> None:
    """The start adds nothing to what an invocation does."""
    assert start() is doors.on_event


def test_garbage_is_looked_for_again_once_the_function_has_started() -> None:
    """An environment may live for hours."""
    start()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_what_can_not_be_made_at_the_start_is_answered_by_the_first_request() -> None:
    """Promise 2: a start that failed for it would leave each request without an answer. Here no region is set."""
    on_event = start()
    assert Settings.client.cache_info().currsize == 0
    with FakeResponseUrl() as endpoint:
        on_event(create_event({"StreamName": "orders"}, ResponseURL=endpoint.url()), LambdaContext(Clock()))
        (answer,) = endpoint.bucket.answers
    assert answer["Status"] == "FAILED"
    assert "region" in answer["Reason"]
