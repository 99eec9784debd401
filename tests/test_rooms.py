"""CONTRIBUTING.md, "Rooms": within the function an import goes only downwards in the list."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages import codes, table
from tests.templates import ROOT

PACKAGE = ROOT / "provider" / "stream_encryption"
LEVELS = [codes(row[0]) for row in table(ROOT / "CONTRIBUTING.md", "## Rooms") if row[0].startswith("`…/")]
LEVEL_OF = {re.sub(r"^…/|/$|\.py$", "", name): number for number, names in enumerate(LEVELS) for name in names}
"""The level of each package and module of the function, 0 on top."""

FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "__init__.py"]


def room(path: Path) -> str:
    """The package, or the module that is in none."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """The rooms that a file imports from while it runs; not those that it names for types only."""
    here = ["stream_encryption", *path.relative_to(PACKAGE).parts[:-1]]
    todo: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            whole = [*base, *(node.module or "").split(".")]
            if whole[0] == "stream_encryption":
                yield from [whole[1]] if len(whole) > 1 and whole[1] else [alias.name for alias in node.names]
        todo += ast.iter_child_nodes(node)


def test_every_room_of_the_function_is_in_the_list() -> None:
    """A newcomer finds each file by it."""
    assert {room(path) for path in FILES} == set(LEVEL_OF)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_an_import_goes_only_downwards(path: Path) -> None:
    """What is below can be read, tested and changed without what is above."""
    assert [other for other in imports(path) if LEVEL_OF[other] < LEVEL_OF[room(path)]] == []
