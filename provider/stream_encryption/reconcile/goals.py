"""The goals that the reconciler works on: those of CloudFormation's requests, and the watch's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from stream_encryption.record.requests import RequestStamp
from stream_encryption.values import OnDelete, OnDrift, Owner, StreamRef


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use the stream's key.

    Attributes:
        producers: ARNs of roles and users that may write to the stream.
        consumers: ARNs of roles and users that may read from it.
        grant_seconds: How long new grants are given to take effect before Start.
    """

    producers: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    grant_seconds: int = 60


DEFAULT_KEY_ID = "alias/aws/kinesis"
"""The key that AWS manages for Kinesis."""

NO_ACCESS = Access()
"""No grants."""


@dataclass(frozen=True, slots=True)
class Properties:
    """A resource's properties: valid, each with its default where the template leaves it out.

    Attributes:
        stream: The stream.
        key_id: The wanted KeyId, as the template gives it.
        on_delete: What the resource's Delete will do.
        on_drift: What the watch does when the stream is not as wanted.
        settle_seconds: How long to wait after ACTIVE.
        verify: Whether to put a record and look at its encryption.
        takeover: Whether the stream may be taken over from another stack's resource.
        access: Who may use the key.
    """

    stream: StreamRef
    key_id: str = DEFAULT_KEY_ID
    on_delete: OnDelete = OnDelete.RESTORE
    on_drift: OnDrift = OnDrift.REPORT
    settle_seconds: int = 5
    verify: bool = False
    takeover: bool = False
    access: Access = NO_ACCESS


@dataclass(frozen=True, slots=True)
class Ensure:
    """The goal of Create and Update: the stream is encrypted with the wanted key, and the owner claims it.

    Attributes:
        properties: The stream, the key, and how to work.
        owner: The resource that wants it.
        stamp: The request.
        creates: The request is a Create.
        last_key_id: The KeyId that this resource last gave to this very stream, as its properties tell; None where it
            never did. Only used where the record is lost.
        failed_create: The digest of the failed Create that the PhysicalResourceId names; None where it names none.
        kind: Tells the goals apart where they are JSON.
    """

    properties: Properties
    owner: Owner
    stamp: RequestStamp
    creates: bool = False
    last_key_id: str | None = None
    failed_create: str | None = None
    kind: ClassVar[str] = "Ensure"

    @property
    def stream(self) -> StreamRef:
        """The stream."""
        return self.properties.stream


@dataclass(frozen=True, slots=True)
class Release:
    """The goal of Delete: what the owner did to the stream is undone, and nothing else.

    Attributes:
        stream: The stream.
        owner: The resource that gives the stream up.
        stamp: The request.
        on_delete: What to do with a stream that the owner claims.
        last_key_id: The KeyId in the resource's properties, where its PhysicalResourceId is this very stream; else
            None. Only used where the record is lost.
        failed_create: The digest of the failed Create that this Delete undoes; None where it undoes all requests.
        cancelled_create: This Delete has an id that CloudFormation invented for a Create that it cancelled.
        may_overlap: The request that this Delete undoes may still be at work: CloudFormation got no response to it.
        may_be_untouched: The failed request may have changed nothing, so a refused call need not fail this goal.
        kind: Tells the goals apart where they are JSON.
    """

    stream: StreamRef
    owner: Owner
    stamp: RequestStamp
    on_delete: OnDelete = OnDelete.RESTORE
    last_key_id: str | None = None
    failed_create: str | None = None
    cancelled_create: bool = False
    may_overlap: bool = False
    may_be_untouched: bool = False
    kind: ClassVar[str] = "Release"


@dataclass(frozen=True, slots=True)
class Mend:
    """The goal of the watch: the stream has again the key that the claim in force wants.

    It is worth nothing without that claim, and never makes one. A newer request of the claim's owner, its Delete, or
    another claim in force supersedes it.

    Attributes:
        stream: The stream.
        owner: The owner of the claim.
        stamp: The newest request of the claim, as the watch read it.
        kind: Tells the goals apart where they are JSON.
    """

    stream: StreamRef
    owner: Owner
    stamp: RequestStamp
    kind: ClassVar[str] = "Mend"


@dataclass(frozen=True, slots=True)
class RevokeDue:
    """The goal of the watch: the grants that nobody needs any more are revoked. No claim is touched.

    Attributes:
        stream: The stream, by its ARN.
        stamp: When the watch saw that grants are due, and what tells this goal from those of requests.
        kind: Tells the goals apart where they are JSON.
    """

    stream: StreamRef
    stamp: RequestStamp
    kind: ClassVar[str] = "RevokeDue"


WatchGoal: TypeAlias = Mend | RevokeDue
"""A goal of the watch, for which no request of CloudFormation waits."""
Goal: TypeAlias = Ensure | Release | WatchGoal
