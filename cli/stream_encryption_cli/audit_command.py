"""`audit`: look at every stream, and print the rows."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import audit, audit_report
from .audit import Looks
from .progress import Progress
from .reader import KeyReader
from .screen import Screen
from .sources import Sources
from .template.served import PROVIDER

if TYPE_CHECKING:
    from .command import Command


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line gives.

    Attributes:
        provider: The provider's FunctionName.
        record_table: The table that holds the record; None: the one that the provider's stack names.
        form: `table`, `json` or `csv`.
    """

    provider: str = PROVIDER
    record_table: str | None = None
    form: str = "table"


def run(given: Given, command: Command) -> int:
    """Look at every stream, print the rows, and give the exit code."""
    account = command.account()
    sources = Sources.of(account, given.provider, given.record_table)
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
