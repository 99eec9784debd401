"""Many claimed streams, and rounds over them by the state machine."""

import json
from collections import Counter
from typing import Any

from stream_encryption.record.item import to_item
from stream_encryption.record.requests import Latest
from stream_encryption.record.values import Claim, Record, RecordedKey
from stream_encryption.values import OnDelete, Owner
from tests.builders import STACK_ID
from tests.fake_errors import stream_arn
from tests.watch.watched import Watched

ACCOUNT_LOOKS_A_SECOND = {"DescribeStreamSummary": 20, "DescribeStream": 10}
"""Amazon Kinesis Data Streams Developer Guide, "Quotas and limits"."""
ANY = "stream-by-name"
"""Stands for the name of each stream in the record's item, which is made once."""


def claimed(watched: Watched, count: int, changed_at: float = 0.0) -> None:
    """Have so many streams, each claimed, encrypted with alias/one, and changed by the provider at this time."""
    key = RecordedKey("alias/one", watched.one.arn)
    claim = Claim(Owner(STACK_ID, ANY), None, key, OnDelete.RESTORE, Latest(1, ("done",)), succeeded="done")
    arn = stream_arn(ANY, "123456789012", "us-east-1")
    item = json.dumps(to_item(Record(arn, version=1, claims=(claim,), key=key, changed_at=changed_at)))
    for number in range(count):
        name = f"stream-{number:05}"
        watched.kinesis.add_stream(name, watched.one.arn)
        watched.table.put_item(TableName=watched.table.name, Item=json.loads(item.replace(ANY, name)))


def play(watched: Watched) -> list[Any]:
    """Go through the batches of the newest execution, as the state machine does; return what they told."""
    execution = list(watched.states.executions.values())[-1]
    execution.done = True
    return [told for batch in execution.input["Batches"] for told in watched.look(batch)]


def looks(watched: Watched, since: float) -> Counter[str]:
    """How many looks of each kind there were."""
    return Counter(
        call.name for call in watched.kinesis.calls if call.at >= since and call.name in ACCOUNT_LOOKS_A_SECOND
    )
