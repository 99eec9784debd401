"""crhelper 2.0.12 as it is installed, beside this provider: the same event for both, and responses by real HTTPS."""

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

from stream_encryption.app import Parts, make_handler
from stream_encryption.cloudformation.custom_resource import CustomResource
from stream_encryption.cloudformation.response import ResponseSender, put
from stream_encryption.settings import Settings
from stream_encryption.telemetry import Telemetry
from tests.builders import LambdaContext
from tests.fake_response_url import FakeResponseUrl
from tests.provider import Provider

_BOTO3_CLIENT = boto3.client
LOGGERS = (None, "boto", "boto3", "botocore", "urllib3")
"""The loggers whose levels crhelper sets; None: the root logger."""


class Events:
    """The calls that crhelper's polling makes to EventBridge and Lambda; it keeps the event of its rule."""

    def __init__(self) -> None:
        """Start without rules."""
        self.calls: list[str] = []
        self.refuses: Exception | None = None
        self.event: Any = None

    def put_rule(self, **arguments: Any) -> dict[str, str]:
        """Make a rule, or refuse it."""
        if self.refuses:
            raise self.refuses
        self.calls.append("put_rule")
        return {"RuleArn": f"arn:aws:events:us-east-1:123456789012:rule/{arguments['Name']}"}

    def put_targets(self, **arguments: Any) -> None:
        """Keep the event that the rule delivers every two minutes."""
        self.event = json.loads(arguments["Targets"][0]["Input"])

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Accept every other call."""
        return lambda **_arguments: self.calls.append(name)


class Beside:
    """Two providers and one CloudFormation, which gets their responses."""

    def __init__(self, tls: ssl.SSLContext | None, handover_seconds: float | None = None) -> None:
        """Make a stream without encryption, and a bucket behind real HTTPS (HTTP where tls is None)."""
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
        return self.provider.clients.get(service, self.events)

    def issued(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Give an event its own ResponseURL."""
        return {**event, "ResponseURL": self.endpoint.url()}

    def bare(self, helper: CfnResource, event: Any, timeout: float = 900.0) -> list[Any]:
        """Invoke crhelper, and return the responses that CloudFormation gets.

        Its log is kept here: it has secrets, and no test may print one.
        """
        with _logging_to(self.log):
            return self._responses(lambda: helper(copy.deepcopy(event), LambdaContext(self.clock, timeout)))

    def ours(self, event: Any, timeout: float = 900.0) -> list[Any]:
        """Invoke the provider, and return the responses that CloudFormation gets."""
        return self._responses(lambda: self.provider.deliver(event, timeout))

    def ours_on_boto3(self) -> Callable[[Any], list[Any]]:
        """Make a provider with boto3's own clients, as Lambda's entry point does."""
        settings = Settings("test", "INFO", "test", self.provider.table.name)
        parts = Parts(settings, Settings.client, self.clock, Random(1), _telemetry(), put)  # noqa: S311 - spreads load
        handle = make_handler(parts)
        return lambda event: self._responses(lambda: handle(event, LambdaContext(self.clock)))

    def hardened(self) -> CustomResource:
        """Make a CustomResource of this provider for a function of the test's own."""
        return CustomResource(ResponseSender(self.clock, Random(1), _telemetry()), _telemetry())  # noqa: S311 - spreads load

    def _responses(self, invoke: Callable[[], object]) -> list[Any]:
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
    """Make a crhelper as its guide shows it, with one function for all types of request; its Delete does not sleep."""
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
    """Have boto3 make clients itself, and find no region for them."""
    patch.setattr(boto3, "client", _BOTO3_CLIENT)
    patch.setattr(boto3, "DEFAULT_SESSION", None)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        patch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        patch.setenv(name, os.devnull)


@contextmanager
def side_by_side(
    patch: pytest.MonkeyPatch, folder: Path, *, https: bool = True, handover_seconds: float | None = None
) -> Iterator[Beside]:
    """Set both up, and undo afterwards what crhelper changes in the process. Nothing of crhelper is replaced."""
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
