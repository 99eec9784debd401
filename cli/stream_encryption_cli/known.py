"""What is known of a request's properties before the deployment, made fit for the provider's own checks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from zlib import crc32

from .engine import InvalidProperties, KeyUnusable, OwnedByAnotherStack, stream_of
from .lines import Verdict
from .rehearsed import UNKNOWN_KEY, is_unknown
from .requests import CREATE, DELETE, UPDATE
from .template.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .lines import Line
    from .requests import Asked
    from .resources.template import MadeStream

_CLOUDFORMATIONS_OWN = ("ServiceToken", "ServiceTimeout")
_NAMES = ("StreamName", "StreamARN")
NO_STREAM = "a-stream-that-is-not-known-yet"
"""Stands for a stream that only the deployment tells."""


@dataclass(frozen=True, slots=True)
class ImaginedStream:
    """A stream that stands for one that is not there, or not known.

    Attributes:
        named: Its name in the rehearsal.
        key_id: Its key; None where it is not encrypted.
        look: It may be there: look before it is imagined.
    """

    named: str
    key_id: str | None = None
    look: bool = False


ANY_STREAM = ImaginedStream(NO_STREAM)


@dataclass(frozen=True, slots=True)
class Known:
    """A request's properties as the provider can check them.

    Attributes:
        properties: The known ones, and placeholders that are valid for a key and a stream that are unknown.
        untold: The unknown properties that the outcome depends on, by name.
        stream: The stream to be imagined, if any.
    """

    properties: Mapping[str, Any]
    untold: Mapping[str, Unknown] = field(default_factory=dict)
    stream: ImaginedStream | None = None

    def conclusive(self, error: str | None) -> bool:
        """Tell whether an error would come whatever the unknown properties turn out to be."""
        if error in (InvalidProperties.__name__, KeyUnusable.__name__):
            return True
        return self.stream is None and not (error == OwnedByAnotherStack.__name__ and "Takeover" in self.untold)


def properties(asked: Asked) -> Known:
    """Take what is known of a request's properties."""
    unknown = {name: one for name, one in asked.properties.items() if isinstance(one, Unknown)}
    untold = {name: one for name, one in unknown.items() if name not in (*_CLOUDFORMATIONS_OWN, "KeyId")}
    sent = sendable(asked.properties, asked.resource)
    imagined = None
    if asked.event in (CREATE, UPDATE):
        if asked.stream:
            untold = {name: one for name, one in untold.items() if name not in _NAMES}
            name = asked.stream.name or _not_named(asked.stream)
            imagined = ImaginedStream(name, asked.stream.key_id, look=asked.stream.name is not None)
            sent = {key: one for key, one in sent.items() if key not in _NAMES} | {"StreamName": name}
        elif not any(name in sent for name in _NAMES) and (asked.opened or any(name in unknown for name in _NAMES)):
            imagined = ANY_STREAM
            sent |= {"StreamName": NO_STREAM}
    if asked.opened and asked.event != DELETE:
        untold |= {"what else the resource has": asked.opened}
    return Known(sent, untold, imagined)


def sendable(given: Mapping[str, Any], resource: str) -> dict[str, Any]:
    """Leave unknown properties out; a key that is unknown is one that no stream has."""
    told = {name: one for name, one in given.items() if not isinstance(one, Unknown)}
    key = given.get("KeyId")
    return told | ({"KeyId": _placeholder(key, resource)} if isinstance(key, Unknown) else {})


def words(asked: Asked) -> dict[str, str]:
    """Give the expressions of the template that placeholders stand for."""
    keys = [one.get("KeyId") for one in (asked.properties, asked.old_properties)]
    found = {_placeholder(key, asked.resource): str(key) for key in keys if isinstance(key, Unknown)}
    if asked.stream and asked.stream.name is None:
        found[_not_named(asked.stream)] = f"!Ref {asked.stream.logical_id}"
    return found


def _placeholder(key: Unknown, resource: str) -> str:
    return f"{UNKNOWN_KEY}-{resource}-{crc32(str(key).encode()):x}"


def _not_named(stream: MadeStream) -> str:
    return f"{stream.logical_id}-not-named-yet"


def stream_name(asked: Asked) -> str | None:
    """Tell the name of the stream that a request is for; None where only the deployment tells it."""
    stream = stream_of(sendable(asked.properties, asked.resource))
    return stream.name if stream else None


def spelled(line: Line, words: Mapping[str, str]) -> Line:
    """Put the expressions of the template where placeholders stand."""

    def told(text: str) -> str:
        for placeholder, expression in words.items():
            text = text.replace(placeholder, expression)
        return text

    reason = line.reason
    if line.verdict is Verdict.UNKNOWN and is_unknown(line.key_id):
        reason = f"{reason}; no call is made if that is the key of {line.key_id}"
    steps = tuple(
        replace(step, reason=told(step.reason), key_id=told(step.key_id) if step.key_id else None)
        for step in line.steps
    )
    now = line.now and replace(line.now, key_id=told(line.now.key_id) if line.now.key_id else None)
    return replace(
        line,
        stream=told(line.stream) if line.stream else None,
        now=now,
        reason=told(reason),
        key_id=told(line.key_id) if line.key_id else None,
        steps=steps,
        notes=tuple(map(told, line.notes)),
    )


def notes(asked: Asked) -> list[str]:
    """Tell what the rest of the template means for a request."""
    if asked.opened:
        return [f"{asked.opened} may bring more properties: plan by a change set (--stack-name or --change-set)"]
    if not asked.stream or asked.stream.key_id is None:
        return []
    note = (
        f"{asked.stream.logical_id} has a StreamEncryption of its own in the same template, which CloudFormation sets, "
        "too: keep only one of the two"
    )
    return [note]
