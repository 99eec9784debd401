"""The decision: one row of its table a case, and what no row may ever do, whatever is seen and remembered."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stream_encryption import errors
from stream_encryption.decide import (
    GRACE_SECONDS,
    LIMIT_SECONDS,
    MOST_ASKED,
    MOST_WRITES,
    PROOF_SECONDS,
    decide,
    target,
)
from stream_encryption.memory import TRUST_SECONDS, Asked, Limited, Memory
from stream_encryption.model import (
    Action,
    Attributes,
    Cancel,
    Change,
    Concede,
    Demand,
    Ensure,
    Failed,
    Forget,
    Goal,
    Key,
    OnDelete,
    Owner,
    Ownership,
    Predecessor,
    Refusal,
    RefusalKind,
    Release,
    Remember,
    Seen,
    Settled,
    Start,
    Stop,
    Stream,
    StreamRef,
    StreamStatus,
    Sweep,
    Tags,
    Unseen,
    Verify,
    Wait,
)
from stream_encryption.ownership import LINEAGE, MAX_VALUE, REQUEST_SECONDS
from tests.builders import LOGICAL_ID, STACK_ID, STREAM_ARN, STREAM_NAME

NOW = 100_000.0
ISSUED = NOW - 100
LONG_AGO = ISSUED - 2 * REQUEST_SECONDS
ME = Owner(STACK_ID, LOGICAL_ID)
OLD = Owner(STACK_ID, "Old")
OLDER = Owner(STACK_ID, "Older")
THEM = Owner(STACK_ID.replace("platform-encryption", "another-stack"), "Theirs")
REF = StreamRef(STREAM_NAME)
PLAIN = Stream(STREAM_NAME, STREAM_ARN, StreamStatus.ACTIVE, None)
WITH_ONE = replace(PLAIN, key_id="one")
WITH_TWO = replace(PLAIN, key_id="two")
BUSY = replace(PLAIN, status=StreamStatus.UPDATING)
DYING = replace(PLAIN, status=StreamStatus.DELETING)
ONE = Key("one", "arn:one", "arn:one")
TWO = Key("two", "arn:two", "arn:two")
ZERO = Key("zero", "arn:zero", "arn:zero")
ONE_BY_ARN = Key("arn:one", "arn:one", "arn:one")
BAD = Key("one", "arn:one", "arn:one", "is Disabled: enable it")
KEYS = ("stack", "resource", "before", "key", "as-of")
NOW_WANTED = Demand(ISSUED, "one")
LONG_WANTED = Demand(LONG_AGO, "one")
NOBODYS = Tags()
MARK: dict[str, Any] = {"cancelled_at": ISSUED, "cancelled_key": "cancelled"}
MINE = Tags(Ownership(ME, None, demand=NOW_WANTED), KEYS)
SAME_SECONDS = Tags(Ownership(ME, None, demand=Demand(ISSUED, "two")), KEYS)
HELD = Tags(Ownership(ME, None, demand=LONG_WANTED), KEYS)
HELD_FROM_ZERO = Tags(Ownership(ME, "zero", demand=LONG_WANTED), KEYS)
OLDS = Tags(Ownership(OLD, "zero"), KEYS, foreign=True)
THEIRS = Tags(Ownership(THEM, "zero"), KEYS, foreign=True)
TAKEN = Tags(Ownership(ME, "zero", Predecessor(THEM, "theirs"), LONG_WANTED), (*KEYS, *LINEAGE))
SETTLED = Memory(0, owned=True, settling_since=NOW - 5, reached_at=NOW)

ENSURE = Ensure(REF, ME, ISSUED, "one")
RELEASE = Release(REF, ME, ISSUED)


def _seen(stream: Stream | None = PLAIN, tags: Tags | None = MINE, **fields: Any) -> Seen:
    current = {"one": ONE, "two": TWO}.get(stream.key_id or "") if stream else None
    return Seen(NOW, stream, tags, **{"wanted": ONE, "current": current, **fields})


def _held(stream: Stream = PLAIN, tags: Tags = HELD, **fields: Any) -> Seen:
    """One look at a stream that has been this resource's for hours."""
    return _seen(stream, tags, **fields)


def _unseen(kind: RefusalKind, action: str = "kinesis:StartStreamEncryption") -> Unseen:
    return Unseen(NOW, Refusal(action, STREAM_ARN, kind, "TheCode", "the message"))


def _failed(action: Action, error: type[errors.ProviderError]) -> errors.ProviderError:
    assert isinstance(action, Failed), action
    assert isinstance(action.error, error), action.error
    assert action.reason == str(action.error)
    return action.error


# The goal of Create and Update


@pytest.mark.parametrize(
    ("seen", "error", "words", "why"),
    [
        (Seen(NOW, None), errors.StreamNotFound, (STREAM_NAME, "us-east-1", "123456789012"), "it is missing"),
        (Seen(NOW, DYING), errors.StreamBeingDeleted, (STREAM_ARN,), "it is on its way out"),
        (_seen(tags=THEIRS), errors.OwnedByAnotherStack, ("Theirs", "another-stack"), "it is theirs"),
        (_seen(BUSY, THEIRS), errors.OwnedByAnotherStack, ("Theirs",), "it is theirs, and busy: said before the wait"),
        (_seen(wanted=BAD), errors.KeyUnusable, ("Disabled", STREAM_ARN, "one"), "the key is disabled"),
        (_seen(BUSY, wanted=BAD), errors.KeyUnusable, ("Disabled",), "the key is disabled: said before the wait"),
        (_seen(tags=NOBODYS, wanted=BAD), errors.KeyUnusable, ("Disabled",), "said before anything is written"),
    ],
)
def test_what_cannot_work_fails_at_once(
    seen: Seen, error: type[errors.ProviderError], words: tuple[str, ...], why: str
) -> None:
    """Rows of Create and Update: FAILED with what to fix, before anything is changed."""
    reason = str(_failed(decide(ENSURE, seen, Memory(0)), error))
    assert [word for word in words if word not in reason] == [], why


def test_a_disabled_key_that_the_stream_has_already_is_no_hindrance() -> None:
    """Promise 4: nothing needs to change, so nothing can be refused."""
    assert isinstance(decide(ENSURE, _seen(WITH_ONE, wanted=BAD, as_wanted=True), SETTLED), Settled)


@pytest.mark.parametrize("status", [StreamStatus.CREATING, StreamStatus.UPDATING])
@pytest.mark.parametrize("tags", [None, NOBODYS, MINE])
@pytest.mark.parametrize("goal", [ENSURE, RELEASE], ids=["Ensure", "Release"])
def test_a_stream_that_is_not_active_is_waited_for(
    goal: Ensure | Release, status: StreamStatus, tags: Tags | None
) -> None:
    """Rows CREATING and UPDATING: wait until ACTIVE, then decide; the reason says what for."""
    stream = replace(WITH_ONE, status=status)
    goal = replace(goal, evidence_key="one")
    action = decide(goal, _seen(stream, tags), Memory(0))
    assert isinstance(action, Wait)
    assert f"{STREAM_NAME} is {status}" in action.reason
    assert action.seconds is None


LONG = "alias/" + "k" * 300


@pytest.mark.parametrize(
    ("goal", "seen", "ownership"),
    [
        (ENSURE, _seen(PLAIN, NOBODYS), Ownership(ME, None)),
        (ENSURE, _seen(WITH_TWO, NOBODYS), Ownership(ME, "two")),
        (ENSURE, _seen(WITH_ONE, NOBODYS, as_wanted=True), Ownership(ME, "one")),
        (ENSURE, _seen(WITH_TWO, NOBODYS, evidence=True), Ownership(ME, None)),
        (ENSURE, _seen(WITH_TWO, OLDS), Ownership(ME, "zero", Predecessor(OLD, "two"))),
        (ENSURE, _seen(PLAIN, OLDS), Ownership(ME, "zero", Predecessor(OLD, None))),
        (
            ENSURE,
            _seen(WITH_TWO, Tags(Ownership(OLD, "zero", demand=LONG_WANTED), KEYS, foreign=True)),
            Ownership(ME, "zero", Predecessor(OLD, "two", issued_at=LONG_AGO)),
        ),
        (
            ENSURE,
            _seen(WITH_TWO, Tags(Ownership(OLD, "zero", Predecessor(OLDER, None, None, 5.0)), KEYS, foreign=True)),
            Ownership(ME, "zero", Predecessor(OLD, "two", Predecessor(OLDER, None, None, 5.0))),
        ),
        (replace(ENSURE, takeover=True), _seen(WITH_TWO, THEIRS), Ownership(ME, "zero", Predecessor(THEM, "two"))),
        (
            ENSURE,
            _seen(replace(PLAIN, key_id=LONG), NOBODYS, current=Key(LONG, "arn:long", "arn:long")),
            Ownership(ME, "arn:long"),
        ),
        (ENSURE, _seen(replace(PLAIN, key_id=LONG), NOBODYS, current=Key(LONG, None, LONG)), Ownership(ME, LONG)),
        (
            ENSURE,
            _seen(replace(PLAIN, key_id=LONG[:256]), NOBODYS, current=Key(LONG[:256], "arn:long", "arn:long")),
            Ownership(ME, LONG[:256]),
        ),
        (ENSURE, _seen(WITH_TWO, NOBODYS, current=Key("two", "arn:two", "arn:two")), Ownership(ME, "two")),
    ],
    ids=[
        "unencrypted",
        "another key",
        "the wanted key",
        "our own key, untagged",
        "a rename",
        "a rename, unencrypted",
        "a rename, whose last request is known",
        "a second rename",
        "a takeover",
        "a KeyId too long for a tag",
        "a KeyId too long, and nothing shorter known",
        "a KeyId that just fits",
        "a KeyId that fits stays as it is spelled",
    ],
)
def test_the_record_is_written_before_anything_else(goal: Ensure, seen: Seen, ownership: Ownership) -> None:
    """Promise 3: whoever finds it can undo what comes next; and what it says was there before, and is wanted now."""
    action = decide(goal, seen, Memory(0))
    assert isinstance(action, Remember)
    assert (action.stream, action.ownership) == (seen.stream, replace(ownership, demand=NOW_WANTED))
    assert seen.tags
    assert action.over == seen.tags.keys, "what the record before it says of former owners is not to stay"


@pytest.mark.parametrize(
    ("key", "recorded", "why"),
    [
        (ONE, "one", "as it is spelled"),
        (Key(LONG, "arn:long", "arn:long"), "arn:long", "it has no room in a tag, its ARN has"),
        (Key(LONG, None, LONG), None, "nothing is known that has room"),
        (Key(LONG[:MAX_VALUE], "arn:long", "arn:long"), LONG[:MAX_VALUE], "it just fits"),
    ],
)
def test_the_record_says_what_is_wanted_and_since_when(key: Key, recorded: str | None, why: str) -> None:
    """Promise 6: by that, later requests and earlier ones know of each other; a KeyId may be longer than a tag."""
    action = decide(replace(ENSURE, key_id=key.key_id), _seen(PLAIN, NOBODYS, wanted=key), Memory(0))
    assert isinstance(action, Remember)
    assert action.ownership.demand == Demand(ISSUED, recorded), why


@pytest.mark.parametrize(
    ("seen", "expected", "why"),
    [
        (_held(WITH_TWO), Remember, "it has another key"),
        (_held(PLAIN), Remember, "somebody stopped it"),
        (_held(WITH_ONE, as_wanted=True, rekeyed=True), Remember, "the old key's Start may still be on its way"),
        (_held(WITH_ONE, as_wanted=True), Settled, "nothing is to be changed: so no tag, either"),
        (_seen(WITH_TWO, Tags(Ownership(ME, None), KEYS)), Remember, "an older version wrote no such thing down"),
        (_seen(WITH_TWO, MINE, rekeyed=True), Start, "this very request wrote it down"),
        (_seen(WITH_ONE, MINE, as_wanted=True, rekeyed=True), Settled, "this very request did it all"),
        (_seen(WITH_TWO, SAME_SECONDS), Remember, "a rollback in the second of what it rolls back"),
    ],
)
def test_a_change_of_the_key_is_written_down_before_it_is_made(seen: Seen, expected: type[Action], why: str) -> None:
    """Promise 6: an older request that is still at work finds that it is; promise 4: and only where it matters."""
    assert isinstance(decide(ENSURE, seen, SETTLED), expected), why


def test_what_is_written_down_of_a_change_leaves_the_rest_of_the_record_as_it_is() -> None:
    """Promise 3: what was before, and whom the stream was taken from, are Create's to say."""
    action = decide(ENSURE, _held(WITH_TWO, TAKEN), SETTLED)
    assert isinstance(action, Remember)
    assert TAKEN.ownership
    assert (action.stream, action.ownership) == (WITH_TWO, replace(TAKEN.ownership, demand=NOW_WANTED))
    assert action.over == TAKEN.keys


@pytest.mark.parametrize(
    ("tags", "keys"),
    [
        (Tags(None, ("stack",)), ("stack",)),
        (Tags(None, (), cancelled_at=ISSUED - 1, cancelled_key="cancelled"), ("cancelled",)),
        (Tags(None, ("stack",), cancelled_at=ISSUED - 1, cancelled_key="cancelled"), ("stack", "cancelled")),
    ],
    ids=["a part of a record", "an old cancellation", "both"],
)
def test_what_is_left_of_an_earlier_record_is_removed_first(tags: Tags, keys: tuple[str, ...]) -> None:
    """Promise 3: no new record is mixed with an old one."""
    action = decide(ENSURE, _seen(PLAIN, tags), Memory(0))
    assert isinstance(action, Forget)
    assert action.keys == keys


@pytest.mark.parametrize("stream", [PLAIN, WITH_TWO], ids=["unencrypted", "another key"])
def test_a_stream_of_ours_that_is_not_as_wanted_is_started(stream: Stream) -> None:
    """Rows "not encrypted" and "KMS with another key": Start with the new key, straight."""
    action = decide(ENSURE, _seen(stream), Memory(0, owned=True))
    assert isinstance(action, Start)
    assert (action.stream, action.key_id) == (stream, "one")
    assert "two" in action.reason if stream.key_id else "not encrypted" in action.reason


@pytest.mark.parametrize(
    ("memory", "seconds", "why"),
    [
        (replace(SETTLED, settling_since=NOW), 5.0, "just now"),
        (replace(SETTLED, settling_since=NOW - 4.5), 0.5, "half a second is left"),
        (replace(SETTLED, settling_since=None), None, "ACTIVE may be from before the change"),
    ],
)
def test_success_waits_until_settled(memory: Memory, seconds: float | None, why: str) -> None:
    """Promise 1: ACTIVE with the wanted encryption, plus SettleSeconds, exactly."""
    action = decide(ENSURE, _seen(WITH_ONE, as_wanted=True), memory)
    assert isinstance(action, Wait), why
    assert action.seconds == seconds, why


def test_success_is_told_with_the_attributes() -> None:
    """Promise 1 and Fn::GetAtt: exactly SettleSeconds after, not a moment later."""
    tags = Tags(Ownership(ME, "zero"), KEYS)
    action = decide(ENSURE, _seen(WITH_ONE, tags, as_wanted=True), SETTLED)
    assert isinstance(action, Settled)
    assert action.attributes == Attributes(WITH_ONE, "arn:one", "zero")
    assert "nothing had to change" in action.reason
    started = decide(ENSURE, _seen(WITH_ONE, tags, as_wanted=True), replace(SETTLED, changes=1))
    assert "encryption was started" in started.reason


def test_a_key_whose_arn_is_not_known_is_told_by_its_fullest_spelling() -> None:
    """Fn::GetAtt KeyArn: the look-up may have been denied."""
    wanted = Key("one", None, "arn:spelled-out")
    action = decide(ENSURE, _seen(WITH_ONE, wanted=wanted, as_wanted=True), SETTLED)
    assert isinstance(action, Settled)
    assert action.attributes
    assert action.attributes.key_arn == "arn:spelled-out"


def test_a_record_is_put_once_when_verify_is_true() -> None:
    """Property Verify: after settling, and not again when it was proven."""
    goal = replace(ENSURE, verify=True)
    seen = _seen(WITH_ONE, as_wanted=True)
    action = decide(goal, seen, SETTLED)
    assert isinstance(action, Verify)
    assert action.stream == WITH_ONE
    assert isinstance(decide(goal, seen, replace(SETTLED, verified=True)), Settled)
    assert isinstance(decide(goal, seen, replace(SETTLED, settling_since=NOW)), Wait)


# A change that was asked for, and does not show


def _asked(change: str = "Start", **fields: Any) -> Asked:
    key_id = "one" if change == "Start" else None
    return Asked(**{"change": change, "key_id": key_id, "at": NOW - GRACE_SECONDS, **fields})


@pytest.mark.parametrize(
    ("asked", "expected", "why"),
    [
        (_asked(at=NOW - GRACE_SECONDS + 0.1), Wait, "it may only not show yet"),
        (_asked(), Start, "it never showed: ask again"),
        (_asked(times=MOST_ASKED - 1), Start, "once more"),
        (_asked(times=MOST_ASKED), Failed, "each costs a part of the day's 25"),
        (_asked(effect_at=NOW - 0.1), Wait, "it was at work a moment ago"),
        (_asked(at=NOW - 60, effect_at=NOW - GRACE_SECONDS), Failed, "it was done, and undone by somebody"),
        (_asked(at=NOW - 60, effect_at=NOW - GRACE_SECONDS, sure=False), Start, "it may have been somebody else's"),
        (_asked("Remember", at=NOW), Start, "another change is no repetition"),
        (_asked(at=NOW, key_id="two"), Start, "nor is another key"),
    ],
)
def test_a_start_is_not_asked_for_twice_in_vain(asked: Asked, expected: type[Action], why: str) -> None:
    """Promise 4: each stream has 25 Starts a day; a call whose effect does not show yet is not made again."""
    action = decide(ENSURE, _seen(PLAIN), Memory(0, owned=True, asked=asked, changes=1))
    assert isinstance(action, expected), why


def test_an_encryption_that_somebody_changed_after_us_is_told_and_not_fought_over() -> None:
    """Promise 4: the quota is not fought away."""
    asked = _asked(at=NOW - 60, effect_at=NOW - GRACE_SECONDS)
    memory = Memory(0, owned=True, asked=asked, changes=1)
    assert "alias" not in str(_failed(decide(ENSURE, _seen(PLAIN), memory), errors.ChangedBySomeoneElse))
    reached = replace(memory, asked=_asked(at=NOW - 60), reached_at=NOW - GRACE_SECONDS)
    assert "two" in str(_failed(decide(ENSURE, _seen(WITH_TWO), reached), errors.ChangedBySomeoneElse))
    before = replace(memory, asked=_asked(at=NOW - 60), reached_at=NOW - 61)
    assert isinstance(decide(ENSURE, _seen(PLAIN), before), Start), "it was reached before the last Start"
    at_once = replace(memory, asked=_asked(at=NOW - 60), reached_at=NOW - 60)
    _failed(decide(ENSURE, _seen(PLAIN), at_once), errors.ChangedBySomeoneElse)


def test_a_change_without_effect_is_told_with_its_name_and_number() -> None:
    """Promise 2: what happened, on which stream."""
    memory = Memory(0, owned=True, asked=_asked(times=MOST_ASKED), changes=3)
    reason = str(_failed(decide(ENSURE, _seen(PLAIN), memory), errors.ChangeWithoutEffect))
    assert "Start" in reason
    assert STREAM_ARN in reason
    assert str(MOST_ASKED) in reason


def test_a_tag_that_does_not_show_is_written_again_whatever_the_encryption_does() -> None:
    """Promise 6: a lost tag is not taken for a late one only because the stream is as wanted all the while."""
    memory = Memory(0, asked=_asked("Remember"), reached_at=NOW, settling_since=NOW - 60)
    assert isinstance(decide(ENSURE, _seen(WITH_ONE, NOBODYS, as_wanted=True), replace(memory, asked=None)), Remember)
    unsure = replace(memory, asked=_asked("Remember", sure=False))
    assert isinstance(decide(ENSURE, _seen(WITH_ONE, NOBODYS, as_wanted=True), unsure), Remember)
    early = replace(memory, asked=_asked("Remember", sure=False, at=NOW - 1))
    assert isinstance(decide(ENSURE, _seen(WITH_ONE, NOBODYS, as_wanted=True), early), Wait)


# A later request has the stream

LATER = Tags(Ownership(ME, None, demand=Demand(ISSUED + 1, "two")), KEYS)
LATER_OLDS = Tags(Ownership(OLD, None, demand=Demand(ISSUED + 1, "two")), KEYS, foreign=True)
LATER_THEIRS = Tags(Ownership(THEM, None, demand=Demand(ISSUED + 1, "two")), KEYS, foreign=True)
TAKER = replace(ENSURE, takeover=True)


@pytest.mark.parametrize(
    ("goal", "seen", "memory", "expected", "why"),
    [
        (ENSURE, _seen(BUSY, LATER), Memory(0), Wait, "what it becomes has to be seen"),
        (ENSURE, _seen(WITH_TWO, LATER, instead=TWO), Memory(0), Failed, "it has the later one's key"),
        (ENSURE, _seen(PLAIN, LATER, instead=TWO), Memory(0), Failed, "the later one is at it"),
        (ENSURE, _seen(PLAIN, LATER_OLDS, instead=TWO), Memory(0), Failed, "a renamed resource has it"),
        (TAKER, _seen(PLAIN, LATER_THEIRS, instead=TWO), Memory(0), Failed, "another stack took it over"),
        (
            ENSURE,
            _seen(WITH_ONE, LATER, as_wanted=True, instead=TWO),
            Memory(0),
            Start,
            "a delivery of this one that died made its Start after the later one was through",
        ),
        (ENSURE, _seen(WITH_ONE, LATER_OLDS, as_wanted=True, instead=TWO), Memory(0), Start, "also on a renamed one's"),
        (TAKER, _seen(WITH_ONE, LATER_THEIRS, as_wanted=True, instead=TWO), Memory(0), Start, "and another stack's"),
        (
            ENSURE,
            _seen(WITH_ONE, LATER_THEIRS, as_wanted=True, instead=TWO),
            Memory(0, changes=1),
            Start,
            "who has made a Start puts it right, Takeover or not",
        ),
        (ENSURE, _seen(WITH_ONE, LATER, as_wanted=True), Memory(0), Failed, "which key it wants had no room in a tag"),
        (
            ENSURE,
            _seen(WITH_ONE, LATER, as_wanted=True, instead=ONE_BY_ARN),
            Memory(0),
            Failed,
            "the later one wants this key too",
        ),
        (
            ENSURE,
            _seen(WITH_ONE, LATER, as_wanted=True, instead=replace(TWO, fault="is Disabled: enable it")),
            Memory(0),
            Failed,
            "the later one's key can't be used",
        ),
        (
            ENSURE,
            _seen(WITH_ONE, replace(LATER, ending=True), as_wanted=True, instead=TWO),
            Memory(0),
            Failed,
            "a Delete of the later one puts this key back",
        ),
        (
            ENSURE,
            _seen(PLAIN, LATER, instead=TWO),
            Memory(0, asked=_asked(at=NOW - TRUST_SECONDS + 1)),
            Wait,
            "our own Start may not show yet",
        ),
        (
            ENSURE,
            _seen(PLAIN, LATER, instead=TWO),
            Memory(0, asked=_asked(at=NOW - TRUST_SECONDS)),
            Failed,
            "our own Start would show by now",
        ),
        (
            ENSURE,
            _seen(PLAIN, LATER, instead=TWO),
            Memory(0, asked=_asked("Remember", at=NOW - 1)),
            Failed,
            "a record starts nothing",
        ),
        (
            ENSURE,
            _seen(WITH_ONE, LATER, as_wanted=True, instead=TWO),
            Memory(0, asked=_asked(key_id="two", at=NOW - 1)),
            Wait,
            "that it was put right does not show yet",
        ),
        (
            ENSURE,
            _seen(WITH_ONE, LATER, as_wanted=True, instead=TWO),
            Memory(0, asked=_asked(key_id="two", at=NOW - 60, effect_at=NOW - GRACE_SECONDS)),
            Failed,
            "it was put right, and others changed it again",
        ),
    ],
)
def test_an_older_request_gives_way_and_leaves_no_start_of_its_own_behind(
    goal: Ensure, seen: Seen, memory: Memory, expected: type[Action], why: str
) -> None:
    """Promise 6: requests are ordered by the time at which they were issued; the newest one's key is what stays."""
    action = decide(goal, seen, memory)
    assert isinstance(action, expected), why
    if isinstance(action, Failed):
        _failed(action, errors.Overtaken)
    if isinstance(action, Start):
        assert (action.stream, action.key_id) == (seen.stream, "two")


def test_a_start_that_may_not_show_yet_is_waited_for_to_the_second() -> None:
    """Promise 6: a later look would find nothing new."""
    action = decide(ENSURE, _seen(PLAIN, LATER, instead=TWO), Memory(0, asked=_asked(at=NOW - 2)))
    assert isinstance(action, Wait)
    assert action.seconds == TRUST_SECONDS - 2


def test_what_was_never_ours_to_take_is_refused_by_its_owner_s_name() -> None:
    """Row "owned by another stack's resource": also where that one's request is the later one."""
    reason = str(_failed(decide(ENSURE, _seen(PLAIN, LATER_THEIRS), Memory(0)), errors.OwnedByAnotherStack))
    assert "Theirs" in reason


@pytest.mark.parametrize("stream", [WITH_ONE, BUSY, WITH_TWO], ids=["its key", "busy", "another key"])
@pytest.mark.parametrize("goal", [RELEASE, replace(RELEASE, evidence_key="one", overtaking=True)])
def test_a_delete_that_is_older_than_the_record_does_nothing(goal: Release, stream: Stream) -> None:
    """Promise 6: it was carried out before, and the resource was made anew; now it is only delivered again."""
    action = decide(goal, _seen(stream, LATER, evidence=True), Memory(0))
    assert isinstance(action, Settled)
    assert action == Settled("left alone: a later request of Encryption has the stream")
    same_second = decide(goal, _seen(WITH_ONE, replace(MINE, cancelled_at=ISSUED)), Memory(0, owned=True))
    assert isinstance(same_second, Stop), "a record of the same second is no later one"


# A request that was called off


def test_a_create_that_is_called_off_takes_its_record_back_and_starts_nothing() -> None:
    """Promise 6: a Create that is overtaken by the Delete of its own resource stops working on the stream."""
    memory = Memory(0, owned=True, overtaken=True)
    marked = replace(MINE, ending=True, cancelled_at=ISSUED + 1, cancelled_key="cancelled")
    action = decide(ENSURE, _seen(PLAIN, marked), memory)
    assert isinstance(action, Forget)
    assert action.keys == KEYS
    _failed(decide(ENSURE, _seen(PLAIN, NOBODYS), memory), errors.Overtaken)


def test_a_stop_that_took_a_start_back_is_not_taken_back_itself() -> None:
    """Promise 5: of two deliveries that were called off, the one that undid the other's Start may not see that yet.

    What it found before its first change is the key that the stream still shows.
    """
    undone = Memory(0, owned=True, overtaken=True, changes=1, found="one", asked=Asked("Stop", None, NOW - 1))
    _failed(decide(ENSURE, _seen(WITH_ONE, NOBODYS, as_wanted=True), undone), errors.Overtaken)


@pytest.mark.parametrize(
    ("asked", "expected", "why"),
    [
        (_asked(at=NOW - 60), Failed, "the Delete found it, and left the key that the stream had before its resource"),
        (_asked(at=NOW - 60, sure=False), Start, "it may have come after the Delete had looked"),
        (_asked(at=NOW - 40 - TRUST_SECONDS), Start, "the Delete may not have seen it"),
        (None, Start, "nobody knows when it was made"),
    ],
)
def test_a_start_that_the_delete_found_is_not_taken_back(asked: Asked | None, expected: type[Action], why: str) -> None:
    """Promise 3: a delivery that stood still since long before its resource's Delete leaves what that one left."""
    memory = Memory(0, owned=True, overtaken=True, changes=1, found="two", asked=asked)
    tags = replace(NOBODYS, cancelled_at=NOW - 40, cancelled_key="cancelled")
    assert isinstance(decide(ENSURE, _seen(WITH_ONE, tags, as_wanted=True), memory), expected), why


def test_a_create_that_is_called_off_gives_a_taken_stream_back() -> None:
    """Promise 6 and row rename: the record of the former owner is written again."""
    memory = Memory(0, owned=True, overtaken=True, former=THEM)
    action = decide(replace(ENSURE, takeover=True), _seen(WITH_TWO, TAKEN, instead=TWO), memory)
    assert isinstance(action, Remember)
    assert action.ownership == Ownership(THEM, "zero")


CALLED_OFF = Memory(0, owned=True, overtaken=True)
FROM_ZERO = Tags(Ownership(ME, "zero", demand=NOW_WANTED), KEYS)
FROM_THEM = Tags(Ownership(ME, "zero", Predecessor(THEM, "theirs"), NOW_WANTED), (*KEYS, *LINEAGE))
FROM_ONE = Tags(Ownership(ME, "arn:one", demand=NOW_WANTED), KEYS)
THEIR_KEY = Key("theirs", "arn:theirs", "arn:theirs")


@pytest.mark.parametrize(
    ("seen", "memory", "change", "key_id", "why"),
    [
        (_seen(WITH_ONE, as_wanted=True), CALLED_OFF, Stop, "one", "it was not encrypted before"),
        (_seen(WITH_ONE, FROM_ZERO, as_wanted=True, instead=ZERO), CALLED_OFF, Start, "zero", "it had a key before"),
        (
            _seen(WITH_ONE, FROM_THEM, as_wanted=True, instead=THEIR_KEY),
            CALLED_OFF,
            Start,
            "theirs",
            "its former owner had given it a key",
        ),
        (
            _seen(WITH_ONE, as_wanted=True),
            replace(CALLED_OFF, since=NOW),
            Stop,
            "one",
            "what shows needs no wait for what may not show",
        ),
        (
            _seen(WITH_ONE, FROM_ONE, as_wanted=True, instead=ONE_BY_ARN),
            CALLED_OFF,
            Forget,
            None,
            "it had this key before, spelled otherwise",
        ),
        (
            _seen(WITH_ONE, FROM_ZERO, as_wanted=True, instead=replace(ZERO, fault="is Disabled: enable it")),
            CALLED_OFF,
            Forget,
            None,
            "the key before can't be restored: it keeps the encryption that it has",
        ),
        (_seen(PLAIN), CALLED_OFF, Forget, None, "nothing was done yet but the record"),
        (_seen(WITH_TWO, FROM_THEM, instead=TWO), CALLED_OFF, Remember, None, "it goes back to its former owner"),
        (
            _seen(WITH_TWO, FROM_ONE, instead=ONE_BY_ARN),
            CALLED_OFF,
            Start,
            "arn:one",
            "its Delete gave it back to an owner that has gone since, with that one's key",
        ),
        (_seen(WITH_TWO), CALLED_OFF, Stop, "two", "the same, of a stream that was not encrypted before"),
        (
            _seen(WITH_ONE, as_wanted=True),
            replace(CALLED_OFF, asked=Asked("Stop", None, NOW - 1)),
            Wait,
            None,
            "that it was undone does not show yet",
        ),
        (
            _seen(WITH_ONE, as_wanted=True),
            replace(CALLED_OFF, asked=Asked("Stop", None, NOW - 60, effect_at=NOW - GRACE_SECONDS)),
            Failed,
            None,
            "it was undone, and others encrypted it again",
        ),
    ],
)
def test_a_request_that_is_called_off_undoes_what_its_record_tells_of(
    seen: Seen, memory: Memory, change: type[Action], key_id: str | None, why: str
) -> None:
    """Promise 6: whoever called it off may not have found the record, or not the Start that a dead delivery made."""
    action = decide(ENSURE, seen, memory)
    assert isinstance(action, change), why
    if isinstance(action, Start | Stop):
        assert (action.stream, action.key_id) == (seen.stream, key_id)
    if isinstance(action, Failed):
        _failed(action, errors.Overtaken)


@pytest.mark.parametrize(
    ("memory", "seconds", "why"),
    [
        (replace(CALLED_OFF, since=NOW - 2), TRUST_SECONDS - 2, "another delivery's Start may be moments old"),
        (replace(CALLED_OFF, asked=_asked(at=NOW - 1)), TRUST_SECONDS - 1, "our own Start may be on its way"),
        (replace(CALLED_OFF, since=NOW - TRUST_SECONDS), None, "it would show by now"),
        (replace(CALLED_OFF, asked=_asked(at=NOW - TRUST_SECONDS)), None, "it would show by now, ours too"),
    ],
)
def test_a_record_is_given_back_only_once_a_start_would_show(memory: Memory, seconds: float | None, why: str) -> None:
    """Promise 6: without the record, nobody could undo a Start that shows later."""
    action = decide(ENSURE, _seen(PLAIN), memory)
    if seconds is None:
        assert isinstance(action, Forget), why
    else:
        assert isinstance(action, Wait), why
        assert action.seconds == seconds, why


@pytest.mark.parametrize(("ago", "expected"), [(TRUST_SECONDS - 1, Wait), (TRUST_SECONDS, Failed)])
def test_a_request_that_is_called_off_ends_only_once_its_start_would_show(ago: float, expected: type[Action]) -> None:
    """Promise 6: a Start that shows after its request has ended is nobody's to undo."""
    memory = replace(CALLED_OFF, asked=_asked(at=NOW - ago), changes=1)
    assert isinstance(decide(ENSURE, _seen(PLAIN, NOBODYS), memory), expected)


@pytest.mark.parametrize(
    ("memory", "seen", "expected", "why"),
    [
        (Memory(0, owned=True), _seen(PLAIN, NOBODYS), Failed, "the record was there, and is gone"),
        (Memory(0, owned=True), _seen(PLAIN, OLDS), Failed, "the record was there, and is another's"),
        (Memory(0, owned=True, overtaken=True), _seen(BUSY, MINE), Wait, "no tag can be changed now"),
        (
            Memory(0, asked=_asked("Remember")),
            _seen(PLAIN, NOBODYS),
            Failed,
            "the record was surely written, and is not there: somebody took it away",
        ),
        (
            Memory(0, asked=_asked("Remember", at=NOW - GRACE_SECONDS + 1)),
            _seen(PLAIN, NOBODYS),
            Wait,
            "the record may only not show yet",
        ),
        (
            Memory(0, asked=_asked("Remember", sure=False)),
            _seen(PLAIN, NOBODYS),
            Remember,
            "the record may never have been written",
        ),
        (
            Memory(0, owned=True, overtaken=True, changes=1, found=None),
            _seen(WITH_ONE, NOBODYS, as_wanted=True),
            Stop,
            "our Start came after the Delete had looked",
        ),
        (
            Memory(0, owned=True, overtaken=True, changes=1, found="two"),
            _seen(WITH_ONE, NOBODYS, as_wanted=True),
            Start,
            "our Start came after the Delete had looked, and there was a key",
        ),
        (
            Memory(0, owned=True, overtaken=True, changes=1, former=THEM, found="two"),
            _seen(WITH_ONE, THEIRS, as_wanted=True),
            Start,
            "the Delete gave it back to its former owner meanwhile",
        ),
        (
            Memory(0, owned=True, overtaken=True, changes=1, former=OLD, found="two"),
            _seen(WITH_ONE, THEIRS, as_wanted=True),
            Failed,
            "somebody else has it by now",
        ),
        (
            Memory(0, owned=True, overtaken=True, changes=1),
            _seen(WITH_TWO, NOBODYS),
            Failed,
            "somebody gave it another key by now",
        ),
        (
            Memory(0, owned=True, changes=1),
            _seen(WITH_ONE, NOBODYS, as_wanted=True),
            Failed,
            "no Delete said so: people removed the tags, and the encryption stays",
        ),
    ],
)
def test_a_request_that_lost_its_record_takes_back_only_what_nobody_else_can(
    memory: Memory, seen: Seen, expected: type[Action], why: str
) -> None:
    """Promise 6: it notices, and stops working on the stream; promise 3: what is not ours any more is left alone."""
    action = decide(ENSURE, seen, memory)
    assert isinstance(action, expected), why
    if isinstance(action, Failed):
        _failed(action, errors.Overtaken)
    if isinstance(action, Stop):
        assert (action.stream, action.key_id) == (seen.stream, "one")
    if isinstance(action, Start):
        assert (action.stream, action.key_id) == (seen.stream, "two")


# The goal of Delete


def test_target_is_what_on_delete_says() -> None:
    """Property OnDelete, and the hand-back of a stream that was taken over."""
    taken = TAKEN.ownership
    renamed = Ownership(ME, "zero", Predecessor(OLD, "olds"))
    first = Ownership(ME, "zero")
    keep, stop = replace(RELEASE, on_delete=OnDelete.KEEP), replace(RELEASE, on_delete=OnDelete.STOP)
    assert target(ENSURE, WITH_TWO, first) == "one"
    assert [target(goal, WITH_TWO, first) for goal in (RELEASE, stop, keep)] == ["zero", None, "two"]
    assert [target(goal, WITH_TWO, taken) for goal in (RELEASE, stop, keep)] == ["theirs", "theirs", "two"]
    assert [target(goal, WITH_TWO, renamed) for goal in (RELEASE, stop, keep)] == ["olds", "olds", "olds"]
    assert [target(goal, WITH_TWO, None) for goal in (RELEASE, stop, keep)] == [None, None, "two"]
    assert target(RELEASE, WITH_TWO, Ownership(ME, None)) is None


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (Seen(NOW, None), "gone"),
        (Seen(NOW, DYING), "on its way out"),
        (_seen(WITH_ONE, NOBODYS), "nobody's"),
        (_seen(BUSY, NOBODYS), "nobody's, and busy"),
        (_seen(WITH_ONE, OLDS), "another resource's"),
        (_seen(WITH_ONE, THEIRS), "another stack's"),
    ],
)
def test_a_delete_of_what_is_not_ours_is_a_success_at_once(seen: Seen, why: str) -> None:
    """Row "not owned, gone, DELETING": nothing; SUCCESS; it says who manages the stream."""
    action = decide(RELEASE, seen, Memory(0))
    assert isinstance(action, Settled), why
    assert action.attributes is None
    if seen.tags and seen.tags.ownership:
        assert seen.tags.ownership.owner.logical_id in action.reason
        assert seen.tags.ownership.owner.stack_id in action.reason


def test_what_a_delete_undid_is_told_as_that() -> None:
    """Logs: "left alone" is not said of a stream that was just undone."""
    for memory in (Memory(0, owned=True), Memory(0, changes=1)):
        action = decide(RELEASE, _seen(PLAIN, NOBODYS), memory)
        assert action.reason == "what this resource did is undone"


@pytest.mark.parametrize(
    ("stream", "tags", "expected", "key_id", "why"),
    [
        (WITH_ONE, HELD, Stop, "one", "it was not encrypted before"),
        (WITH_ONE, HELD_FROM_ZERO, Start, "zero", "it had a key before"),
        (WITH_ONE, TAKEN, Start, "theirs", "it goes back with the key that its former owner gave"),
    ],
)
def test_a_delete_undoes_what_was_done(
    stream: Stream, tags: Tags, expected: type[Start | Stop], key_id: str, why: str
) -> None:
    """Row "owned": as OnDelete says; Stop is given the KeyId that Kinesis reports."""
    action = decide(RELEASE, _seen(stream, tags), Memory(0, owned=True))
    assert isinstance(action, expected), why
    assert isinstance(action, Start | Stop)
    assert action.key_id == key_id, why


@pytest.mark.parametrize(
    ("memory", "expected", "why"),
    [
        (Memory(0, owned=True, settling_since=NOW), Forget, "ACTIVE, and as wanted"),
        (Memory(0, owned=True), Wait, "ACTIVE may be from before the Stop"),
        (Memory(0, owned=True, conceded="the key is gone"), Forget, "it can't be restored: nothing to wait for"),
    ],
)
def test_the_tags_go_last(memory: Memory, expected: type[Action], why: str) -> None:
    """Row "owned": as OnDelete says, WAIT, remove the tags."""
    action = decide(RELEASE, _held(as_wanted=True), memory)
    assert isinstance(action, expected), why
    if isinstance(action, Forget):
        assert action.keys == KEYS


def test_a_taken_stream_goes_back_to_its_former_owner() -> None:
    """Property Takeover: with what was before both, and what it wanted of the stream, as far as is known."""
    action = decide(RELEASE, _seen(WITH_ONE, TAKEN, as_wanted=True), SETTLED)
    assert isinstance(action, Remember)
    assert action.ownership == Ownership(THEM, "zero")
    older = Predecessor(OLDER, None, None, 5.0)
    twice = Ownership(ME, "zero", Predecessor(OLD, "olds", older, LONG_AGO), LONG_WANTED)
    action = decide(RELEASE, _seen(WITH_ONE, replace(TAKEN, ownership=twice), as_wanted=True), SETTLED)
    assert isinstance(action, Remember)
    assert action.ownership == Ownership(OLD, "zero", older, Demand(LONG_AGO, "olds"))
    assert action.over == TAKEN.keys


def test_a_former_owner_that_is_deleted_is_struck_from_the_record() -> None:
    """Row rename: the old one's Delete does nothing, except that nothing goes back to it, or comes of it, any more."""
    tags = Tags(Ownership(OLD, None, Predecessor(ME, "one")), (*KEYS, *LINEAGE), foreign=True, former_keys=LINEAGE)
    mark = decide(RELEASE, _seen(WITH_ONE, tags), Memory(0))
    assert isinstance(mark, Cancel), "a request of its own may be delivered again, and take the stream back"
    assert (mark.stream, mark.owner, mark.issued_at) == (WITH_ONE, ME, ISSUED)
    action = decide(RELEASE, _seen(WITH_ONE, replace(tags, cancelled_at=ISSUED)), Memory(0))
    assert isinstance(action, Forget)
    assert (action.stream, action.keys) == (WITH_ONE, LINEAGE)
    assert isinstance(decide(RELEASE, _seen(WITH_ONE, tags), Memory(0, unmarked=True)), Forget), "no room for a mark"
    same_second = replace(tags, former_at=ISSUED)
    assert isinstance(decide(RELEASE, _seen(WITH_ONE, same_second), Memory(0)), Cancel)
    anew = replace(tags, former_at=ISSUED + 1)
    late = decide(RELEASE, _seen(WITH_ONE, anew), Memory(0))
    assert isinstance(late, Settled), "the resource was created anew since, and may yet get the stream back"
    overtaking = decide(OVERTAKING, _seen(WITH_ONE, replace(anew, cancelled_at=ISSUED)), Memory(0))
    assert isinstance(overtaking, Settled), "so it may, whatever this Delete calls off"
    other = Tags(Ownership(OLD, None, Predecessor(THEM, "one")), (*KEYS, *LINEAGE), foreign=True)
    assert isinstance(decide(RELEASE, _seen(WITH_ONE, other), Memory(0)), Settled)


@pytest.mark.parametrize(
    ("key", "expected"),
    [(BAD, Concede), (ONE, Start), (Key("zero", None, "zero"), Start), (None, Start)],
    ids=["disabled", "usable", "not looked up", "unknown"],
)
def test_a_key_that_cannot_be_restored_is_conceded_before_it_is_tried(key: Key | None, expected: type[Action]) -> None:
    """Promise 7: the stream keeps the encryption that it has; the reason names key and state."""
    action = decide(RELEASE, _held(WITH_ONE, HELD_FROM_ZERO, wanted=key), Memory(0, owned=True))
    assert isinstance(action, expected)
    if isinstance(action, Concede):
        assert "zero" in action.reason
        assert "Disabled" in action.reason


def test_what_was_conceded_is_not_tried_again() -> None:
    """Promise 7: SUCCESS; the record goes, or goes back."""
    memory = Memory(0, owned=True, conceded="the key is gone")
    assert isinstance(decide(RELEASE, _held(WITH_ONE, HELD_FROM_ZERO), memory), Forget)
    assert isinstance(decide(RELEASE, _seen(WITH_ONE, TAKEN), memory), Remember)


def test_somebody_who_encrypts_after_our_stop_is_not_fought() -> None:
    """Promises 3 and 7: what they did after us is theirs, and teardown goes on."""
    asked = Asked("Stop", None, NOW - 60, effect_at=NOW - GRACE_SECONDS)
    action = decide(RELEASE, _held(WITH_TWO), Memory(0, owned=True, asked=asked, changes=1))
    assert isinstance(action, Concede)


@pytest.mark.parametrize(
    ("seen", "goal", "memory", "expected", "why"),
    [
        (_seen(WITH_ONE, NOBODYS, evidence=True), RELEASE, Memory(0), Stop, "id and key prove it"),
        (_seen(WITH_ONE, NOBODYS), RELEASE, Memory(0), Settled, "the key is another one"),
        (_seen(WITH_ONE, OLDS, evidence=True), RELEASE, Memory(0), Settled, "another resource's record counts more"),
        (
            _seen(WITH_ONE, Tags(None, (), cancelled_at=ISSUED, cancelled_key="cancelled"), evidence=True),
            RELEASE,
            Memory(0),
            Settled,
            "this very Delete was carried out before",
        ),
        (
            _seen(WITH_ONE, Tags(None, (), cancelled_at=ISSUED - 1, cancelled_key="cancelled"), evidence=True),
            RELEASE,
            Memory(0),
            Settled,
            "an earlier Delete was carried out, and whoever claims the stream anew removes its mark first",
        ),
        (
            _seen(WITH_ONE, NOBODYS, evidence=True, as_wanted=True),
            replace(RELEASE, on_delete=OnDelete.KEEP),
            Memory(0, settling_since=NOW),
            Settled,
            "Keep keeps",
        ),
        (
            _seen(WITH_ONE, NOBODYS, evidence=True),
            RELEASE,
            Memory(0, owned=True, asked=Asked("Forget", None, NOW)),
            Settled,
            "it was we who removed the record just now",
        ),
    ],
)
def test_a_stream_without_a_record_goes_by_id_and_key(
    seen: Seen, goal: Release, memory: Memory, expected: type[Action], why: str
) -> None:
    """Promise 3: without tags Delete acts only if id and key are its own."""
    assert isinstance(decide(replace(goal, evidence_key="one"), seen, memory), expected), why


def test_a_part_of_our_record_is_removed_and_a_part_of_anothers_is_not() -> None:
    """Promise 3: what names nobody else is ours to clean up."""
    part = Tags(None, ("stack",))
    action = decide(RELEASE, _seen(PLAIN, part), Memory(0))
    assert isinstance(action, Forget)
    assert action.keys == ("stack",)
    assert isinstance(decide(RELEASE, _seen(PLAIN, replace(part, foreign=True)), Memory(0)), Settled)
    told_by_id = decide(replace(RELEASE, evidence_key="one"), _seen(PLAIN, part), Memory(0))
    assert isinstance(told_by_id, Forget)
    assert told_by_id.stream == PLAIN


# A Delete that overtakes, or that may come twice

OVERTAKING = replace(RELEASE, overtaking=True, best_effort=True)


@pytest.mark.parametrize(
    ("tags", "expected", "why"),
    [
        (NOBODYS, Cancel, "a Create may still be at work"),
        (OLDS, Cancel, "a Create may still be at work, on another's stream too"),
        (replace(NOBODYS, cancelled_at=ISSUED - 1), Cancel, "an older mark says nothing to this Create"),
        (replace(NOBODYS, cancelled_at=ISSUED), Settled, "it is said already"),
        (replace(NOBODYS, cancelled_at=ISSUED + 1), Settled, "a later one says it too"),
        (MINE, Cancel, "the Create has recorded itself, and may start any moment"),
        (replace(MINE, cancelled_at=ISSUED), Forget, "it is said: undo what the record says"),
    ],
)
def test_a_delete_that_may_have_overtaken_its_create_calls_it_off(tags: Tags, expected: type[Action], why: str) -> None:
    """Promise 6: the Create notices by a mark of the time at which the Delete was issued."""
    memory = Memory(0, settling_since=NOW - TRUST_SECONDS)
    action = decide(OVERTAKING, _seen(PLAIN, tags, as_wanted=True), memory)
    assert isinstance(action, expected), why
    if isinstance(action, Cancel):
        assert (action.stream, action.owner, action.issued_at) == (PLAIN, ME, ISSUED)


def test_a_mark_that_somebody_may_still_have_to_heed_stays() -> None:
    """Promise 6: the Create may come yet again; an older mark, and everybody's that is spent, are swept up."""
    memory = Memory(0, owned=True, settling_since=NOW - TRUST_SECONDS)
    for cancelled_at, swept in ((ISSUED, ()), (ISSUED - 1, ("cancelled",))):
        tags = replace(HELD, cancelled_at=cancelled_at, cancelled_key="cancelled", spent=("old",))
        action = decide(RELEASE, _seen(PLAIN, tags, as_wanted=True), memory)
        assert isinstance(action, Forget)
        assert sorted(action.keys) == sorted((*KEYS, "old", *swept))


@pytest.mark.parametrize(
    ("goal", "stream", "memory", "expected", "why"),
    [
        (OVERTAKING, BUSY, Memory(0), Cancel, "the Update that failed may still wait for the stream"),
        (OVERTAKING, PLAIN, Memory(0, waits=1), Cancel, "it may have been waiting as we were"),
        (OVERTAKING, PLAIN, Memory(0), Cancel, "it may be delivered again, or have written no record yet"),
        (
            replace(OVERTAKING, overtaking=False),
            PLAIN,
            Memory(0),
            Settled,
            "its properties were never valid, so it did nothing, and never will",
        ),
    ],
)
def test_a_replacement_that_failed_is_called_off_where_it_may_still_be_at_work(
    goal: Release, stream: Stream, memory: Memory, expected: type[Action], why: str
) -> None:
    """Row "an attempted replacement failed": the stream that was tried is as it was, also later."""
    assert isinstance(decide(goal, _seen(stream, NOBODYS), memory), expected), why


@pytest.mark.parametrize(
    ("demand", "fields", "memory", "expected", "why"),
    [
        (Demand(ISSUED, "one"), {}, Memory(0), Cancel, "its newest request may still be at work"),
        (Demand(ISSUED - REQUEST_SECONDS + 1, "one"), {}, Memory(0), Cancel, "it may be delivered again"),
        (Demand(ISSUED - REQUEST_SECONDS, "one"), {}, Memory(0), Stop, "it would be refused for its age"),
        (None, {}, Memory(0), Stop, "an older version did not write down when that was"),
        (Demand(ISSUED, "one"), {"cancelled_at": ISSUED}, Memory(0), Stop, "that is said already"),
        (Demand(ISSUED, "one"), {"cancelled_at": ISSUED - 1}, Memory(0), Cancel, "an older mark does not say it"),
        (Demand(ISSUED, "one"), {}, Memory(0, unmarked=True), Stop, "a stream without room for it is not in the way"),
    ],
)
def test_a_delete_calls_a_request_off_that_may_still_be_delivered(
    demand: Demand | None, fields: dict[str, Any], memory: Memory, expected: type[Action], why: str
) -> None:
    """Promise 6: Lambda may deliver a request again for an hour; after its Delete it must find the mark."""
    tags = Tags(Ownership(ME, None, demand=demand), KEYS, **fields)
    action = decide(RELEASE, _seen(WITH_ONE, tags), memory)
    assert isinstance(action, expected), why
    if isinstance(action, Cancel):
        assert (action.stream, action.owner, action.issued_at) == (WITH_ONE, ME, ISSUED)


@pytest.mark.parametrize(
    ("memory", "seconds", "why"),
    [
        (Memory(NOW - 60, asked=Asked("Cancel", None, NOW - 1)), TRUST_SECONDS - 1, "the mark was just left"),
        (Memory(NOW - 2), TRUST_SECONDS - 2, "the mark was there, and this Delete has just begun"),
        (Memory(NOW - 60, asked=Asked("Cancel", None, NOW - TRUST_SECONDS)), None, "it would show by now"),
        (Memory(NOW - 60), None, "this Delete has looked for long enough"),
        (Memory(NOW - 1, owned=True), None, "the record was there, so it was found"),
    ],
)
def test_a_delete_looks_again_after_its_mark(memory: Memory, seconds: float | None, why: str) -> None:
    """Promise 6: what was done just before the mark may not show yet; what comes after it takes itself back."""
    action = decide(OVERTAKING, _seen(WITH_ONE, Tags(cancelled_at=ISSUED)), memory)
    assert isinstance(action, Settled if seconds is None else Wait), why
    if isinstance(action, Wait):
        assert action.seconds == seconds, why


def test_a_stream_without_room_for_the_mark_is_left_as_it_is() -> None:
    """Promise 7: teardown is not blocked by other people's 50 tags."""
    assert isinstance(decide(OVERTAKING, _seen(WITH_ONE, NOBODYS), Memory(0, unmarked=True)), Settled)


@pytest.mark.parametrize(
    ("goal", "seen", "memory", "sweep", "why"),
    [
        (RELEASE, _seen(tags=Tags(cancelled_at=ISSUED)), Memory(0), True, "its mark is there"),
        (RELEASE, _seen(tags=Tags(cancelled_at=ISSUED)), Memory(0, owned=True), True, "its mark is there, all undone"),
        (RELEASE, _seen(tags=Tags(cancelled_at=ISSUED + 1)), Memory(0), True, "a later one's: its own sweep, too"),
        (RELEASE, _seen(tags=Tags(cancelled_at=ISSUED - 1)), Memory(0), False, "it left none: an older one's is that"),
        (RELEASE, _seen(tags=NOBODYS), Memory(0), False, "there is none"),
        (RELEASE, Seen(NOW, None), Memory(0), False, "it went with the stream"),
    ],
)
def test_a_delete_that_leaves_a_mark_asks_for_its_removal(
    goal: Release, seen: Seen, memory: Memory, why: str, *, sweep: bool
) -> None:
    """Promise 3: nothing of ours stays on a stream for longer than it can matter."""
    action = decide(goal, seen, memory)
    assert isinstance(action, Settled)
    assert action.sweep == (Sweep(REF, ME, ISSUED) if sweep else None), why


# The goal of a sweep

SWEEP = Sweep(REF, ME, ISSUED)
MARKED = Tags(**MARK)


@pytest.mark.parametrize(
    ("seen", "expected", "keys", "why"),
    [
        (_seen(PLAIN, MARKED), Forget, ("cancelled",), "its time is over"),
        (_seen(WITH_ONE, replace(OLDS, **MARK)), Forget, ("cancelled",), "whoever has the stream now"),
        (_seen(PLAIN, replace(MARKED, spent=("old",))), Forget, ("cancelled", "old"), "with others' that are spent"),
        (_seen(PLAIN, replace(MARKED, spent=("cancelled",))), Forget, ("cancelled",), "it is spent itself"),
        (_seen(PLAIN, NOBODYS), Settled, (), "it is gone"),
        (_seen(PLAIN, replace(MARKED, cancelled_at=ISSUED + 1)), Settled, (), "it is a later Delete's"),
        (_seen(BUSY, MARKED), Wait, (), "no tag can be changed now"),
        (Seen(NOW, BUSY), Wait, (), "its tags were not looked at"),
        (_seen(BUSY, NOBODYS), Settled, (), "it is busy, and the mark is gone"),
        (Seen(NOW, None), Settled, (), "the stream is gone"),
        (Seen(NOW, DYING), Settled, (), "the stream is going"),
    ],
)
def test_a_sweep_removes_the_mark_and_nothing_else(
    seen: Seen, expected: type[Action], keys: tuple[str, ...], why: str
) -> None:
    """Promise 3: an hour after the Delete, as nothing that it calls off can still come."""
    action = decide(SWEEP, seen, Memory(0))
    assert isinstance(action, expected), why
    if isinstance(action, Forget):
        assert (action.stream, action.keys) == (seen.stream, keys), why
    if isinstance(action, Settled):
        assert (action.attributes, action.sweep) == (None, None)


@pytest.mark.parametrize("kind", list(RefusalKind), ids=str)
def test_a_sweep_that_is_refused_waits_or_is_given_up(kind: RefusalKind) -> None:
    """Errors: what passes is waited for; what does not is told in the log, and the next request sweeps."""
    memory = Memory(0, limited=Limited("kinesis:RemoveTagsFromStream", 0.0), invalid_since=NOW)
    action = decide(SWEEP, _unseen(kind, "kinesis:RemoveTagsFromStream"), memory)
    for_good = kind in (RefusalKind.LIMIT, RefusalKind.DENIED, RefusalKind.INVALID)
    assert isinstance(action, Failed if for_good else Concede if kind is RefusalKind.KEY else Wait)


@pytest.mark.parametrize(
    ("goal", "tags", "change"),
    [(ENSURE, NOBODYS, Remember), (RELEASE, HELD, Forget), (OVERTAKING, MINE, Cancel)],
    ids=["Remember", "Forget", "Cancel"],
)
def test_tags_are_not_written_for_ever(goal: Goal, tags: Tags, change: type[Action]) -> None:
    """Promise 4: somebody who undoes each tag is not fought."""
    memory = Memory(0, settling_since=NOW - TRUST_SECONDS, writes=MOST_WRITES - 1)
    seen = _seen(PLAIN, tags, as_wanted=True)
    assert isinstance(decide(goal, seen, memory), change)
    ended = _failed(decide(goal, seen, replace(memory, writes=MOST_WRITES)), errors.ChangeWithoutEffect)
    assert f"{change.__name__} on stream {STREAM_ARN} {MOST_WRITES} times" in str(ended)


def test_a_delete_that_overtakes_waits_until_a_start_must_show() -> None:
    """Promise 6: the Create's Start may be on its way, and descriptions are late."""
    seen = _seen(PLAIN, replace(MINE, cancelled_at=ISSUED), as_wanted=True)
    action = decide(OVERTAKING, seen, Memory(0, owned=True, settling_since=NOW - 1))
    assert isinstance(action, Wait)
    assert action.seconds == TRUST_SECONDS - 1
    done = Memory(0, owned=True, settling_since=NOW - 1, changes=1)
    assert isinstance(decide(OVERTAKING, seen, done), Forget), "it stopped the stream itself"
    assert isinstance(decide(RELEASE, seen, Memory(0, owned=True, settling_since=NOW - 1)), Forget), "nothing overtaken"


@pytest.mark.parametrize("on_delete", list(OnDelete))
def test_a_delete_that_leaves_our_key_marks_that_it_was_carried_out(on_delete: OnDelete) -> None:
    """Promise 6: delivered twice, the second finds no record, yet our key: it must not take it for its own."""
    goal = replace(RELEASE, evidence_key="one", on_delete=on_delete)
    tags = Tags(Ownership(ME, "one", demand=LONG_WANTED), KEYS)
    seen = _held(WITH_ONE, tags, as_wanted=True, evidence=True)
    action = decide(goal, seen, SETTLED)
    assert isinstance(action, Forget if on_delete is OnDelete.KEEP else Cancel)


# What AWS refused


@pytest.mark.parametrize("goal", [ENSURE, RELEASE], ids=["Ensure", "Release"])
@pytest.mark.parametrize(
    "kind", [RefusalKind.BUSY, RefusalKind.MISSING, RefusalKind.THROTTLED, RefusalKind.TRANSIENT], ids=str
)
def test_what_passes_is_waited_for(goal: Goal, kind: RefusalKind) -> None:
    """Errors: wait, or back off, and go on until the deadline; the reason names the call."""
    action = decide(goal, _unseen(kind), Memory(0))
    assert isinstance(action, Wait)
    assert "kinesis:StartStreamEncryption" in action.reason
    assert action.seconds is None
    if kind in (RefusalKind.THROTTLED, RefusalKind.TRANSIENT):
        assert "TheCode" in action.reason


@pytest.mark.parametrize(
    ("limited", "expected", "why"),
    [
        (None, Wait, "since now"),
        (NOW - LIMIT_SECONDS + 0.1, Wait, "not yet two minutes"),
        (NOW - LIMIT_SECONDS, Failed, "two minutes"),
    ],
)
@pytest.mark.parametrize("goal", [ENSURE, RELEASE], ids=["Ensure", "Release"])
def test_a_limit_is_given_two_minutes(goal: Goal, limited: float | None, expected: type[Action], why: str) -> None:
    """Row "LimitExceededException otherwise": back off for at most two minutes, then FAILED."""
    memory = Memory(0, limited=None if limited is None else Limited("kinesis:StartStreamEncryption", limited))
    action = decide(goal, _unseen(RefusalKind.LIMIT), memory)
    assert isinstance(action, expected), why
    if isinstance(action, Failed):
        assert "25" in str(_failed(action, errors.QuotaSpent))


def test_a_limit_of_tags_is_not_told_as_a_quota_of_starts() -> None:
    """Promise 2: what to do about it."""
    memory = Memory(0, limited=Limited("kinesis:AddTagsToStream", 0.0))
    action = decide(ENSURE, _unseen(RefusalKind.LIMIT, "kinesis:AddTagsToStream"), memory)
    assert "50 tags" in str(_failed(action, errors.QuotaSpent))


@pytest.mark.parametrize(
    ("since", "expected", "why"),
    [
        (None, Wait, "the first try"),
        (NOW - PROOF_SECONDS + 0.1, Wait, "a minute after the first try is not over"),
        (NOW - PROOF_SECONDS, Failed, "a minute after the first try"),
    ],
)
def test_records_have_a_minute_to_become_encrypted(since: float | None, expected: type[Action], why: str) -> None:
    """Property Verify: FAILED when they stay unencrypted, however long ago the stream became ACTIVE."""
    action = decide(ENSURE, _unseen(RefusalKind.UNPROVEN, "kinesis:PutRecord"), Memory(0, unproven_since=since))
    assert isinstance(action, expected), why
    if isinstance(action, Wait):
        assert action.seconds == 5
    else:
        assert "60 s" in str(_failed(action, errors.NotVerified))


def test_a_key_that_kinesis_refuses_fails_an_ensure_and_is_conceded_by_a_release() -> None:
    """Row KMS… and promise 7: FAILED at once; on Delete the stream keeps the encryption that it has."""
    reason = str(_failed(decide(ENSURE, _unseen(RefusalKind.KEY), Memory(0)), errors.KeyUnusable))
    assert [word for word in ("one", STREAM_ARN, "TheCode", "the message") if word not in reason] == []
    action = decide(RELEASE, _unseen(RefusalKind.KEY), Memory(0))
    assert isinstance(action, Concede)
    assert "TheCode" in action.reason


@pytest.mark.parametrize("goal", [ENSURE, RELEASE], ids=["Ensure", "Release"])
def test_what_the_role_may_not_do_is_named(goal: Goal) -> None:
    """Row AccessDeniedException: the action and the ARN that the provider's role lacks."""
    reason = str(_failed(decide(goal, _unseen(RefusalKind.DENIED), Memory(0)), errors.AccessDenied))
    assert "kinesis:StartStreamEncryption" in reason
    assert STREAM_ARN in reason


@pytest.mark.parametrize(
    ("goal", "seconds", "expected"),
    [
        (ENSURE, 0, Failed),
        (RELEASE, 0, Wait),
        (RELEASE, GRACE_SECONDS - 0.1, Wait),
        (RELEASE, GRACE_SECONDS, Failed),
        (ENSURE, GRACE_SECONDS, Failed),
    ],
)
def test_an_invalid_argument_is_told_and_a_delete_looks_again_for_a_while(
    goal: Goal, seconds: float, expected: type[Action]
) -> None:
    """Row InvalidArgumentException; Stop on a stream that has just changed may be one, and passes by looking again."""
    action = decide(goal, _unseen(RefusalKind.INVALID), Memory(0, invalid_since=NOW - seconds))
    assert isinstance(action, expected)
    if isinstance(action, Failed):
        assert "the message" in str(_failed(action, errors.InvalidArgument))


@pytest.mark.parametrize("kind", [RefusalKind.DENIED, RefusalKind.INVALID, RefusalKind.LIMIT], ids=str)
def test_teardown_of_what_was_never_touched_goes_on_where_it_cannot_be_read(kind: RefusalKind) -> None:
    """Promise 7: a Create that failed for want of permission is deleted without it; not so where our record was."""
    goal = replace(RELEASE, best_effort=True)
    limited = Limited("kinesis:StartStreamEncryption", 0.0)
    assert isinstance(decide(goal, _unseen(kind), Memory(0, invalid_since=0.0, limited=limited)), Settled)
    owned = Memory(0, owned=True, invalid_since=0.0, limited=limited)
    assert isinstance(decide(goal, _unseen(kind), owned), Failed)


# What is told of each decision

STRUCK = Tags(
    Ownership(OLD, None, Predecessor(ME, None)),
    (*KEYS, *LINEAGE),
    foreign=True,
    former_keys=LINEAGE,
    cancelled_at=ISSUED,
)
FIRST_WORDS = {
    "begin": (ENSURE, _seen(BUSY), Memory(0), "stream orders is UPDATING; its encryption can change once it is ACTIVE"),
    "record": (ENSURE, _seen(tags=NOBODYS), Memory(0), "record the state before"),
    "take over": (ENSURE, _seen(tags=OLDS), Memory(0), "take the stream over from Old"),
    "record anew": (
        ENSURE,
        _seen(WITH_TWO, NOBODYS, evidence=True),
        Memory(0),
        "the tags are gone, and the key is the one that this resource gave",
    ),
    "sweep": (
        ENSURE,
        _seen(tags=Tags(None, ("stack",))),
        Memory(0),
        "what is left of an earlier record is in the way",
    ),
    "start": (ENSURE, _seen(), Memory(0, owned=True), "the stream is not encrypted"),
    "change the key": (ENSURE, _seen(WITH_TWO), Memory(0, owned=True), "the stream has key two"),
    "mistrust": (
        ENSURE,
        _seen(WITH_ONE, as_wanted=True),
        Memory(0, owned=True),
        "the stream is ACTIVE, perhaps still from before the change",
    ),
    "settle": (
        ENSURE,
        _seen(WITH_ONE, as_wanted=True),
        replace(SETTLED, settling_since=NOW),
        "ACTIVE with the wanted key; settling for 5 s",
    ),
    "verify": (replace(ENSURE, verify=True), _seen(WITH_ONE, as_wanted=True), SETTLED, "Verify is true"),
    "no call": (ENSURE, _seen(WITH_ONE, as_wanted=True), SETTLED, "ACTIVE with the wanted key; nothing had to change"),
    "done": (
        ENSURE,
        _seen(WITH_ONE, as_wanted=True),
        replace(SETTLED, changes=1),
        "ACTIVE with the wanted key; encryption was started",
    ),
    "not yet": (
        ENSURE,
        _seen(),
        Memory(0, owned=True, asked=Asked("Start", "one", NOW)),
        "Start was asked for, and does not show yet",
    ),
    "called off, busy": (
        ENSURE,
        _seen(BUSY),
        Memory(0, owned=True, overtaken=True),
        "stream orders is UPDATING, and this request was called off",
    ),
    "called off": (ENSURE, _seen(), Memory(0, owned=True, overtaken=True), "this request was called off"),
    "called off, taken": (
        ENSURE,
        _seen(WITH_TWO, TAKEN, instead=TWO),
        Memory(0, owned=True, overtaken=True),
        "this request was called off: it goes back to Theirs",
    ),
    "called off too late": (
        ENSURE,
        _seen(WITH_ONE, NOBODYS, as_wanted=True),
        Memory(0, owned=True, overtaken=True, changes=1),
        "this request was called off, and its Start came too late to be found",
    ),
    "called off too late, another key": (
        ENSURE,
        _seen(WITH_ONE, NOBODYS, as_wanted=True),
        Memory(0, owned=True, overtaken=True, changes=1, found="two"),
        "this request was called off, and its Start came too late to be found",
    ),
    "gone": (RELEASE, Seen(NOW, None), Memory(0), "stream orders does not exist any more"),
    "going": (RELEASE, Seen(NOW, DYING), Memory(0), "stream orders is being deleted"),
    "delete, busy": (
        RELEASE,
        _seen(BUSY),
        Memory(0),
        "stream orders is UPDATING; its encryption can change once it is ACTIVE",
    ),
    "delete, mistrust": (
        RELEASE,
        _held(as_wanted=True),
        Memory(0, owned=True),
        "the stream is ACTIVE, perhaps still from before the change",
    ),
    "stop": (RELEASE, _held(WITH_ONE), Memory(0), "the stream was not encrypted before"),
    "restore": (
        RELEASE,
        _held(WITH_ONE, HELD_FROM_ZERO),
        Memory(0),
        "the stream had this key before",
    ),
    "concede": (
        RELEASE,
        _held(WITH_ONE, HELD_FROM_ZERO, wanted=BAD),
        Memory(0),
        "key zero, which the stream had before, can't be restored: it is Disabled: enable it",
    ),
    "somebody else": (
        RELEASE,
        _held(WITH_TWO),
        Memory(0, asked=Asked("Stop", None, NOW - 60, effect_at=NOW - GRACE_SECONDS)),
        "somebody else changed the encryption after us",
    ),
    "forget": (RELEASE, _held(as_wanted=True), SETTLED, "the stream is as wanted"),
    "give back": (
        RELEASE,
        _seen(WITH_ONE, TAKEN, as_wanted=True),
        SETTLED,
        "the stream is as wanted: it goes back to Theirs",
    ),
    "mark": (
        replace(RELEASE, overtaking=True),
        _seen(),
        Memory(0),
        "so that no request of this resource comes after it",
    ),
    "call off": (
        replace(RELEASE, overtaking=True),
        _seen(tags=NOBODYS),
        Memory(0),
        "an earlier request may still be at work",
    ),
    "wait for a Start": (
        replace(RELEASE, overtaking=True),
        _seen(tags=replace(MINE, cancelled_at=ISSUED), as_wanted=True),
        Memory(0, owned=True, settling_since=NOW),
        "a Start of the request that was called off may not show yet",
    ),
    "strike": (
        RELEASE,
        _seen(tags=STRUCK),
        Memory(0),
        "Encryption is gone: the stream need not be given back to it",
    ),
    "leftovers": (RELEASE, _seen(tags=Tags(None, ("stack",))), Memory(0), "what is left of our record"),
    "write down": (ENSURE, _held(), Memory(0, owned=True), "record what is wanted now, and since when"),
    "give way, busy": (
        ENSURE,
        _seen(BUSY, LATER),
        Memory(0),
        "stream orders is UPDATING, and a later request has it",
    ),
    "give way, a Start on its way": (
        ENSURE,
        _seen(PLAIN, LATER),
        Memory(0, asked=_asked(at=NOW)),
        "a Start of this request may not show yet",
    ),
    "give way, put right": (
        ENSURE,
        _seen(WITH_ONE, LATER, as_wanted=True, instead=TWO),
        Memory(0),
        "a later request wants this key, and a Start of this one came after it",
    ),
    "called off, begun": (
        ENSURE,
        _seen(WITH_ONE, as_wanted=True),
        CALLED_OFF,
        "this request was called off",
    ),
    "called off, begun, another key before": (
        ENSURE,
        _seen(WITH_ONE, FROM_ZERO, as_wanted=True, instead=ZERO),
        CALLED_OFF,
        "this request was called off",
    ),
    "called off, another delivery": (
        ENSURE,
        _seen(),
        replace(CALLED_OFF, since=NOW),
        "a Start of another delivery of this request may not show yet",
    ),
    "older": (RELEASE, _seen(tags=LATER), Memory(0), "left alone: a later request of Encryption has the stream"),
    "look again": (
        OVERTAKING,
        _seen(tags=MARKED),
        Memory(NOW),
        "what the request that was called off did may not show yet",
    ),
    "sweep, gone": (SWEEP, Seen(NOW, None), Memory(0), "stream orders is gone, and the mark with it"),
    "sweep, nothing": (SWEEP, _seen(tags=NOBODYS), Memory(0), "the mark is gone, or a later request's"),
    "sweep, busy": (
        SWEEP,
        _seen(BUSY, MARKED),
        Memory(0),
        "stream orders is UPDATING; its tags can change once it is ACTIVE",
    ),
    "sweep up": (SWEEP, _seen(tags=MARKED), Memory(0), "nothing that the mark calls off can still come"),
    "nobody's": (
        RELEASE,
        _seen(tags=NOBODYS),
        Memory(0),
        "left alone: the stream's encryption is managed by nobody we know of",
    ),
    "another's": (
        RELEASE,
        _seen(tags=OLDS),
        Memory(0),
        f"left alone: the stream's encryption is managed by Old of {STACK_ID}",
    ),
    "refused, busy": (
        ENSURE,
        _unseen(RefusalKind.BUSY),
        Memory(0),
        "kinesis:StartStreamEncryption: the stream is busy or gone; look again",
    ),
    "refused, throttled": (
        ENSURE,
        _unseen(RefusalKind.THROTTLED),
        Memory(0),
        "kinesis:StartStreamEncryption: TheCode; back off",
    ),
    "refused, limited": (
        ENSURE,
        _unseen(RefusalKind.LIMIT),
        Memory(0),
        "kinesis:StartStreamEncryption: TheCode; it may pass",
    ),
    "refused, unproven": (
        ENSURE,
        _unseen(RefusalKind.UNPROVEN),
        Memory(0),
        "the record that was put came back unencrypted; put another",
    ),
    "refused, key": (
        RELEASE,
        _unseen(RefusalKind.KEY),
        Memory(0),
        (
            "the key that the stream had before can't be restored: it was refused at kinesis:StartStreamEncryption "
            "with TheCode: the message"
        ),
    ),
    "refused, invalid": (
        RELEASE,
        _unseen(RefusalKind.INVALID),
        Memory(0, invalid_since=NOW),
        "kinesis:StartStreamEncryption: TheCode; the stream may have just changed",
    ),
    "refused, untouched": (
        OVERTAKING,
        _unseen(RefusalKind.DENIED),
        Memory(0),
        "left alone: kinesis:StartStreamEncryption was refused, so nothing can have been done",
    ),
}


@pytest.mark.parametrize(("goal", "seen", "memory", "words"), FIRST_WORDS.values(), ids=FIRST_WORDS.keys())
def test_each_decision_is_told_in_these_words(goal: Goal, seen: Seen | Unseen, memory: Memory, words: str) -> None:
    """Promise 2, row "the deadline" and the logs: what is waited for and why, in words that people search for."""
    assert decide(goal, seen, memory).reason == words


@pytest.mark.parametrize(
    ("goal", "seen", "change"),
    [
        (ENSURE, _seen(tags=NOBODYS), "Remember"),
        (ENSURE, _seen(tags=Tags(None, ("stack",))), "Forget"),
        (RELEASE, _held(as_wanted=True), "Forget"),
        (RELEASE, _seen(WITH_ONE, TAKEN, as_wanted=True), "Remember"),
        (RELEASE, _seen(tags=STRUCK), "Forget"),
        (RELEASE, _seen(tags=Tags(None, ("stack",))), "Forget"),
        (replace(RELEASE, evidence_key="one"), _seen(tags=Tags(None, ("stack",))), "Forget"),
        (
            replace(RELEASE, evidence_key="one", on_delete=OnDelete.KEEP),
            _seen(WITH_ONE, Tags(None, ("before",)), evidence=True, as_wanted=True),
            "Forget",
        ),
        (OVERTAKING, _seen(), "Cancel"),
        (OVERTAKING, _seen(tags=NOBODYS), "Cancel"),
        (RELEASE, _held(WITH_ONE), "Stop"),
        (ENSURE, _held(), "Remember"),
        (ENSURE, _seen(WITH_ONE, LATER, as_wanted=True, instead=TWO), "Start two"),
        (SWEEP, _seen(tags=MARKED), "Forget"),
        (ENSURE, _seen(), "Start"),
    ],
    ids=[
        "record",
        "sweep",
        "forget",
        "give back",
        "strike",
        "leftovers",
        "leftovers, the key is another",
        "leftovers, kept",
        "mark",
        "mark, no record",
        "stop",
        "write down",
        "put right",
        "sweep up",
        "start",
    ],
)
def test_every_change_waits_to_show_and_is_given_up_when_kinesis_ignores_it(
    goal: Goal, seen: Seen, change: str
) -> None:
    """Promise 4: reads are late, so nothing is asked for twice in a row; and never more than three times in all."""
    change, _, key_id = change.partition(" ")
    key = {"key_id": key_id} if key_id else {}
    memory = replace(SETTLED, owned=False, reached_at=None, asked=_asked(change, at=NOW - GRACE_SECONDS + 0.1, **key))
    assert isinstance(decide(goal, seen, memory), Wait)
    again = decide(goal, seen, replace(memory, asked=_asked(change, times=MOST_ASKED - 1, sure=False, **key)))
    assert type(again).__name__ == change
    ignored = _failed(
        decide(goal, seen, replace(memory, asked=_asked(change, times=MOST_ASKED, sure=False, **key))),
        errors.ChangeWithoutEffect,
    )
    assert f"{change} on stream {STREAM_ARN} 3 times" in str(ignored)


@pytest.mark.parametrize("tags", [NOBODYS, MINE], ids=["the record is gone", "the record is there"])
def test_what_is_taken_back_late_waits_to_show_and_is_then_left(tags: Tags) -> None:
    """Promises 4 and 6: of a request that was called off, one undoing is enough; what comes after it is others'."""
    seen = _seen(WITH_ONE, tags, as_wanted=True)
    memory = Memory(0, owned=True, overtaken=True, changes=2)
    assert isinstance(decide(ENSURE, seen, replace(memory, asked=Asked("Stop", None, NOW - 1))), Wait)
    undone = replace(memory, asked=Asked("Stop", None, NOW - 60, effect_at=NOW - GRACE_SECONDS))
    _failed(decide(ENSURE, seen, undone), errors.Overtaken)
    ignored = replace(memory, asked=Asked("Stop", None, NOW - 60, times=MOST_ASKED, sure=False))
    assert STREAM_ARN in str(_failed(decide(ENSURE, seen, ignored), errors.ChangeWithoutEffect))


def test_a_record_that_is_taken_back_waits_to_be_gone() -> None:
    """Promise 6: tags show late, too."""
    memory = Memory(0, owned=True, overtaken=True)
    action = decide(ENSURE, _seen(), memory)
    assert isinstance(action, Forget)
    assert action.stream == PLAIN
    assert isinstance(decide(ENSURE, _seen(), replace(memory, asked=_asked("Forget", at=NOW - 1))), Wait)
    ignored = replace(memory, asked=_asked("Forget", times=MOST_ASKED))
    assert STREAM_ARN in str(_failed(decide(ENSURE, _seen(), ignored), errors.ChangeWithoutEffect))


def test_the_key_that_was_wanted_is_told_when_somebody_else_changed_it() -> None:
    """Promise 2: what happened, on which stream: what we gave, and what is there."""
    memory = Memory(0, owned=True, asked=_asked(at=NOW - 60, effect_at=NOW - GRACE_SECONDS), changes=1)
    reason = str(_failed(decide(ENSURE, _seen(WITH_TWO), memory), errors.ChangedBySomeoneElse))
    assert "key one" in reason
    assert "encrypted with two" in reason


# What no row may ever do

times = st.floats(NOW - 200, NOW) | st.none()
key_ids = st.none() | st.sampled_from(["one", "two", "zero"])
owners = st.sampled_from([ME, OLD, THEM])
streams = (
    st.builds(Stream, st.just(STREAM_NAME), st.just(STREAM_ARN), st.sampled_from(list(StreamStatus)), key_ids)
    | st.none()
)
issued = st.sampled_from([LONG_AGO, ISSUED - REQUEST_SECONDS + 1, ISSUED - 1, ISSUED, ISSUED + 1])
first_owners = st.builds(Predecessor, owners, key_ids, st.none(), st.none() | issued)
former_owners = st.builds(Predecessor, owners, key_ids, st.none() | first_owners, st.none() | issued)
ownerships = st.builds(
    Ownership, owners, key_ids, st.none() | former_owners, st.none() | st.builds(Demand, issued, key_ids)
)
records = st.builds(
    Tags,
    ownership=st.none() | ownerships,
    keys=st.sampled_from([(), ("stack",), KEYS]),
    foreign=st.booleans(),
    ending=st.booleans(),
    former_keys=st.sampled_from([(), LINEAGE]),
    former_at=st.just(0.0) | issued,
    cancelled_at=st.none() | issued,
    cancelled_key=st.none() | st.just("cancelled"),
    spent=st.sampled_from([(), ("old",)]),
)
looked_up = st.none() | st.sampled_from([ONE, BAD, TWO, ONE_BY_ARN])
looks = st.builds(
    Seen,
    now=st.just(NOW),
    stream=streams,
    tags=st.none() | records,
    wanted=looked_up,
    as_wanted=st.booleans(),
    current=looked_up,
    evidence=st.booleans(),
    rekeyed=st.booleans(),
    instead=looked_up,
)
refused = st.builds(
    Unseen,
    st.just(NOW),
    st.builds(
        Refusal,
        st.sampled_from(["kinesis:StartStreamEncryption", "kinesis:AddTagsToStream", "kms:DescribeKey"]),
        st.just(STREAM_ARN),
        st.sampled_from(list(RefusalKind)),
        st.just("TheCode"),
        st.just("the message"),
        st.booleans(),
    ),
)
memories = st.builds(
    Memory,
    since=st.just(0.0) | st.floats(NOW - 10, NOW),
    looks=st.integers(1, 9),
    owned=st.booleans(),
    former=st.none() | owners,
    overtaken=st.booleans(),
    asked=st.none()
    | st.builds(
        Asked,
        st.sampled_from(["Start", "Stop", "Remember", "Forget", "Cancel"]),
        key_ids,
        st.floats(NOW - 200, NOW),
        st.integers(0, 4),
        st.booleans(),
        times,
    ),
    unmarked=st.booleans(),
    writes=st.integers(0, MOST_WRITES - 1),
    changes=st.integers(0, 3),
    found=key_ids,
    doubted=st.booleans(),
    shown_since=times,
    suspected=st.booleans(),
    settling_since=times,
    reached_at=times,
    limited=st.none() | st.builds(Limited, st.just("kinesis:StartStreamEncryption"), st.floats(NOW - 200, NOW)),
    invalid_since=times,
    unproven_since=times,
    verified=st.booleans(),
    conceded=st.none() | st.just("for a reason"),
)
ensures = st.builds(
    Ensure,
    st.just(REF),
    st.just(ME),
    st.just(ISSUED),
    st.just("one"),
    st.integers(0, 60),
    st.booleans(),
    st.booleans(),
    st.none() | st.just("two"),
)
releases = st.builds(
    Release,
    st.just(REF),
    st.just(ME),
    st.just(ISSUED),
    st.sampled_from(list(OnDelete)),
    st.none() | st.just("one"),
    st.booleans(),
    st.booleans(),
)
sweeps = st.just(SWEEP)
goals = ensures | releases | sweeps
not_called_off = memories.map(lambda memory: replace(memory, overtaken=False))
as_wanted_looks = looks.map(lambda seen: replace(seen, as_wanted=True))
anything = settings(max_examples=200, print_blob=True, deadline=None)


@anything
@given(ensures, looks | refused, not_called_off)
def test_an_ensure_that_nobody_called_off_never_stops(goal: Ensure, seen: Seen | Unseen, memory: Memory) -> None:
    """Promise 5: whatever is seen and remembered, Create and Update lead to no plaintext."""
    action = decide(goal, seen, memory)
    assert not isinstance(action, Stop | Concede | Cancel)
    if isinstance(action, Start):
        assert isinstance(seen, Seen)
        assert seen.tags
        instead = seen.instead.key_id if seen.instead else None
        assert action.key_id == (instead if seen.tags.is_newer_than(goal) else goal.key_id), "the newest request's key"


@anything
@given(ensures, as_wanted_looks, not_called_off)
def test_an_ensure_changes_no_encryption_that_is_as_wanted(goal: Ensure, seen: Seen, memory: Memory) -> None:
    """Promise 4: no Start when nothing needs to change; unless a later request wants another key."""
    action = decide(goal, seen, memory)
    assert not isinstance(action, Stop)
    if isinstance(action, Start):
        assert seen.tags
        assert seen.tags.is_newer_than(goal)
        assert seen.wanted
        assert seen.instead
        assert seen.wanted.identity != seen.instead.identity


@anything
@given(releases, as_wanted_looks, memories)
def test_a_release_changes_no_encryption_that_is_as_wanted(goal: Release, seen: Seen, memory: Memory) -> None:
    """Promise 4: no Start and no Stop when nothing needs to change."""
    assert not isinstance(decide(goal, seen, memory), Start | Stop | Concede)


@anything
@given(releases, refused, memories)
def test_no_refusal_makes_a_release_stop_or_start(goal: Release, seen: Unseen, memory: Memory) -> None:
    """Promise 7: never plaintext for want of a key; a refusal is followed by a look."""
    action = decide(goal, seen, memory)
    assert not isinstance(action, Start | Stop)
    if seen.refusal.kind is RefusalKind.KEY:
        assert isinstance(action, Concede)


@anything
@given(releases, looks, memories)
def test_a_release_stops_only_where_stopping_is_the_state_before_or_wanted(
    goal: Release, seen: Seen, memory: Memory
) -> None:
    """Promises 3 and 7: a Stop needs a record of ours, or the proof; and never one that names another key before."""
    action = decide(goal, seen, memory)
    if isinstance(action, Stop):
        assert seen.stream
        assert seen.tags
        # A look that calls the very key that is wanted another one can't be.
        assume(target(goal, seen.stream, seen.tags.ownership) != seen.stream.key_id)
        record = seen.tags.ownership
        renamed = record and record.predecessor and record.predecessor.owner.stack_id == ME.stack_id
        assert goal.on_delete is not OnDelete.KEEP or renamed, "Keep keeps, unless a rename is rolled back"
        assert target(goal, seen.stream, seen.tags.ownership) is None
        assert seen.tags.ownership is None or seen.tags.ownership.owner == ME
        assert not seen.tags.is_newer_than(goal)
        assert memory.conceded is None


@anything
@given(goals, looks, not_called_off)
def test_encryption_is_changed_on_active_streams_of_ours_alone(goal: Goal, seen: Seen, memory: Memory) -> None:
    """Promise 3: we undo only what we did; and Kinesis takes no change while a stream is not ACTIVE."""
    action = decide(goal, seen, memory)
    if isinstance(action, Start | Stop | Remember | Verify):
        assert seen.stream
        assert seen.stream.status is StreamStatus.ACTIVE
    if isinstance(action, Start) and isinstance(goal, Ensure):
        assert seen.tags
        assert seen.tags.owned_by(ME) or seen.tags.is_newer_than(goal)


@anything
@given(ensures, looks, memories)
def test_success_is_never_told_too_early(goal: Ensure, seen: Seen, memory: Memory) -> None:
    """Promise 1: ACTIVE, as wanted, ours, settled, and proven where that was asked for."""
    action = decide(goal, seen, memory)
    if isinstance(action, Settled):
        assert seen.stream
        assert seen.stream.status is StreamStatus.ACTIVE
        assert seen.as_wanted
        assert memory.settling_since is not None
        assert memory.settling_since + goal.settle_seconds <= NOW + 1e-6
        assert memory.verified or not goal.verify
        assert action.attributes


@anything
@given(releases, looks, memories)
def test_a_delete_is_never_failed_by_what_is_seen_unless_kinesis_ignores_our_calls(
    goal: Release, seen: Seen, memory: Memory
) -> None:
    """Promise 7: teardown is never blocked by what others did."""
    action = decide(goal, seen, memory)
    if isinstance(action, Failed):
        _failed(action, errors.ChangeWithoutEffect)
    if seen.stream is None or seen.stream.status is StreamStatus.DELETING:
        assert isinstance(action, Settled)


@anything
@given(goals, looks | refused, memories)
def test_every_action_says_why(goal: Goal, seen: Seen | Unseen, memory: Memory) -> None:
    """Promise 2 and the logs: a decision is told with its reason."""
    assert decide(goal, seen, memory).reason


@anything
@given(goals, looks, memories)
def test_no_change_is_asked_for_for_ever(goal: Goal, seen: Seen, memory: Memory) -> None:
    """Promise 4: tags are written ten times at the most, and what shows no effect is asked for three times."""
    assert not isinstance(decide(goal, seen, replace(memory, writes=MOST_WRITES)), Change)
    action = decide(goal, seen, memory)
    if isinstance(action, Change):
        key_id = action.key_id if isinstance(action, Start) else None
        asked = Asked(type(action).__name__, key_id, NOW - GRACE_SECONDS, times=MOST_ASKED)
        assert not isinstance(decide(goal, seen, replace(memory, asked=asked, reached_at=None)), type(action))


@anything
@given(ensures, looks, memories)
def test_an_older_request_writes_no_tags_and_settles_nothing(goal: Ensure, seen: Seen, memory: Memory) -> None:
    """Promise 6: where a later request has the stream, an older one has no say in whose it is."""
    if seen.tags and seen.tags.is_newer_than(goal):
        assert not isinstance(decide(goal, seen, memory), Remember | Forget | Cancel | Verify | Settled)


@anything
@given(looks, memories)
def test_a_sweep_only_ever_removes_marks(seen: Seen, memory: Memory) -> None:
    """Promise 3: no encryption, no record; and only where the mark is its own."""
    action = decide(SWEEP, seen, memory)
    assert isinstance(action, Forget | Wait | Settled | Failed)
    if isinstance(action, Forget):
        assert set(action.keys) <= {"cancelled", "old"}
        assert seen.tags
        assert seen.tags.cancelled_at == ISSUED


@anything
@given(releases, looks, memories)
def test_a_release_writes_a_record_only_for_whom_the_stream_was_taken_from(
    goal: Release, seen: Seen, memory: Memory
) -> None:
    """Property Takeover: and takes it from nobody but itself."""
    action = decide(goal, seen, memory)
    if isinstance(action, Remember):
        assert seen.tags
        assert seen.tags.ownership
        assert seen.tags.ownership.owner == ME
        assert seen.tags.ownership.predecessor
        assert action.ownership.owner == seen.tags.ownership.predecessor.owner
        assert action.ownership.before == seen.tags.ownership.before
