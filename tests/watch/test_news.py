"""What is noted as told, decided on values (promise 10)."""

from dataclasses import replace

from stream_encryption.record.watch_notes import Told, WatchNotes
from stream_encryption.watch.news import without_untold
from tests.values import NOW, TWO

STOPPED = Told("Unencrypted", "", NOW, "", "the stream is not encrypted")
REKEYED = Told("AnotherKey", TWO.identity, NOW + 60, "", "the stream has another key")


def test_what_was_not_told_as_found_is_noted_no_more() -> None:
    """A later look finds it again, whoever was named for it meanwhile."""
    known = WatchNotes((replace(STOPPED, by="somebody"), REKEYED), (NOW,))
    assert without_untold(known, (STOPPED,), ()) == WatchNotes((REKEYED,), (NOW,))


def test_what_was_not_told_as_over_is_noted_again() -> None:
    """A later look finds that it is over."""
    assert without_untold(WatchNotes((REKEYED,)), (), (STOPPED,)) == WatchNotes((STOPPED, REKEYED))


def test_what_another_look_has_found_since_stays_as_that_look_told_it() -> None:
    """Or it would be told once more."""
    later = WatchNotes((replace(STOPPED, since=NOW + 900),))
    assert without_untold(later, (STOPPED,), ()) == later
    assert without_untold(later, (), (STOPPED,)) == later
