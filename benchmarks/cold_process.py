"""One cold start: a fresh process under AWS's runtime client, until its first call to a service reaches us."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from shutil import copy, copytree
from typing import TYPE_CHECKING, Any

from local.loopback import Reply, Request, Server

if TYPE_CHECKING:
    from collections.abc import Mapping

RUNTIME_API = "/2018-06-01/runtime/"
NEXT = f"{RUNTIME_API}invocation/next"
DEADLINE = "Lambda-Runtime-Deadline-Ms"
ABOUT = {
    "Content-Type": "application/json",
    "Lambda-Runtime-Aws-Request-Id": "8f5e2c3a-0000-4000-8000-000000000000",
    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:kinesis-stream-encryption",
}
"""What the Runtime API tells of an event: AWS Lambda Developer Guide, "Using the Lambda runtime API"."""
RUNTIME = ("awslambdaric", "simplejson", "snapshot_restore_py", "runtime_client")
"""AWS's runtime client and what it needs: on Lambda, all of it is there before the function is."""
LONGEST_SECONDS = 60.0
RESPONSE_URL = "https://response-url.example/"
"""Stands in an event for the URL that leads to us."""


class NoCallError(RuntimeError):
    """The process ended, or was ended, before it called anybody."""


@dataclass(frozen=True, slots=True)
class ColdStart:
    """What one took, from the process's start until its first call arrived.

    Attributes:
        seconds: The time that passed.
        init_seconds: The part of it until the runtime asked for its first event: Lambda's Init phase.
        cpu_seconds: Processor time, of the system too.
        mebibytes: The most memory that was resident.
        call: What was called: the method, and the action if there is one.
    """

    seconds: float
    init_seconds: float
    cpu_seconds: float
    mebibytes: float
    call: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function to be started.

    Attributes:
        code: The folder that is its task root.
        handler: Its entry point, as Lambda's Handler names it.
        event: What it is invoked with. A ResponseURL in it leads to us.
        path: Folders that lie behind the task root on Python's path, as the runtime's own packages do.
    """

    code: Path
    handler: str
    event: Mapping[str, Any]
    path: tuple[Path, ...] = ()


@dataclass(slots=True)
class _Watch:
    """Notes when the process asks for its event, and when it first calls; that call ends it."""

    event: bytes
    began: float = 0.0
    process: subprocess.Popen[bytes] | None = None
    asked: float = 0.0
    called: float = 0.0
    call: str = ""
    mebibytes: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> Reply:
        now = time.perf_counter()
        with self.lock:
            if request.path == NEXT and not self.asked:
                self.asked = now
                return Reply(200, self.event, {**ABOUT, DEADLINE: str(int((time.time() + 900) * 1000))})
            if request.path.startswith(RUNTIME_API):
                return self._ended(request)
            if not self.called:
                self.called = now
                self.call = request.headers.get("x-amz-target", request.method).rpartition(".")[2]
                self.mebibytes = _most_resident(self._pid)
                os.kill(self._pid, signal.SIGKILL)
        return Reply(500)

    def _ended(self, request: Request) -> Reply:
        """The runtime says that the function failed or returned; where it then wants another event, that is all."""
        if request.path == NEXT:
            os.kill(self._pid, signal.SIGKILL)
        return Reply(202, b"{}")

    @property
    def _pid(self) -> int:
        if self.process is None:
            raise RuntimeError("nothing was started")
        return self.process.pid


def _most_resident(pid: int) -> float:
    """In MiB. The peak that wait4 reports would be this process's own where that is larger: a fork inherits it."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


def runtime_folder(folder: Path) -> Path:
    """Put AWS's runtime client, with its bytecode, into a folder of its own, as Lambda has it."""
    folder.mkdir()
    for name in RUNTIME:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"{name} is missing: run `make setup`.")
        source = Path(spec.origin)
        if source.name == "__init__.py":
            copytree(source.parent, folder / name)
        else:
            copy(source, folder)
    compiled(folder)
    return folder


def compiled(folder: Path, mode: str = "unchecked-hash") -> None:
    """Compile whatever is in a folder, as the function's build does."""
    command = [python(), "-m", "compileall", "-q", "-f", "--invalidation-mode", mode]
    subprocess.run([*command, "-s", str(folder), "-p", "/var/task", str(folder)], check=True)


def python() -> str:
    """The interpreter itself, without the packages of an environment."""
    return str(getattr(sys, "_base_executable", sys.executable))


def cold_start(function: Function, runtime: Path) -> ColdStart:
    """Start a function in a fresh process, and end it when its first call arrives.

    Args:
        function: Which.
        runtime: Where AWS's runtime client is.

    Raises:
        NoCallError: It called nobody.
    """
    watch = _Watch(b"")
    with Server(watch) as server, tempfile.TemporaryFile() as printed:
        url = f"{server.url}/answer?X-Amz-Signature=0123456789abcdef0123456789abcdef"
        watch.event = json.dumps(function.event).replace(RESPONSE_URL, url).encode()
        command = [python(), "-B", "-m", "awslambdaric", function.handler]
        with watch.lock:
            watch.began = time.perf_counter()
            watch.process = subprocess.Popen(
                command,
                cwd=function.code,
                env=_variables(function, runtime, server.url),
                stdout=printed,
                stderr=printed,
            )
        process = watch.process
        guard = threading.Timer(LONGEST_SECONDS, process.kill)
        guard.start()
        _, status, used = os.wait4(process.pid, 0)
        guard.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        told = printed.read().decode(errors="replace")
    if not watch.called:
        raise NoCallError(f"{function.handler} called nobody, and ended with {process.returncode}: {told}")
    seconds, init = watch.called - watch.began, watch.asked - watch.began
    return ColdStart(seconds, init, used.ru_utime + used.ru_stime, watch.mebibytes, watch.call)


def _variables(function: Function, runtime: Path, url: str) -> dict[str, str]:
    return {
        "PYTHONPATH": os.pathsep.join(map(str, (*function.path, runtime))),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "EXAMPLE",
        "AWS_SESSION_TOKEN": "EXAMPLE",
        "AWS_ENDPOINT_URL": url,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_RUNTIME_API": url.removeprefix("http://"),
        "AWS_LAMBDA_FUNCTION_NAME": "kinesis-stream-encryption",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "LAMBDA_TASK_ROOT": str(function.code),
        "RECORD_TABLE": "kinesis-stream-encryption-record",
        "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:kinesis-stream-encryption",
    }
