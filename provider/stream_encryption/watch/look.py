"""One look of the watch at a stream and its keys. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from stream_encryption.aws.kinesis import Kinesis
from stream_encryption.aws.kms import KeyLookup
from stream_encryption.aws.service_errors import Refused
from stream_encryption.reconcile.environment import Clock
from stream_encryption.reconcile.observation import current_key
from stream_encryption.record.values import Record
from stream_encryption.values import CUSTOMER_ALIAS, RefusalKind, Stream, StreamRef

from .findings import Look

_PASSES = (RefusalKind.THROTTLED, RefusalKind.TRANSIENT, RefusalKind.BUSY)
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look of the watch needs: Kinesis, KMS and the time."""

    kinesis: Kinesis
    keys: KeyLookup
    clock: Clock

    def look(self, record: Record, *, use_describe_stream: bool = False) -> Look | None:
        """Look at the stream of a record, whose claim in force is compared with it.

        Args:
            record: The record; it has a claim.
            use_describe_stream: Use the budget of DescribeStream.

        Returns:
            The look; None where AWS is throttling or down, so that the next round has to look.
        """
        for tries in range(_TRIES):
            try:
                return self._look(record, use_describe_stream=use_describe_stream)
            except Refused as refused:
                if refused.refusal.kind not in _PASSES:
                    return Look(self.clock.now(), refused=refused.refusal)
            self.clock.sleep(2.0**tries)
        return None

    def _look(self, record: Record, *, use_describe_stream: bool) -> Look:
        now = self.clock.now()
        stream = self.kinesis.describe(StreamRef.of_arn(record.stream), use_describe_stream=use_describe_stream)
        return look_of(record, stream, self.keys, now)


def look_of(record: Record, stream: Stream | None, keys: KeyLookup, now: float) -> Look:
    """Look up the keys that a described stream has, and that its claim in force wants.

    Args:
        record: The record.
        stream: The stream's description; None where there is none.
        keys: Looks keys up.
        now: When the description was asked for, in epoch seconds.

    Raises:
        Refused: KMS did not answer, for now.
    """
    claim = record.in_force
    if stream is None or claim is None:
        return Look(now, stream)
    wanted = keys.look_up(claim.wanted.start_key_id, stream)
    is_alias = CUSTOMER_ALIAS.fullmatch(claim.wanted.key_id)
    named = keys.look_up(claim.wanted.key_id, stream) if is_alias else None
    return Look(now, stream, current_key(stream, record, keys), wanted, named)
