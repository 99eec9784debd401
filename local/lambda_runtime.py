"""Runs a deployed function as Lambda does: AWS's runtime client under AWS's runtime interface emulator."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from local.asynchronous import FUNCTION_ERROR, Asynchronous
from local.engines import emulator
from local.loopback import Reply, Request, Server, call
from local.processes import Process, accepts_connections, at_a_free_port, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from local.place import Place
    from local.processes import Household

INVOKE = "/2015-03-31/functions/function/invocations"
# The function's own lines go to a file of their own; the emulator's (START, END, REPORT) stay in its log.
REDIRECTED = ("/bin/sh", "-c", 'exec "$0" "$@" >>"$FUNCTION_LOG" 2>&1')


@dataclass(frozen=True)
class Function:
    """A function as it was deployed."""

    name: str
    handler: str
    timeout: int
    memory: int
    variables: Mapping[str, str]
    credentials: Mapping[str, str]
    code: Path


@dataclass
class _Environment:
    """An execution environment: it serves one invocation at a time, as on Lambda."""

    function: Function
    log: Path
    url: str = ""
    process: Process | None = None
    busy: bool = False


class LambdaRuntime:
    """Gives each invocation an idle execution environment, and starts another where all are busy."""

    def __init__(self, name: str, household: Household, place: Place, endpoints: Mapping[str, str]) -> None:
        """Listen for invocations; there is no function yet.

        Args:
            name: What the environments' rooms are called.
            household: Where the environments live.
            place: The account and region that the function finds itself in.
            endpoints: boto3's own variables that say where the services are.
        """
        self._name = name
        self._household = household
        self._place = place
        self._endpoints = endpoints
        self._lock = threading.Lock()
        self._function: Function | None = None
        self._idle: list[_Environment] = []
        self._environments: list[_Environment] = []
        self.asynchronous = Asynchronous(self.invoke)
        self.prepare: Callable[[dict[str, Any]], dict[str, Any]] = lambda event: event
        self._server = Server(self._take)
        self.url = f"{self._server.url}{INVOKE}"

    def __enter__(self) -> Self:
        """It listens already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening; the household ends the environments."""
        self.asynchronous.forget()
        self._server.close()

    def attach(self, function: Function) -> None:
        """Run this function from now on."""
        with self._lock:
            self._function = function
            self._idle.clear()

    def warm(self) -> None:
        """Start a first environment before it is needed."""
        self._release(self._start())

    def deliver(self, event: dict[str, Any]) -> None:
        """Invoke the function asynchronously, as CloudFormation does."""
        self.asynchronous.deliver(event)

    def invoke(self, event: dict[str, Any]) -> Reply:
        """Invoke the function, and wait for its end; answers what it returned, or how it failed, as AWS does."""
        environment = self._acquire()
        reply = call(environment.url, Request("POST", INVOKE, {}, json.dumps(event).encode()), seconds=None)
        self._release(environment)
        return as_aws_says_it(reply)

    def crash(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End the runtime of every environment that is at work, by a signal.

        Args:
            number: SIGKILL as a machine that dies does, and as Linux does to a process that is out of memory; SIGTERM:
                it exits; SIGSTOP: it hangs, until its time is out.
        """
        for environment in list(self._environments):
            if environment.busy and environment.process is not None:
                for pid in environment.process.children():
                    os.kill(pid, number)

    @contextmanager
    def changed(self, **changes: Any) -> Iterator[None]:  # noqa: ANN401 (each field has a type of its own)
        """Run the function otherwise, as with another time-out or other code, for as long as the context lasts."""
        deployed = self._function
        if deployed is None:
            raise RuntimeError("no function is deployed")
        self.attach(replace(deployed, **changes))
        try:
            yield
        finally:
            self.attach(deployed)

    @property
    def busy(self) -> int:
        """How many environments are at work just now: the function's concurrency."""
        return sum(environment.busy for environment in list(self._environments))

    def log_lines(self) -> Iterator[str]:
        """Every line that the function has printed so far, in any environment."""
        for environment in list(self._environments):
            if environment.log.exists():
                yield from environment.log.read_text(encoding="utf-8", errors="replace").splitlines()

    def _take(self, request: Request) -> Reply:
        event = json.loads(request.body)
        if isinstance(event, dict) and "ResponseURL" in event:
            # MiniStack waits for the function's end, with the function's time-out; AWS does not wait.
            self.deliver(self.prepare(event))
            return Reply(200, b"null")
        return self.invoke(event)

    def _acquire(self) -> _Environment:
        with self._lock:
            environment = self._idle.pop() if self._idle else None
        environment = environment or self._start()
        environment.busy = True
        return environment

    def _release(self, environment: _Environment) -> None:
        environment.busy = False
        with self._lock:
            if environment.function is self._function:  # Or else it was deployed anew meanwhile.
                self._idle.append(environment)

    def _start(self) -> _Environment:
        function = self._function
        if function is None:
            raise RuntimeError("no function is deployed")
        with self._lock:
            name = f"{self._name}/{len(self._environments) + 1}"
            room = self._household.room(name)
            log = room / "function.log"
            environment = _Environment(function, log)
            self._environments.append(environment)

        def start(port: int) -> _Environment:
            addresses = [
                "--runtime-interface-emulator-address",
                f"127.0.0.1:{port}",
                "--runtime-api-address",
                f"127.0.0.1:{free_port()}",
            ]
            runtime = [*REDIRECTED, sys.executable, "-m", "awslambdaric", function.handler]
            process = self._household.start(
                name, [str(emulator()), *addresses, *runtime], self._variables(function, name, log)
            )
            process.wait_until(lambda: accepts_connections(port))
            environment.url, environment.process = f"http://127.0.0.1:{port}", process
            return environment

        return at_a_free_port(start)

    def _variables(self, function: Function, name: str, log: Path) -> dict[str, str]:
        return {
            **function.variables,
            **self._place.credentials,
            **function.credentials,
            **self._endpoints,
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": name,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python3.{sys.version_info.minor}",
            "LAMBDA_TASK_ROOT": str(function.code),
            "PYTHONPATH": str(function.code),
            "PYTHONUNBUFFERED": "1",
            "TZ": ":UTC",
            "FUNCTION_LOG": str(log),
        }


def as_aws_says_it(reply: Reply) -> Reply:
    """What the emulator answers, as Lambda's Invoke does: 200 always, and a header where the function failed.

    The emulator says 502 of a runtime that exited, and a sentence without an errorType of one that timed out.
    """
    timed_out = re.fullmatch(rb"Task timed out after [0-9.]+ seconds", reply.body.strip())
    if timed_out:
        body = json.dumps(
            {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: x Error: {timed_out[0].decode()}"}
        )
        return Reply(200, body.encode(), {FUNCTION_ERROR: "Unhandled"})
    try:
        told = json.loads(reply.body)
    except ValueError:
        told = None
    failed = reply.status != OK or (isinstance(told, dict) and {"errorType", "errorMessage"} <= set(told))
    return Reply(200, reply.body, {FUNCTION_ERROR: "Unhandled"} if failed else {})


OK = 200
