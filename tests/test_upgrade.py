"""What the first release wrote (on streams, and into executions that still run) is understood by this one.

tests/upgrade/0.1.0.json was written by that release itself, which tests/upgrade/record.py played.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.builders import LOGICAL_ID, STREAM_ARN, STREAM_NAME
from tests.provider import Provider
from tests.upgrade.record import INVOICES, ONE, OTHER_STACK, RENAMED, TWO

LEFT: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "upgrade" / "0.1.0.json").read_text("utf-8"))
HANDED_OVER = [name for name, left in LEFT.items() if "Execution" in left]
A_WEEK = 7 * 24 * 3600
INTO_AWS = {"StreamName": STREAM_NAME, "KeyId": "alias/aws/kinesis"}
TAKEOVER = {**TWO, "Takeover": "true"}


def stream_as_left(name: str, **settings: Any) -> Provider:
    """The stream as the first release left it, and this release, at the very moment."""
    left, provider = LEFT[name], Provider(**settings)
    provider.clock.sleep_until(left["At"])
    provider.kinesis.add_stream(STREAM_NAME, left["KeyId"], tags=left["Tags"])
    return provider


def a_week_later(name: str) -> Provider:
    """The same, long after the first release's last request was over."""
    provider = stream_as_left(name)
    provider.clock.sleep(A_WEEK)
    return provider


def owner_on(provider: Provider) -> tuple[str | None, str | None]:
    """The stack's name and the logical id that the stream's record names."""
    tags = provider.tags_of()
    stack_id = tags.get("kinesis-stream-encryption:stack")
    return stack_id and stack_id.split("/")[1], tags.get("kinesis-stream-encryption:resource")


def test_the_first_release_wrote_three_tags_and_neither_key_nor_time() -> None:
    """Or else the tests below would prove nothing of its records."""
    assert {tag.rpartition(":")[2] for tag in LEFT["created"]["Tags"]} == {"stack", "resource", "before"}
    assert all(left["Execution"]["Version"] == 1 for left in LEFT.values() if "Execution" in left)
    assert all("doubted" not in LEFT[name]["Execution"]["Progress"]["memory"] for name in HANDED_OVER)


def test_an_update_with_the_same_key_changes_nothing() -> None:
    """Promise 4: a record of the first release is whole as it is, and costs no Start."""
    provider = a_week_later("created")
    assert provider.update(ONE, {**ONE, "SettleSeconds": "0"})["Status"] == "SUCCESS"
    assert provider.changes() == []
    assert owner_on(provider) == ("platform-encryption", LOGICAL_ID)


def test_an_update_changes_the_key_in_place_and_what_was_before_is_still_known() -> None:
    """Promise 5, and promise 3 after it: the older record is renewed, not begun anew."""
    provider = a_week_later("found with another key")
    assert provider.update(INTO_AWS, ONE)["Status"] == "SUCCESS"
    assert provider.key_of() == "alias/aws/kinesis"
    assert "StopStreamEncryption" not in provider.changes()
    assert provider.delete(INTO_AWS)["Status"] == "SUCCESS"
    assert (provider.key_of(), provider.tags_of()) == ("alias/two", {})


@pytest.mark.parametrize(("name", "before"), [("created", None), ("found with another key", "alias/two")])
def test_a_delete_undoes_what_the_first_release_did(name: str, before: str | None) -> None:
    """Promise 3: the state that its Create found comes back, and no tag of ours stays."""
    provider = a_week_later(name)
    answer = provider.delete(ONE)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN)
    assert (provider.key_of(), provider.tags_of(), provider.marks_of()) == (before, {}, {})


def test_another_stack_is_refused_and_told_whom_the_first_release_wrote_down() -> None:
    """The record names the owner, whichever release wrote it."""
    provider = a_week_later("created")
    answer = provider.create(TWO, StackId=OTHER_STACK)
    assert answer["Status"] == "FAILED"
    assert "resource Encryption of stack platform-encryption" in answer["Reason"]
    assert provider.changes() == []


def test_a_rename_moves_the_stream_and_its_old_name_s_delete_does_nothing() -> None:
    """The stream stays encrypted, and goes back to what it was before either of them."""
    provider = a_week_later("created")
    assert provider.create(ONE, LogicalResourceId=RENAMED)["Status"] == "SUCCESS"
    assert provider.delete(ONE)["Status"] == "SUCCESS"
    assert (provider.key_of(), owner_on(provider)) == ("alias/one", ("platform-encryption", RENAMED))
    assert provider.delete(ONE, LogicalResourceId=RENAMED)["Status"] == "SUCCESS"
    assert (provider.key_of(), provider.tags_of()) == (None, {})


def test_a_rename_that_the_first_release_finished_can_be_undone() -> None:
    """The record's one owner left is the new name."""
    provider = a_week_later("renamed")
    assert provider.delete(ONE, LogicalResourceId=RENAMED)["Status"] == "SUCCESS"
    assert (provider.key_of(), provider.tags_of()) == (None, {})


def test_a_rename_that_the_first_release_began_is_finished() -> None:
    """The update of the provider came between the new name's Create and the old one's Delete."""
    provider = stream_as_left("renaming")
    assert provider.delete(ONE)["Status"] == "SUCCESS"
    assert (provider.key_of(), owner_on(provider)) == ("alias/two", ("platform-encryption", RENAMED))
    assert provider.delete(TWO, LogicalResourceId=RENAMED)["Status"] == "SUCCESS"
    assert (provider.key_of(), provider.tags_of()) == (None, {})


def test_a_rename_that_the_first_release_began_is_rolled_back() -> None:
    """The stream goes back to the old name, with the key that it had then."""
    provider = stream_as_left("renaming")
    assert provider.delete(TWO, LogicalResourceId=RENAMED)["Status"] == "SUCCESS"
    assert (provider.key_of(), owner_on(provider)) == ("alias/one", ("platform-encryption", LOGICAL_ID))
    assert provider.delete(ONE)["Status"] == "SUCCESS"
    assert (provider.key_of(), provider.tags_of()) == (None, {})


def test_a_stack_takes_the_stream_over_from_one_of_the_first_release() -> None:
    """Takeover, and back: the former owner's key comes back with it."""
    provider = a_week_later("created")
    assert provider.create(TAKEOVER, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert (provider.key_of(), owner_on(provider)) == ("alias/two", ("audit", LOGICAL_ID))
    assert provider.delete(TAKEOVER, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert (provider.key_of(), owner_on(provider)) == ("alias/one", ("platform-encryption", LOGICAL_ID))


def test_what_the_first_release_took_over_is_given_back() -> None:
    """The tags taken-from-… of then, which name a key and no time."""
    provider = a_week_later("taken over")
    assert provider.delete(TAKEOVER, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert (provider.key_of(), owner_on(provider)) == ("alias/one", ("platform-encryption", LOGICAL_ID))
    assert provider.delete(ONE)["Status"] == "SUCCESS"
    assert (provider.key_of(), provider.tags_of()) == (None, {})


def test_the_former_owner_of_what_the_first_release_took_over_may_go_first() -> None:
    """Its Delete strikes it from the record: later nothing comes back to what is gone."""
    provider = a_week_later("taken over")
    assert provider.delete(ONE)["Status"] == "SUCCESS"
    assert (provider.key_of(), owner_on(provider)) == ("alias/two", ("audit", LOGICAL_ID))
    assert provider.delete(TAKEOVER, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert (provider.key_of(), provider.tags_of()) == (None, {})


def test_a_mark_of_the_first_release_is_in_nobody_s_way() -> None:
    """A stream whose Create was cancelled then can be encrypted now, and the mark is removed."""
    provider = a_week_later("called off")
    assert provider.marks_of() == LEFT["called off"]["Tags"]
    assert provider.create(ONE)["Status"] == "SUCCESS"
    assert (provider.key_of(), provider.marks_of()) == ("alias/one", {})


def sign_again(provider: Provider, state: dict[str, Any]) -> None:
    """Have the bucket take answers at the ResponseURL that the first release was given."""
    provider.bucket.secrets.extend(parse_qs(urlsplit(state["Event"]["ResponseURL"]).query)["Signature"])


def carry_on(name: str, busy: str | None = STREAM_NAME) -> tuple[Provider, dict[str, Any]]:
    """Have this release take the steps of an execution that the first one started; tell the one answer."""
    provider = stream_as_left(name, handover_seconds=60)
    provider.kinesis.add_stream("invoices")
    if busy:
        provider.kinesis.people.reshard(busy, 600)
    state: dict[str, Any] = LEFT[name]["Execution"]
    sign_again(provider, state)
    while not state["Done"]:
        provider.clock.sleep(state["Seconds"])
        state = json.loads(json.dumps(provider.deliver(state)))
    (answer,) = provider.bucket.answers
    return provider, answer


@pytest.mark.parametrize(
    ("name", "key_id"),
    [("Create handed over", "alias/one"), ("Update handed over", "alias/two"), ("Delete handed over", None)],
)
def test_an_execution_that_the_first_release_started_is_finished(name: str, key_id: str | None) -> None:
    """A provider that is updated while requests wait: each gets its one answer, and its stream what it wanted."""
    provider, answer = carry_on(name)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN)
    assert provider.key_of() == key_id
    assert owner_on(provider) == (("platform-encryption", LOGICAL_ID) if key_id else (None, None))


def test_a_settling_time_that_the_first_release_began_is_waited_out_and_no_start_is_repeated() -> None:
    """Promises 1 and 4: what it asked of Kinesis is remembered across the update."""
    provider, answer = carry_on("settling handed over", busy=None)
    assert answer["Status"] == "SUCCESS"
    assert provider.clock.now() >= LEFT["settling handed over"]["At"] + 60 - 1
    assert provider.changes() == ["AddTagsToStream"]  # the record, renewed


def test_a_rollback_that_the_first_release_handed_over_puts_both_streams_right() -> None:
    """Two goals, one of them with a field that this release knows no more."""
    assert "replaced" in LEFT["rollback handed over"]["Execution"]["Progress"]["goals"][0]
    provider, answer = carry_on("rollback handed over", busy=INVOICES["StreamName"])
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN)
    assert (provider.key_of(), provider.key_of("invoices")) == ("alias/one", None)


@pytest.mark.parametrize(
    ("failure", "reported"),
    [
        ({"Error": "Runtime.ExitError", "Cause": "{}"}, "Runtime.ExitError"),
        ({}, "no error was reported"),
        ("odd", "no error was reported"),
    ],
)
def test_an_execution_of_the_first_release_that_gives_up_is_answered(failure: Any, reported: str) -> None:
    """Promise 2: it keeps the definition that it began with, whose last Task asks this function for the answer."""
    provider = stream_as_left("Create handed over", handover_seconds=60)
    state = LEFT["Create handed over"]["Execution"]
    sign_again(provider, state)
    assert provider.deliver({**state, "Failure": failure}) == {"Done": True}
    (answer,) = provider.bucket.answers
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == "failed-create:platform-encryption/Encryption"
    assert f"failed each time that it was tried: {reported}." in answer["Reason"]
    assert provider.changes() == []
