"""The loop: goal after goal, until all are reached, the time is over, or the wait gets too long."""

import pytest

from stream_encryption import errors
from stream_encryption.reconcile.actions import Code
from stream_encryption.reconcile.goals import Goal
from stream_encryption.reconcile.loop import WaitBudget, loop
from stream_encryption.reconcile.progress import Progress
from stream_encryption.record.watch_notes import WatchNotes
from stream_encryption.values import StreamRef
from tests.fake_errors import Kind
from tests.reconcile.account import Account
from tests.reconcile.iterations import ENSURE, iteration
from tests.values import ME, THEY, claim, ensure, mend, release, stamp


@pytest.fixture
def account() -> Account:
    """A stream that is not encrypted."""
    return Account()


def work(
    account: Account, *goals: Goal, seconds: float = 3600.0, budget: WaitBudget | None = None
) -> tuple[Progress, float]:
    """Work on goals for so many seconds."""
    now = account.clock.now()
    progress = Progress.begin(goals or (ensure(),), now)
    return loop(progress, account.env, now + seconds, budget or WaitBudget())


def test_a_create_encrypts_the_stream_and_claims_it(account: Account) -> None:
    """Calls: a Create whose update takes 1.5 s makes ten at the most."""
    account.kinesis.settings.updating = 1.5
    progress, seconds = work(account, ensure(creates=True))
    assert (progress.goals, progress.changes, seconds) == ((), 1, 0.0)
    assert account.stream.encryption.key_id == account.one.arn
    assert account.record.in_force
    assert account.record.in_force.owner == ME
    assert len(account.calls) <= 10


def test_goals_are_reached_one_after_the_other(account: Account) -> None:
    """Rollback of a failed replacement: release the tried stream, then ensure the old one."""
    account.kinesis.add_stream("other")
    first = ensure(stream=StreamRef("other"))
    progress, _ = work(account, first, ensure(), release(stream=StreamRef("other"), stamp=stamp("later", 2**31)))
    assert progress.goals == ()
    assert progress.changes == 3
    assert account.stream.encryption.key_id == account.one.arn
    assert account.kinesis.streams["other"].encryption.key_id is None


def test_no_goal_is_reached_at_once(account: Account) -> None:
    """A Delete without a stream has nothing to do."""
    done, seconds = loop(Progress.begin((), 0.0), account.env, 0.0, WaitBudget())
    assert (done.goals, seconds, account.calls) == ((), 0.0, [])


def test_a_goal_that_can_not_be_reached_ends_the_loop(account: Account) -> None:
    """Errors: FAILED."""
    account.keep(claims=(claim(THEY),))
    with pytest.raises(errors.OwnedByAnotherStack):
        work(account)


def test_a_wait_that_is_too_long_ends_the_loop_with_the_time_of_the_next_look(account: Account) -> None:
    """Workflow: a long wait costs less in the state machine."""
    account.kinesis.people.reshard("orders", 600)
    begun = account.clock.now()
    progress, seconds = work(account, budget=WaitBudget(until=begun + 60))
    assert progress.goals == (ensure(),)
    assert progress.state.waiting_for
    assert account.clock.now() <= begun + 60 < account.clock.now() + seconds


def test_one_piece_of_waiting_can_be_limited(account: Account) -> None:
    """Workflow: a step waits two seconds in one piece at the most."""
    begun = account.clock.now()
    _, seconds = work(account, ensure(settle_seconds=30), budget=WaitBudget(longest=2.0))
    assert 2.0 < seconds <= 30.0
    assert account.clock.now() - begun < 10


def test_the_longest_pause_between_two_looks_is_the_budgets(account: Account) -> None:
    """Workflow: a pause there costs nothing."""
    account.kinesis.people.reshard("orders", 3000)
    _, seconds = work(account, budget=WaitBudget(longest=50.0, longest_look=60.0))
    assert 50 < seconds <= 60 * 1.125


def test_a_call_that_is_only_announced_is_waited_out_when_another_invocation_goes_on(account: Account) -> None:
    """Promise 4: an invocation that died may have made the Start, so a second one would cost quota for nothing."""
    died = iteration(account)
    assert died.action.code == Code.INTENT_RECORDED
    account.calls.clear()
    now = account.clock.now()
    loop(Progress((ENSURE,), died.state), account.env, now + 3600, WaitBudget(until=now))
    assert account.log.codes[-1] == Code.WAITING_FOR_OTHER_CALL
    assert "StartStreamEncryption" not in account.named()


def test_a_call_is_not_left_to_the_next_step(account: Account) -> None:
    """Record, rule 1: the budget ends at a wait, never between the intent and its call."""
    progress, _ = work(account, budget=WaitBudget(until=account.clock.now()))
    assert progress.state.calls_made == 1
    assert account.named()[-1] in ("StartStreamEncryption", "DescribeStreamSummary")


@pytest.mark.parametrize("seconds", [0.5, 20.0, 600.0])
def test_time_is_used_to_its_end_and_what_was_waited_for_is_told(account: Account, seconds: float) -> None:
    """Error DeadlineExceeded: the last pause ends at the deadline, and a last look is made there."""
    account.kinesis.people.reshard("orders", 6000)
    begun = account.clock.now()
    with pytest.raises(errors.DeadlineExceeded, match="UPDATING") as late:
        work(account, seconds=seconds)
    assert account.clock.now() == begun + seconds
    assert account.calls.named("DescribeStreamSummary")[-1].at == begun + seconds
    assert f"{seconds:.0f} s" in str(late.value)


def test_a_mend_that_could_not_start_until_its_deadline_leaves_no_intent_and_does_not_count(account: Account) -> None:
    """Record, rule 2: nobody waits for its call; property OnDrift: nobody has undone it."""
    before = account.clock.now() - 3600
    settled = claim(wanted=account.key("alias/one"), succeeded="mine")
    account.keep(claims=(settled,), watch=WatchNotes(mends=(before,)))
    account.faults.fail_next("StartStreamEncryption", Kind.THROTTLING, times=99)
    with pytest.raises(errors.DeadlineExceeded):
        work(account, mend(), seconds=20.0)
    after = account.record
    assert (after.pending, after.claims, after.watch.mends) == (None, (settled,), (before,))


def test_after_the_deadline_nothing_is_touched(account: Account) -> None:
    """Promise 2: an invocation that stood still past its deadline answers, and does no more."""
    with pytest.raises(errors.DeadlineExceeded):
        work(account, seconds=-1.1)
    assert account.calls == []


def test_a_look_at_the_very_deadline_may_still_reach_the_goal(account: Account) -> None:
    """Promise 2: a pause that ends a moment late is no reason to fail."""
    account.kinesis.add_stream("orders", "alias/one")
    progress, _ = work(account, ensure(settle_seconds=0), seconds=-1.0)
    assert progress.goals == ()


def test_the_deadline_counts_for_each_goal_with_its_own_beginning(account: Account) -> None:
    """Error DeadlineExceeded: what is told is the wait of the goal that was not reached."""
    account.kinesis.add_stream("other", "alias/one")
    begun = account.clock.now()
    account.kinesis.people.reshard("orders", 6000)
    with pytest.raises(errors.DeadlineExceeded, match=r"stream orders, 85 s") as late:
        work(account, ensure(stream=StreamRef("other")), ensure(), seconds=90.0)
    assert "waiting" in str(late.value)
    assert account.clock.now() == begun + 90


def test_throttled_looks_go_on_by_the_other_call(account: Account) -> None:
    """Issue: where DescribeStreamSummary is throttled, DescribeStream tells the same."""
    now = account.clock.now()
    account.faults.between(now, now + 1e6, "DescribeStreamSummary", Kind.RATE_EXCEEDED)
    progress, _ = work(account)
    assert progress.goals == ()
    assert account.stream.encryption.key_id == account.one.arn
    assert account.clock.now() - now < 60


def test_a_budget_without_limits_never_ends() -> None:
    """Without a state machine the function waits by itself."""
    assert not WaitBudget().ends(0.0, 10**9)
    assert not WaitBudget(until=10.0).ends(5.0, 5.0)
    assert WaitBudget(until=10.0).ends(5.0, 5.1)
    assert not WaitBudget(longest=5.0).ends(5.0, 5.0)
    assert WaitBudget(longest=5.0).ends(5.0, 5.1)
