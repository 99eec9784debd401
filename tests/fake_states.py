"""A Step Functions for tests: it keeps what is started, and plays the definition's one loop in virtual time."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fake_calls import by_the_provider
from tests.fake_clock import Clock
from tests.fake_errors import client_error
from tests.permissions import used

ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:kinesis-stream-encryption"
ROUNDS_ARN = f"{ARN}-watch"
RETRIES = 3


@dataclass
class Execution:
    """One execution: its input, and what came of it."""

    name: str
    input: dict[str, Any]
    waits: list[int] = field(default_factory=list)
    failure: dict[str, str] | None = None
    done: bool = False


class FakeStates:
    """As much of a boto3 Step Functions client as a hand-over needs."""

    def __init__(self, clock: Clock, failure_responder: Callable[[Mapping[str, Any]], object]) -> None:
        """Start with no executions and no faults.

        Args:
            clock: Virtual time.
            failure_responder: Is given the state of an execution whose step died at every try.
        """
        self.clock = clock
        self._failure_responder = failure_responder
        self.executions: dict[str, Execution] = {}
        self.refuses: Exception | None = None
        self.loses: list[Exception] = []  # for the next calls: each takes effect, and its caller sees this error
        self.calls: list[str] = []  # the names that executions were asked for by

    def start_execution(self, **arguments: str) -> dict[str, Any]:
        """Start an execution. A used name is refused, unless its execution still runs with this very input."""
        self.calls.append(arguments["name"])
        if self.refuses:
            raise self.refuses
        assert arguments["stateMachineArn"] in (ARN, ROUNDS_ARN)
        name, given = arguments["name"], json.loads(arguments["input"])
        known = self.executions.get(name)
        if known and (known.done or known.input != given):
            raise client_error("ExecutionAlreadyExists", f"Execution Already Exists: '{name}'", "states:StartExecution")
        if by_the_provider():
            _, _, _, region, account, _, _ = ARN.split(":")
            used("states:StartExecution", arguments, account, region)
        self.executions.setdefault(name, Execution(name, given))
        if self.loses:
            raise self.loses.pop(0)
        return {"executionArn": f"{ARN.replace('stateMachine', 'execution')}:{name}"}

    def play(self, task: Callable[[Mapping[str, Any]], Any], name: str | None = None) -> Execution:
        """Play an execution to its end: wait, step, and again; a step that dies is tried three times more.

        Args:
            task: Takes a step.
            name: The execution's name; the newest one by default.
        """
        execution = self.executions[name] if name else list(self.executions.values())[-1]
        state: dict[str, Any] = execution.input
        while not state.get("Done"):
            execution.waits.append(state["Seconds"])
            self.clock.sleep(state["Seconds"])
            state = self._step(state, task, execution)
        execution.done = True
        return execution

    def _step(
        self, state: dict[str, Any], task: Callable[[Mapping[str, Any]], Any], execution: Execution
    ) -> dict[str, Any]:
        for attempt in range(RETRIES + 1):
            try:
                result = task(json.loads(json.dumps(state)))
            except BaseException as error:  # noqa: BLE001 - whatever ends the function
                told = {"errorType": type(error).__name__, "errorMessage": str(error)}
                execution.failure = {"Error": told["errorType"], "Cause": json.dumps(told)}
                self.clock.sleep(2.0**attempt)
            else:
                return dict(json.loads(json.dumps(result)))
        self._failure_responder({**state, "Failure": execution.failure})
        return {"Done": True}
