"""Faults that the simulation has found in the provider: each test repeats one without the rest of its world."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from stream_encryption.app import Parts, make_handler
from stream_encryption.reconcile.observation import Observation
from stream_encryption.reconcile.state import Stability, State
from stream_encryption.reconcile.state_changes import after_look
from stream_encryption.record.values import Change, Intent, Record, RecordedKey
from stream_encryption.values import Stream, StreamStatus
from tests.builders import LOGICAL_ID, STACK_ID, STREAM_ARN, STREAM_NAME, LambdaContext, create_event
from tests.fake_calls import Call
from tests.provider import Provider

ONE = {"StreamName": STREAM_NAME, "KeyId": "alias/one"}
TWO = {"StreamName": STREAM_NAME, "KeyId": "alias/two"}
OTHER_STACK = STACK_ID.replace("platform-encryption", "another")


@pytest.fixture
def provider() -> Provider:
    """A provider, and a stream that is not encrypted."""
    return Provider()


def _another_environment(provider: Provider) -> Callable[[Any, Any], Any]:
    """Make the handler of another execution environment of the function."""
    client, random = provider.clients.__getitem__, Random(2)  # noqa: S311 - the seed repeats it
    return make_handler(Parts(provider.settings, client, provider.clock, random, provider.telemetry, provider.send))


def _context(provider: Provider) -> LambdaContext:
    return LambdaContext(provider.clock)


def _before_the_next_look(provider: Provider, act: Callable[[Call], object], *, skip: int) -> None:
    provider.kinesis.faults.before_call(act, "DescribeStreamSummary", skip=skip)


def test_a_request_whose_stream_is_taken_over_meanwhile_says_by_whom(provider: Provider) -> None:
    """Promise 2: not that a newer request of its own resource came, which is not so."""
    rival = {**create_event({**TWO, "Takeover": "true"}), "StackId": OTHER_STACK, "ResponseURL": provider.fresh_url()}
    _before_the_next_look(provider, lambda _call: _another_environment(provider)(rival, _context(provider)), skip=2)
    provider.deliver({**create_event({**ONE, "SettleSeconds": "60"}), "ResponseURL": provider.fresh_url()})
    taken, lost = provider.bucket.answers
    assert (taken["StackId"], taken["Status"]) == (OTHER_STACK, "SUCCESS")
    assert (lost["StackId"], lost["Status"]) == (STACK_ID, "FAILED")
    assert "[OwnedByAnotherStack]" in lost["Reason"]
    assert OTHER_STACK in lost["Reason"]


def test_settling_begins_when_a_look_has_ended_however_long_it_took(provider: Provider) -> None:
    """Promise 1: the look that finds the stream ACTIVE may have been sent long before the stream was."""
    provider.kinesis.next_updating.append(6.0)
    _before_the_next_look(provider, lambda _call: provider.clock.sleep(6.5), skip=1)
    assert provider.create({**ONE, "SettleSeconds": "5"})["Status"] == "SUCCESS"
    active_at = [one.at for one in provider.kinesis.history if one.why == "active"][-1]
    last_look = provider.kinesis.calls.named("DescribeStreamSummary")[-1].at
    assert last_look >= active_at + 5


def test_the_state_from_before_a_step_that_died_does_not_hide_the_change_of_that_step() -> None:
    """Promise 1: the workflow repeats the step with the older state, in which the stream had settled already."""
    stream = Stream(STREAM_NAME, STREAM_ARN, StreamStatus.ACTIVE, "alias/one")
    seen = Observation(200.0, stream, Record(STREAM_ARN, changed_at=150.0), as_wanted=True)
    before = State(since=90.0, stability=Stability(stale_counted_from=100.0, believed_since=105.0))
    assert after_look(before, seen, 200.5).stability.believed_since is None
    unchanged = replace(seen, record=Record(STREAM_ARN, changed_at=90.0))
    assert after_look(before, unchanged, 200.5).stability.believed_since == 105.0


def test_the_call_of_another_delivery_is_not_taken_for_a_settled_stream() -> None:
    """Promise 1: while that call can be in flight, descriptions may be from before it."""
    stream = Stream(STREAM_NAME, STREAM_ARN, StreamStatus.ACTIVE, "alias/one")
    key = RecordedKey("alias/one", "arn:aws:kms:us-east-1:123456789012:key/1")
    pending = Intent(Change.START, key, request="digest", intent_id="other", written_at=100.0, until=125.0)
    seen = Observation(101.0, stream, Record(STREAM_ARN, pending=pending), as_wanted=True)
    during = after_look(State(since=100.5), seen, 101.0)
    afterwards = after_look(during, replace(seen, now=126.0), 126.1)
    assert afterwards.stability.believed_since == 126.1


def test_the_first_use_of_the_aws_managed_key_makes_one_start_and_is_undone(provider: Provider) -> None:
    """Promises 3 and 4: `alias/aws/kinesis` has no key, and so no ARN, until the first Start of the account."""
    managed = provider.kms.find("alias/aws/kinesis")
    assert managed
    provider.kms.remove(managed)
    properties = {"StreamName": STREAM_NAME}
    response = provider.create(properties)
    assert ":key/" in response["Data"]["KeyArn"]
    assert len(provider.kinesis.calls.named("StartStreamEncryption")) == 1
    provider.clock.sleep(60)
    provider.delete(properties)
    assert provider.key_of() is None


def test_a_stream_that_its_owner_created_again_with_the_same_key_keeps_it(provider: Provider) -> None:
    """Promise 3: the claim on the former stream is void, and the resource gave the new one nothing."""
    key_id = provider.one.arn
    properties: dict[str, Any] = {"StreamName": STREAM_NAME, "KeyId": key_id}
    provider.create(properties)
    provider.kinesis.people.delete(STREAM_NAME)
    provider.clock.sleep(60)
    provider.kinesis.add_stream(STREAM_NAME, key_id)
    assert provider.update({**properties, "SettleSeconds": "6"}, properties)["Status"] == "SUCCESS"
    record = provider.record_of()
    assert record
    assert [one["owner"]["logical_id"] for one in record["claims"]] == [LOGICAL_ID]
    provider.clock.sleep(60)
    provider.delete(properties)
    assert provider.key_of() == key_id


def test_a_request_that_is_delivered_again_does_not_follow_its_alias_to_another_key(provider: Provider) -> None:
    """Promise 6: the second delivery changes nothing; the next Update applies the alias's new key."""
    create = {**create_event({**ONE, "SettleSeconds": "0"}), "ResponseURL": provider.fresh_url()}
    provider.deliver(create)
    provider.kms.alias("alias/one", provider.two)
    provider.clock.sleep(600)
    provider.deliver(create)
    first, again = provider.bucket.answers
    assert (again["Status"], again["Data"]) == ("SUCCESS", first["Data"])
    assert provider.key_of() == provider.one.arn
    provider.clock.sleep(60)
    provider.update(ONE, ONE)
    assert provider.key_of() == provider.two.arn
