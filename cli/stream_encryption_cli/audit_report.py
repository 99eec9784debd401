"""An audit as a table, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from .audit import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .engine import Place
    from .grants import GrantRow
    from .screen import Screen

_HEAD = ("STREAM", "STATUS", "ENCRYPTION", "KEY", "CAN BE USED", "MANAGED BY", "FOUND", "WANTED", "SINCE", "PENDING")


def as_json(rows: Sequence[Row] | Sequence[GrantRow]) -> str:
    """Every field of every row, for a program."""
    return json.dumps([asdict(row) for row in rows], indent=2)


def as_csv(rows: Sequence[Row] | Sequence[GrantRow], kind: type[Row | GrantRow] = Row) -> str:
    """Every field of every row, for a spreadsheet."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [one.name for one in fields(kind)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return text.getvalue().rstrip("\n")


def show(rows: Sequence[Row], place: Place, screen: Screen) -> None:
    """Print what a person wants to see of every stream at once."""
    screen.paragraph(f"Account {place.account}, region {place.region}\n")
    screen.table(_HEAD, map(_cells, rows))
    faults = defaultdict[str, list[str]](list)
    for row in rows:
        if row.fault:
            faults[row.fault].append(row.stream)
    if faults:
        told = [f"{one[0] if len(one) == 1 else f'{len(one)} streams'}: {fault}" for fault, one in faults.items()]
        screen.paragraph("\n".join(["", *told]), "red")
    screen.paragraph(f"\n{_summary(rows)}")


def show_grants(rows: Sequence[GrantRow], place: Place, screen: Screen) -> None:
    """Print the grants, and what a hint is worth."""
    screen.paragraph(f"Account {place.account}, region {place.region}\n")
    hinted = any(row.hint for row in rows)
    head = ("STREAM", "PRINCIPAL", "MAY", "KEY", "FOR", "SINCE", "UNTIL", *(["HINT"] if hinted else []))
    screen.table(head, (_grant_cells(row, hinted=hinted) for row in rows))
    granted = sum(bool(row.since) for row in rows)
    screen.paragraph(f"\n{granted} grants in the record.")
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
    broken = sum(row.key not in ("", "usable", "unknown") for row in rows)
    managed = sum(bool(row.resource) for row in rows)
    return (
        f"{len(rows)} streams: {encryption['KMS']} encrypted ({broken} with a key that can't be used), "
        f"{encryption['NONE']} not; {managed} managed by a stack."
    )


def _cells(row: Row) -> tuple[str, ...]:
    stack = row.stack.split("/")[1] if "/" in row.stack else row.stack
    managed = f"{row.resource} of {stack}" if row.resource else stack
    key = (row.stream, row.status, row.encryption, _key(row), row.key)
    return (*key, managed, row.found, row.wanted, row.since, row.pending)


def _key(row: Row) -> str:
    """Name the key, and tell which one that is where its name does not say it.

    A key of the stream's own account and region is spelled without them: the table's head has them.
    """
    place = ":".join(row.arn.split(":")[3:5])
    key_id = row.key_id.rpartition(":")[2] if f":kms:{place}:" in row.key_id else row.key_id
    if not row.key_arn or row.key_id in row.key_arn:
        return key_id
    return f"{key_id} = {row.key_arn.rpartition('/')[2]}"
