"""Mending: put back where asked, by the rules of a request, and never against one (promise 10)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.builders import STREAM_NAME
from tests.fake_calls import Call
from tests.fake_errors import Kind, fault
from tests.watch.test_tell import lines, metrics
from tests.watch.watched import MENDED, OWNER, REPORTED, Watched, encrypted

FOUND, OVER = "Found", "Over"
HOUR = 3600.0


@pytest.fixture(name="watched")
def fixture_watched() -> Watched:
    """A stream whose resource wants it mended, encrypted with alias/one some minutes ago."""
    return encrypted(MENDED)


def drift_and_mend(watched: Watched) -> None:
    """Let the owner stop the encryption, find it by CloudTrail's event, and play the mend."""
    watched.stopped()
    assert watched.called("StopStreamEncryption")[-1] == (FOUND, "Unencrypted")
    watched.mend()


def test_a_stream_is_put_back_within_seconds_of_the_owner_s_stop(watched: Watched) -> None:
    """Promise 10: mended where asked; then the finding is over."""
    began = watched.clock.now()
    watched.kinesis.people.stop(STREAM_NAME, 1.0)
    watched.called("StopStreamEncryption")
    watched.mend()
    assert watched.key_of() == watched.one.arn
    assert watched.clock.now() - began < 30
    watched.clock.sleep(60)
    assert watched.round() == [(OVER, "Unencrypted")]


def test_another_key_is_mended_straight_to_the_wanted_one(watched: Watched) -> None:
    """Promise 5: never through an unencrypted state."""
    watched.kinesis.people.rekey(STREAM_NAME, watched.two.arn)
    watched.clock.sleep(10)
    watched.round()
    watched.mend()
    assert watched.key_of() == watched.one.arn
    assert watched.re_encryptions() == ["StartStreamEncryption"] * 2


def test_a_stream_is_not_mended_unless_asked() -> None:
    """Promise 10: OnDrift is Report by default."""
    watched = encrypted()
    watched.stopped()
    watched.round()
    assert watched.states.executions == {}


def test_an_update_can_ask_for_mends_without_a_call() -> None:
    """The contract's table: OnDrift changes in place, with no call."""
    watched = encrypted()
    changes = len(watched.re_encryptions())
    watched.update(MENDED, REPORTED)
    assert len(watched.re_encryptions()) == changes
    watched.clock.sleep(300)
    watched.stopped()
    watched.round()
    watched.mend()
    assert watched.key_of() == watched.one.arn


def test_an_alias_that_moved_is_told_and_not_followed(watched: Watched) -> None:
    """The contract's table: an alias means the key behind it when the request was at work."""
    watched.kms.alias("alias/one", watched.two)
    assert watched.round() == [(FOUND, "AliasMoved")]
    assert watched.states.executions == {}
    watched.stopped()
    watched.round()
    watched.mend()
    assert watched.key_of() == watched.one.arn


def test_a_key_that_is_unusable_is_said_and_nothing_is_mended(watched: Watched) -> None:
    """Promise 10: the watch says what it can't mend."""
    watched.one.state = "Disabled"
    watched.stopped()
    assert watched.round() == [(FOUND, "Unencrypted"), (FOUND, "KeyUnusable")]
    assert watched.states.executions == {}


def test_a_finding_starts_one_mend_however_often_it_is_seen(watched: Watched) -> None:
    """One at a time: a round and an event may find the same."""
    watched.stopped()
    watched.round()
    watched.called("StopStreamEncryption")
    watched.round()
    assert len(watched.states.executions) == 1


def test_a_mend_that_failed_is_tried_again_after_an_hour(watched: Watched) -> None:
    """Promise 10: and not at every round."""
    watched.one.denies_use = True
    watched.stopped()
    watched.round()
    watched.mend()
    watched.round()
    assert len(watched.states.executions) == 1
    watched.one.denies_use = False
    watched.clock.sleep(HOUR)
    watched.round()
    watched.mend()
    assert watched.key_of() == watched.one.arn


def test_the_fourth_drift_of_a_day_is_contested_and_says_who(watched: Watched) -> None:
    """Promise 10: no war with another tool spends the stream's 25 Starts."""
    for _ in range(3):
        drift_and_mend(watched)
        assert watched.key_of() == watched.one.arn
        watched.clock.sleep(600)
    watched.stopped()
    assert watched.called("StopStreamEncryption") == [
        (OVER, "Unencrypted"),
        (FOUND, "Unencrypted"),
        (FOUND, "Contested"),
    ]
    assert watched.bus.events[-1]["Detail"]["by"] == OWNER
    assert len(watched.states.executions) == 3
    watched.clock.sleep(24 * HOUR)
    assert watched.round() == [(OVER, "Contested")]
    watched.mend()
    assert watched.key_of() == watched.one.arn


def test_mends_that_are_handed_over_twice_make_three_starts_at_most(watched: Watched) -> None:
    """Promise 10: the limit is in the decision itself, whoever starts mends."""
    for _ in range(3):
        drift_and_mend(watched)
        watched.clock.sleep(600)
    starts = len(watched.re_encryptions())
    watched.stopped()
    mend = next(iter(watched.states.executions.values())).input
    record = watched.record_of()
    assert record
    watched.states.play(lambda _: watched.deliver(mend))
    assert len(watched.re_encryptions()) == starts
    assert watched.key_of() is None


OTHERS: dict[str, Callable[[Watched], Any]] = {
    "a Delete": lambda watched: watched.delete(MENDED),
    "a newer Update": lambda watched: watched.update({**MENDED, "KeyId": "alias/two"}, MENDED),
    "a takeover": lambda watched: watched.create(
        {"StreamName": STREAM_NAME, "KeyId": "alias/two", "Takeover": "true"},
        StackId="arn:aws:cloudformation:us-east-1:123456789012:stack/other/5b1e9c50-0000-11f1-8000-0a1b2c3d4e50",
    ),
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_request_that_came_after_the_finding_supersedes_the_mend(watched: Watched, other: str) -> None:
    """Promise 10: a mend never wins against a request, and never claims a stream anew."""
    watched.stopped()
    watched.round()
    OTHERS[other](watched)
    before, record = watched.key_of(), watched.record_of()
    changes = len(watched.re_encryptions())
    watched.mend()
    assert (watched.key_of(), len(watched.re_encryptions())) == (before, changes)
    assert watched.record_of() == record


@pytest.mark.parametrize("call", range(1, 12))
@pytest.mark.parametrize("other", OTHERS)
def test_a_request_that_comes_during_a_mend_wins(watched: Watched, other: str, call: int) -> None:
    """Promise 10: at whichever call of the mend the request comes, the stream ends as the request wants it."""
    watched.stopped()
    watched.round()
    made = len(watched.kinesis.calls)
    came: list[str] = []

    def come(before: Call) -> None:
        # A process that stands still between its last look at the clock and its Start is not covered.
        if before.name != "StartStreamEncryption":
            came.append(before.name)
            OTHERS[other](watched)

    watched.kinesis.faults.before_nth(made + call, come)
    watched.mend()
    watched.kinesis.faults.clear()
    if not came:
        OTHERS[other](watched)
    wanted = {"a Delete": None}.get(other, watched.two.arn)
    assert watched.key_of() == wanted


def test_a_stream_that_is_deleted_meanwhile_ends_the_mend(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    """Promise 10: nothing is left to mend; that is no failure."""
    watched.stopped()
    watched.round()
    watched.kinesis.people.delete(STREAM_NAME, 100)
    capsys.readouterr()
    watched.mend()
    printed = lines(capsys)
    assert [line["Outcome"] for line in printed if "Mends" in line] == ["StreamBeingDeleted"]
    assert metrics(printed, "Failures") == []


def test_a_stream_that_is_gone_meanwhile_ends_the_mend(watched: Watched) -> None:
    """Promise 10: nothing is left to mend."""
    watched.stopped()
    watched.round()
    watched.kinesis.people.delete(STREAM_NAME)
    assert watched.mend().done


def test_a_stream_that_somebody_put_back_needs_no_start(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    """Promise 4: no call where nothing needs to change."""
    watched.stopped()
    watched.round()
    watched.kinesis.people.rekey(STREAM_NAME, watched.one.arn)
    capsys.readouterr()
    watched.mend()
    assert watched.re_encryptions() == ["StartStreamEncryption"]
    assert [line["Outcome"] for line in lines(capsys) if "Mends" in line] == ["LeftAlone"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.KMS_ACCESS_DENIED, "KeyUnusable"),
        (Kind.ACCESS_DENIED, "AccessDenied"),
        (Kind.DAILY_QUOTA, "QuotaSpent"),
    ],
)
def test_a_mend_that_fails_is_logged_with_its_code(
    watched: Watched, kind: Kind, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Operators' view: nobody is answered, so the log and the alarms tell it."""
    watched.stopped()
    watched.round()
    capsys.readouterr()
    watched.kinesis.faults.fail_next("kinesis:StartStreamEncryption", kind, times=1000)
    watched.mend()
    printed = lines(capsys)
    assert [line["ErrorCode"] for line in printed if "Failures" in line] == [code]
    assert [line["Outcome"] for line in printed if "Mends" in line] == ["Failed"]


def test_a_key_that_is_disabled_meanwhile_fails_the_mend(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    """Promise 10: no Start with a key that KMS rules out."""
    watched.stopped()
    watched.round()
    watched.one.state = "Disabled"
    capsys.readouterr()
    watched.mend()
    assert [line["ErrorCode"] for line in lines(capsys) if "Failures" in line] == ["KeyUnusable"]
    assert watched.re_encryptions() == ["StartStreamEncryption"]


def test_a_mend_that_kms_refuses_says_why_and_does_not_count(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """Property OnDrift: at most three times in 24 hours is the stream put back; a refused Start puts nothing back."""
    watched.stopped()
    watched.one.denies_use = True
    for _ in range(4):
        watched.round()
        watched.mend()
        watched.clock.sleep(3600)
    (reason, *_) = [line["reason"] for line in lines(capsys) if line.get("error_code") == "KeyUnusable"]
    assert "KMSAccessDeniedException" in reason
    watched.one.denies_use = False
    watched.round()
    watched.mend()
    assert watched.key_of() == watched.one.arn
    assert "Contested" not in [event["Detail"]["code"] for event in watched.bus.events]


def test_a_stream_whose_key_never_could_be_looked_up_is_mended() -> None:
    """Promise 10: nobody has taken the provider's right to use the key."""
    watched = Watched()
    watched.one.denies_describe = True
    watched.create(MENDED)
    watched.clock.sleep(60)
    assert watched.round() == [(FOUND, "Unreadable")]
    watched.stopped()
    watched.round()
    watched.mend()
    assert watched.key_of() == "alias/one"


def test_a_stream_whose_key_could_not_be_looked_up_at_first_is_mended_once() -> None:
    """Promise 4: the claim has the alias alone, and the mend starts the key that the alias means now."""
    watched = Watched()
    watched.one.denies_describe = True
    watched.create(MENDED)
    watched.one.denies_describe = False
    watched.stopped()
    watched.round()
    watched.mend()
    assert watched.key_of() == watched.one.arn
    watched.clock.sleep(60)
    assert watched.round() == [("Over", "Unencrypted")]
    assert watched.re_encryptions() == ["StartStreamEncryption"] * 2


def test_a_record_that_can_t_be_read_fails_the_mend(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the record nobody knows whether a newer request has the stream."""
    watched.stopped()
    watched.round()
    watched.table.exists = False
    capsys.readouterr()
    watched.mend()
    assert [line["ErrorCode"] for line in lines(capsys) if "Failures" in line] == ["RecordUnavailable"]


def test_a_mend_that_step_functions_does_not_take_is_started_by_the_next_round(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """Promise 10: a finding that is told is still mended."""
    watched.stopped()
    watched.states.refuses = fault(Kind.SERVICE_UNAVAILABLE, "states:StartExecution", {}, "123456789012", "us-east-1")
    assert watched.round() == [(FOUND, "Unencrypted")]
    assert metrics(lines(capsys), "WatchErrors") == [[1.0]]
    watched.states.refuses = None
    watched.round()
    watched.mend()
    assert watched.key_of() == watched.one.arn


def test_a_state_that_is_no_mend_s_fails_the_execution(watched: Watched) -> None:
    """A state without an event may hold a mend alone: another goal needs CloudFormation's request."""
    watched.stopped()
    watched.round()
    state = next(iter(watched.states.executions.values())).input
    (goal,) = state["Progress"]["goals"]
    forged = {**goal, "kind": "Release", "on_delete": "Stop"}
    with pytest.raises(TypeError):
        watched.deliver({**state, "Progress": {**state["Progress"], "goals": [forged]}})
    assert watched.re_encryptions() == ["StartStreamEncryption"]


def test_a_failed_update_s_key_is_not_mended_to(watched: Watched) -> None:
    """Put back is only what has been: the key of an Update that never succeeded is none."""
    watched.two.denies_use = True
    watched.update({**MENDED, "KeyId": "alias/two"}, MENDED)
    watched.two.denies_use = False
    watched.clock.sleep(2 * HOUR)
    assert watched.round() == [(FOUND, "AnotherKey")]
    assert watched.states.executions == {}


def test_a_delete_that_failed_is_not_mended(watched: Watched) -> None:
    """A resource that is being deleted wants nothing any more."""
    watched.kinesis.faults.fail_next("kinesis:StopStreamEncryption", Kind.DAILY_QUOTA, times=1000)
    assert watched.delete(MENDED)["Status"] == "FAILED"
    watched.stopped()
    watched.clock.sleep(60)
    assert watched.round() == []
    watched.clock.sleep(2 * HOUR)
    assert watched.round() == [(FOUND, "Unencrypted")]
    assert watched.states.executions == {}
