"""Delete: whose claim it releases, when it is its turn, and whom it leaves alone."""

from dataclasses import replace
from typing import Any

import pytest

from stream_encryption.reconcile.actions import Code, Reached, WriteRecord
from stream_encryption.record.requests import Departed, Latest
from stream_encryption.values import OnDelete, StreamStatus
from tests.reconcile.deletes import DELETE, READY, decide, encrypted, ours, reached, written
from tests.values import (
    ME,
    NOW,
    ONE,
    RENAMED,
    SECOND,
    THEY,
    TWO,
    claim,
    pending,
    record,
    recorded,
    seen,
    stamp,
    start_intent,
    state,
    stream,
)


def test_a_delete_that_is_older_than_its_owners_newest_request_leaves_all_as_it_is() -> None:
    """Record, rule 3: it writes nothing."""
    newer = claim(latest=Latest(SECOND + 2, ("create anew",)))
    action = reached(decide(encrypted(ours(newer))))
    assert (action.code, action.record) == (Code.LEFT_ALONE, None)


@pytest.mark.parametrize("gone", [None, stream(ONE, StreamStatus.DELETING)])
def test_a_stream_that_is_gone_is_released(gone: Any) -> None:
    """Promise 7: teardown is never blocked by what is already gone."""
    action = decide(seen(gone, ours(claim(THEY), claim())))
    assert reached(action).code == Code.RELEASED
    assert written(action).claims == (claim(THEY),)
    assert written(action).departed == (Departed(ME, NOW, SECOND + 1, ("delete",)),)


def test_a_delete_of_a_stream_that_is_gone_is_remembered_though_nobody_claimed_it() -> None:
    """Promise 6, and record, departed: a Create that is delivered late must not claim a stream that is there again."""
    action = decide(seen(None, record(claim(THEY))))
    assert reached(action).code == Code.RELEASED
    assert written(action) == record(claim(THEY), departed=(Departed(ME, NOW, SECOND + 1, ("delete",)),))


def test_a_resource_without_a_claim_leaves_the_stream_alone_and_is_remembered() -> None:
    """Promise 3, and record, rule 3: an older Create of the owner that is still on its way is superseded."""
    action = decide(encrypted(ours(claim(THEY))))
    assert reached(action).code == Code.LEFT_ALONE
    assert written(action) == ours(claim(THEY), departed=(Departed(ME, NOW, SECOND + 1, ("delete",)),))


@pytest.mark.parametrize("taker", [THEY, RENAMED])
def test_a_resource_that_was_taken_over_just_removes_its_claim(taker: Any) -> None:
    """Record, rule 4: the claim above inherits what the removed one had found; the stream is not touched."""
    action = decide(encrypted(ours(claim(found=TWO), claim(taker, found=ONE, found_started=True))))
    assert reached(action).code == Code.RELEASED
    assert written(action).claims == (claim(taker, found=TWO),)


def test_a_failed_creates_delete_releases_only_what_that_create_did() -> None:
    """Record, rule 8: with rollback disabled a newer request of the resource can have come in between."""
    kept = claim(creates=("failed", "anew"), latest=Latest(SECOND, ("anew",)))
    action = reached(decide(encrypted(ours(kept)), failed_create="failed"))
    assert (action.code, action.record) == (Code.LEFT_ALONE, None)
    gone = reached(decide(seen(None, ours(kept)), failed_create="failed"))
    assert (gone.code, gone.record) == (Code.LEFT_ALONE, None)
    own = claim(creates=("failed",), latest=Latest(SECOND, ("failed",)))
    assert isinstance(decide(encrypted(ours(own)), failed_create="failed"), WriteRecord)


@pytest.mark.parametrize("before", [(), ("mine",), ("create", "mine")], ids=len)
def test_a_delete_that_is_done_says_again_what_it_has_left(before: tuple[str, ...]) -> None:
    """Promises 6 and 7: the response of its last write was lost, or it died before it responded."""
    done = Departed(ME, NOW, SECOND, (*before, "delete"), note="the key stays")
    again = reached(decide(encrypted(record(claim(THEY), departed=(done,)))))
    assert (again.code, again.record, again.note) == (Code.LEFT_ALONE, None, "the key stays")


def test_a_request_that_a_delete_has_superseded_does_not_say_what_that_delete_has_left() -> None:
    """Promise 6: the note belongs to the Delete that has written it."""
    done = Departed(ME, NOW, SECOND, ("mine", "delete"), note="the key stays")
    older = reached(decide(encrypted(record(departed=(done,))), stamp=stamp("mine")))
    assert (older.code, older.record, older.note) == (Code.LEFT_ALONE, None, "")


def test_a_failed_creates_delete_supersedes_that_create_alone() -> None:
    """Record, rule 8: a newer Create of the same logical id may come before or after."""
    action = decide(encrypted(ours(claim(THEY))), failed_create="failed")
    (departed,) = written(action).departed
    assert departed == Departed(ME, NOW, 0, ("failed", "delete"))
    assert not departed.supersedes(ME, stamp("anew", SECOND))


@pytest.mark.parametrize(
    ("creates", "settled", "left"),
    [
        (("first", "anew"), "anew", True),
        (("first",), "update", True),
        (("first",), "first", False),
        (("first", "anew"), "", False),
    ],
    ids=[
        "a later Create has settled",
        "an Update has settled",
        "the Create itself has settled",
        "nothing has settled",
    ],
)
def test_the_delete_of_an_invented_id_is_not_for_a_claim_that_a_later_request_has_settled(
    creates: tuple[str, ...], settled: str, *, left: bool
) -> None:
    """Record, rule 8: CloudFormation invents an id where it never heard of a SUCCESS."""
    known = ours(claim(creates=creates, succeeded=settled))
    assert isinstance(decide(encrypted(known), cancelled_create=True), Reached) is left
    assert isinstance(decide(encrypted(known)), WriteRecord)


def test_the_delete_of_an_invented_id_supersedes_its_whole_second() -> None:
    """Promise 6: the Create that it overtakes may have been issued in the same second."""
    (departed,) = written(decide(encrypted(ours(claim(THEY))), may_overlap=True)).departed
    assert departed.issued_before == SECOND + 2


@pytest.mark.parametrize("failed_create", [None, "mine"])
def test_another_requests_call_is_waited_out_after_the_delete_was_recorded(failed_create: str | None) -> None:
    """Record, rules 2 and 8: an older request that the Delete undoes must not act meanwhile; another one may."""
    announced = ours(claim(), pending=pending(start_intent(), at=NOW - 5))
    noted = decide(encrypted(announced), failed_create=failed_create)
    assert isinstance(noted, WriteRecord)
    assert (noted.code, noted.planned) == (Code.REQUEST_RECORDED, None)
    releasing = claim(releasing=DELETE, releases_create=failed_create or "")
    assert noted.record == replace(announced, claims=(releasing,))
    waiting = decide(encrypted(noted.record))
    assert waiting.code == Code.WAITING_FOR_OTHER_CALL
    second = decide(encrypted(noted.record), stamp=stamp("again", SECOND + 1))
    assert isinstance(second, WriteRecord), "a Delete that is tried again is recorded as well"


@pytest.mark.parametrize("status", [StreamStatus.CREATING, StreamStatus.UPDATING])
def test_a_busy_stream_is_waited_for(status: StreamStatus) -> None:
    """Promise 7: as OnDelete says, once it is ACTIVE."""
    busy = replace(encrypted(ours(claim(releasing=DELETE))), stream=stream(ONE, status))
    assert decide(busy).code == Code.WAITING_FOR_ACTIVE


def test_a_kept_stream_may_be_busy() -> None:
    """Promise 7: what is not touched need not be waited for."""
    busy = seen(stream(ONE, StreamStatus.UPDATING), ours(claim()), current=ONE, as_wanted=True)
    assert reached(decide(busy, on_delete=OnDelete.KEEP)).code == Code.RELEASED
    assert reached(decide(busy, state(skipped="no such key"))).code == Code.RELEASED


def test_a_kept_stream_still_waits_for_a_call_in_flight() -> None:
    """Record, rule 2: the last write would end another request's intent."""
    announced = ours(claim(releasing=DELETE), pending=pending(start_intent(), at=NOW))
    busy = seen(stream(ONE), announced, current=ONE, as_wanted=True)
    assert decide(busy, on_delete=OnDelete.KEEP).code == Code.WAITING_FOR_OTHER_CALL


@pytest.mark.parametrize(
    ("latest", "digests"),
    [
        (Latest(SECOND + 1, ("update", "rollback")), ("update", "rollback", "delete")),
        (Latest(SECOND, ("x",)), ("delete",)),
    ],
    ids=["requests of the Delete's second", "an older request"],
)
def test_a_departed_owner_is_remembered_with_the_requests_of_its_deletes_second(
    latest: Latest, digests: tuple[str, ...]
) -> None:
    """Record, rule 3: requests that CloudFormation issued before, or that the record knows, change nothing more."""
    known = record(claim(found=ONE, latest=latest), key=recorded(ONE))
    action = decide(encrypted(known, as_wanted=True), state(stability=READY), stamp=stamp("delete", SECOND + 1))
    assert written(action).departed == (Departed(ME, NOW, SECOND + 1, digests),)


@pytest.mark.parametrize(
    ("below", "ours_still"),
    [((), True), ((claim(THEY, ONE),), True), ((claim(THEY, TWO),), False)],
    ids=["no claim below", "it wants the same key", "it wants another key"],
)
def test_a_key_that_is_kept_is_not_the_doing_of_the_claim_below(below: tuple[Any, ...], *, ours_still: bool) -> None:
    """Rule 9: the claim below did not give the stream that key, so its own Delete must not undo it."""
    kept = decide(encrypted(ours(*below, claim()), as_wanted=True), state(stability=READY), on_delete=OnDelete.KEEP)
    assert written(kept).started is ours_still
