"""As much of a boto3 CloudFormation client as it takes to read what is deployed, and to make and read change sets.

Every request and every response is held to botocore's own model of the service: a member that is misspelt, or of
another type than on AWS, fails the test.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from tests.builders import ACCOUNT, REGION, STACK_GUID
from tests.fake_errors import client_error

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

PAGE = 2
NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


@cache
def model() -> ServiceModel:
    """Botocore's model of CloudFormation."""
    return botocore.session.get_session().get_service_model("cloudformation")


def held_to_the_model(operation: str, request: Mapping[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    """Fail where the model of the service has another shape; return the response."""
    shapes = model().operation_model(operation)
    for values, shape in ((request, shapes.input_shape), (response, shapes.output_shape)):
        if shape is not None:
            report = ParamValidator().validate(dict(values), shape)
            assert not report.has_errors(), f"{operation}: {report.generate_report()}"
    return response


@dataclass
class Prepared:
    """What CloudFormation will say of the next change set of a stack.

    Attributes:
        changes: Its ResourceChanges.
        status: Its status, once it is made.
        reason: Its StatusReason.
        template: The template as the transforms made it; the stack's own unless given.
        refused: The code and message by which the creation is refused at once.
        looks: How often it is still being made when it is looked at.
        execution: Its ExecutionStatus.
        parameters: The values of its parameters.
        lingers: How often it is still there when it is looked at after its removal.
    """

    changes: Sequence[Mapping[str, Any]] = ()
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    template: Mapping[str, Any] | str | None = None
    refused: tuple[str, str] | None = None
    looks: int = 0
    execution: str = "AVAILABLE"
    parameters: Mapping[str, str] = field(default_factory=dict)
    lingers: int = 0


class FakeCloudFormation:
    """Stacks that a test says are there, exports and change sets; each list comes in small pages."""

    def __init__(self) -> None:
        """Start with no stacks."""
        self.exports: dict[str, str] = {}
        self.refuses: dict[str, str] = {}  # error codes, by the name of the method or of the paginator
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.prepared: dict[str, Prepared] = {}
        self.interrupt: str | None = None  # the method at which somebody presses Ctrl-C
        self.signals: dict[str, int] = {}  # the signal that the process gets at a method
        self._going: dict[str, dict[str, Any]] = {}
        self._stacks: dict[str, dict[str, Any]] = {}
        self._sets: dict[str, dict[str, Any]] = {}

    @property
    def client(self) -> "CloudFormationClient":
        """The fake, typed as boto3's client."""
        return cast("CloudFormationClient", self)

    @property
    def left(self) -> list[str]:
        """The change sets that are there."""
        return list(self._sets)

    def names(self) -> set[str]:
        """The stacks that are there, by name."""
        return {one["stack"]["StackName"] for one in self._stacks.values()}

    def put(  # noqa: PLR0913 - a stack has that much
        self,
        name: str,
        template: Mapping[str, Any] | str,
        ids: Mapping[str, str] | None = None,
        *,
        parameters: Mapping[str, str] | None = None,
        status: str = "CREATE_COMPLETE",
        statuses: Mapping[str, str] | None = None,
        protected: bool = False,
    ) -> str:
        """Have a stack, or have it otherwise; tell its id.

        Args:
            name: Its name.
            template: Its template: JSON comes back parsed, YAML as text, as with boto3.
            ids: Its resources' physical ids, by logical id; an empty one is not known yet.
            parameters: Its parameters' values.
            status: Its status.
            statuses: Its resources' statuses, where they are not CREATE_COMPLETE.
            protected: It has termination protection.
        """
        stack_id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/{STACK_GUID}"
        known = [{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()]
        self._stacks[name] = self._stacks[stack_id] = {
            "stack": {
                "StackId": stack_id,
                "StackName": name,
                "StackStatus": status,
                "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
                "EnableTerminationProtection": protected,
                **({"Parameters": known} if known else {}),
            },
            "template": template,
            "ids": ids or {},
            "statuses": statuses or {},
        }
        return stack_id

    def put_change_set(self, name: str, stack: str, prepared: Prepared) -> str:
        """Have a change set that somebody else made; tell its id."""
        change_set_id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/{name}/{STACK_GUID}"
        if stack not in self._stacks:
            self.put(stack, {}, status="REVIEW_IN_PROGRESS")
        self._sets[change_set_id] = {"name": name, "stack": self._stacks[stack]["stack"], "prepared": prepared}
        return change_set_id

    # The methods of boto3's client, with boto3's names.

    def describe_stacks(self, **request: Any) -> dict[str, Any]:
        """Describe a stack."""
        self._called("describe_stacks", request)
        name = request["StackName"]
        if name not in self._stacks:
            raise client_error(
                "ValidationError", f"Stack with id {name} does not exist", "cloudformation:DescribeStacks"
            )
        return held_to_the_model("DescribeStacks", request, {"Stacks": [self._stacks[name]["stack"]]})

    def get_template(self, **request: Any) -> dict[str, Any]:
        """Answer with a template, transformed."""
        self._called("get_template", request)
        assert request["TemplateStage"] == "Processed"
        if "ChangeSetName" in request:
            found = self._found(request)
            template = found["prepared"].template
            template = self._stacks[found["stack"]["StackName"]]["template"] if template is None else template
        else:
            template = self._stacks[request["StackName"]]["template"]
        # Boto3 parses a body that is JSON, against what the model says: a text.
        return {"TemplateBody": template}

    def create_change_set(self, **request: Any) -> dict[str, Any]:
        """Make a change set, as it was prepared."""
        stack = request["StackName"]
        prepared = self.prepared.get(stack, Prepared())
        self._called("create_change_set", request)
        if prepared.refused:
            raise client_error(*prepared.refused, "cloudformation:CreateChangeSet")
        new = stack not in self._stacks or self._stacks[stack]["stack"]["StackStatus"] == "REVIEW_IN_PROGRESS"
        assert (request["ChangeSetType"] == "CREATE") == new
        change_set_id = self.put_change_set(request["ChangeSetName"], stack, prepared)
        response = {"Id": change_set_id, "StackId": self._stacks[stack]["stack"]["StackId"]}
        held_to_the_model("CreateChangeSet", request, response)
        self._interrupted("after create_change_set")
        return response

    def describe_change_set(self, **request: Any) -> dict[str, Any]:
        """Describe a change set, a page of it."""
        self._called("describe_change_set", request)
        found = self._found(request)
        prepared: Prepared = found["prepared"]
        first = int(request.get("NextToken", "0"))
        busy = prepared.looks > 0
        prepared.looks -= busy
        changes = [] if busy else list(prepared.changes)
        response = {
            "ChangeSetName": found["name"],
            "ChangeSetId": found["id"],
            "StackId": found["stack"]["StackId"],
            "StackName": found["stack"]["StackName"],
            "Status": "CREATE_IN_PROGRESS" if busy else prepared.status,
            "ExecutionStatus": "UNAVAILABLE" if busy else prepared.execution,
            "StatusReason": prepared.reason,
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value} for key, value in prepared.parameters.items()
            ],
            "Changes": [{"Type": "Resource", "ResourceChange": one} for one in changes[first : first + PAGE]],
        }
        if first + PAGE < len(changes):
            response["NextToken"] = str(first + PAGE)
        return held_to_the_model("DescribeChangeSet", request, response)

    def list_change_sets(self, **request: Any) -> dict[str, Any]:
        """List the change sets of a stack."""
        self._called("list_change_sets", request)
        names = [one["name"] for one in self._sets.values() if one["stack"]["StackName"] == request["StackName"]]
        return held_to_the_model("ListChangeSets", request, {"Summaries": [{"ChangeSetName": one} for one in names]})

    def delete_change_set(self, **request: Any) -> dict[str, Any]:
        """Remove a change set."""
        self._called("delete_change_set", request)
        gone = self._found(request)
        del self._sets[gone["id"]]
        if gone["prepared"].lingers:
            self._going[gone["id"]] = gone
        return held_to_the_model("DeleteChangeSet", request, {})

    def delete_stack(self, **request: Any) -> dict[str, Any]:
        """Remove a stack."""
        self._called("delete_stack", request)
        gone = self._stacks[request["StackName"]]["stack"]
        assert gone["StackStatus"] == "REVIEW_IN_PROGRESS"
        del self._stacks[gone["StackName"]], self._stacks[gone["StackId"]]
        return {}

    def get_paginator(self, name: str) -> "_Paginator":
        """Make a paginator."""
        return _Paginator(self, name)

    def pages(self, name: str, stack: str | None) -> Iterator[dict[str, Any]]:
        """Answer with a page for each entry."""
        self._called(name, {"StackName": stack} if stack else {})
        if name == "list_exports":
            yield from ({"Exports": [{"Name": key, "Value": value}]} for key, value in self.exports.items())
            return
        found = self._stacks[stack or ""]
        for logical_id, physical_id in found["ids"].items():
            summary = {
                "LogicalResourceId": logical_id,
                "ResourceType": "Custom::KinesisStreamEncryption",
                "LastUpdatedTimestamp": datetime(2026, 1, 1, tzinfo=UTC),
                "ResourceStatus": found["statuses"].get(logical_id, "CREATE_COMPLETE"),
                **({"PhysicalResourceId": physical_id} if physical_id else {}),
            }
            yield held_to_the_model("ListStackResources", {"StackName": "x"}, {"StackResourceSummaries": [summary]})

    def _found(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name, stack = request["ChangeSetName"], request.get("StackName")
        for one in list(self._going.values()):
            one["prepared"].lingers -= 1
            if one["prepared"].lingers <= 0:
                del self._going[one["id"]]
        for change_set_id, one in {**self._sets, **self._going}.items():
            by_name = name == one["name"] and stack in (one["stack"]["StackName"], one["stack"]["StackId"])
            if name == change_set_id or by_name:
                return {**one, "id": change_set_id}
        raise client_error(
            "ChangeSetNotFound", f"ChangeSet [{name}] does not exist", "cloudformation:DescribeChangeSet"
        )

    def _interrupted(self, name: str) -> None:
        """Who presses Ctrl-C once does not press it again."""
        if self.interrupt == name:
            self.interrupt = None
            raise KeyboardInterrupt
        if name in self.signals:
            os.kill(os.getpid(), self.signals.pop(name))

    def _called(self, name: str, request: Mapping[str, Any]) -> None:
        self.calls.append((name, dict(request)))
        self._interrupted(name)
        if name in self.refuses:
            operation = "".join(part.capitalize() for part in name.split("_"))
            raise client_error(self.refuses[name], "no", f"cloudformation:{operation}")


class _Paginator:
    def __init__(self, of: FakeCloudFormation, name: str) -> None:
        self._of = of
        self._name = name

    def paginate(self, StackName: str | None = None) -> Iterator[dict[str, Any]]:  # noqa: N803
        """Page by page."""
        return self._of.pages(self._name, StackName)
