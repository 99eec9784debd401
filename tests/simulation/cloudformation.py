"""CloudFormation: stacks that deploy, fail, roll back and are deleted, and the requests that it sends on the way.

Source: AWS CloudFormation User Guide, "Custom resources"; what happens beyond it is in docs/simulation.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.builders import FUNCTION_ARN
from tests.simulation.processes import Signal
from tests.simulation.wire import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.simulation.lambda_service import Invocation
    from tests.simulation.world import World

TRIES = 8
"""How often an operator tries again what CloudFormation could not roll back or delete."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What CloudFormation found at a ResponseURL."""

    at: float
    body: Mapping[str, Any]
    invocation: Invocation | None

    @property
    def success(self) -> bool:
        """Whether it says SUCCESS."""
        return bool(self.body["Status"] == "SUCCESS")


@dataclass(eq=False, slots=True)
class Request:
    """One request to the provider."""

    type: str
    stack: Stack
    logical_id: str
    properties: Mapping[str, Any]
    event: Mapping[str, Any]
    issued: float
    answer: Signal[Answer]
    answers: list[Answer] = field(default_factory=list)
    closed: float | None = None  # when CloudFormation stopped to listen
    cancelled: bool = False
    given_up: bool = False

    @property
    def url(self) -> str:
        """Where it is answered."""
        return str(self.event["ResponseURL"])

    @property
    def timeout(self) -> float:
        """How long CloudFormation waits for the answer, in seconds."""
        return float(self.properties.get("ServiceTimeout", 3600))

    @property
    def stream(self) -> str:
        """The name of the stream that its properties name."""
        return str(self.properties["StreamName"])

    @property
    def heard(self) -> str:
        """What CloudFormation was told: SUCCESS or FAILED; nothing where it did not wait for that any more."""
        in_time = bool(self.answers) and not (self.cancelled or self.given_up)
        return str(self.answers[0].body["Status"]) if in_time else "nothing"

    def __str__(self) -> str:
        """Name it, shortly."""
        return f"{self.type} {self.stack.name}/{self.logical_id}"


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that CloudFormation holds."""

    physical_id: str
    properties: Mapping[str, Any]


class CloudFormation:
    """Sends requests, and takes the answers."""

    def __init__(self, world: World) -> None:
        """Have sent nothing yet."""
        self._world = world
        self.requests: dict[str, Request] = {}  # by ResponseURL
        self._last_id = ""

    def send(
        self,
        stack: Stack,
        request_type: str,
        logical_id: str,
        properties: Mapping[str, Any],
        **fields: Any,
    ) -> Request:
        """Send a request; CloudFormation uses a RequestId again when a deployment is tried again."""
        world = self._world
        if not self._last_id or world.random.random() < 0.8:
            self._last_id = f"{world.random.getrandbits(64):016x}"
        token = {"ServiceToken": FUNCTION_ARN}
        event = {
            "RequestType": request_type,
            "ServiceToken": FUNCTION_ARN,
            "ResponseURL": HOST + world.bucket.issue(stack.stack_id, logical_id),
            "StackId": stack.stack_id,
            "RequestId": self._last_id,
            "LogicalResourceId": logical_id,
            "ResourceType": "Custom::KinesisStreamEncryption",
            "ResourceProperties": {**token, **properties},
            **{
                name: {**token, **value} if name == "OldResourceProperties" else value for name, value in fields.items()
            },
        }
        request = Request(request_type, stack, logical_id, properties, event, world.time.now(), Signal(world.time))
        self.requests[request.url] = request
        shown = {"id": fields.get("PhysicalResourceId", ""), **properties}
        world.trace(f"→ {request} {' '.join(f'{name}={value}' for name, value in shown.items())}")
        world.promises.sent(request)
        world.lambdas.send(event)
        return request

    def answered(self, url: str, body: bytes, invocation: Invocation | None) -> None:
        """An answer was stored at a ResponseURL."""
        request = self.requests[url]
        answer = Answer(self._world.time.now(), json.loads(body), invocation)
        request.answers.append(answer)
        late = " (too late)" if request.closed is not None else ""
        self._world.trace(f"← {request}: {answer.body['Status']} {answer.body['Reason'][:150]}{late}")
        self._world.promises.answered(request, answer, body)
        if request.closed is None:
            request.closed = answer.at
            request.answer.send(answer)

    def wait(self, request: Request, seconds: float | None = None) -> Answer | None:
        """Wait for the answer, as long as CloudFormation does, or until it cancels the request."""
        answer = request.answer.wait(min(request.timeout, request.timeout if seconds is None else seconds))
        if answer is None:
            request.closed = self._world.time.now()
            request.cancelled = seconds is not None and seconds < request.timeout
            request.given_up = not request.cancelled
            self._world.trace(f"  {request}: {'cancelled' if request.cancelled else 'CloudFormation gave up'}")
            self._world.promises.gave_up(request)
        return answer


@dataclass(eq=False)
class Stack:
    """A stack with one resource of ours at a time, and what is done to it, step by step."""

    world: World
    name: str
    number: int
    generation: int = 0  # a stack that is created again is another one, under the same name
    resources: dict[str, Resource] = field(default_factory=dict)
    abandoned: bool = False  # CloudFormation could not clean up, however often it was tried

    @property
    def stack_id(self) -> str:
        """The stack's ARN."""
        guid = f"5b1e9c50-{self.generation:04x}-11f1-8000-{self.number:012x}"
        return f"arn:aws:cloudformation:{self.world.region}:{self.world.account}:stack/{self.name}/{guid}"

    def invented_id(self, logical_id: str) -> str:
        """What CloudFormation calls a resource of whose id it never heard."""
        return f"{self.name}-{logical_id}-{self.world.random.getrandbits(40):010X}"

    def create(self, logical_id: str, properties: Mapping[str, Any], cancel_after: float | None = None) -> bool:
        """Create the resource; roll back if it fails, or if another resource does, at or before its answer."""
        request = self._send("Create", logical_id, properties)
        answer = self._wait(request, cancel_after)
        if answer and answer.success and cancel_after is None:
            self.resources[logical_id] = Resource(answer.body["PhysicalResourceId"], properties)
            return True
        physical_id = answer.body["PhysicalResourceId"] if answer else self.invented_id(logical_id)
        self._remove(logical_id, Resource(physical_id, properties))
        return False

    def update(self, logical_id: str, properties: Mapping[str, Any], cancel_after: float | None = None) -> bool:
        """Update the resource; roll back if it fails, or if another resource does."""
        old = self.resources[logical_id]
        request = self._update(logical_id, properties, old)
        answer = self._wait(request, cancel_after)
        if not (answer and answer.success):
            self._roll_back(logical_id, old, Resource(old.physical_id, properties))
            return False
        new = Resource(answer.body["PhysicalResourceId"], properties)
        if cancel_after is not None:
            self._undo(logical_id, old, new)
            return False
        self.resources[logical_id] = new
        if new.physical_id != old.physical_id:
            self._remove(logical_id, old)
        return True

    def rename(self, old_id: str, new_id: str, properties: Mapping[str, Any], cancel_after: float | None) -> bool:
        """Give the resource another logical id: a new one is created, and then the old one deleted."""
        if not self.create(new_id, properties, cancel_after):
            return False
        self._remove(old_id, self.resources.pop(old_id))
        return True

    def delete(self) -> None:
        """Delete the stack."""
        for logical_id, resource in list(self.resources.items()):
            del self.resources[logical_id]
            self._remove(logical_id, resource)
        self.generation += 1

    def _undo(self, logical_id: str, old: Resource, new: Resource) -> None:
        """Another resource failed after this one's update had succeeded."""
        replaced = new.physical_id != old.physical_id
        if replaced and self.world.random.random() < 0.5:
            self._remove(logical_id, new)  # the old one was never touched
            return
        back = self._roll_back(logical_id, old, new)
        if replaced and back:
            self._remove(logical_id, new)

    def _roll_back(self, logical_id: str, old: Resource, new: Resource) -> bool:
        """Nothing marks a rollback: it is an Update with the properties swapped."""
        for _ in range(TRIES):
            self.world.time.sleep(self.world.random.uniform(1.5, 4.0))
            answer = self._wait(self._update(logical_id, old.properties, new))
            if answer and answer.success:
                self.resources[logical_id] = replace(old, physical_id=answer.body["PhysicalResourceId"])
                return True
            self.world.time.sleep(self.world.random.uniform(60, 900))
        self._abandon()
        return False

    def _remove(self, logical_id: str, resource: Resource) -> None:
        for _ in range(TRIES):
            self.world.time.sleep(self.world.random.uniform(1.5, 4.0))
            request = self._send("Delete", logical_id, resource.properties, PhysicalResourceId=resource.physical_id)
            answer = self._wait(request)
            if answer and answer.success:
                return
            self.world.time.sleep(self.world.random.uniform(60, 900))
        self._abandon()

    def _abandon(self) -> None:
        self.world.trace(f"  {self.name} is stuck")
        self.abandoned = True

    def _update(self, logical_id: str, properties: Mapping[str, Any], now: Resource) -> Request:
        return self._send(
            "Update",
            logical_id,
            properties,
            OldResourceProperties=now.properties,
            PhysicalResourceId=now.physical_id,
        )

    def _send(self, request_type: str, logical_id: str, properties: Mapping[str, Any], **fields: Any) -> Request:
        return self.world.cloudformation.send(self, request_type, logical_id, properties, **fields)

    def _wait(self, request: Request, seconds: float | None = None) -> Answer | None:
        return self.world.cloudformation.wait(request, seconds)
