"""The watch on the embedded AWS: schedule or rule, function, table, bus, state machine, all under their roles.

CloudTrail's events are put on the bus by the harness, in CloudTrail's own form (local/trail.py): no engine has a trail.
"""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from local import waiting
from local.bus import Heard
from local.embedded_aws import PROVIDER_STACK
from local.trail import OwnersTool

from .stacks import encryption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .stacks import Account

SECONDS = 40.0

until = partial(waiting.until, seconds=SECONDS)


@pytest.fixture(name="heard")
def fixture_heard(account: Account) -> Iterator[Heard]:
    """What is told on the default bus, from now on."""
    with Heard(account.aws) as heard:
        yield heard


def told(heard: Heard, stream: str) -> list[tuple[str, str]]:
    """What was told of a stream."""
    return [(one["state"], one["code"]) for one in heard.details() if one["stream"] == stream]


def encrypted(account: Account, key: str, **properties: str) -> tuple[str, str]:
    """A stream that a stack has encrypted, and the stack."""
    stream, stack = account.stream(), account.name()
    assert account.deploy(stack, Encryption=encryption(stream, KeyId=key, **properties)).status == "CREATE_COMPLETE"
    return stream, stack


def test_an_owner_s_stop_is_found_with_who_and_mended_within_seconds(account: Account, heard: Heard) -> None:
    """Promise 10: rule, function, record, bus, state machine, and the stream is back under its key."""
    alias = account.alias()
    stream, _ = encrypted(account, alias, OnDrift="Mend")
    key, tool, began = account.key_of(stream), OwnersTool(account.aws), time.monotonic()

    tool.apply(stream)

    until(lambda: told(heard, stream))
    (detail,) = [one for one in heard.details() if one["stream"] == stream]
    assert (detail["state"], detail["code"], detail["by"]) == ("Found", "Unencrypted", tool.trail.arn)
    until(
        lambda: account.state(stream).encryption.type == "KMS" and account.state(stream).encryption.status == "ACTIVE"
    )
    assert account.key_of(stream) == key
    assert time.monotonic() - began < SECONDS
    assert account.starts_and_stops(stream) == ["StartStreamEncryption"] * 2


def test_without_ondrift_the_stop_is_told_and_left(account: Account, heard: Heard) -> None:
    """Promise 10: mended only where asked."""
    stream, _ = encrypted(account, account.alias())
    OwnersTool(account.aws).apply(stream)
    until(lambda: told(heard, stream))
    time.sleep(3)
    assert account.key_of(stream) == ""
    assert told(heard, stream) == [("Found", "Unencrypted")]


def test_a_key_that_is_scheduled_for_deletion_is_told_with_its_date(account: Account, heard: Heard) -> None:
    """Promise 10: what can't be mended is said, with the days left."""
    arn = account.key()
    stream, _ = encrypted(account, arn)
    account.aws.kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    tool = OwnersTool(account.aws)
    tool.trail.called("kms", "ScheduleKeyDeletion", {"keyId": arn, "pendingWindowInDays": 7}, {arn: "AWS::KMS::Key"})
    until(lambda: told(heard, stream))
    (detail,) = [one for one in heard.details() if one["stream"] == stream]
    assert detail["code"] == "KeyUnusable"
    assert "days, on " in detail["detail"]


def test_a_round_of_the_schedule_finds_what_no_event_told(account: Account, heard: Heard) -> None:
    """Promise 10: the schedule's own target and input; the harness invokes it, so as not to wait for minutes."""
    stream, _ = encrypted(account, account.alias())
    account.aws.kinesis.stop_stream_encryption(
        StreamName=stream, EncryptionType="KMS", KeyId=account.aws.streams.encryption(stream).key
    )
    until(lambda: account.aws.streams.encryption(stream).status == "ACTIVE")
    name = account.aws.cloudformation.physical_id(PROVIDER_STACK, "WatchSchedule")
    schedule = account.aws.scheduler.get_schedule(Name=name)
    assert schedule["ScheduleExpression"] == "rate(15 minutes)"
    assert schedule["Target"]["Arn"].endswith(":function:kinesis-stream-encryption-watch")

    def told_by_a_round() -> Any:
        """A round tells nothing of a stream within seconds of the provider's own change: the next one does."""
        account.aws.watch_runtime.invoke(json.loads(schedule["Target"]["Input"]))
        return told(heard, stream)

    until(told_by_a_round)
    assert [one["by"] for one in heard.details() if one["stream"] == stream] == [None]


def test_a_delete_ends_the_finding(account: Account, heard: Heard) -> None:
    """Promise 10: a finding that is over is told, once."""
    stream, stack = encrypted(account, account.alias())
    OwnersTool(account.aws).apply(stream)
    until(lambda: told(heard, stream))
    account.delete(stack)
    account.aws.watch_runtime.invoke({"Watch": "Round"})
    until(lambda: len(told(heard, stream)) > 1)
    assert told(heard, stream) == [("Found", "Unencrypted"), ("Over", "Unencrypted")]
    assert account.claims(stream) == []
