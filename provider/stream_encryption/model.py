"""The frozen values that every decision is made from and made of. Nothing here does anything."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from .errors import ProviderError


class StreamStatus(StrEnum):
    """A stream's status, as DescribeStreamSummary reports it."""

    CREATING = "CREATING"
    ACTIVE = "ACTIVE"
    UPDATING = "UPDATING"
    DELETING = "DELETING"


class OnDelete(StrEnum):
    """What a Delete does to a stream that its resource owns."""

    RESTORE = "Restore"
    STOP = "Stop"
    KEEP = "Keep"


@dataclass(frozen=True, slots=True)
class StreamRef:
    """A stream as a template names it: by its name, and by its ARN where that is known."""

    name: str
    arn: str | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as Kinesis describes it. `key_id` is the KeyId as reported; None where it is not encrypted."""

    name: str
    arn: str
    status: StreamStatus
    key_id: str | None


@dataclass(frozen=True, slots=True)
class Key:
    """A KMS key as a look-up found it.

    Attributes:
        key_id: The KeyId as it was given.
        arn: The key's ARN; None where the look-up could not tell it (denied, or no key behind the alias yet).
        identity: What two KeyIds of one key have in common: the key's ARN, or the fullest spelling that is known.
        fault: What makes the key unusable for a stream, as the end of a sentence; None where nothing is known.
    """

    key_id: str
    arn: str | None
    identity: str
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The account and region that a stack is in, and so the streams that it may name."""

    region: str
    account: str


@dataclass(frozen=True, slots=True)
class Owner:
    """The resource of a stack that manages a stream's encryption."""

    stack_id: str
    logical_id: str

    @property
    def place(self) -> Place:
        """Where the stack is: its id is `arn:<partition>:cloudformation:<region>:<account>:stack/<name>/<guid>`."""
        _, _, _, region, account, _ = self.stack_id.split(":", 5)
        return Place(region, account)

    @property
    def stack_name(self) -> str:
        """The name of the stack, as its id tells it."""
        return self.stack_id.split("/")[1]


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The owner that a stream was taken over from, and the KeyId that was then in force (None: unencrypted).

    It may itself have taken the stream over, and gives it back to its own predecessor when its time comes. The newest
    of its requests was issued at `issued_at`, in epoch seconds; None where that is not known.
    """

    owner: Owner
    key_id: str | None
    predecessor: Predecessor | None = None
    issued_at: float | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """The newest request that worked on the stream: when it was issued, and the KeyId that it wants.

    Attributes:
        issued_at: When CloudFormation issued it, in epoch seconds.
        key_id: The KeyId; None where it is too long to be written down.
    """

    issued_at: float
    key_id: str | None


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who manages the stream's encryption, the KeyId before anyone did (None: unencrypted), and what is wanted now."""

    owner: Owner
    before: str | None
    predecessor: Predecessor | None = None
    demand: Demand | None = None


@dataclass(frozen=True, slots=True)
class Tags:
    """What the provider's own tags on a stream say.

    Attributes:
        ownership: The record of who manages the stream; None where there is none that is whole.
        keys: The tag keys that make up the record, as found: also those of a record that is not whole.
        foreign: The record, whole or not, names another owner.
        ending: The record's own owner left the mark of a Delete, which is to undo what the record tells of.
        former_keys: The tag keys by which the record names this owner as one that the stream was taken over from.
        former_at: When the newest of this owner's requests from before that was issued, in epoch seconds; 0 if unknown.
        cancelled_at: When this owner's work on the stream was called off, in epoch seconds; None if it was not.
        cancelled_key: The tag key that says so.
        spent: The tag keys of cancellations, anybody's, that are too old for anything they call off to still come.
    """

    ownership: Ownership | None = None
    keys: tuple[str, ...] = ()
    foreign: bool = False
    ending: bool = False
    former_keys: tuple[str, ...] = ()
    former_at: float = 0.0
    cancelled_at: float | None = None
    cancelled_key: str | None = None
    spent: tuple[str, ...] = ()

    def owned_by(self, owner: Owner) -> bool:
        """Whether the record says that this owner manages the stream."""
        return self.ownership is not None and self.ownership.owner == owner

    def calls_off(self, goal: Goal) -> bool:
        """Whether the goal's request was called off: its owner left the mark of a later one, or of this very one."""
        return (self.cancelled_at or 0) >= goal.issued_at

    def is_newer_than(self, goal: Goal) -> bool:
        """Whether a later request has the stream: one of this resource, or of another that then took it over."""
        return self.demanded_at > goal.issued_at

    @property
    def demanded_at(self) -> float:
        """When the newest request that worked on the stream was issued, in epoch seconds; 0 where nobody knows."""
        return self.ownership.demand.issued_at if self.ownership and self.ownership.demand else 0.0


@dataclass(frozen=True, slots=True)
class Ensure:
    """The goal of Create and Update: the stream is encrypted with this key, and this owner's.

    Attributes:
        stream: Which stream.
        owner: The resource that wants it.
        issued_at: When CloudFormation issued the request, in epoch seconds.
        key_id: The wanted KeyId, as the template gives it.
        settle_seconds: How long to wait after ACTIVE.
        verify: Whether to put a record and look at its encryption.
        takeover: Whether the stream may be taken from another stack's resource.
        evidence_key: The KeyId that this resource last gave to this very stream; None where it never did.
    """

    stream: StreamRef
    owner: Owner
    issued_at: float
    key_id: str
    settle_seconds: int = 5
    verify: bool = False
    takeover: bool = False
    evidence_key: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """The goal of Delete: whatever this owner did to the stream is undone, and nothing else.

    Attributes:
        stream: Which stream.
        owner: The resource that gives the stream up.
        issued_at: When CloudFormation issued the request, in epoch seconds.
        on_delete: What to do with a stream that is owned.
        evidence_key: The KeyId in the resource's properties where its PhysicalResourceId is this very stream:
            enough to act on where the tags are gone.
        overtaking: The request that it undoes may still be at work, and then has to be called off: a Create that its
            own Delete overtook, or a replacement that is rolled back.
        best_effort: The stream may never have been touched: where it can't be read there is nothing to undo.
    """

    stream: StreamRef
    owner: Owner
    issued_at: float
    on_delete: OnDelete = OnDelete.RESTORE
    evidence_key: str | None = None
    overtaking: bool = False
    best_effort: bool = False


@dataclass(frozen=True, slots=True)
class Sweep:
    """The goal long after a Delete: the mark that it left is removed, as nothing that it calls off can still come.

    Attributes:
        stream: Which stream.
        owner: The resource that gave the stream up.
        issued_at: When CloudFormation issued its Delete, in epoch seconds: the time in the mark.
    """

    stream: StreamRef
    owner: Owner
    issued_at: float


Goal: TypeAlias = Ensure | Release | Sweep


class RefusalKind(StrEnum):
    """What a refusal by AWS means for us."""

    BUSY = "busy"
    THROTTLED = "throttled"
    LIMIT = "limit"
    TRANSIENT = "transient"
    KEY = "key"
    DENIED = "denied"
    MISSING = "missing"
    INVALID = "invalid"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that AWS did not carry out, or did not answer.

    Attributes:
        action: The call, as IAM spells it (`kinesis:StartStreamEncryption`).
        resource: The stream or key that it was for.
        kind: What it means for us.
        code: The error's code.
        message: The service's own words.
        maybe_done: The call may have taken effect all the same (its answer was lost).
    """

    action: str
    resource: str
    kind: RefusalKind
    code: str
    message: str
    maybe_done: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a stream.

    Attributes:
        now: When, in epoch seconds.
        stream: The stream; None where there is none.
        tags: What the provider's tags on it say; None where they were not looked at.
        wanted: The key that the goal wants, looked up; None where it wants none.
        as_wanted: The stream's encryption is the one that the goal wants.
        current: The key that the stream has, looked up where that was needed.
        evidence: The stream has the key that this resource last gave it: all there is to go by without a record.
        rekeyed: The goal wants another key than this resource last gave to the stream.
        instead: The key that the stream is to have instead of the wanted one, looked up, where the goal's time is over.
    """

    now: float
    stream: Stream | None
    tags: Tags | None = None
    wanted: Key | None = None
    as_wanted: bool = False
    current: Key | None = None
    evidence: bool = False
    rekeyed: bool = False
    instead: Key | None = None


@dataclass(frozen=True, slots=True)
class Unseen:
    """A call that was refused, as a fact to decide on."""

    now: float
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Attributes:
    """What Fn::GetAtt gives."""

    stream: Stream
    key_arn: str
    before: str | None


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again later: after `seconds`, or when the rhythm of polling says so."""

    reason: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Remember:
    """Write the record of who manages the stream, over the tag keys of the one that is there."""

    stream: Stream
    ownership: Ownership
    reason: str
    over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancel:
    """Call off whatever this owner's earlier request may still be doing to the stream."""

    stream: Stream
    owner: Owner
    issued_at: float
    reason: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Remove these of the provider's tags."""

    stream: Stream
    keys: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Start:
    """StartStreamEncryption with this key, from no key or from another one."""

    stream: Stream
    key_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """StopStreamEncryption, with the KeyId that Kinesis reports."""

    stream: Stream
    key_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verify:
    """Put one record, and see that it was encrypted."""

    stream: Stream
    reason: str


@dataclass(frozen=True, slots=True)
class Concede:
    """The state before can't be brought back: the stream keeps the encryption that it has."""

    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """The goal is reached. What it leaves on the stream for a while is told by its sweep."""

    reason: str
    attributes: Attributes | None = None
    sweep: Sweep | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The goal can't be reached."""

    error: ProviderError

    @property
    def reason(self) -> str:
        """The error's own sentence."""
        return str(self.error)


Change: TypeAlias = Remember | Cancel | Forget | Start | Stop
Action: TypeAlias = Wait | Change | Verify | Concede | Settled | Failed
