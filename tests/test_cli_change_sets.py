"""Plans of change sets: one that somebody made, or one that the command makes and removes again.

The fake CloudFormation's responses are held to botocore's own model of the service. The engine that the other tests
deploy with returns no property values, so that this is where they are tried.
"""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from stream_encryption_cli.change_sets import AFTER_APPLY
from tests.builders import LOGICAL_ID, STREAM_ARN
from tests.cli import TOKEN, TYPE, Command
from tests.fake_cloudformation import NO_CHANGES, Prepared
from tests.provider import Provider

STACK = "platform-encryption"
ONE = {"ServiceToken": TOKEN, "StreamName": "orders", "KeyId": "alias/one"}
NESTED = "AWS::CloudFormation::Stack"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in an account with two streams, `orders` and `payments`."""
    provider = Provider()
    provider.kinesis.add_stream("payments")
    return Command(capsys, provider)


def context(properties: dict[str, Any]) -> str:
    """A resource as CloudFormation tells it in a change set."""
    return json.dumps({"Properties": properties, "Metadata": {"a": "b"}})


def change(action: str, logical_id: str = LOGICAL_ID, **more: Any) -> dict[str, Any]:
    """One change of a change set."""
    return {"Action": action, "LogicalResourceId": logical_id, "ResourceType": TYPE, **more}


def modified(before: dict[str, Any], after: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The change of a resource's properties."""
    details = [
        {
            "Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": "Never"},
            "Evaluation": "Dynamic" if AFTER_APPLY in str(after.get(name)) else "Static",
            "ChangeSource": "DirectModification",
        }
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]
    shape = {
        "PhysicalResourceId": STREAM_ARN,
        "Replacement": "False",
        "Scope": ["Properties"],
        "Details": details,
        "BeforeContext": context(before),
        "AfterContext": context(after),
        **more,
    }
    return change("Modify", **shape)


def planned(command: Command, prepared: Prepared, stack: str = STACK) -> list[tuple[str, str, str | None, str]]:
    """Plan a change set that somebody made; tell its lines."""
    change_set_id = command.cloudformation.put_change_set("theirs", stack, prepared)
    lines = command.lines("--change-set", change_set_id)
    by_name = command.lines("--change-set", "theirs", "--stack-name", stack)
    assert lines == by_name
    assert command.cloudformation.left == [change_set_id]
    made = {"create_change_set", "delete_change_set", "delete_stack"}
    assert not made & {name for name, _ in command.cloudformation.calls}
    return lines


def body(**resources: Any) -> dict[str, Any]:
    """A template of these resources."""
    return {"Resources": resources}


def resource(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A resource of the provider's."""
    return {"Type": TYPE, "Properties": properties, **more}


def test_a_new_stack_s_change_set(command: Command) -> None:
    """What `sam deploy --no-execute-changeset` made: the values are CloudFormation's, whatever the template says."""
    template = body(Encryption=resource({"ServiceToken": TOKEN, "StreamName": {"Ref": "Made"}, "KeyId": {"Ref": "By"}}))
    prepared = Prepared([change("Add", AfterContext=context(ONE), Scope=[], Details=[])], template=template)
    assert planned(command, prepared, "new") == [("Encryption", "Create", "orders", "start")]
    assert command.code == 2


@pytest.mark.parametrize(
    ("key", "verdict", "code"),
    [("alias/two", "start", 2), ("alias/missing", "refused", 1), (AFTER_APPLY, "unknown", 2)],
)
def test_a_changed_key(command: Command, key: str, verdict: str, code: int) -> None:
    """Known, wrong, or known after apply."""
    command.deploy(ONE)
    prepared = Prepared([modified(ONE, {**ONE, "KeyId": key})])
    assert planned(command, prepared) == [("Encryption", "Update", "orders", verdict)]
    assert command.code == code


@pytest.mark.parametrize(("key", "verdict"), [("alias/one", "no-request"), ("alias/two", "start")])
def test_a_resource_whose_condition_only_cloudformation_tells_has_one_line(
    command: Command, key: str, verdict: str
) -> None:
    """Whether it stays is known by the change set."""
    command.deploy(ONE)
    conditional = body(Encryption=resource({**ONE, "KeyId": key}, Condition="C"))
    template = {"Conditions": {"C": {"Fn::Equals": ["{{resolve:ssm:/x}}", "a"]}}, **conditional}
    changes = [modified(ONE, {**ONE, "KeyId": key})] if key != ONE["KeyId"] else []
    ((name, _, stream, told),) = planned(command, Prepared(changes, template=template))
    assert (name, stream, told) == ("Encryption", "orders", verdict)


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        ({**ONE, "KeyId": "{{resolve:ssm:/key}}"}, "unknown"),
        ({**ONE, "KeyId": "****"}, "unknown"),
        ({**ONE, "Takeover": AFTER_APPLY}, "unknown"),
        ({**ONE, "KeyId": AFTER_APPLY, "OnDelte": "x"}, "InvalidProperties"),
        ({**ONE, "ServiceToken": "arn:aws:lambda:us-east-1:1:function:other"}, "ServiceTokenChanged"),
        ({**ONE, "StreamName": AFTER_APPLY}, "unknown"),
        ({**ONE, "SettleSeconds": 9, "Verify": True}, "verify-only"),
    ],
)
def test_what_cloudformation_tells_is_what_is_planned(command: Command, after: dict[str, Any], verdict: str) -> None:
    """Dynamic references and masked values are unknown; numbers and truth values are sent as strings."""
    command.deploy(ONE)
    change_set_id = command.cloudformation.put_change_set("theirs", STACK, Prepared([modified(ONE, after)]))
    (line,) = command.json("plan", "--change-set", change_set_id)["lines"]
    assert (line["error"] or line["verdict"]) == verdict
    assert command.code == (1 if verdict[0].isupper() else 2)


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (change("Remove", PolicyAction="Delete", BeforeContext=context(ONE)), ("Delete", "stop")),
        (change("Remove", PolicyAction="Delete"), ("Delete", "stop")),
        (change("Remove", PolicyAction="Retain", BeforeContext=context(ONE)), ("retained", "no-request")),
        (modified(ONE, ONE, Scope=["Metadata"], Details=[]), ("none", "no-request")),
        (change("SyncWithActual"), ("none", "no-request")),
        (modified(ONE, ONE, Details=[]), ("Update", "no-change")),
        (change("Dynamic", AfterContext=context({**ONE, "KeyId": "alias/two"})), ("Update", "unknown")),
        (change("Modify", Scope=["Properties"], AfterContext="no JSON"), ("Update", "no-change")),
    ],
)
def test_each_kind_of_change(command: Command, told: dict[str, Any], line: tuple[str, str]) -> None:
    """Removed, retained, only its metadata, or not to be said before."""
    command.deploy(ONE)
    gone = told["Action"] == "Remove"
    physical = {} if told["Action"] == "Dynamic" else {"PhysicalResourceId": STREAM_ARN}
    template = body() if gone else body(Encryption=resource(ONE))
    prepared = Prepared([{**told, **physical}], template=template)
    assert planned(command, prepared) == [("Encryption", line[0], "orders", line[1])]


def test_a_resource_that_moves_to_another_stream_gives_the_old_one_up_unless_it_is_retained(command: Command) -> None:
    """PolicyAction tells which."""
    command.deploy(ONE)
    moved = {**ONE, "StreamName": "payments"}
    lines = planned(command, Prepared([modified(ONE, moved, PolicyAction="ReplaceAndDelete")]))
    assert lines == [("Encryption", "Update", "payments", "start"), ("Encryption", "Delete", "orders", "stop")]
    lines = planned(command, Prepared([modified(ONE, moved, PolicyAction="ReplaceAndRetain")]))
    assert lines == [("Encryption", "Update", "payments", "start")]


def test_what_is_in_no_change_is_not_changed(command: Command) -> None:
    """Though this machine could not tell: the key is looked up at each deployment, and CloudFormation looked."""
    properties = {**ONE, "KeyId": "{{resolve:ssm:/key}}"}
    command.deploy(ONE)
    command.cloudformation.put(STACK, body(Encryption=resource(properties)), {LOGICAL_ID: STREAM_ARN})
    assert planned(command, Prepared([])) == [("Encryption", "none", "orders", "no-request")]
    assert command.code == 0


@pytest.mark.parametrize("key", ["alias/one", "{{resolve:ssm:/key}}"])
@pytest.mark.parametrize(("act", "told"), [("stop", "the stream is not encrypted"), ("rekey", "the stream has key ")])
def test_a_change_set_of_a_stack_whose_stream_has_drifted_ends_with_2(
    command: Command, key: str, act: str, told: str
) -> None:
    """Though it changes nothing; which key a dynamic reference stands for, the record knows."""
    command.deploy(ONE)
    command.cloudformation.put(STACK, body(Encryption=resource({**ONE, "KeyId": key})), {LOGICAL_ID: STREAM_ARN})
    people, two = command.provider.kinesis.people, command.provider.two.arn
    people.stop("orders") if act == "stop" else people.rekey("orders", two)
    assert planned(command, Prepared([])) == [("Encryption", "none", "orders", "no-request")]
    assert command.code == 2
    change_set_id = command.cloudformation.put_change_set("theirs", STACK, Prepared([]))
    assert told in command.json("plan", "--change-set", change_set_id)["lines"][0]["drift"]


def test_an_unknown_key_is_no_drift_where_the_record_can_t_tell(command: Command) -> None:
    """The record names no claim of this resource, or can't be read: the stream's key may be the wanted one."""
    command.provider.kinesis.add_stream("orders", "alias/two")
    unknown = {**ONE, "KeyId": "{{resolve:ssm:/key}}"}
    command.cloudformation.put(STACK, body(Encryption=resource(unknown)), {LOGICAL_ID: STREAM_ARN})
    assert planned(command, Prepared([])) == [("Encryption", "none", "orders", "no-request")]
    assert command.code == 0
    command.provider.table.exists = False
    assert planned(command, Prepared([])) == [("Encryption", "none", "orders", "no-request")]
    assert command.code == 0
    command.cloudformation.put(STACK, body(Encryption=resource(unknown)), {LOGICAL_ID: "of no stream"})
    assert planned(command, Prepared([])) == [("Encryption", "none", "orders", "no-request")]
    assert command.code == 0


def test_a_resource_that_failed_is_tried_again_whatever_the_change_set_says(command: Command) -> None:
    """It is in no change, and CloudFormation sends a request for it."""
    command.deploy(ONE, statuses={LOGICAL_ID: "UPDATE_FAILED"})
    command.provider.kinesis.people.stop("orders")
    assert planned(command, Prepared([])) == [("Encryption", "Update", "orders", "start")]


def test_all_the_pages_are_read(command: Command) -> None:
    """A change set has a page of a hundred changes; the fake's have two."""
    more = [change("Add", f"Topic{number}", ResourceType="AWS::SNS::Topic") for number in range(7)]
    prepared = Prepared([*more, change("Add", AfterContext=context(ONE))], template=body(Encryption=resource(ONE)))
    assert planned(command, prepared, "new") == [("Encryption", "Create", "orders", "start")]


@pytest.mark.parametrize("kind", ["AWS::CloudFormation::CustomResource", "Custom::Encryption"])
def test_other_types_with_the_provider_s_token_are_the_provider_s(command: Command, kind: str) -> None:
    """By the values that CloudFormation tells, where the template's text does not show them."""
    added = [
        change("Add", "Mine", ResourceType=kind, AfterContext=context(ONE)),
        change("Add", "Other", ResourceType=kind, AfterContext=context({"ServiceToken": "another"})),
        change("Add", "Later", ResourceType=kind, AfterContext=context({**ONE, "ServiceToken": AFTER_APPLY})),
        change("Add", "Untold", ResourceType=kind),
    ]
    lines = planned(command, Prepared(added, template=body()), "new")
    assert lines == [
        ("Mine", "Create", "orders", "start"),
        ("Later", "Create", "orders", "unknown"),
        ("Untold", "Create", None, "unknown"),
    ]


# Nested change sets


def test_nested_change_sets_are_looked_into(command: Command) -> None:
    """Those of nested stacks that are new, changed or removed."""
    nested = body(Inner=resource(ONE))
    inner = command.cloudformation.put_change_set(
        "inner", "inner", Prepared([change("Add", "Inner", AfterContext=context(ONE))], template=nested)
    )
    outer = [change("Add", "Nested", ResourceType=NESTED, ChangeSetId=inner)]
    change_set_id = command.cloudformation.put_change_set("theirs", "new", Prepared(outer, template=body()))
    assert command.lines("--change-set", change_set_id) == [("Inner", "Create", "orders", "start")]
    assert command.code == 2


def test_a_removed_nested_stack_is_looked_into_and_one_without_a_change_set_is_unknown(command: Command) -> None:
    """CloudFormation has no change set for a stack that goes."""
    command.deploy(ONE, "inner")
    inner = command.cloudformation.describe_stacks(StackName="inner")["Stacks"][0]["StackId"]
    gone = change("Remove", "Nested", ResourceType=NESTED, PhysicalResourceId=inner, PolicyAction="Delete")
    kept = {**gone, "PolicyAction": "Retain"}
    lost = {**gone, "PhysicalResourceId": inner.replace("inner", "lost")}
    opaque = change("Modify", "Other", ResourceType=NESTED, PhysicalResourceId=inner)
    assert planned(command, Prepared([gone], template=body()), "outer") == [("Encryption", "Delete", "orders", "stop")]
    assert planned(command, Prepared([kept], template=body()), "outer") == []
    assert command.code == 0
    assert planned(command, Prepared([lost], template=body()), "outer") == []
    assert planned(command, Prepared([opaque], template=body()), "outer") == [("Other", "?", None, "unknown")]
    assert command.code == 2


# Change sets that tell nothing


@pytest.mark.parametrize(
    ("prepared", "told"),
    [
        (Prepared(status="FAILED", reason="Transform failed"), "CloudFormation refuses change set theirs: Transform"),
        (Prepared(status="FAILED"), "it gives no reason"),
        (Prepared(status="DELETE_COMPLETE"), "change set theirs is DELETE_COMPLETE"),
        (Prepared(execution="OBSOLETE"), "can't be executed: it is OBSOLETE"),
        (Prepared(execution="EXECUTE_COMPLETE"), "can't be executed: it is EXECUTE_COMPLETE"),
        (Prepared(looks=10_000), "is still CREATE_IN_PROGRESS after 600 s"),
    ],
)
def test_a_change_set_that_can_not_be_executed_is_a_fault(command: Command, prepared: Prepared, told: str) -> None:
    """Exit code 1, in a sentence."""
    change_set_id = command.cloudformation.put_change_set("theirs", "new", prepared)
    assert command("plan", "--change-set", change_set_id) == ""
    assert told in command.errors
    assert command.code == 1


def test_a_change_set_that_is_not_there_is_a_fault(command: Command) -> None:
    """CloudFormation's own words."""
    command("plan", "--change-set", "gone", "--stack-name", "new")
    assert "ChangeSet [gone] does not exist" in command.errors
    assert command.code == 1


def test_a_change_set_of_a_stack_that_takes_no_update_is_refused(command: Command) -> None:
    """It was made before the stack got there."""
    command.deploy(ONE, status="UPDATE_ROLLBACK_FAILED")
    change_set_id = command.cloudformation.put_change_set("theirs", STACK, Prepared([modified(ONE, ONE)]))
    assert "UPDATE_ROLLBACK_FAILED" in command.json("plan", "--change-set", change_set_id)["refused"]
    assert command.code == 1


# A change set of the command's own


def written(folder: Path, template: dict[str, Any]) -> str:
    """Write a template."""
    file = folder / "template.json"
    file.write_text(json.dumps(template))
    return str(file)


def test_a_change_set_is_made_read_and_removed(command: Command, tmp_path: Path) -> None:
    """And it is said so; the template goes as it is, with the parameters that are given and those that stay."""
    command.deploy(ONE, parameters={"Stays": "a", "Given": "b"})
    template = {
        "Parameters": {name: {"Type": "String"} for name in ("Stays", "Given")},
        **body(Encryption=resource(ONE)),
    }
    file = written(tmp_path, template)
    command.cloudformation.prepared[STACK] = Prepared(
        [modified(ONE, {**ONE, "KeyId": "alias/two"})],
        template=template,
        looks=2,
        parameters={"Stays": "a", "Given": "c"},
    )
    plan = command.json("plan", file, "--stack-name", STACK, "--parameter", "Given=c")
    assert [line["verdict"] for line in plan["lines"]] == ["start"]
    (made,) = [request for name, request in command.cloudformation.calls if name == "create_change_set"]
    assert made["Parameters"] == [
        {"ParameterKey": "Given", "ParameterValue": "c"},
        {"ParameterKey": "Stays", "UsePreviousValue": True},
    ]
    assert (made["ChangeSetType"], made["TemplateBody"]) == ("UPDATE", Path(file).read_text())
    name = made["ChangeSetName"]
    assert plan["notes"] == [f"asked CloudFormation by a change set; removed again: change set {name} of stack {STACK}"]
    assert command.cloudformation.left == []
    assert STACK in command.cloudformation.names()
    assert command.code == 2


def test_a_new_stack_s_place_is_removed_too(command: Command, tmp_path: Path) -> None:
    """CloudFormation makes a stack that is REVIEW_IN_PROGRESS for a change set that creates one."""
    template = body(Encryption=resource(ONE))
    command.cloudformation.prepared["new"] = Prepared([change("Add", AfterContext=context(ONE))], template=template)
    plan = command.json("plan", written(tmp_path, template), "--stack-name", "new")
    assert [line["verdict"] for line in plan["lines"]] == ["start"]
    assert plan["notes"][0].endswith("of stack new, stack new, which was made for it")
    assert command.cloudformation.left == []
    assert command.cloudformation.names() == set()


def test_somebody_else_s_place_for_a_stack_stays(command: Command, tmp_path: Path) -> None:
    """And so does their change set."""
    theirs = command.cloudformation.put_change_set("theirs", "new", Prepared())
    template = body(Encryption=resource(ONE))
    command.cloudformation.prepared["new"] = Prepared([change("Add", AfterContext=context(ONE))], template=template)
    command("plan", written(tmp_path, template), "--stack-name", "new")
    assert command.cloudformation.left == [theirs]
    assert command.cloudformation.names() == {"new"}


def test_where_nothing_changes_the_exit_code_is_0(command: Command, tmp_path: Path) -> None:
    """CloudFormation ends such a change set as FAILED."""
    command.deploy(ONE)
    command.cloudformation.prepared[STACK] = Prepared(status="FAILED", reason=NO_CHANGES, execution="UNAVAILABLE")
    command("plan", written(tmp_path, body(Encryption=resource(ONE))), "--stack-name", STACK)
    assert command.code == 0
    assert command.cloudformation.left == []


@pytest.mark.parametrize(
    ("prepared", "told"),
    [
        (Prepared(refused=("ValidationError", "Template error: x")), "CloudFormation refuses the change set: Template"),
        (Prepared(status="FAILED", reason="Transform failed"), "CloudFormation refuses change set plan-"),
    ],
)
@pytest.mark.parametrize("stack", [STACK, "new"])
def test_what_cloudformation_refuses_is_refused(
    command: Command, tmp_path: Path, prepared: Prepared, told: str, stack: str
) -> None:
    """With its own words; nothing is left."""
    command.deploy(ONE)
    command.cloudformation.prepared[stack] = prepared
    plan = command.json("plan", written(tmp_path, body(Encryption=resource(ONE))), "--stack-name", stack)
    assert told in plan["refused"]
    assert command.code == 1
    assert command.cloudformation.left == []
    assert command.cloudformation.names() == {STACK}
    assert "CloudFormation would do nothing." in command("plan", str(tmp_path / "template.json"), "--stack-name", stack)


def test_who_may_not_make_a_change_set_has_the_template_evaluated_here(command: Command, tmp_path: Path) -> None:
    """And reads why."""
    command.cloudformation.prepared["new"] = Prepared(refused=("AccessDenied", "no"))
    plan = command.json("plan", written(tmp_path, body(Encryption=resource(ONE))), "--stack-name", "new")
    assert [line["verdict"] for line in plan["lines"]] == ["start"]
    assert plan["notes"] == ["evaluated on this machine: you may not make a change set (AccessDenied)"]
    assert command.code == 2


def test_a_template_that_is_too_long_for_a_call_is_evaluated_here(command: Command, tmp_path: Path) -> None:
    """It says how to have CloudFormation asked all the same."""
    template = {"Description": "x" * 60_000, **body(Encryption=resource(ONE))}
    plan = command.json("plan", written(tmp_path, template), "--stack-name", "new")
    assert [line["verdict"] for line in plan["lines"]] == ["start"]
    assert "51,200 bytes" in plan["notes"][0]
    assert "--change-set" in plan["notes"][0]


@pytest.mark.parametrize(
    "when", ["create_change_set", "after create_change_set", "describe_change_set", "get_template", "list_exports"]
)
@pytest.mark.parametrize("stack", [STACK, "new"])
def test_ctrl_c_leaves_nothing(command: Command, tmp_path: Path, when: str, stack: str) -> None:
    """Whenever it comes."""
    command.deploy(ONE)
    file = written(tmp_path, body(Encryption=resource(ONE)))
    cloudformation = command.cloudformation
    cloudformation.prepared[stack] = Prepared([change("Add", AfterContext=context(ONE))])
    cloudformation.interrupt = when
    assert command("plan", file, "--stack-name", stack) == ""
    assert (command.code, command.errors) == (130, "")
    assert cloudformation.left == []
    assert cloudformation.names() == {STACK}


@pytest.mark.parametrize(
    ("when", "number", "code"),
    [
        ("describe_change_set", signal.SIGTERM, 143),
        ("delete_change_set", signal.SIGTERM, 143),
        ("delete_change_set", signal.SIGINT, 130),
        ("list_change_sets", signal.SIGINT, 130),
    ],
)
def test_a_signal_leaves_nothing_either(command: Command, tmp_path: Path, when: str, number: int, code: int) -> None:
    """A pipeline that is cancelled sends SIGTERM; whatever comes while things are removed waits until they are."""
    file = written(tmp_path, body(Encryption=resource(ONE)))
    command.cloudformation.prepared["new"] = Prepared([change("Add", AfterContext=context(ONE))], lingers=3)
    command.cloudformation.signals[when] = number
    try:
        command("plan", file, "--stack-name", "new")
        ended = command.code
    except SystemExit as end:
        ended = int(str(end.code))
    assert ended == code
    assert command.cloudformation.left == []
    assert command.cloudformation.names() == set()


@pytest.mark.parametrize("look", ["get_template", "describe_change_set"])
def test_a_look_that_fails_ends_the_plan(command: Command, tmp_path: Path, look: str) -> None:
    """Exit code 1; what was made is removed, or the message says how."""
    command.cloudformation.prepared["new"] = Prepared([change("Add", AfterContext=context(ONE))])
    command.cloudformation.refuses[look] = "AccessDenied"
    assert command("plan", written(tmp_path, body(Encryption=resource(ONE))), "--stack-name", "new") == ""
    assert "AccessDenied" in command.errors
    assert ("aws cloudformation delete-change-set" in command.errors) is (look == "describe_change_set")
    assert command.code == 1


@pytest.mark.parametrize("stack", [STACK, "new"])
def test_what_could_not_be_removed_is_told_with_the_command_that_removes_it(
    command: Command, tmp_path: Path, stack: str
) -> None:
    """A right that is missing, say."""
    command.deploy(ONE)
    command.cloudformation.prepared[stack] = Prepared([change("Add", AfterContext=context(ONE))])
    command.cloudformation.refuses["delete_change_set"] = "AccessDenied"
    assert command("plan", written(tmp_path, body(Encryption=resource(ONE))), "--stack-name", stack) == ""
    assert f"aws cloudformation delete-change-set --stack-name {stack} --change-set-name plan-" in command.errors
    assert ("aws cloudformation delete-stack --stack-name new" in command.errors) is (stack == "new")
    assert command.code == 1
