"""The calls by others that lead to findings."""

from __future__ import annotations

from dataclasses import dataclass

from .findings import FindingCode

_ENCRYPTION = frozenset({FindingCode.UNENCRYPTED, FindingCode.ANOTHER_KEY, FindingCode.CONTESTED})
_STREAM = frozenset({FindingCode.STREAM_GONE, FindingCode.STREAM_RECREATED})
_KEY = frozenset({FindingCode.KEY_UNUSABLE, FindingCode.UNREADABLE})

EXPLAINS = {
    "StartStreamEncryption": _ENCRYPTION,
    "StopStreamEncryption": _ENCRYPTION,
    "CreateStream": _STREAM,
    "DeleteStream": _STREAM,
    "DisableKey": _KEY,
    "ScheduleKeyDeletion": _KEY,
    "PutKeyPolicy": _KEY,
    "UpdateAlias": frozenset({FindingCode.ALIAS_MOVED}),
}
"""The calls, and the findings that each can lead to. The rule in template.yaml passes on these alone."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A call by others, as CloudTrail reports it.

    Attributes:
        call: Its name; one of EXPLAINS.
        by: The ARN of the person or role that made it.
        at: When, in epoch seconds.
    """

    call: str
    by: str
    at: float

    def explains(self, code: str) -> bool:
        """Tell whether such a call can lead to a finding of this code."""
        return code in EXPLAINS[self.call]
