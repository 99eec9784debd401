"""`plan`: which kind of plan is asked for, and whether CloudFormation is asked."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from . import plan_report
from .change_set_maker import LONGEST_TEMPLATE, Making, removed_in_the_end
from .change_sets import ChangeSetFault
from .plans import Plans, Wish, WrongUse
from .resources.served import PROVIDER
from .screen import Screen
from .sources import Sources
from .template import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .account import Account
    from .command import Command
    from .pace import Clock
    from .plan_report import Plan

_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line gives.

    Attributes:
        file: A template, or a request of CloudFormation's; `-` for standard input.
        parameters: The values of parameters.
        stack_name: The stack.
        change_set: The change set.
        delete: Plan the stack's deletion.
        offline: Evaluate the template here rather than by a change set.
        provider: The provider's FunctionName.
        record_table: The table that holds the record; None: the one that the provider's stack names.
        form: `table` or `json`.
    """

    file: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    stack_name: str | None = None
    change_set: str | None = None
    delete: bool = False
    offline: bool = False
    provider: str = PROVIDER
    record_table: str | None = None
    form: str = "table"


def run(given: Given, command: Command) -> int:
    """Make the plan, print it, and give the exit code."""
    _check(given)
    content = _read(given.file) if given.file else ""
    plan = _made(given, content, command)
    if given.form == "json":
        print(plan_report.as_json(plan))
    else:
        plan_report.show(plan, Screen(sys.stdout), command.file)
    return plan.exit_code


def _check(given: Given) -> None:
    if sum((bool(given.file), bool(given.change_set), given.delete)) != 1:
        raise WrongUse("give one of these: a template or an event, --change-set, --delete with --stack-name")
    if given.delete and not given.stack_name:
        raise WrongUse("--delete needs --stack-name")
    if given.change_set and not given.change_set.startswith("arn:") and not given.stack_name:
        raise WrongUse("a change set's name needs --stack-name; its ARN does not")
    if given.parameters and not given.file:
        raise WrongUse("--parameter needs a template")
    if given.offline and given.change_set:
        raise WrongUse("--offline evaluates a template: it can't read a change set")


def _read(file: str) -> str:
    raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    return raw.decode("utf-8-sig")


def _made(given: Given, content: str, command: Command) -> Plan:
    sections = text.read(content) if given.file else {}
    wish = Wish(sections, given.parameters, given.stack_name, given.provider)
    if given.file and ("RequestType" in sections or ("Records" in sections and "Resources" not in sections)):
        return _plans(given, command, command.account()).of_event(sections)
    alone = bool(given.file) and not given.stack_name
    account = command.account(or_nobody=alone, offline=given.offline and alone)
    plans = _plans(given, command, account)
    if given.change_set:
        return plans.of_change_set(given.change_set, wish)
    if given.delete:
        return plans.of_deletion(wish)
    if given.offline or alone:
        return plans.of_template(wish)
    return _asked(plans, wish, content, (account, command.clock))


def _plans(given: Given, command: Command, account: Account) -> Plans:
    return Plans(account, command.clock, Sources.of(account, given.provider, given.record_table))


def _asked(plans: Plans, wish: Wish, content: str, world: tuple[Account, Clock]) -> Plan:
    """Ask CloudFormation by a change set; evaluate the template here where that can't be done."""
    if len(content.encode()) > LONGEST_TEMPLATE:
        why = f"the template is longer than the {LONGEST_TEMPLATE:,} bytes that a call takes"
        return _evaluated_here(plans, wish, f"{why}: make the change set yourself, and plan it with --change-set")
    account, clock = world
    making = Making(account.change_sets, wish.stack_name or "", clock)
    try:
        with _terminated_like_interrupted(), removed_in_the_end(making):
            making.make(content, _declared(wish), wish.parameters)
            plan = plans.of_change_set(making.name, wish)
    except ClientError as error:
        if error.operation_name != "CreateChangeSet":
            raise
        told = error.response["Error"]
        if told["Code"] in _DENIED:
            return _evaluated_here(plans, wish, f"you may not make a change set ({told['Code']})")
        return _refused(plans, wish, f"CloudFormation refuses the change set: {told['Message']}")
    except ChangeSetFault as fault:
        return _refused(plans, wish, str(fault))
    notes = [f"asked CloudFormation by a change set; removed again: {', '.join(making.removed)}"]
    return replace(plan, notes=(*plan.notes, *notes))


def _declared(wish: Wish) -> Mapping[str, object]:
    declared = wish.sections.get("Parameters", {})
    return declared if isinstance(declared, dict) else {}


def _evaluated_here(plans: Plans, wish: Wish, why: str) -> Plan:
    plan = plans.of_template(wish)
    return replace(plan, notes=(*plan.notes, f"evaluated on this machine: {why}"))


def _refused(plans: Plans, wish: Wish, why: str) -> Plan:
    return replace(plans.of_nothing(wish), refused=why.rstrip("."))


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let a termination end the work in order, so that what was made is removed."""

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
