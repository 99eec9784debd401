"""The table that keeps the records: consistent reads, conditional writes, and what its refusals mean."""

import pytest

from stream_encryption.aws.service_errors import Refused
from stream_encryption.record.table import RecordTable
from stream_encryption.record.values import Record
from stream_encryption.values import Refusal, RefusalKind
from tests.builders import STREAM_ARN
from tests.fake_clock import Clock
from tests.fake_errors import Kind
from tests.fake_table import TABLE_NAME, FakeTable
from tests.values import ME, ONE, THEY, claim, record, recorded

EMPTY = Record(STREAM_ARN)


@pytest.fixture
def fake() -> FakeTable:
    """An empty table."""
    return FakeTable(Clock())


def table(fake: FakeTable, name: str = TABLE_NAME) -> RecordTable:
    """The table as one invocation has it."""
    return RecordTable(lambda: fake.client, name, fake.wire.clock.now)


def refused(fake: FakeTable, given: Record) -> Refusal:
    """The refusal of a write."""
    with pytest.raises(Refused) as caught:
        table(fake).write(given)
    return caught.value.refusal


def test_a_stream_without_an_item_has_an_empty_record(fake: FakeTable) -> None:
    """Record: version 0, nothing claimed."""
    assert table(fake).read(STREAM_ARN) == EMPTY


def test_what_is_written_is_read_again_with_its_new_version(fake: FakeTable) -> None:
    """Record, version: begins with the time, and counts writes."""
    begins = int(fake.wire.clock.now())
    first = table(fake).write(Record(STREAM_ARN, claims=(claim(),), key=recorded(ONE)))
    assert first == Record(STREAM_ARN, version=begins, claims=(claim(),), key=recorded(ONE))
    assert table(fake).read(STREAM_ARN) == first
    second = table(fake).write(first)
    assert (second.version, table(fake).read(STREAM_ARN)) == (begins + 1, second)


def test_a_read_is_strongly_consistent(fake: FakeTable) -> None:
    """Record: a read that is seconds old would miss another request's intent."""
    written = table(fake).write(EMPTY)
    fake.stale = 10.0
    assert table(fake).read(STREAM_ARN) == written
    (call,) = fake.calls.named("GetItem")
    assert call.arguments == {"TableName": TABLE_NAME, "Key": {"stream": {"S": STREAM_ARN}}, "ConsistentRead": True}


def test_of_two_first_writes_one_wins(fake: FakeTable) -> None:
    """Record, rule 7, and promise 6: two stacks that claim at once can't both have written."""
    table(fake).write(Record(STREAM_ARN, claims=(claim(ME),)))
    assert refused(fake, Record(STREAM_ARN, claims=(claim(THEY),))).kind is RefusalKind.CONFLICT
    assert table(fake).read(STREAM_ARN).in_force == claim(ME)


def test_of_two_writes_over_one_version_one_wins(fake: FakeTable) -> None:
    """Record, version: every write is on the condition that it is still the one that was read."""
    read = table(fake).write(EMPTY)
    table(fake).write(read)
    refusal = refused(fake, read)
    assert (refusal.action, refusal.resource) == ("dynamodb:PutItem", TABLE_NAME)
    assert (refusal.kind, refusal.code) == (RefusalKind.CONFLICT, "ConditionalCheckFailedException")
    assert table(fake).read(STREAM_ARN).version == read.version + 1


def test_a_write_over_an_item_that_was_deleted_and_written_anew_is_refused(fake: FakeTable) -> None:
    """Promise 6: DynamoDB deletes an item whose TTL is over while a request waits; another stack has claimed since."""
    read = table(fake).write(EMPTY)
    fake.remove(STREAM_ARN)
    fake.wire.clock.sleep(60)
    table(fake).write(Record(STREAM_ARN, claims=(claim(THEY),)))
    assert refused(fake, read).kind is RefusalKind.CONFLICT


def test_a_record_that_was_removed_meanwhile_is_not_written_over(fake: FakeTable) -> None:
    """Record, rule 6: the loss of a record is seen before anything is done upon it."""
    read = table(fake).write(EMPTY)
    fake.remove(STREAM_ARN)
    assert refused(fake, read).kind is RefusalKind.CONFLICT


@pytest.mark.parametrize(
    ("kind", "means"),
    [
        (Kind.PROVISIONED_THROUGHPUT, RefusalKind.THROTTLED),
        (Kind.REQUEST_LIMIT, RefusalKind.THROTTLED),
        (Kind.INTERNAL_SERVER_ERROR, RefusalKind.TRANSIENT),
        (Kind.READ_TIMEOUT, RefusalKind.TRANSIENT),
        (Kind.ACCESS_DENIED, RefusalKind.DENIED),
        (Kind.EXPIRED_TOKEN, RefusalKind.CREDENTIALS),
    ],
)
def test_a_refusal_tells_the_call_and_the_table(fake: FakeTable, kind: Kind, means: RefusalKind) -> None:
    """Errors: the table's throttling is backed off from like any other; a missing right is told by action and ARN."""
    fake.faults.fail_next("PutItem", kind)
    refusal = refused(fake, EMPTY)
    assert (refusal.action, refusal.resource, refusal.kind) == ("dynamodb:PutItem", TABLE_NAME, means)
    fake.faults.fail_next("GetItem", kind)
    with pytest.raises(Refused) as caught:
        table(fake).read(STREAM_ARN)
    refusal = caught.value.refusal
    assert (refusal.action, refusal.resource, refusal.kind) == ("dynamodb:GetItem", TABLE_NAME, means)


def test_a_table_that_does_not_exist_is_no_missing_stream(fake: FakeTable) -> None:
    """Error RecordUnavailable: nothing may be concluded from a record that can't be read."""
    fake.exists = False
    assert refused(fake, EMPTY).kind is RefusalKind.RECORD


def test_an_item_that_the_provider_did_not_write_is_refused(fake: FakeTable) -> None:
    """Record, rule 6: what can't be read is not a licence."""
    fake.put_item(TableName=TABLE_NAME, Item={"stream": {"S": STREAM_ARN}, "claims": {"S": "all"}})
    with pytest.raises(Refused, match=STREAM_ARN) as caught:
        table(fake).read(STREAM_ARN)
    refusal = caught.value.refusal
    assert (refusal.action, refusal.resource) == ("dynamodb:GetItem", TABLE_NAME)
    assert (refusal.kind, refusal.code) == (RefusalKind.RECORD, "RecordUnreadable")
    assert "TypeError" in refusal.message


def test_the_client_is_made_when_it_is_needed(fake: FakeTable) -> None:
    """Cold start: a client takes time to make."""
    made: list[int] = []
    lazy = RecordTable(lambda: made.append(1) or fake.client, TABLE_NAME, lambda: 7.9)  # type: ignore[func-returns-value]
    assert not made
    assert lazy.write(record(version=0)).version == 7
    assert made
