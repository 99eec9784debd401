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
    """A change that takes seconds costs nothing of Step Functions."""
    one = course(3.0)
    assert (len(one.invocations), one.transitions, one.kms_requests) == (1, 0, 1)
    assert one.dollars_at_work == pytest.approx(asleep(one.seconds))
    assert one.dollars > one.dollars_at_work


def test_a_create_reads_its_record_once_and_writes_it_twice() -> None:
    """Issue 12: the table's request units are priced; the items are small enough for one or two units a write."""
    one = course(3.0)
    assert one.table_reads == 1
    assert 2 <= one.table_writes <= 4


def test_the_table_is_charged_by_request_units() -> None:
    """On-demand prices: a read unit for up to 4 KB, a write unit for up to 1 KB."""
    with_table = Course((Invocation(0, 1),), table_reads=2, table_writes=3)
    without = Course((Invocation(0, 1),))
    assert with_table.dollars - without.dollars == pytest.approx(2 * prices.TABLE_READ + 3 * prices.TABLE_WRITE)


def test_a_transition_is_counted_as_aws_does() -> None:
    """Start, end, three for each step, and the last state."""
    times = tuple(Invocation(at, at + 1.0) for at in (0.0, 10.0, 20.0))
    handed_over = Course(times)
    assert handed_over.transitions == 2 + 2 * 3 + 1
    work = 9 * prices.TRANSITION + 3.0 * GB * prices.GB_SECOND_ARM + 3 * prices.INVOCATION
    assert handed_over.dollars_at_work == pytest.approx(work)


def test_concurrency_is_what_overlaps_once_all_are_handed_over() -> None:
    """Of the nine seconds after both were handed over: one, two, one and two functions for a second each."""
    one = Course((Invocation(0, 1), Invocation(4, 6), Invocation(9, 10)))
    other = Course((Invocation(0, 1), Invocation(5, 7), Invocation(9, 10)))
    average, most = concurrency([one, other])
    assert average == pytest.approx((1 + 2 + 1 + 2) / 9)
    assert most == 2
