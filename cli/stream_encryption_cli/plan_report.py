"""A plan as a person reads it, as a program does, and as a pipeline's exit code."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .plan import Verdict
from .tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .plan import Line, Sight, Step

NOTHING, REFUSED, CHANGES = 0, 1, 2
"""The exit codes: nothing would change; something would be refused, or could not be told; something would change."""

_CODES = {
    Verdict.NO_REQUEST: NOTHING,
    Verdict.NO_CHANGE: NOTHING,
    Verdict.TAGS_ONLY: CHANGES,
    Verdict.RECORD_ONLY: CHANGES,
    Verdict.START: CHANGES,
    Verdict.STOP: CHANGES,
    Verdict.UNKNOWN: CHANGES,
    Verdict.REFUSED: REFUSED,
    Verdict.NOT_SEEN: REFUSED,
}
_OUTCOMES = {NOTHING: "nothing", REFUSED: "refused", CHANGES: "changes"}

_TOLD = (Verdict.REFUSED, Verdict.UNKNOWN, Verdict.NOT_SEEN)
"""Whose reasons nothing else tells."""

_HEAD = ("RESOURCE", "EVENT", "STREAM", "NOW", "PLAN")


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, and what it is for.

    Attributes:
        stack: The stack's name.
        status: The stack's status; None where it is not there yet.
        account: The account.
        region: The region.
        lines: What comes of each request.
        notes: What else there is to know of the template and the stack.
    """

    stack: str
    status: str | None
    account: str
    region: str
    lines: Sequence[Line]
    notes: Sequence[str] = ()

    @property
    def exit_code(self) -> int:
        """What a pipeline goes by: a refusal before a change before nothing."""
        codes = {_CODES[line.verdict] for line in self.lines}
        return next((code for code in (REFUSED, CHANGES) if code in codes), NOTHING)


def as_json(plan: Plan) -> str:
    """The plan for a program."""
    return json.dumps({"outcome": _OUTCOMES[plan.exit_code], **asdict(plan)}, indent=2)


def as_text(plan: Plan) -> str:
    """The plan for a person: a table of all of it, then why, one after the other."""
    status = plan.status or "not there yet"
    parts = [f"Stack {plan.stack} ({status}) in account {plan.account}, region {plan.region}"]
    if plan.lines:
        parts.append(table(_HEAD, map(_row, plan.lines)))
    parts += ["\n".join(_paragraph(line)) for line in plan.lines]
    parts += [f"Note: {note}." for note in plan.notes]
    return "\n\n".join([*parts, _summary(plan)])


def _row(line: Line) -> tuple[str, ...]:
    return line.resource, line.event, line.stream or "?", _now(line.now), _short(line)


def _now(now: Sight | None) -> str:
    if now is None:
        return ""
    if now.status is None:
        return "not there"
    return f"{now.status}, {_last_part(now.key_id) if now.key_id else 'not encrypted'}"


def _last_part(key_id: str) -> str:
    """A key's ARN without what all the region's have in common."""
    return key_id.rpartition(":")[2]


def _short(line: Line) -> str:
    texts = {
        Verdict.NO_REQUEST: "no request, though it drifted" if line.drift else "no request",
        Verdict.NO_CHANGE: "no change",
        Verdict.TAGS_ONLY: "tags only",
        Verdict.RECORD_ONLY: "put one record",
        Verdict.START: f"Start with {line.key_id}",
        Verdict.STOP: "Stop",
        Verdict.UNKNOWN: f"unknown, perhaps Start with {line.key_id}" if line.key_id else "unknown",
        Verdict.REFUSED: f"refused: {line.error}",
        Verdict.NOT_SEEN: "could not be looked at",
    }
    return ("wait, then " if line.waits_for else "") + texts[line.verdict]


def _paragraph(line: Line) -> Iterable[str]:
    """Why, and what else to know: what the table has no room for."""
    yield f"{line.resource} ({line.because})" if line.because else line.resource
    if line.now and line.now.owner:
        yield f"  {line.stream} is managed by {line.now.owner.logical_id} of stack {line.now.owner.stack_name}."
    if line.verdict in _TOLD:
        yield f"  {line.reason[0].upper()}{line.reason[1:].removesuffix('.')}."
    yield from (f"  {number}. {_step(step)}" for number, step in enumerate(line.steps, 1))
    if line.drift:
        yield f"  Drifted, and this deployment does not mend it: {line.drift.removesuffix('.')}."
    yield from (f"  Note: {note.removesuffix('.')}." for note in line.notes)


def _step(step: Step) -> str:
    return f"{step.call or step.action}{f' with {step.key_id}' if step.key_id else ''}: {step.reason}"


def _summary(plan: Plan) -> str:
    counts = Counter(_CODES[line.verdict] for line in plan.lines)
    if not plan.lines:
        return "No resource of this stack asks the provider for anything."
    told = (
        f"{counts[CHANGES]} to change, {counts[NOTHING]} to leave as they are, {counts[REFUSED]} refused or not seen."
    )
    if any(line.verdict is Verdict.REFUSED for line in plan.lines):
        told += " CloudFormation would roll the whole deployment back."
    return told
