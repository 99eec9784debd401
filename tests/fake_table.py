"""The provider's table in Amazon DynamoDB for tests, at the level of the low-level boto3 client, in virtual time.

Only what the record needs is there: GetItem, PutItem with one of two conditions, Scan by pages, and UpdateItem that
sets attributes. Everything else is refused, so that the provider can't depend on something that nobody has modelled.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, Unpack, cast

from boto3.dynamodb.types import TypeDeserializer

from tests.fake_calls import FakeService, Wire, answer
from tests.fake_clock import Clock
from tests.fake_errors import client_error

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import GetItemInputTypeDef, PutItemInputTypeDef

TABLE_NAME = "kinesis-stream-encryption-record"
KEY = "stream"
TTL = "expires"
LARGEST_ITEM_BYTES = 400 * 1024
RESERVED = frozenset({"stream", "status", "owner", "key", "time", "timestamp"})
"""The reserved words of DynamoDB's expressions that an author of this table might use as the name of an attribute."""

Item: TypeAlias = dict[str, Any]

_CONDITION = re.compile(
    r"attribute_not_exists\s*\(\s*(?P<absent>#?\w+)\s*\)|(?P<name>#?\w+)\s*=\s*(?P<value>:\w+)",
)


@dataclass(frozen=True, slots=True)
class Version:
    """An item as it was from one moment on; None: there was no item."""

    at: float
    key: str
    item: Item | None


class FakeTable(FakeService):
    """A boto3 DynamoDB client that knows one table, whose key is the attribute `stream`."""

    def __init__(self, wire: Wire | Clock, name: str = TABLE_NAME) -> None:
        """Start with an empty table; pass another fake's Wire to share its record of calls and its plan of faults."""
        super().__init__(wire)
        self.name = name
        self.exists = True
        self.deletes_expired_after: float | None = None  # seconds after `expires` (real: up to days); None: never
        self.stale = 0.0  # for how many seconds a read that is not ConsistentRead may return the item before
        self.versions: list[Version] = []
        self._items: dict[str, Item] = {}

    @property
    def client(self) -> "DynamoDBClient":
        """The fake, typed as boto3's client."""
        return cast("DynamoDBClient", self)

    # What a test reads and does without a call.

    def item(self, key: str) -> Item | None:
        """Return the item of a stream's ARN as plain Python values; None if there is none."""
        item = self.items.get(key)
        if item is None:
            return None
        read = TypeDeserializer()
        return {name: read.deserialize(value) for name, value in item.items()}

    @property
    def items(self) -> Mapping[str, Item]:
        """All items in DynamoDB's typed values, by their keys, without those that TTL has deleted."""
        self._delete_expired()
        return self._items

    def remove(self, key: str) -> None:
        """Delete an item by hand."""
        if key in self.items:
            self._set(key, None)

    def restore(self, when: float) -> None:
        """Bring the whole table back to its state of an earlier time, as a point-in-time recovery does."""
        before = [version for version in self.versions if version.at <= when]
        then = {version.key: version.item for version in before}
        for key in {version.key for version in self.versions}:
            if self._items.get(key) != then.get(key):
                self._set(key, then.get(key))

    # The methods of boto3's client, with boto3's names.

    def get_item(self, **arguments: "Unpack[GetItemInputTypeDef]") -> dict[str, Any]:
        """Return the item; without ConsistentRead possibly the one before."""
        action = "dynamodb:GetItem"
        made: dict[str, Any] = self.wire.call(action, arguments, lambda: self._get(action, arguments))
        return made

    def put_item(self, **arguments: "Unpack[PutItemInputTypeDef]") -> dict[str, Any]:
        """Write the whole item if its condition holds."""
        action = "dynamodb:PutItem"
        made: dict[str, Any] = self.wire.call(action, arguments, lambda: self._put(action, arguments), changes=True)
        return made

    def update_item(self, **arguments: Any) -> dict[str, Any]:
        """Set attributes of the item if its condition holds."""
        action = "dynamodb:UpdateItem"
        made: dict[str, Any] = self.wire.call(action, arguments, lambda: self._update(action, arguments), changes=True)
        return made

    def scan(self, **arguments: Any) -> dict[str, Any]:
        """Return a page of the items; each as a read that is not ConsistentRead would."""
        action = "dynamodb:Scan"
        made: dict[str, Any] = self.wire.call(action, arguments, lambda: self._scan(action, arguments))
        return made

    # What the service does.

    def _get(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._need_table(action, arguments)
        unknown = set(arguments) - {"TableName", "Key", "ConsistentRead"}
        if unknown:
            raise NotImplementedError(f"{action} with {', '.join(sorted(unknown))}")
        if set(arguments["Key"]) != {KEY}:
            _refuse(action, "The provided key element does not match the schema")
        key = arguments["Key"][KEY]["S"]
        item = self.items.get(key) if arguments.get("ConsistentRead") else self._possibly_old(key)
        return answer() if item is None else answer(Item=_copied(item))

    def _put(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._need_table(action, arguments)
        item = _copied(arguments["Item"])
        if not item.get(KEY, {}).get("S"):
            _refuse(action, f"One or more parameter values were invalid: Missing the key {KEY} in the item")
        if len(json.dumps(item)) > LARGEST_ITEM_BYTES:
            _refuse(action, "Item size has exceeded the maximum allowed size")
        present = self.items.get(item[KEY]["S"])
        if "ConditionExpression" in arguments and not _holds(action, arguments, present or {}):
            self._condition_failed(action, arguments, present)
        self._set(item[KEY]["S"], item)
        return answer()

    def _update(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._need_table(action, arguments)
        key = arguments["Key"][KEY]["S"]
        present = self.items.get(key)
        values = dict(arguments["ExpressionAttributeValues"])
        placeholders = {place for place in values if place in arguments["ConditionExpression"].split()}
        condition = {**arguments, "ExpressionAttributeValues": {place: values[place] for place in placeholders}}
        if not _holds(action, condition, present or {}):
            self._condition_failed(action, arguments, present)
        item = _copied(present or {KEY: arguments["Key"][KEY]})
        for part in arguments["UpdateExpression"].removeprefix("SET ").split(","):
            attribute, _, place = (word.strip() for word in part.partition("="))
            if attribute.lower() in RESERVED:
                _refuse(action, f"Attribute name is a reserved keyword; reserved keyword: {attribute}")
            item[attribute] = _copied(values[place])
        self._set(key, item)
        return answer()

    def _scan(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._need_table(action, arguments)
        unknown = set(arguments) - {"TableName", "Limit", "ExclusiveStartKey"}
        if unknown:
            raise NotImplementedError(f"{action} with {', '.join(sorted(unknown))}")
        after = arguments.get("ExclusiveStartKey", {KEY: {"S": ""}})[KEY]["S"]
        keys = sorted(key for key in self.items if key > after)
        page = keys[: arguments["Limit"]]
        items = [item for item in map(self._possibly_old, page) if item]
        # DynamoDB can't tell whether a full page is the last one.
        last = {"LastEvaluatedKey": {KEY: {"S": page[-1]}}} if len(page) == arguments["Limit"] else {}
        return answer(Items=_copied(items), **last)

    def _condition_failed(self, action: str, arguments: Mapping[str, Any], present: Item | None) -> NoReturn:
        error = client_error("ConditionalCheckFailedException", "The conditional request failed", action)
        if present is not None and arguments.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
            cast("dict[str, Any]", error.response)["Item"] = _copied(present)
        raise error

    def _need_table(self, action: str, arguments: Mapping[str, Any]) -> None:
        if not self.exists or arguments["TableName"].rpartition("/")[2] != self.name:
            raise client_error("ResourceNotFoundException", "Requested resource not found", action)

    def _possibly_old(self, key: str) -> Item | None:
        present = self.items.get(key)
        if not self.stale:
            return present
        states = [version for version in self.versions if version.key == key]
        if states and self.wire.clock.now() - states[-1].at < self.stale:
            return states[-2].item if len(states) > 1 else None
        return present

    def _delete_expired(self) -> None:
        if self.deletes_expired_after is None:
            return
        deadline = self.wire.clock.now() - self.deletes_expired_after
        expired = [key for key, item in self._items.items() if TTL in item and float(item[TTL]["N"]) <= deadline]
        for key in expired:
            self._set(key, None)

    def _set(self, key: str, item: Item | None) -> None:
        if item is None:
            self._items.pop(key, None)
        else:
            self._items[key] = item
        self.versions.append(Version(self.wire.clock.now(), key, item))


def _holds(action: str, arguments: Mapping[str, Any], present: Item) -> bool:
    """Evaluate the condition of a PutItem against the item that is present."""
    expression: str = arguments["ConditionExpression"]
    condition = _CONDITION.fullmatch(expression.strip())
    if condition is None:
        raise NotImplementedError(f"{action} with the condition {expression}")
    names: Mapping[str, str] = arguments.get("ExpressionAttributeNames", {})
    values: Mapping[str, Any] = arguments.get("ExpressionAttributeValues", {})
    placeholder, attribute = condition["value"], condition["absent"] or condition["name"]
    if set(values) != ({placeholder} if placeholder else set()):
        _refuse(action, "Value provided in ExpressionAttributeValues unused in expressions, or missing")
    if set(names) != ({attribute} if attribute.startswith("#") else set()):
        _refuse(action, "Value provided in ExpressionAttributeNames unused in expressions, or missing")
    if attribute.lower() in RESERVED:
        _refuse(action, f"Attribute name is a reserved keyword; reserved keyword: {attribute}")
    attribute = names.get(attribute, attribute)
    if condition["absent"]:
        return attribute not in present
    return attribute in present and bool(present[attribute] == values[placeholder])


def _copied(item: Any) -> Any:
    """A copy that shares nothing with the original: an item is JSON, and JSON is faster to copy than objects."""
    return json.loads(json.dumps(item))


def _refuse(action: str, message: str) -> NoReturn:
    raise client_error("ValidationException", message, action)
