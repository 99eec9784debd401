"""Ownership is on the stream, as tags that a person can read; what is written is what is read."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_encryption.model import Demand, Owner, Ownership, Predecessor, Tags
from stream_encryption.ownership import CANCELLATION_SECONDS, LINEAGE, MAX_VALUE, cancellation, from_tags, to_tags
from tests.builders import LOGICAL_ID, STACK_ID
from tests.fake_tags import fault_in_tags

ME = Owner(STACK_ID, LOGICAL_ID)
OLD = Owner(STACK_ID, "Old")
PREFIX = "kinesis-stream-encryption:"
NOW = 1_767_225_600.0

GUID = st.uuids().map(str)
ARN = GUID.map(lambda guid: f"arn:aws:kms:us-east-1:123456789012:key/{guid}")
ALIAS = st.from_regex(r"alias/[a-zA-Z0-9/_-]{1,240}", fullmatch=True)
KEY_ID = st.one_of(GUID, ARN, ALIAS)
OWNER = st.builds(
    Owner,
    st.from_regex(r"[a-zA-Z][a-zA-Z0-9-]{0,127}", fullmatch=True).map(
        lambda name: f"arn:aws:cloudformation:us-east-1:123456789012:stack/{name}/5b1e9c50-0000-11f1-8000-0a1b2c3d4e5f"
    ),
    st.from_regex(r"[a-zA-Z0-9]{1,255}", fullmatch=True),
)
TIME = st.integers(0, 4_000_000_000)
LINK = st.builds(Predecessor, OWNER, st.none() | KEY_ID, issued_at=st.none() | TIME)
LINE = st.lists(LINK, max_size=6, unique_by=lambda link: link.owner)
"""Former owners, the first one first."""


def _linked(line: list[Predecessor]) -> Predecessor | None:
    predecessor = None
    for link in line:
        predecessor = replace(link, predecessor=predecessor)
    return predecessor


OWNERSHIP = st.builds(
    Ownership,
    OWNER,
    st.none() | KEY_ID,
    LINE.map(_linked),
    st.none() | st.builds(Demand, TIME, st.none() | KEY_ID),
).filter(lambda made: made.owner not in _owners(made.predecessor))


def _owners(predecessor: Predecessor | None) -> list[Owner]:
    return [*_owners(predecessor.predecessor), predecessor.owner] if predecessor else []


@settings(print_blob=True)
@given(OWNERSHIP, OWNER)
def test_what_is_written_is_what_is_read(ownership: Ownership, anybody: Owner) -> None:
    """Promise 3: the record survives the stream's tags, whoever reads it."""
    found = from_tags(to_tags(ownership), anybody, NOW)
    assert found.ownership == ownership
    assert found.cancelled_at is None
    assert found.cancelled_key is None


@settings(print_blob=True)
@given(OWNERSHIP)
def test_kinesis_takes_every_record(ownership: Ownership) -> None:
    """Promise 3: whatever the stack, the resource and the key are called, the tags are ones that Kinesis allows."""
    assert fault_in_tags(to_tags(ownership), {}) is None


@settings(print_blob=True)
@given(OWNERSHIP, st.dictionaries(st.text(max_size=20).map(lambda name: "x" + name), st.text(max_size=20)))
def test_other_peoples_tags_are_passed_over(ownership: Ownership, others: dict[str, str]) -> None:
    """Promise 3: every tag on the stream is given, the ones of other people too; `keys` are ours alone."""
    found = from_tags({**others, **to_tags(ownership)}, ownership.owner, NOW)
    assert found == from_tags(to_tags(ownership), ownership.owner, NOW)
    assert set(found.keys) == set(to_tags(ownership))


@settings(print_blob=True)
@given(OWNER, LINE, st.data())
def test_former_owners_that_were_struck_out_leave_gaps_that_are_passed_over(
    owner: Owner, line: list[Predecessor], data: st.DataObject
) -> None:
    """Row rename and property Takeover: whoever of them is deleted first, the others keep their order and keys."""
    line = [link for link in line if link.owner != owner]
    tags = to_tags(Ownership(owner, None, _linked(line)))
    struck = data.draw(st.lists(st.sampled_from(line), unique_by=id) if line else st.just([]))
    for link in struck:
        for key in from_tags(tags, link.owner, NOW).former_keys:
            del tags[key]
    left = [link for link in line if link not in struck]
    assert from_tags(tags, owner, NOW).ownership == Ownership(owner, None, _linked(left))


RESOURCES = [Owner(STACK_ID, name) for name in "ABCDE"]
STEP = st.tuples(
    st.sampled_from(["take over", "take over", "delete"]), st.sampled_from(RESOURCES), KEY_ID, st.booleans()
)


@settings(print_blob=True, max_examples=300)
@given(st.lists(STEP, max_size=14))
def test_whoever_comes_and_goes_the_stream_goes_back_to_who_had_it_last(
    steps: list[tuple[str, Owner, str, bool]],
) -> None:
    """Property Takeover: as decide.py writes records and strikes owners out, in whatever order they come and go."""
    tags: dict[str, str] = {}
    line: list[Predecessor] = []  # what ought to be remembered, the first one first
    owner: Owner | None = None
    for what, resource, key_id, emptied in steps:
        found = from_tags(tags, resource, NOW)
        record = found.ownership
        over = found.keys if emptied else ()  # an older version leaves what is behind a shorter line
        if what == "take over" and resource != owner:
            former = Predecessor(owner, key_id) if owner else None
            line = [link for link in [*line, *([former] if former else [])] if link.owner != resource]
            taken = replace(former, predecessor=record.predecessor) if former and record else None
            owner = resource
            tags |= to_tags(Ownership(owner, None, taken), over)
        elif what == "delete":
            if record and resource == owner:
                back = line.pop() if line else None
                owner = back.owner if back else None
                if record.predecessor:
                    tags |= to_tags(Ownership(record.predecessor.owner, None, record.predecessor.predecessor), over)
                else:
                    tags = {}
            line = [link for link in line if link.owner != resource]
            for key in from_tags(tags, resource, NOW).former_keys:
                del tags[key]
        expected = Ownership(owner, None, _linked(line)) if owner else None
        assert from_tags(tags, ME, NOW).ownership == expected


@settings(print_blob=True)
@given(OWNER, TIME)
def test_a_cancellation_is_read_by_its_owner_alone(owner: Owner, issued_at: int) -> None:
    """Promise 6: to the second; another resource on the same stream is not called off by it."""
    tags = cancellation(owner, issued_at)
    found = from_tags(tags, owner, issued_at)
    assert found == Tags(cancelled_at=issued_at, cancelled_key=next(iter(tags)))
    for stranger in (Owner(owner.stack_id, owner.logical_id + "2"), Owner(owner.stack_id + "2", owner.logical_id)):
        assert from_tags(tags, stranger, NOW).cancelled_at is None
    assert fault_in_tags(tags, {}) is None


def test_the_tags_of_a_fresh_record_are_these() -> None:
    """Promise 3: the tags' names and values are an interface: streams out there bear them."""
    assert to_tags(Ownership(ME, None, demand=Demand(NOW, "alias/one"))) == {
        PREFIX + "stack": STACK_ID,
        PREFIX + "resource": LOGICAL_ID,
        PREFIX + "before": "NONE",
        PREFIX + "key": "alias/one",
        PREFIX + "as-of": "2026-01-01T00:00:00Z",
    }
    assert to_tags(Ownership(ME, None, demand=Demand(NOW, None)))[PREFIX + "key"] == "NONE"


def test_a_record_of_an_older_version_is_whole() -> None:
    """Promise 3: streams out there bear records that say nothing of what is wanted, and since when."""
    older = {PREFIX + "stack": STACK_ID, PREFIX + "resource": LOGICAL_ID, PREFIX + "before": "alias/two"}
    assert from_tags(older, ME, NOW) == Tags(Ownership(ME, "alias/two"), tuple(older))
    assert to_tags(Ownership(ME, "alias/two")) == older
    taken = {PREFIX + f"taken-from-{name}": value for name, value in (("stack", STACK_ID), ("resource", "Old"))}
    taken |= {PREFIX + "taken-from-key": "alias/one"}
    found = from_tags({**older, **taken}, ME, NOW)
    assert found.ownership == Ownership(ME, "alias/two", Predecessor(OLD, "alias/one"))


@pytest.mark.parametrize(
    ("tags", "demand", "why"),
    [
        ({"key": "alias/one", "as-of": "2026-01-01T00:00:00Z"}, Demand(NOW, "alias/one"), "both"),
        ({"key": "NONE", "as-of": "2026-01-01T00:00:00Z"}, Demand(NOW, None), "the key had no room"),
        ({"as-of": "2026-01-01T00:00:00Z"}, Demand(NOW, None), "somebody removed the key"),
        ({"key": "alias/one"}, None, "a key without a time orders nothing"),
        ({"key": "alias/one", "as-of": "yesterday"}, None, "nor does a time that nobody can read"),
    ],
)
def test_what_is_wanted_counts_where_its_time_can_be_read(
    tags: dict[str, str], demand: Demand | None, why: str
) -> None:
    """Promise 6: requests are ordered by that time."""
    record = {**to_tags(Ownership(ME, None)), **{PREFIX + name: value for name, value in tags.items()}}
    found = from_tags(record, ME, NOW)
    assert found.ownership == Ownership(ME, None, demand=demand), why
    assert set(found.keys) == set(record), why


@pytest.mark.parametrize(
    ("owner", "demand", "marker", "marked_at", "ending", "why"),
    [
        (ME, Demand(NOW, None), ME, NOW + 1, True, "its Delete came after its last request"),
        (ME, Demand(NOW, None), ME, NOW, True, "in the same second"),
        (ME, Demand(NOW, None), ME, NOW - 1, False, "that Delete was an earlier one"),
        (OLD, Demand(NOW, None), OLD, NOW, True, "of somebody else's record"),
        (OLD, Demand(NOW, None), ME, NOW, False, "the mark is not the record's owner's"),
        (ME, None, ME, NOW, False, "nobody knows which came first"),
    ],
)
def test_a_record_whose_owner_left_a_mark_is_ending(  # noqa: PLR0913 - each is a fact of its own
    owner: Owner, demand: Demand | None, marker: Owner, marked_at: float, why: str, *, ending: bool
) -> None:
    """Promise 6: what the record wants is about to be undone, so nobody puts that key back."""
    tags = {**to_tags(Ownership(owner, None, demand=demand)), **cancellation(marker, marked_at)}
    assert from_tags(tags, ME, NOW).ending is ending, why


@pytest.mark.parametrize("missing", ["stack", "resource", "before"])
def test_a_part_of_a_record_is_not_ending(missing: str) -> None:
    """Promise 3: it is no record."""
    tags = {**to_tags(Ownership(ME, None, demand=Demand(NOW, None))), **cancellation(ME, NOW)}
    del tags[PREFIX + missing]
    assert not from_tags(tags, ME, NOW).ending


def test_the_tags_of_a_taken_over_stream_are_these() -> None:
    """Promise 3: and whom it was taken from, with which key."""
    assert to_tags(Ownership(ME, "alias/two", Predecessor(OLD, "alias/one"))) == {
        PREFIX + "stack": STACK_ID,
        PREFIX + "resource": LOGICAL_ID,
        PREFIX + "before": "alias/two",
        PREFIX + "taken-from-stack": STACK_ID,
        PREFIX + "taken-from-resource": "Old",
        PREFIX + "taken-from-key": "alias/one",
        PREFIX + "taken-from-as-of": "NONE",
    }
    assert to_tags(Ownership(ME, None, Predecessor(OLD, None)))[PREFIX + "taken-from-key"] == "NONE"
    twice = Predecessor(OLD, "alias/one", Predecessor(Owner(STACK_ID, "Older"), None, issued_at=NOW - 60), NOW)
    assert to_tags(Ownership(ME, "alias/two", twice)) == {
        PREFIX + "stack": STACK_ID,
        PREFIX + "resource": LOGICAL_ID,
        PREFIX + "before": "alias/two",
        PREFIX + "taken-from-stack": STACK_ID,
        PREFIX + "taken-from-resource": "Older",
        PREFIX + "taken-from-key": "NONE",
        PREFIX + "taken-from-as-of": "2025-12-31T23:59:00Z",
        PREFIX + "taken-from-stack-2": STACK_ID,
        PREFIX + "taken-from-resource-2": "Old",
        PREFIX + "taken-from-key-2": "alias/one",
        PREFIX + "taken-from-as-of-2": "2026-01-01T00:00:00Z",
    }


def test_former_owners_that_only_the_record_before_names_are_emptied() -> None:
    """Property Takeover: a call that adds tags can't remove any; so what is not to count any more says so."""
    older = Owner(STACK_ID, "Older")
    before = to_tags(Ownership(ME, None, Predecessor(OLD, "alias/one", Predecessor(older, None))))
    back = to_tags(Ownership(OLD, None, Predecessor(older, None)), tuple(before))
    second = {key for key in before if key.endswith("-2")}
    assert {key for key in back if key in second} == second
    assert {back[key] for key in second} == {"NONE"}
    assert {key: value for key, value in back.items() if key not in second} == to_tags(
        Ownership(OLD, None, Predecessor(older, None))
    )
    found = from_tags({**before, **back}, ME, NOW)
    assert found.ownership == Ownership(OLD, None, Predecessor(older, None))
    assert found.former_keys == ()
    assert set(found.keys) == set(before), "they are still ours to remove"
    assert PREFIX + "as-of" not in to_tags(Ownership(ME, None), (PREFIX + "as-of", PREFIX + "key"))


@pytest.mark.parametrize(
    ("issued_at", "marked_at", "counts", "why"),
    [
        (NOW, NOW + 1, False, "its Delete came after its last request"),
        (NOW, NOW, False, "in the same second"),
        (NOW, NOW - 1, True, "it was created anew since"),
        (None, NOW, True, "nobody knows which came first"),
        (NOW, None, True, "it left no mark"),
    ],
)
def test_a_former_owner_that_was_deleted_does_not_count(
    issued_at: float | None, marked_at: float | None, why: str, *, counts: bool
) -> None:
    """Row rename: its Delete may not be through with striking it out, or may have been overwritten in that."""
    older = Predecessor(Owner(STACK_ID, "Older"), "alias/two")
    tags = to_tags(Ownership(ME, None, Predecessor(OLD, "alias/one", older, issued_at)))
    tags |= {} if marked_at is None else cancellation(OLD, marked_at)
    found = from_tags(tags, OLD, NOW)
    left = Predecessor(OLD, "alias/one", older, issued_at) if counts else older
    assert found.ownership == Ownership(ME, None, left), why
    assert found.former_keys, "it is still there to be struck out"
    assert found.former_at == (issued_at or 0)
    assert from_tags(tags, ME, NOW).former_at == 0


def test_a_former_owner_knows_the_tags_that_name_it() -> None:
    """Row rename: its Delete removes these alone, wherever in the line they are."""
    older = Owner(STACK_ID, "Older")
    tags = to_tags(Ownership(ME, None, Predecessor(OLD, None, Predecessor(older, None))))
    first = tuple(key for key in tags if "taken-from" in key and not key.endswith("-2"))
    second = tuple(key for key in tags if key.endswith("-2"))
    assert (len(first), len(second)) == (4, 4)
    assert from_tags(tags, older, NOW).former_keys == first
    assert from_tags(tags, OLD, NOW).former_keys == second
    assert from_tags(tags, ME, NOW).former_keys == ()
    again = {**tags, **to_tags(Ownership(older, None))}
    assert from_tags(again, older, NOW).former_keys == first, "its own name is still there, once it has it again"


@pytest.mark.parametrize("number", ["", "-1", "-02", "-x", "-3-2", "-100", "-"])
def test_a_link_of_a_number_that_we_do_not_write_is_passed_over(number: str) -> None:
    """Promise 3: people write tags, too; such a one is known as ours, and can be removed."""
    tags = to_tags(Ownership(ME, None))
    odd = {PREFIX + f"taken-from-{name}{number}": "x" for name in ("stack", "resource")}
    found = from_tags({**tags, **odd}, ME, NOW)
    assert found.ownership == Ownership(ME, None)
    assert set(odd) < set(found.keys)


def test_of_two_links_that_name_one_former_owner_the_first_counts() -> None:
    """Property Takeover: a shorter line is written over the beginning of a longer one; what is behind it is old."""
    record = to_tags(Ownership(ME, None, Predecessor(OLD, "alias/new", issued_at=NOW)))
    stale = {f"{key}-2": value for key, value in record.items() if "taken-from" in key}
    stale[PREFIX + "taken-from-key-2"] = "alias/old"
    found = from_tags({**record, **stale}, ME, NOW)
    assert found.ownership == Ownership(ME, None, Predecessor(OLD, "alias/new", issued_at=NOW))


def test_a_cancellation_is_a_time_that_a_person_can_read() -> None:
    """Promise 3: tags that a person can read; its name tells no two owners apart wrongly."""
    ((key, value),) = cancellation(ME, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()).items()
    assert key.startswith(PREFIX + "cancelled:")
    assert value == "2026-01-02T03:04:05Z"


def test_a_cancellation_is_in_utc_wherever_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 6: two machines in two zones order requests alike."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        tags = cancellation(ME, NOW)
        assert list(tags.values()) == ["2026-01-01T00:00:00Z"]
        assert from_tags(tags, ME, NOW).cancelled_at == NOW
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_name_of_a_cancellation_never_changes() -> None:
    """Promise 6: a newer provider has to heed what an older one wrote."""
    assert list(cancellation(ME, 0)) == ["kinesis-stream-encryption:cancelled:03894141ec96"]


@pytest.mark.parametrize("missing", ["stack", "resource", "before"])
@pytest.mark.parametrize("emptied", [True, False], ids=["emptied", "removed"])
def test_a_record_of_which_a_part_is_missing_is_none(missing: str, *, emptied: bool) -> None:
    """Promise 3: whole or not at all; what is left of it is still named, so that it can be removed."""
    tags = to_tags(Ownership(ME, "alias/one"))
    if emptied:
        tags[PREFIX + missing] = ""
    else:
        del tags[PREFIX + missing]
    found = from_tags(tags, ME, NOW)
    assert found.ownership is None
    assert set(found.keys) == set(tags)
    assert not found.owned_by(ME)


@pytest.mark.parametrize("missing", LINEAGE)
def test_a_lineage_of_which_a_part_is_missing_is_none(missing: str) -> None:
    """Promise 3: nothing is given back to somebody, or with a key, that has to be guessed."""
    tags = to_tags(Ownership(ME, None, Predecessor(OLD, "alias/one")))
    del tags[missing]
    assert from_tags(tags, ME, NOW).ownership == Ownership(ME, None)


@pytest.mark.parametrize("stack_id", [STACK_ID, STACK_ID.replace("platform-encryption", "another-stack")])
def test_an_owner_that_got_its_stream_back_has_no_predecessor(stack_id: str) -> None:
    """Row rename, rolled back: the tags that name the former owner are now its own name."""
    former = Owner(stack_id, "Old")
    taken = to_tags(Ownership(ME, None, Predecessor(former, "alias/one")))
    back = {**taken, **to_tags(Ownership(former, None))}
    assert from_tags(back, former, NOW).ownership == Ownership(former, None)


def test_a_predecessor_of_the_same_name_in_another_stack_is_one() -> None:
    """Property Takeover: logical ids are alike in many stacks; the stack tells."""
    former = Owner(STACK_ID.replace("platform-encryption", "another-stack"), LOGICAL_ID)
    record = Ownership(ME, None, Predecessor(former, None))
    assert from_tags(to_tags(record), ME, NOW).ownership == record


@pytest.mark.parametrize("value", ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-02 03:04:05"])
def test_a_cancellation_that_cannot_be_read_calls_nothing_off(value: str) -> None:
    """Promise 6: a person may have touched the tag; it is still known as ours, and can be removed."""
    (key,) = cancellation(ME, 0)
    assert from_tags({key: value}, ME, NOW) == Tags(cancelled_key=key, spent=(key,))


def test_a_cancellation_of_anybody_is_spent_after_two_hours() -> None:
    """Promise 3: what we leave on streams goes with the next request of ours, whosever it was; not too early."""
    assert CANCELLATION_SECONDS == 2 * 60 * 60
    marks = {
        **cancellation(ME, NOW - CANCELLATION_SECONDS),
        **cancellation(OLD, NOW - CANCELLATION_SECONDS - 1),
        "team": "orders",
    }
    assert from_tags(marks, ME, NOW).spent == tuple(cancellation(OLD, 0))


def test_the_longest_value_is_kinesis_own() -> None:
    """Promise 3: a longer KeyId is recorded by its ARN (API reference of AddTagsToStream)."""
    assert MAX_VALUE == 256
    assert fault_in_tags({"x": "v" * MAX_VALUE}, {}) is None
    assert fault_in_tags({"x": "v" * (MAX_VALUE + 1)}, {}) is not None


@pytest.mark.parametrize(("owner", "owned"), [(ME, True), (OLD, False), (Owner(STACK_ID + "2", LOGICAL_ID), False)])
def test_a_stream_is_owned_by_stack_and_resource_together(owner: Owner, *, owned: bool) -> None:
    """Promise 3: which stack AND which logical id."""
    assert from_tags(to_tags(Ownership(ME, None)), ME, NOW).owned_by(owner) is owned
