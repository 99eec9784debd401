"""The decision for grants that nobody needs any more: wait, revoke the next one, or end. Pure.

A grant is due when nobody wants it and no record can need it: by the watch's word, and by the rules of a request.
"""

from __future__ import annotations

from stream_encryption.record.changes import without_intent
from stream_encryption.values import Stream, StreamStatus

from .actions import Action, Code, Reached
from .goals import RevokeDue
from .granting import revocable_grant, without_unwanted
from .observation import Observation
from .situation import Situation, wait_for_calls_in_flight
from .state import State


def decide_revoke_due(goal: RevokeDue, seen: Observation, state: State, now: float) -> Action:
    """Choose the next action for grants that are due."""
    stream = seen.stream
    if stream is None or stream.status is StreamStatus.DELETING:
        stream = Stream.gone(seen.record.stream)
    situation = Situation(goal, stream, seen, state, now)
    record = situation.record_with_current_key
    revokes = revocable_grant(situation, record)
    if revokes:
        return wait_for_calls_in_flight(situation) or revokes
    left = without_unwanted(situation, record)
    if left.grants == record.grants:
        return Reached(Code.LEFT_ALONE, "no grant is due")
    return wait_for_calls_in_flight(situation) or Reached(
        Code.REVOKED, "the grants that were due are revoked", without_intent(left)
    )
