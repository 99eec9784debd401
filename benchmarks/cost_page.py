"""The page of what it costs: tables and the chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import charts
from benchmarks.report import Report, Table
from benchmarks.spread import Spread
from benchmarks.waiting import CALL_SECONDS, HANDOVER_SECONDS, LENGTHS, REPORT_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from benchmarks.waiting import Course

LONGEST_INVOCATION = 900.0
SLEEPER = "a Lambda that sleeps (model)"


def report(
    ours: Mapping[str, Sequence[Course]],
    dollars: Mapping[str, Mapping[str, Spread]],
    many: int,
    at_work: tuple[float, int],
) -> Report:
    """Report what requests cost.

    Args:
        ours: The provider's requests, by the length of the update.
        dollars: The cost of 1,000 Creates, by peer and by the length of the update.
        many: How many requests waited for half an hour at the same time.
        at_work: How many functions were at work for them, on average and at the most.
    """
    requests = len(next(iter(ours.values())))
    return Report(
        name="cost",
        title="What it costs",
        method=_method(requests),
        goals=[],
        tables=[_dollars(dollars)],
        charts={"Dollars for 1,000 Creates, by how long the stream is UPDATING": _chart(dollars)},
        versions={},
        notes=NOTES.format(many=many, average=at_work[0], most=at_work[1], handover=HANDOVER_SECONDS),
    )


def _dollars(dollars: Mapping[str, Mapping[str, Spread]]) -> Table:
    def cell(peer: str, name: str) -> str:
        cannot = peer == SLEEPER and LENGTHS[name] > LONGEST_INVOCATION
        return dollars[peer][name].text() + (" (longer than an invocation can be)" if cannot else "")

    rows = [[peer, *(cell(peer, name) for name in LENGTHS)] for peer in dollars]
    return Table("Dollars for 1,000 Creates, by how long the stream is UPDATING", ("", *LENGTHS), rows)


def _chart(dollars: Mapping[str, Mapping[str, Spread]]) -> Figure:
    """One panel for each length, with a linear scale of its own; the longest bar leaves it. Every bar has a label."""
    title = "Dollars for 1,000 Creates, by how long the stream is UPDATING (a bar with → goes on beyond its panel)"
    figure, axes = charts.panels(title, len(LENGTHS), (12, 3.4), sharey=True)
    for panel, length in zip(axes, LENGTHS, strict=True):
        middles = [lengths[length].middle for lengths in dollars.values()]
        right = 1.5 * sorted(middles)[-2]
        for place, (peer, middle) in enumerate(zip(dollars, middles, strict=True)):
            panel.barh(place, min(middle, right), color=charts.colour(peer))
            if middle > right:
                panel.text(0.97 * right, place, f"${middle:,.2f} →", fontsize=9, va="center", ha="right", color="white")
            else:
                panel.text(middle + 0.02 * right, place, f"${middle:,.2f}", fontsize=9, va="center")
        panel.set(title=f"UPDATING for {length}", xlabel="dollars for 1,000 Creates", xlim=(0, right))
        panel.grid(visible=True, axis="x", alpha=0.3)
    axes[0].set_yticks(range(len(dollars)), list(dollars))
    axes[0].invert_yaxis()
    return figure


def _method(requests: int) -> str:
    return f"""\
- This provider: its code in virtual time, {requests} requests for each time, with default parameters (256 MB on
  arm64). Each call takes {1000 * CALL_SECONDS:.0f} ms, and each request leaves a trace. Lambda's own log lines are
  taken as {REPORT_BYTES} bytes an invocation.
- The peers are models: each plays its rhythm (`benchmarks/rhythms.py`) and logs nothing itself. The CDK framework has
  Lambda's defaults (128 MB on x86) and runs two functions at each poll; crhelper looks once a minute, its best.
- List prices of us-east-1 without free tiers: `benchmarks/prices.py`.
- Left out: cold starts, what is paid by the month, stored logs, data transfer."""


NOTES = """\
crhelper is the cheapest: EventBridge charges nothing for waiting. But it looks only once a minute, so a stack waits up
to a minute longer. The provider waits up to {handover:.0f} s in the function, to notice the end soon; a longer wait
costs little, because no function runs meanwhile: while {many} Creates wait for 30 minutes, {average:.2f} functions are
at work on average, {most} at most.

A job on GitHub Actions is charged by the full minute; Terraform on a machine of yours costs AWS nothing."""
