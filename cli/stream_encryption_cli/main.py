"""The command line: `plan`, `audit` and `drift`, and their options."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from . import VERSION, audit_command, drift_command, plan_command
from .account import Access
from .accounts import Accounts, Boto3Accounts
from .command import FAILED, INTERRUPTED, Command
from .failing import Condition
from .places import Scope
from .plan_command import Given
from .resources.served import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .pace import Clock

NAME = "kinesis-stream-encryption"
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class SystemClock:
    """The time that it is."""

    now = staticmethod(time.time)
    sleep = staticmethod(time.sleep)


def main(arguments: Sequence[str] | None = None, accounts: Accounts | None = None, clock: Clock | None = None) -> int:
    """Run a command.

    Args:
        arguments: The command line's arguments; those of the process unless given.
        accounts: Gives the accounts that the command looks at; by boto3 unless given.
        clock: Time.

    Returns:
        The exit code.
    """
    try:
        code = cli.main(
            arguments, NAME, standalone_mode=False, obj=(accounts or Boto3Accounts(), clock or SystemClock())
        )
    except click.ClickException as error:
        error.show()
        return FAILED
    except click.Abort:
        return INTERRUPTED
    return code if isinstance(code, int) else 0


@click.group(context_settings=_CONTEXT)
@click.version_option(VERSION, message="%(prog)s %(version)s")
def cli() -> None:
    """Tell what a deployment would do to Kinesis streams, and how each stream stands.

    Completion: eval "$(_KINESIS_STREAM_ENCRYPTION_COMPLETE=bash_source kinesis-stream-encryption)", or zsh_source,
    fish_source.
    """


def _reaching(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which account, region and endpoint."""
    for option in (
        click.option("--endpoint-url", metavar="URL", help="Where AWS answers; for all services."),
        click.option("--region", help="The region; the environment's or the profile's unless given."),
        click.option("--profile", help="The AWS profile."),
    ):
        command = option(command)
    return command


def _several(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which accounts and regions, and which endpoint."""
    for option in (
        click.option("--endpoint-url", metavar="URL", help="Where AWS answers; for all services."),
        click.option(
            "--all-regions", is_flag=True, help="Look at every region that is enabled; --region: where to ask for them."
        ),
        click.option("--region", help="The region; the environment's or the profile's unless given."),
        click.option(
            "--profile",
            "profiles",
            multiple=True,
            metavar="NAME[,NAME]",
            callback=_split,
            help="The AWS profile. Repeatable: one after the other.",
        ),
    ):
        command = option(command)
    return command


def _split(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Take values one by one, or several with commas; each once."""
    return tuple(dict.fromkeys(name for text in texts for name in text.split(",") if name))


def _conditions(context: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> tuple[Condition, ...]:
    names = _split(context, option, texts)
    wrong = [name for name in names if name not in tuple(Condition)]
    if wrong:
        raise click.BadParameter(f"{wrong[0]!r} is not one of {', '.join(Condition)}")
    return tuple(map(Condition, names))


_PROVIDER = click.option(
    "--provider", default=PROVIDER, metavar="NAME", help=f"The provider's FunctionName ({PROVIDER})."
)
_RECORD_TABLE = click.option(
    "--record-table", metavar="TABLE", help="The table that holds the record; by default the provider's stack tells it."
)


def _pairs(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{text!r} is not NAME=VALUE")
        pairs[name] = value
    return pairs


@cli.command(
    epilog="Exit codes: 0 nothing would change, and everything is known. 2 something would change, may change, is "
    "unknown, or has drifted. 1 something would be refused or could not be looked at, or the command failed."
)
@click.argument("file", required=False, type=click.Path(allow_dash=True))
@click.option("--parameter", "parameters", multiple=True, metavar="NAME=VALUE", callback=_pairs, help="A parameter.")
@click.option("--stack-name", metavar="STACK", help="The stack, by its name or id. With FILE: CloudFormation is asked.")
@click.option("--change-set", metavar="NAME_OR_ARN", help="Plan this change set.")
@click.option("--delete", is_flag=True, help="Plan the deletion of the stack.")
@click.option("--offline", is_flag=True, help="Evaluate FILE on this machine; make no change set.")
@_PROVIDER
@_RECORD_TABLE
@click.option("--format", "--output", "form", type=click.Choice(["table", "json"]), default="table")
@_reaching
@click.pass_obj
def plan(
    obj: tuple[Accounts, Clock],
    /,
    profile: str | None,
    region: str | None,
    endpoint_url: str | None,
    **given: Any,  # noqa: ANN401
) -> int:
    """Tell what a deployment would do to each stream, and why.

    FILE is a template (YAML or JSON), or a request of CloudFormation's (events/*.json); - is standard input. With
    --stack-name a template is planned by a change set, which is removed again.
    """
    wish = Given(**given)
    file = "<stdin>" if wish.file == "-" else wish.file or ""
    accounts, clock = obj
    command = Command("plan", Access(profile, region, endpoint_url), accounts, clock, file)
    return command.end(lambda command: plan_command.run(wish, command))


@cli.command(
    epilog="Exit codes: 0, or 2 where a stream is as --fail-on names it. 1 something could not be looked at, or the "
    "command failed."
)
@_PROVIDER
@_RECORD_TABLE
@click.option("--format", "--output", "form", type=click.Choice(["table", "json", "csv"]), default="table")
@click.option(
    "--fail-on",
    multiple=True,
    metavar="WHAT[,WHAT]",
    callback=_conditions,
    help="End with 2 where a stream is unencrypted, has drifted (drift), or has a key that can't be used (key).",
)
@click.option("--grants", is_flag=True, help="List the grants in the record instead of the streams.")
@click.option(
    "--principal",
    "principals",
    multiple=True,
    metavar="ARN",
    help="With --grants: hint whether this role or user may use each key: allowed, denied or unknown. Repeatable.",
)
@_several
@click.pass_obj
def audit(
    obj: tuple[Accounts, Clock],
    /,
    profiles: tuple[str, ...],
    region: str | None,
    endpoint_url: str | None,
    all_regions: bool,  # noqa: FBT001
    **given: Any,  # noqa: ANN401
) -> int:
    """Tell of every stream how it is encrypted, with which key, and which stack manages that."""
    accounts, clock = obj
    command = Command("audit", Access(None, region, endpoint_url), accounts, clock)
    wish = audit_command.Given(Scope(profiles, all_regions), **given)
    if wish.grants and wish.fail_on:
        raise click.UsageError("--fail-on is about streams, and --grants lists grants: give one of them")
    return command.end(lambda command: audit_command.run(wish, command))


@cli.command(
    epilog="Exit codes: 0 every claimed stream is as wanted. 2 one has drifted. 1 something could not be looked at."
)
@_PROVIDER
@_RECORD_TABLE
@click.option("--format", "--output", "form", type=click.Choice(["table", "json", "sarif", "asff"]), default="table")
@_several
@click.pass_obj
def drift(
    obj: tuple[Accounts, Clock],
    /,
    profiles: tuple[str, ...],
    region: str | None,
    endpoint_url: str | None,
    all_regions: bool,  # noqa: FBT001
    **given: Any,  # noqa: ANN401
) -> int:
    """Tell which claimed streams are not encrypted as their resources want, since when, and who did it.

    asff is the AWS Security Finding Format, for `aws securityhub batch-import-findings`.
    """
    accounts, clock = obj
    command = Command("drift", Access(None, region, endpoint_url), accounts, clock)
    wish = drift_command.Given(Scope(profiles, all_regions), **given)
    return command.end(lambda command: drift_command.run(wish, command))


def run() -> None:
    """Run the command, and end the process with its exit code."""
    sys.exit(main())
