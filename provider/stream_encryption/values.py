"""Frozen values that several packages share: streams, keys, owners, grants, and calls that AWS refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

AWS_MANAGED_ALIAS = re.compile(r"(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:)?alias/aws/.+")
CUSTOMER_ALIAS = re.compile(r"(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:)?alias/(?!aws/).+")
_DENIED_ON = re.compile(r"is not authorized to perform: \S+ on resource: (arn:\S+)")
"""Source: IAM User Guide, "Troubleshoot access denied error messages"."""


def utc_minute(epoch_seconds: float) -> str:
    """A time as a person reads it, to the minute."""
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def utc_second(epoch_seconds: float) -> str:
    """A time as a person reads it, to the second."""
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


class StreamStatus(StrEnum):
    """A stream's status, as DescribeStreamSummary reports it."""

    CREATING = "CREATING"
    ACTIVE = "ACTIVE"
    UPDATING = "UPDATING"
    DELETING = "DELETING"


class OnDelete(StrEnum):
    """What a Delete does to the encryption of the stream that its resource claims."""

    RESTORE = "Restore"
    STOP = "Stop"
    KEEP = "Keep"


class OnDrift(StrEnum):
    """What the watch does when a claimed stream is not encrypted as its resource wants."""

    REPORT = "Report"
    MEND = "Mend"


@dataclass(frozen=True, slots=True)
class StreamRef:
    """A stream as a template names it: by its name, and by its ARN where that is known."""

    name: str
    arn: str | None = None

    @classmethod
    def of_arn(cls, arn: str) -> StreamRef:
        """The stream of an ARN, which ends with `stream/<name>`."""
        return cls(arn.rpartition("/")[2], arn)


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as Kinesis describes it.

    Attributes:
        name: Its name.
        arn: Its ARN.
        status: Its status.
        key_id: The KeyId as Kinesis reports it; None where the stream is not encrypted.
        created: When it was created, in whole epoch seconds. It tells the stream from an earlier one of its name.
        retention_hours: How long a record can be read after it was put.
    """

    name: str
    arn: str
    status: StreamStatus
    key_id: str | None
    created: int = 0
    retention_hours: int = 24

    @classmethod
    def gone(cls, arn: str) -> Stream:
        """A stream that does not exist any more: no data record is left in it."""
        return cls(StreamRef.of_arn(arn).name, arn, StreamStatus.DELETING, None, retention_hours=0)


@dataclass(frozen=True, slots=True)
class Key:
    """A KMS key, as a look-up found it.

    Attributes:
        key_id: The KeyId that was looked up.
        identity: The key's ARN; the fullest spelling that is known where the look-up could not tell the ARN.
        resolved: The identity is a key's ARN: the look-up told it, or the record has it for an alias.
        fault: The end of a sentence that says why the key can't encrypt a stream; None where no reason is known.
        missing: KMS knows no such key. A key or alias of seconds ago can look like that.
        denied: The provider's role may not look the key up.
        aws_managed: It is a key of AWS', on which KMS makes no grants.
        deleted_at: When KMS will delete the key, in epoch seconds; None where its deletion is not scheduled.
    """

    key_id: str
    identity: str
    resolved: bool = True
    fault: str | None = None
    missing: bool = False
    denied: bool = False
    aws_managed: bool = False
    deleted_at: float | None = None

    @property
    def has_key_arn(self) -> bool:
        """Tell whether the identity is a key's ARN, not an alias'."""
        return ":key/" in self.identity

    @property
    def start_key_id(self) -> str:
        """The KeyId for StartStreamEncryption: the key's ARN for a customer's alias, else the KeyId as given.

        An alias can be pointed at another key later. With the ARN the stream's description says which key it has.
        """
        return self.identity if self.resolved and CUSTOMER_ALIAS.fullmatch(self.key_id) else self.key_id

    def is_same_as(self, other: Key | None) -> bool:
        """Tell whether both KeyIds stand for one key; without the ARN, tell whether they are the same text."""
        if other is None:
            return False
        return self.identity == other.identity or (not self.resolved and self.key_id == other.key_id)


@dataclass(frozen=True, slots=True)
class Place:
    """An account and a region: where a stack is, and so the streams that it may name."""

    region: str
    account: str


@dataclass(frozen=True, slots=True)
class Owner:
    """The resource of a stack that claims a stream."""

    stack_id: str
    logical_id: str

    @property
    def place(self) -> Place:
        """The stack's place: its id is `arn:<partition>:cloudformation:<region>:<account>:stack/<name>/<guid>`."""
        _, _, _, region, account, _ = self.stack_id.split(":", 5)
        return Place(region, account)

    @property
    def stack_name(self) -> str:
        """The stack's name, as its id tells it."""
        return self.stack_id.split("/")[1]

    def stream_arn(self, name: str) -> str:
        """The ARN of a stream of this name in the stack's own place."""
        partition, place = self.stack_id.split(":")[1], self.place
        return f"arn:{partition}:kinesis:{place.region}:{place.account}:stream/{name}"


class RefusalKind(StrEnum):
    """What a call that AWS refused means for the reconciler."""

    BUSY = "busy"
    THROTTLED = "throttled"
    LIMIT = "limit"
    TRANSIENT = "transient"
    KEY = "key"
    DENIED = "denied"
    CREDENTIALS = "credentials"
    MISSING = "missing"
    INVALID = "invalid"
    UNPROVEN = "unproven"
    PRINCIPAL = "principal unknown"
    CONFLICT = "conflict"
    RECORD = "record unavailable"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that AWS did not carry out, or whose response was lost.

    Attributes:
        action: The call, as IAM spells it (`kinesis:StartStreamEncryption`).
        resource: The stream, key or table that the call was for.
        kind: What it means for the reconciler.
        code: The error's code.
        message: The service's own words.
        maybe_done: The call may have taken effect although no success was heard.
    """

    action: str
    resource: str
    kind: RefusalKind
    code: str
    message: str
    maybe_done: bool = False

    @property
    def denied_on(self) -> str | None:
        """The ARN that IAM names in the message of an AccessDenied; None where the message names none."""
        match = _DENIED_ON.search(self.message)
        return match[1] if match else None
