"""Stacks as CloudFormation has them: which template, which parameters, which resources. Looks alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from . import template_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_cloudformation import CloudFormationClient

_NOT_THERE_YET = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
_DEAD = ("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED")


@dataclass(frozen=True, slots=True)
class Deployed:
    """A stack that is there.

    Attributes:
        stack_id: Its id.
        status: Its status.
        parameters: Its parameters' values.
        sections: Its template, transformed.
        physical_ids: What its resources are called, by logical id.
    """

    stack_id: str
    status: str
    parameters: Mapping[str, str]
    sections: Mapping[str, Any]
    physical_ids: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its name, as its id tells it."""
        return self.stack_id.split("/")[1]

    @property
    def notes(self) -> tuple[str, ...]:
        """What its status means for a deployment."""
        if self.status in _DEAD:
            return (f"the stack is {self.status}: CloudFormation takes no update of it, only its deletion",)
        if self.status.endswith("_IN_PROGRESS"):
            return (f"the stack is {self.status}: plan again once that is over",)
        return ()


def deployed(client: CloudFormationClient, name: str) -> Deployed | None:
    """Look at a stack.

    Returns:
        The stack; None where there is none of that name, or none but a change set that nobody executed.

    Raises:
        ClientError, BotoCoreError: CloudFormation did not answer.
    """
    try:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        # There is no code of its own for it.
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    if stack["StackStatus"] in _NOT_THERE_YET:
        return None
    stack_id = stack["StackId"]
    return Deployed(
        stack_id=stack_id,
        status=stack["StackStatus"],
        parameters={one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])},
        sections=_sections(client, stack_id),
        physical_ids=_physical_ids(client, stack_id),
    )


def exports(client: CloudFormationClient) -> dict[str, str] | None:
    """What the stacks of the account and region export; None where the caller may not look.

    Raises:
        ClientError, BotoCoreError: CloudFormation did not answer.
    """
    try:
        pages = list(client.get_paginator("list_exports").paginate())
    except ClientError as error:
        if "AccessDenied" in error.response["Error"]["Code"]:
            return None
        raise
    return {one["Name"]: one["Value"] for page in pages for one in page["Exports"]}


def _sections(client: CloudFormationClient, stack_id: str) -> Mapping[str, Any]:
    # boto3 has parsed a template that is JSON, against what its types say; one that is YAML is text.
    body: object = client.get_template(StackName=stack_id, TemplateStage="Processed")["TemplateBody"]
    return body if isinstance(body, dict) else template_text.read(str(body))


def _physical_ids(client: CloudFormationClient, stack_id: str) -> dict[str, str]:
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    return {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for page in pages
        for one in page["StackResourceSummaries"]
        if one.get("PhysicalResourceId") and one["ResourceStatus"] != "DELETE_COMPLETE"
    }
