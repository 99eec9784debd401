"""Cold start: from a fresh process in the built artifact until its first call leaves, beside the least that can be."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from shutil import copy
from statistics import median
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt

from benchmarks import artifact
from benchmarks.cold_process import RESPONSE_URL, ColdStart, Function, cold_start, compiled, runtime_folder
from benchmarks.report import Goal, Report, Table
from benchmarks.spread import Spread
from local.engines import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from matplotlib.figure import Figure

ROUNDS = 25
"""How often each function is started for the goals."""
FEWER_ROUNDS = 15
"""How often for what only a choice is made by."""
TRACED = 7
HANDLERS = Path(__file__).with_name("handlers")
CRHELPERS_SERVICES = ("events", "lambda", "logs")
"""What crhelper makes clients of, beside what the provider calls."""
PROVIDER, FLOOR, CRHELPER, LAST_WORD = "the provider", "the floor", "bare crhelper", "the last word"
ENTRY = "stream_encryption.handler.on_event"
TIMES_THE_FLOOR = 1.15
VCPU_MEGABYTES = 1769
"""From how much memory on a function has a whole processor: AWS Lambda Developer Guide, "Configure function memory"."""
MEGABYTES = 256
"""The template's default."""

Starts = dict[str, list[ColdStart]]


def measure() -> Report:
    """Build, start everything again and again, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        return _measured(Path(folder))


def _measured(folder: Path) -> Report:
    print("  sam build ...", flush=True)
    build = artifact.built(folder / "build")
    runtime = runtime_folder(folder / "runtime")
    shipped = build / "Function"
    contenders = _contenders(folder, build)
    shown = _alternately("with bytecode", contenders, runtime, ROUNDS)
    bare = {name: _otherwise(one, folder / "bare" / name) for name, one in contenders.items()}
    without = _alternately("without bytecode", bare, runtime, FEWER_ROUNDS)
    packagings = _packagings(folder, shipped)
    packaged = _alternately("otherwise packaged", packagings, runtime, FEWER_ROUNDS)
    print("  imports ...", flush=True)
    imports = {name: _imports(contenders[name], runtime, folder / "imports") for name in (PROVIDER, FLOOR, CRHELPER)}
    tables = [
        _figures("As shipped, with bytecode", shown),
        _figures("Without bytecode: each start compiles what it imports", without),
        _ratios(shown, without),
        _on_lambda(shown),
        _import_table(imports),
        _packaging_table(packagings, packaged),
        _contents(shipped),
    ]
    plots = {"Until the first call leaves: time, processor time, most memory": _plot(shown, without)}
    return Report("cold_start", "Cold start and memory", METHOD, _goals(shown), tables, plots, _versions(), notes=NOTES)


def _contenders(folder: Path, build: Path) -> dict[str, Function]:
    """The provider; its floor and bare crhelper, each in a copy of its artifact; and the last word."""

    def with_handler(name: str) -> Callable[[Path], None]:
        def add(target: Path) -> None:
            copy(HANDLERS / f"{name}.py", target)
            compiled(target)

        return add

    shipped, event = build / "Function", _event()
    floor = artifact.copied(shipped, folder / "floor", with_handler("floor"))
    services = artifact.with_services(*CRHELPERS_SERVICES)
    crhelper = artifact.copied(shipped, folder / "crhelper", services, with_handler("bare_crhelper"))
    record = {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event}
    return {
        PROVIDER: Function(shipped, ENTRY, event),
        FLOOR: Function(floor, "floor.on_event", event),
        CRHELPER: Function(crhelper, "bare_crhelper.on_event", event),
        LAST_WORD: Function(build / "LastWord", "last_word.on_failure", record),
    }


def _event() -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / "create.json").read_text(encoding="utf-8"))
    return {**event, "ResponseURL": RESPONSE_URL}


def _otherwise(one: Function, target: Path) -> Function:
    return Function(artifact.copied(one.code, target, artifact.without_bytecode), one.handler, one.event, one.path)


def _packagings(folder: Path, shipped: Path) -> dict[str, Function]:
    """The provider, packaged in other ways."""
    event, every = _event(), artifact.with_services()
    split, sdk = folder / "split", folder / "sdk"
    artifact.copied(shipped, split, every, lambda code: artifact.split(code, sdk))
    whole = artifact.copied(shipped, folder / "whole", every)
    pip = artifact.copied(whole, folder / "pip", artifact.without_bytecode)
    checked = artifact.copied(shipped, folder / "checked", artifact.with_checked_bytecode)
    return {
        "as pip leaves it (`sam build` without a Makefile)": Function(pip, ENTRY, event),
        "with bytecode": Function(whole, ENTRY, event),
        "and only the services that it calls: **as shipped**": Function(shipped, ENTRY, event),
        "the same, bytecode checked against its source": Function(checked, ENTRY, event),
        "with the runtime's boto3 (model: the same version, with bytecode)": Function(split, ENTRY, event, (sdk,)),
    }


def _alternately(title: str, functions: Mapping[str, Function], runtime: Path, rounds: int) -> Starts:
    """Start each in turn, again and again; a first round, not counted, fetches the files into memory."""
    starts: Starts = {name: [] for name in functions}
    for number in range(rounds + 1):
        print(f"\r  {title}: {number} of {rounds} rounds", end="" if number < rounds else "\n", flush=True)
        for name, function in functions.items():
            seen = cold_start(function, runtime)
            if seen.call not in {"DescribeStreamSummary", "PUT"}:
                raise RuntimeError(f"{name} called {seen.call} first")
            if number:
                starts[name].append(seen)
    return starts


def _spread(starts: Sequence[ColdStart], of: str) -> Spread:
    return Spread.of([getattr(one, of) for one in starts])


def _figures(title: str, starts: Starts) -> Table:
    columns = ("", "until the call, s", "of it Init, s", "processor, s", "most memory, MiB")
    rows = [
        [
            name,
            *(_spread(of, figure).text(3) for figure in ("seconds", "init_seconds", "cpu_seconds")),
            _spread(of, "mebibytes").text(1),
        ]
        for name, of in starts.items()
    ]
    return Table(f"{title} (median, least to most)", columns, rows)


def _pairs(starts: Starts, other: str, of: str) -> Spread:
    """The provider's figure divided by the other's of the same round."""
    pairs = zip(starts[PROVIDER], starts[other], strict=True)
    return Spread.of([getattr(one, of) / getattr(two, of) for one, two in pairs])


def _ratios(shown: Starts, without: Starts) -> Table:
    columns = ("the provider, divided by", "time", "processor time", "memory")
    rows = [
        [f"{other}, {how}", *(_pairs(starts, other, of).text() for of in ("seconds", "cpu_seconds", "mebibytes"))]
        for how, starts in (("with bytecode", shown), ("without", without))
        for other in (FLOOR, CRHELPER)
    ]
    return Table("Ratios, of each round's pair (median, least to most)", columns, rows)


def _on_lambda(shown: Starts) -> Table:
    """A model of Lambda's processor: whole in Init, and then the memory's share of one."""
    rows = []
    for name in (PROVIDER, FLOOR, CRHELPER):
        after = Spread.of([one.seconds - one.init_seconds for one in shown[name]])
        slowed = Spread.of(
            [one.init_seconds + (one.seconds - one.init_seconds) * VCPU_MEGABYTES / MEGABYTES for one in shown[name]]
        )
        rows.append([name, after.text(3), slowed.text(3)])
    title = f"Model: on Lambda with {MEGABYTES} MB, whose invocations have {MEGABYTES}/{VCPU_MEGABYTES} of a processor"
    return Table(title, ("", "from the event to the call, here, s", "from start to call, there, s"), rows)


def _goals(shown: Starts) -> list[Goal]:
    floor, crhelper = _pairs(shown, FLOOR, "seconds"), _pairs(shown, CRHELPER, "seconds")
    memory = median(one.mebibytes for one in shown[PROVIDER]) / median(one.mebibytes for one in shown[CRHELPER])
    return [
        Goal(
            f"At most {TIMES_THE_FLOOR} times the floor's time, with bytecode, in the middle of {ROUNDS} pairs.",
            floor.middle <= TIMES_THE_FLOOR,
            f"Seen: {floor.text()}.",
        ),
        Goal(
            "Below bare crhelper's time and memory.",
            crhelper.middle < 1 and memory < 1,
            f"Seen: {crhelper.text()} of its time, {memory:.2f} of its memory.",
        ),
    ]


def _imports(function: Function, runtime: Path, folder: Path) -> dict[str, Spread]:
    """How long each package's modules take to be imported, without what they import themselves, in ms."""
    folder.mkdir(exist_ok=True)
    packages = {path.name.removesuffix(".py") for path in function.code.iterdir()}
    traced = []
    for _ in range(TRACED):
        cold_start(function, runtime, "-X", "importtime", seen=folder / "seen")
        traced.append(_by_package((folder / "seen").read_text(encoding="utf-8"), packages))
    return {name: Spread.of([one.get(name, 0.0) for one in traced]) for name in sorted(set().union(*traced))}


def _by_package(told: str, packages: set[str]) -> dict[str, float]:
    """Sum what `-X importtime` tells up by package, in ms; what is in none of these is Python's and the runtime's."""
    sums: dict[str, float] = {}
    for microseconds, module in re.findall(r"^import time: +(\d+) \| +\d+ \| +(\S+)$", told, re.MULTILINE):
        package = module.split(".")[0]
        name = package if package in packages else ELSEWHERE
        sums[name] = sums.get(name, 0.0) + int(microseconds) / 1000
    return sums


ELSEWHERE = "Python and the runtime client"


def _import_table(imports: Mapping[str, Mapping[str, Spread]]) -> Table:
    names = sorted(set().union(*imports.values()), key=lambda name: -imports[PROVIDER].get(name, _NOTHING).middle)
    rows = [[name, *(of[name].text(1) if name in of else "" for of in imports.values())] for name in names]
    return Table(f"Imports by package, ms, of {TRACED} runs (`-X importtime`, itself not free)", ("", *imports), rows)


_NOTHING = Spread(0.0, 0.0, 0.0)


def _packaging_table(packagings: Mapping[str, Function], starts: Starts) -> Table:
    columns = ("", "until the call, s", "processor, s", "most memory, MiB", "unzipped, MB", "zip, MB")
    rows = [
        [
            name,
            _spread(starts[name], "seconds").text(3),
            _spread(starts[name], "cpu_seconds").text(3),
            _spread(starts[name], "mebibytes").text(1),
            f"{artifact.size([function.code]):.1f}",
            f"{artifact.zip_size(function.code):.1f}",
        ]
        for name, function in packagings.items()
    ]
    return Table("Ways to package it", columns, rows)


def _contents(shipped: Path) -> Table:
    rows = [[name, f"{whole:.2f}", f"{bytecode:.2f}"] for name, whole, bytecode in _merged(artifact.sizes(shipped))]
    return Table("What is shipped, MB", ("", "in all", "of it bytecode"), rows)


def _merged(found: Sequence[tuple[str, float, float]]) -> Iterator[tuple[str, float, float]]:
    """One row for all that only says which packages these are, and under which licence."""
    told = [one for one in found if one[0].endswith(("-info", ".data"))]
    yield from (one for one in found if one not in told)
    yield "licences and names of the packages (`*.dist-info`)", sum(one[1] for one in told), sum(one[2] for one in told)


def _versions() -> dict[str, str]:
    return {"awslambdaric": version("awslambdaric")}


@dataclass(frozen=True, slots=True)
class _Panel:
    title: str
    of: str


def _plot(shown: Starts, without: Starts) -> Figure:
    panels = (_Panel("time, s", "seconds"), _Panel("processor, s", "cpu_seconds"), _Panel("memory, MiB", "mebibytes"))
    figure, axes = plt.subplots(1, len(panels), figsize=(11, 3.2), sharey=True)
    for axis, panel in zip(axes, panels, strict=True):
        for shift, (label, starts) in enumerate((("with bytecode", shown), ("without", without))):
            spreads = [_spread(of, panel.of) for of in starts.values()]
            middles = [one.middle for one in spreads]
            whiskers = [[one.middle - one.least for one in spreads], [one.most - one.middle for one in spreads]]
            places = [place + 0.38 * shift for place in range(len(spreads))]
            axis.barh(places, middles, 0.36, xerr=whiskers, capsize=2, label=label, color=("#1a6e8e", "#b8c4cc")[shift])
        axis.set_title(panel.title, fontsize=10)
        axis.set_yticks([place + 0.19 for place in range(len(shown))], list(shown))
    axes[0].invert_yaxis()
    axes[-1].legend(fontsize=8, loc="lower right")
    figure.tight_layout()
    plt.close(figure)
    return figure


METHOD = f"""\
A fresh process in the artifact that `sam build` made, from its start until its first call arrives at a loopback server,
which ends it there. It is Python itself, without the packages of an environment, with `-B` (Lambda's task folder can't
be written to), under AWS's own runtime client (`awslambdaric`, with its bytecode, as on Lambda), whose Runtime API the
same server plays; the event is [events/create.json](../../events/create.json). Init is the time until the runtime asks
for its first event. Memory is the process's peak (`VmHWM`), processor time `wait4`'s. The calls are plain HTTP: a TLS
session, which each of them would need once, is not counted for any. Files are in the page cache, as a first round, not
counted, leaves them.

- **the floor** imports boto3, makes one Kinesis client and calls it once:
  [floor.py](../../benchmarks/handlers/floor.py);
- **bare crhelper** is `CfnResource()` with a Create that makes the same call:
  [bare_crhelper.py](../../benchmarks/handlers/bare_crhelper.py). Its copy of the artifact has the descriptions of the
  services as well that it makes clients of ({", ".join(CRHELPERS_SERVICES)});
- **the last word** is the provider's other function, until it answers CloudFormation.

They start in turn, {ROUNDS} rounds; a ratio is one of a round's pair."""

NOTES = """\
Processor seconds matter more than they look: with 256 MB an invocation has a seventh of a processor, Init a whole one.
Why it is packaged so, and what was mended in the code with its figures before and after:
[what is shipped](../decisions.md). The runtime's own boto3 can't be had outside Lambda: that row moves
the same version behind the artifact, with bytecode, and says nothing of how long Lambda takes to fetch either zip."""
