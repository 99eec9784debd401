"""One Kinesis stream for tests: its life over time, and what late readers see of it."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any

from tests.fake_clock import Clock

CREATING, ACTIVE, UPDATING, DELETING = "CREATING", "ACTIVE", "UPDATING", "DELETING"

ONLY_SHARD: Mapping[str, Any] = {
    "ShardId": "shardId-000000000000",
    "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": str(2**128 - 1)},
    "SequenceNumberRange": {"StartingSequenceNumber": "0"},
}


@dataclass(frozen=True, slots=True)
class Encryption:
    """Whether, and with which key, as it was given (never resolved)."""

    kind: str
    key_id: str | None = None


NONE = Encryption("NONE")


def encrypted_with(key_id: str) -> Encryption:
    """Spell encryption with a key."""
    return Encryption("KMS", key_id)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A stream as it really was from one moment on."""

    at: float
    stream: str
    status: str
    encryption: Encryption  # as an up-to-date description says
    in_force: Encryption  # as a record that is put now is encrypted
    why: str


class Described(Enum):
    """When a description says the new encryption: unknown of the real service, so be safe both ways."""

    AT_THE_CALL = auto()
    AT_THE_END = auto()


class Stale(Enum):
    """Which part of a stale description is old."""

    ALL = auto()
    STATUS = auto()


@dataclass(slots=True)
class Settings:
    """How Kinesis behaves, in seconds and otherwise; a test may change any of it at any time."""

    updating: float = 2.0  # how long a Start or Stop takes
    settling: float = 5.0  # how long after ACTIVE until every record is encrypted
    stale: float = 0.0  # how long after a change a description still says what was before
    stale_part: Stale = Stale.ALL
    described: Described = Described.AT_THE_CALL
    says_none: bool = True  # False: an unencrypted stream's description has no EncryptionType (aws-cn)
    stop_is_strict: bool = True  # Stop is refused for another key than the current one, and where there is none
    daily_quota: int = 25


class Stream:
    """A stream's real state, which changes as time passes; what readers are told may lag behind."""

    def __init__(  # noqa: PLR0913 - each is a fact of its own
        self,
        name: str,
        arn: str,
        *,
        clock: Clock,
        settings: Settings,
        history: list[Snapshot],
        encryption: Encryption = NONE,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Make an ACTIVE stream."""
        self.name = name
        self.arn = arn
        self.created = clock.now()
        self.status = ACTIVE
        self.encryption = encryption
        self.target = encryption
        self.in_force = encryption
        self.tags: dict[str, str] = dict(tags or {})  # its owner's
        self.starts: deque[float] = deque()
        self.stops: deque[float] = deque()
        self.records = 0
        self.retention_hours = 24
        self.gone = False
        self._clock = clock
        self._settings = settings
        self._history = history
        self._epoch = 0  # counts what happened, so that an end that was overtaken does nothing
        self._old = self._snapshot("new")
        self._old_until = clock.now()

    def creating(self, seconds: float) -> None:
        """Be in creation for a while."""
        self._busy(CREATING, seconds, "create", self._active)

    def re_encrypt(self, target: Encryption, seconds: float, why: str) -> None:
        """Go to another encryption, as Start and Stop do."""
        self._start_to_lag()
        self.target = target
        if self._settings.described is Described.AT_THE_CALL:
            self.encryption = target
        self._busy(UPDATING, seconds, why, self._re_encrypted)

    def reshard(self, seconds: float) -> None:
        """Be UPDATING for a while, for a reason that leaves the encryption alone."""
        self._start_to_lag()
        self._busy(UPDATING, seconds, "reshard", self._active)

    def delete(self, seconds: float, forget: Callable[[], None]) -> None:
        """Be DELETING for a while, then gone."""
        self._start_to_lag()

        def vanish() -> None:
            self.gone = True
            forget()

        self._busy(DELETING, seconds, "delete", vanish)

    def seen(self) -> tuple[str, Encryption]:
        """Tell status and encryption as a reader is told them, which may be late."""
        if self._clock.now() >= self._old_until:
            return self.status, self.encryption
        if self._settings.stale_part is Stale.STATUS:
            return self._old.status, self.target
        return self._old.status, self._old.encryption

    def description(self) -> dict[str, Any]:
        """Give what DescribeStreamSummary and DescribeStream both return, which may be late."""
        status, encryption = self.seen()
        description = {
            "StreamName": self.name,
            "StreamARN": self.arn,
            "StreamStatus": status,
            "StreamModeDetails": {"StreamMode": "PROVISIONED"},
            "RetentionPeriodHours": self.retention_hours,
            "StreamCreationTimestamp": datetime.fromtimestamp(int(self.created), UTC),  # Kinesis: whole seconds
            "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        }
        if encryption != NONE or self._settings.says_none:
            description["EncryptionType"] = encryption.kind
        if encryption.key_id:
            description["KeyId"] = encryption.key_id
        return description

    def _start_to_lag(self) -> None:
        self._old = self._snapshot("old")
        self._old_until = self._clock.now() + self._settings.stale

    def _busy(self, status: str, seconds: float, why: str, then: Callable[[], None]) -> None:
        """Be something other than ACTIVE for a while; no time at all leaves no trace of it."""
        self._epoch += 1
        epoch = self._epoch
        if seconds <= 0:
            then()
            return
        self.status = status
        self._note(why)

        def end() -> None:
            if epoch == self._epoch:
                then()

        self._clock.after(seconds, end)

    def _active(self) -> None:
        self.status = ACTIVE
        self._note("active")

    def _re_encrypted(self) -> None:
        self.encryption = target = self.target
        self._active()

        def settle() -> None:
            if not self.gone:
                self.in_force = target
                self._note("settled")

        if self._settings.settling > 0:
            self._clock.after(self._settings.settling, settle)
        else:
            settle()

    def _snapshot(self, why: str) -> Snapshot:
        return Snapshot(self._clock.now(), self.name, self.status, self.encryption, self.in_force, why)

    def _note(self, why: str) -> None:
        self._history.append(self._snapshot(why))
