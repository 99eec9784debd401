"""What is printed: tables and paragraphs for a terminal, or for a pipe."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_AS_WIDE_AS_NEEDED = 100_000


class Screen:
    """Prints to a stream: as wide as the terminal, or as wide as the text where it is a pipe or a file.

    Rich heeds NO_COLOR and FORCE_COLOR; COLUMNS sets the width.
    """

    def __init__(self, stream: TextIO) -> None:
        """Print to this stream."""
        columns = os.environ.get("COLUMNS", "")
        told = int(columns) if columns.isdigit() and int(columns) > 0 else None
        self._wraps = stream.isatty() or told is not None
        width = told or (None if stream.isatty() else _AS_WIDE_AS_NEEDED)
        self._stream = stream
        self._console = Console(file=stream, width=width, highlight=False, markup=False, emoji=False)

    def paragraph(self, text: str = "", style: str = "") -> None:
        """Print lines of text, wrapped at the terminal's width."""
        for line in text.split("\n"):
            self._print(Text(line, style))

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]], styles: Iterable[str] = ()) -> None:
        """Print rows beneath their heads.

        Args:
            head: The head of each column.
            rows: The cells of each row.
            styles: The style of each row's last cell, in Rich's words; none for plain rows.
        """
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", collapse_padding=True)
        for one in head:
            table.add_column(one, overflow="fold")
        coloured = iter(styles)
        for row in rows:
            *cells, last = row
            table.add_row(*map(Text, cells), Text(last, next(coloured, "")))
        self._print(table)

    def _print(self, what: Text | Table) -> None:
        with self._console.capture() as captured:
            self._console.print(what, soft_wrap=not self._wraps and isinstance(what, Text))
        print("\n".join(line.rstrip() for line in captured.get().removesuffix("\n").split("\n")), file=self._stream)
