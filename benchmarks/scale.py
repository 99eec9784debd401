"""How many resources at once fare under AWS's limits on an account, against the least time that those limits allow."""

from __future__ import annotations

import logging
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from benchmarks import stampede
from benchmarks.crowd import SETTLE_SECONDS, UPDATE_SECONDS, Crowd
from benchmarks.limits import LIMITS, STRICT, least_seconds
from benchmarks.peers import OURS
from benchmarks.report import Goal, Report, Table
from benchmarks.rhythms import TERRAFORM_AT_ONCE, Peers, boto3_waiter, cdk, crhelper, terraform
from benchmarks.spread import Spread, percentile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.crowd import Run
    from benchmarks.limits import Limit

SEEDS = {1: 20, 10: 10, 100: 5, 500: 2, 2000: 1}
"""How many crowds of each size are played."""
GOAL_NUMBER, GOAL_RATIO = 500, 1.3
MOST_STARVED = 4.0
"""By how many times the slowest may exceed the median. In a queue that is served in order it is 2."""

LOOKS = {"DescribeStreamSummary": 2, "ListTagsForStream": 1, "DescribeKey": 1}
"""No request can do with less: look whether the stream may be changed, and whether it is done."""
NEEDS = {
    "Create": {**LOOKS, "AddTagsToStream": 1},
    "Key change": {**LOOKS, "AddTagsToStream": 1},
    "Delete": {**LOOKS, "AddTagsToStream": 1, "RemoveTagsFromStream": 1, "StartExecution": 1},
}
"""Whose the stream is, what is wanted from now on, and the mark of a Delete within the hour are each one tag call."""
PEERS = {
    "CDK framework (model)": (cdk, None, {"DescribeStreamSummary": 1}),
    "crhelper (model)": (crhelper, None, {"DescribeStreamSummary": 1}),
    "boto3 waiter (model)": (boto3_waiter, None, {"DescribeStream": 1}),
    "Terraform (model)": (terraform, TERRAFORM_AT_ONCE, {"DescribeStreamSummary": 2}),
}


class Played(NamedTuple):
    """A crowd that was played, and the least time that its limits allow."""

    run: Run
    least: float

    @property
    def ratio(self) -> float:
        """The time that it took over the least."""
        return self.run.seconds / self.least


def measure() -> Report:
    """Play the crowds, and send a real stampede."""
    logging.disable()  # Thousands of requests are played: nobody reads their logs.
    try:
        creates = {number: [_create(number, seed) for seed in range(1, seeds + 1)] for number, seeds in SEEDS.items()}
        lives = _lives(GOAL_NUMBER, SEEDS[GOAL_NUMBER] + 1)
        creates[GOAL_NUMBER].append(lives["Create"])
        strict = _create(GOAL_NUMBER, 1, STRICT)
        peers = {
            name: {
                number: [_peer(name, number, seed) for seed in range(1, seeds + 1)] for number, seeds in SEEDS.items()
            }
            for name in PEERS
        }
    finally:
        logging.disable(logging.NOTSET)
    print("  a stampede of 100 events on kinesis-local ...", flush=True)
    real = stampede.run()
    return Report(
        name="scale",
        title="Many resources at once",
        method=_method(),
        goals=[*_goals(creates, lives, strict), real.goal()],
        tables=[_table(creates), _others(lives, strict), _peers(peers), real.table()],
        plots={
            "Time until all have settled, over the least that the limits allow": _over_bound(creates, peers),
            f"Settled resources over time, {GOAL_NUMBER} at once": _time_line(creates[GOAL_NUMBER][0], peers),
        },
        versions=real.versions(),
        notes=_notes(),
    )


def _create(number: int, seed: int, limits: Mapping[str, Limit] = LIMITS) -> Played:
    print(f"  {number} Creates at once, seed {seed} ...", flush=True)
    run = Crowd(number, seed, limits).create()
    return Played(run, least_seconds(NEEDS["Create"], _updates(run), SETTLE_SECONDS, limits))


def _lives(number: int, seed: int) -> Mapping[str, Played]:
    """Creates, then key changes, then Deletes, all of the same resources."""
    print(f"  {number} Creates, key changes and Deletes ...", flush=True)
    crowd = Crowd(number, seed)
    runs = {"Create": crowd.create(), "Key change": crowd.change_key(), "Delete": crowd.delete()}
    settling = {"Create": SETTLE_SECONDS, "Key change": SETTLE_SECONDS, "Delete": 0.0}
    return {name: Played(run, least_seconds(NEEDS[name], _updates(run), settling[name])) for name, run in runs.items()}


def _peer(name: str, number: int, seed: int) -> Played:
    request, at_once, needs = PEERS[name]
    run = Peers(number, seed).run(request, at_once)
    return Played(run, least_seconds(needs, _updates(run), 0.0))


def _updates(run: Run) -> list[float]:
    return [one.update for one in run.answers]


def _goals(creates: Mapping[int, Sequence[Played]], lives: Mapping[str, Played], strict: Played) -> list[Goal]:
    ratio = Spread.of([one.ratio for one in creates[GOAL_NUMBER]])
    everything = [one for played in creates.values() for one in played] + [*lives.values(), strict]
    failures = sum(one.run.failures for one in everything)
    broken = [what for one in everything for what in one.run.broken]
    slowest = max(_unfairness(one) for one in creates[GOAL_NUMBER])
    sent = sum(len(one.run.answers) for one in everything)
    return [
        Goal(
            f"{GOAL_NUMBER} Creates at once settle within {GOAL_RATIO} times the least time that the limits allow.",
            ratio.most <= GOAL_RATIO,
            f"{ratio.text()} times.",
        ),
        Goal("No request fails for throttling alone.", not failures, f"{failures} of {sent:,} failed."),
        Goal(
            "No resource starves: the slowest takes no more than four times as long as the median.",
            slowest <= MOST_STARVED,
            f"{slowest:.1f} times at {GOAL_NUMBER}.",
        ),
        Goal("Every promise of the contract holds in the crowd.", not broken, "; ".join(broken) or "None was broken."),
    ]


def _unfairness(played: Played) -> float:
    return played.run.seconds / median([one.seconds for one in played.run.answers])


COLUMNS = (
    "until all settled, s",
    "least, s",
    "ratio",
    "calls throttled, %",
    "time to answer: median, 99th percentile, s",
    "lag: median, 99th percentile, s",
    "DescribeStreamSummary each",
    "failed",
)


def _row(name: str, played: Sequence[Played]) -> list[str]:
    runs = [one.run for one in played]
    good = [one for run in runs for one in run.answers if not one.failure]
    seconds, lags = [one.seconds for one in good], [one.lag for one in good]
    failed = Spread.of([run.failures for run in runs])
    return [
        name,
        Spread.of([run.seconds for run in runs]).text(0),
        Spread.of([one.least for one in played]).text(0),
        "not all settled" if failed.most else Spread.of([one.ratio for one in played]).text(),
        Spread.of([100 * run.throttled for run in runs]).text(0),
        f"{median(seconds):.1f}, {percentile(seconds, 99):.1f}",
        f"{median(lags):.1f}, {percentile(lags, 99):.1f}",
        Spread.of([run.calls("DescribeStreamSummary") for run in runs]).text(1),
        failed.text(0),
    ]


def _table(creates: Mapping[int, Sequence[Played]]) -> Table:
    rows = [_row(f"{number:,}", played) for number, played in creates.items()]
    return Table("Creates at once (the median of several crowds, the least and the most)", ("at once", *COLUMNS), rows)


def _others(lives: Mapping[str, Played], strict: Played) -> Table:
    rows = [_row(f"{name}s", [played]) for name, played in lives.items()]
    rows.append(_row("Creates, ListTagsForStream 5 a second for the account", [strict]))
    return Table(f"{GOAL_NUMBER} at once of each kind (one crowd)", ("kind", *COLUMNS), rows)


def _peers(peers: Mapping[str, Mapping[int, Sequence[Played]]]) -> Table:
    rows = [
        _row(f"{name}, {number:,}", played)
        for name, sizes in peers.items()
        for number, played in sizes.items()
        if number >= 100  # noqa: PLR2004 (fewer meet no limit)
    ]
    return Table(
        "The peers' rhythms (models; the time to answer and the lag are of those that did not fail)",
        ("peer", *COLUMNS),
        rows,
    )


def _over_bound(creates: Mapping[int, Sequence[Played]], peers: Mapping[str, Mapping[int, Sequence[Played]]]) -> Figure:
    figure = Figure(figsize=(8, 4.5))
    axes = figure.subplots()
    for name, sizes in {OURS: creates, **peers}.items():
        settled = {number: played for number, played in sizes.items() if not any(one.run.failures for one in played)}
        ratios = [Spread.of([one.ratio for one in played]) for played in settled.values()]
        style = "-o" if sizes is creates else "--."
        line = axes.plot(list(settled), [one.middle for one in ratios], style, label=name)[0]
        least, most = [one.least for one in ratios], [one.most for one in ratios]
        axes.fill_between(list(settled), least, most, alpha=0.2, color=line.get_color())
    axes.axhline(GOAL_RATIO, color="grey", linewidth=0.8, linestyle=":")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="resources at once",
        ylabel="time / least time (each its own), where none failed",
    )
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.set_xticks(list(creates), [f"{number:,}" for number in creates])
    axes.legend()
    return figure


def _time_line(ours: Played, peers: Mapping[str, Mapping[int, Sequence[Played]]]) -> Figure:
    figure = Figure(figsize=(8, 4.5))
    axes = figure.subplots()
    for name, played in {
        OURS: ours,
        **{name: sizes[GOAL_NUMBER][0] for name, sizes in peers.items()},
    }.items():
        times = sorted(one.seconds for one in played.run.answers if not one.failure)
        style = "-" if played is ours else "--"
        axes.plot([0.0, *times], range(len(times) + 1), style, label=name, drawstyle="steps-post")
    axes.axvline(ours.least, color="grey", linewidth=0.8, linestyle=":", label="this provider's least time")
    axes.set(xlabel="seconds after all were sent", ylabel="resources settled", xlim=(0, 1.5 * ours.run.seconds))
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _method() -> str:
    least, most = UPDATE_SECONDS
    return f"""\
- All Creates are sent within half a second, each for a stream of its own, in the project's
  [simulation](../simulation.md): the provider's real code by its real doors, its real state machine, virtual
  time, calls of 6 to 80 ms, updates of {least:.0f} to {most:.0f} s, SettleSeconds 5, by default 60 s in the
  function before a hand-over. Its promises are checked all the while.
- The account's limits are token buckets, from AWS's published quotas (`benchmarks/limits.py` cites each): 5
  AddTagsToStream and 5 RemoveTagsFromStream a second, 20 DescribeStreamSummary a second, 10 DescribeStream a
  second, 5 ListTagsForStream a second for each stream, 2,000 DescribeKey, 1,300 StartExecution and 300 a
  second, 1,000 functions at once. For StartStreamEncryption no rate is published, only 25 in 24 hours for a
  stream.
- The least time: no Create can do without one AddTagsToStream, two DescribeStreamSummary and one
  ListTagsForStream, its own update and the 5 s that follow, in whatever order they are served.
- The lag is from the stream's ACTIVE to the answer, the 5 s of settling not counted.
- The peers are models of their published rhythms and retries (`benchmarks/rhythms.py` cites each), with
  Lambda's concurrency and their own start-up left out, in their favour."""


def _notes() -> str:
    return """\
**What it means.** The peers write down nowhere whose a stream's encryption is, so that AddTagsToStream's 5 a
second do not hold them up: a CDK framework's 500 end sooner. That record is what lets a Delete undo only its
own. crhelper needs a rule and a permission for each request: from some sixty at once on, the function's policy
(20 KB) has no room for another, and the rest fail. boto3's waiter gives up where a call was throttled five
times. Terraform asks for ten at a time.

**Where the guide and the API reference differ.** The guide gives ListTagsForStream 5 a second for each stream,
the API reference for the account. The second table shows what the second would mean: each Create reads its tags
four times or more, in order to notice whoever else is at the stream.

**What a bucket holds** is published for Step Functions alone; the others are taken to hold one second's worth.
A call that is refused is taken to cost nothing."""
