"""`make bench`: runs every benchmark, or those that ONLY names, and writes their pages in docs/benchmarks."""

from __future__ import annotations

import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks.report import CannotMeasureError
from local.engines import UnsupportedMachineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.report import Report

NAMES = ("lag", "calls", "cold_start", "scale", "cost", "watch_cost")
"""Each is a module here. Its measure() prints how far it is, and returns a Report."""
REACHED, MISSED, UNKNOWN, NOT_MEASURED = 0, 1, 2, 3


def main(names: Sequence[str]) -> int:
    """Run the benchmarks.

    Returns:
        0 if every goal was reached; 1 if one was missed; 3 if none was missed, but this machine could not measure
        all of them; 2 if there is no such benchmark.
    """
    if unknown := sorted(set(names) - set(NAMES)):
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}.")
        return UNKNOWN
    reached: set[bool | None] = set()
    for name in names or NAMES:
        reached |= _run(name)
    if False in reached:
        print("A goal was missed.")
        return MISSED
    if None in reached:
        print("This machine could not measure every goal: see ❔ above.")
        return NOT_MEASURED
    return REACHED


def _run(name: str) -> set[bool | None]:
    """Run one benchmark; return which kinds of results its goals have."""
    began = time.monotonic()
    print(f"{name} ...", flush=True)
    try:
        report: Report = import_module(f"benchmarks.{name}").measure()
    except (CannotMeasureError, UnsupportedMachineError) as missing:
        print(f"{name}: not measured: {missing}\n", flush=True)
        return {None}
    path = report.save()
    print(report.summary())
    print(f"{name}: {time.monotonic() - began:.0f} s; the page is {path}\n", flush=True)
    return {goal.reached for goal in report.goals}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
