"""What a rehearsal says of a request, as the lines of a plan."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from .engine import (
    AWS_MANAGED,
    Concede,
    Failed,
    OwnedByAnotherStack,
    Owner,
    Release,
    Settled,
    Start,
    Stop,
    Verify,
    Wait,
    from_tags,
)
from .lines import Line, Sight, Step, Verdict
from .rehearsal import is_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .engine import Action, ProviderError
    from .rehearsal import Decision, Rehearsal, Rehearsed
    from .requests import Asked

_CALLS = {
    "Remember": "AddTagsToStream",
    "Cancel": "AddTagsToStream",
    "Forget": "RemoveTagsFromStream",
    "Start": "StartStreamEncryption",
    "Stop": "StopStreamEncryption",
    "Verify": "PutRecord",
}


def lines(asked: Asked, rehearsed: Rehearsed, rehearsal: Rehearsal) -> Iterator[Line]:
    """Make a line of each goal that the provider would come to."""
    for _goal, group in groupby(rehearsed.decisions, key=lambda one: one.goal):
        decisions = list(group)
        error = rehearsed.error if decisions[-1] is rehearsed.decisions[-1] else None
        yield _line(asked, decisions, error, rehearsal)


def _line(asked: Asked, decisions: Sequence[Decision], error: ProviderError | None, rehearsal: Rehearsal) -> Line:
    goal, actions = decisions[0].goal, [one.action for one in decisions]
    now = _sight(goal.stream.name, rehearsal)
    change = next((one for one in actions if isinstance(one, Start | Stop)), None)
    minor = next((one.action for one in decisions if one.changed), None)
    first = actions[0]
    verdict = _verdict(change, minor, error)
    reason = str(error) if error else (change or minor or actions[-1]).reason
    if isinstance(goal, Release) and _hangs_on_evidence(goal, now, change):
        verdict, reason = Verdict.UNKNOWN, f"its tags are gone: encryption ends if its key is {goal.evidence_key}"
    return Line(
        resource=asked.resource,
        event=asked.event,
        because=asked.reason,
        stream=goal.stream.name,
        now=now,
        verdict=verdict,
        reason=reason,
        key_id=change.key_id if isinstance(change, Start) else None,
        waits_for=first.reason if isinstance(first, Wait) and now.status != "ACTIVE" else None,
        error=error.code if error else None,
        steps=tuple(_steps(decisions)),
        notes=tuple(_notes(actions, now, error, rehearsal)),
        line=asked.line,
    )


def _sight(name: str, rehearsal: Rehearsal) -> Sight:
    stream, tags = rehearsal.kinesis.found(name)
    if name in rehearsal.kinesis.imagined:
        return Sight(None, rehearsal.kinesis.imagined[name].key_id, made=True)
    if stream is None:
        return Sight(None)
    ownership = from_tags(tags, Owner("", ""), rehearsal.clock.now()).ownership
    return Sight(str(stream.status), stream.key_id, ownership.owner if ownership else None)


def _verdict(change: Start | Stop | None, minor: Action | None, error: ProviderError | None) -> Verdict:
    if error:
        return Verdict.REFUSED
    if isinstance(change, Start):
        # A key that is not known yet may be the one that the stream has.
        return Verdict.UNKNOWN if is_unknown(change.key_id) and change.stream.key_id else Verdict.START
    if isinstance(change, Stop):
        return Verdict.STOP
    if isinstance(minor, Verify):
        return Verdict.RECORD_ONLY
    return Verdict.TAGS_ONLY if minor else Verdict.NO_CHANGE


def _hangs_on_evidence(goal: Release, now: Sight, change: Start | Stop | None) -> bool:
    """A Delete without a record goes by the key, and this one's key is not known."""
    return is_unknown(goal.evidence_key) and now.owner is None and now.key_id is not None and change is None


def _steps(decisions: Iterable[Decision]) -> Iterable[Step]:
    """The actions, without repeated waits, and without a refusal, which has its own place."""
    done = (one for one in decisions if not isinstance(one.action, Failed))
    for (name, reason), group in groupby(done, key=lambda one: (type(one.action).__name__, one.action.reason)):
        decision = next(group)
        key_id = decision.action.key_id if isinstance(decision.action, Start) else None
        yield Step(name, reason, _CALLS.get(name), key_id, decision.changed)


def _notes(actions: Sequence[Action], now: Sight, error: ProviderError | None, rehearsal: Rehearsal) -> Iterator[str]:
    for action in actions:
        if isinstance(action, Concede):
            yield action.reason
        elif isinstance(action, Start) and not AWS_MANAGED.fullmatch(action.key_id):
            key = rehearsal.keys.look_up(action.key_id, action.stream).identity
            yield (
                f"before that, every producer of {action.stream.name} needs kms:GenerateDataKey on {key}, "
                "and every consumer kms:Decrypt"
            )
    end = actions[-1]
    if isinstance(end, Settled) and end.attributes:
        current = rehearsal.keys.look_up(end.attributes.stream.key_id or "", end.attributes.stream)
        if current.fault:
            yield f"its key {current.key_id} {current.fault}, or its producers and consumers fail"
    if isinstance(error, OwnedByAnotherStack) and now.owner:
        yield f"if this is the template of that very stack, plan with --stack-name {now.owner.stack_name}"
