"""The functions, the state machine and the log groups in template.yaml, and what the template publishes."""

import ast
import re
import tomllib
from typing import Any

import pytest
import yaml

from tests.templates import ROOT, load

TEMPLATE = load(ROOT / "template.yaml")
RESOURCES = TEMPLATE["Resources"]
FUNCTION = RESOURCES["Function"]["Properties"]
RESPONDER = RESOURCES["FailureResponder"]["Properties"]
PARAMETERS = TEMPLATE["Parameters"]
STATE_MACHINE = RESOURCES["StateMachine"]["Properties"]
FUNCTION_ARN = {"Fn::GetAtt": ["Function", "Arn"]}
RESPONDER_ARN = {"Fn::GetAtt": ["FailureResponder", "Arn"]}
STATE_MACHINE_ARN = {
    "Fn::Sub": "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${FunctionName}"
}


@pytest.mark.parametrize("function", [FUNCTION, RESPONDER])
def test_each_function_and_the_state_machine_are_traced_without_an_sdk(function: dict[str, Any]) -> None:
    """Lambda's own segments only: importing X-Ray's SDK would lengthen each cold start."""
    assert function["Tracing"] == "Active"
    assert STATE_MACHINE["TracingConfiguration"] == {"Enabled": True}
    required = (ROOT / FUNCTION["CodeUri"] / "requirements.txt").read_text()
    assert not re.search("xray|opentelemetry", required)


def test_the_function_s_state_machine_arn_is_the_state_machine_s() -> None:
    """The ARN is built from the name, since each of the two depends on the other."""
    assert FUNCTION["Environment"]["Variables"]["STATE_MACHINE_ARN"] == STATE_MACHINE_ARN
    assert FUNCTION["Environment"]["Variables"]["HANDOVER_SECONDS"] == {"Ref": "HandoverSeconds"}
    assert STATE_MACHINE["StateMachineName"] == {"Ref": "FunctionName"}
    assert STATE_MACHINE["DefinitionSubstitutions"] == {
        "FunctionArn": FUNCTION_ARN,
        "FailureResponderArn": RESPONDER_ARN,
    }
    assert STATE_MACHINE["StateMachineType"] == "STANDARD"


def test_no_execution_data_is_logged() -> None:
    """Promise 8: an execution's input and output hold the ResponseURL."""
    logging = STATE_MACHINE["LoggingConfiguration"]
    assert logging["IncludeExecutionData"] is False
    assert logging["Level"] == "ERROR"
    assert RESOURCES["StateMachineLogs"]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionInDays"}


def test_the_state_machine_takes_a_key_and_gives_it_up_again() -> None:
    """A parameter encrypts execution data under a customer managed key; AWS_OWNED_KEY undoes that."""
    condition, own, otherwise = STATE_MACHINE["EncryptionConfiguration"]["Fn::If"]
    assert TEMPLATE["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "StateMachineKeyArn"}, "none"]}]}
    assert PARAMETERS["StateMachineKeyArn"]["Default"] == "none"
    assert (own["Type"], own["KmsKeyId"]) == ("CUSTOMER_MANAGED_KMS_KEY", {"Ref": "StateMachineKeyArn"})
    assert otherwise == {"Type": "AWS_OWNED_KEY"}


def test_every_log_group_takes_the_key_for_logs() -> None:
    """One parameter for all of them, later ones too; the word none must not become a key's ARN."""
    groups = [one["Properties"] for one in RESOURCES.values() if one["Type"] == "AWS::Logs::LogGroup"]
    assert len(groups) >= 3
    key = {"Fn::If": ["LogsHaveAKeyOfTheirOwn", {"Ref": "LogsKeyArn"}, {"Ref": "AWS::NoValue"}]}
    assert [group for group in groups if group.get("KmsKeyId") != key] == []
    assert TEMPLATE["Conditions"]["LogsHaveAKeyOfTheirOwn"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "LogsKeyArn"}, PARAMETERS["LogsKeyArn"]["Default"]]}]
    }


def test_an_invocation_hands_over_well_before_it_ends() -> None:
    """The hand-over must come within the function's time-out, also with the longest wait that can be set."""
    assert PARAMETERS["HandoverSeconds"]["Default"] == 60
    assert PARAMETERS["HandoverSeconds"]["MaxValue"] <= PARAMETERS["Timeout"]["MaxValue"] - 60


def test_the_service_token_is_exported_and_in_ssm() -> None:
    """CloudFormation refuses to delete a stack whose export is in use: its users need it for their own deletion."""
    output = TEMPLATE["Outputs"]["ServiceToken"]
    assert output["Value"] == FUNCTION_ARN
    assert output["Export"] == {"Name": {"Fn::Sub": "${FunctionName}-ServiceToken"}}
    parameter = RESOURCES["ServiceToken"]["Properties"]
    assert (parameter["Name"], parameter["Value"]) == ({"Ref": "ServiceTokenParameter"}, FUNCTION_ARN)


@pytest.mark.parametrize(("function", "group"), [(FUNCTION, "Logs"), (RESPONDER, "FailureResponderLogs")])
def test_each_function_has_a_log_group_with_a_retention(function: dict[str, Any], group: str) -> None:
    """A group that Lambda makes keeps its logs for ever, and outlives the stack."""
    assert function["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": {"Ref": group}}
    logs = RESOURCES[group]
    assert logs["Properties"]["LogGroupName"]["Fn::Sub"] == f"/aws/lambda/{FULL_NAMES[group]}"
    assert logs["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionInDays"}
    assert logs["DeletionPolicy"] == logs["UpdateReplacePolicy"] == "Delete"
    assert PARAMETERS["LogRetentionInDays"]["Default"] in PARAMETERS["LogRetentionInDays"]["AllowedValues"]


FULL_NAMES = {"Logs": "${FunctionName}", "FailureResponderLogs": "${FunctionName}-failure-responder"}


@pytest.mark.parametrize("function", [FUNCTION, RESPONDER])
def test_each_function_runs_on_a_python_of_the_tests(function: dict[str, Any]) -> None:
    """Code must not ship on a Python that no test has run on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    version = function["Runtime"].removeprefix("python")
    assert f"Programming Language :: Python :: {version}" in project["classifiers"]


@pytest.mark.parametrize("function", [FUNCTION, RESPONDER])
def test_the_handler_exists_in_the_code(function: dict[str, Any]) -> None:
    """SAM deploys a Handler that does not exist; every stack would then wait for its time-out."""
    *path, module, handler = function["Handler"].split(".")
    tree = ast.parse((ROOT / function["CodeUri"]).joinpath(*path, f"{module}.py").read_text())
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert handler in defined | {node.name for node in ast.walk(tree) if isinstance(node, ast.alias)}


def test_lambda_drops_an_event_before_cloudformation_gives_up() -> None:
    """A Create that Lambda kept for hours would encrypt a stream for a stack that was rolled back.

    Lambda may retry as seldom as every five minutes; the failure responder has to answer within the hour.
    """
    assert FUNCTION["EventInvokeConfig"]["MaximumEventAgeInSeconds"] == 3600 - 5 * 60


def test_an_event_has_time_for_three_tries_of_the_longest_time_out() -> None:
    """Lambda tries again after one minute and after two more, unless the event is too old by then."""
    longest = PARAMETERS["Timeout"]["MaxValue"]
    assert longest + 60 + longest + 120 < FUNCTION["EventInvokeConfig"]["MaximumEventAgeInSeconds"]


def test_the_template_holds_no_yaml_alias() -> None:
    """SAM resolves aliases, CloudFormation refuses them: the template must work without SAM's build as well."""
    tokens = yaml.scan((ROOT / "template.yaml").read_text(), Loader=yaml.SafeLoader)
    assert [token for token in tokens if isinstance(token, yaml.AliasToken)] == []


def test_the_published_application_has_the_project_s_version_and_license() -> None:
    """The Serverless Application Repository takes each version only once."""
    published = TEMPLATE["Metadata"]["AWS::ServerlessRepo::Application"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert published["SemanticVersion"] == project["version"]
    assert published["SpdxLicenseId"] in (ROOT / published["LicenseUrl"]).read_text()
    assert (ROOT / published["ReadmeUrl"]).exists()


def test_the_published_application_is_within_the_repository_s_limits() -> None:
    """Source: SAM Developer Guide, "AWS SAM template Metadata section properties"."""
    published = TEMPLATE["Metadata"]["AWS::ServerlessRepo::Application"]
    assert re.fullmatch("[a-zA-Z0-9-]{1,140}", published["Name"])
    assert 1 <= len(published["Description"]) <= 256
    assert re.fullmatch("[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?", published["Author"])
    assert [label for label in published["Labels"] if not re.fullmatch(r"[a-zA-Z0-9+\-_:/@]{1,127}", label)] == []
