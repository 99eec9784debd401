"""What 1,000 Creates cost, in dollars, beside what a user would otherwise pick."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from benchmarks import prices
from benchmarks.peers import OURS
from benchmarks.report import Report, Table
from benchmarks.rhythms import Peers, boto3_waiter, cdk, crhelper, terraform
from benchmarks.spread import Spread
from benchmarks.waiting import (
    CALL_SECONDS,
    GB,
    HANDOVER_SECONDS,
    LENGTHS,
    REPORT_BYTES,
    START_AND_END,
    asleep,
    concurrency,
    course,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.rhythms import Request
    from benchmarks.waiting import Course

REQUESTS = 20
MANY = 100
CDK_GB = 0.125
"""Lambda's default memory, which the framework keeps for its own functions, on x86."""
LONGEST_INVOCATION = 900.0


@dataclass(frozen=True, slots=True)
class Used:
    """What a peer uses for one request, by its model, and what that costs in dollars."""

    seconds: float
    dollars: float


def measure() -> Report:
    """Play the requests, and count."""
    ours = {name: [course(length, seed) for seed in range(REQUESTS)] for name, length in LENGTHS.items()}
    peers = {
        peer: {name: [of(length, seed) for seed in range(REQUESTS)] for name, length in LENGTHS.items()}
        for peer, of in PEERS.items()
    }
    print(f"  {MANY} requests that wait for 30 minutes ...", flush=True)
    average, most = concurrency([course(LENGTHS["30 min"], seed) for seed in range(MANY)])
    dollars = {
        OURS: {name: Spread.of([1000 * one.dollars for one in courses]) for name, courses in ours.items()},
        **{
            peer: {name: Spread.of([1000 * one.dollars for one in used]) for name, used in lengths.items()}
            for peer, lengths in peers.items()
        },
    }
    return Report(
        name="cost",
        title="What it costs",
        method=_method(),
        goals=[],
        tables=[_used(ours), _dollars(dollars)],
        plots={"Dollars for 1,000 Creates, by how long the stream is UPDATING": _bars(dollars)},
        versions={},
        notes=_notes(average, most),
    )


# The peers: each plays its rhythm alone, and is charged for what it then has called.


def _played(request: Request, length: float, seed: int) -> tuple[float, Mapping[str, int]]:
    run = Peers(1, seed, lengths=[length]).run(request)
    return run.seconds, run.asked


def _lambda(seconds: float, invocations: float, gb: float, gb_second: float) -> float:
    return seconds * gb * gb_second + invocations * (prices.INVOCATION + REPORT_BYTES * prices.LOG_BYTE)


def of_cdk(length: float, seed: int) -> Used:
    """The CDK framework: four functions, two at a time, and a state machine whose every retry is a transition."""
    seconds, asked = _played(cdk, length, seed)
    polls = asked["DescribeStreamSummary"]
    # Each of the user's two functions does one call; the framework's wait for theirs, by a call of their own.
    user, framework = 2 * CALL_SECONDS, 3 * CALL_SECONDS
    work = _lambda((1 + polls) * (user + framework), 2 * (1 + polls), CDK_GB, prices.GB_SECOND_X86)
    transitions = START_AND_END + polls
    return Used(seconds, work + transitions * prices.TRANSITION + prices.TRACE)


def of_crhelper(length: float, seed: int) -> Used:
    """crhelper, polled by EventBridge, which charges nothing for a schedule's rule."""
    seconds, asked = _played(crhelper, length, seed)
    invocations = 1 + asked["DescribeStreamSummary"]
    work = (sum(asked.values()) + invocations) * CALL_SECONDS
    return Used(seconds, _lambda(work, invocations, GB, prices.GB_SECOND_ARM) + prices.TRACE)


def of_sleeper(length: float, seed: int) -> Used:
    """A function with boto3's waiter, which looks every 10 s, and would go on for as long as it takes."""
    seconds, _ = _played(partial(boto3_waiter, most=10_000), length, seed)
    return Used(seconds, asleep(seconds) + REPORT_BYTES * prices.LOG_BYTE + prices.TRACE)


def of_terraform(length: float, seed: int) -> Used:
    """Terraform in a CI job of its own, whose minutes are charged in full."""
    seconds, _ = _played(terraform, length, seed)
    return Used(seconds, ceil(seconds / 60) * prices.CI_MINUTE)


PEERS: Mapping[str, Callable[[float, int], Used]] = {
    "CDK framework (model)": of_cdk,
    "crhelper (model)": of_crhelper,
    "a Lambda that sleeps (model)": of_sleeper,
    "Terraform in CI (model)": of_terraform,
}


# Tables


def _used(ours: Mapping[str, Sequence[Course]]) -> Table:
    def row(name: str, courses: Sequence[Course]) -> list[str]:
        return [
            name,
            Spread.of([one.seconds for one in courses]).text(1),
            Spread.of([len(one.invocations) for one in courses]).text(0),
            Spread.of([one.lambda_seconds for one in courses]).text(1),
            Spread.of([one.transitions for one in courses]).text(0),
            Spread.of([one.log_bytes / 1000 for one in courses]).text(1),
            Spread.of([one.kms_requests for one in courses]).text(0),
            Spread.of([1000 * one.dollars_at_work for one in courses]).text(3),
            Spread.of([1000 * one.dollars_beside for one in courses]).text(3),
        ]

    columns = (
        "UPDATING for",
        "to the answer, s",
        "invocations",
        "Lambda seconds",
        "transitions",
        "log, kB",
        "KMS requests",
        "Lambda and Step Functions, $ for 1,000",
        "logs, KMS and a trace, $ for 1,000",
    )
    title = f"What one Create of this provider uses (median of {REQUESTS}, the least and the most)"
    return Table(title, columns, [row(name, courses) for name, courses in ours.items()])


def _dollars(dollars: Mapping[str, Mapping[str, Spread]]) -> Table:
    def cell(peer: str, name: str) -> str:
        cannot = peer.startswith("a Lambda") and LENGTHS[name] > LONGEST_INVOCATION
        return dollars[peer][name].text() + (" if it could" if cannot else "")

    rows = [[peer, *(cell(peer, name) for name in LENGTHS)] for peer in dollars]
    return Table("Dollars for 1,000 Creates", ("", *LENGTHS), rows)


def _bars(dollars: Mapping[str, Mapping[str, Spread]]) -> Figure:
    figure = Figure(figsize=(8, 4.5))
    axes = figure.subplots()
    width = 0.8 / len(dollars)
    for index, (peer, lengths) in enumerate(dollars.items()):
        places = [place + index * width for place in range(len(LENGTHS))]
        middles = [lengths[name].middle for name in LENGTHS]
        bars = axes.bar(places, middles, width, label=peer)
        axes.bar_label(bars, [f"{middle:.2f}" for middle in middles], fontsize=7)
    axes.set(yscale="log", ylabel="dollars for 1,000 Creates")
    axes.set_xticks([place + 0.4 - width / 2 for place in range(len(LENGTHS))], list(LENGTHS))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"${value:g}"))
    axes.legend(fontsize=8)
    return figure


def _method() -> str:
    return f"""\
- This provider: its real code by its real doors in virtual time, {REQUESTS} requests for each length, with
  everything by default (256 MB on arm64, {HANDOVER_SECONDS:.0f} s before a hand-over). Each call to AWS and
  each invocation by itself is taken to take {1000 * CALL_SECONDS:.0f} ms. Log lines and KMS requests are
  counted; Lambda's own lines are taken as {REPORT_BYTES} bytes an invocation; every request is taken to leave a
  trace, though X-Ray records one a second and 5 % of the rest.
- The peers are models: each plays its rhythm (`benchmarks/rhythms.py`), and is charged for the calls that it
  then has made, at the same {1000 * CALL_SECONDS:.0f} ms, and for nothing that it logs itself. crhelper and the
  function that sleeps have this provider's memory and processor; the CDK framework has Lambda's defaults, 128
  MB on x86, and pays at each poll for two functions, the framework's and the user's, and for a transition.
  crhelper looks once a minute, which is its best.
- List prices of us-east-1 beyond any free tier, with their dates in `benchmarks/prices.py`: ${
        1e6 * prices.TRANSITION:.0f} for a million transitions, ${prices.GB_SECOND_ARM:.10f} a GB-second on arm64 and
  ${prices.GB_SECOND_X86:.10f} on x86, ${1e6 * prices.INVOCATION:.2f} for a million invocations, ${
        1e9 * prices.LOG_BYTE:.2f} for a GB of log lines, ${10_000 * prices.KMS_REQUEST:.2f} for 10,000 KMS requests, ${
        1e6 * prices.TRACE:.0f} for a million traces, ${prices.CI_MINUTE} for a minute of GitHub Actions."""


def _notes(average: float, most: int) -> str:
    return f"""\
**What it means.** crhelper is the cheapest, since EventBridge charges nothing for waiting, and it looks once a
minute: a stack then waits for up to a minute more each time. Of what looks every few seconds, this provider costs
about as little as a function that sleeps where a change takes seconds, the least where it takes half an hour, and
about as much as the CDK framework for a minute, nearly all of which is waited in the function, in order to notice
the end soon. None of it is more than a few dollars for a thousand.

**Terraform and boto3 on a machine of yours cost AWS nothing**, but somebody's minute: a job of its own on
GitHub Actions is charged by the full minute; an apply that has other things to do pays only for what is longer
for it. A pipeline that waits for CloudFormation pays the same minutes on top of any of the others.

**Concurrency.** {MANY} Creates of one moment that wait for 30 minutes: once they are handed over, {average:.2f}
functions are at work on average, and {most} at the most. The function that sleeps would be {MANY} of them.

**Left out:** cold starts (a second of one costs ${1000 * asleep(1.0):.4f} for 1,000), what is paid by the month
whatever happens (metrics, alarms, the dashboard, a customer managed key at $1), keeping log lines, the
execution that removes a Delete's mark, and data transfer."""
