"""Grants put together: those of the record, and those that a request made or wants. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from stream_encryption.values import Grant


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
