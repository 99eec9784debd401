"""The record as a DynamoDB item that a person can read, to and from values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from stream_encryption.values import OnDelete, Owner

from .changes import expires
from .values import Change, Claim, Departed, Latest, Pending, Record, RecordedKey

if TYPE_CHECKING:
    from collections.abc import Mapping

_serialize, _deserialize = TypeSerializer().serialize, TypeDeserializer().deserialize
_NOT_ENCRYPTED = "NONE"


def to_item(record: Record) -> dict[str, Any]:
    """Write the record as an item of DynamoDB's typed values.

    `key` is `NONE` where the stream is not encrypted. Times are ISO 8601 in UTC; `expires` is in epoch seconds,
    as the table's TTL wants it.
    """
    plain = {
        "stream": record.stream_arn,
        "version": record.version,
        "incarnation": _time(record.incarnation),
        "claims": [_claim(claim) for claim in record.claims],
        "departed": [_departed(one) for one in record.departed],
        "pending": _pending(record.pending) if record.pending else None,
        "key": _key(record.key),
        "started": record.started,
        "changed_at": _time(record.changed_at),
        "expires": expires(record),
    }
    return {name: _serialize(value) for name, value in plain.items() if value is not None}


def from_item(item: Mapping[str, Any]) -> Record:
    """Read the record from an item.

    Raises:
        KeyError, TypeError, ValueError: The provider did not write the item.
    """
    plain = {name: _deserialize(value) for name, value in item.items()}
    pending = plain.get("pending")
    return Record(
        stream_arn=plain["stream"],
        version=int(plain["version"]),
        incarnation=int(_seconds(plain["incarnation"])),
        claims=tuple(_to_claim(claim) for claim in plain["claims"]),
        departed=tuple(_to_departed(one) for one in plain["departed"]),
        pending=_to_pending(pending) if pending else None,
        key=_to_key(plain["key"]),
        started=plain["started"],
        changed_at=_seconds(plain["changed_at"]),
    )


def _claim(claim: Claim) -> dict[str, Any]:
    written = {
        **_owner(claim.owner),
        "found": _key(claim.found),
        "wanted": _key(claim.wanted),
        "on_delete": str(claim.on_delete),
        "latest": _latest(claim.latest),
        "creates": list(claim.creates),
        "settled": claim.settled,
    }
    return {**written, "releasing": _latest(claim.releasing)} if claim.releasing else written


def _to_claim(plain: Mapping[str, Any]) -> Claim:
    wanted = _to_key(plain["wanted"])
    if wanted is None:
        raise ValueError("a claim wants a key")
    return Claim(
        owner=_to_owner(plain),
        found=_to_key(plain["found"]),
        wanted=wanted,
        on_delete=OnDelete(plain["on_delete"]),
        latest=_to_latest(plain["latest"]),
        creates=tuple(plain["creates"]),
        settled=plain["settled"],
        releasing=_to_latest(plain["releasing"]) if "releasing" in plain else None,
    )


def _departed(one: Departed) -> dict[str, Any]:
    return {
        **_owner(one.owner),
        "at": _time(one.at),
        "before": _time(one.before),
        "digests": list(one.digests),
    }


def _to_departed(plain: Mapping[str, Any]) -> Departed:
    before = int(_seconds(plain["before"]))
    return Departed(_to_owner(plain), _seconds(plain["at"]), before, tuple(plain["digests"]))


def _pending(pending: Pending) -> dict[str, Any]:
    return {
        "change": str(pending.change),
        "key": _key(pending.key),
        "request": pending.request,
        "intent": pending.intent,
        "written_at": _time(pending.written_at),
        "until": _time(pending.until),
    }


def _to_pending(plain: Mapping[str, Any]) -> Pending:
    key = _to_key(plain["key"])
    if key is None:
        raise ValueError("an intent names a key")
    return Pending(
        change=Change(plain["change"]),
        key=key,
        request=plain["request"],
        intent=plain["intent"],
        written_at=_seconds(plain["written_at"]),
        until=_seconds(plain["until"]),
    )


def _owner(owner: Owner) -> dict[str, str]:
    return {"stack": owner.stack_id, "resource": owner.logical_id}


def _to_owner(plain: Mapping[str, Any]) -> Owner:
    return Owner(plain["stack"], plain["resource"])


def _latest(latest: Latest) -> dict[str, Any]:
    return {"issued_at": _time(latest.issued_at), "digests": list(latest.digests)}


def _to_latest(plain: Mapping[str, Any]) -> Latest:
    return Latest(int(_seconds(plain["issued_at"])), tuple(plain["digests"]))


def _key(key: RecordedKey | None) -> dict[str, str] | str:
    return {"key_id": key.key_id, "arn": key.arn} if key else _NOT_ENCRYPTED


def _to_key(plain: Any) -> RecordedKey | None:  # noqa: ANN401 (a map, or NONE)
    return None if plain == _NOT_ENCRYPTED else RecordedKey(plain["key_id"], plain["arn"])


def _time(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="milliseconds")


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
