"""`drift`: compare every claimed stream with what its resource wants, and print what differs."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import drift, drift_report
from .drift import Unseen
from .engine import KeyLookup, Kinesis, Sight
from .places import Scope, parts
from .progress import Progress
from .resources.served import PROVIDER
from .screen import Screen
from .sources import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .account import Account
    from .command import Command
    from .drift import Row


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line gives.

    Attributes:
        scope: The accounts and regions.
        provider: The provider's FunctionName.
        record_table: The table that holds the record; None: the one that the provider's stack names.
        form: `table`, `json`, `sarif` or `asff`.
    """

    scope: Scope = field(default_factory=Scope)
    provider: str = PROVIDER
    record_table: str | None = None
    form: str = "table"


def run(given: Given, command: Command) -> int:
    """Look at every claimed stream, print what has drifted, and give the exit code."""
    clock, progress = command.clock, Progress(sys.stderr, command.clock)
    of = Sources.of if given.scope.is_one else Sources.of_any

    def look(account: Account) -> Iterator[Row | Unseen]:
        records = list(drift.claimed(of(account, given.provider, given.record_table).records))
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
