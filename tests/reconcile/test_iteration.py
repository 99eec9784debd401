"""One iteration: a look, a decision and one call; and what is known for the next iteration."""

import pytest

from stream_encryption.reconcile.actions import Code, Wait
from stream_encryption.reconcile.iteration import NOTHING, Known, iterate
from stream_encryption.reconcile.progress import Progress
from stream_encryption.reconcile.state import OngoingRefusal
from stream_encryption.record.requests import Latest
from stream_encryption.values import RefusalKind
from tests.builders import STREAM_ARN
from tests.reconcile.account import Account
from tests.reconcile.iterations import ENSURE, iteration, mine
from tests.values import THEY, claim, ensure, pending, start_intent, state


@pytest.fixture
def account() -> Account:
    """A stream that is not encrypted."""
    return Account()


def test_the_steps_of_a_create_are_intent_then_start(account: Account) -> None:
    """Record, rule 1: the look, the intent, the call; no second look in between."""
    announced = iteration(account)
    assert announced.action.code == Code.INTENT_RECORDED
    written = account.record
    assert written.pending
    assert announced.state.call
    assert written.pending.intent_id == announced.state.call.intent_id
    assert (written.pending.request, written.pending.written_at) == ("mine", account.clock.now())
    assert announced.known.record == written
    started = iteration(account, announced)
    assert started.action.code == Code.START_REQUESTED
    assert account.named() == ["DescribeStreamSummary", "GetItem", "DescribeKey", "PutItem", "StartStreamEncryption"]
    assert account.calls[-1].arguments["KeyId"] == account.one.arn
    assert (started.state.calls_made, started.known) == (1, Known(written))


def test_each_intent_has_a_name_of_its_own(account: Account) -> None:
    """Record, rule 1: this very request's intent, not one of an earlier attempt."""
    env, names = account.env, set()
    for _ in range(3):
        account.table.remove(STREAM_ARN)
        iterate(Progress((ENSURE,), state(since=account.clock.now())), env, NOTHING)
        assert account.record.pending
        names.add(account.record.pending.intent_id)
    assert {len(name) for name in names} == {16}
    assert len(names) == 3


def test_a_newer_request_is_recorded_while_it_waits(account: Account) -> None:
    """Promise 6: no intent is written for it, since no call is due."""
    account.keep(claims=(mine(account, latest=Latest(0, ("older",))),))
    account.kinesis.people.reshard("orders", 60)
    noted = iteration(account)
    assert (noted.action.code, noted.state.call) == (Code.REQUEST_RECORDED, None)
    assert (account.record.pending, noted.known.record) == (None, account.record)
    assert iteration(account, noted).action.code == Code.WAITING_FOR_ACTIVE


def test_a_wait_keeps_the_record_and_looks_at_the_stream_again(account: Account) -> None:
    """Calls: a poll is one call."""
    account.kinesis.people.reshard("orders", 60)
    waiting = iteration(account)
    assert waiting.action.code == Code.WAITING_FOR_ACTIVE
    assert waiting.state.waiting_for == waiting.action.reason
    account.calls.clear()
    again = iteration(account, waiting)
    assert account.named() == ["DescribeStreamSummary", "DescribeKey"]
    assert again.known.record == waiting.known.record


def test_a_wait_for_another_requests_call_reads_the_record_again(account: Account) -> None:
    """Record, rule 2: to see whether the other call is over."""
    theirs = pending(start_intent(), "theirs", account.clock.now())
    account.keep(claims=(mine(account),), pending=theirs)
    waiting = iteration(account)
    assert (waiting.action.code, waiting.known) == (Code.WAITING_FOR_OTHER_CALL, NOTHING)


def test_a_write_that_met_another_reads_the_record_again(account: Account) -> None:
    """Record, rule 7: read again, decide again."""
    account.faults.before_call(lambda _: account.keep(claims=(mine(account),)), "PutItem")
    met = iteration(account)
    assert (met.action.code, met.known, met.state.call) == (Code.LOOKING_AGAIN, NOTHING, None)
    assert iteration(account, met).action.code == Code.INTENT_RECORDED
    assert len(account.table.versions) == 2


def test_a_look_that_is_too_old_is_not_acted_upon(account: Account) -> None:
    """Record, rule 10: an invocation that stood still looks again; calls of seven seconds each do not stop it."""
    account.faults.before_call(lambda _: account.clock.sleep(30.1), "DescribeKey")
    late = iteration(account)
    assert isinstance(late.action, Wait)
    assert (late.action.code, late.action.seconds, late.known) == (Code.LOOKING_AGAIN, 0.0, NOTHING)
    assert account.table.items == {}
    account.faults.before_call(lambda _: account.clock.sleep(29.9), "DescribeKey")
    assert iteration(account, late).action.code == Code.INTENT_RECORDED


def test_a_failure_goes_by_a_record_that_was_just_read(account: Account) -> None:
    """Record, rule 7: a decision that writes nothing could be wrong by an old record."""
    account.keep(claims=(claim(THEY),))
    old = account.record
    account.keep(claims=(mine(account),))
    looked = iterate(Progress((ENSURE,), state(since=account.clock.now())), account.env, Known(old))
    assert (looked.action.code, looked.known) == (Code.LOOKING_AGAIN, NOTHING)
    assert iteration(account, looked).action.code == Code.INTENT_RECORDED


def test_a_record_that_was_put_and_came_back_encrypted_verifies(account: Account) -> None:
    """Property Verify."""
    account.kinesis.add_stream("orders", "alias/one")
    goal = ensure(settle_seconds=0, verify=True)
    before = OngoingRefusal("kinesis:PutRecord", RefusalKind.UNPROVEN, account.clock.now() - 9)
    verified = iteration(account, None, goal, ongoing_refusals=(before,))
    assert (verified.action.code, verified.state.verified) == (Code.VERIFY_REQUESTED, True)
    assert verified.state.ongoing_refusals == ()
    assert account.named()[-1] == "PutRecord"


def test_success_follows_a_write(account: Account) -> None:
    """Record, rule 5: where the write meets another, it is no success."""
    account.kinesis.add_stream("orders", "alias/one")
    account.faults.before_call(lambda _: account.keep(claims=(claim(THEY),)), "PutItem")
    met = iteration(account)
    assert met.action.code == Code.LOOKING_AGAIN
    failed = iteration(account, met)
    assert failed.action.code == "OwnedByAnotherStack"
