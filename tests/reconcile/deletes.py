"""The decision for a Delete, and the looks that it is decided upon."""

from typing import Any

from stream_encryption.reconcile.actions import Action, Reached
from stream_encryption.reconcile.observation import Observation
from stream_encryption.reconcile.release import decide_release
from stream_encryption.reconcile.state import Stability, State
from stream_encryption.record.requests import Latest
from stream_encryption.record.values import Record
from tests.values import (
    NOW,
    ONE,
    SECOND,
    record,
    release,
    seen,
    started,
    state,
    stream,
    told,
)

READY = Stability(stale_counted_from=NOW - 9, believed_since=NOW - 9, reached_at=NOW)
DELETE = Latest(SECOND + 1, ("delete",))


def decide(observed: Observation, known: State | None = None, now: float = NOW, **goal: Any) -> Action:
    """The decision for a Delete of the second after the Create."""
    return told(decide_release(release(**goal), observed, known or state(), now))


def ours(*claims: Any, **more: Any) -> Record:
    """The record of a stream that has key one by a Start of the provider."""
    return record(*claims, **{"key": started(ONE), "started": True, **more})


def encrypted(known: Record, **more: Any) -> Observation:
    """A look at the stream, which has key one."""
    return seen(stream(ONE), known, **{"current": ONE, **more})


def reached(action: Action) -> Reached:
    """The action, which ends the Delete."""
    assert isinstance(action, Reached), action
    return action


def written(action: Action) -> Record:
    """The record that the end of the Delete writes."""
    result = reached(action).record
    assert result
    return result
