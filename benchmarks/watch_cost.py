"""What the watch costs a month, beside AWS Config: its real code in virtual time, round by round."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from math import ceil

from benchmarks import prices
from benchmarks.report import Goal, Report, Table
from stream_encryption.watch.pace import LOOKS_A_SECOND, SHARE
from stream_encryption.watch.rounds import BATCH
from tests.watch.many import claimed, looks
from tests.watch.watched import Watched

MINUTES = 15
MONTH = 30 * 24 * 60
GB = 0.25
REPORT_BYTES = 350
READ_BYTES = 8192
"""How much a read request unit reads where the read is eventually consistent, in bytes."""
SIZES = (100, 10_000)
CHANGES = (1, 4, 30)


@dataclass(frozen=True, slots=True)
class Round:
    """What a round over so many streams uses, as long as nothing has drifted."""

    streams: int
    seconds: float
    invocations: int
    reads: float
    keys: int
    transitions: int
    log_bytes: int

    @property
    def a_month(self) -> int:
        """How many rounds there are in a month: none begins before the last one has ended."""
        minutes = MINUTES * ceil(self.seconds / 60 / MINUTES)
        return MONTH // minutes

    @property
    def dollars(self) -> float:
        """What a month of them costs."""
        once = (
            self.seconds * GB * prices.GB_SECOND_ARM
            + self.invocations * (prices.INVOCATION + REPORT_BYTES * prices.LOG_BYTE)
            + self.reads * prices.TABLE_READ
            + self.keys * prices.KMS_REQUEST
            + self.transitions * prices.TRANSITION
            + self.log_bytes * prices.LOG_BYTE
            + prices.SCHEDULED
            + prices.TRACE
        )
        return self.a_month * once


def measure() -> Report:
    """Play the rounds, and count."""
    rounds = [played(size) for size in SIZES]
    rows = [
        [
            f"{one.streams:,}",
            f"{one.seconds:,.0f} s",
            f"{one.a_month:,}",
            f"{one.invocations}",
            f"{one.keys}",
            f"{one.dollars:.2f}",
            *(f"{one.streams * changes * (prices.CONFIG_ITEM + prices.CONFIG_RULE):,.2f}" for changes in CHANGES),
        ]
        for one in rounds
    ]
    columns = ["claimed streams", "a round takes", "rounds", "invocations each", "key look-ups each", "the watch, $"]
    columns += [f"AWS Config, $: {changes} changes of each stream" for changes in CHANGES]
    large = rounds[-1]
    return Report(
        name="watch_cost",
        title="What the watch costs a month",
        method=METHOD,
        goals=[
            Goal(
                "A round over 10,000 streams takes less than 15 minutes.",
                large.seconds < MINUTES * 60,
                f"{large.seconds / 60:.0f} minutes: within a quarter of the account's looks it can't be less.",
            ),
            Goal(
                "It takes at most a quarter of the account's looks.",
                large.streams / large.seconds <= LOOKS_A_SECOND * 1.005,
                f"{large.streams / large.seconds:.2f} looks a second, of {LOOKS_A_SECOND / SHARE:.0f}.",
            ),
        ],
        tables=[Table("A month, in dollars, as long as nothing drifts", columns, rows)],
        charts={},
        versions={},
        notes=NOTES,
    )


def played(streams: int) -> Round:
    """Play a round over so many streams. Of a large one a full batch is played: its batches are alike."""
    watched, size = Watched(), min(streams, BATCH)
    with redirect_stdout(io.StringIO()) as log:
        claimed(watched, size)
        watched.clock.sleep(60)
        began, calls = watched.clock.now(), len(watched.kinesis.calls)
        watched.look({"Watch": "Batch", "After": "", "Keys": [], "Call": "", "By": "", "At": 0.0})
    batches = streams / size
    if sum(looks(watched, began).values()) != size:
        raise RuntimeError("the batch did not look at each of its streams once")
    made = list(watched.kinesis.calls)[calls:]
    item_bytes = sum(len(str(item)) for item in watched.table.items.values())
    large = streams > BATCH
    return Round(
        streams=streams,
        seconds=(watched.clock.now() - began) * batches,
        invocations=ceil(batches) + large,
        reads=item_bytes / READ_BYTES * batches * (1 + large),
        keys=ceil(sum(call.name == "DescribeKey" for call in made) * batches),
        transitions=(3 + 2 * ceil(batches)) if large else 0,
        log_bytes=round(len(log.getvalue()) * batches),
    )


METHOD = f"""\
- The watch's real code in virtual time, at its pace of {LOOKS_A_SECOND} looks a second, with 256 MB on arm64. One batch
  of {BATCH} streams is played, and multiplied for 10,000.
- AWS Config: one configuration item and one evaluation of one rule for each change of a stream.
- List prices of us-east-1 without free tiers: `benchmarks/prices.py`."""
NOTES = """\
AWS Config costs by the change: a stream that is resharded every day changes 30 times a month. It does not know which
key was wanted.
Left out: the watch's three metrics ($0.90), alarms, findings, mends, CloudTrail, and the remediation of AWS Config."""
