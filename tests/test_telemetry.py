"""What operators see: one line a decision with its action, reason and stream, and metrics in the embedded format."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from aws_lambda_powertools import Logger, Metrics

from stream_encryption.answer import AnswerNotDelivered
from stream_encryption.errors import StreamNotFound
from stream_encryption.model import Ensure, Owner, Place, StreamRef, Wait
from stream_encryption.request import Request
from stream_encryption.telemetry import Telemetry
from tests.builders import LOGICAL_ID, REQUEST_ID, STACK_ID, STREAM_ARN, create_event
from tests.fake_bucket import Reply
from tests.fake_clock import NEW_YEAR_2026
from tests.fake_errors import Kind
from tests.provider import Provider

Line = dict[str, Any]


class Output:
    """What was written on standard output since it was last looked at: log lines and metrics."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Read from pytest's capture."""
        self._capsys = capsys

    def read(self) -> tuple[list[Line], Counter[str]]:
        """Tell the log lines, and how much was counted of each metric; `Failures` by its ErrorCode.

        What took how long is no count: `seconds` has it, of what was read last.
        """
        written = [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]
        counted: Counter[str] = Counter()
        self.seconds: list[tuple[str, str, float]] = []
        for blob in written:
            for directive in blob.get("_aws", {}).get("CloudWatchMetrics", []):
                for metric in directive["Metrics"]:
                    if metric["Name"] == "SecondsToAnswer":
                        assert metric["Unit"] == "Seconds"
                        self.seconds.append((blob["RequestType"], blob["Status"], *blob["SecondsToAnswer"]))
                        continue
                    assert metric["Unit"] == "Count"
                    label = f"{metric['Name']} {blob['ErrorCode']}" if "ErrorCode" in blob else metric["Name"]
                    counted[label] += int(sum(blob[metric["Name"]]))
        return [line for line in written if "_aws" not in line], counted


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Iterator[Output]:
    """Standard output; what was counted is counted in this test alone."""
    Metrics(namespace="test", service="test").clear_metrics()
    yield Output(capsys)
    Metrics(namespace="test", service="test").clear_metrics()


def decisions(lines: list[Line]) -> list[tuple[str, str, str]]:
    """Action, stream and goal of every decision that was logged."""
    return [(line["action"], line["stream"], line["goal"]) for line in lines if line["message"] == "decided"]


def test_every_decision_is_a_line_with_its_action_reason_and_stream(output: Output) -> None:
    """Whoever reads the log knows what was done to which stream, and why."""
    provider = Provider()
    provider.create({"StreamName": "orders", "KeyId": "alias/one"})
    lines, _ = output.read()
    told = decisions(lines)
    assert [action for action, _, _ in told if action != "Wait"] == ["Remember", "Start", "Settled"]
    assert {(stream, goal) for _, stream, goal in told} == {("orders", "Ensure")}
    reasons = {line["action"]: line["reason"] for line in lines if line["message"] == "decided"}
    assert reasons["Start"] == "the stream is not encrypted"
    assert reasons["Settled"] == "ACTIVE with the wanted key; encryption was started"
    assert all(reasons.values())


def test_a_wait_is_one_line_for_each_reason_and_counted_at_each_look(output: Output) -> None:
    """A stream that reshards for minutes would otherwise fill the log with one sentence."""
    provider = Provider()
    provider.kinesis.people.reshard("orders", 120)
    provider.create()
    lines, counted = output.read()
    waits = [line["reason"] for line in lines if line.get("action") == "Wait"]
    assert [one for one, other in pairwise(waits) if one == other] == []
    assert waits[0] == "stream orders is UPDATING; its encryption can change once it is ACTIVE"
    assert counted["Waits"] > len(waits) + 5


def test_the_same_wait_of_another_request_is_a_line_of_its_own(output: Output) -> None:
    """A warm invocation starts to tell from the beginning."""
    told = Telemetry(Logger(service="test"), Metrics(namespace="test", service="test"))
    goal = Ensure(StreamRef("orders"), Owner(STACK_ID, LOGICAL_ID), 0.0, "alias/one")
    request = _request()
    for _ in range(2):
        told.begin(request)
        told.decided(goal, Wait("the same"))
        told.decided(goal, Wait("the same"))
        told.end()
    lines, counted = output.read()
    assert len(decisions(lines)) == 2
    assert counted == {"Requests": 2, "Waits": 4}


def test_every_line_of_a_request_says_which_and_the_next_one_s_lines_do_not(output: Output) -> None:
    """A warm invocation leaks nothing into the next."""
    provider = Provider()
    provider.delete()
    lines, _ = output.read()
    keys = ("stream", "request_type", "stack_id", "logical_id", "physical_id")
    told = {tuple(line[key] for key in keys) for line in lines}
    assert told == {("orders", "Delete", STACK_ID, LOGICAL_ID, STREAM_ARN)}
    provider.deliver({"not": "CloudFormation's"})
    lines, _ = output.read()
    assert [key for line in lines for key in keys if key in line] == []
    assert len(lines) == 1


def test_a_request_is_logged_with_the_properties_that_it_came_with(output: Output) -> None:
    """What a person typed is what a person looks for."""
    provider = Provider()
    provider.create({"StreamName": "orders", "KeyId": "alias/one"})
    lines, _ = output.read()
    (accepted,) = [line for line in lines if line["message"] == "request accepted"]
    assert accepted["properties"]["KeyId"] == "alias/one"


def test_an_answer_is_logged_with_its_status_id_and_reason(output: Output) -> None:
    """What CloudFormation was told is in the log, so that nobody has to ask CloudFormation."""
    provider = Provider(stream=False)
    told = provider.create()
    lines, _ = output.read()
    assert lines[-1]["message"] == "answered"
    assert (lines[-1]["status"], lines[-1]["answered_id"], lines[-1]["reason"]) == (
        "FAILED",
        told["PhysicalResourceId"],
        told["Reason"],
    )


def test_a_failure_is_an_error_in_the_log_with_its_code(output: Output) -> None:
    """Alarms go by level and code."""
    Provider(stream=False).create()
    lines, _ = output.read()
    (failed,) = [line for line in lines if line["level"] == "ERROR"]
    assert failed["message"] == "request failed"
    assert failed["error_code"] == "StreamNotFound"
    assert failed["reason"] == str(StreamNotFound(StreamRef("orders"), Place("us-east-1", "123456789012")))
    assert "traceback" not in failed


def test_a_key_that_may_not_be_looked_up_is_told_and_the_work_goes_on(output: Output) -> None:
    """The contract: where the look-up itself is denied, go on without it and say so in the log."""
    provider = Provider()
    provider.one.denies_describe = True
    assert provider.create({"StreamName": "orders", "KeyId": "alias/one"})["Status"] == "SUCCESS"
    lines, _ = output.read()
    denied = [line for line in lines if line["level"] == "WARNING"]
    assert denied
    assert {(line["message"], line["action"], line["key"]) for line in denied} == {
        (
            "key not looked up, going on without",
            "kms:DescribeKey",
            "arn:aws:kms:us-east-1:123456789012:alias/one",
        )
    }
    assert "not authorized" in denied[0]["reason"]


def test_a_request_whose_stream_cannot_be_read_is_told_without(output: Output) -> None:
    """What is no stream's name is no stream."""
    Provider().create({"StreamName": "orders!"})
    lines, _ = output.read()
    assert {line.get("stream") for line in lines} == {None}


def test_how_long_an_answer_took_is_measured_by_the_request_s_type_and_the_outcome(output: Output) -> None:
    """From the request's issue to the answer, its retries too; the log line says it as well."""
    provider = Provider()
    provider.kinesis.people.reshard("orders", 120)
    begun = provider.clock.now()
    provider.create()
    lines, _ = output.read()
    passed = round(provider.clock.now() - begun, 1)
    assert passed > 120
    assert output.seconds == [("Create", "SUCCESS", passed)]
    assert [line["seconds"] for line in lines if line["message"] == "answered"] == [passed]
    provider.delete({"StreamName": "nowhere"}, PhysicalResourceId=STREAM_ARN.replace("orders", "nowhere"))
    provider.create({"StreamName": "nowhere"})
    output.read()
    assert [(type_, status) for type_, status, _ in output.seconds] == [("Delete", "SUCCESS"), ("Create", "FAILED")]
    assert all(0 <= seconds < 1 for _, _, seconds in output.seconds)


def test_a_request_that_was_handed_over_is_measured_from_its_issue(output: Output) -> None:
    """Not from the step that answers it."""
    provider = Provider(handover_seconds=60)
    provider.kinesis.people.reshard("orders", 1200)
    begun = provider.clock.now()
    provider.deliver({**create_event(), "ResponseURL": provider.fresh_url()})
    output.read()
    assert output.seconds == []
    provider.states.play(provider.deliver)
    output.read()
    assert output.seconds == [("Create", "SUCCESS", round(provider.clock.now() - begun, 1))]


def test_a_request_that_cannot_be_read_is_answered_and_not_measured(output: Output) -> None:
    """Its type is whatever somebody sent: no dimension may be that."""
    provider = Provider()
    provider.create(RequestType="Read")
    lines, _ = output.read()
    assert lines[-1]["message"] == "answered"
    assert "seconds" not in lines[-1]
    assert output.seconds == []


def test_a_line_leads_to_its_trace_without_x_ray_s_sdk(output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/operate.md, "Traces": Lambda says in the environment which trace an invocation belongs to."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
    Provider().create()
    lines, _ = output.read()
    assert {line["xray_trace_id"] for line in lines} == {"1-5759e988-bd862e3fe1be46a994272793"}
    assert "aws_xray_sdk" not in sys.modules


# Metrics: one table of stories.


def _create(provider: Provider) -> None:
    provider.create({"StreamName": "orders", "KeyId": "alias/one"})


def _create_and_delete(provider: Provider) -> None:
    _create(provider)
    provider.delete({"StreamName": "orders", "KeyId": "alias/one"})


def _create_on_an_encrypted_stream(provider: Provider) -> None:
    provider.kinesis.add_stream("orders", "alias/one")
    _create(provider)


def _create_where_there_is_no_stream(provider: Provider) -> None:
    provider.create({"StreamName": "nowhere"})


def _create_with_bad_properties(provider: Provider) -> None:
    provider.create({"StreamName": "orders!"})


def _create_that_breaks(provider: Provider) -> None:
    provider.kinesis.faults.fail_next("DescribeStreamSummary", ZeroDivisionError())
    _create(provider)


def _delete_where_the_former_key_is_disabled(provider: Provider) -> None:
    provider.kinesis.add_stream("orders", "alias/two")
    _create(provider)
    provider.two.state = "Disabled"
    provider.delete({"StreamName": "orders", "KeyId": "alias/one"})


def _throttled_thrice(provider: Provider) -> None:
    for call in ("DescribeStreamSummary", "ListTagsForStream", "StartStreamEncryption"):
        provider.kinesis.faults.fail_next(call, Kind.THROTTLING)
    _create_on_a_stream_with_another_key(provider)


def _busy(provider: Provider) -> None:
    provider.kinesis.faults.fail_next("StartStreamEncryption", Kind.IN_USE)
    _create_on_a_stream_with_another_key(provider)


def _create_on_a_stream_with_another_key(provider: Provider) -> None:
    provider.kinesis.add_stream("orders", "alias/two")
    _create(provider)


def _answer_refused(provider: Provider) -> None:
    provider.bucket.script(Reply(403))
    provider.deliver({**create_event({}), "ResponseURL": provider.fresh_url()})


def _answer_not_taken(provider: Provider) -> None:
    provider.bucket.script(*[Reply(503)] * 20)
    with pytest.raises(AnswerNotDelivered):
        provider.deliver({**create_event({}), "ResponseURL": provider.fresh_url()})


def _no_event_of_cloudformation_s(provider: Provider) -> None:
    provider.deliver({"Records": []})


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (_create, {"Requests": 1, "Starts": 1}),
        (_create_and_delete, {"Requests": 2, "Starts": 1, "Stops": 1}),
        (_create_on_an_encrypted_stream, {"Requests": 1, "NoOps": 1}),
        (_create_where_there_is_no_stream, {"Requests": 1, "Failures StreamNotFound": 1}),
        (_create_with_bad_properties, {"Requests": 1, "Failures InvalidProperties": 1}),
        (_create_that_breaks, {"Requests": 1, "Failures InternalError": 1}),
        (_delete_where_the_former_key_is_disabled, {"Requests": 2, "Starts": 1, "NoOps": 1, "RestoresConceded": 1}),
        (_throttled_thrice, {"Requests": 1, "Starts": 2, "Throttles": 3}),
        (_busy, {"Requests": 1, "Starts": 2}),
        (_answer_refused, {"Requests": 1, "Failures InvalidProperties": 1, "AnswersLost": 1}),
        (_answer_not_taken, {"Requests": 1, "Failures InvalidProperties": 1, "AnswersLost": 1}),
        (_no_event_of_cloudformation_s, {"EventsRefused": 1}),
    ],
)
def test_what_happens_is_counted(output: Output, story: Any, expected: dict[str, int]) -> None:
    """docs/reference.md, "Metrics": starts, stops, no-ops, failures by error code, and what else operators watch."""
    story(Provider())
    _, counted = output.read()
    waits = counted.pop("Waits", 0)
    assert counted == expected
    # Whatever was started or stopped was waited for.
    assert bool(waits) >= bool(expected.get("Starts"))


def test_an_unknown_request_is_counted_as_a_failure_of_its_own_code(output: Output) -> None:
    """Nothing else is counted of it, and that is no fault."""
    Provider().create(RequestType="Read")
    _, counted = output.read()
    assert counted["Failures InvalidRequest"] == 1


@pytest.mark.parametrize("waits", [98, 99, 100, 101])
def test_any_number_of_waits_can_be_counted(output: Output, waits: int) -> None:
    """Powertools writes after a hundred values of one metric: what is left at the end may be nothing."""
    told = Telemetry(Logger(service="test"), Metrics(namespace="test", service="test"))
    told.begin(_request())
    goal = Ensure(StreamRef("orders"), Owner(STACK_ID, LOGICAL_ID), 0.0, "alias/one")
    for _ in range(waits):
        told.decided(goal, Wait("for long"))
    told.end()
    _, counted = output.read()
    assert counted == {"Requests": 1, "Waits": waits}


def test_metrics_have_the_service_as_their_dimension_and_failures_the_code_too(
    output: Output, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dashboards and alarms name them."""
    Provider(stream=False).create()
    blobs = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    found = {
        metric["Name"]: (directive["Namespace"], directive["Dimensions"], blob["service"])
        for blob in blobs
        for directive in blob["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }
    assert found["Requests"] == ("test", [["service"]], "test")
    namespace, ((*dimensions,),), service = found["Failures"]
    assert (namespace, sorted(dimensions), service) == ("test", ["ErrorCode", "service"], "test")
    assert output.read()[0] == []


def test_what_one_invocation_counts_is_written_by_its_end_and_not_again(output: Output) -> None:
    """A container that is frozen loses what it has not written; one that is warm must not count twice."""
    provider = Provider()
    _create(provider)
    _, first = output.read()
    assert first["Requests"] == 1
    _create(provider)
    _, second = output.read()
    assert second["Requests"] == 1
    assert second["Starts"] == 0


def test_no_line_and_no_metric_holds_a_secret(output: Output, capsys: pytest.CaptureFixture[str]) -> None:
    """Promise 8, through a life with everything in it; tests/secrecy.py looks at all the other tests."""
    provider = Provider()
    _create_and_delete(provider)
    provider.kinesis.faults.fail_next("DescribeStreamSummary", Kind.THROTTLING)
    _create(provider)
    _create_that_breaks(provider)
    _answer_refused(provider)
    _answer_not_taken(provider)
    written = capsys.readouterr()
    assert len(written.out) > 5000
    assert [secret for secret in provider.bucket.secrets if secret in written.out + written.err] == []
    assert "amazonaws.com/" not in written.out + written.err
    assert REQUEST_ID not in written.out
    assert output.read()[0] == []


def _request() -> Request:
    return Request.of(create_event(), NEW_YEAR_2026)
