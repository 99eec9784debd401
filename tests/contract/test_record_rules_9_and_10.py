"""Rule 9: Restore undoes our own doing alone. Rule 10: slow calls starve nobody."""

from typing import Any

import pytest

from tests.contract.stories import (
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
    update,
)
from tests.fake_calls import Call
from tests.provider import Provider


def says_so(answer: dict[str, Any]) -> None:
    """A Delete's answer tells that the stream was left as somebody else wants it."""
    assert "left as it is" in ok(answer)["Reason"]


def test_rule_9_an_adopting_create_takes_nothing_back() -> None:
    """Rule 9, as found before: a Delete took the owner's newer key back to the one that an adopting Create found."""
    provider = made("alias/one")
    ok(send(provider, create()))
    provider.kinesis.people.rekey("orders", "alias/three")
    says_so(send(provider, delete()))
    assert (provider.key_of(), provider.changes()) == ("alias/three", ["PutItem", "PutItem"])


def test_rule_9_a_key_that_somebody_else_gave_since_is_left() -> None:
    """Rule 9: the stream does not have any more what this claim last gave it."""
    provider = made("alias/two")
    ok(send(provider, create()))
    provider.kinesis.people.rekey("orders", "alias/three")
    says_so(send(provider, delete()))
    assert (provider.key_of(), owners(provider)) == ("alias/three", [])


def test_rule_9_an_encryption_that_somebody_else_stopped_is_not_begun_again() -> None:
    """Rule 9: not even where Create had found a key."""
    provider = made("alias/two")
    ok(send(provider, create()))
    provider.kinesis.people.stop("orders")
    says_so(send(provider, delete()))
    assert provider.key_of() is None


@pytest.mark.parametrize("key", ["alias/two", "alias/one"])
def test_rule_9_a_key_that_another_resource_keeps_is_left_unless_this_one_gave_it(key: str) -> None:
    """Rule 9 and property OnDelete: the stack that took the stream over gave it that key, and says Keep."""
    provider = made()
    ok(send(provider, create()))
    taken = {**ONE, "KeyId": key, "Takeover": "true", "OnDelete": "Keep"}
    ok(send(provider, create(taken, **THEY)))
    ok(send(provider, delete(taken, **THEY)))
    provider.clock.sleep(60)
    answer = ok(send(provider, delete()))
    assert provider.key_of() == (provider.two.arn if key == "alias/two" else None)
    assert ("left as it is" in answer["Reason"]) == (key == "alias/two")


@pytest.mark.parametrize("last", ["alias/three", None])
def test_rule_9_stop_ends_encryption_whoever_began_it(last: str | None) -> None:
    """Rule 9: `OnDelete: Stop`."""
    provider = made("alias/one")
    properties = {**ONE, "OnDelete": "Stop"}
    ok(send(provider, create(properties)))
    if last:
        provider.kinesis.people.rekey("orders", last)
    ok(send(provider, delete(properties)))
    assert provider.key_of() is None


def test_rule_9_an_update_makes_the_key_our_doing_again() -> None:
    """Rule 9: what the claim last gave counts."""
    provider = made("alias/three")
    ok(send(provider, create()))
    provider.kinesis.people.stop("orders")
    provider.clock.sleep(60)
    ok(send(provider, update(TWO, ONE)))
    provider.clock.sleep(60)
    assert ok(send(provider, delete(TWO)))["Reason"] == ""
    assert provider.key_of() == "alias/three"


def test_an_owners_tool_strips_the_stream_between_create_and_delete() -> None:
    """The record survives it: Delete leaves the stream as Create found it, and an Update brings the encryption back."""
    provider = made()
    ok(send(provider, create()))
    provider.kinesis.people.stop("orders")
    provider.kinesis.people.untag("orders")
    provider.clock.sleep(60)
    ok(send(provider, update({**ONE, "SettleSeconds": "1"}, ONE)))
    assert provider.key_of() == provider.one.arn
    provider.kinesis.people.stop("orders")
    provider.clock.sleep(60)
    ok(send(provider, delete({**ONE, "SettleSeconds": "1"})))
    assert (provider.key_of(), owners(provider)) == (None, [])


def test_an_adopted_stream_whose_tool_strips_its_tags_is_not_ended_in_plaintext() -> None:
    """As found before: the adopted stream of an owner whose tool removes foreign tags was stopped by the Delete."""
    provider = made("alias/one")
    ok(send(provider, create()))
    provider.kinesis.people.untag("orders")
    ok(send(provider, delete()))
    assert provider.key_of() == "alias/one"


def test_the_record_needs_no_tag_on_the_stream() -> None:
    """As found before: 46 foreign tags left no room for the provider's."""
    tags = {f"tag{number:02}": "x" for number in range(50)}
    provider = made()
    provider.kinesis.people.tag("orders", tags)
    ok(send(provider, create()))
    ok(send(provider, delete()))
    assert provider.kinesis.streams["orders"].tags == tags


def slow(provider: Provider, seconds: float) -> None:
    """Have every call take so many seconds, and succeed."""
    provider.kinesis.faults.before_call(lambda _: provider.clock.sleep(seconds), times=None)


@pytest.mark.parametrize("seconds", [2.6, 5.0, 6.9])
def test_rule_10_slow_calls_starve_nobody(seconds: float) -> None:
    """Rule 10, as found before: a Create never acted, since its looks were too long ago to act upon."""
    provider = made("alias/three")
    slow(provider, seconds)
    begun = provider.clock.now()
    ok(send(provider, create()))
    assert (provider.key_of(), starts(provider)) == (provider.one.arn, 1)
    ok(send(provider, update(TWO, ONE)))
    ok(send(provider, delete(TWO)))
    assert provider.key_of() == "alias/three"
    assert provider.clock.now() - begun < 600


@pytest.mark.parametrize("seconds", [2.6, 6.9])
def test_rule_10_and_promise_1_slow_looks_do_not_make_a_success_too_early(seconds: float) -> None:
    """Promise 1: ACTIVE plus SettleSeconds, however long the calls take."""
    provider = made()
    slow(provider, seconds)
    ok(send(provider, create()))
    active = [state.at for state in provider.kinesis.history if state.why == "active"][-1]
    assert provider.clock.now() - active >= 5


def test_an_invocation_that_stood_still_looks_again_before_it_acts() -> None:
    """Rule 10, the other way: a look of half a minute ago is not acted upon."""
    provider = made()
    other = create(TWO, **THEY)

    def stand_still(_: Call) -> None:
        ok(send(provider, other))
        provider.clock.sleep(60)

    provider.kinesis.faults.before_call(stand_still, "DescribeKey")
    failed(send(provider, create()), "OwnedByAnotherStack")
    assert (provider.key_of(), owners(provider)) == (provider.two.arn, ["Theirs"])


def test_rule_9_a_start_that_was_never_made_gives_nobody_a_key() -> None:
    """Rule 9, as found: time ran out while KMS refused the Start, and later a person gave the stream that very key."""
    provider = made("alias/two")
    provider.one.denies_use = True
    answer = failed(send(provider, create({**ONE, "ServiceTimeout": "30"})), "DeadlineExceeded")
    provider.clock.sleep(60)
    provider.kinesis.people.rekey("orders", provider.one.arn)
    assert owners(provider) == [], "the Create has changed nothing, so it keeps nobody out"
    ok(send(provider, delete(PhysicalResourceId=answer["PhysicalResourceId"])))
    assert (provider.key_of(), owners(provider), starts(provider)) == (provider.one.arn, [], 0)
