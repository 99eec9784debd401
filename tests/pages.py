"""The project's pages as tests read them: their tables, headings and links."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.templates import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), ROOT / "examples" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_FENCE = re.compile(r"^(```+).*?^\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6}) (.+?)\s*$", re.MULTILINE)
_CELL = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+(?:\([^()]*\))?)\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")


def text_of(page: Path) -> str:
    """A page without what it shows in fences: commands, templates, drawings."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def table(page: Path, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, its head and rule left out."""
    _, found, below = text_of(page).partition(f"\n{heading}\n")
    assert found, f"{page.name} has no heading {heading}"
    below = re.split(r"^#", below, maxsplit=1, flags=re.MULTILINE)[0]
    rows = [line for line in below.splitlines() if line.startswith("|")]
    assert rows, f"{page.name} has no table below {heading}"
    return [[cell.strip() for cell in _CELL.split(row)[1:-1]] for row in rows[2:]]


def codes(text: str) -> list[str]:
    """What is written as code in a text."""
    return _CODE.findall(text)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found, seen = set(), Counter[str]()
    for _, title in _HEADING.findall(text_of(page)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def links(page: Path) -> Iterator[str]:
    """Every link of a page that leads to a file of the project, or to an anchor."""
    for inline, reference in _LINK.findall(text_of(page)):
        target = inline or reference
        if not re.match(r"[a-z]+:", target):
            yield target
