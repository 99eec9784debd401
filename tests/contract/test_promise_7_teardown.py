"""Promise 7: teardown is never blocked by what is already gone, and a key that is gone never means plaintext."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.builders import STREAM_ARN
from tests.contract.stories import (
    INVENTED,
    MARKER,
    ONE,
    THEY,
    create,
    delete,
    denied_on,
    failed,
    made,
    ok,
    owners,
    send,
    starts,
    stops,
)
from tests.fake_errors import Kind
from tests.provider import Provider

Spoil = Callable[[Provider], object]


def _gone(provider: Provider) -> None:
    provider.kinesis.people.delete("orders")


def _going(provider: Provider) -> None:
    provider.kinesis.people.delete("orders", 600)


def _off(provider: Provider) -> None:
    provider.kinesis.people.stop("orders")


def _key_gone(provider: Provider) -> None:
    provider.kms.remove(provider.one)


@pytest.mark.parametrize("spoil", [_gone, _going, _off, _key_gone], ids=["gone", "DELETING", "stopped", "key deleted"])
@pytest.mark.parametrize("on_delete", ["Restore", "Stop", "Keep"])
@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "record lost"])
def test_teardown_is_not_blocked_by_what_is_gone(spoil: Spoil, on_delete: str, *, recorded: bool) -> None:
    """Promise 7: SUCCESS, soon."""
    provider = made()
    properties = {**ONE, "OnDelete": on_delete}
    ok(send(provider, create(properties)))
    if not recorded:
        provider.table.remove(STREAM_ARN)
    spoil(provider)
    begun = provider.clock.now()
    answer = ok(send(provider, delete(properties)))
    assert answer["PhysicalResourceId"] == STREAM_ARN
    assert provider.clock.now() - begun < 30
    assert owners(provider) == []


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"StreamName": "no such name!"},
        {"StreamName": ["a", "list"]},
        {"StreamName": "orders", "KeyId": ["a", "list"]},
        {"StreamName": "orders", "OnDelete": "Maybe", "Nonsense": "x"},
        {"StreamARN": "arn:aws:kinesis:eu-west-1:999999999999:stream/elsewhere"},
        {"StreamName": "missing"},
    ],
)
@pytest.mark.parametrize("physical_id", [MARKER + "0" * 16, INVENTED, "anything at all", STREAM_ARN])
def test_a_delete_never_fails_on_properties(properties: Mapping[str, Any], physical_id: str) -> None:
    """Promise 7: properties that were never valid, ids of every kind: SUCCESS, and nothing is changed."""
    provider = made()
    answer = ok(send(provider, delete(properties, PhysicalResourceId=physical_id)))
    assert answer["PhysicalResourceId"] == physical_id
    assert (starts(provider), stops(provider)) == (0, 0)


def test_an_id_of_a_kilobyte_is_served() -> None:
    """Issue: a Delete with an id of up to 1,024 bytes, which CloudFormation allows."""
    provider = made()
    physical_id = "x" * 1024
    assert ok(send(provider, delete(PhysicalResourceId=physical_id)))["PhysicalResourceId"] == physical_id


def _disable(provider: Provider) -> None:
    provider.two.state = "Disabled"


def _pend(provider: Provider) -> None:
    provider.two.state = "PendingDeletion"


def _remove(provider: Provider) -> None:
    provider.kms.remove(provider.two)


def _deny_use(provider: Provider) -> None:
    provider.two.denies_use = True


def _deny_all(provider: Provider) -> None:
    provider.two.denies_use = provider.two.denies_describe = True


def _opt_out(provider: Provider) -> None:
    provider.kms.opted_in = False


def _outside_key_arns(provider: Provider) -> None:
    provider.two.denies_describe = True
    provider.kinesis.faults.between(0, 1e12, "StartStreamEncryption", denied_on(provider.two.arn))


def _iam_names_nothing(provider: Provider) -> None:
    provider.kinesis.faults.between(0, 1e12, "StartStreamEncryption", Kind.KMS_NOT_FOUND)


@pytest.mark.parametrize(
    "spoil",
    [_disable, _pend, _remove, _deny_use, _deny_all, _opt_out, _outside_key_arns, _iam_names_nothing],
    ids=lambda spoil: spoil.__name__.strip("_"),
)
def test_a_key_that_can_not_be_restored_leaves_the_encryption_that_there_is(
    spoil: Spoil, capsys: pytest.CaptureFixture[str]
) -> None:
    """Promise 7: never plaintext for want of a key; SUCCESS, and Reason and metric say so. Also outside KeyArns."""
    provider = made("alias/two")
    ok(send(provider, create()))
    spoil(provider)
    capsys.readouterr()
    answer = ok(send(provider, delete()))
    assert (provider.key_of(), stops(provider), owners(provider)) == (provider.one.arn, 0, [])
    assert "can't be restored" in answer["Reason"]
    assert "RestoresSkipped" in capsys.readouterr().out


def test_a_delete_whose_last_write_was_not_heard_still_says_that_the_stream_kept_its_key() -> None:
    """Promise 7: SUCCESS never hides that the former key could not be restored."""
    provider = made("alias/two")
    ok(send(provider, create()))
    provider.two.state = "Disabled"
    provider.table.wire.faults.lose_answer("PutItem", times=9)
    answer = ok(send(provider, delete()))
    assert (provider.key_of(), owners(provider)) == (provider.one.arn, [])
    assert "can't be restored" in answer["Reason"]


def test_a_key_that_can_not_be_handed_back_is_kept_and_the_stream_handed_back_all_the_same() -> None:
    """Promise 7 and property Takeover: the former owner's claim is in force again."""
    provider = made()
    ok(send(provider, create({**ONE, "KeyId": "alias/two"}, **THEY)))
    ok(send(provider, create({**ONE, "Takeover": "true"})))
    provider.two.state = "Disabled"
    answer = ok(send(provider, delete({**ONE, "Takeover": "true"})))
    assert "can't be restored" in answer["Reason"]
    assert (provider.key_of(), owners(provider)) == (provider.one.arn, ["Theirs"])


def test_a_missing_right_on_the_stream_is_an_error_to_mend() -> None:
    """Promise 7 covers the key's reasons alone."""
    provider = made("alias/two")
    ok(send(provider, create()))
    provider.kinesis.faults.between(0, 1e12, "StartStreamEncryption", Kind.ACCESS_DENIED)
    failed(send(provider, delete()), "AccessDenied")
    assert owners(provider) == ["Encryption"]


def test_a_restore_that_works_has_nothing_to_say() -> None:
    """Promise 7, the other way: the Reason of an ordinary SUCCESS alarms nobody."""
    provider = made("alias/two")
    ok(send(provider, create()))
    assert ok(send(provider, delete()))["Reason"] == ""


def test_a_table_that_is_gone_does_not_block_teardown() -> None:
    """Promise 7 and error RecordUnavailable: the stream is left, and the Reason says so."""
    provider = made()
    ok(send(provider, create()))
    provider.table.exists = False
    assert "left as it is" in ok(send(provider, delete()))["Reason"]
    assert provider.key_of() == provider.one.arn
