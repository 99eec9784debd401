"""An account and region that are looked at, by clients that can send nothing but the calls that are listed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import NoCredentialsError

from .engine import Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_ssm import SSMClient

LOOKS = (
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListChangeSets",
    "cloudformation:ListExports",
    "cloudformation:ListStackResources",
    "dynamodb:GetItem",
    "dynamodb:Scan",
    "ec2:DescribeRegions",
    "iam:SimulatePrincipalPolicy",
    "kinesis:DescribeStreamSummary",
    "kinesis:ListStreams",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "ssm:GetParameter",
    "sts:GetCallerIdentity",
)
"""Every call that the commands make to look at something, as IAM spells it."""

CHANGE_SETS = (
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
)
"""The calls by which `plan TEMPLATE --stack-name` makes a change set and removes it again."""

NOBODY = "000000000000"
"""Stands for the account where there are no credentials."""


class WouldChange(Exception):
    """Something tried to send a call that is not listed. It was not sent."""


class Allowed:
    """Lets botocore send the listed calls alone."""

    def __init__(self, actions: Iterable[str]) -> None:
        """Allow these calls, as IAM spells them."""
        self._actions = frozenset(actions)

    def __call__(self, model: Any, **_: object) -> None:  # noqa: ANN401 (botocore's OperationModel)
        """Check a call that is about to be sent.

        Raises:
            WouldChange: It is not listed.
        """
        action = f"{model.service_model.signing_name}:{model.name}"
        if action not in self._actions:
            raise WouldChange(f"{action} is not a call that this command makes: it was not sent")


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach an account: as boto3 names these. None is boto3's own choice."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account's region, as far as this command may see and touch it.

    Attributes:
        place: The account and region.
        partition: The partition.
        kinesis: A client that can only look.
        kms: A client that can only look.
        dynamodb: A client that can only look.
        ssm: A client that can only look.
        cloudformation: A client that can only look.
        change_sets: A client that can also make and remove change sets, and remove a stack.
        iam: A client that can only look.
        known: There are credentials; without them, `place` is a stand-in, and every look fails.
    """

    place: Place
    partition: str
    kinesis: KinesisClient
    kms: KMSClient
    dynamodb: DynamoDBClient
    ssm: SSMClient
    cloudformation: CloudFormationClient
    change_sets: CloudFormationClient
    iam: Any  # there are no stubs
    known: bool = True

    @classmethod
    def without_credentials(cls, access: Access) -> Account:
        """Stand in for an account that nobody may look at: every call fails, and none is sent."""
        nobody: Any = _NoClient()
        place = Place(access.region or "unknown-region", NOBODY)
        return cls(place, "aws", nobody, nobody, nobody, nobody, nobody, nobody, nobody, known=False)


class _NoClient:
    """A client whose every call fails for want of credentials."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        def call(**_: object) -> None:
            raise NoCredentialsError

        return call
