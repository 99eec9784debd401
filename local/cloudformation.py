"""Deploys and deletes stacks, and waits for what becomes of them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

    from local.templates import Template

POLL_SECONDS = 0.2
GIVE_UP_SECONDS = 300.0
STACK = "AWS::CloudFormation::Stack"
MOST_BYTES = 51_200
"""The longest TemplateBody. Source: CloudFormation API Reference, "CreateStack"."""


@dataclass(frozen=True)
class StackEvent:
    """One line of a stack's events."""

    at: float
    stack: str
    logical_id: str
    resource_type: str
    status: str
    reason: str
    physical_id: str


@dataclass
class Operation:
    """What became of a create, an update or a deletion."""

    stack_id: str
    began: float
    status: str = ""
    ended: float = 0.0
    events: list[StackEvent] = field(default_factory=list)

    @property
    def reasons(self) -> list[str]:
        """What the failed resources' answers said."""
        return [one.reason for one in self.events if one.status.endswith("_FAILED") and one.reason]

    def event(self, logical_id: str, status: str) -> StackEvent:
        """The event of a resource with a status.

        Raises:
            LookupError: There is none.
        """
        for one in self.events:
            if (one.logical_id, one.status) == (logical_id, status):
                return one
        raise LookupError(f"{logical_id} was never {status}")


class CloudFormation:
    """Stacks, driven as a person would by the console: one operation at a time, followed to its end."""

    def __init__(
        self,
        client: CloudFormationClient,
        upload: Callable[[str, bytes], str],
        settled: Callable[[str], None],
        heard: Callable[[StackEvent], None] | None = None,
    ) -> None:
        """Use this client.

        Args:
            client: Where the stacks are.
            upload: Puts an object into S3 under a key and returns its address.
            settled: Waits until nothing more is under way for a stack, after its status is final.
            heard: Is told each stack event.
        """
        self._client = client
        self._upload = upload
        self._settled = settled
        self._heard = heard
        self._seen: set[str] = set()

    def deploy(self, name: str, template: Template, parameters: Mapping[str, str] | None = None) -> Operation:
        """Create a stack, or update it, and follow that to its end."""
        return self.follow(self.begin(name, template, parameters))

    def begin(self, name: str, template: Template, parameters: Mapping[str, str] | None = None) -> Operation:
        """Begin to create a stack, or to update it."""
        known = [{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()]
        began = time.time()
        act = self._client.update_stack if self.exists(name) else self._client.create_stack
        answer = act(
            StackName=name,
            Parameters=known,  # type: ignore[arg-type]
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            **self._given(name, json.dumps(template)),  # type: ignore[arg-type]
        )
        return Operation(answer["StackId"], began)

    def _given(self, name: str, body: str) -> dict[str, str]:
        """The template as a call takes it: within the call, or from S3 where it is too long for that."""
        if len(body) <= MOST_BYTES:
            return {"TemplateBody": body}
        return {"TemplateURL": self._upload(f"{name}.template", body.encode())}

    def delete(self, name: str) -> Operation:
        """Delete a stack, and follow that to its end."""
        stack_id = self.describe(name)["StackId"]
        operation = Operation(stack_id, time.time())
        self._client.delete_stack(StackName=stack_id)
        return self.follow(operation)

    def follow(self, operation: Operation) -> Operation:
        """Follow an operation to its end.

        Raises:
            TimeoutError: It does not end.
        """
        while time.time() < operation.began + GIVE_UP_SECONDS:
            status = self.describe(operation.stack_id)["StackStatus"]
            ended = not status.endswith("_IN_PROGRESS")
            if ended or self._heard is not None:
                self._listen(operation)
            if ended:
                self._settled(operation.stack_id)
                operation.status, operation.ended = status, time.time()
                return operation
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"{operation.stack_id} is still {status} after {GIVE_UP_SECONDS:.0f} s")

    def exists(self, name: str) -> bool:
        """Whether there is a stack of that name."""
        try:
            return self.describe(name)["StackStatus"] != "DELETE_COMPLETE"
        except ClientError:
            return False

    def describe(self, stack: str) -> StackTypeDef:
        """A stack, by its name or id."""
        return self._client.describe_stacks(StackName=stack)["Stacks"][0]

    def outputs(self, name: str) -> dict[str, str]:
        """A stack's outputs."""
        return {one["OutputKey"]: one["OutputValue"] for one in self.describe(name).get("Outputs", [])}

    def physical_id(self, stack: str, logical_id: str) -> str:
        """The physical id of a stack's resource."""
        detail = self._client.describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
        return detail["StackResourceDetail"].get("PhysicalResourceId", "")

    def _listen(self, operation: Operation) -> None:
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=operation.stack_id)
        fresh = [one for page in pages for one in page["StackEvents"] if one["EventId"] not in self._seen]
        for one in reversed(fresh):  # CloudFormation lists the newest first.
            self._seen.add(one["EventId"])
            event = StackEvent(
                one["Timestamp"].timestamp(),
                one["StackName"],
                one.get("LogicalResourceId", ""),
                one.get("ResourceType", ""),
                one.get("ResourceStatus", ""),
                one.get("ResourceStatusReason", ""),
                one.get("PhysicalResourceId", ""),
            )
            operation.events.append(event)
            if self._heard is not None:
                self._heard(event)
