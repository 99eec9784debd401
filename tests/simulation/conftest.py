"""What holds for the simulation's tests."""

from collections.abc import Iterator

import pytest
from coverage import Coverage


@pytest.fixture(autouse=True)
def _without_coverage() -> Iterator[None]:
    """Every branch is covered by the other tests; measured, thousands of worlds take five times as long."""
    coverage = Coverage.current()
    if coverage:
        coverage.stop()
    yield
    if coverage:
        coverage.start()
