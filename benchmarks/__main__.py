"""`make bench`: measures everything, or what ONLY names, and writes the pages in docs/benchmarks."""

from __future__ import annotations

import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.report import Report

NAMES = ("lag", "calls", "cold_start", "scale", "cost")
"""Each is a module here, whose measure() gives a Report; it tells how far it is on standard output."""


def main(names: Sequence[str]) -> int:
    """Run the benchmarks; 0 if every goal was reached, 1 if not, 2 if there is no such benchmark."""
    if unknown := sorted(set(names) - set(NAMES)):
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}.")
        return 2
    missed = 0
    for name in names or NAMES:
        began = time.monotonic()
        print(f"{name} ...", flush=True)
        report: Report = import_module(f"benchmarks.{name}").measure()
        path = report.save()
        print(report.page())
        print(f"{name}: {time.monotonic() - began:.0f} s; written to {path}\n", flush=True)
        missed += sum(not goal.reached for goal in report.goals)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
