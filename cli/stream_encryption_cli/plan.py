"""The plan: what the provider would do about each request of a deployment, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Any

from stream_encryption.errors import OwnedByAnotherStack, ProviderError
from stream_encryption.keys import AWS_MANAGED
from stream_encryption.model import Concede, Failed, Owner, Release, Settled, Start, Stop, Verify, Wait
from stream_encryption.ownership import from_tags
from stream_encryption.properties import stream_of, stream_of_arn
from stream_encryption.request import Request

from .deployment import DELETE, NONE, RETAINED, UPDATE, Asked
from .intrinsics import Unknown
from .reader import NotSeen
from .rehearsal import UNKNOWN_KEY, NoTime, Rehearsal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mypy_boto3_kms import KMSClient

    from stream_encryption.model import Action, Goal, Refusal

    from .reader import StreamReader
    from .rehearsal import Decision, Rehearsed

_CALLS = {
    "Remember": "AddTagsToStream",
    "Cancel": "AddTagsToStream",
    "Forget": "RemoveTagsFromStream",
    "Start": "StartStreamEncryption",
    "Stop": "StopStreamEncryption",
    "Verify": "PutRecord",
}

APART_SECONDS = 1.0
"""How long after the end of one request the next one is issued, in seconds: whole seconds tell which came later."""

_PASSED_OVER = ("ServiceToken", "ServiceTimeout")
_HALFWAY_KNOWN = ("KeyId",)


class Verdict(StrEnum):
    """What comes of one request on one stream."""

    NO_REQUEST = "no-request"
    NO_CHANGE = "no-change"
    TAGS_ONLY = "tags-only"
    RECORD_ONLY = "record-only"
    START = "start"
    STOP = "stop"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    NOT_SEEN = "not-seen"


@dataclass(frozen=True, slots=True)
class Sight:
    """How a stream is now. `key_id` is None where it is not encrypted; there is no status where it is not there."""

    status: str | None
    key_id: str | None = None
    owner: Owner | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the provider would do, or wait for, and why.

    Attributes:
        action: What the provider decides, as its log names it.
        reason: Why.
        call: The call to Kinesis; None where there is none.
        key_id: The key of a Start.
        changes: Whether the call changes the stream, its tags or what is in it.
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
        because: Why CloudFormation asks, or does not.
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


class Planner:
    """Rehearses a deployment's requests, one after the other, on one imagined set of streams."""

    def __init__(self, reader: StreamReader, kms: KMSClient, stack_id: str, now: float) -> None:
        """Plan for a stack, as if its deployment began now (in epoch seconds)."""
        self._reader = reader
        self._kms = kms
        self._stack_id = stack_id
        self._denied: list[Refusal] = []
        self._clock = NoTime(now)
        self._rehearsal = self._begin()

    def plan(self, asked: Iterable[Asked]) -> tuple[Line, ...]:
        """What comes of these requests: first of those that bring something, then of those that take it away."""
        lines: list[Line] = []
        later: list[Asked] = []
        for one in asked:
            if one.event == DELETE:
                later.append(one)
                continue
            found, left = self._one(one)
            lines += found
            later += left
        for one in later:
            lines += self._one(one)[0]
        return tuple(lines)

    def _one(self, asked: Asked) -> tuple[list[Line], list[Asked]]:
        """The lines of one request, and the Delete of the stream that it leaves, if it does."""
        if asked.event == RETAINED:
            return [_bare(asked, Verdict.NO_REQUEST, asked.reason)], []
        if asked.event == NONE:
            return [self._unasked(asked)], []
        if asked.unsure and not asked.properties:
            return [_bare(asked, Verdict.UNKNOWN, f"it hangs on {asked.unsure} what there is")], []
        lines, left = self._asked(asked, self._rehearsal)
        self._rehearsal.clock.sleep(APART_SECONDS)
        if asked.unsure:
            lines = [_unsure(line, asked.unsure) for line in lines]
        return lines, left

    def _unasked(self, asked: Asked) -> Line:
        """Nothing is sent; but what an Update would do tells whether the stream is still as it was left."""
        again = replace(asked, event=UPDATE, old_properties=asked.properties)
        ((line, *_), _left) = self._asked(again, self._begin())
        if line.verdict is Verdict.NOT_SEEN:
            return replace(line, event=NONE)
        drifted = line.verdict in (Verdict.START, Verdict.TAGS_ONLY, Verdict.REFUSED)
        bare = _bare(asked, Verdict.NO_REQUEST, "CloudFormation asks nothing")
        return replace(bare, now=line.now, drift=line.reason if drifted else None)

    def _asked(self, asked: Asked, rehearsal: Rehearsal) -> tuple[list[Line], list[Asked]]:
        unknown = {name: one for name, one in asked.properties.items() if isinstance(one, Unknown)}
        untold = [name for name in unknown if name not in (*_PASSED_OVER, *_HALFWAY_KNOWN)]
        if untold:
            why = "; ".join(f"{name} is {unknown[name]}, which only the deployment tells" for name in untold)
            return [_bare(asked, Verdict.UNKNOWN, why)], []
        request = Request.of(self._event(asked), rehearsal.clock.now())
        self._denied.clear()
        try:
            rehearsed = rehearsal(request.goals())
        except NotSeen as unseen:
            return [_bare(asked, Verdict.NOT_SEEN, str(unseen))], []
        except ProviderError as error:
            return [replace(_bare(asked, Verdict.REFUSED, str(error)), error=error.code)], []
        lines = self._lines(asked, rehearsed, rehearsal)
        if "KeyId" in unknown:
            lines = [_told(line, unknown["KeyId"]) for line in lines]
        return lines or [self._nothing(asked)], _left(asked, request, rehearsed)

    def _event(self, asked: Asked) -> dict[str, Any]:
        event = {
            "RequestType": asked.event,
            "StackId": self._stack_id,
            "RequestId": "of a plan",
            "LogicalResourceId": asked.resource,
            "ResourceProperties": _sendable(asked.properties),
            "OldResourceProperties": _sendable(asked.old_properties),
        }
        return event | ({"PhysicalResourceId": asked.physical_id} if asked.physical_id else {})

    def _lines(self, asked: Asked, rehearsed: Rehearsed, rehearsal: Rehearsal) -> list[Line]:
        """A line for each goal that was come to."""
        lines = []
        for _goal, group in groupby(rehearsed.decisions, key=lambda one: one.goal):
            decisions = list(group)
            error = rehearsed.error if decisions[-1] is rehearsed.decisions[-1] else None
            lines.append(self._line(asked, decisions, error, rehearsal))
        return lines

    def _line(
        self, asked: Asked, decisions: Sequence[Decision], error: ProviderError | None, rehearsal: Rehearsal
    ) -> Line:
        goal, actions = decisions[0].goal, [one.action for one in decisions]
        now = self._sight(goal.stream.name, rehearsal)
        change = next((one for one in actions if isinstance(one, Start | Stop)), None)
        minor = next((one.action for one in decisions if one.changed), None)
        first = actions[0]
        line = Line(
            resource=asked.resource,
            event=asked.event,
            because=asked.reason,
            stream=goal.stream.name,
            now=now,
            verdict=_verdict(change, minor, error),
            reason=str(error) if error else (change or minor or actions[-1]).reason,
            key_id=change.key_id if isinstance(change, Start) else None,
            waits_for=first.reason if isinstance(first, Wait) and now.status != "ACTIVE" else None,
            error=error.code if error else None,
            steps=tuple(_steps(decisions)),
        )
        if _hangs_on_evidence(goal, now, change):
            reason = f"its tags are gone: encryption ends if its key is {UNKNOWN_KEY}"
            line = replace(line, verdict=Verdict.UNKNOWN, reason=reason)
        conceded = [one.reason for one in actions if isinstance(one, Concede)]
        granted = _to_be_granted(change, rehearsal) if isinstance(change, Start) else ()
        broken = _broken_key(actions[-1], rehearsal)
        denied = map(_denial, self._denied)
        return replace(line, notes=(*conceded, *granted, *broken, *_whose(now, error), *denied))

    def _sight(self, name: str, rehearsal: Rehearsal) -> Sight:
        stream, tags = rehearsal.kinesis.found(name)
        if stream is None:
            return Sight(None)
        ownership = from_tags(tags, Owner(self._stack_id, ""), self._clock.now()).ownership
        return Sight(str(stream.status), stream.key_id, ownership.owner if ownership else None)

    def _nothing(self, asked: Asked) -> Line:
        return _bare(asked, Verdict.NO_CHANGE, "there is no stream that this resource could have changed")

    def _begin(self) -> Rehearsal:
        return Rehearsal(self._reader, self._kms, NoTime(self._clock.now()), self._denied.append)


def _left(asked: Asked, request: Request, rehearsed: Rehearsed) -> list[Asked]:
    """A success under another physical id is a replacement: CloudFormation deletes what had the old one."""
    if rehearsed.progress is None or request.type != UPDATE or asked.retained:
        return []
    if request.settled_id(rehearsed.progress) == asked.physical_id:
        return []
    reason = "the resource moves to another stream"
    return [Asked(asked.resource, DELETE, asked.old_properties, physical_id=asked.physical_id, reason=reason)]


def _verdict(change: Start | Stop | None, minor: Action | None, error: ProviderError | None) -> Verdict:
    if error:
        return Verdict.REFUSED
    if isinstance(change, Start):
        # A key that is not known yet may be the one that the stream has.
        return Verdict.UNKNOWN if change.key_id == UNKNOWN_KEY and change.stream.key_id else Verdict.START
    if isinstance(change, Stop):
        return Verdict.STOP
    if isinstance(minor, Verify):
        return Verdict.RECORD_ONLY
    return Verdict.TAGS_ONLY if minor else Verdict.NO_CHANGE


def _steps(decisions: Iterable[Decision]) -> Iterable[Step]:
    """The actions, without those that only go on waiting, and without a refusal: that has its own place."""
    done = (one for one in decisions if not isinstance(one.action, Failed))
    for (name, reason), group in groupby(done, key=lambda one: (type(one.action).__name__, one.action.reason)):
        decision = next(group)
        key_id = decision.action.key_id if isinstance(decision.action, Start) else None
        yield Step(name, reason, _CALLS.get(name), key_id, decision.changed)


def _hangs_on_evidence(goal: Goal, now: Sight, change: Start | Stop | None) -> bool:
    """A Delete without tags to go by goes by the key, and this one's is not known."""
    without = isinstance(goal, Release) and goal.evidence_key == UNKNOWN_KEY and now.owner is None
    return without and now.key_id is not None and change is None


def _to_be_granted(start: Start, rehearsal: Rehearsal) -> Iterable[str]:
    if not AWS_MANAGED.fullmatch(start.key_id):
        key = rehearsal.keys.look_up(start.key_id, start.stream).identity
        yield (
            f"before that, whoever writes to {start.stream.name} needs kms:GenerateDataKey, and whoever reads it "
            f"kms:Decrypt, on {key}"
        )


def _broken_key(end: Action, rehearsal: Rehearsal) -> Iterable[str]:
    """A stream that has the wanted key already is left as it is, even where the key can't be used."""
    if isinstance(end, Settled) and end.attributes:
        key = rehearsal.keys.look_up(end.attributes.stream.key_id or "", end.attributes.stream)
        if key.fault:
            yield f"its key {key.key_id} {key.fault}, or its producers and consumers fail"


def _whose(now: Sight, error: ProviderError | None) -> Iterable[str]:
    if isinstance(error, OwnedByAnotherStack) and now.owner:
        yield f"if this is the template of that very stack, plan with --stack-name {now.owner.stack_name}"


def _denial(refusal: Refusal) -> str:
    return f"{refusal.resource} could not be looked up by you ({refusal.code}); the provider's role may be able to"


def _unsure(line: Line, unknown: Unknown) -> Line:
    """A request that may not be sent at all."""
    if line.verdict is Verdict.NO_CHANGE:
        return line
    return replace(line, verdict=Verdict.UNKNOWN, reason=f"it hangs on {unknown} whether this is asked: {line.reason}")


def _told(line: Line, unknown: Unknown) -> Line:
    """Say what the key is that stands for the one that is not known yet."""

    def told(text: str) -> str:
        return text.replace(UNKNOWN_KEY, str(unknown))

    steps = tuple(
        replace(step, reason=told(step.reason), key_id=told(step.key_id) if step.key_id else None)
        for step in line.steps
    )
    reason = line.reason
    if line.verdict is Verdict.UNKNOWN and line.key_id:
        reason = f"{reason}; no call is made if that is the key of {UNKNOWN_KEY}"
    return replace(
        line,
        reason=told(reason),
        key_id=told(line.key_id) if line.key_id else None,
        steps=steps,
        notes=tuple(map(told, line.notes)),
    )


def _bare(asked: Asked, verdict: Verdict, reason: str) -> Line:
    """A line about a stream that nobody came to look at."""
    stream = stream_of_arn(asked.physical_id) if asked.event in (DELETE, RETAINED) else None
    stream = stream or stream_of(_sendable(asked.properties))
    name = stream.name if stream else None
    return Line(asked.resource, asked.event, asked.reason, name, None, verdict, reason)


def _sendable(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Properties as the provider can take them: a key that can't be told is one that is nobody's."""
    known = {name: one for name, one in properties.items() if not isinstance(one, Unknown)}
    return known | ({"KeyId": UNKNOWN_KEY} if isinstance(properties.get("KeyId"), Unknown) else {})
