"""What a Delete does to the stream: restore, stop or leave it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stream_encryption.record.changes import with_current_key
from stream_encryption.record.values import Claim, Record, RecordedKey
from stream_encryption.values import Key, OnDelete

from .actions import Code, SkipRestore
from .goals import Release


class Outcome(StrEnum):
    """What a Delete does to the stream's encryption."""

    RESTORE = "restore"
    KEEP = "keep, as OnDelete says"
    AS_BEFORE = "none: the stream has it already"
    LEAVE = "none: somebody else has changed it since"


@dataclass(frozen=True, slots=True)
class Restoration:
    """The encryption that the stream will have when the owner's claim is removed.

    Attributes:
        outcome: What the Delete does; the fields below say more.
        reason: Why.
        key: The key to restore; None: no encryption.
        key_id: The KeyId to restore it with; empty where there is none.
        note: What the person who reads the response should know; empty where there is nothing unusual.
    """

    outcome: Outcome
    reason: str
    key: RecordedKey | None = None
    key_id: str = ""
    note: str = ""


def restoration(goal: Release, record: Record, current: Key | None) -> Restoration:
    """Choose the encryption that the stream has after the Delete.

    Args:
        goal: The Delete. Its owner's claim is in force, or the record is lost.
        record: The record.
        current: The stream's key now; None: not encrypted.
    """
    claim, below = record.claim_of(goal.owner), record.claim_below(goal.owner)
    # The Delete of a rename's rollback: the stream stays with its stack, whatever OnDelete says.
    renamed = below is not None and below.owner.stack_id == goal.owner.stack_id
    if goal.on_delete is OnDelete.KEEP and not renamed:
        return Restoration(Outcome.KEEP, "OnDelete is Keep")
    if claim is None:
        return Restoration(Outcome.RESTORE, "the record is lost, and the stream has this resource's key")
    if goal.on_delete is OnDelete.STOP and below is None:
        return Restoration(Outcome.RESTORE, "OnDelete is Stop")
    before = below if below and _has_its_key(below, claim) else None
    key = before.wanted if before else claim.found
    if (key is None and current is None) or (key and key.is_key(current)):
        return Restoration(Outcome.AS_BEFORE, "the stream has the encryption that it had before")
    if not with_current_key(record, current).started:
        return _changed_by_others(current)
    if key is None:
        return Restoration(Outcome.RESTORE, "the stream was not encrypted before")
    if before:
        return Restoration(Outcome.RESTORE, f"{before.owner.logical_id} wants this key", key, key.start_key_id)
    return Restoration(Outcome.RESTORE, "the stream had this key before", key, key.key_id)


def can_bring_back(record: Record, key_arn: str) -> bool:
    """Tell whether the Deletes of the claims' owners can bring a key back, in whatever order they come."""
    return any(_can_restore(claim, record.claims[:place], key_arn) for place, claim in enumerate(record.claims))


def restore_impossible(key: str, why: str) -> SkipRestore:
    """Leave the stream with the encryption that it has; `why` is the end of a sentence about the key."""
    reason = f"{key} can't be restored: it {why}. The stream keeps the encryption that it has."
    return SkipRestore(Code.RESTORE_SKIPPED, reason)


def _can_restore(claim: Claim, below: tuple[Claim, ...], key_arn: str) -> bool:
    """Tell whether the Delete of a claim's owner can bring a key back, now or once claims below it are removed.

    Above another claim, Stop restores; so does Keep above a claim of the same stack. For a failed Create, Stop becomes
    Restore (cloudformation/request.py). A claim inherits what a removed claim below it had found.
    """
    stops = claim.on_delete is OnDelete.STOP and bool(below or not claim.succeeded)
    renamed = any(one.owner.stack_id == claim.owner.stack_id for one in below)
    if not (claim.on_delete is OnDelete.RESTORE or stops or renamed):
        return False
    keys = (claim.found, *(key for one in below for key in (one.found, one.wanted)))
    return any(key is not None and key.arn == key_arn for key in keys)


def _has_its_key(below: Claim, claim: Claim) -> bool:
    """Tell whether the claim below goes on with the key that it wants.

    If its newest request has failed, the stream may never have had that key, and goes back to the key that `claim`
    found. But a stream that the claim below has encrypted once is not left without encryption.
    """
    return below.is_settled or (bool(below.succeeded) and claim.found is None)


def _changed_by_others(current: Key | None) -> Restoration:
    has = f"key {current.key_id}, which this resource did not start" if current else "no encryption"
    reason = f"the stream has {has}: somebody else decided so since"
    return Restoration(
        Outcome.LEAVE, reason, note=f"The stream was left as it is: it has {has}, so somebody else decided so since."
    )
