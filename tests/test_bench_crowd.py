"""The crowds of the benchmark of scale: small ones, that what is measured on the big ones is what it says."""

import logging
from collections.abc import Iterator

import pytest

from benchmarks.crowd import SETTLE_SECONDS, Crowd
from benchmarks.limits import LIMITS, Limit, least_seconds
from benchmarks.rhythms import Peers, boto3_waiter, cdk, crhelper, terraform


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Nobody reads the logs."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def test_a_crowd_lives_under_the_limits_and_every_promise_holds() -> None:
    """Issue, scale: never a failure for throttling alone; key changes and Deletes as well as Creates."""
    limits = {**LIMITS, "DescribeStreamSummary": Limit(4, 4), "AddTagsToStream": Limit(1, 1)}
    crowd = Crowd(8, seed=1, limits=limits)
    for run in (crowd.create(), crowd.change_key(), crowd.delete()):
        assert (run.failures, len(run.answers), run.broken) == (0, 8, ())
        assert run.throttled > 0
        least = least_seconds({"AddTagsToStream": 1}, [one.update for one in run.answers], 0.0, limits)
        assert run.seconds > least >= 7
    assert {stream.encryption.kind for name, stream in crowd.kinesis.streams.items() if name in crowd.streams} == {
        "NONE"
    }


def test_the_lag_counts_neither_the_update_nor_the_settling() -> None:
    """Issue, lag: from the stream's ACTIVE to the answer, the mandated settling time not counted."""
    (answer,) = Crowd(1, seed=1).create().answers
    assert 0 < answer.lag < 1
    assert answer.update + SETTLE_SECONDS + answer.lag < answer.seconds < answer.update + SETTLE_SECONDS + 2


@pytest.mark.parametrize(
    ("request_of", "seconds", "looks"), [(cdk, 10, 3), (crhelper, 60, 1), (terraform, 10, 2), (boto3_waiter, 10, 0)]
)
def test_a_peer_alone_keeps_its_own_rhythm(request_of: object, seconds: float, looks: int) -> None:
    """The models: steps of 5 s, a minute, 10 s and then 3 s, and 10 s."""
    run = Peers(1, seed=1, lengths=[6.0]).run(request_of)  # type: ignore[arg-type]
    assert seconds <= run.seconds < seconds + 7
    assert run.asked.get("DescribeStreamSummary", 0) == looks
    assert not run.failures


def test_a_policy_of_twenty_kilobytes_has_no_room_for_a_hundred_of_crhelpers_permissions() -> None:
    """The models: what fails at scale fails by a published quota."""
    run = Peers(100, seed=1).run(crhelper)
    assert 0 < run.failures < 100
    assert {one.failure for one in run.answers if one.failure} == {
        "AddPermission: PolicyLengthExceededException, 20 KB"
    }
