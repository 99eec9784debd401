"""The record as an item of the table: nothing is lost on the way there and back, and a person can read it."""

from copy import deepcopy
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given, settings

from stream_encryption.grants import Direction, Grant
from stream_encryption.record.changes import INTENT_SECONDS, expires, with_intent
from stream_encryption.record.item import from_item, to_item
from stream_encryption.record.requests import Departed, Latest
from stream_encryption.record.values import Record
from stream_encryption.record.watch_notes import WatchNotes
from stream_encryption.values import OnDelete, OnDrift
from tests.builders import LOGICAL_ID, STACK_ID, STREAM_ARN
from tests.record.strategies import RECORDS
from tests.values import CREATED, ME, NOW, ONE, SECOND, THEY, TWO, claim, record, recorded, start_intent, started

FULL = with_intent(
    record(
        claim(THEY, TWO, found=ONE, creates=("create",), found_started=True),
        claim(
            on_delete=OnDelete.STOP,
            succeeded="mine",
            on_drift=OnDrift.MEND,
            releasing=Latest(SECOND + 1, ("delete",)),
            releases_create="failed",
        ),
        departed=(Departed(ME, NOW, SECOND, ("late",)),),
        key=started(ONE),
        started=True,
        changed_at=NOW,
        grants=(Grant(ONE.identity, "arn:aws:iam::123456789012:role/writer", Direction.PRODUCER, (ME,), "a1", NOW),),
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
@settings(max_examples=50)
def test_a_record_comes_back_from_its_item_as_it_was(any_record: Record) -> None:
    """Record: all that is remembered is in the item, times to the millisecond."""
    assert from_item(to_item(any_record)) == any_record


@given(RECORDS)
@settings(max_examples=50)
def test_an_item_has_a_ttl_where_and_only_where_no_claim_and_no_grant_is_left(any_record: Record) -> None:
    """Record, expires: in epoch seconds, as the table's TTL wants it. A void claim counts as one."""
    item = to_item(any_record)
    is_of_use = bool(any_record.claims or any_record.grants or any(one.void for one in any_record.departed))
    assert ("expires" in item) != is_of_use
    if not is_of_use:
        assert item["expires"] == {"N": str(expires(any_record))}


def test_an_item_can_be_read_by_a_person() -> None:
    """Record: who manages the stream, what was there before, and what is about to be called, in plain words."""
    one = {"key_id": "alias/one", "arn": ONE.identity}
    two = {"key_id": "alias/two", "arn": TWO.identity}
    by_arn = {"key_id": ONE.identity, "arn": ONE.identity}
    assert plain(FULL) == {
        "stream": STREAM_ARN,
        "version": 3,
        "incarnation": CREATED,
        "claims": [
            {
                "owner": {"stack_id": THEY.stack_id, "logical_id": "Theirs"},
                "found": one,
                "wanted": two,
                "on_delete": "Restore",
                "latest": {"issued_at": SECOND, "digests": ["mine"]},
                "creates": ["create"],
                "succeeded": "",
                "releasing": None,
                "on_drift": "Report",
                "found_started": True,
                "releases_create": "",
            },
            {
                "owner": {"stack_id": STACK_ID, "logical_id": LOGICAL_ID},
                "found": None,
                "wanted": one,
                "on_delete": "Stop",
                "latest": {"issued_at": SECOND, "digests": ["mine"]},
                "creates": [],
                "succeeded": "mine",
                "releasing": {"issued_at": SECOND + 1, "digests": ["delete"]},
                "on_drift": "Mend",
                "found_started": False,
                "releases_create": "failed",
            },
        ],
        "departed": [
            {
                "owner": {"stack_id": STACK_ID, "logical_id": LOGICAL_ID},
                "at": NOW,
                "issued_before": SECOND,
                "digests": ["late"],
                "void": False,
                "released_with_create": "",
                "note": "",
            }
        ],
        "pending": {
            "change": "StartStreamEncryption",
            "key": by_arn,
            "request": "mine",
            "intent_id": "00c0ffee",
            "written_at": NOW,
            "until": NOW + INTENT_SECONDS,
            "grant": None,
        },
        "key": by_arn,
        "started": True,
        "changed_at": NOW,
        "grants": [
            {
                "key": ONE.identity,
                "principal": "arn:aws:iam::123456789012:role/writer",
                "direction": "Producer",
                "owners": [{"stack_id": STACK_ID, "logical_id": LOGICAL_ID}],
                "grant_id": "a1",
                "made_at": NOW,
                "ended_at": None,
            }
        ],
        "watch": {"told": [], "mends": []},
    }


def test_a_time_is_kept_to_the_millisecond() -> None:
    """Record: DynamoDB's numbers are decimal; a mend is found again by the milliseconds of its beginning."""
    kept = from_item(to_item(record(changed_at=NOW + 0.0006, watch=WatchNotes(mends=(NOW + 0.1234,)))))
    assert (kept.changed_at, kept.watch.mends) == (NOW + 0.001, (NOW + 0.123,))


def test_an_empty_record_has_no_key_no_intent_and_a_time_to_expire() -> None:
    """Record: what there is not is left out."""
    item = plain(record(changed_at=NOW))
    assert ("key" in item, "pending" in item, item["expires"]) == (False, False, int(NOW) + 7201)


@pytest.mark.parametrize(
    ("where", "what"),
    [
        (("stream",), {"N": "1"}),
        (("version",), {"S": "1"}),
        (("incarnation",), {"S": "yesterday"}),
        (("claims",), {"S": "none"}),
        (("claims",), {"L": [{"S": "a claim"}]}),
        (("claims", "L", 0, "M", "wanted"), {"NULL": True}),
        (("claims", "L", 0, "M", "on_delete"), {"S": "Maybe"}),
        (("pending", "M", "key"), {"NULL": True}),
        (("pending", "M", "change"), {"S": "DeleteStream"}),
        (("key",), {"S": "alias/one"}),
        (("started",), {"S": "yes"}),
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


def test_an_item_without_the_owner_of_a_claim_is_not_the_providers() -> None:
    """Record, rule 6: half a claim is not a licence."""
    item = deepcopy(to_item(FULL))
    del item["claims"]["L"][0]["M"]["owner"]
    with pytest.raises(TypeError):
        from_item(item)


def test_an_attribute_that_the_code_does_not_know_is_ignored() -> None:
    """Record: a newer version of the function may have written it."""
    assert from_item({**to_item(record(key=recorded(ONE))), "note": {"S": "x"}}) == record(key=recorded(ONE))
