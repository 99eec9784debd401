"""What a plan says of each stream, and what it says besides. That it is true is proven in lives/test_cli_agrees.py."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from stream_encryption_cli.lines import Line, Verdict
from stream_encryption_cli.plan import Planner
from stream_encryption_cli.reader import RecordReader, StreamReader
from stream_encryption_cli.requests import CREATE, DELETE, NONE, RETAINED, UPDATE, Asked
from stream_encryption_cli.sources import Sources
from stream_encryption_cli.template.unknown import Unknown
from tests.builders import LOGICAL_ID, STACK_ID, STREAM_ARN, STREAM_NAME, create_event, delete_event, update_event
from tests.contract.granting import BOTH, WRITER
from tests.fake_errors import Kind
from tests.provider import Provider

ONE = {"StreamName": STREAM_NAME, "KeyId": "alias/one"}
TWO = {"StreamName": STREAM_NAME, "KeyId": "alias/two"}
OTHER = {"StreamName": "other", "KeyId": "alias/one"}
ANOTHER_STACK = STACK_ID.replace("platform-encryption", "another-stack")
UNKNOWN = Unknown(("!GetAtt Key.Arn",), frozenset({"Key"}))


def plan(provider: Provider, *asked: Asked) -> tuple[Line, ...]:
    """Plan for the stack that the tests' events are of."""
    records = RecordReader(provider.table.client, provider.table.name)
    sources = Sources(StreamReader(provider.kinesis.client), records, provider.kms.client)
    with_token = [replace(one, properties={"ServiceToken": "x", **one.properties}) for one in asked]
    return Planner(sources, STACK_ID, provider.clock.now()).plan(with_token)


def create(properties: Mapping[str, Any], resource: str = LOGICAL_ID, **more: Any) -> Asked:
    """A Create."""
    return Asked(resource, CREATE, properties, **more)


def update(properties: Mapping[str, Any], old: Mapping[str, Any], **more: Any) -> Asked:
    """An Update of the resource that has the stream `orders`."""
    return Asked(LOGICAL_ID, UPDATE, properties, old, STREAM_ARN, **more)


def verdicts(lines: tuple[Line, ...]) -> list[tuple[str, str, str | None, Verdict]]:
    """The lines in short."""
    return [(line.resource, line.event, line.stream, line.verdict) for line in lines]


def owned(properties: Mapping[str, Any] = ONE, **fields: Any) -> Provider:
    """A world in which the stream is a resource's already; there is another stream, too."""
    provider = Provider()
    provider.kinesis.add_stream("other")
    assert provider.handle(create_event(properties, **fields))["Status"] == "SUCCESS"
    provider.clock.sleep(600)
    return provider


def test_a_create_is_told_step_by_step() -> None:
    """What an operator wants to read: which calls, with which key, what is waited for, and each time why."""
    provider = Provider()
    (line,) = plan(provider, create(ONE))
    steps = [(step.action, step.call, step.key_id, step.changes) for step in line.steps]
    assert steps == [
        ("IntentRecorded", "PutItem", None, True),
        ("StartRequested", "StartStreamEncryption", provider.one.arn, True),
        ("WaitingForActive", None, None, False),
        ("Settling", None, None, False),
        ("Encrypted", "PutItem", None, True),
    ]
    assert all(step.reason for step in line.steps)
    assert (line.verdict, line.key_id) == (Verdict.START, provider.one.arn)
    assert line.now
    assert (line.now.status, line.now.key_id, line.now.owner, line.waits_for) == ("ACTIVE", None, None, None)


def test_whoever_needs_rights_on_a_key_of_ones_own_is_told_of() -> None:
    """The commonest outage: the key's ARN is what a policy needs; alias/aws/kinesis needs no grants."""
    provider = Provider()
    (line,) = plan(provider, create(ONE))
    (note,) = line.notes
    assert "kms:GenerateDataKey" in note
    assert "kms:Decrypt" in note
    assert provider.one.arn in note
    (line,) = plan(provider, create({"StreamName": STREAM_NAME}))
    assert line.notes == ()


def test_a_stream_that_is_busy_is_waited_for_first() -> None:
    """Row "CREATING, UPDATING": wait until ACTIVE, then decide."""
    provider = Provider()
    provider.kinesis.people.reshard(STREAM_NAME, 600.0)
    (line,) = plan(provider, create(ONE))
    assert line.now
    assert (line.verdict, line.now.status) == (Verdict.START, "UPDATING")
    assert line.waits_for == "stream orders is UPDATING; its encryption can change once it is ACTIVE"


def test_a_stream_that_another_stack_manages_is_refused_and_the_way_out_is_named() -> None:
    """Perhaps it is that very stack's template, and only --stack-name was forgotten."""
    provider = owned(StackId=ANOTHER_STACK, LogicalResourceId="Theirs")
    (line,) = plan(provider, create(ONE))
    assert (line.verdict, line.error) == (Verdict.REFUSED, "OwnedByAnotherStack")
    assert "managed by resource Theirs of stack another-stack" in line.reason
    assert line.notes == ("if this is the template of that very stack, plan with --stack-name another-stack",)
    assert line.steps == ()
    assert line.now
    assert line.now.owner
    assert line.now.owner.logical_id == "Theirs"


def test_wrong_properties_are_refused_without_a_look() -> None:
    """All faults at once, as the provider would answer them."""
    provider = Provider()
    (line,) = plan(provider, create({"StreamName": STREAM_NAME, "KeyID": "x", "Verify": "yes"}))
    assert (line.verdict, line.error, line.stream) == (Verdict.REFUSED, "InvalidProperties", STREAM_NAME)
    assert "2 faults" in line.reason
    assert provider.kinesis.calls == []


def test_a_renamed_resource_takes_its_stream_over_and_the_old_name_leaves_it_alone() -> None:
    """Both requests meet the same stream, one after the other, as they will."""
    provider = owned()
    removed = Asked(LOGICAL_ID, DELETE, ONE, physical_id=STREAM_ARN)
    lines = plan(provider, removed, create(ONE, "Renamed"))
    assert verdicts(lines) == [
        ("Renamed", "Create", STREAM_NAME, Verdict.CLAIM_ONLY),
        (LOGICAL_ID, "Delete", STREAM_NAME, Verdict.CLAIM_ONLY),
    ]
    assert lines[0].notes[-1] == "the stream is taken over from Encryption of stack platform-encryption"
    for line, event in zip(lines, (create_event(ONE, LogicalResourceId="Renamed"), delete_event(ONE)), strict=True):
        first = len(provider.changes())
        assert provider.handle(event)["Status"] == "SUCCESS"
        calls = [call.name for call in provider.kinesis.calls.changes[first:]]
        assert calls == [step.call for step in line.steps if step.changes]


def test_another_stream_is_encrypted_and_the_one_before_is_then_given_up() -> None:
    """A replacement: CloudFormation asks for the old stream's Delete once everything else is done."""
    provider = owned()
    lines = plan(provider, update(OTHER, ONE))
    assert verdicts(lines) == [
        (LOGICAL_ID, "Update", "other", Verdict.START),
        (LOGICAL_ID, "Delete", STREAM_NAME, Verdict.STOP),
    ]
    assert lines[1].because == "the resource moves to another stream"
    answer = provider.handle(update_event(OTHER, ONE))
    assert answer["PhysicalResourceId"] != STREAM_ARN
    assert provider.handle(delete_event(ONE))["Status"] == "SUCCESS"
    assert (provider.key_of("other"), provider.key_of(STREAM_NAME)) == (provider.one.arn, None)


def test_no_stream_is_given_up_for_another_that_is_refused_or_where_it_is_to_be_retained() -> None:
    """A failed replacement keeps the old one; so does UpdateReplacePolicy: Retain."""
    provider = owned()
    (line,) = plan(provider, update(OTHER, ONE, retained=True))
    assert line.verdict is Verdict.START
    (line,) = plan(provider, update({**OTHER, "StreamName": "missing"}, ONE))
    assert line.error == "StreamNotFound"


def test_a_replacement_that_is_rolled_back_has_a_line_for_each_stream() -> None:
    """The stream that was tried is put back first."""
    provider = owned()
    assert provider.handle(update_event(OTHER, ONE))["Status"] == "SUCCESS"
    assert verdicts(plan(provider, update(ONE, OTHER))) == [
        (LOGICAL_ID, "Update", "other", Verdict.STOP),
        (LOGICAL_ID, "Update", STREAM_NAME, Verdict.NO_CHANGE),
    ]


def test_a_goal_that_was_not_come_to_has_no_line() -> None:
    """The refusal is the last that happens."""
    provider = owned()
    assert provider.handle(update_event(OTHER, ONE))["Status"] == "SUCCESS"
    provider.kinesis.people.delete(STREAM_NAME)
    assert verdicts(plan(provider, update(ONE, OTHER))) == [
        (LOGICAL_ID, "Update", "other", Verdict.STOP),
        (LOGICAL_ID, "Update", STREAM_NAME, Verdict.REFUSED),
    ]


def test_a_delete_of_nothing_is_told_to_be_one() -> None:
    """A failed Create's marker, with properties that name no stream."""
    (line,) = plan(Provider(), Asked(LOGICAL_ID, DELETE, {}, physical_id="failed-create:x/Encryption"))
    assert (line.verdict, line.stream, line.now) == (Verdict.NO_CHANGE, None, None)


def test_a_key_that_cannot_come_back_is_said_not_to() -> None:
    """Promise 7: the stream keeps the encryption that it has; an operator wants to know before."""
    provider = Provider(stream=False)
    provider.kinesis.add_stream(STREAM_NAME, "alias/two")
    assert provider.handle(create_event(ONE))["Status"] == "SUCCESS"
    provider.two.state = "PendingDeletion"
    (line,) = plan(provider, Asked(LOGICAL_ID, DELETE, ONE, physical_id=STREAM_ARN))
    assert line.verdict is Verdict.CLAIM_ONLY
    (note,) = line.notes
    assert note.startswith("Key alias/two, which the stream had before, can't be restored: it is pending deletion")


def test_a_stream_whose_own_key_is_broken_is_said_to_be() -> None:
    """Nothing has to change, so nothing is refused; but nobody can write to it any more."""
    provider = owned()
    provider.one.state = "Disabled"
    (line,) = plan(provider, update(ONE, ONE))
    assert line.verdict is Verdict.NO_CHANGE
    assert line.notes == (f"its key {provider.one.arn} is Disabled: enable it, or its producers and consumers fail",)


def test_a_key_that_the_caller_may_not_look_up_is_said_to_be_one() -> None:
    """Whoever plans has other rights than the provider's role."""
    provider = Provider()
    provider.one.denies_describe = True
    line, other = plan(provider, create(ONE), create({"StreamName": STREAM_NAME, "SettleSeconds": "x"}, "Two"))
    assert line.verdict is Verdict.START
    assert [note for note in line.notes if "alias/one could not be looked up by you (AccessDeniedException)" in note]
    assert other.notes == ()


def test_a_record_that_is_put_is_a_change_too() -> None:
    """Verify: consumers will see it."""
    provider = owned()
    (line,) = plan(provider, update({**ONE, "Verify": "true"}, ONE))
    assert line.verdict is Verdict.VERIFY_ONLY


def test_grants_and_a_record_that_is_put_are_told_as_grants() -> None:
    """Verdicts: what lasts is named; the steps have the data record."""
    (line,) = plan(owned(), update({**BOTH, "Verify": "true"}, ONE))
    assert line.verdict is Verdict.GRANTS_ONLY
    assert [step.call for step in line.steps if step.call and step.call != "PutItem"] == [
        *("CreateGrant", "CreateGrant", "PutRecord"),
    ]


@pytest.mark.parametrize(
    "more", [{"Verify": "true"}, {"Producers": [WRITER]}, {"Producers": [WRITER], "Verify": "true"}]
)
def test_what_needs_the_stream_s_own_key_is_refused_while_that_is_disabled(more: dict[str, Any]) -> None:
    """Error KeyUnusable: no grant can be made on it, and no data record encrypted."""
    provider = owned()
    provider.one.state = "Disabled"
    (line,) = plan(provider, update({**ONE, **more}, ONE))
    assert (line.verdict, line.error) == (Verdict.REFUSED, "KeyUnusable")


# Nothing is asked for


def test_what_is_not_asked_for_is_left_as_it_is() -> None:
    """No property changes, and the stream is as it was left."""
    (line,) = plan(owned(), Asked(LOGICAL_ID, NONE, ONE, ONE, STREAM_ARN, reason="no property changes"))
    assert (line.event, line.verdict, line.stream, line.drift) == ("none", Verdict.NO_REQUEST, STREAM_NAME, None)
    assert line.because == "no property changes"


@pytest.mark.parametrize(
    ("act", "drift"),
    [
        ("stop", "the stream is not encrypted"),
        ("delete", "There is no stream orders in account 123456789012, region us-east-1."),
    ],
)
def test_a_stream_that_drifted_is_said_to_have_though_nothing_is_asked_for(act: str, drift: str) -> None:
    """CloudFormation sends no Update where no property changes: drift is not mended by itself."""
    provider = owned()
    getattr(provider.kinesis.people, act)(STREAM_NAME)
    (line,) = plan(provider, Asked(LOGICAL_ID, NONE, ONE, ONE, STREAM_ARN))
    assert line.verdict is Verdict.NO_REQUEST
    assert (line.drift or "").startswith(drift)
    assert provider.changes().count("StartStreamEncryption") == 1


def test_what_is_retained_stays_as_it_is() -> None:
    """CloudFormation just forgets it; there is nothing to look at."""
    provider = Provider()
    (line,) = plan(provider, Asked(LOGICAL_ID, RETAINED, {}, physical_id=STREAM_ARN, reason="x"))
    assert (line.event, line.verdict, line.stream) == ("retained", Verdict.NO_REQUEST, STREAM_NAME)
    assert provider.kinesis.calls == []


# What can't be told


def test_a_key_that_only_the_deployment_tells_is_started_with_where_the_stream_has_none() -> None:
    """Whatever key it is, it is called by the name that the template has for it."""
    (line,) = plan(Provider(), create({**ONE, "KeyId": UNKNOWN}))
    assert (line.verdict, line.key_id) == (Verdict.START, "!GetAtt Key.Arn")
    assert [step.key_id for step in line.steps if step.call == "StartStreamEncryption"] == ["!GetAtt Key.Arn"]
    assert line.notes[0].endswith("kms:GenerateDataKey on !GetAtt Key.Arn, and every consumer kms:Decrypt")


def test_a_key_that_only_the_deployment_tells_may_be_the_one_that_the_stream_has() -> None:
    """Then no call is made: never guessed."""
    provider = Provider(stream=False)
    provider.kinesis.add_stream(STREAM_NAME, "alias/two")
    (line,) = plan(provider, create({**ONE, "KeyId": UNKNOWN}))
    assert (line.verdict, line.key_id) == (Verdict.UNKNOWN, "!GetAtt Key.Arn")
    assert line.reason == "the stream has key alias/two; no call is made if that is the key of !GetAtt Key.Arn"


def test_a_refusal_that_no_key_can_avert_is_one_all_the_same() -> None:
    """Who owns the stream is known without the key."""
    provider = owned(StackId=ANOTHER_STACK)
    (line,) = plan(provider, create({**ONE, "KeyId": UNKNOWN}))
    assert line.error == "OwnedByAnotherStack"


def test_a_delete_needs_no_key_where_the_record_is_there() -> None:
    """The record says what to undo; where it is lost, the stream's key decides."""
    asked = Asked(LOGICAL_ID, DELETE, {**ONE, "KeyId": UNKNOWN}, physical_id=STREAM_ARN)
    (line,) = plan(owned(), asked)
    assert line.verdict is Verdict.STOP
    provider = owned()
    provider.table.remove(STREAM_ARN)
    (line,) = plan(provider, asked)
    assert line.verdict is Verdict.UNKNOWN
    assert line.reason == "its record is lost: encryption ends if its key is !GetAtt Key.Arn"
    provider.kinesis.people.stop(STREAM_NAME)
    (line,) = plan(provider, asked)
    assert line.verdict is Verdict.NO_CHANGE


@pytest.mark.parametrize("name", ["StreamName", "Takeover", "OnDelete"])
def test_whatever_else_only_the_deployment_tells_leaves_the_plan_unknown(name: str) -> None:
    """By the property's name, and by the expression's."""
    provider = Provider()
    (line,) = plan(provider, create({**ONE, name: UNKNOWN}))
    assert line.verdict is Verdict.UNKNOWN
    assert line.reason == f"{name} is !GetAtt Key.Arn, which only the deployment tells"
    assert line.stream == (None if name == "StreamName" else STREAM_NAME)
    assert [call.name for call in provider.kinesis.calls if call.name == "DescribeStreamSummary"] == (
        [] if name == "StreamName" else ["DescribeStreamSummary"]
    )


@pytest.mark.parametrize(("takeover", "verdict"), [(UNKNOWN, Verdict.UNKNOWN), ("false", Verdict.REFUSED)])
def test_whether_a_stream_is_another_stack_s_depends_on_takeover(takeover: Any, verdict: Verdict) -> None:
    """Nobody knows whether the stream may be taken over; that it is another stack's is no refusal then."""
    provider = owned(StackId=ANOTHER_STACK)
    (line,) = plan(provider, create({**ONE, "Takeover": takeover, "OnDelete": UNKNOWN}))
    assert line.verdict is verdict


def test_two_keys_that_only_the_deployment_tells_are_two_keys() -> None:
    """A stream that was started with one of them has perhaps to be started with the other."""
    other = Unknown(("!GetAtt Other.Arn",), frozenset({"Other"}))
    lines = plan(Provider(), create({**ONE, "KeyId": UNKNOWN}), create({**ONE, "KeyId": other}, "Two"))
    assert [line.verdict for line in lines] == [Verdict.START, Verdict.UNKNOWN]
    reason = "the stream has key !GetAtt Key.Arn; no call is made if that is the key of !GetAtt Other.Arn"
    assert lines[1].reason == reason


def test_a_service_token_that_is_unknown_does_not_matter() -> None:
    """It is CloudFormation's own."""
    (line,) = plan(Provider(), create({**ONE, "ServiceToken": UNKNOWN, "ServiceTimeout": UNKNOWN}))
    assert line.verdict is Verdict.START


def test_a_request_that_may_not_be_sent_is_unknown() -> None:
    """Unless it would change nothing anyway."""
    provider = owned()
    (line,) = plan(provider, update(TWO, ONE, unsure=UNKNOWN))
    assert line.verdict is Verdict.UNKNOWN
    has = f"the stream has key {provider.one.arn}"
    assert line.reason == f"whether this request is sent depends on !GetAtt Key.Arn: {has}"
    (line,) = plan(owned(), update(ONE, ONE, unsure=UNKNOWN))
    assert line.verdict is Verdict.NO_CHANGE
    (line,) = plan(owned(), create({**ONE, "OnDelte": "x"}, "New", unsure=UNKNOWN))
    assert (line.verdict, line.error) == (Verdict.UNKNOWN, None)


@pytest.mark.parametrize("action", ["DescribeStreamSummary", "DescribeKey"])
@pytest.mark.parametrize("event", [CREATE, NONE])
def test_what_could_not_be_looked_at_is_said_so_and_not_guessed(action: str, event: str) -> None:
    """A throttle that outlasts botocore's retries, or a right that the caller lacks; the other streams go on."""
    provider = Provider()
    provider.kinesis.add_stream("other")
    provider.kinesis.faults.fail_next(action, Kind.THROTTLING)
    line, other = plan(provider, Asked("One", event, ONE, ONE, STREAM_ARN), create(OTHER, "Two"))
    assert (line.event, line.verdict) == (event, Verdict.NOT_SEEN)
    assert f":{action} of " in line.reason
    assert "ThrottlingException: Rate exceeded" in line.reason
    assert other.verdict is Verdict.START


def test_what_could_not_be_looked_at_is_said_of_a_half_known_resource_too() -> None:
    """The unknown property is told as well."""
    provider = Provider()
    provider.kinesis.faults.fail_next("DescribeStreamSummary", Kind.THROTTLING)
    (line,) = plan(provider, create({**ONE, "OnDelete": UNKNOWN}))
    assert line.verdict is Verdict.NOT_SEEN
    assert line.notes == ("OnDelete is !GetAtt Key.Arn, which only the deployment tells",)


# The record can't be read


def test_without_the_record_the_owner_is_unknown_and_the_plan_goes_on() -> None:
    """A Create is planned as if nobody had the stream, and says so; a Delete's outcome is in the record alone."""
    provider = owned(StackId=ANOTHER_STACK)
    provider.kinesis.people.stop(STREAM_NAME)
    provider.table.faults.fail_next("GetItem", Kind.ACCESS_DENIED)
    (line,) = plan(provider, create(ONE))
    assert (line.verdict, line.now and line.now.owner) == (Verdict.START, None)
    assert line.notes[0].startswith("owner unknown: dynamodb:GetItem of ")
    provider.table.faults.fail_next("GetItem", Kind.ACCESS_DENIED)
    (line,) = plan(provider, Asked(LOGICAL_ID, DELETE, ONE, physical_id=STREAM_ARN))
    assert line.verdict is Verdict.UNKNOWN
    assert line.reason == "the record tells what a Delete undoes, and you can't read it"


def test_a_record_of_an_earlier_stream_of_the_same_name_is_nobody_s_claim() -> None:
    """The stream was created again."""
    provider = owned(StackId=ANOTHER_STACK)
    provider.kinesis.people.delete(STREAM_NAME)
    provider.clock.sleep(60)
    provider.kinesis.add_stream(STREAM_NAME)
    (line,) = plan(provider, create(ONE))
    assert (line.verdict, line.now and line.now.owner) == (Verdict.START, None)


# CloudFormation's own refusals


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ({"ServiceToken": "one"}, {"ServiceToken": "two"}, "ServiceTokenChanged"),
        ({"ServiceToken": "one"}, {"ServiceToken": "two", "KeyId": "alias/two"}, "ServiceTokenChanged"),
        ({"ServiceToken": "one"}, {"ServiceToken": "one"}, None),
        ({"ServiceToken": UNKNOWN}, {"ServiceToken": "two"}, None),
    ],
)
def test_a_service_token_never_changes(old: Mapping[str, Any], new: Mapping[str, Any], code: str | None) -> None:
    """CloudFormation refuses that; the way out is a new logical id."""
    (line,) = plan(owned(), update({**ONE, **new}, {**ONE, **old}))
    assert line.error == code
    if code:
        assert "Modifying service token is not allowed" in line.reason
        assert "give the resource a new logical id" in line.reason


def test_a_resource_never_changes_its_type() -> None:
    """CloudFormation refuses that, too."""
    (line,) = plan(owned(), update(ONE, ONE, old_type="AWS::SNS::Topic"))
    assert (line.verdict, line.error) == (Verdict.REFUSED, "TypeChanged")
