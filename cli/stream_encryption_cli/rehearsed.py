"""Streams, records and keys to rehearse with: read once, and then as the provider's calls would leave them.

Nothing here has a client: what is called changes a copy.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .engine import Key, KeyGrants, Kinesis, Record, RecordTable, Stream, StreamStatus
from .reader import KeyReader, NotSeen

if TYPE_CHECKING:
    from .engine import Grant, StreamRef
    from .reader import RecordReader, StreamReader

UNKNOWN_KEY = "not-known-yet"
"""How the KeyIds begin that stand for keys which only the deployment tells. No key has such an id."""

CHANGE_SECONDS = 2.0
"""How long a Start or Stop takes here, in seconds of no time at all."""


def is_unknown(key_id: str | None) -> bool:
    """Tell whether a KeyId stands for a key that only the deployment tells."""
    return key_id is not None and key_id.startswith(UNKNOWN_KEY)


class NoTime:
    """A clock that begins now, and goes on only by what is slept: that is, at once."""

    def __init__(self, start: float) -> None:
        """Begin, in epoch seconds."""
        self._now = start

    def now(self) -> float:
        """The time, in epoch seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass, in seconds, without waiting for it."""
        self._now += seconds


class RehearsedKinesis(Kinesis):
    """Streams as they were read, and then as the calls would leave them. It has no client.

    What is busy now is ACTIVE at the next look but one: how long it will really be busy, nobody knows.
    """

    def __init__(self, reader: StreamReader, clock: NoTime) -> None:
        """Read each stream once, when it is first asked for."""
        self._reader = reader
        self._clock = clock
        self._found: dict[str, Stream | None] = {}
        self._streams: dict[str, Stream | None] = {}
        self._busy_until: dict[str, float] = {}
        self.imagined: dict[str, Stream] = {}
        """Streams that are not there, and are taken to be there, by name."""
        self.changes = 0
        """How many calls have changed something here."""

    def imagine(self, stream: Stream) -> None:
        """Take a stream to be there that is not."""
        self.imagined[stream.name] = self._streams[stream.name] = stream
        self._found[stream.name] = None

    def describe(self, ref: StreamRef, *, use_describe_stream: bool = False) -> Stream | None:  # noqa: ARG002
        """Tell how the stream would be now."""
        if ref.name not in self._streams:
            self._streams[ref.name] = self._found[ref.name] = self._reader.describe(ref)
            self._busy(ref.name)
        stream = self._streams[ref.name]
        busy = stream and stream.status in (StreamStatus.CREATING, StreamStatus.UPDATING)
        if stream and busy and self._clock.now() >= self._busy_until[ref.name]:
            stream = self._streams[ref.name] = replace(stream, status=StreamStatus.ACTIVE)
        return stream

    def found(self, name: str) -> Stream | None:
        """Tell how a stream was when it was read; None where it was not there."""
        return self._found[name]

    def start(self, stream: Stream, key_id: str) -> None:
        """Think of this key."""
        self._re_encrypt(stream, key_id)

    def stop(self, stream: Stream, key_id: str) -> None:  # noqa: ARG002 (the signature is Kinesis')
        """Think the encryption away."""
        self._re_encrypt(stream, None)

    def verify(self, stream: Stream) -> None:  # noqa: ARG002
        """Think of a record that comes back encrypted."""
        self.changes += 1

    def _re_encrypt(self, stream: Stream, key_id: str | None) -> None:
        self._streams[stream.name] = replace(stream, key_id=key_id, status=StreamStatus.UPDATING)
        self._busy(stream.name)
        self.changes += 1

    def _busy(self, name: str) -> None:
        self._busy_until[name] = self._clock.now() + CHANGE_SECONDS


class RehearsedTable(RecordTable):
    """Records as they were read, and then as the writes would leave them. It has no client."""

    def __init__(self, reader: RecordReader) -> None:
        """Read each record once, when it is first asked for."""
        self._reader = reader
        self._records: dict[str, Record] = {}
        self._found: dict[str, Record] = {}
        self.unread: dict[str, str] = {}
        """Why a stream's record could not be read, by the stream's ARN."""
        self.changes = 0
        """How many writes there were."""
        self.claims = 0
        """How many of them changed the claims, and not only which requests were seen."""

    def read(self, stream_arn: str) -> Record:
        """Tell what the record would be now; an empty one where it can't be read."""
        if stream_arn not in self._records:
            try:
                record = self._reader.read(stream_arn)
            except NotSeen as unseen:
                self.unread[stream_arn] = str(unseen)
                record = Record(stream_arn)
            self._records[stream_arn] = self._found[stream_arn] = record
        return self._records[stream_arn]

    def imagine(self, stream_arn: str) -> None:
        """Take a stream to have no record, without a look."""
        self._records[stream_arn] = Record(stream_arn)

    def found(self, stream_arn: str) -> Record:
        """Tell what the record was when it was read; an empty one where it was not read."""
        return self._found.get(stream_arn, Record(stream_arn))

    def write(self, record: Record) -> Record:
        """Think of this record. Nobody else writes in between."""
        written = replace(record, version=record.version + 1)
        before, self._records[record.stream] = self._records[record.stream], written
        self.changes += 1
        self.claims += _claims(before) != _claims(written)
        return written


class RehearsedKeys(KeyReader):
    """Keys as they are, and the one that is not known yet."""

    def look_up(self, key_id: str, stream: Stream, *, again_if_denied: bool = False) -> Key:
        """Resolve a KeyId; of the one that is not known yet nothing is known.

        Raises:
            NotSeen: KMS did not answer.
        """
        if is_unknown(key_id):
            return Key(key_id, key_id, resolved=False)
        return super().look_up(key_id, stream, again_if_denied=again_if_denied)


def _claims(record: Record) -> list[object]:
    return [(one.owner, one.found, one.wanted, one.on_delete) for one in record.claims]


class RehearsedGrants(KeyGrants):
    """Grants that are only thought of."""

    changes = 0
    """How many calls have changed something here."""

    def create(self, grant: Grant, stream_arn: str) -> str:
        """Think of a grant."""
        self.changes += 1
        return grant.name(stream_arn)

    def revoke(self, grant: Grant, stream_arn: str) -> None:  # noqa: ARG002 (the signature is KeyGrants')
        """Think a grant away."""
        self.changes += 1
