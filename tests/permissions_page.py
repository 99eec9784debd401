"""The tables of docs/permissions.md: what each role allows, on what, and why."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.templates import ROOT

PAGE = ROOT / "docs" / "permissions.md"


@dataclass(frozen=True)
class Row:
    """A row of the page: what a statement of a role allows, and on what; by whom it is called, and when and why."""

    actions: tuple[str, ...]
    sid: str
    on: tuple[str, ...]
    caller: str
    why: str


def rows(role: str) -> list[Row]:
    """What the page says of a role: in its own section, and in the one of all roles."""
    return [*map(_row, _cells(f"### `{role}`")), *_shared_rows(role)]


def _shared_rows(role: str) -> Iterator[Row]:
    """The role's rows of the section of all roles. Where each role has its own resource, they stand in one order."""
    for names, *cells in _cells("### Logs and traces"):
        roles, row = _named(names), _row(cells)
        if role in roles:
            yield row if len(row.on) == 1 else replace(row, on=(row.on[roles.index(role)],))


def _cells(heading: str) -> list[list[str]]:
    """The rows of the table below a heading, or below what the heading begins with; none without that heading."""
    _, _, section = PAGE.read_text(encoding="utf-8").partition(f"\n{heading}")
    return [line.split("|")[1:-1] for line in section.partition("\n#")[0].splitlines() if line.startswith("| `")]


def _row(cells: list[str]) -> Row:
    actions, sid, on, caller, why = cells
    return Row(_named(actions), _named(sid)[0], _named(on), caller.strip(), why.strip())


def _named(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`(.+?)`", cell))
