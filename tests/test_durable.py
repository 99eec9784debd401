"""A wait that gets long is handed over to a state machine, and goes on step by step, to one answer."""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import pytest

from stream_encryption.durable import BURST_PAUSE_SECONDS, BURST_SECONDS
from stream_encryption.envelope import Unanswerable
from stream_encryption.pacing import LONGEST_DURABLE_SECONDS
from tests.builders import LOGICAL_ID, STREAM_ARN, STREAM_NAME, create_event, delete_event, update_event
from tests.fake_bucket import Reply, Silence
from tests.fake_errors import Kind, client_error
from tests.fake_states import Execution
from tests.invocations import INVENTED_ID
from tests.provider import Provider

ONE = {"StreamName": STREAM_NAME, "KeyId": "alias/one"}
TWO = {"StreamName": STREAM_NAME, "KeyId": "alias/two"}


@pytest.fixture
def busy() -> Provider:
    """A provider that hands over after a minute, and a stream that is resharded for half an hour."""
    provider = Provider(handover_seconds=60)
    provider.kinesis.people.reshard(STREAM_NAME, 1800)
    return provider


def hand_over(provider: Provider, event: Mapping[str, Any]) -> dict[str, Any]:
    """Deliver an event that gets long, and tell the one that was delivered, with its ResponseURL."""
    issued = {**event, "ResponseURL": provider.fresh_url()}
    answers = len(provider.bucket.answers)
    provider.deliver(issued)
    assert len(provider.bucket.answers) == answers, "answered, and handed over too"
    return issued


def finish(provider: Provider) -> tuple[Execution, dict[str, Any]]:
    """Let the newest execution run to its end, and tell it and the one answer."""
    before = len(provider.bucket.answers)
    execution = provider.states.play(provider.deliver)
    (answer,) = provider.bucket.answers[before:]
    return execution, dict(answer)


def test_what_takes_seconds_is_not_handed_over() -> None:
    """Settle within the first invocation when it takes seconds: no execution, no transitions to pay."""
    provider = Provider(handover_seconds=60)
    assert provider.create(ONE)["Status"] == "SUCCESS"
    assert not provider.states.executions


def test_a_long_wait_is_handed_over_and_settles_with_one_answer(busy: Provider) -> None:
    """Promises 1 and 2: a stream that reshards for half an hour outlives the Lambda, and is encrypted all the same."""
    begun = busy.clock.now()
    hand_over(busy, create_event(ONE))
    assert 50 <= busy.clock.now() - begun <= 60
    _, answer = finish(busy)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN)
    assert answer["Data"]["KeyId"] == "alias/one"
    assert busy.key_of() == "alias/one"
    assert busy.changes() == ["AddTagsToStream", "StartStreamEncryption"]


def test_a_deletion_is_handed_over_as_well(busy: Provider) -> None:
    """Promise 3: what was done before the stream got busy is undone after it."""
    busy.clock.sleep(1800)
    busy.create(ONE)
    busy.kinesis.people.reshard(STREAM_NAME, 600)
    hand_over(busy, delete_event(ONE))
    _, answer = finish(busy)
    assert (answer["Status"], answer["PhysicalResourceId"], answer["Data"]) == ("SUCCESS", STREAM_ARN, {})
    assert (busy.key_of(), busy.tags_of()) == (None, {})


def test_a_wait_is_handed_over_before_the_function_s_own_end() -> None:
    """The Lambda's time-out may be shorter than the time that it should wait: it never runs into it."""
    provider = Provider(handover_seconds=60)
    provider.kinesis.people.reshard(STREAM_NAME, 1800)
    begun = provider.clock.now()
    provider.deliver({**create_event(ONE), "ResponseURL": provider.fresh_url()}, timeout=30)
    assert provider.clock.now() - begun <= 25
    assert len(provider.states.executions) == 1


def test_settling_is_handed_over_where_the_function_has_no_time_for_it() -> None:
    """Promise 1: SettleSeconds is waited in the state machine just as well."""
    provider = Provider(handover_seconds=4)
    begun = provider.clock.now()
    hand_over(provider, create_event({**ONE, "SettleSeconds": "60"}))
    execution, answer = finish(provider)
    assert answer["Status"] == "SUCCESS"
    assert max(execution.waits) >= 59
    assert provider.clock.now() - begun >= 2 + 60


def test_an_event_that_comes_again_starts_no_second_execution(busy: Provider) -> None:
    """One execution a request, however often the event is delivered: it is named by a digest of the ResponseURL."""
    issued = hand_over(busy, create_event(ONE))
    busy.deliver(issued)
    assert list(busy.states.executions) == [sha256(issued["ResponseURL"].encode()).hexdigest()[:32]]
    finish(busy)
    busy.kinesis.people.reshard(STREAM_NAME, 600)
    busy.deliver(issued)
    assert len(busy.states.executions) == 1


def test_a_deployment_that_is_retried_gets_an_execution_of_its_own(busy: Provider) -> None:
    """CloudFormation uses a RequestId again when a deployment is retried; the ResponseURL is another one."""
    first = hand_over(busy, create_event(ONE))
    second = hand_over(busy, create_event(ONE))
    assert first["RequestId"] == second["RequestId"]
    assert len(busy.states.executions) == 2


def test_the_hand_over_holds_the_request_and_what_is_remembered_and_no_more(busy: Provider) -> None:
    """The hand-over is versioned, and small: the properties have become goals."""
    issued = hand_over(busy, create_event(ONE))
    (execution,) = busy.states.executions.values()
    assert set(execution.input) == {"Version", "Event", "Stream", "Deadline", "Progress", "Seconds", "Done"}
    assert execution.input["Version"] == 1
    assert execution.input["Stream"] == STREAM_NAME
    assert execution.input["Event"] == {name: value for name, value in issued.items() if name != "ResourceProperties"}
    assert len(json.dumps(execution.input)) < 4096


def test_a_deadline_ends_in_failed_that_says_what_was_waited_for(busy: Provider) -> None:
    """The deadline: ServiceTimeout less a margin; nothing polls after CloudFormation has given up."""
    begun = busy.clock.now()
    hand_over(busy, create_event({**ONE, "ServiceTimeout": "600"}))
    _, answer = finish(busy)
    assert answer["Status"] == "FAILED"
    assert "UPDATING" in answer["Reason"]
    assert "2026-01-01 00:00:00 UTC" in answer["Reason"]
    assert answer["PhysicalResourceId"].startswith("failed-create:")
    assert 575 <= busy.clock.now() - begun <= 600
    calls = len(busy.kinesis.calls)
    busy.clock.sleep(3600)
    assert len(busy.kinesis.calls) == calls


def test_a_failure_in_a_step_keeps_the_id_that_cloudformation_knows(busy: Provider) -> None:
    """A FAILED Update answers the old id, from the second door as from the first."""
    busy.clock.sleep(1800)
    busy.create(ONE)
    busy.kinesis.people.reshard(STREAM_NAME, 600)
    hand_over(busy, update_event(TWO, ONE))
    busy.kinesis.faults.fail_next("StartStreamEncryption", Kind.KMS_ACCESS_DENIED)
    _, answer = finish(busy)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", STREAM_ARN)
    assert "KMSAccessDeniedException" in answer["Reason"]
    assert busy.key_of() == "alias/one"


def test_looks_get_rare_and_never_too_rare(busy: Provider) -> None:
    """The step itself decides how long to wait: ever longer, up to a minute; half an hour takes few transitions."""
    hand_over(busy, create_event({**ONE, "SettleSeconds": "0"}))
    execution, _ = finish(busy)
    assert max(execution.waits) <= LONGEST_DURABLE_SECONDS * 1.25 + 1
    assert min(execution.waits) >= 1
    assert len(execution.waits) < 60


def test_a_step_is_short_however_long_the_wait(busy: Provider) -> None:
    """A function that sleeps is paid for: a step waits a little by itself, and leaves the rest to the state machine."""
    hand_over(busy, create_event(ONE))
    (execution,) = busy.states.executions.values()
    begun = busy.clock.now()
    state = busy.deliver(execution.input)
    assert busy.clock.now() - begun <= BURST_SECONDS + BURST_PAUSE_SECONDS
    busy.clock.sleep(60)
    begun = busy.clock.now()
    busy.deliver(state)
    assert busy.clock.now() - begun == 0


def test_a_step_that_dies_is_tried_again_and_still_answers_once(busy: Provider) -> None:
    """Promise 6: killed, out of memory or out of time in the middle, the next try comes to the same end."""
    hand_over(busy, create_event(ONE))
    died: list[str] = []

    def mortal(state: Mapping[str, Any]) -> Any:
        if len(died) < 2:
            died.append("once more")
            raise MemoryError("Runtime exited with error: signal: killed")
        return busy.deliver(state)

    busy.states.play(mortal)
    (answer,) = busy.bucket.answers
    assert answer["Status"] == "SUCCESS"


def test_a_step_that_always_dies_ends_in_one_failed_that_says_so(busy: Provider) -> None:
    """Promise 2: even then CloudFormation is answered, by the definition's last task."""
    hand_over(busy, create_event(ONE))

    def mortal(_: Mapping[str, Any]) -> Any:
        raise MemoryError("signal: killed")

    busy.states.play(mortal)
    (answer,) = busy.bucket.answers
    assert answer["Status"] == "FAILED"
    assert f"A step of the wait for stream {STREAM_NAME} failed" in answer["Reason"]
    assert "MemoryError: signal: killed" in answer["Reason"]


def test_a_state_that_nobody_understands_is_answered_all_the_same(busy: Provider) -> None:
    """Promise 2: a fault of our own is FAILED, and no wait for an hour."""
    hand_over(busy, create_event(ONE))
    (execution,) = busy.states.executions.values()
    assert busy.deliver({**execution.input, "Progress": {"class": "Unheard"}}) == {"Done": True}
    (answer,) = busy.bucket.answers
    assert answer["Status"] == "FAILED"
    assert "KeyError" in answer["Reason"]


def test_a_state_without_a_request_that_can_be_answered_fails_its_execution(
    busy: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody can be told, so the operators are: by an error, which ends the execution, and by the log."""
    hand_over(busy, create_event(ONE))
    (execution,) = busy.states.executions.values()
    for event in (None, {}, {**execution.input["Event"], "ResponseURL": "nowhere"}):
        with pytest.raises(Unanswerable):
            busy.deliver({**execution.input, "Event": event})
    assert capsys.readouterr().out.count('"message":"event refused"') == 3
    assert busy.bucket.answers == []


@pytest.mark.parametrize(
    ("field", "value", "failed_id"),
    [
        ("StackId", "x", "failed-create:Encryption"),
        ("RequestType", "Read", "failed-create:Encryption"),
        ("LogicalResourceId", None, "failed-create:"),
    ],
)
def test_a_state_of_a_request_that_is_none_is_answered_all_the_same(
    busy: Provider, field: str, value: Any, failed_id: str
) -> None:
    """Promise 2: as the first door does."""
    hand_over(busy, create_event(ONE))
    (execution,) = busy.states.executions.values()
    busy.clock.sleep(1800)
    assert busy.deliver({**execution.input, "Event": {**execution.input["Event"], field: value}}) == {"Done": True}
    (answer,) = busy.bucket.answers
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", failed_id)
    assert field in answer["Reason"]
    assert busy.changes() == []


@pytest.mark.parametrize("goals", ["none", "another's"])
def test_a_state_whose_goals_are_not_its_request_s_is_failed_and_nothing_is_done(busy: Provider, goals: str) -> None:
    """Promises 1 and 3: no goals are no success, and nobody works in another's name."""
    hand_over(busy, create_event(ONE))
    (execution,) = busy.states.executions.values()
    busy.clock.sleep(1800)
    state = json.loads(json.dumps(execution.input))
    if goals == "none":
        state["Progress"]["goals"] = []
    else:
        state["Progress"]["goals"][0]["owner"]["logical_id"] = "Another"
    assert busy.deliver(state) == {"Done": True}
    (answer,) = busy.bucket.answers
    assert answer["Status"] == "FAILED"
    assert "the state's goals are not those of its request" in answer["Reason"]
    assert busy.changes() == []


@pytest.fixture
def marked() -> tuple[Provider, dict[str, Any]]:
    """A Delete under an invented id has left a mark, and this is the state of what sweeps it up; its time has come."""
    provider = Provider(handover_seconds=60)
    provider.delete(ONE, PhysicalResourceId=INVENTED_ID)
    assert provider.marks_of()
    (sweep,) = provider.states.sweeps.values()
    provider.clock.sleep(sweep.input["Seconds"])
    return provider, sweep.input


def test_what_was_left_is_swept_up_without_another_answer(marked: tuple[Provider, dict[str, Any]]) -> None:
    """Promise 2: the Delete was answered long ago, and this state knows no ResponseURL."""
    provider, state = marked
    assert "ResponseURL" not in state["Event"]
    assert provider.deliver(state) == {"Done": True}
    assert provider.marks_of() == {}
    assert len(provider.bucket.answers) == 1


def test_a_sweep_waits_for_a_busy_stream(marked: tuple[Provider, dict[str, Any]]) -> None:
    """Not yet is a state for the next step here as well."""
    provider, state = marked
    provider.kinesis.people.reshard(STREAM_NAME, 60)
    while not state["Done"]:
        state = provider.deliver(state)
        provider.clock.sleep(state.get("Seconds", 0))
    assert provider.marks_of() == {}


@pytest.mark.parametrize("error", [Kind.ACCESS_DENIED, ValueError("out of nowhere")])
def test_a_sweep_that_fails_is_logged_and_no_more(
    marked: tuple[Provider, dict[str, Any]], capsys: pytest.CaptureFixture[str], error: Any
) -> None:
    """Nobody waits for it; the next request on the stream sweeps."""
    provider, state = marked
    provider.kinesis.faults.fail_next("*", error, times=9)
    assert provider.deliver(state) == {"Done": True}
    assert '"message":"request failed"' in capsys.readouterr().out
    assert len(provider.bucket.answers) == 1


@pytest.mark.parametrize("request_s", [True, False])
def test_only_a_sweep_goes_without_a_response_url_and_only_a_request_with_one(
    busy: Provider,
    marked: tuple[Provider, dict[str, Any]],
    request_s: bool,  # noqa: FBT001
) -> None:
    """Promise 1: a request's state that has nothing to reach but a sweep would be a SUCCESS for nothing."""
    hand_over(busy, create_event(ONE))
    (execution,) = busy.states.executions.values()
    _, sweep = marked
    busy.clock.sleep(1800)
    if request_s:
        state = {**execution.input, "Progress": sweep["Progress"]}
        assert busy.deliver(state) == {"Done": True}
        (answer,) = busy.bucket.answers
        assert answer["Status"] == "FAILED"
    else:
        nameless = {name: value for name, value in execution.input["Event"].items() if name != "ResponseURL"}
        with pytest.raises(Unanswerable):
            busy.deliver({**execution.input, "Event": nameless})
    assert busy.changes() == []


@pytest.mark.parametrize("deadline", [1e300, 10**30])
def test_a_state_with_a_deadline_that_never_comes_ends_when_cloudformation_gives_up(
    busy: Provider, deadline: float
) -> None:
    """Promise 2: the answer comes before CloudFormation stops waiting, which is an hour at the most."""
    begun = busy.clock.now()
    busy.kinesis.people.delete(STREAM_NAME)
    busy.kinesis.add_stream().reshard(10_000)
    hand_over(busy, create_event(ONE))
    (execution,) = busy.states.executions.values()
    execution.input["Deadline"] = deadline
    _, answer = finish(busy)
    assert answer["Status"] == "FAILED"
    assert "Time ran out" in answer["Reason"]
    assert busy.clock.now() - begun <= 3600


def test_an_answer_that_finds_nobody_is_brought_again_by_the_next_try(busy: Provider) -> None:
    """Promise 2: the step ends in an error that the definition retries, and the answer comes then."""
    hand_over(busy, create_event(ONE))
    busy.bucket.script(*[Silence.CLOSE] * 3, *[Reply(503)] * 3)
    busy.states.play(busy.deliver)
    (answer,) = busy.bucket.answers
    assert answer["Status"] == "SUCCESS"
    assert busy.changes() == ["AddTagsToStream", "StartStreamEncryption"]


def test_a_delete_that_overtakes_makes_the_execution_leave_the_stream_alone(busy: Provider) -> None:
    """Promise 6: CloudFormation cancels the waiting Create, and sends Delete under an id that it made up."""
    busy.kinesis.settings.tags_need_active = False
    hand_over(busy, create_event(ONE))
    hand_over(busy, delete_event(ONE, PhysicalResourceId=INVENTED_ID))
    assert busy.marks_of(), "the mark is there before the wait"
    create, delete = (dict(execution.input) for execution in busy.states.executions.values())
    calls = len(busy.kinesis.calls)
    create = busy.deliver(create)
    assert not [call for call in busy.kinesis.calls[calls:] if call.changed]
    while not (create["Done"] and delete["Done"]):
        busy.clock.sleep(min(state["Seconds"] for state in (create, delete) if not state["Done"]))
        create, delete = (state if state["Done"] else busy.deliver(state) for state in (create, delete))
    assert sorted(answer["Status"] for answer in busy.bucket.answers) == ["FAILED", "SUCCESS"]
    assert busy.key_of() is None
    assert "StartStreamEncryption" not in busy.changes()


@pytest.mark.parametrize(
    "refusal",
    [
        client_error("AccessDeniedException", "not authorized", "states:StartExecution"),
        client_error("StateMachineDoesNotExist", "does not exist", "states:StartExecution"),
        client_error("ThrottlingException", "Rate exceeded", "states:StartExecution"),
    ],
    ids=["denied", "no state machine", "throttled"],
)
def test_what_the_state_machine_refuses_is_waited_for_right_here(refusal: Exception) -> None:
    """Promise 2: a hand-over that fails costs Lambda time, and no answer."""
    provider = Provider(handover_seconds=60)
    provider.kinesis.people.reshard(STREAM_NAME, 300)
    provider.states.refuses = refusal
    assert provider.create(ONE)["Status"] == "SUCCESS"
    assert provider.key_of() == "alias/one"


def test_the_concurrency_of_a_hundred_waiting_requests_is_near_zero() -> None:
    """Waiting costs nothing: of 100 requests that wait for half an hour, hardly one is at work at any time."""
    handover, half_an_hour = 60.0, 1800.0
    provider = Provider(handover_seconds=handover)
    provider.kinesis.people.reshard(STREAM_NAME, half_an_hour)
    hand_over(provider, create_event(ONE))
    (execution,) = provider.states.executions.values()
    state, at_work, steps = execution.input, 0.0, 0
    call_seconds = 0.05  # an upper bound of one call, and of what a warm invocation takes itself
    while not state.get("Done"):
        provider.clock.sleep(state["Seconds"])
        begun, calls = provider.clock.now(), len(provider.kinesis.calls)
        state = provider.deliver(state)
        at_work += provider.clock.now() - begun + call_seconds * (len(provider.kinesis.calls) - calls + 1)
        steps += 1
    assert steps > 10
    assert 100 * at_work / half_an_hour < 1.5


def test_a_hand_over_that_is_refused_is_tried_again() -> None:
    """Promise 2: a Step Functions that is throttled for a moment does not tie the function to the wait."""
    provider = Provider(handover_seconds=60)
    provider.kinesis.people.reshard(STREAM_NAME, 1800)
    provider.states.refuses = client_error("ThrottlingException", "Rate exceeded", "states:StartExecution")
    begun = provider.clock.now()
    provider.clock.at(begun + 70, lambda: setattr(provider.states, "refuses", None))
    hand_over(provider, create_event(ONE))
    assert provider.clock.now() - begun <= 60 + 30 + 10
    assert finish(provider)[1]["Status"] == "SUCCESS"


def test_a_step_that_comes_after_the_deadline_touches_nothing(busy: Provider) -> None:
    """CloudFormation has given up and rolls back: a step that was late must not change the stream any more."""
    hand_over(busy, create_event({**ONE, "ServiceTimeout": "200"}))
    (execution,) = busy.states.executions.values()
    busy.clock.sleep(1800)
    calls = len(busy.kinesis.calls)
    assert busy.deliver(execution.input) == {"Done": True}
    assert len(busy.kinesis.calls) == calls
    (answer,) = busy.bucket.answers
    assert answer["Status"] == "FAILED"
    assert "UPDATING" in answer["Reason"]


def test_steps_are_counted_as_steps_and_not_as_requests(busy: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    """Dashboards: one request is one, however many steps it takes."""
    hand_over(busy, create_event(ONE))
    execution, _ = finish(busy)
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert sum(sum(one.get("Requests", [])) for one in metrics) == 1
    assert sum(sum(one.get("Steps", [])) for one in metrics) == len(execution.waits)
    assert sum(sum(one.get("HandOvers", [])) for one in metrics) == 1


@pytest.mark.parametrize("first", [0, 1], ids=["the update steps first", "the delete steps first"])
def test_a_delete_makes_a_waiting_update_leave_the_stream_alone(first: int) -> None:
    """Promise 6: both wait in the state machine for the same busy stream; in either order the Delete wins."""
    provider = Provider(handover_seconds=60)
    provider.create(ONE)
    provider.kinesis.people.reshard(STREAM_NAME, 600)
    hand_over(provider, update_event(TWO, ONE))
    hand_over(provider, delete_event(ONE))
    states = [dict(execution.input) for execution in provider.states.executions.values()]
    order = [states[first], states[1 - first]]
    while not all(state.get("Done") for state in order):
        provider.clock.sleep(max(state.get("Seconds", 0) for state in order))
        order = [state if state.get("Done") else provider.deliver(state) for state in order]
    update, delete = sorted(provider.bucket.answers[1:], key=lambda answer: str(answer["Status"]))
    assert (update["Status"], delete["Status"]) == ("FAILED", "SUCCESS")
    provider.clock.sleep(60)
    assert (provider.key_of(), provider.tags_of()) == (None, {})


# The mark that a Delete leaves, when its hour is over

HOUR = 3600


def _created_and_deleted() -> Provider:
    """A provider with a state machine, whose stream was encrypted for a minute."""
    provider = Provider(stream=False, handover_seconds=60)
    provider.kinesis.add_stream(STREAM_NAME, tags={"team": "orders"})
    assert provider.create(ONE)["Status"] == "SUCCESS"
    provider.clock.sleep(60)
    assert provider.delete(ONE)["Status"] == "SUCCESS"
    assert len(provider.marks_of()) == 1
    return provider


def _all_tags(provider: Provider) -> Mapping[str, str]:
    return provider.kinesis.streams[STREAM_NAME].tags


def test_an_hour_after_a_delete_the_tags_are_what_they_were_before_the_create() -> None:
    """Promise 3: nothing of ours stays; an execution of its own removes the mark, and nothing but the mark."""
    provider = _created_and_deleted()
    calls, answers = len(provider.kinesis.calls), len(provider.bucket.answers)
    (sweep,) = provider.states.sweep(provider.deliver)
    assert _all_tags(provider) == {"team": "orders"}
    assert [call.name for call in provider.kinesis.calls[calls:] if call.changed] == ["RemoveTagsFromStream"]
    assert (sweep.done, sweep.failure) == (True, None)
    assert len(provider.bucket.answers) == answers, "nobody waits for an answer"
    assert not provider.states.executions, "nothing was handed over"


def test_a_mark_is_not_removed_before_the_delete_s_hour_is_over() -> None:
    """Promise 6: for so long what it calls off may be delivered again; and soon after that it is gone."""
    provider = Provider(handover_seconds=60)
    provider.create(ONE)
    issued = provider.clock.now()
    provider.delete(ONE)
    (sweep,) = provider.states.sweeps.values()
    assert HOUR <= provider.clock.now() + sweep.input["Seconds"] - issued <= HOUR + 2 * 60
    provider.states.sweep(provider.deliver)
    (removed,) = provider.kinesis.calls.named("RemoveTagsFromStream")[-1:]
    assert HOUR <= removed.at - issued <= HOUR + 2 * 60


def test_what_sweeps_up_holds_no_secret() -> None:
    """Promise 8: nobody is to be answered, so the ResponseURL is not handed on."""
    provider = _created_and_deleted()
    (sweep,) = provider.states.sweeps.values()
    assert "ResponseURL" not in json.dumps(sweep.input)
    assert set(sweep.input) == {"Version", "Event", "Stream", "Deadline", "Progress", "Seconds", "Done"}
    assert (sweep.input["Event"]["RequestType"], sweep.input["Stream"]) == ("Delete", STREAM_NAME)
    assert len(json.dumps(sweep.input)) < 4096


def test_a_delete_that_comes_again_plans_no_second_sweep() -> None:
    """Promise 6: it is named by the request: its stack, its stream and its time; another Delete's is another one."""
    provider = Provider(handover_seconds=60)
    provider.create(ONE)
    issued = {**delete_event(ONE), "ResponseURL": provider.fresh_url()}
    for _ in range(2):
        provider.deliver(issued)
        provider.clock.sleep(60)
    assert len(provider.states.sweeps) == 1
    provider.create(ONE)
    provider.delete(ONE)
    assert len(provider.states.sweeps) == 2


def test_a_deletion_that_was_handed_over_is_swept_up_as_well(busy: Provider) -> None:
    """Promise 3: the step that answers plans the sweep."""
    busy.clock.sleep(1800)
    busy.create(ONE)
    busy.kinesis.people.reshard(STREAM_NAME, 600)
    hand_over(busy, delete_event(ONE))
    assert not busy.states.sweeps
    finish(busy)
    busy.states.sweep(busy.deliver)
    assert _all_tags(busy) == {}


def test_a_rollback_sweeps_up_on_the_stream_that_was_tried() -> None:
    """Row "an attempted replacement failed": its mark is on another stream than the one that the Update is about."""
    provider = Provider(handover_seconds=60)
    provider.kinesis.add_stream("other")
    other = {"StreamName": "other", "KeyId": "alias/one"}
    provider.create(ONE)
    assert provider.update(ONE, other)["Status"] == "SUCCESS"
    assert provider.marks_of("other")
    provider.states.sweep(provider.deliver)
    assert provider.kinesis.streams["other"].tags == {}
    assert provider.key_of() == "alias/one"


def test_a_resource_that_is_created_anew_is_not_disturbed_by_the_sweep() -> None:
    """Promise 3: its Create removed the mark already; its record stays."""
    provider = _created_and_deleted()
    assert provider.create(ONE)["Status"] == "SUCCESS"
    tags = dict(_all_tags(provider))
    assert not provider.marks_of()
    changes = provider.changes()
    provider.states.sweep(provider.deliver)
    assert (_all_tags(provider), provider.key_of(), provider.changes()) == (tags, "alias/one", changes)


def test_a_sweep_leaves_the_mark_of_a_later_delete() -> None:
    """Promise 6: that one's hour is not over yet; it has a sweep of its own."""
    provider = _created_and_deleted()
    begun = [provider.clock.now()]
    provider.clock.sleep(1800)
    provider.create(ONE)
    provider.delete(ONE)
    begun.append(provider.clock.now())
    marks = provider.marks_of()
    for sweep, since, left in zip(provider.states.sweeps.values(), begun, (marks, {}), strict=True):
        provider.clock.sleep_until(since + sweep.input["Seconds"])
        assert provider.deliver(sweep.input) == {"Done": True}
        assert provider.marks_of() == left


def _delete(provider: Provider) -> None:
    provider.kinesis.people.delete(STREAM_NAME)


def _delete_slowly(provider: Provider) -> None:
    provider.kinesis.people.delete(STREAM_NAME, 600)


def _retag(provider: Provider) -> None:
    provider.kinesis.people.untag(STREAM_NAME)


@pytest.mark.parametrize("happen", [_delete, _delete_slowly, _retag])
def test_a_sweep_that_finds_nothing_to_sweep_ends(happen: Callable[[Provider], None]) -> None:
    """Promise 7: whatever is gone is in nobody's way."""
    provider = _created_and_deleted()
    happen(provider)
    changes = provider.changes()
    (sweep,) = provider.states.sweep(provider.deliver)
    assert (sweep.done, sweep.failure, provider.changes()) == (True, None, changes)


@pytest.mark.parametrize(("busy_for", "swept"), [(120, True), (3600, False)], ids=["two minutes", "an hour"])
def test_a_sweep_waits_a_little_for_a_busy_stream(
    busy_for: float, capsys: pytest.CaptureFixture[str], *, swept: bool
) -> None:
    """Promise 3: the execution ends in time; what it had to leave goes with the next request on the stream."""
    provider = _created_and_deleted()
    (sweep,) = provider.states.sweeps.values()
    provider.clock.after(sweep.input["Seconds"] - 1, lambda: provider.kinesis.people.reshard(STREAM_NAME, busy_for))
    begun, answers = provider.clock.now(), len(provider.bucket.answers)
    capsys.readouterr()
    provider.states.sweep(provider.deliver)
    assert provider.clock.now() - begun < 3900 - 60, "the state machine's own time-out is not needed"
    assert bool(provider.marks_of()) is not swept
    assert ("DeadlinePassed" in capsys.readouterr().out) is not swept
    assert len(provider.bucket.answers) == answers
    provider.clock.sleep(3 * HOUR)
    provider.create(ONE, LogicalResourceId="Another")
    assert not provider.marks_of()


def test_a_sweep_that_always_dies_is_no_request_that_is_owed_an_answer() -> None:
    """Promise 2: exactly one answer a request; the last word finds nobody to answer."""
    provider = _created_and_deleted()
    answers = len(provider.bucket.answers)

    def mortal(_: Mapping[str, Any]) -> Any:
        raise MemoryError("signal: killed")

    (sweep,) = provider.states.sweep(mortal)
    assert sweep.failure
    assert len(provider.bucket.answers) == answers


def test_a_sweep_that_the_state_machine_refuses_fails_no_delete(capsys: pytest.CaptureFixture[str]) -> None:
    """Promise 7: the mark stays until the next request on the stream; the log and a metric say so."""
    provider = Provider(handover_seconds=60)
    provider.create(ONE)
    provider.states.refuses = client_error("AccessDeniedException", "not authorized", "states:StartExecution")
    assert provider.delete(ONE)["Status"] == "SUCCESS"
    out = capsys.readouterr().out
    assert "mark will be removed by a later request on the stream" in out
    assert "SweepsRefused" in out
    assert provider.marks_of()


def test_without_a_state_machine_the_next_request_on_the_stream_sweeps() -> None:
    """Promise 3: whosever request it is, once two hours are over; not sooner."""
    provider = Provider()
    provider.create(ONE)
    provider.delete(ONE)
    assert not provider.states.sweeps
    (mark,) = provider.marks_of()
    provider.clock.sleep(HOUR)
    provider.create(ONE, LogicalResourceId="Another")
    assert mark in provider.marks_of()
    provider.delete(ONE, LogicalResourceId="Another")
    provider.clock.sleep(1.1 * HOUR)
    provider.create(ONE, LogicalResourceId="Third")
    assert mark not in provider.marks_of()


def test_two_resources_that_give_a_stream_up_in_one_second_are_both_swept_up_after() -> None:
    """Promise 3: a renamed resource and its successor leave a mark each, and each mark goes."""
    provider = Provider(handover_seconds=60)
    provider.create(ONE)
    provider.clock.sleep(60)
    provider.create(ONE, LogicalResourceId="Renamed")
    urls = [provider.fresh_url(), provider.fresh_url()]  # both issued now
    for logical_id, url in zip((LOGICAL_ID, "Renamed"), urls, strict=True):
        provider.deliver({**delete_event(ONE, LogicalResourceId=logical_id), "ResponseURL": url})
    assert len(provider.marks_of()) == len(provider.states.sweeps) == 2
