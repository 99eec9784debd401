"""The account and region that are looked at, by clients that can send nothing but the calls that are listed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config
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

CONNECT_SECONDS = 3.0
"""How long to wait for a connection, in seconds."""

NOBODY = "000000000000"
"""Stands for the account where there are no credentials."""

_TRIES = 10
_CONFIG = Config(
    connect_timeout=CONNECT_SECONDS, read_timeout=20, retries={"mode": "standard", "total_max_attempts": _TRIES}
)
"""botocore backs off where it is throttled, by up to 20 s a time."""
_FIRST = _CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 2}))
"""The first call is given up soon: where nobody answers it, nobody answers the others."""


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
    def of(cls, access: Access) -> Account:
        """Find the account of a profile, or of the environment.

        Raises:
            BotoCoreError, ClientError: There are no credentials, no region, or nobody answers.
        """
        clients = _Clients(access)
        account = clients("sts", LOOKS, _FIRST).get_caller_identity()["Account"]
        kinesis = clients("kinesis", LOOKS)
        return cls(
            place=Place(kinesis.meta.region_name, account),
            partition=kinesis.meta.partition,
            kinesis=kinesis,
            kms=clients("kms", LOOKS),
            dynamodb=clients("dynamodb", LOOKS),
            ssm=clients("ssm", LOOKS),
            cloudformation=clients("cloudformation", LOOKS),
            change_sets=clients("cloudformation", (*LOOKS, *CHANGE_SETS)),
            iam=clients("iam", LOOKS),
        )

    @classmethod
    def without_credentials(cls, access: Access) -> Account:
        """Stand in for an account that nobody may look at: every call fails, and none is sent."""
        nobody: Any = _NoClient()
        place = Place(access.region or "unknown-region", NOBODY)
        return cls(place, "aws", nobody, nobody, nobody, nobody, nobody, nobody, nobody, known=False)


class Accounts(Protocol):
    """Gives the account that a command looks at."""

    def of(self, access: Access) -> Account:
        """Find the account."""

    def without_credentials(self, access: Access) -> Account:
        """Stand in for it where there are no credentials."""


class _NoClient:
    """A client whose every call fails for want of credentials."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        def call(**_: object) -> None:
            raise NoCredentialsError

        return call


class _Clients:
    def __init__(self, access: Access) -> None:
        self._session = boto3.Session(profile_name=access.profile, region_name=access.region)
        self._endpoint_url = access.endpoint_url

    def __call__(self, service: str, actions: Iterable[str], config: Config = _CONFIG) -> Any:  # noqa: ANN401
        client = self._session.client(service, config=config, endpoint_url=self._endpoint_url)  # type: ignore[call-overload]
        client.meta.events.register("before-call", Allowed(actions))
        return client
