"""What is done about a call that AWS refused: the contract's table of errors, for each goal."""

from typing import Any

import pytest

from stream_encryption import errors
from stream_encryption.reconcile.actions import Action, Code, Failed, GiveUp, Reached, SkipRestore, Wait
from stream_encryption.reconcile.failures import decide_refusal
from stream_encryption.reconcile.goals import Goal
from stream_encryption.reconcile.state import OngoingRefusal, State
from stream_encryption.values import Refusal, RefusalKind
from tests.builders import STREAM_ARN, STREAM_NAME
from tests.values import NOW, TWO, by_itself, call, ensure, failure, mend, release, start_intent, state, told

START, STOP = "kinesis:StartStreamEncryption", "kinesis:StopStreamEncryption"
LOOK, READ, WRITE, PUT = (
    "kinesis:DescribeStreamSummary",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "kinesis:PutRecord",
)
GOALS: list[Goal] = [ensure(), release(), mend()]
every_goal = pytest.mark.parametrize("goal", GOALS, ids=["Ensure", "Release", "Mend"])
NOT_AUTHORIZED = f"User: x is not authorized to perform: {START} on resource: "


def refused(kind: RefusalKind, action: str = START, message: str = "its own words") -> Refusal:
    """A call on the stream that AWS refused."""
    return Refusal(action, STREAM_ARN, kind, "SomeException", message)


def decide(goal: Goal, refusal: Refusal, tried: float | None = None, known: State | None = None) -> Action:
    """The decision after so many seconds of refusals of the same call; None: it is the first."""
    return by_itself(decide_or_give_up(goal, refusal, tried, known))


def decide_or_give_up(
    goal: Goal, refusal: Refusal, tried: float | None = None, known: State | None = None
) -> Action | GiveUp:
    """The same, where the record may have to decide."""
    base = known or state()
    if tried is not None:
        since = OngoingRefusal(refusal.action, refusal.kind, NOW - tried)
        base = state(ongoing_refusals=(since,), calls_made=base.calls_made, look_throttled=base.look_throttled)
    return decide_refusal(goal, refusal, base, NOW)


@every_goal
def test_a_write_that_met_another_is_decided_anew_at_once(goal: Goal) -> None:
    """Record, rule 7: a conditional write that fails is no error."""
    action = decide(goal, refused(RefusalKind.CONFLICT, WRITE), 1000.0)
    assert isinstance(action, Wait)
    assert (action.code, action.seconds) == (Code.LOOKING_AGAIN, 0.1)


@every_goal
@pytest.mark.parametrize("kind", [RefusalKind.BUSY, RefusalKind.MISSING])
def test_a_stream_that_is_busy_or_gone_is_looked_at_again(goal: Goal, kind: RefusalKind) -> None:
    """Errors, ResourceInUseException: wait for ACTIVE, try again."""
    action = decide(goal, refused(kind), 1000.0)
    assert isinstance(action, Wait)
    assert (action.code, action.seconds) == (Code.LOOKING_AGAIN, None)


@every_goal
@pytest.mark.parametrize("action", [START, LOOK, READ, WRITE])
@pytest.mark.parametrize("kind", [RefusalKind.THROTTLED, RefusalKind.TRANSIENT])
def test_throttling_and_outages_are_backed_off_from_until_the_deadline(
    goal: Goal, action: str, kind: RefusalKind
) -> None:
    """Errors: back off and go on, however long it lasts."""
    waiting = decide(goal, refused(kind, action), 3000.0, known=state(look_throttled=action == LOOK))
    assert isinstance(waiting, Wait)
    other_call = (action, kind) == (LOOK, RefusalKind.THROTTLED)
    assert (waiting.code, waiting.seconds) == (Code.BACKING_OFF, 0.0 if other_call else None)
    assert action in waiting.reason


def test_a_throttled_look_is_tried_by_the_other_budget_at_once() -> None:
    """Issue: DescribeStream has a budget of its own."""
    waiting = decide(ensure(), refused(RefusalKind.THROTTLED, LOOK), known=state(look_throttled=True))
    assert isinstance(waiting, Wait)
    assert (waiting.code, waiting.seconds) == (Code.BACKING_OFF, 0.0)


@every_goal
def test_a_limit_is_waited_for_two_minutes(goal: Goal) -> None:
    """Errors, LimitExceededException otherwise: back off for at most two minutes, then FAILED."""
    assert decide(goal, refused(RefusalKind.LIMIT)).code == Code.RETRYING_LIMIT
    assert decide(goal, refused(RefusalKind.LIMIT), 119.9).code == Code.RETRYING_LIMIT
    assert isinstance(failure(decide(goal, refused(RefusalKind.LIMIT), 120.0)), errors.QuotaSpent)


def test_records_that_come_back_unencrypted_are_put_for_a_minute() -> None:
    """Property Verify: every five seconds, then error NotVerified."""
    refusal = refused(RefusalKind.UNPROVEN, PUT)
    action = decide(ensure(), refusal)
    assert isinstance(action, Wait)
    assert (action.code, action.seconds) == (Code.RETRYING_VERIFY, 5.0)
    assert decide(ensure(), refusal, 59.9).code == Code.RETRYING_VERIFY
    failed = failure(decide(ensure(), refusal, 60.0))
    assert isinstance(failed, errors.NotVerified)
    assert "60 s" in str(failed)


def test_an_unusable_key_is_named_as_the_template_names_it() -> None:
    """Error KeyUnusable: for a mend of the watch, which has no template, as it was started."""
    announced = state(
        call=call(start_intent(TWO)), ongoing_refusals=(OngoingRefusal(START, RefusalKind.KEY, NOW - 60),)
    )
    refusal = refused(RefusalKind.KEY)
    assert "Key alias/one " in by_itself(decide_refusal(ensure(), refusal, announced, NOW)).reason
    assert f"Key {TWO.identity} " in by_itself(decide_refusal(mend(), refusal, announced, NOW)).reason


def test_an_unusable_key_of_a_kinesis_call_names_the_streams_arn() -> None:
    """Error KeyUnusable: to which stream; a refused look-up is about no stream, so its name has to do."""
    assert STREAM_ARN in str(failure(decide(ensure(), refused(RefusalKind.KEY), 60.0)))
    of_kms = str(failure(decide(ensure(), refused(RefusalKind.KEY, "kms:DescribeKey"), 60.0)))
    assert f"stream {STREAM_NAME}" in of_kms


def test_an_invalid_argument_fails_a_create_at_once() -> None:
    """Errors, InvalidArgumentException: FAILED with the service's message."""
    failed = failure(decide(ensure(), refused(RefusalKind.INVALID)))
    assert isinstance(failed, errors.InvalidArgument)
    assert "its own words" in str(failed)


def test_an_invalid_argument_of_a_delete_may_come_of_an_old_description() -> None:
    """Promise 7: the stream may have just changed; a Stop with the KeyId of before is refused."""
    assert decide(release(), refused(RefusalKind.INVALID, STOP)).code == Code.RETRYING_REFUSED
    assert decide(release(), refused(RefusalKind.INVALID, STOP), 14.9).code == Code.RETRYING_REFUSED
    assert isinstance(failure(decide(release(), refused(RefusalKind.INVALID, STOP), 15.0)), errors.InvalidArgument)


NEW = [RefusalKind.KEY, RefusalKind.DENIED, RefusalKind.CREDENTIALS, RefusalKind.RECORD]


@every_goal
@pytest.mark.parametrize("kind", NEW)
def test_what_may_be_refused_because_it_is_new_is_tried_for_a_minute(goal: Goal, kind: RefusalKind) -> None:
    """Promise 9: with the reason in the log meanwhile."""
    for tried in (None, 59.9):
        action = decide(goal, refused(kind), tried)
        assert isinstance(action, Wait)
        assert (action.code, action.seconds) == (Code.RETRYING_REFUSED, None)
        assert [word for word in (START, "SomeException", "its own words") if word not in action.reason] == []
    assert not isinstance(decide(goal, refused(kind), 60.0), Wait)


@pytest.mark.parametrize(
    ("kind", "action", "error"),
    [
        (RefusalKind.KEY, START, errors.KeyUnusable),
        (RefusalKind.KEY, PUT, errors.KeyUnusable),
        (RefusalKind.DENIED, START, errors.AccessDenied),
        (RefusalKind.DENIED, LOOK, errors.AccessDenied),
        (RefusalKind.DENIED, WRITE, errors.AccessDenied),
        (RefusalKind.CREDENTIALS, START, errors.CredentialsExpired),
        (RefusalKind.RECORD, READ, errors.RecordUnavailable),
    ],
)
def test_after_that_minute_a_create_fails(kind: RefusalKind, action: str, error: type[Exception]) -> None:
    """Errors: FAILED, with what was refused and the fix."""
    assert type(failure(decide(ensure(), refused(kind, action), 60.0))) is error


@pytest.mark.parametrize("kind", [RefusalKind.KEY, RefusalKind.RECORD])
def test_no_failure_says_that_a_stream_was_left_as_it_is_once_a_start_was_made(kind: RefusalKind) -> None:
    """Promise 2: a FAILED response says what happened."""
    before, after = (str(failure(decide(ensure(), refused(kind), 60.0, state(calls_made=made)))) for made in (0, 1))
    assert before != after
    assert "left as it is" not in after


@pytest.mark.parametrize("kind", [RefusalKind.KEY, RefusalKind.DENIED])
def test_a_former_key_that_can_not_be_started_is_given_up(kind: RefusalKind) -> None:
    """Promise 7: SUCCESS with the encryption that there is, and the reason."""
    action = decide(release(), refused(kind), 60.0)
    assert isinstance(action, SkipRestore)
    assert action.code == Code.RESTORE_SKIPPED
    assert "its own words" in action.reason


@pytest.mark.parametrize(
    ("resource", "skips"),
    [("arn:aws:kms:us-east-1:1:key/2", True), ("arn:aws:kinesis:us-east-1:1:stream/orders", False)],
)
def test_a_denial_counts_as_the_keys_unless_iam_names_the_stream(resource: str, *, skips: bool) -> None:
    """Promise 7: a previous key outside KeyArns is left; a missing right on the stream is an error to mend."""
    action = decide(release(), refused(RefusalKind.DENIED, message=NOT_AUTHORIZED + resource), 60.0)
    assert isinstance(action, SkipRestore) is skips
    assert isinstance(action, Failed) is not skips


@pytest.mark.parametrize(
    ("kind", "action", "error"),
    [
        (RefusalKind.CREDENTIALS, START, errors.CredentialsExpired),
        (RefusalKind.DENIED, STOP, errors.AccessDenied),
        (RefusalKind.DENIED, LOOK, errors.AccessDenied),
        (RefusalKind.DENIED, WRITE, errors.AccessDenied),
    ],
)
def test_a_delete_fails_where_the_provider_lacks_something(
    kind: RefusalKind, action: str, error: type[Exception]
) -> None:
    """Promise 7 covers reasons of KMS: what the provider's own role lacks can be mended, and the Delete repeated."""
    assert type(failure(decide(release(), refused(kind, action), 60.0))) is error


@pytest.mark.parametrize(("changes", "left"), [(0, True), (1, False)])
def test_a_delete_whose_record_is_unavailable_leaves_the_stream_and_says_so(changes: int, *, left: bool) -> None:
    """Record, rule 6, and promise 7: nobody knows what to restore; teardown goes on."""
    action = decide(release(), refused(RefusalKind.RECORD, READ), 60.0, state(calls_made=changes))
    assert isinstance(action, Reached)
    assert (action.code, action.record) == (Code.LEFT_ALONE, None)
    assert ("left as it is" in action.note) is left


@pytest.mark.parametrize(
    ("kind", "tried"),
    [(RefusalKind.DENIED, 60.0), (RefusalKind.LIMIT, 120.0), (RefusalKind.INVALID, 15.0), (RefusalKind.KEY, 60.0)],
)
def test_a_delete_for_a_create_that_may_never_have_begun_goes_on(kind: RefusalKind, tried: float) -> None:
    """Promise 7: a look that is denied now was denied to the Create as well."""
    given_up = decide_or_give_up(release(may_be_untouched=True), refused(kind, LOOK), tried)
    assert isinstance(given_up, GiveUp)
    unclaimed = told(given_up.unclaimed)
    assert (unclaimed.code, unclaimed.note.count("orders")) == (Code.LEFT_ALONE, 1)
    assert failure(given_up.claimed).code in ("AccessDenied", "QuotaSpent", "InvalidArgument", "KeyUnusable")


def test_credentials_that_aws_does_not_accept_say_nothing_of_a_failed_create() -> None:
    """Error CredentialsExpired: its Delete can be repeated with new ones."""
    assert isinstance(decide(release(may_be_untouched=True), refused(RefusalKind.CREDENTIALS, LOOK), 60.0), Failed)


@pytest.mark.parametrize("action", [START, STOP])
def test_such_a_delete_does_not_pass_over_a_change_that_it_has_to_make(action: str) -> None:
    """Promise 3: where there is something to undo, the Create had begun."""
    refusals: list[Any] = [(RefusalKind.LIMIT, 120.0), (RefusalKind.INVALID, 15.0)]
    for kind, tried in refusals:
        assert isinstance(decide(release(may_be_untouched=True), refused(kind, action), tried), Failed)
