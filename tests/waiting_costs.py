"""What a wait costs, measured on the real provider in virtual time: the table of docs/durable-wait.md.

`PYTHONPATH=provider:lastword python -m tests.waiting_costs` prints it.
"""

import logging
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from statistics import mean
from typing import Any

from tests.builders import STREAM_NAME, create_event
from tests.provider import Provider

HANDOVER_SECONDS = 60.0
CALL_SECONDS = 0.05
"""What a call to AWS takes, and a warm invocation by itself: virtual time knows only the pauses."""
GB = 0.25

# us-east-1, arm64; https://aws.amazon.com/step-functions/pricing/ and https://aws.amazon.com/lambda/pricing/.
TRANSITION_DOLLARS = 25e-6
GB_SECOND_DOLLARS = 13.3334e-6
INVOCATION_DOLLARS = 0.2e-6

START_AND_END = 2
LOOP = ("Wait", "Step", "Answered?")
LAST = ("Answered",)


@dataclass(frozen=True)
class Invocation:
    """One invocation of the function: when it began, after the request, and when it ended."""

    began: float
    ended: float


@dataclass(frozen=True)
class Course:
    """What became of one request."""

    invocations: tuple[Invocation, ...]

    @property
    def transitions(self) -> int:
        """The state machine's transitions, as AWS counts them: with the execution's start and end."""
        loops = len(self.invocations) - 1
        return START_AND_END + loops * len(LOOP) + len(LAST) if loops else 0

    @property
    def lambda_seconds(self) -> float:
        """How long the function was at work."""
        return sum(one.ended - one.began for one in self.invocations)

    @property
    def seconds(self) -> float:
        """From the request to its answer."""
        return self.invocations[-1].ended

    @property
    def dollars(self) -> float:
        """What it costs, beyond any free tier."""
        return (
            self.transitions * TRANSITION_DOLLARS
            + self.lambda_seconds * GB * GB_SECOND_DOLLARS
            + len(self.invocations) * INVOCATION_DOLLARS
        )

    @property
    def dollars_asleep(self) -> float:
        """What one function that sleeps until the answer would cost, if it could sleep for so long."""
        return self.seconds * GB * GB_SECOND_DOLLARS + INVOCATION_DOLLARS


def course(busy_seconds: float, seed: int = 1) -> Course:
    """Play one Create for a stream that is busy for so long, with everything else by default."""
    provider = Provider(seed, handover_seconds=HANDOVER_SECONDS)
    provider.kinesis.people.reshard(STREAM_NAME, busy_seconds)
    zero = provider.clock.now()
    invocations: list[Invocation] = []

    def invoke(event: Any) -> Any:
        began, calls = provider.clock.now(), len(provider.kinesis.calls)
        with redirect_stdout(StringIO()):
            result = provider.deliver(event)
        provider.clock.sleep((len(provider.kinesis.calls) - calls + 1) * CALL_SECONDS)
        invocations.append(Invocation(began - zero, provider.clock.now() - zero))
        return result

    invoke({**create_event(), "ResponseURL": provider.fresh_url()})
    if provider.states.executions:
        provider.states.play(invoke)
    (answer,) = provider.bucket.answers
    assert answer["Status"] == "SUCCESS"
    return Course(tuple(invocations))


def concurrency(courses: list[Course]) -> tuple[float, int]:
    """How many functions are at work, on average and at the most, once all of these requests were handed over."""
    since = max(one.invocations[0].ended for one in courses)
    steps = [step for one in courses for step in one.invocations[1:]]
    changes = sorted([(step.began, 1) for step in steps] + [(step.ended, -1) for step in steps])
    until = min(one.seconds for one in courses)
    at_work, most, area = 0, 0, 0.0
    for (at, change), (later, _) in pairwise(changes):
        at_work += change
        if since <= at < until:
            most, area = max(most, at_work), area + at_work * (min(later, until) - at)
    return area / (until - since), most


def rows() -> Iterator[str]:
    """The table's lines: means of 20 requests."""
    yield "| busy for | transitions | invocations | Lambda seconds | 1,000 requests | … as a Lambda that sleeps |"
    yield "|---|---|---|---|---|---|"
    for name, seconds in (("5 s", 5.0), ("1 min", 60.0), ("30 min", 1800.0)):
        courses = [course(seconds, seed) for seed in range(20)]
        figures = (
            f"{mean(one.transitions for one in courses):.0f}",
            f"{mean(len(one.invocations) for one in courses):.0f}",
            f"{mean(one.lambda_seconds for one in courses):.0f}",
            f"${1000 * mean(one.dollars for one in courses):.2f}",
            f"{mean(one.seconds for one in courses):,.0f} s, ${1000 * mean(one.dollars_asleep for one in courses):.2f}",
        )
        yield f"| {name} | {' | '.join(figures)} |"


def table() -> str:
    """The table of docs/durable-wait.md."""
    return "\n".join(rows())


if __name__ == "__main__":
    logging.disable()
    average, most = concurrency([course(1800.0, seed) for seed in range(100)])
    print(table())  # noqa: T201
    print(f"100 requests that wait for 30 minutes: {average:.2f} functions at work on average, {most} at the most")  # noqa: T201
