"""An audit as a table, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections import Counter, defaultdict
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, TypeVar

from .failing import has_broken_key
from .screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .audit import Row
    from .grants import GrantRow
    from .places import Part

AnyRow = TypeVar("AnyRow", "Row", "GrantRow")
"""A row of either kind of audit."""

_HEAD = ("STREAM", "STATUS", "ENCRYPTION", "KEY", "CAN BE USED", "MANAGED BY", "FOUND", "WANTED", "SINCE", "PENDING")
_PLACE = ("profile", "account", "region")
_DIFFERS = ("Unencrypted", "AnotherKey")
"""The findings that the stream has not the wanted key."""


def tell(
    parts: Sequence[Part[AnyRow]],
    kind: type[AnyRow],
    form: str,
    show_table: Callable[[Sequence[Part[AnyRow]], Screen], None],
) -> None:
    """Print the rows in the form that was asked for: `table`, `json` or `csv`."""
    if form == "json":
        print(as_json(parts))
    elif form == "csv":
        print(as_csv(parts, kind))
    else:
        show_table(parts, Screen(sys.stdout))


def as_json(parts: Sequence[Part[Row]] | Sequence[Part[GrantRow]]) -> str:
    """Every field of every row, for a program."""
    return json.dumps(_flat(parts), indent=2)


def as_csv(parts: Sequence[Part[Row]] | Sequence[Part[GrantRow]], kind: type[Row | GrantRow]) -> str:
    """Every field of every row, for a spreadsheet."""
    text = io.StringIO()
    names = [*_PLACE, *(one.name for one in fields(kind))]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_flat(parts))
    return text.getvalue().rstrip("\n")


def _flat(parts: Sequence[Part[Row]] | Sequence[Part[GrantRow]]) -> list[dict[str, str]]:
    return [part.fields() | asdict(row) for part in parts for row in part.found]


def show(parts: Sequence[Part[Row]], screen: Screen) -> None:
    """Print what a person wants to see of every stream at once, under the name of each account and region."""
    for part in parts:
        streams = [row for row in part.found if row.stream]
        if streams or len(parts) == 1:
            screen.paragraph(f"{part.name}\n")
            screen.table(_HEAD, map(_cells, streams))
            _say_once([(row.detail, row.stream) for row in streams], "yellow", screen)
        _say_once([(row.fault, row.stream or part.name) for row in part.found], "red", screen)
        if streams:
            screen.paragraph()
    empty = [part.name for part in parts if not part.found]
    if empty and len(parts) > 1:
        screen.paragraph("No streams: " + "; ".join(empty) + "\n")
    screen.paragraph(_summary([row for part in parts for row in part.found if row.stream]))


def _say_once(told: Sequence[tuple[str, str]], style: str, screen: Screen) -> None:
    """Print what there is to say of streams; the same of many streams once."""
    about = defaultdict[str, list[str]](list)
    for text, name in told:
        if text:
            about[text].append(name)
    lines = [f"{one[0] if len(one) == 1 else f'{len(one)} streams'}: {text}" for text, one in about.items()]
    if lines:
        screen.paragraph("\n".join(["", *lines]), style)


def show_grants(parts: Sequence[Part[GrantRow]], screen: Screen) -> None:
    """Print the grants, and what a hint is worth."""
    rows = [row for part in parts for row in part.found]
    hinted = any(row.hint for row in rows)
    head = ("STREAM", "PRINCIPAL", "MAY", "KEY", "FOR", "SINCE", "UNTIL", *(["HINT"] if hinted else []))
    for part in parts:
        granted = [row for row in part.found if row.stream and not row.fault]
        if granted or len(parts) == 1:
            screen.paragraph(f"{part.name}\n")
            screen.table(head, (_grant_cells(row, hinted=hinted) for row in granted))
            screen.paragraph()
        _say_once([(row.fault, row.stream or part.name) for row in part.found], "red", screen)
    screen.paragraph(f"{sum(bool(row.since) for row in rows)} grants in the record.")
    if hinted:
        screen.paragraph(
            "A hint is by IAM's simulation and the key's policy. unknown is common: a condition, a service control "
            "policy or another account can decide."
        )


def _grant_cells(row: GrantRow, *, hinted: bool) -> tuple[str, ...]:
    may = "write" if row.direction == "Producer" else "read"
    cells = (row.stream, row.principal, may, row.key.rpartition(":")[2], row.owners, row.since, row.until)
    return (*cells, row.hint) if hinted else cells


def _summary(rows: Sequence[Row]) -> str:
    encryption = Counter(row.encryption for row in rows)
    broken = sum(map(has_broken_key, rows))
    drifted = sum(bool(row.drift) for row in rows)
    managed = sum(bool(row.resource) for row in rows)
    return (
        f"{len(rows)} stream{'' if len(rows) == 1 else 's'}: {encryption['KMS']} encrypted "
        f"({broken} with a key that can't be used), "
        f"{encryption['NONE']} not; {managed} managed by a stack"
        + (f", of which {drifted} {'has' if drifted == 1 else 'have'} drifted." if drifted else ".")
    )


def _cells(row: Row) -> tuple[str, ...]:
    stack = row.stack.split("/")[1] if "/" in row.stack else row.stack
    managed = f"{row.resource} of {stack}" if row.resource else stack
    key = (row.stream, row.status, row.encryption, _key(row), row.key)
    return (*key, managed, row.found, _wanted(row), row.since, row.pending)


def _wanted(row: Row) -> str:
    """Name the wanted key, with a mark where the stream does not have it."""
    differs = any(code in _DIFFERS for code in row.drift.split(", "))
    return f"!= {row.wanted}" if differs else row.wanted


def _key(row: Row) -> str:
    """Name the key, and tell which one that is where its name does not say it.

    A key of the stream's own account and region is spelled without them: the table's head has them.
    """
    place = ":".join(row.arn.split(":")[3:5])
    key_id = row.key_id.rpartition(":")[2] if f":kms:{place}:" in row.key_id else row.key_id
    if not row.key_arn or row.key_id in row.key_arn:
        return key_id
    return f"{key_id} = {row.key_arn.rpartition('/')[2]}"
