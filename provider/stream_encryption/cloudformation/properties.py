"""The template's properties, from raw strings to values: all valid, or every fault at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from stream_encryption.errors import InvalidProperties
from stream_encryption.reconcile.goals import DEFAULT_KEY_ID, Access, Properties
from stream_encryption.values import AWS_MANAGED_ALIAS, OnDelete, OnDrift, Place, StreamRef

from .principals import principals
from .property_faults import kind, shown, unknown

CLOUDFORMATIONS_OWN = ("ServiceToken", "ServiceTimeout")

MAX_SETTLE_SECONDS = 60
MAX_GRANT_SECONDS = 900
MAX_KEY_ID = 2048

_STREAM_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
_STREAM_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):kinesis:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12})"
    r":stream/(?P<name>[a-zA-Z0-9_.-]{1,128})"
)
_KMS_ARN = re.compile(
    r"arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):[0-9]{12}:(?:key/[a-zA-Z0-9-]+|alias/[a-zA-Z0-9/_-]+)"
)
_KEY_NAME = re.compile(r"alias/[a-zA-Z0-9/_-]+|[a-zA-Z0-9-]+")


def parse(raw: Mapping[str, Any], place: Place, *, allow_grants: bool = True) -> Properties:
    """Check what a template says.

    Args:
        raw: ResourceProperties, as CloudFormation sends them: every scalar is a string.
        place: The stack's account and region, where the stream has to be.
        allow_grants: Whether the provider may make grants, as its stack's AllowGrants says.

    Returns:
        The properties, each with its default where the template leaves it out.

    Raises:
        InvalidProperties: Something is wrong; it lists all that is.
    """
    faults, values = unknown(raw, KNOWN, CLOUDFORMATIONS_OWN), dict[str, Any]()
    for name, read in _READERS.items():
        if name not in raw:
            continue
        value: Any = raw[name]
        if not isinstance(value, str) and name not in _LISTS:
            faults.append(f"{name} must be a string, not {kind(value)}")
            continue
        try:
            values[name] = read(value, place)
        except ValueError as fault:
            faults.append(f"{name} {fault}")
    if "StreamName" not in raw and "StreamARN" not in raw:
        faults.append("StreamName or StreamARN is required, to say which stream")
    by_name, by_arn = values.get("StreamName"), values.get("StreamARN")
    if by_name and by_arn and by_arn.name != by_name:
        faults.append(f"StreamName {by_name!r} and StreamARN {by_arn.arn!r} name different streams")
    faults += _of_grants(values, allow_grants=allow_grants)
    if faults:
        raise InvalidProperties(faults)
    given = {field: values[name] for name, field in _FIELDS.items() if name in values}
    access = Access(**{field: values[name] for name, field in _ACCESS_FIELDS.items() if name in values})
    return Properties(by_arn or StreamRef(str(by_name)), access=access, **given)


def _of_grants(values: Mapping[str, Any], *, allow_grants: bool) -> Iterator[str]:
    if not any(values.get(name) for name in _LISTS):
        return
    if not allow_grants:
        yield "Producers and Consumers need the provider stack's parameter AllowGrants to be true"
    if AWS_MANAGED_ALIAS.fullmatch(values.get("KeyId", DEFAULT_KEY_ID)):
        yield "Producers and Consumers need a customer managed KeyId: KMS makes no grants on an AWS managed key"


def stream_of(raw: Any) -> StreamRef | None:  # noqa: ANN401
    """Read the stream that raw properties name, valid or not: the first of StreamARN and StreamName that can be read.

    A Delete or a rollback never fails on properties, so this reads old and wrong ones too.
    """
    raw = raw if isinstance(raw, dict) else {}
    by_arn = stream_of_arn(raw.get("StreamARN"))
    name = raw.get("StreamName")
    if by_arn is None and isinstance(name, str) and _STREAM_NAME.fullmatch(name):
        return StreamRef(name)
    return by_arn


def stream_of_arn(arn: Any) -> StreamRef | None:  # noqa: ANN401
    """Read the stream that an ARN names (a PhysicalResourceId, say); None if it is no stream's ARN."""
    match = _STREAM_ARN.fullmatch(arn) if isinstance(arn, str) else None
    return StreamRef(match["name"], match[0]) if match else None


def key_id_of(raw: Any) -> str | None:  # noqa: ANN401
    """Read the KeyId of raw properties; None where no stream can have been given it.

    That is where it can't be a key's, or where the properties name no stream.
    """
    if stream_of(raw) is None:
        return None
    key_id = raw.get("KeyId", DEFAULT_KEY_ID)
    return key_id if isinstance(key_id, str) and 1 <= len(key_id) <= MAX_KEY_ID else None


def on_delete_of(raw: Any) -> OnDelete:  # noqa: ANN401
    """Read the OnDelete of raw properties; Restore where they have none that exists."""
    value = raw.get("OnDelete") if isinstance(raw, dict) else None
    return OnDelete(value) if isinstance(value, str) and value in list(OnDelete) else OnDelete.RESTORE


def _stream_name(value: str, _place: Place) -> str:
    if not _STREAM_NAME.fullmatch(value):
        raise ValueError(f"{shown(value)} ({len(value)} characters) is no stream's name: 1 to 128 of a-z A-Z 0-9 _ . -")
    return value


def _stream_arn(value: str, place: Place) -> StreamRef:
    match = _STREAM_ARN.fullmatch(value)
    if not match:
        raise ValueError(f"{shown(value)} is no stream's ARN: arn:<partition>:kinesis:<region>:<account>:stream/<name>")
    if (match["region"], match["account"]) != (place.region, place.account):
        raise ValueError(
            f"{shown(value)} is in account {match['account']}, region {match['region']}, and this stack in account "
            f"{place.account}, region {place.region}: only streams of the stack's own account and region are "
            "supported; deploy the provider and the resource there"
        )
    return StreamRef(match["name"], value)


def _encryption_type(value: str, _place: Place) -> None:
    if value != "KMS":
        hint = ", in capitals" if value.upper() == "KMS" else ""
        if value.upper() == "NONE":
            hint = "; to end encryption, remove the resource"
        raise ValueError(f"{shown(value)} is not valid: the only value is 'KMS'{hint}")


def _key_id(value: str, place: Place) -> str:
    if not 1 <= len(value) <= MAX_KEY_ID:
        raise ValueError(f"has {len(value)} characters: 1 to {MAX_KEY_ID} are allowed")
    if value.startswith("arn:"):
        match = _KMS_ARN.fullmatch(value)
        if not match:
            raise ValueError(f"{shown(value)} is not the ARN of a KMS key or alias")
        if match["region"] != place.region:
            raise ValueError(
                f"{shown(value)} is in region {match['region']}: the key must be in the stream's, {place.region}"
            )
    elif not _KEY_NAME.fullmatch(value):
        hint = f": aliases begin with 'alias/', so write 'alias/{value}'" if "/" in value else ""
        raise ValueError(f"{shown(value)} is no key's GUID or ARN, nor an alias' name or ARN{hint}")
    return value


def _one_of(choices: type[StrEnum], value: str) -> StrEnum:
    try:
        return choices(value)
    except ValueError:
        raise ValueError(f"{shown(value)} is not one of {', '.join(choices)}") from None


def _seconds(value: str, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", value) or int(value) > most:
        raise ValueError(f"{shown(value)} is not a whole number from 0 to {most}")
    return int(value)


def _true_or_false(value: str, _place: Place) -> bool:
    if value not in ("true", "false"):
        raise ValueError(f"{shown(value)} is neither 'true' nor 'false'")
    return value == "true"


_READERS: Mapping[str, Callable[[str, Place], Any]] = {
    "StreamName": _stream_name,
    "StreamARN": _stream_arn,
    "KeyId": _key_id,
    "EncryptionType": _encryption_type,
    "OnDelete": lambda value, _place: _one_of(OnDelete, value),
    "OnDrift": lambda value, _place: _one_of(OnDrift, value),
    "Producers": lambda value, _place: principals(value),
    "Consumers": lambda value, _place: principals(value),
    "GrantSeconds": lambda value, _place: _seconds(value, MAX_GRANT_SECONDS),
    "SettleSeconds": lambda value, _place: _seconds(value, MAX_SETTLE_SECONDS),
    "Verify": _true_or_false,
    "Takeover": _true_or_false,
}
_LISTS = ("Producers", "Consumers")
_ACCESS_FIELDS = {"Producers": "producers", "Consumers": "consumers", "GrantSeconds": "grant_seconds"}
_FIELDS = {
    "KeyId": "key_id",
    "OnDelete": "on_delete",
    "OnDrift": "on_drift",
    "SettleSeconds": "settle_seconds",
    "Verify": "verify",
    "Takeover": "takeover",
}

KNOWN = tuple(_READERS)
"""The properties that a template's author may set."""
