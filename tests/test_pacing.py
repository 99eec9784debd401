"""The rhythm of looking: quickly at first, then geometrically less often, less still when throttled."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_encryption.memory import Asked, Memory
from stream_encryption.model import (
    Action,
    Cancel,
    Concede,
    Forget,
    Owner,
    Ownership,
    Remember,
    Settled,
    Start,
    Stop,
    Stream,
    StreamStatus,
    Verify,
    Wait,
)
from stream_encryption.pacing import LONGEST_DURABLE_SECONDS, LONGEST_SECONDS, pause
from tests.builders import LOGICAL_ID, STACK_ID, STREAM_ARN, STREAM_NAME

STREAM = Stream(STREAM_NAME, STREAM_ARN, StreamStatus.ACTIVE, None)
ME = Owner(STACK_ID, LOGICAL_ID)
NOW = 1_700_000_000.0


class Even(Random):
    """Spreads nothing: always the middle."""

    def uniform(self, a: float, b: float) -> float:
        """The middle."""
        return (a + b) / 2


class Most(Random):
    """Always the most."""

    def uniform(self, a: float, b: float) -> float:
        """The greater one."""
        return max(a, b)


def _pause(  # noqa: PLR0913 (each is a fact of its own)
    action: Action | None = None,
    *,
    waited: float = 0,
    throttles: int = 0,
    begun: bool = False,
    random: Random | None = None,
    longest: float = LONGEST_SECONDS,
) -> float:
    asked = Asked("Remember", None, NOW - waited) if begun else None
    memory = Memory(NOW - waited, throttles=throttles, asked=asked)
    return pause(action or Wait("for it"), memory, NOW, random or Even(), longest)


@pytest.mark.parametrize("action", [Wait("for it"), Start(STREAM, "k", "r"), Stop(STREAM, "k", "r")], ids=type)
def test_the_first_look_comes_after_a_fraction_of_a_second(action: Action) -> None:
    """Issue, the loop: it polls quickly at first; after a Start or Stop the stream has something to do."""
    assert _pause(action) == 0.15


@pytest.mark.parametrize(
    "action",
    [
        Remember(STREAM, Ownership(ME, None), "r"),
        Cancel(STREAM, ME, 0, "r"),
        Forget(STREAM, ("k",), "r"),
        Verify(STREAM, "r"),
        Concede("r"),
        Settled("r"),
    ],
    ids=type,
)
def test_nothing_is_waited_for_after_what_is_done_at_once(action: Action) -> None:
    """Issue, the loop: a tag takes effect at once, so the next look may too, even when throttled."""
    assert _pause(action, waited=20, throttles=3) == 0


def test_pauses_grow_geometrically_to_five_seconds() -> None:
    """Issue, the loop: then geometrically less often, to 5 s; briskly for as long as most changes take."""
    pauses, waited = [_pause()], 0.0
    for _ in range(200):
        waited += pauses[-1]
        pauses.append(_pause(waited=waited))
    assert pauses[10] / pauses[9] == pytest.approx(pauses[1] / pauses[0])
    assert 1.05 < pauses[1] / pauses[0] < 2
    assert pauses == sorted(pauses)
    assert pauses[-1] == 5
    assert max(pauses) == 5


@given(st.floats(0, 3600))
@settings(print_blob=True)
def test_a_change_is_noticed_a_tenth_of_its_own_length_late_at_the_most(length: float) -> None:
    """Issue 5, settling lag: half of a pause is the lag to be expected, here and in the state machine."""
    assert _pause(waited=length, longest=LONGEST_DURABLE_SECONDS) / 2 <= 0.1 * length + 0.15


@pytest.mark.parametrize("length", [0.5, 2, 5, 15, 60])
def test_a_change_of_a_minute_is_noticed_sooner_than_by_a_look_every_three_seconds(length: float) -> None:
    """Issue 5, settling lag: better than every peer's rhythm, the quickest of which is Terraform's."""
    assert _pause(waited=length) <= 1.5


def test_the_rhythm_begins_anew_with_each_change() -> None:
    """A stream that resharded for an hour is looked at quickly again after its Start."""
    memory = Memory(NOW - 3600, asked=Asked("Start", "k", NOW - 2))
    assert pause(Wait("for it"), memory, NOW, Even()) == pytest.approx(0.45)


def test_a_clock_that_was_put_back_has_waited_for_nothing() -> None:
    """Two machines' clocks differ: what the state machine carries on may come from one that is ahead."""
    assert _pause(waited=-5) == _pause()


def test_an_end_that_is_known_is_waited_for_exactly() -> None:
    """Promise 1: SettleSeconds are no poll: no jitter, no growth, no throttle."""
    assert pause(Wait("settling", 4.5), Memory(0, throttles=9), NOW, Random(1)) == 4.5  # noqa: S311
    assert pause(Wait("settling", 0.0), Memory(0), NOW, Random(1)) == 0  # noqa: S311


def test_every_throttle_doubles_the_pause_up_to_a_quarter_of_a_minute() -> None:
    """Errors: "back off and go on, less often"; from a second up, and never less often than every 15 s."""
    assert [_pause(throttles=count, random=Most()) for count in range(1, 6)] == [2, 4, 8, 15, 15]
    assert _pause(waited=100, throttles=1, random=Most()) == 10
    assert _pause(waited=100, throttles=10_000, random=Most()) == 15


def test_who_has_begun_comes_back_sooner_than_who_has_not() -> None:
    """Issue, scale: among many requests at once what is begun is ended first, and nothing starves half done."""
    pauses = [_pause(throttles=count, begun=True, random=Most()) for count in range(1, 6)]
    assert pauses == [2, 4, 5, 5, 5]


def test_who_is_throttled_never_looks_more_often_for_it() -> None:
    """Errors: "less often"; a long wait's pause is longer than what throttling asks for."""
    for begun in (False, True):
        assert _pause(waited=100, throttles=1, begun=begun) >= _pause(waited=100)
    assert _pause(waited=3600, throttles=9, longest=60.0) == _pause(waited=3600, longest=60.0) == 60


def test_a_wait_of_a_day_has_a_pause_too() -> None:
    """Issue, the loop: growth never overflows."""
    assert _pause(waited=10**9, throttles=10**9, random=Most()) == 15
    assert _pause(waited=10**9) == 5


@settings(print_blob=True)
@given(st.floats(0, 3600), st.integers(0, 50), st.integers())
def test_jitter_spreads_by_a_quarter_or_throttled_by_half(waited: float, throttles: int, seed: int) -> None:
    """Issue, the loop: with jitter."""
    most = _pause(waited=waited, throttles=throttles, random=Most())
    spread = _pause(waited=waited, throttles=throttles, random=Random(seed))  # noqa: S311
    assert most * (0.5 if throttles else 0.6) <= spread <= most


def test_many_requests_do_not_look_in_step() -> None:
    """Issue, the loop: DescribeStreamSummary has 20 a second for the whole account."""
    pauses = {_pause(random=Random(seed)) for seed in range(50)}  # noqa: S311
    assert len(pauses) == 50
    assert min(pauses) < 0.12
    assert max(pauses) > 0.18
