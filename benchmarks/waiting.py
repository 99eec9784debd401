"""What a Create uses while its stream is UPDATING: measured on the real provider, in virtual time."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, Any

from benchmarks import prices
from tests.builders import create_event
from tests.provider import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LENGTHS = {"3 s": 3.0, "1 min": 60.0, "30 min": 1800.0}
HANDOVER_SECONDS = 60.0
CALL_SECONDS = 0.05
"""What a call to AWS takes, and a warm invocation by itself: virtual time knows only the pauses."""
GB = 0.25
READ_BYTES, WRITE_BYTES = 4096, 1024
"""What one request unit of an on-demand table covers: AWS DynamoDB Developer Guide, "On-demand capacity mode"."""
REPORT_BYTES = 350
"""The lines that Lambda itself logs of an invocation: START, END and REPORT, with the trace's ids."""

START_AND_END = 2
LOOP = ("Wait", "Step", "Answered?")
LAST = ("Answered",)


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation of the function: when it began, in seconds after the request, and when it ended."""

    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Course:
    """What became of one request.

    Attributes:
        invocations: The invocations of the function, in order.
        log_bytes: How many bytes they printed; with logging disabled, the metrics alone.
        kms_requests: How often keys were looked up (DescribeKey).
        table_reads: Request units of the record's table for reading.
        table_writes: Request units of the record's table for writing.
    """

    invocations: tuple[Invocation, ...]
    log_bytes: int = 0
    kms_requests: int = 0
    table_reads: int = 0
    table_writes: int = 0

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
    def dollars_at_work(self) -> float:
        """What the function and the state machine cost, in dollars."""
        return (
            self.transitions * prices.TRANSITION
            + self.lambda_seconds * GB * prices.GB_SECOND_ARM
            + len(self.invocations) * prices.INVOCATION
        )

    @property
    def dollars_beside(self) -> float:
        """What is charged beside them: log lines, KMS, the table, and a trace, if X-Ray records each request."""
        lines = self.log_bytes + len(self.invocations) * REPORT_BYTES
        table = self.table_reads * prices.TABLE_READ + self.table_writes * prices.TABLE_WRITE
        return lines * prices.LOG_BYTE + self.kms_requests * prices.KMS_REQUEST + table + prices.TRACE

    @property
    def dollars(self) -> float:
        """What it costs in all."""
        return self.dollars_at_work + self.dollars_beside

    @property
    def dollars_asleep(self) -> float:
        """What one function that sleeps until the answer would cost, if it could sleep for so long."""
        return asleep(self.seconds) + self.dollars_beside


def asleep(seconds: float) -> float:
    """What one function that does nothing else for so long costs, in dollars."""
    return seconds * GB * prices.GB_SECOND_ARM + prices.INVOCATION


def course(update_seconds: float, seed: int = 1) -> Course:
    """Play one Create whose Start takes so long, with everything else by default."""
    provider = Provider(seed, handover_seconds=HANDOVER_SECONDS)
    provider.kinesis.next_updating.append(update_seconds)
    zero = provider.clock.now()
    invocations: list[Invocation] = []
    log = StringIO()

    def invoke(event: Any) -> Any:  # noqa: ANN401 (whatever the doors take and give)
        began, calls = provider.clock.now(), len(provider.kinesis.calls)
        with redirect_stdout(log), _logged_to(log):
            result = provider.deliver(event)
        provider.clock.sleep((len(provider.kinesis.calls) - calls + 1) * CALL_SECONDS)
        invocations.append(Invocation(began - zero, provider.clock.now() - zero))
        return result

    invoke({**create_event(), "ResponseURL": provider.fresh_url()})
    if provider.states.executions:
        provider.states.play(invoke)
    (answer,) = provider.bucket.answers
    if answer["Status"] != "SUCCESS":
        raise AssertionError(answer["Reason"])
    calls = provider.kinesis.calls
    return Course(
        tuple(invocations),
        log_bytes=len(log.getvalue()),
        kms_requests=len(calls.named("DescribeKey")),
        table_reads=sum(_units(_item_before(provider, call.at), READ_BYTES) for call in calls.named("GetItem")),
        table_writes=sum(_units(one.item, WRITE_BYTES) for one in provider.table.versions),
    )


def _item_before(provider: Provider, at: float) -> Mapping[str, Any] | None:
    """The record as it was at a moment; None if there was none."""
    return next((one.item for one in reversed(provider.table.versions) if one.at <= at), None)


def _units(item: Mapping[str, Any] | None, unit_bytes: int) -> int:
    """How many request units an item costs. Its size is taken as that of its JSON, which is a little more."""
    return max(1, ceil(len(json.dumps(item, default=str)) / unit_bytes))


@contextmanager
def _logged_to(log: StringIO) -> Iterator[None]:
    """Have the function's lines here: a logger keeps the standard output that it began with, and lives for ever."""
    handlers = [one for one in logging.getLogger("test").handlers if isinstance(one, logging.StreamHandler)]
    streams = [one.setStream(log) for one in handlers]
    try:
        yield
    finally:
        for handler, stream in zip(handlers, streams, strict=True):
            handler.setStream(stream or sys.stdout)


def concurrency(courses: Sequence[Course]) -> tuple[float, int]:
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
