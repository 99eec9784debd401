"""Calls for grants that AWS refuses: what a request goes on without, and what it fails for."""

import pytest

from stream_encryption.reconcile.actions import Action, Code, Failed, SkipRevoke
from stream_encryption.reconcile.failures import decide_refusal
from stream_encryption.reconcile.goals import Goal
from stream_encryption.reconcile.state import LIST_GRANTS, OngoingRefusal
from stream_encryption.record.values import Change
from stream_encryption.values import Refusal, RefusalKind
from tests.reconcile.grants import CONSUMER, PRODUCER, READER, WRITER, intent
from tests.values import NOW, ONE, THEY, by_itself, call, ensure, release, state

REVOKE = "kms:RevokeGrant"


def revoking(goal: Goal, action: str = REVOKE, kind: RefusalKind = RefusalKind.DENIED) -> Action:
    """The decision after AWS has refused for an hour to revoke the producer's grant."""
    refusal = Refusal(action, ONE.identity, kind, "SomeException", "its own words")
    since = (OngoingRefusal(action, kind, NOW - 3600),)
    own = call(intent(Change.REVOKE_GRANT, PRODUCER), grant=PRODUCER)
    return by_itself(decide_refusal(goal, refusal, state(call=own, ongoing_refusals=since), NOW))


@pytest.mark.parametrize("action", [REVOKE, LIST_GRANTS])
@pytest.mark.parametrize("kind", [RefusalKind.DENIED, RefusalKind.INVALID, RefusalKind.KEY, RefusalKind.LIMIT])
@pytest.mark.parametrize(
    "goal",
    [release(), release(may_be_untouched=True), ensure(owner=THEY)],
    ids=["a Delete", "a failed Create's Delete", "another resource's Update"],
)
def test_a_grant_that_kms_will_not_revoke_blocks_nobody_else(goal: Goal, kind: RefusalKind, action: str) -> None:
    """Promise 7: the request goes on, and the grant stays in the record."""
    skipped = revoking(goal, action, kind)
    assert isinstance(skipped, SkipRevoke)
    assert (skipped.code, skipped.grant) == (Code.REVOKE_SKIPPED, PRODUCER)
    assert all(one in skipped.reason for one in (action, WRITER, ONE.identity, "SomeException", "its own words"))


def test_an_update_that_takes_the_grant_away_fails_if_kms_will_not_revoke_it() -> None:
    """Grants: the person who asked for it has to know."""
    failed = revoking(ensure())
    assert isinstance(failed, Failed)
    assert failed.code == "AccessDenied"


@pytest.mark.parametrize("action", ["kms:CreateGrant", "kms:DescribeKey", "kinesis:StartStreamEncryption"])
def test_another_call_that_is_refused_skips_no_revocation(action: str) -> None:
    """Grants: only RevokeGrant and ListGrants are about a grant that goes."""
    assert not isinstance(revoking(ensure(owner=THEY), action), SkipRevoke)


def test_a_principal_that_kms_does_not_know_is_named() -> None:
    """Error PrincipalUnknown: which principal, of which property, on which key."""
    own = call(intent(Change.CREATE_GRANT, CONSUMER), grant=CONSUMER)
    refusal = Refusal("kms:CreateGrant", ONE.identity, RefusalKind.PRINCIPAL, "InvalidArnException", "its own words")
    since = (OngoingRefusal(refusal.action, refusal.kind, NOW - 3600),)
    failed = by_itself(decide_refusal(ensure(), refusal, state(call=own, ongoing_refusals=since), NOW))
    assert isinstance(failed, Failed)
    assert failed.code == "PrincipalUnknown"
    assert all(one in failed.reason for one in (READER, "Consumers", ONE.identity))
