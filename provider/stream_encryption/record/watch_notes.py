"""What the watch remembers of a stream, as a part of the stream's record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """A finding of the watch that was told to the operators, and is not over yet.

    Attributes:
        code: The finding's code.
        cause: Tells one finding of a code from the next: the other key's ARN, say.
        since: When the watch saw it first, in epoch seconds.
        by: The ARN of the person or role that made the change, as CloudTrail says; empty where it is not known.
        detail: Its sentence.
    """

    code: str
    cause: str
    since: float
    by: str
    detail: str


@dataclass(frozen=True, slots=True)
class WatchNotes:
    """What the watch remembers of a stream.

    Attributes:
        told: The findings that were told, and are not over yet.
        mends: When the mends of the last 24 hours began that announced a Start, in epoch seconds.
    """

    told: tuple[Told, ...] = ()
    mends: tuple[float, ...] = ()


NO_NOTES = WatchNotes()
"""The watch has nothing to remember."""
