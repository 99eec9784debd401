"""The account and region that are looked at, by clients that can only look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from stream_encryption.model import Place

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kms import KMSClient

LOOKS = (
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListExports",
    "cloudformation:ListStackResources",
    "kinesis:DescribeStreamSummary",
    "kinesis:ListStreams",
    "kinesis:ListTagsForStream",
    "kms:DescribeKey",
    "sts:GetCallerIdentity",
)
"""Every call that may leave this machine, as IAM spells it."""

_TRIES = 10
_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": _TRIES})
"""botocore backs off where it is throttled, by up to 20 s a time."""


class WouldChange(Exception):
    """Something tried to call what is not a look. It was not sent."""


def only_look(model: Any, **_: object) -> None:  # noqa: ANN401 (botocore's OperationModel)
    """Let botocore send looks alone.

    Raises:
        WouldChange: It is about to send something else.
    """
    action = f"{model.service_model.signing_name}:{model.name}"
    if action not in LOOKS:
        raise WouldChange(f"{action} is no look: it was not sent")


@dataclass(frozen=True, slots=True)
class Account:
    """An account's region, as far as it can be looked at."""

    place: Place
    partition: str
    kinesis: KinesisClient
    kms: KMSClient
    cloudformation: CloudFormationClient

    @classmethod
    def of(cls, profile: str | None = None, region: str | None = None) -> Account:
        """The account of a profile, or of the environment; boto3's own variables name endpoints, too.

        Raises:
            BotoCoreError, ClientError: There are no credentials, no region, or nobody answers.
        """
        session = boto3.Session(profile_name=profile, region_name=region)
        session.events.register("before-call", only_look)
        identity = session.client("sts", config=_CONFIG).get_caller_identity()
        kinesis = session.client("kinesis", config=_CONFIG)
        return cls(
            place=Place(kinesis.meta.region_name, identity["Account"]),
            partition=kinesis.meta.partition,
            kinesis=kinesis,
            kms=session.client("kms", config=_CONFIG),
            cloudformation=session.client("cloudformation", config=_CONFIG),
        )
