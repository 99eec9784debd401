"""Grants that AWS refuses: what is waited out, what fails and how, and that no teardown is blocked."""

import pytest

from tests.builders import STREAM_NAME
from tests.contract.granting import BOTH, DAY, OTHER, WRITER, calls, may_read, may_write, named, recorded, unknown
from tests.contract.stories import THEY, create, delete, failed, made, ok, send, update
from tests.fake_calls import Call
from tests.fake_errors import Kind
from tests.provider import Provider


@pytest.fixture
def provider() -> Provider:
    """The provider, and a stream that is not encrypted."""
    return made()


def test_a_role_of_seconds_ago_is_waited_for(provider: Provider) -> None:
    """Promise 9: KMS does not know it yet."""
    unknown_yet = provider.kms.grants.unknown_principals
    unknown_yet.add(WRITER)
    provider.clock.after(20, unknown_yet.clear)
    ok(send(provider, create(BOTH)))
    assert may_write(provider)


def test_a_role_that_does_not_exist_fails_after_a_minute_by_its_name(provider: Provider) -> None:
    """Errors: PrincipalUnknown names the principal and the property; nothing was started."""
    provider.kms.grants.unknown_principals.add(WRITER)
    begun = provider.clock.now()
    answer = failed(send(provider, create(BOTH)), "PrincipalUnknown")
    assert (WRITER in answer["Reason"], "Producers" in answer["Reason"]) == (True, True)
    assert 60 <= provider.clock.now() - begun < 90
    assert calls(provider) == []


def test_a_key_with_all_its_grants_is_not_the_streams_quota(provider: Provider) -> None:
    """Errors: 50,000 grants a key."""
    provider.kms.grants.most_of_a_key = 1
    answer = failed(send(provider, create(BOTH)), "QuotaSpent")
    assert ("50,000 grants" in answer["Reason"], "24 hours" in answer["Reason"]) == (True, False)
    ok(send(provider, delete(BOTH, PhysicalResourceId=answer["PhysicalResourceId"])))
    assert provider.kms.grants.all == []


def test_a_grant_that_is_denied_names_the_parameter(provider: Provider) -> None:
    """Errors: AccessDenied, after a minute, and the Delete is not blocked by what was never made."""
    provider.one.denies_grants = True
    answer = failed(send(provider, create(BOTH)), "AccessDenied")
    assert ("AllowGrants" in answer["Reason"], calls(provider)) == (True, [])
    ok(send(provider, delete(BOTH, PhysicalResourceId=answer["PhysicalResourceId"])))


def test_a_disabled_key_takes_no_new_grant_also_if_the_stream_has_it(provider: Provider) -> None:
    """Errors: KeyUnusable."""
    ok(send(provider, create(BOTH)))
    provider.one.state = "Disabled"
    more, began = named(BOTH, Producers=[WRITER, OTHER]), provider.clock.now()
    answer = failed(send(provider, update(more, BOTH)), "KeyUnusable")
    assert ("is Disabled" in answer["Reason"], provider.clock.now() - began < 5) == (True, True)
    ok(send(provider, update(BOTH, more)))


def test_an_aws_managed_key_is_told_by_its_manager(provider: Provider) -> None:
    """Properties: named by its ARN it can't be told by its name."""
    managed = provider.kms.find("alias/aws/kinesis")
    assert managed
    answer = failed(send(provider, create(named(BOTH, KeyId=managed.arn))), "KeyUnusable")
    assert ("AWS managed" in answer["Reason"], calls(provider)) == (True, [])


def test_a_key_that_may_not_be_looked_up_has_to_be_named_by_its_arn(provider: Provider) -> None:
    """Errors: CreateGrant takes no alias."""
    theirs = provider.kms.add_key("alias/theirs", account="210987654321", denies_describe=True)
    alias = theirs.arn.replace(f"key/{theirs.key_id}", "alias/theirs")
    answer = failed(send(provider, create(named(BOTH, KeyId=alias))), "KeyUnusable")
    assert "by its ARN" in answer["Reason"]
    ok(send(provider, create(named(BOTH, KeyId=theirs.arn))))
    assert may_write(provider, alias=theirs.arn)


def test_a_revocation_that_is_denied_fails_the_update_that_asks_for_it(provider: Provider) -> None:
    """Grants: SUCCESS would say that the producer has lost its access."""
    ok(send(provider, create(BOTH)))
    provider.one.denies_grants = True
    less = named(BOTH, Producers=None)
    answer = failed(send(provider, update(less, BOTH)), "AccessDenied")
    assert "RevokeGrant" in answer["Reason"]
    provider.one.denies_grants = False  # Else the rollback could not make sure that the grant is there.
    ok(send(provider, update(BOTH, less)))
    assert unknown(provider) == []


def test_a_revocation_that_is_denied_blocks_no_delete_which_says_so(provider: Provider) -> None:
    """Promise 7: the grant stays in the record, and a later request revokes it."""
    ok(send(provider, create(BOTH)))
    provider.one.denies_grants = True
    answer = ok(send(provider, delete(BOTH)))
    assert (WRITER in answer["Reason"], provider.key_of()) == (True, None)
    assert (may_write(provider), len(recorded(provider))) == (True, 2)
    none = named(BOTH, Producers=None, Consumers=None)
    ok(send(provider, create(none, **THEY)))  # A Create does not fail for another resource's grant.
    assert may_write(provider)
    provider.one.denies_grants = False
    provider.clock.sleep(2 * DAY)
    ok(send(provider, update(none, none, **THEY)))
    assert (may_write(provider), may_read(provider), recorded(provider)) == (False, False, [])


def test_a_revocation_that_is_invalid_blocks_no_delete(provider: Provider) -> None:
    """Promise 7: whatever the reason."""
    ok(send(provider, create(BOTH)))
    provider.kms.faults.fail_next("RevokeGrant", Kind.INVALID_ARGUMENT, times=99)
    answer = ok(send(provider, delete(BOTH)))
    assert WRITER in answer["Reason"]


def test_a_key_that_is_gone_has_no_grants(provider: Provider) -> None:
    """Promise 7: what is already gone blocks nothing."""
    ok(send(provider, create(BOTH)))
    provider.kms.remove(provider.one)
    ok(send(provider, delete(BOTH)))
    provider.clock.sleep(2 * DAY)
    none = named(BOTH, KeyId="alias/two", Producers=None, Consumers=None)
    ok(send(provider, create(none)))
    assert recorded(provider) == []


def test_a_delete_that_comes_during_grant_seconds_ends_the_grants_and_no_start_follows(provider: Provider) -> None:
    """Promise 6: a request that a newer one has superseded changes nothing more."""
    deleted: list[str] = []

    def supersede(call: Call) -> None:
        if call.name == "DescribeStreamSummary" and len(provider.kms.grants.all) == 2 and not deleted:
            deleted.append("Delete")
            invented = "platform-encryption-Encryption-1ABC2DEF3GHIJ"
            ok(send(provider, delete(BOTH, PhysicalResourceId=invented)))

    provider.kms.faults.before_call(supersede, "DescribeStreamSummary", times=None)
    failed(send(provider, create(BOTH)), "Superseded")
    assert (deleted, may_write(provider), provider.key_of(), unknown(provider)) == (["Delete"], False, None, [])
    assert "StartStreamEncryption" not in calls(provider)


def test_a_long_wait_for_grants_is_handed_over_and_none_is_made_twice() -> None:
    """Scale: GrantSeconds can be 15 minutes; the state machine waits, and remembers what was made."""
    provider = Provider(handover_seconds=30)
    properties = named(BOTH, GrantSeconds="900")
    url = provider.fresh_url()
    provider.deliver({**create(properties), "ResponseURL": url})
    assert provider.key_of(STREAM_NAME) is None
    provider.states.play(provider.deliver)
    assert [answer["Status"] for answer in provider.bucket.answers] == ["SUCCESS"]
    assert calls(provider) == ["CreateGrant", "CreateGrant", "StartStreamEncryption"]
