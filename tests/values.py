"""Values that the tests of the record and of the decision begin from: a stream, four keys, three owners."""

from dataclasses import fields, replace
from typing import Any, TypeVar

from stream_encryption.errors import ProviderError
from stream_encryption.reconcile.actions import Action, Decided, Failed, GiveUp
from stream_encryption.reconcile.goals import Ensure, Mend, Properties, Release
from stream_encryption.reconcile.observation import Observation
from stream_encryption.reconcile.state import OwnCall, State
from stream_encryption.record.changes import INTENT_SECONDS, PlannedCall
from stream_encryption.record.requests import Latest, RequestStamp
from stream_encryption.record.values import Change, Claim, Intent, Record, RecordedKey
from stream_encryption.values import Key, OnDelete, Owner, Stream, StreamRef, StreamStatus
from tests.builders import LOGICAL_ID, STACK_ID, STREAM_ARN, STREAM_NAME

SECOND = 1_767_225_600
"""The second in which the requests of these tests are issued unless they say otherwise, in epoch seconds."""
NOW = SECOND + 10.0
CREATED = SECOND - 86_400

REF = StreamRef(STREAM_NAME)
STREAM = Stream(STREAM_NAME, STREAM_ARN, StreamStatus.ACTIVE, None, CREATED)

ME = Owner(STACK_ID, LOGICAL_ID)
RENAMED = Owner(STACK_ID, "Renamed")
THEY = Owner(STACK_ID.replace("platform-encryption", "another-stack"), "Theirs")


def arn(name: str) -> str:
    """Spell the ARN of the key that an alias of the tests stands for."""
    return f"arn:aws:kms:us-east-1:123456789012:key/{name}"


ONE, TWO, THREE = (Key(f"alias/{name}", arn(name)) for name in ("one", "two", "three"))


def stamp(digest: str = "mine", second: int = SECOND) -> RequestStamp:
    """One request."""
    return RequestStamp(second, digest)


def recorded(key: Key) -> RecordedKey:
    """A key as the record keeps it."""
    return RecordedKey(key.key_id, key.identity)


def started(key: Key) -> RecordedKey:
    """A key as an intent names it: by the KeyId that it is started with."""
    return RecordedKey(key.start_key_id, key.identity)


def stream(key: Key | None = None, status: StreamStatus = StreamStatus.ACTIVE) -> Stream:
    """The stream, encrypted with a key, or not."""
    return replace(STREAM, key_id=key.start_key_id if key else None, status=status)


def claim(owner: Owner = ME, wanted: Key = ONE, found: Key | None = None, **more: Any) -> Claim:
    """A claim of one owner; by default it was made by the request `mine`."""
    fields: dict[str, Any] = {"on_delete": OnDelete.RESTORE, "latest": Latest(SECOND, ("mine",)), **more}
    return Claim(owner, recorded(found) if found else None, recorded(wanted), **fields)


def record(*claims: Claim, **more: Any) -> Record:
    """The stream's record, which has been written three times."""
    return Record(STREAM_ARN, **{"version": 3, "incarnation": CREATED, "claims": claims, **more})


def start_intent(key: Key = ONE, request: RequestStamp | None = None) -> PlannedCall:
    """The intent to start the encryption with a key."""
    return PlannedCall(Change.START, started(key), request or stamp())


def stop_intent(key: Key = ONE) -> PlannedCall:
    """The intent to stop the encryption."""
    return PlannedCall(Change.STOP, recorded(key), stamp())


def pending(intent: PlannedCall, name: str = "intent-1", at: float = NOW) -> Intent:
    """An intent as the record keeps it."""
    return Intent(intent.change, intent.key, intent.request.digest, name, at, at + INTENT_SECONDS)


def call(intent: PlannedCall, name: str = "intent-1", at: float = NOW, **more: Any) -> OwnCall:
    """A change that this request has announced, and not made unless `called_at` says so."""
    return OwnCall(intent.change, intent.key, name, at, **more)


def state(**more: Any) -> State:
    """The state of a request that began just now."""
    return State(**{"since": NOW, **more})


def ensure(**more: Any) -> Ensure:
    """A Create or Update that wants key one."""
    names = {field.name for field in fields(Properties)}
    properties = {name: value for name, value in more.items() if name in names}
    goal = {name: value for name, value in more.items() if name not in names}
    wanted = Properties(**{"stream": REF, "key_id": ONE.key_id, **properties})
    return Ensure(wanted, **{"owner": ME, "stamp": stamp(), **goal})


def release(**more: Any) -> Release:
    """A Delete, of the second after the Create."""
    return Release(**{"stream": REF, "owner": ME, "stamp": stamp("delete", SECOND + 1), **more})


def mend(**more: Any) -> Mend:
    """A mend of the watch, for the claim that the request `mine` has made."""
    return Mend(**{"stream": REF, "owner": ME, "stamp": stamp(), **more})


DecidedT = TypeVar("DecidedT", bound=Decided | Failed)


def told(action: DecidedT) -> DecidedT:
    """An action, which says why in words: no test goes by the words themselves."""
    assert isinstance(action.reason, str)
    assert len(action.reason) > len("no reason")
    assert "None" not in action.reason
    return action


def by_itself(decided: Action | GiveUp) -> Action:
    """An action after a refusal, for which the record does not matter; it says why in words."""
    assert not isinstance(decided, GiveUp), decided
    return told(decided)


def failure(action: Action) -> ProviderError:
    """The error of an action that failed."""
    assert isinstance(action, Failed), action
    return action.error


def error(action: Action) -> type[ProviderError]:
    """The kind of the error of an action that failed."""
    return type(failure(action))


def seen(of: Stream | None, known: Record | None = None, **more: Any) -> Observation:
    """A look at the stream, just now."""
    return Observation(**{"now": NOW, "stream": of, "record": record() if known is None else known, **more})
