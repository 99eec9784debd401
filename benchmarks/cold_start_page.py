"""The page of the cold start: goals, tables and the chart."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import charts
from benchmarks.report import Goal, Report, Table
from benchmarks.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from benchmarks.cold_process import ColdStart

    Starts = Mapping[str, Sequence[ColdStart]]

PROVIDER, RESPONDER = "the provider", "the failure responder"
FLOOR, KINESIS_FLOOR, CRHELPER = "the floor", "the floor without a record", "bare crhelper"
TIMES_THE_FLOOR, TIMES_THE_KINESIS_FLOOR = 1.15, 1.3


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was measured.

    Attributes:
        shown: The starts of each function as it is shipped.
        without: The same without bytecode.
        packaged: The provider's, packaged in several ways.
        sizes: How large each of these packages is: MB unzipped, MB as a zip.
    """

    shown: Starts
    without: Starts
    packaged: Starts
    sizes: Mapping[str, tuple[float, float]]


def report(measured: Measured) -> Report:
    """Report the cold starts."""
    shown, without = measured.shown, measured.without
    rounds = len(shown[PROVIDER])
    return Report(
        name="cold_start",
        title="Cold start and memory",
        method=METHOD.format(rounds=rounds),
        goals=_goals(shown, rounds),
        tables=[
            _figures("As shipped, with bytecode", shown),
            _packaging_table(measured),
        ],
        charts={"Until the first call leaves: time, processor time and peak memory": _chart(shown, without)},
        versions={"awslambdaric": version("awslambdaric")},
        notes=NOTES,
    )


def _spread(starts: Sequence[ColdStart], of: str) -> Spread:
    return Spread.of([getattr(one, of) for one in starts])


def _pairs(starts: Starts, other: str, of: str) -> Spread:
    """The provider's figure divided by the other's of the same round."""
    pairs = zip(starts[PROVIDER], starts[other], strict=True)
    return Spread.of([getattr(one, of) / getattr(two, of) for one, two in pairs])


def _goals(shown: Starts, rounds: int) -> list[Goal]:
    goals = []
    for other, clients, most in (
        (FLOOR, "two clients", TIMES_THE_FLOOR),
        (KINESIS_FLOOR, "one client", TIMES_THE_KINESIS_FLOOR),
    ):
        times = _pairs(shown, other, "seconds")
        text = f"At most {most} times the time of {other}, which is boto3 with {clients} (median of {rounds} pairs)."
        goals.append(Goal(text, times.middle <= most, f"Seen: {times.text()}."))
    time = _pairs(shown, CRHELPER, "seconds")
    memory = median(one.mebibytes for one in shown[PROVIDER]) / median(one.mebibytes for one in shown[CRHELPER])
    seen = f"Seen: {time.text()} of its time, {memory:.2f} of its memory."
    return [*goals, Goal("Less time and memory than bare crhelper.", time.middle < 1 and memory < 1, seen)]


def _figures(title: str, starts: Starts) -> Table:
    columns = ("", "until the call, s", "of that Init, s", "peak memory, MiB")
    rows = [
        [
            name,
            *(_spread(of, figure).text(3) for figure in ("seconds", "init_seconds")),
            _spread(of, "mebibytes").text(1),
        ]
        for name, of in starts.items()
    ]
    return Table(f"{title}: median (min\N{EN DASH}max)", columns, rows)


def _packaging_table(measured: Measured) -> Table:
    columns = ("", "until the call, s", "peak memory, MiB", "unzipped, MB", "zip, MB")
    rows = [
        [
            name,
            _spread(starts, "seconds").text(3),
            _spread(starts, "mebibytes").text(1),
            *(f"{size:.1f}" for size in measured.sizes[name]),
        ]
        for name, starts in measured.packaged.items()
    ]
    return Table("Ways to package it", columns, rows)


def _chart(shown: Starts, without: Starts) -> Figure:
    kinds = (("time, s", "seconds"), ("processor time, s", "cpu_seconds"), ("peak memory, MiB", "mebibytes"))
    title = "Until the first call leaves (bar: median, line: minimum to maximum)"
    figure, axes = charts.panels(title, len(kinds), (12, 4), sharey=True)
    for panel, (label, of) in zip(axes, kinds, strict=True):
        series = (("as shipped, with bytecode", "#0b5c8f", shown), ("without bytecode", "#b8c4cc", without))
        for shift, (name, colour, starts) in enumerate(series):
            spreads = [_spread(one, of) for one in starts.values()]
            middles = [one.middle for one in spreads]
            lines = [[one.middle - one.least for one in spreads], [one.most - one.middle for one in spreads]]
            places = [place + 0.38 * shift for place in range(len(spreads))]
            panel.barh(places, middles, 0.36, xerr=lines, capsize=2, label=name, color=colour)
        panel.set_xlabel(label)
        panel.grid(visible=True, axis="x", alpha=0.3)
        panel.set_yticks([place + 0.19 for place in range(len(shown))], list(shown))
    axes[0].invert_yaxis()
    charts.legend_below(figure, axes[0], 2)
    return figure


METHOD = """\
A fresh process with the files of `sam build` is measured until its first call arrives at a server on this machine. It
runs under AWS's runtime client (`awslambdaric`), with `-B` (Lambda's folder is read-only). The event is
[events/create.json](../../events/create.json). Init is the time until the runtime asks for its first event. Calls are
plain HTTP. Files are in the page cache. All start in turn, {rounds} rounds; a ratio compares two of one round.

- **the floor** imports boto3, makes a Kinesis and a DynamoDB client, and makes one call;
- **the floor without a record** makes a Kinesis client alone;
- **bare crhelper** is `CfnResource()` with the two clients and a Create that makes the same call;
- **the failure responder** is the provider's other function, until it responds to CloudFormation."""
NOTES = """\
The function is shipped with bytecode: Lambda's folder is read-only, so without bytecode each cold start would compile
the sources. It has its own boto3, because the runtime's version changes, without the services that it never calls."""
