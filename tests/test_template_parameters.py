"""The parameters of template.yaml, and the environments of samconfig.toml that set them."""

import re
import tomllib

import pytest

from tests.templates import ROOT, load

TEMPLATE = load(ROOT / "template.yaml")
RESOURCES = TEMPLATE["Resources"]
RESPONDER = RESOURCES["FailureResponder"]["Properties"]
PARAMETERS = TEMPLATE["Parameters"]
CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())
ENVIRONMENTS = ("default", "staging", "production")


@pytest.mark.parametrize(
    ("parameter", "value", "allowed"),
    [
        ("StreamArns", "all", True),
        ("StreamArns", "arn:aws:kinesis:eu-west-1:111122223333:stream/orders-*", True),
        ("StreamArns", "arn:aws-cn:kinesis:cn-north-1:111122223333:stream/orders_1.a", True),
        ("StreamArns", "", False),
        ("StreamArns", "*", False),
        ("StreamArns", "arn:aws:kinesis:*:*:stream/*", False),
        ("StreamArns", "arn:aws:kinesis:eu-west-1:111122223333:*", False),
        ("StreamArns", "arn:aws:kms:eu-west-1:111122223333:key/*", False),
        ("KeyArns", "all", True),
        ("KeyArns", "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab", True),
        ("KeyArns", "", False),
        ("KeyArns", "*", False),
        ("KeyArns", "arn:aws:kms:*:*:key/*", False),
        # IAM never matches an alias for these actions: the role would lack the permission.
        ("KeyArns", "arn:aws:kms:eu-west-1:111122223333:alias/orders", False),
        ("StreamTag", "none", True),
        ("StreamTag", "yes", True),
        ("StreamTag", "", False),
        ("StreamTag", "*", False),
        ("StateMachineKeyArn", "none", True),
        ("StateMachineKeyArn", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", True),
        ("StateMachineKeyArn", "arn:aws:kms:eu-west-1:111122223333:key/*", False),
        ("StateMachineKeyArn", "arn:aws:kms:eu-west-1:111122223333:alias/orders", False),
        ("StateMachineKeyArn", "", False),
        ("LogsKeyArn", "none", True),
        ("LogsKeyArn", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", True),
        ("LogsKeyArn", "arn:aws:kms:eu-west-1:111122223333:alias/logs", False),
        ("LogsKeyArn", "", False),
        ("RecordTableName", "none", True),
        ("RecordTableName", "kinesis-stream-encryption-record", True),
        ("RecordTableName", "", False),
        ("RecordTableName", "*", False),
        ("RecordTableName", "arn:aws:dynamodb:eu-west-1:111122223333:table/record", False),
        ("RecordKeyArn", "none", True),
        ("RecordKeyArn", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", True),
        ("RecordKeyArn", "arn:aws:kms:eu-west-1:111122223333:alias/record", False),
        ("RecordKeyArn", "", False),
        ("PermissionsBoundaryArn", "none", True),
        ("PermissionsBoundaryArn", "arn:aws:iam::111122223333:policy/team/boundary", True),
        ("PermissionsBoundaryArn", "arn:aws:iam::aws:policy/AdministratorAccess", False),
        ("PermissionsBoundaryArn", "", False),
    ],
)
def test_parameters_that_name_resources_take_only_valid_values(parameter: str, value: str, *, allowed: bool) -> None:
    """An empty value or a lone * must not widen the role. CloudFormation checks each member of a list."""
    assert bool(re.fullmatch(PARAMETERS[parameter]["AllowedPattern"], value)) == allowed


@pytest.mark.parametrize(("condition", "parameter"), [("EveryStream", "StreamArns"), ("EveryKey", "KeyArns")])
def test_only_the_word_all_means_every_stream_or_key(condition: str, parameter: str) -> None:
    """The default is wide on purpose, and its description says so."""
    assert TEMPLATE["Conditions"][condition] == {
        "Fn::Equals": [{"Fn::Select": [0, {"Ref": parameter}]}, PARAMETERS[parameter]["Default"]]
    }
    assert PARAMETERS[parameter]["Default"] == "all"


def test_the_longest_function_name_leaves_room_for_the_failure_responder_s() -> None:
    """A function's name has at most 64 characters."""
    assert RESPONDER["FunctionName"] == {"Fn::Sub": "${FunctionName}-failure-responder"}
    longest = 64 - len("-failure-responder")
    assert re.fullmatch(PARAMETERS["FunctionName"]["AllowedPattern"], "x" * longest)
    assert not re.fullmatch(PARAMETERS["FunctionName"]["AllowedPattern"], "x" * (longest + 1))


def test_every_parameter_has_a_description_a_group_and_a_label() -> None:
    """The console shows the groups; a parameter outside them comes last and without a label."""
    form = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in form["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(form["ParameterLabels"]) == sorted(PARAMETERS)
    assert [name for name, parameter in PARAMETERS.items() if not parameter.get("Description")] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_sam_deploy_asks_for_confirmation_only_in_production(environment: str) -> None:
    """The README's commands must not stop at a question. SAM's environments inherit nothing from the default one."""
    settings = CONFIG[environment]
    deploy = settings["deploy"]["parameters"]
    assert settings["global"]["parameters"]["stack_name"] == "kinesis-stream-encryption"
    assert deploy["confirm_changeset"] is (environment == "production")
    assert deploy["resolve_s3"] is True
    assert deploy["fail_on_empty_changeset"] is False
    assert deploy["capabilities"] == "CAPABILITY_IAM"
    assert settings["validate"]["parameters"]["lint"] is True


def test_samconfig_overrides_only_parameters_that_the_template_has() -> None:
    """Otherwise the next deployment to production would fail."""
    named = {
        pair.partition("=")[0]
        for environment in ENVIRONMENTS
        for pair in CONFIG[environment]["deploy"]["parameters"].get("parameter_overrides", "").split()
    }
    assert named - set(PARAMETERS) == set()
