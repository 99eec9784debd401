"""`audit`: look at every stream of the accounts and regions that are asked for, and print the rows."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import audit, audit_report, failing, grants
from .audit import Looks, Row
from .grants import GrantRow
from .hints import Hints
from .places import Scope, parts
from .progress import Progress
from .reader import KeyReader
from .resources.served import PROVIDER
from .screen import Screen
from .sources import Sources

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from .account import Account
    from .command import Command
    from .failing import Condition


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line gives.

    Attributes:
        scope: The accounts and regions.
        provider: The provider's FunctionName.
        record_table: The table that holds the record; None: the one that the provider's stack names.
        form: `table`, `json` or `csv`.
        fail_on: What must not be true of any stream.
        grants: List the grants in the record instead of the streams.
        principals: Whom to hint about, with `grants`.
    """

    scope: Scope = field(default_factory=Scope)
    provider: str = PROVIDER
    record_table: str | None = None
    form: str = "table"
    fail_on: Collection[Condition] = ()
    grants: bool = False
    principals: tuple[str, ...] = ()

    def sources(self, account: Account) -> Sources:
        """Where to look in one account and region."""
        look = Sources.of if self.scope.is_one else Sources.of_any
        return look(account, self.provider, self.record_table)


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
    if given.form == "json":
        print(audit_report.as_json(found))
    elif given.form == "csv":
        print(audit_report.as_csv(found, Row))
    else:
        audit_report.show(found, Screen(sys.stdout))
    return failing.exit_code((row for part in found for row in part.found), given.fail_on)


def _grants(given: Given, command: Command) -> int:
    """Print the grants in the record."""

    def look(account: Account) -> Iterable[GrantRow]:
        return grants.rows(given.sources(account), Hints(account.iam, account.kms, given.principals))

    found = list(parts(given.scope, command, look, lambda why: GrantRow("", fault=why)))
    if given.form == "json":
        print(audit_report.as_json(found))
    elif given.form == "csv":
        print(audit_report.as_csv(found, GrantRow))
    else:
        audit_report.show_grants(found, Screen(sys.stdout))
    return 1 if any(row.fault for part in found for row in part.found) else 0
