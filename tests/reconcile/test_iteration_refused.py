"""One iteration whose call was refused or not answered, and the end of the intent of a request that fails."""

from dataclasses import replace

import pytest

from stream_encryption.reconcile.actions import Code, Failed, Verify
from stream_encryption.reconcile.iteration import NOTHING, Iteration, Known, iterate
from stream_encryption.reconcile.progress import Progress
from stream_encryption.reconcile.state import OngoingRefusal
from stream_encryption.values import RefusalKind
from tests.fake_errors import Kind
from tests.reconcile.account import Account
from tests.reconcile.iterations import ENSURE, iteration
from tests.values import call, ensure, start_intent, state, stream


@pytest.fixture
def account() -> Account:
    """A stream that is not encrypted."""
    return Account()


def test_an_intent_that_was_written_unheard_is_known_again(account: Account) -> None:
    """Promise 6: the write took effect, its answer was lost, and the call follows all the same."""
    account.faults.lose_answer("PutItem")
    unheard = iteration(account)
    assert unheard.action.code == Code.BACKING_OFF
    assert unheard.state.call
    assert unheard.known == NOTHING
    assert iteration(account, unheard).action.code == Code.START_REQUESTED


def test_an_intent_whose_write_was_refused_is_not_remembered(account: Account) -> None:
    """Record, rule 1: no Start without it."""
    account.faults.fail_next("PutItem", Kind.THROTTLING)
    refused = iteration(account)
    assert (refused.action.code, refused.state.call, refused.state.throttle_level) == (Code.BACKING_OFF, None, 1)
    assert iteration(account, refused).action.code == Code.INTENT_RECORDED


def test_a_start_whose_answer_was_lost_may_have_been_made(account: Account) -> None:
    """Promise 6: it is looked for before it is made again."""
    announced = iteration(account)
    account.faults.lose_answer("StartStreamEncryption")
    unheard = iteration(account, announced)
    assert unheard.action.code == Code.BACKING_OFF
    assert unheard.state.call
    assert (unheard.state.call.called_at, unheard.state.call.answered) == (account.clock.now(), False)
    assert unheard.state.calls_made == 1
    assert unheard.known == Known(announced.known.record)


def test_a_start_that_was_refused_was_not_made(account: Account) -> None:
    """Errors: what was refused can be made again at once."""
    announced = iteration(account)
    account.faults.fail_next("StartStreamEncryption", Kind.KMS_ACCESS_DENIED)
    refused = iteration(account, announced)
    assert refused.action.code == Code.RETRYING_REFUSED
    assert refused.state.call
    assert (refused.state.call.called_at, refused.state.calls_made) == (None, 0)
    assert refused.state.call.refused


def test_a_start_that_was_refused_is_announced_anew_before_the_next_try(account: Account) -> None:
    """Record, rule 1: no invocation makes a call by the intent of an earlier try."""
    announced = iteration(account)
    account.faults.fail_next("StartStreamEncryption", Kind.KMS_ACCESS_DENIED)
    refused = iteration(account, announced)
    again = iteration(account, refused)
    assert again.action.code == Code.INTENT_RECORDED
    assert iteration(account, again).action.code == Code.START_REQUESTED


@pytest.mark.parametrize("operation", ["DescribeStreamSummary", "StartStreamEncryption"])
def test_a_process_that_paused_for_longer_than_the_minute_tries_once_more(account: Account, operation: str) -> None:
    """Promise 9: AWS refused the call before the pause, when the key was seconds old."""
    since = OngoingRefusal(f"kinesis:{operation}", RefusalKind.DENIED, account.clock.now())
    before = Iteration(state(since=account.clock.now()), Verify(Code.VERIFY_REQUESTED, "", stream()), NOTHING)
    if operation == "StartStreamEncryption":
        before = iteration(account)
    account.faults.fail_next(operation, Kind.KMS_ACCESS_DENIED)
    account.faults.before_call(lambda _: account.clock.sleep(120), operation)
    refused = iteration(account, replace(before, state=replace(before.state, ongoing_refusals=(since,))))
    assert account.clock.now() - since.since >= 120
    assert refused.action.code == Code.RETRYING_REFUSED


def test_a_refusal_is_remembered_with_its_time(account: Account) -> None:
    """Promise 9: a minute from the first one on."""
    announced = iteration(account)
    account.faults.fail_next("StartStreamEncryption", Kind.KMS_ACCESS_DENIED)
    refused = iteration(account, announced)
    assert refused.state.refused_since("kinesis:StartStreamEncryption", RefusalKind.KEY) == account.clock.now()


def test_a_write_that_dynamodb_takes_is_no_longer_refused(account: Account) -> None:
    """Promise 9: a refusal of a later write has a minute of its own."""
    account.faults.fail_next("PutItem", Kind.ACCESS_DENIED)
    refused = iteration(account)
    assert [one.action for one in refused.state.ongoing_refusals] == ["dynamodb:PutItem"]
    written = iteration(account, refused)
    assert (written.action.code, written.state.ongoing_refusals) == (Code.INTENT_RECORDED, ())


def test_a_refusal_that_ends_the_request_withdraws_its_intent(account: Account) -> None:
    """Record, rule 2: the call was not made, and won't be."""
    announced = iteration(account)
    account.faults.fail_next("StartStreamEncryption", Kind.INVALID_ARGUMENT)
    assert iteration(account, announced).action.code == "InvalidArgument"
    assert account.record.pending is None


def test_a_write_that_is_refused_for_good_ends_the_request(account: Account) -> None:
    """Error AccessDenied: the record is not known any more, so there is no intent to withdraw."""
    account.faults.fail_next("PutItem", Kind.ACCESS_DENIED)
    since = OngoingRefusal("dynamodb:PutItem", RefusalKind.DENIED, account.clock.now() - 60)
    announced = call(start_intent())
    refused = iteration(account, ongoing_refusals=(since,), call=announced)
    assert (refused.action.code, refused.known) == ("AccessDenied", NOTHING)


def test_every_refusal_and_every_decision_is_told(account: Account) -> None:
    """Operators see each decision by its code, and each call that AWS refused."""
    account.faults.fail_next("DescribeStreamSummary", Kind.THROTTLING)
    refused = iteration(account)
    iteration(account, refused)
    assert account.log.codes == [Code.BACKING_OFF, Code.INTENT_RECORDED]
    assert [one.action for one in account.log.refusals] == ["kinesis:DescribeStreamSummary"]


def test_a_refused_look_keeps_the_record_that_is_known(account: Account) -> None:
    """Calls: one poll that is throttled does not cost a read."""
    account.kinesis.people.reshard("orders", 60)
    waiting = iteration(account)
    account.faults.fail_next("DescribeStreamSummary", Kind.THROTTLING)
    assert iteration(account, waiting).known == waiting.known


def test_a_request_that_fails_before_its_call_withdraws_its_intent(account: Account) -> None:
    """Record, rule 2: so that nobody has to wait for a call that is never made."""
    announced = iteration(account)
    account.one.state = "Disabled"
    known = Known(announced.known.record)
    again = iterate(Progress((ENSURE,), announced.state), account.env, known)
    failed = iterate(Progress((ENSURE,), again.state), account.env, again.known)
    assert isinstance(failed.action, Failed)
    assert (account.record.pending, account.record.claims) == (None, ())


def test_an_intent_that_can_not_be_withdrawn_just_lasts_its_time(account: Account) -> None:
    """Record, rule 1: an intent has an end."""
    announced = iteration(account)
    account.one.state = "Disabled"
    account.faults.fail_next("PutItem", Kind.THROTTLING)
    failed = iterate(Progress((ENSURE,), announced.state), account.env, NOTHING)
    assert isinstance(failed.action, Failed)
    assert account.record.pending


def test_a_request_that_fails_after_its_call_was_answered_ends_its_intent(account: Account) -> None:
    """Record, rules 2 and 9: the call is over, and the record says which key the stream has and who gave it."""
    goal = ensure(settle_seconds=0, verify=True)
    made = iteration(account, iteration(account, None, goal), goal)
    account.clock.sleep(10)
    account.faults.fail_next("PutRecord", Kind.INVALID_ARGUMENT)
    settled = iterate(Progress((goal,), made.state), account.env, NOTHING)
    assert settled.action.code == "InvalidArgument"
    after = account.record
    assert after.key
    assert (after.pending, after.key.arn, after.started) == (None, account.one.arn, True)
    assert after.changed_at == account.clock.now() - 10


def test_an_intent_whose_calls_answer_was_lost_is_not_ended(account: Account) -> None:
    """Record, rule 2: the call may still have an effect."""
    account.faults.fail_next("StartStreamEncryption", Kind.READ_TIMEOUT)
    started = iteration(account, iteration(account))
    account.kinesis.people.delete("orders", 600)
    failed = iterate(Progress((ENSURE,), started.state), account.env, NOTHING)
    assert isinstance(failed.action, Failed)
    assert account.record.pending
