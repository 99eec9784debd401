"""A step of the workflow: how long it works, what it returns, and its one response at the end."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from stream_encryption.cloudformation.event_validation import Unanswerable
from stream_encryption.cloudformation.request import margin
from stream_encryption.cloudformation.response import ResponseNotDelivered
from stream_encryption.reconcile.pacing import LONGEST_WORKFLOW_SECONDS
from stream_encryption.workflow.step import LONGEST_PAUSE_SECONDS, STEP_SECONDS
from tests.builders import STREAM_ARN, STREAM_NAME, create_event, update_event
from tests.fake_bucket import Reply, Silence
from tests.fake_errors import Kind
from tests.provider import Provider
from tests.workflow.requests import BUSY_SECONDS, ONE, TWO, busy_provider, create_then_busy, finish, hand_over


@pytest.fixture
def busy() -> Provider:
    """A provider that hands over after a minute, and a stream that is resharded for half an hour."""
    return busy_provider()


# How long a step works.


def test_a_step_works_for_seconds_and_leaves_long_waits_to_the_state_machine(busy: Provider) -> None:
    """A function that sleeps is paid for."""
    execution = hand_over(busy, create_event(ONE))
    begun = busy.clock.now()
    state = busy.deliver(execution.input)
    assert busy.clock.now() - begun <= STEP_SECONDS + LONGEST_PAUSE_SECONDS
    busy.clock.sleep(60)
    begun = busy.clock.now()
    busy.deliver(state)
    assert busy.clock.now() == begun


@pytest.mark.parametrize("timeout", [2, 4, 8])
def test_a_step_ends_before_its_invocation_does(timeout: float) -> None:
    """Promise 2: the function's time-out can be shorter than a step; the margin of the time left is kept."""
    provider = Provider(handover_seconds=1)
    execution = hand_over(provider, create_event({**ONE, "SettleSeconds": "60"}))
    begun = provider.clock.now()
    state = provider.deliver(execution.input, timeout=timeout)
    assert provider.clock.now() - begun <= timeout - margin(timeout)
    assert not state["Done"]


def test_looks_get_rare_but_not_too_rare(busy: Provider) -> None:
    """Half an hour takes few transitions, and the end of the wait is noticed within a minute or so."""
    execution = hand_over(busy, create_event({**ONE, "SettleSeconds": "0"}))
    finish(busy)
    assert max(execution.waits) <= LONGEST_WORKFLOW_SECONDS * 1.25 + 1
    assert min(execution.waits) >= 1
    assert len(execution.waits) < 60


def test_a_hundred_waiting_requests_take_hardly_one_invocation_at_a_time(busy: Provider) -> None:
    """The function's concurrency is not used up by waiting."""
    state, at_work, steps = hand_over(busy, create_event(ONE)).input, 0.0, 0
    call_seconds = 0.05  # at most, with what a warm invocation takes by itself
    while not state.get("Done"):
        busy.clock.sleep(state["Seconds"])
        begun, calls = busy.clock.now(), len(busy.kinesis.calls)
        state = busy.deliver(state)
        at_work += busy.clock.now() - begun + call_seconds * (len(busy.kinesis.calls) - calls + 1)
        steps += 1
    assert steps > 10
    assert 100 * at_work / BUSY_SECONDS < 1.5


def test_steps_are_counted_beside_the_request(busy: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    """docs/reference.md, "Metrics": one request counts once, however many steps it takes."""
    execution = hand_over(busy, create_event(ONE))
    finish(busy)
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]

    def total(name: str) -> float:
        return sum(sum(metric.get(name, [])) for metric in metrics)

    assert (total("Requests"), total("HandOvers"), total("Steps")) == (1, 1, len(execution.waits))


# Its response.


def test_a_failure_in_a_step_has_the_id_that_cloudformation_knows() -> None:
    """The protocol: a FAILED Update gives the old id."""
    provider = create_then_busy(600)
    hand_over(provider, update_event(TWO, ONE))
    provider.kinesis.faults.fail_next("StartStreamEncryption", Kind.KMS_ACCESS_DENIED, times=99)
    response = finish(provider)
    assert (response["Status"], response["PhysicalResourceId"]) == ("FAILED", STREAM_ARN)
    assert response["Reason"].startswith("[KeyUnusable] ")
    assert provider.key_of() == provider.one.arn


def test_a_success_that_does_not_fit_into_a_response_fails(busy: Provider) -> None:
    """Promise 2: CloudFormation does not accept a response over 4,096 bytes."""
    long = f"alias/{'x' * 2000}"
    busy.kms.add_key(long, denies_describe=True)
    hand_over(busy, create_event({**ONE, "KeyId": long}))
    response = finish(busy)
    assert response["Reason"].startswith("[ResponseTooLong] ")
    assert response["PhysicalResourceId"].startswith("failed-create:")


def test_the_deadline_ends_in_a_failure_that_names_the_wait(busy: Provider) -> None:
    """The contract: ServiceTimeout less a margin. Nothing is polled afterwards."""
    begun = busy.clock.now()
    hand_over(busy, create_event({**ONE, "ServiceTimeout": "600"}))
    response = finish(busy)
    assert response["Reason"].startswith("[DeadlineExceeded] ")
    assert "UPDATING" in response["Reason"]
    assert "2026-01-01 00:00:00 UTC" in response["Reason"]
    assert response["PhysicalResourceId"].startswith("failed-create:platform-encryption/Encryption/")
    assert 575 <= busy.clock.now() - begun <= 600
    calls = len(busy.kinesis.calls)
    busy.clock.sleep(3600)
    assert len(busy.kinesis.calls) == calls


def test_a_step_after_the_deadline_touches_nothing(busy: Provider) -> None:
    """Promise 6: CloudFormation has given up by then, and rolls back."""
    execution = hand_over(busy, create_event({**ONE, "ServiceTimeout": "200"}))
    busy.clock.sleep(BUSY_SECONDS)
    calls = len(busy.kinesis.calls)
    assert busy.deliver(execution.input) == {"Done": True}
    assert len(busy.kinesis.calls) == calls
    (response,) = busy.bucket.answers
    assert response["Reason"].startswith("[DeadlineExceeded] ")


def test_a_response_that_can_t_be_delivered_is_sent_by_the_next_try_of_the_step(busy: Provider) -> None:
    """Promise 2: the step raises, and the state machine tries it again."""
    hand_over(busy, create_event(ONE))
    busy.bucket.script(*[Silence.CLOSE] * 3, *[Reply(503)] * 3)
    busy.states.play(busy.deliver)
    (response,) = busy.bucket.answers
    assert response["Status"] == "SUCCESS"
    assert busy.changes().count("StartStreamEncryption") == 1


def test_the_error_of_an_undelivered_response_says_nothing_of_the_failure_before_it(busy: Provider) -> None:
    """Promise 8: Lambda logs the error of a step, and an error's context could have the ResponseURL."""
    execution = hand_over(busy, create_event(ONE))
    busy.kinesis.faults.fail_next("*", ValueError(f"saw {execution.input['Event']['ResponseURL']}"))
    busy.bucket.script(*[Reply(503)] * 20)
    with pytest.raises(ResponseNotDelivered) as raised:
        busy.deliver(execution.input)
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)


def test_a_step_that_dies_is_tried_again_and_there_is_one_response(busy: Provider) -> None:
    """Promise 6: killed, out of memory or out of time, the next try comes to the same end."""
    hand_over(busy, create_event(ONE))
    deaths: list[str] = []

    def mortal(state: Mapping[str, Any]) -> Any:
        if len(deaths) < 2:
            deaths.append("again")
            raise MemoryError("Runtime exited with error: signal: killed")
        return busy.deliver(state)

    busy.states.play(mortal)
    (response,) = busy.bucket.answers
    assert response["Status"] == "SUCCESS"


def test_a_step_that_dies_at_each_try_is_answered_by_the_failure_responder(busy: Provider) -> None:
    """Promise 2: one FAILED, which names the stream and the error."""
    hand_over(busy, create_event(ONE))

    def mortal(_: Mapping[str, Any]) -> Any:
        raise MemoryError("signal: killed")

    busy.states.play(mortal)
    (response,) = busy.bucket.answers
    assert response["Status"] == "FAILED"
    assert STREAM_NAME in response["Reason"]
    assert "MemoryError: signal: killed" in response["Reason"]


# States that are not a request's.


def test_a_state_that_can_t_be_read_is_answered(busy: Provider) -> None:
    """Promise 2: a fault of the provider is FAILED, and not an hour of waiting."""
    execution = hand_over(busy, create_event(ONE))
    assert busy.deliver({**execution.input, "Progress": {"goals": "x"}}) == {"Done": True}
    (response,) = busy.bucket.answers
    assert response["Reason"].startswith("[InternalError] ")


@pytest.mark.parametrize("event", [None, {}, {"ResponseURL": "nowhere"}])
def test_a_state_that_nobody_can_be_answered_for_fails_its_execution(
    busy: Provider, event: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error ends the execution, so that an operator sees it; the log says why."""
    execution = hand_over(busy, create_event(ONE))
    with pytest.raises(Unanswerable):
        busy.deliver({**execution.input, "Event": event})
    assert '"message":"event refused"' in capsys.readouterr().out
    assert busy.bucket.answers == []


@pytest.mark.parametrize(
    ("field", "value", "failure_id"),
    [
        ("StackId", "x", "failed-create:Encryption"),
        ("RequestType", "Read", "failed-create:Encryption"),
        ("LogicalResourceId", None, "failed-create:"),
    ],
)
def test_a_state_with_an_invalid_request_fails_and_changes_nothing(
    busy: Provider, field: str, value: Any, failure_id: str
) -> None:
    """Promise 2: as in the first invocation."""
    execution = hand_over(busy, create_event(ONE))
    busy.clock.sleep(BUSY_SECONDS)
    assert busy.deliver({**execution.input, "Event": {**execution.input["Event"], field: value}}) == {"Done": True}
    (response,) = busy.bucket.answers
    assert (response["Status"], response["PhysicalResourceId"]) == ("FAILED", failure_id)
    assert response["Reason"].startswith("[InvalidRequest] ")
    assert busy.changes() == []


@pytest.mark.parametrize("goals", ["none", "another owner's"])
def test_a_state_whose_goals_are_not_its_request_s_fails_and_changes_nothing(busy: Provider, goals: str) -> None:
    """Promises 1 and 3: no goals are no success, and nobody works in another owner's name."""
    execution = hand_over(busy, create_event(ONE))
    busy.clock.sleep(BUSY_SECONDS)
    state = json.loads(json.dumps(execution.input))
    if goals == "none":
        state["Progress"]["goals"] = []
    else:
        state["Progress"]["goals"][0]["owner"]["logical_id"] = "Another"
    assert busy.deliver(state) == {"Done": True}
    (response,) = busy.bucket.answers
    assert response["Reason"].startswith("[InternalError] ")
    assert busy.changes() == []
