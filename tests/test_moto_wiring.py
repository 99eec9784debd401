"""The door with real boto3 clients, as settings.py makes them, on moto: the calls go out as botocore wants them.

moto has no UPDATING, no quota and no key checks: what the calls mean is tested on the fakes. Time is virtual here too.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from aws_lambda_powertools import Logger, Metrics
from moto import mock_aws

from stream_encryption.doors import door
from stream_encryption.ownership import CANCELLED
from stream_encryption.settings import Settings
from stream_encryption.telemetry import Telemetry
from tests.builders import REGION, STREAM_ARN, LambdaContext, create_event, delete_event, update_event
from tests.fake_bucket import Bucket
from tests.fake_clock import Clock
from tests.provider import HOST


class Account:
    """An account on moto with the stream `orders` and two keys, and the provider in it."""

    def __init__(self) -> None:
        """Make stream, keys and door."""
        self.kinesis, self.kms = Settings.client("kinesis"), Settings.client("kms")
        self.kinesis.create_stream(StreamName="orders", ShardCount=1)
        self.one, self.two = self.key("alias/one"), self.key("alias/two")
        self.calls: list[str] = []
        for client in (self.kinesis, self.kms):
            client.meta.events.register("before-call", self._note)
        self._clock = Clock()
        self._bucket = Bucket(self._clock.now)
        telemetry = Telemetry(Logger(service="test"), Metrics(namespace="test", service="test"))
        self._door = door(
            Settings("test", "INFO", "test"),
            Settings.client,
            self._clock,
            Random(1),  # noqa: S311 - it only spreads polls
            telemetry,
            self._send,
        )

    def key(self, alias: str) -> str:
        """Make a key with an alias, and tell its ARN."""
        arn: str = self.kms.create_key()["KeyMetadata"]["Arn"]
        self.kms.create_alias(AliasName=alias, TargetKeyId=arn)
        return arn

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """Deliver an event, and tell the one answer."""
        before = len(self._bucket.answers)
        self._door({**event, "ResponseURL": HOST + self._bucket.issue()}, LambdaContext(self._clock))
        (answer,) = self._bucket.answers[before:]
        return dict(answer)

    def encryption(self, name: str = "orders") -> tuple[str, str | None]:
        """What Kinesis says of a stream."""
        summary = self.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        return summary["EncryptionType"], summary.get("KeyId")

    def tags(self, name: str = "orders") -> dict[str, str]:
        """The tags on a stream."""
        return {tag["Key"]: tag["Value"] for tag in self.kinesis.list_tags_for_stream(StreamName=name)["Tags"]}

    def unmarked(self) -> dict[str, str]:
        """The tags on the stream, but for the mark that a Delete leaves for an hour: it is one, and is there."""
        tags = self.tags()
        (mark,) = (key for key in tags if key.startswith(CANCELLED))
        return {key: value for key, value in tags.items() if key != mark}

    def _note(self, model: Any, **_: Any) -> None:
        self.calls.append(model.name)

    def _send(self, url: str, body: bytes) -> int:
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


ONE, TWO = ({"StreamName": "orders", "KeyId": alias} for alias in ("alias/one", "alias/two"))


def test_a_create_a_change_of_key_and_a_delete_work_with_boto3_s_own_clients(account: Account) -> None:
    """Every call of a whole life, as botocore checks it: parameters, types, the shapes of the answers."""
    created = account.handle(create_event(ONE))
    assert (created["Status"], created["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN), created["Reason"]
    assert created["Data"]["KeyArn"] == account.one
    assert account.encryption() == ("KMS", "alias/one")
    assert account.tags()["kinesis-stream-encryption:resource"] == "Encryption"

    changed = account.handle(update_event(TWO, ONE))
    assert (changed["Status"], changed["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN), changed["Reason"]
    assert changed["Data"]["KeyArn"] == account.two
    assert account.encryption() == ("KMS", "alias/two")

    deleted = account.handle(delete_event(TWO))
    assert (deleted["Status"], deleted["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN), deleted["Reason"]
    assert account.encryption()[0] == "NONE"
    assert account.unmarked() == {}
    assert account.calls.count("StartStreamEncryption") == 2
    assert account.calls.count("StopStreamEncryption") == 1


def test_a_key_that_is_spelled_otherwise_is_the_same_key_and_needs_no_start(account: Account) -> None:
    """Promise 4, with KMS's own answers: alias in one place, ARN in the other."""
    account.kinesis.start_stream_encryption(StreamName="orders", EncryptionType="KMS", KeyId=account.one)
    account.calls.clear()
    answer = account.handle(create_event(ONE))
    assert answer["Status"] == "SUCCESS", answer["Reason"]
    assert answer["Data"]["PreviousKeyId"] == account.one
    assert "StartStreamEncryption" not in account.calls
    assert account.handle(delete_event(ONE))["Status"] == "SUCCESS"
    assert account.encryption() == ("KMS", account.one)


def test_tags_of_other_people_stay_page_after_page(account: Account) -> None:
    """ListTagsForStream pages; RemoveTagsFromStream takes only ours."""
    theirs = {f"team-{number:02d}": "x" for number in range(30)}
    account.kinesis.add_tags_to_stream(StreamName="orders", Tags=theirs)
    assert account.handle(create_event(ONE))["Status"] == "SUCCESS"
    assert account.handle(delete_event(ONE))["Status"] == "SUCCESS"
    assert account.unmarked() == theirs


def test_a_stream_that_is_not_there_is_told_by_kinesis_s_own_error(account: Account) -> None:
    """ResourceNotFoundException, as botocore raises it."""
    answer = account.handle(create_event({"StreamName": "nowhere"}))
    assert answer["Status"] == "FAILED"
    assert "There is no stream nowhere" in answer["Reason"]
    assert account.handle(delete_event({"StreamName": "nowhere"}, PhysicalResourceId="x"))["Status"] == "SUCCESS"


def test_a_key_that_is_not_there_or_disabled_is_told_by_kms_s_own_words(account: Account) -> None:
    """NotFoundException and KeyState, as botocore gives them."""
    missing = account.handle(create_event({"StreamName": "orders", "KeyId": "alias/nowhere"}))
    account.kms.disable_key(KeyId=account.one.rpartition("/")[2])
    disabled = account.handle(create_event(ONE))
    assert "it does not exist" in missing["Reason"]
    assert "it is Disabled: enable it" in disabled["Reason"]
    assert account.encryption()[0] == "NONE"
    assert account.tags() == {}


def test_a_stream_that_is_named_by_its_arn_is_found(account: Account) -> None:
    """StreamARN alone, in every call."""
    properties = {"StreamARN": STREAM_ARN, "KeyId": account.one}
    answer = account.handle(create_event(properties))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN), answer["Reason"]
    assert account.encryption() == ("KMS", account.one)
