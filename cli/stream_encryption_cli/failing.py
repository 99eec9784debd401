"""Which streams of an audit end the command with exit code 2, as --fail-on names them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from .engine import FindingCode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .audit import Row

NOTHING, UNSEEN, FAILS = 0, 1, 2
"""The exit codes: no stream matches; something could not be looked at; a stream matches."""
_USABLE, _UNKNOWN = "usable", "unknown"


class Condition(StrEnum):
    """What can be wrong with a stream: the values of --fail-on."""

    UNENCRYPTED = "unencrypted"
    DRIFT = "drift"
    KEY = "key"


def exit_code(rows: Iterable[Row], conditions: Collection[Condition]) -> int:
    """Tell 1 where something could not be looked at, 2 where a stream meets one of the conditions, else 0."""
    rows = list(rows)
    if any(row.fault or _is_open(row, conditions) for row in rows):
        return UNSEEN
    return FAILS if any(_meets(row, one) for row in rows for one in conditions) else NOTHING


def has_broken_key(row: Row) -> bool:
    """Tell whether the stream's key can't be used."""
    return row.key not in ("", _USABLE, _UNKNOWN)


def _meets(row: Row, condition: Condition) -> bool:
    match condition:
        case Condition.UNENCRYPTED:
            return row.encryption == "NONE"
        case Condition.DRIFT:
            return bool(row.drift)
        case Condition.KEY:
            return has_broken_key(row) or FindingCode.KEY_UNUSABLE in row.drift.split(", ")
        case _:
            assert_never(condition)


def _is_open(row: Row, conditions: Collection[Condition]) -> bool:
    """Tell whether nobody could look at the key, which has to be usable."""
    return Condition.KEY in conditions and row.key == _UNKNOWN
