"""`audit`: look at every stream, and print the rows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from . import audit, audit_report
from .command import FAILED
from .progress import Progress
from .reader import KeyReader, StreamReader
from .screen import Screen

if TYPE_CHECKING:
    from .command import Command


def run(form: str, command: Command) -> int:
    """Look at every stream, print the rows, and give the exit code.

    Args:
        form: `table`, `json` or `csv`.
        command: The command.
    """
    account = command.account()
    reader, progress = StreamReader(account.kinesis), Progress(sys.stderr, command.clock)
    names = audit.names(reader, command.clock, lambda found: progress(f"listing streams: {found}"))
    rows = []
    for row in audit.rows(names, reader, KeyReader(lambda: account.kms), command.clock):
        rows.append(row)
        progress(f"{len(rows)} of {len(names)} streams")
    progress.end()
    if form == "json":
        print(audit_report.as_json(rows))
    elif form == "csv":
        print(audit_report.as_csv(rows))
    else:
        audit_report.show(rows, account.place, Screen(sys.stdout))
    return FAILED if any(row.fault for row in rows) else 0
