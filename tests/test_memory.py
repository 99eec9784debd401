"""What is remembered from one step to the next: pure, one fact a time."""

from dataclasses import replace
from typing import Any

import pytest

from stream_encryption.memory import TRUST_SECONDS, Asked, Limited, Memory, after_acting, after_refusal, after_seeing
from stream_encryption.model import (
    Cancel,
    Change,
    Demand,
    Ensure,
    Forget,
    Goal,
    Owner,
    Ownership,
    Predecessor,
    Refusal,
    RefusalKind,
    Release,
    Remember,
    Seen,
    Start,
    Stop,
    Stream,
    StreamRef,
    StreamStatus,
    Tags,
)
from tests.builders import LOGICAL_ID, STACK_ID, STREAM_ARN, STREAM_NAME

NOW = 1000.0
ISSUED = 900.0
ME = Owner(STACK_ID, LOGICAL_ID)
OLD = Owner(STACK_ID, "Old")
ENSURE = Ensure(StreamRef(STREAM_NAME), ME, ISSUED, "one")
RELEASE = Release(StreamRef(STREAM_NAME), ME, ISSUED)
PLAIN = Stream(STREAM_NAME, STREAM_ARN, StreamStatus.ACTIVE, None)
WITH_ONE = replace(PLAIN, key_id="one")
BUSY = replace(PLAIN, status=StreamStatus.UPDATING)
START = Start(PLAIN, "one", "r")
NEW = Memory(500)


def _saw(memory: Memory, stream: Stream | None = PLAIN, goal: Goal = ENSURE, **fields: Any) -> Memory:
    return after_seeing(memory, goal, Seen(NOW, stream, **fields))


def _refusal(kind: RefusalKind, action: str = "kinesis:StartStreamEncryption") -> Refusal:
    return Refusal(action, STREAM_ARN, kind, "TheCode", "the message")


def test_every_look_counts_and_soothes() -> None:
    """Issue, the loop: less often when throttled, and less so again when calls go through."""
    memory = _saw(replace(NEW, throttles=2, looks=3))
    assert (memory.looks, memory.throttles) == (4, 1)
    assert _saw(NEW).throttles == 0
    assert _saw(NEW, None).looks == 1


@pytest.mark.parametrize(
    ("tags", "owned", "former"),
    [
        (None, False, None),
        (Tags(), False, None),
        (Tags(Ownership(OLD, None)), False, None),
        (Tags(Ownership(ME, None)), True, None),
        (Tags(Ownership(ME, None, Predecessor(OLD, "two"))), True, OLD),
    ],
)
def test_a_record_of_ours_that_was_seen_is_remembered(tags: Tags | None, former: Owner | None, *, owned: bool) -> None:
    """Promise 6: a record that was there and is gone means something else than one that never was."""
    memory = _saw(NEW, tags=tags)
    assert (memory.owned, memory.former) == (owned, former)
    later = _saw(replace(NEW, owned=True, former=OLD), tags=Tags())
    assert (later.owned, later.former) == (True, OLD)


@pytest.mark.parametrize(
    ("goal", "cancelled_at", "overtaken"),
    [
        (ENSURE, None, False),
        (ENSURE, ISSUED - 1, False),
        (ENSURE, ISSUED, True),
        (ENSURE, ISSUED + 1, True),
        (RELEASE, ISSUED + 1, False),
    ],
)
def test_a_cancellation_of_this_request_is_remembered(
    goal: Goal, cancelled_at: float | None, *, overtaken: bool
) -> None:
    """Promise 6: of requests up to the time that it names; a Delete is never called off."""
    assert _saw(NEW, goal=goal, tags=Tags(cancelled_at=cancelled_at)).overtaken is overtaken
    assert _saw(replace(NEW, overtaken=True), goal=goal, tags=Tags()).overtaken


def test_settling_begins_at_the_first_look_that_shows_active_and_as_wanted() -> None:
    """Promise 1: plus SettleSeconds, without a break."""
    first = _saw(NEW, WITH_ONE, as_wanted=True)
    assert (first.settling_since, first.reached_at) == (NOW, NOW)
    later = after_seeing(first, ENSURE, Seen(NOW + 3, WITH_ONE, as_wanted=True))
    assert (later.settling_since, later.reached_at) == (NOW, NOW + 3)


@pytest.mark.parametrize(
    ("stream", "as_wanted"), [(WITH_ONE, False), (replace(BUSY, key_id="one"), True)], ids=["not as wanted", "busy"]
)
def test_a_break_begins_settling_anew(stream: Stream, *, as_wanted: bool) -> None:
    """Promise 1: SettleSeconds count from the last time that it became as wanted."""
    memory = _saw(replace(NEW, settling_since=900.0, reached_at=950.0), stream, as_wanted=as_wanted)
    assert memory.settling_since is None
    assert memory.reached_at == 950


CHANGES = pytest.mark.parametrize("change", [START, Stop(WITH_ONE, "one", "r")], ids=["Start", "Stop"])


@CHANGES
def test_an_active_right_after_a_start_is_not_believed(change: Change) -> None:
    """Promise 1: descriptions can still say ACTIVE, and the new key, right after Start."""
    asked = after_acting(NEW, change, NOW - 1)
    first = _saw(asked, WITH_ONE, as_wanted=True)
    assert (first.settling_since, first.reached_at) == (None, None), "it may be from before the call"
    seen = after_seeing(asked, ENSURE, Seen(NOW - 0.1, BUSY))
    assert _saw(seen, WITH_ONE, as_wanted=True).settling_since == NOW, "UPDATING was seen in between"
    believed = NOW - 1 + TRUST_SECONDS
    soon = after_seeing(first, ENSURE, Seen(believed - 0.1, WITH_ONE, as_wanted=True))
    assert soon.settling_since is None
    for before in (asked, first, soon):
        later = after_seeing(before, ENSURE, Seen(believed, WITH_ONE, as_wanted=True))
        assert later.settling_since == believed, "by now it is news, however often it was looked at"


@CHANGES
def test_where_the_answer_to_a_start_was_lost_nobody_knows_when_it_took_effect(change: Change) -> None:
    """Promise 1: it may have been on its way for long; an ACTIVE has to show for so long as may be old."""
    asked = after_acting(NEW, change, NOW - 100, sure=False)
    first = _saw(asked, WITH_ONE, as_wanted=True)
    assert first.settling_since is None
    later = after_seeing(first, ENSURE, Seen(NOW + TRUST_SECONDS, WITH_ONE, as_wanted=True))
    assert later.settling_since == NOW + TRUST_SECONDS


@CHANGES
def test_a_description_from_before_begins_the_doubt_anew(change: Change) -> None:
    """Promise 1: somebody else's change may have come after our own."""
    asked = after_seeing(after_acting(NEW, change, NOW - 100), ENSURE, Seen(NOW - 1, PLAIN))
    assert _saw(asked, WITH_ONE, as_wanted=True).settling_since is None


def test_what_was_last_seen_otherwise_is_doubted() -> None:
    """Promises 1 and 6: somebody's Start was made in between, and the description may be half from before it.

    However long ago that was: it may have been made a moment ago.
    """
    other = after_seeing(NEW, ENSURE, Seen(NOW - 100, PLAIN))
    first = _saw(other, WITH_ONE, as_wanted=True)
    assert (first.settling_since, first.reached_at) == (None, None)
    busy = after_seeing(other, ENSURE, Seen(NOW - 1, BUSY))
    assert _saw(busy, WITH_ONE, as_wanted=True).settling_since == NOW, "UPDATING was seen in between"
    again = after_seeing(first, ENSURE, Seen(NOW + 1, PLAIN))
    once_more = after_seeing(again, ENSURE, Seen(NOW + TRUST_SECONDS, WITH_ONE, as_wanted=True))
    assert once_more.settling_since is None, "it has to show as wanted for so long without a break"


def test_an_active_is_believed_where_nothing_was_asked_for() -> None:
    """Row "no call": a stream that has the wanted key costs no wait but SettleSeconds."""
    assert _saw(NEW, WITH_ONE, as_wanted=True).settling_since == NOW
    tagged = after_acting(NEW, Remember(PLAIN, Ownership(ME, None), "r"), NOW - 1)
    assert _saw(tagged, WITH_ONE, as_wanted=True).settling_since == NOW, "a tag changes no status"


def test_what_was_begun_since_an_earlier_look_is_doubted_as_well() -> None:
    """Promise 1: people stop the encryption; a step starts it again and dies, and is tried again as if nothing was."""
    settled = _saw(NEW, WITH_ONE, as_wanted=True, tags=Tags(Ownership(ME, None, demand=Demand(0, "one"))))
    begun = Tags(Ownership(ME, None, demand=Demand(ENSURE.issued_at, "one")))
    later = after_seeing(settled, ENSURE, Seen(NOW + 60, WITH_ONE, begun, as_wanted=True))
    assert (later.settling_since, later.doubted) == (None, True)
    again = after_seeing(later, ENSURE, Seen(NOW + 60 + TRUST_SECONDS, WITH_ONE, begun, as_wanted=True))
    assert again.settling_since == NOW + 60 + TRUST_SECONDS
    written = after_acting(settled, Remember(WITH_ONE, Ownership(ME, None), "r"), NOW + 1)
    mine = after_seeing(written, ENSURE, Seen(NOW + 2, WITH_ONE, begun, as_wanted=True))
    assert mine.settling_since == NOW, "it was as wanted before this request put itself down"


def test_what_another_delivery_began_is_doubted_for_a_moment_and_once() -> None:
    """Promises 1 and 6: its Start may be moments old, and the description half so."""
    begun = Tags(Ownership(ME, None, demand=Demand(ENSURE.issued_at, "one")))
    first = _saw(NEW, WITH_ONE, as_wanted=True, tags=begun)
    assert (first.settling_since, first.doubted) == (None, True)
    again = after_seeing(first, ENSURE, Seen(NOW + TRUST_SECONDS, WITH_ONE, begun, as_wanted=True))
    assert again.settling_since == NOW + TRUST_SECONDS
    older = Tags(Ownership(ME, None, demand=Demand(ENSURE.issued_at - 1, "one")))
    others = Tags(Ownership(OLD, None, demand=Demand(ENSURE.issued_at, "one")))
    for memory, tags in (
        (NEW, older),
        (NEW, others),
        (NEW, None),
        (replace(NEW, suspected=True), begun),
        (replace(NEW, changes=1), begun),
        (replace(NEW, reached_at=1.0, asked=Asked("Remember", None, NOW - 1)), begun),
    ):
        seen = _saw(memory, WITH_ONE, as_wanted=True, tags=tags)
        assert (seen.settling_since, seen.doubted) == (NOW, False)


def test_a_delete_doubts_nothing_because_of_its_issue_time() -> None:
    """Promise 1 is Create's and Update's: a Delete issued in the second of the newest request began nothing."""
    begun = Tags(Ownership(ME, None, demand=Demand(RELEASE.issued_at, "one")))
    seen = _saw(NEW, WITH_ONE, goal=RELEASE, as_wanted=True, tags=begun)
    assert (seen.settling_since, seen.doubted) == (NOW, False)


def test_an_effect_is_the_last_moment_at_which_the_stream_was_busy() -> None:
    """Promise 4: a change at work is not asked for again."""
    asked = Asked("Start", "one", NOW - 60)
    assert _saw(replace(NEW, asked=asked), BUSY).asked == replace(asked, effect_at=NOW)
    assert _saw(replace(NEW, asked=asked)).asked == asked
    assert _saw(NEW, BUSY).asked is None


def test_a_change_begins_quick_polling_anew() -> None:
    """Issue, the loop: quickly at first, after each change."""
    memory = after_acting(replace(NEW, waits=9, limited=Limited("x", 1.0)), START, NOW)
    assert (memory.waits, memory.limited) == (0, None)
    assert memory.asked == Asked("Start", "one", NOW, 1, sure=True)


@pytest.mark.parametrize(
    ("change", "key_id", "costs"),
    [
        (START, "one", 1),
        (Stop(WITH_ONE, "one", "r"), None, 1),
        (Remember(PLAIN, Ownership(ME, None), "r"), None, 0),
        (Cancel(PLAIN, ME, ISSUED, "r"), None, 0),
        (Forget(PLAIN, ("k",), "r"), None, 0),
    ],
    ids=type,
)
def test_only_starts_and_stops_count_as_changes_of_the_encryption(
    change: Change, key_id: str | None, costs: int
) -> None:
    """Promise 4: 25 a day are of Starts and Stops."""
    memory = after_acting(NEW, change, NOW)
    assert memory.changes == costs
    assert memory.asked == Asked(type(change).__name__, key_id, NOW)


def test_what_the_first_change_found_stays_remembered() -> None:
    """Promise 6: a request that is called off puts back what it found, not what it made."""
    first = after_acting(NEW, Start(replace(PLAIN, key_id="two"), "one", "r"), NOW)
    second = after_acting(first, Start(WITH_ONE, "one", "r"), NOW + 20)
    assert (first.found, second.found, second.changes) == ("two", "two", 2)


@pytest.mark.parametrize("before", [NEW, after_acting(NEW, Start(replace(PLAIN, key_id="two"), "one", "r"), NOW)])
def test_what_was_put_back_is_not_taken_back_once_more(before: Memory) -> None:
    """Promise 6: what a request found before it was called off may be what a later owner, gone since, had given."""
    overtaken = replace(before, overtaken=True)
    assert after_acting(overtaken, Start(replace(PLAIN, key_id="two"), "one", "r"), NOW + 20).found == "one"
    assert after_acting(overtaken, Stop(WITH_ONE, "one", "r"), NOW + 20).found is None


def test_repetitions_of_a_change_are_counted_and_others_begin_anew() -> None:
    """Promise 4: a Start that has no effect is made three times at most; another key is another change."""
    once = after_acting(NEW, START, NOW)
    twice = after_acting(once, START, NOW + 20)
    assert twice.asked == Asked("Start", "one", NOW + 20, 2)
    other = after_acting(twice, Start(PLAIN, "two", "r"), NOW + 40)
    assert other.asked == Asked("Start", "two", NOW + 40, 1)
    assert after_acting(once, Stop(WITH_ONE, "one", "r"), NOW).asked == Asked("Stop", None, NOW, 1)


def test_an_answer_that_was_lost_does_not_count_as_taken() -> None:
    """Errors: time-outs and 5xx: go on until the deadline, and do not give up after three."""
    memory = after_acting(NEW, START, NOW, sure=False)
    assert memory.asked == Asked("Start", "one", NOW, 0, sure=False)
    assert after_acting(memory, START, NOW).asked == Asked("Start", "one", NOW, 1)


def test_tags_that_were_surely_written_are_counted() -> None:
    """Promise 4: somebody who undoes each is not fought for ever; an answer that was lost proves no write."""
    forget = Forget(PLAIN, ("k",), "r")
    assert after_acting(after_acting(NEW, forget, NOW), Remember(PLAIN, Ownership(ME, None), "r"), NOW).writes == 2
    assert after_acting(NEW, forget, NOW, sure=False).writes == 0
    assert after_acting(NEW, START, NOW).writes == 0


def test_throttles_add_up() -> None:
    """Issue, the loop: less often still when throttled."""
    memory = after_refusal(after_refusal(NEW, _refusal(RefusalKind.THROTTLED), NOW), _refusal(RefusalKind.THROTTLED), 0)
    assert memory == replace(NEW, throttles=2)


def test_a_limit_is_remembered_from_its_first_refusal_on() -> None:
    """Row "LimitExceededException otherwise": at most two minutes, of one call's own."""
    first = after_refusal(NEW, _refusal(RefusalKind.LIMIT), NOW)
    assert first == replace(NEW, throttles=1, limited=Limited("kinesis:StartStreamEncryption", NOW))
    second = after_refusal(first, _refusal(RefusalKind.LIMIT), NOW + 60)
    assert second == replace(first, throttles=2)
    other = after_refusal(second, _refusal(RefusalKind.LIMIT, "kinesis:AddTagsToStream"), NOW + 90)
    assert other.limited == Limited("kinesis:AddTagsToStream", NOW + 90)


@pytest.mark.parametrize(
    ("action", "passes"),
    [
        ("kinesis:DescribeStreamSummary", True),
        ("kinesis:ListTagsForStream", True),
        ("kms:DescribeKey", True),
        ("kinesis:StartStreamEncryption", False),
        ("kinesis:AddTagsToStream", False),
    ],
)
def test_a_limit_of_looks_is_over_when_a_look_succeeds(action: str, *, passes: bool) -> None:
    """Row "LimitExceededException otherwise": two limits far apart are not two minutes of one."""
    memory = _saw(replace(NEW, limited=Limited(action, NOW - 60)))
    assert (memory.limited is None) is passes


def test_since_when_calls_are_refused_as_invalid_is_remembered() -> None:
    """Row InvalidArgumentException: a Delete looks again for a while, then tells."""
    first = after_refusal(NEW, _refusal(RefusalKind.INVALID), NOW)
    assert first == replace(NEW, invalid_since=NOW)
    assert after_refusal(first, _refusal(RefusalKind.INVALID), NOW + 5) == first


def test_a_stream_that_was_busy_is_doubted_for_a_moment() -> None:
    """Promise 1: a description that says ACTIVE right after ResourceInUseException is an old one."""
    doubted = after_refusal(NEW, _refusal(RefusalKind.BUSY), NOW - 1)
    assert doubted == replace(NEW, doubted=True)
    assert _saw(doubted, WITH_ONE, as_wanted=True).settling_since is None
    assert not _saw(doubted, BUSY).doubted


def test_since_when_records_come_back_unencrypted_is_remembered() -> None:
    """Property Verify: the minute that they are given begins with the first of them."""
    first = after_refusal(NEW, _refusal(RefusalKind.UNPROVEN), NOW)
    assert first == replace(NEW, unproven_since=NOW)
    assert after_refusal(first, _refusal(RefusalKind.UNPROVEN), NOW + 5) == first


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in RefusalKind
        if kind in (RefusalKind.TRANSIENT, RefusalKind.KEY, RefusalKind.DENIED, RefusalKind.MISSING)
    ],
    ids=str,
)
def test_no_other_refusal_leaves_a_trace(kind: RefusalKind) -> None:
    """Errors: what passes changes the rhythm alone, by its waits."""
    assert after_refusal(NEW, _refusal(kind), NOW) == NEW
