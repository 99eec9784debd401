"""Finding, decided on values: what is no drift, and what nobody can say (promise 10)."""

import pytest

from stream_encryption.record.values import Record
from stream_encryption.watch.findings import FindingCode, Look, judge
from tests.values import NOW, ONE, TWO, claim, pending, record, start_intent, stream

LATER = NOW + 7200.0
"""Hours after the last request."""


def look(**more: object) -> Look:
    """A look at a stream that has the second key; the first one is wanted."""
    return Look(LATER, **{"stream": stream(TWO), "current": TWO, "wanted": ONE, **more})  # type: ignore[arg-type]


def test_without_a_claim_nothing_is_wanted() -> None:
    """Promise 10: the watch is over claimed streams alone."""
    assert judge(record(), look()) == ()


@pytest.mark.parametrize(
    "at_work",
    [
        record(claim(), pending=pending(start_intent(), at=LATER - 1)),
        record(claim(), changed_at=LATER - 1),
    ],
    ids=["a call is announced", "a call was made seconds ago"],
)
def test_a_request_at_work_is_no_drift(at_work: Record) -> None:
    """Promise 10: the change that a request makes is its own."""
    assert judge(at_work, look()) is None


def test_a_key_that_was_not_looked_up_is_not_judged() -> None:
    """Promise 10: only what was seen is told."""
    found = judge(record(claim()), look(wanted=None))
    assert found is not None
    assert [one.code for one in found] == [FindingCode.ANOTHER_KEY]
