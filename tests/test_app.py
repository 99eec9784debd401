"""The function as a whole: the response that a request gets, and how the parts are wired."""

import json
from random import Random
from typing import Any

import pytest
from aws_lambda_powertools import Logger, Metrics

from stream_encryption.app import Parts, make_handler, on_event
from stream_encryption.settings import Settings
from stream_encryption.telemetry import Telemetry
from tests.builders import ATTRIBUTES, ENVELOPES, STREAM_ARN, LambdaContext, create_event, delete_event
from tests.fake_clock import Clock
from tests.fake_response_url import FakeResponseUrl
from tests.provider import Provider

ONE = {"StreamName": "orders", "KeyId": "alias/one"}


# Responses.


def test_a_create_gives_the_stream_s_arn_and_all_attributes() -> None:
    """The contract: Ref is the stream's ARN; Fn::GetAtt has these attributes, and no others."""
    provider = Provider()
    response = provider.create(ONE)
    assert (response["Status"], response["PhysicalResourceId"], response["Reason"]) == ("SUCCESS", STREAM_ARN, "")
    assert response["Data"] == {
        "StreamARN": STREAM_ARN,
        "StreamName": "orders",
        "EncryptionType": "KMS",
        "KeyId": provider.one.arn,
        "KeyArn": provider.one.arn,
        "PreviousEncryptionType": "NONE",
        "PreviousKeyId": "",
    }
    assert set(response["Data"]) == set(ATTRIBUTES)


def test_the_encryption_from_before_is_an_attribute() -> None:
    """The contract: PreviousEncryptionType and PreviousKeyId tell what a Delete restores."""
    provider = Provider()
    provider.kinesis.add_stream("orders", "alias/two")
    data = provider.create(ONE)["Data"]
    assert (data["PreviousEncryptionType"], data["PreviousKeyId"]) == ("KMS", "alias/two")


def test_key_id_is_as_kinesis_reports_it_and_key_arn_is_resolved() -> None:
    """The contract: a stream that already has the key, spelled in another way, is not started again."""
    provider = Provider()
    provider.kinesis.add_stream("orders", provider.one.key_id)
    data = provider.create(ONE)["Data"]
    assert (data["KeyId"], data["KeyArn"]) == (provider.one.key_id, provider.one.arn)
    assert "StartStreamEncryption" not in provider.changes()


def test_a_delete_gives_the_id_that_it_came_with_and_no_attributes() -> None:
    """The protocol: the resource is gone."""
    provider = Provider()
    provider.create(ONE)
    response = provider.delete(ONE)
    assert (response["Status"], response["PhysicalResourceId"], response["Data"]) == ("SUCCESS", STREAM_ARN, {})


def test_a_skipped_restore_is_in_the_reason() -> None:
    """Promise 7: the stream keeps the encryption that it has, and the Reason says so."""
    provider = Provider()
    provider.kinesis.add_stream("orders", "alias/two")
    provider.create(ONE)
    provider.two.state = "PendingDeletion"
    response = provider.delete(ONE)
    assert response["Status"] == "SUCCESS"
    assert "alias/two" in response["Reason"]
    assert "pending deletion" in response["Reason"]
    assert provider.key_of() == provider.one.arn


@pytest.mark.parametrize("token", ENVELOPES)
def test_a_request_is_served_by_way_of_either_kind_of_service_token(token: str) -> None:
    """The protocol: the ServiceToken is the function's ARN, or an SNS topic's, which hands the request on as text."""
    provider = Provider()
    provider.deliver(ENVELOPES[token]({**create_event(ONE), "ResponseURL": provider.fresh_url()}))
    (response,) = provider.bucket.answers
    assert (response["Status"], response["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN)


def test_a_physical_id_of_1024_bytes_is_served() -> None:
    """The protocol: up to 1 KB. A Delete that can't be answered would block the stack."""
    provider, longest = Provider(), "x" * 1024
    response = provider.delete(ONE, PhysicalResourceId=longest)
    assert (response["Status"], response["PhysicalResourceId"]) == ("SUCCESS", longest)


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_attributes_that_do_not_fit_into_a_response_are_a_failure(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Promise 2: at most 4,096 bytes. A FAILED Update has the old id, or the old stream would be forgotten."""
    provider = Provider()
    provider.create(ONE)
    provider.kinesis.add_stream("payments")
    long = {"StreamName": "payments", "KeyId": f"alias/{'x' * 2000}"}
    provider.kms.add_key(long["KeyId"], denies_describe=True)
    capsys.readouterr()
    response = provider.create(long, LogicalResourceId="Other") if kind == "Create" else provider.update(long, ONE)
    assert response["Reason"].startswith("[ResponseTooLong] ")
    assert (response["PhysicalResourceId"] == STREAM_ARN) is (kind == "Update")
    log = capsys.readouterr().out
    assert '"status":"SUCCESS"' not in log
    assert '"ErrorCode":"ResponseTooLong"' in log


def test_warm_invocations_share_nothing() -> None:
    """Attributes, notes and ids of one request are in no other response."""
    provider = Provider()
    provider.kinesis.add_stream("payments", "alias/two")
    provider.create(ONE)
    failed = provider.create({"StreamName": "nowhere"}, LogicalResourceId="Another")
    assert failed["Data"] == {}
    assert failed["PhysicalResourceId"].startswith("failed-create:platform-encryption/Another/")
    assert "orders" not in failed["Reason"]
    provider.create({"StreamName": "payments", "KeyId": "alias/one"}, LogicalResourceId="Third")
    provider.two.state = "Disabled"
    payments = STREAM_ARN.replace("orders", "payments")
    skipped = provider.delete({"StreamName": "payments"}, LogicalResourceId="Third", PhysicalResourceId=payments)
    assert skipped["Reason"]
    deleted = provider.delete(ONE)
    assert (deleted["Status"], deleted["Reason"], deleted["Data"]) == ("SUCCESS", "", {})


# Wiring.


class NoClients:
    """Makes no client, and keeps the services that it was asked for."""

    def __init__(self) -> None:
        """Start with no service."""
        self.asked: list[str] = []

    def __call__(self, service: str) -> Any:
        """Raise an error."""
        self.asked.append(service)
        raise LookupError(f"no client of {service}")


@pytest.fixture
def without_clients() -> tuple[Any, NoClients, list[dict[str, Any]]]:
    """A handler without clients, the services that it asks for, and its responses."""
    responses: list[dict[str, Any]] = []

    def put(_url: str, body: bytes) -> int:
        responses.append(json.loads(body))
        return 200

    clients = NoClients()
    telemetry = Telemetry(Logger(service="test"), Metrics(namespace="test", service="test"))
    settings = Settings("test", "INFO", "test", "record")
    parts = Parts(settings, clients, Clock(), Random(1), telemetry, put)  # noqa: S311 - only spreads polls
    return make_handler(parts), clients, responses


def test_no_client_is_made_before_a_request_needs_one(without_clients: Any) -> None:
    """docs/crhelper-compared.md, 1."""
    handle, clients, _ = without_clients
    handle({"Records": []}, None)
    assert clients.asked == []


def test_a_client_that_can_t_be_made_fails_only_the_request_that_needs_it(without_clients: Any) -> None:
    """docs/crhelper-compared.md, 2: crhelper keeps the error, and fails every later request."""
    handle, clients, responses = without_clients
    for _ in range(2):
        handle(create_event(ONE), LambdaContext(Clock()))
    assert [response["Reason"].split()[0] for response in responses] == ["[InternalError]"] * 2
    assert "LookupError: no client of kinesis" in responses[0]["Reason"]
    assert len(clients.asked) == 2


def test_a_context_that_is_none_is_answered(without_clients: Any) -> None:
    """Promise 2: whatever invokes the function, CloudFormation is not left waiting."""
    handle, _, responses = without_clients
    handle(create_event(ONE), None)
    assert responses[0]["Status"] == "FAILED"


def test_the_entry_point_responds_by_http_and_the_real_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wiring of settings, clock, sender and handler; these two requests make no call to AWS."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "entry-point-of-this-test")
    monkeypatch.setenv("RECORD_TABLE", "record")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    Settings.client.cache_clear()
    with FakeResponseUrl() as endpoint:
        context = LambdaContext(Clock())
        on_event(create_event({"StreamName": "orders!"}, ResponseURL=endpoint.url()), context)
        on_event(delete_event({}, PhysicalResourceId="failed-create:x", ResponseURL=endpoint.url()), context)
        failed, deleted = endpoint.bucket.answers
    assert (failed["Status"], deleted["Status"]) == ("FAILED", "SUCCESS")
    assert failed["Reason"].startswith("[InvalidProperties] ")
    Settings.client.cache_clear()
