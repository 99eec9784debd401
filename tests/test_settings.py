"""The function's environment as a value, and clients whose calls are made once and soon given up."""

import json
from collections.abc import Iterator

import pytest

from stream_encryption.aws.kinesis import Kinesis
from stream_encryption.aws.service_errors import Refused
from stream_encryption.cloudformation.failure import Failure
from stream_encryption.cloudformation.request import Request
from stream_encryption.record.changes import CALL_SECONDS
from stream_encryption.settings import Settings
from stream_encryption.values import StreamRef
from tests.builders import REGION, create_event
from tests.fake_bucket import Reply, Silence
from tests.fake_clock import NEW_YEAR_2026
from tests.fake_response_url import FakeResponseUrl

NAMES = (
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_LOG_LEVEL",
    "POWERTOOLS_METRICS_NAMESPACE",
    "RECORD_TABLE",
    "STATE_MACHINE_ARN",
    "HANDOVER_SECONDS",
)


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Made-up credentials, a region, no variable of the function, and no client from an earlier test."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    Settings.client.cache_clear()
    yield
    Settings.client.cache_clear()


def test_all_but_the_table_have_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/reference.md names the namespace; the log level is the one at which every decision is logged."""
    monkeypatch.setenv("RECORD_TABLE", "record")
    assert Settings.from_environment() == Settings(
        service="kinesis-stream-encryption",
        log_level="INFO",
        namespace="KinesisStreamEncryption",
        record_table="record",
        state_machine_arn="",
        handover_seconds=60.0,
    )


def test_without_a_table_there_are_no_settings() -> None:
    """Without the record nothing may be changed. Each invocation fails, and the failure responder answers."""
    with pytest.raises(KeyError, match="RECORD_TABLE"):
        Settings.from_environment()


def test_each_variable_is_its_own_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """template.yaml sets them."""
    for name in NAMES:
        monkeypatch.setenv(name, name.lower())
    monkeypatch.setenv("HANDOVER_SECONDS", "2.5")
    assert Settings.from_environment() == Settings(
        service="powertools_service_name",
        log_level="powertools_log_level",
        namespace="powertools_metrics_namespace",
        record_table="record_table",
        state_machine_arn="state_machine_arn",
        handover_seconds=2.5,
    )


def test_logs_and_metrics_have_the_service_the_level_and_the_namespace(capsys: pytest.CaptureFixture[str]) -> None:
    """At level ERROR only the failure is logged."""
    telemetry = Settings("a-service-of-this-test", "ERROR", "a-namespace", "record").telemetry()
    telemetry.begin(Request.of(create_event(), NEW_YEAR_2026))
    telemetry.failed(Failure("SomeCode", "some reason"))
    telemetry.end()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (logged,) = [line for line in lines if "_aws" not in line]
    assert (logged["service"], logged["level"]) == ("a-service-of-this-test", "ERROR")
    metrics = [line for line in lines if "_aws" in line]
    assert len(metrics) == 2
    assert {line["_aws"]["CloudWatchMetrics"][0]["Namespace"] for line in metrics} == {"a-namespace"}
    assert {line["service"] for line in metrics} == {"a-service-of-this-test"}


def test_a_client_is_made_once_for_each_service() -> None:
    """To make one takes time."""
    kinesis, kms = Settings.client("kinesis"), Settings.client("kms")
    assert Settings.client("kinesis") is kinesis
    assert (kinesis.meta.service_model.service_name, kms.meta.service_model.service_name) == ("kinesis", "kms")


@pytest.mark.parametrize("service", ["kinesis", "kms", "dynamodb", "stepfunctions"])
def test_a_call_ends_within_the_seconds_that_an_intent_allows_for(service: str) -> None:
    """Rule 1: calls have short time-outs and no retries of their own, so that an intent has an end."""
    config = Settings.client(service).meta.config
    assert config.connect_timeout + config.read_timeout <= CALL_SECONDS
    assert config.retries["total_max_attempts"] == 1


@pytest.mark.parametrize("step", [Reply(503), Reply(500), Reply(400), Silence.CLOSE])
def test_a_client_tries_a_call_once(step: Reply | Silence, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop decides when to try again; it would not see the retries of botocore."""
    with FakeResponseUrl() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS", server.url().partition("/arn")[0])
        server.bucket.script(*[step] * 5)
        with pytest.raises(Refused):
            Kinesis(Settings.client("kinesis")).describe(StreamRef("orders"))
        assert len(server.bucket.requests) == 1
