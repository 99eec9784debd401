"""Both providers set up side by side, and the rows of docs/crhelper-compared.md."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from tests.crhelper.beside import Beside, side_by_side
from tests.crhelper.page import ROWS

Row = Callable[[Iterable[object], Iterable[object]], None]


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Row:
    """Check that the row of the test's number has what was seen of crhelper, and of the provider."""
    number = int(request.node.name.split("_")[1])

    def check(of_crhelper: Iterable[object], of_ours: Iterable[object]) -> None:
        _, _, crhelper, ours = ROWS[number]
        missing = [str(one) for one in of_crhelper if str(one) not in crhelper]
        missing += [str(one) for one in of_ours if str(one) not in ours]
        assert missing == [], f"row {number} of docs/crhelper-compared.md lacks what was seen"

    return check


@pytest.fixture
def beginning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., AbstractContextManager[Beside]]:
    """Set both providers up in another way than most tests need."""
    return partial(side_by_side, monkeypatch, tmp_path)


@pytest.fixture
def beside(beginning: Callable[..., AbstractContextManager[Beside]]) -> Iterator[Beside]:
    """Both providers, which respond by HTTPS."""
    with beginning() as both:
        yield both


@pytest.fixture
def waiting(beginning: Callable[..., AbstractContextManager[Beside]]) -> Iterator[Beside]:
    """Both providers; this one hands a wait over after a minute, and crhelper polls."""
    with beginning(handover_seconds=60) as both:
        yield both
