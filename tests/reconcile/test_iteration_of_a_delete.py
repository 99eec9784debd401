"""One iteration of a Delete: a Stop, a Start, or none."""

import pytest

from stream_encryption.reconcile.actions import Code
from stream_encryption.record.requests import Latest
from stream_encryption.values import OnDelete
from tests.fake_errors import Kind
from tests.reconcile.account import Account
from tests.reconcile.iterations import iteration, mine
from tests.values import ME, recorded, release


@pytest.fixture
def account() -> Account:
    """A stream that is not encrypted."""
    return Account()


def test_a_delete_that_has_nothing_to_write_makes_no_call(account: Account) -> None:
    """Promise 4: an older Delete leaves all as it is."""
    account.keep(claims=(mine(account, latest=Latest(2_000_000_000, ("newer",))),))
    left = iteration(account, None, release())
    assert left.action.code == Code.LEFT_ALONE
    assert "PutItem" not in account.named()


def test_a_restore_that_is_skipped_is_remembered(account: Account) -> None:
    """Promise 7: the next iteration releases the stream, and the response says why."""
    account.kinesis.add_stream("orders", account.one.arn)
    two = account.key("alias/two")
    account.keep(claims=(mine(account, found=two),), key=recorded(account.key(account.one.arn)), started=True)
    account.two.state = "Disabled"
    waiting = iteration(account, None, release())
    assert waiting.action.code == Code.RETRYING_REFUSED
    account.clock.sleep(60)
    doubted = iteration(account, waiting, release())
    assert doubted.action.code == Code.LOOKING_AGAIN  # The record has not been read since.
    skipped = iteration(account, doubted, release())
    assert skipped.action.code == Code.RESTORE_SKIPPED
    assert skipped.state.skipped == skipped.action.reason
    assert iteration(account, skipped, release()).action.code == Code.RELEASED
    assert account.record.claim_of(ME) is None


def test_a_stop_is_made_with_the_key_that_the_stream_has(account: Account) -> None:
    """Property OnDelete, Stop."""
    account.kinesis.add_stream("orders", "alias/two")
    account.keep(claims=(mine(account),))
    goal = release(on_delete=OnDelete.STOP)
    stopped = iteration(account, iteration(account, None, goal), goal)
    assert stopped.action.code == Code.STOP_REQUESTED
    assert account.calls[-1].arguments["KeyId"] == "alias/two"


def test_a_stop_that_was_refused_as_invalid_may_have_met_an_old_description(account: Account) -> None:
    """Promise 7: a Delete tries again for some seconds."""
    account.kinesis.add_stream("orders", "alias/two")
    account.keep(claims=(mine(account),))
    goal = release(on_delete=OnDelete.STOP)
    account.faults.fail_next("StopStreamEncryption", Kind.INVALID_ARGUMENT)
    assert iteration(account, iteration(account, None, goal), goal).action.code == Code.RETRYING_REFUSED
