"""Processes in virtual time: each is a greenlet that runs until it sleeps, ends or is killed; then the next runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from greenlet import getcurrent, greenlet

from tests.fake_clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fake_clock import Scheduled

T = TypeVar("T")


class Death(BaseException):
    """The process ends here. Whatever it does while it unwinds, nobody hears of it."""


class Process:
    """Something that runs beside others."""

    def __init__(self, time: Time, name: str, run: Callable[[], object]) -> None:
        """Be ready to run; Time.spawn starts it."""
        self.name = name
        self.dead = False
        self._time = time
        self._greenlet = greenlet(run, parent=time.hub)
        self._wake: Scheduled | None = None

    def start(self, after: float) -> None:
        """Run for the first time in so many seconds."""
        self._wake = self._time.after(after, self.resume)

    def pause(self, seconds: float) -> None:
        """Let others run for so long; called by the process itself."""
        self._wake = self._time.after(seconds, self.resume)
        self._time.hub.switch()

    def resume(self) -> None:
        """Go on until the next pause; called by the hub."""
        self._time.running = self
        self._greenlet.switch()
        self._time.running = None

    def wake(self) -> None:
        """Have its pause end now."""
        if self._wake:
            self._wake.cancel()
        self._wake = self._time.after(0.0, self.resume)

    def kill(self) -> None:
        """End it in the middle of whatever it does; called by the hub."""
        if self._greenlet.dead or self.dead:
            return
        self.dead = True
        if self._wake:
            self._wake.cancel()
        if self._greenlet:
            self._time.running = self
            self._greenlet.throw(Death)
            self._time.running = None


class Time(Clock):
    """Virtual time for many processes. What happens, and in which order, is the same each time."""

    def __init__(self) -> None:
        """Start the clock; the greenlet that makes it is the hub, which runs the others."""
        super().__init__()
        self.hub = getcurrent()
        self.running: Process | None = None

    def spawn(self, name: str, run: Callable[[], object], after: float = 0.0) -> Process:
        """Start a process in so many seconds."""
        process = Process(self, name, run)
        process.start(after)
        return process

    def sleep(self, seconds: float) -> None:
        """Let time pass: for the process that calls, or where none does, for all of them."""
        if self.running is None:
            super().sleep(seconds)
            return
        if self.running.dead:
            raise Death
        self.running.pause(max(0.0, seconds))


class Signal(Generic[T]):
    """Something that one process waits for, and that happens once."""

    def __init__(self, time: Time) -> None:
        """Nothing has happened yet."""
        self.value: T | None = None
        self._time = time
        self._waiting: Process | None = None

    def send(self, value: T) -> None:
        """It happens, with this value; what happens later is passed over."""
        if self.value is None:
            self.value = value
            if self._waiting:
                self._waiting.wake()
                self._waiting = None

    def wait(self, seconds: float) -> T | None:
        """Wait for it, so long at the most; None if it did not happen."""
        process = self._time.running
        assert process, "only a process can wait"
        if self.value is None and seconds > 0:
            self._waiting = process
            process.pause(seconds)
            self._waiting = None
        return self.value
