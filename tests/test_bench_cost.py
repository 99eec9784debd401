"""What a Create is charged for in the benchmark of cost."""

import logging
from collections.abc import Iterator

import pytest

from benchmarks import prices
from benchmarks.waiting import GB, Course, Invocation, asleep, concurrency, course


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Nobody reads the logs."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def test_a_short_create_is_one_invocation_and_costs_its_time_alone() -> None:
    """Issue, cost: nothing of Step Functions for what takes seconds."""
    one = course(3.0)
    assert (len(one.invocations), one.transitions, one.kms_requests) == (1, 0, 1)
    assert one.dollars_at_work == pytest.approx(asleep(one.seconds))
    assert one.dollars > one.dollars_at_work


def test_a_transition_is_counted_as_aws_does() -> None:
    """Start, end, three for each step, and the last state."""
    times = tuple(Invocation(at, at + 1.0) for at in (0.0, 10.0, 20.0))
    handed_over = Course(times, log_bytes=0, kms_requests=0)
    assert handed_over.transitions == 2 + 2 * 3 + 1
    work = 9 * prices.TRANSITION + 3.0 * GB * prices.GB_SECOND_ARM + 3 * prices.INVOCATION
    assert handed_over.dollars_at_work == pytest.approx(work)


def test_concurrency_is_what_overlaps_once_all_are_handed_over() -> None:
    """Of the nine seconds after both were handed over: one, two, one and two functions for a second each."""
    one = Course((Invocation(0, 1), Invocation(4, 6), Invocation(9, 10)), 0, 0)
    other = Course((Invocation(0, 1), Invocation(5, 7), Invocation(9, 10)), 0, 0)
    average, most = concurrency([one, other])
    assert average == pytest.approx((1 + 2 + 1 + 2) / 9)
    assert most == 2
