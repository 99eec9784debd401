"""The docs' pictures are drawn by what is checked in, are sound, and tell nothing of the machine that drew them."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.templates import ROOT
from tools import draw_architecture

PICTURES = sorted((ROOT / "docs").glob("*.svg"))
MOST_BYTES = 200_000

every_picture = pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)


def test_the_architecture_is_drawn_by_its_script() -> None:
    """A change by hand would be lost at the next `make draw`."""
    assert draw_architecture.PICTURE.read_text("utf-8") == draw_architecture.drawing()


def test_the_recording_is_of_a_demo_that_passed() -> None:
    """`make record` keeps no other."""
    told = "".join(ET.parse(ROOT / "docs" / "demo.svg").getroot().itertext()).replace("\xa0", " ")  # noqa: S314 (ours)
    assert re.search(r"[1-9][0-9]* checks passed, 0 failed", told)
    assert "StartStreamEncryption orders" in told


@every_picture
def test_a_picture_is_small_and_loads_nothing(picture: Path) -> None:
    """It is shown where scripts and other servers are not allowed."""
    text = picture.read_text("utf-8")
    assert len(text.encode()) < MOST_BYTES
    assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 (ours)
    assert re.findall(r"(?:href|src|url)\s*[=(]\s*[\"']?(?!#)[a-z]+:", text) == []
    assert "<script" not in text


@every_picture
def test_a_picture_tells_nothing_of_the_machine_that_drew_it(picture: Path) -> None:
    """No address, no folder, no ResponseURL."""
    text = picture.read_text("utf-8")
    assert re.findall(r"127\.0\.0\.1|localhost|/tmp/|/home/|Signature=", text) == []


@every_picture
def test_a_picture_is_shown_on_a_page(picture: Path) -> None:
    """Or else it is left over."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if picture.name in page.read_text("utf-8")]
