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

    def __init__(self, clock: Clock, last_word: Callable[[Mapping[str, Any]], object]) -> None:
        """Start with no executions, and nothing going wrong; whose steps always die is handed to the last word."""
        self.clock = clock
        self._last_word = last_word
        self.executions: dict[str, Execution] = {}
        self.sweeps: dict[str, Execution] = {}  # those that nobody waits for an answer of
        self.refuses: Exception | None = None

    def start_execution(self, **arguments: str) -> dict[str, Any]:
        """Start an execution; the name of one that is known is refused unless it is the very same one, at work."""
        if self.refuses:
            raise self.refuses
        assert arguments["stateMachineArn"] == ARN
        name, given = arguments["name"], json.loads(arguments["input"])
        kept = self.executions if "ResponseURL" in given["Event"] else self.sweeps
        known = kept.get(name)
        if known and (known.done or known.input != given):
            raise client_error("ExecutionAlreadyExists", f"Execution Already Exists: '{name}'", "states:StartExecution")
        if by_the_provider():
            _, _, _, region, account, _, _ = ARN.split(":")
            used("states:StartExecution", arguments, account, region)
        kept.setdefault(name, Execution(name, given))
        return {"executionArn": f"{ARN.replace('stateMachine', 'execution')}:{name}"}

    def play(self, task: Callable[[Mapping[str, Any]], Any]) -> Execution:
        """Play the newest execution to its end: wait, step, and again; a step that dies is tried three times more."""
        return self._play(list(self.executions.values())[-1], task)

    def sweep(self, task: Callable[[Mapping[str, Any]], Any]) -> list[Execution]:
        """Play all that sweeps up after requests that were answered."""
        return [self._play(execution, task) for execution in self.sweeps.values()]

    def _play(self, execution: Execution, task: Callable[[Mapping[str, Any]], Any]) -> Execution:
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
        self._last_word({**state, "Failure": execution.failure})
        return {"Done": True}
