"""The order of an owner's requests: which of two is the newer one, and which a Delete has superseded. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stream_encryption.values import Owner


class Arrival(StrEnum):
    """How a request compares with the owner's requests in the record."""

    NEWER = "newer"
    CURRENT = "current"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class RequestStamp:
    """What tells one request of CloudFormation from another.

    Attributes:
        issued_at: The second in which CloudFormation issued it, in epoch seconds.
        digest: A digest of its ResponseURL, which differs for each request. The URL itself is a secret.
    """

    issued_at: int
    digest: str


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest requests that the record knows: those of one second, in the order of their arrival."""

    issued_at: int
    digests: tuple[str, ...]

    def arrival(self, stamp: RequestStamp) -> Arrival:
        """Compare a request. Of two of one second the later arrival wins, even if the other one is delivered again."""
        if stamp.digest == self.digests[-1]:
            return Arrival.CURRENT
        if stamp.digest in self.digests or stamp.issued_at < self.issued_at:
            return Arrival.SUPERSEDED
        return Arrival.NEWER

    def followed_by(self, stamp: RequestStamp) -> Latest:
        """Add a request; one that is known already, or is older, changes nothing."""
        if self.arrival(stamp) is not Arrival.NEWER:
            return self
        same_second = stamp.issued_at == self.issued_at
        return Latest(stamp.issued_at, (*(self.digests if same_second else ()), stamp.digest))

    @classmethod
    def of(cls, stamp: RequestStamp) -> Latest:
        """Begin with one request."""
        return cls(stamp.issued_at, (stamp.digest,))


LATE_ARRIVAL_SECONDS = 60.0
"""An event that is delivered so long after CloudFormation issued the request is late, in seconds."""
DEPARTED_SECONDS = 2 * 60 * 60.0
"""How long the record remembers an owner that has left, in seconds. No request is at work for longer than an hour."""


@dataclass(frozen=True, slots=True)
class Departed:
    """An owner without a claim: its Delete was carried out, or its claim is void. Its older requests change nothing.

    Attributes:
        owner: The resource.
        at: When this was written, in epoch seconds.
        issued_before: Requests that were issued before this second are superseded; 0 where only `digests` are.
        digests: Further requests that are superseded.
        void: The owner's claim was on an earlier stream of the same name, and the owner's Delete is still to come.
        released_with_create: The digest of the Create whose Delete, if it has failed, would have released the void
            claim; empty where only the resource's Delete would have.
        note: What the response of its Delete tells the person who reads it; empty where there was nothing unusual.
    """

    owner: Owner
    at: float
    issued_before: int
    digests: tuple[str, ...]
    void: bool = False
    released_with_create: str = ""
    note: str = ""

    def waits_for(self, departed: Departed) -> bool:
        """Tell whether this is about a void claim that the Delete of `departed` would have released."""
        undoes_all = bool(departed.issued_before)
        return (
            self.void and self.owner == departed.owner and (undoes_all or self.released_with_create in departed.digests)
        )

    def is_over(self, now: float) -> bool:
        """Tell whether no request that this supersedes can still come."""
        return not self.void and now - self.at >= DEPARTED_SECONDS

    def supersedes(self, owner: Owner, stamp: RequestStamp, failed_create: str | None = None) -> bool:
        """Tell whether a request of an owner is superseded.

        The Delete of a failed Create also supersedes the Updates that came under the id of that Create before.
        """
        if owner != self.owner:
            return False
        if failed_create in self.digests and stamp.issued_at <= self.at:
            return True
        return stamp.issued_at < self.issued_before or stamp.digest in self.digests
