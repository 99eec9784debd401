"""The table of docs/crhelper-compared.md."""

import re

from tests.pages import text_of
from tests.templates import ROOT

PAGE = ROOT / "docs" / "crhelper-compared.md"
ROWS = {
    int(found[1]): [cell.strip() for cell in found[0].split("|")[1:-1]]
    for found in re.finditer(r"^\| (\d+) \|.*\|$", text_of(PAGE), re.MULTILINE)
}
"""For each number: the number, what happens, what crhelper does, and what this provider does."""
