"""`audit`: look at every stream, and print the rows."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import audit, audit_report, grants
from .audit import Looks
from .grants import GrantRow
from .hints import Hints
from .progress import Progress
from .reader import KeyReader
from .screen import Screen
from .sources import Sources
from .template.served import PROVIDER

if TYPE_CHECKING:
    from .command import Command
    from .engine import Place


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line gives.

    Attributes:
        provider: The provider's FunctionName.
        record_table: The table that holds the record; None: the one that the provider's stack names.
        form: `table`, `json` or `csv`.
        grants: List the grants in the record instead of the streams.
        principals: Whom to hint about, with `grants`.
    """

    provider: str = PROVIDER
    record_table: str | None = None
    form: str = "table"
    grants: bool = False
    principals: tuple[str, ...] = ()


def run(given: Given, command: Command) -> int:
    """Look at every stream, print the rows, and give the exit code."""
    account = command.account()
    sources = Sources.of(account, given.provider, given.record_table)
    if given.grants:
        return _grants(given, sources, Hints(account.iam, account.kms, given.principals), account.place)
    looks, progress = (
        Looks(sources.streams, sources.records, KeyReader(lambda: account.kms)),
        Progress(sys.stderr, command.clock),
    )
    names = audit.names(sources.streams, command.clock, lambda found: progress(f"listing streams: {found}"))
    rows = []
    for row in audit.rows(names, looks, command.clock):
        rows.append(row)
        progress(f"{len(rows)} of {len(names)} streams")
    progress.end()
    if given.form == "json":
        print(audit_report.as_json(rows))
    elif given.form == "csv":
        print(audit_report.as_csv(rows))
    else:
        audit_report.show(rows, account.place, Screen(sys.stdout))
    return 1 if any(row.fault for row in rows) else 0


def _grants(given: Given, sources: Sources, hints: Hints, place: Place) -> int:
    """Print the grants in the record."""
    rows = list(grants.rows(sources, hints))
    if given.form == "json":
        print(audit_report.as_json(rows))
    elif given.form == "csv":
        print(audit_report.as_csv(rows, GrantRow))
    else:
        audit_report.show_grants(rows, place, Screen(sys.stdout))
    return 0
