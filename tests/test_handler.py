"""Lambda's entry module: it prepares what every request needs, and leaves a fault of that to the first request."""

import gc
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from stream_encryption import app
from stream_encryption.settings import Settings
from tests.builders import LambdaContext, create_event
from tests.fake_clock import Clock
from tests.fake_response_url import FakeResponseUrl

ENTRY = "stream_encryption.handler"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that has made nothing yet, with a table's name, made-up credentials and no region."""
    monkeypatch.setenv("RECORD_TABLE", "record")
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
    """Import the handler's module as Lambda does, and return its entry point."""
    return import_module(ENTRY).on_event


def test_the_clients_that_every_request_needs_are_made_before_the_first_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """An invocation of 256 MB has a seventh of a processor, the start has a whole one."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    start()
    made = Settings.client.cache_info()
    assert made.currsize == 2
    for service in ("kinesis", "dynamodb"):
        Settings.client(service)
    assert Settings.client.cache_info().misses == made.misses


def test_the_entry_point_is_the_app_s() -> None:
    """The entry module adds nothing to an invocation."""
    assert start() is app.on_event


def test_garbage_is_collected_again_after_the_start() -> None:
    """An environment may live for hours."""
    start()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_a_client_that_can_t_be_made_at_the_start_fails_the_first_request() -> None:
    """Promise 2: a start that fails would leave each request without a response. Here no region is set."""
    on_event = start()
    assert Settings.client.cache_info().currsize == 0
    with FakeResponseUrl() as endpoint:
        on_event(create_event({"StreamName": "orders"}, ResponseURL=endpoint.url()), LambdaContext(Clock()))
        (response,) = endpoint.bucket.answers
    assert response["Status"] == "FAILED"
    assert "region" in response["Reason"]
