"""The fake table is honest: each test names the fact about DynamoDB that it models."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError, ReadTimeoutError

from tests.fake_clock import Clock
from tests.fake_errors import Kind, code_of
from tests.fake_table import TABLE_NAME, FakeTable

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
NEW: Any = {"ConditionExpression": "attribute_not_exists(version)"}


@pytest.fixture
def table() -> FakeTable:
    """An empty table."""
    return FakeTable(Clock())


def _put(table: FakeTable, version: int, more: dict[str, Any] | None = None, **condition: Any) -> dict[str, Any]:
    item = {"stream": {"S": ARN}, "version": {"N": str(version)}, **(more or {})}
    return table.put_item(TableName=TABLE_NAME, Item=item, **condition)


def _if_version(version: int) -> Any:
    values = {":version": {"N": str(version)}}
    return {"ConditionExpression": "version = :version", "ExpressionAttributeValues": values}


def _get(table: FakeTable, *, consistent: bool = True) -> Any:
    return table.get_item(TableName=TABLE_NAME, Key={"stream": {"S": ARN}}, ConsistentRead=consistent).get("Item")


def _code(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return code_of(caught.value)


def test_an_item_is_read_as_it_was_written(table: FakeTable) -> None:
    """PutItem replaces the whole item; GetItem of an unknown key returns no Item."""
    assert _get(table) is None
    _put(table, 1, {"claims": {"L": [{"M": {"stack": {"S": "a"}}}]}})
    assert _get(table) == {
        "stream": {"S": ARN},
        "version": {"N": "1"},
        "claims": {"L": [{"M": {"stack": {"S": "a"}}}]},
    }
    _put(table, 2)
    assert _get(table) == {"stream": {"S": ARN}, "version": {"N": "2"}}
    assert table.item(ARN) == {"stream": ARN, "version": 2}


def test_what_a_caller_changes_later_does_not_change_the_table(table: FakeTable) -> None:
    """A real client sends and receives copies."""
    claims: dict[str, Any] = {"claims": {"L": []}}
    _put(table, 1, claims)
    claims["claims"]["L"].append({"S": "x"})
    _get(table)["claims"]["L"].append({"S": "y"})
    assert _get(table)["claims"] == {"L": []}


def test_of_two_writers_that_read_the_same_version_one_succeeds(table: FakeTable) -> None:
    """A condition is checked and the item written in one step."""
    _put(table, 1, **NEW)
    assert _code(lambda: _put(table, 1, **NEW)) == "ConditionalCheckFailedException"
    _put(table, 2, {"by": {"S": "one"}}, **_if_version(1))
    assert _code(lambda: _put(table, 2, {"by": {"S": "two"}}, **_if_version(1))) == "ConditionalCheckFailedException"
    assert _get(table)["by"] == {"S": "one"}


def test_the_present_item_comes_with_a_failed_condition_where_it_is_asked_for(table: FakeTable) -> None:
    """ReturnValuesOnConditionCheckFailure=ALL_OLD saves a read."""
    _put(table, 7)
    with pytest.raises(ClientError) as caught:
        _put(table, 1, **NEW, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert caught.value.response["Item"] == {"stream": {"S": ARN}, "version": {"N": "7"}}  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    "arguments",
    [
        {"ConditionExpression": "version = :version"},
        {**NEW, "ExpressionAttributeValues": {":version": {"N": "1"}}},
        {**NEW, "ExpressionAttributeNames": {"#v": "version"}},
        {"ConditionExpression": "attribute_not_exists(stream)"},
    ],
)
def test_an_expression_that_dynamodb_refuses_is_refused(table: FakeTable, arguments: dict[str, Any]) -> None:
    """Each placeholder is used, each used one is given, and a reserved word needs a placeholder."""
    assert _code(lambda: _put(table, 1, **arguments)) == "ValidationException"
    assert _get(table) is None


def test_a_reserved_word_can_be_given_by_a_placeholder(table: FakeTable) -> None:
    """ExpressionAttributeNames stand for attribute names."""
    absent: Any = {"ConditionExpression": "attribute_not_exists(#s)", "ExpressionAttributeNames": {"#s": "stream"}}
    _put(table, 1, **absent)
    assert _code(lambda: _put(table, 1, **absent)) == "ConditionalCheckFailedException"


def test_an_argument_that_boto3_or_dynamodb_does_not_take_is_refused(table: FakeTable) -> None:
    """Boto3 checks the shape; DynamoDB checks the key and the size."""
    with pytest.raises(ParamValidationError):
        table.put_item(TableName=TABLE_NAME, Item={"stream": ARN})
    wrong_key: Any = {"name": {"S": ARN}}
    assert _code(lambda: table.get_item(TableName=TABLE_NAME, Key=wrong_key)) == "ValidationException"
    assert _code(lambda: table.put_item(TableName=TABLE_NAME, Item=wrong_key)) == "ValidationException"
    assert _code(lambda: _put(table, 1, {"large": {"S": "x" * 410_000}})) == "ValidationException"


def test_only_a_consistent_read_is_sure_to_see_the_last_write(table: FakeTable) -> None:
    """A read is eventually consistent unless ConsistentRead says otherwise."""
    table.stale = 1.0
    _put(table, 1)
    assert _get(table, consistent=False) is None
    _put(table, 2)
    assert _get(table, consistent=False)["version"] == {"N": "1"}
    assert _get(table)["version"] == {"N": "2"}
    table.wire.clock.sleep(1.0)
    assert _get(table, consistent=False)["version"] == {"N": "2"}


@pytest.mark.parametrize("late", [0.0, 7200.0, None])
def test_ttl_deletes_at_once_hours_late_or_never(table: FakeTable, late: float | None) -> None:
    """TTL deletes within days of `expires`; until then the item is still returned and still conditions a write."""
    clock, table.deletes_expired_after = table.wire.clock, late
    _put(table, 1, {"expires": {"N": str(int(clock.now()) + 60)}})
    clock.sleep(59)
    assert _get(table)
    clock.sleep(1)
    assert (_get(table) is None) == (late == 0.0)
    clock.sleep(7200)
    assert (_get(table) is None) == (late is not None)
    if late is None:
        assert _code(lambda: _put(table, 1, **NEW)) == "ConditionalCheckFailedException"
    else:
        _put(table, 1, **NEW)


def test_the_table_can_be_restored_to_an_earlier_state(table: FakeTable) -> None:
    """Point-in-time recovery brings old items back and loses new ones."""
    _put(table, 1)
    table.wire.clock.sleep(60)
    then = table.wire.clock.now()
    table.wire.clock.sleep(60)
    _put(table, 2)
    table.restore(then)
    assert _get(table)["version"] == {"N": "1"}
    table.restore(then - 3600)
    assert _get(table) is None


def test_an_item_can_be_removed_by_hand(table: FakeTable) -> None:
    """Whoever may write to the table may also delete from it."""
    _put(table, 1)
    table.remove(ARN)
    assert _get(table) is None
    table.remove(ARN)


def test_a_table_that_is_missing_or_of_another_name_is_not_found(table: FakeTable) -> None:
    """The table was deleted, or the parameter names another one."""
    assert _code(lambda: table.put_item(TableName="other", Item={"stream": {"S": ARN}})) == "ResourceNotFoundException"
    table.exists = False
    assert _code(lambda: _get(table)) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    "kind",
    [Kind.PROVISIONED_THROUGHPUT, Kind.THROTTLING, Kind.REQUEST_LIMIT, Kind.INTERNAL_SERVER_ERROR, Kind.ACCESS_DENIED],
)
def test_a_call_can_be_throttled_denied_or_fail(table: FakeTable, kind: Kind) -> None:
    """Throttling has three codes; a denial names the role, the action and the table's ARN."""
    table.faults.fail_next("dynamodb:PutItem", kind)
    with pytest.raises(ClientError) as caught:
        _put(table, 1)
    assert code_of(caught.value) == kind
    if kind is Kind.ACCESS_DENIED:
        assert f"dynamodb:us-east-1:123456789012:table/{TABLE_NAME}" in str(caught.value)
    assert _get(table) is None


def test_a_write_can_take_effect_without_its_caller_learning_of_it(table: FakeTable) -> None:
    """A time-out says nothing about the write: the same write, tried again, then fails its condition."""
    table.faults.lose_answer("PutItem")
    with pytest.raises(ReadTimeoutError):
        _put(table, 1, **NEW)
    assert _code(lambda: _put(table, 1, **NEW)) == "ConditionalCheckFailedException"
    assert [(call.action, call.changed) for call in table.calls] == [
        ("dynamodb:PutItem", True),
        ("dynamodb:PutItem", False),
    ]
