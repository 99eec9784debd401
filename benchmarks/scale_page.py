"""The page of many resources at once: goals, tables and charts."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import charts
from benchmarks.crowd import UPDATE_SECONDS
from benchmarks.peers import OURS
from benchmarks.report import Goal, Report, Table
from benchmarks.spread import Spread, percentile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from benchmarks.crowd import Run
    from benchmarks.stampede import Stampedes

    Sizes = Mapping[int, Sequence["Played"]]

SEVERAL, MANY = 100, 500
MOST_TIMES = {SEVERAL: 1.4, MANY: 1.3}
"""The goals: by how many times the time may exceed the bound."""
MOST_SECONDS = 60.0
MOST_STARVED = 2.0
"""By how many times the slowest may exceed the median. In a queue that is served in order it is 2."""
COLUMNS = (
    "until all are done, s",
    "bound, s",
    "calls throttled, %",
    "time to response, s: median",
    "99th percentile",
    "failed",
)


class Played(NamedTuple):
    """A crowd that was played, and its bound in seconds."""

    run: Run
    bound: float

    @property
    def times(self) -> float:
        """The time that it took over the bound."""
        return self.run.seconds / self.bound


def report(creates: Sizes, lives: Mapping[str, Played], peers: Mapping[str, Sizes], real: Stampedes) -> Report:
    """Report the crowds: Creates by their number, one crowd's whole life, the peers', and the real ones."""
    return Report(
        name="scale",
        title="Many resources at once",
        method=_method(),
        goals=[*_goals(creates, lives), real.goal()],
        tables=[
            Table(
                "Creates at once: median of several crowds (min\N{EN DASH}max)",
                ("at once", *COLUMNS),
                [[f"{number:,}", *_row(played)] for number, played in creates.items()],
            ),
        ],
        charts={
            "How long each one takes until all resources are done, by their number": _seconds_chart(creates, peers),
            f"How many of {MANY} resources are done after how many seconds": _done_chart(creates[MANY][0], peers),
        },
        versions=real.versions(),
        notes=NOTES,
    )


def _goals(creates: Sizes, lives: Mapping[str, Played]) -> list[Goal]:
    goals = []
    for number, most in MOST_TIMES.items():
        times = Spread.of([one.times for one in creates[number]])
        text = f"{number} Creates at once take at most {most} times the bound."
        goals.append(Goal(text, times.most <= most, f"Seen: {times.text()}."))
    seconds = Spread.of([one.run.seconds for one in creates[MANY]])
    everything = [one.run for played in creates.values() for one in played] + [one.run for one in lives.values()]
    failures, sent = sum(one.failures for one in everything), sum(len(one.answers) for one in everything)
    broken = [promise for one in everything for promise in one.broken]
    starved = max(one.run.seconds / median([each.seconds for each in one.run.answers]) for one in creates[MANY])
    return [
        *goals,
        Goal(
            f"{MANY} take less than {MOST_SECONDS:.0f} s.", seconds.most < MOST_SECONDS, f"Seen: {seconds.text(1)} s."
        ),
        Goal("No request fails because calls are throttled.", not failures, f"{failures} of {sent:,} failed."),
        Goal(
            f"Nobody starves: of {MANY} the slowest takes at most {MOST_STARVED:g} times as long as the median.",
            starved <= MOST_STARVED,
            f"Seen: {starved:.1f} times.",
        ),
        Goal("Every promise of the contract holds in the crowd.", not broken, "; ".join(broken) or "None was broken."),
    ]


def _row(played: Sequence[Played]) -> list[str]:
    runs = [one.run for one in played]
    good = [one for run in runs for one in run.answers if not one.failure]
    seconds = [one.seconds for one in good]
    failed = Spread.of([run.failures for run in runs])
    return [
        Spread.of([run.seconds for run in runs]).text(0),
        Spread.of([one.bound for one in played]).text(0),
        Spread.of([100 * run.throttled for run in runs]).text(0),
        f"{median(seconds):.0f}",
        f"{percentile(seconds, 99):.0f}",
        failed.text(0),
    ]


def _seconds_chart(creates: Sizes, peers: Mapping[str, Sizes]) -> Figure:
    """Seconds by the number of resources. A curve ends where requests fail; the legend says so."""
    figure, (axes,) = charts.panels("Seconds until all resources are done", 1, (8.5, 5.2))
    for name, sizes in {OURS: creates, **peers}.items():
        whole = {number: played for number, played in sizes.items() if not any(one.run.failures for one in played)}
        middles = [Spread.of([one.run.seconds for one in played]).middle for played in whole.values()]
        failing = [number for number in sizes if number not in whole]
        label = f"{name}: ends, since at {failing[0]:,} requests fail" if failing else name
        style = "-o" if name == OURS else "--."
        axes.plot(list(whole), middles, style, color=charts.colour(name), label=label, linewidth=2)
        if failing and whole:
            _mark_end(axes, name, list(whole)[-1], middles[-1])
    bounds = [Spread.of([one.bound for one in played]).middle for played in creates.values()]
    axes.plot(list(creates), bounds, ":", color=charts.GREY, label=f"bound for {OURS}")
    axes.set(xscale="log", yscale="log", xlabel="resources at once (log scale)", ylabel="seconds (log scale)")
    axes.set_xticks(list(creates), [f"{number:,}" for number in creates])
    axes.set_yticks([5, 10, 30, 60, 120, 300, 600, 1000], ["5", "10", "30", "60", "120", "300", "600", "1,000"])
    axes.minorticks_off()
    axes.grid(visible=True, alpha=0.3)
    charts.legend_below(figure, axes, 2)
    return figure


def _done_chart(ours: Played, peers: Mapping[str, Sizes]) -> Figure:
    """How many are done by when. The legend says how many failed, and when a curve ends that leaves the chart."""
    figure, (axes,) = charts.panels(f"{MANY} resources at once: how many are done", 1, (8.5, 5.2))
    longest = 1.5 * ours.run.seconds
    for name, played in {OURS: ours, **{name: sizes[MANY][0] for name, sizes in peers.items()}}.items():
        times = sorted(one.seconds for one in played.run.answers if not one.failure)
        label = f"{name}: all after {times[-1]:,.0f} s"
        if played.run.failures:
            label = f"{name}: ends, since {played.run.failures} fail"
            _mark_end(axes, name, times[-1], len(times))
        style = "-" if name == OURS else "--"
        axes.step([0.0, *times], range(len(times) + 1), style, where="post", color=charts.colour(name), label=label)
    axes.axvline(ours.bound, color=charts.GREY, linestyle=":", label=f"bound for {OURS}")
    axes.set(xlabel="seconds after all were sent", ylabel="resources that are done", xlim=(0, longest))
    axes.grid(visible=True, alpha=0.3)
    charts.legend_below(figure, axes, 2)
    return figure


def _mark_end(axes: Any, name: str, x: float, y: float) -> None:  # noqa: ANN401 (matplotlib's)
    axes.plot(x, y, "x", color=charts.colour(name), markersize=11, markeredgewidth=2.5)


def _method() -> str:
    least, most = UPDATE_SECONDS
    return METHOD.format(least=least, most=most)


METHOD = """\
- All Creates are sent within half a second, each for a stream of its own, in the
  [simulation](../../CONTRIBUTING.md#the-simulation): real code and state machine, virtual time, calls of 6 to 80 ms,
  updates of {least:.0f} to {most:.0f} s, default settings.
- The account's limits are AWS's published quotas (`benchmarks/limits.py`), among them 20 DescribeStreamSummary and 10
  DescribeStream a second. Each allows bursts of one second. A refused call costs nothing.
- The bound: two looks for each resource at 30 a second, the longest update, and 5 s of SettleSeconds. It is a
  yardstick, not a strict minimum. The peers' bound has only the looks that they need.
- The peers are models of their published rhythms and retries (`benchmarks/rhythms.py`), without Lambda's concurrency
  and their own start-up, in their favour."""
NOTES = """\
The peers need fewer looks: they keep no record and don't look again before they report success. crhelper needs a
permission for each request, and the function's policy has room for about sixty. boto3's waiter gives up when a call was
throttled five times. Terraform handles ten resources at a time."""
