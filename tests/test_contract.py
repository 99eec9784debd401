"""The contract itself, through the door: its promises, what each event does, and each row of its errors."""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest

from tests.builders import ACCOUNT, LOGICAL_ID, REGION, STACK_ID, STREAM_ARN, STREAM_NAME, create_event
from tests.fake_calls import Call
from tests.fake_errors import Kind, client_error
from tests.fake_kms import Key
from tests.fake_stream import ACTIVE, NONE, UPDATING, Described, Stale
from tests.provider import Provider

ONE = {"StreamName": STREAM_NAME, "KeyId": "alias/one"}
TWO = {"StreamName": STREAM_NAME, "KeyId": "alias/two"}
OTHER = {"StreamName": "other", "KeyId": "alias/one"}
OTHER_ARN = STREAM_ARN.replace(STREAM_NAME, "other")
MARKER = f"failed-create:platform-encryption/{LOGICAL_ID}"
ANOTHER_STACK = STACK_ID.replace("platform-encryption", "another-stack")
OURS = "kinesis-stream-encryption:"


@pytest.fixture
def provider() -> Provider:
    """The whole provider, a stream `orders` that nobody encrypts, and a stream `other`."""
    made = Provider()
    made.kinesis.add_stream("other")
    return made


def _encrypted(key_id: str) -> Provider:
    """The whole provider, and a stream that somebody had encrypted before."""
    made = Provider(stream=False)
    made.kinesis.add_stream(STREAM_NAME, key_id)
    return made


def _ok(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    assert answer["Status"] == "SUCCESS", answer["Reason"]
    return answer


def _refused(answer: Mapping[str, Any], *words: str) -> str:
    """The Reason of a FAILED answer, which says all of this."""
    reason = str(answer["Reason"])
    assert answer["Status"] == "FAILED"
    assert [word for word in words if word not in reason] == [], reason
    return reason


def _starts(provider: Provider) -> int:
    return len(provider.kinesis.calls.changes.named("StartStreamEncryption"))


def _stops(provider: Provider) -> int:
    return len(provider.kinesis.calls.changes.named("StopStreamEncryption"))


def _active_since(provider: Provider, name: str = STREAM_NAME) -> float:
    return [state.at for state in provider.kinesis.history if state.stream == name and state.why == "active"][-1]


def _own_tags(provider: Provider, name: str = STREAM_NAME) -> dict[str, str]:
    return {key: value for key, value in provider.tags_of(name).items() if key.startswith(OURS)}


# Promise 1: SUCCESS is never answered before the stream is ACTIVE with the wanted encryption, plus SettleSeconds


@pytest.mark.parametrize("settle", ["0", "5", "17", "60"])
@pytest.mark.parametrize("updating", [1.0, 2.0, 45.0])
def test_success_comes_settle_seconds_after_active_was_seen_and_never_before(
    provider: Provider, settle: str, updating: float
) -> None:
    """Promise 1: to the second, from the look that showed ACTIVE on; that look is late by a polling pause at most."""
    provider.kinesis.settings.updating = updating
    begun = provider.clock.now()
    _ok(provider.create({**ONE, "SettleSeconds": settle}))
    waited = provider.clock.now() - _active_since(provider)
    assert _active_since(provider) == begun + updating
    assert int(settle) <= waited <= int(settle) + max(1.0, updating / 5)


def test_an_updating_that_nobody_saw_costs_a_few_seconds_and_no_second_start(provider: Provider) -> None:
    """Promise 1: an ACTIVE may be from before the Start, so it is believed only later; never earlier than due."""
    provider.kinesis.settings.updating = 0.1
    _ok(provider.create({**ONE, "SettleSeconds": "3"}))
    assert 3 <= provider.clock.now() - _active_since(provider) <= 10
    assert _starts(provider) == 1


def test_settle_seconds_are_counted_from_the_look_that_showed_active(provider: Provider) -> None:
    """Promise 1, exactly: the answer is given at the very second at which SettleSeconds are over."""
    _ok(provider.create({**ONE, "SettleSeconds": "30"}))
    looks = [call.at for call in provider.kinesis.calls.named("ListTagsForStream")]
    assert looks[-1] - looks[-2] == pytest.approx(30, abs=1e-3)
    assert provider.clock.now() == looks[-1]


def test_five_seconds_are_waited_unless_the_template_says_otherwise(provider: Provider) -> None:
    """Property SettleSeconds: its default is 5."""
    _ok(provider.create(ONE))
    assert 5 <= provider.clock.now() - _active_since(provider) < 6


@pytest.mark.parametrize("settle", ["0", "5"])
@pytest.mark.parametrize("part", list(Stale), ids=lambda part: part.name)
@pytest.mark.parametrize("described", list(Described), ids=lambda described: described.name)
@pytest.mark.parametrize(("updating", "stale"), [(0.5, 0.2), (2.0, 1.0), (2.0, 4.9), (8.0, 4.9), (30.0, 3.0)])
def test_stale_descriptions_never_make_a_success_too_early(  # noqa: PLR0913, PLR0917 - each is a fact of its own
    provider: Provider, settle: str, part: Stale, described: Described, updating: float, stale: float
) -> None:
    """Promise 1: right after Start a description can still say ACTIVE, with the old encryption or the new."""
    settings = provider.kinesis.settings
    settings.updating, settings.stale, settings.stale_part, settings.described = updating, stale, part, described
    _ok(provider.create({**ONE, "SettleSeconds": settle}))
    assert provider.kinesis.streams[STREAM_NAME].status == ACTIVE
    assert provider.clock.now() - _active_since(provider) >= int(settle)
    assert _starts(provider) == 1


@pytest.mark.parametrize("settle", ["0", "5"])
@pytest.mark.parametrize("part", list(Stale), ids=lambda part: part.name)
def test_stale_descriptions_never_make_a_restoring_delete_too_early(
    provider: Provider, settle: str, part: Stale
) -> None:
    """Row Delete, owned: as OnDelete says, WAIT, and only then remove the tags."""
    settings = provider.kinesis.settings
    _ok(provider.create({**ONE, "SettleSeconds": settle}))
    provider.clock.sleep(60)
    settings.updating, settings.stale, settings.stale_part = 8.0, 4.9, part
    _ok(provider.delete(ONE))
    assert provider.kinesis.streams[STREAM_NAME].status == ACTIVE
    assert provider.key_of() is None
    assert _stops(provider) == 1


def test_a_description_without_an_encryption_type_is_an_unencrypted_stream(provider: Provider) -> None:
    """Promise 1: some regions leave EncryptionType out; that is NONE."""
    provider.kinesis.settings.says_none = False
    _ok(provider.create(ONE))
    _ok(provider.delete(ONE))
    assert provider.key_of() is None


def test_a_stream_that_is_reshard_for_half_an_hour_is_waited_for(provider: Provider) -> None:
    """Row UPDATING: wait until ACTIVE, then decide; where the time that is left allows it."""
    provider.kinesis.people.reshard(STREAM_NAME, 1800)
    _ok(provider.handle(create_event(ONE), 3000.0))
    assert provider.key_of() == "alias/one"


def test_a_stream_in_creation_is_waited_for() -> None:
    """Row CREATING: wait until ACTIVE, then decide."""
    provider = Provider(stream=False)
    provider.kinesis.add_stream(STREAM_NAME, creating=40)
    _ok(provider.create(ONE))
    assert provider.kinesis.calls.changes[0].at >= 40 + provider.kinesis.calls[0].at


# Verify


def test_verify_puts_one_record_when_all_is_well(provider: Provider) -> None:
    """Property Verify: consumers see it, so it is one small record, after SettleSeconds."""
    _ok(provider.create({**ONE, "Verify": "true"}))
    (put,) = provider.kinesis.calls.named("PutRecord")
    assert put.at - _active_since(provider) >= 5
    assert len(put.arguments["Data"]) < 200


@pytest.mark.parametrize("properties", [ONE, {**ONE, "Verify": "false"}], ids=["left out", "false"])
def test_no_record_is_put_unless_it_is_asked_for(provider: Provider, properties: Mapping[str, str]) -> None:
    """Property Verify: off by default, since consumers will see the record."""
    _ok(provider.create(properties))
    assert not provider.kinesis.calls.named("PutRecord")


def test_verify_goes_on_while_records_are_still_unencrypted(provider: Provider) -> None:
    """Property Verify: SUCCESS only once a record came back encrypted."""
    provider.kinesis.settings.settling = 20
    _ok(provider.create({**ONE, "Verify": "true"}))
    assert provider.kinesis.history[-1].why == "settled"
    assert 2 <= len(provider.kinesis.calls.named("PutRecord")) <= 6


def test_verify_fails_when_records_stay_unencrypted(provider: Provider) -> None:
    """Property Verify and promise 2: a FAILED that says what was seen, on which stream."""
    provider.kinesis.settings.settling = 10_000
    _refused(provider.create({**ONE, "Verify": "true"}), STREAM_NAME, "record", "KMS")
    assert 30 <= provider.clock.now() - _active_since(provider) <= 120


def test_verify_that_is_throttled_only_takes_longer(provider: Provider) -> None:
    """Property Verify: a full shard is no fault of the encryption."""
    provider.kinesis.faults.fail_next("PutRecord", Kind.THROTTLING, times=3)
    _ok(provider.create({**ONE, "Verify": "true"}))


# Promise 2: exactly one answer, before CloudFormation gives up, never over 4,096 bytes, and of use


def test_an_answer_with_the_longest_names_fits() -> None:
    """Promise 2: never over 4,096 bytes."""
    name = "n" * 128
    provider = Provider(stream=False)
    provider.kinesis.add_stream(name)
    provider.kms.alias("alias/" + "k" * 250, provider.one)
    answer = _ok(provider.create({"StreamName": name, "KeyId": "alias/" + "k" * 250}))
    assert len(json.dumps(answer)) <= 4096


@pytest.mark.parametrize(
    ("service_timeout", "latest"), [(None, 3600), ("1", 1), ("30", 30), ("300", 300), ("3600", 3600)]
)
def test_the_answer_is_there_before_cloudformation_gives_up(
    provider: Provider, service_timeout: str | None, latest: float
) -> None:
    """Promise 2 and row "the deadline": however short ServiceTimeout is, the answer comes before its end."""
    provider.kinesis.people.reshard(STREAM_NAME, 10_000)
    begun = provider.clock.now()
    extra = {"ServiceTimeout": service_timeout} if service_timeout else {}
    _refused(provider.handle(create_event({**ONE, **extra}), 10_000.0), STREAM_NAME, "UPDATING", "while waiting")
    assert 0.5 * latest <= provider.clock.now() - begun < latest


@pytest.mark.parametrize("left", [3.0, 10.0, 60.0, 300.0, 900.0])
def test_the_answer_is_there_before_lambda_ends_the_invocation(provider: Provider, left: float) -> None:
    """Promise 2: a wait that outlasts the Lambda ends in a FAILED that is still brought home."""
    provider.kinesis.people.reshard(STREAM_NAME, 10_000)
    begun = provider.clock.now()
    _refused(provider.handle(create_event(ONE), left), STREAM_NAME, "UPDATING", "while waiting")
    assert 0.5 * left <= provider.clock.now() - begun < left


def test_time_that_runs_out_is_told_with_what_was_waited_for_and_how_long(provider: Provider) -> None:
    """Row "the deadline": what it was waiting for, and for how long."""
    provider.kinesis.people.reshard(STREAM_NAME, 10_000)
    reason = _refused(provider.create({**ONE, "ServiceTimeout": "120"}), "is UPDATING", STREAM_NAME)
    seconds = int(reason.split(" s after")[0].rsplit(" ", 1)[1])
    assert 90 <= seconds <= 120
    assert provider.changes() == []


def test_throttling_until_the_deadline_is_told_as_such(provider: Provider) -> None:
    """Row "the deadline": the last thing that was waited for was no throttle any more."""
    provider.kinesis.faults.between(0, 1e12, "kinesis:StartStreamEncryption", Kind.THROTTLING)
    _refused(provider.create({**ONE, "ServiceTimeout": "600"}), "ThrottlingException", STREAM_NAME)


def test_time_is_used_to_its_end(provider: Provider) -> None:
    """Errors: "back off and go on UNTIL the deadline": the last pause ends there, and a last try is made."""
    begun = provider.clock.now()
    provider.kinesis.faults.between(0, 1e12, "*", Kind.THROTTLING)
    _refused(provider.create({**ONE, "ServiceTimeout": "600"}), "ThrottlingException")
    assert provider.clock.now() - begun >= 570


# Promise 3: we undo only what we did; the tags say so, to people too


def test_the_tags_tell_a_person_which_stack_which_resource_and_what_was_before() -> None:
    """Promise 3: ownership is on the stream, as tags that a person can read."""
    provider = _encrypted("alias/two")
    _ok(provider.create(ONE))
    assert _own_tags(provider) == {
        OURS + "stack": STACK_ID,
        OURS + "resource": LOGICAL_ID,
        OURS + "before": "alias/two",
        OURS + "key": "alias/one",
        OURS + "as-of": "2026-01-01T00:00:00Z",
    }


def test_a_delete_removes_our_tags_and_no_others() -> None:
    """Promise 3 and row Delete, owned: "remove the tags"; other people's stay."""
    provider = Provider(stream=False)
    provider.kinesis.add_stream(STREAM_NAME, tags={"team": "orders"})
    _ok(provider.create(ONE))
    _ok(provider.delete(ONE))
    assert provider.tags_of() == {"team": "orders"}


def test_a_delete_more_than_an_hour_after_the_last_request_leaves_no_mark() -> None:
    """Promise 3: no request is left that could be delivered again; the tags are what they were before, exactly."""
    provider = Provider(stream=False, handover_seconds=60)
    provider.kinesis.add_stream(STREAM_NAME, tags={"team": "orders"})
    _ok(provider.create(ONE))
    provider.clock.sleep(2 * 60 * 60)
    _ok(provider.update(TWO, ONE))
    provider.clock.sleep(60 * 60)
    _ok(provider.delete(TWO))
    assert provider.kinesis.streams[STREAM_NAME].tags == {"team": "orders"}
    assert not provider.states.sweeps


@pytest.mark.parametrize(
    ("before", "by_key"),
    [
        (None, None),
        ("alias/two", "alias/two"),
        ("alias/one", "alias/one"),
    ],
    ids=["unencrypted", "another key", "the wanted key"],
)
def test_delete_restores_what_create_found(before: str | None, by_key: str | None) -> None:
    """Property OnDelete, Restore, the default: the state that Create found comes back."""
    provider = Provider(stream=False)
    provider.kinesis.add_stream(STREAM_NAME, before)
    _ok(provider.create(ONE))
    assert provider.key_of() == "alias/one"
    _ok(provider.delete(ONE))
    assert provider.key_of() == by_key


def test_what_create_found_outlives_every_update_of_the_key() -> None:
    """Property OnDelete, Restore: Create's state, not the last Update's."""
    provider = _encrypted("alias/two")
    third = provider.kms.add_key("alias/three")
    _ok(provider.create(ONE))
    _ok(provider.update({**ONE, "KeyId": third.arn}, ONE))
    assert provider.key_of() == third.arn
    _ok(provider.delete({**ONE, "KeyId": third.arn}))
    assert provider.key_of() == "alias/two"


@pytest.mark.parametrize(
    ("on_delete", "before", "after"),
    [
        ("Stop", "alias/two", None),
        ("Stop", None, None),
        ("Stop", "alias/one", None),
        ("Keep", "alias/two", "alias/one"),
        ("Keep", None, "alias/one"),
        ("Restore", "alias/two", "alias/two"),
    ],
)
def test_on_delete_says_what_a_delete_does(on_delete: str, before: str | None, after: str | None) -> None:
    """Property OnDelete: Stop stops, Keep leaves, Restore restores; each removes the record."""
    provider = Provider(stream=False)
    provider.kinesis.add_stream(STREAM_NAME, before)
    properties = {**ONE, "OnDelete": on_delete}
    _ok(provider.create(properties))
    _ok(provider.delete(properties))
    assert provider.key_of() == after
    assert not {OURS + "stack", OURS + "resource", OURS + "before"} & provider.tags_of().keys()


@pytest.mark.parametrize("on_delete", ["Restore", "Stop", "Keep"])
def test_a_delete_from_a_resource_that_does_not_own_the_stream_leaves_it_alone(on_delete: str) -> None:
    """Promise 3: another stack's record is on the stream."""
    provider = Provider()
    _ok(provider.create(ONE, StackId=ANOTHER_STACK))
    before = provider.tags_of(), provider.changes()
    _ok(provider.delete({**ONE, "OnDelete": on_delete}))
    assert provider.key_of() == "alias/one"
    assert (provider.tags_of(), provider.changes()) == before


def test_a_delete_whose_tags_somebody_removed_goes_by_id_and_key(provider: Provider) -> None:
    """Promise 3: without tags, its PhysicalResourceId is this stream's and the key is the one of its properties."""
    _ok(provider.create(ONE))
    provider.kinesis.people.untag(STREAM_NAME)
    _ok(provider.delete(ONE))
    assert provider.key_of() is None
    assert provider.kinesis.streams[STREAM_NAME].status == ACTIVE


def test_the_key_of_an_untagged_stream_is_compared_as_a_resolved_key(provider: Provider) -> None:
    """Promise 3: "the current key is the one in its properties", however either is spelled."""
    _ok(provider.create(ONE))
    provider.kinesis.people.untag(STREAM_NAME)
    _ok(provider.delete({**ONE, "KeyId": provider.one.key_id}))
    assert provider.key_of() is None


@pytest.mark.parametrize(
    ("properties", "physical_id", "why"),
    [
        (TWO, STREAM_ARN, "the stream's key is another one"),
        (ONE, MARKER, "a failed Create changed nothing that it did not record"),
        (ONE, "platform-encryption-Encryption-1ABCDEF", "an invented id is not this stream's"),
        ({**ONE, "OnDelete": "Keep"}, STREAM_ARN, "Keep keeps"),
    ],
)
def test_a_delete_without_tags_and_without_proof_leaves_the_stream_alone(
    provider: Provider, properties: Mapping[str, str], physical_id: str, why: str
) -> None:
    """Promise 3: without tags, Delete acts only on both id and key."""
    _ok(provider.create(ONE))
    provider.kinesis.people.untag(STREAM_NAME)
    _ok(provider.delete(properties, PhysicalResourceId=physical_id))
    assert provider.key_of() == "alias/one", why
    assert _stops(provider) == 0, why


def test_an_untagged_stream_is_not_given_up_before_it_is_active_again(provider: Provider) -> None:
    """Row Delete: "wait", also where no tags tell that the stream is ours, and however stale a description is."""
    _ok(provider.create(ONE))
    provider.kinesis.people.untag(STREAM_NAME)
    provider.clock.sleep(60)
    settings = provider.kinesis.settings
    settings.updating, settings.stale, settings.stale_part = 8.0, 4.9, Stale.STATUS
    _ok(provider.delete(ONE))
    assert provider.kinesis.streams[STREAM_NAME].status == ACTIVE


@pytest.mark.parametrize("tag", ["stack", "resource", "before"])
def test_a_record_of_which_a_part_is_gone_is_none(provider: Provider, tag: str) -> None:
    """Promise 3: a part of the tags is no ownership; id and key decide, and what is left is removed."""
    _ok(provider.create(ONE))
    provider.kinesis.people.untag(STREAM_NAME, OURS + tag)
    _ok(provider.delete(ONE))
    assert provider.key_of() is None
    assert not _own_tags(provider)


@pytest.mark.parametrize("tag", ["stack", "resource", "before", None])
def test_an_update_of_an_untagged_stream_records_it_anew(provider: Provider, tag: str | None) -> None:
    """Promise 3: the key that this very resource gave is not what was there before it; Delete undoes it."""
    _ok(provider.create(ONE))
    provider.kinesis.people.untag(STREAM_NAME, *([OURS + tag] if tag else []))
    _ok(provider.update(TWO, ONE))
    assert provider.key_of() == "alias/two"
    assert _own_tags(provider)[OURS + "resource"] == LOGICAL_ID
    _ok(provider.delete(TWO))
    assert provider.key_of() is None


def test_a_stream_that_others_gave_a_key_meanwhile_is_restored_to_that_one(provider: Provider) -> None:
    """Promise 3: untagged, and with a key that this resource never gave: that is the state before the Update."""
    third = provider.kms.add_key("alias/three")
    _ok(provider.create(ONE))
    provider.kinesis.people.untag(STREAM_NAME)
    provider.kinesis.people.rekey(STREAM_NAME, "alias/three")
    _ok(provider.update(TWO, ONE))
    _ok(provider.delete(TWO))
    assert provider.key_of() in {"alias/three", third.arn}


def test_a_stream_that_is_full_of_tags_is_refused_and_left_as_it_is() -> None:
    """Promises 2 and 3: without a record nothing may be changed, so nothing is; the Reason tells of the tags."""
    provider = Provider(stream=False)
    provider.kinesis.add_stream(STREAM_NAME, tags={f"tag{number:02}": "x" for number in range(50)})
    _refused(provider.create(ONE), STREAM_NAME, "50 tags", "kinesis:AddTagsToStream")
    assert provider.changes() == []
    _ok(provider.delete(ONE, PhysicalResourceId=MARKER))
    assert provider.changes() == []


def test_our_record_is_found_behind_many_tags() -> None:
    """Promise 3: ListTagsForStream answers page by page."""
    provider = Provider(stream=False)
    provider.kinesis.settings.tags_per_page = 5
    provider.kinesis.add_stream(STREAM_NAME, tags={f"a{number:02}": "x" for number in range(44)})
    _ok(provider.create(ONE))
    _ok(provider.delete(ONE))
    assert provider.key_of() is None
    assert len(provider.tags_of()) == 44


# Promise 4: no call that changes anything is made when nothing needs to change


def test_a_stream_with_the_wanted_key_costs_no_start(provider: Provider) -> None:
    """Promise 4 and row "KMS with the wanted key": no call; recorded as the state before."""
    provider = _encrypted("alias/one")
    _ok(provider.create(ONE))
    assert provider.changes() == ["AddTagsToStream"]
    assert _own_tags(provider)[OURS + "before"] == "alias/one"
    _ok(provider.delete(ONE))
    assert provider.key_of() == "alias/one"
    assert (_starts(provider), _stops(provider)) == (0, 0)


def _spellings(key: Key, alias: str) -> tuple[str, ...]:
    return alias, f"arn:aws:kms:{REGION}:{ACCOUNT}:{alias}", key.key_id, key.arn


@pytest.mark.parametrize("there", range(4), ids=["alias", "alias ARN", "GUID", "ARN"])
@pytest.mark.parametrize("wanted", range(4), ids=["alias", "alias ARN", "GUID", "ARN"])
@pytest.mark.parametrize("alias", ["alias/one", "alias/aws/kinesis"])
def test_keys_are_the_same_however_they_are_spelled(there: int, wanted: int, alias: str) -> None:
    """Promise 4 and row "compared as resolved keys": alias, alias ARN, GUID and ARN of one key."""
    provider = Provider(stream=False)
    key = provider.kms.find(alias)
    assert key
    spellings = _spellings(key, alias)
    provider.kinesis.add_stream(STREAM_NAME, spellings[there])
    answer = _ok(provider.create({**ONE, "KeyId": spellings[wanted]}))
    assert _starts(provider) == 0
    assert answer["Data"]["KeyArn"] == key.arn
    assert answer["Data"]["KeyId"] == spellings[there]


@pytest.mark.parametrize(
    "change",
    [
        {"OnDelete": "Keep"},
        {"SettleSeconds": "1"},
        {"Verify": "false"},
        {"Takeover": "true"},
        {"EncryptionType": "KMS"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_change_of_any_other_property_is_no_call(provider: Provider, change: Mapping[str, str]) -> None:
    """Properties, "on change": in place, no call."""
    _ok(provider.create(ONE))
    before = provider.changes()
    answer = _ok(provider.update({**ONE, **change}, ONE))
    assert provider.changes() == before
    assert answer["PhysicalResourceId"] == STREAM_ARN


def test_an_on_delete_that_was_changed_later_is_the_one_that_counts(provider: Provider) -> None:
    """Property OnDelete: in place; the Delete's own properties say what it does."""
    _ok(provider.create(ONE))
    _ok(provider.update({**ONE, "OnDelete": "Keep"}, ONE))
    _ok(provider.delete({**ONE, "OnDelete": "Keep"}))
    assert provider.key_of() == "alias/one"


@pytest.mark.parametrize(
    ("first", "then"),
    [(ONE, {"StreamARN": STREAM_ARN}), ({"StreamARN": STREAM_ARN}, ONE), (ONE, {**ONE, "StreamARN": STREAM_ARN})],
    ids=["name to ARN", "ARN to name", "both"],
)
def test_another_way_to_name_the_same_stream_is_no_replacement(
    provider: Provider, first: Mapping[str, str], then: Mapping[str, str]
) -> None:
    """The contract's last line: the PhysicalResourceId names the stream."""
    first, then = {**first, "KeyId": "alias/one"}, {**then, "KeyId": "alias/one"}
    created = _ok(provider.create(first))
    before = provider.changes()
    updated = _ok(provider.update(then, first, PhysicalResourceId=created["PhysicalResourceId"]))
    assert updated["PhysicalResourceId"] == created["PhysicalResourceId"] == STREAM_ARN
    assert provider.changes() == before


# Promise 5: a key change never passes through an unencrypted state


@pytest.mark.parametrize("described", list(Described), ids=lambda described: described.name)
def test_a_key_change_never_passes_through_plaintext(provider: Provider, described: Described) -> None:
    """Promise 5 and row "KMS with another key": Start with the new key, at once."""
    _ok(provider.create(ONE))
    provider.clock.sleep(60)
    provider.kinesis.settings.described = described
    begun = provider.clock.now()
    _ok(provider.update(TWO, ONE))
    states = provider.kinesis.during(STREAM_NAME, begun, provider.clock.now())
    assert NONE not in {state.encryption for state in states} | {state.in_force for state in states}
    assert _stops(provider) == 0
    assert provider.key_of() == "alias/two"


def test_a_rolled_back_key_change_goes_straight_back(provider: Provider) -> None:
    """Promise 5: a rollback is an Update with the properties swapped."""
    _ok(provider.create(ONE))
    _ok(provider.update(TWO, ONE))
    answer = _ok(provider.update(ONE, TWO))
    assert provider.key_of() == "alias/one"
    assert answer["PhysicalResourceId"] == STREAM_ARN
    assert _stops(provider) == 0
    _ok(provider.delete(ONE))
    assert provider.key_of() is None


# Promise 7: teardown is never blocked by what is already gone


def _gone(provider: Provider) -> None:
    provider.kinesis.people.delete(STREAM_NAME)


def _going(provider: Provider) -> None:
    provider.kinesis.people.delete(STREAM_NAME, 600)


def _off(provider: Provider) -> None:
    provider.kinesis.people.stop(STREAM_NAME)


def _key_gone(provider: Provider) -> None:
    provider.kms.remove(provider.one)


@pytest.mark.parametrize(
    ("happen", "why"),
    [
        (_gone, "the stream is gone"),
        (_going, "the stream is DELETING"),
        (_off, "somebody switched the encryption off already"),
        (_key_gone, "the key is deleted, and Stop needs none"),
    ],
)
@pytest.mark.parametrize("on_delete", ["Restore", "Stop", "Keep"])
@pytest.mark.parametrize("tagged", [True, False], ids=["tagged", "untagged"])
def test_teardown_is_not_blocked_by_what_is_gone(
    provider: Provider, happen: Callable[[Provider], None], why: str, on_delete: str, *, tagged: bool
) -> None:
    """Promise 7 and row "gone, DELETING": SUCCESS, soon."""
    properties = {**ONE, "OnDelete": on_delete}
    _ok(provider.create(properties))
    if not tagged:
        provider.kinesis.people.untag(STREAM_NAME)
    happen(provider)
    begun = provider.clock.now()
    answer = provider.delete(properties)
    assert answer["Status"] == "SUCCESS", why
    assert answer["PhysicalResourceId"] == STREAM_ARN
    assert provider.clock.now() - begun < 30


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"StreamName": "no such name!"},
        {"StreamName": ["a", "list"]},
        {"StreamName": STREAM_NAME, "KeyId": ["a", "list"]},
        {"StreamName": STREAM_NAME, "OnDelete": "Maybe", "Nonsense": "x"},
        {"StreamARN": "arn:aws:kinesis:eu-west-1:999999999999:stream/elsewhere"},
        {"StreamName": "missing"},
    ],
)
@pytest.mark.parametrize("physical_id", [MARKER, "platform-encryption-Encryption-1ABC", "anything at all", STREAM_ARN])
def test_a_delete_never_fails_on_properties(
    provider: Provider, properties: Mapping[str, Any], physical_id: str
) -> None:
    """Promise 7: properties that were never valid, a failed Create's marker id: SUCCESS, and nothing is encrypted."""
    answer = _ok(provider.delete(properties, PhysicalResourceId=physical_id))
    assert answer["PhysicalResourceId"] == physical_id
    assert (_starts(provider), _stops(provider)) == (0, 0)


def test_a_failed_create_answers_a_marker_whose_delete_does_nothing(provider: Provider) -> None:
    """Promise 7 and row "marker id": what an earlier failure answered is never taken for a stream."""
    provider.kms.keys[provider.one.arn].state = "Disabled"
    failed = provider.create(ONE)
    _refused(failed, "alias/one", "Disabled")
    assert failed["PhysicalResourceId"] == MARKER
    _ok(provider.delete(ONE, PhysicalResourceId=MARKER))
    assert provider.changes() == []


def test_the_delete_after_a_create_that_failed_half_way_undoes_it(provider: Provider) -> None:
    """Promises 3 and 7: the record was written before Start, so the marker's Delete knows what to undo."""
    provider.kinesis.settings.updating = 10_000
    failed = provider.create({**ONE, "ServiceTimeout": "60"})
    _refused(failed, "UPDATING")
    provider.clock.sleep(10_000)
    provider.kinesis.settings.updating = 2.0
    _ok(provider.delete(ONE, PhysicalResourceId=failed["PhysicalResourceId"]))
    assert provider.key_of() is None
    assert not _own_tags(provider)


def _disable(provider: Provider) -> None:
    provider.two.state = "Disabled"


def _pend(provider: Provider) -> None:
    provider.two.state = "PendingDeletion"


def _remove(provider: Provider) -> None:
    provider.kms.remove(provider.two)


def _deny_use(provider: Provider) -> None:
    provider.two.denies_use = True


def _deny_all(provider: Provider) -> None:
    provider.two.denies_use = provider.two.denies_describe = True


def _opt_out(provider: Provider) -> None:
    provider.kms.opted_in = False


BAD_KEYS = pytest.mark.parametrize(
    "spoil",
    [_disable, _pend, _remove, _deny_use, _deny_all, _opt_out],
    ids=["disabled", "pending deletion", "deleted", "denied", "denied, the look-up too", "no subscription to KMS"],
)


@BAD_KEYS
def test_a_key_that_cannot_be_restored_leaves_the_encryption_that_there_is(
    spoil: Callable[[Provider], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Promise 7: never plaintext for want of a key; SUCCESS, and the Reason and a metric say so."""
    provider = _encrypted("alias/two")
    _ok(provider.create(ONE))
    spoil(provider)
    capsys.readouterr()
    answer = _ok(provider.delete(ONE))
    assert provider.key_of() == "alias/one"
    assert _stops(provider) == 0
    assert "can't be restored" in answer["Reason"]
    assert "RestoresConceded" in capsys.readouterr().out
    assert not {OURS + "stack", OURS + "resource", OURS + "before"} & provider.tags_of().keys()


def test_a_restore_that_works_has_nothing_to_say() -> None:
    """Promise 7, the other way: the Reason of an ordinary SUCCESS does not alarm anybody."""
    provider = _encrypted("alias/two")
    _ok(provider.create(ONE))
    assert _ok(provider.delete(ONE))["Reason"] == ""


# What each event does: the stream's own state, and whose it is


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_gone, (STREAM_NAME, REGION, ACCOUNT, "StreamName")),
        (_going, (STREAM_NAME, "deleted", REGION)),
    ],
    ids=["missing", "DELETING"],
)
def test_a_stream_that_is_not_there_fails_at_once_with_what_to_fix(
    provider: Provider, spoil: Callable[[Provider], None], words: tuple[str, ...]
) -> None:
    """Row "stream missing or DELETING": name, region, what to fix."""
    spoil(provider)
    begun = provider.clock.now()
    _refused(provider.create(ONE), *words)
    assert provider.clock.now() - begun < 5
    assert provider.changes() == []


def test_a_stream_of_another_stacks_resource_is_refused_by_its_name(provider: Provider) -> None:
    """Row "owned by another stack's resource": FAILED, which stack and resource; the owner loses nothing."""
    _ok(provider.create(ONE, StackId=ANOTHER_STACK, LogicalResourceId="Theirs"))
    before = provider.changes(), provider.tags_of()
    failed = provider.create(TWO)
    _refused(failed, "another-stack", "Theirs", STREAM_NAME, "Takeover")
    _ok(provider.delete(TWO, PhysicalResourceId=failed["PhysicalResourceId"]))
    assert (provider.changes(), provider.tags_of()) == before
    assert provider.key_of() == "alias/one"


def test_takeover_takes_the_stream_and_its_delete_gives_it_back(provider: Provider) -> None:
    """Property Takeover: while the former owner is still there, the stream goes back to it, with its key."""
    theirs = {"StackId": ANOTHER_STACK, "LogicalResourceId": "Theirs"}
    _ok(provider.create(ONE, **theirs))
    _ok(provider.create({**TWO, "Takeover": "true"}))
    assert provider.key_of() == "alias/two"
    _ok(provider.delete({**TWO, "Takeover": "true"}))
    assert provider.key_of() == "alias/one"
    assert _own_tags(provider)[OURS + "stack"] == ANOTHER_STACK
    _ok(provider.delete(ONE, **theirs))
    assert provider.key_of() is None
    assert not _own_tags(provider)


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_a_taken_stream_whose_new_owner_is_renamed_goes_back_to_the_first_stack(
    provider: Provider, renames: int
) -> None:
    """Property Takeover and row rename: whatever the taker is called by then, the first stack gets its key back."""
    theirs, ours = {"StackId": ANOTHER_STACK, "LogicalResourceId": "Theirs"}, {**TWO, "Takeover": "true"}
    _ok(provider.create(ONE, **theirs))
    record = {key: value for key, value in _own_tags(provider).items() if "taken-from" not in key}
    names = [LOGICAL_ID, "Renamed", "RenamedAgain"]
    provider.clock.sleep(60)
    _ok(provider.create(ours))
    for old, new in pairwise(names[: renames + 1]):
        provider.clock.sleep(60)
        _ok(provider.create(ours, LogicalResourceId=new))
        provider.clock.sleep(60)
        _ok(provider.delete(ours, LogicalResourceId=old))
    assert provider.key_of() == "alias/two"
    provider.clock.sleep(60)
    _ok(provider.delete(ours, LogicalResourceId=names[renames]))
    assert provider.key_of() == "alias/one"
    assert {key: value for key, value in _own_tags(provider).items() if "taken-from" not in key} == record
    provider.clock.sleep(60)
    _ok(provider.delete(ONE, **theirs))
    assert provider.key_of() is None
    assert not _own_tags(provider)


def test_a_rename_that_is_rolled_back_has_its_key_back_even_where_the_stream_is_kept_in_the_end(
    provider: Provider,
) -> None:
    """Property OnDelete, Keep, and row rename: the old name's resource is still there, and was told of its own key."""
    one, two = {**ONE, "OnDelete": "Keep"}, {**TWO, "OnDelete": "Keep"}
    _ok(provider.create(one))
    _ok(provider.create(two, LogicalResourceId="Renamed"))
    _ok(provider.delete(two, LogicalResourceId="Renamed"))
    assert provider.key_of() == "alias/one"
    assert _own_tags(provider)[OURS + "resource"] == LOGICAL_ID
    _ok(provider.delete(one))
    assert provider.key_of() == "alias/one"
    assert not _own_tags(provider)


@pytest.mark.parametrize("before", [None, "alias/three"])
def test_after_the_former_owner_is_gone_a_taken_stream_is_restored_to_the_first_state(before: str | None) -> None:
    """Property Takeover: the former owner's Delete does nothing to it; ours restores what was before both."""
    provider = Provider(stream=False)
    provider.kms.add_key("alias/three")
    provider.kinesis.add_stream(STREAM_NAME, before)
    theirs = {"StackId": ANOTHER_STACK, "LogicalResourceId": "Theirs"}
    _ok(provider.create(ONE, **theirs))
    _ok(provider.create({**TWO, "Takeover": "true"}))
    _ok(provider.delete(ONE, **theirs))
    assert provider.key_of() == "alias/two"
    _ok(provider.delete({**TWO, "Takeover": "true"}))
    assert provider.key_of() == before
    assert not _own_tags(provider)


def test_a_key_that_cannot_be_handed_back_is_kept_and_the_stream_handed_back_all_the_same(provider: Provider) -> None:
    """Promise 7 and property Takeover: never plaintext; the former owner's next Update finds its record."""
    theirs = {"StackId": ANOTHER_STACK, "LogicalResourceId": "Theirs"}
    _ok(provider.create(TWO, **theirs))
    _ok(provider.create({**ONE, "Takeover": "true"}))
    _disable(provider)
    answer = _ok(provider.delete({**ONE, "Takeover": "true"}))
    assert "can't be restored" in answer["Reason"]
    assert provider.key_of() == "alias/one"
    assert _own_tags(provider)[OURS + "resource"] == "Theirs"


def test_a_renamed_resource_keeps_the_stream_encrypted_throughout(provider: Provider) -> None:
    """Row "another logical id of the SAME stack": ownership moves; the old one's Delete then does nothing."""
    _ok(provider.create(ONE))
    provider.clock.sleep(60)
    begun = provider.clock.now()
    _ok(provider.create(ONE, LogicalResourceId="Renamed"))
    _ok(provider.delete(ONE))
    states = provider.kinesis.during(STREAM_NAME, begun, provider.clock.now())
    assert NONE not in {state.encryption for state in states}
    assert (_starts(provider), _stops(provider)) == (1, 0)
    assert _own_tags(provider) == {
        OURS + "stack": STACK_ID,
        OURS + "resource": "Renamed",
        OURS + "before": "NONE",
        OURS + "key": "alias/one",
        OURS + "as-of": "2026-01-01T00:01:07Z",
    }
    _ok(provider.delete(ONE, LogicalResourceId="Renamed"))
    assert provider.key_of() is None


def test_a_rename_that_is_rolled_back_gives_the_stream_back(provider: Provider) -> None:
    """Rows rename and Delete: the new name is deleted, the old one goes on as if nothing had been."""
    _ok(provider.create(ONE))
    _ok(provider.create(TWO, LogicalResourceId="Renamed"))
    _ok(provider.delete(TWO, LogicalResourceId="Renamed"))
    assert provider.key_of() == "alias/one"
    assert _own_tags(provider)[OURS + "resource"] == LOGICAL_ID
    _ok(provider.update(TWO, ONE))
    assert provider.key_of() == "alias/two"
    _ok(provider.delete(TWO))
    assert provider.key_of() is None
    assert not _own_tags(provider)


def test_a_resource_that_is_renamed_there_and_back_ends_as_it_began(provider: Provider) -> None:
    """Row rename, twice: A to B to A again; nothing is left of B."""
    _ok(provider.create(ONE))
    _ok(provider.create(ONE, LogicalResourceId="Renamed"))
    _ok(provider.delete(ONE))
    provider.clock.sleep(60)  # no deployment ends, and none begins, in the very second of a request
    _ok(provider.create(ONE))
    _ok(provider.delete(ONE, LogicalResourceId="Renamed"))
    assert provider.key_of() == "alias/one"
    _ok(provider.delete(ONE))
    assert provider.key_of() is None
    assert not _own_tags(provider)


# Update: another stream


def test_a_replacement_encrypts_the_new_stream_and_its_clean_up_restores_the_old(provider: Provider) -> None:
    """Row "another stream": a new physical id; CloudFormation then sends Delete for the old."""
    _ok(provider.create(ONE))
    updated = _ok(provider.update(OTHER, ONE))
    assert updated["PhysicalResourceId"] == OTHER_ARN
    assert (provider.key_of(), provider.key_of("other")) == ("alias/one", "alias/one")
    _ok(provider.delete(ONE, PhysicalResourceId=STREAM_ARN))
    assert (provider.key_of(), provider.key_of("other")) == (None, "alias/one")
    assert not _own_tags(provider)


def test_a_replacement_that_succeeded_and_is_rolled_back_is_a_replacement_again(provider: Provider) -> None:
    """Row "another stream", with CloudFormation holding the new id: the old stream was never touched."""
    _ok(provider.create(ONE))
    _ok(provider.update(OTHER, ONE))
    back = _ok(provider.update(ONE, OTHER, PhysicalResourceId=OTHER_ARN))
    assert back["PhysicalResourceId"] == STREAM_ARN
    _ok(provider.delete(OTHER, PhysicalResourceId=OTHER_ARN))
    assert (provider.key_of(), provider.key_of("other")) == ("alias/one", None)
    assert _starts(provider) == 2


@pytest.mark.parametrize("before", [None, "alias/two"])
def test_a_failed_replacement_is_put_back_and_the_old_id_answered(provider: Provider, before: str | None) -> None:
    """Row "an attempted replacement failed": the tried stream is put back as it was; the old physical id stays."""
    _ok(provider.create(ONE))
    provider.kinesis.add_stream("other", before)
    provider.kinesis.settings.updating = 10_000
    failed = provider.update({**OTHER, "ServiceTimeout": "60"}, ONE)
    _refused(failed, "other", "UPDATING")
    assert failed["PhysicalResourceId"] == STREAM_ARN
    provider.clock.sleep(10_000)
    provider.kinesis.settings.updating = 2.0
    back = _ok(provider.update(ONE, {**OTHER, "ServiceTimeout": "60"}))
    assert back["PhysicalResourceId"] == STREAM_ARN
    assert (provider.key_of(), provider.key_of("other")) == ("alias/one", before)
    assert not _own_tags(provider, "other")
    assert back["Data"]["StreamName"] == STREAM_NAME


@pytest.mark.parametrize(
    "tried",
    [
        {"StreamName": "missing"},
        {"StreamName": "!"},
        {},
        {"StreamName": "other", "KeyId": "!"},
        {**ONE, "KeyId": "!"},
        {**TWO, "OnDelete": "Maybe"},
    ],
)
def test_an_update_that_could_never_work_is_rolled_back(provider: Provider, tried: Mapping[str, str]) -> None:
    """Rollback: old properties may be of any kind, and what was never touched stays."""
    _ok(provider.create(ONE))
    failed = provider.update(tried, ONE)
    assert failed["Status"] == "FAILED"
    assert failed["PhysicalResourceId"] == STREAM_ARN
    before = provider.changes()
    _ok(provider.update(ONE, tried))
    assert provider.changes() == before
    assert provider.key_of() == "alias/one"


def test_a_replacement_by_a_stream_that_another_stack_owns_leaves_that_alone(provider: Provider) -> None:
    """Rows "owned by another stack" and rollback: what we were refused is not ours to put back."""
    _ok(provider.create(OTHER, StackId=ANOTHER_STACK))
    _ok(provider.create(ONE))
    before = _own_tags(provider, "other")
    _refused(provider.update({**OTHER, "KeyId": "alias/two"}, ONE), "another-stack")
    _ok(provider.update(ONE, {**OTHER, "KeyId": "alias/two"}))
    assert provider.key_of("other") == "alias/one"
    assert _own_tags(provider, "other") == before


# Errors


@pytest.mark.parametrize(
    "kind",
    [
        Kind.RATE_EXCEEDED,
        Kind.THROTTLING,
        Kind.KMS_THROTTLING,
        Kind.CONNECTION,
        Kind.CONNECTION_CLOSED,
        Kind.CONNECT_TIMEOUT,
        Kind.READ_TIMEOUT,
        Kind.INTERNAL_FAILURE,
        Kind.SERVICE_UNAVAILABLE,
    ],
    ids=lambda kind: kind.name,
)
@pytest.mark.parametrize(
    "action", ["DescribeStreamSummary", "ListTagsForStream", "AddTagsToStream", "StartStreamEncryption"]
)
def test_minutes_of_throttling_and_outage_change_the_rhythm_alone(provider: Provider, kind: Kind, action: str) -> None:
    """Errors: back off and go on until the deadline, less often when throttled."""
    now = provider.clock.now()
    provider.kinesis.faults.between(now, now + 300, action, kind)
    _ok(provider.create(ONE))
    assert provider.key_of() == "alias/one"
    assert _starts(provider) == 1
    assert len(provider.kinesis.calls.named(action).between(now + 60, now + 300)) <= 60


@pytest.mark.parametrize("kind", [Kind.THROTTLING, Kind.RATE_EXCEEDED, Kind.KMS_THROTTLING], ids=lambda kind: kind.name)
def test_a_throttle_makes_the_looks_rarer(kind: Kind) -> None:
    """Errors: "less often" than while waiting for a stream that is busy."""

    def looks(disturb: Callable[[Provider], None]) -> int:
        provider = Provider()
        disturb(provider)
        now = provider.clock.now()
        provider.create(ONE)
        return len(provider.kinesis.calls.between(now, now + 200).named("DescribeStreamSummary"))

    def throttle(provider: Provider) -> None:
        now = provider.clock.now()
        provider.kinesis.faults.between(now, now + 200, "DescribeStreamSummary", kind)

    assert looks(throttle) < looks(lambda provider: provider.kinesis.people.reshard(STREAM_NAME, 200)) / 2


def test_a_stream_that_is_in_use_is_waited_for(provider: Provider) -> None:
    """Row ResourceInUseException: wait for ACTIVE, try again."""
    provider.kinesis.faults.before_call(
        lambda _: provider.kinesis.people.reshard(STREAM_NAME, 90), "StartStreamEncryption"
    )
    _ok(provider.create(ONE))
    assert provider.key_of() == "alias/one"
    assert len(provider.kinesis.calls.named("StartStreamEncryption")) == 2


@pytest.mark.parametrize(
    ("spend", "run"),
    [
        ("starts", lambda provider: provider.update(TWO, ONE)),
        ("stops", lambda provider: provider.delete(ONE)),
    ],
    ids=["Start", "Stop"],
)
def test_a_spent_quota_fails_after_two_minutes_and_says_when_it_can_work_again(
    provider: Provider, spend: str, run: Callable[[Provider], Mapping[str, Any]]
) -> None:
    """Row "LimitExceededException otherwise": names the 25-a-day quota, and when it works again at the latest."""
    _ok(provider.create(ONE))
    getattr(provider.kinesis.streams[STREAM_NAME], spend).extend([provider.clock.now()] * 25)
    begun = provider.clock.now()
    _refused(run(provider), "25", "2026-01-02 00:02", STREAM_NAME)
    assert 100 <= provider.clock.now() - begun <= 135  # two minutes, and the pause that they end in


def test_a_quota_that_frees_itself_in_time_is_waited_for(provider: Provider) -> None:
    """Row "LimitExceededException otherwise": back off for at most two minutes."""
    now = provider.clock.now()
    provider.kinesis.faults.between(now, now + 100, "StartStreamEncryption", Kind.DAILY_QUOTA)
    _ok(provider.create(ONE))


def test_two_limits_far_apart_are_not_two_minutes_of_one(provider: Provider) -> None:
    """Row "LimitExceededException otherwise": what passed in between was no limit, however it is worded."""
    now = provider.clock.now()
    provider.kinesis.people.reshard(STREAM_NAME, 300)
    provider.kinesis.faults.fail_next("ListTagsForStream", Kind.DAILY_QUOTA)
    provider.kinesis.faults.between(now + 200, now + 310, "AddTagsToStream", Kind.DAILY_QUOTA)
    _ok(provider.create(ONE))


@pytest.mark.parametrize(
    ("kind", "fix"),
    [
        (Kind.KMS_NOT_FOUND, "KMSNotFoundException"),
        (Kind.KMS_DISABLED, "KMSDisabledException"),
        (Kind.KMS_INVALID_STATE, "KMSInvalidStateException"),
        (Kind.KMS_ACCESS_DENIED, "KMSAccessDeniedException"),
        (Kind.KMS_OPT_IN_REQUIRED, "KMSOptInRequired"),
    ],
)
def test_a_key_that_kinesis_refuses_fails_at_once(provider: Provider, kind: Kind, fix: str) -> None:
    """Row KMS…: FAILED at once: key, its state, the fix; the stream stays as it is."""
    provider.kinesis.faults.fail_next("StartStreamEncryption", kind)
    begun = provider.clock.now()
    _refused(provider.create(ONE), "alias/one", fix, STREAM_NAME, "policy")
    assert provider.clock.now() - begun < 5
    assert provider.key_of() is None


def test_a_key_that_kinesis_refuses_in_an_update_keeps_the_old_one(provider: Provider) -> None:
    """Row KMS… and promise 5: the stream keeps the key that it has."""
    _ok(provider.create(ONE))
    provider.two.denies_use = True
    failed = provider.update(TWO, ONE)
    _refused(failed, "alias/two", "KMSAccessDenied")
    assert failed["PhysicalResourceId"] == STREAM_ARN
    assert provider.key_of() == "alias/one"
    before = _starts(provider)
    _ok(provider.update(ONE, TWO))
    assert _starts(provider) == before


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ({"state": "Disabled"}, ("Disabled", "enable")),
        ({"state": "PendingDeletion"}, ("pending deletion", "cancel")),
        ({"state": "PendingImport"}, ("key material", "import")),
        ({"state": "Unavailable"}, ("unavailable",)),
        ({"spec": "RSA_2048"}, ("asymmetric", "RSA_2048")),
        ({"usage": "SIGN_VERIFY", "spec": "RSA_2048"}, ("SIGN_VERIFY",)),
        ({"usage": "GENERATE_VERIFY_MAC", "spec": "HMAC_256"}, ("GENERATE_VERIFY_MAC",)),
    ],
)
def test_a_key_is_looked_up_before_anything_changes(
    provider: Provider, traits: Mapping[str, Any], words: tuple[str, ...]
) -> None:
    """Errors: before it changes anything, the key must exist, be Enabled, symmetric, ENCRYPT_DECRYPT."""
    key = provider.kms.add_key("alias/bad", **traits)
    for key_id in ("alias/bad", key.key_id, key.arn):
        _refused(provider.create({**ONE, "KeyId": key_id}), key_id, STREAM_NAME, *words)
    assert provider.changes() == []


@pytest.mark.parametrize(
    "key_id", ["alias/none", "00000009-1111-4222-8333-444455556666", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/none"]
)
def test_a_key_that_is_not_there_is_named(provider: Provider, key_id: str) -> None:
    """Errors: it must exist."""
    _refused(provider.create({**ONE, "KeyId": key_id}), key_id, "does not exist")
    assert provider.changes() == []


def test_another_accounts_key_whose_look_up_is_denied_is_used_all_the_same(provider: Provider) -> None:
    """Errors: where the look-up itself is denied, go on without it."""
    key = provider.kms.add_key(account="999999999999", denies_describe=True)
    properties = {**ONE, "KeyId": key.arn}
    answer = _ok(provider.create(properties))
    assert answer["Data"]["KeyArn"] == key.arn
    before = provider.changes()
    _ok(provider.update({**properties, "OnDelete": "Keep"}, properties))
    assert provider.changes() == before


def test_a_denied_look_up_is_told_in_the_log(provider: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors: "go on without it AND SAY SO in the log"."""
    key = provider.kms.add_key(account="999999999999", denies_describe=True)
    _ok(provider.create({**ONE, "KeyId": key.arn}))
    lines = [line for line in capsys.readouterr().out.splitlines() if "DescribeKey" in line]
    assert [line for line in lines if key.arn in line]


def test_the_aws_managed_alias_needs_no_key_behind_it(provider: Provider) -> None:
    """Errors: an AWS managed alias may have no key yet in an account that never used it: that is no fault."""
    managed = provider.kms.find("alias/aws/kinesis")
    assert managed
    provider.kms.remove(managed)
    answer = _ok(provider.create({"StreamName": STREAM_NAME}))
    made = provider.kms.find("alias/aws/kinesis")
    assert made
    assert answer["Data"]["KeyId"] == "alias/aws/kinesis"
    assert answer["Data"]["KeyArn"] == made.arn


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("kinesis:DescribeStreamSummary", STREAM_NAME),
        ("kinesis:ListTagsForStream", STREAM_ARN),
        ("kinesis:AddTagsToStream", STREAM_ARN),
        ("kinesis:StartStreamEncryption", STREAM_ARN),
        ("kinesis:PutRecord", STREAM_ARN),
    ],
)
def test_a_role_that_lacks_an_action_is_told_which_and_on_what(provider: Provider, action: str, resource: str) -> None:
    """Row AccessDeniedException: the action and the ARN that the provider's role lacks; at once."""
    now = provider.clock.now()
    provider.kinesis.faults.between(now, now + 1e6, action, Kind.ACCESS_DENIED)
    _refused(provider.create({**ONE, "Verify": "true"}), action, resource, "role")
    assert provider.clock.now() - now < 20


def test_the_services_own_words_reach_the_reader(provider: Provider) -> None:
    """Row InvalidArgumentException: FAILED with the service's message."""

    def odd(call: Call) -> BaseException:
        del call
        return client_error("InvalidArgumentException", "The moon is full.", "kinesis:StartStreamEncryption")

    provider.kinesis.faults.fail_next("StartStreamEncryption", odd, times=5)
    _refused(provider.create(ONE), "The moon is full.", STREAM_NAME)


# What Fn::GetAtt and Ref give


def test_the_attributes_tell_what_is_and_what_was() -> None:
    """Ref and Fn::GetAtt: every attribute of the contract, before and after."""
    provider = _encrypted("alias/two")
    answer = _ok(provider.create(ONE))
    assert answer["PhysicalResourceId"] == STREAM_ARN
    assert answer["Data"] == {
        "StreamARN": STREAM_ARN,
        "StreamName": STREAM_NAME,
        "EncryptionType": "KMS",
        "KeyId": "alias/one",
        "KeyArn": provider.one.arn,
        "PreviousEncryptionType": "KMS",
        "PreviousKeyId": "alias/two",
    }


def test_the_previous_state_of_an_unencrypted_stream_stays_the_same_in_every_update(provider: Provider) -> None:
    """Fn::GetAtt: PreviousEncryptionType is Create's, after an Update as well."""
    created = _ok(provider.create(ONE))["Data"]
    updated = _ok(provider.update(TWO, ONE))["Data"]
    assert created["PreviousEncryptionType"] == updated["PreviousEncryptionType"] == "NONE"
    assert created["PreviousKeyId"] == updated["PreviousKeyId"] == ""
    assert updated["KeyArn"] == provider.two.arn


def test_other_peoples_state_is_seen_as_it_is(provider: Provider) -> None:
    """Row Update: somebody stopped the encryption meanwhile; the next Update starts it again."""
    _ok(provider.create(ONE))
    provider.kinesis.people.stop(STREAM_NAME)
    _ok(provider.update({**ONE, "SettleSeconds": "1"}, ONE))
    assert provider.key_of() == "alias/one"
    assert provider.kinesis.streams[STREAM_NAME].status != UPDATING


def test_a_delete_right_after_a_start_is_not_fooled_by_a_stale_description(provider: Provider) -> None:
    """Promises 3 and 7: a description from before the Start says "nothing to undo"; the record says otherwise."""
    settings = provider.kinesis.settings
    settings.stale, settings.updating = 3.0, 0.5
    provider.kinesis.people.tag(
        STREAM_NAME, {OURS + "stack": STACK_ID, OURS + "resource": LOGICAL_ID, OURS + "before": "NONE"}
    )
    provider.kinesis.start_stream_encryption(StreamARN=STREAM_ARN, EncryptionType="KMS", KeyId="alias/one")
    _ok(provider.delete(ONE, PhysicalResourceId="platform-encryption-Encryption-1ABC"))
    provider.clock.sleep(60)
    assert provider.key_of() is None
