"""Where the embedded AWS is: its account, its region, and a client for each of its services."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Place:
    """An account and a region."""

    account: str = "111122223333"
    region: str = "eu-west-1"

    @property
    def credentials(self) -> Mapping[str, str]:
        """The environment of a program that is at home here: both engines take the key id for the account."""
        return {
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "embedded",  # nosec B105  # no secret: nobody checks it
            "AWS_SESSION_TOKEN": "embedded",  # nosec B105  # as above
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    def session(self) -> boto3.Session:
        """A session that knows nothing of the machine's own AWS profiles and credentials."""
        unread = {
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
        return boto3.Session(  # nosec B106  # as above
            aws_access_key_id=self.account,
            aws_secret_access_key="embedded",  # noqa: S106 - no secret: nobody checks it
            aws_session_token="embedded",  # noqa: S106
            region_name=self.region,
            botocore_session=botocore.session.Session(session_vars=unread),
        )

    @property
    def config(self) -> Config:
        """How the harness calls: past the machine's proxies, without retries that would hide something."""
        return Config(proxies={}, retries={"total_max_attempts": 1}, max_pool_connections=20)
