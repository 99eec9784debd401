"""What template.yaml and samconfig.toml deploy: the rights, the way in, and what outlives what."""

import ast
import json
import re
import sys
import tomllib
from typing import Any

import pytest
import yaml

import last_word
from stream_encryption.model import Owner
from stream_encryption.ownership import from_tags
from tests.builders import STACK_ID
from tests.fake_clock import NEW_YEAR_2026
from tests.templates import ROOT, load, nodes

TEMPLATE = load(ROOT / "template.yaml")
PARAMETERS = TEMPLATE["Parameters"]
RESOURCES = TEMPLATE["Resources"]
FUNCTION = RESOURCES["Function"]["Properties"]
LAST_WORD = RESOURCES["LastWord"]["Properties"]
ROLE = RESOURCES["Role"]["Properties"]
LAST_WORD_ROLE = RESOURCES["LastWordRole"]["Properties"]
STATE_MACHINE = RESOURCES["StateMachine"]["Properties"]
STATE_MACHINE_ROLE = RESOURCES["StateMachineRole"]["Properties"]
CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())
ENVIRONMENTS = ("default", "staging", "production")

FUNCTION_ARN = {"Fn::GetAtt": ["Function", "Arn"]}
LAST_WORD_ARN = {"Fn::GetAtt": ["LastWord", "Arn"]}
STATE_MACHINE_ARN = {
    "Fn::Sub": "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${FunctionName}"
}


def statements(role: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A role's statements by their Sids, those that a condition adds as well."""
    found = [node for node in nodes(role["Policies"]) if isinstance(node, dict) and "Effect" in node]
    return {statement["Sid"]: statement for statement in found}


STATEMENTS = statements(ROLE)
STATE_MACHINE_STATEMENTS = statements(STATE_MACHINE_ROLE)


def actions(sid: str, of: dict[str, dict[str, Any]] = STATEMENTS) -> set[str]:
    """What a statement of a role allows."""
    action = of[sid]["Action"]
    return set(action) if isinstance(action, list) else {action}


def resources(parameter: str, condition: str, default: str) -> dict[str, Any]:
    """What a statement's Resource has to be: what the parameter names, or all of this account and region."""
    return {"Fn::If": [condition, [{"Fn::Sub": default}], {"Ref": parameter}]}


EVERY_STREAM = "arn:${AWS::Partition}:kinesis:${AWS::Region}:${AWS::AccountId}:stream/*"
EVERY_KEY = "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/*"


def test_the_role_holds_exactly_the_actions_on_streams_keys_and_its_own_log_group() -> None:
    """Least privilege: an action that is added, or moved to a wider resource, has to be argued for here."""
    assert {sid: (actions(sid), statement["Resource"]) for sid, statement in STATEMENTS.items()} == {
        "LookAtStreams": (
            {"kinesis:DescribeStreamSummary", "kinesis:ListTagsForStream"},
            resources("StreamArns", "EveryStream", EVERY_STREAM),
        ),
        "Streams": (
            {
                "kinesis:AddTagsToStream",
                "kinesis:RemoveTagsFromStream",
                "kinesis:StartStreamEncryption",
                "kinesis:StopStreamEncryption",
                "kinesis:PutRecord",
            },
            resources("StreamArns", "EveryStream", EVERY_STREAM),
        ),
        "Keys": (
            {"kinesis:StartStreamEncryption", "kinesis:StopStreamEncryption", "kms:DescribeKey"},
            resources("KeyArns", "EveryKey", EVERY_KEY),
        ),
        "DataKeysThroughKinesisOnly": (
            {"kms:GenerateDataKey"},
            resources("KeyArns", "EveryKey", EVERY_KEY),
        ),
        "HandOver": ({"states:StartExecution"}, STATE_MACHINE_ARN),
        "LastWord": ({"lambda:InvokeFunction"}, LAST_WORD_ARN),
        "HandOverUnderItsKey": ({"kms:Decrypt", "kms:GenerateDataKey"}, {"Ref": "StateMachineKeyArn"}),
        "OwnLogGroup": (
            {"logs:CreateLogStream", "logs:PutLogEvents"},
            {"Fn::GetAtt": ["Logs", "Arn"]},
        ),
        "Traces": (TRACES, "*"),
    }


def test_the_state_machine_may_invoke_the_two_functions_and_otherwise_only_use_its_key_and_be_seen() -> None:
    """Least privilege: whoever can change the definition must not gain anything by it."""
    assert {
        sid: (actions(sid, STATE_MACHINE_STATEMENTS), statement["Resource"])
        for sid, statement in STATE_MACHINE_STATEMENTS.items()
    } == {
        "TakeSteps": ({"lambda:InvokeFunction"}, [FUNCTION_ARN, LAST_WORD_ARN]),
        "OwnDataUnderItsKey": ({"kms:Decrypt", "kms:GenerateDataKey"}, {"Ref": "StateMachineKeyArn"}),
        "LogsUnderItsKey": ({"kms:GenerateDataKey"}, {"Ref": "StateMachineKeyArn"}),
        "DeliverLogs": (LOG_DELIVERY, "*"),
        "Traces": (TRACES | SAMPLING, "*"),
    }


LOG_DELIVERY = {
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
}
"""AWS Step Functions Developer Guide, "Logging in CloudWatch Logs": none of them knows resources."""

TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
SAMPLING = {"xray:GetSamplingRules", "xray:GetSamplingTargets"}
"""AWS Step Functions Developer Guide, "IAM policies for X-Ray"; Lambda's guide asks for the first two alone."""


def test_streams_are_changed_by_their_tag_where_one_is_asked_for_and_looked_at_without() -> None:
    """A stream that is gone has no tag: to look at it by tag would deny what should say that it is gone (promise 7)."""
    tagged = {"StringEquals": {"aws:ResourceTag/kinesis-stream-encryption:allowed": {"Ref": "StreamTag"}}}
    assert STATEMENTS["Streams"]["Condition"] == {"Fn::If": ["StreamsByTag", tagged, {"Ref": "AWS::NoValue"}]}
    assert "Condition" not in STATEMENTS["LookAtStreams"]
    assert TEMPLATE["Conditions"]["StreamsByTag"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "StreamTag"}, "none"]}]}
    assert PARAMETERS["StreamTag"]["Default"] == "none"


def test_the_provider_s_own_tags_never_let_it_change_a_stream() -> None:
    """It writes tags itself: none of them may be the one that lets it, nor may it remove that one."""
    (allowed,) = [
        key
        for node in nodes(STATEMENTS["Streams"]["Condition"])
        if isinstance(node, dict)
        for key in node
        if key.startswith("aws:ResourceTag/")
    ]
    tags = from_tags({allowed.partition("/")[2]: "NONE"}, Owner(STACK_ID, "Encryption"), NEW_YEAR_2026)
    assert (tags.ownership, tags.keys, tags.spent) == (None, (), ())


@pytest.mark.parametrize("function", [FUNCTION, LAST_WORD])
def test_each_function_and_the_state_machine_are_traced_without_an_sdk(function: dict[str, Any]) -> None:
    """X-Ray is on by Lambda's own segments; its SDK would cost each cold start its import."""
    assert function["Tracing"] == "Active"
    assert STATE_MACHINE["TracingConfiguration"] == {"Enabled": True}
    required = (ROOT / FUNCTION["CodeUri"] / "requirements.txt").read_text()
    assert not re.search("xray|opentelemetry", required)


def test_the_state_machines_key_serves_this_state_machines_data_alone() -> None:
    """Both roles get at a key of the account's: by its encryption context, for nothing but these executions."""
    context = {"StringEquals": {"kms:EncryptionContext:aws:states:stateMachineArn": STATE_MACHINE_ARN}}
    assert STATEMENTS["HandOverUnderItsKey"]["Condition"] == context
    assert STATE_MACHINE_STATEMENTS["OwnDataUnderItsKey"]["Condition"] == context
    logs = {"Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*"}
    assert STATE_MACHINE_STATEMENTS["LogsUnderItsKey"]["Condition"] == {
        "StringEquals": {"kms:EncryptionContext:SourceArn": logs}
    }


@pytest.mark.parametrize("role", [ROLE, STATE_MACHINE_ROLE], ids=["function", "state machine"])
def test_without_a_key_of_its_own_nothing_is_allowed_on_one(role: dict[str, Any]) -> None:
    """The word none must not end up as a statement's Resource."""
    conditional = [policy["Fn::If"] for policy in role["Policies"] if "Fn::If" in policy]
    assert [(name, otherwise) for name, _, otherwise in conditional] == [
        ("StateMachineHasAKeyOfItsOwn", {"Ref": "AWS::NoValue"})
    ]
    always = [policy for policy in role["Policies"] if "Fn::If" not in policy]
    assert {"Ref": "StateMachineKeyArn"} not in nodes(always)


def test_the_state_machines_role_is_this_state_machines_alone() -> None:
    """Another account's state machine must not talk Step Functions into using the role."""
    assert "ManagedPolicyArns" not in STATE_MACHINE_ROLE
    assert STATE_MACHINE_ROLE["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "states.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
                "ArnEquals": {"aws:SourceArn": STATE_MACHINE_ARN},
            },
        }
    ]


def test_the_function_knows_the_state_machine_by_the_name_that_it_has() -> None:
    """The ARN is put together, so that neither has to exist before the other: both sides must agree on it."""
    assert FUNCTION["Environment"]["Variables"]["STATE_MACHINE_ARN"] == STATE_MACHINE_ARN
    assert FUNCTION["Environment"]["Variables"]["HANDOVER_SECONDS"] == {"Ref": "HandoverSeconds"}
    assert STATE_MACHINE["StateMachineName"] == {"Ref": "FunctionName"}
    assert STATE_MACHINE["DefinitionSubstitutions"] == {"FunctionArn": FUNCTION_ARN, "LastWordArn": LAST_WORD_ARN}
    assert STATE_MACHINE["StateMachineType"] == "STANDARD"


def test_no_execution_data_is_logged() -> None:
    """Promise 8: an execution's input and output hold the ResponseURL."""
    logging = STATE_MACHINE["LoggingConfiguration"]
    assert logging["IncludeExecutionData"] is False
    assert logging["Level"] == "ERROR"
    assert RESOURCES["StateMachineLogs"]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionInDays"}


def test_the_state_machine_can_be_put_under_a_key_and_back() -> None:
    """A parameter puts execution data under a customer managed key; AWS_OWNED_KEY takes it off again."""
    condition, own, otherwise = STATE_MACHINE["EncryptionConfiguration"]["Fn::If"]
    assert TEMPLATE["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "StateMachineKeyArn"}, "none"]}]}
    assert PARAMETERS["StateMachineKeyArn"]["Default"] == "none"
    assert (own["Type"], own["KmsKeyId"]) == ("CUSTOMER_MANAGED_KMS_KEY", {"Ref": "StateMachineKeyArn"})
    assert otherwise == {"Type": "AWS_OWNED_KEY"}


def test_every_log_group_can_be_put_under_a_key_and_back() -> None:
    """One parameter for all of them, later ones too; the word none must not end up as a key's ARN."""
    groups = [one["Properties"] for one in RESOURCES.values() if one["Type"] == "AWS::Logs::LogGroup"]
    assert len(groups) >= 3
    key = {"Fn::If": ["LogsHaveAKeyOfTheirOwn", {"Ref": "LogsKeyArn"}, {"Ref": "AWS::NoValue"}]}
    assert [group for group in groups if group.get("KmsKeyId") != key] == []
    assert TEMPLATE["Conditions"]["LogsHaveAKeyOfTheirOwn"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "LogsKeyArn"}, PARAMETERS["LogsKeyArn"]["Default"]]}]
    }


def test_every_role_can_be_put_under_a_boundary() -> None:
    """A role without it could not be made by the deployer role, or would have no bound."""
    roles = [one["Properties"] for one in RESOURCES.values() if one["Type"] == "AWS::IAM::Role"]
    assert len(roles) >= 3
    boundary = {"Fn::If": ["RolesAreBounded", {"Ref": "PermissionsBoundaryArn"}, {"Ref": "AWS::NoValue"}]}
    assert [role for role in roles if role.get("PermissionsBoundary") != boundary] == []
    assert TEMPLATE["Conditions"]["RolesAreBounded"] == {
        "Fn::Not": [
            {"Fn::Equals": [{"Ref": "PermissionsBoundaryArn"}, PARAMETERS["PermissionsBoundaryArn"]["Default"]]}
        ]
    }


def test_an_invocation_hands_over_well_before_it_ends() -> None:
    """The hand-over must come within the function's own time-out, also with the longest wait that can be set."""
    assert PARAMETERS["HandoverSeconds"]["Default"] == 60
    assert PARAMETERS["HandoverSeconds"]["MaxValue"] <= PARAMETERS["Timeout"]["MaxValue"] - 60


def test_data_keys_are_made_through_kinesis_only() -> None:
    """Whoever gets hold of the role must not be able to use the keys for anything but a stream."""
    assert STATEMENTS["DataKeysThroughKinesisOnly"]["Condition"] == {
        "StringEquals": {"kms:ViaService": {"Fn::Sub": "kinesis.${AWS::Region}.amazonaws.com"}}
    }


def test_the_role_is_lambdas_alone_and_has_no_policy_but_these() -> None:
    """A managed policy changes without anybody's review here."""
    assert "ManagedPolicyArns" not in ROLE
    assert "Policies" not in FUNCTION
    assert FUNCTION["Role"] == {"Fn::GetAtt": ["Role", "Arn"]}
    assert [statement["Principal"] for statement in ROLE["AssumeRolePolicyDocument"]["Statement"]] == [
        {"Service": "lambda.amazonaws.com"}
    ]


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
        # IAM never matches it for these actions, so the role would lack what its author thinks it has.
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
        ("PermissionsBoundaryArn", "none", True),
        ("PermissionsBoundaryArn", "arn:aws:iam::111122223333:policy/team/boundary", True),
        ("PermissionsBoundaryArn", "arn:aws:iam::aws:policy/AdministratorAccess", False),
        ("PermissionsBoundaryArn", "", False),
    ],
)
def test_the_parameters_that_name_streams_and_keys_take_nothing_wider_than_one_account_and_region(
    parameter: str, value: str, *, allowed: bool
) -> None:
    """An empty value or a lone * must not widen the role: CloudFormation holds each list member to this."""
    assert bool(re.fullmatch(PARAMETERS[parameter]["AllowedPattern"], value)) == allowed


@pytest.mark.parametrize(("condition", "parameter"), [("EveryStream", "StreamArns"), ("EveryKey", "KeyArns")])
def test_only_the_word_all_stands_for_everything(condition: str, parameter: str) -> None:
    """The default is wide on purpose, and says so where a person deploys."""
    assert TEMPLATE["Conditions"][condition] == {
        "Fn::Equals": [{"Fn::Select": [0, {"Ref": parameter}]}, PARAMETERS[parameter]["Default"]]
    }
    assert PARAMETERS[parameter]["Default"] == "all"


def test_a_provider_in_use_cannot_be_deleted_and_is_found_by_export_and_by_ssm() -> None:
    """CloudFormation refuses to delete a stack whose export is imported: deletion needs the provider."""
    output = TEMPLATE["Outputs"]["ServiceToken"]
    assert output["Value"] == FUNCTION_ARN
    assert output["Export"] == {"Name": {"Fn::Sub": "${FunctionName}-ServiceToken"}}
    parameter = RESOURCES["ServiceToken"]["Properties"]
    assert (parameter["Name"], parameter["Value"]) == ({"Ref": "ServiceTokenParameter"}, FUNCTION_ARN)


@pytest.mark.parametrize(("function", "group"), [(FUNCTION, "Logs"), (LAST_WORD, "LastWordLogs")])
def test_each_function_logs_to_a_group_of_its_own_that_forgets(function: dict[str, Any], group: str) -> None:
    """A group that Lambda makes by itself keeps its logs for ever, and outlives the stack."""
    assert function["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": {"Ref": group}}
    logs = RESOURCES[group]
    assert logs["Properties"]["LogGroupName"]["Fn::Sub"] == f"/aws/lambda/{FULL_NAMES[group]}"
    assert logs["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionInDays"}
    assert logs["DeletionPolicy"] == logs["UpdateReplacePolicy"] == "Delete"
    assert PARAMETERS["LogRetentionInDays"]["Default"] in PARAMETERS["LogRetentionInDays"]["AllowedValues"]


FULL_NAMES = {"Logs": "${FunctionName}", "LastWordLogs": "${FunctionName}-last-word"}


def test_what_failed_for_good_goes_to_the_function_that_has_the_last_word() -> None:
    """Issue 4: a dead invocation is tried again, and after the last try it still ends in an answer."""
    invoke = FUNCTION["EventInvokeConfig"]
    assert invoke["MaximumRetryAttempts"] == 2
    assert invoke["DestinationConfig"] == {"OnFailure": {"Type": "Lambda", "Destination": LAST_WORD_ARN}}
    assert LAST_WORD["Environment"]["Variables"] == {"PROVIDER_LOG_GROUP": {"Ref": "Logs"}}


def test_the_last_word_may_be_seen_and_nothing_else() -> None:
    """Least privilege: it answers by a URL that is its own right, and calls no service."""
    assert LAST_WORD["Role"] == {"Fn::GetAtt": ["LastWordRole", "Arn"]}
    assert set(LAST_WORD_ROLE) == {"Description", "AssumeRolePolicyDocument", "Policies", "PermissionsBoundary"}
    held = statements(LAST_WORD_ROLE)
    assert {sid: (actions(sid, held), one["Resource"]) for sid, one in held.items()} == {
        "OwnLogGroup": ({"logs:CreateLogStream", "logs:PutLogEvents"}, {"Fn::GetAtt": ["LastWordLogs", "Arn"]}),
        "Traces": (TRACES, "*"),
    }


def test_the_last_word_shares_no_code_and_no_role_with_what_it_answers_for() -> None:
    """Whatever takes the function down must leave it standing."""
    assert not (ROOT / FUNCTION["CodeUri"]).is_relative_to(ROOT / LAST_WORD["CodeUri"])
    assert not (ROOT / LAST_WORD["CodeUri"]).is_relative_to(ROOT / FUNCTION["CodeUri"])
    assert LAST_WORD["Role"] != FUNCTION["Role"]
    assert "Layers" not in LAST_WORD


def test_the_last_word_imports_the_standard_library_alone() -> None:
    """A broken package, a wrong pin, a missing layer: none of them can take it down."""
    (file,) = [path for path in (ROOT / LAST_WORD["CodeUri"]).iterdir() if path.name != "__pycache__"]
    nodes_of = list(ast.walk(ast.parse(file.read_text())))
    imported = [alias.name for node in nodes_of if isinstance(node, ast.Import) for alias in node.names]
    imported += [str(node.module) for node in nodes_of if isinstance(node, ast.ImportFrom)]
    assert imported
    assert [name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names] == []


def test_the_last_word_has_time_for_all_its_tries() -> None:
    """A try may wait for the connection, for the request and for its answer."""
    tries = sum(last_word.PAUSES) + 3 * last_word.SOCKET_SECONDS * len(last_word.PAUSES)
    task = json.loads((ROOT / STATE_MACHINE["DefinitionS3Location"]).read_text())["States"]["Give up"]
    assert tries < LAST_WORD["Timeout"] < task["TimeoutSeconds"]


def test_the_longest_name_has_room_for_what_is_named_after_it() -> None:
    """A function's name has 64 characters at the most."""
    assert LAST_WORD["FunctionName"] == {"Fn::Sub": "${FunctionName}-last-word"}
    longest = 64 - len("-last-word")
    assert re.fullmatch(PARAMETERS["FunctionName"]["AllowedPattern"], "x" * longest)
    assert not re.fullmatch(PARAMETERS["FunctionName"]["AllowedPattern"], "x" * (longest + 1))


def test_the_last_word_counts_where_the_function_does() -> None:
    """One namespace and one service: whoever looks at the provider's metrics finds this one."""
    variables = FUNCTION["Environment"]["Variables"]
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == last_word.NAMESPACE
    assert variables["POWERTOOLS_SERVICE_NAME"] == last_word.SERVICE


@pytest.mark.parametrize("function", [FUNCTION, LAST_WORD])
def test_each_function_runs_on_the_newest_python_that_the_tests_run_on(function: dict[str, Any]) -> None:
    """A runtime that is newer than the tests' Python ships what nobody ran."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    below = re.search(r"<3\.(\d+)", project["requires-python"])
    assert below is not None
    assert function["Runtime"] == f"python3.{int(below[1]) - 1}"


@pytest.mark.parametrize("function", [FUNCTION, LAST_WORD])
def test_the_handler_is_a_function_of_the_code(function: dict[str, Any]) -> None:
    """SAM builds and deploys a Handler that does not exist; every stack would then wait for its time-out."""
    *path, module, handler = function["Handler"].split(".")
    tree = ast.parse((ROOT / function["CodeUri"]).joinpath(*path, f"{module}.py").read_text())
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert handler in defined | {node.name for node in ast.walk(tree) if isinstance(node, ast.alias)}


def test_no_event_runs_after_cloudformation_has_given_up() -> None:
    """A Create that Lambda kept for hours would encrypt a stream for a stack that was rolled back.

    Lambda may look at an event every five minutes only: what it gives up has to be answered within the hour.
    """
    assert FUNCTION["EventInvokeConfig"]["MaximumEventAgeInSeconds"] == 3600 - 5 * 60


def test_an_event_has_time_for_every_try_however_long_each_takes() -> None:
    """Lambda tries again one minute and two minutes later; an event that is too old by then is given up."""
    longest = PARAMETERS["Timeout"]["MaxValue"]
    assert longest + 60 + longest + 120 < FUNCTION["EventInvokeConfig"]["MaximumEventAgeInSeconds"]


def test_every_parameter_is_explained_and_has_its_place_on_the_form() -> None:
    """Who deploys from the console sees the groups; a parameter outside them lands at the end."""
    form = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in form["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(form["ParameterLabels"]) == sorted(PARAMETERS)
    assert [name for name, parameter in PARAMETERS.items() if not parameter.get("Description")] == []


def test_the_template_holds_no_yaml_alias() -> None:
    """SAM resolves them, CloudFormation refuses them: the template must work without SAM's build as well."""
    tokens = yaml.scan((ROOT / "template.yaml").read_text(), Loader=yaml.SafeLoader)
    assert [token for token in tokens if isinstance(token, yaml.AliasToken)] == []


def test_no_policy_has_a_star_for_its_resource_or_in_an_action_but_for_logs_and_traces() -> None:
    """It holds for statements that are added later, too; what delivers logs and sends traces knows no resources."""
    found = [node for node in nodes(RESOURCES) if isinstance(node, dict) and "Effect" in node]
    assert len(found) > len(STATEMENTS) + len(STATE_MACHINE_STATEMENTS)
    for statement in found:
        assert (
            "*" not in nodes(statement.get("Resource")) or set(statement["Action"]) <= LOG_DELIVERY | TRACES | SAMPLING
        )
        assert not any("*" in action for action in nodes(statement["Action"]) if isinstance(action, str))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_sam_deploy_asks_nothing_but_whether_to_change_production(environment: str) -> None:
    """No command of the README may stop at a question; SAM inherits nothing from the default environment."""
    settings = CONFIG[environment]
    deploy = settings["deploy"]["parameters"]
    assert settings["global"]["parameters"]["stack_name"] == "kinesis-stream-encryption"
    assert deploy["confirm_changeset"] is (environment == "production")
    assert deploy["resolve_s3"] is True
    assert deploy["fail_on_empty_changeset"] is False
    assert deploy["capabilities"] == "CAPABILITY_IAM"
    assert settings["validate"]["parameters"]["lint"] is True


def test_samconfig_overrides_only_parameters_that_the_template_has() -> None:
    """A parameter that is renamed in the template alone fails at the next deployment of production."""
    named = {
        pair.partition("=")[0]
        for environment in ENVIRONMENTS
        for pair in CONFIG[environment]["deploy"]["parameters"].get("parameter_overrides", "").split()
    }
    assert named - set(PARAMETERS) == set()


def test_what_is_published_has_the_version_and_the_license_of_the_project() -> None:
    """The Serverless Application Repository takes a version once: a stale one is refused, a wrong one stays."""
    published = TEMPLATE["Metadata"]["AWS::ServerlessRepo::Application"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert published["SemanticVersion"] == project["version"]
    assert published["SpdxLicenseId"] in (ROOT / published["LicenseUrl"]).read_text()
    assert (ROOT / published["ReadmeUrl"]).exists()


def test_what_is_published_is_within_the_repository_s_limits() -> None:
    """Source: SAM Developer Guide, "AWS SAM template Metadata section properties"."""
    published = TEMPLATE["Metadata"]["AWS::ServerlessRepo::Application"]
    assert re.fullmatch("[a-zA-Z0-9-]{1,140}", published["Name"])
    assert 1 <= len(published["Description"]) <= 256
    assert re.fullmatch("[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?", published["Author"])
    assert [label for label in published["Labels"] if not re.fullmatch(r"[a-zA-Z0-9+\-_:/@]{1,127}", label)] == []
