"""The account's limits in the benchmark of scale: buckets that refuse what exceeds them, and the bound."""

import pytest

from benchmarks.limits import LIMITS, LOOKS, Account, bound
from tests.fake_clock import Clock


def test_a_bucket_gives_what_it_holds_and_then_its_rate() -> None:
    """20 DescribeStreamSummary a second: one second's worth at once, then one every 50 ms."""
    clock = Clock()
    account = Account(clock.now)
    assert [account.admits("DescribeStreamSummary") for _ in range(21)] == [True] * 20 + [False]
    clock.sleep(0.05)
    assert [account.admits("DescribeStreamSummary") for _ in range(2)] == [True, False]
    clock.sleep(3600.0)
    assert sum(account.admits("DescribeStreamSummary") for _ in range(50)) == 20, "it holds one second's worth"
    assert (account.asked.total(), account.refused.total()) == (73, 32)


def test_the_two_kinds_of_looks_have_a_bucket_each() -> None:
    """Issue 12, part 5: while DescribeStreamSummary is throttled, DescribeStream still has 10 a second."""
    account = Account(Clock().now)
    assert [sum(account.admits(look) for _ in range(40)) for look in LOOKS] == [20, 10]


def test_the_table_delays_nobody() -> None:
    """The record's calls stay far below what a single partition of an on-demand table serves."""
    account = Account(Clock().now)
    assert all(account.admits(action) for action in ("GetItem", "PutItem", "PutItem") for _ in range(500))


def test_a_call_without_a_published_rate_is_never_refused() -> None:
    """StartStreamEncryption has 25 in 24 hours for each stream, which the fake Kinesis counts."""
    account = Account(Clock().now)
    assert all(account.admits("StartStreamEncryption") for _ in range(1000))


@pytest.mark.parametrize(
    ("looks", "updates", "after", "seconds"),
    [(2, [3.0], 5.0, 8.0), (2, [3.0, 8.0] * 250, 5.0, (1000 - 30) / 30 + 8 + 5), (1, [2.0] * 30, 0.0, 2.0)],
    ids=["one alone", "500 at once", "what the buckets hold"],
)
def test_the_bound_is_the_looks_the_longest_update_and_what_comes_after(
    looks: int, updates: list[float], after: float, seconds: float
) -> None:
    """Issue 12, scale: two looks a Create at 30 looks a second, the update and 5 s."""
    assert bound(looks, updates, after) == pytest.approx(seconds)


def test_a_peer_that_looks_by_one_call_alone_is_held_against_that_call_s_rate() -> None:
    """The peers' bounds: the AWS CDK framework never uses the other bucket."""
    updates = [2.0] * 120
    assert bound(1, updates, 0.0, ["DescribeStreamSummary"]) == pytest.approx(5.0 + 2.0)
    assert bound(1, updates, 0.0, ["DescribeStream"]) == pytest.approx(11.0 + 2.0)
    assert LIMITS["DescribeStream"].rate == 10
