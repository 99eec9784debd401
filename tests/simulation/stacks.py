"""Stacks: how CloudFormation deploys, rolls back and deletes their resource.

Source: AWS CloudFormation User Guide; it does not document every order of events here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.simulation.cloudformation import DEFAULT_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.simulation.cloudformation import Request, Response
    from tests.simulation.world import World

TRIES = 8
"""How often an operator repeats a rollback or a Delete that failed."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that CloudFormation knows."""

    physical_id: str
    properties: Mapping[str, Any]


@dataclass(eq=False)
class Stack:
    """A stack with one resource of ours at a time, and the deployments of it, step by step."""

    world: World
    name: str
    number: int
    generation: int = 0  # a stack that is created again has the same name and another id
    resources: dict[str, Resource] = field(default_factory=dict)
    kept: dict[str, Resource] = field(default_factory=dict)  # whose Create failed where rollback is disabled
    abandoned: bool = False  # a rollback or Delete failed at every try

    @property
    def stack_id(self) -> str:
        """The stack's ARN."""
        guid = f"5b1e9c50-{self.generation:04x}-11f1-8000-{self.number:012x}"
        return f"arn:aws:cloudformation:{self.world.region}:{self.world.account}:stack/{self.name}/{guid}"

    def invented_id(self, logical_id: str) -> str:
        """The id that CloudFormation gives to a resource whose own id it never received."""
        return f"{self.name}-{logical_id}-{self.world.random.getrandbits(40):010X}"

    def create(
        self,
        logical_id: str,
        properties: Mapping[str, Any],
        cancel_after: float | None = None,
        *,
        rollback: bool = True,
    ) -> bool:
        """Create the resource.

        Args:
            logical_id: Its name in the template.
            properties: Its properties.
            cancel_after: After how many seconds another resource fails, if one does.
            rollback: Whether the stack rolls back when the Create fails; otherwise the failed resource is kept.
        """
        response = self._wait(self._send("Create", logical_id, properties), cancel_after)
        if response and response.success and cancel_after is None:
            self.resources[logical_id] = Resource(response.body["PhysicalResourceId"], properties)
            return True
        physical_id = response.body["PhysicalResourceId"] if response else self.invented_id(logical_id)
        failed = Resource(physical_id, properties)
        if response and not response.success and not rollback:
            self.kept[logical_id] = failed
        else:
            self._remove(logical_id, failed)
        return False

    def delete_failed_then_create(self, logical_id: str, properties: Mapping[str, Any]) -> bool:
        """Deploy again after a failed Create was kept: the failed resource is deleted first."""
        self._remove(logical_id, self.kept.pop(logical_id))
        return self.create(logical_id, properties)

    def create_then_delete_failed(self, logical_id: str, properties: Mapping[str, Any]) -> bool:
        """Deploy again after a failed Create was kept: the failed resource is deleted in the clean-up, afterwards."""
        failed = self.kept.pop(logical_id)
        created = self.create(logical_id, properties)
        self._remove(logical_id, failed)
        return created

    def update_failed(self, logical_id: str, properties: Mapping[str, Any]) -> bool:
        """Deploy again after a failed Create was kept: it is updated, under the id of the failure."""
        failed = self.kept[logical_id]
        response = self._wait(self._update(logical_id, properties, failed))
        if not (response and response.success):
            if properties["StreamName"] != failed.properties["StreamName"]:
                self._abandon()  # No Delete comes for the other stream (docs/architecture.md).
            return False
        del self.kept[logical_id]
        self.resources[logical_id] = Resource(response.body["PhysicalResourceId"], properties)
        if self.resources[logical_id].physical_id != failed.physical_id:
            self._remove(logical_id, failed)
        return True

    def update(self, logical_id: str, properties: Mapping[str, Any], cancel_after: float | None = None) -> bool:
        """Update the resource; roll back if it fails, or if another resource does after so many seconds."""
        old = self.resources[logical_id]
        response = self._wait(self._update(logical_id, properties, old), cancel_after)
        if not (response and response.success):
            self._roll_back(logical_id, old, Resource(old.physical_id, properties))
            return False
        new = Resource(response.body["PhysicalResourceId"], properties)
        if cancel_after is not None:
            self._undo(logical_id, old, new)
            return False
        self.resources[logical_id] = new
        if new.physical_id != old.physical_id:
            self._remove(logical_id, old)
        return True

    def rename(self, old_id: str, new_id: str, properties: Mapping[str, Any], cancel_after: float | None) -> bool:
        """Give the resource another logical id: the new one is created first, then the old one is deleted."""
        if not self.create(new_id, properties, cancel_after):
            return False
        self._remove(old_id, self.resources.pop(old_id))
        return True

    def delete(self) -> None:
        """Delete the stack."""
        for logical_id, resource in [*self.kept.items(), *self.resources.items()]:
            self._remove(logical_id, resource)
        self.kept.clear()
        self.resources.clear()
        self.generation += 1

    def _undo(self, logical_id: str, old: Resource, new: Resource) -> None:
        """Roll back after another resource failed although this one's update had succeeded."""
        replaced = new.physical_id != old.physical_id
        if replaced and self.world.random.random() < 0.5:
            self._remove(logical_id, new)  # the old resource was never changed
            return
        back = self._roll_back(logical_id, old, new)
        if replaced and back:
            self._remove(logical_id, new)

    def _roll_back(self, logical_id: str, old: Resource, new: Resource) -> bool:
        """Send an Update with the properties swapped: nothing else marks a rollback."""
        for _ in range(TRIES):
            self._pause()
            response = self._wait(self._update(logical_id, old.properties, new))
            if response and response.success:
                self.resources[logical_id] = replace(old, physical_id=response.body["PhysicalResourceId"])
                return True
            self.world.time.sleep(self.world.random.uniform(60, 900))
        self._abandon()
        return False

    def _remove(self, logical_id: str, resource: Resource) -> None:
        for _ in range(TRIES):
            self._pause()
            request = self._send("Delete", logical_id, resource.properties, PhysicalResourceId=resource.physical_id)
            response = self._wait(request)
            if response and response.success:
                return
            self.world.time.sleep(self.world.random.uniform(60, 900))
        self._abandon()

    def _pause(self) -> None:
        """Wait as long as CloudFormation does between two requests."""
        hasty = self.world.dice(self.world.weather.hasty)
        self.world.time.sleep(self.world.random.uniform(0.01, 0.3) if hasty else self.world.random.uniform(1.5, 4.0))

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
        self.world.newness.strike(str(properties.get("KeyId", DEFAULT_KEY)))
        return self.world.cloudformation.send(self, request_type, logical_id, properties, **fields)

    def _wait(self, request: Request, seconds: float | None = None) -> Response | None:
        return self.world.cloudformation.wait(request, seconds)
