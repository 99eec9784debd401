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
    from collections.abc import Iterator, Mapping, Sequence

    from matplotlib.figure import Figure

    from benchmarks.cold_process import ColdStart

    Starts = Mapping[str, Sequence[ColdStart]]

PROVIDER, RESPONDER = "the provider", "the failure responder"
FLOOR, KINESIS_FLOOR, CRHELPER = "the floor", "the floor without a record", "bare crhelper"
TIMES_THE_FLOOR, TIMES_THE_KINESIS_FLOOR = 1.15, 1.3
VCPU_MEGABYTES = 1769
"""With this much memory a function has a whole processor: AWS Lambda Developer Guide, "Configure function memory"."""
MEGABYTES = 256
"""The template's default."""


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was measured.

    Attributes:
        shown: The starts of each function as it is shipped.
        without: The same without bytecode.
        packaged: The provider's, packaged in several ways.
        sizes: How large each of these packages is: MB unzipped, MB as a zip.
        imports: How long each package takes to be imported, in ms, by function.
        contents: What is shipped: a name, its MB, and how much of that is bytecode.
    """

    shown: Starts
    without: Starts
    packaged: Starts
    sizes: Mapping[str, tuple[float, float]]
    imports: Mapping[str, Mapping[str, Spread]]
    contents: Sequence[tuple[str, float, float]]


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
            _figures("Without bytecode: each start compiles what it imports", without),
            _ratios(shown, without),
            _on_lambda(shown),
            _import_table(measured.imports),
            _packaging_table(measured),
            _contents(measured),
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
    for other, most in ((FLOOR, TIMES_THE_FLOOR), (KINESIS_FLOOR, TIMES_THE_KINESIS_FLOOR)):
        times = _pairs(shown, other, "seconds")
        text = f"At most {most} times the time of {other}, with bytecode (median of {rounds} pairs)."
        goals.append(Goal(text, times.middle <= most, f"Seen: {times.text()}."))
    time = _pairs(shown, CRHELPER, "seconds")
    memory = median(one.mebibytes for one in shown[PROVIDER]) / median(one.mebibytes for one in shown[CRHELPER])
    seen = f"Seen: {time.text()} of its time, {memory:.2f} of its memory."
    return [*goals, Goal("Less time and memory than bare crhelper.", time.middle < 1 and memory < 1, seen)]


def _figures(title: str, starts: Starts) -> Table:
    columns = ("", "until the call, s", "of that Init, s", "processor, s", "peak memory, MiB")
    rows = [
        [
            name,
            *(_spread(of, figure).text(3) for figure in ("seconds", "init_seconds", "cpu_seconds")),
            _spread(of, "mebibytes").text(1),
        ]
        for name, of in starts.items()
    ]
    return Table(f"{title}: median (min to max)", columns, rows)


def _ratios(shown: Starts, without: Starts) -> Table:
    columns = ("the provider, divided by", "time", "processor time", "memory")
    rows = [
        [f"{other}, {how}", *(_pairs(starts, other, of).text() for of in ("seconds", "cpu_seconds", "mebibytes"))]
        for how, starts in (("with bytecode", shown), ("without", without))
        for other in (FLOOR, KINESIS_FLOOR, CRHELPER)
    ]
    return Table("Ratios, of each round's pair: median (min to max)", columns, rows)


def _on_lambda(shown: Starts) -> Table:
    """A model of Lambda's processor: a whole one in Init, and after that the share that the memory gives."""
    rows = []
    for name in (PROVIDER, FLOOR, KINESIS_FLOOR, CRHELPER):
        after = Spread.of([one.seconds - one.init_seconds for one in shown[name]])
        slowed = Spread.of(
            [one.init_seconds + (one.seconds - one.init_seconds) * VCPU_MEGABYTES / MEGABYTES for one in shown[name]]
        )
        rows.append([name, after.text(3), slowed.text(3)])
    title = f"Model: on Lambda with {MEGABYTES} MB, whose invocations have {MEGABYTES}/{VCPU_MEGABYTES} of a processor"
    return Table(title, ("", "from the event to the call, here, s", "from start to call, there, s"), rows)


def _import_table(imports: Mapping[str, Mapping[str, Spread]]) -> Table:
    names = sorted(set().union(*imports.values()), key=lambda name: -imports[PROVIDER].get(name, NOTHING).middle)
    rows = [[name, *(of[name].text(1) if name in of else "" for of in imports.values())] for name in names]
    return Table("Imports by package, in ms (`-X importtime`, which takes time itself)", ("", *imports), rows)


def _packaging_table(measured: Measured) -> Table:
    columns = ("", "until the call, s", "processor, s", "peak memory, MiB", "unzipped, MB", "zip, MB")
    rows = [
        [
            name,
            _spread(starts, "seconds").text(3),
            _spread(starts, "cpu_seconds").text(3),
            _spread(starts, "mebibytes").text(1),
            *(f"{size:.1f}" for size in measured.sizes[name]),
        ]
        for name, starts in measured.packaged.items()
    ]
    return Table("Ways to package it", columns, rows)


def _contents(measured: Measured) -> Table:
    rows = [[name, f"{whole:.2f}", f"{bytecode:.2f}"] for name, whole, bytecode in _merged(measured.contents)]
    return Table("What is shipped, MB", ("", "in all", "of that bytecode"), rows)


def _merged(found: Sequence[tuple[str, float, float]]) -> Iterator[tuple[str, float, float]]:
    """One row for everything that only names the packages and their licences."""
    names = [one for one in found if one[0].endswith(("-info", ".data"))]
    yield from (one for one in found if one not in names)
    yield (
        "licences and names of the packages (`*.dist-info`)",
        sum(one[1] for one in names),
        sum(one[2] for one in names),
    )


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


NOTHING = Spread(0.0, 0.0, 0.0)
METHOD = """\
A fresh process in the artifact that `sam build` made is measured from its start until its first call arrives at a
loopback server, which ends the process there. It is Python itself, without the packages of an environment, with `-B`
(Lambda's task folder can't be written to), under AWS's own runtime client (`awslambdaric`, with its bytecode, as on
Lambda). The same server plays the Runtime API; the event is [events/create.json](../../events/create.json). Init is the
time until the runtime asks for its first event. Memory is the peak of the process (`VmHWM`), processor time that of
`wait4`. The calls are plain HTTP: nobody is charged for a TLS session, which each would need once. Files are in the
page cache, because a first round does not count.

- **the floor** imports boto3, makes a Kinesis client and a DynamoDB client, and makes one call:
  [floor.py](../../benchmarks/handlers/floor.py);
- **the floor without a record** makes a Kinesis client alone:
  [kinesis_floor.py](../../benchmarks/handlers/kinesis_floor.py);
- **bare crhelper** is `CfnResource()` with the same two clients and a Create that makes the same call:
  [bare_crhelper.py](../../benchmarks/handlers/bare_crhelper.py). Its copy of the artifact also has the descriptions of
  the services that crhelper itself makes clients of (events, lambda, logs);
- **the failure responder** is the provider's other function, until it responds to CloudFormation.

They start in turn, {rounds} rounds; a ratio is that of one round's pair."""
NOTES = """\
With 256 MB an invocation has a seventh of a processor, and Init a whole one. So processor seconds after Init cost seven
times as much. Why the function is packaged like this: [decisions](../decisions.md). The runtime's own
boto3 can't be had outside Lambda: that row moves the same version behind the artifact, with bytecode, and does not say
how long Lambda takes to fetch either zip."""
