"""The page of what it costs: tables and the chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import charts, prices
from benchmarks.report import Report, Table
from benchmarks.spread import Spread
from benchmarks.waiting import CALL_SECONDS, HANDOVER_SECONDS, LENGTHS, REPORT_BYTES, asleep

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
        tables=[_dollars(dollars), _used(ours, requests)],
        charts={"Dollars for 1,000 Creates, by how long the stream is UPDATING": _chart(dollars)},
        versions={},
        notes=NOTES.format(many=many, average=at_work[0], most=at_work[1], cold=1000 * asleep(1.0)),
    )


def _used(ours: Mapping[str, Sequence[Course]], requests: int) -> Table:
    def row(name: str, courses: Sequence[Course]) -> list[str]:
        return [
            name,
            Spread.of([one.seconds for one in courses]).text(1),
            Spread.of([len(one.invocations) for one in courses]).text(0),
            Spread.of([one.lambda_seconds for one in courses]).text(1),
            Spread.of([one.transitions for one in courses]).text(0),
            Spread.of([one.log_bytes / 1000 for one in courses]).text(1),
            Spread.of([one.kms_requests for one in courses]).text(0),
            Spread.of([one.table_reads for one in courses]).text(0),
            Spread.of([one.table_writes for one in courses]).text(0),
            Spread.of([1000 * one.dollars_at_work for one in courses]).text(3),
            Spread.of([1000 * one.dollars_beside for one in courses]).text(3),
        ]

    columns = (
        "UPDATING for",
        "to the response, s",
        "invocations",
        "Lambda seconds",
        "transitions",
        "log, kB",
        "KMS requests",
        "table: read units",
        "table: write units",
        "Lambda and Step Functions, $ for 1,000",
        "logs, KMS, the table and a trace, $ for 1,000",
    )
    title = f"What one Create of this provider uses: median of {requests} (min to max)"
    return Table(title, columns, [row(name, courses) for name, courses in ours.items()])


def _dollars(dollars: Mapping[str, Mapping[str, Spread]]) -> Table:
    def cell(peer: str, name: str) -> str:
        cannot = peer == SLEEPER and LENGTHS[name] > LONGEST_INVOCATION
        return dollars[peer][name].text() + (" (but no invocation is that long)" if cannot else "")

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
- This provider: its real code by its real entry points in virtual time, {requests} requests for each length, with
  default parameters (256 MB on arm64, {HANDOVER_SECONDS:.0f} s before a hand-over). Each call to AWS and each
  invocation by itself is assumed to take {1000 * CALL_SECONDS:.0f} ms. Log lines, KMS requests and the table's request
  units are counted; Lambda's own lines are assumed to be {REPORT_BYTES} bytes an invocation. Every request is assumed
  to leave a trace, although X-Ray records one a second and 5 % of the rest.
- The peers are models: each plays its rhythm (`benchmarks/rhythms.py`), and is charged for the calls that it makes
  then, at the same {1000 * CALL_SECONDS:.0f} ms, and for nothing that it logs itself. crhelper and the function that
  sleeps have this provider's memory and processor. The CDK framework has Lambda's defaults, 128 MB on x86, and pays at
  each poll for two functions, the framework's and the user's, and for a transition. crhelper looks once a minute, which
  is its best.
- List prices of us-east-1 beyond any free tier, with their sources and dates in `benchmarks/prices.py`:
  ${1e6 * prices.TRANSITION:.0f} for a million transitions; ${prices.GB_SECOND_ARM:.10f} for a GB-second on arm64 and
  ${prices.GB_SECOND_X86:.10f} on x86; ${1e6 * prices.INVOCATION:.2f} for a million invocations;
  ${1e9 * prices.LOG_BYTE:.2f} for a GB of log lines; ${10_000 * prices.KMS_REQUEST:.2f} for 10,000 KMS requests;
  ${1e6 * prices.TABLE_WRITE:.3f} for a million write units and ${1e6 * prices.TABLE_READ:.3f} for a million read units
  of the table; ${1e6 * prices.TRACE:.0f} for a million traces; ${prices.CI_MINUTE} for a minute of GitHub Actions."""


NOTES = """\
**What it means.** crhelper is the cheapest, because EventBridge charges nothing for waiting, and because it looks only
once a minute: a stack then waits for up to a minute more each time. Of those that look every few seconds, this provider
costs about as little as a function that sleeps where a change takes seconds, and the least where it takes half an hour.
For a minute it costs about as much as the CDK framework: nearly all of that minute is waited in the function, in order
to notice the end soon. None of it is more than a few dollars for a thousand Creates.

**Terraform and boto3 on a machine of yours cost AWS nothing**, but somebody's minute. A job of its own on GitHub
Actions is charged by the full minute; an apply that has other things to do pays only for the additional time. A
pipeline that waits for CloudFormation pays the same minutes on top of any of the others.

**Concurrency.** {many} Creates of one moment wait for 30 minutes: once they are handed over, {average:.2f} functions
are at work on average, and {most} at the most. Functions that sleep would be {many}.

**Left out:** cold starts (a second of one costs ${cold:.4f} for 1,000), everything that is paid by the month (metrics,
alarms, the dashboard, a customer managed key at $1, the table's storage and backup), keeping log lines, and data
transfer."""
