"""The contract's tests of grants share this: a provider, its key's users, and what these may do at any time."""

from typing import Any

from tests.builders import STREAM_ARN, STREAM_NAME
from tests.provider import Provider

WRITER = "arn:aws:iam::123456789012:role/writer"
READER = "arn:aws:iam::210987654321:role/reader"
OTHER = "arn:aws:iam::123456789012:role/other"
CONTEXT = {"aws:kinesis:arn": STREAM_ARN}
DAY = 86_400.0

BOTH: dict[str, Any] = {"StreamName": STREAM_NAME, "KeyId": "alias/one", "Producers": [WRITER], "Consumers": [READER]}


def named(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Properties with others, or without those that are None."""
    return {name: value for name, value in {**properties, **more}.items() if value is not None}


def may_write(provider: Provider, principal: str = WRITER, alias: str = "alias/one") -> bool:
    """Whether a producer may use a key with the stream's encryption context now."""
    key = provider.kms.find(alias)
    assert key
    return provider.kms.may(principal, "GenerateDataKey", key, CONTEXT)


def may_read(provider: Provider, principal: str = READER, alias: str = "alias/one") -> bool:
    """Whether a consumer may use a key with the stream's encryption context now."""
    key = provider.kms.find(alias)
    assert key
    return provider.kms.may(principal, "Decrypt", key, CONTEXT)


def calls(provider: Provider, *names: str) -> list[str]:
    """The calls that took effect since the last time, of these names; of those that change something by default."""
    wanted = names or ("CreateGrant", "RevokeGrant", "StartStreamEncryption", "StopStreamEncryption")
    made = [call.name for call in provider.kms.calls.changes if call.name in wanted]
    provider.kms.calls.clear()
    return made


def recorded(provider: Provider) -> list[dict[str, Any]]:
    """The grants in the stream's record."""
    return list((provider.record_of() or {"grants": []})["grants"])


def unknown(provider: Provider) -> list[str]:
    """The ids of grants that nobody knows: made, not revoked, and not in the record."""
    item = provider.record_of() or {"grants": [], "pending": None}
    known = {(one["key"], one["principal"], one["direction"]) for one in item["grants"]}
    pending = item.get("pending")
    if pending and pending["grant"]:
        known.add((pending["grant"]["key"], pending["grant"]["principal"], pending["grant"]["direction"]))
    directions: dict[tuple[str, ...], str] = {("GenerateDataKey",): "Producer", ("Decrypt",): "Consumer"}
    return [
        one.grant_id
        for one in provider.kms.grants.all
        if (one.key, one.principal, directions[one.operations]) not in known
    ]
