"""How far a request has come: the goals that are left, the state of the first one, and the results of the others."""

from __future__ import annotations

from dataclasses import dataclass

from .actions import Attributes, Reached
from .goals import Goal
from .state import State


@dataclass(frozen=True, slots=True)
class Progress:
    """A request's progress.

    Attributes:
        goals: The goals that are left, in order.
        state: What the request remembers of its work on the first of them.
        attributes: What Fn::GetAtt gives; None where nothing has stabilized yet, or the stream was released.
        changes: How many Starts, Stops, CreateGrants and RevokeGrants were made for the goals that are reached.
        notes: What the person who reads the response should know.
    """

    goals: tuple[Goal, ...]
    state: State
    attributes: Attributes | None = None
    changes: int = 0
    notes: tuple[str, ...] = ()

    @classmethod
    def begin(cls, goals: tuple[Goal, ...], now: float) -> Progress:
        """Begin with nothing done yet."""
        return cls(goals, State(since=now))

    def with_reached(self, state: State, reached: Reached, now: float) -> Progress:
        """Go on to the next goal."""
        return Progress(
            goals=self.goals[1:],
            state=State(since=now),
            attributes=reached.attributes or self.attributes,
            changes=self.changes + state.changes,
            notes=(*self.notes, reached.note) if reached.note else self.notes,
        )

    @property
    def reason(self) -> str:
        """What the response says beside SUCCESS."""
        return " ".join(self.notes)

    @property
    def data(self) -> dict[str, str]:
        """What Fn::GetAtt gives; nothing where the stream was released."""
        if self.attributes is None:
            return {}
        stream, key, previous = self.attributes.stream, self.attributes.key, self.attributes.previous_key_id
        return {
            "StreamARN": stream.arn,
            "StreamName": stream.name,
            "EncryptionType": "KMS",
            "KeyId": stream.key_id or "",
            "KeyArn": key.identity,
            "PreviousEncryptionType": "KMS" if previous else "NONE",
            "PreviousKeyId": previous or "",
        }
