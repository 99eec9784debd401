"""Grants for producers and consumers: what tells one from another, when it ends, and how two are put together. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from .values import Owner

HOUR = 3600.0


class Direction(StrEnum):
    """What a principal does with the stream, and so with its key."""

    PRODUCER = "Producer"
    CONSUMER = "Consumer"


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant on a key. One grant serves all owners that want it.

    Attributes:
        key: The key's ARN.
        principal: The ARN of the role or user.
        direction: Producers may use GenerateDataKey, consumers Decrypt, both with the stream's encryption context.
        owners: The resources that want it. A Delete that leaves the stream its key leaves the key's grants, ownerless.
        grant_id: KMS' name for it; None where no response has told it.
        made_at: When CreateGrant was called, in epoch seconds; 0 where it may not exist: CreateGrant or RevokeGrant was
            announced, and its response is not known.
        ended_at: Since when nobody wants it any more, in epoch seconds; None while it is of use.
    """

    key: str
    principal: str
    direction: Direction
    owners: tuple[Owner, ...] = ()
    grant_id: str | None = None
    made_at: float = 0.0
    ended_at: float | None = None

    @property
    def identity(self) -> tuple[str, str, Direction]:
        """What tells it from the stream's other grants."""
        return self.key, self.principal, self.direction

    def name(self, stream_arn: str) -> str:
        """The Name for CreateGrant: with the same name KMS returns the same grant instead of a second one."""
        digest = hashlib.sha256(f"{stream_arn}\n{self.principal}\n{self.direction}".encode()).hexdigest()
        return f"kinesis-stream-encryption-{digest[:32]}"

    def revoke_at(self, retention_hours: int) -> float | None:
        """When it can be revoked, in epoch seconds; None while it is of use.

        A producer's at once. A consumer's when no record that was put before can be left in the stream.
        """
        if self.owners or self.ended_at is None:
            return None
        return self.ended_at + (retention_hours * HOUR if self.direction is Direction.CONSUMER else 0.0)


def merged(grants: Iterable[Grant], more: Iterable[Grant]) -> tuple[Grant, ...]:
    """Add grants. Of one that is there already the owners are joined, and what is known of it is kept."""
    found = {grant.identity: grant for grant in grants}
    for grant in more:
        known = found.get(grant.identity)
        found[grant.identity] = _joined(known, grant) if known else grant
    return tuple(found.values())


def _joined(known: Grant, grant: Grant) -> Grant:
    owners = tuple(dict.fromkeys((*known.owners, *grant.owners)))
    newer = grant if grant.grant_id else known
    ended_at = None if owners else newer.ended_at
    return replace(known, owners=owners, grant_id=newer.grant_id, made_at=newer.made_at, ended_at=ended_at)
