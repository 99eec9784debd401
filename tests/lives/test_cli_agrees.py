"""What `plan` says is what the provider then does: the same goal, the same streams, the same calls."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from hypothesis import given, note, settings
from hypothesis import strategies as st

from stream_encryption_cli.engine import Request
from stream_encryption_cli.lines import Line, Verdict
from stream_encryption_cli.plan import Planner
from stream_encryption_cli.reader import RecordReader, StreamReader
from stream_encryption_cli.requests import Asked
from stream_encryption_cli.sources import Sources
from tests.builders import STACK_ID, STREAM_ARN, STREAM_NAME, create_event, delete_event, update_event
from tests.fake_calls import Call, Calls
from tests.fake_people import NotNowError
from tests.provider import Provider

INVENTED_ID = "platform-encryption-Encryption-1ABC2DEF3GHIJ"
"""CloudFormation makes such an id up for a Create that never answered."""
OTHER = "other"
OTHER_ARN = STREAM_ARN.replace(STREAM_NAME, OTHER)
ANOTHER_STACK = STACK_ID.replace("platform-encryption", "another-stack")
KEYS = ("alias/one", "alias/two", "alias/aws/kinesis", "<one's ARN>", "<two's GUID>", "alias/missing")
LOOKS = {"DescribeStreamSummary", "GetItem", "DescribeKey"}


@dataclass(frozen=True)
class World:
    """What is there before the request: streams, keys, and requests that were answered long ago."""

    key_id: str | None
    earlier: tuple[Mapping[str, Any], ...]
    people: tuple[str, ...]
    second_key: str

    def build(self, event: Mapping[str, Any]) -> Provider:
        """Make it, for an event to come to."""
        provider = Provider(stream=False)
        provider.kinesis.add_stream(STREAM_NAME, self.key_id and spelled(self.key_id, provider))
        provider.kinesis.add_stream(OTHER)
        for earlier in self.earlier:
            provider.handle(with_keys(earlier, provider))
            provider.clock.sleep(600)
        for act in self.people:
            PEOPLE[act](provider)
        # No plan can tell what is wrong with a key that nobody may look at, nor when Kinesis notices it at a record.
        provider.two.denies_describe = self.second_key == "not to be looked at"
        told = not provider.two.denies_describe and event["ResourceProperties"].get("Verify") != "true"
        provider.two.state = self.second_key if told else "Enabled"
        return provider


def spelled(key_id: str, provider: Provider) -> str:
    """A KeyId, where it is one that only a world tells."""
    return {"<one's ARN>": provider.one.arn, "<two's GUID>": provider.two.key_id}.get(key_id, key_id)


def with_keys(event: Mapping[str, Any], provider: Provider) -> dict[str, Any]:
    """An event whose KeyIds are this world's."""

    def known(properties: Mapping[str, Any]) -> dict[str, Any]:
        return {name: spelled(value, provider) for name, value in properties.items()}

    names = ("ResourceProperties", "OldResourceProperties")
    return {**event, **{name: known(event[name]) for name in names if name in event}}


def try_to(provider: Provider, what: str, *arguments: Any) -> None:
    """Have people do something to the stream, unless Kinesis would refuse them."""
    with contextlib.suppress(NotNowError):
        getattr(provider.kinesis.people, what)(STREAM_NAME, *arguments)


PEOPLE: Mapping[str, Callable[[Provider], object]] = {
    "stop": lambda provider: try_to(provider, "stop"),
    "rekey": lambda provider: try_to(provider, "rekey", "alias/two"),
    "lose the record": lambda provider: provider.table.remove(STREAM_ARN),
    "reshard": lambda provider: try_to(provider, "reshard", 60.0),
    "delete": lambda provider: try_to(provider, "delete", 60.0),
    "delete at once": lambda provider: try_to(provider, "delete"),
}

properties = st.fixed_dictionaries(
    {"StreamName": st.sampled_from((STREAM_NAME, STREAM_NAME, STREAM_NAME, OTHER))},
    optional={
        "KeyId": st.sampled_from(KEYS),
        "OnDelete": st.sampled_from(("Restore", "Stop", "Keep")),
        "SettleSeconds": st.sampled_from(("0", "5")),
        "Takeover": st.sampled_from(("true", "false")),
        "Verify": st.sampled_from(("true", "false")),
    },
)
wrong = st.sampled_from(({}, {"StreamName": "no name"}, {"StreamName": STREAM_NAME, "KeyID": "alias/one"}))
owners = st.sampled_from(
    ({}, {}, {"LogicalResourceId": "Renamed"}, {"StackId": ANOTHER_STACK, "LogicalResourceId": "Theirs"})
)
ids = st.sampled_from((STREAM_ARN, STREAM_ARN, OTHER_ARN, INVENTED_ID, "failed-create:platform-encryption/Encryption"))
any_properties = st.one_of(properties, properties, properties, wrong)
creates = st.builds(lambda given, owner: create_event(given, **owner), any_properties, owners)
updates = st.builds(
    lambda given, old, id_: update_event(given, old, PhysicalResourceId=id_), any_properties, properties, ids
)
deletes = st.builds(
    lambda given, owner, id_: delete_event(given, PhysicalResourceId=id_, **owner), any_properties, owners, ids
)
events = st.one_of(creates, updates, deletes)
worlds = st.builds(
    World,
    key_id=st.sampled_from((None, None, *KEYS[:5])),
    earlier=st.lists(st.one_of(creates, updates), max_size=3).map(tuple),
    people=st.lists(st.sampled_from(tuple(PEOPLE)), max_size=2).map(tuple),
    second_key=st.sampled_from(("Enabled", "Enabled", "Disabled", "PendingDeletion", "not to be looked at")),
)


def planned(provider: Provider, event: Mapping[str, Any]) -> tuple[Line, ...]:
    """What the plan says of one event, but for what CloudFormation asks for afterwards."""
    now = provider.clock.now()
    request = Request.of({name: value for name, value in event.items() if name != "ResponseURL"}, now)
    properties = {"ServiceToken": "x", **request.properties}
    asked = Asked(request.owner.logical_id, request.type, properties, request.old_properties, request.physical_id)
    records = RecordReader(provider.table.client, provider.table.name)
    sources = Sources(StreamReader(provider.kinesis.client), records, provider.kms.client)
    planner = Planner(sources, request.owner.stack_id, now)
    return tuple(line for line in planner.plan([asked]) if line.event == request.type)


def calls_of(lines: tuple[Line, ...]) -> list[tuple[str, str, str | None]]:
    """The changing calls of a plan: which, on which stream, with which key."""
    return [(step.call or "", line.stream or "", step.key_id) for line in lines for step in line.steps if step.changes]


def calls_since(provider: Provider, first: int) -> list[tuple[str, str, str | None]]:
    """The changing calls that were really made, told in the same way."""
    calls = ((call.name, _stream_of(call), _key_of(call)) for call in Calls(provider.kinesis.calls[first:]).changes)
    # How many records it takes until one comes back encrypted, nobody can tell: a plan has one.
    return [call for call, times in groupby(calls) for _ in (times if call[0] != "PutRecord" else [call])]


def _stream_of(call: Call) -> str:
    arn = call.arguments["Item"]["stream"]["S"] if call.name == "PutItem" else call.arguments["StreamARN"]
    return str(arn).rpartition("/")[2]


def _key_of(call: Call) -> str | None:
    return str(call.arguments["KeyId"]) if call.name == "StartStreamEncryption" else None


@settings(max_examples=300)
@given(world=worlds, event=events)
def test_what_is_planned_is_what_the_provider_then_does(world: World, event: Mapping[str, Any]) -> None:
    """Planning changes nothing; the provider then makes those very calls, in that order, and fails for that reason."""
    provider = world.build(event)
    event = with_keys(event, provider)
    first = len(provider.kinesis.calls)
    lines = planned(provider, event)
    assert {call.name for call in provider.kinesis.calls[first:]} <= LOOKS
    first = len(provider.kinesis.calls)
    answer = provider.handle(event)
    note(f"{answer}\n{lines}\n{provider.kinesis.calls[first:]}")
    refused = [line for line in lines if line.verdict is Verdict.REFUSED]
    assert calls_of(lines) == calls_since(provider, first)
    assert ("FAILED" if refused else "SUCCESS") == answer["Status"]
    if refused:
        assert str(refused[0].error) in answer["Reason"]
        assert refused[0].reason in answer["Reason"]
