"""The custom resource protocol alone: a function of the test's own in the place of the provider's work."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from aws_lambda_powertools import Logger, Metrics

from stream_encryption.cloudformation.custom_resource import CustomResource
from stream_encryption.cloudformation.response import MAX_BODY_BYTES, ResponseSender
from stream_encryption.telemetry import Telemetry
from tests.builders import LambdaContext, create_event
from tests.fake_clock import Clock


class LoneResource:
    """A CustomResource whose functions a test provides, and the responses that it sends."""

    def __init__(self) -> None:
        """Start in virtual time, with nothing sent."""
        self.clock = Clock()
        self.sent: list[tuple[str, dict[str, Any]]] = []
        telemetry = Telemetry(Logger(service="test"), Metrics(namespace="test", service="test"))
        sender = ResponseSender(self.clock, Random(1), telemetry, self._put)  # noqa: S311 - only spreads pauses
        self.resource = CustomResource(sender, telemetry)

    def run(self, work: Callable[[Any, Any], Any], event: Any = None) -> dict[str, Any]:
        """Have a function handle an event, and return the one response."""
        self.resource.create(work)
        self.resource.update(work)
        self.resource.delete(work)
        before = len(self.sent)
        self.resource(create_event() if event is None else event, LambdaContext(self.clock))
        ((_, response),) = self.sent[before:]
        return response

    def failing(self, error: BaseException, event: Any = None) -> dict[str, Any]:
        """Have a function raise, and return the one response."""

        def work(_event: Any, _context: Any) -> None:
            raise error

        return self.run(work, event)

    def _put(self, url: str, body: bytes) -> int:
        assert len(body) <= MAX_BODY_BYTES
        self.sent.append((url, json.loads(body)))
        return 200
