"""The rhythm of looking: quickly at first, then less often, and less often still when throttled."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_encryption.reconcile.actions import Action, Call, Code, Reached, SkipRestore, Verify, Wait, WriteRecord
from stream_encryption.reconcile.pacing import LONGEST_SECONDS, LONGEST_WORKFLOW_SECONDS, Pacing
from stream_encryption.record.values import Change
from tests.values import NOW, STREAM, call, record, start_intent, state

POLL = Wait(Code.WAITING_FOR_ACTIVE, "poll")
MADE = Call(Code.START_REQUESTED, "r", STREAM, Change.START, "k")


class Middle(Random):
    """Spreads nothing."""

    def uniform(self, a: float, b: float) -> float:
        """The middle."""
        return (a + b) / 2


class Most(Random):
    """Spreads by the most."""

    def uniform(self, a: float, b: float) -> float:
        """The greater one."""
        return max(a, b)


class Least(Random):
    """Spreads by the least."""

    def uniform(self, a: float, b: float) -> float:
        """The lesser one."""
        return min(a, b)


def pause_after(waited: float = 0, action: Action = POLL, spread: type[Random] = Middle, **more: Any) -> float:
    """The pause of a request that has waited for so many seconds."""
    begun, longest = more.pop("begun", False), more.pop("longest", LONGEST_SECONDS)
    made = call(start_intent(), called_at=NOW - waited) if begun else None
    known = state(since=NOW - (9999 if begun else waited), call=made, **more)
    return Pacing(spread(), longest).pause(action, known, NOW)


@pytest.mark.parametrize("action", [POLL, MADE], ids=["Wait", "Call"])
def test_the_first_look_comes_soon(action: Action) -> None:
    """Lag: a change that is over before it is seen can't be believed for seconds."""
    assert pause_after(action=action) == 0.35


def test_of_a_change_of_a_second_and_a_half_three_looks_see_the_end() -> None:
    """Calls: a Create whose stream is UPDATING for 1.5 s makes ten calls, however its looks are spread."""
    for spread in (Least, Middle, Most):
        waited, looks = 0.0, 0
        while waited < 1.5:
            waited, looks = waited + pause_after(waited, begun=True, spread=spread), looks + 1
        assert looks == 3


@pytest.mark.parametrize(
    "action",
    [
        WriteRecord(Code.INTENT_RECORDED, "r", record()),
        Verify(Code.VERIFY_REQUESTED, "r", STREAM),
        SkipRestore(Code.RESTORE_SKIPPED, "r"),
        Reached(Code.ENCRYPTED, "r"),
    ],
    ids=lambda action: type(action).__name__,
)
def test_nothing_is_waited_for_after_an_action_that_takes_effect_at_once(action: Action) -> None:
    """Scale: the next iteration follows at once, also where it is throttled."""
    assert pause_after(20, action, throttle_level=3) == 0


def test_an_end_that_is_known_is_waited_for_exactly() -> None:
    """Promise 1: SettleSeconds are no poll: no spread, no growth, no throttle."""
    assert pause_after(20, Wait(Code.SETTLING, "r", 4.5), Most, throttle_level=9) == 4.5
    assert pause_after(20, Wait(Code.LOOKING_AGAIN, "r", 0.0), Most, throttle_level=9) == 0


@pytest.mark.parametrize(
    ("waited", "seconds"),
    [
        (0.35, 0.3),
        (0.65, 1.0),
        (1.6, 0.4),
        (2, 0.45),
        (4, 0.75),
        (7, 1.2),
        (50, 1.2),
        (60, 1.2),
        (70, 2.25),
        (80, 3.75),
        (100, 5),
        (3600, 5),
    ],
)
def test_pauses_grow_with_the_time_waited(waited: float, seconds: float) -> None:
    """Scale and lag: a part of the time waited; brisk for as long as most changes take; five seconds at the most."""
    assert pause_after(waited) == pytest.approx(seconds)


def test_in_the_workflow_a_pause_may_be_a_minute() -> None:
    """Cost: each look there costs a few transitions."""
    assert pause_after(3600, longest=LONGEST_WORKFLOW_SECONDS) == 60


@given(st.floats(0, 3600))
def test_the_end_of_a_change_is_noticed_soon(length: float) -> None:
    """Lag: half of a pause, here and in the workflow; half a second more before the third look."""
    assert pause_after(length, longest=LONGEST_WORKFLOW_SECONDS) / 2 <= 0.1 * length + (0.5 if length < 1.65 else 0.15)


def test_the_rhythm_begins_anew_with_each_change() -> None:
    """Lag: a stream that resharded for an hour is looked at quickly again after its Start."""
    assert pause_after(2, begun=True) == pytest.approx(0.45)
    announced = state(since=NOW - 3600, call=call(start_intent()))
    assert Pacing(Middle()).pause(POLL, announced, NOW) == 5


def test_a_clock_that_was_put_back_has_waited_for_nothing() -> None:
    """Workflow: what another machine remembers may come from a clock that is ahead."""
    assert pause_after(-500) == pause_after()


def test_a_throttled_request_that_has_not_begun_asks_again_within_a_second() -> None:
    """Scale: it has the longest way to go, so the account's looks are never idle."""
    assert [pause_after(throttle_level=count, spread=Most) for count in (1, 5, 10_000)] == [1, 1, 1]
    assert pause_after(throttle_level=1, spread=Least) == 0.5


def test_a_throttled_request_that_has_made_its_change_comes_back_within_five_seconds() -> None:
    """Scale: the stream is UPDATING, so there is time."""
    assert [pause_after(throttle_level=count, begun=True, spread=Most) for count in (1, 5)] == [5, 5]
    assert pause_after(throttle_level=1, begun=True, spread=Least) == 2.5


def test_right_after_its_change_a_throttled_request_leaves_the_looks_to_others() -> None:
    """Scale: most changes are over when it comes back."""
    assert pause_after(action=MADE, throttle_level=1, begun=True, spread=Most) == 9
    assert pause_after(action=MADE, throttle_level=1, begun=True, spread=Least) == 6.75
    assert pause_after(action=MADE, begun=True) == 0.35


def test_a_throttled_request_never_looks_more_often_for_it() -> None:
    """Errors: the usual pause is the least."""
    for waited in (0, 20, 100, 3600):
        assert pause_after(waited, throttle_level=1, spread=Least) >= pause_after(waited, spread=Least) * 0.9
    assert pause_after(100, throttle_level=1, begun=True, spread=Least) == pause_after(100, begun=True, spread=Least)
    assert pause_after(3600, throttle_level=9, longest=60.0) == 60


def test_looks_are_spread() -> None:
    """Scale: by an eighth up and down."""
    assert (pause_after(9, spread=Least), pause_after(9, spread=Most)) == pytest.approx((1.2 * 0.875, 1.2 * 1.125))


def test_many_requests_do_not_look_in_step() -> None:
    """Scale: DescribeStreamSummary has 20 a second for the whole account."""
    pauses = {Pacing(Random(seed)).pause(POLL, state(), NOW) for seed in range(50)}  # noqa: S311
    assert len(pauses) == 50
