"""Stacks of one life: what CloudFormation sends for a resource, and what follows from the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.builders import STACK_ID, create_event, delete_event, update_event

Properties = Mapping[str, Any]
Place = tuple[str, str, str]
"""A resource on a stream: its stack, its logical id, and the stream's name."""
TRIES = 3
"""How often an operator repeats a rollback that failed, before the next deployment."""
ATTEMPTS = 8
"""How often a Delete that failed is repeated."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that CloudFormation sends."""

    kind: str
    stack: str
    logical_id: str
    properties: Properties
    old: Properties | None = None
    physical_id: str | None = None

    @property
    def stream(self) -> str:
        """The stream's name."""
        return str(self.properties["StreamName"])

    @property
    def place(self) -> Place:
        """The resource that it is for, on its stream."""
        return self.stack, self.logical_id, self.stream

    @property
    def deletes_success(self) -> bool:
        """Whether it is the Delete of a resource whose Create has succeeded."""
        return self.kind == "Delete" and str(self.physical_id).startswith("arn:")

    @property
    def as_resource(self) -> Resource:
        """The resource that the request is for, as far as the request tells."""
        return Resource(self.properties, str(self.physical_id), 0.0)

    @property
    def event(self) -> dict[str, Any]:
        """The event, without its ResponseURL."""
        fields = {"StackId": STACK_ID.replace("platform-encryption", self.stack), "LogicalResourceId": self.logical_id}
        if self.kind == "Create":
            return create_event(self.properties, **fields)
        fields["PhysicalResourceId"] = str(self.physical_id)
        if self.kind == "Delete":
            return delete_event(self.properties, **fields)
        return update_event(self.properties, self.old, **fields)


@dataclass(slots=True)
class Resource:
    """A resource that is there."""

    properties: Properties
    physical_id: str
    since: float  # when its last request succeeded
    tried: Properties | None = None  # of a request that has failed, and is not undone
    retained: bool = False  # it has left its stack, and no Delete was sent

    @property
    def stream(self) -> str:
        """The stream's name."""
        return str(self.properties["StreamName"])


@dataclass
class Stacks:
    """All stacks of a life.

    Attributes:
        send: Sends a request; returns the Status of the answer, which is empty where there is none, and its id.
        now: Tells the time, in epoch seconds.
        pause: Waits as long as an operator does before a request is repeated.
    """

    send: Callable[[Request], tuple[str, str]]
    now: Callable[[], float]
    pause: Callable[[], None]
    resources: dict[Place, Resource] = field(default_factory=dict)

    def create(self, stack: str, logical_id: str, properties: Properties) -> None:
        """Create a resource, or one that was retained anew; what has failed is deleted."""
        request = Request("Create", stack, logical_id, properties)
        status, physical_id = self.send(request)
        if status == "SUCCESS":
            self.resources[request.place] = Resource(properties, physical_id, self.now())
            return
        retained = self.resources.get(request.place)
        if retained:
            retained.tried = properties
        invented = f"{stack}-{logical_id}-1ABC2DEF3GHIJ"
        self._delete(Request("Delete", stack, logical_id, properties, physical_id=physical_id or invented))

    def update(self, place: Place, properties: Properties, *, undone: bool = False) -> None:
        """Update a resource; roll back if that fails, or if it is `undone`, since another resource has failed."""
        stack, logical_id, stream = place
        old = self.resources[place]
        request = Request("Update", stack, logical_id, properties, old.properties, old.physical_id)
        status, physical_id = self.send(request)
        if status != "SUCCESS":
            old.tried = properties
            self.roll_back(place)
            return
        self.resources[request.place] = Resource(properties, physical_id, self.now())
        if undone and request.stream == stream:
            self.resources[place].tried, self.resources[place].properties = properties, old.properties
            self.roll_back(place)
        elif request.stream != stream:
            self.delete(request.place if undone else place)

    def roll_back(self, place: Place) -> None:
        """Send the Update back to the former properties, until it succeeds, or the operator gives up for now."""
        stack, logical_id, _ = place
        resource = self.resources[place]
        assert resource.tried
        request = Request("Update", stack, logical_id, resource.properties, resource.tried, resource.physical_id)
        for _ in range(TRIES):
            status, physical_id = self.send(request)
            if status == "SUCCESS":
                self.resources[place] = Resource(resource.properties, physical_id, self.now())
                return
            self.pause()

    def delete(self, place: Place) -> None:
        """Delete a resource."""
        stack, logical_id, _ = place
        resource = self.resources[place]
        self._delete(Request("Delete", stack, logical_id, resource.properties, physical_id=resource.physical_id), place)

    def _delete(self, request: Request, place: Place | None = None) -> None:
        for _ in range(ATTEMPTS):
            status, _ = self.send(request)
            if status == "SUCCESS":
                if place:
                    del self.resources[place]
                return
            self.pause()
        raise AssertionError("a Delete fails for good")
