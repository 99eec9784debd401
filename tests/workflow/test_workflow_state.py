"""The workflow's state: JSON with a version, which a newer or an older version of the function can read."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_encryption.cloudformation.request import Request
from stream_encryption.reconcile.actions import Attributes
from stream_encryption.reconcile.goals import Ensure, Properties, Release
from stream_encryption.reconcile.progress import Progress
from stream_encryption.reconcile.state import OngoingRefusal, OwnCall, Stability, State
from stream_encryption.record.requests import RequestStamp
from stream_encryption.record.values import Change, RecordedKey
from stream_encryption.values import Key, OnDelete, Owner, RefusalKind, Stream, StreamRef, StreamStatus
from stream_encryption.workflow.workflow_state import VERSION, WorkflowState
from tests.builders import LOGICAL_ID, RESPONSE_URL, STACK_ID, STREAM_ARN, create_event
from tests.fake_clock import NEW_YEAR_2026

OWNER, STAMP = Owner(STACK_ID, LOGICAL_ID), RequestStamp(1, "digest")
ENSURE = Ensure(
    Properties(
        StreamRef("orders", STREAM_ARN), "alias/one", OnDelete.STOP, settle_seconds=7, verify=True, takeover=True
    ),
    OWNER,
    STAMP,
)
RELEASE = Release(StreamRef("orders"), OWNER, STAMP, OnDelete.KEEP, "alias/one", "another", may_overlap=True)
STATE = State(
    since=3.0,
    waiting_for="a reason",
    throttle_level=1,
    look_throttled=True,
    call=OwnCall(Change.START, RecordedKey("alias/one", "arn"), "intent", 4.0, 5.0, answered=True, times=2),
    calls_made=1,
    stability=Stability(possibly_stale=True, stale_counted_from=6.0, believed_since=7.0, reached_at=8.0),
    ongoing_refusals=(OngoingRefusal("kms:DescribeKey", RefusalKind.KEY, 9.0),),
    verified=True,
    skipped="a reason",
)
STREAM = Stream("orders", STREAM_ARN, StreamStatus.ACTIVE, "alias/one", 2)
PROGRESS = Progress(
    (RELEASE, ENSURE), STATE, Attributes(STREAM, Key("alias/one", "arn", denied=True), None), 3, ("a note",)
)


def state() -> dict[str, Any]:
    """Make the state of a request whose progress is known in full, as the state machine keeps it."""
    made = WorkflowState.of(create_event(), 9.0, PROGRESS, 1.2).to_json()
    return dict(json.loads(json.dumps(made)))


def test_a_state_survives_json() -> None:
    """Promise 6: nothing that the request remembers is lost on the way, down to the last enum."""
    read = WorkflowState.from_json(state())
    assert read.progress == PROGRESS
    assert (read.deadline, read.seconds) == (9.0, 1)
    assert read.event["ResponseURL"] == RESPONSE_URL


def test_a_state_names_its_version_and_its_stream_and_has_no_properties() -> None:
    """The failure responder reads Stream; the properties have become goals."""
    made = state()
    assert set(made) == {"Version", "Event", "Stream", "Deadline", "Progress", "Seconds", "Done"}
    assert (made["Version"], made["Stream"], made["Done"]) == (VERSION, "orders", False)
    assert set(made["Event"]) == set(create_event()) - {"ResourceProperties"}


@given(st.floats(0, 3600))
def test_a_state_machine_waits_whole_seconds_and_at_least_one(seconds: float) -> None:
    """Amazon States Language, Wait: SecondsPath takes an integer. The next step waits for the rest, if need be."""
    whole = WorkflowState.of(create_event(), 0.0, PROGRESS, seconds).seconds
    assert isinstance(whole, int)
    assert whole <= max(1, seconds) < whole + 1


def test_a_field_that_an_older_version_did_not_write_has_its_default() -> None:
    """The function may be updated while an execution runs."""
    older = state()
    for name in ("call", "stability", "ongoing_refusals", "skipped"):
        del older["Progress"]["state"][name]
    expected = replace(STATE, call=None, stability=Stability(), ongoing_refusals=(), skipped=None)
    assert WorkflowState.from_json(older).progress.state == expected


def test_a_field_that_only_a_newer_version_writes_is_ignored() -> None:
    """The same, where the update is rolled back."""
    newer = {**state(), "Version": VERSION + 1, "Mood": "good"}
    newer["Progress"]["state"]["mood"] = "good"
    newer["Progress"]["goals"][0]["mood"] = "good"
    assert WorkflowState.from_json(newer).progress == PROGRESS


VERSION_2: dict[str, Any] = {
    "Version": 2,
    "Event": create_event(),
    "Stream": "orders",
    "Deadline": 3580.0,
    "Progress": {
        "goals": [
            {
                "kind": "Ensure",
                "properties": {
                    "stream": {"name": "orders", "arn": None},
                    "key_id": "alias/one",
                    "on_delete": "Restore",
                    "settle_seconds": 5,
                    "verify": False,
                    "takeover": False,
                },
                "owner": {"stack_id": STACK_ID, "logical_id": LOGICAL_ID},
                "stamp": {"issued_at": 0, "digest": "digest"},
                "creates": True,
                "last_key_id": None,
            }
        ],
        "state": {"since": 0.0, "waits": 30},
        "attributes": None,
        "changes": 0,
        "notes": [],
    },
    "Seconds": 17,
    "Done": False,
}
"""A state as version 2 writes it. A change that can't read it any more breaks requests that are under way."""


def test_version_2_can_be_read() -> None:
    """Promise 6: requests that are under way go on after an update of the function."""
    goal = Ensure(Properties(StreamRef("orders"), "alias/one"), OWNER, RequestStamp(0, "digest"), creates=True)
    assert WorkflowState.from_json(VERSION_2).progress == Progress((goal,), State(since=0.0))


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (("Deadline",), "soon"),
        (("Deadline",), None),
        (("Seconds",), "17"),
        (("Progress",), "x"),
        (("Progress",), None),
        (("Progress", "goals"), "x"),
        (("Progress", "goals", 0), 7),
        (("Progress", "goals", 0, "kind"), "Sweep"),
        (("Progress", "goals", 0, "properties", "key_id"), 7),
        (("Progress", "goals", 0, "properties", "stream"), None),
        (("Progress", "goals", 0, "properties", "settle_seconds"), "5"),
        (("Progress", "goals", 0, "properties", "verify"), None),
        (("Progress", "goals", 0, "properties", "on_delete"), "Forget"),
        (("Progress", "state"), []),
        (("Progress", "state", "since"), "now"),
        (("Progress", "notes"), ["a note", 7]),
    ],
)
def test_a_value_that_no_version_writes_is_refused(at: tuple[Any, ...], value: Any) -> None:
    """A wrong type would else be found in the middle of the work, when the stream has been changed."""
    broken = json.loads(json.dumps(VERSION_2))
    inner = broken
    for name in at[:-1]:
        inner = inner[name]
    inner[at[-1]] = value
    with pytest.raises((KeyError, TypeError, ValueError)):
        WorkflowState.from_json(broken)


@pytest.mark.parametrize("name", ["Deadline", "Seconds", "Progress"])
def test_a_state_that_lacks_a_part_is_refused(name: str) -> None:
    """Every version writes these."""
    with pytest.raises(KeyError):
        WorkflowState.from_json({key: value for key, value in VERSION_2.items() if key != name})


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "x",
        {},
        create_event(),
        {"Version": 1},
        {"Progress": {}},
        {**create_event(), "Version": 1, "Progress": {}},
    ],
)
def test_only_a_state_is_taken_for_one(event: Any) -> None:
    """CloudFormation's events and the workflow's steps invoke the same function."""
    assert not WorkflowState.is_state(event)
    assert WorkflowState.is_state(VERSION_2)


# A state belongs to its request.


def checked(**parts: Any) -> WorkflowState:
    """Check a state of which some parts are replaced, against the request that it was made of."""
    request = Request.of(create_event(), NEW_YEAR_2026)
    whole = WorkflowState(create_event(), NEW_YEAR_2026 + 60, PROGRESS, 1)
    return replace(whole, **parts).checked(request)


@pytest.mark.parametrize("goals", [(), (replace(ENSURE, owner=Owner(STACK_ID, "Another")),)])
def test_a_state_without_goals_of_its_owner_is_refused(goals: tuple[Ensure, ...]) -> None:
    """Promises 1 and 3: no goals are no success, and nobody works in another owner's name."""
    with pytest.raises(ValueError, match="goals"):
        checked(progress=replace(PROGRESS, goals=goals))


@pytest.mark.parametrize(("deadline", "kept"), [(60.0, 60.0), (9999.0, 3580.0), (1e300, 3580.0)])
def test_a_state_s_deadline_is_never_later_than_its_request_s(deadline: float, kept: float) -> None:
    """Promise 2: CloudFormation stops waiting after an hour at the most."""
    assert checked(deadline=NEW_YEAR_2026 + deadline).deadline == NEW_YEAR_2026 + kept
