"""A request of CloudFormation: its goals, its deadline, and the PhysicalResourceId of its response.

Source: AWS CloudFormation User Guide, "Custom resource request and response reference".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stream_encryption.errors import InvalidProperties, InvalidRequest
from stream_encryption.reconcile.goals import Ensure, Goal, Release
from stream_encryption.reconcile.progress import Progress
from stream_encryption.record.requests import RequestStamp
from stream_encryption.values import OnDelete, Owner, StreamRef

from .properties import key_id_of, on_delete_of, parse, stream_of, stream_of_arn
from .response_url import digest_of, issued_at

REQUEST_TYPES = ("Create", "Update", "Delete")
MARKER = "failed-create:"
"""The beginning of a failed Create's PhysicalResourceId. Its end is the digest of that request.

A Create that could not be read has no digest: it did nothing, and no claim names it."""

SERVICE_TIMEOUT_SECONDS = 3600
"""How long CloudFormation waits for a response, in seconds. ServiceTimeout can make it shorter."""
MARGIN_SECONDS = 20.0
"""The time kept for the response before the deadline, in seconds; less if there is little time (see `margin`)."""

_STACK_ID = re.compile(
    r"arn:aws[a-z-]*:cloudformation:[a-z0-9-]+:[0-9]{12}:stack/[a-zA-Z][a-zA-Z0-9-]{0,127}/[a-zA-Z0-9-]{1,64}"
)
_LOGICAL_ID = re.compile(r"[a-zA-Z0-9._-]{1,255}")


@dataclass(frozen=True, slots=True)
class Request:
    """One request, without its ResponseURL, which is a secret.

    Attributes:
        type: Create, Update or Delete.
        owner: The resource that it is about.
        stamp: When it was issued, and the digest that tells it from the owner's other requests.
        physical_id: The PhysicalResourceId; None on a Create.
        properties: ResourceProperties.
        old_properties: OldResourceProperties; empty on a Create or Delete.
    """

    type: str
    owner: Owner
    stamp: RequestStamp
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
        url = str(event.get("ResponseURL"))
        return cls(
            type=request_type,
            owner=Owner(stack_id, logical_id),
            stamp=RequestStamp(math.floor(issued_at(url, now)), digest_of(url)),
            physical_id=physical_id,
            properties=properties if isinstance(properties, dict) else {},
            old_properties=old if isinstance(old, dict) else {},
        )

    @property
    def issued_at(self) -> int:
        """When CloudFormation issued it, in epoch seconds."""
        return self.stamp.issued_at

    @property
    def stream(self) -> StreamRef | None:
        """The request's stream; None if neither the properties nor the PhysicalResourceId name one."""
        return stream_of(self.properties) or self._held

    @property
    def _held(self) -> StreamRef | None:
        """The stream whose ARN the PhysicalResourceId is; None until a Create has succeeded."""
        return stream_of_arn(self.physical_id)

    @property
    def _failed_create(self) -> str | None:
        """The digest of the failed Create that the PhysicalResourceId names; None where it is another kind of id."""
        if not self.physical_id or not self.physical_id.startswith(MARKER):
            return None
        return self.physical_id.rpartition("/")[2]

    @property
    def deadline(self) -> float:
        """When the response has to be sent, in epoch seconds."""
        timeout = _service_timeout(self.properties.get("ServiceTimeout"))
        timeout = SERVICE_TIMEOUT_SECONDS if timeout is None else timeout
        return self.issued_at + timeout - margin(timeout)

    @property
    def unreadable_timeout(self) -> str | None:
        """A ServiceTimeout that is no number of seconds, as text; None where there is none, or it can be read."""
        value = self.properties.get("ServiceTimeout")
        return None if value is None or _service_timeout(value) is not None else str(value)[:60]

    @property
    def failure_id(self) -> str:
        """The PhysicalResourceId of a FAILED response: the one that CloudFormation sent; for a Create a new one.

        A failed Create's id names that one request, and its Delete undoes only that request. With rollback disabled,
        a new Create of the same resource can come before that Delete.
        """
        if self.type != "Create" and self.physical_id:
            return self.physical_id
        return f"{MARKER}{self.owner.stack_name}/{self.owner.logical_id}/{self.stamp.digest}"

    def goals(self, *, allow_grants: bool = True) -> tuple[Goal, ...]:
        """The goals to reach, in order.

        Args:
            allow_grants: Whether the provider may make grants, as its stack's AllowGrants says.

        Raises:
            InvalidProperties: Create and Update only; it lists every fault.
        """
        if self.type == "Delete":
            return self._release()
        return (*self._undo_of_failed_replacement(), self._ensure(allow_grants=allow_grants))

    def success_id(self, progress: Progress) -> str:
        """The PhysicalResourceId of a SUCCESS response: the stream's ARN; for a Delete the one that came with it."""
        if self.type == "Delete" or progress.attributes is None:
            return self.failure_id
        held, stream = self._held, progress.attributes.stream
        return self.failure_id if held and held.name == stream.name else stream.arn

    def _ensure(self, *, allow_grants: bool) -> Ensure:
        wanted = parse(self.properties, self.owner.place, allow_grants=allow_grants)
        held, tried = self._held, self._tried()
        same = held is not None and held.name == wanted.stream.name
        # In a rollback, the failed Update did not touch this stream: it still has the key of the new properties.
        given = self.old_properties if tried and tried.name == wanted.stream.name else self.properties
        last_key_id = key_id_of(given) if same else None
        creates = self.type == "Create"
        return Ensure(
            wanted,
            self.owner,
            self.stamp,
            creates=creates,
            last_key_id=last_key_id,
            failed_create=self._failed_create,
        )

    def _tried(self) -> StreamRef | None:
        """The stream of the old properties; None if they are invalid: the provider then did nothing for them."""
        try:
            return parse(self.old_properties, self.owner.place).stream
        except InvalidProperties:
            return None

    def _undo_of_failed_replacement(self) -> tuple[Release, ...]:
        """Release the stream of a failed replacement, if this Update is the rollback to the stream before it.

        An Update is that rollback if its PhysicalResourceId is the new properties' stream, and the old properties
        name another stream. CloudFormation sends no Delete for that other stream, since it got no ARN of it.
        """
        held, tried = self._held, stream_of(self.old_properties)
        wanted = stream_of(self.properties)
        if self.type != "Update" or not (held and tried and wanted):
            return ()
        if held.name != wanted.name or tried.name == wanted.name:
            return ()
        begun = self._tried() is not None
        return (Release(tried, self.owner, self.stamp, may_overlap=begun, may_be_untouched=True),)

    def _release(self) -> tuple[Release, ...]:
        held = self._held
        stream = held or stream_of(self.properties)
        if stream is None:
            return ()
        on_delete = on_delete_of(self.properties)
        if held:
            return (Release(stream, self.owner, self.stamp, on_delete, key_id_of(self.properties)),)
        # The Create failed, or was cancelled. Stop is for a resource that was created: it would end what others began.
        on_delete = OnDelete.RESTORE if on_delete is OnDelete.STOP else on_delete
        cancelled = self._failed_create is None
        return (
            Release(
                stream,
                self.owner,
                self.stamp,
                on_delete,
                failed_create=self._failed_create,
                cancelled_create=cancelled,
                may_overlap=cancelled,
                may_be_untouched=True,
            ),
        )


def margin(seconds: float) -> float:
    """The part of a span of time that is kept for the response, in seconds."""
    return min(MARGIN_SECONDS, seconds / 4)


def end_of(context: Any, now: float) -> float:  # noqa: ANN401 (Lambda's context)
    """When an invocation has to stop working to have time for the response, in epoch seconds."""
    left = context.get_remaining_time_in_millis() / 1000
    return now + float(left - margin(left))


def _service_timeout(value: object) -> int | None:
    """ServiceTimeout within its bounds, in seconds; None where it is no whole number."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,4}", value):
        return None
    return min(max(int(value), 1), SERVICE_TIMEOUT_SECONDS)
