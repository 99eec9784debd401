"""Promises 1 to 8 under every fault that AWS can deal out: thousands of worlds, each of which its seed repeats."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.lambda_service import EVENT_AGE_SECONDS, RETRIES, TIMEOUT_SECONDS
from tests.simulation.lifecycles import FAULTS, LIFECYCLES, play
from tests.simulation.mutant import Mutant
from tests.simulation.mutants import MUTANTS
from tests.simulation.product import planted
from tests.simulation.stories import simulate
from tests.templates import ROOT, load

CHUNK = 10
SEEDS = range(0, 200, CHUNK)
TRACE = 60
"""How many of the last lines of a trace are shown."""

LOST_OR_DEAD = ("lose", "die after")
"""Of the faults, those that are dealt in each run of the tests, in turn, to every other call.

`make simulate SEEDS=lifecycles` deals all faults to every call.
"""


@pytest.mark.parametrize("first", SEEDS)
def test_no_schedule_of_failures_breaks_a_promise(first: int) -> None:
    """Promises 1 to 8, in worlds where everything goes wrong that the seed says."""
    for seed in range(first, first + CHUNK):
        report = simulate(seed)
        told = "\n".join([f"seed {seed}: {report.weather}", *report.trace[-TRACE:]])
        assert not report.broken, f"{report.broken[0]}\n{told}\n`make replay SEED={seed}` repeats it"


BY_TIME = ("fail", "roll back in the same second")
"""Lives in which the operator acts by the time that passes: a fault changes what is sent, so no promise says that the
outcomes are the same."""


@pytest.mark.parametrize("name", LIFECYCLES)
def test_a_fault_at_any_one_call_of_a_life_changes_nothing_in_the_end(name: str) -> None:
    """Promise 6: the Nth call is lost, or kills the function; CloudFormation hears what it would hear."""
    life = LIFECYCLES[name]
    undisturbed = play(life, {})
    assert not undisturbed.broken
    for number in range(1, undisturbed.calls + 1, 2):
        fault = LOST_OR_DEAD[number // 2 % len(LOST_OR_DEAD)]
        report = play(life, {number: fault})
        told = "\n".join([f"{name}, call {number}: {fault}", *report.trace[-TRACE:]])
        assert not report.broken, f"{report.broken[0]}\n{told}"
        assert name.startswith(BY_TIME) or _heard(report.outcomes) == _heard(undisturbed.outcomes), told


def _heard(outcomes: list[tuple[str, str]]) -> list[str]:
    """Return the outcomes of the requests that CloudFormation did not cancel: when it cancels differs."""
    return [outcome for request, outcome in outcomes if outcome != "nothing" and not request.startswith("Create")]


def test_a_seed_repeats_a_world_to_the_letter() -> None:
    """A failure can be looked into: the same events at the same times, in another process as well."""
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "tests.simulation", "replay", "7"]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    report = simulate(7, talkative=True)
    assert told.stdout.splitlines()[1:] == report.trace
    assert len(report.trace) > 20


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_a_planted_bug_is_found(mutant: Mutant) -> None:
    """The simulation's own ground: it can find the bugs that providers like this one have.

    Where a mutant is not found by its witness any more, `make mutants SEEDS=1-300` tells which others find it.
    """
    with planted(mutant) as product:
        match mutant.witness:
            case int(seed):
                report = simulate(seed, product)
            case str(name):
                report = play(LIFECYCLES[name], {}, product)
            case (name, number, fault):
                report = play(LIFECYCLES[name], {number: fault}, product)
    assert report.broken


def test_the_simulated_lambda_is_set_up_as_the_template_says() -> None:
    """The simulation's own ground: as often as there, and for as long as there, an event is delivered."""
    template = load(Path(ROOT) / "template.yaml")
    function = template["Resources"]["Function"]["Properties"]
    invocation = function["EventInvokeConfig"]
    assert template["Parameters"]["Timeout"]["Default"] == TIMEOUT_SECONDS
    assert invocation["MaximumRetryAttempts"] == RETRIES
    assert invocation["MaximumEventAgeInSeconds"] == EVENT_AGE_SECONDS


def test_every_fault_of_the_tests_is_one_that_can_be_dealt() -> None:
    """The simulation's own ground: a fault that is misspelt would be dealt to nobody."""
    assert set(LOST_OR_DEAD) <= set(FAULTS)
