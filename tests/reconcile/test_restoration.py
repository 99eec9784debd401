"""What a Delete does to the stream: restore what was before, give it to the claim below, or leave it."""

from dataclasses import replace
from typing import Any

import pytest

from stream_encryption.reconcile.restoration import Outcome, Restoration, can_bring_back, restoration
from stream_encryption.record.values import Claim, Record, RecordedKey
from stream_encryption.values import Key, OnDelete, Owner
from tests.values import (
    NOW,
    ONE,
    RENAMED,
    THEY,
    THREE,
    TWO,
    arn,
    claim,
    pending,
    record,
    recorded,
    release,
    start_intent,
    started,
)

OTHERS = [THEY, RENAMED]


def ours(*claims: Any, key: Key = ONE) -> Record:
    """The record of a stream that has its key by a Start of the provider."""
    return record(*claims, key=started(key), started=True)


def restore(known: Record, current: Key | None = ONE, on_delete: OnDelete = OnDelete.RESTORE) -> Restoration:
    """The choice for a Delete of the resource whose claim is in force."""
    choice = restoration(release(on_delete=on_delete), known, current)
    assert isinstance(choice.reason, str)
    return choice


def settled(owner: Owner, wanted: Key = ONE) -> Claim:
    """A claim whose newest request has succeeded."""
    return claim(owner, wanted, succeeded="mine")


def target(choice: Restoration) -> tuple[Outcome, RecordedKey | None, str]:
    """The part of a choice that is acted upon."""
    return choice.outcome, choice.key, choice.key_id


def test_a_stream_that_was_not_encrypted_is_stopped() -> None:
    """Property OnDelete, Restore: what Create found comes back."""
    assert target(restore(ours(claim()))) == (Outcome.RESTORE, None, "")


def test_the_key_that_create_found_comes_back_as_it_was_spelled() -> None:
    """Property OnDelete, Restore: the KeyId as Kinesis reported it."""
    assert target(restore(ours(claim(found=TWO)))) == (Outcome.RESTORE, recorded(TWO), "alias/two")


@pytest.mark.parametrize(("found", "current"), [(None, None), (ONE, ONE), (TWO, replace(TWO, key_id="two"))])
def test_a_stream_that_has_what_it_had_before_needs_nothing(found: Key | None, current: Key | None) -> None:
    """Promise 4: no call where nothing needs to change."""
    assert restore(ours(claim(found=found)), current).outcome is Outcome.AS_BEFORE


@pytest.mark.parametrize("current", [THREE, None])
def test_a_stream_that_somebody_else_changed_since_is_left_as_it_is(current: Key | None) -> None:
    """Record, rule 9: Restore undoes our own doing alone, and the response says so."""
    choice = restore(ours(claim(found=TWO)), current)
    assert choice.outcome is Outcome.LEAVE
    assert choice.note
    assert (current.key_id if current else "no encryption") in choice.note


def test_a_claim_that_never_changed_anything_restores_nothing() -> None:
    """Record, rule 9: an adopting Create undoes nothing, whatever the owner has decided since."""
    adopted = record(claim(found=ONE), key=recorded(ONE))
    assert restore(adopted, TWO).outcome is Outcome.LEAVE
    assert restore(adopted, None).outcome is Outcome.LEAVE
    assert restore(adopted, ONE).outcome is Outcome.AS_BEFORE


def test_a_start_whose_end_was_never_recorded_is_our_own_doing() -> None:
    """Record, rules 1 and 9: the intent tells, also where the invocation died after its call."""
    announced = record(claim(), pending=pending(start_intent(), at=NOW - 60))
    assert target(restore(announced)) == (Outcome.RESTORE, None, "")


def test_stop_ends_the_encryption_whoever_began_it() -> None:
    """Record, rule 9: `OnDelete: Stop` ends encryption whoever began it."""
    for known in (ours(claim(found=TWO)), record(claim(found=ONE), key=recorded(ONE))):
        assert target(restore(known, THREE, OnDelete.STOP)) == (Outcome.RESTORE, None, "")


def test_keep_keeps() -> None:
    """Property OnDelete, Keep."""
    assert restore(ours(claim()), ONE, OnDelete.KEEP).outcome is Outcome.KEEP
    assert restore(ours(settled(THEY, TWO), claim()), ONE, OnDelete.KEEP).outcome is Outcome.KEEP
    assert restore(record(), ONE, OnDelete.KEEP).outcome is Outcome.KEEP


@pytest.mark.parametrize("below", OTHERS)
def test_the_claim_below_gets_the_key_that_it_wants(below: Owner) -> None:
    """Record, rule 4: the stream goes back to what the claim below wants, by the key that its alias meant."""
    choice = restore(ours(settled(below, TWO), claim(found=THREE)))
    assert target(choice) == (Outcome.RESTORE, recorded(TWO), TWO.identity)


def test_a_claim_below_that_never_got_its_key_gets_what_the_claim_above_found() -> None:
    """Promise 3: a Create or Update that failed and is kept has not changed the stream to the key that it wants."""
    failed = claim(THEY, TWO, succeeded="the request before")
    assert target(restore(ours(failed, claim(found=THREE)))) == (Outcome.RESTORE, recorded(THREE), "alias/three")
    assert target(restore(ours(claim(THEY, TWO), claim()))) == (Outcome.RESTORE, None, "")


def test_a_stream_that_the_claim_below_has_encrypted_once_is_not_left_without_encryption() -> None:
    """Promise 3: others had stopped it when the claim above was made (seed 13179 with the watch)."""
    below = claim(THEY, TWO, succeeded="the request before")
    assert target(restore(ours(below, claim()))) == (Outcome.RESTORE, recorded(TWO), TWO.identity)


@pytest.mark.parametrize("on_delete", list(OnDelete))
def test_a_rename_that_is_rolled_back_gives_the_stream_back_whatever_on_delete_says(on_delete: OnDelete) -> None:
    """Record, rule 4: within one stack the old name goes on as if nothing had been."""
    choice = restore(ours(settled(RENAMED, TWO), claim()), ONE, on_delete)
    assert target(choice) == (Outcome.RESTORE, recorded(TWO), TWO.identity)


def test_stop_gives_a_taken_over_stream_back_as_well() -> None:
    """Property Takeover: the former owner's stream is not stopped under it."""
    choice = restore(ours(settled(THEY, TWO), claim()), ONE, OnDelete.STOP)
    assert target(choice) == (Outcome.RESTORE, recorded(TWO), TWO.identity)


def test_a_claim_below_that_wants_the_key_that_there_is_needs_nothing() -> None:
    """Promise 4."""
    assert restore(ours(settled(THEY), claim())).outcome is Outcome.AS_BEFORE


@pytest.mark.parametrize(
    ("wanted", "key_id"),
    [
        (Key("alias/aws/kinesis", arn("managed")), "alias/aws/kinesis"),
        (Key("two", arn("two")), "two"),
        (Key("alias/denied", "arn:aws:kms:us-east-1:123456789012:alias/denied"), "alias/denied"),
        (Key("arn:aws:kms:us-east-1:123456789012:alias/two", arn("two")), arn("two")),
    ],
    ids=["managed by AWS", "GUID", "look-up was denied", "alias ARN"],
)
def test_only_a_customers_alias_is_replaced_by_its_key(wanted: Key, key_id: str) -> None:
    """Property KeyId: Start is called with the key's ARN; `alias/aws/…`, and where the look-up was denied, as given."""
    assert restore(ours(settled(THEY, wanted), claim())).key_id == key_id


def test_a_lost_record_ends_the_encryption() -> None:
    """Record, rule 6: the stream has the key of the Delete's properties, then Stop."""
    for on_delete in (OnDelete.RESTORE, OnDelete.STOP):
        assert target(restore(record(), ONE, on_delete)) == (Outcome.RESTORE, None, "")


def test_every_choice_has_a_reason() -> None:
    """The log says why."""
    choices = [
        restore(ours(claim())),
        restore(ours(claim(found=TWO))),
        restore(ours(claim(found=ONE))),
        restore(ours(settled(THEY, TWO), claim())),
        restore(ours(claim()), THREE),
        restore(ours(claim()), on_delete=OnDelete.STOP),
        restore(ours(claim()), on_delete=OnDelete.KEEP),
        restore(record()),
    ]
    assert len({choice.reason for choice in choices}) == len(choices)
    assert [choice for choice in choices if choice.note] == [choices[4]]


@pytest.mark.parametrize(
    ("on_delete", "above", "expected"),
    [
        (OnDelete.RESTORE, THEY, [True, True, False]),
        (OnDelete.STOP, THEY, [True, True, False]),
        (OnDelete.KEEP, THEY, [False, False, False]),
        (OnDelete.KEEP, RENAMED, [True, True, False]),
    ],
)
def test_the_deletes_of_two_claims_can_bring_back_what_the_lower_one_wants_or_found(
    on_delete: OnDelete, above: Owner, expected: list[bool]
) -> None:
    """Grants on such a key stay: the claim above inherits what the lower one found."""
    below = replace(settled(claim().owner), found=recorded(THREE), on_delete=OnDelete.STOP)
    upper = replace(settled(above, TWO), on_delete=on_delete)
    known = record(below, upper)
    assert [can_bring_back(known, recorded(key).arn) for key in (ONE, THREE, TWO)] == expected


@pytest.mark.parametrize(
    ("on_delete", "succeeded", "expected"),
    [
        (OnDelete.RESTORE, "mine", True),
        (OnDelete.STOP, "mine", False),
        (OnDelete.STOP, "", True),
        (OnDelete.KEEP, "mine", False),
    ],
)
def test_the_delete_of_the_only_claim_can_bring_back_what_it_found(
    on_delete: OnDelete, succeeded: str, expected: object
) -> None:
    """Grants on such a key stay; a failed Create is undone also with OnDelete Stop."""
    only = replace(claim(found=THREE, succeeded=succeeded), on_delete=on_delete)
    assert can_bring_back(record(only), recorded(THREE).arn) is expected
