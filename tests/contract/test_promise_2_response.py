"""Promise 2: one response before CloudFormation gives up, never over 4,096 bytes, that says what happened.

That exactly one response is sent, and how it is delivered, is tested with the protocol.
"""

import json

import pytest

from tests.contract.stories import ONE, TWO, create, denied_on, failed, made, ok, send, update
from tests.fake_errors import Kind
from tests.provider import Provider


def test_a_response_with_the_longest_names_fits() -> None:
    """Promise 2: never over 4,096 bytes."""
    name = "n" * 128
    provider = made()
    provider.kinesis.add_stream(name)
    provider.kms.alias("alias/" + "k" * 250, provider.one)
    response = ok(send(provider, create({"StreamName": name, "KeyId": "alias/" + "k" * 250})))
    assert len(json.dumps(response)) <= 4096


@pytest.mark.parametrize(
    ("service_timeout", "latest"), [(None, 3600), ("1", 1), ("30", 30), ("300", 300), ("3600", 3600)]
)
def test_the_response_is_there_before_cloudformation_gives_up(service_timeout: str | None, latest: float) -> None:
    """Promise 2 and error DeadlineExceeded: however short ServiceTimeout is."""
    provider = made()
    provider.kinesis.people.reshard("orders", 10_000)
    begun = provider.clock.now()
    extra = {"ServiceTimeout": service_timeout} if service_timeout else {}
    reason = failed(provider.handle(create({**ONE, **extra}), 10_000.0), "DeadlineExceeded")["Reason"]
    assert "UPDATING" in reason
    assert 0.5 * latest <= provider.clock.now() - begun < latest


@pytest.mark.parametrize("left", [3.0, 10.0, 60.0, 300.0, 900.0])
def test_the_response_is_there_before_lambda_ends_the_invocation(left: float) -> None:
    """Promise 2: a wait that outlasts the invocation ends in a FAILED that is still delivered."""
    provider = made()
    provider.kinesis.people.reshard("orders", 10_000)
    begun = provider.clock.now()
    failed(provider.handle(create(), left), "DeadlineExceeded")
    assert 0.5 * left <= provider.clock.now() - begun < left


def test_time_that_runs_out_is_told_with_what_was_waited_for_and_how_long() -> None:
    """Error DeadlineExceeded."""
    provider = made()
    provider.kinesis.people.reshard("orders", 10_000)
    reason = failed(send(provider, create({**ONE, "ServiceTimeout": "120"})), "DeadlineExceeded")["Reason"]
    assert "is UPDATING" in reason
    assert "100 s" in reason
    assert provider.changes() == []


def test_time_is_used_to_its_end() -> None:
    """Errors: "back off and go on UNTIL the deadline": the last pause ends there, and a last try is made."""
    provider = made()
    begun = provider.clock.now()
    provider.kinesis.faults.between(0, 1e12, "*", Kind.THROTTLING)
    reason = failed(send(provider, create({**ONE, "ServiceTimeout": "600"})), "DeadlineExceeded")["Reason"]
    assert "ThrottlingException" in reason
    assert provider.clock.now() - begun >= 570


def _unverifiable(provider: Provider) -> None:
    provider.kinesis.faults.between(0, 1e12, "PutRecord", Kind.KMS_ACCESS_DENIED)


def _record_lost(provider: Provider) -> None:
    provider.kinesis.faults.before_call(lambda _: setattr(provider.table, "exists", False), "PutItem", skip=1)


def _taken_over(provider: Provider) -> None:
    takeover = create({**TWO, "Takeover": "true"}, StackId=create()["StackId"].replace("platform", "another"))
    provider.kinesis.faults.before_call(lambda _: send(provider, takeover), "PutItem", skip=1)


@pytest.mark.parametrize(
    ("happen", "code"),
    [
        (_unverifiable, "KeyUnusable"),
        (_record_lost, "RecordUnavailable"),
        (_taken_over, "OwnedByAnotherStack"),
    ],
)
def test_no_response_says_that_the_stream_was_left_as_it_is_once_a_start_was_made(happen: object, code: str) -> None:
    """Promise 2, as found before when Verify was refused by KMS."""
    provider = made()
    assert callable(happen)
    happen(provider)
    reason = failed(send(provider, create({**ONE, "Verify": "true" if code == "KeyUnusable" else "false"})), code)[
        "Reason"
    ]
    assert "left as it is" not in reason
    assert "nothing is started" not in reason


def test_a_failed_update_keeps_its_physical_resource_id() -> None:
    """Promise 2: otherwise CloudFormation would record the new one, and delete the old."""
    provider = made()
    created = ok(send(provider, create()))
    provider.two.state = "Disabled"
    response = failed(send(provider, update(TWO, ONE)), "KeyUnusable")
    assert response["PhysicalResourceId"] == created["PhysicalResourceId"]


def test_a_create_says_when_the_key_that_it_found_can_not_be_restored() -> None:
    """Issue: a Create that finds a previous key outside KeyArns says so, and how to make Restore possible."""
    provider = made("alias/three")
    three = provider.kms.find("alias/three")
    assert three
    three.denies_describe = True
    reason = ok(send(provider, create()))["Reason"]
    assert [word for word in ("Restore", "alias/three", "KeyArns") if word not in reason] == []
    provider = made("alias/three")
    assert ok(send(provider, create()))["Reason"] == ""


def test_a_denial_names_the_resource_that_iam_names() -> None:
    """Errors, AccessDenied: action and ARN; for a Start that may be the key's."""
    provider = made()
    provider.kinesis.faults.between(0, 1e12, "StartStreamEncryption", denied_on(provider.one.arn))
    reason = failed(send(provider, create()), "AccessDenied")["Reason"]
    assert f"kinesis:StartStreamEncryption on {provider.one.arn}" in reason
