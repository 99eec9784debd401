"""Each finding is told once, also where its note can't be written, or EventBridge does not take it (promise 10)."""

from typing import Any

import pytest

from tests.builders import STACK_ID, STREAM_NAME
from tests.fake_errors import Kind
from tests.watch.test_tell import FOUND, OVER, lines, metrics
from tests.watch.watched import REPORTED, Watched


@pytest.mark.parametrize("how", ["call", "entries"])
def test_a_finding_that_the_bus_does_not_take_is_told_by_the_next_round(watched: Watched, how: str) -> None:
    """Promise 10: a finding is not lost, and is still told once."""
    watched.stopped()
    if how == "call":
        watched.bus.wire.faults.fail_next("events:PutEvents", Kind.THROTTLING)
    else:
        watched.bus.refuses_entries = {0}
    assert watched.round() == []
    assert watched.round() == [(FOUND, "Unencrypted")]
    assert watched.round() == []


@pytest.mark.parametrize("why", ["throttled", "written", "unheard"])
def test_a_finding_that_the_bus_does_not_take_is_told_later_whatever_hinders_the_taking_back(
    watched: Watched, why: str
) -> None:
    """Promise 10: the table is throttled, another stack's request writes the record, or the response is lost."""
    watched.stopped()
    faults, other = watched.table.faults, {"StackId": STACK_ID.replace("platform", "another")}

    def hinder(_: object) -> None:
        if why == "throttled":
            faults.fail_next("dynamodb:UpdateItem", Kind.PROVISIONED_THROUGHPUT, times=2)
        elif why == "written":
            departs = {**other, "PhysicalResourceId": "failed-create:another/Theirs/0123456789abcdef"}
            faults.before_call(lambda _: watched.delete(REPORTED, **departs), "dynamodb:UpdateItem")
        else:
            faults.lose_answer("dynamodb:UpdateItem")

    faults.before_call(hinder, "events:PutEvents")
    faults.fail_next("events:PutEvents", Kind.THROTTLING)
    assert watched.round() == []
    assert watched.round() == [(FOUND, "Unencrypted")]
    assert watched.round() == []


def test_a_finding_that_can_not_be_told_any_more_is_logged_as_that(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """Operators' view: the record has it as told, and no event was sent."""
    watched.stopped()
    faults = watched.table.faults
    faults.before_call(
        lambda _: faults.fail_next("dynamodb:UpdateItem", Kind.PROVISIONED_THROUGHPUT, times=9), "events:PutEvents"
    )
    faults.fail_next("events:PutEvents", Kind.THROTTLING)
    assert watched.round() == []
    printed = lines(capsys)
    errors = [line["message"] for line in printed if line.get("level") == "ERROR"]
    assert errors == ["drift not told", "drift never told"]
    assert metrics(printed, "WatchErrors") == [[1.0]] * 2


def test_a_finding_is_logged_as_lost_at_once_if_the_watch_may_not_take_it_back(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """Operators' view: waiting changes no permission."""
    watched.stopped()
    faults = watched.table.faults
    faults.before_call(lambda _: faults.fail_next("dynamodb:GetItem", Kind.ACCESS_DENIED), "events:PutEvents")
    faults.fail_next("events:PutEvents", Kind.THROTTLING)
    assert watched.round() == []
    assert metrics(lines(capsys), "WatchErrors") == [[1.0]] * 2


@pytest.mark.parametrize("refused", [0, 1], ids=["the end", "the beginning"])
def test_only_the_events_that_the_bus_did_not_take_are_told_again(watched: Watched, refused: int) -> None:
    """Promise 10: one PutEvents can take one event and refuse another."""
    watched.stopped()
    watched.round()
    watched.kinesis.people.rekey(STREAM_NAME, watched.two.arn)
    watched.clock.sleep(10)
    news = [(OVER, "Unencrypted"), (FOUND, "AnotherKey")]
    watched.bus.refuses_entries = {refused}
    assert watched.round() == [news[1 - refused]]
    assert watched.round() == [news[refused]]
    assert watched.round() == []


def test_a_note_whose_response_was_lost_is_told_once(watched: Watched) -> None:
    """Promise 10: the write took effect, as the record shows."""
    watched.stopped()
    watched.table.faults.lose_answer("dynamodb:UpdateItem")
    assert watched.round() == [(FOUND, "Unencrypted")]
    assert watched.round() == []


@pytest.mark.parametrize("state", [FOUND, OVER])
def test_what_two_invocations_see_at_once_is_told_by_one_of_them(watched: Watched, state: str) -> None:
    """Promise 10: both make the same note, and the one whose note was refused has told nothing."""
    watched.stopped()
    if state == OVER:
        watched.round()
        watched.kinesis.people.rekey(STREAM_NAME, watched.one.arn)
        watched.clock.sleep(10)
    other: list[Any] = []
    watched.table.faults.before_call(lambda _: other.extend(watched.round()), "dynamodb:UpdateItem")
    told = watched.round()
    assert told == other == [(state, "Unencrypted")]


def test_a_note_that_was_written_unheard_twice_is_told_once(watched: Watched) -> None:
    """Promise 10: the first write had no effect, the second one had, and neither was answered."""
    watched.stopped()
    watched.table.faults.fail_next("dynamodb:UpdateItem", Kind.READ_TIMEOUT)
    watched.table.faults.before_call(
        lambda _: watched.table.faults.lose_answer("dynamodb:UpdateItem"), "dynamodb:GetItem"
    )
    assert watched.round() == [(FOUND, "Unencrypted")]
    assert watched.round() == []


def test_a_note_that_was_not_written_is_written_once_more_if_nobody_knew(watched: Watched) -> None:
    """Promise 10: a lost call is no reason to wait for the next round."""
    watched.stopped()
    watched.table.faults.fail_next("dynamodb:UpdateItem", Kind.READ_TIMEOUT)
    assert watched.round() == [(FOUND, "Unencrypted")]
    assert watched.round() == []


def test_a_note_that_may_have_been_written_before_a_request_wrote_is_left_to_the_next_round(watched: Watched) -> None:
    """Promise 10: the look may be older than the request."""
    watched.stopped()
    watched.table.faults.fail_next("dynamodb:UpdateItem", Kind.READ_TIMEOUT)
    watched.table.faults.before_call(lambda _: watched.update(REPORTED, REPORTED), "dynamodb:GetItem")
    assert watched.round() == []
    assert watched.bus.events == []
