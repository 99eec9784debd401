"""Requests that are handed over to the workflow, and its steps, with the provider on fakes."""

from collections.abc import Mapping
from typing import Any

from tests.builders import STREAM_NAME
from tests.fake_states import Execution
from tests.provider import Provider

HANDOVER_SECONDS = 60
BUSY_SECONDS = 1800
ONE = {"StreamName": STREAM_NAME, "KeyId": "alias/one"}
TWO = {"StreamName": STREAM_NAME, "KeyId": "alias/two"}


def busy_provider() -> Provider:
    """Make a provider that hands over after a minute, and a stream that is resharded for half an hour."""
    provider = Provider(handover_seconds=HANDOVER_SECONDS)
    provider.kinesis.people.reshard(STREAM_NAME, BUSY_SECONDS)
    return provider


def hand_over(provider: Provider, event: Mapping[str, Any]) -> Execution:
    """Deliver an event whose wait gets long, and return the execution that it was handed over to."""
    responses = len(provider.bucket.answers)
    provider.deliver({**event, "ResponseURL": provider.fresh_url()})
    assert len(provider.bucket.answers) == responses, "answered, and handed over as well"
    return list(provider.states.executions.values())[-1]


def finish(provider: Provider) -> dict[str, Any]:
    """Play the newest execution to its end, and return the one response."""
    before = len(provider.bucket.answers)
    provider.states.play(provider.deliver)
    (response,) = provider.bucket.answers[before:]
    return dict(response)


def create_then_busy(seconds: float) -> Provider:
    """Make a provider whose stream was encrypted with the first key, and is busy now."""
    provider = Provider(handover_seconds=HANDOVER_SECONDS)
    assert provider.create(ONE)["Status"] == "SUCCESS"
    provider.kinesis.people.reshard(STREAM_NAME, seconds)
    return provider
