"""Writes down what a release of the provider leaves behind: records on streams, and executions that are under way.

Run in a checkout of that release, with its own code and its own tests' world around it:

    git worktree add ../first-release f3b8d27
    cd ../first-release
    PYTHONPATH=provider:. python <here>/tests/upgrade/record.py <here>/tests/upgrade/0.1.0.json
"""

import json
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.builders import STACK_ID, STREAM_NAME, create_event, delete_event, update_event
from tests.provider import Provider

ONE = {"StreamName": STREAM_NAME, "KeyId": "alias/one"}
TWO = {"StreamName": STREAM_NAME, "KeyId": "alias/two"}
INVOICES = {"StreamName": "invoices", "KeyId": "alias/one"}
RENAMED = "OrdersEncryption"
OTHER_STACK = STACK_ID.replace("platform-encryption", "audit")
INVENTED_ID = "platform-encryption-Encryption-1ABC2DEF3GHIJ"
HALF_AN_HOUR = 1800


def left_behind(provider: Provider) -> dict[str, Any]:
    """A stream as it is now. Whatever was asked for until then succeeded."""
    assert {answer["Status"] for answer in provider.bucket.answers} <= {"SUCCESS"}
    stream = provider.kinesis.streams[STREAM_NAME]
    return {"At": provider.clock.now(), "KeyId": stream.encryption.key_id, "Tags": dict(stream.tags)}


def created() -> dict[str, Any]:
    """A stream that was not encrypted."""
    provider = Provider()
    provider.create(ONE)
    return left_behind(provider)


def found_with_another_key() -> dict[str, Any]:
    """A stream that had a key of its owner's."""
    provider = Provider()
    provider.kinesis.people.rekey(STREAM_NAME, "alias/two")
    provider.create(ONE)
    return left_behind(provider)


def renamed() -> dict[str, Any]:
    """A logical id was changed: the new one took the stream over, and the old one was deleted."""
    provider = Provider()
    provider.create(ONE)
    provider.create(ONE, LogicalResourceId=RENAMED)
    provider.delete(ONE)
    return left_behind(provider)


def renaming() -> dict[str, Any]:
    """A logical id was changed, and the key too; the old one's Delete, or a rollback, is still to come."""
    provider = Provider()
    provider.create(ONE)
    provider.create(TWO, LogicalResourceId=RENAMED)
    return left_behind(provider)


def taken_over() -> dict[str, Any]:
    """Another stack took the stream over, with a key of its own."""
    provider = Provider()
    provider.create(ONE)
    provider.create({**TWO, "Takeover": "true"}, StackId=OTHER_STACK)
    return left_behind(provider)


def called_off() -> dict[str, Any]:
    """CloudFormation cancelled the Create; its Delete left the mark that calls it off."""
    provider = Provider()
    provider.create(ONE)
    provider.delete(ONE, PhysicalResourceId=INVENTED_ID)
    return left_behind(provider)


def handed_over(
    event: Mapping[str, Any],
    first: Mapping[str, Any] | None = None,
    busy: str | None = STREAM_NAME,
    handover_seconds: float = 60,
) -> dict[str, Any]:
    """A request that waits for long: the execution's input, and the stream by then."""
    provider = Provider(handover_seconds=handover_seconds)
    provider.kinesis.add_stream("invoices")
    if first:
        provider.handle(first)
    if busy:
        provider.kinesis.people.reshard(busy, HALF_AN_HOUR)
    provider.deliver({**event, "ResponseURL": provider.fresh_url()})
    (execution,) = provider.states.executions.values()
    return {**left_behind(provider), "Execution": execution.input}


SCENES: dict[str, Callable[[], dict[str, Any]]] = {
    "created": created,
    "found with another key": found_with_another_key,
    "renamed": renamed,
    "renaming": renaming,
    "taken over": taken_over,
    "called off": called_off,
    "Create handed over": lambda: handed_over(create_event(ONE)),
    "Update handed over": lambda: handed_over(update_event(TWO, ONE), create_event(ONE)),
    "Delete handed over": lambda: handed_over(delete_event(ONE), create_event(ONE)),
    "settling handed over": lambda: handed_over(
        create_event({**ONE, "SettleSeconds": "60"}), busy=None, handover_seconds=4
    ),
    "rollback handed over": lambda: handed_over(update_event(ONE, INVOICES), create_event(ONE), busy="invoices"),
}


def main(path: str) -> None:
    """Play every scene with the code that is on the path, and write down what is left behind."""
    logging.disable()
    left = {name: scene() for name, scene in SCENES.items()}
    Path(path).write_text(json.dumps(left, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
