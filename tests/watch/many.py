"""Many claimed streams, and rounds over them by the state machine."""

import json
from collections import Counter
from contextlib import suppress
from typing import Any

from local.engines import ROOT
from stream_encryption.record.item import to_item
from stream_encryption.record.requests import Latest
from stream_encryption.record.values import Claim, Record, RecordedKey
from stream_encryption.values import OnDelete, Owner
from tests.builders import STACK_ID
from tests.fake_errors import stream_arn
from tests.watch.watched import Watched

ACCOUNT_LOOKS_A_SECOND = {"DescribeStreamSummary": 20, "DescribeStream": 10}
"""Amazon Kinesis Data Streams Developer Guide, "Quotas and limits"."""
ROUNDS = json.loads((ROOT / "statemachine" / "rounds.asl.json").read_text(encoding="utf-8"))
BATCH_STATES = ROUNDS["States"]["Every batch"]["ItemProcessor"]["States"]
"""What the state machine does with each batch."""
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
    """Go through the batches of the newest execution as statemachine/rounds.asl.json says; return what they told."""
    execution = list(watched.states.executions.values())[-1]
    execution.done = True
    return [told for batch in execution.input["Batches"] for told in _play_batch(watched, batch)]


def _play_batch(watched: Watched, batch: dict[str, Any]) -> list[Any]:
    state, data = BATCH_STATES["Batch"], batch
    while True:
        try:
            return _try(watched, state, data)
        except Exception as error:
            if "Catch" not in state:
                raise
            (catcher,) = state["Catch"]
            failure = {"Error": type(error).__name__, "Cause": str(error)}
            state = BATCH_STATES[catcher["Next"]]
            data = {**data, catcher["ResultPath"].removeprefix("$."): failure}


def _try(watched: Watched, task: dict[str, Any], data: dict[str, Any]) -> list[Any]:
    """Invoke the watch as a Task does, and again where it fails."""
    given = {name.removesuffix(".$"): _value(data, name, told) for name, told in task.get("Parameters", {}).items()}
    (retrier,) = task["Retry"]
    for _ in range(retrier["MaxAttempts"]):
        with suppress(Exception):
            return watched.look(given or data)
    return watched.look(given or data)


def _value(data: dict[str, Any], name: str, told: Any) -> Any:
    return data[told.removeprefix("$.")] if name.endswith(".$") else told


def looks(watched: Watched, since: float) -> Counter[str]:
    """How many looks of each kind there were."""
    return Counter(
        call.name for call in watched.kinesis.calls if call.at >= since and call.name in ACCOUNT_LOOKS_A_SECOND
    )
