"""AWS Step Functions: plays the project's own definition, statemachine/wait.asl.json, state by state.

Source: Amazon States Language specification, https://states-language.net. Only the parts that the definition uses are
implemented.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fake_errors import client_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.simulation.environments import Outcome
    from tests.simulation.world import World

    Task = Callable[[Any, float], Outcome]

ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:kinesis-stream-encryption"


@cache
def definition() -> dict[str, Any]:
    """The project's definition."""
    path = Path(__file__).parents[2] / "statemachine" / "wait.asl.json"
    return dict(json.loads(path.read_text()))


@dataclass
class Execution:
    """One execution."""

    name: str
    input: str
    running: bool = True


class StepFunctions:
    """As much of a boto3 Step Functions client as the function needs, and the engine behind it."""

    arn = ARN

    def __init__(self, world: World, tasks: Mapping[str, Task]) -> None:
        """Have no executions yet.

        Args:
            world: Whose time passes.
            tasks: The function behind each Resource of the definition; it takes the input and the longest duration.
        """
        self.executions: dict[str, Execution] = {}
        self._world = world
        self._tasks = tasks

    def start_execution(self, **arguments: str) -> dict[str, Any]:
        """Start an execution. A used name is refused, unless its execution still runs with this very input."""
        if arguments["stateMachineArn"] != ARN:
            raise client_error("StateMachineDoesNotExist", "State Machine Does Not Exist", "states:StartExecution")
        name, given = arguments["name"], arguments["input"]
        known = self.executions.get(name)
        if known is None:
            execution = self.executions[name] = Execution(name, given)
            self._world.time.spawn(f"execution {name[:6]}", lambda: self._play(execution))
        elif not (known.running and known.input == given):
            raise client_error("ExecutionAlreadyExists", f"Execution Already Exists: '{name}'", "states:StartExecution")
        return {"executionArn": f"{ARN.replace('stateMachine', 'execution')}:{name}"}

    def _play(self, execution: Execution) -> None:
        data, name = json.loads(execution.input), definition()["StartAt"]
        until = self._world.time.now() + definition()["TimeoutSeconds"]
        while name:
            if self._world.time.now() > until:
                self._world.trace("an execution timed out")
                break
            name, data = self._state(definition()["States"][name], data)
        execution.running = False

    def _state(self, state: Mapping[str, Any], data: Any) -> tuple[str, Any]:
        """Play one state; return the name of the next one (empty after the last) and its input."""
        match state["Type"]:
            case "Wait":
                self._world.time.sleep(float(_at(data, state["SecondsPath"])))
            case "Choice":
                chosen = (one["Next"] for one in state["Choices"] if _at(data, one["Variable"]) == one["BooleanEquals"])
                return next(chosen, state["Default"]), data
            case "Task":
                return self._task(state, data)
            case "Succeed" | "Fail":
                return "", data
            case other:
                raise NotImplementedError(other)
        return state["Next"], data

    def _task(self, state: Mapping[str, Any], data: Any) -> tuple[str, Any]:
        tries = [0] * len(state.get("Retry", ()))
        while True:
            outcome = self._tasks[state["Resource"]](data, float(state.get("TimeoutSeconds", inf)))
            if not outcome.error:
                return state.get("Next", ""), _placed(data, outcome.result, state)
            pause = self._retry(state, outcome.error, tries)
            if pause is None:
                break
            self._world.time.sleep(pause)
        for catcher in state.get("Catch", ()):
            if _matches(catcher, outcome.error):
                cause = {"errorType": outcome.error, "errorMessage": outcome.message}
                return catcher["Next"], _placed(data, {"Error": outcome.error, "Cause": json.dumps(cause)}, catcher)
        self._world.trace(f"an execution failed: {outcome.error}")
        return "", data

    def _retry(self, state: Mapping[str, Any], error: str, tries: list[int]) -> float | None:
        """Tell how long to pause before the next try; None: there is none."""
        for index, retrier in enumerate(state.get("Retry", ())):
            if _matches(retrier, error):
                if tries[index] >= retrier.get("MaxAttempts", 3):
                    return None
                pause = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** min(tries[index], 50)
                tries[index] += 1
                longest = min(pause, retrier.get("MaxDelaySeconds", inf))
                return self._world.random.uniform(0, longest) if retrier.get("JitterStrategy") == "FULL" else longest
        return None


def _at(data: Any, path: str) -> Any:
    for name in path.removeprefix("$").split(".")[1:]:
        data = data[name]
    return data


def _placed(data: Any, result: Any, where: Mapping[str, Any]) -> Any:
    """The state's output: the result replaces the input, goes into a place of it, or is dropped (ResultPath)."""
    path = where.get("ResultPath", "$")
    if path is None:
        return data
    return result if path == "$" else {**data, path.removeprefix("$."): result}


def _matches(rule: Mapping[str, Any], error: str) -> bool:
    return error in rule["ErrorEquals"] or "States.ALL" in rule["ErrorEquals"]
