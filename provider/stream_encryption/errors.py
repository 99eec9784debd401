"""What can go wrong, and the sentence that a person reads for each.

ProviderError
├── InvalidRequest             an event that CloudFormation would not send
├── InvalidProperties          the template's properties, every fault at once
├── StreamNotFound             no such stream in this account and region
├── StreamBeingDeleted         the stream is in DELETING
├── OwnedByAnotherStack        another stack's resource manages the stream
├── KeyUnusable                the key can't encrypt this stream
├── AccessDenied               the provider's role lacks an action on an ARN
├── InvalidArgument            the service refused the call's arguments
├── QuotaSpent                 Starts (or Stops) in a day, or tags on a stream, are used up
├── Overtaken                  a later request has the stream, or gave it up
├── ChangedBySomeoneElse       somebody changed the encryption while we were at it
├── ChangeWithoutEffect        Kinesis took the call, and the stream did not change
├── NotVerified                the record that was put came back unencrypted
├── RequestExpired             CloudFormation stopped waiting before we began
├── AnswerTooLong              the attributes are longer than an answer may be
├── StepsLost                  an execution of the first release's asks for the answer to a request that it lost
└── DeadlinePassed             what we waited for did not come in time
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .model import Owner, Place, Refusal, Stream, StreamRef

DAY = 24 * 60 * 60
"""Kinesis counts Starts and Stops over a rolling day (API reference of StartStreamEncryption), in seconds."""

_DENIED_ON = re.compile(r"is not authorized to perform: \S+ on resource: (arn:\S+)")
"""The ARN in IAM's own words (IAM User Guide, "Troubleshoot access denied error messages")."""
_TAGS = "A stream can hold 50 tags, of which five are ours, and four more for each owner that it was taken over from"


def _utc(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


class ProviderError(Exception):
    """Whatever ends a request as FAILED. Its text becomes the Reason; its class' name is the error's code."""

    @property
    def code(self) -> str:
        """The code that logs and metrics carry."""
        return type(self).__name__


class InvalidRequest(ProviderError):
    """The event is not one that CloudFormation's custom resource protocol knows."""


class InvalidProperties(ProviderError):
    """The properties' faults, all of them."""

    def __init__(self, faults: Sequence[str]) -> None:
        """Make one sentence of the faults, in the order in which they were found."""
        self.faults = tuple(faults)
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(f"Nothing was changed: {count} in the properties: " + "; ".join(faults) + ".")


class StreamNotFound(ProviderError):
    """There is no such stream where the provider works."""

    def __init__(self, stream: StreamRef, place: Place) -> None:
        """Name the stream and where it was looked for."""
        super().__init__(
            f"There is no stream {stream.name} in account {place.account}, region {place.region}. Nothing was "
            "changed. "
            "Correct StreamName or StreamARN, or have the stream created first (DependsOn, or an earlier stack)."
        )


class StreamBeingDeleted(ProviderError):
    """The stream is on its way out."""

    def __init__(self, stream: Stream) -> None:
        """Name the stream."""
        super().__init__(
            f"Stream {stream.arn} is being deleted, so its encryption can't be changed. "
            "Create the stream again, then deploy again."
        )


class OwnedByAnotherStack(ProviderError):
    """Another stack's resource manages the stream's encryption."""

    def __init__(self, stream: Stream, owner: Owner) -> None:
        """Name the stream, and the stack and resource that own it."""
        super().__init__(
            f"The encryption of stream {stream.arn} is managed by resource {owner.logical_id} of stack "
            f"{owner.stack_name} ({owner.stack_id}). Nothing was changed. Remove that resource first, or "
            "set Takeover to true here to take the stream over."
        )


class KeyUnusable(ProviderError):
    """The key can't be used for the stream."""

    def __init__(self, stream_arn: str, key_id: str, why: str) -> None:
        """Name the key, what is wrong with it, and the stream that stays as it is."""
        super().__init__(
            f"Key {key_id} can't encrypt stream {stream_arn}: it {why}. The stream's encryption was left as it is. "
            "Name a symmetric ENCRYPT_DECRYPT key that is Enabled, in the stream's region, and whose policy lets "
            "this provider's role and Kinesis use it."
        )


class AccessDenied(ProviderError):
    """The provider's role may not make a call."""

    def __init__(self, refusal: Refusal) -> None:
        """Name the action and the ARN that the role lacks.

        For a Start that may be the key's, not the stream's, and a stream may be known by its name alone: IAM says it.
        """
        denied_on = _DENIED_ON.search(refusal.message)
        resource = denied_on[1] if denied_on else refusal.resource
        super().__init__(
            f"The provider's role is not allowed {refusal.action} on {resource}. Allow it: in the role, "
            "by the provider stack's parameters that name streams and keys, or in the key's or stream's own policy. "
            f"({refusal.code}: {refusal.message})"
        )


class InvalidArgument(ProviderError):
    """The service would not take the call."""

    def __init__(self, refusal: Refusal) -> None:
        """Pass the service's message on."""
        advice = "Correct the property that it names."
        if refusal.action == "kinesis:AddTagsToStream":
            advice = f"{_TAGS}: free some."
        super().__init__(
            f"{refusal.action} on {refusal.resource} was refused: {refusal.code}: {refusal.message}. {advice}"
        )


class QuotaSpent(ProviderError):
    """A limit that waiting for two minutes did not lift."""

    def __init__(self, refusal: Refusal, now: float) -> None:
        """Say which limit it is, and when it lifts at the latest."""
        if refusal.action in ("kinesis:StartStreamEncryption", "kinesis:StopStreamEncryption"):
            advice = (
                "Kinesis allows 25 StartStreamEncryption and 25 StopStreamEncryption calls a stream in a rolling "
                f"24 hours, and they are used up. It can work again at the latest by {_utc(now + DAY)}; deploy again "
                "then."
            )
        else:
            advice = f"{_TAGS}. Free some of the limit, then deploy again."
        super().__init__(
            f"{refusal.action} on {refusal.resource} was refused for two minutes: {refusal.code}: "
            f"{refusal.message}. {advice}"
        )


class Overtaken(ProviderError):
    """A later request came while this one was still at work: the resource's Delete, a rollback, another resource."""

    def __init__(self, stream: Stream, owner: Owner) -> None:
        """Name the stream and the resource."""
        super().__init__(
            f"A later request than this one of resource {owner.logical_id} of stack {owner.stack_name} has stream "
            f"{stream.arn}, or gave it up, while this one was still at work: so it leaves the stream alone. "
            "Nothing needs to be done, unless somebody removed the kinesis-stream-encryption tags by hand: "
            "then deploy again."
        )


class ChangedBySomeoneElse(ProviderError):
    """Somebody else changes the stream's encryption too."""

    def __init__(self, stream: Stream, wanted: str) -> None:
        """Name the stream, what was wanted and what is there."""
        found = f"encrypted with {stream.key_id}" if stream.key_id else "not encrypted"
        super().__init__(
            f"Stream {stream.arn} was given key {wanted}, and then somebody else changed it: it is now {found}. "
            "Find who (CloudTrail: StartStreamEncryption, StopStreamEncryption), then deploy again."
        )


class ChangeWithoutEffect(ProviderError):
    """Kinesis accepts a call that changes nothing."""

    def __init__(self, stream: Stream, change: str, times: int) -> None:
        """Name the stream and the call."""
        super().__init__(
            f"Kinesis accepted {change} on stream {stream.arn} {times} times, and the stream did not change. "
            "Nothing more was tried, to spare the daily quota. Deploy again later, or ask AWS Support."
        )


class NotVerified(ProviderError):
    """Records still arrive unencrypted."""

    def __init__(self, stream_arn: str, seconds: float) -> None:
        """Name the stream and how long it was tried."""
        super().__init__(
            f"Stream {stream_arn} is ACTIVE and encrypted, yet for {seconds:.0f} s each record that was put into it "
            "was answered without EncryptionType KMS. Deploy again; if it stays so, ask AWS Support."
        )


class RequestExpired(ProviderError):
    """The event arrived after CloudFormation had given up."""

    def __init__(self, stream: StreamRef | None, issued_at: float, deadline: float) -> None:
        """Say which stream it was about, when the request was issued and when its time was over."""
        about = f" for stream {stream.name}" if stream else ""
        super().__init__(
            f"This request{about} was issued at {_utc(issued_at)} and had to be answered by {_utc(deadline)}. "
            "It came too late, and nothing was done now. Deploy again."
        )


class AnswerTooLong(ProviderError):
    """What Fn::GetAtt would give has no room in an answer."""

    def __init__(self, most_bytes: int) -> None:
        """Say how long an answer may be."""
        super().__init__(
            f"The stream is encrypted, but its attributes are too long for an answer of {most_bytes} bytes. "
            "Name the key by a shorter KeyId."
        )


class StepsLost(ProviderError):
    """The steps of an execution failed each time, and its definition is the first release's, without a last word."""

    def __init__(self, failure: object) -> None:
        """Say what Step Functions reports of it."""
        reported = failure.get("Error") if isinstance(failure, dict) else None
        super().__init__(
            f"A step of the wait failed each time that it was tried: {reported or 'no error was reported'}. Nobody "
            "knows whether the stream was changed; what is recorded on it is undone by the next Delete. Look into the "
            "provider's log, then deploy again."
        )


class DeadlinePassed(ProviderError):
    """What was waited for did not come in time."""

    def __init__(self, stream: StreamRef, waiting_for: str, since: float, now: float) -> None:
        """Say what was waited for, since when, and what to do."""
        super().__init__(
            f"Time ran out for stream {stream.name}, {now - since:.0f} s after {_utc(since)}, while waiting: "
            f"{waiting_for}. Look at the stream's status, and deploy again once it is ACTIVE; ServiceTimeout on the "
            "resource sets how long CloudFormation waits."
        )


def unexpected(error: BaseException, context: object) -> str:
    """The sentence for a fault of our own, which says where to look."""
    request_id = getattr(context, "aws_request_id", "unknown")
    log = getattr(context, "log_stream_name", "unknown")
    return (
        f"The provider failed unexpectedly: {type(error).__name__}: {error}. Deploy again; if it stays so, "
        f"look for request {request_id} in the provider's log stream {log}, and report it."
    )
