"""The function's environment: Powertools' own variables, and clients that leave pacing to the loop."""

import json
from collections.abc import Iterator

import pytest

from stream_encryption.kinesis import Kinesis
from stream_encryption.model import StreamRef
from stream_encryption.refusals import Refused
from stream_encryption.request import Request
from stream_encryption.settings import Settings
from tests.builders import REGION, create_event
from tests.fake_bucket import Reply, Silence
from tests.fake_clock import NEW_YEAR_2026
from tests.fake_response_url import FakeResponseUrl

NAMES = (
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_LOG_LEVEL",
    "POWERTOOLS_METRICS_NAMESPACE",
    "STATE_MACHINE_ARN",
)


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Credentials of nobody, a region, and no client from an earlier test."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    Settings.client.cache_clear()
    yield
    Settings.client.cache_clear()


def test_without_any_variable_the_defaults_are_the_template_s() -> None:
    """docs/reference.md names the namespace; the log level is the one that logs every decision."""
    assert Settings.from_environment() == Settings("kinesis-stream-encryption", "INFO", "KinesisStreamEncryption")


def test_each_variable_sets_its_own_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The template sets them."""
    for name in NAMES:
        monkeypatch.setenv(name, name.lower())
    monkeypatch.setenv("HANDOVER_SECONDS", "2.5")
    assert Settings.from_environment() == Settings(
        service="powertools_service_name",
        log_level="powertools_log_level",
        namespace="powertools_metrics_namespace",
        state_machine_arn="state_machine_arn",
        handover_seconds=2.5,
    )


def test_logs_and_metrics_bear_the_service_the_level_and_the_namespace(capsys: pytest.CaptureFixture[str]) -> None:
    """What is set is what is used."""
    told = Settings("a-service-of-this-test", "ERROR", "a-namespace").telemetry()
    told.begin(Request.of(create_event(), NEW_YEAR_2026))
    told.failed("SomeCode", "some reason")
    told.end()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (logged,) = [line for line in lines if "_aws" not in line]
    assert (logged["service"], logged["level"]) == ("a-service-of-this-test", "ERROR")
    metrics = [line for line in lines if "_aws" in line]
    assert len(metrics) == 2
    assert {line["_aws"]["CloudWatchMetrics"][0]["Namespace"] for line in metrics} == {"a-namespace"}
    assert {line["service"] for line in metrics} == {"a-service-of-this-test"}


def test_a_client_is_made_once_for_each_service() -> None:
    """A warm invocation spares the time that it takes to make one."""
    kinesis, kms = Settings.client("kinesis"), Settings.client("kms")
    assert Settings.client("kinesis") is kinesis
    assert (kinesis.meta.service_model.service_name, kms.meta.service_model.service_name) == ("kinesis", "kms")


@pytest.mark.parametrize("service", ["kinesis", "kms"])
def test_a_client_waits_for_neither_a_connection_nor_an_answer_for_long(service: str) -> None:
    """A hung socket is a time-out that the loop decides about, within seconds, not minutes."""
    config = Settings.client(service).meta.config
    assert config.connect_timeout <= 5
    assert config.read_timeout <= 10
    assert config.retries["total_max_attempts"] == 1


@pytest.mark.parametrize("step", [Reply(503), Reply(500), Reply(400), Silence.CLOSE])
def test_a_client_tries_a_call_once(step: Reply | Silence, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pacing is the loop's business: what botocore tried again by itself would be neither seen nor paced."""
    with FakeResponseUrl() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS", server.url().partition("/arn")[0])
        server.bucket.script(*[step] * 5)
        with pytest.raises(Refused):
            Kinesis(Settings.client("kinesis")).describe(StreamRef("orders"))
        assert len(server.bucket.requests) == 1
