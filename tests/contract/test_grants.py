"""Producers and Consumers: who may use the key, from before the Start until no record under it can be left."""

import pytest

from tests.builders import STREAM_NAME
from tests.contract.granting import (
    BOTH,
    DAY,
    OTHER,
    READER,
    WRITER,
    calls,
    may_read,
    may_write,
    named,
    recorded,
    unknown,
)
from tests.contract.stories import RENAMED, THEY, create, delete, failed, made, ok, send, update
from tests.fake_calls import Call
from tests.provider import Provider

GRANTS = ["CreateGrant", "CreateGrant"]
START, STOP, REVOKE = "StartStreamEncryption", "StopStreamEncryption", "RevokeGrant"


@pytest.fixture
def provider() -> Provider:
    """The provider, and a stream that is not encrypted."""
    return made()


def at_start(provider: Provider, seen: list[tuple[bool, bool]]) -> None:
    """Note at each Start whether the writer and the reader may use key one, and key two."""

    def note(call: Call) -> None:
        alias = "alias/one" if call.arguments["KeyId"] == provider.one.arn else "alias/two"
        seen.append((may_write(provider, alias=alias), may_read(provider, alias=alias)))

    provider.kms.faults.before_call(note, START, times=None)


def test_both_may_use_the_key_before_the_stream_is_encrypted_with_it(provider: Provider) -> None:
    """Grants: no PutRecord and no GetRecords fails for want of a right to the key."""
    seen: list[tuple[bool, bool]] = []
    at_start(provider, seen)
    begun = provider.clock.now()
    ok(send(provider, create(BOTH)))
    assert seen == [(True, True)]
    assert calls(provider) == [*GRANTS, START]
    (start,) = [state.at for state in provider.kinesis.history if state.why == "start"]
    assert start - begun >= 60
    assert not may_write(provider, OTHER)


def test_the_start_waits_until_new_grants_have_taken_effect(provider: Provider) -> None:
    """Grants: GrantSeconds is how long KMS may take to make a grant known everywhere."""
    provider.kms.grants.takes_effect_after = 290
    seen: list[tuple[bool, bool]] = []
    at_start(provider, seen)
    ok(send(provider, create(named(BOTH, GrantSeconds="300"))))
    assert seen == [(True, True)]


def test_a_key_change_grants_on_the_new_key_first_and_the_old_one_stays_readable(provider: Provider) -> None:
    """Grants: the old producers' grant ends at once, the consumers' a day later: records can be left until then."""
    ok(send(provider, create(BOTH)))
    calls(provider)
    seen: list[tuple[bool, bool]] = []
    at_start(provider, seen)
    new = named(BOTH, KeyId="alias/two")
    ok(send(provider, update(new, BOTH)))
    assert seen == [(True, True)]
    assert calls(provider) == [*GRANTS, START, REVOKE]
    assert (may_write(provider), may_read(provider)) == (False, True)
    assert (may_write(provider, alias="alias/two"), may_read(provider, alias="alias/two")) == (True, True)
    provider.clock.sleep(DAY + 60)
    ok(send(provider, update(new, new)))
    assert calls(provider) == [REVOKE]
    assert (may_read(provider), may_read(provider, alias="alias/two")) == (False, True)
    assert len(recorded(provider)) == 2


def test_an_update_that_only_adds_a_principal_makes_no_start_and_does_not_wait(provider: Provider) -> None:
    """Promise 4: and GrantSeconds are for a Start alone."""
    ok(send(provider, create(BOTH)))
    calls(provider)
    begun = provider.clock.now()
    more = named(BOTH, Producers=[WRITER, OTHER])
    ok(send(provider, update(more, BOTH)))
    assert calls(provider) == ["CreateGrant"]
    assert may_write(provider, OTHER)
    assert provider.clock.now() - begun < 10


def test_grants_that_are_there_are_not_made_again_and_not_waited_for(provider: Provider) -> None:
    """Grants: GrantSeconds only where a grant is new."""
    ok(send(provider, create(BOTH)))
    ok(send(provider, delete(named(BOTH, OnDelete="Stop"))))
    calls(provider)
    only = named(BOTH, Producers=None)
    begun = provider.clock.now()
    ok(send(provider, create(only)))
    assert calls(provider) == [START]
    assert provider.clock.now() - begun < 30


def test_a_removed_producers_grant_is_revoked_at_once_and_a_consumers_when_no_record_can_be_left(
    provider: Provider,
) -> None:
    """Grants: the retention is the stream's own."""
    provider.kinesis.people.retain(STREAM_NAME, 72)
    ok(send(provider, create(BOTH)))
    calls(provider)
    none = named(BOTH, Producers=None, Consumers=None)
    ok(send(provider, update(none, BOTH)))
    assert calls(provider) == [REVOKE]
    assert (may_write(provider), may_read(provider)) == (False, True)
    for days, revoked in ((2.9, []), (0.2, [REVOKE])):
        provider.clock.sleep(days * DAY)
        ok(send(provider, update(none, none)))
        assert calls(provider) == revoked
    assert (may_read(provider), recorded(provider)) == (False, [])


def test_a_delete_does_not_wait_for_the_retention_and_says_until_when(provider: Provider) -> None:
    """Grants: until then the grant stands in the record."""
    ok(send(provider, create(BOTH)))
    calls(provider)
    begun = provider.clock.now()
    answer = ok(send(provider, delete(BOTH)))
    assert calls(provider) == [STOP, REVOKE]
    assert "2026-01-02 00:0" in answer["Reason"]
    assert provider.clock.now() - begun < 60
    assert (may_write(provider), may_read(provider)) == (False, True)
    assert [one["principal"] for one in recorded(provider)] == [READER]


def test_a_delete_of_a_stream_that_is_gone_revokes_all(provider: Provider) -> None:
    """Promise 7: no record is left either."""
    ok(send(provider, create(BOTH)))
    del provider.kinesis.streams[STREAM_NAME]
    ok(send(provider, delete(BOTH)))
    assert (provider.kms.grants.all, recorded(provider)) == ([], [])


@pytest.mark.parametrize("other", [RENAMED, THEY])
def test_two_owners_share_a_grant_and_it_ends_with_the_last_one(provider: Provider, other: dict[str, str]) -> None:
    """Grants: a rename or a takeover has both resources for a while."""
    ok(send(provider, create(BOTH)))
    ok(send(provider, create(named(BOTH, Takeover="true"), **other)))
    assert len(provider.kms.grants.history) == 2
    ok(send(provider, delete(BOTH)))
    assert (may_write(provider), may_read(provider)) == (True, True)
    ok(send(provider, delete(BOTH, **other)))
    assert (may_write(provider), may_read(provider)) == (False, True)


def test_the_grants_of_a_resource_that_is_not_in_force_end_with_it(provider: Provider) -> None:
    """Grants: nobody wants them any more, although the stream keeps the key."""
    ok(send(provider, create(BOTH)))
    others = named(BOTH, Producers=[OTHER], Consumers=None, Takeover="true")
    ok(send(provider, create(others, **THEY)))
    ok(send(provider, delete(BOTH)))
    assert (may_write(provider), may_write(provider, OTHER), may_read(provider)) == (False, True, True)


def test_a_grant_of_somebody_else_is_never_revoked(provider: Provider) -> None:
    """Grants are ours only if the record says so."""
    provider.kms.create_grant(KeyId=provider.one.arn, GranteePrincipal=WRITER, Operations=["GenerateDataKey"])
    ok(send(provider, create(BOTH)))
    ok(send(provider, update(named(BOTH, Producers=None), BOTH)))
    ok(send(provider, delete(BOTH)))
    assert may_write(provider)


def test_a_lost_record_revokes_nothing(provider: Provider) -> None:
    """Record, rule 6: a lost record is not a licence."""
    ok(send(provider, create(BOTH)))
    provider.table.remove(provider.kinesis.streams[STREAM_NAME].arn)
    ok(send(provider, delete(BOTH)))
    assert (may_write(provider), may_read(provider)) == (True, True)


def test_a_failed_creates_grants_go_with_it(provider: Provider) -> None:
    """Promise 3: only what this request did is undone."""
    provider.kms.keys[provider.one.arn].denies_use = True
    answer = failed(send(provider, create(BOTH)), "KeyUnusable")
    ok(send(provider, delete(BOTH, PhysicalResourceId=answer["PhysicalResourceId"])))
    assert (may_write(provider), [one["direction"] for one in recorded(provider)]) == (False, ["Consumer"])
    assert unknown(provider) == []


def test_a_provider_that_may_not_grant_changes_nothing() -> None:
    """Grants: only with the provider stack's parameter AllowGrants, and the fault comes at once."""
    provider = made(allow_grants=False)
    begun = provider.clock.now()
    answer = failed(send(provider, create(BOTH)), "InvalidProperties")
    assert ("AllowGrants" in answer["Reason"], calls(provider), provider.clock.now()) == (True, [], begun)
