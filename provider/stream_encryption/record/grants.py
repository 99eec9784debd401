"""The grants that the provider made on keys, for producers and consumers of one stream. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from stream_encryption.values import Owner

if TYPE_CHECKING:
    from collections.abc import Iterable


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
        owners: The resources that want it.
        grant_id: KMS' name for it; None where CreateGrant was announced, and nobody has heard the result.
        made_at: When CreateGrant was called, in epoch seconds; 0 where nobody knows.
        revoke_at: When it is to be revoked, once no owner is left, in epoch seconds; None: never.
    """

    key: str
    principal: str
    direction: Direction
    owners: tuple[Owner, ...] = ()
    grant_id: str | None = None
    made_at: float = 0.0
    revoke_at: float | None = None

    @property
    def identity(self) -> tuple[str, str, Direction]:
        """What tells it from the stream's other grants."""
        return self.key, self.principal, self.direction

    def name(self, stream_arn: str) -> str:
        """The Name for CreateGrant: with the same name KMS returns the same grant instead of a second one."""
        digest = hashlib.sha256(f"{stream_arn}\n{self.principal}\n{self.direction}".encode()).hexdigest()
        return f"kinesis-stream-encryption-{digest[:32]}"

    def is_due(self, now: float) -> bool:
        """Tell whether no owner is left, and its time is over."""
        return not self.owners and self.revoke_at is not None and self.revoke_at <= now


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
    return replace(known, owners=owners, grant_id=newer.grant_id, made_at=newer.made_at, revoke_at=None)
