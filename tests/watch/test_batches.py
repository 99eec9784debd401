"""A batch of a large round."""

from typing import Any

import pytest

from tests.watch.watched import Watched, encrypted


@pytest.fixture(name="watched")
def fixture_watched() -> Watched:
    """A stream that its resource has encrypted, and whose owner has stopped the encryption."""
    watched = encrypted()
    watched.stopped()
    return watched


def test_a_batch_tells_what_a_round_would_tell(watched: Watched) -> None:
    """Promise 10: ten thousand claims are looked at in batches, by the state machine."""
    batch: dict[str, Any] = {"Watch": "Batch", "After": None, "Call": "", "By": "", "At": 0, "Key": "", "Keys": []}
    assert watched.look(batch) == [("Found", "Unencrypted")]
