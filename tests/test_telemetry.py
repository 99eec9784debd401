"""Logs: one structured line a decision, with its code, its reason and its stream."""

import sys
from collections.abc import Iterator
from itertools import pairwise

import pytest
from aws_lambda_powertools import Logger, Metrics

from stream_encryption.cloudformation.request import Request
from stream_encryption.reconcile.actions import Code, Wait
from stream_encryption.reconcile.goals import Ensure, Properties
from stream_encryption.record.requests import RequestStamp
from stream_encryption.telemetry import Telemetry
from stream_encryption.values import Owner, StreamRef
from tests.builders import LOGICAL_ID, STACK_ID, STREAM_ARN, create_event
from tests.fake_clock import NEW_YEAR_2026
from tests.fake_errors import Kind
from tests.outputs import Line, Output
from tests.provider import Provider

ONE = {"StreamName": "orders", "KeyId": "alias/one"}
REQUEST = Request.of(create_event(), NEW_YEAR_2026)
GOAL = Ensure(Properties(StreamRef("orders")), Owner(STACK_ID, LOGICAL_ID), RequestStamp(0, "digest"))
WAIT = Wait(Code.WAITING_FOR_ACTIVE, "the same")


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Iterator[Output]:
    """Standard output; nothing that another test counted is in it."""
    Metrics(namespace="test", service="test").clear_metrics()
    yield Output(capsys)
    Metrics(namespace="test", service="test").clear_metrics()


def decided(lines: list[Line]) -> list[Line]:
    """Keep the lines of decisions."""
    return [line for line in lines if line["message"] == "decided"]


def test_each_decision_is_a_line_with_its_code_its_reason_and_its_stream(output: Output) -> None:
    """Operators read what was done to which stream, and why."""
    Provider().create(ONE)
    lines, _ = output.read()
    actions = [line["action"] for line in decided(lines)]
    assert [one for one in actions if one in ("IntentRecorded", "StartRequested", "Encrypted")] == [
        "IntentRecorded",
        "StartRequested",
        "Encrypted",
    ]
    assert set(actions) <= set(Code)
    assert {(line["stream"], line["goal"]) for line in decided(lines)} == {("orders", "Ensure")}
    assert all(line["reason"] for line in decided(lines))


def test_a_failed_decision_is_logged_with_the_error_s_code(output: Output) -> None:
    """A Failed action has its error's code."""
    Provider(stream=False).create()
    lines, _ = output.read()
    assert [line["action"] for line in decided(lines)] == ["StreamNotFound"]


def test_a_wait_is_logged_once_for_each_reason_and_counted_at_each_look(output: Output) -> None:
    """Otherwise a stream that is resharded for minutes would fill the log with one sentence."""
    provider = Provider()
    provider.kinesis.people.reshard("orders", 120)
    provider.create()
    lines, counted = output.read()
    reasons = [line["reason"] for line in decided(lines) if line["action"] == "WaitingForActive"]
    assert [one for one, other in pairwise(reasons) if one == other] == []
    assert reasons
    assert counted["Waits"] > len(decided(lines)) + 5


def test_the_next_request_s_first_wait_is_logged_again(output: Output) -> None:
    """A warm invocation begins anew."""
    telemetry = Telemetry(Logger(service="test"), Metrics(namespace="test", service="test"))
    for _ in range(2):
        telemetry.begin(REQUEST)
        telemetry.decided(GOAL, WAIT)
        telemetry.decided(GOAL, WAIT)
        telemetry.end()
    lines, counted = output.read()
    assert len(decided(lines)) == 2
    assert counted == {"Requests": 2, "Waits": 4}


def test_each_line_names_its_own_request(output: Output) -> None:
    """A warm invocation keeps nothing of the request before."""
    provider = Provider()
    provider.delete()
    lines, _ = output.read()
    keys = ("stream", "request_type", "stack_id", "logical_id", "physical_id")
    named = {tuple(line[key] for key in keys) for line in lines}
    assert named == {("orders", "Delete", STACK_ID, LOGICAL_ID, STREAM_ARN)}
    provider.deliver({"not": "CloudFormation's"})
    lines, _ = output.read()
    assert [key for line in lines for key in keys if key in line] == []
    assert len(lines) == 1


def test_a_request_is_logged_with_its_properties(output: Output) -> None:
    """A person searches for what the template says."""
    Provider().create(ONE)
    lines, _ = output.read()
    (accepted,) = [line for line in lines if line["message"] == "request accepted"]
    assert accepted["properties"]["KeyId"] == "alias/one"


def test_a_response_is_logged_with_its_status_id_and_reason(output: Output) -> None:
    """The log has what CloudFormation was told."""
    response = Provider(stream=False).create()
    lines, _ = output.read()
    assert lines[-1]["message"] == "response delivered"
    assert (lines[-1]["status"], lines[-1]["response_id"], lines[-1]["reason"]) == (
        "FAILED",
        response["PhysicalResourceId"],
        response["Reason"],
    )


def test_a_failure_is_an_error_in_the_log_with_its_code(output: Output) -> None:
    """Alarms and queries go by level and code."""
    response = Provider(stream=False).create()
    lines, _ = output.read()
    (failed,) = [line for line in lines if line["level"] == "ERROR"]
    assert failed["message"] == "request failed"
    assert failed["error_code"] == "StreamNotFound"
    assert failed["reason"] == response["Reason"]
    assert "traceback" not in failed


def test_a_denied_look_up_is_a_warning_and_the_work_goes_on(output: Output) -> None:
    """The contract: where the look-up is denied, go on without it and say so in the log."""
    provider = Provider()
    provider.one.denies_describe = True
    assert provider.create(ONE)["Status"] == "SUCCESS"
    lines, _ = output.read()
    warnings = [line for line in lines if line["level"] == "WARNING"]
    assert {(line["action"], line["key"]) for line in warnings} == {
        ("kms:DescribeKey", "arn:aws:kms:us-east-1:123456789012:alias/one")
    }
    assert "not authorized" in warnings[0]["reason"]


def test_a_retried_refusal_is_logged_with_its_reason(output: Output) -> None:
    """Promise 9: while it is tried again, the log says which call was refused, and with which error."""
    provider = Provider()
    provider.kinesis.faults.fail_next("StartStreamEncryption", Kind.KMS_ACCESS_DENIED, times=2)
    assert provider.create(ONE)["Status"] == "SUCCESS"
    lines, _ = output.read()
    (retried,) = [line for line in decided(lines) if line["action"] == "RetryingRefused"]
    assert "kinesis:StartStreamEncryption" in retried["reason"]
    assert "KMSAccessDeniedException" in retried["reason"]


def test_a_request_whose_stream_can_t_be_read_is_logged_without(output: Output) -> None:
    """An invalid name is no stream's."""
    Provider().create({"StreamName": "orders!"})
    lines, _ = output.read()
    assert {line.get("stream") for line in lines} == {None}


def test_each_line_has_its_trace_id_without_x_ray_s_sdk(output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/operate.md: Lambda gives the trace's id in the environment."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
    Provider().create()
    lines, _ = output.read()
    assert {line["xray_trace_id"] for line in lines} == {"1-5759e988-bd862e3fe1be46a994272793"}
    assert "aws_xray_sdk" not in sys.modules
