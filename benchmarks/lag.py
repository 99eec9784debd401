"""The lag: from the moment when a stream is ACTIVE again to the response's arrival at CloudFormation's URL."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from benchmarks import lag_page
from benchmarks.account import ACTIVE, USED_SHARE, Account
from benchmarks.outcomes import Outcome, Section, call_limit, drawn
from benchmarks.peers import OURS, cdk, crhelper
from benchmarks.peers.boto3_waiter import Boto3Waiter
from benchmarks.peers.ours import Ours
from benchmarks.peers.terraform import Terraform
from benchmarks.wire import first_start, lateness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers import Peer
    from benchmarks.report import Report
    from local.response_endpoint import Exchange

OURS_EACH = {0.5: 8, 2.0: 8, 5.0: 6, 15.0: 6, 60.0: 4}
"""How many requests the provider gets for each length, by the nominal one. Its pauses are random, the peers' are not:
each peer gets one."""
OFFSETS = [second + 0.5 for second in range(60)]
"""Seconds between crhelper's request and its schedule, in the model."""
REQUEST_CALLS = 10
"""How much a request loads the machine in its first second or two, in calls to AWS."""
PATIENCE_SECONDS = 300.0
WATCH_SECONDS = 0.1
KEY = "alias/benchmark"


@dataclass(frozen=True, slots=True)
class Run:
    """One request of one peer for one stream."""

    account: Account
    peer: Peer
    server: int
    stream: str
    nominal: float

    def play(self, at: float) -> Outcome:
        """Send the request at a moment (of the monotonic clock) and measure its lag."""
        time.sleep(max(0.0, at - time.monotonic()))
        properties = {"KeyId": KEY, **({"SettleSeconds": "0"} if self.peer.name == OURS else {})}
        exchange = self.account.request("Create", self.stream, properties=properties)
        fault = self._handled(exchange)
        length = self.account.lengths[self.server]
        calls = [one for one in self.account.wire.calls(self.stream) if one.stream == self.stream]
        started, late = first_start(calls, self.stream), lateness(calls, call_limit(length))
        if fault or started is None:
            return Outcome(self.peer.name, self.nominal, length, fault=fault or "no Start was recorded", late=late)
        return Outcome(self.peer.name, self.nominal, length, lag=exchange.answered - started - length, late=late)

    def _handled(self, exchange: Exchange) -> str:
        """See the request through; say what went wrong."""
        endpoint = self.account.aws.responses
        try:
            self.peer.handle(endpoint.guarded(exchange))
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is that peer's outcome
            return f"{type(error).__name__}: {error}"
        if not endpoint.wait_for(exchange, PATIENCE_SECONDS):
            return f"no response in {PATIENCE_SECONDS:.0f} s"
        return "" if exchange.status == "SUCCESS" else f"{exchange.reason} {'; '.join(exchange.violations)}".strip()


def measure(lengths: Sequence[float] = tuple(OURS_EACH)) -> Report:
    """Measure each length by itself, with all peers at the same time, and report."""
    sections = []
    with Account() as account:
        _tell("everything runs except Kinesis")
        account.aws.key("what streams are encrypted with", KEY)
        ours = Ours(account)
        peers: list[Peer] = [
            cdk.Cdk(account),
            Boto3Waiter(account),
            Terraform(account),
            Terraform(account, published=True),
        ]
        for nominal in sorted(lengths, reverse=True):
            with account.kinesis_servers(drawn(nominal)):
                sections.append(_section(account, ours, peers, nominal))
    outcomes = [one for section in sections for one in section.outcomes] + [
        Outcome(crhelper.MODEL, nominal, length, lag=lag)
        for nominal in lengths
        for length in drawn(nominal)
        for lag in crhelper.lags(length, OFFSETS)
    ]
    return lag_page.report(outcomes, sorted(lengths), sections)


def _section(account: Account, ours: Ours, peers: Sequence[Peer], nominal: float) -> Section:
    """Measure one nominal length: first how much the machine carries, then the requests, far enough apart for that."""
    rate = account.capacity()
    spacing = REQUEST_CALLS / (USED_SHARE * rate)
    _tell(f"{nominal:g} s: the machine carries {rate:.0f} calls a second; a request is sent every {spacing:.2f} s")
    everybody = [*[ours] * OURS_EACH[nominal], *peers]
    at_once = ceil((max(account.lengths) + 3) / spacing) + 2
    ours.warm(min(at_once, OURS_EACH[nominal] * len(account.lengths)))
    runs = _runs(account, everybody, nominal)
    drifts, outcomes = _play(account, runs, spacing)
    return Section(nominal, rate, spacing, outcomes, drifts)


def _runs(account: Account, peers: Sequence[Peer], nominal: float) -> list[Run]:
    names = [f"for-{nominal:g}-seconds-{number}".replace(".", "-") for number, _ in enumerate(peers)]
    servers = range(len(account.lengths))
    with ThreadPoolExecutor(2) as pool:
        streams = list(pool.map(lambda server: account.streams(server, names), servers))
    return [
        Run(account, peer, server, stream, nominal)
        for server in servers
        for peer, stream in zip(peers, streams[server], strict=True)
    ]


def _play(account: Account, runs: Sequence[Run], spacing: float) -> tuple[list[float], list[Outcome]]:
    """Send every request at its moment; return how far the moments of ACTIVE were off (s), and the outcomes."""
    done, began = threading.Semaphore(0), time.monotonic() + 1
    moments = [began + number * spacing for number, _ in enumerate(runs)]
    first = {run.server: number for number, run in reversed(list(enumerate(runs)))}.values()

    def play(number: int) -> Outcome:
        try:
            return runs[number].play(moments[number])
        finally:
            done.release()

    with ThreadPoolExecutor(len(runs) + len(first)) as pool:
        outcomes = [pool.submit(play, number) for number, _ in enumerate(runs)]
        drifts = [pool.submit(_drift, account, runs[number], moments[number]) for number in first]
        for number in range(1, len(runs) + 1):
            done.acquire()
            if number % 20 == 0 or number == len(runs):
                _tell(f"{runs[0].nominal:g} s: {number} of {len(runs)} answered")
        found = [one.result() for one in outcomes]
        return [seconds for one in drifts if (seconds := one.result()) is not None], found


def _drift(account: Account, run: Run, at: float) -> float | None:
    """Measure how much later than calculated a stream is ACTIVE (s), by looking often; None if it was never started."""
    time.sleep(max(0.0, at - time.monotonic()))
    while (started := account.wire.started(run.stream)) is None:
        if time.monotonic() > at + PATIENCE_SECONDS:
            return None
        time.sleep(0.1)
    active = started + account.lengths[run.server]
    time.sleep(max(0.0, active - WATCH_SECONDS - time.time()))
    while account.status(run.server, run.stream) != ACTIVE:
        time.sleep(0.005)
    return time.time() - active


def _tell(progress: str) -> None:
    print(f"  lag: {progress}", flush=True)
