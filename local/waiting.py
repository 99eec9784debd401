"""Waits for what the embedded AWS does by itself, in real time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE_SECONDS = 0.2


def until(holds: Callable[[], Any], seconds: float) -> Any:  # noqa: ANN401 (whatever is waited for)
    """Wait until something holds, and return it.

    Raises:
        TimeoutError: It does not hold after so many seconds.
    """
    give_up = time.monotonic() + seconds
    while not (found := holds()):
        if time.monotonic() > give_up:
            raise TimeoutError(f"it did not come to hold within {seconds:g} s")
        time.sleep(PAUSE_SECONDS)
    return found
