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
from stream_encryption.pacing import pause
from tests.builders import LOGICAL_ID, STACK_ID, STREAM_ARN, STREAM_NAME

STREAM = Stream(STREAM_NAME, STREAM_ARN, StreamStatus.ACTIVE, None)
ME = Owner(STACK_ID, LOGICAL_ID)


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


BEGUN = Asked("Remember", None, 0.0)


def _pause(
    action: Action | None = None,
    *,
    waits: int = 0,
    throttles: int = 0,
    asked: Asked | None = None,
    random: Random | None = None,
) -> float:
    memory = Memory(0, waits=waits, throttles=throttles, asked=asked)
    return pause(action or Wait("for it"), memory, random or Even())


@pytest.mark.parametrize("action", [Wait("for it"), Start(STREAM, "k", "r"), Stop(STREAM, "k", "r")], ids=type)
def test_the_first_look_comes_after_a_quarter_of_a_second(action: Action) -> None:
    """Issue, the loop: it polls quickly at first; after a Start or Stop the stream has something to do."""
    assert _pause(action) == 0.25


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
    assert _pause(action, waits=20, throttles=3) == 0


def test_pauses_grow_geometrically_to_five_seconds() -> None:
    """Issue, the loop: then geometrically less often, to 5 s."""
    pauses = [_pause(waits=waits) for waits in range(200)]
    assert pauses[10] / pauses[9] == pytest.approx(pauses[1] / pauses[0])
    assert 1.05 < pauses[1] / pauses[0] < 2
    assert pauses == sorted(pauses)
    assert pauses[-1] == 5
    assert max(pauses) == 5


def test_an_end_that_is_known_is_waited_for_exactly() -> None:
    """Promise 1: SettleSeconds are no poll: no jitter, no growth, no throttle."""
    assert pause(Wait("settling", 4.5), Memory(0, waits=9, throttles=9), Random(1)) == 4.5  # noqa: S311
    assert pause(Wait("settling", 0.0), Memory(0, waits=9), Random(1)) == 0  # noqa: S311


def test_every_throttle_doubles_the_pause_up_to_a_quarter_of_a_minute() -> None:
    """Errors: "back off and go on, less often"; from a second up, and never less often than every 15 s."""
    assert [_pause(throttles=count, random=Most()) for count in range(1, 6)] == [2, 4, 8, 15, 15]
    assert _pause(waits=100, throttles=1, random=Most()) == 10
    assert _pause(waits=100, throttles=10_000, random=Most()) == 15


def test_who_has_begun_comes_back_sooner_than_who_has_not() -> None:
    """Issue, scale: among many requests at once what is begun is ended first, and nothing starves half done."""
    pauses = [_pause(throttles=count, asked=BEGUN, random=Most()) for count in range(1, 6)]
    assert pauses == [2, 4, 5, 5, 5]


def test_who_is_throttled_never_looks_more_often_for_it() -> None:
    """Errors: "less often"; a long wait's pause is longer than what throttling asks for."""
    for asked in (None, BEGUN):
        assert _pause(waits=100, throttles=1, asked=asked) >= _pause(waits=100)
    longest = pause(Wait("for it"), Memory(0, waits=100, throttles=9), Even(), 60.0)
    assert longest == pause(Wait("for it"), Memory(0, waits=100), Even(), 60.0) == 60


def test_a_wait_of_a_day_has_a_pause_too() -> None:
    """Issue, the loop: growth never overflows."""
    assert _pause(waits=10**9, throttles=10**9, random=Most()) == 15
    assert _pause(waits=10**9) == 5


@settings(print_blob=True)
@given(st.integers(0, 500), st.integers(0, 50), st.integers())
def test_jitter_spreads_by_a_quarter_or_throttled_by_half(waits: int, throttles: int, seed: int) -> None:
    """Issue, the loop: with jitter."""
    most = _pause(waits=waits, throttles=throttles, random=Most())
    spread = _pause(waits=waits, throttles=throttles, random=Random(seed))  # noqa: S311
    assert most * (0.5 if throttles else 0.6) <= spread <= most


def test_many_requests_do_not_look_in_step() -> None:
    """Issue, the loop: DescribeStreamSummary has 20 a second for the whole account."""
    pauses = {_pause(random=Random(seed)) for seed in range(50)}  # noqa: S311
    assert len(pauses) == 50
    assert min(pauses) < 0.2
    assert max(pauses) > 0.3
