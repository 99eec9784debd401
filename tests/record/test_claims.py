"""What becomes of the record's claims when a resource claims the stream, sends a request, or releases it."""

from dataclasses import replace

from stream_encryption.record.changes import with_claim, with_releasing, without_claim
from stream_encryption.record.requests import Latest
from stream_encryption.values import OnDelete
from tests.values import ME, ONE, RENAMED, SECOND, THEY, THREE, TWO, claim, record, recorded, stamp


def test_a_new_claim_is_put_on_top() -> None:
    """Record, rule 4: takeover and rename push."""
    assert with_claim(record(claim(THEY)), claim()).claims == (claim(THEY), claim())


def test_a_claim_in_force_is_replaced() -> None:
    """Record, rule 4: an Update changes its own claim."""
    assert with_claim(record(claim(THEY), claim()), claim(wanted=TWO)).claims == (claim(THEY), claim(wanted=TWO))


def test_a_claim_from_further_down_moves_to_the_top_and_leaves_what_it_found() -> None:
    """Record, rule 4: a resource that is renamed there and back; what was first found stays at the bottom."""
    stack = record(claim(found=THREE), claim(RENAMED, found=ONE, found_started=True))
    moved = with_claim(stack, claim(found=TWO))
    assert moved.claims == (claim(RENAMED, found=THREE), claim(found=TWO))


def test_the_claim_above_a_removed_one_inherits_what_that_had_found() -> None:
    """Record, rule 4: inherits the key, or that there was none, and whether the provider had started it."""
    first, above = claim(found=ONE, found_started=True), claim(RENAMED, found=TWO, found_started=True)
    stack = record(claim(THEY, found=THREE), first, above)
    assert without_claim(stack, THEY).claims == (claim(found=THREE), above)
    assert without_claim(stack, ME).claims == (claim(THEY, found=THREE), replace(above, found=recorded(ONE)))


def test_a_claim_that_found_the_key_of_others_or_a_kept_key_inherits_nothing() -> None:
    """Promise 3: others gave the stream that key since, or `OnDelete: Keep` says that it stays."""
    above = claim(RENAMED, found=TWO)
    assert without_claim(record(claim(found=ONE), above), ME).claims == (above,)
    above, kept = claim(RENAMED, found=TWO, found_started=True), claim(found=ONE, on_delete=OnDelete.KEEP)
    left = without_claim(record(claim(THEY), kept, above), ME)
    assert left.claims == (claim(THEY), replace(above, found_started=False))
    assert without_claim(left, THEY).claims == (replace(above, found_started=False),)


def test_the_claims_below_a_removed_one_stay_as_they_are() -> None:
    """Record, rule 4: the last one is just taken off."""
    assert without_claim(record(claim(THEY), claim(found=ONE)), ME).claims == (claim(THEY),)


def test_an_owner_without_a_claim_removes_none() -> None:
    """Record, rule 8: a Delete releases its own claim alone."""
    assert without_claim(record(claim(THEY)), ME) == record(claim(THEY))


def test_a_request_is_noted_in_its_owners_claim() -> None:
    """Record, rule 3: an older request of the owner is superseded from then on."""
    noted = claim().with_request(stamp("update", SECOND + 5), creates=False)
    assert noted == claim(latest=Latest(SECOND + 5, ("update",)))
    again = claim(creates=("one", "two")).with_request(stamp("one", SECOND + 5), creates=True)
    assert again == claim(latest=Latest(SECOND + 5, ("one",)), creates=("two", "one"))


def test_a_delete_that_begins_supersedes_the_requests_that_the_claim_knows() -> None:
    """Record, rule 3: also those of the Delete's own second."""
    same_second = with_releasing(record(claim(THEY), claim()), ME, stamp("delete"))
    assert same_second.claims == (claim(THEY), claim(releasing=Latest(SECOND, ("mine", "delete"))))
    later = with_releasing(record(claim()), ME, stamp("delete", SECOND + 5))
    assert later.claims == (claim(releasing=Latest(SECOND + 5, ("delete",))),)


def test_the_delete_of_a_failed_create_is_noted_with_that_create() -> None:
    """Record, rule 8: it supersedes the requests of that Create alone."""
    noted = with_releasing(record(claim(THEY), claim()), ME, stamp("delete", SECOND + 5), "failed")
    assert noted.claims == (claim(THEY), claim(releasing=Latest(SECOND + 5, ("delete",)), releases_create="failed"))


def test_a_second_delete_of_the_same_owner_follows_the_first() -> None:
    """Record, rule 3: a Delete that is tried again supersedes the one before."""
    first = with_releasing(record(claim()), ME, stamp("delete", SECOND + 5))
    assert with_releasing(first, ME, stamp("again", SECOND + 5)).claims[0].releasing == Latest(
        SECOND + 5, ("delete", "again")
    )
