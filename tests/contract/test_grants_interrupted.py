"""Grants where an invocation dies, stands still, or does not hear a response, at any call: none is left unknown."""

from collections.abc import Callable

import pytest

from tests.contract.granting import BOTH, DAY, OTHER, WRITER, may_read, may_write, named, recorded, unknown
from tests.contract.mortal import Died, Mortal
from tests.contract.stories import create, delete, made, ok, send, update
from tests.fake_calls import Call
from tests.provider import Provider

EVERY_CALL = pytest.mark.parametrize("number", range(1, 22))
"""The longest of these requests, the Update, makes 21 calls on the fakes."""
NEW = named(BOTH, KeyId="alias/two", Producers=[OTHER])
"""An Update to it grants twice on key two, starts, and revokes the writer's grant on key one."""


def wind_up(provider: Provider) -> None:
    """Delete the resource, and have a later request find what is due two days later: no grant is left."""
    provider.kms.faults.clear()
    ok(send(provider, delete(NEW)))
    assert unknown(provider) == []
    provider.clock.sleep(2 * DAY)
    none = named(BOTH, Producers=None, Consumers=None)
    ok(send(provider, create(none)))
    ok(send(provider, delete(none)))
    assert (provider.kms.grants.all, recorded(provider)) == ([], [])


@EVERY_CALL
def test_a_create_that_died_at_any_call_leaves_no_grant_unknown(number: int) -> None:
    """Promise 6: its second delivery makes each grant once, and the Delete ends all."""
    mortal = Mortal(number)
    provider, url = mortal.provider, mortal.provider.fresh_url()
    try:
        send(provider, create(BOTH), url)
    except Died:
        assert unknown(provider) == []
    mortal.dead = False
    provider.kms.faults.clear()
    provider.clock.sleep(60)
    ok(send(provider, create(BOTH), url))
    assert (may_write(provider), may_read(provider), unknown(provider)) == (True, True, [])
    assert len(provider.kms.grants.history) == 2
    wind_up(provider)


@EVERY_CALL
def test_a_create_that_died_and_never_came_again_is_undone_by_its_delete(number: int) -> None:
    """Promise 6: CloudFormation gave up on it, and deletes what may be there."""
    mortal = Mortal(number)
    try:
        send(mortal.provider, create(BOTH))
    except Died:
        mortal.dead = False
        mortal.provider.clock.sleep(3600)
    wind_up(mortal.provider)


def change_key(provider: Provider, number: int, disturb: Callable[[int], None]) -> None:
    """Disturb the Nth call of an Update that grants on the new key, and revokes on the old one."""
    ok(send(provider, create(BOTH)))
    disturb(len(provider.kms.calls) + number)
    ok(send(provider, update(NEW, BOTH)))
    provider.kms.faults.clear()
    assert (may_write(provider, WRITER), may_read(provider)) == (False, True)
    assert (may_write(provider, OTHER, "alias/two"), may_read(provider, alias="alias/two")) == (True, True)
    assert (unknown(provider), len(provider.kms.grants.history)) == ([], 4)
    wind_up(provider)


@EVERY_CALL
def test_a_call_that_took_effect_unheard_makes_no_second_grant(number: int) -> None:
    """Promises 4 and 6: the response of the Nth call is lost."""
    provider = made()
    change_key(provider, number, provider.kms.faults.lose_nth)


@EVERY_CALL
def test_an_invocation_that_stood_still_at_a_call_makes_no_second_grant(number: int) -> None:
    """Promise 6: it announces again what it has announced too long ago."""
    provider = made()
    change_key(provider, number, lambda nth: provider.kms.faults.before_nth(nth, lambda _: provider.clock.sleep(40)))


@EVERY_CALL
def test_two_deliveries_of_an_update_at_once_make_each_grant_once(number: int) -> None:
    """Promise 6: run twice at once."""
    provider = made()
    ok(send(provider, create(BOTH)))
    url = provider.fresh_url()
    event = update(NEW, BOTH)

    def deliver_again(call: Call) -> None:
        if call.name not in (
            "StartStreamEncryption",
            "CreateGrant",
            "RevokeGrant",
        ):  # It stands still in none of these.
            send(provider, event, url)

    provider.kms.faults.before_nth(len(provider.kms.calls) + number, deliver_again)
    ok(send(provider, event, url))
    assert (unknown(provider), len(provider.kms.grants.history)) == ([], 4)
    assert not may_write(provider, WRITER)
    wind_up(provider)


@EVERY_CALL
def test_a_delete_that_died_at_any_call_is_done_by_its_second_delivery(number: int) -> None:
    """Promises 6 and 7."""
    mortal = Mortal(99)
    provider, url = mortal.provider, mortal.provider.fresh_url()
    ok(send(provider, create(NEW)))
    provider.kms.faults.clear()
    provider.kms.faults.before_nth(len(provider.kms.calls) + number, mortal.die)
    try:
        send(provider, delete(NEW), url)
    except Died:
        mortal.dead = False
        provider.clock.sleep(60)
        ok(send(provider, delete(NEW), url))
    assert (may_write(provider, OTHER, "alias/two"), may_read(provider, alias="alias/two")) == (False, True)
    wind_up(provider)
