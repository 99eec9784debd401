"""Promise 4: no call where nothing needs to change. Promise 5: a key change never passes through plaintext.

And property KeyId: which key an alias means, and what becomes of a stream whose alias is pointed elsewhere.
"""

from collections.abc import Mapping

import pytest

from tests.builders import ACCOUNT, REGION, STREAM_ARN
from tests.contract.stories import ONE, TWO, create, delete, failed, made, ok, send, starts, stops, update
from tests.fake_kms import Key
from tests.fake_stream import NONE, Described


def test_a_stream_with_the_wanted_key_costs_no_start_and_six_calls_at_the_most() -> None:
    """Promise 4: the stream is adopted; its Delete finds it as it was."""
    provider = made("alias/one")
    ok(send(provider, create()))
    assert len(provider.kinesis.calls) <= 6
    ok(send(provider, delete()))
    assert (provider.key_of(), starts(provider), stops(provider)) == ("alias/one", 0, 0)


def spellings(key: Key, alias: str) -> tuple[str, ...]:
    """Every way to name a key."""
    return alias, f"arn:aws:kms:{REGION}:{ACCOUNT}:{alias}", key.key_id, key.arn


@pytest.mark.parametrize("there", range(4), ids=["alias", "alias ARN", "GUID", "ARN"])
@pytest.mark.parametrize("wanted", range(4), ids=["alias", "alias ARN", "GUID", "ARN"])
@pytest.mark.parametrize("alias", ["alias/one", "alias/aws/kinesis"])
def test_keys_are_the_same_however_they_are_spelled(there: int, wanted: int, alias: str) -> None:
    """Promise 4: keys are compared as resolved keys."""
    provider = made()
    key = provider.kms.find(alias)
    assert key
    provider.kinesis.add_stream("orders", spellings(key, alias)[there])
    answer = ok(send(provider, create({**ONE, "KeyId": spellings(key, alias)[wanted]})))
    assert starts(provider) == 0
    assert (answer["Data"]["KeyArn"], answer["Data"]["KeyId"]) == (key.arn, spellings(key, alias)[there])


@pytest.mark.parametrize(
    "change",
    [
        {"OnDelete": "Keep"},
        {"SettleSeconds": "1"},
        {"Verify": "false"},
        {"Takeover": "true"},
        {"EncryptionType": "KMS"},
        {"StreamARN": STREAM_ARN},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_change_of_any_other_property_is_no_start(change: Mapping[str, str]) -> None:
    """Properties, "on change": in place, no call to Kinesis that changes anything."""
    provider = made()
    ok(send(provider, create()))
    answer = ok(send(provider, update({**ONE, **change}, ONE)))
    assert (starts(provider), stops(provider), answer["PhysicalResourceId"]) == (1, 0, STREAM_ARN)


@pytest.mark.parametrize("described", list(Described), ids=lambda described: described.name)
def test_a_key_change_never_passes_through_plaintext(described: Described) -> None:
    """Promise 5: Start with the new key, at once; and the way back is as short."""
    provider = made()
    ok(send(provider, create()))
    provider.clock.sleep(60)
    provider.kinesis.settings.described = described
    begun = provider.clock.now()
    ok(send(provider, update(TWO, ONE)))
    assert provider.key_of() == provider.two.arn
    ok(send(provider, update(ONE, TWO)))
    assert provider.key_of() == provider.one.arn
    states = provider.kinesis.during("orders", begun, provider.clock.now())
    assert NONE not in {state.encryption for state in states} | {state.in_force for state in states}
    assert stops(provider) == 0


def test_a_restore_to_another_key_never_passes_through_plaintext() -> None:
    """Promise 5, for a Delete."""
    provider = made("alias/three")
    begun = provider.clock.now()
    ok(send(provider, create()))
    ok(send(provider, delete()))
    assert NONE not in {state.encryption for state in provider.kinesis.during("orders", begun, provider.clock.now())}


@pytest.mark.parametrize("alias_arn", [False, True])
def test_a_start_by_a_customers_alias_is_called_with_the_keys_arn(*, alias_arn: bool) -> None:
    """Property KeyId: a customer's alias means the key behind it at that moment."""
    provider = made()
    key_id = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/one" if alias_arn else "alias/one"
    answer = ok(send(provider, create({**ONE, "KeyId": key_id})))
    (call,) = provider.kinesis.calls.named("StartStreamEncryption")
    assert call.arguments["KeyId"] == provider.one.arn
    assert (answer["Data"]["KeyId"], answer["Data"]["KeyArn"]) == (provider.one.arn, provider.one.arn)


def test_the_default_key_is_called_by_its_alias() -> None:
    """Property KeyId: `alias/aws/…` as given, with a key behind it or none yet."""
    for exists in (True, False):
        provider = made()
        managed = provider.kms.find("alias/aws/kinesis")
        assert managed
        if not exists:
            provider.kms.remove(managed)
        answer = ok(send(provider, create({"StreamName": "orders"})))
        made_since = provider.kms.find("alias/aws/kinesis")
        assert made_since
        assert (answer["Data"]["KeyId"], answer["Data"]["KeyArn"]) == ("alias/aws/kinesis", made_since.arn)


@pytest.mark.parametrize(
    "changed", [{"SettleSeconds": "1"}, {"KeyId": "ARN"}], ids=["by any change", "by the key's ARN"]
)
def test_an_alias_that_was_pointed_elsewhere_is_noticed_by_an_update_and_applied(changed: Mapping[str, str]) -> None:
    """Property KeyId, as found before: the Update answered the new key's ARN without any Start."""
    provider = made()
    ok(send(provider, create()))
    provider.kms.alias("alias/one", provider.two)
    provider.clock.sleep(60)
    now = {**ONE, **changed}
    now["KeyId"] = provider.two.arn if now["KeyId"] == "ARN" else now["KeyId"]
    answer = ok(send(provider, update(now, ONE)))
    assert (provider.key_of(), starts(provider)) == (provider.two.arn, 2)
    assert answer["Data"]["KeyArn"] == provider.two.arn


def test_a_stream_that_was_found_with_an_alias_has_the_key_that_the_alias_meant_then() -> None:
    """Property KeyId: what the record says counts; the alias was pointed elsewhere after an adopting Create."""
    provider = made("alias/one")
    ok(send(provider, create()))
    provider.kms.alias("alias/one", provider.two)
    ok(send(provider, update({**ONE, "SettleSeconds": "1"}, ONE)))
    assert (provider.key_of(), starts(provider)) == (provider.two.arn, 1)


def test_an_alias_that_may_not_be_looked_up_is_used_as_given() -> None:
    """Property KeyId: where the look-up is denied; and it is no Start again at the next Update."""
    provider = made()
    provider.one.denies_describe = True
    answer = ok(send(provider, create()))
    assert (answer["Data"]["KeyId"], provider.key_of()) == ("alias/one", "alias/one")
    ok(send(provider, update({**ONE, "OnDelete": "Keep"}, ONE)))
    assert starts(provider) == 1


def test_an_alias_that_may_be_looked_up_later_and_is_then_pointed_elsewhere_is_noticed() -> None:
    """Property KeyId, as found: the Update answered the new key's ARN without any Start."""
    provider = made()
    provider.one.denies_describe = True
    ok(send(provider, create()))
    provider.one.denies_describe = False
    ok(send(provider, update({**ONE, "SettleSeconds": "1"}, ONE)))
    provider.kms.alias("alias/one", provider.two)
    answer = ok(send(provider, update({**ONE, "SettleSeconds": "2"}, ONE)))
    assert (answer["Data"]["KeyArn"], provider.key_of(), starts(provider)) == (provider.two.arn, provider.two.arn, 2)


def test_a_refused_key_keeps_the_one_that_there_is() -> None:
    """Promise 5: a failed Update and its rollback cost no Start."""
    provider = made()
    ok(send(provider, create()))
    provider.two.denies_use = True
    failed(send(provider, update(TWO, ONE)), "KeyUnusable")
    ok(send(provider, update(ONE, TWO)))
    assert (provider.key_of(), starts(provider), stops(provider)) == (provider.one.arn, 1, 0)
