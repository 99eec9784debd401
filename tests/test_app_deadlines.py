"""The function as a whole: requests that come too late, and waits that end in time for the response."""

import json

import pytest

from stream_encryption.cloudformation.response import DELIVERY_SECONDS
from tests.builders import STREAM_ARN, create_event, update_event
from tests.provider import Provider

ONE = {"StreamName": "orders", "KeyId": "alias/one"}


def test_a_request_that_cloudformation_has_given_up_on_is_not_begun() -> None:
    """Promise 6: Lambda can deliver an event hours late."""
    provider = Provider()
    event = {**create_event(ONE), "ResponseURL": provider.fresh_url()}
    provider.clock.sleep(3600)
    provider.deliver(event)
    (response,) = provider.bucket.answers
    assert response["Reason"].startswith("[RequestExpired] ")
    assert "2026-01-01 00:00:00 UTC" in response["Reason"]
    assert "2026-01-01 00:59:40 UTC" in response["Reason"]
    assert response["PhysicalResourceId"].startswith("failed-create:platform-encryption/Encryption/")
    assert len(provider.kinesis.calls) == 0


@pytest.mark.parametrize(("late", "status"), [(44, "SUCCESS"), (45, "FAILED")])
def test_a_request_expires_at_its_deadline(late: float, status: str) -> None:
    """The contract: ServiceTimeout less a margin, here 60 s less 15 s."""
    provider = Provider()
    properties = {**ONE, "ServiceTimeout": "60", "SettleSeconds": "0"}
    provider.kinesis.add_stream("orders", "alias/one")
    event = {**create_event(properties), "ResponseURL": provider.fresh_url()}
    provider.clock.sleep(late)
    provider.deliver(event)
    assert [response["Status"] for response in provider.bucket.answers] == [status]


@pytest.mark.parametrize(
    ("service_timeout", "lambda_timeout", "at_most"),
    [("3600", 900, 880), ("600", 900, 580), ("3600", 100, 80), ("3600", 40, 30), ("40", 900, 30)],
)
def test_the_wait_ends_with_cloudformation_s_time_or_with_the_invocation(
    service_timeout: str, lambda_timeout: float, at_most: float
) -> None:
    """Promise 2: one response, before CloudFormation gives up and before Lambda ends the invocation."""
    provider = Provider()
    provider.kinesis.people.reshard("orders", 100_000)
    begun = provider.clock.now()
    response = provider.handle(create_event({**ONE, "ServiceTimeout": service_timeout}), timeout=lambda_timeout)
    assert response["Reason"].startswith("[DeadlineExceeded] ")
    assert "UPDATING" in response["Reason"]
    passed = provider.clock.now() - begun
    assert at_most - 10 < passed <= at_most
    assert passed + min(DELIVERY_SECONDS, lambda_timeout / 4) <= lambda_timeout, "no time was left for the delivery"


def test_a_failed_update_has_the_id_that_cloudformation_knows() -> None:
    """docs/crhelper-compared.md, 5: crhelper's time-out answers with an empty id."""
    provider = Provider()
    provider.create(ONE)
    provider.kinesis.people.reshard("orders", 10_000)
    response = provider.handle(update_event({**ONE, "KeyId": "alias/two"}, ONE), timeout=100)
    assert (response["Status"], response["PhysicalResourceId"]) == ("FAILED", STREAM_ARN)


def test_an_unreadable_service_timeout_is_logged_and_an_hour_is_assumed(capsys: pytest.CaptureFixture[str]) -> None:
    """The contract: ServiceTimeout is CloudFormation's own, so it is no fault; but its author should know."""
    provider = Provider()
    assert provider.create({**ONE, "ServiceTimeout": "soon"})["Status"] == "SUCCESS"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (warning,) = [line for line in lines if line.get("level") == "WARNING"]
    assert warning["service_timeout"] == "soon"
