"""Draws pictures for the docs as SVG: text that can be checked in and compared, and that any browser shows."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

INK, GREY, FAINT, PAPER = "#1f2328", "#59636e", "#d1d9e0", "#ffffff"
BLUE, ORANGE, GREEN, PURPLE = "#0969da", "#bc4c00", "#1a7f37", "#8250df"
FONT = "-apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif"
HEAD = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    f'<path d="M0,0 L8,4 L0,8 z" fill="{GREY}"/></marker></defs>'
)
"""The head of an arrow."""


class Box(NamedTuple):
    """A rectangle, by its left upper corner."""

    x: float
    y: float
    width: float
    height: float


class Font(NamedTuple):
    """How words are written; `anchor` is the point of the line that is given: start, middle or end."""

    size: int = 13
    colour: str = INK
    bold: bool = False
    anchor: str = "start"


PLAIN = Font()


class Drawing:
    """Boxes, lines and words on white paper. All lengths are in pixels."""

    def __init__(self, width: int, height: int, title: str) -> None:
        """Start with an empty sheet; a screen reader reads the title."""
        self._size = (width, height)
        self._title = title
        self._parts: list[str] = []

    def box(self, at: Box, *, fill: str = PAPER, edge: str = FAINT) -> None:
        """Draw a box with round corners."""
        self._parts.append(
            f'<rect x="{at.x:.1f}" y="{at.y:.1f}" width="{at.width:.1f}" height="{at.height:.1f}" rx="5" fill="{fill}" '
            f'stroke="{edge}"/>'
        )

    def words(self, at: tuple[float, float], text: str, font: Font = PLAIN) -> None:
        """Write one line of text; `at` is its base line's beginning, middle or end, as the font's anchor says."""
        weight = ' font-weight="600"' if font.bold else ""
        self._parts.append(
            f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" font-size="{font.size}" fill="{font.colour}" '
            f'text-anchor="{font.anchor}"{weight}>{escape(text)}</text>'
        )

    def path(self, *points: tuple[float, float], colour: str = GREY, dashed: bool = False, arrow: bool = False) -> None:
        """Draw a line through the points; an arrow has a head at its end."""
        steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        head = ' marker-end="url(#head)"' if arrow else ""
        self._parts.append(f'<polyline points="{steps}" fill="none" stroke="{colour}" stroke-width="1.4"{dash}{head}/>')

    def __str__(self) -> str:
        """The picture's SVG."""
        width, height = self._size
        size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        lines = (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}" role="img">',
            f"<title>{escape(self._title)}</title>",
            HEAD,
            f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>',
            *self._parts,
            "</svg>\n",
        )
        return "\n".join(lines)
