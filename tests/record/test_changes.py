"""What the record becomes when a stream is seen, when its owners have left, or when it is about to be changed."""

from dataclasses import replace

import pytest

from stream_encryption.record.changes import (
    BEGIN_SECONDS,
    CALL_SECONDS,
    INTENT_SECONDS,
    SKEW_SECONDS,
    STALE_SECONDS,
    expires,
    for_incarnation,
    with_current_key,
    with_departed,
    with_intent,
    without_intent,
    without_old,
)
from stream_encryption.record.requests import DEPARTED_SECONDS, Departed
from stream_encryption.record.values import RecordedKey
from stream_encryption.record.watch_notes import Told, WatchNotes
from stream_encryption.settings import Settings
from stream_encryption.values import Key
from tests.values import (
    CREATED,
    ME,
    NOW,
    ONE,
    RENAMED,
    SECOND,
    THEY,
    THREE,
    TWO,
    claim,
    pending,
    record,
    recorded,
    stamp,
    start_intent,
    started,
    stop_intent,
)


def test_a_stream_that_was_created_again_is_another_stream() -> None:
    """Record, incarnation: the claims on the former stream are void, and what is known of its key too."""
    former = record(claim(), claim(THEY), key=recorded(ONE), started=True, pending=pending(start_intent()))
    anew = for_incarnation(former, CREATED + 60, NOW)
    assert (anew.incarnation, anew.claims, anew.key, anew.started) == (CREATED + 60, (), None, False)
    assert anew.departed == (Departed(ME, NOW, SECOND, (), void=True), Departed(THEY, NOW, SECOND, (), void=True))
    assert anew.supersedes(ME, stamp("older", SECOND - 1))
    assert not anew.supersedes(ME, stamp("mine"))
    assert anew.pending == former.pending, "a call that is in flight reaches the new stream as well"


def test_owners_that_left_before_are_remembered_when_the_stream_is_created_again() -> None:
    """Record, rule 3: a late request of theirs would reach the new stream."""
    gone = Departed(RENAMED, NOW, SECOND, ())
    assert for_incarnation(record(departed=(gone,)), CREATED + 60, NOW).departed == (gone,)


def test_the_mends_of_a_stream_do_not_count_against_a_stream_that_was_created_again() -> None:
    """Property OnDrift: at most three times in 24 hours, of one stream; what was told can be told to be over."""
    told = (Told("EncryptionStopped", "none", NOW - 60, "", "it was stopped"),)
    former = record(claim(), watch=WatchNotes(told, mends=(NOW - 60,)))
    assert for_incarnation(former, CREATED + 60, NOW).watch == WatchNotes(told)
    assert for_incarnation(former, CREATED, NOW).watch == former.watch


@pytest.mark.parametrize("known", [CREATED, 0])
def test_the_stream_that_the_record_knows_keeps_its_claims(known: int) -> None:
    """Record, incarnation: the same second, or none known yet, is the same stream."""
    kept = for_incarnation(record(claim(), incarnation=known), CREATED, NOW)
    assert kept == record(claim())


def test_a_key_that_nobody_announced_is_somebody_elses() -> None:
    """Record, rule 9: the record knows whether the stream has its key by a Start of ours."""
    now = with_current_key(record(key=recorded(ONE), started=True), TWO)
    assert (now.key, now.started) == (recorded(TWO), False)


def test_the_key_that_we_started_stays_ours_while_the_stream_has_it() -> None:
    """Record, rule 9: however Kinesis spells it."""
    ours = record(key=recorded(ONE), started=True, changed_at=5.0)
    assert with_current_key(ours, Key("one", ONE.identity)) == ours


def test_a_stream_without_encryption_has_no_key_of_ours() -> None:
    """Record, rule 9: somebody stopped the encryption, and that is what counts."""
    stopped = with_current_key(record(key=recorded(ONE), started=True), None)
    assert (stopped.key, stopped.started) == (None, False)
    assert with_current_key(stopped, None) == stopped


def test_a_key_that_the_stream_had_before_us_does_not_become_ours_by_looking() -> None:
    """Record, rule 9: an adopting Create starts nothing, so its Delete has nothing to undo."""
    adopted = with_current_key(record(), ONE)
    assert (adopted.key, adopted.started) == (recorded(ONE), False)
    assert with_current_key(adopted, ONE) == adopted


def test_the_key_of_an_announced_start_is_ours_once_the_stream_has_it() -> None:
    """Record, rules 1 and 9: also where the invocation died that made the call; it was made after the intent."""
    announced = record(pending=pending(start_intent(), at=NOW - 5), key=recorded(TWO))
    shown = with_current_key(announced, ONE)
    assert (shown.key, shown.started, shown.changed_at) == (started(ONE), True, NOW - 5)


def test_an_alias_whose_look_up_was_denied_at_first_stands_for_the_key_that_the_look_tells() -> None:
    """KeyId: so an alias that is pointed elsewhere later is noticed."""
    alias = Key("alias/one", "arn:aws:kms:us-east-1:123456789012:alias/one", resolved=False)
    announced = record(claim(), pending=pending(start_intent(alias)))
    assert with_current_key(announced, alias).key == RecordedKey(alias.key_id, alias.identity)
    assert with_current_key(announced, ONE).key == RecordedKey("alias/one", ONE.identity)


def test_a_change_of_this_request_was_made_at_the_second_of_its_call() -> None:
    """Record: descriptions are not believed for some seconds after a change."""
    announced = record(pending=pending(start_intent(), at=NOW - 5))
    assert with_current_key(announced, ONE, NOW - 3).changed_at == NOW - 3
    assert with_current_key(announced, None, NOW - 3).changed_at == NOW - 3
    assert with_current_key(announced, None).changed_at == 0.0
    assert with_current_key(record(), None, NOW - 3).changed_at == 0.0


def test_the_last_change_is_the_latest_of_all() -> None:
    """Record: a clock that is behind does not turn the last change back."""
    later = record(pending=pending(start_intent(), at=NOW - 5), changed_at=NOW)
    assert with_current_key(later, ONE).changed_at == NOW
    assert with_current_key(later, None, NOW - 1).changed_at == NOW


def test_an_announced_stop_makes_no_key_ours() -> None:
    """Record, rule 9: the key that a Stop ends is still the one that somebody gave."""
    stopping = record(pending=pending(stop_intent(ONE)), key=recorded(ONE))
    assert not with_current_key(stopping, ONE).started


def test_another_key_than_the_announced_one_is_somebody_elses() -> None:
    """Record, rule 9: an intent alone gives no key."""
    seen = with_current_key(record(pending=pending(start_intent(TWO)), key=recorded(ONE), started=True), THREE)
    assert (seen.key, seen.started) == (recorded(THREE), False)


def test_owners_that_left_two_hours_ago_are_forgotten() -> None:
    """Record, departed: kept for two hours; the code checks the time itself, since TTL deletes late."""
    old, young = Departed(ME, NOW - DEPARTED_SECONDS, 0, ()), Departed(ME, NOW - DEPARTED_SECONDS + 1, 0, ())
    new = Departed(THEY, NOW, 0, ())
    assert without_old(record(departed=(old, young)), NOW).departed == (young,)
    assert with_departed(record(departed=(old, young)), new).departed == (young, new)


def test_no_request_lives_longer_than_a_departed_owner_is_remembered() -> None:
    """Record, departed: nothing that it fences off can still come after two hours."""
    assert DEPARTED_SECONDS == 2 * 60 * 60


def test_a_void_claim_is_remembered_until_its_owners_delete_comes() -> None:
    """Record, rule 6: else that Delete, hours later, would take the record for lost, and stop what others began."""
    void, fence = Departed(ME, NOW, SECOND, (), void=True), Departed(THEY, NOW, SECOND, ())
    late = NOW + DEPARTED_SECONDS
    assert without_old(record(departed=(void, fence)), late).departed == (void,)
    assert expires(record(departed=(void,))) is None
    delete, another = Departed(ME, late, SECOND + 5, ("delete",)), Departed(THEY, late, SECOND + 5, ("delete",))
    failed = Departed(ME, late, 0, ("failed", "delete"))
    assert with_departed(record(departed=(void,)), delete).departed == (delete,)
    assert with_departed(record(departed=(void,)), another).departed == (void, another)
    assert with_departed(record(departed=(void,)), failed).departed == (void, failed)
    of_create = replace(void, released_with_create="failed")
    assert with_departed(record(departed=(of_create,)), failed).departed == (failed,)
    assert with_departed(record(departed=(of_create,)), replace(failed, owner=THEY)).departed[0] == of_create


@pytest.mark.parametrize(
    ("creates", "succeeded", "create"),
    [
        (("first",), "", "first"),
        (("first",), "first", "first"),
        (("first", "second"), "", "second"),
        (("first",), "update", ""),
        ((), "", ""),
    ],
)
def test_a_void_claim_is_remembered_with_the_create_whose_delete_would_release_it(
    creates: tuple[str, ...], succeeded: str, create: str
) -> None:
    """Record, rule 8: a failed Create's Delete is the only one that comes, unless another request has succeeded."""
    former = record(claim(creates=creates, succeeded=succeeded))
    assert for_incarnation(former, CREATED + 60, NOW).departed == (
        Departed(ME, NOW, SECOND, (), void=True, released_with_create=create),
    )


def test_an_intent_names_the_change_its_request_and_when_it_ends() -> None:
    """Record, pending: which call, which key, by which request, until when it can still be in flight."""
    written = with_intent(record(pending=pending(stop_intent())), start_intent(TWO), "new", NOW)
    assert written.pending == replace(pending(start_intent(TWO), "new"), until=NOW + INTENT_SECONDS)
    assert without_intent(written).pending is None


def test_an_intent_lasts_longer_than_all_that_can_come_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Record, rule 1: to begin the call, the call's time-outs, old descriptions, and clocks that differ."""
    assert INTENT_SECONDS == BEGIN_SECONDS + CALL_SECONDS + STALE_SECONDS + SKEW_SECONDS == 31
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    config = Settings.client.__wrapped__("dynamodb").meta.config
    assert 8 * config.connect_timeout + config.read_timeout == CALL_SECONDS
    assert config.retries["total_max_attempts"] == 1
    assert config.connect_timeout + config.read_timeout < BEGIN_SECONDS, "the write of the intent is itself one call"


def test_an_item_with_a_claim_never_expires() -> None:
    """Record, expires: only where no claim is left."""
    assert expires(record(claim(), departed=(Departed(THEY, NOW, 0, ()),))) is None


def test_an_item_expires_when_nothing_in_it_is_of_use() -> None:
    """Record, expires: when nothing that `departed` fences off can still come, and no call is in flight."""
    late, early = Departed(ME, NOW, 0, ()), Departed(THEY, NOW - 60, 0, ())
    assert expires(record(departed=(late, early))) == int(NOW + DEPARTED_SECONDS) + 1
    much_later = replace(pending(start_intent()), until=NOW + 3 * DEPARTED_SECONDS)
    assert expires(record(departed=(late,), pending=much_later)) == int(NOW + 3 * DEPARTED_SECONDS) + 1
    assert expires(record(changed_at=NOW)) == int(NOW + DEPARTED_SECONDS) + 1
