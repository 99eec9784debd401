"""The plan: what the provider would do about each request of a deployment, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import known
from .drifted import drift_by_record
from .engine import InvalidProperties, KeyUnusable, ProviderError, Request, stream_of_arn
from .lines import Line, Verdict
from .outcome import lines
from .reader import NotSeen
from .refused import refusal, token_in_doubt
from .rehearsal import Rehearsal
from .rehearsed import NoTime, is_unknown
from .requests import DELETE, NONE, RETAINED, UPDATE, Asked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .engine import Refusal
    from .known import Known
    from .sources import Sources
    from .template.unknown import Unknown

APART_SECONDS = 1.0
"""How long after the end of one request the next one is issued, in seconds. Requests' times are whole seconds."""


class Planner:
    """Rehearses a deployment's requests, one after the other, on one imagined set of streams."""

    def __init__(self, sources: Sources, stack_id: str, now: float) -> None:
        """Plan for a stack, as if its deployment began now (in epoch seconds)."""
        self._sources = sources
        self._stack_id = stack_id
        self._denied: list[Refusal] = []
        self._clock = NoTime(now)
        self._words: dict[str, str] = {}
        self._requests = 0
        self._rehearsal = self._begin()

    def plan(self, asked: Iterable[Asked]) -> tuple[Line, ...]:
        """Plan these requests: first those that bring something, then those that take it away."""
        found: list[Line] = []
        later: list[Asked] = []
        for one in asked:
            if one.event == DELETE:
                later.append(one)
                continue
            told, left = self._one(one)
            found += told
            later += left
        for one in later:
            found += self._one(one)[0]
        return tuple(found)

    def _one(self, asked: Asked) -> tuple[list[Line], list[Asked]]:
        """Plan one request: its lines, and the Delete of the stream that it leaves, if it leaves one."""
        if asked.event == RETAINED:
            return [_bare(asked, Verdict.NO_REQUEST, f"{asked.reason}: the stream stays as it is")], []
        if asked.event == NONE:
            return [self._unasked(asked)], []
        told, left = self._asked(asked, self._rehearsal)
        self._rehearsal.clock.sleep(APART_SECONDS)
        if asked.unsure:
            told = [_unsure(line, asked.unsure, harmless=not token_in_doubt(asked)) for line in told]
        return told, left

    def _unasked(self, asked: Asked) -> Line:
        """Tell by what an Update would do whether a stream that nothing is asked of is still as it was left."""
        again = replace(asked, event=UPDATE, old_properties=asked.properties)
        ((line, *_), _left) = self._asked(again, self._begin())
        if line.verdict is Verdict.NOT_SEEN:
            return replace(line, event=NONE)
        drifted = line.verdict in (Verdict.START, Verdict.CLAIM_ONLY, Verdict.REFUSED)
        drift = line.reason if drifted else None
        if line.verdict is Verdict.UNKNOWN:
            drift = drift_by_record(asked, asked.stack_id or self._stack_id, self._sources, self._clock.now())
        bare = _bare(asked, Verdict.NO_REQUEST, "CloudFormation sends no request")
        return replace(bare, now=line.now, drift=drift)

    def _asked(self, asked: Asked, rehearsal: Rehearsal) -> tuple[list[Line], list[Asked]]:
        refused = refusal(asked)
        if refused:
            return [replace(_bare(asked, Verdict.REFUSED, refused[1]), error=refused[0])], []
        sent = known.properties(asked)
        self._words |= known.words(asked)
        if sent.untold:
            return self._spelled([self._half_known(asked, sent)], asked), []
        try:
            told, left = self._rehearsed(asked, sent, rehearsal)
        except NotSeen as unseen:
            return [_bare(asked, Verdict.NOT_SEEN, str(unseen))], []
        except ProviderError as error:
            told, left = [self._refused(asked, sent, error)], []
        return self._spelled(told, asked), left

    def _spelled(self, told: Iterable[Line], asked: Asked) -> list[Line]:
        notes = known.notes(asked)
        return [known.spelled(replace(line, notes=(*line.notes, *notes)), self._words) for line in told]

    def _rehearsed(self, asked: Asked, sent: Known, rehearsal: Rehearsal) -> tuple[list[Line], list[Asked]]:
        stack_id = asked.stack_id or self._stack_id
        self._requests += 1
        # Each request has a ResponseURL of its own, by which the record tells requests apart.
        event = {**_event(asked, sent, stack_id), "ResponseURL": f"plan:{self._requests}"}
        request = Request.of(event, rehearsal.clock.now())
        goals = request.goals()
        if sent.stream and asked.event != DELETE:
            arn = request.owner.stream_arn(sent.stream.named)
            rehearsal.imagine(arn, sent.stream.key_id, look=sent.stream.look)
        self._denied.clear()
        rehearsed = rehearsal(goals)
        denied = tuple(map(_denial, self._denied))
        told = [replace(one, notes=(*one.notes, *denied)) for one in lines(asked, rehearsed, rehearsal)]
        if rehearsed.progress is None or request.type != UPDATE or asked.retained:
            left = []
        else:
            left = _left(asked, request.success_id(rehearsed.progress))
        return told or [_bare(asked, Verdict.NO_CHANGE, "no stream can have been changed by this resource")], left

    def _half_known(self, asked: Asked, sent: Known) -> Line:
        """Plan a request of which some properties are unknown: the faults of the others are faults all the same."""
        why = "; ".join(f"{name} is {one}, which only the deployment tells" for name, one in sent.untold.items())
        unknown = _bare(asked, Verdict.UNKNOWN, why)
        try:
            told, _ = self._rehearsed(asked, sent, self._begin())
        except NotSeen as unseen:
            return replace(_bare(asked, Verdict.NOT_SEEN, str(unseen)), notes=(why,))
        except ProviderError as error:
            return replace(self._refused(asked, sent, error), notes=(why,))
        end = told[-1]
        if end.verdict is Verdict.REFUSED and sent.conclusive(end.error):
            return replace(end, stream=unknown.stream, steps=(), notes=(*end.notes, why))
        return replace(unknown, now=None if sent.stream else end.now)

    def _refused(self, asked: Asked, sent: Known, error: ProviderError) -> Line:
        """Refuse invalid properties; a key that can't be used is a second fault, which the provider would find next."""
        line = replace(_bare(asked, Verdict.REFUSED, str(error)), error=error.code)
        key_id = sent.properties.get("KeyId")
        if not isinstance(error, InvalidProperties) or not isinstance(key_id, str) or is_unknown(key_id):
            return line
        stack_id = asked.stack_id or self._stack_id
        name = known.stream_name(asked) or known.NO_STREAM
        stream = known.ImaginedStream(name)
        only = replace(sent, properties={"StreamName": name, "KeyId": key_id}, stream=stream)
        try:
            told, _ = self._rehearsed(replace(asked, event="Create", stack_id=stack_id), only, self._begin())
        except (NotSeen, ProviderError):
            return line
        also = [one.reason for one in told if one.error == KeyUnusable.__name__]
        return replace(line, reason=" ".join([line.reason, *also]))

    def _begin(self) -> Rehearsal:
        return Rehearsal(self._sources, NoTime(self._clock.now()), self._denied.append)


def _event(asked: Asked, sent: Known, stack_id: str) -> dict[str, Any]:
    event = {
        "RequestType": asked.event,
        "StackId": stack_id,
        "RequestId": "of a plan",
        "LogicalResourceId": asked.resource,
        "ResourceProperties": sent.properties,
        "OldResourceProperties": known.sendable(asked.old_properties, asked.resource),
    }
    return event | ({"PhysicalResourceId": asked.physical_id} if asked.physical_id else {})


def _left(asked: Asked, success_id: str) -> list[Asked]:
    """A success under another physical id is a replacement: CloudFormation deletes what had the old one."""
    if success_id == asked.physical_id:
        return []
    reason = "the resource moves to another stream"
    return [replace(asked, event=DELETE, properties=asked.old_properties, unsure=None, reason=reason, stream=None)]


def _denial(refusal: Refusal) -> str:
    return f"{refusal.resource} could not be looked up by you ({refusal.code}); the provider's role may be able to"


def _unsure(line: Line, unknown: Unknown, *, harmless: bool) -> Line:
    """A request that may not be sent at all. It is harmless where CloudFormation would not refuse it."""
    if line.verdict is Verdict.NO_CHANGE and harmless:
        return line
    reason = f"whether this request is sent depends on {unknown}: {line.reason}"
    return replace(line, verdict=Verdict.UNKNOWN, reason=reason, error=None)


def _bare(asked: Asked, verdict: Verdict, reason: str) -> Line:
    """A line about a stream that was not looked at."""
    held = stream_of_arn(asked.physical_id) if asked.event in (DELETE, RETAINED) else None
    name = held.name if held else known.stream_name(asked)
    return Line(asked.resource, asked.event, asked.reason, name, None, verdict, reason, line=asked.line)
