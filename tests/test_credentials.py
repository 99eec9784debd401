"""Signatures and credentials that AWS does not accept: one passes by itself, the other fails with a code of its own."""

import pytest

from tests.fake_errors import Kind
from tests.provider import Provider

ONE = {"StreamName": "orders", "KeyId": "alias/one"}
CALLS = ("DescribeStreamSummary", "DescribeKey", "GetItem", "PutItem", "StartStreamEncryption")


@pytest.mark.parametrize("call", CALLS)
def test_an_expired_signature_is_signed_anew(call: str) -> None:
    """The contract: a call that was under way for more than five minutes says nothing about the permissions."""
    provider = Provider()
    provider.kinesis.faults.fail_next(call, Kind.EXPIRED_SIGNATURE)
    begun = provider.clock.now()
    assert provider.create(ONE)["Status"] == "SUCCESS"
    assert provider.key_of() == provider.one.arn
    assert provider.clock.now() - begun < 60


@pytest.mark.parametrize("call", CALLS)
def test_expired_credentials_fail_after_a_minute_with_their_own_code(call: str) -> None:
    """The template and the key are right, so the Reason says to deploy again."""
    provider = Provider()
    provider.kinesis.faults.fail_next(call, Kind.EXPIRED_TOKEN, times=999)
    begun = provider.clock.now()
    response = provider.create(ONE)
    assert response["Status"] == "FAILED"
    assert response["Reason"].startswith("[CredentialsExpired] ")
    assert f":{call} " in response["Reason"]
    assert 60 <= provider.clock.now() - begun < 120


def test_credentials_that_are_refreshed_in_time_are_no_failure() -> None:
    """Promise 9: the role may be seconds old, and its credentials are renewed from time to time."""
    provider = Provider()
    provider.kinesis.faults.between(0, provider.clock.now() + 30, "kinesis:*", Kind.EXPIRED_TOKEN)
    assert provider.create(ONE)["Status"] == "SUCCESS"
