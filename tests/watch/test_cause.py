"""Who is named for a finding: whoever made the call that leaves what was found (promise 10, `by` in docs/watch.md)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.builders import STREAM_NAME
from tests.watch.watched import MENDED, OWNER, Watched, encrypted, trail_event

RUNBOOK = "arn:aws:sts::123456789012:assumed-role/runbook/y"
KMS = {"eventSource": "kms.amazonaws.com"}


def named(watched: Watched) -> dict[str, str]:
    """Who the record names for each finding that is not over."""
    record = watched.record_of()
    assert record
    return {told["code"]: told["by"] for told in record["watch"]["told"]}


@pytest.mark.parametrize("round_first", [False, True], ids=["events alone", "a round first"])
def test_who_stops_the_encryption_is_not_named_for_the_key_that_another_starts(
    watched: Watched, *, round_first: bool
) -> None:
    """Both calls are seen at once; each leaves another finding."""
    watched.kinesis.people.stop(STREAM_NAME)
    stopped_at = watched.clock.now()
    watched.clock.sleep(20)
    watched.kinesis.people.rekey(STREAM_NAME, watched.two.arn)
    started_at = watched.clock.now()
    watched.clock.sleep(60)
    if round_first:
        watched.round()
    watched.look(trail_event("StopStreamEncryption", stopped_at))
    assert named(watched) == {"AnotherKey": ""}
    watched.look(trail_event("StartStreamEncryption", started_at, by=RUNBOOK, role="runbook"))
    assert named(watched) == {"AnotherKey": RUNBOOK}
    assert [event["Detail"]["by"] for event in watched.bus.events] == [None]


@pytest.mark.parametrize(
    ("key_id", "by"),
    [
        (lambda watched: watched.two.arn, OWNER),
        (lambda watched: watched.two.key_id, OWNER),
        (lambda _: "alias/moved-since", OWNER),
        (lambda _: None, OWNER),
        (lambda watched: watched.one.arn, ""),
        (lambda watched: watched.one.key_id, ""),
    ],
    ids=["its ARN", "its id", "an alias", "no key", "another ARN", "another id"],
)
def test_a_start_is_named_for_the_key_that_it_started(
    watched: Watched, key_id: Callable[[Watched], str | None], by: str
) -> None:
    """An alias can mean another key by now, so it rules nothing out."""
    watched.kinesis.people.rekey(STREAM_NAME, watched.two.arn)
    watched.called("StartStreamEncryption", asked={"streamName": STREAM_NAME, "keyId": key_id(watched)})
    assert named(watched) == {"AnotherKey": by}


def _disable(watched: Watched) -> None:
    watched.one.state = "Disabled"


def _schedule_deletion(watched: Watched) -> None:
    watched.one.state = "PendingDeletion"
    watched.one.deletion_date = datetime.fromtimestamp(watched.clock.now(), UTC) + timedelta(days=30)


def _deny(watched: Watched) -> None:
    watched.one.denies_describe = True


KEY_CALLS = {"DisableKey": _disable, "ScheduleKeyDeletion": _schedule_deletion, "PutKeyPolicy": _deny}


@pytest.mark.parametrize("called", KEY_CALLS)
@pytest.mark.parametrize("made", KEY_CALLS)
def test_of_the_calls_for_a_key_only_the_one_that_made_it_unusable_is_named(
    watched: Watched, made: str, called: str
) -> None:
    """A harmless PutKeyPolicy did not disable the key."""
    KEY_CALLS[made](watched)
    watched.called(called, asked={"keyId": watched.one.arn}, **KMS)
    assert named(watched) == {"KeyUnusable": OWNER if called == made else ""}


def test_who_schedules_the_deletion_of_a_replicated_key_is_named(watched: Watched) -> None:
    """KMS tells no date while replicas are left."""
    watched.one.state = "PendingReplicaDeletion"
    watched.called("ScheduleKeyDeletion", asked={"keyId": watched.one.arn}, **KMS)
    assert named(watched) == {"KeyUnusable": OWNER}


@pytest.mark.parametrize("finding", ["StreamGone", "StreamRecreated"])
@pytest.mark.parametrize("called", ["DeleteStream", "CreateStream"])
def test_who_creates_a_stream_is_not_named_while_it_is_gone(watched: Watched, finding: str, called: str) -> None:
    """Who deletes it is named for both: the claims are void since then."""
    watched.kinesis.people.delete(STREAM_NAME)
    watched.clock.sleep(10)
    if finding == "StreamRecreated":
        watched.kinesis.add_stream(STREAM_NAME)
    watched.called(called)
    assert named(watched) == {finding: "" if (called, finding) == ("CreateStream", "StreamGone") else OWNER}


@pytest.mark.parametrize(("target", "by"), [("two", OWNER), ("three", "")])
def test_an_alias_that_is_moved_twice_names_who_moved_it_where_it_is(watched: Watched, target: str, by: str) -> None:
    """UpdateAlias names its target."""
    keys = {"two": watched.two, "three": watched.kms.add_key()}
    watched.kms.alias("alias/one", watched.two)
    asked = {"aliasName": "alias/one", "targetKeyId": keys[target].key_id}
    watched.called("UpdateAlias", asked=asked, **KMS)
    assert named(watched) == {"AliasMoved": by}


def test_a_call_that_is_later_than_the_finding_is_not_named(watched: Watched) -> None:
    """The finding was there before the call."""
    watched.stopped()
    watched.round()
    watched.clock.sleep(24 * 3600)
    watched.called("StopStreamEncryption")
    assert named(watched) == {"Unencrypted": ""}


def test_who_was_named_first_stays_named(watched: Watched) -> None:
    """Lambda delivers an event twice at times, and a later call changed nothing."""
    watched.stopped()
    at = watched.clock.now() - 10
    watched.look(trail_event("StopStreamEncryption", at))
    watched.look(trail_event("StopStreamEncryption", at, by=RUNBOOK, role="runbook"))
    assert named(watched) == {"Unencrypted": OWNER}


def test_who_undid_the_last_mend_contests_it_and_a_bystander_does_not() -> None:
    """Contested names who made the drift that is there."""
    watched = encrypted(MENDED)
    for _ in range(3):
        watched.stopped()
        watched.round()
        watched.mend()
        watched.clock.sleep(600)
    watched.stopped()
    stopped_at = watched.clock.now() - 10
    start: dict[str, Any] = {"by": RUNBOOK, "role": "runbook"}
    watched.look(trail_event("StartStreamEncryption", stopped_at - 30, **start))
    assert named(watched) == {"Unencrypted": "", "Contested": ""}
    watched.look(trail_event("StopStreamEncryption", stopped_at))
    assert named(watched) == {"Unencrypted": OWNER, "Contested": OWNER}
