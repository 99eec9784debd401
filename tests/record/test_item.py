"""The record as an item of the table: nothing is lost on the way there and back, and a person can read it."""

from copy import deepcopy
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given

from stream_encryption.record.changes import expires, with_pending
from stream_encryption.record.item import from_item, to_item
from stream_encryption.record.values import Departed, Latest, Record
from stream_encryption.values import OnDelete
from tests.builders import LOGICAL_ID, STACK_ID, STREAM_ARN
from tests.record.strategies import RECORDS
from tests.values import ME, NOW, ONE, THEY, TWO, claim, record, recorded, start_intent, started

FULL = with_pending(
    record(
        claim(THEY, TWO, found=ONE, creates=("create",)),
        claim(on_delete=OnDelete.STOP, settled=True, releasing=Latest(1_767_225_601, ("delete",))),
        departed=(Departed(ME, NOW, 1_767_225_600, ("late",)),),
        key=started(ONE),
        started=True,
        changed_at=NOW,
    ),
    start_intent(),
    "00c0ffee",
    NOW,
)


def plain(given: Record) -> dict[str, Any]:
    """An item as plain Python values."""
    read = TypeDeserializer()
    return {name: read.deserialize(value) for name, value in to_item(given).items()}


@given(RECORDS)
def test_a_record_comes_back_from_its_item_as_it_was(any_record: Record) -> None:
    """Record: all that is remembered is in the item, times to the millisecond."""
    assert from_item(to_item(any_record)) == any_record


@given(RECORDS)
def test_an_item_has_a_ttl_where_and_only_where_no_claim_is_left(any_record: Record) -> None:
    """Record, expires: in epoch seconds, as the table's TTL wants it."""
    item = to_item(any_record)
    assert ("expires" in item) == (not any_record.claims)
    if not any_record.claims:
        assert item["expires"] == {"N": str(expires(any_record))}


def test_an_item_can_be_read_by_a_person() -> None:
    """Record: who manages the stream, what was there before, and what is about to be called, in plain words."""
    one = {"key_id": "alias/one", "arn": ONE.identity}
    two = {"key_id": "alias/two", "arn": TWO.identity}
    by_arn = {"key_id": ONE.identity, "arn": ONE.identity}
    second = "2026-01-01T00:00:00.000+00:00"
    assert plain(FULL) == {
        "stream": STREAM_ARN,
        "version": 3,
        "incarnation": "2025-12-31T00:00:00.000+00:00",
        "claims": [
            {
                "stack": THEY.stack_id,
                "resource": "Theirs",
                "found": one,
                "wanted": two,
                "on_delete": "Restore",
                "latest": {"issued_at": second, "digests": ["mine"]},
                "creates": ["create"],
                "settled": False,
            },
            {
                "stack": STACK_ID,
                "resource": LOGICAL_ID,
                "found": "NONE",
                "wanted": one,
                "on_delete": "Stop",
                "latest": {"issued_at": second, "digests": ["mine"]},
                "creates": [],
                "settled": True,
                "releasing": {"issued_at": "2026-01-01T00:00:01.000+00:00", "digests": ["delete"]},
            },
        ],
        "departed": [
            {
                "stack": STACK_ID,
                "resource": LOGICAL_ID,
                "at": "2026-01-01T00:00:10.000+00:00",
                "before": second,
                "digests": ["late"],
            }
        ],
        "pending": {
            "change": "StartStreamEncryption",
            "key": by_arn,
            "request": "mine",
            "intent": "00c0ffee",
            "written_at": "2026-01-01T00:00:10.000+00:00",
            "until": "2026-01-01T00:00:35.000+00:00",
        },
        "key": by_arn,
        "started": True,
        "changed_at": "2026-01-01T00:00:10.000+00:00",
    }


def test_an_empty_record_says_that_the_stream_is_not_encrypted_and_is_about_to_expire() -> None:
    """Record: `NONE` is what Kinesis calls it."""
    item = plain(record(changed_at=NOW))
    assert (item["key"], "pending" in item, item["expires"]) == ("NONE", False, int(NOW) + 7201)


@pytest.mark.parametrize("missing", ["stream", "version", "incarnation", "claims", "departed", "key", "started"])
def test_an_item_without_one_of_its_attributes_is_not_the_providers(missing: str) -> None:
    """Record, rule 6: half a record is not a licence."""
    item = to_item(FULL)
    del item[missing]
    with pytest.raises(KeyError):
        from_item(item)


@pytest.mark.parametrize(
    ("where", "what"),
    [
        (("incarnation",), {"S": "yesterday"}),
        (("claims",), {"L": [{"S": "a claim"}]}),
        (("claims", "L", 0, "M", "wanted"), {"S": "NONE"}),
        (("claims", "L", 0, "M", "on_delete"), {"S": "Maybe"}),
        (("pending", "M", "key"), {"S": "NONE"}),
        (("pending", "M", "change"), {"S": "DeleteStream"}),
    ],
)
def test_an_item_with_an_odd_value_is_not_the_providers(where: tuple[Any, ...], what: dict[str, Any]) -> None:
    """Record, rule 6: what can't be read is not guessed."""
    item = deepcopy(to_item(FULL))
    *path, last = where
    part: Any = item
    for step in path:
        part = part[step]
    part[last] = what
    with pytest.raises((KeyError, TypeError, ValueError)):
        from_item(item)


def test_an_attribute_that_the_code_does_not_know_is_ignored() -> None:
    """Record: a newer version of the function may have written it."""
    assert from_item({**to_item(record(key=recorded(ONE))), "note": {"S": "x"}}) == record(key=recorded(ONE))
