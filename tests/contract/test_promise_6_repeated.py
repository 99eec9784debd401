"""Promise 6: any invocation may be repeated, run twice at once, or die at any call; of two claims one succeeds."""

import pytest

from tests.contract.mortal import Died, Mortal
from tests.contract.stories import (
    INVENTED,
    ONE,
    THEY,
    TWO,
    create,
    delete,
    failed,
    made,
    ok,
    owners,
    send,
    starts,
    stops,
    update,
)
from tests.fake_calls import Call
from tests.fake_errors import Kind

EVERY_CALL = pytest.mark.parametrize("number", range(1, 12))
"""A Create on the fakes makes eleven calls."""


@EVERY_CALL
def test_a_create_that_died_at_any_call_is_done_by_its_second_delivery(number: int) -> None:
    """Promise 6: the next one converges to the same end, by one Start."""
    mortal = Mortal(number)
    url = mortal.provider.fresh_url()
    with pytest.raises(Died):
        send(mortal.provider, create(), url)
    mortal.dead = False
    mortal.provider.clock.sleep(60)
    ok(send(mortal.provider, create(), url))
    assert (mortal.provider.key_of(), starts(mortal.provider)) == (mortal.provider.one.arn, 1)
    ok(send(mortal.provider, delete()))
    assert (mortal.provider.key_of(), owners(mortal.provider)) == (None, [])


@EVERY_CALL
@pytest.mark.parametrize("kind", [Kind.READ_TIMEOUT, Kind.INTERNAL_FAILURE])
def test_a_call_that_took_effect_unheard_costs_no_second_start(number: int, kind: Kind) -> None:
    """Promises 4 and 6: the response of the Nth call is lost."""
    provider = made()
    provider.kinesis.faults.lose_nth(number, kind)
    ok(send(provider, create()))
    assert (provider.key_of(), starts(provider), owners(provider)) == (provider.one.arn, 1, ["Encryption"])
    ok(send(provider, delete()))
    assert (provider.key_of(), stops(provider), owners(provider)) == (None, 1, [])


@EVERY_CALL
def test_a_delete_whose_nth_call_took_effect_unheard_restores_once(number: int) -> None:
    """Promises 3 and 6: the response of the Nth call of the Delete is lost."""
    provider = made("alias/three")
    ok(send(provider, create()))
    provider.kinesis.faults.lose_nth(len(provider.kinesis.calls) + number)
    ok(send(provider, delete()))
    assert (provider.key_of(), starts(provider), owners(provider)) == ("alias/three", 2, [])


@EVERY_CALL
def test_two_deliveries_of_one_create_at_once_make_one_start(number: int) -> None:
    """Promise 6: run twice at once."""
    provider = made()
    url = provider.fresh_url()

    def deliver_again(call: Call) -> None:
        if call.name != "StartStreamEncryption":  # That it stands still in its Start is not covered.
            send(provider, create(), url)

    provider.kinesis.faults.before_nth(number, deliver_again)
    ok(send(provider, create(), url))
    assert (provider.key_of(), starts(provider), owners(provider)) == (provider.one.arn, 1, ["Encryption"])


@EVERY_CALL
def test_of_two_stacks_that_create_at_once_exactly_one_succeeds(number: int) -> None:
    """Promise 6: whichever call the second one begins before; the stream has the key of the one that succeeded."""
    provider = made()
    theirs: list[str] = []

    def claim(call: Call) -> None:
        if call.name != "StartStreamEncryption":
            theirs.append(send(provider, create(TWO, **THEY))["Status"])

    provider.kinesis.faults.before_nth(number, claim)
    mine = send(provider, create())
    if not theirs:  # The call was the Start.
        theirs.append(send(provider, create(TWO, **THEY))["Status"])
    assert sorted([mine["Status"], *theirs]) == ["FAILED", "SUCCESS"]
    winner = "Encryption" if mine["Status"] == "SUCCESS" else "Theirs"
    assert owners(provider) == [winner]
    assert provider.key_of() == (provider.one if winner == "Encryption" else provider.two).arn


def test_the_delete_of_the_stack_that_lost_leaves_the_stream_to_the_other() -> None:
    """Promises 3 and 6: its failed Create did nothing that has to be undone."""
    provider = made()
    ok(send(provider, create(TWO, **THEY)))
    lost = send(provider, create())
    ok(send(provider, delete(ONE, PhysicalResourceId=lost["PhysicalResourceId"])))
    assert (provider.key_of(), owners(provider)) == (provider.two.arn, ["Theirs"])


@pytest.mark.parametrize("event", [create(), update(ONE, TWO), delete()], ids=["Create", "Update", "Delete"])
def test_a_second_delivery_changes_nothing_more(event: dict[str, str]) -> None:
    """Promise 6: delivery is at least once."""
    provider = made()
    ok(send(provider, create(TWO)))
    url = provider.fresh_url()
    provider.clock.sleep(1)
    first = send(provider, event, url)
    before = provider.key_of(), starts(provider), stops(provider), owners(provider)
    second = send(provider, event, url)
    assert (provider.key_of(), starts(provider), stops(provider), owners(provider)) == before
    assert first["PhysicalResourceId"] == second["PhysicalResourceId"]


def test_an_invocation_that_died_in_its_start_is_waited_out_by_the_next_request() -> None:
    """Record, rules 1 and 2: an intent has an end, and no other request calls before it."""
    mortal = Mortal(5)
    with pytest.raises(Died):
        send(mortal.provider, create())
    mortal.dead = False
    died_at = mortal.provider.clock.now()
    assert mortal.provider.kinesis.calls[-1].name == "StartStreamEncryption"
    mortal.provider.clock.sleep(1)
    ok(send(mortal.provider, update(TWO, ONE)))
    (call,) = mortal.provider.kinesis.calls.changes.named("StartStreamEncryption")
    assert call.at - died_at >= 25 - 1


@pytest.mark.parametrize("deleting", [0.0, 30.0], ids=["gone", "being deleted"])
def test_a_create_that_comes_after_its_delete_changes_nothing_although_the_stream_was_not_there(
    deleting: float,
) -> None:
    """Promise 6: the Delete found no stream; before the Create is delivered the owner creates the stream again."""
    provider = made()
    url = provider.fresh_url()
    provider.kinesis.people.delete("orders", deleting)
    provider.clock.sleep(1)
    ok(send(provider, delete(ONE, PhysicalResourceId=INVENTED)))
    provider.clock.sleep(60)
    provider.kinesis.add_stream("orders")
    failed(send(provider, create(), url), "Superseded")
    assert (provider.key_of(), owners(provider), starts(provider)) == (None, [], 0)


def test_a_create_that_is_delivered_again_after_its_delete_found_no_stream_changes_nothing() -> None:
    """Promise 6: as found, the owner's tool had made the stream anew by then, and nobody would have released it."""
    provider = made()
    provider.kinesis.people.delete("orders")
    url = provider.fresh_url()
    physical_id = failed(send(provider, create(), url), "StreamNotFound")["PhysicalResourceId"]
    ok(send(provider, delete(PhysicalResourceId=physical_id)))
    provider.clock.sleep(60)
    provider.kinesis.add_stream("orders")
    failed(send(provider, create(), url), "Superseded")
    assert (provider.key_of(), starts(provider), owners(provider)) == (None, 0, [])


def test_a_cancelled_update_that_is_delivered_minutes_late_does_not_undo_its_rollback() -> None:
    """Promise 6: both were issued in one second, and the rollback came first; what succeeded last stays."""
    provider = made()
    ok(send(provider, create()))
    provider.clock.sleep(10)
    cancelled, rollback = provider.fresh_url(), provider.fresh_url()
    ok(send(provider, update(ONE, TWO), rollback))
    provider.clock.sleep(800)
    failed(send(provider, update(TWO, ONE), cancelled), "Superseded")
    assert (provider.key_of(), starts(provider)) == (provider.one.arn, 1)
