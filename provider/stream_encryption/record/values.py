"""The record's values. One record belongs to one stream."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from stream_encryption.grants import Grant
from stream_encryption.values import CUSTOMER_ALIAS, Key, OnDelete, OnDrift, Owner

from .requests import Arrival, Departed, Latest, RequestStamp
from .watch_notes import NO_NOTES, WatchNotes


class Change(StrEnum):
    """A call that changes a stream's encryption, or who may use its key."""

    START = "StartStreamEncryption"
    STOP = "StopStreamEncryption"
    CREATE_GRANT = "CreateGrant"
    REVOKE_GRANT = "RevokeGrant"


@dataclass(frozen=True, slots=True)
class RecordedKey:
    """A key as the record keeps it.

    Attributes:
        key_id: The KeyId as the template gave it, or as Kinesis reported it.
        arn: The key's ARN at that time; the fullest spelling that was known where the look-up was denied.
    """

    key_id: str
    arn: str

    @classmethod
    def of(cls, key: Key | None) -> RecordedKey | None:
        """Keep a key that was looked up; None stays None: not encrypted."""
        return RecordedKey(key.key_id, key.identity) if key else None

    @classmethod
    def to_start(cls, key: Key) -> RecordedKey:
        """The key as a Start names it."""
        return RecordedKey(key.start_key_id, key.identity)

    @property
    def start_key_id(self) -> str:
        """The KeyId to start a wanted key with: the key's ARN for a customer's alias, as far as the record has it."""
        return self.arn if CUSTOMER_ALIAS.fullmatch(self.key_id) and self.has_key_arn else self.key_id

    def is_key(self, key: Key | None) -> bool:
        """Tell whether a key that was looked up is this one.

        An AWS managed alias gets its key by the first Start, so the ARN was not known before. Nor is it known where
        the look-up was denied.
        """
        if key is None:
            return False
        return key.identity == self.arn or (not self.has_key_arn and key.key_id == self.key_id)

    @property
    def has_key_arn(self) -> bool:
        """Tell whether the ARN is a key's, not an alias'."""
        return ":key/" in self.arn


@dataclass(frozen=True, slots=True)
class Claim:
    """One resource's claim on the stream.

    Attributes:
        owner: The resource.
        found: The key that the stream had before the first Start of this claim; None: not encrypted.
        found_started: The provider had started that key, for the claim before.
        wanted: The key that the resource wants.
        on_delete: What the resource's Delete does.
        latest: The newest Creates and Updates of the owner.
        creates: Digests of the Creates that the record saw, the first one first.
        succeeded: The digest of the last request that succeeded; empty where there was none.
        releasing: The Deletes that have begun to release the claim, and the owner's older requests of the same second;
            None where no Delete has begun.
        releases_create: The digest of the failed Create that these Deletes undo; empty where they undo all requests.
        on_drift: What the watch does when the stream is not as wanted.
    """

    owner: Owner
    found: RecordedKey | None
    wanted: RecordedKey
    on_delete: OnDelete
    latest: Latest
    creates: tuple[str, ...] = ()
    succeeded: str = ""
    releasing: Latest | None = None
    on_drift: OnDrift = OnDrift.REPORT
    found_started: bool = False
    releases_create: str = ""

    @property
    def is_settled(self) -> bool:
        """Tell whether the newest request has succeeded, so that the stream got the wanted key."""
        return self.succeeded == self.latest.digests[-1]

    @property
    def released_with_create(self) -> str:
        """The digest of the Create whose Delete, if it has failed, releases the claim; empty where there is none.

        There is none once another request has succeeded with the claim: then only the resource's Delete releases it.
        """
        newest = self.creates[-1] if self.creates else ""
        return newest if self.is_released_with(newest) else ""

    def is_released_with(self, failed_create: str) -> bool:
        """Tell whether the Delete of this failed Create releases the claim: no other request has succeeded with it."""
        is_newest = not self.creates or self.creates[-1] == failed_create
        return is_newest and self.succeeded in ("", failed_create)

    def arrival(self, stamp: RequestStamp, failed_create: str | None = None) -> Arrival:
        """Compare a request with the newest Creates, Updates and Deletes of the owner.

        The Delete of a failed Create supersedes that Create, and the Updates that came under its id before.
        """
        released = self.releasing and self.releasing.arrival(stamp) is Arrival.SUPERSEDED
        if released and (not self.releases_create or self.releases_create in (stamp.digest, failed_create)):
            return Arrival.SUPERSEDED
        return self.latest.arrival(stamp)

    def with_request(self, stamp: RequestStamp, *, creates: bool) -> Claim:
        """The claim once a Create or Update of its owner has come."""
        others = tuple(one for one in self.creates if one != stamp.digest)
        digests = (*others, stamp.digest) if creates else self.creates
        return replace(self, latest=self.latest.followed_by(stamp), creates=digests)

    def with_releasing(self, stamp: RequestStamp, failed_create: str | None) -> Claim:
        """The claim once a Delete of its owner, or of the owner's failed Create, has begun.

        A Delete that undoes all requests counts for more than a later one that undoes one failed Create.
        """
        earlier_undoes_all = self.releasing is not None and not self.releases_create
        releases_create = "" if failed_create is None or earlier_undoes_all else failed_create
        releasing = (self.releasing or self.latest).followed_by(stamp)
        return replace(self, releasing=releasing, releases_create=releases_create)


@dataclass(frozen=True, slots=True)
class Intent:
    """The record's announcement of one call, written before the call.

    Attributes:
        change: The call.
        key: The key of a Start or of a grant; the key that a Stop ends.
        request: The digest of the request that makes the call.
        intent_id: Names this very intent.
        written_at: When it was written, in epoch seconds.
        until: Until when the call can be in flight, or a description can be older than the call, in epoch seconds.
        grant: The grant to create or revoke; None for a Start or Stop.
    """

    change: Change
    key: RecordedKey
    request: str
    intent_id: str
    written_at: float
    until: float
    grant: Grant | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """All that is kept of one stream.

    Attributes:
        stream: The stream's ARN.
        version: Grows by 1 with each write, from the time of the first one; 0: there is no item in the table.
        incarnation: The second in which the stream was created, in epoch seconds; 0: not known yet.
        claims: The claims, the first owner first; the last one is in force.
        departed: The owners that have left in the last two hours.
        pending: The announcement of a call that is about to be made, or may still be in flight; None: there is none.
        key: The stream's key when the record was last written; None: not encrypted.
        started: The stream has that key by a Start of the provider, and nobody else has changed it since.
        changed_at: When the provider last made a call that changed the stream, in epoch seconds; 0: never.
        grants: The grants that the provider made for the stream's producers and consumers.
        watch: What the watch remembers of the stream.
    """

    stream: str
    version: int = 0
    incarnation: int = 0
    claims: tuple[Claim, ...] = ()
    departed: tuple[Departed, ...] = ()
    pending: Intent | None = None
    key: RecordedKey | None = None
    started: bool = False
    changed_at: float = 0.0
    grants: tuple[Grant, ...] = ()
    watch: WatchNotes = NO_NOTES

    @property
    def in_force(self) -> Claim | None:
        """The claim that decides which key the stream has."""
        return self.claims[-1] if self.claims else None

    def in_force_of(self, owner: Owner) -> Claim | None:
        """The claim in force, if it is the owner's."""
        return self.in_force if self.in_force and self.in_force.owner == owner else None

    def claim_of(self, owner: Owner) -> Claim | None:
        """The claim of an owner, wherever it stands."""
        return next((claim for claim in self.claims if claim.owner == owner), None)

    def claim_below(self, owner: Owner) -> Claim | None:
        """The claim that comes into force when the owner's claim, which is in force, is removed."""
        return self.claims[-2] if len(self.claims) > 1 and self.in_force_of(owner) else None

    def has_departed(self, owner: Owner) -> bool:
        """Tell whether a Delete of the owner was carried out in the last two hours, or its claim is void."""
        return any(one.owner == owner for one in self.departed)

    def departed_by(self, owner: Owner, stamp: RequestStamp) -> Departed | None:
        """What this very Delete has written when it removed the owner's claim; None if it has not done that."""
        left = (one for one in self.departed if one.owner == owner and one.digests[-1:] == (stamp.digest,))
        return next(left, None)

    def had_claim(self, owner: Owner, stamp: RequestStamp) -> bool:
        """Tell whether the owner's claim is of this very request, or was, before the stream was created again."""
        claim = self.claim_of(owner)
        if claim:
            return claim.latest.arrival(stamp) is Arrival.CURRENT
        return any(one.void and one.owner == owner and one.issued_before == stamp.issued_at for one in self.departed)

    def supersedes(self, owner: Owner, stamp: RequestStamp, failed_create: str | None = None) -> bool:
        """Tell whether a newer request of the owner has taken the place of this one.

        Args:
            owner: The resource.
            stamp: The request.
            failed_create: The digest of the failed Create whose id an Update has; None where it has another id.
        """
        claim = self.claim_of(owner)
        if claim and claim.arrival(stamp, failed_create) is Arrival.SUPERSEDED:
            return True
        return any(one.supersedes(owner, stamp, failed_create) for one in self.departed)

    def key_arn(self, key_id: str) -> str | None:
        """The key that a reported KeyId stood for when it was given or found; None where the record can't tell.

        An alias may stand for another key by now, but the stream still has the key that it was started with.
        """
        known = (self.pending.key if self.pending else None, self.key)
        return next((key.arn for key in known if key and key.has_key_arn and key.key_id == key_id), None)
