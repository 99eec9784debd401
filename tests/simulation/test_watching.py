"""Promise 10 in simulated worlds: the watch beside requests, replacements, deletions and owners' tools."""

import pytest

from tests.simulation.mutant import Mutant
from tests.simulation.product import planted
from tests.simulation.stories import simulate
from tests.simulation.watch_mutants import WATCH
from tests.simulation.watch_stories import STORIES, play

SEEDS = 40
STEP = 10


@pytest.mark.parametrize("first", range(1, SEEDS + 1, STEP))
def test_no_promise_is_broken_while_the_watch_is_at_work(first: int) -> None:
    """All promises: a failure names its seed."""
    for seed in range(first, first + STEP):
        report = simulate(seed, watch=True)
        assert not report.broken, f"`make replay SEED={seed} WATCH=1` repeats it: {report.broken}"


@pytest.mark.parametrize("mutant", WATCH, ids=[mutant.name for mutant in WATCH])
def test_a_bug_that_is_planted_in_the_watch_is_found(mutant: Mutant) -> None:
    """The simulation's own ground: it can find the bugs that a watch like this one has."""
    with planted(mutant) as product:
        match mutant.witness:
            case int(seed):
                report = simulate(seed, product, watch=True)
            case name:
                report = play(str(name), product)
    assert report.broken


@pytest.mark.parametrize("name", STORIES)
def test_a_story_of_the_watch_breaks_no_promise(name: str) -> None:
    """The same stories, without a bug."""
    assert not play(name).broken
