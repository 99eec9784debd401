"""crhelper 2.0.12, just as it is installed, beside this provider: the same event for both, answered by real HTTPS."""

import copy
import functools
import io
import json
import logging
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import boto3
import pytest
import trustme
from aws_lambda_powertools import Logger, Metrics
from crhelper import CfnResource

from stream_encryption.answer import Courier, put
from stream_encryption.doors import door
from stream_encryption.protocol import CustomResource
from stream_encryption.settings import Settings
from stream_encryption.telemetry import Telemetry
from tests.builders import LambdaContext
from tests.fake_response_url import FakeResponseUrl
from tests.provider import Provider

_BOTO3_S_OWN = boto3.client
LOGGERS = (None, "boto", "boto3", "botocore", "urllib3")
"""Whose levels crhelper sets: the root logger's first."""


class Events:
    """As much of EventBridge and Lambda as crhelper's polling calls; it keeps what the rule would deliver."""

    def __init__(self) -> None:
        """Have no rules."""
        self.calls: list[str] = []
        self.refuses: Exception | None = None
        self.event: Any = None

    def put_rule(self, **arguments: Any) -> dict[str, str]:
        """Make a rule, or refuse to."""
        if self.refuses:
            raise self.refuses
        self.calls.append("put_rule")
        return {"RuleArn": f"arn:aws:events:us-east-1:123456789012:rule/{arguments['Name']}"}

    def put_targets(self, **arguments: Any) -> None:
        """Keep the event that the rule delivers, every two minutes."""
        self.event = json.loads(arguments["Targets"][0]["Input"])

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Take whatever else is called."""
        return lambda **_arguments: self.calls.append(name)


class Beside:
    """Two providers, one CloudFormation: what each of them answers to an event."""

    def __init__(self, tls: ssl.SSLContext | None, handover_seconds: float | None = None) -> None:
        """Have a stream that nobody encrypts yet, and a bucket behind real HTTPS (HTTP where tls is None)."""
        self.provider = Provider(handover_seconds=handover_seconds, send=put)
        self.clock = self.provider.clock
        self.endpoint = FakeResponseUrl(self.clock.now, tls)
        self.bucket = self.endpoint.bucket
        self.events = Events()
        self.clients: list[str] = []  # that boto3 was asked for
        self.log = io.StringIO()  # crhelper's

    def client(self, service: str, **_options: Any) -> Any:
        """Stand in for boto3.client."""
        self.clients.append(service)
        return {"kinesis": self.provider.kinesis, "kms": self.provider.kms}.get(service, self.events)

    def issued(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Give an event a ResponseURL of its own."""
        return {**event, "ResponseURL": self.endpoint.url()}

    def bare(self, helper: CfnResource, event: Any, timeout: float = 900.0) -> list[Any]:
        """Invoke crhelper, and tell the answers that CloudFormation finds.

        Its log is kept here: it holds secrets, and no test may put one out.
        """
        with _logging_to(self.log):
            return self._answers(lambda: helper(copy.deepcopy(event), LambdaContext(self.clock, timeout)))

    def ours(self, event: Any, timeout: float = 900.0) -> list[Any]:
        """Invoke the provider, and tell the answers that CloudFormation finds."""
        return self._answers(lambda: self.provider.deliver(event, timeout))

    def ours_on_boto3(self) -> Callable[[Any], list[Any]]:
        """Make a provider with boto3's own clients, as Lambda's entry point does."""
        settings = Settings("test", "INFO", "test")
        handle = door(settings, Settings.client, self.clock, Random(1), _telemetry(), put)  # noqa: S311 - spreads load
        return lambda event: self._answers(lambda: handle(event, LambdaContext(self.clock)))

    def hardened(self) -> CustomResource:
        """Make a crhelper as this provider hardens it, for a function of the test's own."""
        return CustomResource(Courier(self.clock, Random(1), _telemetry()), _telemetry())  # noqa: S311 - spreads load

    def _answers(self, invoke: Callable[[], object]) -> list[Any]:
        before = len(self.bucket.answers)
        invoke()
        return self.bucket.answers[before:]


def _telemetry() -> Telemetry:
    return Telemetry(Logger(service="test"), Metrics(namespace="test", service="test"))


@contextmanager
def _logging_to(stream: io.StringIO) -> Iterator[None]:
    crhelper = logging.getLogger("crhelper")
    before = crhelper.handlers, crhelper.propagate
    crhelper.handlers, crhelper.propagate = [logging.StreamHandler(stream)], False
    try:
        yield
    finally:
        crhelper.handlers, crhelper.propagate = before


def helper(work: Callable[[Any, Any], Any]) -> CfnResource:
    """A crhelper as its guide has it, with one function for every type of request; its Delete does not sleep."""
    made = CfnResource(sleep_on_delete=0)
    made.create(work)
    made.update(work)
    made.delete(work)
    return made


@functools.cache
def _authority() -> tuple[trustme.CA, ssl.SSLContext]:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return authority, context


def without_region(patch: pytest.MonkeyPatch) -> None:
    """Let boto3 make clients itself, and know no region to make them in."""
    patch.setattr(boto3, "client", _BOTO3_S_OWN)
    patch.setattr(boto3, "DEFAULT_SESSION", None)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        patch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        patch.setenv(name, os.devnull)


@contextmanager
def side_by_side(
    patch: pytest.MonkeyPatch, folder: Path, *, https: bool = True, handover_seconds: float | None = None
) -> Iterator[Beside]:
    """Set both up, and put back what crhelper changes in the process. Nothing of crhelper is replaced."""
    authority, context = _authority()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    patch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))
    patch.setenv("AWS_REGION", "us-east-1")
    beside = Beside(context if https else None, handover_seconds)
    patch.setattr(boto3, "client", beside.client)
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    Settings.client.cache_clear()
    try:
        with beside.endpoint:
            yield beside
    finally:
        Settings.client.cache_clear()
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
