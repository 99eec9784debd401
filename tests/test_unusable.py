"""Streams and keys that can't be used: FAILED with a code and the fix, and the stream left as it is."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.builders import ACCOUNT, REGION, STREAM_ARN
from tests.provider import Provider
from tests.test_bad_input import refused

GONE_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/99999999-1111-4222-8333-444455556666"
REFUSAL_RETRY_SECONDS = 60


@pytest.mark.parametrize("properties", [{"StreamName": "orders"}, {"StreamARN": STREAM_ARN}])
def test_a_stream_that_does_not_exist_fails_with_the_place_that_was_looked_at(properties: dict[str, str]) -> None:
    """The contract: FAILED says what happened, on which stream, and what to do about it."""
    reason = refused(Provider(stream=False), properties, "StreamNotFound")
    assert "orders" in reason
    assert f"account {ACCOUNT}, region {REGION}" in reason
    assert "StreamName or StreamARN" in reason


def test_a_stream_that_is_being_deleted_fails_at_once() -> None:
    """DELETING never becomes ACTIVE."""
    provider = Provider()
    provider.kinesis.people.delete("orders", 1000)
    begun = provider.clock.now()
    assert STREAM_ARN in refused(provider, {"StreamName": "orders"}, "StreamBeingDeleted")
    assert provider.clock.now() - begun < 5


def _missing_alias(provider: Provider) -> str:
    provider.kms.remove(provider.one)
    return "alias/one"


def _add(**traits: Any) -> Callable[[Provider], str]:
    return lambda provider: provider.kms.add_key(**traits).arn


MISSING: dict[str, Callable[[Provider], str]] = {
    "an alias": _missing_alias,
    "a key's ARN": lambda _: GONE_ARN,
    "a key's GUID": lambda _: GONE_ARN.rpartition("/")[2],
}
UNUSABLE: dict[str, tuple[Callable[[Provider], str], str]] = {
    "disabled": (_add(state="Disabled"), "Disabled"),
    "pending deletion": (_add(state="PendingDeletion"), "pending deletion"),
    "replica pending deletion": (_add(state="PendingReplicaDeletion"), "pending deletion"),
    "without material": (_add(state="PendingImport"), "key material"),
    "key store gone": (_add(state="Unavailable"), "unavailable"),
    "asymmetric": (_add(spec="RSA_2048"), "RSA_2048"),
    "for signatures": (_add(spec="ECC_NIST_P256", usage="SIGN_VERIFY"), "SIGN_VERIFY"),
    "for codes": (_add(spec="HMAC_256", usage="GENERATE_VERIFY_MAC"), "GENERATE_VERIFY_MAC"),
}


@pytest.mark.parametrize(("make", "fault"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_key_that_can_t_encrypt_a_stream_fails_at_once(make: Callable[[Provider], str], fault: str) -> None:
    """The contract: before anything is changed, the key is looked up. Waiting does not make these right."""
    provider = Provider()
    key_id = make(provider)
    begun = provider.clock.now()
    reason = refused(provider, {"StreamName": "orders", "KeyId": key_id}, "KeyUnusable")
    assert [part for part in (key_id, STREAM_ARN, fault) if part not in reason] == []
    assert provider.clock.now() - begun < REFUSAL_RETRY_SECONDS


@pytest.mark.parametrize("make", MISSING.values(), ids=MISSING.keys())
def test_a_key_that_does_not_exist_fails_after_a_minute(make: Callable[[Provider], str]) -> None:
    """Promise 9: a key or an alias can be seconds old."""
    provider = Provider()
    key_id = make(provider)
    begun = provider.clock.now()
    reason = refused(provider, {"StreamName": "orders", "KeyId": key_id}, "KeyUnusable")
    assert [part for part in (key_id, STREAM_ARN, "does not exist") if part not in reason] == []
    assert REFUSAL_RETRY_SECONDS <= provider.clock.now() - begun < 2 * REFUSAL_RETRY_SECONDS


@pytest.mark.parametrize("make", [*MISSING.values(), *(make for make, _ in UNUSABLE.values())])
def test_an_update_to_a_key_that_can_t_be_used_keeps_the_old_one(make: Callable[[Provider], str]) -> None:
    """Promise 5: a refused change passes through no other state at all."""
    provider, good = Provider(), {"StreamName": "orders", "KeyId": "alias/two"}
    provider.create(good)
    before = provider.changes()
    response = provider.update({"StreamName": "orders", "KeyId": make(provider)}, good)
    assert (response["Status"], response["PhysicalResourceId"]) == ("FAILED", STREAM_ARN)
    assert provider.changes() == before
    assert provider.key_of() == provider.two.arn
