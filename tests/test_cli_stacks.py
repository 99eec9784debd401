"""A stack that is there, planned against a template on this machine (`--offline`), or planned to be deleted."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import LOGICAL_ID, STREAM_ARN
from tests.cli import TOKEN, TYPE, Command
from tests.provider import Provider
from tests.templates import ROOT

EXAMPLE = str(ROOT / "examples" / "encrypt-another-stacks-stream.yaml")
ONE = {"ServiceToken": "x", "StreamName": "orders", "KeyId": "alias/one"}
STACK = ("--stack-name", "platform-encryption", "--offline")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in an account with two streams, `orders` and `payments`."""
    provider = Provider()
    provider.kinesis.add_stream("payments")
    return Command(capsys, provider)


def written(folder: Path, properties: dict[str, Any], kind: str = TYPE, **more: Any) -> str:
    """A template with the resource of the deployed stack."""
    file = folder / "template.json"
    file.write_text(json.dumps({"Resources": {LOGICAL_ID: {"Type": kind, "Properties": properties}, **more}}))
    return str(file)


def test_a_deployed_stack_is_compared_with_its_template(command: Command) -> None:
    """The stream's record is this stack's own; what is not given stays as it was, as with `deploy`."""
    command.deploy(ONE)
    given = ("--parameter", "StreamName=orders", "--parameter", "KeyId=alias/two")
    token = {**ONE, "ServiceToken": TOKEN}
    command.cloudformation.put(
        "platform-encryption",
        {"Resources": {"Encryption": {"Type": TYPE, "Properties": token}}},
        {LOGICAL_ID: STREAM_ARN},
    )
    assert command.lines(EXAMPLE, *given, *STACK) == [("Encryption", "Update", "orders", "start")]
    assert command.code == 2
    assert command.lines("--delete", "--stack-name", "platform-encryption") == [
        ("Encryption", "Delete", "orders", "stop")
    ]
    assert command.code == 2


def test_where_nothing_changes_the_exit_code_is_0_unless_a_stream_has_drifted(command: Command, tmp_path: Path) -> None:
    """A pipeline goes on without asking anybody; but a stream that has drifted needs somebody: exit code 2."""
    command.deploy(ONE)
    file = written(tmp_path, ONE)
    text = command("plan", file, *STACK)
    assert "no request\n" in text
    assert command.code == 0
    command.provider.kinesis.people.stop("orders")
    text = command("plan", file, *STACK)
    assert "ACTIVE, not encrypted  no request, though it drifted\n" in text
    assert "\n  Drifted, and this deployment does not mend it: " in text
    assert text.endswith(
        "\n0 to change or unknown, 1 to leave as they are, 0 refused or not seen. "
        "Drifted: Encryption; this deployment does not mend that.\n"
    )
    assert command.code == 2


def test_a_deployed_template_in_yaml_is_read_as_well(command: Command) -> None:
    """boto3 gives text where the template is not JSON; a parameter keeps the value that it has."""
    parameters = {"StreamName": "payments", "KeyId": "alias/one", "SettleSeconds": "5"}
    ids = {"Encryption": STREAM_ARN.replace("orders", "payments"), "NotYet": ""}
    command.cloudformation.put("shop", Path(EXAMPLE).read_text(), ids, parameters=parameters, status="UPDATE_COMPLETE")
    shop = ("--stack-name", "shop", "--offline")
    assert command.lines(EXAMPLE, *shop) == [("Encryption", "none", "payments", "no-request")]
    line = command.lines(EXAMPLE, *shop, "--parameter", "KeyId=alias/two")
    assert line == [("Encryption", "Update", "payments", "start")]


def test_a_stack_may_be_named_by_its_id(command: Command, tmp_path: Path) -> None:
    """As CloudFormation itself takes it; !Ref AWS::StackName is the name all the same."""
    stack_id = command.cloudformation.put("shop", {})
    file = written(tmp_path, {**ONE, "KeyId": {"Fn::Sub": "alias/${AWS::StackName}"}})
    key = command.provider.kms.add_key("alias/shop")
    for name in ("shop", stack_id):
        text = command("plan", file, "--stack-name", name, "--offline")
        assert text.startswith("Stack shop (CREATE_COMPLETE)")
        assert f"Start with key/{key.key_id}\n" in text
    assert "Start with !Ref AWS::StackName\n" in command("plan", file)


def test_a_changed_service_token_is_refused_with_the_advice(command: Command, tmp_path: Path) -> None:
    """CloudFormation: "Modifying service token is not allowed"; today's plan must not end with 0."""
    command.deploy(ONE)
    file = written(tmp_path, {**ONE, "ServiceToken": "y"})
    (line,) = command.json("plan", file, *STACK)["lines"]
    assert (line["verdict"], line["error"]) == ("refused", "ServiceTokenChanged")
    assert "new logical id" in line["reason"]
    assert command.code == 1


def test_a_changed_type_is_refused(command: Command, tmp_path: Path) -> None:
    """From whatever it was."""
    command.deploy(ONE)
    file = written(tmp_path, {**ONE, "ServiceToken": TOKEN}, "Custom::Other")
    (line,) = command.json("plan", file, *STACK)["lines"]
    assert (line["error"], command.code) == ("TypeChanged", 1)


@pytest.mark.parametrize(
    "status",
    [
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "DELETE_FAILED",
        "UPDATE_ROLLBACK_FAILED",
        "IMPORT_ROLLBACK_FAILED",
        "UPDATE_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
    ],
)
def test_a_stack_that_takes_no_update_is_refused(command: Command, tmp_path: Path, status: str) -> None:
    """Whether something would change or not: CloudFormation refuses the operation."""
    command.deploy(ONE, status=status)
    for key in ("alias/one", "alias/two"):
        plan = command.json("plan", written(tmp_path, {**ONE, "KeyId": key}), *STACK)
        assert (plan["outcome"], status in plan["refused"]) == ("refused", True)
        assert command.code == 1
    assert f"\nRefused: the stack is {status}: CloudFormation takes no update" in command(
        "plan", EXAMPLE, *STACK, *GIVEN
    )


GIVEN = ("--parameter", "StreamName=orders", "--parameter", "KeyId=alias/one")


@pytest.mark.parametrize("status", ["CREATE_FAILED", "UPDATE_FAILED", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"])
def test_a_stack_that_takes_an_update_is_not_refused(command: Command, tmp_path: Path, status: str) -> None:
    """Also after a failure without rollback."""
    command.deploy(ONE, status=status)
    assert command.json("plan", written(tmp_path, ONE), *STACK)["refused"] is None
    assert command.code == 0


@pytest.mark.parametrize(("status", "event"), [("CREATE_FAILED", "Create"), ("UPDATE_FAILED", "Update")])
def test_a_resource_that_failed_is_tried_again(command: Command, tmp_path: Path, status: str, event: str) -> None:
    """No property changes, and CloudFormation sends a request all the same."""
    command.deploy(ONE, statuses={LOGICAL_ID: status})
    command.provider.kinesis.people.stop("orders")
    assert command.lines(written(tmp_path, ONE), *STACK) == [("Encryption", event, "orders", "start")]
    assert command.code == 2


def test_a_stack_of_a_change_set_that_nobody_executed_is_not_there_yet(command: Command, tmp_path: Path) -> None:
    """CloudFormation calls it REVIEW_IN_PROGRESS."""
    command.cloudformation.put("shop", {}, status="REVIEW_IN_PROGRESS")
    text = command("plan", written(tmp_path, ONE), "--stack-name", "shop", "--offline")
    assert text.startswith("Stack shop (not there yet)")


@pytest.mark.parametrize(("look", "code"), [("list_exports", "Throttling"), ("describe_stacks", "AccessDenied")])
def test_a_look_at_stacks_that_fails_ends_the_plan(command: Command, tmp_path: Path, look: str, code: str) -> None:
    """Without it anything could be true."""
    command.cloudformation.refuses[look] = code
    assert command("plan", written(tmp_path, ONE), "--stack-name", "shop", "--offline") == ""
    assert code in command.errors
    assert command.code == 1


# Deletions


@pytest.mark.parametrize("kind", [TYPE, "AWS::CloudFormation::CustomResource", "Custom::Encryption"])
def test_a_deletion_tells_of_every_resource_with_the_provider_s_token(command: Command, kind: str) -> None:
    """It ended with 0 before, and the deletion then stopped the encryption."""
    command.deploy({**ONE, "ServiceToken": TOKEN}, kind=kind)
    assert command.lines("--delete", "--stack-name", "platform-encryption") == [
        ("Encryption", "Delete", "orders", "stop")
    ]
    assert command.code == 2


def test_a_deletion_tells_of_the_nested_stacks_resources(command: Command) -> None:
    """They go with it, unless they are to be retained."""
    command.deploy(ONE, "inner")
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://x"}}
    inner = command.cloudformation.describe_stacks(StackName="inner")["Stacks"][0]["StackId"]
    command.cloudformation.put("outer", {"Resources": {"Nested": nested}}, {"Nested": inner})
    assert command.lines("--delete", "--stack-name", "outer") == [("Encryption", "Delete", "orders", "stop")]
    retained = {**nested, "DeletionPolicy": "Retain"}
    command.cloudformation.put("outer", {"Resources": {"Nested": retained}}, {"Nested": inner})
    assert command.lines("--delete", "--stack-name", "outer") == []
    assert command.code == 0


def test_an_update_that_removes_a_nested_stack_removes_its_resources(command: Command, tmp_path: Path) -> None:
    """One that stays is not looked into without a change set."""
    command.deploy(ONE, "inner")
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://x"}}
    inner = command.cloudformation.describe_stacks(StackName="inner")["Stacks"][0]["StackId"]
    command.cloudformation.put("outer", {"Resources": {"Nested": nested}}, {"Nested": inner})
    file = tmp_path / "template.json"
    outer = ("--stack-name", "outer", "--offline")
    file.write_text(json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}))
    assert command.lines(str(file), *outer) == [("Encryption", "Delete", "orders", "stop")]
    file.write_text(json.dumps({"Resources": {"Nested": nested}}))
    assert command.lines(str(file), *outer) == [("Nested", "?", None, "unknown")]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"protected": True}, "the stack has termination protection"),
        ({"status": "UPDATE_IN_PROGRESS"}, "does not delete it now"),
    ],
)
def test_a_deletion_that_cloudformation_refuses_is_refused(command: Command, more: dict[str, Any], told: str) -> None:
    """With the reason."""
    command.deploy(ONE, **more)
    plan = command.json("plan", "--delete", "--stack-name", "platform-encryption")
    assert told in plan["refused"]
    assert command.code == 1


def test_a_retained_resource_is_just_forgotten(command: Command) -> None:
    """Its stream stays as it is."""
    command.deploy(ONE)
    resource = {"Type": TYPE, "Properties": ONE, "DeletionPolicy": "Retain"}
    command.cloudformation.put("platform-encryption", {"Resources": {LOGICAL_ID: resource}}, {LOGICAL_ID: STREAM_ARN})
    text = command("plan", "--delete", "--stack-name", "platform-encryption")
    assert "Encryption  retained  orders" in text
    assert "no request\n" in text
    assert command.code == 0
