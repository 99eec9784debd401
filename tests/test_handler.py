"""The door for CloudFormation: what is answered, and what is not even begun."""

import json
from random import Random
from typing import Any

import pytest
from aws_lambda_powertools import Logger, Metrics

from stream_encryption.answer import DELIVERY_SECONDS
from stream_encryption.doors import door, on_event
from stream_encryption.settings import Settings
from stream_encryption.telemetry import Telemetry
from tests.builders import ATTRIBUTES, STREAM_ARN, LambdaContext, create_event, delete_event
from tests.fake_clock import Clock
from tests.fake_response_url import FakeResponseUrl
from tests.provider import Provider

ONE = {"StreamName": "orders", "KeyId": "alias/one"}


def test_a_create_answers_the_stream_s_arn_and_every_attribute() -> None:
    """The contract: Ref is the stream's ARN; Fn::GetAtt has these seven, and no others."""
    provider = Provider()
    answer = provider.create(ONE)
    assert (answer["Status"], answer["PhysicalResourceId"], answer["Reason"]) == ("SUCCESS", STREAM_ARN, "")
    assert answer["Data"] == {
        "StreamARN": STREAM_ARN,
        "StreamName": "orders",
        "EncryptionType": "KMS",
        "KeyId": "alias/one",
        "KeyArn": provider.one.arn,
        "PreviousEncryptionType": "NONE",
        "PreviousKeyId": "",
    }
    assert set(answer["Data"]) == set(ATTRIBUTES)


def test_a_stream_that_was_encrypted_before_is_answered_with_what_was() -> None:
    """The contract: PreviousEncryptionType and PreviousKeyId: what deletion brings back."""
    provider = Provider()
    provider.kinesis.add_stream("orders", "alias/two")
    data = provider.create(ONE)["Data"]
    assert (data["PreviousEncryptionType"], data["PreviousKeyId"]) == ("KMS", "alias/two")
    assert (data["KeyId"], data["KeyArn"]) == ("alias/one", provider.one.arn)


def test_a_key_that_kinesis_spells_otherwise_is_answered_as_kinesis_does() -> None:
    """The contract: KeyId as Kinesis reports it, KeyArn resolved."""
    provider = Provider()
    provider.kinesis.add_stream("orders", provider.one.key_id)
    data = provider.create(ONE)["Data"]
    assert (data["KeyId"], data["KeyArn"]) == (provider.one.key_id, provider.one.arn)
    assert provider.changes() == ["AddTagsToStream"]


def test_a_delete_answers_the_id_that_it_was_given_and_no_attributes() -> None:
    """There is no resource left to have any."""
    provider = Provider()
    provider.create(ONE)
    answer = provider.delete(ONE)
    assert (answer["Status"], answer["PhysicalResourceId"], answer["Data"]) == ("SUCCESS", STREAM_ARN, {})


def test_what_could_not_be_restored_is_said_in_the_answer() -> None:
    """Promise 7: the stream keeps the encryption that it has, and the answer's Reason says so."""
    provider = Provider()
    provider.kinesis.add_stream("orders", "alias/two")
    provider.create(ONE)
    provider.two.state = "PendingDeletion"
    answer = provider.delete(ONE)
    assert answer["Status"] == "SUCCESS"
    assert "alias/two" in answer["Reason"]
    assert "can't be restored: it is pending deletion" in answer["Reason"]
    assert provider.key_of() == "alias/one"


def test_a_request_that_cloudformation_no_longer_waits_for_is_not_begun() -> None:
    """Promise 6: a Create that Lambda delivers hours late would encrypt for nobody."""
    provider = Provider()
    event = {**create_event(ONE), "ResponseURL": provider.fresh_url()}
    provider.clock.sleep(3600)
    provider.deliver(event)
    (answer,) = provider.bucket.answers
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == "failed-create:platform-encryption/Encryption"
    assert "issued at 2026-01-01 00:00:00 UTC and had to be answered by 2026-01-01 00:59:40 UTC" in answer["Reason"]
    assert len(provider.kinesis.calls) == 0


@pytest.mark.parametrize(("late", "status"), [(44, "SUCCESS"), (45, "FAILED")])
def test_it_is_late_from_the_deadline_on(late: float, status: str) -> None:
    """The contract: the deadline is ServiceTimeout less a margin, here 60 s less 15 s."""
    provider = Provider()
    properties = {**ONE, "ServiceTimeout": "60", "SettleSeconds": "0"}
    provider.kinesis.add_stream("orders", "alias/one")
    event = {**create_event(properties), "ResponseURL": provider.fresh_url()}
    provider.clock.sleep(late)
    provider.deliver(event)
    assert [answer["Status"] for answer in provider.bucket.answers] == [status]


@pytest.mark.parametrize(
    ("service_timeout", "lambda_timeout", "at_most"),
    [("3600", 900, 880), ("600", 900, 580), ("3600", 100, 80), ("3600", 40, 30), ("40", 900, 30)],
)
def test_whichever_ends_first_ends_the_waiting_cloudformation_or_lambda(
    service_timeout: str, lambda_timeout: float, at_most: float
) -> None:
    """Promise 2: exactly one answer, before CloudFormation gives up; and before Lambda ends the invocation."""
    provider = Provider()
    provider.kinesis.people.reshard("orders", 100_000)
    start = provider.clock.now()
    answer = provider.handle(create_event({**ONE, "ServiceTimeout": service_timeout}), timeout=lambda_timeout)
    assert answer["Status"] == "FAILED"
    assert "Time ran out for stream orders" in answer["Reason"]
    assert at_most - 10 < provider.clock.now() - start <= at_most


def test_there_is_time_to_bring_the_answer_of_a_time_out_home() -> None:
    """The margin outlasts the tries of the delivery: what is refused for a while is answered all the same."""
    provider = Provider()
    provider.kinesis.people.reshard("orders", 100_000)
    start = provider.clock.now()
    provider.handle(create_event(ONE), timeout=900)
    assert provider.clock.now() - start + DELIVERY_SECONDS < 900


class NoClients:
    """An account in which nobody has asked for a client yet."""

    def __init__(self) -> None:
        """Note who is asked for."""
        self.asked: list[str] = []

    def __call__(self, service: str) -> Any:
        """Make no client."""
        self.asked.append(service)
        raise LookupError(f"no client of {service}")


@pytest.fixture
def desk() -> tuple[Any, NoClients, list[dict[str, Any]]]:
    """A door without clients, who was asked for one, and the answers."""
    answers: list[dict[str, Any]] = []

    def send(_url: str, body: bytes) -> int:
        answers.append(json.loads(body))
        return 200

    clients = NoClients()
    telemetry = Telemetry(Logger(service="test"), Metrics(namespace="test", service="test"))
    settings = Settings("test", "INFO", "test")
    return door(settings, clients, Clock(), Random(1), telemetry, send), clients, answers  # noqa: S311 - it only spreads polls


def test_no_client_is_made_before_a_request_needs_one(desk: tuple[Any, NoClients, list[dict[str, Any]]]) -> None:
    """A cold start that serves nobody costs nothing; and an import needs no region."""
    handle, clients, _ = desk
    assert clients.asked == []
    handle({"Records": []}, None)
    assert clients.asked == []


def test_a_client_that_cannot_be_made_fails_its_own_request_and_no_later_one(
    desk: tuple[Any, NoClients, list[dict[str, Any]]],
) -> None:
    """Not as in crhelper, where an error of the set-up is stored, and every later request fails with it."""
    handle, clients, answers = desk
    for _ in range(2):
        handle(create_event(ONE), LambdaContext(Clock()))
    assert [answer["Status"] for answer in answers] == ["FAILED", "FAILED"]
    assert "LookupError: no client of kinesis" in answers[0]["Reason"]
    assert len(clients.asked) == 2


def test_a_context_that_is_none_is_answered(desk: tuple[Any, NoClients, list[dict[str, Any]]]) -> None:
    """Whatever invokes the function, CloudFormation is not left waiting."""
    handle, _, answers = desk
    handle(create_event(ONE), None)
    assert answers[0]["Status"] == "FAILED"


def test_warm_invocations_answer_each_for_itself() -> None:
    """Attributes, notes and ids of one request are in no other's answer."""
    provider = Provider()
    provider.kinesis.add_stream("payments", "alias/two")
    provider.create(ONE)
    failed = provider.create({"StreamName": "nowhere"}, LogicalResourceId="Another")
    assert (failed["Data"], failed["PhysicalResourceId"]) == ({}, "failed-create:platform-encryption/Another")
    assert "orders" not in failed["Reason"]
    provider.create({"StreamName": "payments", "KeyId": "alias/one"}, LogicalResourceId="Third")
    provider.two.state = "Disabled"
    payments = STREAM_ARN.replace("orders", "payments")
    conceded = provider.delete({"StreamName": "payments"}, LogicalResourceId="Third", PhysicalResourceId=payments)
    assert conceded["Reason"]
    quiet = provider.delete(ONE)
    assert (quiet["Status"], quiet["Reason"], quiet["Data"]) == ("SUCCESS", "", {})


def test_lambda_s_entry_point_answers_over_http_by_the_real_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wiring: settings, clock, courier and door; one call more than this and it would need an AWS."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "entry-point-of-this-test")
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
    assert "StreamName 'orders!'" in failed["Reason"]
    Settings.client.cache_clear()
