"""The function with real boto3 clients, as settings.py makes them, on moto: botocore accepts each call.

moto has no UPDATING, no quota and no key checks: the fakes are for those. Time is virtual here too.
"""

import time
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from aws_lambda_powertools import Logger, Metrics
from moto import mock_aws

from stream_encryption.app import Parts, make_handler
from stream_encryption.aws.service_errors import Refused
from stream_encryption.record.table import RecordTable
from stream_encryption.record.values import Record
from stream_encryption.settings import Settings
from stream_encryption.telemetry import Telemetry
from tests.builders import LOGICAL_ID, REGION, STREAM_ARN, LambdaContext, create_event, delete_event, update_event
from tests.fake_bucket import Bucket
from tests.fake_clock import Clock
from tests.provider import HOST

TABLE = "record"
ONE, TWO = ({"StreamName": "orders", "KeyId": alias} for alias in ("alias/one", "alias/two"))


class Account:
    """An account on moto with the stream `orders`, two keys and the record's table, and the provider in it."""

    def __init__(self) -> None:
        """Make stream, keys, table and handler."""
        self.kinesis, self.kms = Settings.client("kinesis"), Settings.client("kms")
        self.dynamodb = Settings.client("dynamodb")
        self.kinesis.create_stream(StreamName="orders", ShardCount=1)
        self.dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "stream", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "stream", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.one, self.two = self.key("alias/one"), self.key("alias/two")
        self.calls: list[str] = []
        for client in (self.kinesis, self.kms, self.dynamodb):
            client.meta.events.register("before-call", self._note)
        self._clock = Clock()
        self._bucket = Bucket(self._clock.now)
        settings = Settings("test", "INFO", "test", TABLE)
        telemetry = Telemetry(Logger(service="test"), Metrics(namespace="test", service="test"))
        random = Random(1)  # noqa: S311 - only spreads polls
        self._handle = make_handler(Parts(settings, Settings.client, self._clock, random, telemetry, self._put))

    def key(self, alias: str) -> str:
        """Make a key with an alias, and return its ARN."""
        arn: str = self.kms.create_key()["KeyMetadata"]["Arn"]
        self.kms.create_alias(AliasName=alias, TargetKeyId=arn)
        return arn

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """Deliver an event, and return the one response."""
        before = len(self._bucket.answers)
        self._handle({**event, "ResponseURL": HOST + self._bucket.issue()}, LambdaContext(self._clock))
        (response,) = self._bucket.answers[before:]
        return dict(response)

    def encryption(self, name: str = "orders") -> tuple[str, str | None]:
        """Return EncryptionType and KeyId as Kinesis reports them."""
        summary = self.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        return summary["EncryptionType"], summary.get("KeyId")

    def record(self) -> Record:
        """Read the stream's record."""
        return RecordTable(lambda: self.dynamodb, TABLE, time.time).read(STREAM_ARN)

    def _note(self, model: Any, **_: Any) -> None:
        self.calls.append(model.name)

    def _put(self, url: str, body: bytes) -> int:
        headers = {"content-type": "", "content-length": str(len(body))}
        self._bucket.receive("PUT", url.removeprefix(HOST), headers, body)
        return 200


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account on moto, and clients that were made in it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    Settings.client.cache_clear()
    with mock_aws():
        yield Account()
    Settings.client.cache_clear()


def test_a_create_a_change_of_key_and_a_delete_work_with_boto3_s_own_clients(account: Account) -> None:
    """Botocore checks each call of a whole life: its parameters, their types, and the response's shape."""
    created = account.handle(create_event(ONE))
    assert (created["Status"], created["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN), created["Reason"]
    assert created["Data"]["KeyArn"] == account.one
    assert account.encryption() == ("KMS", account.one)
    (claim,) = account.record().claims
    assert (claim.owner.logical_id, claim.wanted.arn, claim.found) == (LOGICAL_ID, account.one, None)

    changed = account.handle(update_event(TWO, ONE))
    assert (changed["Status"], changed["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN), changed["Reason"]
    assert changed["Data"]["KeyArn"] == account.two
    assert account.encryption() == ("KMS", account.two)

    deleted = account.handle(delete_event(TWO))
    assert (deleted["Status"], deleted["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN), deleted["Reason"]
    assert account.encryption()[0] == "NONE"
    assert account.record().claims == ()
    assert account.calls.count("StartStreamEncryption") == 2
    assert account.calls.count("StopStreamEncryption") == 1


def test_a_key_that_is_spelled_in_another_way_needs_no_start(account: Account) -> None:
    """Promise 4, with KMS's own responses: the alias in the template, the ARN on the stream."""
    account.kinesis.start_stream_encryption(StreamName="orders", EncryptionType="KMS", KeyId=account.one)
    account.calls.clear()
    response = account.handle(create_event(ONE))
    assert response["Status"] == "SUCCESS", response["Reason"]
    assert response["Data"]["PreviousKeyId"] == account.one
    assert "StartStreamEncryption" not in account.calls
    assert account.handle(delete_event(ONE))["Status"] == "SUCCESS"
    assert account.encryption() == ("KMS", account.one)


def test_a_write_over_another_version_is_refused_by_dynamodb(account: Account) -> None:
    """Rule 7: DynamoDB itself evaluates the condition, for a first write and for a later one."""
    other = create_event(ONE, LogicalResourceId="Other")
    assert account.handle(create_event(ONE))["Status"] == "SUCCESS"
    stale = account.record()
    assert account.handle(other)["Status"] == "SUCCESS"
    table = RecordTable(lambda: account.dynamodb, TABLE, time.time)
    for record in (stale, Record(STREAM_ARN)):
        with pytest.raises(Refused, match="ConditionalCheckFailed"):
            table.write(record)
    assert table.write(account.record()).version == account.record().version


def test_a_missing_stream_is_told_by_kinesis_s_own_error(account: Account) -> None:
    """ResourceNotFoundException, as botocore raises it."""
    response = account.handle(create_event({"StreamName": "nowhere"}))
    assert response["Reason"].startswith("[StreamNotFound] ")
    assert account.handle(delete_event({"StreamName": "nowhere"}, PhysicalResourceId="x"))["Status"] == "SUCCESS"


def test_a_missing_or_disabled_key_is_told_by_kms_s_own_response(account: Account) -> None:
    """NotFoundException and KeyState, as botocore gives them."""
    missing = account.handle(create_event({"StreamName": "orders", "KeyId": "alias/nowhere"}))
    account.kms.disable_key(KeyId=account.one.rpartition("/")[2])
    disabled = account.handle(create_event(ONE))
    assert missing["Reason"].startswith("[KeyUnusable] ")
    assert disabled["Reason"].startswith("[KeyUnusable] ")
    assert account.encryption()[0] == "NONE"


def test_without_a_table_the_record_is_unavailable(account: Account) -> None:
    """DynamoDB's ResourceNotFoundException is about the table, not about the stream."""
    account.dynamodb.delete_table(TableName=TABLE)
    response = account.handle(create_event(ONE))
    assert response["Reason"].startswith("[RecordUnavailable] ")
    assert account.encryption()[0] == "NONE"


def test_a_stream_that_is_named_by_its_arn_is_found(account: Account) -> None:
    """The contract: StreamARN alone."""
    properties = {"StreamARN": STREAM_ARN, "KeyId": account.one}
    response = account.handle(create_event(properties))
    assert (response["Status"], response["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN), response["Reason"]
    assert account.encryption() == ("KMS", account.one)
