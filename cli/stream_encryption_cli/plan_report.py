"""A plan as a person reads it, as a program does, and as a pipeline's exit code."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .lines import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .lines import Line, Sight, Step
    from .screen import Screen

NOTHING, REFUSED, CHANGES = 0, 1, 2
"""The exit codes: nothing would change; something would be refused, or could not be told; something would change, or
a stream has drifted."""

_CODES = {
    Verdict.NO_REQUEST: NOTHING,
    Verdict.NO_CHANGE: NOTHING,
    Verdict.CLAIM_ONLY: CHANGES,
    Verdict.GRANTS_ONLY: CHANGES,
    Verdict.VERIFY_ONLY: CHANGES,
    Verdict.START: CHANGES,
    Verdict.STOP: CHANGES,
    Verdict.UNKNOWN: CHANGES,
    Verdict.REFUSED: REFUSED,
    Verdict.NOT_SEEN: REFUSED,
}
_OUTCOMES = {NOTHING: "nothing", REFUSED: "refused", CHANGES: "changes"}

_TOLD = (Verdict.REFUSED, Verdict.UNKNOWN, Verdict.NOT_SEEN)
"""Whose reasons nothing else tells."""

_STYLES = {NOTHING: "", REFUSED: "red", CHANGES: "yellow"}
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
        refused: Why CloudFormation refuses the whole operation; None where it does not.
    """

    stack: str
    status: str | None
    account: str
    region: str
    lines: Sequence[Line]
    notes: Sequence[str] = ()
    refused: str | None = None

    @property
    def exit_code(self) -> int:
        """Give a pipeline its exit code: a refusal before a change, and a change before nothing."""
        codes = {_code(line) for line in self.lines} | ({REFUSED} if self.refused else set())
        return next((code for code in (REFUSED, CHANGES) if code in codes), NOTHING)


def _code(line: Line) -> int:
    """The exit code for one line. A stream that has drifted needs somebody, though this deployment leaves it so."""
    return CHANGES if line.drift else _CODES[line.verdict]


def as_json(plan: Plan) -> str:
    """The plan for a program."""
    return json.dumps({"outcome": _OUTCOMES[plan.exit_code], **asdict(plan)}, indent=2)


def show(plan: Plan, screen: Screen, file: str = "") -> None:
    """Print the plan for a person: a table of all of it, then the reasons, resource by resource.

    Args:
        plan: The plan.
        screen: Where to print it.
        file: The template's file, to be named with the line of each resource.
    """
    status = plan.status or "not there yet"
    screen.paragraph(f"Stack {plan.stack} ({status}) in account {plan.account}, region {plan.region}\n")
    if plan.lines:
        screen.table(_HEAD, map(_row, plan.lines), (_STYLES[_code(line)] for line in plan.lines))
        screen.paragraph()
    for line in plan.lines:
        screen.paragraph("\n".join([*_paragraph(line, file), ""]))
    for note in plan.notes:
        screen.paragraph(f"Note: {note}.\n")
    if plan.refused:
        screen.paragraph(f"Refused: {plan.refused}.\n", _STYLES[REFUSED])
    screen.paragraph(_summary(plan))


def _row(line: Line) -> tuple[str, ...]:
    return line.resource, line.event, line.stream or "?", _now(line.now), _short(line)


def _now(now: Sight | None) -> str:
    if now is None:
        return ""
    if now.made:
        return "made by this template"
    if now.status is None:
        return "not there"
    return f"{now.status}, {_last_part(now.key_id) if now.key_id else 'not encrypted'}"


def _last_part(key_id: str) -> str:
    """Shorten a key's ARN by the part that is the same for the whole region."""
    return key_id.rpartition(":")[2] if key_id.startswith("arn:") else key_id


def _short(line: Line) -> str:
    texts = {
        Verdict.NO_REQUEST: "no request, though it drifted" if line.drift else "no request",
        Verdict.NO_CHANGE: "no change",
        Verdict.CLAIM_ONLY: "claim only",
        Verdict.GRANTS_ONLY: "grants only",
        Verdict.VERIFY_ONLY: "put one record",
        Verdict.START: f"Start with {_last_part(line.key_id or '')}",
        Verdict.STOP: "Stop",
        Verdict.UNKNOWN: f"unknown, perhaps Start with {_last_part(line.key_id)}" if line.key_id else "unknown",
        Verdict.REFUSED: f"refused: {line.error}",
        Verdict.NOT_SEEN: "could not be looked at",
    }
    return ("wait, then " if line.waits_for else "") + texts[line.verdict]


def _paragraph(line: Line, file: str) -> Iterable[str]:
    """Tell the reasons, and what else the table has no room for."""
    where = f"{file}:{line.line}" if line.line else ""
    about = "; ".join(filter(None, (where, line.because)))
    yield f"{line.resource} ({about})" if about else line.resource
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
    drifted = [line.resource for line in plan.lines if line.drift]
    if plan.refused and not plan.lines:
        return "CloudFormation would do nothing."
    if not plan.lines:
        return "No resource of this stack is the provider's."
    told = (
        f"{counts[CHANGES]} to change or unknown, {counts[NOTHING]} to leave as they are, "
        f"{counts[REFUSED]} refused or not seen."
    )
    if drifted:
        told += f" Drifted: {', '.join(drifted)}; this deployment does not mend that."
    if any(line.verdict is Verdict.REFUSED for line in plan.lines):
        told += " CloudFormation would roll the whole deployment back."
    return told
