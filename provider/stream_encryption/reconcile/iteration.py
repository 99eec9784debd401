"""One iteration: observe, unless the last look is still valid; decide; act.

An iteration may be repeated, run twice at once or cut off: it relies only on the record and the stream.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import assert_never

from stream_encryption.aws.service_errors import Refused
from stream_encryption.grants import Grant
from stream_encryption.record.changes import with_intent
from stream_encryption.record.values import Change, Record
from stream_encryption.values import Refusal, RefusalKind

from .actions import Action, Call, Code, Failed, GiveUp, Reached, SkipRestore, SkipRevoke, Verify, Wait, WriteRecord
from .ensure import decide_ensure
from .environment import Environment
from .failures import decide_refusal, record_after_failure
from .goals import Ensure, Goal, Mend, RevokeDue
from .mend import decide_mend
from .observation import Observation, observe
from .progress import Progress
from .release import decide_given_up, decide_release
from .revoke_due import decide_revoke_due
from .state import PROOF, WRITE, State
from .state_changes import (
    after_answer,
    after_call,
    after_grant_call,
    after_intent,
    after_look,
    after_lost_call,
    after_refusal,
    after_refused_call,
)

MOST_LOOK_AGE_SECONDS = 30.0
"""The greatest age of a look that an action is based on, in seconds: two slow calls fit in. If the process paused for
longer, the provider looks again."""


@dataclass(frozen=True, slots=True)
class Known:
    """What this invocation knows from the iteration before.

    Attributes:
        record: The record as it was last read or written; None: it has to be read. It may be out of date: every
            write is conditional.
        seen: The last look, if only the record was written since; None: look again.
    """

    record: Record | None = None
    seen: Observation | None = None


NOTHING = Known()


@dataclass(frozen=True, slots=True)
class Iteration:
    """The result of one iteration: the new state, the action, and what is known for the next iteration."""

    state: State
    action: Action
    known: Known


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One iteration at a goal; `began` is in epoch seconds."""

    goal: Goal
    env: Environment
    began: float


def iterate(progress: Progress, env: Environment, known: Known) -> Iteration:
    """Look, unless the last look is still valid; decide; and carry out one action."""
    goal, state, seen = progress.goals[0], progress.state, known.seen
    attempt = _Attempt(goal, env, env.clock.now())
    if seen is None:
        try:
            seen = observe(goal, env, known.record, use_describe_stream=state.look_throttled)
        except Refused as refused:
            return _after_refusal(attempt, state, refused.refusal, known)
        state = after_look(state, seen, env.clock.now())
    action = _decide(goal, seen, state, env.clock.now())
    if not isinstance(action, Wait | Failed) and env.clock.now() - seen.now > MOST_LOOK_AGE_SECONDS:
        action = Wait(Code.LOOKING_AGAIN, "the look is too old to act upon", 0.0)
    elif isinstance(action, Failed | SkipRestore) and known.record is not None:
        # These two are final. This iteration has not read the record, and no conditional write has shown whether it is
        # old, so read it first.
        action = Wait(Code.LOOKING_AGAIN, "the record may have changed since it was read", 0.0)
    env.log.decided(goal, action)
    iteration = Iteration(state, action, Known(seen.record, seen))
    return _write(attempt, iteration, action, seen) if isinstance(action, WriteRecord) else _act(attempt, iteration)


def _decide(goal: Goal, seen: Observation, state: State, now: float) -> Action:
    if isinstance(goal, Ensure):
        return decide_ensure(goal, seen, state, now)
    if isinstance(goal, RevokeDue):
        return decide_revoke_due(goal, seen, state, now)
    if isinstance(goal, Mend):
        return decide_mend(goal, seen, state, now)
    return decide_release(goal, seen, state, now)


def _write(attempt: _Attempt, iteration: Iteration, action: WriteRecord, seen: Observation) -> Iteration:
    """Write the record. The look still holds, since only the record has changed."""
    env, state, record = attempt.env, iteration.state, action.record
    if action.planned:
        name, now = f"{env.random.getrandbits(64):016x}", env.clock.now()
        record = with_intent(record, action.planned, name, now)
        state = after_intent(state, action.planned, name, now)
    try:
        written = env.table.write(record)
    except Refused as refused:
        left = state if refused.refusal.maybe_done else iteration.state
        return _after_refusal(attempt, left, refused.refusal, iteration.known)
    return Iteration(after_answer(state, WRITE), action, Known(written, replace(seen, record=written)))


def _act(attempt: _Attempt, iteration: Iteration) -> Iteration:
    """Carry out one action other than a write of the record alone: one call, or none."""
    env, state, action = attempt.env, iteration.state, iteration.action
    try:
        grant_id = _perform(action, env)
    except Refused as refused:
        if isinstance(action, Call):
            lost = refused.refusal.maybe_done
            state = after_lost_call(state, env.clock.now()) if lost else after_refused_call(state)
        return _after_refusal(attempt, state, refused.refusal, iteration.known)
    if isinstance(action, Call) and action.grant:
        return Iteration(after_grant_call(state, grant_id, env.clock.now()), action, iteration.known)
    return _after_action(attempt, iteration)


def _perform(action: Action, env: Environment) -> str:
    """Make the action's call; return KMS' name for a grant that was made."""
    match action:
        case Call(change=Change.CREATE_GRANT, grant=Grant() as grant):
            return env.grants.create(grant, action.stream.arn)
        case Call(grant=Grant() as grant):
            env.grants.revoke(grant, action.stream.arn)
        case Call(change=Change.START):
            env.kinesis.start(action.stream, action.key_id)
        case Call():
            env.kinesis.stop(action.stream, action.key_id)
        case Verify():
            env.kinesis.verify(action.stream)
        case Reached(record=Record() as record):
            env.table.write(record)
        case WriteRecord() | Reached() | Wait() | SkipRestore() | SkipRevoke() | Failed():
            pass
        case _:
            assert_never(action)
    return ""


def _after_action(attempt: _Attempt, iteration: Iteration) -> Iteration:
    """Add the action to the state, and forget the look, which is out of date now; a failed request ends its intent."""
    env, state, action, known = attempt.env, iteration.state, iteration.action, Known(iteration.known.record)
    match action:
        case Wait():
            state = replace(state, waiting_for=action.reason)
            if action.code in (Code.WAITING_FOR_OTHER_CALL, Code.LOOKING_AGAIN):
                known = NOTHING  # Others may have written the record: it is read again.
        case Call():
            state = after_call(state, env.clock.now(), answered=True)
        case Verify():
            state = replace(after_answer(state, PROOF), verified=True)
        case SkipRestore():
            state = replace(state, skipped=action.reason)
        case SkipRevoke():
            unrevoked = (*state.granted.unrevoked, action.grant)
            state = replace(state, granted=replace(state.granted, unrevoked=unrevoked))
        case Failed():
            end_intent(attempt.goal, state, iteration.known, env)
    return Iteration(state, action, known)


def end_intent(goal: Goal, state: State, known: Known, env: Environment) -> None:
    """End the intent of a request that fails, if its call certainly is over or was not made."""
    if known.record is None:
        return
    left = record_after_failure(goal, state, known.record, known.seen)
    if left:
        with suppress(Refused):  # The intent then lasts its time.
            env.table.write(left)


def _after_refusal(attempt: _Attempt, state: State, refusal: Refusal, known: Known) -> Iteration:
    """Decide on a call that AWS refused. After a refused read or write of the record, it is read again."""
    goal, env = attempt.goal, attempt.env
    env.log.call_refused(refusal)
    state = after_refusal(state, refusal, env.clock.now())
    # Count to the iteration's begin, not to now: a pause of the process after the refusal is not time that was tried.
    action = decide_refusal(goal, refusal, state, attempt.began)
    if isinstance(action, GiveUp):
        action = _end_given_up(action, env)
    env.log.decided(goal, action)
    record = None if refusal.action.startswith("dynamodb:") else known.record
    return _after_action(attempt, Iteration(state, action, Known(record, known.seen)))


def _end_given_up(given_up: GiveUp, env: Environment) -> Action:
    """End the undo of a failed request as the record says; if there is no claim, write that the owner has left."""
    goal = given_up.goal
    arn = goal.owner.stream_arn(goal.stream.name)
    try:
        end = decide_given_up(given_up, env.table.read(arn), env.clock.now())
        if isinstance(end, Reached) and end.record:
            env.table.write(end.record)
    except Refused as refused:
        if refused.refusal.kind in (RefusalKind.CONFLICT, RefusalKind.THROTTLED, RefusalKind.TRANSIENT):
            return Wait(Code.BACKING_OFF, f"{refused.refusal.action}: {refused.refusal.code}; back off")
        return given_up.unclaimed  # The record, which would tell of a claim, is not available.
    return end
