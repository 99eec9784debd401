"""KMS: resolve a KeyId to its key, and say what would keep the key from encrypting a stream."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .model import Key, RefusalKind
from .refusals import Refused, refusals

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_kms import KMSClient
    from mypy_boto3_kms.type_defs import KeyMetadataTypeDef

    from .model import Refusal, Stream

AWS_MANAGED = re.compile(r"(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:)?alias/aws/.+")

_STATES = {
    "Disabled": "is Disabled: enable it",
    "PendingDeletion": "is pending deletion: cancel its deletion and enable it",
    "PendingReplicaDeletion": "is pending deletion: cancel its deletion and enable it",
    "PendingImport": "has no key material yet: import it",
    "Unavailable": "is unavailable: its key store is disconnected",
}


class Keys:
    """The keys that one invocation meets, each looked up once (DescribeKey)."""

    def __init__(self, client: Callable[[], KMSClient], told: Callable[[Refusal], None] = lambda _: None) -> None:
        """Use a boto3 client, which does no retries of its own, and tell somebody of look-ups that are denied.

        The client is asked for at each look-up: to make one takes time, and many a request needs none.
        """
        self._client = client
        self._told = told
        self._known: dict[tuple[str, str], Key] = {}

    def look_up(self, key_id: str, stream: Stream) -> Key:
        """Resolve a KeyId.

        Args:
            key_id: A key's GUID or ARN, or an alias' name or ARN.
            stream: The stream that it is for; names without account and region mean the stream's.

        Returns:
            The key. One that can't be looked up for want of permission (another account's) has no ARN and no fault.

        Raises:
            Refused: KMS did not answer, for now.
        """
        known = self._known.get((key_id, stream.arn))
        if known:
            return known
        key = self._describe(key_id, stream)
        # Not so an AWS managed alias that has no key yet: the first Start makes one.
        if key.arn or not AWS_MANAGED.fullmatch(key_id):
            self._known[key_id, stream.arn] = key
        return key

    def _describe(self, key_id: str, stream: Stream) -> Key:
        identity = _spelled_out(key_id, stream.arn)
        try:
            with refusals("kms:DescribeKey", identity):
                metadata = self._client().describe_key(KeyId=key_id)["KeyMetadata"]
        except Refused as refused:
            if refused.refusal.kind is RefusalKind.DENIED:
                self._told(refused.refusal)
            return _without_look_up(key_id, identity, refused)
        return Key(key_id, metadata["Arn"], metadata["Arn"], _fault(metadata))


def _without_look_up(key_id: str, identity: str, refused: Refused) -> Key:
    refusal: Refusal = refused.refusal
    if refusal.code == "NotFoundException":
        # An account that never used it has no key behind an AWS managed alias yet: Kinesis makes it at the first Start.
        fault = None if AWS_MANAGED.fullmatch(key_id) else "does not exist"
        return Key(key_id, None, identity, fault)
    if refusal.kind is RefusalKind.DENIED:
        return Key(key_id, None, identity)
    if refusal.kind is RefusalKind.INVALID:
        return Key(key_id, None, identity, f"was refused by KMS ({refusal.code}: {refusal.message})")
    raise refused


def _fault(metadata: KeyMetadataTypeDef) -> str | None:
    """What AWS KMS' page "Key states" and Kinesis' page "Prerequisites" rule out."""
    state = metadata.get("KeyState", "Enabled")
    if metadata.get("KeyUsage", "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT":
        return f"is for {metadata['KeyUsage']}, not for ENCRYPT_DECRYPT"
    if metadata.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
        return f"is asymmetric ({metadata['KeySpec']})"
    if state not in ("Enabled", "Creating", "Updating"):
        return _STATES.get(state, f"is in state {state}")
    return None


def _spelled_out(key_id: str, stream_arn: str) -> str:
    """A KeyId as a whole ARN, in the stream's account and region where it does not name its own."""
    if key_id.startswith("arn:"):
        return key_id
    partition, region, account = (stream_arn.split(":")[part] for part in (1, 3, 4))
    name = key_id if key_id.startswith("alias/") else f"key/{key_id}"
    return f"arn:{partition}:kms:{region}:{account}:{name}"
