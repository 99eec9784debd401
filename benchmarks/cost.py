"""What 1,000 Creates cost, in dollars, beside other ways to do the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from benchmarks import cost_page, prices
from benchmarks.cost_page import SLEEPER
from benchmarks.peers import OURS
from benchmarks.rhythms import Peers, boto3_waiter, cdk, crhelper, terraform
from benchmarks.spread import Spread
from benchmarks.waiting import CALL_SECONDS, GB, LENGTHS, REPORT_BYTES, START_AND_END, asleep, concurrency, course

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.report import Report
    from benchmarks.rhythms import Request

REQUESTS = 20
MANY = 100
CDK_GB = 0.125
"""Lambda's default memory, which the framework keeps for its own functions, on x86."""


@dataclass(frozen=True, slots=True)
class Used:
    """What a peer uses for one request, by its model, and what that costs in dollars."""

    seconds: float
    dollars: float


def measure() -> Report:
    """Play the requests, count what they use, and report."""
    ours = {name: [course(length, seed) for seed in range(REQUESTS)] for name, length in LENGTHS.items()}
    peers = {
        peer: {name: [of(length, seed) for seed in range(REQUESTS)] for name, length in LENGTHS.items()}
        for peer, of in PEERS.items()
    }
    print(f"  cost: {MANY} requests that wait for 30 minutes", flush=True)
    at_work = concurrency([course(LENGTHS["30 min"], seed) for seed in range(MANY)])
    dollars = {
        OURS: {name: Spread.of([1000 * one.dollars for one in courses]) for name, courses in ours.items()},
        **{
            peer: {name: Spread.of([1000 * one.dollars for one in used]) for name, used in lengths.items()}
            for peer, lengths in peers.items()
        },
    }
    return cost_page.report(ours, dollars, MANY, at_work)


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
    SLEEPER: of_sleeper,
    "Terraform in CI (model)": of_terraform,
}
