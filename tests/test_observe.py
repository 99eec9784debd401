"""One look at a stream: what is read, what is compared, what is not read at all; nothing is changed."""

from dataclasses import replace
from typing import Any

import pytest

from stream_encryption.keys import Keys
from stream_encryption.kinesis import Kinesis
from stream_encryption.memory import Asked, Memory
from stream_encryption.model import (
    Demand,
    Ensure,
    Goal,
    OnDelete,
    Owner,
    Ownership,
    Predecessor,
    Release,
    Seen,
    StreamRef,
    Sweep,
)
from stream_encryption.observe import observe
from stream_encryption.ownership import cancellation, to_tags
from stream_encryption.refusals import Refused
from tests.builders import LOGICAL_ID, STACK_ID, STREAM_ARN, STREAM_NAME
from tests.fake_clock import Clock
from tests.fake_errors import Kind
from tests.fake_kinesis import FakeKinesis

ME = Owner(STACK_ID, LOGICAL_ID)
OLD = Owner(STACK_ID, "Old")
REF = StreamRef(STREAM_NAME)
ENSURE = Ensure(REF, ME, 0.0, "alias/one")
RELEASE = Release(REF, ME, 0.0)
READS = ["DescribeStreamSummary", "ListTagsForStream", "DescribeKey"]


def _world(key_id: str | None = None, ownership: Ownership | None = None) -> FakeKinesis:
    kinesis = FakeKinesis(Clock())
    kinesis.kms.add_key("alias/one")
    kinesis.kms.add_key("alias/two")
    kinesis.add_stream(STREAM_NAME, key_id, tags=to_tags(ownership) if ownership else None)
    return kinesis


def _look(kinesis: FakeKinesis, goal: Goal, looks: int = 0) -> Seen:
    memory = Memory(0, looks=looks)
    seen = observe(goal, memory, Kinesis(kinesis.client), Keys(lambda: kinesis.kms.client), 77.0)
    assert not kinesis.calls.changes
    assert seen.now == 77
    return seen


def _read(kinesis: FakeKinesis) -> list[str]:
    return [call.name for call in kinesis.calls]


@pytest.mark.parametrize("goal", [ENSURE, RELEASE], ids=["Ensure", "Release"])
def test_a_missing_stream_is_one_call(goal: Goal) -> None:
    """Row "stream missing": it is seen as None; there is nothing else to read."""
    kinesis = _world()
    kinesis.people.delete(STREAM_NAME)
    assert _look(kinesis, goal) == Seen(77.0, None)
    assert _read(kinesis) == READS[:1]


@pytest.mark.parametrize("goal", [ENSURE, RELEASE], ids=["Ensure", "Release"])
@pytest.mark.parametrize("looks", [0, 1])
def test_nothing_is_asked_about_a_stream_that_is_on_its_way_out(goal: Goal, looks: int) -> None:
    """Row DELETING: neither tags nor keys matter any more."""
    kinesis = _world()
    kinesis.people.delete(STREAM_NAME, 60)
    seen = _look(kinesis, goal, looks)
    assert seen.stream
    assert seen.stream.status == "DELETING"
    assert _read(kinesis) == READS[:1]


@pytest.mark.parametrize(("looks", "read"), [(0, READS), (1, READS[:1]), (9, READS[:1])])
def test_a_busy_stream_is_asked_about_in_full_once(looks: int, read: list[str]) -> None:
    """Issue, the loop: what refuses the goal for good is said at once; after that only the status is polled."""
    kinesis = _world()
    kinesis.people.reshard(STREAM_NAME, 60)
    seen = _look(kinesis, ENSURE, looks)
    assert _read(kinesis) == read
    assert (seen.tags is None) == (looks > 0)


def test_an_active_stream_is_asked_about_in_full_every_time() -> None:
    """Promise 6: a cancellation is seen before anything is done."""
    kinesis = _world()
    assert _look(kinesis, ENSURE, 9).tags is not None
    assert _read(kinesis) == READS


@pytest.mark.parametrize(
    ("there", "as_wanted", "looked_up"),
    [
        (None, False, ["alias/one"]),
        ("alias/one", True, ["alias/one"]),
        ("alias/two", False, ["alias/one", "alias/two"]),
        ("GUID", True, ["alias/one", "GUID"]),
    ],
)
def test_an_ensure_compares_resolved_keys(there: str | None, looked_up: list[str], *, as_wanted: bool) -> None:
    """Row "compared as resolved keys"; the same spelling needs one look-up."""
    kinesis = _world()
    guid = next(iter(kinesis.kms.keys.values())).key_id
    kinesis.add_stream(STREAM_NAME, guid if there == "GUID" else there)
    seen = _look(kinesis, ENSURE)
    assert seen.as_wanted is as_wanted
    assert seen.wanted
    assert seen.wanted.key_id == "alias/one"
    assert (seen.current is None) == (there is None)
    asked = [call.arguments["KeyId"] for call in kinesis.calls.named("DescribeKey")]
    assert asked == [guid if key_id == "GUID" else key_id for key_id in looked_up]


@pytest.mark.parametrize(
    ("there", "ownership", "evidence_key", "evidence", "why"),
    [
        ("alias/two", None, "alias/two", True, "the key is the one that this resource gave"),
        ("alias/two", None, "alias/one", False, "the key is another one"),
        ("alias/two", None, None, False, "this resource never gave it one"),
        (None, None, "alias/two", False, "it has no key"),
        ("alias/two", Ownership(OLD, None), "alias/two", False, "a record says more"),
    ],
)
def test_evidence_of_an_ensure_counts_without_a_record_alone(
    there: str | None, ownership: Ownership | None, evidence_key: str | None, why: str, *, evidence: bool
) -> None:
    """Promise 3: what was there before an Update of an untagged stream."""
    seen = _look(_world(there, ownership), replace(ENSURE, evidence_key=evidence_key))
    assert seen.evidence is evidence, why


ISSUED = 100.0
BEFORE, SAME, AFTER = ISSUED - 50, ISSUED, ISSUED + 50


@pytest.mark.parametrize(
    ("owner", "since", "evidence_key", "rekeyed", "looked_up", "why"),
    [
        (ME, BEFORE, "alias/one", False, 1, "the key is as it was, and spelled so"),
        (ME, BEFORE, "GUID", False, 2, "the key is as it was, spelled otherwise"),
        (ME, BEFORE, "alias/two", True, 2, "the key is another one"),
        (ME, BEFORE, None, True, 1, "nobody knows which key it was given"),
        (ME, SAME, "alias/two", False, 1, "this very request wrote it down"),
        (ME, AFTER, "alias/two", False, 2, "a later one wrote it down"),
        (OLD, BEFORE, "alias/two", False, 1, "it is not this resource's yet"),
        (ME, None, "alias/two", True, 2, "an older version wrote no time down"),
    ],
)
def test_a_change_of_the_key_is_told_by_what_this_resource_gave_before(  # noqa: PLR0913 - each is a fact of its own
    owner: Owner, since: float | None, evidence_key: str | None, looked_up: int, why: str, *, rekeyed: bool
) -> None:
    """Promise 6: it has to be written down before anything is done; compared as resolved keys, each looked up once."""
    demand = None if since is None else Demand(since, "alias/two" if since == AFTER else "alias/one")
    kinesis = _world("alias/one", Ownership(owner, None, demand=demand))
    guid = next(iter(kinesis.kms.keys.values())).key_id
    given = guid if evidence_key == "GUID" else evidence_key
    seen = _look(kinesis, replace(ENSURE, issued_at=ISSUED, evidence_key=given))
    assert seen.rekeyed is rekeyed, why
    assert len(kinesis.calls.named("DescribeKey")) == looked_up, why


@pytest.mark.parametrize(
    ("ownership", "marked_at", "instead", "why"),
    [
        (Ownership(ME, None, demand=Demand(AFTER, "alias/two")), None, "alias/two", "a later request wants it"),
        (Ownership(OLD, None, demand=Demand(AFTER, "alias/two")), None, "alias/two", "a later one of a renamed one"),
        (Ownership(ME, "alias/two", demand=Demand(AFTER, None)), None, None, "its key had no room in a tag"),
        (Ownership(ME, "alias/two", demand=Demand(SAME, "alias/one")), SAME, "alias/two", "called off: the one before"),
        (
            Ownership(ME, None, Predecessor(OLD, "alias/two"), Demand(SAME, "alias/one")),
            AFTER,
            "alias/two",
            "called off: the one that its former owner had given",
        ),
        (Ownership(ME, None, demand=Demand(SAME, "alias/one")), SAME, None, "called off: there was none"),
        (Ownership(ME, "alias/two", demand=Demand(SAME, "alias/one")), BEFORE, None, "an older mark is none"),
        (Ownership(ME, "alias/two", demand=Demand(SAME, "alias/one")), None, None, "its time is not over"),
        (None, SAME, None, "there is no record to tell"),
    ],
)
def test_the_key_that_the_stream_is_to_have_instead_is_looked_up(
    ownership: Ownership | None, marked_at: float | None, instead: str | None, why: str
) -> None:
    """Promise 6: a request whose time is over may have to put right what a Start of its own did too late."""
    kinesis = _world("alias/one", ownership)
    if marked_at is not None:
        kinesis.people.tag(STREAM_NAME, cancellation(ME, marked_at))
    seen = _look(kinesis, replace(ENSURE, issued_at=ISSUED))
    assert (seen.instead.key_id if seen.instead else None) == instead, why


def test_a_sweep_looks_at_the_tags_alone() -> None:
    """Promise 3: keys do not matter to a mark; a KMS that does not answer is not in its way."""
    kinesis = _world("alias/one", MINE)
    kinesis.people.tag(STREAM_NAME, cancellation(ME, ISSUED))
    seen = _look(kinesis, Sweep(REF, ME, ISSUED))
    assert seen.tags
    assert (seen.tags.cancelled_at, seen.tags.ownership) == (ISSUED, MINE)
    assert _read(kinesis) == READS[:2]


@pytest.mark.parametrize(
    ("asked", "waits", "read"),
    [
        (Asked("Cancel", None, 0.0), 0, READS),
        (Asked("Remember", None, 0.0), 0, READS),
        (Asked("Cancel", None, 0.0), 1, READS[:1]),
        (Asked("Start", "alias/one", 0.0), 0, READS[:1]),
        (Asked("Stop", None, 0.0), 0, READS[:1]),
        (None, 0, READS[:1]),
    ],
    ids=["a mark", "a record", "a mark that was looked at since", "a Start", "a Stop", "nothing"],
)
def test_a_busy_stream_is_asked_about_in_full_right_after_a_tag(
    asked: Asked | None, waits: int, read: list[str]
) -> None:
    """Promise 6: each side writes first and reads afterwards; tags may change while a stream is busy."""
    kinesis = _world()
    kinesis.people.reshard(STREAM_NAME, 60)
    memory = Memory(0, looks=3, asked=asked, waits=waits)
    observe(ENSURE, memory, Kinesis(kinesis.client), Keys(lambda: kinesis.kms.client), 77.0)
    assert _read(kinesis) == read


MINE = Ownership(ME, None)


@pytest.mark.parametrize(
    ("there", "ownership", "goal", "as_wanted", "why"),
    [
        (None, MINE, RELEASE, True, "it is off already"),
        ("alias/one", MINE, RELEASE, False, "it was not encrypted before"),
        ("alias/two", Ownership(ME, "alias/two"), RELEASE, True, "it has the key that it had"),
        ("alias/one", Ownership(ME, "alias/two"), RELEASE, False, "it had another key"),
        (None, Ownership(ME, "alias/two"), RELEASE, False, "it had a key"),
        ("GUID", Ownership(ME, "alias/one"), RELEASE, True, "it has the key that it had, spelled otherwise"),
        ("alias/one", Ownership(ME, "GUID"), RELEASE, True, "the same, the other way round"),
        ("alias/one", MINE, replace(RELEASE, on_delete=OnDelete.KEEP), True, "Keep wants what is there"),
        ("alias/one", Ownership(ME, "alias/one"), replace(RELEASE, on_delete=OnDelete.STOP), False, "Stop stops"),
        (
            "alias/one",
            Ownership(ME, None, Predecessor(OLD, "alias/two")),
            RELEASE,
            False,
            "its former owner gave it another key",
        ),
        (
            "alias/two",
            Ownership(ME, None, Predecessor(OLD, "alias/two")),
            RELEASE,
            True,
            "its former owner's key is still there",
        ),
    ],
)
def test_a_release_compares_with_the_state_to_restore(
    there: str | None, ownership: Ownership, goal: Release, why: str, *, as_wanted: bool
) -> None:
    """Property OnDelete; restored keys are compared as resolved keys, too: no Start for another spelling."""
    kinesis = _world()
    guid = next(iter(kinesis.kms.keys.values())).key_id
    before = guid if ownership.before == "GUID" else ownership.before
    tags = to_tags(replace(ownership, before=before))
    kinesis.add_stream(STREAM_NAME, guid if there == "GUID" else there, tags=tags)
    assert _look(kinesis, goal).as_wanted is as_wanted, why


def test_the_key_to_restore_is_looked_up_before_it_is_tried() -> None:
    """Promise 7: a key that can't be restored is known by its fault."""
    kinesis = _world("alias/one", Ownership(ME, "alias/two"))
    for key in kinesis.kms.keys.values():
        key.state = "Disabled"
    seen = _look(kinesis, RELEASE)
    assert seen.wanted
    assert seen.wanted.key_id == "alias/two"
    assert seen.wanted.fault
    assert seen.current
    assert seen.current.key_id == "alias/one"


@pytest.mark.parametrize("ownership", [None, Ownership(OLD, None)], ids=["nobody's", "another's"])
def test_keys_do_not_matter_where_a_delete_has_nothing_to_do(ownership: Ownership | None) -> None:
    """Promise 7: a teardown that KMS could block asks KMS nothing."""
    kinesis = _world("alias/one", ownership)
    seen = _look(kinesis, RELEASE)
    assert seen.stream
    assert (seen.as_wanted, seen.evidence, seen.wanted) == (False, False, None)
    assert _read(kinesis) == READS[:2]


@pytest.mark.parametrize(
    ("there", "goal", "as_wanted", "evidence"),
    [
        ("alias/one", RELEASE, False, True),
        ("alias/two", RELEASE, False, False),
        (None, RELEASE, True, False),
        ("alias/one", replace(RELEASE, on_delete=OnDelete.KEEP), True, True),
    ],
)
def test_a_release_without_a_record_goes_by_the_key(
    there: str | None, goal: Release, *, as_wanted: bool, evidence: bool
) -> None:
    """Promise 3: without tags, only the key of the properties proves anything."""
    seen = _look(_world(there), replace(goal, evidence_key="alias/one"))
    assert (seen.as_wanted, seen.evidence) == (as_wanted, evidence)


@pytest.mark.parametrize("there", ["alias/one", "alias/two"])
def test_a_release_with_a_record_knows_whether_the_key_is_its_own(there: str) -> None:
    """Promise 6: what a Delete leaves may look like its own work to a second delivery."""
    kinesis = _world(there, Ownership(ME, there))
    seen = _look(kinesis, replace(RELEASE, evidence_key="alias/one"))
    assert (seen.as_wanted, seen.evidence) == (True, there == "alias/one")


@pytest.mark.parametrize(
    ("ref", "arguments"),
    [(REF, {"StreamName": STREAM_NAME}), (StreamRef(STREAM_NAME, STREAM_ARN), {"StreamARN": STREAM_ARN})],
    ids=["by name", "by ARN"],
)
def test_a_stream_is_found_by_name_or_by_arn(ref: StreamRef, arguments: dict[str, Any]) -> None:
    """Properties StreamName and StreamARN."""
    kinesis = _world()
    seen = _look(kinesis, replace(ENSURE, stream=ref))
    assert seen.stream
    assert (seen.stream.name, seen.stream.arn) == (STREAM_NAME, STREAM_ARN)
    assert kinesis.calls[0].arguments == arguments


@pytest.mark.parametrize("action", READS)
def test_a_look_that_is_refused_is_told_as_a_refusal(action: str) -> None:
    """Errors: a refusal by the service is an observed fact."""
    kinesis = _world()
    kinesis.faults.fail_next(action, Kind.THROTTLING)
    with pytest.raises(Refused) as refused:
        _look(kinesis, ENSURE)
    assert refused.value.refusal.action.endswith(action)
