"""Everything outside that the reconciler touches."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Protocol

from stream_encryption.aws.kinesis import Kinesis
from stream_encryption.aws.kms import KeyLookup
from stream_encryption.aws.kms_grants import KeyGrants
from stream_encryption.record.table import RecordTable
from stream_encryption.values import Refusal

from .actions import Action
from .goals import Goal


class Clock(Protocol):
    """Time, so that a test can hold it."""

    def now(self) -> float:
        """The time, in epoch seconds."""

    def sleep(self, seconds: float) -> None:
        """Let time pass, in seconds."""


class DecisionLog(Protocol):
    """Is told each decision, and each call that AWS refused."""

    def decided(self, goal: Goal, action: Action) -> None:
        """An action was decided on, and is about to be carried out."""

    def call_refused(self, refusal: Refusal) -> None:
        """AWS did not carry a call out."""


@dataclass(frozen=True, slots=True)
class Environment:
    """All that the loop touches."""

    kinesis: Kinesis
    keys: KeyLookup
    grants: KeyGrants
    table: RecordTable
    clock: Clock
    random: Random
    log: DecisionLog
