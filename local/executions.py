"""Executions of the state machine, as an operator would look at them."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_stepfunctions import SFNClient

POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Execution:
    """One execution: its name, its status, and the request that it continues, which is in its input."""

    arn: str
    name: str
    status: str
    input: dict[str, Any]

    @property
    def stack_id(self) -> str:
        """The stack that the request is of."""
        return str(self.input["Event"]["StackId"])


@dataclass(frozen=True)
class Passage:
    """A state that an execution entered, or an error that it met there."""

    at: float
    state: str
    error: str = ""


class Executions:
    """All the executions of all state machines."""

    def __init__(self, client: SFNClient) -> None:
        """Use this client."""
        self._client = client

    def of_stack(self, stack: str) -> list[Execution]:
        """The executions that carry on requests of a stack, given by its id or name; the oldest first."""
        carried = [one for one in self.all() if "Event" in one.input]  # a mend or a round has none
        return [one for one in carried if stack in {one.stack_id, one.stack_id.split("/")[1]}]

    def all(self) -> list[Execution]:
        """Every execution; the oldest first."""
        found = []
        for machine in self._client.list_state_machines()["stateMachines"]:
            listed = self._client.list_executions(stateMachineArn=machine["stateMachineArn"], maxResults=1000)
            found += [self.describe(one["executionArn"]) for one in reversed(listed["executions"])]
        return found

    def describe(self, arn: str) -> Execution:
        """One execution, as it is now."""
        seen = self._client.describe_execution(executionArn=arn)
        return Execution(arn, seen["name"], seen["status"], json.loads(seen["input"]))

    def wait(self, arn: str, seconds: float = 60.0) -> Execution:
        """Wait until an execution has ended.

        Raises:
            TimeoutError: It has not.
        """
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            seen = self.describe(arn)
            if seen.status != "RUNNING":
                return seen
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"{arn} is still running after {seconds:.0f} s")

    def passages(self, arn: str) -> list[Passage]:
        """The states that an execution went through, and the errors of its tasks, in their order."""
        pages = self._client.get_paginator("get_execution_history").paginate(executionArn=arn)
        found: list[Passage] = []
        for event in (event for page in pages for event in page["events"]):
            at = event["timestamp"].timestamp()
            if "stateEnteredEventDetails" in event:
                found.append(Passage(at, event["stateEnteredEventDetails"]["name"]))
            elif event["type"].endswith("Failed") and "taskFailedEventDetails" in event:
                found.append(Passage(at, found[-1].state, event["taskFailedEventDetails"].get("error", "")))
        return found


class ExecutionWatch:
    """Tells what the executions for one stack go through, while they do."""

    def __init__(self, executions: Executions, stack: str, heard: Callable[[Execution, Passage], None]) -> None:
        """Watch those that are started from now on.

        Args:
            executions: Where to look.
            stack: The stack's name.
            heard: Is told each passage.
        """
        self._executions, self._stack, self._heard = executions, stack, heard
        self._before = {one.arn for one in executions.of_stack(stack)}
        self._told: dict[str, int] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End watching, once the last passage was told."""
        self._end.set()
        self._thread.join()
        self._look()

    def executions(self) -> list[Execution]:
        """The executions that were started since."""
        return [one for one in self._executions.of_stack(self._stack) if one.arn not in self._before]

    def _watch(self) -> None:
        while not self._end.wait(POLL_SECONDS):
            self._look()

    def _look(self) -> None:
        for execution in self.executions():
            passages = self._executions.passages(execution.arn)
            for one in passages[self._told.get(execution.arn, 0) :]:
                self._heard(execution, one)
            self._told[execution.arn] = len(passages)
