"""A request of CloudFormation: the goals that it means, the time that it leaves, and the id that it is answered with.

Source: AWS CloudFormation User Guide, "Custom resource request and response reference".
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from .errors import InvalidProperties, InvalidRequest
from .model import Ensure, Owner, Release, StreamRef
from .properties import key_id_of, on_delete_of, parse, stream_of, stream_of_arn
from .times import epoch_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .converge import Progress
    from .model import Goal

REQUEST_TYPES = ("Create", "Update", "Delete")
MARKER = "failed-create:"
"""How the PhysicalResourceId of a Create that failed begins."""

SERVICE_TIMEOUT_SECONDS = 3600
"""How long CloudFormation waits for an answer unless ServiceTimeout says less, in seconds; also the most."""
URL_SECONDS = 7200
"""How long a ResponseURL is valid, in seconds."""
MARGIN_SECONDS = 20.0
"""What is kept back at the end to bring the answer home, in seconds: a quarter where there is little time."""

_STACK_ID = re.compile(
    r"arn:aws[a-z-]*:cloudformation:[a-z0-9-]+:[0-9]{12}:stack/[a-zA-Z][a-zA-Z0-9-]{0,127}/[a-zA-Z0-9-]{1,64}"
)
# It is written on the stream: what the value of a tag can hold (API reference of AddTagsToStream).
_LOGICAL_ID = re.compile(r"[\w.:/=+@-]{1,255}")
_AMZ_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")


@dataclass(frozen=True, slots=True)
class Request:
    """One request, without its ResponseURL, which is a secret and the protocol's business alone."""

    type: str
    owner: Owner
    issued_at: float
    physical_id: str | None
    properties: Mapping[str, Any] = field(repr=False)
    old_properties: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, event: Mapping[str, Any], now: float) -> Request:
        """Read a request from CloudFormation's event.

        Raises:
            InvalidRequest: It is not one that the protocol knows.
        """
        stack_id, logical_id = event.get("StackId"), event.get("LogicalResourceId")
        request_type = event.get("RequestType")
        if request_type not in REQUEST_TYPES:
            raise InvalidRequest(f"RequestType {request_type!r} is not one of {', '.join(REQUEST_TYPES)}.")
        if not isinstance(stack_id, str) or not _STACK_ID.fullmatch(stack_id):
            raise InvalidRequest(f"StackId {stack_id!r} is not the ARN of a stack.")
        if not isinstance(logical_id, str) or not _LOGICAL_ID.fullmatch(logical_id):
            raise InvalidRequest(f"LogicalResourceId {logical_id!r} is not the name of a resource in a template.")
        if not event.get("RequestId") or not isinstance(event["RequestId"], str):
            raise InvalidRequest("The request has no RequestId.")
        properties, old = event.get("ResourceProperties"), event.get("OldResourceProperties")
        physical_id = event.get("PhysicalResourceId")
        physical_id = physical_id if isinstance(physical_id, str) else None
        if request_type != "Create" and not physical_id:
            raise InvalidRequest(f"The {request_type} has no PhysicalResourceId.")
        return cls(
            type=request_type,
            owner=Owner(stack_id, logical_id),
            issued_at=math.floor(_issued_at(event.get("ResponseURL"), now)),
            physical_id=physical_id,
            properties=properties if isinstance(properties, dict) else {},
            old_properties=old if isinstance(old, dict) else {},
        )

    @property
    def stream(self) -> StreamRef | None:
        """The stream that it is about, as far as can be read."""
        return stream_of(self.properties) or stream_of_arn(self.physical_id)

    @property
    def deadline(self) -> float:
        """When the answer has to be on its way, in epoch seconds."""
        timeout = _service_timeout(self.properties)
        return self.issued_at + timeout - margin(timeout)

    @property
    def failed_id(self) -> str:
        """The PhysicalResourceId of a failure: what CloudFormation knows, or for a Create a marker.

        The marker makes the Delete that follows a failed Create trust the tags alone: what it finds on a stream
        that bears no record of this resource was there before, and stays.
        """
        if self.type != "Create" and self.physical_id:
            return self.physical_id
        return f"{MARKER}{self.owner.stack_name}/{self.owner.logical_id}"

    def goals(self) -> tuple[Goal, ...]:
        """What has to be reached, in order.

        Raises:
            InvalidProperties: Create and Update only; it lists every fault.
        """
        if self.type == "Delete":
            return self._release()
        return (*self._undo_of_a_failed_replacement(), self._ensure())

    def settled_id(self, progress: Progress) -> str:
        """The PhysicalResourceId of a success: the stream's ARN, however the template names the stream."""
        if self.type == "Delete" or progress.attributes is None:
            return self.failed_id
        held = stream_of_arn(self.physical_id)
        stream = progress.attributes.stream
        return self.failed_id if held and held.name == stream.name else stream.arn

    def _ensure(self) -> Ensure:
        wanted = parse(self.properties, self.owner.place)
        held, tried = stream_of_arn(self.physical_id), self._tried()
        same = held is not None and held.name == wanted.stream.name
        # A rollback from another stream, or from what was refused, goes back to the key that this stream still has.
        given = self.old_properties if tried and tried.name == wanted.stream.name else self.properties
        return Ensure(
            stream=wanted.stream,
            owner=self.owner,
            issued_at=self.issued_at,
            key_id=wanted.key_id,
            settle_seconds=wanted.settle_seconds,
            verify=wanted.verify,
            takeover=wanted.takeover,
            evidence_key=key_id_of(given) if same else None,
        )

    def _tried(self) -> StreamRef | None:
        """The stream that the old properties were for; None where they were refused before anything was done."""
        try:
            return parse(self.old_properties, self.owner.place).stream
        except InvalidProperties:
            return None

    def _undo_of_a_failed_replacement(self) -> tuple[Release, ...]:
        """An Update back to the stream that CloudFormation still holds, from another one: that attempt failed.

        Nothing else marks a rollback. CloudFormation sends no Delete for the stream that was tried, since it never
        learnt of it.
        """
        held, tried = stream_of_arn(self.physical_id), stream_of(self.old_properties)
        wanted = stream_of(self.properties)
        if self.type != "Update" or not (held and tried and wanted):
            return ()
        if held.name != wanted.name or tried.name == wanted.name:
            return ()
        begun = self._tried() is not None
        return (Release(tried, self.owner, self.issued_at, overtaking=begun, best_effort=True),)

    def _release(self) -> tuple[Release, ...]:
        held = stream_of_arn(self.physical_id)
        stream: StreamRef | None = held or stream_of(self.properties)
        if stream is None:
            return ()
        marker = (self.physical_id or "").startswith(MARKER)
        return (
            Release(
                stream=stream,
                owner=self.owner,
                issued_at=self.issued_at,
                on_delete=on_delete_of(self.properties),
                evidence_key=key_id_of(self.properties) if held else None,
                overtaking=not held and not marker,
                best_effort=not held,
            ),
        )


def margin(seconds: float) -> float:
    """What to keep back of a span of time for the answer, in seconds."""
    return min(MARGIN_SECONDS, seconds / 4)


def _service_timeout(properties: Mapping[str, Any]) -> int:
    value = properties.get("ServiceTimeout")
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,4}", value):
        return SERVICE_TIMEOUT_SECONDS
    return min(max(int(value), 1), SERVICE_TIMEOUT_SECONDS)


def _issued_at(response_url: object, now: float) -> float:
    """When the request was issued, which nothing in it says but its presigned URL; else now.

    Both forms of presigning tell it: Signature Version 4 by X-Amz-Date, Version 2 by the time at which it expires.
    """
    try:
        query = parse_qs(urlsplit(str(response_url)).query)
        if "X-Amz-Date" in query:
            issued = epoch_seconds(query["X-Amz-Date"][0], _AMZ_DATE)
        else:
            issued = int(query["Expires"][0]) - URL_SECONDS
    except (KeyError, ValueError):
        return now
    return now if issued is None else min(max(issued, 0), now)
