"""Finds the accounts and regions that are looked at, by boto3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config

from .account import CHANGE_SETS, LOOKS, Account, Allowed
from .engine import Place
from .regions import Regions, enabled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .account import Access

CONNECT_SECONDS = 3.0
"""How long to wait for a connection, in seconds."""

_TRIES = 10
_CONFIG = Config(
    connect_timeout=CONNECT_SECONDS, read_timeout=20, retries={"mode": "standard", "total_max_attempts": _TRIES}
)
"""botocore backs off where it is throttled, by up to 20 s a time."""
_FIRST = _CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 2}))
"""The first call is given up soon: where nobody answers it, nobody answers the others."""


class Accounts(Protocol):
    """Gives the accounts that a command looks at."""

    def of(self, access: Access) -> Account:
        """Find an account and region."""

    def regions(self, access: Access) -> Regions:
        """List the regions of an account."""


class Boto3Accounts:
    """Accounts as boto3 finds them. A profile has one session: a session reads the models of the services once."""

    def __init__(self) -> None:
        """Have no session yet."""
        self._sessions: dict[str | None, boto3.Session] = {}

    def of(self, access: Access) -> Account:
        """Find the account of a profile, or of the environment.

        Raises:
            BotoCoreError, ClientError: There are no credentials, no region, or nobody answers.
        """
        account = self._client(access, "sts", LOOKS, _FIRST).get_caller_identity()["Account"]
        kinesis = self._client(access, "kinesis", LOOKS)
        return Account(
            place=Place(kinesis.meta.region_name, account),
            partition=kinesis.meta.partition,
            kinesis=kinesis,
            kms=self._client(access, "kms", LOOKS),
            dynamodb=self._client(access, "dynamodb", LOOKS),
            ssm=self._client(access, "ssm", LOOKS),
            cloudformation=self._client(access, "cloudformation", LOOKS),
            change_sets=self._client(access, "cloudformation", (*LOOKS, *CHANGE_SETS)),
            iam=self._client(access, "iam", LOOKS),
        )

    def regions(self, access: Access) -> Regions:
        """List the regions of an account. The access' own region tells the partition, and where EC2 is asked.

        Raises:
            BotoCoreError: There are no credentials, or no region.
        """
        ec2 = self._client(access, "ec2", LOOKS, _FIRST)
        return enabled(ec2, self._session(access).get_available_regions("kinesis", ec2.meta.partition))

    def _session(self, access: Access) -> boto3.Session:
        if access.profile not in self._sessions:
            self._sessions[access.profile] = boto3.Session(profile_name=access.profile)
        return self._sessions[access.profile]

    def _client(self, access: Access, service: str, actions: Iterable[str], config: Config = _CONFIG) -> Any:  # noqa: ANN401
        client = self._session(access).client(  # type: ignore[call-overload]
            service, region_name=access.region, config=config, endpoint_url=access.endpoint_url
        )
        client.meta.events.register("before-call", Allowed(actions))
        return client
