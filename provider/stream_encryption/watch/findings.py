"""What is wrong with a claimed stream: a pure function from its record and one look to findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import floor

from stream_encryption.reconcile.observation import has_wanted_key
from stream_encryption.record.changes import MOST_MENDS, STALE_SECONDS, recent_mends
from stream_encryption.record.values import Claim, Record
from stream_encryption.values import CUSTOMER_ALIAS, Key, OnDrift, Refusal, Stream, StreamStatus, utc_minute

REQUEST_SECONDS = 60 * 60.0
"""How long a request can be at work, in seconds: CloudFormation waits no longer."""
_DAY = 24 * 60 * 60


class FindingCode(StrEnum):
    """What the watch can find. Events, metrics and documentation go by these codes."""

    UNENCRYPTED = "Unencrypted"
    ANOTHER_KEY = "AnotherKey"
    KEY_UNUSABLE = "KeyUnusable"
    ALIAS_MOVED = "AliasMoved"
    STREAM_GONE = "StreamGone"
    STREAM_RECREATED = "StreamRecreated"
    UNREADABLE = "Unreadable"
    CONTESTED = "Contested"


ENCRYPTION = frozenset({FindingCode.UNENCRYPTED, FindingCode.ANOTHER_KEY})
"""The findings that a Start with the wanted key ends."""

DENIED, DELETED = "denied", "deleted"
"""How the causes begin of a key that may not be looked up, and of one that will be deleted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the claim in force wants it.

    Attributes:
        code: What it is.
        cause: Tells one finding of a code from the next: the other key's ARN, say. Another cause is another finding.
        detail: A sentence for people.
        hides: Findings of these codes can't be seen meanwhile: those that were told last.
    """

    code: FindingCode
    cause: str
    detail: str
    hides: frozenset[FindingCode] = frozenset()


@dataclass(frozen=True, slots=True)
class Look:
    """What the watch saw of one stream and its keys.

    Attributes:
        now: When, in epoch seconds.
        stream: The stream; None where there is none.
        current: The key that the stream has; None: not encrypted.
        wanted: The key that the claim in force wants, as KMS knows it now; None where it was not looked up.
        named: The key that the claim's alias means now; None where the claim names no customer's alias.
        refused: The call that AWS refused for good; None where none was.
    """

    now: float
    stream: Stream | None = None
    current: Key | None = None
    wanted: Key | None = None
    named: Key | None = None
    refused: Refusal | None = None


def judge(record: Record, look: Look) -> tuple[Finding, ...] | None:
    """Compare a stream with the claim in force.

    Returns:
        The findings, none where all is as wanted; None where that can't be told now: a request is at work, the
        stream is not ACTIVE, or its description can be older than the provider's last change.
    """
    claim, stream = record.in_force, look.stream
    if claim is None:
        return ()
    if _is_at_work(record, claim, look.now):
        return None
    if look.refused:
        refusal = look.refused
        detail = f"{refusal.action} on {refusal.resource} is refused: {refusal.code}: {refusal.message}"
        return (Finding(FindingCode.UNREADABLE, f"{refusal.action} {refusal.code}", detail, frozenset(FindingCode)),)
    if stream is None or stream.status is StreamStatus.DELETING:
        return (Finding(FindingCode.STREAM_GONE, "", "the stream was deleted, and its resource still claims it"),)
    if record.incarnation not in (0, stream.created):
        detail = f"the stream was deleted and created again ({utc_minute(stream.created)}); the claim on it is void"
        return (Finding(FindingCode.STREAM_RECREATED, str(stream.created), detail),)
    if stream.status is not StreamStatus.ACTIVE:
        return None
    found = (*_of_encryption(claim, look), *_of_key(stream, look), *_of_alias(claim, look))
    return (*found, *_contested(record, claim, found, look.now))


def _is_at_work(record: Record, claim: Claim, now: float) -> bool:
    """Tell whether a request or a mend is at work, or has been a moment ago: its change is no drift."""
    if record.pending and now < record.pending.until:
        return True
    if now - record.changed_at < STALE_SECONDS:
        return True
    if claim.releasing and now - claim.releasing.issued_at < REQUEST_SECONDS:
        return True
    return not claim.is_settled and now - claim.latest.issued_at < REQUEST_SECONDS


def _of_encryption(claim: Claim, look: Look) -> Iterator[Finding]:
    if look.current is None:
        yield Finding(FindingCode.UNENCRYPTED, "", f"the stream is not encrypted; wanted is {claim.wanted.key_id}")
    elif not has_wanted_key(claim, look.current, look.wanted):
        has = look.current.identity
        yield Finding(FindingCode.ANOTHER_KEY, has, f"the stream has key {has}; wanted is {claim.wanted.key_id}")


def _of_key(stream: Stream, look: Look) -> Iterator[Finding]:
    key = look.wanted
    if key is None:
        return
    if key.denied and key.has_key_arn and key.identity.split(":")[4] == stream.arn.split(":")[4]:
        detail = f"key {key.identity} may not be looked up any more: its policy does not permit it"
        yield Finding(FindingCode.KEY_UNUSABLE, DENIED, detail)
    elif key.denied:
        detail = f"key {key.identity} may not be looked up by the watch, so nobody knows whether it can be used"
        hides = frozenset({FindingCode.KEY_UNUSABLE})
        yield Finding(FindingCode.UNREADABLE, f"{DENIED} {key.identity}", detail, hides)
    elif key.deleted_at is not None:
        days = max(0, floor((key.deleted_at - look.now) / _DAY))
        left = f"in {days} day{'s' * (days != 1)}, on {utc_minute(key.deleted_at)}"
        detail = (
            f"key {key.identity} will be deleted {left}; then what is encrypted with it is lost. Cancel its deletion"
        )
        yield Finding(FindingCode.KEY_UNUSABLE, f"{DELETED} {utc_minute(key.deleted_at)}", detail)
    elif key.fault:
        yield Finding(FindingCode.KEY_UNUSABLE, key.fault, f"key {key.identity} {key.fault}")


def _of_alias(claim: Claim, look: Look) -> Iterator[Finding]:
    """Find an alias that means another key than the one that the stream was given by it."""
    named = look.named
    if named is None or not CUSTOMER_ALIAS.fullmatch(claim.wanted.key_id):
        return
    if named.missing:
        yield Finding(FindingCode.ALIAS_MOVED, "missing", f"{claim.wanted.key_id} does not exist any more")
    elif named.resolved and not claim.wanted.is_key(named):
        detail = f"{claim.wanted.key_id} means key {named.identity} now; the next Update would start that one"
        yield Finding(FindingCode.ALIAS_MOVED, named.identity, detail)


def _contested(record: Record, claim: Claim, found: tuple[Finding, ...], now: float) -> Iterator[Finding]:
    """Find that the mends do not last: others undo them."""
    mends = recent_mends(record, now)
    drifts = any(one.code in ENCRYPTION for one in found)
    if drifts and claim.on_drift is OnDrift.MEND and len(mends) >= MOST_MENDS:
        detail = f"{len(mends)} mends in 24 hours did not last; there is no other until the first of them is a day old"
        yield Finding(FindingCode.CONTESTED, "", detail)
