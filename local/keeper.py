"""Ends everything that the embedded AWS started, in whatever way its owner ends.

This program's standard input is a pipe whose other end the owner holds and never writes to. When the
owner closes it, or dies (Ctrl-C, an exception, `kill -9`), the pipe ends, and this program kills each
process that carries the owner's mark in its environment, then removes the owner's folder. A list of
process ids would miss those that the engines themselves started; the mark is inherited.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

MARK = "EMBEDDED_AWS_FOLDER"
PATIENCE_SECONDS = 10.0


def marked(folder: str) -> list[int]:
    """The ids of the processes, other than this one, that carry the folder's mark."""
    wanted = f"{MARK}={folder}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:  # It has just ended, or it is another user's.
            continue
        if wanted in environment.split(b"\0"):
            found.append(int(entry.name))
    return found


def end(folder: str) -> None:
    """Kill what carries the mark, until nothing does; then remove the folder."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while (pids := marked(folder)) and time.monotonic() < give_up:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        time.sleep(0.02)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    end(sys.argv[1])
