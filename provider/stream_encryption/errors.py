"""The errors that end a request as FAILED: the class name is the code, the text is for the person who reads it."""

from __future__ import annotations

from collections.abc import Sequence

from .values import Owner, Place, Refusal, Stream, StreamRef, utc_second

DAY = 24 * 60 * 60
"""Kinesis counts Starts and Stops over a rolling day (API reference of StartStreamEncryption), in seconds."""


class ProviderError(Exception):
    """Ends a request as FAILED. The Reason is its code, in brackets, and its text."""

    @property
    def code(self) -> str:
        """The stable code that logs, metrics and documentation use."""
        return type(self).__name__


class InvalidRequest(ProviderError):
    """The event is not one that CloudFormation's custom resource protocol knows."""


class InvalidProperties(ProviderError):
    """The properties' faults, all of them."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(f"Nothing was changed: {count} in the properties: " + "; ".join(faults) + ".")


class StreamNotFound(ProviderError):
    """There is no such stream where the provider works."""

    def __init__(self, stream: StreamRef, place: Place, *, changed: bool) -> None:
        left = "This request had changed its encryption before." if changed else "Nothing was changed."
        super().__init__(
            f"There is no stream {stream.name} in account {place.account}, region {place.region}. {left} "
            "Correct StreamName or StreamARN, or have the stream created first (DependsOn, or an earlier stack)."
        )


class StreamBeingDeleted(ProviderError):
    """The stream is being deleted."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(
            f"Stream {stream.arn} is being deleted, so its encryption can't be changed. "
            "Create the stream again, then deploy again."
        )


class OwnedByAnotherStack(ProviderError):
    """Another stack's resource claims the stream."""

    def __init__(self, stream: Stream, owner: Owner, *, changed: bool) -> None:
        left = "This request had changed it before." if changed else "The stream was left as it is."
        super().__init__(
            f"The encryption of stream {stream.arn} is managed by resource {owner.logical_id} of stack "
            f"{owner.stack_name} ({owner.stack_id}). {left} Remove that resource first, or set Takeover to true here "
            "to take the stream over."
        )


class KeyUnusable(ProviderError):
    """The key can't be used for the stream."""

    def __init__(self, stream_arn: str, key_id: str, why: str, *, changed: bool) -> None:
        left = "The stream's encryption was left as it is."
        if changed:
            left = "StartStreamEncryption had already been called: look at the stream's key."
        super().__init__(
            f"Key {key_id} can't encrypt stream {stream_arn}: it {why}. {left} "
            "Name a symmetric ENCRYPT_DECRYPT key that is Enabled, in the stream's region, and whose policy lets "
            "this provider's role and Kinesis use it."
        )


class AccessDenied(ProviderError):
    """The provider's role may not make a call."""

    def __init__(self, refusal: Refusal) -> None:
        """Name the action and the ARN that IAM denied: for a Start that may be the key's ARN."""
        by, policy = "parameters that name streams and keys", "the key or stream"
        if refusal.action in ("kms:CreateGrant", "kms:RevokeGrant", "kms:ListGrants"):
            by = "parameters AllowGrants and KeyArns"
        elif refusal.action.startswith("dynamodb:"):
            by, policy = "parameters RecordTableName and RecordKeyArn", "the table or the table's key"
        super().__init__(
            f"The provider's role is not allowed {refusal.action} on {refusal.denied_on or refusal.resource}. "
            f"Allow it in the role (by the provider stack's {by}), or in the policy of {policy}. "
            f"({refusal.code}: {refusal.message})"
        )


class PrincipalUnknown(ProviderError):
    """No grant can be made to a producer or consumer."""

    def __init__(self, refusal: Refusal, principal: str, direction: str) -> None:
        super().__init__(
            f"{principal}, which {direction}s names, can't be granted the use of key {refusal.resource}: KMS does not "
            f"know it ({refusal.code}: {refusal.message}). Correct its ARN, or have the role or user created first "
            "(DependsOn, or an earlier stack)."
        )


class CredentialsExpired(ProviderError):
    """AWS does not accept the credentials that the function runs with."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(
            f"AWS does not accept the provider's credentials for {refusal.action} on {refusal.resource} "
            f"({refusal.code}: {refusal.message}). Deploy again: a new invocation gets new credentials. If it stays "
            "so, look whether the function's role still exists."
        )


class InvalidArgument(ProviderError):
    """The service refused the call's arguments."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(
            f"{refusal.action} on {refusal.resource} was refused: {refusal.code}: {refusal.message}. "
            "Correct the property that it names."
        )


class QuotaSpent(ProviderError):
    """A limit that did not pass within two minutes."""

    def __init__(self, refusal: Refusal, now: float) -> None:
        advice = "Deploy again later; if it stays so, have AWS raise the limit that it names."
        if refusal.action.endswith("StreamEncryption"):
            advice = (
                "Kinesis allows 25 StartStreamEncryption and 25 StopStreamEncryption calls a stream in a rolling "
                f"24 hours, and they are used up. It can work again at the latest by {utc_second(now + DAY)}; deploy "
                "again then."
            )
        elif refusal.action == "kms:CreateGrant":
            advice = (
                "KMS allows 50,000 grants a key. Revoke some that nobody needs (kms list-grants), or take another key."
            )
        super().__init__(
            f"{refusal.action} on {refusal.resource} was refused for two minutes: {refusal.code}: {refusal.message}. "
            f"{advice}"
        )


class Superseded(ProviderError):
    """A newer request came while this one was still at work: a Delete, a rollback, or another resource's."""

    def __init__(self, stream: Stream, owner: Owner) -> None:
        super().__init__(
            f"A newer request than this one of resource {owner.logical_id} of stack {owner.stack_name} has stream "
            f"{stream.arn}, or released it. This request changes nothing more. Nothing needs to be done."
        )


class ChangedBySomeoneElse(ProviderError):
    """Somebody else changes the stream's encryption too."""

    def __init__(self, stream: Stream, wanted: str) -> None:
        found = f"encrypted with {stream.key_id}" if stream.key_id else "not encrypted"
        super().__init__(
            f"Stream {stream.arn} was given key {wanted}, and then somebody else changed it: it is now {found}. "
            "Find who (CloudTrail: StartStreamEncryption, StopStreamEncryption), then deploy again."
        )


class Contested(ProviderError):
    """Others undo what the watch mends."""

    def __init__(self, stream: Stream, mends: int) -> None:
        super().__init__(
            f"Stream {stream.arn} had {mends} mends in 24 hours, and none of them lasted. It is left as it is. Find "
            "who changes it (CloudTrail: StartStreamEncryption, StopStreamEncryption), then stop them, or set OnDrift "
            "to Report."
        )


class ChangeWithoutEffect(ProviderError):
    """Kinesis accepts a call that changes nothing."""

    def __init__(self, stream: Stream, change: str, times: int) -> None:
        super().__init__(
            f"Kinesis accepted {change} on stream {stream.arn} {times} times, and the stream did not change. "
            "Nothing more was tried, to spare the daily quota. Deploy again later, or ask AWS Support."
        )


class NotVerified(ProviderError):
    """Records still arrive unencrypted."""

    def __init__(self, stream_arn: str, seconds: float) -> None:
        super().__init__(
            f"Stream {stream_arn} is ACTIVE and encrypted, yet for {seconds:.0f} s each record that was put into it "
            "came back without EncryptionType KMS. Deploy again; if it stays so, ask AWS Support."
        )


class RecordUnavailable(ProviderError):
    """The stream's record can't be read or written."""

    def __init__(self, refusal: Refusal, stream: StreamRef, *, changed: bool) -> None:
        left = "Without it nothing is started."
        if changed:
            left = "The stream's encryption had been changed before: look at the stream's key."
        super().__init__(
            f"The record of stream {stream.name} is not available: {refusal.action} on table {refusal.resource} was "
            f"refused with {refusal.code}: {refusal.message}. {left} Restore the table, or correct the provider "
            "stack's RecordTableName, then deploy again."
        )


class RequestExpired(ProviderError):
    """The event arrived after CloudFormation had given up."""

    def __init__(self, stream: StreamRef | None, issued_at: float, deadline: float) -> None:
        about = f" for stream {stream.name}" if stream else ""
        super().__init__(
            f"This request{about} was issued at {utc_second(issued_at)} and had to be answered by "
            f"{utc_second(deadline)}. It came too late, and nothing was done now. Deploy again."
        )


class ResponseTooLong(ProviderError):
    """Fn::GetAtt's values do not fit into a response."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(
            f"The stream is encrypted, but its attributes are too long for a response of {most_bytes} bytes. "
            "Name the key by a shorter KeyId."
        )


class DeadlineExceeded(ProviderError):
    """The stream did not get ready in time."""

    def __init__(self, stream: StreamRef, waiting_for: str, since: float, now: float) -> None:
        super().__init__(
            f"Time ran out for stream {stream.name}, {now - since:.0f} s after {utc_second(since)}, while waiting: "
            f"{waiting_for}. Look at the stream's status, and deploy again once it is ACTIVE; ServiceTimeout on the "
            "resource sets how long CloudFormation waits."
        )
