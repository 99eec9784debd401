"""The calls by others that lead to findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stream_encryption.aws.kms import DISABLED, PENDING_DELETION
from stream_encryption.record.watch_notes import Told

from .findings import DELETED, DENIED, FindingCode

EXPLAINS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "StartStreamEncryption": {FindingCode.ANOTHER_KEY: ("",)},
    "StopStreamEncryption": {FindingCode.UNENCRYPTED: ("",)},
    "CreateStream": {FindingCode.STREAM_RECREATED: ("",)},
    "DeleteStream": {FindingCode.STREAM_GONE: ("",), FindingCode.STREAM_RECREATED: ("",)},
    "DisableKey": {FindingCode.KEY_UNUSABLE: (DISABLED,)},
    "ScheduleKeyDeletion": {FindingCode.KEY_UNUSABLE: (DELETED, PENDING_DELETION)},
    "PutKeyPolicy": {FindingCode.KEY_UNUSABLE: (DENIED,)},
    "UpdateAlias": {FindingCode.ALIAS_MOVED: ("",)},
}
"""The calls, the findings that each leaves, and how their causes begin. The rule in template.yaml passes on these calls
alone."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A call by others, as CloudTrail reports it.

    Attributes:
        call: Its name; one of EXPLAINS.
        by: The ARN of the person or role that made it.
        at: When, in epoch seconds.
        key: The key that it gave to the stream or alias, as the caller named it; empty for other calls.
    """

    call: str
    by: str
    at: float
    key: str = ""

    def explains(self, told: Told) -> bool:
        """Tell whether the call led to a finding: it leaves what was found, and was made before it was found."""
        is_left = told.cause.startswith(EXPLAINS[self.call].get(told.code, ()))
        return is_left and self.at <= told.since and _can_be_one_key(self.key, told.cause)


def _can_be_one_key(named: str, other: str) -> bool:
    """Tell whether two names can be of one key. Only ids and ARNs of keys tell that they are not: an alias can move."""
    return len({one.rpartition("/")[2] for one in (named, other) if one and "alias/" not in one}) <= 1
