"""`drift`: compare every claimed stream with what its resource wants, and print what differs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import drift, drift_report
from .engine import KeyLookup, Kinesis, Sight
from .progress import Progress
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
        form: `table`, `json`, `sarif` or `asff`.
    """

    provider: str = PROVIDER
    record_table: str | None = None
    form: str = "table"


def run(given: Given, command: Command) -> int:
    """Look at every claimed stream, print what has drifted, and give the exit code."""
    account, clock = command.account(), command.clock
    sources, progress = Sources.of(account, given.provider, given.record_table), Progress(sys.stderr, clock)
    records = list(drift.claimed(sources.records))
    progress(f"{len(records)} claimed streams")
    sight = Sight(Kinesis(account.kinesis), KeyLookup(lambda: account.kms), clock)
    found = list(drift.rows(records, sight, clock))
    progress.end()
    if given.form == "json":
        print(drift_report.as_json(found))
    elif given.form == "sarif":
        print(drift_report.as_sarif(found))
    elif given.form == "asff":
        print(drift_report.as_asff(found, account, clock.now()))
    else:
        drift_report.show(found, account.place, Screen(sys.stdout))
    return drift.exit_code(found)
