"""KMS: resolve a KeyId to its key, and say what would keep the key from encrypting a stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stream_encryption.values import AWS_MANAGED_ALIAS, Key, Refusal, RefusalKind, Stream

from .service_errors import Refused, refusals

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_kms.type_defs import KeyMetadataTypeDef

DISABLED = "is Disabled: enable it"
PENDING_DELETION = "is pending deletion: cancel its deletion and enable it"
"""The faults of a key that somebody has disabled, or has scheduled for deletion."""
_STATES = {
    "Disabled": DISABLED,
    "PendingDeletion": PENDING_DELETION,
    "PendingReplicaDeletion": PENDING_DELETION,
    "PendingImport": "has no key material yet: import it",
    "Unavailable": "is unavailable: its key store is disconnected",
}


class KeyLookup:
    """The keys that one invocation needs, each looked up once (DescribeKey)."""

    def __init__(self, client: Callable[[], KMSClient], on_denied: Callable[[Refusal], None] = lambda _: None) -> None:
        """Use a boto3 client, which does no retries of its own.

        Args:
            client: Gives the client. It is asked for at each look-up: to make one takes time, and not every request
                needs one.
            on_denied: Is told each look-up that is denied.
        """
        self._client = client
        self._on_denied = on_denied
        self._known: dict[tuple[str, str], Key] = {}

    def look_up(self, key_id: str, stream: Stream, *, again_if_denied: bool = False) -> Key:
        """Resolve a KeyId.

        Args:
            key_id: A key's GUID or ARN, or an alias' name or ARN.
            stream: The stream that it is for; names without account and region mean the stream's.
            again_if_denied: Ask KMS again if it denied the last look-up.

        Returns:
            The key. One that the role may not look up (another account's, often) has no ARN and no fault.

        Raises:
            Refused: KMS did not answer, for now.
        """
        place = stream.arn.rpartition(":")[0]
        known = self._known.get((key_id, place))
        if known and not (known.denied and again_if_denied):
            return known
        key = self._describe(key_id, stream)
        # What rules a key out can pass: it may be seconds old. An AWS managed alias gets its key at the first Start.
        if key.fault is None and (key.resolved or not AWS_MANAGED_ALIAS.fullmatch(key_id)):
            self._known[key_id, place] = key
        return key

    def _describe(self, key_id: str, stream: Stream) -> Key:
        identity = _spelled_out(key_id, stream.arn)
        try:
            with refusals("kms:DescribeKey", identity):
                metadata = self._client().describe_key(KeyId=key_id)["KeyMetadata"]
        except Refused as refused:
            if refused.refusal.kind is RefusalKind.DENIED:
                self._on_denied(refused.refusal)
            return _unresolved(key_id, identity, refused)
        deleted_at = metadata["DeletionDate"].timestamp() if "DeletionDate" in metadata else None
        managed = metadata.get("KeyManager") == "AWS"
        return Key(key_id, metadata["Arn"], fault=_fault(metadata), aws_managed=managed, deleted_at=deleted_at)


def _unresolved(key_id: str, identity: str, refused: Refused) -> Key:
    """The key of a look-up that failed for good; the refusal is raised where it may pass."""
    refusal = refused.refusal
    if refusal.code == "NotFoundException":
        # Kinesis makes the key behind an AWS managed alias at an account's first Start.
        managed = AWS_MANAGED_ALIAS.fullmatch(key_id)
        return Key(key_id, identity, resolved=False, fault=None if managed else "does not exist", missing=not managed)
    if refusal.kind is RefusalKind.DENIED:
        return Key(key_id, identity, resolved=False, denied=True)
    if refusal.kind is RefusalKind.INVALID:
        fault = f"was refused by KMS ({refusal.code}: {refusal.message})"
        return Key(key_id, identity, resolved=False, fault=fault)
    raise refused


def _fault(metadata: KeyMetadataTypeDef) -> str | None:
    """Name what AWS KMS' page "Key states" and Kinesis' page "Prerequisites" rule out."""
    state = metadata.get("KeyState", "Enabled")
    if metadata.get("KeyUsage", "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT":
        return f"is for {metadata['KeyUsage']}, not for ENCRYPT_DECRYPT"
    if metadata.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
        return f"is asymmetric ({metadata['KeySpec']})"
    if state not in ("Enabled", "Creating", "Updating"):
        return _STATES.get(state, f"is in state {state}")
    return None


def _spelled_out(key_id: str, stream_arn: str) -> str:
    """Spell a KeyId as a whole ARN, in the stream's account and region where it does not name its own."""
    if key_id.startswith("arn:"):
        return key_id
    partition, region, account = (stream_arn.split(":")[part] for part in (1, 3, 4))
    name = key_id if key_id.startswith("alias/") else f"key/{key_id}"
    return f"arn:{partition}:kms:{region}:{account}:{name}"
