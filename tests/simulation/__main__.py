"""Runs the simulation by hand: `python -m tests.simulation` with one of these.

`seeds 1-99`, `watch 1-99` (the same worlds, with the watch), `lifecycles`, `mutants 1-99`: many worlds.
`replay 42`, `replay-watch 42`: one of them, with each decision.
`grants 1-99`, `replay-grants 42`: lives of streams' producers and consumers.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from io import StringIO
from time import perf_counter
from typing import TYPE_CHECKING

from tests.simulation.grants import Broken, Life
from tests.simulation.lifecycles import FAULTS, LIFECYCLES, play
from tests.simulation.mutants import MUTANTS
from tests.simulation.product import planted
from tests.simulation.stories import simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.simulation.mutant import Mutant
    from tests.simulation.world import Report

CHUNK = 50


@dataclass
class Sums:
    """The sums of many runs."""

    runs: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    dealt: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def add(self, report: Report, name: str) -> None:
        """Add one run."""
        self.runs += 1
        counts = {"events": report.events, "requests": report.requests, "calls": report.calls, "checks": report.checks}
        self.counts.update(counts)
        self.dealt.update(report.dealt)
        if report.broken:
            self.broken.append(f"{name}: {report.broken[0]}   [{report.weather}]")

    def merge(self, other: Sums) -> None:
        """Add many."""
        self.runs += other.runs
        self.counts += other.counts
        self.dealt += other.dealt
        self.broken += other.broken


def seeds(first: int, last: int, *, watch: bool = False) -> Sums:
    """Run the worlds of these seeds; if asked, with the watch in them."""
    sums = Sums()
    for seed in range(first, last + 1):
        sums.add(simulate(seed, watch=watch), f"seed {seed}")
    return sums


def grants(first: int, last: int) -> Sums:
    """Play the lives of streams' producers and consumers that have these seeds."""
    sums = Sums()
    for seed in range(first, last + 1):
        sums.runs += 1
        try:
            with redirect_stdout(StringIO()):  # the provider's log
                Life(seed).play()
        except Broken as broken:
            sums.broken.append(f"life {seed}: {broken}")
    return sums


def lifecycle(name: str) -> Sums:
    """Play a lifecycle once for each of its calls and each fault."""
    sums, life = Sums(), LIFECYCLES[name]
    for number in range(1, play(life, {}).calls + 1):
        for fault in FAULTS:
            sums.add(play(life, {number: fault}), f"{name}, call {number}: {fault}")
    return sums


def hunt(mutant: Mutant, first: int, last: int) -> str:
    """Return how often a planted bug is found, as a row of a table."""
    with planted(mutant) as product:
        lives = sum(bool(play(life, {}, product).broken) for life in LIFECYCLES.values())
        found = [seed for seed in range(first, last + 1) if simulate(seed, product).broken]
    count = last - first + 1
    first_found = str(found[0]) if found else "-"
    return f"| {mutant.name} | {len(found)} of {count} | {first_found} | {lives} of {len(LIFECYCLES)} |"


def _many(parts: Iterable[Callable[[], Sums]]) -> None:
    """Run parts on every core, and print the progress and the sums."""
    began, sums = perf_counter(), Sums()
    with ProcessPoolExecutor() as pool:
        for future in [pool.submit(part) for part in parts]:
            part = future.result()
            sums.merge(part)
            for line in part.broken:
                print(line, flush=True)
            print(f"\r{sums.runs} runs", end="", file=sys.stderr, flush=True)
    seconds = perf_counter() - began
    print(f"\n{sums.runs} runs, {len(sums.broken)} with a broken promise, {sums.runs / seconds:.0f} a second")
    print(", ".join(f"{count:,} {name}" for name, count in sums.counts.items()))
    print("Faults dealt:")
    for name, count in sorted(sums.dealt.items()):
        print(f"{count:>10,}  {name}")
    sys.exit(bool(sums.broken))


def _numbers(text: str) -> tuple[int, int]:
    """Read seeds: one, or a range.

    Raises:
        SystemExit: The text is neither; the message says what would be.
    """
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    if not found:
        sys.exit(f"{text!r} is no seed: give a number, as in 42, or a range, as in 1-1000")
    return int(found[1]), int(found[2] or found[1])


def main(arguments: Sequence[str]) -> None:
    """Do what the arguments say."""
    match arguments:
        case ["seeds" | "watch" | "grants" as what, numbers]:
            first, last = _numbers(numbers)
            run = grants if what == "grants" else partial(seeds, watch=what == "watch")
            _many(partial(run, start, min(start + CHUNK - 1, last)) for start in range(first, last + 1, CHUNK))
        case ["lifecycles"]:
            _many(partial(lifecycle, name) for name in LIFECYCLES)
        case ["replay" | "replay-watch" as what, seed]:
            report = simulate(_numbers(seed)[0], talkative=True, watch=what == "replay-watch")
            print("\n".join([f"seed {seed}: {report.weather}", *report.trace]))
        case ["replay-grants", seed]:
            life = Life(_numbers(seed)[0])
            try:
                life.play()
            except Broken as broken:
                life.log.append(str(broken))
            print("\n".join(life.log))
        case ["mutants", numbers]:
            first, last = _numbers(numbers)
            print("| planted bug | found by seeds | the first | by lifecycles without any fault |\n|---|---|---|---|")
            with ProcessPoolExecutor() as pool:
                for line in pool.map(hunt, MUTANTS, [first] * len(MUTANTS), [last] * len(MUTANTS)):
                    print(line, flush=True)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
