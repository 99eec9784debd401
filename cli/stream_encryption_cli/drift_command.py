"""`drift`: compare every claimed stream with what its resource wants, and print what differs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import drift, drift_report
from .drift import Unseen
from .engine import KeyLookup, Kinesis, Sight
from .places import parts
from .progress import Progress
from .screen import Screen
from .sources import Where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .account import Account
    from .command import Command
    from .drift import Row


@dataclass(frozen=True, slots=True)
class Given(Where):
    """What the command line gives.

    Attributes:
        form: `table`, `json`, `sarif` or `asff`.
    """

    form: str = "table"


def run(given: Given, command: Command) -> int:
    """Look at every claimed stream, print what has drifted, and give the exit code."""
    clock, progress = command.clock, Progress(sys.stderr, command.clock)

    def look(account: Account) -> Iterator[Row | Unseen]:
        records = list(drift.claimed(given.sources(account).records))
        progress(f"{len(records)} claimed streams")
        sight = Sight(Kinesis(account.kinesis), KeyLookup(lambda: account.kms), clock)
        yield from drift.rows(records, sight, clock)

    found = list(parts(given.scope, command, look, lambda why: Unseen("", why, fails=True)))
    progress.end()
    if given.form == "json":
        print(drift_report.as_json(found))
    elif given.form == "sarif":
        print(drift_report.as_sarif(found))
    elif given.form == "asff":
        print(drift_report.as_asff(found, clock.now()))
    else:
        drift_report.show(found, Screen(sys.stdout))
    return drift.exit_code(one for part in found for one in part.found)
