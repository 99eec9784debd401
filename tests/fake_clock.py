"""Virtual time: an hour passes in no time, and always in the same way."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

NEW_YEAR_2026 = 1_767_225_600.0


@dataclass(order=True, slots=True)
class Scheduled:
    """Something that will happen; ``cancel`` it, and it will not."""

    when: float
    order: int  # of two things due at once, the one that was scheduled first comes first
    call: Callable[[], object] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Take it off the schedule; harmless when it has happened already."""
        self.cancelled = True


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self, start: float = NEW_YEAR_2026) -> None:
        """Start the clock at an epoch second."""
        self._now = start
        self._order = 0
        self._due: list[Scheduled] = []

    def now(self) -> float:
        """Tell the time, in epoch seconds."""
        return self._now

    def monotonic(self) -> float:
        """Tell the time as ``time.monotonic`` would; virtual time never jumps back."""
        return self._now

    def at(self, when: float, call: Callable[[], object]) -> Scheduled:
        """Have something done when the time comes; what lies in the past is done at the next sleep."""
        self._order += 1
        scheduled = Scheduled(when, self._order, call)
        heapq.heappush(self._due, scheduled)
        return scheduled

    def after(self, seconds: float, call: Callable[[], object]) -> Scheduled:
        """Have something done in so many seconds."""
        return self.at(self._now + seconds, call)

    def sleep(self, seconds: float) -> None:
        """Let time pass, and do on the way what is due.

        What is due may itself sleep (a second invocation, say): then this sleeper wakes late, as a frozen
        process would.
        """
        if seconds < 0:
            msg = "sleep length must be non-negative"  # as time.sleep says
            raise ValueError(msg)
        self.sleep_until(self._now + seconds)

    def sleep_until(self, when: float) -> None:
        """Let time pass until then; a time in the past still does what is due by now."""
        while self._due and self._due[0].when <= max(when, self._now):
            scheduled = heapq.heappop(self._due)
            if not scheduled.cancelled:
                self._now = max(self._now, scheduled.when)
                scheduled.call()
        self._now = max(self._now, when)

    def next_due(self) -> float | None:
        """Tell when the next scheduled thing happens, if anything is scheduled at all."""
        while self._due and self._due[0].cancelled:
            heapq.heappop(self._due)
        return self._due[0].when if self._due else None
