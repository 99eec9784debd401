"""The order of an owner's requests: which of two is the newer one. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
