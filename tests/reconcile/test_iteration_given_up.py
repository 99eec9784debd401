"""One iteration of a failed request's Delete that AWS has not let look for a minute: it reads the record once more."""

import pytest

from stream_encryption.reconcile.actions import Action, Code, Failed
from tests.fake_errors import Kind
from tests.reconcile.account import Account
from tests.reconcile.iterations import iteration, mine
from tests.values import ME, release, stamp

GOAL = release(failed_create="create", may_be_untouched=True)


@pytest.fixture
def account() -> Account:
    """A stream that is not encrypted, and that may not be looked at."""
    account = Account()
    account.faults.fail_next("DescribeStreamSummary", Kind.ACCESS_DENIED, times=9)
    return account


def given_up(account: Account, record_refused: Kind | None = None) -> Action:
    """The action of the iteration that comes a minute after the first refusal, and whose GetItem may be refused."""
    refused = iteration(account, None, GOAL)
    assert refused.action.code == Code.RETRYING_REFUSED
    account.clock.sleep(60)
    if record_refused:
        account.faults.fail_next("GetItem", record_refused, times=2)
    return iteration(account, refused, GOAL).action


def test_a_claim_of_the_failed_create_fails_its_delete(account: Account) -> None:
    """Promise 3: what the Create did is not left behind as a success."""
    account.keep(claims=(mine(account, creates=("create",)),))
    assert isinstance(given_up(account), Failed)
    assert "PutItem" not in account.named()


def test_the_owner_s_end_is_written_where_there_is_no_claim(account: Account) -> None:
    """Promise 6: the Create, if it is still at work, changes nothing more."""
    account.keep()
    assert given_up(account).code == Code.LEFT_ALONE
    assert account.record.supersedes(ME, stamp("create"))


@pytest.mark.parametrize(
    ("kind", "code"),
    [(Kind.THROTTLING, Code.BACKING_OFF), (Kind.READ_TIMEOUT, Code.BACKING_OFF), (Kind.ACCESS_DENIED, Code.LEFT_ALONE)],
)
def test_a_record_that_can_not_be_read_for_a_moment_is_read_again(account: Account, kind: Kind, code: Code) -> None:
    """Promise 3: an outage decides nothing. Promise 7: a role without the table does not block the teardown."""
    account.keep(claims=(mine(account, creates=("create",)),))
    assert given_up(account, kind).code == code
