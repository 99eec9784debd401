"""The policies of template.yaml's roles as CloudFormation would deploy them, and what they allow."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from stream_encryption_cli.template.scope import Scope
from tests.templates import ROOT, load, resolve

TEMPLATE = load(ROOT / "template.yaml")
ROLES = {name: one["Properties"] for name, one in TEMPLATE["Resources"].items() if one["Type"] == "AWS::IAM::Role"}


OF_THE_CALL = {
    *("dynamodb:Attributes", "dynamodb:ReturnValues", "events:source"),
    *("kms:GrantOperations", "kms:GrantConstraintType", "kms:EncryptionContext:aws:kinesis:arn"),
}
"""Condition keys whose values are in the call's own arguments."""


@dataclass(frozen=True)
class Statement:
    """A statement that allows something; `conditional`: only by a tag, or what an AWS service does in its name.

    A condition on what the call itself holds (OF_THE_CALL) is met by each call of the function.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditional: bool

    def allows(self, action: str, resource: str) -> bool:
        """Whether it allows a call that the role itself makes, be the resource tagged or not.

        Source: IAM User Guide, "IAM JSON policy elements": * and ? in a Resource; case counts.
        """
        on = any(fnmatchcase(resource, pattern) for pattern in self.resources)
        return not self.conditional and action in self.actions and on


@cache
def statements(role: str, account: str, region: str, **parameters: str) -> tuple[Statement, ...]:
    """The statements of a role of the template, where the template is deployed with these parameters.

    A resource's attribute, which only a deployment can tell, stays as the template names it: `!GetAtt Logs.Arn`.
    """
    values: dict[str, Any] = {"AWS::Partition": "aws", "AWS::AccountId": account, "AWS::Region": region}
    for name, declared in TEMPLATE["Parameters"].items():
        value = parameters.get(name, declared.get("Default"))
        values[name] = value.split(",") if declared["Type"] == "CommaDelimitedList" else value
    policies = resolve(ROLES[role]["Policies"], Scope(values=values, conditions=TEMPLATE["Conditions"]))
    return tuple(
        Statement(one["Sid"], several(one["Action"]), several(one["Resource"]), _is_conditional(one))
        for policy in policies
        for one in policy["PolicyDocument"]["Statement"]
    )


def _is_conditional(statement: Mapping[str, Any]) -> bool:
    keys = {key for condition in statement.get("Condition", {}).values() for key in condition}
    return bool(keys - OF_THE_CALL)


def several(value: Any) -> tuple[str, ...]:
    """One or more of something, as policies have it."""
    return tuple(str(one) for one in value) if isinstance(value, list) else (str(value),)
