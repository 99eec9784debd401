"""Stacks as CloudFormation has them: their templates, parameters and resources. Only looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from .template import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackResourceSummaryTypeDef, StackTypeDef

_NOT_THERE_YET = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
_ONLY_DELETED = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED")
_STUCK = ("UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED")
_DELETABLE = ("CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
STACK = "AWS::CloudFormation::Stack"


@dataclass(frozen=True, slots=True)
class Deployed:
    """A stack that is there.

    Attributes:
        stack_id: Its id.
        status: Its status.
        parameters: Its parameters' values.
        sections: Its template, transformed.
        physical_ids: The physical ids of its resources, by logical id.
        failed: The status of the resources whose last operation failed, by logical id.
        protected: It has termination protection.
    """

    stack_id: str
    status: str
    parameters: Mapping[str, str]
    sections: Mapping[str, Any]
    physical_ids: Mapping[str, str]
    failed: Mapping[str, str]
    protected: bool = False

    @property
    def name(self) -> str:
        """Its name, which is a part of its id."""
        return name_of(self.stack_id)

    @property
    def refuses_update(self) -> str | None:
        """Why CloudFormation takes no update of it now; None where it does."""
        if self.status in _ONLY_DELETED:
            return f"the stack is {self.status}: CloudFormation takes no update of it, only its deletion"
        if self.status in _STUCK:
            return (
                f"the stack is {self.status}: CloudFormation takes no update of it before its roll-back is over "
                "(aws cloudformation continue-update-rollback)"
            )
        if self.status.endswith("_IN_PROGRESS"):
            return f"the stack is {self.status}: CloudFormation takes no update of it now. Plan again later"
        return None

    @property
    def refuses_deletion(self) -> str | None:
        """Why CloudFormation does not delete it now; None where it does."""
        if self.protected:
            return "the stack has termination protection: CloudFormation does not delete it"
        if self.status.endswith("_IN_PROGRESS") and self.status not in _DELETABLE:
            return f"the stack is {self.status}: CloudFormation does not delete it now. Plan again later"
        return None


def deployed(client: CloudFormationClient, name: str) -> Deployed | None:
    """Look at a stack.

    Returns:
        The stack; None where there is none of that name, or only one that a change set is to create.

    Raises:
        ClientError, BotoCoreError: CloudFormation did not answer.
    """
    stack = described(client, name)
    if stack is None or stack["StackStatus"] in _NOT_THERE_YET:
        return None
    stack_id = stack["StackId"]
    resources = _resources(client, stack_id)
    return Deployed(
        stack_id=stack_id,
        status=stack["StackStatus"],
        parameters={
            one["ParameterKey"]: one.get("ResolvedValue", one["ParameterValue"]) for one in stack.get("Parameters", [])
        },
        sections=processed(client, StackName=stack_id),
        physical_ids={
            one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources if one.get("PhysicalResourceId")
        },
        failed={
            one["LogicalResourceId"]: one["ResourceStatus"]
            for one in resources
            if one["ResourceStatus"].endswith("_FAILED")
        },
        protected=bool(stack.get("EnableTerminationProtection")),
    )


def described(client: CloudFormationClient, name: str) -> StackTypeDef | None:
    """Describe a stack, of whatever status; None where there is none."""
    try:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        # There is no code of its own for it.
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return stack


def exports(client: CloudFormationClient) -> dict[str, str] | None:
    """List the exports of the account and region; None where the caller may not list them.

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


def processed(client: CloudFormationClient, **which: str) -> Mapping[str, Any]:
    """Read a stack's or a change set's template as its transforms made it."""
    # boto3 has parsed a template that is JSON, against what its types say; one that is YAML is text.
    body: object = client.get_template(TemplateStage="Processed", **which)["TemplateBody"]
    return body if isinstance(body, dict) else text.read(str(body))


def name_of(stack_id: str) -> str:
    """Tell a stack's name by its id."""
    return stack_id.split("/")[1] if "/" in stack_id else stack_id


def _resources(client: CloudFormationClient, stack_id: str) -> list[StackResourceSummaryTypeDef]:
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    return [
        one
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceStatus"] not in ("DELETE_COMPLETE", "DELETE_SKIPPED")
    ]
