"""The contract's table of errors, row by row, by the whole provider."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from tests.builders import STREAM_ARN
from tests.contract.stories import ONE, TWO, Answer, create, delete, failed, made, ok, owners, send, starts, update
from tests.fake_calls import Call
from tests.fake_errors import Kind, client_error
from tests.provider import Provider

MEANINGS = {
    "throttled": [
        *(Kind.THROTTLING, Kind.RATE_EXCEEDED, Kind.KMS_THROTTLING, Kind.PROVISIONED_THROUGHPUT, Kind.REQUEST_LIMIT),
    ],
    "not done": [Kind.CONNECTION, Kind.CONNECT_TIMEOUT, Kind.EXPIRED_SIGNATURE],
    "perhaps done": [
        *(Kind.READ_TIMEOUT, Kind.CONNECTION_CLOSED, Kind.INTERNAL_FAILURE, Kind.INTERNAL_SERVER_ERROR),
        Kind.SERVICE_UNAVAILABLE,
    ],
}
"""What passes, by what it means to the provider: tests/aws/test_service_errors.py proves the meaning of each."""
EVERY_KIND = [kind for kinds in MEANINGS.values() for kind in kinds]
ONE_OF_EACH = [kinds[0] for kinds in MEANINGS.values()]


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        *product(["StartStreamEncryption"], EVERY_KIND),
        *product(["DescribeStreamSummary", "GetItem", "PutItem", "DescribeKey"], ONE_OF_EACH),
    ],
)
def test_minutes_of_throttling_and_outage_change_the_rhythm_alone(action: str, kind: Kind) -> None:
    """Rows throttling, connection errors, time-outs and 5xx: back off and go on, less often."""
    provider = made()
    now = provider.clock.now()
    provider.kinesis.faults.between(now, now + 300, action, kind)
    ok(send(provider, create()))
    assert (provider.key_of(), starts(provider)) == (provider.one.arn, 1)
    assert len(provider.kinesis.calls.named(action).between(now + 60, now + 300)) <= 80


@pytest.mark.parametrize("kind", [Kind.THROTTLING, Kind.RATE_EXCEEDED], ids=lambda kind: kind.name)
def test_a_throttle_does_not_make_the_looks_more_frequent(kind: Kind) -> None:
    """Row throttling: back off and go on."""

    def calls(disturb: Callable[[Provider], None]) -> int:
        provider = made()
        disturb(provider)
        now = provider.clock.now()
        send(provider, create())
        return len(provider.kinesis.calls.named("DescribeStreamSummary").between(now, now + 200))

    def throttle(provider: Provider) -> None:
        now = provider.clock.now()
        provider.kinesis.faults.between(now, now + 200, "kinesis:*", kind)

    assert calls(throttle) <= calls(lambda provider: provider.kinesis.people.reshard("orders", 200))


def test_a_stream_that_is_in_use_is_waited_for() -> None:
    """Row ResourceInUseException: wait for ACTIVE, try again."""
    provider = made()
    provider.kinesis.faults.before_call(
        lambda _: provider.kinesis.people.reshard("orders", 90), "StartStreamEncryption"
    )
    ok(send(provider, create()))
    assert provider.key_of() == provider.one.arn
    assert len(provider.kinesis.calls.named("StartStreamEncryption")) == 2


@pytest.mark.parametrize(("spend", "event"), [("starts", update(TWO, ONE)), ("stops", delete())], ids=["Start", "Stop"])
def test_a_spent_quota_fails_after_two_minutes_and_says_when_it_can_work_again(spend: str, event: Answer) -> None:
    """Row LimitExceededException otherwise: names the 25-a-day quota, and when it works again at the latest."""
    provider = made()
    ok(send(provider, create()))
    getattr(provider.kinesis.streams["orders"], spend).extend([provider.clock.now()] * 25)
    begun = provider.clock.now()
    reason = failed(send(provider, event), "QuotaSpent")["Reason"]
    assert [word for word in ("25", "2026-01-02 00:02", "orders") if word not in reason] == []
    assert 120 <= provider.clock.now() - begun <= 145


def test_a_limit_that_passes_in_time_is_waited_for() -> None:
    """Row LimitExceededException otherwise: back off for at most two minutes."""
    provider = made()
    now = provider.clock.now()
    provider.kinesis.faults.between(now, now + 100, "StartStreamEncryption", Kind.DAILY_QUOTA)
    ok(send(provider, create()))


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("kinesis:DescribeStreamSummary", "stream/orders"),
        ("dynamodb:GetItem", "table/"),
        ("dynamodb:PutItem", "table/"),
        ("kinesis:StartStreamEncryption", "stream/orders"),
        ("kinesis:PutRecord", "stream/orders"),
    ],
)
def test_a_role_that_lacks_an_action_is_told_which_and_on_what(action: str, resource: str) -> None:
    """Row AccessDenied: promise 9, then FAILED: the action and the ARN that the provider's role lacks."""
    provider = made()
    now = provider.clock.now()
    provider.kinesis.faults.between(now, now + 1e6, action, Kind.ACCESS_DENIED)
    reason = failed(send(provider, create({**ONE, "Verify": "true"})), "AccessDenied")["Reason"]
    assert action in reason
    assert resource in reason
    assert 60 <= provider.clock.now() - now <= 100


def denied_by_its_key(call: Call) -> BaseException:
    """DynamoDB's words where the caller may not use the key that the table is encrypted with."""
    return client_error(
        "AccessDeniedException", "KMS key access denied error: you are not allowed to use it", call.action
    )


@pytest.mark.parametrize("action", ["GetItem", "PutItem"])
@pytest.mark.parametrize("denial", [Kind.ACCESS_DENIED, denied_by_its_key], ids=["the table", "its key"])
def test_a_table_that_is_denied_fails_every_request_which_works_when_it_is_repeated(action: str, denial: Any) -> None:
    """Row AccessDenied, on Delete too: the record is still there, and the provider's own role can be mended."""
    provider = made()
    for event in (create(), update(TWO, ONE), delete(TWO)):
        now = provider.clock.now()
        provider.table.faults.between(now, now + 70, action, denial)
        reason = failed(send(provider, event), "AccessDenied")["Reason"]
        assert [word for word in ("RecordTableName", "RecordKeyArn", "role") if word not in reason] == []
        assert "key or stream" not in reason
        provider.clock.sleep(70)
        ok(send(provider, event))
    assert (provider.key_of(), starts(provider), owners(provider)) == (None, 2, [])


def test_expired_credentials_have_an_error_of_their_own() -> None:
    """Issue: an expired signature is transient; expired credentials get a sentence of their own."""
    provider = made()
    provider.kinesis.faults.between(0, 1e12, "StartStreamEncryption", Kind.EXPIRED_TOKEN)
    failed(send(provider, create()), "CredentialsExpired")


def test_the_services_own_words_reach_the_reader() -> None:
    """Row InvalidArgumentException: FAILED with the service's message, at once."""

    def odd(call: Call) -> BaseException:
        return client_error("InvalidArgumentException", "The moon is full.", call.action)

    provider = made()
    begun = provider.clock.now()
    provider.kinesis.faults.fail_next("StartStreamEncryption", odd, times=5)
    assert "The moon is full." in failed(send(provider, create()), "InvalidArgument")["Reason"]
    assert provider.clock.now() - begun < 5


@pytest.mark.parametrize(("seconds", "code"), [(0, "StreamNotFound"), (600, "StreamBeingDeleted")])
def test_a_stream_that_is_not_there_fails_at_once_with_what_to_fix(seconds: float, code: str) -> None:
    """Errors StreamNotFound and StreamBeingDeleted."""
    provider = made()
    provider.kinesis.people.delete("orders", seconds)
    begun = provider.clock.now()
    assert "orders" in failed(send(provider, create()), code)["Reason"]
    assert provider.clock.now() - begun < 5
    assert provider.changes() == []


def test_a_table_that_is_gone_fails_a_create_after_a_minute() -> None:
    """Error RecordUnavailable: without a record nothing is started."""
    provider = made()
    provider.table.exists = False
    failed(send(provider, create()), "RecordUnavailable")
    assert starts(provider) == 0


def test_an_item_that_can_not_be_read_is_no_licence() -> None:
    """Error RecordUnavailable, and record, rule 6."""
    provider = made()
    provider.table.put_item(TableName=provider.table.name, Item={"stream": {"S": STREAM_ARN}, "claims": {"S": "?"}})
    failed(send(provider, create()), "RecordUnavailable")
    assert starts(provider) == 0
