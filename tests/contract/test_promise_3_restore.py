"""Promise 3: we undo only what we did, exactly; and who manages a stream is in the record."""

import pytest

from tests.builders import LOGICAL_ID, STACK_ID, STREAM_ARN, STREAM_NAME
from tests.contract.stories import (
    INVENTED,
    MARKER,
    ONE,
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
from tests.fake_stream import NONE


def test_the_record_tells_a_person_which_stack_which_resource_and_what_was_before() -> None:
    """Promise 3: the item in the table."""
    provider = made("alias/two")
    ok(send(provider, create()))
    item = provider.record_of()
    assert item
    (claim,) = item["claims"]
    assert item["stream"] == STREAM_ARN
    assert claim["owner"] == {"stack_id": STACK_ID, "logical_id": LOGICAL_ID}
    assert claim["found"] == {"key_id": "alias/two", "arn": provider.two.arn}
    assert claim["wanted"] == {"key_id": "alias/one", "arn": provider.one.arn}


@pytest.mark.parametrize(
    "before", [None, "alias/two", "alias/one"], ids=["unencrypted", "another key", "the wanted key"]
)
def test_delete_restores_what_create_found(before: str | None) -> None:
    """Property OnDelete, Restore, the default."""
    provider = made(before)
    ok(send(provider, create()))
    ok(send(provider, delete()))
    assert (provider.key_of(), owners(provider)) == (before, [])


def test_what_create_found_outlives_every_update_of_the_key() -> None:
    """Property OnDelete, Restore: Create's state, not the last Update's."""
    provider = made("alias/three")
    ok(send(provider, create()))
    ok(send(provider, update(TWO, ONE)))
    assert provider.key_of() == provider.two.arn
    ok(send(provider, delete(TWO)))
    assert provider.key_of() == "alias/three"


@pytest.mark.parametrize(
    ("on_delete", "before", "after"),
    [
        ("Stop", "alias/two", None),
        ("Stop", None, None),
        ("Stop", "alias/one", None),
        ("Keep", "alias/two", "one"),
        ("Keep", None, "one"),
        ("Restore", "alias/two", "alias/two"),
    ],
)
def test_on_delete_says_what_a_delete_does(on_delete: str, before: str | None, after: str | None) -> None:
    """Property OnDelete: Stop stops, Keep leaves, Restore restores; each releases the claim."""
    provider = made(before)
    properties = {**ONE, "OnDelete": on_delete}
    ok(send(provider, create(properties)))
    ok(send(provider, delete(properties)))
    assert provider.key_of() == (provider.one.arn if after == "one" else after)
    assert owners(provider) == []


def test_an_on_delete_that_was_changed_later_is_the_one_that_counts() -> None:
    """Property OnDelete: in place; the Delete's own properties say what it does."""
    provider = made()
    ok(send(provider, create()))
    keep = {**ONE, "OnDelete": "Keep"}
    before = starts(provider)
    ok(send(provider, update(keep, ONE)))
    ok(send(provider, delete(keep)))
    assert (provider.key_of(), starts(provider)) == (provider.one.arn, before)


@pytest.mark.parametrize("key_id", ["alias/three", None], ids=["another key", "no encryption"])
def test_a_create_of_a_retained_resource_finds_what_others_have_set_since(key_id: str | None) -> None:
    """Promise 3: the resource left its stack by DeletionPolicy Retain; its next Create finds the stream anew."""
    provider = made("alias/two")
    ok(send(provider, create()))
    if key_id:
        provider.kinesis.people.rekey(STREAM_NAME, key_id)
    else:
        provider.kinesis.people.stop(STREAM_NAME)
    provider.clock.sleep(60)
    answer = ok(send(provider, create()))
    assert answer["Data"]["PreviousKeyId"] == (key_id or "")
    ok(send(provider, delete()))
    assert provider.key_of() == key_id


@pytest.mark.parametrize("on_delete", ["Restore", "Stop", "Keep"])
@pytest.mark.parametrize("physical_id", [STREAM_ARN, MARKER + "0123456789abcdef", INVENTED])
def test_a_delete_of_a_resource_that_does_not_claim_the_stream_leaves_it_alone(
    on_delete: str, physical_id: str
) -> None:
    """Promise 3: another stack's resource claims it, with the same key."""
    provider = made()
    ok(send(provider, create(ONE, **THEY)))
    ok(send(provider, delete({**ONE, "OnDelete": on_delete}, PhysicalResourceId=physical_id)))
    assert (provider.key_of(), stops(provider), owners(provider)) == (provider.one.arn, 0, ["Theirs"])


def test_a_stream_of_another_stacks_resource_is_refused_by_its_name() -> None:
    """Error OwnedByAnotherStack: which stack and resource; the owner loses nothing."""
    provider = made()
    ok(send(provider, create(ONE, **THEY)))
    before = provider.record_of(), provider.key_of()
    answer = failed(send(provider, create(TWO)), "OwnedByAnotherStack")
    assert [word for word in ("another-stack", "Theirs", STREAM_ARN, "Takeover") if word not in answer["Reason"]] == []
    assert (provider.record_of(), provider.key_of()) == before
    ok(send(provider, delete(TWO, PhysicalResourceId=answer["PhysicalResourceId"])))
    assert (owners(provider), provider.key_of()) == (["Theirs"], before[1])


def test_a_stack_of_another_account_can_not_name_this_accounts_stream() -> None:
    """Property StreamName: a stream in the stack's own account and region."""
    provider = made()
    answer = failed(send(provider, create(StackId=STACK_ID.replace("123456789012", "999999999999"))), "StreamNotFound")
    assert "999999999999" in answer["Reason"]
    assert (provider.key_of(), provider.changes()) == (None, [])


def test_takeover_takes_the_stream_and_its_delete_gives_it_back() -> None:
    """Property Takeover: while the former owner is still there, the stream goes back to it, with its key."""
    provider = made()
    ok(send(provider, create(ONE, **THEY)))
    taken = {**TWO, "Takeover": "true"}
    ok(send(provider, create(taken)))
    assert provider.key_of() == provider.two.arn
    ok(send(provider, delete(taken)))
    assert (provider.key_of(), owners(provider)) == (provider.one.arn, ["Theirs"])
    ok(send(provider, delete(ONE, **THEY)))
    assert (provider.key_of(), owners(provider)) == (None, [])


def test_a_renamed_resource_keeps_the_stream_encrypted_throughout() -> None:
    """Record, rule 4: CloudFormation creates the new name first, and deletes the old one afterwards."""
    provider = made()
    ok(send(provider, create()))
    provider.clock.sleep(60)
    begun = provider.clock.now()
    ok(send(provider, create(ONE, **RENAMED)))
    ok(send(provider, delete()))
    states = provider.kinesis.during("orders", begun, provider.clock.now())
    assert NONE not in {state.encryption for state in states}
    assert (starts(provider), stops(provider), owners(provider)) == (1, 0, ["Renamed"])
    ok(send(provider, delete(ONE, **RENAMED)))
    assert provider.key_of() is None


@pytest.mark.parametrize("on_delete", ["Restore", "Stop", "Keep"])
def test_a_rename_that_is_rolled_back_gives_the_stream_back(on_delete: str) -> None:
    """Record, rule 4: the old name goes on as if nothing had been, whatever OnDelete says."""
    one, two = {**ONE, "OnDelete": on_delete}, {**TWO, "OnDelete": on_delete}
    provider = made()
    ok(send(provider, create(one)))
    ok(send(provider, create(two, **RENAMED)))
    ok(send(provider, delete(two, **RENAMED)))
    assert (provider.key_of(), owners(provider)) == (provider.one.arn, [LOGICAL_ID])


def test_a_resource_that_is_renamed_there_and_back_ends_as_it_began() -> None:
    """Record, rule 4: A to B to A again; nothing is left of B."""
    provider = made()
    ok(send(provider, create()))
    ok(send(provider, create(ONE, **RENAMED)))
    ok(send(provider, delete()))
    provider.clock.sleep(60)
    ok(send(provider, create()))
    ok(send(provider, delete(ONE, **RENAMED)))
    assert (provider.key_of(), owners(provider)) == (provider.one.arn, [LOGICAL_ID])
    ok(send(provider, delete()))
    assert (provider.key_of(), owners(provider)) == (None, [])


def test_a_former_key_whose_alias_is_gone_is_restored_by_its_arn() -> None:
    """Promise 3: the record knows the key; the stream's owner has named the key otherwise since."""
    provider = made("alias/two")
    ok(send(provider, create()))
    provider.kms.aliases = {arn: key for arn, key in provider.kms.aliases.items() if key is not provider.two}
    assert ok(send(provider, delete()))["Reason"] == ""
    assert (provider.key_of(), owners(provider)) == (provider.two.arn, [])


def test_a_former_key_whose_alias_may_not_be_looked_up_any_more_is_restored_by_its_arn() -> None:
    """Promise 3: as found, the alias was pointed at a third key by then, and the stream got that one."""
    provider = made("alias/two")
    ok(send(provider, create()))
    third = provider.kms.find("alias/three")
    assert third
    provider.kms.alias("alias/two", third)
    provider.two.denies_describe = third.denies_describe = True
    ok(send(provider, delete()))
    assert provider.key_of() == provider.two.arn
