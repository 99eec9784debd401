"""`audit`: look at every stream of the accounts and regions that are asked for, and print the rows."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import audit, audit_report, failing, grants
from .audit import Looks, Row
from .grants import GrantRow
from .hints import Hints
from .places import parts
from .progress import Progress
from .reader import KeyReader
from .sources import Where

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from .account import Account
    from .command import Command
    from .failing import Condition


@dataclass(frozen=True, slots=True)
class Given(Where):
    """What the command line gives.

    Attributes:
        form: `table`, `json` or `csv`.
        fail_on: What must not be true of any stream.
        grants: List the grants in the record instead of the streams.
        principals: Whom to hint about, with `grants`.
    """

    form: str = "table"
    fail_on: Collection[Condition] = ()
    grants: bool = False
    principals: tuple[str, ...] = ()


def run(given: Given, command: Command) -> int:
    """Look at every stream, print the rows, and give the exit code."""
    return _grants(given, command) if given.grants else _streams(given, command)


def _streams(given: Given, command: Command) -> int:
    progress = Progress(sys.stderr, command.clock)

    def look(account: Account) -> Iterator[Row]:
        sources = given.sources(account)
        looks = Looks(sources.streams, sources.records, KeyReader(lambda: account.kms))
        names = audit.names(sources.streams, command.clock, lambda found: progress(f"listing streams: {found}"))
        for number, row in enumerate(audit.rows(names, looks, command.clock), 1):
            yield row
            progress(f"{number} of {len(names)} streams")

    found = list(parts(given.scope, command, look, lambda why: Row("", fault=why)))
    progress.end()
    audit_report.tell(found, Row, given.form, audit_report.show)
    return failing.exit_code((row for part in found for row in part.found), given.fail_on)


def _grants(given: Given, command: Command) -> int:
    """Print the grants in the record."""

    def look(account: Account) -> Iterable[GrantRow]:
        return grants.rows(given.sources(account), Hints(account.iam, account.kms, given.principals))

    found = list(parts(given.scope, command, look, lambda why: GrantRow("", fault=why)))
    audit_report.tell(found, GrantRow, given.form, audit_report.show_grants)
    return 1 if any(row.fault for part in found for row in part.found) else 0
