"""The stream that the tests of findings begin with."""

import pytest

from tests.watch.watched import REPORTED, Watched


@pytest.fixture(name="watched")
def fixture_watched() -> Watched:
    """A stream that its resource has encrypted with alias/one, some minutes ago."""
    watched = Watched()
    watched.create(REPORTED)
    watched.clock.sleep(300)
    return watched
