"""Drift of a resource whose wanted key the template does not tell: by the record, which knows what it wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .engine import judge, look_of, stream_of_arn
from .reader import KeyReader, NotSeen

if TYPE_CHECKING:
    from .requests import Asked
    from .sources import Sources


def drift_by_record(asked: Asked, stack_id: str, sources: Sources, now: float) -> str | None:
    """Tell what the watch would find now; None where it would find nothing, or nobody can tell.

    Args:
        asked: The resource, of which nothing is asked.
        stack_id: Its stack.
        sources: Where to look.
        now: The time, in epoch seconds.
    """
    ref = stream_of_arn(asked.physical_id)
    if ref is None or ref.arn is None:
        return None
    try:
        record = sources.records.read(ref.arn)
        claim = record.in_force
        if claim is None or (claim.owner.stack_id, claim.owner.logical_id) != (stack_id, asked.resource):
            return None
        look = look_of(record, sources.streams.describe(ref), KeyReader(lambda: sources.kms), now)
    except NotSeen:
        return None
    return "; ".join(one.detail for one in judge(record, look) or ()) or None
