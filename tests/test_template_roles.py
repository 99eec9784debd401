"""The roles in template.yaml: which permissions they have, on what, and who can assume them."""

from typing import Any

import pytest

from tests.templates import ROOT, load, nodes

TEMPLATE = load(ROOT / "template.yaml")
RESOURCES = TEMPLATE["Resources"]
FUNCTION = RESOURCES["Function"]["Properties"]
RESPONDER = RESOURCES["FailureResponder"]["Properties"]
ROLE = RESOURCES["Role"]["Properties"]
RESPONDER_ROLE = RESOURCES["FailureResponderRole"]["Properties"]
STATE_MACHINE_ROLE = RESOURCES["StateMachineRole"]["Properties"]
PARAMETERS = TEMPLATE["Parameters"]
FUNCTION_ARN = {"Fn::GetAtt": ["Function", "Arn"]}
RESPONDER_ARN = {"Fn::GetAtt": ["FailureResponder", "Arn"]}
STATE_MACHINE_ARN = {
    "Fn::Sub": "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${FunctionName}"
}
TABLES = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table"
RECORD_TABLE = {
    "Fn::If": [
        "RecordTableIsMade",
        {"Fn::Sub": f"{TABLES}/${{FunctionName}}-record"},
        {"Fn::Sub": f"{TABLES}/${{RecordTableName}}"},
    ]
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


def test_the_function_s_role_has_exactly_these_permissions() -> None:
    """Least privilege: a new action, or a wider resource, has to be added here as well."""
    assert {sid: (actions(sid), statement["Resource"]) for sid, statement in STATEMENTS.items()} == {
        "LookAtStreams": (
            {"kinesis:DescribeStreamSummary", "kinesis:DescribeStream"},
            resources("StreamArns", "EveryStream", EVERY_STREAM),
        ),
        "Streams": (
            {
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
        "GrantKeysForTheStreamsOnly": ({"kms:CreateGrant"}, resources("KeyArns", "EveryKey", EVERY_KEY)),
        "RevokeGrants": ({"kms:RevokeGrant", "kms:ListGrants"}, resources("KeyArns", "EveryKey", EVERY_KEY)),
        "Record": ({"dynamodb:GetItem", "dynamodb:PutItem"}, RECORD_TABLE),
        "RecordUnderItsKey": ({"kms:Decrypt"}, {"Ref": "RecordKeyArn"}),
        "HandOver": ({"states:StartExecution"}, STATE_MACHINE_ARN),
        "PassOnFailures": ({"lambda:InvokeFunction"}, RESPONDER_ARN),
        "HandOverUnderItsKey": ({"kms:Decrypt", "kms:GenerateDataKey"}, {"Ref": "StateMachineKeyArn"}),
        "OwnLogGroup": (
            {"logs:CreateLogStream", "logs:PutLogEvents"},
            {"Fn::GetAtt": ["Logs", "Arn"]},
        ),
        "Traces": (TRACES, "*"),
    }


def test_a_grant_can_only_be_for_one_of_two_operations_on_the_records_of_the_streams() -> None:
    """Grants: a hostile template can't grant itself a key for anything else. ForAllValues is true of no values."""
    operations = "kms:GrantOperations"
    assert STATEMENTS["GrantKeysForTheStreamsOnly"]["Condition"] == {
        "ForAllValues:StringEquals": {operations: ["GenerateDataKey", "Decrypt"]},
        "Null": {operations: "false"},
        "StringEquals": {"kms:GrantConstraintType": "EncryptionContextSubset"},
        "StringLike": {"kms:EncryptionContext:aws:kinesis:arn": resources("StreamArns", "EveryStream", EVERY_STREAM)},
    }


def test_without_allow_grants_no_role_may_grant() -> None:
    """Grants: only with a parameter of the provider; the default is false."""
    (policy,) = [one["Fn::If"] for one in ROLE["Policies"] if one.get("Fn::If", [""])[0] == "GrantsAreAllowed"]
    assert {statement["Sid"] for statement in policy[1]["PolicyDocument"]["Statement"]} == {
        "GrantKeysForTheStreamsOnly",
        "RevokeGrants",
    }
    assert policy[2] == {"Ref": "AWS::NoValue"}
    assert TEMPLATE["Conditions"]["GrantsAreAllowed"] == {"Fn::Equals": [{"Ref": "AllowGrants"}, "true"]}
    assert PARAMETERS["AllowGrants"]["Default"] == "false"
    assert FUNCTION["Environment"]["Variables"]["ALLOW_GRANTS"] == {"Ref": "AllowGrants"}


def test_the_state_machine_s_role_has_exactly_these_permissions() -> None:
    """Least privilege: a changed definition must not gain any permission."""
    assert {
        sid: (actions(sid, STATE_MACHINE_STATEMENTS), statement["Resource"])
        for sid, statement in STATE_MACHINE_STATEMENTS.items()
    } == {
        "TakeSteps": ({"lambda:InvokeFunction"}, [FUNCTION_ARN, RESPONDER_ARN]),
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
"""AWS Step Functions Developer Guide, "Logging in CloudWatch Logs": none supports resource-level permissions."""

TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
SAMPLING = {"xray:GetSamplingRules", "xray:GetSamplingTargets"}
"""AWS Step Functions Developer Guide, "IAM policies for X-Ray"; Lambda's guide asks only for the first two."""


def test_stream_tag_limits_changes_and_not_looks() -> None:
    """Promise 7: a deleted stream has no tag; a Delete needs StreamNotFound, not AccessDenied."""
    tagged = {"StringEquals": {"aws:ResourceTag/kinesis-stream-encryption:allowed": {"Ref": "StreamTag"}}}
    assert STATEMENTS["Streams"]["Condition"] == {"Fn::If": ["StreamsByTag", tagged, {"Ref": "AWS::NoValue"}]}
    assert "Condition" not in STATEMENTS["LookAtStreams"]
    assert TEMPLATE["Conditions"]["StreamsByTag"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "StreamTag"}, "none"]}]}
    assert PARAMETERS["StreamTag"]["Default"] == "none"


def test_the_provider_can_change_no_tag() -> None:
    """Threat model: the tag of StreamTag is the consent of the stream's owner; the provider can't give it to itself."""
    every = {action for sid in STATEMENTS for action in actions(sid)}
    assert not {action for action in every if "tag" in action.lower()}


def test_the_record_s_key_serves_this_table_s_data_only() -> None:
    """Least privilege: kms:Decrypt on a key of the account is limited to DynamoDB and to this table."""
    name = {"Fn::If": ["RecordTableIsMade", {"Fn::Sub": "${FunctionName}-record"}, {"Ref": "RecordTableName"}]}
    assert STATEMENTS["RecordUnderItsKey"]["Condition"] == {
        "StringEquals": {
            "kms:ViaService": {"Fn::Sub": "dynamodb.${AWS::Region}.amazonaws.com"},
            "kms:EncryptionContext:aws:dynamodb:tableName": name,
        }
    }


def test_the_state_machine_s_key_serves_this_state_machine_s_data_only() -> None:
    """Least privilege: the encryption context limits both roles to these executions."""
    context = {"StringEquals": {"kms:EncryptionContext:aws:states:stateMachineArn": STATE_MACHINE_ARN}}
    assert STATEMENTS["HandOverUnderItsKey"]["Condition"] == context
    assert STATE_MACHINE_STATEMENTS["OwnDataUnderItsKey"]["Condition"] == context
    logs = {"Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*"}
    assert STATE_MACHINE_STATEMENTS["LogsUnderItsKey"]["Condition"] == {
        "StringEquals": {"kms:EncryptionContext:SourceArn": logs}
    }


@pytest.mark.parametrize(
    ("role", "keys"),
    [
        (
            ROLE,
            {
                "GrantsAreAllowed": "",
                "RecordHasAKeyOfItsOwn": "RecordKeyArn",
                "StateMachineHasAKeyOfItsOwn": "StateMachineKeyArn",
            },
        ),
        (STATE_MACHINE_ROLE, {"StateMachineHasAKeyOfItsOwn": "StateMachineKeyArn"}),
    ],
    ids=["function", "state machine"],
)
def test_without_a_key_of_its_own_a_role_has_no_permission_on_one(role: dict[str, Any], keys: dict[str, str]) -> None:
    """The word none must not become a statement's Resource."""
    conditional = [policy["Fn::If"] for policy in role["Policies"] if "Fn::If" in policy]
    assert [(name, otherwise) for name, _, otherwise in conditional] == [
        (name, {"Ref": "AWS::NoValue"}) for name in keys
    ]
    always = [policy for policy in role["Policies"] if "Fn::If" not in policy]
    assert not [key for key in keys.values() if key and {"Ref": key} in nodes(always)]


def test_only_this_state_machine_can_assume_its_role() -> None:
    """No other state machine can make Step Functions use the role (confused deputy)."""
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


def test_every_role_takes_the_permissions_boundary() -> None:
    """The deployer role can't make a role without it."""
    roles = [one["Properties"] for one in RESOURCES.values() if one["Type"] == "AWS::IAM::Role"]
    assert len(roles) >= 3
    boundary = {"Fn::If": ["RolesAreBounded", {"Ref": "PermissionsBoundaryArn"}, {"Ref": "AWS::NoValue"}]}
    assert [role for role in roles if role.get("PermissionsBoundary") != boundary] == []
    assert TEMPLATE["Conditions"]["RolesAreBounded"] == {
        "Fn::Not": [
            {"Fn::Equals": [{"Ref": "PermissionsBoundaryArn"}, PARAMETERS["PermissionsBoundaryArn"]["Default"]]}
        ]
    }


def test_data_keys_are_made_through_kinesis_only() -> None:
    """Least privilege: a stolen role can use the keys for streams and nothing else."""
    assert STATEMENTS["DataKeysThroughKinesisOnly"]["Condition"] == {
        "StringEquals": {"kms:ViaService": {"Fn::Sub": "kinesis.${AWS::Region}.amazonaws.com"}}
    }


def test_only_lambda_can_assume_the_role_and_no_managed_policy_is_attached() -> None:
    """Least privilege: a managed policy can change without a review here."""
    assert "ManagedPolicyArns" not in ROLE
    assert "Policies" not in FUNCTION
    assert FUNCTION["Role"] == {"Fn::GetAtt": ["Role", "Arn"]}
    assert [statement["Principal"] for statement in ROLE["AssumeRolePolicyDocument"]["Statement"]] == [
        {"Service": "lambda.amazonaws.com"}
    ]


def test_the_failure_responder_can_only_log_and_send_traces() -> None:
    """Least privilege: answering a ResponseURL needs no permission."""
    assert RESPONDER["Role"] == {"Fn::GetAtt": ["FailureResponderRole", "Arn"]}
    assert set(RESPONDER_ROLE) == {"Description", "AssumeRolePolicyDocument", "Policies", "PermissionsBoundary"}
    held = statements(RESPONDER_ROLE)
    assert {sid: (actions(sid, held), one["Resource"]) for sid, one in held.items()} == {
        "OwnLogGroup": ({"logs:CreateLogStream", "logs:PutLogEvents"}, {"Fn::GetAtt": ["FailureResponderLogs", "Arn"]}),
        "Traces": (TRACES, "*"),
    }


def test_only_logs_and_traces_have_a_star_as_their_resource() -> None:
    """Least privilege, also for statements that are added later. No action holds a star."""
    found = [node for node in nodes(RESOURCES) if isinstance(node, dict) and "Effect" in node]
    assert len(found) > len(STATEMENTS) + len(STATE_MACHINE_STATEMENTS)
    for statement in found:
        assert (
            "*" not in nodes(statement.get("Resource")) or set(statement["Action"]) <= LOG_DELIVERY | TRACES | SAMPLING
        )
        assert not any("*" in action for action in nodes(statement["Action"]) if isinstance(action, str))
