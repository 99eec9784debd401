"""The grants on a key that no claim wants: they stay while the stream has the key or can get it back."""

from dataclasses import replace

import pytest

from stream_encryption.reconcile.ensure import decide_ensure
from stream_encryption.reconcile.release import decide_release
from stream_encryption.record.values import Change, Claim
from stream_encryption.values import Key, OnDelete
from tests.reconcile.deletes import READY
from tests.reconcile.grants import CONSUMER, PRODUCER, announced, delete, final
from tests.values import NOW, ONE, THEY, THREE, TWO, claim, ensure, record, release, seen, started, state, stream, told


def test_a_delete_that_leaves_the_stream_its_key_leaves_the_grants() -> None:
    """Grants: they end when somebody gives the stream another key."""
    kept = delete(PRODUCER, CONSUMER, has=ONE)
    assert [one.ended_at for one in final(kept).grants] == [None, None]
    assert [one.owners for one in final(kept).grants] == [(), ()]


@pytest.mark.parametrize(
    ("below", "ends"),
    [(claim(THEY, ONE), NOW), (claim(THEY, TWO), None)],
    ids=["it wants the key", "it wants another key"],
)
def test_a_kept_key_keeps_its_grants_unless_the_claim_below_decides_on_the_key(
    below: Claim, ends: float | None
) -> None:
    """Grants: whoever still writes with the key that the stream keeps needs it."""
    known = record(below, claim(), key=started(ONE), started=True, grants=(CONSUMER,))
    observed = seen(stream(ONE), known, current=ONE, as_wanted=True)
    goal = release(on_delete=OnDelete.KEEP)
    (left,) = final(told(decide_release(goal, observed, state(stability=READY), NOW))).grants
    assert (left.owners, left.ended_at) == ((), ends)


@pytest.mark.parametrize(
    ("found", "on_delete", "succeeded", "ends"),
    [
        (ONE, OnDelete.RESTORE, "mine", None),
        (ONE, OnDelete.STOP, "", None),
        (ONE, OnDelete.STOP, "mine", NOW),
        (ONE, OnDelete.KEEP, "mine", NOW),
        (TWO, OnDelete.RESTORE, "mine", NOW),
        (None, OnDelete.RESTORE, "mine", NOW),
    ],
    ids=["Restore", "a failed Create with Stop", "Stop", "Keep", "another key", "no key"],
)
def test_a_kept_key_keeps_its_grants_while_a_claims_delete_would_bring_it_back(
    found: Key | None, on_delete: OnDelete, succeeded: str, ends: float | None
) -> None:
    """Promise 3: the key comes back as it was, with its users' access."""
    kept = replace(CONSUMER, owners=())
    above = claim(THEY, TWO, found=found, on_delete=on_delete, succeeded=succeeded)
    known = record(claim(wanted=THREE), above, key=started(TWO), started=True, grants=(kept,))
    observed = seen(stream(TWO), known, current=TWO)
    (left,) = final(told(decide_release(release(), observed, state(), NOW))).grants
    assert (left.owners, left.ended_at) == ((), ends)


def test_a_kept_keys_grants_end_with_the_claim_whose_delete_would_have_brought_the_key_back() -> None:
    """Promise 3: that Delete is this one, and another resource has taken the stream over."""
    mine = claim(wanted=TWO, found=ONE)
    known = record(mine, claim(THEY, THREE), key=started(THREE), grants=(replace(CONSUMER, owners=()),))
    (left,) = final(told(decide_release(release(), seen(stream(THREE), known, current=THREE), state(), NOW))).grants
    assert left.ended_at == NOW


def test_a_kept_key_keeps_its_grants_through_a_key_change_that_a_delete_would_undo() -> None:
    """Promise 3: a Create that is rolled back has taken nobody's access away."""
    kept = replace(CONSUMER, owners=())
    known = record(claim(found=ONE, wanted=TWO), key=started(TWO), started=True, grants=(kept,))
    observed = seen(stream(TWO), known, wanted=TWO, current=TWO, as_wanted=True)
    (left,) = final(told(decide_ensure(ensure(), observed, state(stability=READY), NOW))).grants
    assert (left.owners, left.ended_at) == ((), None)


@pytest.mark.parametrize(
    ("on_delete", "of_above", "found_started", "ends"),
    [
        (OnDelete.RESTORE, OnDelete.RESTORE, True, NOW),
        (OnDelete.RESTORE, OnDelete.RESTORE, False, NOW),
        (OnDelete.KEEP, OnDelete.RESTORE, True, None),
        (OnDelete.KEEP, OnDelete.KEEP, True, NOW),
    ],
    ids=["Restore", "Restore, and others had given the key", "Keep", "Keep, and the resource above keeps its key"],
)
def test_the_grants_of_a_resource_that_was_taken_over_with_the_same_key_end_unless_it_keeps_the_key(
    on_delete: OnDelete, of_above: OnDelete, ends: float | None, *, found_started: bool
) -> None:
    """Grants: with Keep, they stay if the Delete of the resource above brings the key back."""
    above = claim(THEY, ONE, found=ONE, found_started=found_started, on_delete=of_above)
    known = record(claim(on_delete=on_delete), above, key=started(ONE), started=True, grants=(CONSUMER,))
    action = told(decide_release(release(on_delete=on_delete), seen(stream(ONE), known, current=ONE), state(), NOW))
    (left,) = final(action).grants
    assert (left.owners, left.ended_at) == ((), ends)


def test_a_delete_without_a_claim_ends_its_grants_on_the_key_of_the_claim_in_force() -> None:
    """Grants: a failed Create can leave grants without a claim."""
    known = record(claim(THEY, ONE), key=started(ONE), started=True, grants=(CONSUMER,))
    (left,) = final(told(decide_release(release(), seen(stream(ONE), known, current=ONE), state(), NOW))).grants
    assert (left.owners, left.ended_at) == ((), NOW)


def test_a_delete_that_takes_the_stream_off_its_key_ends_its_own_grants_on_the_key() -> None:
    """Grants: also if a claim below found that key, since others had given it."""
    below, mine = claim(THEY, TWO, found=ONE), claim(found=TWO, found_started=True)
    known = record(below, mine, key=started(TWO), started=True, grants=(CONSUMER,))
    observed = seen(stream(TWO), known, current=TWO, as_wanted=True)
    (left,) = final(told(decide_release(release(), observed, state(stability=READY), NOW))).grants
    assert (left.owners, left.ended_at) == ((), NOW)


def test_a_kept_keys_grants_end_with_the_stream() -> None:
    """Grants: a claim can't bring a key back to a stream that is gone."""
    known = record(claim(on_delete=OnDelete.KEEP), claim(THEY, TWO, found=ONE), grants=(replace(PRODUCER, owners=()),))
    announces = told(decide_release(release(on_delete=OnDelete.KEEP), seen(None, known), state(), NOW))
    assert announced(announces)[0] is Change.REVOKE_GRANT
