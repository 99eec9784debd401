"""What a request that fails leaves in the record: neither the intent of a call that is over, nor a useless claim."""

from dataclasses import replace

import pytest

from stream_encryption.grants import Direction, Grant
from stream_encryption.reconcile.failures import record_after_failure
from stream_encryption.reconcile.state import Stability
from stream_encryption.record.requests import Latest
from stream_encryption.record.values import Claim
from stream_encryption.values import Key, StreamStatus
from tests.values import (
    ME,
    NOW,
    ONE,
    SECOND,
    THEY,
    TWO,
    call,
    claim,
    ensure,
    pending,
    record,
    seen,
    start_intent,
    started,
    state,
    stream,
)


@pytest.mark.parametrize(
    ("known", "has", "goes"),
    [
        (claim(creates=("mine",)), None, True),
        (claim(found=TWO), TWO, True),
        (claim(), ONE, False),
        (claim(creates=("failed", "mine")), None, False),
        (claim(latest=Latest(SECOND, ("before", "mine"))), None, False),
        (claim(succeeded="before"), None, False),
        (claim(releasing=Latest(SECOND, ("delete",))), None, False),
        (claim(THEY), None, False),
    ],
)
def test_a_request_that_changed_nothing_takes_its_own_new_claim_back(
    known: Claim, has: Key | None, *, goes: bool
) -> None:
    """Promise 3: the claim would keep others out, and what it found would get old, until CloudFormation deletes it."""
    announced = record(known, pending=pending(start_intent()))
    refused_start = state(call=call(start_intent(), refused=True))
    left = record_after_failure(ensure(), refused_start, announced, seen(stream(has), announced, current=has))
    assert left
    assert (left.pending, left.claims) == (None, () if goes else (known,))


def test_a_request_that_changed_nothing_keeps_the_claim_that_its_grants_need() -> None:
    """Grants: the Delete revokes them."""
    announced = record(
        claim(), pending=pending(start_intent()), grants=(Grant("key", "role", Direction.PRODUCER, (ME,)),)
    )
    left = record_after_failure(ensure(), state(call=call(start_intent())), announced, seen(stream(), announced))
    assert left
    assert left.claims == (claim(),)


@pytest.mark.parametrize(
    ("status", "answered", "shown", "ends"),
    [
        (StreamStatus.ACTIVE, True, 0.0, True),
        (StreamStatus.ACTIVE, True, 5.0, True),
        (StreamStatus.ACTIVE, True, -0.1, False),
        (StreamStatus.ACTIVE, False, 5.0, False),
        (StreamStatus.UPDATING, True, 5.0, False),
        (None, True, 5.0, False),
    ],
    ids=["shown at once", "shown later", "shown before", "not answered", "UPDATING", "stream gone"],
)
@pytest.mark.parametrize("by", ["effect_at", "reached_at"])
def test_a_failing_request_ends_its_intent_once_its_call_is_certainly_over(
    status: StreamStatus | None, by: str, *, answered: bool, shown: float, ends: bool
) -> None:
    """Record, rule 2: AWS has answered, and the stream was seen UPDATING or as wanted since."""
    effect_at, reached_at = (NOW + shown, None) if by == "effect_at" else (None, NOW + shown)
    own = call(start_intent(), called_at=NOW, answered=answered, effect_at=effect_at)
    known = state(call=own, stability=Stability(reached_at=reached_at))
    announced = record(claim(), pending=pending(start_intent(), at=NOW - 3))
    left = record_after_failure(
        ensure(), known, announced, seen(stream(ONE, status) if status else None, announced, current=ONE)
    )
    assert (left is not None) is ends
    if left:
        assert (left.pending, left.key, left.started, left.changed_at) == (None, started(ONE), True, NOW)


def test_a_failing_request_withdraws_an_intent_whose_call_was_not_made() -> None:
    """Record, rule 2: so that nobody waits for it; the record says nothing else anew."""
    before = record(claim(), pending=pending(start_intent()))
    left = record_after_failure(
        ensure(), state(call=call(start_intent())), before, seen(stream(TWO), before, current=TWO)
    )
    assert left == replace(before, pending=None)


def test_a_failing_request_leaves_the_intent_of_another_one() -> None:
    """Record, rule 2: only its own."""
    theirs = record(claim(), pending=pending(start_intent(), "theirs"))
    assert record_after_failure(ensure(), state(call=call(start_intent())), theirs, seen(stream(), theirs)) is None
    assert record_after_failure(ensure(), state(), theirs, seen(stream(), theirs)) is None
    without = record(claim())
    assert record_after_failure(ensure(), state(call=call(start_intent())), without, seen(stream(), without)) is None


def test_a_request_that_fails_without_a_look_only_withdraws_a_call_that_was_not_made() -> None:
    """Record, rule 2: nobody has seen whether the other call is over."""
    announced = record(claim(), pending=pending(start_intent()))
    left = record_after_failure(ensure(), state(call=call(start_intent())), announced, None)
    assert left == replace(announced, pending=None)
    made = call(start_intent(), called_at=NOW, answered=True, effect_at=NOW)
    assert record_after_failure(ensure(), state(call=made), announced, None) is None
