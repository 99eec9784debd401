"""KMS grants: make one, and revoke one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stream_encryption.grants import Direction, Grant

from .service_errors import Refused, refusals

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_kms.literals import GrantOperationType

_OPERATIONS: dict[Direction, GrantOperationType] = {
    Direction.PRODUCER: "GenerateDataKey",
    Direction.CONSUMER: "Decrypt",
}
_GONE = ("NotFoundException", "InvalidGrantIdException")


class KeyGrants:
    """Grants on keys. Every method raises Refused where KMS refuses."""

    def __init__(self, client: Callable[[], KMSClient]) -> None:
        """Use a boto3 client, which does no retries of its own. It is asked for at each call."""
        self._client = client

    def create(self, grant: Grant, stream_arn: str) -> str:
        """Make a grant that holds for this stream's encryption context alone (CreateGrant), and return its id.

        Where KMS has the grant already, by its name, KMS returns that one.
        """
        with refusals("kms:CreateGrant", grant.key):
            made = self._client().create_grant(
                KeyId=grant.key,
                GranteePrincipal=grant.principal,
                Operations=[_OPERATIONS[grant.direction]],
                Constraints={"EncryptionContextSubset": {"aws:kinesis:arn": stream_arn}},
                Name=grant.name(stream_arn),
            )
        return made["GrantId"]

    def revoke(self, grant: Grant, stream_arn: str) -> None:
        """End a grant (RevokeGrant); one that is gone, or whose key is, is no fault.

        An announced grant whose id nobody heard is found by its name first (ListGrants).
        """
        try:
            for grant_id in (grant.grant_id,) if grant.grant_id else self._ids(grant, stream_arn):
                with refusals("kms:RevokeGrant", grant.key):
                    self._client().revoke_grant(KeyId=grant.key, GrantId=grant_id)
        except Refused as refused:
            if refused.refusal.code not in _GONE:
                raise

    def _ids(self, grant: Grant, stream_arn: str) -> list[str]:
        """The ids of the principal's grants of this name; pages of a hundred."""
        name, found, marker = grant.name(stream_arn), list[str](), dict[str, str]()
        while True:
            with refusals("kms:ListGrants", grant.key):
                page = self._client().list_grants(
                    KeyId=grant.key,
                    GranteePrincipal=grant.principal,
                    Limit=100,
                    **marker,
                )
            found += [one["GrantId"] for one in page["Grants"] if one.get("Name") == name]
            if not page.get("Truncated"):
                return found
            marker = {"Marker": page["NextMarker"]}
