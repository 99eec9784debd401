"""`python -m tests.simulation FIRST [LAST]` runs the worlds of these seeds, and tells what was broken."""

from __future__ import annotations

import sys
from collections import Counter
from time import perf_counter

from tests.simulation.stories import simulate


def main() -> int:
    """Run them."""
    first, last = int(sys.argv[1]), int(sys.argv[-1])
    began, dealt, sums, broken = perf_counter(), Counter[str](), Counter[str](), 0
    for seed in range(first, last + 1):
        report = simulate(seed, talkative=first == last)
        dealt += Counter(report.dealt)
        sums += Counter(events=report.events, requests=report.requests, calls=report.calls, checks=report.checks)
        if report.broken:
            broken += 1
            print(f"seed {seed}: {report.broken[0]}   [{report.weather}]")
            if first == last:
                print("\n".join(report.trace))
    seconds = perf_counter() - began
    print(f"{last - first + 1} runs, {broken} broken, {seconds:.1f} s, {(last - first + 1) / seconds:.0f}/s; {dict(sums)}")
    print(dict(dealt))
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
