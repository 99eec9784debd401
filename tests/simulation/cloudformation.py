"""CloudFormation's side of the protocol: the requests that it sends, and how long it waits for a response.

Source: AWS CloudFormation User Guide, "Custom resources"; CONTRIBUTING.md names what goes beyond it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.builders import FUNCTION_ARN
from tests.simulation.processes import Signal
from tests.simulation.wire import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.simulation.environments import Invocation
    from tests.simulation.stacks import Stack
    from tests.simulation.world import World

DEFAULT_KEY = "alias/aws/kinesis"


@dataclass(frozen=True, slots=True)
class Response:
    """A response that CloudFormation found at a ResponseURL."""

    at: float
    body: Mapping[str, Any]
    invocation: Invocation | None  # None: the failure responder sent it

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
    response: Signal[Response]
    responses: list[Response] = field(default_factory=list)
    closed: float | None = None  # when CloudFormation stopped waiting
    cancelled: bool = False
    given_up: bool = False

    @property
    def url(self) -> str:
        """The ResponseURL."""
        return str(self.event["ResponseURL"])

    @property
    def owner(self) -> tuple[str, str]:
        """The resource: its stack's id and its logical id."""
        return str(self.event["StackId"]), self.logical_id

    @property
    def physical_id(self) -> str:
        """The PhysicalResourceId in the request; empty for a Create."""
        return str(self.event.get("PhysicalResourceId", ""))

    @property
    def timeout(self) -> float:
        """How long CloudFormation waits for the response, in seconds."""
        return float(self.properties.get("ServiceTimeout", 3600))

    @property
    def stream(self) -> str:
        """The name of the stream in its properties."""
        return str(self.properties["StreamName"])

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams that it concerns: a rollback of a replacement also undoes the change to the other stream."""
        return self.stream, str(self.event.get("OldResourceProperties", {}).get("StreamName", self.stream))

    @property
    def key_id(self) -> str:
        """The KeyId that it wants."""
        return str(self.properties.get("KeyId", DEFAULT_KEY))

    @property
    def on_delete(self) -> str:
        """Its OnDelete."""
        return str(self.properties.get("OnDelete", "Restore"))

    @property
    def takes_over(self) -> bool:
        """Whether it may take over a stream that another stack claims."""
        return bool(self.properties.get("Takeover") == "true")

    @property
    def outcome(self) -> str:
        """The Status that CloudFormation found while it waited; "nothing" where it found none."""
        in_time = bool(self.responses) and not (self.cancelled or self.given_up)
        return str(self.responses[0].body["Status"]) if in_time else "nothing"

    def __str__(self) -> str:
        """Name it in a few words."""
        return f"{self.type} {self.stack.name}/{self.logical_id}"


class CloudFormation:
    """Sends requests, and takes responses."""

    def __init__(self, world: World) -> None:
        """Start with no requests."""
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
        """Send a request. CloudFormation may use the last RequestId again."""
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
        shown = {"id": request.physical_id, **properties}
        world.trace(f"→ {request} {' '.join(f'{name}={value}' for name, value in shown.items())}")
        world.promises.sent(request)
        world.lambdas.send(event)
        return request

    def responded(self, url: str, body: bytes, invocation: Invocation | None) -> None:
        """Take a response that was stored at a ResponseURL."""
        request = self.requests[url]
        response = Response(self._world.time.now(), json.loads(body), invocation)
        request.responses.append(response)
        late = " (too late)" if request.closed is not None else ""
        self._world.trace(f"← {request}: {response.body['Status']} {response.body['Reason'][:150]}{late}")
        self._world.promises.responded(request, response, body)
        if request.closed is None:
            request.closed = response.at
            request.response.send(response)

    def wait(self, request: Request, seconds: float | None = None) -> Response | None:
        """Wait for the response, as long as CloudFormation does or until it cancels the request."""
        response = request.response.wait(min(request.timeout, request.timeout if seconds is None else seconds))
        if response is None:
            request.closed = self._world.time.now()
            request.cancelled = seconds is not None and seconds < request.timeout
            request.given_up = not request.cancelled
            self._world.trace(f"  {request}: {'cancelled' if request.cancelled else 'CloudFormation gave up'}")
            self._world.promises.gave_up(request)
        return response
