"""Promise 9: what is refused because it is new is tried again for a minute; and the look-up of a key before a Start."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.builders import ACCOUNT, REGION, STREAM_ARN
from tests.contract.granting import BOTH, may_read, may_write
from tests.contract.stories import ONE, create, delete, failed, made, ok, owners, send, starts, update
from tests.fake_errors import Kind

KEY_KINDS = [
    Kind.KMS_NOT_FOUND,
    Kind.KMS_DISABLED,
    Kind.KMS_INVALID_STATE,
    Kind.KMS_ACCESS_DENIED,
    Kind.KMS_OPT_IN_REQUIRED,
]


@pytest.mark.parametrize("kind", KEY_KINDS, ids=lambda kind: kind.name)
def test_a_key_that_kinesis_refuses_fails_after_a_minute(kind: Kind) -> None:
    """Row KMS…: promise 9, then FAILED: action, key, its state, the fix."""
    provider = made()
    begun = provider.clock.now()
    provider.kinesis.faults.between(begun, begun + 1e6, "StartStreamEncryption", kind)
    reason = failed(send(provider, create()), "KeyUnusable")["Reason"]
    words = ("alias/one", str(kind), "kinesis:StartStreamEncryption", STREAM_ARN, "policy", "left as it is")
    assert [word for word in words if word not in reason] == []
    assert 60 <= provider.clock.now() - begun <= 90
    assert provider.key_of() is None


@pytest.mark.parametrize("kind", [*KEY_KINDS, Kind.ACCESS_DENIED, Kind.EXPIRED_TOKEN], ids=lambda kind: kind.name)
@pytest.mark.parametrize("seconds", [5, 50])
def test_what_is_refused_because_it_is_new_is_tried_again(kind: Kind, seconds: int) -> None:
    """Promise 9: for a minute."""
    provider = made()
    now = provider.clock.now()
    provider.kinesis.faults.between(now, now + seconds, "StartStreamEncryption", kind)
    ok(send(provider, create()))
    assert (provider.key_of(), starts(provider)) == (provider.one.arn, 1)


@pytest.mark.parametrize("traits", ["unknown_until", "denied_until"])
def test_a_key_and_its_policy_of_seconds_ago_are_waited_for(traits: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Promise 9: also a DescribeKey that finds nothing; with the reason in the log meanwhile."""
    provider = made()
    setattr(provider.one, traits, provider.clock.now() + 40)
    ok(send(provider, create()))
    assert provider.clock.now() >= getattr(provider.one, traits)
    assert "RetryingRefused" in capsys.readouterr().out


def test_an_alias_of_seconds_ago_is_waited_for() -> None:
    """Promise 9: KMS takes some seconds to know it."""
    provider = made()
    provider.kms.alias("alias/new", provider.one, unknown_until=provider.clock.now() + 40)
    ok(send(provider, create({**ONE, "KeyId": "alias/new"})))
    assert provider.key_of() == provider.one.arn


def test_a_former_key_that_is_new_to_the_role_is_tried_again_by_a_delete() -> None:
    """Promise 9: before a Delete leaves the key."""
    provider = made("alias/two")
    ok(send(provider, create()))
    provider.two.denied_until = provider.clock.now() + 40
    assert ok(send(provider, delete()))["Reason"] == ""
    assert provider.key_of() in ("alias/two", provider.two.arn)


@pytest.mark.parametrize(
    "key_id", ["alias/none", "00000009-1111-4222-8333-444455556666", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/none"]
)
def test_a_key_that_is_not_there_fails_after_a_minute(key_id: str) -> None:
    """Errors: before anything changes, the key must exist."""
    provider = made()
    begun = provider.clock.now()
    assert key_id in failed(send(provider, create({**ONE, "KeyId": key_id})), "KeyUnusable")["Reason"]
    assert 60 <= provider.clock.now() - begun <= 90
    assert starts(provider) == 0


@pytest.mark.parametrize(
    "traits",
    [
        {"state": "Disabled"},
        {"state": "PendingDeletion"},
        {"state": "PendingImport"},
        {"spec": "RSA_2048"},
        {"usage": "GENERATE_VERIFY_MAC", "spec": "HMAC_256"},
    ],
)
def test_a_key_that_kms_describes_as_unusable_fails_at_once(traits: Mapping[str, Any]) -> None:
    """Errors: it must be Enabled, symmetric, ENCRYPT_DECRYPT; and promise 9: what waiting can't mend fails at once."""
    provider = made()
    key = provider.kms.add_key("alias/bad", **traits)
    begun = provider.clock.now()
    for key_id in ("alias/bad", key.key_id, key.arn):
        assert key_id in failed(send(provider, create({**ONE, "KeyId": key_id})), "KeyUnusable")["Reason"]
    assert provider.clock.now() - begun < 5
    assert provider.changes() == []


def test_verify_with_a_disabled_key_fails_at_once_although_the_stream_has_that_key() -> None:
    """Errors: before anything is changed, the key is looked up; Kinesis could not encrypt the data record."""
    provider = made()
    ok(send(provider, create()))
    provider.one.state, begun = "Disabled", provider.clock.now()
    reason = failed(send(provider, update({**ONE, "Verify": "true"}, ONE)), "KeyUnusable")["Reason"]
    assert ("is Disabled" in reason, len(provider.kinesis.calls.named("PutRecord"))) == (True, 0)
    assert provider.clock.now() - begun < 15


def test_another_accounts_key_whose_look_up_is_denied_is_used_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """Errors: where the look-up itself is denied, go on without it and say so in the log."""
    provider = made()
    key = provider.kms.add_key(account="999999999999", denies_describe=True)
    properties = {**ONE, "KeyId": key.arn}
    assert ok(send(provider, create(properties)))["Data"]["KeyArn"] == key.arn
    assert [line for line in capsys.readouterr().out.splitlines() if "DescribeKey" in line and key.arn in line]
    ok(send(provider, update({**properties, "OnDelete": "Keep"}, properties)))
    assert starts(provider) == 1


def test_an_alias_whose_look_up_is_denied_for_a_while_means_the_key_that_was_started() -> None:
    """Promise 4 and property KeyId: no second Start puts the alias itself on the stream."""
    provider = made(handover_seconds=1)
    provider.kinesis.next_updating.append(120)
    now = provider.clock.now()
    provider.deliver({**create(), "ResponseURL": provider.fresh_url()})
    provider.kinesis.faults.between(now + 100, now + 160, "DescribeKey", Kind.ACCESS_DENIED)
    provider.states.play(provider.deliver)
    assert (provider.key_of(), owners(provider), starts(provider)) == (provider.one.arn, ["Encryption"], 1)


def test_an_alias_that_may_not_be_looked_up_any_more_means_the_key_that_was_started() -> None:
    """Promise 4 and property KeyId: an Update of SettleSeconds has nothing to call, and its response says so."""
    provider = made()
    ok(send(provider, create()))
    provider.one.denies_describe = True
    answer = ok(send(provider, update({**ONE, "SettleSeconds": "6"}, ONE)))
    assert (answer["Data"]["KeyArn"], provider.key_of(), starts(provider)) == (provider.one.arn, provider.one.arn, 1)
    assert all(one in answer["Reason"] for one in ("alias/one", provider.one.arn, "kms:DescribeKey"))


def test_an_alias_that_may_not_be_looked_up_for_some_seconds_is_looked_up_again() -> None:
    """Property KeyId: an alias that was pointed elsewhere is noticed by the next Update."""
    provider = made()
    ok(send(provider, create()))
    provider.kms.alias("alias/one", provider.two)
    now = provider.clock.now()
    provider.kinesis.faults.between(now, now + 20, "DescribeKey", Kind.ACCESS_DENIED)
    answer = ok(send(provider, update({**ONE, "SettleSeconds": "6"}, ONE)))
    assert (answer["Data"]["KeyArn"], provider.key_of(), answer["Reason"]) == (provider.two.arn, provider.two.arn, "")


def test_a_key_of_producers_whose_policy_is_seconds_old_is_waited_for() -> None:
    """A grant needs the ARN of the key behind the alias: the look-up is tried again."""
    provider = made()
    provider.one.denied_until = provider.clock.now() + 5
    ok(send(provider, create(BOTH)))
    assert (may_write(provider), may_read(provider), provider.key_of()) == (True, True, provider.one.arn)


def test_a_key_of_producers_that_may_not_be_looked_up_fails_after_a_minute() -> None:
    """Error KeyUnusable: the alias does not tell on which key to make the grants."""
    provider, began = made(), 60.0
    provider.one.denies_describe = True
    now = provider.clock.now()
    failed(send(provider, create(BOTH)), "KeyUnusable")
    assert began <= provider.clock.now() - now < began + 15
    assert provider.changes() == []


def test_grants_stay_where_their_key_may_not_be_looked_up_any_more() -> None:
    """Promise 4: an Update of OnDelete has nothing to call."""
    provider = made()
    ok(send(provider, create(BOTH)))
    provider.one.denies_describe = True
    ok(send(provider, update({**BOTH, "OnDelete": "Keep"}, BOTH)))
    assert (may_write(provider), len(provider.kms.grants.history)) == (True, 2)


@pytest.mark.parametrize("key_state", ["Disabled", "Unavailable"])
def test_a_former_key_that_can_not_be_used_for_some_seconds_is_restored(key_state: str) -> None:
    """Promise 7: a Delete gives the former key up for a reason that lasts."""
    provider = made("alias/two")
    ok(send(provider, create()))
    provider.two.state = key_state
    provider.clock.after(20, lambda: setattr(provider.two, "state", "Enabled"))
    assert ok(send(provider, delete()))["Reason"] == ""
    assert provider.key_of() == "alias/two"
