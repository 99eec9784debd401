"""AWS's published limits on an account, as token buckets in time that is passed in, and the least time they allow.

What a bucket holds at the most is published for Step Functions alone; Kinesis' and KMS' are taken to hold one second's
worth. A call that is refused takes nothing from its bucket.

Sources:
    Kinesis: the developer guide's page "Quotas and limits", its table of control plane limits, read in a copy of 2026
        (https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html). It has ListTagsForStream and
        RemoveTagsFromStream as 5 a second for each stream; the API reference has both as 5 a second for the account.
        For RemoveTagsFromStream the harder one is taken; for ListTagsForStream the guide's, or with `strict` the other.
        For Start and Stop it has no rate, only 25 of each in 24 hours for a stream, which tests/fake_kinesis.py counts.
    KMS: "Request quotas", DescribeKey 2,000 a second
        (https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html).
    Step Functions: "Quotas", StartExecution of Standard workflows in us-east-1: 1,300, and 300 a second
        (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
    Lambda: "Lambda quotas" and "Lambda scaling behavior": 1,000 at once, and 1,000 more every 10 s: as many as there
        may be at once, so that it never holds anybody up here
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
"""Epoch seconds are no finer than a tenth of a microsecond or so: a token is one that is nearly there."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls a second, and so many at once.

    Attributes:
        rate: How many calls a second.
        size: How many the bucket holds.
        per_stream: Each stream has a bucket of its own.
    """

    rate: float
    size: float
    per_stream: bool = False

    def seconds(self, calls: int) -> float:
        """The least time in which so many calls, that share one bucket, can be made; the first of them at 0."""
        return max(0.0, (calls - self.size) / self.rate)


LIMITS: Mapping[str, Limit] = {
    "AddTagsToStream": Limit(5, 5),
    "RemoveTagsFromStream": Limit(5, 5),
    "ListTagsForStream": Limit(5, 5, per_stream=True),
    "DescribeStreamSummary": Limit(20, 20),
    "DescribeStream": Limit(10, 10),
    "DescribeKey": Limit(2000, 2000),
    "StartExecution": Limit(300, 1300),
}

STRICT: Mapping[str, Limit] = {**LIMITS, "ListTagsForStream": Limit(5, 5)}
"""As the API reference has it."""


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
    """An account under limits, which counts what is asked of it."""

    def __init__(self, now: Callable[[], float], limits: Mapping[str, Limit] = LIMITS) -> None:
        """Start with full buckets, by this clock in seconds."""
        self._now, self.limits = now, limits
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self.asked: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def admits(self, action: str, stream: str = "") -> bool:
        """Whether a call is within the limits; it counts, either way."""
        self.asked[action] += 1
        limit = self.limits.get(action)
        if limit is None:
            return True
        key = (action, stream if limit.per_stream else "")
        bucket = self._buckets.setdefault(key, Bucket(limit, self._now()))
        admitted = bucket.take(self._now())
        self.refused[action] += not admitted
        return admitted


def least_seconds(
    needs: Mapping[str, int], updates: Sequence[float], after: float, limits: Mapping[str, Limit] = LIMITS
) -> float:
    """The least time in which this many requests, all of one moment, can be through.

    Args:
        needs: The calls that no request can do without, before its change starts or to see that it is done.
        updates: How long each request's stream is UPDATING, in seconds.
        after: What has to pass after that, in seconds.
        limits: The account's.

    Returns:
        Seconds: however they are lined up, one bucket gives its last tokens no sooner, and for whoever is last in the
        line of AddTagsToStream the change and the rest are still to come. Best is who takes longest first.
    """
    lengths = sorted(updates, reverse=True)
    first = {name: limits[name] for name, count in needs.items() if count and name in limits}
    tag = first.pop("AddTagsToStream", Limit(1e9, 1e9))
    in_line = max(tag.seconds(place + 1) + length for place, length in enumerate(lengths))
    shared = [limit.seconds(needs[name] * len(lengths)) for name, limit in first.items() if not limit.per_stream]
    return max([in_line, *shared]) + after
