"""Draws pictures for the docs as SVG, so that they can be checked in, compared, and read in any browser."""

from __future__ import annotations

from html import escape

INK, GREY, FAINT, PAPER = "#1f2328", "#59636e", "#d1d9e0", "#ffffff"
BLUE, ORANGE, GREEN, PURPLE = "#0969da", "#bc4c00", "#1a7f37", "#8250df"
FONT = "-apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif"
HEAD = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    f'<path d="M0,0 L8,4 L0,8 z" fill="{GREY}"/></marker></defs>'
)
"""What an arrow ends in."""


class Drawing:
    """Boxes, lines and words on white paper; all lengths are in pixels."""

    def __init__(self, width: int, height: int, title: str) -> None:
        """Start with an empty sheet; the title is what a screen reader says."""
        self._size = (width, height)
        self._title = title
        self._parts: list[str] = []

    def box(  # noqa: PLR0913 (each is a fact of its own)
        self, x: float, y: float, width: float, height: float, *, fill: str = PAPER, edge: str = FAINT
    ) -> None:
        """A box with round corners."""
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="5" fill="{fill}" '
            f'stroke="{edge}"/>'
        )

    def words(  # noqa: PLR0913 (each is a fact of its own)
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: int = 13,
        colour: str = INK,
        bold: bool = False,
        anchor: str = "start",
    ) -> None:
        """One line of text; (x, y) is where its base line begins, or as anchor says its middle or end."""
        weight = ' font-weight="600"' if bold else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{weight}>'
            f"{escape(text)}</text>"
        )

    def path(self, *points: tuple[float, float], colour: str = GREY, dashed: bool = False, arrow: bool = False) -> None:
        """A line through the points, with a head at its end if it is an arrow."""
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
