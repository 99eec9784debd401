"""Random lives of producers and consumers; and planted bugs, each of which some life finds."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from stream_encryption.aws.kms_grants import KeyGrants
from stream_encryption.grants import Grant
from stream_encryption.reconcile import ensure, granting
from stream_encryption.reconcile.actions import Wait
from stream_encryption.record import changes
from stream_encryption.watch import due
from tests.simulation.grants import Broken, Life

LIVES = range(14)


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


def unheard_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grant whose CreateGrant was announced, and not heard, does not get into the record."""
    monkeypatch.setattr(changes, "_after_grant_call", lambda grants, *_: grants)


def kept_revoked_though_it_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """No deletion is expected to bring a key back."""
    monkeypatch.setattr(granting, "can_bring_back", lambda *_: False)
    monkeypatch.setattr(due, "can_bring_back", lambda *_: False)


def kept_ended_with_the_delete(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Delete ends its grants, also where it leaves the stream its key."""
    monkeypatch.setattr(granting, "_leaves_its_key", lambda *_: False)


def kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch does not see that a key has left the stream."""
    is_due = due._is_due  # noqa: SLF001 (a planted bug)
    monkeypatch.setattr(due, "_is_due", lambda grant, *more: grant.ended_at is not None and is_due(grant, *more))


@pytest.mark.parametrize(
    ("plant", "seed", "rule"),
    [
        (revoked_too_early, 2, "a consumer's grant was revoked too early"),
        (granted_twice, 16, "a grant was made twice"),
        (others_revoked, 2, "a grant of others was revoked"),
        (started_before_the_wait, 0, "a Start came before GrantSeconds were over"),
        (unheard_forgotten, 10, "a wanted grant is missing"),
        (kept_revoked_though_it_comes_back, 14, "a grant was revoked whose key a Delete brings back"),
        (kept_ended_with_the_delete, 1, "a producer's grant was revoked too early"),
        (kept_for_ever, 1, "a grant of no use is left"),
    ],
)
def test_a_planted_bug_is_found_by_the_life_that_is_named(
    plant: Callable[[pytest.MonkeyPatch], None], seed: int, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rules can fail: each bug breaks the rule that is against it."""
    plant(monkeypatch)
    with pytest.raises(Broken, match=rule):
        Life(seed).play()
