"""AWS's published limits on an account, as token buckets in a time that is passed in, and the bound that they give.

What a bucket holds at the most is published for Step Functions alone; the others are assumed to hold one second's
worth. A call that is refused takes nothing from its bucket.

Sources:
    Kinesis: the developer guide's page "Quotas and limits", its table of control plane limits, read in a copy of 2026
        (https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html): DescribeStreamSummary 20 a
        second for the account, DescribeStream 10. For Start and Stop it has no rate, only 25 of each in 24 hours for a
        stream, which tests/fake_kinesis.py counts.
    DynamoDB: "On-demand capacity mode" (a new table serves up to 12,000 reads and 4,000 writes a second;
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html) and "Best
        practices for designing partition keys" (a partition serves up to 3,000 read units and 1,000 write units a
        second; .../bp-partition-key-design.html). The lower figures are used, as if all items lay in one partition.
    KMS: "Request quotas", DescribeKey 2,000 a second
        (https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html).
    Step Functions: "Quotas", StartExecution of Standard workflows in us-east-1: 1,300, and 300 a second
        (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
    Lambda: "Lambda quotas" and "Lambda scaling behavior": 1,000 at once, and 1,000 more every 10 s: as many as may run
        at once, so that scaling delays nobody here
        (https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LAMBDA_CONCURRENCY = 1000
EPSILON = 1e-4
"""Epoch seconds are only precise to about a tenth of a microsecond, so a token that is almost there counts as one."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A token bucket: so many calls a second, and so many at once.

    Attributes:
        rate: How many calls a second.
        size: How many calls the bucket holds.
    """

    rate: float
    size: float

    def seconds(self, calls: int) -> float:
        """The shortest time in which so many calls can be made, in seconds; the first of them at 0."""
        return max(0.0, (calls - self.size) / self.rate)


LIMITS: Mapping[str, Limit] = {
    "DescribeStreamSummary": Limit(20, 20),
    "DescribeStream": Limit(10, 10),
    "GetItem": Limit(3000, 3000),
    "PutItem": Limit(1000, 1000),
    "DescribeKey": Limit(2000, 2000),
    "StartExecution": Limit(300, 1300),
}
LOOKS = ("DescribeStreamSummary", "DescribeStream")
"""Both tell a stream's status and key, and each has a bucket of its own."""


class Bucket:
    """A limit in use."""

    def __init__(self, limit: Limit, now: float) -> None:
        """Be full."""
        self._limit, self._tokens, self._at = limit, limit.size, now

    def take(self, now: float) -> bool:
        """Take a token, if there is one."""
        self._tokens = min(self._limit.size, self._tokens + (now - self._at) * self._limit.rate)
        self._at = now
        if self._tokens < 1 - EPSILON:
            return False
        self._tokens -= 1
        return True


class Account:
    """An account under limits. It counts the calls."""

    def __init__(self, now: Callable[[], float], limits: Mapping[str, Limit] = LIMITS) -> None:
        """Start with full buckets, by this clock in seconds."""
        self._now, self.limits = now, limits
        self._buckets: dict[str, Bucket] = {}
        self.asked: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def admits(self, action: str) -> bool:
        """Whether a call is within the limits. It is counted in either case."""
        self.asked[action] += 1
        limit = self.limits.get(action)
        if limit is None:
            return True
        bucket = self._buckets.setdefault(action, Bucket(limit, self._now()))
        admitted = bucket.take(self._now())
        self.refused[action] += not admitted
        return admitted


def bound(looks: int, updates: Sequence[float], after: float, actions: Sequence[str] = LOOKS) -> float:
    """The time that requests of one moment need at least if each wastes no look, one after another.

    Args:
        looks: How many looks each request can't do without.
        updates: For how long each request's stream is UPDATING, in seconds.
        after: What has to pass after that, in seconds.
        actions: The calls by which the requester looks: their buckets are used together.

    Returns:
        Seconds: for the looks at the rate of all these buckets, for the longest update, and for what comes after.
    """
    together = Limit(sum(LIMITS[name].rate for name in actions), sum(LIMITS[name].size for name in actions))
    return together.seconds(looks * len(updates)) + max(updates) + after
