"""The record's rules 1 to 7, each by the whole provider. Rules 8 to 10 have files of their own."""

from typing import Any

import pytest

from stream_encryption.record.changes import BEGIN_SECONDS, INTENT_SECONDS
from tests.builders import STREAM_ARN
from tests.contract.stories import (
    ONE,
    OTHER,
    RENAMED,
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
from tests.provider import Provider


def intents(provider: Provider) -> list[tuple[float, Any]]:
    """Each intent that was written, with the time of the write."""
    written = [(one.at, (one.item or {}).get("pending", {}).get("M")) for one in provider.table.versions]
    return [(at, pending) for at, pending in written if pending]


def test_rule_1_intent_first() -> None:
    """Rule 1: no Start and no Stop without `pending` having been written by this request just before."""
    provider = made()
    ok(send(provider, create()))
    ok(send(provider, update(TWO, ONE)))
    ok(send(provider, delete(TWO)))
    calls = provider.kinesis.calls.named("StartStreamEncryption", "StopStreamEncryption")
    assert [call.name for call in calls] == ["StartStreamEncryption"] * 2 + ["StopStreamEncryption"]
    written = intents(provider)
    for call in calls:
        before = [pending for at, pending in written if call.at - BEGIN_SECONDS <= at <= call.at]
        assert [pending["change"]["S"] for pending in before][-1:] == [call.name]


def test_rule_1_an_intent_that_is_no_longer_fresh_is_written_again() -> None:
    """Rule 1: seconds, by its own clock; or it is written again."""
    provider = made()
    provider.table.faults.before_call(lambda _: provider.clock.sleep(BEGIN_SECONDS + 0.1), "PutItem")
    ok(send(provider, create()))
    (call,) = provider.kinesis.calls.named("StartStreamEncryption")
    names = [pending["intent_id"]["S"] for _, pending in intents(provider)]
    assert len(set(names)) == 2
    assert intents(provider)[1][0] == call.at


def test_rule_2_one_at_a_time() -> None:
    """Rule 2: a request that finds another request's `pending` waits until that call can't be in flight any more."""
    provider = made()
    provider.kinesis.settings.updating = 1.0
    provider.kinesis.faults.before_call(
        lambda _: send(provider, create(TWO, **RENAMED)), "DescribeStreamSummary", skip=1
    )
    provider.kinesis.faults.fail_next("StartStreamEncryption", Kind.READ_TIMEOUT)
    send(provider, create())
    first, second = provider.kinesis.calls.named("StartStreamEncryption")[:2]
    assert second.arguments["KeyId"] == provider.two.arn
    assert second.at - first.at >= INTENT_SECONDS - BEGIN_SECONDS


@pytest.mark.parametrize("number", range(1, 14))
def test_rule_2_two_requests_of_one_stack_never_start_at_the_same_time(number: int) -> None:
    """Rule 2: whenever the second one begins, a Start is called on an ACTIVE stream that nobody else is changing."""
    provider = made()
    provider.kinesis.faults.before_nth(number, lambda call: _unless_changing(provider, call))
    send(provider, create())
    assert not provider.kinesis.calls.named("StartStreamEncryption").failed
    assert provider.key_of() in (provider.one.arn, provider.two.arn)
    assert provider.record_of()
    assert provider.key_of() == (provider.record_of() or {})["key"]["arn"]


def _unless_changing(provider: Provider, call: Call) -> None:
    """Rename the resource; but an invocation that stands still in its Start is not covered."""
    if call.name != "StartStreamEncryption":
        send(provider, create(TWO, **RENAMED))


def test_rule_3_the_newest_request_of_an_owner_wins() -> None:
    """Rule 3: an Update that comes late ends as Superseded and changes nothing."""
    provider = made()
    ok(send(provider, create()))
    late = provider.fresh_url()
    provider.clock.sleep(60)
    ok(send(provider, update(TWO, ONE)))
    before = provider.changes()
    failed(send(provider, update(ONE, TWO), late), "Superseded")
    assert (provider.key_of(), provider.changes()) == (provider.two.arn, before)


def test_rule_3_a_request_from_before_its_owners_delete_changes_nothing() -> None:
    """Rule 3: older than its owner's `departed`."""
    provider = made()
    late = provider.fresh_url()
    provider.clock.sleep(1)
    ok(send(provider, create()))
    provider.clock.sleep(60)
    ok(send(provider, delete()))
    before = provider.changes()
    failed(send(provider, create(), late), "Superseded")
    assert (provider.key_of(), provider.changes()) == (None, before)


def test_rule_3_of_an_update_and_its_rollback_in_one_second_the_later_arrival_wins() -> None:
    """Rule 3: and wins once: the Update's second delivery changes nothing."""
    provider = made()
    ok(send(provider, create()))
    provider.clock.sleep(60)
    forward, back = provider.fresh_url(), provider.fresh_url()
    provider.kinesis.faults.before_call(
        lambda _: ok(send(provider, update(ONE, TWO), back)), "DescribeStreamSummary", skip=1
    )
    failed(send(provider, update(TWO, ONE), forward), "Superseded")
    assert provider.key_of() == provider.one.arn
    failed(send(provider, update(TWO, ONE), forward), "Superseded")
    assert provider.key_of() == provider.one.arn


def test_rule_4_claims_are_a_stack() -> None:
    """Rule 4: takeover and rename push; a Delete removes its own claim wherever it stands."""
    provider = made("alias/three")
    ok(send(provider, create(ONE, **THEY)))
    ok(send(provider, create({**TWO, "Takeover": "true"})))
    provider.clock.sleep(1)
    ok(send(provider, create(ONE, **RENAMED)))
    assert owners(provider) == ["Theirs", "Encryption", "Renamed"]
    provider.clock.sleep(1)
    ok(send(provider, delete(TWO)))
    assert owners(provider) == ["Theirs", "Renamed"]
    ok(send(provider, delete(ONE, **RENAMED)))
    assert (owners(provider), provider.key_of()) == (["Theirs"], provider.one.arn)
    ok(send(provider, delete(ONE, **THEY)))
    assert (owners(provider), provider.key_of()) == ([], "alias/three")


def test_rule_4_the_claim_above_inherits_what_the_removed_one_had_found() -> None:
    """Rule 4: after the first owner has gone, the last one restores the first state."""
    provider = made("alias/three")
    ok(send(provider, create(ONE, **THEY)))
    ok(send(provider, create({**TWO, "Takeover": "true"})))
    ok(send(provider, delete(ONE, **THEY)))
    assert provider.key_of() == provider.two.arn
    ok(send(provider, delete(TWO)))
    assert provider.key_of() == "alias/three"


def test_rule_4_a_take_back_that_fails_leaves_the_resource_its_claim() -> None:
    """Rule 4: its rollback gives it the stream with its former key, and the other's Delete leaves it encrypted."""
    provider = made()
    three = {**ONE, "KeyId": "alias/three", "Takeover": "true"}
    ok(send(provider, create(ONE)))
    ok(send(provider, create({**TWO, "Takeover": "true"}, **THEY)))
    key = provider.kms.find("alias/three")
    assert key
    key.denies_use = True
    failed(send(provider, update(three, ONE)), "KeyUnusable")
    ok(send(provider, update(ONE, three)))
    assert (owners(provider), provider.key_of()) == (["Theirs", "Encryption"], provider.one.arn)
    ok(send(provider, delete(TWO, **THEY)))
    assert (owners(provider), provider.key_of()) == (["Encryption"], provider.one.arn)


@pytest.mark.parametrize("on_delete", ["Restore", "Keep"])
def test_rule_4_a_resource_that_takes_a_stream_back_has_not_left(on_delete: str) -> None:
    """Rule 4: OnDelete Keep of its former claim leaves no key behind."""
    provider = made()
    first, back = {**ONE, "OnDelete": on_delete}, {**ONE, "KeyId": "alias/three", "Takeover": "true"}
    ok(send(provider, create(first)))
    ok(send(provider, create({**TWO, "Takeover": "true"}, **THEY)))
    ok(send(provider, update(back, first)))
    ok(send(provider, delete(back)))
    assert provider.key_of() == provider.two.arn
    ok(send(provider, delete(TWO, **THEY)))
    assert (owners(provider), provider.key_of()) == ([], None)


def test_rule_5_success_follows_a_write() -> None:
    """Rule 5: the last calls are a fresh look and a conditional write that ends `pending`."""
    provider = made()
    ok(send(provider, create()))
    look, write = provider.kinesis.calls[-2:]
    assert (look.name, write.name) == ("DescribeStreamSummary", "PutItem")
    assert look.at == write.at
    assert "pending" not in (provider.record_of() or {})


def test_rule_5_nobody_can_have_passed_in_between() -> None:
    """Rule 5: another stack took the stream over while this request was settling; then it is no success."""
    provider = made()
    takeover = create({**TWO, "Takeover": "true"}, **THEY)
    provider.kinesis.faults.before_call(lambda _: ok(send(provider, takeover)), "PutItem", skip=1)
    failed(send(provider, create()), "OwnedByAnotherStack")
    assert (owners(provider)[-1], provider.key_of()) == ("Theirs", provider.two.arn)


@pytest.mark.parametrize(
    ("properties", "physical_id", "after"),
    [
        (ONE, STREAM_ARN, None),
        (TWO, STREAM_ARN, "one"),
        ({**ONE, "OnDelete": "Keep"}, STREAM_ARN, "one"),
        (ONE, "failed-create:platform-encryption/Encryption/0123456789abcdef", "one"),
        (ONE, "platform-encryption-Encryption-1ABCDEF", "one"),
    ],
    ids=["its own stream and key", "another key", "Keep", "a failed Create's id", "an invented id"],
)
def test_rule_6_a_lost_record_is_not_a_licence(properties: Any, physical_id: str, after: str | None) -> None:
    """Rule 6: Delete acts only if its id is this stream's and the stream has the key of its properties."""
    provider = made()
    ok(send(provider, create()))
    provider.table.remove(STREAM_ARN)
    ok(send(provider, delete(properties, PhysicalResourceId=physical_id)))
    assert provider.key_of() == (provider.one.arn if after else None)


def test_rule_6_an_update_claims_a_lost_stream_anew() -> None:
    """Rule 6: and what it gave itself is not what was there before."""
    provider = made()
    ok(send(provider, create()))
    provider.table.remove(STREAM_ARN)
    ok(send(provider, update(TWO, ONE)))
    assert owners(provider) == ["Encryption"]
    ok(send(provider, delete(TWO)))
    assert provider.key_of() is None


def test_rule_6_a_table_that_was_restored_to_an_earlier_state_is_a_lost_record_too() -> None:
    """Rule 6: point-in-time recovery."""
    provider = made()
    before = provider.clock.now() - 1
    ok(send(provider, create()))
    provider.table.restore(before)
    assert provider.record_of() is None
    ok(send(provider, delete()))
    assert provider.key_of() is None


@pytest.mark.parametrize("skip", [0, 1])
def test_rule_7_a_conditional_write_that_fails_is_no_error(skip: int) -> None:
    """Rule 7: read again, decide again; here an operator's tool has written the item in between."""
    provider = made()

    def touch(_: Call) -> None:
        item = dict(provider.table.items.get(STREAM_ARN) or {"stream": {"S": STREAM_ARN}})
        item["version"] = {"N": str(int(item.get("version", {"N": "0"})["N"]) + 1)}
        provider.table.put_item(TableName=provider.table.name, Item=item)

    provider.table.faults.before_call(touch, "PutItem", skip=skip)
    ok(send(provider, create()))
    assert provider.table.calls.named("PutItem").failed
    assert (starts(provider), stops(provider), owners(provider)) == (1, 0, ["Encryption"])


def test_a_stream_that_was_created_again_is_another_stream() -> None:
    """Record, incarnation: the claims on the former one are void, and Delete leaves the new one as it is."""
    provider = made()
    ok(send(provider, create()))
    ok(send(provider, create(OTHER, **THEY)))
    provider.kinesis.people.delete("orders")
    provider.clock.sleep(60)
    provider.kinesis.add_stream("orders", "alias/one")
    ok(send(provider, delete()))
    assert provider.key_of() == "alias/one"
    assert owners(provider, "other") == ["Theirs"]


def test_the_delete_of_a_claim_on_an_earlier_stream_leaves_the_new_one_however_late() -> None:
    """Incarnation, as found: after two hours the record looked lost, and the owner's encryption was stopped."""
    provider = made()
    ok(send(provider, create()))
    provider.kinesis.people.delete("orders")
    provider.clock.sleep(60)
    provider.kinesis.add_stream("orders", "alias/one")
    ok(send(provider, create(ONE, **THEY)))
    ok(send(provider, delete(ONE, **THEY)))
    provider.clock.sleep(3 * 3600)
    ok(send(provider, delete()))
    assert (provider.key_of(), owners(provider), stops(provider)) == ("alias/one", [], 0)


def test_the_delete_of_a_failed_create_on_an_earlier_stream_lets_the_item_expire() -> None:
    """Record, expires: nobody is left whose Delete can still come."""
    provider = made()
    provider.kinesis.settings.settling = 10_000
    wanted = {**ONE, "Verify": "true"}
    answer = failed(send(provider, create(wanted)), "NotVerified")
    assert owners(provider) == ["Encryption"]
    provider.kinesis.people.delete("orders")
    provider.clock.sleep(60)
    provider.kinesis.add_stream("orders")
    ok(send(provider, delete(wanted, PhysicalResourceId=answer["PhysicalResourceId"])))
    item = provider.record_of()
    assert item
    assert ([one["void"] for one in item["departed"]], "expires" in item) == ([False], True)


def test_a_delete_whose_record_is_lost_ends_its_intent_and_answers_when_the_stream_is_active() -> None:
    """Rule 6 and promise 1: it has stopped the encryption itself, and waits for that as any other Delete does."""
    provider = made()
    ok(send(provider, create()))
    provider.table.remove(STREAM_ARN)
    provider.kinesis.settings.updating = 20
    began = provider.clock.now()
    ok(send(provider, delete()))
    record = provider.record_of()
    assert record
    assert (provider.key_of(), stops(provider), "pending" in record) == (None, 1, False)
    assert provider.clock.now() >= began + 20
