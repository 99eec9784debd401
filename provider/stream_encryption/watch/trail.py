"""CloudTrail's events on the event bus: which calls by others the watch looks into.

Source: Amazon EventBridge User Guide, "AWS service events delivered via AWS CloudTrail"; AWS CloudTrail User Guide,
"CloudTrail record contents".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .cause import EXPLAINS, Cause

_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
"""The partitions other than `aws`, by the beginning of their regions' names."""

_GIVEN_KEYS = {"StartStreamEncryption": "keyId", "UpdateAlias": "targetKeyId"}
"""The calls that give a key to a stream or an alias, and the parameter that names it."""

DETAIL_TYPE = "AWS API Call via CloudTrail"


@dataclass(frozen=True, slots=True)
class Trailed:
    """A call by others.

    Attributes:
        cause: Who made it, when, and what it explains.
        stream: The ARN of the stream that it was for; None where it was for a key.
        keys: The ids, ARNs and aliases of the keys that it was for.
    """

    cause: Cause
    stream: str | None
    keys: frozenset[str] = frozenset()


def read(event: Mapping[str, Any], own_role: str) -> Trailed | None:
    """Read an event of the bus.

    Args:
        event: The event.
        own_role: The ARN of the provider's role, whose own calls are no drift.

    Returns:
        The call; None where it failed, is the provider's own, names no stream and no key, or is none that the watch
        looks into.
    """
    call = event["detail"]
    name = call.get("eventName", "")
    identity, asked = call.get("userIdentity") or {}, call.get("requestParameters") or {}
    if name not in EXPLAINS or call.get("errorCode") or _role_of(identity) == own_role:
        return None
    by = identity.get("arn") or identity.get("invokedBy") or identity.get("principalId") or ""
    key = asked.get(_GIVEN_KEYS.get(name, "")) or ""
    cause = Cause(name, by, datetime.fromisoformat(call["eventTime"]).timestamp(), key)
    if call.get("eventSource") == "kinesis.amazonaws.com":
        stream = _stream_of(event, asked)
        return Trailed(cause, stream) if stream else None
    named = (asked.get(name) for name in ("keyId", "aliasName"))
    resources = (one.get("ARN") for one in call.get("resources") or ())
    keys = frozenset(one for one in (*named, *resources) if one)
    return Trailed(cause, None, keys) if keys else None


def _role_of(identity: Mapping[str, Any]) -> str:
    """The ARN of the role that made the call; empty where no role did."""
    issuer = (identity.get("sessionContext") or {}).get("sessionIssuer") or {}
    return str(issuer.get("arn", ""))


def _stream_of(event: Mapping[str, Any], asked: Mapping[str, Any]) -> str | None:
    if asked.get("streamARN"):
        return str(asked["streamARN"])
    name, region = asked.get("streamName"), event["region"]
    partition = next((of for start, of in _PARTITIONS.items() if region.startswith(start)), "aws")
    return f"arn:{partition}:kinesis:{region}:{event['account']}:stream/{name}" if name else None
