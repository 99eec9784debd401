"""The history of a world's streams: which changes took effect, and which resources were told to have a stream."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.cloudformation import Request


@dataclass(frozen=True, slots=True)
class Effect:
    """A change of a stream's encryption that took effect.

    Attributes:
        at: When.
        stream: The stream's name.
        request: The request that made it; None: other people did.
        key: The ARN of the stream's key afterwards; None: not encrypted.
        again: The stream had that key already.
    """

    at: float
    stream: str
    request: Request | None
    key: str | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """A stream that a resource was told to have: SUCCESS is the last that CloudFormation heard of it.

    Attributes:
        stream: The stream's name.
        request: The request that succeeded.
        physical_id: The PhysicalResourceId of the response.
        keys: The ARNs of the keys that the request's KeyId has meant while it was at work.
        since: When the last write to the table took effect, after which SUCCESS was sent.
        looked: When the function looked at the stream before that write.
    """

    stream: str
    request: Request
    physical_id: str
    keys: set[str | None]
    since: float
    looked: float


class History:
    """All effects and holdings of a world."""

    def __init__(self) -> None:
        """Start with none."""
        self.effects: list[Effect] = []
        self._holdings: list[Holding] = []
        self._created_at: dict[str, float] = defaultdict(float)

    def created_anew(self, stream: str, now: float) -> None:
        """Note that the stream was created again: nobody holds the new one."""
        self._created_at[stream] = now
        self._holdings = [one for one in self._holdings if one.stream != stream]

    def effects_on(self, stream: str) -> list[Effect]:
        """Return the changes of the stream since it was created."""
        return [one for one in self.effects if one.stream == stream and one.at >= self._created_at[stream]]

    def hold(self, holding: Holding) -> None:
        """Note that a resource has a stream; a late response about a stream that was deleted since means nothing."""
        owner, stream = holding.request.owner, holding.stream
        if holding.since < self._created_at[stream]:
            return
        self._holdings = [one for one in self._holdings if (one.request.owner, one.stream) != (owner, stream)]
        self._holdings.append(holding)
        self._holdings.sort(key=lambda one: one.since)

    def deleted(self, request: Request) -> None:
        """Note that CloudFormation sent a Delete: the resource gives back what it has under that id.

        An id that CloudFormation invented stands for a Create that it never heard of. The id of a Create that failed
        stands for nothing that the resource was told to have.
        """
        arn, failed = request.physical_id.startswith("arn:"), request.physical_id.startswith("failed-create:")
        stream = request.physical_id.rpartition("/")[2] if arn else request.stream
        if not failed:
            self._holdings = [
                one for one in self._holdings if (one.request.owner, one.stream) != (request.owner, stream)
            ]

    def holder(self, stream: str) -> Holding | None:
        """Return the holding that is in force on a stream."""
        return next(reversed(self.holders(stream)), None)

    def holders(self, stream: str) -> list[Holding]:
        """Return all holdings on a stream, the oldest first."""
        return [one for one in self._holdings if one.stream == stream]

    def may_take(self, request: Request, held: Holding) -> bool:
        """Tell whether a request may have a stream that a resource holds.

        It is of the same stack, or takes over, or is of a resource whose failed and kept request took the stream over.
        """
        if request.stack is held.request.stack or request.takes_over:
            return True
        made = [one.request for one in self.effects_on(held.stream) if one.at >= held.since]
        return any(one and one.takes_over and one.owner == request.owner for one in made)
