"""The state machine of long waits: its definition is valid, and docs/architecture.md shows it as it is."""

import json
import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import waiting
from local.engines import ROOT
from tests.templates import nodes
from tools import draw_states

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
TEXT = (ROOT / "statemachine" / "wait.asl.json").read_text(encoding="utf-8")
DEFINITION = json.loads(TEXT)
TASKS = {name: state for name, state in DEFINITION["States"].items() if state["Type"] == "Task"}


@pytest.fixture
def quiet() -> Iterator[None]:
    """Requests are played: nobody reads their logs."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def test_the_picture_is_drawn_from_the_definition_as_it_is() -> None:
    """A page with a picture drawn from the definition, not by hand: `make draw`."""
    assert draw_states.with_drawing(PAGE, DEFINITION) == PAGE


def test_a_state_that_is_added_makes_the_page_stale() -> None:
    """Or else the check above would prove nothing."""
    states = {**DEFINITION["States"], "Another": {"Type": "Pass", "Next": "Wait"}}
    assert draw_states.with_drawing(PAGE, {**DEFINITION, "States": states}) != PAGE


@pytest.mark.usefixtures("quiet")
def test_of_four_requests_that_wait_for_half_an_hour_hardly_one_is_at_work() -> None:
    """The function's concurrency while requests wait is near zero: not one in a hundred is at work on average."""
    average, most = waiting.concurrency([waiting.course(1800.0, seed) for seed in range(4)])
    assert average < 0.04
    assert most <= 4


def test_a_step_is_tried_again_only_after_errors_that_are_named() -> None:
    """An error that no retry names goes to the failure responder at once."""
    named = {error for retrier in TASKS["Step"]["Retry"] for error in retrier["ErrorEquals"]}
    assert named
    assert not named & {"States.ALL", "States.TaskFailed"}


def test_no_retry_sleeps_through_what_the_deadline_keeps_back() -> None:
    """A step is tried again within the margin of 20 s, and many of them not in step."""
    for task in TASKS.values():
        for retrier in task["Retry"]:
            assert retrier["MaxDelaySeconds"] <= 10
            assert retrier["JitterStrategy"] == "FULL"
            assert retrier["BackoffRate"] > 1


def test_whatever_else_goes_wrong_the_request_is_kept_for_the_last_task() -> None:
    """The Catch has a ResultPath: without one, the last Task would not know whom to answer."""
    (catcher,) = TASKS["Step"]["Catch"]
    assert (catcher["ErrorEquals"], catcher["ResultPath"]) == (["States.ALL"], "$.Failure")
    last = DEFINITION["States"][catcher["Next"]]
    assert (TASKS["Step"]["Resource"], last["Resource"]) == ("${FunctionArn}", "${FailureResponderArn}")
    assert DEFINITION["States"][last["Next"]]["Type"] == "Fail"


def test_the_execution_outlives_the_longest_service_timeout_and_not_by_much() -> None:
    """CloudFormation waits for an hour at the most; nothing goes on for long after it has given up."""
    assert 3600 < DEFINITION["TimeoutSeconds"] <= 4200
    assert DEFINITION["QueryLanguage"] == "JSONPath"


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ('"Next": "Give up"', '"Next": "Give it up"', "MISSING_TRANSITION_TARGET"),
        ('"MaxAttempts": 600', '"MaxAttempts": "many"', "Step"),
    ],
)
def test_the_linter_catches_a_broken_definition(right: str, wrong: str, told: str, tmp_path: Path) -> None:
    """The definition is checked statically by `make lint`, and that check is shown to catch a broken one."""
    broken = tmp_path / "broken.asl.json"
    assert right in TEXT
    broken.write_text(TEXT.replace(right, wrong), encoding="utf-8")
    found = validated(broken)
    assert found.returncode != 0
    assert told in found.stdout + found.stderr


def test_every_state_says_what_it_is_for_but_the_choice_whose_name_does() -> None:
    """The definition is read by people, in the console too."""
    silent = [name for name, state in DEFINITION["States"].items() if "Comment" not in state]
    assert silent == ["Answered?"]
    assert all("Comment" in node for node in nodes(DEFINITION) if isinstance(node, dict) and "ErrorEquals" in node)


def validated(path: Path) -> Any:
    """Run asl-validator as `make lint` does."""
    return subprocess.run(  # noqa: S603 - our own script
        ["/bin/sh", "tools/asl-validate.sh", str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
