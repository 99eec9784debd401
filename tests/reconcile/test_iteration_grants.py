"""One iteration of a request with grants: the call that the record announced, and what the state keeps of it."""

from dataclasses import replace

import pytest

from stream_encryption.grants import Direction, Grant
from stream_encryption.reconcile.actions import Code
from stream_encryption.reconcile.goals import Access, RevokeDue
from stream_encryption.reconcile.state import Granted, OngoingRefusal
from stream_encryption.values import RefusalKind, StreamRef
from tests.builders import STREAM_ARN
from tests.fake_errors import Kind
from tests.reconcile.account import Account
from tests.reconcile.iterations import ENSURE, iteration, mine
from tests.values import ME, ensure, recorded, stamp

WRITER = "arn:aws:iam::123456789012:role/writer"
GRANTING = ensure(access=Access((WRITER,)), settle_seconds=0)


@pytest.fixture
def account() -> Account:
    """A stream that is not encrypted."""
    return Account()


@pytest.fixture
def granted() -> tuple[Account, Grant]:
    """A stream with key one, and the grant of a producer that no template names any more."""
    account = Account("alias/one")
    account.kinesis.add_stream("orders", account.one.arn)
    wanted = Grant(account.one.arn, WRITER, Direction.PRODUCER)
    grant_id = account.env.grants.create(wanted, STREAM_ARN)
    grant = replace(wanted, owners=(ME,), grant_id=grant_id, made_at=account.clock.now() - 60)
    key = recorded(account.key(account.one.arn))
    account.keep(claims=(mine(account, succeeded="mine"),), key=key, started=True, grants=(grant,))
    return account, grant


def test_a_grant_is_announced_and_then_made_upon_the_same_look(account: Account) -> None:
    """Grants: the state keeps KMS' id and the time, from which GrantSeconds count."""
    announced = iteration(account, None, GRANTING)
    assert announced.action.code == Code.INTENT_RECORDED
    assert account.record.pending
    made = iteration(account, announced, GRANTING)
    assert (made.action.code, account.named()[-1]) == (Code.GRANT_REQUESTED, "CreateGrant")
    (grant,) = account.kms.grants.all
    assert (grant.principal, grant.context) == (WRITER, {"aws:kinesis:arn": STREAM_ARN})
    wanted = Grant(account.one.arn, WRITER, Direction.PRODUCER, (ME,), grant.grant_id, account.clock.now())
    assert (made.state.granted, made.known) == (Granted(made=(wanted,)), announced.known)


def test_a_grant_whose_response_was_lost_may_have_been_made(account: Account) -> None:
    """Promise 6: CreateGrant is repeated, and its Name makes KMS return the same grant."""
    announced = iteration(account, None, GRANTING)
    account.faults.lose_answer("CreateGrant")
    unheard = iteration(account, announced, GRANTING)
    assert (unheard.action.code, unheard.state.granted) == (Code.BACKING_OFF, Granted())
    assert unheard.state.call
    assert (unheard.state.call.called_at, unheard.state.call.answered) == (account.clock.now(), False)
    assert unheard.state.calls_made == 0, "no Start was made"


@pytest.mark.parametrize("heard", [True, False])
def test_a_grant_that_no_template_names_any_more_is_revoked(granted: tuple[Account, Grant], *, heard: bool) -> None:
    """Grants: by the id that KMS gave, or by the stream's Name if no response has told the id."""
    account, grant = granted
    if not heard:
        unheard = replace(grant, grant_id=None)
        account.keep(claims=account.record.claims, key=account.record.key, started=True, grants=(unheard,))
    revoked = iteration(account, iteration(account))
    assert (revoked.action.code, account.kms.grants.revoked) == (Code.REVOKE_REQUESTED, [grant.grant_id])
    assert [one.identity for one in revoked.state.granted.revoked] == [grant.identity]


def test_a_grant_that_kms_will_not_revoke_is_skipped_once(granted: tuple[Account, Grant]) -> None:
    """Promise 7: the request goes on without the call."""
    account, grant = granted
    theirs = replace(grant, owners=(), ended_at=account.clock.now() - 1)
    account.keep(claims=account.record.claims, key=account.record.key, started=True, grants=(theirs,))
    since = OngoingRefusal("kms:RevokeGrant", RefusalKind.DENIED, account.clock.now() - 60)
    announced = iteration(account, None, ENSURE, ongoing_refusals=(since,))
    account.faults.fail_next("RevokeGrant", Kind.ACCESS_DENIED)
    skipped = iteration(account, announced)
    assert (skipped.action.code, skipped.state.granted.unrevoked) == (Code.REVOKE_SKIPPED, (theirs,))
    assert iteration(account, skipped).action.code == Code.ENCRYPTED


def test_the_watch_revokes_a_grant_that_is_due_by_two_steps(granted: tuple[Account, Grant]) -> None:
    """Grants: by the rules of a request, so announced first."""
    account, grant = granted
    due = replace(grant, owners=(), ended_at=account.clock.now() - 1)
    account.keep(claims=account.record.claims, key=account.record.key, started=True, grants=(due,))
    goal = RevokeDue(StreamRef("orders", STREAM_ARN), stamp("watch"))
    announced = iteration(account, None, goal)
    assert announced.action.code == Code.INTENT_RECORDED
    assert iteration(account, announced, goal).action.code == Code.REVOKE_REQUESTED
    assert account.kms.grants.revoked == [grant.grant_id]
