"""The table of the record in template.yaml: its form, how it is kept, and who knows its name."""

from typing import Any

import pytest

from stream_encryption_cli.template.functions import Functions
from stream_encryption_cli.template.scope import Scope
from tests.policies import statements
from tests.templates import ROOT, load, resolve

TEMPLATE = load(ROOT / "template.yaml")
RESOURCES = TEMPLATE["Resources"]
TABLE = RESOURCES["RecordTable"]["Properties"]
ACCOUNT, REGION = "123456789012", "us-east-1"


def scope(parameters: dict[str, str]) -> Scope:
    """The template's values and conditions with these parameters."""
    values: dict[str, Any] = {name: parameter["Default"] for name, parameter in TEMPLATE["Parameters"].items()}
    return Scope(values=values | parameters, conditions=TEMPLATE["Conditions"])


def test_the_table_has_the_key_and_the_expiry_that_the_record_uses() -> None:
    """record.py's item: its key is `stream`, and DynamoDB deletes it after `expires`."""
    assert TABLE["KeySchema"] == [{"AttributeName": "stream", "KeyType": "HASH"}]
    assert TABLE["AttributeDefinitions"] == [{"AttributeName": "stream", "AttributeType": "S"}]
    assert TABLE["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert TABLE["BillingMode"] == "PAY_PER_REQUEST"


def test_the_record_outlives_its_stack_and_can_be_restored() -> None:
    """Promise 3: without the record a Delete can't restore a stream."""
    assert RESOURCES["RecordTable"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert RESOURCES["RecordTable"]["UpdateReplacePolicy"] == "Retain"
    assert TABLE["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_a_failed_first_deployment_can_delete_its_table() -> None:
    """With deletion protection, the rollback of a first deployment would fail."""
    assert "DeletionProtectionEnabled" not in TABLE


def test_the_table_s_name_is_fixed_so_that_a_second_deployment_can_t_begin_with_an_empty_one() -> None:
    """Rule 6: CloudFormation refuses the name of the table that was kept, until RecordTableName gives it."""
    assert TABLE["TableName"] == {"Fn::Sub": "${FunctionName}-record"}


def test_the_table_takes_a_key_and_gives_it_up_again() -> None:
    """Without SSESpecification DynamoDB encrypts under a key that AWS owns."""
    condition, own, otherwise = TABLE["SSESpecification"]["Fn::If"]
    assert TEMPLATE["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "RecordKeyArn"}, "none"]}]}
    assert own == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": "RecordKeyArn"}}
    assert otherwise == {"Ref": "AWS::NoValue"}
    assert TEMPLATE["Parameters"]["RecordKeyArn"]["Default"] == "none"


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({}, "kinesis-stream-encryption-record"),
        ({"FunctionName": "x"}, "x-record"),
        ({"RecordTableName": "kept"}, "kept"),
    ],
)
def test_the_function_its_role_the_output_and_ssm_name_the_same_table(parameters: dict[str, str], name: str) -> None:
    """Another provider, the audit and the plan find the table by SSM or by the output."""
    made = Functions(scope(parameters)).holds("RecordTableIsMade")
    assert made is ("RecordTableName" not in parameters)
    assert RESOURCES["RecordTable"]["Condition"] == "RecordTableIsMade"
    ref = resolve(TABLE["TableName"], scope(parameters)) if made else name
    named = (
        RESOURCES["Function"]["Properties"]["Environment"]["Variables"]["RECORD_TABLE"],
        RESOURCES["RecordTableParameter"]["Properties"]["Value"],
        TEMPLATE["Outputs"]["RecordTableName"]["Value"],
    )
    for one in named:
        assert one["Fn::If"] == ["RecordTableIsMade", {"Ref": "RecordTable"}, {"Ref": "RecordTableName"}]
    assert ref == name
    allowed = [one for one in statements("Role", ACCOUNT, REGION, **parameters) if one.sid == "Record"]
    assert [one.resources for one in allowed] == [(f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}",)]


def test_the_ssm_parameter_is_named_after_the_provider() -> None:
    """Two providers in one account must not want the same name."""
    assert RESOURCES["RecordTableParameter"]["Properties"]["Name"] == {"Fn::Sub": "/${FunctionName}/RecordTableName"}
