"""What a rehearsal says of a request, as the lines of a plan."""

from __future__ import annotations

from itertools import groupby, takewhile
from typing import TYPE_CHECKING

from .engine import (
    AWS_MANAGED_ALIAS,
    Call,
    Change,
    Code,
    Failed,
    OwnedByAnotherStack,
    Reached,
    Release,
    SkipRestore,
    Verify,
    Wait,
    for_incarnation,
)
from .lines import Line, Sight, Step, Verdict
from .rehearsed import is_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .engine import Action, Goal, ProviderError
    from .rehearsal import Decision, Rehearsal, Rehearsed
    from .requests import Asked

_BEFORE = (Code.WAITING_FOR_ACTIVE, Code.WAITING_FOR_OTHER_CALL)
"""What a request waits for before it changes anything."""


def lines(asked: Asked, rehearsed: Rehearsed, rehearsal: Rehearsal) -> Iterator[Line]:
    """Make a line of each goal that the provider would come to."""
    for _goal, group in groupby(rehearsed.decisions, key=lambda one: one.goal):
        decisions = list(group)
        error = rehearsed.error if decisions[-1] is rehearsed.decisions[-1] else None
        yield _line(asked, decisions, error, rehearsal)


def _line(asked: Asked, decisions: Sequence[Decision], error: ProviderError | None, rehearsal: Rehearsal) -> Line:
    goal, actions = decisions[0].goal, [one.action for one in decisions]
    now = _sight(goal, rehearsal)
    calls = [one for one in actions if isinstance(one, Call)]
    change = next((one for one in calls if one.grant is None), None)
    claim = next((one.action for one in decisions if one.claimed), None)
    verdict = _verdict(change, actions, error)
    if verdict is Verdict.NO_CHANGE and claim:
        verdict = Verdict.CLAIM_ONLY
    first = change or next(iter(calls), None) or claim or actions[-1]
    reason = str(error) if error else first.reason
    if isinstance(goal, Release) and now.owner_unknown:
        verdict, reason = Verdict.UNKNOWN, "the record tells what a Delete undoes, and you can't read it"
    elif isinstance(goal, Release) and _hangs_on_key(goal, now, change):
        verdict, reason = Verdict.UNKNOWN, f"its record is lost: encryption ends if its key is {goal.last_key_id}"
    return Line(
        resource=asked.resource,
        event=asked.event,
        because=asked.reason,
        stream=goal.stream.name,
        now=now,
        verdict=verdict,
        reason=reason,
        key_id=change.key_id if change and change.change is Change.START else None,
        waits_for=_waits_for(actions),
        error=error.code if error else None,
        steps=tuple(_steps(decisions)),
        notes=tuple(dict.fromkeys(_notes(decisions, now, error, rehearsal))),
        line=asked.line,
    )


def _sight(goal: Goal, rehearsal: Rehearsal) -> Sight:
    name, imagined = goal.stream.name, rehearsal.kinesis.imagined
    if name in imagined:
        return Sight(None, imagined[name].key_id, made=True)
    stream = rehearsal.kinesis.found(name)
    if stream is None:
        return Sight(None)
    record = for_incarnation(rehearsal.table.found(stream.arn), stream.created, rehearsal.clock.now())
    owner = record.in_force.owner if record.in_force else None
    return Sight(str(stream.status), stream.key_id, owner, rehearsal.table.unread.get(stream.arn))


def _verdict(change: Call | None, actions: Sequence[Action], error: ProviderError | None) -> Verdict:
    if error:
        return Verdict.REFUSED
    if change and change.change is Change.STOP:
        return Verdict.STOP
    if change:
        # A key that is not known yet may be the one that the stream has.
        return Verdict.UNKNOWN if is_unknown(change.key_id) and change.stream.key_id else Verdict.START
    if any(isinstance(one, Call) for one in actions):
        return Verdict.GRANTS_ONLY  # What lasts comes before the data record of Verify.
    return Verdict.VERIFY_ONLY if any(isinstance(one, Verify) for one in actions) else Verdict.NO_CHANGE


def _hangs_on_key(goal: Release, now: Sight, change: Call | None) -> bool:
    """A Delete without a record goes by the key, and this one's key is not known."""
    return is_unknown(goal.last_key_id) and now.owner is None and now.key_id is not None and change is None


def _waits_for(actions: Iterable[Action]) -> str | None:
    """Tell what is waited for before the first call."""
    before = takewhile(lambda one: not isinstance(one, Call | Verify), actions)
    return next((one.reason for one in before if isinstance(one, Wait) and one.code in _BEFORE), None)


def _steps(decisions: Iterable[Decision]) -> Iterable[Step]:
    """The actions, without repeated waits, and without a refusal, which has its own place."""
    done = (one for one in decisions if not isinstance(one.action, Failed))
    for (code, reason), group in groupby(done, key=lambda one: (str(one.action.code), one.action.reason)):
        decision = next(group)
        action = decision.action
        key_id = action.key_id if isinstance(action, Call) and action.change is Change.START else None
        yield Step(code, reason, _call(decision), key_id, decision.changed)


def _call(decision: Decision) -> str | None:
    if isinstance(decision.action, Call):
        return str(decision.action.change)
    if isinstance(decision.action, Verify):
        return "PutRecord"
    return "PutItem" if decision.changed else None


def _notes(
    decisions: Sequence[Decision], now: Sight, error: ProviderError | None, rehearsal: Rehearsal
) -> Iterator[str]:
    if now.owner_unknown:
        yield f"owner unknown: {now.owner_unknown}"
    for action in (one.action for one in decisions):
        if isinstance(action, SkipRestore):
            yield action.reason
        elif isinstance(action, Call) and action.change is Change.START:
            yield from _rights(action, rehearsal)
    end = decisions[-1].action
    if isinstance(end, Reached):
        yield from _of_the_end(end, rehearsal)
    if isinstance(error, OwnedByAnotherStack) and now.owner:
        yield f"if this is the template of that very stack, plan with --stack-name {now.owner.stack_name}"


def _rights(start: Call, rehearsal: Rehearsal) -> Iterator[str]:
    if not AWS_MANAGED_ALIAS.fullmatch(start.key_id):
        key = rehearsal.keys.look_up(start.key_id, start.stream).identity
        yield (
            f"before that, every producer of {start.stream.name} needs kms:GenerateDataKey on {key}, "
            "and every consumer kms:Decrypt"
        )


def _of_the_end(end: Reached, rehearsal: Rehearsal) -> Iterator[str]:
    if end.note:
        yield end.note
    if end.record and len(end.record.claims) > 1:
        below = end.record.claims[-2].owner
        yield f"the stream is taken over from {below.logical_id} of stack {below.stack_name}"
    if end.attributes:
        current = rehearsal.keys.look_up(end.attributes.stream.key_id or "", end.attributes.stream)
        if current.fault:
            yield f"its key {current.key_id} {current.fault}, or its producers and consumers fail"
