"""Promise 6: any invocation may be repeated, run twice at once, or die at any call; the next one converges."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from stream_encryption.model import Owner, Ownership
from stream_encryption.ownership import to_tags
from tests.builders import LOGICAL_ID, STACK_ID, STREAM_NAME, create_event, delete_event, update_event
from tests.fake_calls import Call, Calls
from tests.fake_errors import Kind
from tests.fake_people import NotNowError
from tests.invocations import INVENTED_ID, Death, Delivery, before
from tests.provider import Provider

# Metrics are Powertools' own, one set for a process: of two invocations at once, one finds them written already.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

ONE = {"StreamName": STREAM_NAME, "KeyId": "alias/one"}
TWO = {"StreamName": STREAM_NAME, "KeyId": "alias/two"}
OTHER = {"StreamName": "other", "KeyId": "alias/one"}
ANOTHER_STACK = STACK_ID.replace("platform-encryption", "another-stack")
RECORD = {f"kinesis-stream-encryption:{name}" for name in ("stack", "resource", "before")}


def _world(key_id: str | None = None, *events: Mapping[str, Any]) -> Provider:
    """A world in which the stream has this key, and these requests were answered long ago."""
    provider = Provider(stream=False)
    provider.kinesis.add_stream(STREAM_NAME, key_id)
    provider.kinesis.add_stream("other")
    for event in events:
        assert provider.handle(event)["Status"] == "SUCCESS"
        provider.clock.sleep(600)
    return provider


@dataclass(frozen=True)
class Scenario:
    """A request, and the world that it comes into."""

    event: Mapping[str, Any]
    key_id: str | None = None
    earlier: tuple[Mapping[str, Any], ...] = field(default=())

    def world(self) -> Provider:
        """Make the world anew."""
        return _world(self.key_id, *self.earlier)


SCENARIOS = {
    "create": Scenario(create_event(ONE)),
    "create on a stream with another key": Scenario(create_event(ONE), "alias/two"),
    "create on a stream with the wanted key": Scenario(create_event(ONE), "alias/one"),
    "create with a record put": Scenario(create_event({**ONE, "Verify": "true"})),
    "create under a new logical id": Scenario(
        create_event(ONE, LogicalResourceId="Renamed"), None, (create_event(ONE),)
    ),
    "create that takes over with another key": Scenario(
        create_event({**TWO, "Takeover": "true"}), None, (create_event(ONE, StackId=ANOTHER_STACK),)
    ),
    "update of the key": Scenario(update_event(TWO, ONE), None, (create_event(ONE),)),
    "update to another stream": Scenario(update_event(OTHER, ONE), None, (create_event(ONE),)),
    "delete": Scenario(delete_event(ONE), None, (create_event(ONE),)),
    "delete that restores a key": Scenario(delete_event(ONE), "alias/two", (create_event(ONE),)),
    "delete that finds what it leaves": Scenario(delete_event(ONE), "alias/one", (create_event(ONE),)),
    "delete that stops": Scenario(
        delete_event({**ONE, "OnDelete": "Stop"}), "alias/two", (create_event({**ONE, "OnDelete": "Stop"}),)
    ),
    "delete that keeps": Scenario(
        delete_event({**ONE, "OnDelete": "Keep"}), None, (create_event({**ONE, "OnDelete": "Keep"}),)
    ),
    "delete that gives a stream back": Scenario(
        delete_event({**TWO, "Takeover": "true"}),
        None,
        (create_event(ONE, StackId=ANOTHER_STACK), create_event({**TWO, "Takeover": "true"})),
    ),
}
every_scenario = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())

Outcome = tuple[Any, ...]


def _end(provider: Provider, answer: Mapping[str, Any] | None) -> Outcome:
    """What CloudFormation and the streams are left with, once all is quiet."""
    provider.clock.sleep(600)
    streams = tuple(
        (name, stream.status, stream.encryption, dict(stream.tags)) for name, stream in provider.kinesis.streams.items()
    )
    assert answer is not None
    return answer["Status"], answer["PhysicalResourceId"], answer["Data"], streams


def _quota(provider: Provider) -> int:
    return len(provider.kinesis.calls.changes.named("StartStreamEncryption", "StopStreamEncryption"))


def _undisturbed(scenario: Scenario) -> tuple[int, Outcome, int]:
    """How many calls the request takes, how it ends, and how much of the quota is spent by then."""
    provider = scenario.world()
    first = len(provider.kinesis.calls)
    answer = Delivery(provider, scenario.event).run()
    calls = len(provider.kinesis.calls) - first
    assert answer
    assert answer["Status"] == "SUCCESS"
    return calls, _end(provider, answer), _quota(provider)


PASSING = (
    Kind.RATE_EXCEEDED,
    Kind.THROTTLING,
    Kind.INTERNAL_FAILURE,
    Kind.SERVICE_UNAVAILABLE,
    Kind.CONNECTION,
    Kind.CONNECT_TIMEOUT,
    Kind.READ_TIMEOUT,
)


@every_scenario
@pytest.mark.parametrize("kind", PASSING, ids=[kind.name for kind in PASSING])
def test_whichever_call_fails_for_a_moment_the_end_is_the_same(scenario: Scenario, kind: Kind) -> None:
    """Promise 6 and the table of errors: throttles and failing connections change the rhythm, and nothing else."""
    calls, end, quota = _undisturbed(scenario)
    for number in range(1, calls + 1):
        provider = scenario.world()
        provider.kinesis.faults.fail_nth(len(provider.kinesis.calls) + number, kind)
        answer = Delivery(provider, scenario.event).run()
        assert _end(provider, answer) == end, f"call {number} failed"
        assert _quota(provider) == quota, f"call {number} failed"


@every_scenario
@pytest.mark.parametrize("kind", [Kind.READ_TIMEOUT, Kind.INTERNAL_FAILURE], ids=["time-out", "5xx"])
def test_whichever_answer_is_lost_the_end_is_the_same(scenario: Scenario, kind: Kind) -> None:
    """Promise 6: a change that was made although its answer never came is seen, and not made twice (25 a day)."""
    calls, end, quota = _undisturbed(scenario)
    for number in range(1, calls + 1):
        provider = scenario.world()
        provider.kinesis.faults.lose_nth(len(provider.kinesis.calls) + number, kind)
        answer = Delivery(provider, scenario.event).run()
        assert _end(provider, answer) == end, f"the answer to call {number} was lost"
        assert _quota(provider) == quota, f"the answer to call {number} was lost"


@every_scenario
@pytest.mark.parametrize("after_it", [False, True], ids=["before the call", "after the call"])
@pytest.mark.parametrize("again_in", [0.0, 60.0], ids=["at once", "a minute later"])
def test_an_invocation_that_dies_at_any_call_is_finished_by_its_redelivery(
    scenario: Scenario, again_in: float, *, after_it: bool
) -> None:
    """Promise 6: Lambda delivers an asynchronous event again after a crash; that ends as if nothing had happened."""
    calls, end, quota = _undisturbed(scenario)
    for number in range(1, calls + 1):
        provider = scenario.world()
        delivery = Delivery(provider, scenario.event)
        faults = provider.kinesis.faults
        (faults.lose_nth if after_it else faults.fail_nth)(len(provider.kinesis.calls) + number, Death())
        assert delivery.run() is None, f"an invocation that died at call {number} answered"
        provider.clock.sleep(again_in)
        assert _end(provider, delivery.run()) == end, f"died at call {number}"
        assert _quota(provider) == quota, f"died at call {number}"


@every_scenario
def test_an_event_that_is_delivered_twice_at_once_ends_as_one(scenario: Scenario) -> None:
    """Promise 6: the second delivery runs as a whole before any one call of the first; one Start more is the most."""
    calls, end, quota = _undisturbed(scenario)
    for number in range(1, calls + 1):
        provider = scenario.world()
        delivery = Delivery(provider, scenario.event)
        (second,) = _both(provider, delivery.run, number, delivery.run)[1]
        assert second
        assert second["Status"] == "SUCCESS", f"the second, run before call {number}: {second['Reason']}"
        assert _end(provider, second)[3] == end[3], f"run twice, the second before call {number}"
        assert _quota(provider) <= quota + 1, f"run twice, the second before call {number}"


@every_scenario
def test_an_event_that_is_delivered_again_after_its_answer_changes_nothing(scenario: Scenario) -> None:
    """Promises 4 and 6: Lambda may deliver twice without any error; the second finds nothing to do."""
    _, end, quota = _undisturbed(scenario)
    provider = scenario.world()
    delivery = Delivery(provider, scenario.event)
    delivery.run()
    provider.clock.sleep(60)
    assert _end(provider, delivery.run()) == end
    assert _quota(provider) == quota


def _both(
    provider: Provider, first: Callable[[], Any], number: int, second: Callable[[], Any]
) -> tuple[Any, list[Any]]:
    """Run the first, and the second as a whole just before the first one's Nth call."""
    results = before(provider, number, second)
    return first(), results


# A Create that is overtaken by its own Delete

BEFORE = {
    "unencrypted": (None, ()),
    "with another key": ("alias/two", ()),
    "with the wanted key": ("alias/one", ()),
    "of another logical id": (None, (create_event(TWO, LogicalResourceId="Old"),)),
}
every_state_before = pytest.mark.parametrize(("key_id", "earlier"), BEFORE.values(), ids=BEFORE.keys())


def _overtaken(key_id: str | None, earlier: tuple[Mapping[str, Any], ...]) -> tuple[Provider, Delivery, Delivery]:
    """A Create, and the Delete that CloudFormation sends a second after it, under an id that it made up."""
    provider = _world(key_id, *earlier)
    create = Delivery(provider, create_event(ONE))
    provider.clock.sleep(1)
    return provider, create, Delivery(provider, delete_event(ONE, PhysicalResourceId=INVENTED_ID))


def _states(provider: Provider) -> Any:
    """What the stream is, and whose; a cancellation may stay on it, since the Create may come yet again."""
    provider.clock.sleep(600)
    tags = {key: value for key, value in provider.tags_of().items() if key in RECORD}
    return provider.key_of(), tags


def _calls_of_create(key_id: str | None, earlier: tuple[Mapping[str, Any], ...]) -> tuple[int, Any]:
    provider, create, _ = _overtaken(key_id, earlier)
    untouched, first = _states(_world(key_id, *earlier)), len(provider.kinesis.calls)
    create.run()
    return len(provider.kinesis.calls) - first, untouched


@every_state_before
def test_a_create_that_its_delete_overtakes_at_any_call_leaves_the_stream_as_it_was(
    key_id: str | None, earlier: tuple[Mapping[str, Any], ...]
) -> None:
    """Promise 6: the Delete runs as a whole before any one call of the Create, which notices and stops."""
    calls, untouched = _calls_of_create(key_id, earlier)
    wrong = []
    for number in range(1, calls + 1):
        provider, create, delete = _overtaken(key_id, earlier)
        created, (deleted,) = _both(provider, create.run, number, delete.run)
        if (created["Status"], deleted["Status"], _states(provider)) != ("FAILED", "SUCCESS", untouched):
            wrong.append((number, created["Status"], deleted["Status"], _states(provider)))
    assert not wrong, wrong


@every_state_before
def test_a_create_that_runs_within_its_delete_leaves_the_stream_as_it_was(
    key_id: str | None, earlier: tuple[Mapping[str, Any], ...]
) -> None:
    """Promise 6, the other way round: the Create was delivered late, and runs before any one call of the Delete."""
    untouched = _states(_world(key_id, *earlier))
    wrong = []
    for number in range(1, 4):
        provider, create, delete = _overtaken(key_id, earlier)
        deleted, created = _both(provider, delete.run, number, create.run)
        if created and (deleted["Status"], _states(provider)) != ("SUCCESS", untouched):
            wrong.append((number, created[0]["Status"], deleted["Status"], _states(provider)))
    assert not wrong, wrong


@every_state_before
@pytest.mark.parametrize("after_it", [False, True], ids=["before the call", "after the call"])
def test_a_create_that_died_and_comes_again_after_its_delete_leaves_the_stream_as_it_was(
    key_id: str | None, earlier: tuple[Mapping[str, Any], ...], *, after_it: bool
) -> None:
    """Promise 6: Lambda delivers a crashed Create again a minute later, when its Delete may long be answered."""
    calls, untouched = _calls_of_create(key_id, earlier)
    wrong = []
    for number in range(1, calls + 1):
        provider, create, delete = _overtaken(key_id, earlier)
        faults = provider.kinesis.faults
        (faults.lose_nth if after_it else faults.fail_nth)(len(provider.kinesis.calls) + number, Death())
        assert create.run() is None
        deleted = delete.run()
        provider.clock.sleep(60)
        created = create.run()
        assert created
        assert deleted
        if (created["Status"], deleted["Status"], _states(provider)) != ("FAILED", "SUCCESS", untouched):
            wrong.append((number, created["Status"], deleted["Status"], _states(provider)))
    assert not wrong, wrong


def test_a_create_anew_after_an_overtaken_one_is_not_called_off() -> None:
    """Promise 6: a cancellation is for the requests before it; the stack that is created again is not hit by it."""
    provider, _, delete = _overtaken(None, ())
    delete.run()
    provider.clock.sleep(60)
    answer = Delivery(provider, create_event(ONE)).run()
    assert answer
    assert answer["Status"] == "SUCCESS"
    assert provider.key_of() == "alias/one"


def test_an_overtaken_create_says_that_its_resource_was_given_up() -> None:
    """Promises 2 and 6: the answer that nobody may read any more still says what happened, and on which stream."""
    provider, create, delete = _overtaken(None, ())
    created, _ = _both(provider, create.run, 3, delete.run)
    assert "gave it up" in created["Reason"]
    assert STREAM_NAME in created["Reason"]


# A replacement that is rolled back while it is still at work


def test_a_replacement_that_waits_for_a_busy_stream_stops_when_it_is_rolled_back() -> None:
    """Row "an attempted replacement failed": the stream that was tried is as it was, also minutes after the rollback.

    Another resource fails, so CloudFormation cancels the Update and rolls it back at once; the Update still waits
    for a reshard of the new stream, and nobody will ever send a Delete for that one.
    """
    provider = _world(None, create_event(ONE))
    provider.kinesis.people.reshard("other", 300)
    update = Delivery(provider, update_event(OTHER, ONE))
    provider.clock.sleep(1)
    rollback = Delivery(provider, update_event(ONE, OTHER))
    _, (rolled_back,) = _both(provider, update.run, 8, rollback.run)
    assert rolled_back["Status"] == "SUCCESS"
    provider.clock.sleep(600)
    assert provider.key_of() == "alias/one"
    assert provider.key_of("other") is None
    assert not RECORD & provider.tags_of("other").keys()


@pytest.mark.parametrize("settle", ["0", "5"])
@pytest.mark.parametrize("busy_for", [0.0, 20.0], ids=["at once", "on a busy stream"])
def test_a_key_change_that_is_rolled_back_at_any_call_leaves_the_key_that_was(busy_for: float, settle: str) -> None:
    """Promise 6: another resource fails, so the Update is cancelled and rolled back while it is still at work.

    Both have the same record; it says which of them is the newer one, and which key that wants. Where a whole
    rollback passes between the look at the tags and the writing of the record, nothing can tell
    (docs/decisions/overtaken-requests.md).
    """
    one, two = {**ONE, "SettleSeconds": settle}, {**TWO, "SettleSeconds": settle}
    wrong = []
    for number in _outside_the_window(_calls_of_a_key_change(busy_for, one, two)):
        provider, update = _key_change(busy_for, one, two)
        rollback = Delivery(provider, update_event(one, two))
        _, (rolled_back,) = _both(provider, update.run, number, rollback.run)
        if (rolled_back["Status"], *_states(provider)) != ("SUCCESS", "alias/one", OUR_RECORD):
            wrong.append((number, rolled_back["Status"], _states(provider)))
        assert not provider.kinesis.calls.named("StopStreamEncryption"), number
    assert not wrong, wrong


def test_a_key_change_that_waits_for_a_busy_stream_is_told_that_it_was_rolled_back() -> None:
    """Promises 2 and 6: it changes nothing any more once the stream is free."""
    provider, update = _key_change(300, ONE, TWO)
    rollback = Delivery(provider, update_event(ONE, TWO))
    updated, _ = _both(provider, update.run, 8, rollback.run)
    assert updated["Status"] == "FAILED"
    assert "A later request" in updated["Reason"]
    assert _quota(provider) == 1, "the Create's"


def _key_change(busy_for: float, one: Mapping[str, str], two: Mapping[str, str]) -> tuple[Provider, Delivery]:
    """An Update of the key, a second old, of a stream that somebody keeps busy for so long."""
    provider = _world(None, create_event(one))
    if busy_for:
        provider.kinesis.people.reshard(STREAM_NAME, busy_for)
    update = Delivery(provider, update_event(two, one))
    provider.clock.sleep(1)
    return provider, update


def _calls_of_a_key_change(busy_for: float, one: Mapping[str, str], two: Mapping[str, str]) -> list[str]:
    provider, update = _key_change(busy_for, one, two)
    first = len(provider.kinesis.calls)
    update.run()
    return [call.name for call in provider.kinesis.calls[first:]]


def _outside_the_window(calls: list[str]) -> list[int]:
    """The numbers of all calls but those between the look at the tags and the record, which no call can make one."""
    written = calls.index("AddTagsToStream") + 1
    looked = max(number for number, name in enumerate(calls[:written], start=1) if name == "ListTagsForStream")
    assert written - looked <= 3, "it is only keys that are looked up in between"
    return [number for number in range(1, len(calls) + 1) if not looked < number <= written]


OUR_RECORD = to_tags(Ownership(Owner(STACK_ID, LOGICAL_ID), None))
"""The part of the record that says whose the stream is, and that it was not encrypted before."""


# A request that is delivered again when others came after it


def _answered(delivery: Delivery) -> dict[str, Any]:
    """Deliver it, and let some time pass."""
    answer = delivery.run()
    assert answer
    delivery.provider.clock.sleep(60)
    return answer


def test_a_create_that_comes_again_after_a_key_change_does_not_bring_the_old_key_back() -> None:
    """Promise 6: Lambda may deliver an event again for hours; the newest request's key stays."""
    provider = _world()
    create = Delivery(provider, create_event(ONE))
    _answered(create)
    _answered(Delivery(provider, update_event(TWO, ONE)))
    tags, quota = dict(provider.kinesis.streams[STREAM_NAME].tags), _quota(provider)
    again = _answered(create)
    assert again["Status"] == "FAILED"
    assert "A later request" in again["Reason"]
    assert (provider.key_of(), _quota(provider)) == ("alias/two", quota)
    assert provider.kinesis.streams[STREAM_NAME].tags == tags


def test_a_start_of_a_dead_create_that_comes_after_a_key_change_is_put_right_by_its_redelivery() -> None:
    """Promises 5 and 6: whoever made that Start may be dead; the next delivery sees it by the key."""
    provider = _world()
    create = Delivery(provider, create_event(ONE))
    _answered(create)
    _answered(Delivery(provider, update_event(TWO, ONE)))
    provider.kinesis.people.rekey(STREAM_NAME, "alias/one")
    assert _answered(create)["Status"] == "FAILED"
    assert provider.key_of() == "alias/two"
    assert not provider.kinesis.calls.named("StopStreamEncryption")


@pytest.mark.parametrize("key_id", [None, "alias/two", "alias/one"])
def test_a_create_that_comes_again_after_its_ordinary_delete_encrypts_nothing(key_id: str | None) -> None:
    """Promise 6: the Delete left its mark, since the Create was young enough to come again."""
    provider = _world(key_id)
    create = Delivery(provider, create_event(ONE))
    _answered(create)
    _answered(Delivery(provider, delete_event(ONE)))
    quota, tags = _quota(provider), dict(provider.kinesis.streams[STREAM_NAME].tags)
    assert list(tags) == list(provider.marks_of())
    assert _answered(create)["Status"] == "FAILED"
    assert (provider.key_of(), _quota(provider)) == (key_id, quota)
    assert provider.kinesis.streams[STREAM_NAME].tags == tags


def test_a_create_that_comes_again_after_an_hour_is_refused_by_its_age_alone() -> None:
    """Promises 3 and 6: so the mark need not stay for longer."""
    provider = _world()
    create = Delivery(provider, create_event(ONE))
    _answered(create)
    _answered(Delivery(provider, delete_event(ONE)))
    provider.clock.sleep(60 * 60)
    provider.kinesis.people.untag(STREAM_NAME)
    again = _answered(create)
    assert "had to be answered by" in again["Reason"]
    assert STREAM_NAME in again["Reason"]
    assert provider.key_of() is None


@pytest.mark.parametrize("anew", [ONE, TWO], ids=["with its key", "with another key"])
@pytest.mark.parametrize("on_delete", ["Restore", "Stop", "Keep"])
def test_a_delete_that_comes_again_after_its_resource_was_created_anew_does_nothing(
    anew: Mapping[str, str], on_delete: str
) -> None:
    """Promise 6: the stream is that Create's now, by the record."""
    provider = _world()
    _answered(Delivery(provider, create_event(ONE)))
    delete = Delivery(provider, delete_event({**ONE, "OnDelete": on_delete}))
    _answered(delete)
    _answered(Delivery(provider, create_event(anew)))
    tags, quota = dict(provider.kinesis.streams[STREAM_NAME].tags), _quota(provider)
    assert _answered(delete)["Status"] == "SUCCESS"
    assert (provider.key_of(), _quota(provider)) == (anew["KeyId"], quota)
    assert provider.kinesis.streams[STREAM_NAME].tags == tags


@pytest.mark.parametrize(
    ("later", "key_id", "record"),
    [(update_event(TWO, ONE), "alias/two", OUR_RECORD), (delete_event(ONE), None, {})],
    ids=["update", "delete"],
)
def test_a_create_that_stands_still_at_any_call_while_others_come_and_go_leaves_what_they_left(
    later: Mapping[str, Any], key_id: str | None, record: Mapping[str, str]
) -> None:
    """Promise 6: its second delivery is answered, the next request too; then the first goes on with what it was at.

    After a Delete it finds the mark, whatever it was at; after an Update not between the tags and its record.
    """
    provider = _world()
    Delivery(provider, create_event(ONE)).run()
    calls = [call.name for call in provider.kinesis.calls]
    wrong = []
    for number in range(1, len(calls) + 1) if key_id is None else _outside_the_window(calls):
        provider = _world()
        create = Delivery(provider, create_event(ONE))

        def meanwhile(provider: Provider = provider, create: Delivery = create) -> None:
            _answered(create)
            assert _answered(Delivery(provider, later))["Status"] == "SUCCESS"

        _both(provider, create.run, number, meanwhile)
        end = _states(provider)
        if end != (key_id, record):
            wrong.append((number, end))
    assert not wrong, wrong


# Tags that show late


@every_scenario
@pytest.mark.parametrize("stale", [1.0, 10.0])
def test_tags_that_show_late_change_nothing_but_the_time(scenario: Scenario, stale: float) -> None:
    """Promises 4 and 6: reads are eventually consistent, of tags as well; a tag is not written at every look."""
    _, end, quota = _undisturbed(scenario)
    provider = scenario.world()
    provider.kinesis.settings.stale_tags = stale
    first = len(provider.kinesis.calls)

    def not_for_ever(_call: Call) -> None:
        assert len(provider.kinesis.calls) < first + 300

    provider.kinesis.faults.before_call(not_for_ever, times=None)
    answer = Delivery(provider, scenario.event).run()
    assert _end(provider, answer) == end
    assert _quota(provider) == quota
    assert len(Calls(provider.kinesis.calls[first:]).changes) <= 5


# Other people in between

PEOPLE: Mapping[str, Callable[[Provider], None]] = {
    "stop": lambda provider: provider.kinesis.people.stop(STREAM_NAME, 3.0),
    "stop at once": lambda provider: provider.kinesis.people.stop(STREAM_NAME),
    "give it another key": lambda provider: provider.kinesis.people.rekey(STREAM_NAME, "alias/two", 3.0),
    "give it the wanted key": lambda provider: provider.kinesis.people.rekey(STREAM_NAME, "alias/one", 3.0),
    "untag": lambda provider: provider.kinesis.people.untag(STREAM_NAME),
    "untag a part": lambda provider: provider.kinesis.people.untag(STREAM_NAME, "kinesis-stream-encryption:before"),
    "reshard": lambda provider: provider.kinesis.people.reshard(STREAM_NAME, 120.0),
    "delete": lambda provider: provider.kinesis.people.delete(STREAM_NAME, 10.0),
}
everybody = pytest.mark.parametrize("act", PEOPLE.values(), ids=PEOPLE.keys())


def _with_people(provider: Provider, scenario: Scenario, number: int, act: Callable[[Provider], None]) -> Any:
    """Run the request; people act before its Nth call, unless Kinesis refuses them: then nothing happened."""

    def meanwhile() -> None:
        with contextlib.suppress(NotNowError):
            act(provider)

    return _both(provider, Delivery(provider, scenario.event).run, number, meanwhile)[0]


@everybody
@pytest.mark.parametrize("scenario", [SCENARIOS["create"], SCENARIOS["update of the key"]], ids=["create", "update"])
def test_whoever_changes_the_stream_meanwhile_success_is_the_truth(
    scenario: Scenario, act: Callable[[Provider], None]
) -> None:
    """Promises 1, 4 and 5: SUCCESS means encrypted as wanted; nothing is stopped, and the quota is not fought away."""
    calls, _, quota = _undisturbed(scenario)
    wanted = scenario.event["ResourceProperties"]["KeyId"]
    for number in range(1, calls - 1):  # after the last description nobody can be noticed any more
        provider = scenario.world()
        answer = _with_people(provider, scenario, number, act)
        assert answer["Status"] == "FAILED" or provider.key_of() == wanted, f"people acted before call {number}"
        assert answer["Status"] == "SUCCESS" or answer["Reason"], f"people acted before call {number}"
        assert not provider.kinesis.calls.named("StopStreamEncryption"), f"people acted before call {number}"
        assert _quota(provider) <= quota + 1, f"people acted before call {number}"


@pytest.mark.parametrize("who", ["reshard", "give it the wanted key"])
def test_people_who_are_in_nobodys_way_do_not_fail_a_create(who: str) -> None:
    """Errors, ResourceInUseException: wait for ACTIVE, try again; whoever else keeps the stream busy."""
    scenario = SCENARIOS["create"]
    calls, _, _ = _undisturbed(scenario)
    for number in range(1, calls + 1):
        provider = scenario.world()
        answer = _with_people(provider, scenario, number, PEOPLE[who])
        assert answer["Status"] == "SUCCESS", f"before call {number}: {answer['Reason']}"


@everybody
@pytest.mark.parametrize(
    "scenario", [SCENARIOS["delete"], SCENARIOS["delete that restores a key"]], ids=["unencrypted", "another key"]
)
def test_whoever_changes_the_stream_meanwhile_a_delete_succeeds(
    scenario: Scenario, act: Callable[[Provider], None]
) -> None:
    """Promise 7: teardown is never blocked by what others did; our record goes wherever the stream stays."""
    calls, _, quota = _undisturbed(scenario)
    for number in range(1, calls + 1):
        provider = scenario.world()
        answer = _with_people(provider, scenario, number, act)
        assert answer["Status"] == "SUCCESS", f"people acted before call {number}: {answer['Reason']}"
        assert _quota(provider) <= quota + 1, f"people acted before call {number}"
        provider.clock.sleep(600)
        if STREAM_NAME in provider.kinesis.streams:
            assert not RECORD & provider.tags_of().keys(), f"people acted before call {number}"


def test_a_delete_does_not_undo_what_somebody_did_after_it() -> None:
    """Promise 3: we undo only what we did; somebody who encrypts the stream again while we settle keeps that."""
    scenario = SCENARIOS["delete"]
    provider = scenario.world()
    provider.kinesis.faults.before_call(
        lambda _: provider.kinesis.people.rekey(STREAM_NAME, "alias/two"), "RemoveTagsFromStream"
    )
    answer = Delivery(provider, scenario.event).run()
    assert answer
    assert answer["Status"] == "SUCCESS"
    assert provider.key_of() == "alias/two"


def test_the_events_of_these_tests_are_of_one_resource() -> None:
    """The tests' own ground: an invented id is <stack>-<logicalId>-<SUFFIX> of the very resource."""
    assert INVENTED_ID.startswith(f"platform-encryption-{LOGICAL_ID}-")


def test_marks_that_nobody_has_to_heed_any_more_go_with_the_next_request() -> None:
    """Promise 3: stacks that come and go on one stream must not fill its 50 tags with what each has left there."""
    provider = _world("alias/one")
    for number in range(60):
        stack = STACK_ID.replace("platform-encryption", f"stack-{number}")
        assert provider.handle(create_event(ONE, StackId=stack))["Status"] == "SUCCESS"
        assert provider.handle(delete_event(ONE, StackId=stack))["Status"] == "SUCCESS"
        provider.clock.sleep(4 * 60 * 60)
    assert provider.key_of() == "alias/one"
    assert len(provider.tags_of()) < 10


def test_of_two_stacks_that_claim_at_once_the_loser_names_the_winner() -> None:
    """Row "owned by another stack's resource": also where that stack's record came just after our own."""
    provider = _world()
    theirs = to_tags(Ownership(Owner(ANOTHER_STACK, "Theirs"), None))
    provider.kinesis.faults.before_call(
        lambda _: provider.kinesis.people.tag(STREAM_NAME, theirs), "ListTagsForStream", skip=1
    )
    answer = Delivery(provider, create_event(ONE)).run()
    assert answer
    assert answer["Status"] == "FAILED"
    assert "Theirs of stack another-stack" in answer["Reason"]
    assert provider.key_of() is None


def test_a_delete_that_only_stops_asks_kms_nothing() -> None:
    """Promise 7: a KMS that does not answer can't block a teardown that needs no key."""
    provider = _world(None, create_event({**ONE, "KeyId": "alias/one"}))
    first = len(provider.kinesis.calls)
    provider.kinesis.people.rekey(STREAM_NAME, provider.two.arn)
    assert provider.handle(delete_event(ONE))["Status"] == "SUCCESS"
    assert not Calls(provider.kinesis.calls[first:]).named("DescribeKey")


def test_a_stream_that_is_full_of_tags_is_said_to_be_so() -> None:
    """Promise 2: what to do about it; no property is at fault."""
    provider = Provider(stream=False)
    provider.kinesis.add_stream(STREAM_NAME, tags={f"tag-{number}": "x" for number in range(50)})
    answer = provider.create(ONE)
    assert answer["Status"] == "FAILED"
    assert "50 tags" in answer["Reason"]
    assert provider.key_of() is None
