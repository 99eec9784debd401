"""What the tests of the reconcile state share: the names of calls, one look, one announced call."""

from typing import Any

from stream_encryption.reconcile.state import State
from stream_encryption.reconcile.state_changes import after_look
from stream_encryption.record.values import Record
from stream_encryption.values import StreamStatus
from tests.values import NOW, ONE, call, seen, start_intent, stream

START, LOOK, OTHER_LOOK, READ, LOOK_UP = (
    "kinesis:StartStreamEncryption",
    "kinesis:DescribeStreamSummary",
    "kinesis:DescribeStream",
    "dynamodb:GetItem",
    "kms:DescribeKey",
)


def look(
    known: State,
    *,
    matches: bool = True,
    at: float = NOW,
    status: StreamStatus = StreamStatus.ACTIVE,
    of: Record | None = None,
) -> State:
    """Add one look, which took no time."""
    return after_look(known, seen(stream(ONE, status), of, wanted=ONE, as_wanted=matches, now=at), at)


def announced(**more: Any) -> Any:
    """Key one's Start, announced and not made."""
    return call(start_intent(), **more)
