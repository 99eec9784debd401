"""Where a plan looks: streams, records and keys of one account, and the table that holds the records."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from .places import Scope
from .reader import NoRecords, NotSeen, RecordReader, StreamReader
from .resources.served import PROVIDER

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_ssm import SSMClient

    from .account import Account

_NO_TABLE = "ResourceNotFoundException"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a plan looks.

    Attributes:
        streams: Looks at streams.
        records: Looks at their records.
        kms: A client that can only look.
    """

    streams: StreamReader
    records: RecordReader
    kms: KMSClient

    @classmethod
    def of(cls, account: Account, provider: str = PROVIDER, table: str | None = None) -> Sources:
        """Look into an account.

        Args:
            account: The account.
            provider: The provider's FunctionName.
            table: The table that holds the record; None: the one that the provider's stack names.
        """
        table = table or _named_table(account.ssm, provider) or f"{provider}-record"
        return cls(StreamReader(account.kinesis), RecordReader(account.dynamodb, table), account.kms)

    @classmethod
    def of_any(cls, account: Account, provider: str = PROVIDER, table: str | None = None) -> Sources:
        """Look into one of many regions, which may have no provider: no parameter, and no table."""
        sources = cls.of(account, provider, table)
        try:
            sources.records.read("-")
        except NotSeen as unseen:
            if unseen.refusal.code == _NO_TABLE and _named_table(account.ssm, provider) is None:
                return replace(sources, records=NoRecords())
        return sources


@dataclass(frozen=True, slots=True)
class Where:
    """Where a command line says to look.

    Attributes:
        scope: The accounts and regions.
        provider: The provider's FunctionName.
        record_table: The table that holds the record; None: the one that the provider's stack names.
    """

    scope: Scope = field(default_factory=Scope)
    provider: str = PROVIDER
    record_table: str | None = None

    def sources(self, account: Account) -> Sources:
        """Where to look in one account and region."""
        look = Sources.of if self.scope.is_one else Sources.of_any
        return look(account, self.provider, self.record_table)


def _named_table(ssm: SSMClient, provider: str) -> str | None:
    """Ask the provider's SSM parameter for the name of its table; None where it can't be read."""
    try:
        return ssm.get_parameter(Name=f"/{provider}/RecordTableName")["Parameter"]["Value"]
    except (BotoCoreError, ClientError):
        return None
