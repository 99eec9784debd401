"""The first invocation hands a long wait over to the state machine: once, before its own end, with one response."""

import json
from typing import Any

import pytest

from stream_encryption.cloudformation.response_url import digest_of
from stream_encryption.workflow.hand_over import HAND_OVER_AGAIN_SECONDS
from tests.builders import STREAM_ARN, STREAM_NAME, create_event, delete_event
from tests.fake_errors import Kind, client_error, fault
from tests.fake_states import ARN
from tests.provider import Provider
from tests.workflow.requests import (
    BUSY_SECONDS,
    HANDOVER_SECONDS,
    ONE,
    busy_provider,
    create_then_busy,
    finish,
    hand_over,
)

THROTTLED = client_error("ThrottlingException", "Rate exceeded", "states:StartExecution")
LOST = fault(Kind.READ_TIMEOUT, "states:StartExecution", {}, "123456789012", "us-east-1")


@pytest.fixture
def busy() -> Provider:
    """A provider that hands over after a minute, and a stream that is resharded for half an hour."""
    return busy_provider()


def test_a_change_of_seconds_is_not_handed_over() -> None:
    """No execution is started, so no transitions are paid for."""
    provider = Provider(handover_seconds=HANDOVER_SECONDS)
    assert provider.create(ONE)["Status"] == "SUCCESS"
    assert not provider.states.calls


def test_a_long_wait_is_handed_over_and_ends_in_one_response(busy: Provider) -> None:
    """Promises 1 and 2: the wait is longer than a Lambda function may run."""
    begun = busy.clock.now()
    hand_over(busy, create_event(ONE))
    assert 50 <= busy.clock.now() - begun <= HANDOVER_SECONDS
    response = finish(busy)
    assert (response["Status"], response["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN)
    assert response["Data"]["KeyArn"] == busy.one.arn
    assert busy.key_of() == busy.one.arn
    assert busy.changes().count("StartStreamEncryption") == 1
    assert busy.clock.now() - begun >= BUSY_SECONDS


def test_a_delete_is_handed_over_as_well() -> None:
    """Promise 3: it undoes the change once the stream is ACTIVE again."""
    provider = create_then_busy(600)
    hand_over(provider, delete_event(ONE))
    response = finish(provider)
    assert (response["Status"], response["PhysicalResourceId"], response["Data"]) == ("SUCCESS", STREAM_ARN, {})
    assert provider.key_of() is None


def test_settling_is_handed_over_where_the_invocation_has_no_time_for_it() -> None:
    """Promise 1: SettleSeconds is waited for in the state machine as well."""
    provider = Provider(handover_seconds=4)
    begun = provider.clock.now()
    execution = hand_over(provider, create_event({**ONE, "SettleSeconds": "60"}))
    assert finish(provider)["Status"] == "SUCCESS"
    assert max(execution.waits) >= 50
    assert provider.clock.now() - begun >= 60


def test_a_wait_is_handed_over_before_the_invocation_ends(busy: Provider) -> None:
    """Promise 2: the function's time-out can be shorter than the time that it should wait."""
    begun = busy.clock.now()
    busy.deliver({**create_event(ONE), "ResponseURL": busy.fresh_url()}, timeout=30)
    assert busy.clock.now() - begun <= 25
    assert len(busy.states.executions) == 1


# One execution a request.


def test_an_event_that_is_delivered_again_starts_no_second_execution(busy: Provider) -> None:
    """Promise 6: the execution is named by a digest of the ResponseURL, while it runs and afterwards."""
    event = {**create_event(ONE), "ResponseURL": busy.fresh_url()}
    for _ in range(2):
        busy.deliver(event)
    assert list(busy.states.executions) == [digest_of(event["ResponseURL"])]
    assert finish(busy)["Status"] == "SUCCESS"
    busy.kinesis.people.reshard(STREAM_NAME, 600)
    busy.deliver(event)
    assert len(busy.states.executions) == len(busy.bucket.answers) == 1


def test_a_deployment_that_is_retried_gets_an_execution_of_its_own(busy: Provider) -> None:
    """The protocol: a retried deployment has the same RequestId, and another ResponseURL."""
    first, second = (hand_over(busy, create_event(ONE)) for _ in range(2))
    assert first.input["Event"]["RequestId"] == second.input["Event"]["RequestId"]
    assert first.name != second.name


def test_a_lost_response_of_start_execution_is_asked_for_again_at_once(
    busy: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    """Promise 2: StartExecution took effect, so this invocation must not answer beside the workflow."""
    busy.states.loses = [LOST]
    begun = busy.clock.now()
    execution = hand_over(busy, create_event(ONE))
    assert busy.clock.now() - begun <= HANDOVER_SECONDS
    assert busy.states.calls == [execution.name] * 2
    (line,) = [line for line in capsys.readouterr().out.splitlines() if '"message":"handed over"' in line]
    assert json.loads(line)["started"] is True
    finish(busy)
    assert len(busy.bucket.answers) == 1


def test_after_a_lost_response_an_execution_that_has_ended_is_recognized(busy: Provider) -> None:
    """Promise 2: ExecutionAlreadyExists tells that the request was handed over, whatever has become of it."""
    event = {**create_event(ONE), "ResponseURL": busy.fresh_url()}
    busy.deliver(event)
    finish(busy)
    busy.kinesis.people.reshard(STREAM_NAME, 600)
    busy.states.refuses = client_error("ExecutionAlreadyExists", "Execution Already Exists", "states:StartExecution")
    busy.deliver(event)
    assert len(busy.bucket.answers) == 1


# Step Functions refuses.


@pytest.mark.parametrize(
    "refusal",
    [
        client_error("AccessDeniedException", "not authorized", "states:StartExecution"),
        client_error("StateMachineDoesNotExist", "does not exist", "states:StartExecution"),
        THROTTLED,
        LOST,
    ],
    ids=["denied", "no state machine", "throttled", "never answers"],
)
def test_a_request_that_can_t_be_handed_over_is_waited_for_in_the_invocation(
    refusal: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Promise 2: a refused hand-over costs Lambda's time, and no response."""
    provider = Provider(handover_seconds=HANDOVER_SECONDS)
    provider.kinesis.people.reshard(STREAM_NAME, 300)
    provider.states.refuses = refusal
    assert provider.create(ONE)["Status"] == "SUCCESS"
    assert provider.key_of() == provider.one.arn
    log = capsys.readouterr().out
    assert '"message":"not handed over, waiting here"' in log
    assert "HandOversRefused" in log


def test_a_refused_hand_over_is_tried_again(busy: Provider) -> None:
    """Promise 2: the function need not wait by itself because Step Functions was throttled for a moment."""
    busy.states.refuses = THROTTLED
    begun = busy.clock.now()
    busy.clock.at(begun + 70, lambda: setattr(busy.states, "refuses", None))
    hand_over(busy, create_event(ONE))
    assert busy.clock.now() - begun <= HANDOVER_SECONDS + HAND_OVER_AGAIN_SECONDS + 10
    assert finish(busy)["Status"] == "SUCCESS"


@pytest.mark.parametrize("timeout", [70, 100, 900])
def test_a_hand_over_that_is_always_refused_fails_before_the_invocation_ends(busy: Provider, timeout: float) -> None:
    """Promise 2: the last part of the wait ends in time for the response."""
    busy.states.refuses = THROTTLED
    begun = busy.clock.now()
    response = busy.handle(create_event(ONE), timeout=timeout)
    assert response["Reason"].startswith("[DeadlineExceeded] ")
    assert busy.clock.now() - begun < timeout


def test_the_state_machine_is_the_one_of_the_settings(busy: Provider) -> None:
    """The fake refuses every other ARN."""
    assert busy.settings.state_machine_arn == ARN
