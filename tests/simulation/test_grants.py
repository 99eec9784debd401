"""Random lives of producers and consumers; and planted bugs, each of which some life finds."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from stream_encryption.aws.kms_grants import KeyGrants
from stream_encryption.reconcile import ensure, granting
from stream_encryption.reconcile.actions import Wait
from stream_encryption.values import Grant
from tests.simulation.grants import Broken, Life

LIVES = range(16)


@pytest.mark.parametrize("seed", LIVES)
def test_grants_hold_their_rules_in_a_random_life(seed: int) -> None:
    """Promise 6, for grants: whatever is lost or stands still. The seed repeats the life."""
    Life(seed).play()


def revoked_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A consumer's grant ends with its owner, as a producer's does."""
    monkeypatch.setattr(Grant, "revoke_at", lambda grant, _hours: None if grant.owners else grant.ended_at)


def granted_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each CreateGrant has a Name of its own, so KMS can't tell a repeated call."""
    numbers = itertools.count()
    monkeypatch.setattr(Grant, "name", lambda _grant, _stream: f"{next(numbers)}")


def others_revoked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A revocation takes each grant of the principal."""

    def revoke(grants: KeyGrants, grant: Grant, _stream_arn: str) -> None:
        client = grants._client()  # noqa: SLF001 (a planted bug)
        for one in client.list_grants(KeyId=grant.key, GranteePrincipal=grant.principal)["Grants"]:
            client.revoke_grant(KeyId=grant.key, GrantId=one["GrantId"])

    monkeypatch.setattr(KeyGrants, "revoke", revoke)


def started_before_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """GrantSeconds are not waited for."""
    missing_grant = granting.missing_grant

    def impatient(*arguments: Any) -> Any:
        action = missing_grant(*arguments)
        return None if isinstance(action, Wait) else action

    monkeypatch.setattr(ensure, "missing_grant", impatient)


@pytest.mark.parametrize(
    ("plant", "rule"),
    [
        (revoked_too_early, "a grant was revoked too early"),
        (granted_twice, "a grant was made twice"),
        (others_revoked, "a grant of others was revoked"),
        (started_before_the_wait, "a Start came before GrantSeconds were over"),
    ],
)
def test_some_life_finds_a_planted_bug(
    plant: Callable[[pytest.MonkeyPatch], None], rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rules can fail: each bug breaks the rule that is against it."""
    plant(monkeypatch)
    broken = set()
    for seed in LIVES:
        try:
            Life(seed).play()
        except Broken as found:
            broken.add(str(found).partition(" (seed")[0])
        if rule in broken:
            return
    pytest.fail(f"no life found it; found were {broken}")
