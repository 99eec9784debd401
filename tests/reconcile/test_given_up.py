"""How the Delete of a failed request ends if AWS does not let it look or write: the record decides."""

from stream_encryption import errors
from stream_encryption.reconcile.actions import Code, Failed, GiveUp, Reached
from stream_encryption.reconcile.release import decide_given_up
from tests.values import ME, NOW, claim, record, release, stamp

GIVEN_UP = GiveUp(
    release(failed_create="create"),
    claimed=Failed(errors.InvalidRequest("x")),
    unclaimed=Reached(Code.LEFT_ALONE, "was refused", note="look"),
)


def test_a_delete_that_is_given_up_fails_where_the_failed_create_has_a_claim() -> None:
    """Promise 3: what the failed Create did is not left behind as a success."""
    assert decide_given_up(GIVEN_UP, record(claim(creates=("create",))), NOW) == GIVEN_UP.claimed


def test_a_delete_that_is_given_up_succeeds_where_it_has_no_claim_to_undo() -> None:
    """Promise 7: teardown goes on, and the response says that the stream should be looked at."""
    action = decide_given_up(GIVEN_UP, record(claim(creates=("create", "newer"))), NOW)
    assert isinstance(action, Reached)
    assert (action.code, action.record, action.note) == (Code.LEFT_ALONE, None, "look")


def test_a_delete_that_is_given_up_supersedes_the_failed_create_where_that_may_still_be_at_work() -> None:
    """Promise 6: a request that a newer one has superseded changes nothing more."""
    action = decide_given_up(GIVEN_UP, record(), NOW)
    assert isinstance(action, Reached)
    assert action.record
    assert action.record.supersedes(ME, stamp("create"))
    again = decide_given_up(GIVEN_UP, action.record, NOW + 1)
    assert isinstance(again, Reached)
    assert again.record is None
