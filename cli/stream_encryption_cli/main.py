"""The command: its arguments, what it looks at, what it prints and what it returns."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from stream_encryption.errors import ProviderError
from stream_encryption.request import Request

from . import audit, audit_report, plan_report, stacks, template_text
from .account import Account
from .deployment import Asked, requests
from .intrinsics import Scope, TemplateFault
from .plan import Planner
from .plan_report import Plan
from .progress import Progress
from .reader import KeyReader, NotSeen, StreamReader
from .template import Template, parameter_values
from .template_text import NotATemplate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stream_encryption.model import Place

    from .pace import Clock

FAILED = 1
"""The exit code where nothing could be told; so is a plan's that holds a refusal."""
NEW_STACK = "a-new-stack"
NEW_STACK_GUID = "00000000-0000-0000-0000-000000000000"


class WrongUse(Exception):
    """What was asked for can't be done."""


_FAULTS = (
    BotoCoreError,
    ClientError,
    NotATemplate,
    NotSeen,
    OSError,
    ProviderError,
    TemplateFault,
    UnicodeDecodeError,
    WrongUse,
)
"""What is the caller's to mend, and so is told in a sentence rather than by a traceback."""


class SystemClock:
    """The time that is."""

    now = staticmethod(time.time)
    sleep = staticmethod(time.sleep)


def main(
    arguments: Sequence[str] | None = None,
    account: Callable[[str | None, str | None], Account] = Account.of,
    clock: Clock | None = None,
) -> int:
    """Run a command.

    Args:
        arguments: The command line's; those of the process unless given.
        account: Gives the account of a profile and region.
        clock: Time.

    Returns:
        The exit code.
    """
    given = _parser().parse_args(arguments)
    try:
        text, code = given.run(given, account(given.profile, given.region), clock or SystemClock())
    except _FAULTS as error:
        print(f"{given.command} failed: {error}", file=sys.stderr)
        return FAILED
    print(text)
    return int(code)


class _Parser(argparse.ArgumentParser):
    """argparse's, whose exit code for wrong arguments would be that of a plan with changes."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(FAILED, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="kinesis-stream-encryption", description="Looks at streams, and changes nothing.")
    commands = parser.add_subparsers(dest="command", required=True)
    place = _Parser(add_help=False)
    place.add_argument("--region", help="the region; the environment's or the profile's unless given")
    place.add_argument("--profile", help="the AWS profile")
    plan = commands.add_parser(
        "plan",
        parents=[place],
        help="what a deployment would do to each stream, and why",
        epilog="Exit code: 0 nothing would change, 2 something would, 1 something would be refused or not be seen.",
    )
    plan.add_argument("file", nargs="?", type=Path, help="a template (YAML or JSON), or a request (events/*.json)")
    plan.add_argument("--parameter", action="append", default=[], type=_pair, metavar="NAME=VALUE")
    plan.add_argument("--stack-name", help="the stack that is, or is to be, deployed")
    plan.add_argument("--delete", action="store_true", help="plan the deletion of the stack instead")
    plan.add_argument("--format", choices=("table", "json"), default="table")
    plan.set_defaults(run=_plan)
    every = commands.add_parser(
        "audit",
        parents=[place],
        help="every stream: how it is encrypted, with which key, and who manages that",
        epilog="Exit code: 0, or 1 where something could not be looked at.",
    )
    every.add_argument("--format", choices=tuple(_AUDITS), default="table")
    every.set_defaults(run=_audit)
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _plan(given: argparse.Namespace, account: Account, clock: Clock) -> tuple[str, int]:
    if given.delete == bool(given.file) or (given.delete and not given.stack_name):
        raise WrongUse("give either a template or an event, or --delete with --stack-name")
    content = template_text.read(given.file.read_text(encoding="utf-8")) if given.file else {}
    planned = _of_event if "RequestType" in content else _of_template
    plan = planned(given, content, account, clock)
    return plan_report.as_json(plan) if given.format == "json" else plan_report.as_text(plan), plan.exit_code


def _of_event(_given: argparse.Namespace, event: Mapping[str, Any], account: Account, clock: Clock) -> Plan:
    """Plan one request, as if CloudFormation sent it now."""
    request = Request.of({name: value for name, value in event.items() if name != "ResponseURL"}, clock.now())
    if request.owner.place != account.place:
        raise WrongUse(f"the event is from {_spelled(request.owner.place)}, and this is {_spelled(account.place)}")
    asked = Asked(
        request.owner.logical_id, request.type, request.properties, request.old_properties, request.physical_id
    )
    lines = _planner(account, request.owner.stack_id, clock).plan([asked])
    return Plan(request.owner.stack_name, None, account.place.account, account.place.region, lines)


def _of_template(given: argparse.Namespace, sections: Mapping[str, Any], account: Account, clock: Clock) -> Plan:
    """Plan a stack's creation, its update or its deletion."""
    there = stacks.deployed(account.cloudformation, given.stack_name) if given.stack_name else None
    name = there.name if there else given.stack_name or NEW_STACK
    if given.delete and there is None:
        raise WrongUse(f"there is no stack {name} in {_spelled(account.place)}")
    exported = stacks.exports(account.cloudformation)

    def scoped(sections: Mapping[str, Any], parameters: Mapping[str, Any]) -> Template:
        pseudo = _pseudo_parameters(account, name if given.stack_name else None, there.stack_id if there else None)
        return Template.of(sections, Scope({**parameters, **pseudo}, exports=exported))

    before = scoped(there.sections, parameter_values(there.sections, {}, there.parameters)) if there else None
    values = parameter_values(sections, dict(given.parameter), there.parameters if there else None)
    after = scoped(sections, values)
    asked = requests(after, before, there.physical_ids if there else None)
    stack_id = there.stack_id if there else _new_stack_id(account, name)
    return Plan(
        name,
        there.status if there else None,
        account.place.account,
        account.place.region,
        _planner(account, stack_id, clock).plan(asked),
        (*after.notes, *(there.notes if there else ())),
    )


def _planner(account: Account, stack_id: str, clock: Clock) -> Planner:
    return Planner(StreamReader(account.kinesis), account.kms, stack_id, clock.now())


def _new_stack_id(account: Account, name: str) -> str:
    """An id that no stack has, so that no record on a stream is this stack's."""
    here = f"arn:{account.partition}:cloudformation:{account.place.region}:{account.place.account}"
    return f"{here}:stack/{name}/{NEW_STACK_GUID}"


def _pseudo_parameters(account: Account, name: str | None, stack_id: str | None) -> dict[str, str]:
    told = {
        "AWS::AccountId": account.place.account,
        "AWS::Partition": account.partition,
        "AWS::Region": account.place.region,
        "AWS::StackId": stack_id,
        "AWS::StackName": name,
    }
    return {pseudo: value for pseudo, value in told.items() if value}


_AUDITS = {"table": audit_report.as_text, "json": audit_report.as_json, "csv": audit_report.as_csv}


def _audit(given: argparse.Namespace, account: Account, clock: Clock) -> tuple[str, int]:
    reader, progress = StreamReader(account.kinesis), Progress(sys.stderr, clock)
    names = audit.names(reader, clock, lambda found: progress(f"listing streams: {found}"))
    rows = []
    for row in audit.rows(names, reader, KeyReader(lambda: account.kms), clock):
        rows.append(row)
        progress(f"{len(rows)} of {len(names)} streams")
    progress.end()
    return _AUDITS[given.format](rows), FAILED if any(row.fault for row in rows) else 0


def _spelled(place: Place) -> str:
    return f"account {place.account}, region {place.region}"
