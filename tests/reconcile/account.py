"""An account on fakes for the look and the loop: a stream, three keys, an empty table, and a log of decisions."""

from random import Random
from typing import Any

from stream_encryption.aws.kinesis import Kinesis
from stream_encryption.aws.kms import KeyLookup
from stream_encryption.aws.kms_grants import KeyGrants
from stream_encryption.reconcile.actions import Action
from stream_encryption.reconcile.environment import Environment
from stream_encryption.reconcile.goals import Goal
from stream_encryption.record.table import RecordTable
from stream_encryption.record.values import Record
from stream_encryption.values import Key, Refusal
from tests.builders import STREAM_ARN, STREAM_NAME
from tests.fake_clock import Clock
from tests.fake_kinesis import FakeKinesis
from tests.fake_kms import FakeKms
from tests.fake_table import FakeTable
from tests.values import told


class Log:
    """Keeps what it is told."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.codes: list[str] = []
        self.refusals: list[Refusal] = []

    def decided(self, goal: Goal, action: Action) -> None:
        """Keep the code."""
        assert goal.stream.name
        self.codes.append(str(told(action).code))

    def call_refused(self, refusal: Refusal) -> None:
        """Keep the refusal."""
        self.refusals.append(refusal)


class Account:
    """The fakes, and the environment that one invocation makes of them."""

    def __init__(self, key_id: str | None = None) -> None:
        """Start with a stream that is encrypted with a key, or not encrypted."""
        self.clock = Clock()
        self.kms = FakeKms(self.clock)
        self.kinesis = FakeKinesis(self.clock, self.kms)
        self.table = FakeTable(self.kms.wire)
        self.faults, self.calls = self.kms.wire.faults, self.kms.wire.calls
        self.one, self.two, self.three = (self.kms.add_key(f"alias/{name}") for name in ("one", "two", "three"))
        self.kinesis.add_stream(STREAM_NAME, key_id)
        self.stream = self.kinesis.streams[STREAM_NAME]
        self.log = Log()

    @property
    def env(self) -> Environment:
        """What one invocation works with; its look-ups are its own."""
        return Environment(
            Kinesis(self.kinesis.client),
            KeyLookup(lambda: self.kms.client),
            KeyGrants(lambda: self.kms.client),
            self.records,
            self.clock,
            Random(7),  # noqa: S311 (the seed repeats it)
            self.log,
        )

    @property
    def records(self) -> RecordTable:
        """The table."""
        return RecordTable(lambda: self.table.client, self.table.name, self.clock.now)

    @property
    def record(self) -> Record:
        """The stream's record; the read is not counted as a call."""
        before = len(self.calls)
        record = self.records.read(STREAM_ARN)
        del self.calls[before:]
        return record

    def keep(self, **fields: Any) -> Record:
        """Write a record of the stream as it is now; the write is not counted as a call."""
        before = len(self.calls)
        record = self.records.write(
            Record(STREAM_ARN, **{"version": self.record.version, "incarnation": int(self.stream.created), **fields})
        )
        del self.calls[before:]
        return record

    def key(self, alias: str) -> Key:
        """A key as a look-up finds it."""
        found = self.kms.find(alias)
        assert found
        return Key(alias, found.arn)

    def named(self) -> list[str]:
        """The calls that were made, in order."""
        return [call.name for call in self.calls]
