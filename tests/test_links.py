"""Every link in the README and the docs leads somewhere, and no page names a file that is not there."""

import re
from pathlib import Path

import pytest

from tests.pages import PAGES, anchors, codes, links, text_of
from tests.templates import ROOT

FOLDERS = sorted(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "_")))
FILES = re.compile(rf"(?:{'|'.join(map(re.escape, FOLDERS))})/[\w./-]*[\w/]")
BUILT = ("build/", "dist/", "node_modules/")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def dead(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            found.append(link)
    return found


def missing(text: str) -> list[str]:
    """The files and folders of the project that a text names as code, and that are not there."""
    named = [code for code in codes(text) if FILES.fullmatch(code)]
    return [name for name in named if not name.startswith(BUILT) and not (ROOT / name).exists()]


@every_page
def test_every_link_leads_to_a_file_and_an_anchor_that_are_there(page: Path) -> None:
    """A page that is renamed, or a heading, takes its links along. The network is not asked."""
    assert dead(page) == []


@every_page
def test_a_page_names_no_file_that_is_not_there(page: Path) -> None:
    """Nor in code, where there is no link to be checked."""
    assert missing(text_of(page)) == []


def test_a_dead_link_and_a_missing_file_are_found(tmp_path: Path) -> None:
    """Or else the tests above would prove nothing."""
    page = tmp_path / "page.md"
    page.write_text(
        "# One\n[a](#one) [b](#two) [c](other.md) [d](https://example.com/)\n\n[e]: gone.md\n```\n[f](x)\n```\n"
    )
    assert dead(page) == ["#two", "other.md", "gone.md"]
    assert missing("`docs/reference.md`, `docs/gone.md`, `local/gone.py` and `make demo`") == [
        "docs/gone.md",
        "local/gone.py",
    ]


def test_every_page_of_the_docs_can_be_reached_from_the_readme() -> None:
    """By links alone, one after the other."""
    reached, todo = set[Path](), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        todo += [(page.parent / link.partition("#")[0]).resolve() for link in links(page) if not link.startswith("#")]
    assert {str(page.relative_to(ROOT)) for page in set(PAGES) - reached} == set()
