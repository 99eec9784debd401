"""Which streams the watch looks at: all of them on a schedule, in batches where they are many, or those of one call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from stream_encryption.record.changes import STALE_SECONDS
from stream_encryption.record.values import Record
from stream_encryption.record.watch_table import Page
from stream_encryption.workflow.state_machine import StateMachine

from .cause import Cause
from .pace import LOOKS_A_SECOND, Pace
from .trail import Trailed
from .watcher import Watcher

BATCH = 600
"""How many streams one invocation looks at, which takes it 80 seconds."""
UNTIL_TOLD_SECONDS = 60.0
"""How long the watch waits after a call until findings can be told, in seconds; after that, the next round looks."""
LOOK_AGAIN_SECONDS = 2.0
"""How long it pauses between these looks, in seconds."""
_SHOWN_SECONDS = STALE_SECONDS + 1.0
"""How long after the time of its event every description shows a call, in seconds. The event has whole seconds."""
_SLOWER = 1.2
"""How much longer than its looks a round may take."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """Goes through the table.

    Attributes:
        watcher: Watches one stream.
        batches: Gives the state machine that goes through the batches of a large round.
        minutes: How many minutes pass between two rounds.
    """

    watcher: Watcher
    batches: Callable[[], StateMachine]
    minutes: int

    def all(self, cause: Cause | None = None, keys: frozenset[str] = frozenset()) -> None:
        """Look at every claimed stream: here, or where they are many, batch by batch by the state machine.

        Args:
            cause: The call by others that led to it; None where the schedule did.
            keys: Only at the streams whose claim wants one of these keys; empty: at all.
        """
        page = self.watcher.table.page(None, BATCH)
        if page.after is None:
            self._go_through(page, cause, keys)
            return
        starts = [None, *self._starts(page.after)]
        given = {"Batches": [_batch(start, cause, keys) for start in starts]}
        anew = self.batches().start_named(self._name(len(starts), cause, keys), given)
        self.watcher.log.handed_over(len(starts), anew=anew)

    def batch(self, event: Mapping[str, Any]) -> None:
        """Look at one batch of a large round, as the state machine asks."""
        cause = Cause(event["Call"], event["By"], event["At"], event.get("Key", "")) if event["Call"] else None
        self._go_through(self.watcher.table.page(event["After"], BATCH), cause, frozenset(event["Keys"]))

    def call(self, trailed: Trailed) -> None:
        """Look into a call by others, once what it did can be seen."""
        if trailed.stream is None:
            self._wait_for(trailed.cause)
            self.all(trailed.cause, trailed.keys)
        elif _is_of_interest(self.watcher.table.read(trailed.stream)):
            self._wait_for(trailed.cause)
            self._look_until_told([trailed.stream], trailed.cause)

    def _wait_for(self, cause: Cause) -> None:
        """Wait until a description can't be older than the call."""
        clock = self.watcher.sight.clock
        clock.sleep(min(_SHOWN_SECONDS, max(0.0, cause.at + _SHOWN_SECONDS - clock.now())))

    def _go_through(self, page: Page, cause: Cause | None, keys: frozenset[str]) -> None:
        pace, drifts = Pace(self.watcher.sight.clock), dict[str, bool | None]()
        for record in page.records:
            if _is_of_interest(record) and _wants_one_of(keys, record):
                drifts[record.stream] = self.watcher.watch(record, cause, use_describe_stream=pace.wait())
        for stream in page.unreadable:
            self.watcher.log.unreadable(stream)
        if cause:
            self._look_until_told([stream for stream, drift in drifts.items() if drift is None], cause)
        if not keys:
            self.watcher.log.round_ended(len(drifts), sum(map(bool, drifts.values())))

    def _look_until_told(self, streams: list[str], cause: Cause) -> None:
        """Look at each stream until its findings can be told, for a minute at the most: a request may be at work."""
        clock = self.watcher.sight.clock
        pace, until = Pace(clock), clock.now() + UNTIL_TOLD_SECONDS
        while streams and clock.now() < until:
            streams = [one for one in streams if self._is_untold(one, cause, pace)]
            if streams:
                clock.sleep(LOOK_AGAIN_SECONDS)

    def _is_untold(self, stream: str, cause: Cause, pace: Pace) -> bool:
        use_describe_stream = pace.wait()
        record = self.watcher.table.read(stream)
        return self.watcher.watch(record, cause, use_describe_stream=use_describe_stream) is None

    def _starts(self, after: str | None) -> list[str]:
        """The streams after which the second batch and each later one begin."""
        starts = list[str]()
        while after:
            starts.append(after)
            after = self.watcher.table.page(after, BATCH).after
        return starts

    def _name(self, batches: int, cause: Cause | None, keys: frozenset[str]) -> str:
        """Name the execution of a large round. Within the time that one takes there is no second one of its name."""
        if cause:
            return f"key-{hashlib.sha256(repr((cause, sorted(keys))).encode()).hexdigest()[:32]}"
        every = self.minutes * 60
        lasts = every * ceil(_SLOWER * batches * BATCH / LOOKS_A_SECOND / every)
        return f"round-{lasts}-{int(self.watcher.sight.clock.now()) // lasts}"


def _batch(after: str | None, cause: Cause | None, keys: frozenset[str]) -> dict[str, Any]:
    of = cause or Cause("", "", 0.0)
    call = {"Call": of.call, "By": of.by, "At": of.at, "Key": of.key}
    return {"Watch": "Batch", "After": after or "", "Keys": sorted(keys), **call}


def _is_of_interest(record: Record) -> bool:
    return bool(record.claims or record.watch.told or record.grants)


def _wants_one_of(keys: frozenset[str], record: Record) -> bool:
    """Tell whether the claim in force wants one of the keys, however a call names it; no key at all means every one."""
    claim = record.in_force
    wanted = (claim.wanted.key_id, claim.wanted.arn, claim.wanted.arn.rpartition("/")[2]) if claim else ()
    return not keys or any(one in keys for one in wanted)
