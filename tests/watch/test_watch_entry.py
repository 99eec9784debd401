"""The watch's entry point, on moto: what Lambda invokes, with the environment's variables."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from stream_encryption import watch_function
from stream_encryption.settings import Settings

VARIABLES = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_SERVICE_NAME": "watch-of-this-test",
    "RECORD_TABLE": "record",
    "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:wait",
    "ROUNDS_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:rounds",
    "PROVIDER_ROLE_ARN": "arn:aws:iam::123456789012:role/provider",
}


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty table of records, and clients that no other test has made."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        Settings.client.cache_clear()
        boto3.client("dynamodb").create_table(
            TableName="record",
            AttributeDefinitions=[{"AttributeName": "stream", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "stream", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield
    Settings.client.cache_clear()


def test_a_round_over_an_empty_record_ends_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """Promise 10: the schedule's input, the environment's variables and boto3's own clients go together."""
    watch_function.on_watch({"Watch": "Round"}, None)
    assert "watch-of-this-test" in capsys.readouterr().out
