"""The actions that a decision can choose, each with a stable code and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from stream_encryption.errors import ProviderError
from stream_encryption.grants import Grant
from stream_encryption.record.changes import PlannedCall
from stream_encryption.record.values import Change, Record
from stream_encryption.values import Key, Stream

from .goals import Release


class Code(StrEnum):
    """What was decided. Logs, metrics, tests and documentation go by these codes; sentences may change."""

    WAITING_FOR_ACTIVE = "WaitingForActive"
    WAITING_FOR_OTHER_CALL = "WaitingForOtherCall"
    WAITING_FOR_EFFECT = "WaitingForEffect"
    POSSIBLY_STALE = "PossiblyStale"
    SETTLING = "Settling"
    LOOKING_AGAIN = "LookingAgain"
    BACKING_OFF = "BackingOff"
    RETRYING_REFUSED = "RetryingRefused"
    RETRYING_LIMIT = "RetryingLimit"
    RETRYING_VERIFY = "RetryingVerify"
    REQUEST_RECORDED = "RequestRecorded"
    INTENT_RECORDED = "IntentRecorded"
    GRANTS_TAKING_EFFECT = "GrantsTakingEffect"
    GRANT_REQUESTED = "GrantRequested"
    REVOKE_REQUESTED = "RevokeRequested"
    START_REQUESTED = "StartRequested"
    STOP_REQUESTED = "StopRequested"
    VERIFY_REQUESTED = "VerifyRequested"
    RESTORE_SKIPPED = "RestoreSkipped"
    REVOKE_SKIPPED = "RevokeSkipped"
    ENCRYPTED = "Encrypted"
    MENDED = "Mended"
    REVOKED = "Revoked"
    RELEASED = "Released"
    LEFT_ALONE = "LeftAlone"


@dataclass(frozen=True, slots=True)
class Decided:
    """What every action has: its code, and why it was chosen."""

    code: Code
    reason: str


@dataclass(frozen=True, slots=True)
class Wait(Decided):
    """Look again later: after `seconds`, or when the polling rhythm says so (None)."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class WriteRecord(Decided):
    """Write the record, and an intent with it where a call is to be made next."""

    record: Record
    planned: PlannedCall | None = None


@dataclass(frozen=True, slots=True)
class Call(Decided):
    """Make the call that the record announces: start or stop the encryption, create or revoke a grant."""

    stream: Stream
    change: Change
    key_id: str
    grant: Grant | None = None


@dataclass(frozen=True, slots=True)
class Verify(Decided):
    """Put one record into the stream, and see that it was encrypted."""

    stream: Stream


@dataclass(frozen=True, slots=True)
class SkipRestore(Decided):
    """The former encryption can't be restored: the stream keeps the encryption that it has."""


@dataclass(frozen=True, slots=True)
class SkipRevoke(Decided):
    """A grant can't be revoked now: it stays in the record, and a later request or the watch tries again."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class Attributes:
    """What Fn::GetAtt gives: the stream, its key, and the KeyId from before the first claim (None: not encrypted)."""

    stream: Stream
    key: Key
    previous_key_id: str | None


@dataclass(frozen=True, slots=True)
class Reached(Decided):
    """The goal is reached, or there is nothing to do for it, once the record is written.

    Attributes:
        record: The record to write; None where the request leaves the record as it is.
        attributes: What Fn::GetAtt gives; None for a Delete.
        note: What the person who reads the response should know; empty where there is nothing unusual.
    """

    record: Record | None = None
    attributes: Attributes | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """The goal can't be reached; the error says why, and its code is the action's code."""

    error: ProviderError

    @property
    def code(self) -> str:
        """The error's code."""
        return self.error.code

    @property
    def reason(self) -> str:
        """The error's sentence."""
        return str(self.error)


Action: TypeAlias = Wait | WriteRecord | Call | Verify | SkipRestore | SkipRevoke | Reached | Failed


@dataclass(frozen=True, slots=True)
class GiveUp:
    """AWS keeps refusing a call of a Release that undoes a failed request. It ends in one of two ways.

    Attributes:
        goal: The Release.
        claimed: The end if the failed request has a claim in the record: there is something to undo.
        unclaimed: The end if it has none.
    """

    goal: Release
    claimed: Failed
    unclaimed: Reached
