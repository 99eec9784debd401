"""Metrics: what is counted of each story, how long a response took, and the dimensions (docs/reference.md)."""

import json
from collections.abc import Callable, Iterator

import pytest
from aws_lambda_powertools import Logger, Metrics

from stream_encryption.cloudformation.request import Request
from stream_encryption.cloudformation.response import ResponseNotDelivered
from stream_encryption.reconcile.actions import Code, Wait
from stream_encryption.reconcile.goals import Ensure, Properties
from stream_encryption.record.requests import RequestStamp
from stream_encryption.telemetry import Telemetry
from stream_encryption.values import Owner, StreamRef
from tests.builders import LOGICAL_ID, REQUEST_ID, STACK_ID, STREAM_ARN, create_event
from tests.fake_bucket import Reply
from tests.fake_clock import NEW_YEAR_2026
from tests.fake_errors import Kind, client_error
from tests.outputs import Output
from tests.provider import Provider

Story = Callable[[Provider], object]
ONE = {"StreamName": "orders", "KeyId": "alias/one"}


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Iterator[Output]:
    """Standard output; nothing that another test counted is in it."""
    Metrics(namespace="test", service="test").clear_metrics()
    yield Output(capsys)
    Metrics(namespace="test", service="test").clear_metrics()


# How long a response took.


def test_seconds_to_response_are_measured_by_request_type_and_status(output: Output) -> None:
    """From the issue of the request to its response; the log line has the same number."""
    provider = Provider()
    provider.kinesis.people.reshard("orders", 120)
    begun = provider.clock.now()
    provider.create()
    lines, _ = output.read()
    passed = round(provider.clock.now() - begun, 1)
    assert passed > 120
    assert output.seconds == [("Create", "SUCCESS", passed)]
    assert [line["seconds"] for line in lines if line["message"] == "response delivered"] == [passed]
    provider.delete({"StreamName": "nowhere"}, PhysicalResourceId=STREAM_ARN.replace("orders", "nowhere"))
    provider.create({"StreamName": "nowhere"})
    output.read()
    assert [(kind, status) for kind, status, _ in output.seconds] == [("Delete", "SUCCESS"), ("Create", "FAILED")]
    assert all(0 <= seconds < 2 for _, _, seconds in output.seconds), "the URL tells whole seconds"


def test_a_request_that_was_handed_over_is_measured_from_its_issue(output: Output) -> None:
    """The last step would take hardly any time."""
    provider = Provider(handover_seconds=60)
    provider.kinesis.people.reshard("orders", 1200)
    begun = provider.clock.now()
    provider.deliver({**create_event(), "ResponseURL": provider.fresh_url()})
    output.read()
    assert output.seconds == []
    provider.states.play(provider.deliver)
    output.read()
    assert output.seconds == [("Create", "SUCCESS", round(provider.clock.now() - begun, 1))]


def test_an_invalid_request_is_counted_and_not_measured(output: Output) -> None:
    """Its type can be any text, and no dimension may be that."""
    Provider().create(RequestType="Read")
    lines, counted = output.read()
    assert lines[-1]["message"] == "response delivered"
    assert "seconds" not in lines[-1]
    assert output.seconds == []
    assert counted == {"Failures InvalidRequest": 1}


# What is counted.


def _create(provider: Provider) -> None:
    provider.create(ONE)


def _create_and_delete(provider: Provider) -> None:
    provider.create(ONE)
    provider.delete(ONE)


def _create_on_an_encrypted_stream(provider: Provider) -> None:
    provider.kinesis.add_stream("orders", "alias/one")
    provider.create(ONE)


def _create_and_add_a_producer(provider: Provider) -> None:
    provider.create(ONE)
    provider.update({**ONE, "Producers": ["arn:aws:iam::123456789012:role/writer"]}, ONE)


def _create_without_a_stream(provider: Provider) -> None:
    provider.create({"StreamName": "nowhere"})


def _create_with_invalid_properties(provider: Provider) -> None:
    provider.create({"StreamName": "orders!"})


def _create_with_a_fault_of_the_provider(provider: Provider) -> None:
    provider.kinesis.faults.fail_next("DescribeStreamSummary", ZeroDivisionError())
    provider.create(ONE)


def _skip_a_restore(provider: Provider) -> None:
    provider.kinesis.add_stream("orders", "alias/two")
    provider.create(ONE)
    provider.two.state = "Disabled"
    provider.delete(ONE)


def _throttle_thrice(provider: Provider) -> None:
    for call in ("DescribeStreamSummary", "GetItem", "StartStreamEncryption"):
        provider.kinesis.faults.fail_next(call, Kind.THROTTLING)
    provider.create(ONE)


def _lose_a_race_for_the_record(provider: Provider) -> None:
    conflict = client_error("ConditionalCheckFailedException", "The conditional request failed", "dynamodb:PutItem")
    provider.kinesis.faults.fail_next("PutItem", conflict)
    provider.create(ONE)


def _find_the_stream_busy(provider: Provider) -> None:
    provider.kinesis.faults.fail_next("StartStreamEncryption", Kind.IN_USE)
    provider.create(ONE)


def _refuse_the_response(provider: Provider) -> None:
    provider.bucket.script(Reply(403))
    provider.deliver({**create_event({}), "ResponseURL": provider.fresh_url()})


def _never_take_the_response(provider: Provider) -> None:
    provider.bucket.script(*[Reply(503)] * 20)
    with pytest.raises(ResponseNotDelivered):
        provider.deliver({**create_event({}), "ResponseURL": provider.fresh_url()})


def _send_no_request(provider: Provider) -> None:
    provider.deliver({"Records": []})


STORIES: dict[Story, dict[str, int]] = {
    _create: {"Requests": 1, "Starts": 1},
    _create_and_delete: {"Requests": 2, "Starts": 1, "Stops": 1},
    _create_on_an_encrypted_stream: {"Requests": 1, "NoOps": 1},
    _create_and_add_a_producer: {"Requests": 2, "Starts": 1, "Grants": 1},
    _create_without_a_stream: {"Requests": 1, "Failures StreamNotFound": 1},
    _create_with_invalid_properties: {"Requests": 1, "Failures InvalidProperties": 1},
    _create_with_a_fault_of_the_provider: {"Requests": 1, "Failures InternalError": 1},
    _skip_a_restore: {"Requests": 2, "Starts": 1, "NoOps": 1, "RestoresSkipped": 1},
    _throttle_thrice: {"Requests": 1, "Starts": 2, "Throttles": 3},
    _lose_a_race_for_the_record: {"Requests": 1, "Starts": 1, "RecordConflicts": 1},
    _find_the_stream_busy: {"Requests": 1, "Starts": 2},
    _refuse_the_response: {"Requests": 1, "Failures InvalidProperties": 1, "ResponsesLost": 1},
    _never_take_the_response: {"Requests": 1, "Failures InvalidProperties": 1, "ResponsesLost": 1},
    _send_no_request: {"EventsRefused": 1},
}


@pytest.mark.parametrize(("story", "expected"), STORIES.items(), ids=[story.__name__ for story in STORIES])
def test_each_story_is_counted(output: Output, story: Story, expected: dict[str, int]) -> None:
    """docs/reference.md, "Metrics"."""
    story(Provider())
    _, counted = output.read()
    waits = counted.pop("Waits", 0)
    assert counted == expected
    assert bool(waits) >= bool(expected.get("Starts")), "a change is waited for"


# How it is written.


@pytest.mark.parametrize("waits", [98, 99, 100, 101])
def test_any_number_of_waits_can_be_counted(output: Output, waits: int) -> None:
    """Powertools writes a metric out after a hundred values; at the end none may be left."""
    telemetry = Telemetry(Logger(service="test"), Metrics(namespace="test", service="test"))
    telemetry.begin(Request.of(create_event(), NEW_YEAR_2026))
    goal = Ensure(Properties(StreamRef("orders")), Owner(STACK_ID, LOGICAL_ID), RequestStamp(0, "digest"))
    for _ in range(waits):
        telemetry.decided(goal, Wait(Code.SETTLING, "for long"))
    telemetry.end()
    _, counted = output.read()
    assert counted == {"Requests": 1, "Waits": waits}


def test_the_dimension_is_the_service_and_for_failures_the_code_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Dashboards and alarms name these; each further dimension would be a metric to pay for."""
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


def test_the_counts_of_an_invocation_are_written_at_its_end_and_once(output: Output) -> None:
    """An environment can be frozen afterwards, and a warm one must not count twice."""
    provider = Provider()
    for _ in range(2):
        _create(provider)
        _, counted = output.read()
        assert counted["Requests"] == 1
    assert counted["Starts"] == 0


def test_no_line_and_no_metric_has_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """Promise 8, in stories with every kind of line; tests/secrecy.py reads the output of all the other tests."""
    provider = Provider()
    for story in STORIES:
        story(provider)
        provider.bucket.recover()
    written = capsys.readouterr()
    assert len(written.out) > 5000
    assert [secret for secret in provider.bucket.secrets if secret in written.out + written.err] == []
    assert "amazonaws.com/" not in written.out + written.err
    assert REQUEST_ID not in written.out
