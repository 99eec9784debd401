"""What is handed over is a version of its own: an older function's execution is finished by a newer one."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_encryption.converge import Progress
from stream_encryption.handover import MINUTE, SWEEP_SECONDS, Handover
from stream_encryption.memory import Asked, Limited, Memory
from stream_encryption.model import Attributes, Ensure, OnDelete, Owner, Release, Stream, StreamRef, StreamStatus, Sweep
from stream_encryption.ownership import REQUEST_SECONDS
from tests.builders import LOGICAL_ID, RESPONSE_URL, STACK_ID, STREAM_ARN, create_event, delete_event

STATE_MACHINE_SECONDS = 3900
"""TimeoutSeconds in statemachine/wait.asl.json."""
ME = Owner(STACK_ID, LOGICAL_ID)
ENSURE = Ensure(StreamRef("orders", STREAM_ARN), ME, 1.0, "alias/one", 7, verify=True, takeover=True)
RELEASE = Release(StreamRef("orders"), ME, 2.0, OnDelete.KEEP, "alias/one", overtaking=True, best_effort=True)
MEMORY = Memory(
    since=3.0,
    waits=4,
    throttles=1,
    owned=True,
    former=Owner(STACK_ID, "Old"),
    asked=Asked("Start", "alias/one", 5.0, 2, sure=False, effect_at=6.0),
    changes=1,
    found="alias/two",
    settling_since=7.0,
    limited=Limited("kinesis:StartStreamEncryption", 8.0),
    conceded="a reason",
    unmarked=True,
    doubted=True,
    shown_since=9.0,
    suspected=True,
    invalid_since=10.0,
)
STREAM = Stream("orders", STREAM_ARN, StreamStatus.ACTIVE, "alias/one")
SWEEP = Sweep(StreamRef("orders"), ME, 2.0)
PROGRESS = Progress((RELEASE, ENSURE), MEMORY, Attributes(STREAM, "arn:key", None), 3, ("a note",), (SWEEP,))


def through_json(handover: Handover) -> Handover:
    """What the next function gets of it."""
    return Handover.from_json(json.loads(json.dumps(handover.to_json())))


def test_what_is_handed_over_is_what_is_taken_over() -> None:
    """Promise 6: nothing that is remembered is lost on the way, down to the last enum."""
    taken = through_json(Handover.of(create_event(), 9.0, PROGRESS, 1.2))
    assert taken.progress == PROGRESS
    assert (taken.deadline, taken.seconds) == (9.0, 2)
    assert taken.progress.goals[0].on_delete is OnDelete.KEEP  # type: ignore[union-attr]
    assert taken.event["ResponseURL"] == RESPONSE_URL


def test_the_first_look_after_a_hand_over_reads_the_tags_again() -> None:
    """Promise 6: the request may have been called off meanwhile; so the looks are counted anew."""
    progress = replace(PROGRESS, memory=replace(MEMORY, looks=17))
    assert through_json(Handover.of(create_event(), 9.0, progress, 1)).progress.memory.looks == 0


@given(st.floats(0, 3600))
def test_a_state_machine_waits_whole_seconds_and_at_least_one(seconds: float) -> None:
    """Amazon States Language, Wait: SecondsPath takes an integer; a pause is never cut short."""
    handed = Handover.of(create_event(), 0.0, PROGRESS, seconds).seconds
    assert isinstance(handed, int)
    assert handed >= max(1, seconds)
    assert handed < seconds + 1 or handed == 1


def test_what_an_older_version_did_not_know_has_its_default() -> None:
    """An execution that an older function started is finished by a newer one, which remembers more."""
    state = Handover.of(create_event(), 9.0, PROGRESS, 1).to_json()
    for name in ("limited", "conceded", "found", "former", "verified"):
        del state["Progress"]["memory"][name]
    memory = Handover.from_json(state).progress.memory
    assert memory == replace(MEMORY, limited=None, conceded=None, found=None, former=None)


def test_what_nobody_knows_any_more_is_passed_over() -> None:
    """And the other way round, for the minute of a deployment that is rolled back."""
    state = Handover.of(create_event(), 9.0, PROGRESS, 1).to_json()
    state["Progress"]["memory"]["mood"] = "good"
    assert Handover.from_json(state).progress == PROGRESS


FIRST: dict[str, Any] = {
    "Version": 1,
    "Event": create_event(),
    "Deadline": 3580.0,
    "Progress": {
        "class": "Progress",
        "goals": [
            {
                "class": "Ensure",
                "stream": {"class": "StreamRef", "name": "orders", "arn": None},
                "owner": {"class": "Owner", "stack_id": STACK_ID, "logical_id": LOGICAL_ID},
                "issued_at": 0,
                "key_id": "alias/one",
                "settle_seconds": 5,
                "verify": False,
                "takeover": False,
                "evidence_key": None,
            }
        ],
        "memory": {"class": "Memory", "since": 0.0, "looks": 30, "waits": 30},
        "attributes": None,
        "changes": 0,
        "notes": [],
    },
    "Seconds": 17,
    "Done": False,
}


@pytest.mark.parametrize(
    ("at", "value", "wrong"),
    [
        (("goals",), "x", "Progress has another goals"),
        (("goals", 0, "key_id"), 7, "Ensure has another key_id"),
        (("goals", 0, "stream"), None, "Ensure has another stream"),
        (("goals", 0, "settle_seconds"), "5", "Ensure has another settle_seconds"),
        (("goals", 0, "verify"), None, "Ensure has another verify"),
        (("memory",), [], "Progress has another memory"),
        (("memory", "since"), "now", "Memory has another since"),
        (("notes",), ["a note", 7], "Progress has another notes"),
    ],
)
def test_what_no_version_can_have_written_is_refused(at: tuple[Any, ...], value: Any, wrong: str) -> None:
    """A value of another type would come to light in the middle of the work, when the stream has been changed."""
    state = json.loads(json.dumps(FIRST))
    inner = state["Progress"]
    for name in at[:-1]:
        inner = inner[name]
    inner[at[-1]] = value
    with pytest.raises(TypeError, match=wrong):
        Handover.from_json(state)


@pytest.mark.parametrize(
    "part",
    [{"Deadline": "soon"}, {"Progress": FIRST["Progress"]["goals"][0]["owner"]}, {"Progress": "x"}, {"Progress": None}],
)
def test_a_state_that_is_none_of_a_request_is_refused(part: dict[str, Any]) -> None:
    """The same, of what a state is made of."""
    with pytest.raises(TypeError, match="not one of a request that waits"):
        Handover.from_json({**FIRST, **part})


def test_the_first_version_s_hand_over_is_understood_for_ever() -> None:
    """Written down as the first release writes it: a change that breaks this breaks running requests."""
    goal = Ensure(StreamRef("orders"), ME, 0, "alias/one")
    assert Handover.from_json(FIRST).progress == Progress((goal,), Memory(since=0.0, waits=30))


def test_what_is_to_be_swept_up_waits_for_the_end_of_the_request_s_hour() -> None:
    """Promise 6: of several marks for the last one's; the deadline leaves time for a stream that is busy just then."""
    later = replace(SWEEP, stream=StreamRef("payments"), issued_at=62.0)
    progress = replace(PROGRESS, goals=(), sweeps=(later, SWEEP))
    handover = through_json(Handover.of_sweeps(delete_event(), progress, 70.0))
    due = 62.0 + REQUEST_SECONDS
    assert handover.sweeps
    assert handover.progress == Progress.begin((later, SWEEP), due)
    assert handover.seconds == due + MINUTE - 70
    assert handover.deadline == due + SWEEP_SECONDS
    assert handover.deadline - 70 < STATE_MACHINE_SECONDS
    assert "ResponseURL" not in handover.event
    assert handover.event["StackId"] == STACK_ID


def test_a_request_of_which_goals_are_left_is_no_sweep() -> None:
    """Promise 2: an answer is owed to it, whatever it leaves to be swept up later."""
    assert not Handover.of(create_event(), 9.0, PROGRESS, 1).sweeps
    assert not Handover.of(create_event(), 9.0, replace(PROGRESS, goals=(SWEEP, ENSURE)), 1).sweeps


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
    """The two doors are one function: CloudFormation's events, and odd ones, go to the first."""
    assert not Handover.is_state(event)
    assert Handover.is_state(FIRST)


def test_every_field_of_the_memory_is_handed_over() -> None:
    """A field that is forgotten here is a request that forgets: this fails until the test above knows it."""
    written = Handover.of(create_event(), 9.0, PROGRESS, 1).to_json()["Progress"]["memory"]
    assert set(written) == {"class", *(field.name for field in fields(Memory))}
