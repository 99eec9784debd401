"""A folder and the processes that live in it: both are gone when their owner is."""

from __future__ import annotations

import contextlib
import socket
import subprocess  # nosec B404  # what was installed here, no shell
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from local import keeper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")
READY_SECONDS = 30.0
ATTEMPTS = 3


class ProcessFailedError(RuntimeError):
    """A process of the embedded AWS ended, or did not become ready."""


class Household:
    """Starts processes whose home, temporary files and logs all lie in one folder of this household's own."""

    def __init__(self) -> None:
        """Make the folder, and start the keeper that cleans up behind us."""
        self.folder = Path(tempfile.mkdtemp(prefix="embedded-aws-"))
        self._processes: list[subprocess.Popen[bytes]] = []
        self._keeper = subprocess.Popen(  # nosec B603  # our own file
            [sys.executable, "-I", keeper.__file__, str(self.folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        """Nothing more to do: the household is ready."""
        return self

    def __exit__(self, *_: object) -> None:
        """End everything, whatever happened."""
        self.close()

    def room(self, name: str) -> Path:
        """A folder within the household's folder."""
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Process:
        """Start a process in a room of its own, with that environment and little else."""
        room = self.room(name)
        whole = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(room),
            "TMPDIR": str(self.room(f"{name}/temporary")),
            "XDG_CACHE_HOME": str(room),
            "PYTHONDONTWRITEBYTECODE": "1",
            keeper.MARK: str(self.folder),
            **environment,
        }
        log = room / "process.log"
        with log.open("ab") as out:
            popen = subprocess.Popen(  # nosec B603  # what was installed here
                command,
                cwd=room,
                env=whole,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(popen)
        return Process(name, popen, log)

    def close(self) -> None:
        """Have the keeper end every process and remove the folder, and wait until it has."""
        if self._keeper.stdin is not None:
            self._keeper.stdin.close()
        self._keeper.wait()
        for process in self._processes:
            process.wait()
        self._processes.clear()


class Process:
    """One process of a household."""

    def __init__(self, name: str, popen: subprocess.Popen[bytes], log: Path) -> None:
        """Take note of the process and of the file that holds what it prints."""
        self.name = name
        self.log = log
        self._popen = popen

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether the process is still there."""
        return self._popen.poll() is None

    def children(self) -> list[int]:
        """The ids of the processes that this one has started."""
        listed = Path(f"/proc/{self.pid}/task").glob("*/children")
        return [int(pid) for one in listed for pid in one.read_text().split()]

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait until it is ready.

        Raises:
            ProcessFailedError: It ended instead, or is not ready in time; the last of its log says why.
        """
        give_up = time.monotonic() + READY_SECONDS
        while time.monotonic() < give_up and self.running:
            with contextlib.suppress(OSError):
                if ready():
                    return
            time.sleep(0.02)
        state = "is not ready" if self.running else f"ended with {self._popen.returncode}"
        raise ProcessFailedError(f"{self.name} {state}: {self.log.read_text(errors='replace')[-2000:]}")


def at_a_free_port(start: Callable[[int], T]) -> T:
    """Start something at a free loopback port; at another one where somebody else was quicker."""
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(ProcessFailedError):
            return start(free_port())
    return start(free_port())


def free_port() -> int:
    """A loopback port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def accepts_connections(port: int) -> bool:
    """Whether something listens at that loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
