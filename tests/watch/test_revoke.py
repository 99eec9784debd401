"""Grants that are due: the watch has them revoked when their day comes, by the rules of a request."""

import pytest

from stream_encryption.grants import Direction
from tests.builders import STREAM_NAME
from tests.contract.granting import BOTH, DAY, may_read, may_write, named, recorded, unknown
from tests.contract.stories import THEY
from tests.fake_errors import Kind
from tests.watch.watched import Watched

REVOKE = "RevokeGrant"


@pytest.fixture(name="watched")
def fixture_watched() -> Watched:
    """A stream whose producer and consumer have grants, and whose resource was deleted a moment ago."""
    watched = Watched()
    watched.create(BOTH)
    watched.delete(BOTH)
    watched.kms.calls.clear()
    return watched


def revocations(watched: Watched) -> int:
    """How many grants were revoked since the last time; each mend that the watch has started is played."""
    watched.round()
    newest = list(watched.states.executions.values())[-1:]
    if newest and newest[0].name.startswith("revoke-") and not newest[0].done:
        watched.mend()
    made = len(watched.kms.calls.changes.named(REVOKE))
    watched.kms.calls.clear()
    return made


def test_a_consumers_grant_is_revoked_when_no_record_can_be_left_and_not_before(watched: Watched) -> None:
    """Grants: the watch does it when the day comes."""
    watched.clock.sleep(0.99 * DAY)
    assert (revocations(watched), may_read(watched)) == (0, True)
    watched.clock.sleep(0.02 * DAY)
    assert (revocations(watched), may_read(watched), recorded(watched)) == (1, False, [])


def test_a_longer_retention_is_waited_out_also_if_it_was_set_afterwards(watched: Watched) -> None:
    """Grants: the retention is read from the stream when the day comes."""
    watched.kinesis.people.retain(STREAM_NAME, 240)
    watched.clock.sleep(9.9 * DAY)
    assert (revocations(watched), may_read(watched)) == (0, True)
    watched.clock.sleep(0.2 * DAY)
    assert (revocations(watched), may_read(watched)) == (1, False)


def test_a_stream_that_is_gone_has_no_record_left(watched: Watched) -> None:
    """Grants: its consumers need the key no more."""
    watched.kinesis.people.retain(STREAM_NAME, 240)
    watched.clock.sleep(1.1 * DAY)
    watched.kinesis.people.delete(STREAM_NAME)
    assert (revocations(watched), recorded(watched)) == (1, [])


def test_grants_that_a_delete_kept_end_when_somebody_gives_the_stream_another_key() -> None:
    """Grants: the producers' at once, the consumers' after the retention."""
    watched = Watched()
    keep = named(BOTH, OnDelete="Keep")
    watched.create(keep)
    watched.delete(keep)
    watched.clock.sleep(300)
    assert revocations(watched) == 0
    watched.kinesis.people.rekey(STREAM_NAME, watched.two.arn)
    watched.clock.sleep(60)
    assert (revocations(watched), may_write(watched), may_read(watched)) == (1, False, True)
    watched.clock.sleep(DAY + 3600)
    assert (revocations(watched), may_read(watched)) == (1, False)


def test_grants_on_a_key_that_a_delete_would_bring_back_are_not_touched() -> None:
    """Promise 3: a kept key that another resource has found comes back with its users' access."""
    watched = Watched()
    keep = named(BOTH, OnDelete="Keep")
    watched.create(keep)
    watched.delete(keep)
    watched.create(named(BOTH, Producers=None, Consumers=None, KeyId="alias/two"), **THEY)
    watched.clock.sleep(2 * DAY)
    assert (revocations(watched), may_write(watched), may_read(watched)) == (0, True, True)


def test_a_grant_that_is_wanted_is_not_touched() -> None:
    """Grants: revoked only once nobody wants it."""
    watched = Watched()
    watched.create(BOTH)
    watched.clock.sleep(10 * DAY)
    assert (revocations(watched), may_write(watched), may_read(watched)) == (0, True, True)


def test_a_request_that_wants_the_grant_again_is_first(watched: Watched) -> None:
    """Promise 6: the revocation goes by the record, which says by then that somebody wants it."""
    watched.clock.sleep(DAY + 60)
    watched.round()
    watched.create(BOTH)
    watched.mend()
    assert (may_read(watched), unknown(watched)) == (True, [])


def test_a_revocation_whose_response_was_lost_is_made_again(watched: Watched) -> None:
    """Promise 6: it is announced in the record."""
    watched.clock.sleep(DAY + 60)
    watched.kms.faults.lose_answer(REVOKE)
    assert (revocations(watched), recorded(watched), unknown(watched)) == (1, [], [])


def test_a_revocation_that_is_denied_is_tried_again_by_a_later_round(watched: Watched) -> None:
    """Grants: the record goes on to tell of it."""
    watched.clock.sleep(DAY + 60)
    watched.one.denies_grants = True
    assert revocations(watched) == 0
    assert [one["direction"] for one in recorded(watched)] == [Direction.CONSUMER]
    watched.one.denies_grants = False
    watched.clock.sleep(3600)
    assert (revocations(watched), recorded(watched)) == (1, [])


def test_a_look_that_fails_leaves_it_to_the_next_round(watched: Watched) -> None:
    """Grants: an hour later is early enough."""
    watched.clock.sleep(DAY + 60)
    watched.kms.faults.fail_next("DescribeStreamSummary", Kind.INTERNAL_FAILURE)
    assert revocations(watched) == 0
    assert revocations(watched) == 1


def test_nothing_due_is_nothing_done(watched: Watched) -> None:
    """Promise 4: by the time the goal is looked at, a request has done it."""
    watched.clock.sleep(DAY + 60)
    watched.round()
    watched.create({**named(BOTH, Producers=None, Consumers=None)})
    watched.mend()
    assert recorded(watched) == []
    assert watched.key_of() == watched.one.arn
