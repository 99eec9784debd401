"""Watches one stream: looks, judges, notes what is new in the record, tells it, and has it mended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

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
from .news import News, mend_name, mend_of, news, without_untold
from .telling import Teller, Untold

MEND_SECONDS = 3600.0
"""How long a mend may take, in seconds: the state machine gives an execution a little more."""
_PASSES = (RefusalKind.CONFLICT, RefusalKind.THROTTLED, RefusalKind.TRANSIENT)
_PAUSES = (1.0, 2.0, 4.0)
"""How long the watch pauses between its tries to settle a note, in seconds."""

T = TypeVar("T")


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
            if noted is None or not self._told(noted, new):
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
        """Write the notes; None where the record was written since it was read: then the look may be out of date."""
        try:
            return self.table.note(record, new.notes)
        except Refused as refused:
            if refused.refusal.kind is RefusalKind.CONFLICT:
                return None  # Also if the record has these very notes: another invocation made them, and tells them.
            if not refused.refusal.maybe_done:
                raise
        return self._in_a_few_tries(lambda: self._written(record, new))

    def _written(self, record: Record, new: News) -> Record | None:
        """Return what was written though the response was lost, and write it if it was not; None as for _write."""
        found = self.table.read(record.stream)
        if found.version == record.version:
            return self.table.note(record, new.notes)
        return found if (found.version, found.watch) == (record.version + 1, new.notes) else None

    def _told(self, noted: Record, new: News) -> bool:
        """Tell what was noted. What the bus does not take is taken back from the notes: a later look tells it."""
        untold = self.teller.tell(noted, new)
        if untold is None:
            return True
        self.log.failed("drift not told", noted.stream, untold.refusal)
        try:
            self._in_a_few_tries(lambda: self._take_back(noted.stream, untold))
        except Refused as refused:
            self.log.failed("drift never told", noted.stream, refused.refusal)
        return False

    def _take_back(self, stream: str, untold: Untold) -> None:
        """Take what was not told back from the notes, whoever has written the record since."""
        record = self.table.read(stream)
        notes = without_untold(record.watch, untold.found, untold.over)
        if notes != record.watch:
            self.table.note(record, notes)

    def _in_a_few_tries(self, make: Callable[[], T]) -> T:
        """Make calls of the table again after a refusal that passes: the events of a note hang on them."""
        for pause in _PAUSES:
            try:
                return make()
            except Refused as refused:
                if refused.refusal.kind not in _PASSES:
                    raise
            self.sight.clock.sleep(pause)
        return make()

    def _hand_over(self, goal: WatchGoal, name: str, now: float) -> None:
        """Hand a goal over to the state machine, which has the function carry it out."""
        state = WorkflowState.of({}, now + MEND_SECONDS, Progress.begin((goal,), now), 1)
        try:
            self.log.mend_started(goal.stream.name, name, anew=self.mends.start_named(name, state.to_json()))
        except Refused as refused:
            self.log.failed("mend not started", goal.stream.name, refused.refusal)
