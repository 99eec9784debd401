"""The stream that the tests of findings begin with."""

import pytest

from tests.watch.watched import Watched, encrypted


@pytest.fixture(name="watched")
def fixture_watched() -> Watched:
    """A stream that its resource has encrypted with alias/one, some minutes ago."""
    return encrypted()
