"""What a plan says of each request: the values that are printed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .engine import Owner


class Verdict(StrEnum):
    """What comes of one request on one stream."""

    NO_REQUEST = "no-request"
    NO_CHANGE = "no-change"
    CLAIM_ONLY = "claim-only"
    GRANTS_ONLY = "grants-only"
    VERIFY_ONLY = "verify-only"
    START = "start"
    STOP = "stop"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    NOT_SEEN = "not-seen"


@dataclass(frozen=True, slots=True)
class Sight:
    """How a stream is now.

    Attributes:
        status: Its status; None where it is not there.
        key_id: Its key as Kinesis reports it; None where it is not encrypted.
        owner: The resource that manages its encryption; None where none does, or where nobody knows.
        owner_unknown: Why its record could not be read, which tells the owner; None where it was read.
        made: The same template makes it.
    """

    status: str | None
    key_id: str | None = None
    owner: Owner | None = None
    owner_unknown: str | None = None
    made: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the provider would do, or wait for, and why.

    Attributes:
        action: The code of the provider's decision, as its log has it.
        reason: Why.
        call: The call; None where there is none.
        key_id: The key of a Start.
        changes: Whether the call changes the stream, its record or what is in it.
    """

    action: str
    reason: str
    call: str | None = None
    key_id: str | None = None
    changes: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """What one request would do to one stream.

    Attributes:
        resource: The resource's logical id.
        event: Create, Update or Delete; none where nothing changes, and retained where CloudFormation just forgets it.
        because: Why CloudFormation sends the request, or sends none.
        stream: The stream's name; None where it can't be told.
        now: How the stream is now; None where nobody looked.
        verdict: What comes of it.
        reason: Why.
        key_id: The key of a Start.
        waits_for: What it waits for before it does anything; None where it does not.
        error: The code of a refusal, as docs/reference.md lists them.
        drift: What of the stream is not as it was left, and is not asked for; None where nothing is.
        steps: All that the provider would do, in order.
        notes: What else a person should know before agreeing.
        line: The resource's line in the template; None where there is no template's text.
    """

    resource: str
    event: str
    because: str
    stream: str | None
    now: Sight | None
    verdict: Verdict
    reason: str
    key_id: str | None = None
    waits_for: str | None = None
    error: str | None = None
    drift: str | None = None
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    line: int | None = None
