"""The account's limits in the benchmark of scale: buckets that refuse what is over them, and the least time."""

import pytest

from benchmarks.limits import LIMITS, STRICT, Account, least_seconds
from tests.fake_clock import Clock


def test_a_bucket_gives_what_it_holds_and_then_its_rate() -> None:
    """20 DescribeStreamSummary a second: a second's worth at once, then one every 50 ms."""
    clock = Clock()
    account = Account(clock.now)
    assert [account.admits("DescribeStreamSummary") for _ in range(21)] == [True] * 20 + [False]
    clock.sleep(0.05)
    assert [account.admits("DescribeStreamSummary") for _ in range(2)] == [True, False]
    clock.sleep(3600.0)
    assert sum(account.admits("DescribeStreamSummary") for _ in range(50)) == 20, "it holds no more than a second's"
    assert (account.asked.total(), account.refused.total()) == (73, 32)


def test_each_stream_has_its_own_tags_but_not_by_the_api_reference() -> None:
    """5 ListTagsForStream a second: for each stream by the guide, for the account by the API reference."""
    for limits, admitted in ((LIMITS, 10), (STRICT, 5)):
        account = Account(Clock().now, limits)
        assert sum(account.admits("ListTagsForStream", f"stream-{n}") for n in range(10)) == admitted


def test_what_has_no_published_rate_is_not_refused() -> None:
    """StartStreamEncryption: 25 in 24 hours for a stream, which is not this account's business."""
    account = Account(Clock().now)
    assert all(account.admits("StartStreamEncryption") for _ in range(1000))


@pytest.mark.parametrize(
    ("needs", "updates", "after", "least"),
    [
        ({"AddTagsToStream": 1, "DescribeStreamSummary": 2}, [3.0], 5.0, 8.0),
        ({"AddTagsToStream": 1, "DescribeStreamSummary": 2}, [3.0] * 505, 5.0, 100 + 3 + 5),
        ({"DescribeStreamSummary": 2}, [3.0] * 505, 0.0, (1010 - 20) / 20),
        ({"AddTagsToStream": 1, "ListTagsForStream": 1}, [9.0, *[1.0] * 9], 0.0, 9.0),
    ],
    ids=["one alone", "in line for a tag", "in line for a look", "the longest goes first"],
)
def test_the_least_time_is_what_the_tightest_limit_leaves(
    needs: dict[str, int], updates: list[float], after: float, least: float
) -> None:
    """The bound that the goal is held against: as low as any order of the requests could make it."""
    assert least_seconds(needs, updates, after) == pytest.approx(least)
