"""Finding: what others did to a claimed stream or to its key, and what is no drift (promise 10)."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import STREAM_NAME
from tests.fake_errors import Kind
from tests.watch.watched import REPORTED, Watched

FOUND, OVER = "Found", "Over"


def test_a_stream_that_is_as_wanted_has_no_finding(watched: Watched) -> None:
    """Promise 10: only what is not as wanted is told."""
    assert watched.round() == []


def test_a_stream_that_nobody_claims_is_not_looked_at(watched: Watched) -> None:
    """Promise 10: the watch is over claimed streams alone."""
    watched.delete(REPORTED)
    looks = len(watched.kinesis.calls)
    assert watched.round() == []
    assert [call.name for call in list(watched.kinesis.calls)[looks:]] == ["Scan"]


def test_an_encryption_that_was_stopped_is_found(watched: Watched) -> None:
    """Promise 10: Unencrypted."""
    watched.stopped()
    assert watched.round() == [(FOUND, "Unencrypted")]


def test_another_key_is_found(watched: Watched) -> None:
    """Promise 10: AnotherKey; a third key is another finding."""
    three = watched.kms.add_key()
    watched.kinesis.people.rekey(STREAM_NAME, watched.two.arn)
    watched.clock.sleep(10)
    assert watched.round() == [(FOUND, "AnotherKey")]
    watched.kinesis.people.rekey(STREAM_NAME, three.arn)
    watched.clock.sleep(10)
    assert watched.round() == [(OVER, "AnotherKey"), (FOUND, "AnotherKey")]


def test_a_key_that_is_disabled_is_found_until_it_is_enabled(watched: Watched) -> None:
    """Promise 10: KeyUnusable."""
    watched.one.state = "Disabled"
    assert watched.round() == [(FOUND, "KeyUnusable")]
    watched.one.state = "Enabled"
    assert watched.round() == [(OVER, "KeyUnusable")]


@pytest.mark.parametrize(("days", "left"), [(7.5, "in 7 days"), (1.5, "in 1 day,"), (0.5, "in 0 days")])
def test_a_key_that_will_be_deleted_is_found_with_the_days_left(watched: Watched, days: float, left: str) -> None:
    """Promise 10: KeyUnusable says when the key, and with it the data, is lost."""
    now = datetime.fromtimestamp(watched.clock.now(), UTC)
    watched.one.state, watched.one.deletion_date = "PendingDeletion", now + timedelta(days=days)
    assert watched.round() == [(FOUND, "KeyUnusable")]
    assert left in watched.bus.events[-1]["Detail"]["detail"]


def test_a_disabled_key_that_is_then_scheduled_for_deletion_is_told_again(watched: Watched) -> None:
    """Promise 10: each change is told."""
    watched.one.state = "Disabled"
    watched.round()
    watched.one.state = "PendingDeletion"
    watched.one.deletion_date = datetime.fromtimestamp(watched.clock.now(), UTC) + timedelta(days=30)
    assert watched.round() == [(OVER, "KeyUnusable"), (FOUND, "KeyUnusable")]


def test_a_key_that_may_not_be_looked_up_any_more_is_found(watched: Watched) -> None:
    """Promise 10: KeyUnusable where the key's policy has changed."""
    watched.one.denies_describe = True
    assert watched.round() == [(FOUND, "KeyUnusable")]


def test_another_accounts_key_that_may_not_be_looked_up_is_unreadable() -> None:
    """Promise 10: Unreadable; what was told of that key lasts, and the stream itself is still judged."""
    watched = Watched()
    foreign = watched.kms.add_key(account="999988887777")
    watched.create({**REPORTED, "KeyId": foreign.arn})
    watched.clock.sleep(300)
    foreign.state = "Disabled"
    assert watched.round() == [(FOUND, "KeyUnusable")]
    foreign.denies_describe = True
    assert watched.round() == [(FOUND, "Unreadable")]
    watched.stopped()
    assert watched.round() == [(FOUND, "Unencrypted")]
    foreign.denies_describe = False
    assert watched.round() == [(OVER, "Unreadable")]


def test_an_alias_that_is_pointed_at_another_key_is_found(watched: Watched) -> None:
    """Promise 10: AliasMoved; the stream itself has the key that it was given."""
    watched.kms.alias("alias/one", watched.two)
    assert watched.round() == [(FOUND, "AliasMoved")]
    watched.kms.alias("alias/one", watched.one)
    assert watched.round() == [(OVER, "AliasMoved")]


def test_an_alias_that_is_gone_is_found(watched: Watched) -> None:
    """Promise 10: AliasMoved."""
    watched.kms.aliases.clear()
    assert watched.round() == [(FOUND, "AliasMoved")]


def test_a_stream_that_is_deleted_and_created_again_is_found(watched: Watched) -> None:
    """Promise 10: StreamGone while it is being deleted and afterwards, StreamRecreated once there is another one."""
    watched.kinesis.people.delete(STREAM_NAME, 30)
    assert watched.round() == [(FOUND, "StreamGone")]
    watched.clock.sleep(60)
    assert watched.round() == []
    watched.kinesis.add_stream(STREAM_NAME)
    assert watched.round() == [(OVER, "StreamGone"), (FOUND, "StreamRecreated")]
    watched.update(REPORTED, REPORTED)
    watched.clock.sleep(30)
    assert watched.round() == [(OVER, "StreamRecreated")]


def test_a_look_that_is_denied_is_found_and_keeps_the_other_findings(watched: Watched) -> None:
    """Promise 10: Unreadable; nobody can say that another finding is over meanwhile."""
    watched.stopped()
    watched.round()
    watched.kinesis.faults.fail_next("kinesis:DescribeStreamSummary", Kind.ACCESS_DENIED)
    assert watched.round() == [(FOUND, "Unreadable")]
    assert watched.round() == [(OVER, "Unreadable")]
