"""The benchmark of the lag: lengths, models, and which requests count are as its page says."""

from itertools import islice

import pytest

from benchmarks import lag_page
from benchmarks.outcomes import STEPS, Outcome, Section, call_limit, drawn
from benchmarks.peers import OURS, crhelper, terraform
from benchmarks.wire import LATE_SECONDS, Call, first_start, lateness


def call(seconds: float, action: str = "StartStreamEncryption", status: int = 200) -> Call:
    """A call that took so long."""
    return Call(100.0, 100.0 + seconds, "kinesis", action, "0.orders", "", status)


@pytest.mark.parametrize("nominal", STEPS)
def test_lengths_are_drawn_near_the_nominal_one_and_each_only_once(nominal: float) -> None:
    """A length is spread a little around its nominal one, and no two are the same."""
    lengths = drawn(nominal)
    assert len(set(lengths)) == len(lengths)
    assert sum(lengths) / len(lengths) == pytest.approx(nominal)
    assert all(0.75 * nominal <= length <= 1.25 * nominal for length in lengths)


@pytest.mark.parametrize("rhythm", [3, 5])
@pytest.mark.parametrize("nominal", [15, 60])
def test_the_peers_rhythms_have_no_luck_with_the_lengths_drawn(nominal: float, rhythm: float) -> None:
    """A fair chance, and no more: a look every few seconds is late by half of that on average."""
    late = [-length % rhythm for length in drawn(nominal)]
    assert sum(late) / len(late) == pytest.approx(rhythm / 2, rel=0.15)


def test_crhelper_responds_when_the_schedule_comes_round_after_the_update() -> None:
    """Its real code, in virtual time: it looks once a minute until it has responded."""
    assert crhelper.lags(0.5, [0.25, 10.0, 59.5]) == [59.75, 9.5, 59.0]
    assert crhelper.lags(60.0, [10.0, 60.0]) == [10.0, 0.0]


def test_terraform_looks_as_its_code_does_and_in_the_other_rhythm_as_its_constants_read() -> None:
    """The model's source: twice the pause before, at least 3 s and at most 10 s, after a delay of 10 s."""
    assert list(islice(terraform.as_coded(), 5)) == [10, 3, 6, 10, 10]
    assert list(islice(terraform.as_published(), 3)) == [10, 3, 3]


def test_the_share_is_of_the_update_s_own_length_beyond_the_allowed_seconds() -> None:
    """The goal: at most 10 % of the update's own length plus 0.15 s."""
    assert Outcome("x", 5.0, 4.0, lag=0.55).share == pytest.approx(0.10)


def test_the_lag_begins_when_a_start_was_accepted() -> None:
    """A Start that Kinesis refused began no update."""
    assert first_start([call(0.1, status=400), call(0.3)], "0.orders") == pytest.approx(100.3)
    assert first_start([call(0.1, "DescribeStreamSummary")], "0.orders") is None


def test_a_request_that_this_machine_delayed_is_too_late_rather_than_failed() -> None:
    """Issue 13, part 6: a slow machine is reported as such, and not as a failure of the product."""
    assert lateness([call(0.1), call(LATE_SECONDS)]) == ""
    assert "took 31.00 s" in lateness([call(0.1), call(31.0)])
    late = Outcome(OURS, 5.0, 5.0, fault="no Start was recorded", late="GetItem took 31.0 s")
    good = [Outcome(OURS, 5.0, 5.0, lag=0.4)] * 2
    peer = Outcome("a peer", 5.0, 5.0, lag=2.0)
    report = lag_page.report([*good, late, peer], [5.0], [])
    answered, *lags = report.goals
    assert answered.reached
    assert [goal.reached for goal in lags] == [None] * 3
    assert "| this provider | 5 s | too late: GetItem took 31.0 s |" in report.page()


def test_streams_that_are_active_late_leave_the_goals_unmeasured() -> None:
    """Issue 13, part 6: where the engines are late, the lag would be theirs."""
    ours, peer = Outcome(OURS, 0.5, 0.5, lag=1.6), Outcome("a peer", 0.5, 0.5, lag=2.0)
    for drift, reached in ((0.7, None), (0.02, False)):
        section = Section(0.5, 6.0, 5.5, [ours, peer], [drift])
        assert lag_page.report([ours, peer], [0.5], [section]).goals[1].reached is reached


def test_a_call_may_take_a_part_of_the_update_s_length() -> None:
    """Half a second more or less is much for an update of half a second, and little for a minute."""
    assert [call_limit(length) for length in (0.5, 5.0, 60.0)] == [0.25, 0.5, LATE_SECONDS]


def test_a_request_that_failed_on_a_machine_that_was_fast_enough_is_a_failure() -> None:
    """The other way round: a fault without a slow call is the product's."""
    failed = Outcome(OURS, 5.0, 5.0, fault="[InternalError] The provider failed unexpectedly")
    answered, *_ = lag_page.report([failed, Outcome("a peer", 5.0, 5.0, lag=2.0)], [5.0], []).goals
    assert answered.reached is False
