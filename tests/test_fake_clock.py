"""Virtual time passes only in sleep, and does what is due in its order."""

import pytest

from tests.builders import LambdaContext
from tests.fake_clock import Clock


def test_what_is_due_happens_at_its_time_and_in_its_order() -> None:
    """A run must be the same each time: what is due at once keeps the order of scheduling."""
    clock, begun, seen = Clock(), Clock().now(), []
    clock.after(2, lambda: seen.append(("second", clock.now() - begun)))
    clock.after(1, lambda: seen.append(("first", clock.now() - begun)))
    clock.after(2, lambda: seen.append(("third", clock.now() - begun)))
    clock.after(9, lambda: seen.append(("later", clock.now() - begun)))
    clock.after(1, lambda: seen.append(("never", clock.now() - begun))).cancel()
    assert clock.next_due() == begun + 1
    clock.sleep(5)
    assert seen == [("first", 1), ("second", 2), ("third", 2)]
    assert clock.now() == clock.monotonic() == begun + 5


def test_a_sleeper_may_be_overtaken_and_time_never_runs_backwards() -> None:
    """Something that is due may sleep longer than the one who slept first."""
    clock, begun = Clock(), Clock().now()
    clock.after(1, lambda: clock.sleep(10))
    clock.sleep(2)
    assert clock.now() == begun + 11
    clock.sleep_until(begun)
    assert clock.now() == begun + 11
    with pytest.raises(ValueError, match="non-negative"):
        clock.sleep(-1)


def test_an_invocations_time_runs_out_by_the_clock() -> None:
    """get_remaining_time_in_millis is what the provider must trust."""
    clock = Clock()
    context = LambdaContext(clock, timeout=10)
    clock.sleep(9.5)
    assert context.get_remaining_time_in_millis() == 500
    clock.sleep(1)
    assert context.get_remaining_time_in_millis() == 0
