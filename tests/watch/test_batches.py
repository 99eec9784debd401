"""A batch of a large round, and a note whose response is lost again and again."""

from typing import Any

import pytest

from tests.fake_errors import Kind
from tests.watch.watched import REPORTED, Watched


@pytest.fixture(name="watched")
def fixture_watched() -> Watched:
    """A stream that its resource has encrypted, and whose owner has stopped the encryption."""
    watched = Watched()
    watched.create(REPORTED)
    watched.clock.sleep(300)
    watched.stopped()
    return watched


def test_a_batch_tells_what_a_round_would_tell(watched: Watched) -> None:
    """Promise 10: ten thousand claims are looked at in batches, by the state machine."""
    batch: dict[str, Any] = {"Watch": "Batch", "After": None, "Call": "", "By": "", "At": 0, "Key": "", "Keys": []}
    assert watched.look(batch) == [("Found", "Unencrypted")]


def test_a_note_that_was_written_unheard_twice_is_told_once(watched: Watched) -> None:
    """Promise 10: said once; the version of the record tells that the first write took effect."""
    watched.kms.wire.faults.lose_answer("dynamodb:UpdateItem")
    watched.kms.wire.faults.fail_next("dynamodb:UpdateItem", Kind.READ_TIMEOUT)
    assert watched.round() == [("Found", "Unencrypted")]
    assert watched.round() == []
