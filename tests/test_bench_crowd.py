"""The crowds of the benchmark of scale: small ones show that the figures of large ones mean what they say."""

import logging
from collections.abc import Iterator

import pytest

from benchmarks.crowd import SETTLE_SECONDS, Crowd
from benchmarks.limits import LIMITS, Limit, bound
from benchmarks.rhythms import Peers, boto3_waiter, cdk, crhelper, terraform


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Nobody reads the logs."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def test_a_crowd_lives_under_the_limits_and_every_promise_holds() -> None:
    """Issue 12, scale: no request fails because calls are throttled: Creates, key changes and Deletes."""
    limits = {**LIMITS, "DescribeStreamSummary": Limit(2, 2), "DescribeStream": Limit(1, 1)}
    crowd = Crowd(8, seed=1, limits=limits)
    for run in (crowd.create(), crowd.change_key(), crowd.delete()):
        assert (run.failures, len(run.answers), run.broken) == (0, 8, ())
        assert run.throttled > 0
        assert run.seconds > max(one.update for one in run.answers)
    assert {stream.encryption.kind for name, stream in crowd.kinesis.streams.items() if name in crowd.streams} == {
        "NONE"
    }


def test_the_lag_counts_neither_the_update_nor_the_settling() -> None:
    """The lag is the time from the stream's ACTIVE to the response, without the settling time."""
    (answer,) = Crowd(1, seed=1).create().answers
    assert 0 < answer.lag < 1.6
    assert answer.update + SETTLE_SECONDS + answer.lag < answer.seconds < answer.update + SETTLE_SECONDS + 3


def test_a_hundred_creates_use_both_budgets_of_looks_and_stay_near_the_bound() -> None:
    """Issue 12, scale: 100 Creates at once take at most 1.4 times the bound."""
    run = Crowd(100, seed=4).create()
    assert run.failures == 0
    assert run.seconds <= 1.4 * bound(2, [one.update for one in run.answers], SETTLE_SECONDS)
    assert all(run.asked[look] > run.refused[look] > 0 for look in ("DescribeStreamSummary", "DescribeStream"))


@pytest.mark.parametrize(
    ("request_of", "seconds", "looks"), [(cdk, 10, 3), (crhelper, 60, 1), (terraform, 10, 2), (boto3_waiter, 10, 0)]
)
def test_a_peer_alone_keeps_its_own_rhythm(request_of: object, seconds: float, looks: int) -> None:
    """The models' rhythms: 5 s, a minute, 10 s and then 3 s, and 10 s."""
    run = Peers(1, seed=1, lengths=[6.0]).run(request_of)  # type: ignore[arg-type]
    assert seconds <= run.seconds < seconds + 7
    assert run.asked.get("DescribeStreamSummary", 0) == looks
    assert not run.failures


def test_a_policy_of_twenty_kilobytes_has_no_room_for_a_hundred_of_crhelpers_permissions() -> None:
    """What fails in a model at scale fails by a published quota."""
    run = Peers(100, seed=1).run(crhelper)
    assert 0 < run.failures < 100
    assert {one.failure for one in run.answers if one.failure} == {
        "AddPermission: PolicyLengthExceededException, 20 KB"
    }
