"""Watches one stream: looks, judges, notes what is new in the record, tells it, and has it mended."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from stream_encryption.aws.service_errors import Refused
from stream_encryption.reconcile.goals import WatchGoal
from stream_encryption.reconcile.progress import Progress
from stream_encryption.record.values import Record
from stream_encryption.record.watch_table import WatchTable
from stream_encryption.values import RefusalKind, StreamRef
from stream_encryption.workflow.state_machine import StateMachine
from stream_encryption.workflow.workflow_state import WorkflowState

from .cause import Cause
from .due import may_be_due, revoke_due
from .findings import Finding, judge
from .log import WatchLog
from .look import Sight
from .news import News, mend_name, mend_of, news
from .telling import Teller

MEND_SECONDS = 3600.0
"""How long a mend may take, in seconds: the state machine gives an execution a little more."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """What the watch touches."""

    sight: Sight
    table: WatchTable
    teller: Teller
    mends: StateMachine
    log: WatchLog

    def watch(self, record: Record, cause: Cause | None = None, *, use_describe_stream: bool = False) -> bool | None:
        """Look at a record's stream once.

        Args:
            record: The record, read before this look.
            cause: The call by others that led to it.
            use_describe_stream: Look by the budget of DescribeStream.

        Returns:
            Whether there are findings; None where that can't be told now.
        """
        findings = self._findings(record, use_describe_stream=use_describe_stream)
        if findings is None:
            return None
        now = self.sight.clock.now()
        new = news(record, findings, now, cause)
        if new.notes != record.watch:
            noted = self._noted(record, new)
            if noted is None or not self._told(noted, record, new):
                return None
            record = noted
        mend = mend_of(record, findings)
        if mend:
            self._hand_over(mend, mend_name(mend, record, now), now)
        else:
            self._revoke(record, now)
        return bool(findings)

    def _revoke(self, record: Record, now: float) -> None:
        """Have the grants revoked that are due. The stream tells how long its records can be read."""
        if not may_be_due(record, now):
            return
        with suppress(Refused):  # The next round looks again.
            ref = StreamRef.of_arn(record.stream)
            due = revoke_due(record, self.sight.kinesis.describe(ref), now)
            if due:
                self._hand_over(due, f"revoke-{due.stamp.digest}", now)

    def _findings(self, record: Record, *, use_describe_stream: bool) -> tuple[Finding, ...] | None:
        if record.in_force is None:
            return ()  # What was told of the stream is over: nobody claims it any more.
        look = self.sight.look(record, use_describe_stream=use_describe_stream)
        return judge(record, look) if look else None

    def _noted(self, record: Record, new: News) -> Record | None:
        """Write the notes; None where AWS refuses that, or the record was written since it was read."""
        try:
            return self._write(record, new)
        except Refused as refused:
            self.log.failed("drift not noted", record.stream, refused.refusal)
            return None

    def _write(self, record: Record, new: News) -> Record | None:
        """Write the notes; None where the record was written since it was read: then the look may be out of date.

        A write whose response was lost is made again: the version tells whether the first one took effect.
        """
        for _ in range(2):
            try:
                return self.table.note(record, new.notes)
            except Refused as refused:
                if refused.refusal.kind is RefusalKind.CONFLICT:
                    break
                if not refused.refusal.maybe_done:
                    raise
        written = self.table.read(record.stream)
        return written if (written.version, written.watch) == (record.version + 1, new.notes) else None

    def _told(self, noted: Record, record: Record, new: News) -> bool:
        """Tell what was noted. Where the bus refuses, take the notes back, so that the next round tells it."""
        try:
            self.teller.tell(noted, new)
        except Refused as refused:
            self.log.failed("drift not told", noted.stream, refused.refusal)
            with suppress(Refused):
                self.table.note(noted, record.watch)
            return False
        return True

    def _hand_over(self, goal: WatchGoal, name: str, now: float) -> None:
        """Hand a goal over to the state machine, which has the function carry it out."""
        state = WorkflowState.of({}, now + MEND_SECONDS, Progress.begin((goal,), now), 1)
        try:
            self.log.mend_started(goal.stream.name, name, anew=self.mends.start_named(name, state.to_json()))
        except Refused as refused:
            self.log.failed("mend not started", goal.stream.name, refused.refusal)
