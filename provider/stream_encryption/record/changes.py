"""Changes of a record: pure functions that return a new record. Nothing here reads a clock or the table."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stream_encryption.grants import Grant
from stream_encryption.values import Key, OnDelete, Owner

from .requests import DEPARTED_SECONDS, Departed, RequestStamp
from .values import Change, Claim, Intent, Record, RecordedKey

BEGIN_SECONDS = 8.0
"""How long after its intent was written a call may still be begun, in seconds. Later, a new intent is written first."""
CALL_SECONDS = 13.0
"""How long a call can take, in seconds: 5 to read, and 1 to connect to each of up to 8 addresses of an endpoint
(settings.py). It is tried once."""
STALE_SECONDS = 5.0
"""How long a description can be older than a change, in seconds: descriptions are eventually consistent."""
SKEW_SECONDS = 5.0
"""By how much the clocks of two functions may differ, and a call be late on the network, in seconds."""
INTENT_SECONDS = BEGIN_SECONDS + CALL_SECONDS + STALE_SECONDS + SKEW_SECONDS
"""How long an intent lasts, in seconds. After that its call has shown, or will never be made."""

MENDS_SECONDS = 24 * 60 * 60.0
"""For how long a mend counts against the limit, in seconds: Kinesis counts a stream's Starts over the same time."""
MOST_MENDS = 3
"""How many Starts of mends a stream gets within that time: most of its 25 Starts are left to requests."""


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call to announce in the record, and then to make.

    Attributes:
        change: The call.
        key: The key of a Start or of a grant; the key that a Stop ends.
        request: The request that makes the call.
        grant: The grant to create or revoke; None for a Start or Stop.
    """

    change: Change
    key: RecordedKey
    request: RequestStamp
    grant: Grant | None = None


def for_incarnation(record: Record, created: int, now: float) -> Record:
    """Void the claims on an earlier stream of the same name: their owners have nothing on the new stream.

    The record remembers until their Deletes come that they had a claim, so that it does not look lost. A call in flight
    does not tell the two streams apart, so the intent stays.
    """
    if record.incarnation in (0, created):
        return replace(record, incarnation=created)
    left = tuple(
        Departed(one.owner, now, one.latest.issued_at, (), void=True, released_with_create=one.released_with_create)
        for one in record.claims
    )
    return replace(
        record,
        incarnation=created,
        claims=(),
        departed=(*record.departed, *left),
        key=None,
        started=False,
        watch=replace(record.watch, mends=()),
    )


def with_current_key(record: Record, current: Key | None, change_made_at: float | None = None) -> Record:
    """Update the record with a look: the stream's key, who gave it, and the result of an announced grant call.

    Args:
        record: The record.
        current: The stream's key now.
        change_made_at: When the announced call was made, in epoch seconds; None where another invocation made it.
    """
    intent, changed_at = record.pending, record.changed_at
    if intent and intent.grant:
        record, intent = replace(record, grants=_after_grant_call(record.grants, intent, intent.grant)), None
    if intent and intent.change is Change.START and intent.key.is_key(current):
        made_at = intent.written_at if change_made_at is None else change_made_at
        return replace(
            record, key=_known_better(intent.key, current), started=True, changed_at=max(changed_at, made_at)
        )
    if intent and change_made_at is not None:
        changed_at = max(changed_at, change_made_at)
    same = record.key is not None and record.key.is_key(current)
    key = _known_better(record.key if same else None, current)
    return replace(record, key=key, started=record.started and same, changed_at=changed_at)


def _known_better(known: RecordedKey | None, current: Key | None) -> RecordedKey | None:
    """Keep a known key, unless it is known by its alias alone: a look-up that was denied may tell its ARN by now."""
    return known if known and known.has_key_arn else RecordedKey.of(current)


def _after_grant_call(grants: tuple[Grant, ...], intent: Intent, grant: Grant) -> tuple[Grant, ...]:
    """The grants after a call whose result may not have been heard: both calls can be repeated without harm."""
    if intent.change is Change.CREATE_GRANT:
        known = any(one.identity == grant.identity for one in grants)
        return grants if known else (*grants, replace(grant, grant_id=None, made_at=0.0))
    return tuple(replace(one, made_at=0.0) if one.identity == grant.identity else one for one in grants)


def with_claim(record: Record, claim: Claim) -> Record:
    """Put a claim in force. If its owner has an earlier claim in the list, the new claim replaces that."""
    earlier = record.claim_of(claim.owner)
    others = _claims_without(record, earlier) if earlier else record.claims
    return replace(record, claims=(*others, claim))


def without_claim(record: Record, owner: Owner) -> Record:
    """Remove the claim of an owner that has left. With OnDelete Keep, its key counts as found by the next claim."""
    claim = record.claim_of(owner)
    if claim is None:
        return record
    return replace(record, claims=_claims_without(record, claim, its_key_stays=claim.on_delete is OnDelete.KEEP))


def _claims_without(record: Record, removed: Claim, *, its_key_stays: bool = False) -> tuple[Claim, ...]:
    """The claims without one of them.

    If the next claim in the list found the key that was started for the removed claim, it inherits the key that the
    removed claim found; or, if the key stays, it found a key that no claim before it has started.
    """
    place = record.claims.index(removed)
    before, after = record.claims[:place], record.claims[place + 1 :]
    if after and after[0].found_started:
        found = after[0].found if its_key_stays else removed.found
        inheriting = replace(after[0], found=found, found_started=removed.found_started and not its_key_stays)
        return (*before, inheriting, *after[1:])
    return (*before, *after)


def with_releasing(record: Record, owner: Owner, stamp: RequestStamp, failed_create: str | None = None) -> Record:
    """Note that a Delete has begun: the requests that it undoes change nothing any more.

    Args:
        record: The record.
        owner: The resource.
        stamp: The Delete.
        failed_create: The digest of the failed Create that it undoes; None where it undoes all older requests.
    """
    claims = (one.with_releasing(stamp, failed_create) if one.owner == owner else one for one in record.claims)
    return replace(record, claims=tuple(claims))


def with_departed(record: Record, departed: Departed) -> Record:
    """Remember an owner that has left; the note about its void claim goes with the Delete that it waits for."""
    kept = tuple(one for one in without_old(record, departed.at).departed if not one.waits_for(departed))
    return replace(record, departed=(*kept, departed))


def without_old(record: Record, now: float) -> Record:
    """Forget the owners that left more than two hours ago: the table's TTL deletes whole items only, and late."""
    return replace(record, departed=tuple(one for one in record.departed if not one.is_over(now)))


def with_intent(record: Record, planned: PlannedCall, name: str, now: float) -> Record:
    """Announce a call, in place of an earlier intent."""
    until = now + INTENT_SECONDS
    intent = Intent(planned.change, planned.key, planned.request.digest, name, now, until, planned.grant)
    return replace(record, pending=intent)


def without_intent(record: Record) -> Record:
    """Remove the intent: its call is visible, or was never made."""
    return replace(record, pending=None)


def recent_mends(record: Record, now: float) -> tuple[float, ...]:
    """When the mends of the last 24 hours began that announced a Start, in epoch seconds."""
    return tuple(at for at in record.watch.mends if now - at < MENDS_SECONDS)


def with_mend(record: Record, began: float, now: float) -> Record:
    """Note that a mend announces a Start now; the time at which the mend began tells it from the others."""
    return replace(record, watch=replace(record.watch, mends=(*recent_mends(record, now), began)))


def without_mend(record: Record, began: float) -> Record:
    """Forget a mend that AWS did not let start: nobody has undone it."""
    mends = tuple(at for at in record.watch.mends if at != began)
    return replace(record, watch=replace(record.watch, mends=mends))


def expires(record: Record) -> int | None:
    """When the item may be deleted, in epoch seconds: once it is of no use.

    None while a claim, even a void one, or a grant is left.
    """
    if record.claims or record.grants or any(one.void for one in record.departed):
        return None
    ends = [one.at + DEPARTED_SECONDS for one in record.departed]
    if record.pending:
        ends.append(record.pending.until)
    return int(max(ends, default=record.changed_at + DEPARTED_SECONDS)) + 1
