"""The loop: observe, decide, act; each step whole, each wait within the deadline, each goal in its turn."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from stream_encryption.converge import FRESH_SECONDS, Patience, Progress, World, loop, step
from stream_encryption.errors import DeadlinePassed, StreamNotFound
from stream_encryption.keys import Keys
from stream_encryption.kinesis import Kinesis
from stream_encryption.memory import Memory
from stream_encryption.model import (
    Action,
    Cancel,
    Concede,
    Demand,
    Ensure,
    Failed,
    Forget,
    Goal,
    Owner,
    Ownership,
    Refusal,
    RefusalKind,
    Release,
    Remember,
    Settled,
    Start,
    Stop,
    StreamRef,
    Sweep,
    Verify,
    Wait,
)
from stream_encryption.ownership import REQUEST_SECONDS, cancellation, to_tags
from tests.builders import LOGICAL_ID, STACK_ID, STREAM_NAME
from tests.fake_clock import Clock
from tests.fake_errors import Kind
from tests.fake_kinesis import FakeKinesis

ME = Owner(STACK_ID, LOGICAL_ID)
REF = StreamRef(STREAM_NAME)


@dataclass
class Journal:
    """Notes every decision."""

    names: list[str] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def decided(self, goal: Goal, action: Action) -> None:
        """Note it."""
        self.goals.append(goal)
        self.names.append(type(action).__name__)

    def call_refused(self, refusal: Refusal) -> None:
        """Note it."""
        self.refusals.append(refusal)


class Ground:
    """A stream `orders`, a stream `other`, a key, and a world that touches them."""

    def __init__(self) -> None:
        """Start anew."""
        self.clock = Clock()
        self.kinesis = FakeKinesis(self.clock)
        self.kinesis.kms.add_key("alias/one")
        self.kinesis.add_stream(STREAM_NAME)
        self.kinesis.add_stream("other")
        self.journal = Journal()
        keys = Keys(lambda: self.kinesis.kms.client)
        self.world = World(Kinesis(self.kinesis.client), keys, self.clock, Random(1), self.journal)  # noqa: S311
        self.begun = self.clock.now()

    def ensure(self, **fields: Any) -> Ensure:
        """The goal of a Create that is issued now."""
        return Ensure(**{"stream": REF, "owner": ME, "issued_at": self.begun, "key_id": "alias/one", **fields})

    def release(self, **fields: Any) -> Release:
        """The goal of a Delete that is issued now."""
        return Release(**{"stream": REF, "owner": ME, "issued_at": self.begun, **fields})

    def own(self, before: str | None = None, key_id: str | None = "alias/one", hours: float = 2) -> None:
        """Have the stream be ours, for so many hours."""
        demand = Demand(self.begun - hours * REQUEST_SECONDS, "alias/one")
        self.kinesis.add_stream(STREAM_NAME, key_id, tags=to_tags(Ownership(ME, before, demand=demand)))

    def settled(self) -> Memory:
        """What a request remembers that made its Start, and has seen it last for a minute."""
        since = self.begun - 60
        return Memory(since, owned=True, changes=1, settling_since=since, reached_at=self.begun - 1)

    def step(self, goal: Goal, memory: Memory | None = None) -> tuple[Progress, Action]:
        """Do one step."""
        return step(Progress((goal,), memory or Memory(self.begun)), self.world)

    def loop(self, *goals: Goal, seconds: float = 900.0) -> Progress:
        """Work until all is reached."""
        progress, left = loop(Progress.begin(goals, self.begun), self.world, self.begun + seconds, Patience())
        assert not left
        return progress


@pytest.fixture
def ground() -> Ground:
    """A fresh ground."""
    return Ground()


def test_no_goals_are_reached_at_once(ground: Ground) -> None:
    """Promise 7: a Delete that names no stream has nothing to do."""
    progress = ground.loop()
    assert (progress.goals, progress.attributes, progress.changes, progress.notes) == ((), None, 0, ())
    assert not ground.kinesis.calls


def test_each_step_is_one_action_and_each_action_is_told_before(ground: Ground) -> None:
    """Architecture: observe, decide, act; only one thing is decided at a time."""
    ground.kinesis.settings.updating = 0.1
    ground.loop(ground.ensure(settle_seconds=1, verify=True))
    names = [name for name in ground.journal.names if name != "Wait"]
    assert names[:2] == ["Remember", "Start"]
    assert names[-2:] == ["Verify", "Settled"]
    changes = [call.name for call in ground.kinesis.calls.changes]
    assert changes[:2] == ["AddTagsToStream", "StartStreamEncryption"]
    assert set(changes[2:]) == {"PutRecord"}


@pytest.mark.parametrize(
    ("prepare", "goal", "action", "call"),
    [
        (False, "ensure", Remember, "AddTagsToStream"),
        (True, "release", Forget, "RemoveTagsFromStream"),
    ],
)
def test_a_step_makes_the_one_call_of_its_action(
    ground: Ground, goal: str, action: type[Action], call: str, *, prepare: bool
) -> None:
    """Architecture: a tag write is an action of its own."""
    if prepare:
        ground.own("alias/one")
    _, done = ground.step(getattr(ground, goal)())
    assert isinstance(done, action)
    assert [made.name for made in ground.kinesis.calls.changes] == [call]


def test_a_delete_that_overtakes_writes_its_mark(ground: Ground) -> None:
    """Promise 6: Cancel is one call, of one tag."""
    _, action = ground.step(ground.release(overtaking=True))
    assert isinstance(action, Cancel)
    (call,) = ground.kinesis.calls.changes
    assert len(call.arguments["Tags"]) == 1


def test_a_step_starts_and_remembers_that_it_did(ground: Ground) -> None:
    """Promise 4: so that it is not asked for again before it can show."""
    ground.own(key_id=None, hours=0)
    progress, action = ground.step(ground.ensure())
    assert isinstance(action, Start)
    assert progress.memory.asked
    assert (progress.memory.asked.change, progress.memory.asked.sure, progress.memory.changes) == ("Start", True, 1)
    progress, action = step(progress, ground.world)
    assert isinstance(action, Wait)
    assert progress.memory.waits == 1


def test_a_change_whose_answer_was_lost_is_remembered_as_unsure(ground: Ground) -> None:
    """Promise 6: it may have been made; the next look tells."""
    ground.own(key_id=None, hours=0)
    ground.kinesis.faults.lose_answer("StartStreamEncryption")
    progress, action = ground.step(ground.ensure())
    assert isinstance(action, Wait)
    assert progress.memory.asked
    assert (progress.memory.asked.sure, progress.memory.changes) == (False, 1)
    assert ground.journal.names == ["Start", "Wait"]


def test_a_change_that_was_surely_refused_was_never_asked_for(ground: Ground) -> None:
    """Promise 4: it is tried again as soon as it can work."""
    ground.kinesis.faults.fail_next("AddTagsToStream", Kind.THROTTLING)
    progress, action = ground.step(ground.ensure())
    assert isinstance(action, Wait)
    assert progress.memory.asked is None
    assert progress.memory.throttles == 1
    assert [refusal.action for refusal in ground.journal.refusals] == ["kinesis:AddTagsToStream"]


def test_a_record_whose_answer_was_lost_is_put_again(ground: Ground) -> None:
    """Property Verify: a record is no change of the encryption: nothing is remembered of it but its proof."""
    ground.own(hours=0)
    goal = ground.ensure(verify=True, settle_seconds=0)
    ground.kinesis.settings.settling = 0
    ground.kinesis.faults.lose_answer("PutRecord")
    progress, action = ground.step(goal, ground.settled())
    assert isinstance(action, Wait)
    assert progress.memory.asked is None
    assert not progress.memory.verified
    progress, action = step(progress, ground.world)
    assert isinstance(action, Verify)
    assert progress.memory.verified


@pytest.mark.parametrize(("seconds", "acted_upon"), [(FRESH_SECONDS, True), (FRESH_SECONDS + 0.1, False)])
@pytest.mark.parametrize(
    ("prepare", "goal", "call"),
    [
        (False, "ensure", "AddTagsToStream"),
        (True, "release", "RemoveTagsFromStream"),
    ],
)
def test_an_old_look_is_not_acted_upon(  # noqa: PLR0913 - each is a fact of its own
    ground: Ground, goal: str, call: str, seconds: float, *, prepare: bool, acted_upon: bool
) -> None:
    """Promise 6: a process that stood still meanwhile does not do what was right before; it looks again at once."""
    if prepare:
        ground.own("alias/one")
    ground.kinesis.faults.before_call(lambda _: ground.clock.sleep(seconds), "ListTagsForStream")
    progress, action = ground.step(getattr(ground, goal)())
    assert [made.name for made in ground.kinesis.calls.changes] == ([call] if acted_upon else [])
    if not acted_upon:
        assert action == Wait("too long ago to act upon; look again", 0.0)
        assert progress.memory.asked is None
        step(progress, ground.world)
        assert [made.name for made in ground.kinesis.calls.changes] == [call]


def test_a_stream_is_not_described_again_only_because_a_record_was_written(ground: Ground) -> None:
    """Issue, calls: none that isn't needed; a record changes the tags alone, and they are read again."""
    ground.loop(ground.ensure())
    names = [call.name for call in ground.kinesis.calls if call.action.startswith("kinesis:")]
    tagged = names.index("AddTagsToStream")
    assert names[:tagged] == ["DescribeStreamSummary", "ListTagsForStream"]
    assert names[tagged + 1 :][:3] == ["ListTagsForStream", "StartStreamEncryption", "DescribeStreamSummary"]


@pytest.mark.parametrize(("seconds", "again"), [(FRESH_SECONDS - 0.1, False), (FRESH_SECONDS + 0.1, True)])
def test_a_description_from_before_a_record_is_good_for_as_long_as_any_other(
    ground: Ground, seconds: float, *, again: bool
) -> None:
    """Promise 6: nothing is done upon what was seen long ago, however long the record took to be written."""
    ground.kinesis.faults.before_call(lambda _: ground.clock.sleep(seconds), "AddTagsToStream")
    ground.loop(ground.ensure())
    names = [call.name for call in ground.kinesis.calls]
    looks = names[names.index("AddTagsToStream") : names.index("StartStreamEncryption")].count("DescribeStreamSummary")
    assert looks == again


@pytest.mark.parametrize(("seconds", "settled"), [(FRESH_SECONDS, True), (FRESH_SECONDS + 0.1, False)])
def test_no_success_is_told_of_what_was_seen_long_ago(ground: Ground, seconds: float, *, settled: bool) -> None:
    """Promises 1 and 6: while the process stood still, a later owner may have given the stream another key."""
    ground.own("alias/one", hours=0)
    ground.kinesis.faults.before_call(lambda _: ground.clock.sleep(seconds), "ListTagsForStream")
    goal = ground.ensure(key_id="alias/one")
    progress, action = ground.step(goal, ground.settled())
    assert isinstance(action, Settled) == settled
    if not settled:
        assert action == Wait("too long ago to act upon; look again", 0.0)
        assert isinstance(step(progress, ground.world)[1], Settled)


def test_a_look_that_ends_a_delete_may_be_old(ground: Ground) -> None:
    """Promise 7: what is gone, or another's, stays so: it needs no call, and no fresh look."""
    ground.kinesis.faults.before_call(lambda _: ground.clock.sleep(60), "ListTagsForStream")
    _, action = ground.step(ground.release())
    assert isinstance(action, Settled)


def test_a_mark_that_has_no_room_is_done_without(ground: Ground) -> None:
    """Promise 7: 50 tags of other people's are not in a Delete's way."""
    ground.own(hours=0)
    ground.kinesis.people.tag(STREAM_NAME, {f"tag-{number}": "x" for number in range(45)})
    progress, action = ground.step(ground.release())
    assert action == Wait("the stream has no room for a mark; go on without", 0.0)
    assert progress.memory.unmarked
    _, action = step(progress, ground.world)
    assert isinstance(action, Stop)


def test_a_goal_that_leaves_a_mark_hands_its_sweep_on(ground: Ground) -> None:
    """Promise 3: what is left on each stream is known at the end."""
    left = ground.release(overtaking=True)
    progress = ground.loop(left, ground.ensure(stream=StreamRef("other")))
    assert progress.sweeps == (Sweep(REF, ME, ground.begun),)
    assert progress.attributes


def test_a_sweep_removes_its_mark_alone(ground: Ground) -> None:
    """Promise 3: the record of whoever has the stream by then stays, and nothing else is looked up."""
    ground.own()
    record = dict(ground.kinesis.streams[STREAM_NAME].tags)
    ground.kinesis.people.tag(STREAM_NAME, cancellation(ME, ground.begun))
    progress = ground.loop(Sweep(REF, ME, ground.begun))
    assert ground.kinesis.streams[STREAM_NAME].tags == record
    assert ground.journal.names == ["Forget", "Settled"]
    assert progress.sweeps == ()
    assert not ground.kinesis.calls.named("DescribeKey")


def test_a_refused_look_is_decided_on(ground: Ground) -> None:
    """Architecture: a refusal by the service is an observed fact, not an exception that converge must branch on."""
    ground.kinesis.faults.fail_next("DescribeStreamSummary", Kind.THROTTLING)
    progress, action = ground.step(ground.ensure())
    assert isinstance(action, Wait)
    assert progress.memory.throttles == 1
    assert ground.journal.names == ["Wait"]
    assert [refusal.kind for refusal in ground.journal.refusals] == [RefusalKind.THROTTLED]


def test_a_failed_step_leaves_the_goal(ground: Ground) -> None:
    """Architecture: a step that fails is its caller's to heed."""
    progress, action = ground.step(ground.ensure(stream=StreamRef("missing")))
    assert isinstance(action, Failed)
    assert len(progress.goals) == 1
    with pytest.raises(StreamNotFound):
        ground.loop(ground.ensure(stream=StreamRef("missing")))


def test_what_was_conceded_becomes_a_note(ground: Ground) -> None:
    """Promise 7: the answer's Reason says so."""
    ground.own("alias/none")
    progress = ground.loop(ground.release())
    assert ground.journal.names == ["Concede", "Forget", "Settled"]
    (note,) = progress.notes
    assert "alias/none" in note
    assert "does not exist" in note


def test_a_concession_is_remembered_and_not_carried_out(ground: Ground) -> None:
    """Promise 7: nothing is called."""
    ground.own("alias/none")
    progress, action = ground.step(ground.release())
    assert isinstance(action, Concede)
    assert progress.memory.conceded == action.reason
    assert not ground.kinesis.calls.changes


def test_goals_are_reached_one_after_the_other(ground: Ground) -> None:
    """Rollback of a failed replacement: the tried stream first, then the old one; each with a memory of its own."""
    ground.kinesis.add_stream("other", "alias/one", tags=to_tags(Ownership(ME, None)))
    release, ensure = ground.release(stream=StreamRef("other")), ground.ensure()
    progress = ground.loop(release, ensure)
    assert [
        goal for goal, last in zip(ground.journal.goals, [*ground.journal.goals[1:], None], strict=True) if goal != last
    ] == [release, ensure]
    assert progress.changes == 2
    assert progress.attributes
    assert progress.attributes.stream.name == STREAM_NAME
    assert progress.goals == ()


def test_a_settled_goal_is_followed_by_a_fresh_memory(ground: Ground) -> None:
    """Rollback of a failed replacement: what was remembered of one stream says nothing of the other."""
    goals = (ground.release(stream=StreamRef("missing")), ground.ensure())
    ground.clock.sleep(5)
    progress, action = step(Progress(goals, Memory(0, looks=7, changes=2, conceded="why"), changes=1), ground.world)
    assert isinstance(action, Settled)
    assert progress == Progress(goals[1:], Memory(ground.clock.now()), None, 3, ("why",))


def test_attributes_outlive_a_later_goal_that_has_none(ground: Ground) -> None:
    """Fn::GetAtt: whichever goal tells them."""
    ground.own()
    progress = ground.loop(ground.ensure(settle_seconds=0), ground.release(stream=StreamRef("missing")))
    assert progress.attributes
    assert progress.attributes.stream.name == STREAM_NAME


@pytest.mark.parametrize("seconds", [0.5, 10.0, 600.0])
def test_the_deadline_is_kept_and_used(ground: Ground, seconds: float) -> None:
    """Row "the deadline": what it was waiting for, since when, and for how long."""
    ground.kinesis.people.reshard(STREAM_NAME, 10_000)
    with pytest.raises(DeadlinePassed) as passed:
        ground.loop(ground.ensure(), seconds=seconds)
    assert ground.clock.now() == pytest.approx(ground.begun + seconds)
    assert f"{seconds:.0f} s after 2026-01-01 00:00:00" in str(passed.value)
    assert "UPDATING" in str(passed.value)
    assert STREAM_NAME in str(passed.value)


def test_a_last_look_is_made_at_the_deadline(ground: Ground) -> None:
    """Row "the deadline": what is reached by then counts."""
    ground.own()
    ground.loop(ground.ensure(settle_seconds=60), seconds=60)
    assert ground.clock.now() == ground.begun + 60
    later = Ground()
    later.own()
    with pytest.raises(DeadlinePassed):
        later.loop(later.ensure(settle_seconds=60), seconds=59.9)


def test_the_time_of_a_second_goal_begins_with_it(ground: Ground) -> None:
    """Row "the deadline": how long it was waited FOR THIS."""
    ground.kinesis.add_stream("other", "alias/one", tags=to_tags(Ownership(ME, None)))
    ground.kinesis.next_updating.extend([60.0, 10_000.0])
    with pytest.raises(DeadlinePassed) as passed:
        ground.loop(ground.release(stream=StreamRef("other")), ground.ensure(), seconds=200)
    waited = int(str(passed.value).split(" s after")[0].rsplit(" ", 1)[1])
    assert 100 <= waited <= 140
