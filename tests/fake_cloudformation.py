"""As much of a boto3 CloudFormation client as it takes to read what is deployed."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from tests.builders import ACCOUNT, REGION, STACK_GUID
from tests.fake_errors import client_error

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


class FakeCloudFormation:
    """Stacks that a test says are there, and exports; each list comes in pages of one."""

    def __init__(self) -> None:
        """Start with no stacks."""
        self.exports: dict[str, str] = {}
        self.refuses: dict[str, str] = {}  # error codes, by the name of the method or of the paginator
        self._stacks: dict[str, dict[str, Any]] = {}

    @property
    def client(self) -> "CloudFormationClient":
        """Itself, under the type that boto3 gives to its clients."""
        return cast("CloudFormationClient", self)

    def put(
        self,
        name: str,
        template: Mapping[str, Any] | str,
        ids: Mapping[str, str] | None = None,
        *,
        parameters: Mapping[str, str] | None = None,
        status: str = "CREATE_COMPLETE",
    ) -> str:
        """Have a stack, or have it otherwise; tell its id.

        Args:
            name: Its name.
            template: Its template: JSON comes back parsed, YAML as text, as with boto3.
            ids: Its resources' physical ids, by logical id; an empty one is not known yet.
            parameters: Its parameters' values.
            status: Its status.
        """
        stack_id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/{STACK_GUID}"
        known = [{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()]
        self._stacks[name] = self._stacks[stack_id] = {
            "stack": {"StackId": stack_id, "StackStatus": status, **({"Parameters": known} if known else {})},
            "template": template,
            "ids": ids or {},
        }
        return stack_id

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's own
        """Describe a stack."""
        self._refuse("describe_stacks", "DescribeStacks")
        if StackName not in self._stacks:
            raise client_error("ValidationError", f"Stack with id {StackName} does not exist", "DescribeStacks")
        return {"Stacks": [self._stacks[StackName]["stack"]]}

    def get_template(self, *, StackName: str, TemplateStage: str) -> dict[str, Any]:  # noqa: N803
        """Answer with a template, transformed."""
        assert TemplateStage == "Processed"
        return {"TemplateBody": self._stacks[StackName]["template"]}

    def get_paginator(self, name: str) -> "_Paginator":
        """Make a paginator."""
        return _Paginator(self, name)

    def pages(self, name: str, stack: str | None) -> Iterator[dict[str, Any]]:
        """Answer with a page for each entry."""
        self._refuse(name, name)
        if name == "list_exports":
            yield from ({"Exports": [{"Name": key, "Value": value}]} for key, value in self.exports.items())
            return
        for logical_id, physical_id in self._stacks[stack or ""]["ids"].items():
            known = {"PhysicalResourceId": physical_id} if physical_id else {}
            summary = {"LogicalResourceId": logical_id, "ResourceStatus": "CREATE_COMPLETE", **known}
            yield {"StackResourceSummaries": [summary]}

    def _refuse(self, name: str, action: str) -> None:
        if name in self.refuses:
            raise client_error(self.refuses[name], "no", action)


class _Paginator:
    def __init__(self, of: FakeCloudFormation, name: str) -> None:
        self._of = of
        self._name = name

    def paginate(self, StackName: str | None = None) -> Iterator[dict[str, Any]]:  # noqa: N803
        """Page by page."""
        return self._of.pages(self._name, StackName)
