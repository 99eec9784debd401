"""The record's values: which request is newer, who has departed, what the record knows of a key."""

import pytest

from stream_encryption.record.requests import Arrival, Departed, Latest
from stream_encryption.record.values import Record, RecordedKey
from stream_encryption.values import Key
from tests.builders import STREAM_ARN
from tests.values import (
    CREATED,
    ME,
    NOW,
    ONE,
    RENAMED,
    SECOND,
    THEY,
    THREE,
    TWO,
    arn,
    claim,
    pending,
    record,
    recorded,
    stamp,
    start_intent,
    started,
)

LATEST = Latest(SECOND, ("update", "rollback"))


@pytest.mark.parametrize(
    ("request_", "arrival"),
    [
        (stamp("another", SECOND + 1), Arrival.NEWER),
        (stamp("another", SECOND - 1), Arrival.SUPERSEDED),
        (stamp("rollback", SECOND + 1), Arrival.CURRENT),
        (stamp("rollback", SECOND), Arrival.CURRENT),
        (stamp("update", SECOND), Arrival.SUPERSEDED),
        (stamp("another", SECOND), Arrival.NEWER),
    ],
    ids=["later second", "earlier second", "same request, other clock", "last", "before the last", "unknown"],
)
def test_of_two_requests_the_later_second_wins_and_in_one_second_the_later_arrival(
    request_: object, arrival: Arrival
) -> None:
    """Record, rule 3: the newest request of an owner wins; in one second the later arrival wins, once."""
    assert LATEST.arrival(request_) is arrival  # type: ignore[arg-type]


def test_a_newer_request_of_the_same_second_is_added_behind_the_others() -> None:
    """Record, rule 3: the record knows that second's digests."""
    assert LATEST.followed_by(stamp("third")) == Latest(SECOND, ("update", "rollback", "third"))


def test_a_request_of_a_later_second_begins_anew() -> None:
    """Record, rule 3: digests are kept for the newest second alone."""
    assert LATEST.followed_by(stamp("next", SECOND + 1)) == Latest(SECOND + 1, ("next",))


@pytest.mark.parametrize("known", [stamp("rollback"), stamp("update"), stamp("older", SECOND - 1)])
def test_a_request_that_is_known_or_older_changes_nothing(known: object) -> None:
    """Record, rule 3: an older request writes nothing."""
    assert LATEST.followed_by(known) is LATEST  # type: ignore[arg-type]


def test_the_first_request_is_the_newest() -> None:
    """Record: a claim begins with the request that made it."""
    assert Latest.of(stamp("first")) == Latest(SECOND, ("first",))


def test_a_claim_that_is_being_released_supersedes_the_requests_before_the_delete() -> None:
    """Record, rule 3: a request older than a Delete that has begun changes nothing, though the claim is still there."""
    releasing = claim(releasing=Latest(SECOND + 5, ("delete",)))
    assert releasing.arrival(stamp("mine")) is Arrival.SUPERSEDED
    assert releasing.arrival(stamp("late update", SECOND + 4)) is Arrival.SUPERSEDED
    assert releasing.arrival(stamp("delete", SECOND + 5)) is Arrival.NEWER
    assert releasing.arrival(stamp("create anew", SECOND + 6)) is Arrival.NEWER


@pytest.mark.parametrize(
    ("deletes", "superseded"),
    [
        ((None,), {"mine", "failed", "update"}),
        (("failed",), {"failed", "update"}),
        (("failed", None), {"mine", "failed", "update"}),
        ((None, "failed"), {"mine", "failed", "update"}),
    ],
    ids=["of the resource", "of a failed Create", "of a failed Create, then of the resource", "the other way round"],
)
def test_deletes_that_have_begun_supersede_the_requests_that_they_undo(
    deletes: tuple[str | None, ...], superseded: set[str]
) -> None:
    """Record, rule 8: a failed Create's Delete is for that Create alone, and for the Updates under its id."""
    releasing = claim()
    for later, failed_create in enumerate(deletes, start=1):
        releasing = releasing.with_releasing(stamp(f"delete {later}", SECOND + later), failed_create)
    id_names = {"mine": None, "failed": None, "update": "failed"}
    arrivals = {digest: releasing.arrival(stamp(digest), create) for digest, create in id_names.items()}
    assert {digest for digest, arrival in arrivals.items() if arrival is Arrival.SUPERSEDED} == superseded
    known = record(releasing)
    assert {one for one, create in id_names.items() if known.supersedes(ME, stamp(one), create)} == superseded


def test_without_a_delete_a_claim_compares_with_its_creates_and_updates() -> None:
    """Record, rule 3: the claim's newest request decides."""
    assert claim().arrival(stamp("mine")) is Arrival.CURRENT
    assert claim().arrival(stamp("older", SECOND - 1)) is Arrival.SUPERSEDED


def test_a_departed_owner_supersedes_its_older_requests_and_those_that_are_named() -> None:
    """Record, rule 3: a request older than its owner's `departed` writes nothing."""
    departed = Departed(ME, NOW, SECOND, ("same second",))
    assert departed.supersedes(ME, stamp("older", SECOND - 1))
    assert departed.supersedes(ME, stamp("same second"))
    assert not departed.supersedes(ME, stamp("another"))
    assert not departed.supersedes(THEY, stamp("older", SECOND - 1))


def test_a_record_supersedes_by_its_claim_and_by_its_departed_owners() -> None:
    """Record, rule 3: either is enough, and neither speaks for another owner."""
    older = stamp("older", SECOND - 1)
    assert record(claim()).supersedes(ME, older)
    assert record(departed=(Departed(THEY, NOW, SECOND, ()), Departed(ME, NOW, SECOND, ()))).supersedes(ME, older)
    assert not record(claim(), departed=(Departed(ME, NOW, SECOND, ()),)).supersedes(ME, stamp("mine"))
    assert not record(claim(THEY)).supersedes(ME, older)


def test_the_last_claim_is_in_force() -> None:
    """Record, rule 4: claims are a stack."""
    assert record().in_force is None
    assert record(claim(THEY), claim()).in_force == claim()


def test_a_claim_is_found_by_its_owner_wherever_it_stands() -> None:
    """Record, rule 4: a Delete removes its own claim wherever it stands."""
    both = record(claim(THEY), claim())
    assert both.claim_of(THEY) == claim(THEY)
    assert both.claim_of(ME) == claim()
    assert both.claim_of(RENAMED) is None


def test_the_claim_below_is_the_one_that_comes_into_force_again() -> None:
    """Record, rule 4: the stream goes back to what the claim below wants."""
    assert record(claim(THEY), claim()).claim_below(ME) == claim(THEY)
    assert record(claim(RENAMED), claim(THEY), claim()).claim_below(ME) == claim(THEY)


def test_no_claim_is_below_the_only_one_nor_below_one_that_is_not_in_force() -> None:
    """Record, rule 4: only what is in force gives the stream back."""
    assert record(claim()).claim_below(ME) is None
    assert record(claim(THEY), claim()).claim_below(THEY) is None
    assert record(claim(RENAMED), claim(THEY), claim()).claim_below(THEY) is None


def test_a_record_knows_who_has_departed() -> None:
    """Record, rule 6: a record that knows of the owner's Delete is no lost record."""
    left = record(departed=(Departed(ME, NOW, 0, ()),))
    assert left.has_departed(ME)
    assert not left.has_departed(THEY)


def test_a_record_tells_the_key_behind_a_reported_key_id() -> None:
    """KeyId: what was started counts, not what an alias means by now."""
    known = record(key=recorded(ONE), pending=pending(start_intent(TWO)))
    assert known.key_arn("alias/one") == ONE.identity
    assert known.key_arn(TWO.identity) == TWO.identity
    assert known.key_arn("alias/three") is None
    assert record().key_arn("alias/one") is None


def test_the_key_that_is_being_started_counts_before_the_one_that_was_there() -> None:
    """KeyId: an alias that stands for another key since the last Start is that other key in the intent."""
    moved = start_intent(Key("alias/aws/kinesis", arn("new")))
    known = record(key=RecordedKey("alias/aws/kinesis", arn("old")), pending=pending(moved))
    assert known.key_arn("alias/aws/kinesis") == arn("new")


def test_a_recorded_key_is_compared_by_its_arn() -> None:
    """Promise 4: keys are compared as resolved keys, however they are spelled."""
    assert recorded(ONE).is_key(Key("one", ONE.identity))
    assert not recorded(ONE).is_key(TWO)
    assert not recorded(ONE).is_key(None)


def test_no_key_is_recorded_where_there_is_none() -> None:
    """Record: found is a key, or none."""
    assert RecordedKey.of(None) is None
    assert RecordedKey.of(THREE) == RecordedKey("alias/three", THREE.identity)


def test_a_record_that_the_table_does_not_have_is_empty() -> None:
    """Record: version 0 means that there is no item."""
    empty = Record(STREAM_ARN)
    assert (empty.version, empty.incarnation, empty.claims, empty.departed) == (0, 0, (), ())
    assert (empty.pending, empty.key, empty.started, empty.changed_at) == (None, None, False, 0.0)
    assert record().incarnation == CREATED
    assert started(ONE) == RecordedKey(ONE.identity, ONE.identity)


@pytest.mark.parametrize(("later", "superseded"), [(-1, True), (0, True), (1, False)])
def test_the_delete_of_a_failed_create_supersedes_updates_under_its_id_that_came_before(
    later: int, *, superseded: bool
) -> None:
    """Record, rule 8: the Update is of the resource that this Delete has removed."""
    departed = Departed(ME, float(SECOND), 0, ("failed",))
    update = stamp("update", SECOND + later)
    assert departed.supersedes(ME, update, "failed") is superseded
    assert record(departed=(departed,)).supersedes(ME, update, "failed") is superseded
    assert not departed.supersedes(ME, update, "another")
    assert not departed.supersedes(ME, update)
