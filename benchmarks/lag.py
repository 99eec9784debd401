"""Settling lag: from the moment that a stream is ACTIVE again to the answer's arrival at CloudFormation's URL."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from benchmarks.account import ACTIVE, Account
from benchmarks.peers import OURS, cdk, crhelper
from benchmarks.peers.boto3_waiter import Boto3Waiter
from benchmarks.peers.ours import Ours
from benchmarks.peers.terraform import Terraform
from benchmarks.report import Goal, Report, Table
from benchmarks.spread import Spread
from local.engines import kinesis_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.peers import Peer
    from local.response_endpoint import Exchange


@dataclass(frozen=True, slots=True)
class Draw:
    """The lengths that are drawn around a nominal one: how many, how far apart in seconds, and how often we take each.

    Our pauses are random, the peers' are not; so each of them takes each length once.
    """

    lengths: int
    step: float
    ours: int


DRAWS = {
    0.5: Draw(4, 0.06, 8),
    2.0: Draw(4, 0.25, 8),
    5.0: Draw(9, 0.25, 3),
    15.0: Draw(9, 2 / 3, 2),
    60.0: Draw(9, 7 / 3, 2),
}
"""How long updates take, nominally, in seconds.

A fixed rhythm may have luck with a length. At 15 and 60 s the steps meet each phase of a rhythm of 3 or 5 s equally."""
SHARE, FIXED_SECONDS = 0.10, 0.15
OFFSETS = [second + 0.5 for second in range(60)]
SPACING_SECONDS = {60.0: 0.15, 15.0: 0.15}
"""How far apart requests are sent, in seconds, so that few calls meet; the longest lengths come first."""
USUAL_SPACING_SECONDS = 0.3
PATIENCE_SECONDS = 300.0
WATCH_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer: whose, to an update of what length (nominally and really), and how late it was, in seconds."""

    peer: str
    nominal: float
    length: float
    lag: float

    @property
    def share(self) -> float:
        """How much of the update's own length the lag takes, beyond what is allowed to any."""
        return (self.lag - FIXED_SECONDS) / self.length


def drawn(nominal: float) -> list[float]:
    """Lengths around a nominal one, in seconds; kinesis-local knows whole milliseconds."""
    draw = DRAWS[nominal]
    return [round(nominal + draw.step * (number - (draw.lengths - 1) / 2), 3) for number in range(draw.lengths)]


@dataclass
class Run:
    """One request of one peer, sent at a moment."""

    account: Account
    peer: Peer
    server: int
    stream: str
    nominal: float
    key: str

    def play(self, at: float) -> Sample:
        """Send the request at a moment (of the monotonic clock), and see how late it is answered.

        Raises:
            RuntimeError: It was not answered well.
        """
        time.sleep(max(0.0, at - time.monotonic()))
        exchange = self._request()
        endpoint = self.account.aws.responses
        self.peer.handle(endpoint.guarded(exchange))
        started = self.account.wire.started(self.stream)
        if started is None or not endpoint.wait_for(exchange, PATIENCE_SECONDS) or exchange.status != "SUCCESS":
            raise RuntimeError(f"{self.peer.name}, {self.stream}: {exchange.answer} {exchange.violations}")
        length = self.account.lengths[self.server]
        return Sample(self.peer.name, self.nominal, length, exchange.answered - started - length)

    def _request(self) -> Exchange:
        properties = {"KeyId": self.key}
        if self.peer.name == OURS:
            properties["SettleSeconds"] = "0"
        return self.account.request("Create", self.stream, properties=properties)


def measure(lengths: Sequence[float] = tuple(DRAWS)) -> Report:
    """Run everybody at once, and report."""
    exact = {length: drawn(length) for length in sorted(lengths, reverse=True)}
    servers = [(nominal, length) for nominal, drew in exact.items() for length in drew]
    began = time.monotonic()
    with Account([length for _, length in servers]) as account:
        _tell(f"{len(servers)} Kinesis servers run after {time.monotonic() - began:.0f} s")
        # As many wait at once at the most: those of the two longest lengths, and a few.
        at_once = sum(DRAWS[nominal].ours * DRAWS[nominal].lengths for nominal in list(exact)[:2])
        ours = Ours(account, environments=at_once + 4)
        _tell(f"the provider is warm after {time.monotonic() - began:.0f} s")
        peers: list[Peer] = [
            cdk.Cdk(account),
            Boto3Waiter(account),
            Terraform(account),
            Terraform(account, published=True),
        ]
        runs = _runs(account, servers, [[*[ours] * DRAWS[nominal].ours, *peers] for nominal, _ in servers])
        _tell(f"{len(runs)} streams are made after {time.monotonic() - began:.0f} s")
        drifts, samples = _play(account, runs)
    samples += [
        Sample(crhelper.MODEL, one, length, lag) for one, length in servers for lag in crhelper.lags(length, OFFSETS)
    ]
    return _report(samples, sorted(lengths), drifts)


def _runs(account: Account, servers: Sequence[tuple[float, float]], peers: Sequence[Sequence[Peer]]) -> list[Run]:
    key = "alias/benchmark"
    account.aws.key("what streams are encrypted with", key)
    with ThreadPoolExecutor(2) as pool:
        names = [[f"{number}-encrypted" for number, _ in enumerate(beside)] for beside in peers]
        streams = list(pool.map(account.streams, range(len(servers)), names))
    return [
        Run(account, peer, server, stream, nominal, key)
        for server, (nominal, _) in enumerate(servers)
        for peer, stream in zip(peers[server], streams[server], strict=True)
    ]


def _play(account: Account, runs: Sequence[Run]) -> tuple[list[float], list[Sample]]:
    """Send every request at its moment; answers how far the moments of ACTIVE were off, and the samples."""
    done, failed = threading.Semaphore(0), threading.Event()
    at, moments = time.monotonic() + 1, list[float]()
    for run in runs:
        moments.append(at)
        at += SPACING_SECONDS.get(run.nominal, USUAL_SPACING_SECONDS)
    watched = {run.server: run for run in reversed(runs)}.values()

    def play(run: Run, moment: float) -> Sample:
        try:
            return run.play(moment)
        except BaseException:
            failed.set()
            raise
        finally:
            done.release()

    with ThreadPoolExecutor(len(runs) + len(watched)) as pool:
        samples = [pool.submit(play, run, moment) for run, moment in zip(runs, moments, strict=True)]
        drifts = [pool.submit(_drift, account, run, failed) for run in watched]
        for number in range(1, len(runs) + 1):
            done.acquire()
            if number % 20 == 0 or number == len(runs):
                _tell(f"{number} of {len(runs)} answered")
        found = [one.result() for one in samples]
        return [one.result() for one in drifts], found


def _drift(account: Account, run: Run, failed: threading.Event) -> float:
    """How much later than its Start and its length tell a stream is seen to be ACTIVE, by looking all the time."""
    while (started := account.wire.started(run.stream)) is None:
        if failed.wait(0.05):
            return 0.0
    active = started + account.lengths[run.server]
    time.sleep(max(0.0, active - WATCH_SECONDS - time.time()))
    while account.status(run.server, run.stream) != ACTIVE:
        time.sleep(0.002)
    return time.time() - active


def _report(samples: Sequence[Sample], lengths: Sequence[float], drifts: Sequence[float]) -> Report:
    names = list(dict.fromkeys(one.peer for one in samples))
    lags = {
        (name, length): Spread.of([one.lag for one in samples if (one.peer, one.nominal) == (name, length)])
        for name in names
        for length in lengths
    }
    shares = [
        Spread.of([one.share for one in samples if (one.peer, one.nominal) == (OURS, length)]) for length in lengths
    ]
    columns = ["", *[f"{length:g} s" for length in lengths]]
    rows = [[name, *[lags[name, length].text() for length in lengths]] for name in names]
    percents = ["lag less 0.15 s, in % of the update", *[_percent(one) for one in shares]]
    counts = [
        [name, *[str(sum((one.peer, one.nominal) == (name, length) for one in samples)) for length in lengths]]
        for name in names
    ]
    ranges = ", ".join(f"{drawn(length)[0]:.4g} to {drawn(length)[-1]:.4g} s" for length in lengths)
    offs = [1000 * one for one in drifts]
    return Report(
        name="lag",
        title="Settling lag",
        method=METHOD.format(ranges=ranges, offsets=len(OFFSETS)),
        goals=_goals(lags, shares, names, lengths),
        tables=[
            Table("From ACTIVE to the answer, in seconds: median (min to max)", columns, rows),
            Table("Ours against its goal", columns, [percents]),
            Table("How many answers each figure is of", columns, counts),
            Table(
                "How much later than reckoned the watcher saw ACTIVE, in milliseconds",
                ["streams", "median (min to max)"],
                [[str(len(offs)), Spread.of(offs).text(0)]],
            ),
        ],
        plots={"Settling lag by the length of the update": _plot(lags, names, lengths)},
        versions={"aws-cdk-lib": cdk.version(), "kinesis-local": kinesis_version()},
        notes=NOTES,
    )


def _goals(
    lags: Mapping[tuple[str, float], Spread], shares: Sequence[Spread], names: Sequence[str], lengths: Sequence[float]
) -> list[Goal]:
    within = all(one.middle <= SHARE for one in shares)
    worst = max(shares, key=lambda one: one.middle)
    at = lengths[list(shares).index(worst)]
    best = {length: min((lags[name, length].middle, name) for name in names if name != OURS) for length in lengths}
    lost = [length for length in lengths if lags[OURS, length].middle >= best[length][0]]
    closest = max(lengths, key=lambda length: lags[OURS, length].middle / best[length][0])
    return [
        Goal(
            "The median lag is at most 10 % of the update's own length plus 0.15 s, at every length.",
            within,
            f"At the most it is {100 * worst.middle:.1f} % plus 0.15 s, at {at:g} s.",
        ),
        Goal(
            "The median lag is less than every peer's, at every length.",
            not lost,
            f"The closest is {best[closest][1]} at {closest:g} s:"
            f" {lags[OURS, closest].middle:.2f} s against {best[closest][0]:.2f} s."
            + (f" Missed at {', '.join(f'{one:g} s' for one in lost)}." if lost else ""),
        ),
    ]


def _percent(share: Spread) -> str:
    return Spread(100 * share.least, 100 * share.middle, 100 * share.most).text(1)


def _plot(lags: Mapping[tuple[str, float], Spread], names: Sequence[str], lengths: Sequence[float]) -> Figure:
    figure = Figure(figsize=(9, 5))
    axes: Any = figure.subplots()
    for number, name in enumerate(names):
        spreads = [lags[name, length] for length in lengths]
        middles = [one.middle for one in spreads]
        bars = (
            [one.middle - max(one.least, 0.005) for one in spreads],
            [one.most - one.middle for one in spreads],
        )
        beside = [length * 1.03 ** (number - len(names) / 2) for length in lengths]
        axes.errorbar(
            beside, middles, bars, label=name, marker="o", capsize=3, linewidth=2.5 if name == OURS else 1, markersize=4
        )
    axes.plot(
        lengths, [SHARE * length + FIXED_SECONDS for length in lengths], "k--", linewidth=1, label="goal: 10 % + 0.15 s"
    )
    axes.set(xscale="log", yscale="log", xlabel="length of the update, s", ylabel="lag: median, min to max, s")
    axes.set_xticks(list(lengths), [f"{length:g}" for length in lengths])
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _tell(what: str) -> None:
    print(f"  lag: {what}", flush=True)


METHOD = """\
Everybody encrypts streams of kinesis-local over HTTP, at the same time. A stream is ACTIVE again once the length of its
update has passed since kinesis-local took the Start; a watcher that looks every 2 ms checks that. The lag ends when the
answer arrives at the ResponseURL. Of the provider's mandated settling nothing is in it (SettleSeconds is 0).

A fixed rhythm always has the same luck with a fixed length. So lengths are drawn around each of the nominal ones, the
same for all, at equal steps: {ranges}. The steps at 15 and 60 s meet each phase of a rhythm of 3 or 5 s
equally. Each peer has one stream for each length drawn; the provider has several, since its pauses are random.

- **This provider**: its function in AWS's runtime, deployed by template.yaml with its defaults; a wait that is handed
  over goes on in MiniStack's Step Functions, by the state machine as it is.
- **CDK provider framework**: its own JavaScript under Node, with its default waiter (a look every 5 s), which runs in
  MiniStack's Step Functions too. MiniStack begins an execution 0.15 s late, and no function starts cold.
- **boto3 stream_exists**: botocore's own waiter (a look every 10 s), in a function that answers then.
- **Terraform (model)**: the pauses that its Go code makes (10 s, 3 s, 6 s, then 10 s each), on the same server. The
  second line has 3 s throughout, as its constants read at first sight.
- **crhelper (model)**: its own code in virtual time, with EventBridge's schedule at its shortest, one minute, and
  {offsets} offsets of the schedule against the request for each length drawn."""
NOTES = ""
