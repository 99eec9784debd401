"""deploy/deployer-role.yaml: what a deployment of template.yaml needs, and nothing else."""

import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import cfnlint.data.AdditionalSpecs
import pytest
from cfnlint.helpers import load_resource
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from stream_encryption_cli.template.scope import Scope
from tests.policies import ROLES, several
from tests.policies import statements as of_the_provider
from tests.templates import ROOT, load, nodes, resolve

TEMPLATE = load(ROOT / "deploy" / "deployer-role.yaml")
PROVIDER = load(ROOT / "template.yaml")
DEPLOYER = TEMPLATE["Resources"]["Deployer"]["Properties"]
BOUNDARY = TEMPLATE["Resources"]["Boundary"]["Properties"]
NAME = TEMPLATE["Parameters"]["ProviderName"]["Default"]
ACCOUNT, REGION = "111122223333", "eu-west-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"

SAMS_OWN = {
    "cloudformation:CreateChangeSet",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:GetTemplateSummary",
    "s3:GetObject",
    "s3:PutObject",
}
"""What `sam deploy` calls (aws-sam-cli's lib/deploy/deployer.py); tests/stack/test_sam_deploy.py runs it so."""

BECOMES = {"AWS::Serverless::Function": ("AWS::Lambda::Function", "AWS::Lambda::EventInvokeConfig")}
"""What SAM makes of its own types here."""

UNUSED = {
    "AWS::Lambda::Function": (
        r"ec2:|elasticfilesystem:|s3files:|kms:|s3:GetObjectVersion|lambda:PassCapacityProvider"
        r"|lambda:(Get|Associate)(LayerVersion|RuntimeAlias)|lambda:(Put|Delete)Function(Concurrency|CodeSigningConfig)"
        r"|lambda:GetCodeSigningConfig|lambda:PublishVersion|lambda:Put(FunctionRecursion|FunctionScaling|RuntimeManagement)Config"
    ),  # VPC, file systems, layers, signing, versions, reserved concurrency, keys for variables
    "AWS::Logs::LogGroup": (
        r"firehose:|s3:|logs:(Put|Delete)(IndexPolicy|DataProtectionPolicy|ResourcePolicy)|logs:CreateLogDelivery"
        r"|logs:PutBearerTokenAuthentication|logs:PutLogGroupDeletionProtection"
    ),  # indexes, data protection, bearer tokens
    # Managed policies; and no way out of the boundary.
    "AWS::IAM::Role": r"iam:(Attach|Detach)RolePolicy|iam:DeleteRolePermissionsBoundary",
    "AWS::StepFunctions::StateMachine": r"s3:GetObjectVersion",
    "AWS::DynamoDB::Table": (
        r"dynamodb:(Scan|Query|(Get|Put|Update|Delete)Item|BatchWriteItem)$|dynamodb:(Describe|)Import"
        r"|dynamodb:(Enable|Disable|Update)KinesisStreamingDestination|dynamodb:UpdateContributorInsights|dynamodb:.*Replica"
        r"|dynamodb:(Put|Delete)ResourcePolicy|iam:|kinesis:|logs:|s3:|kms:ListAliases"
    ),  # reading and writing the record; imports, streams, replicas, resource policies
}
"""What AWS's handlers can need for properties that the templates do not set."""


def statements(policies: Any, **parameters: str) -> list[dict[str, Any]]:
    """The statements of policies as CloudFormation would deploy them with these parameters."""
    values: dict[str, Any] = {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "AWS::Region": REGION}
    for name, declared in TEMPLATE["Parameters"].items():
        value = parameters.get(name, declared.get("Default"))
        values[name] = value.split(",") if declared["Type"] == "CommaDelimitedList" else value
    found = resolve(policies, Scope(values=values, conditions=TEMPLATE["Conditions"]))
    return [node for node in nodes(found) if isinstance(node, dict) and "Effect" in node]


GIVEN = statements(DEPLOYER["Policies"], KeyArns=KEY)
BOUNDS = statements(BOUNDARY["PolicyDocument"])


def actions(of: list[dict[str, Any]]) -> set[str]:
    """All that statements allow."""
    return {action for one in of for action in several(one["Action"])}


def needed() -> set[str]:
    """What CloudFormation calls for the resources of both templates, by AWS's own resource schemas."""
    found: set[str] = set()
    for one in {resource["Type"] for resource in PROVIDER["Resources"].values()}:
        for kind in BECOMES.get(one, (one,)):
            handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region=REGION, resource_type=kind).schema["handlers"]
            # A deployment calls no list handler.
            calls = {call for name, one in handlers.items() if name != "list" for call in one["permissions"]}
            found |= {call for call in calls if not re.match(UNUSED.get(kind, r"$"), call)}
    return found


def test_the_role_allows_what_sam_and_cloudformation_call_for_these_templates_and_nothing_else() -> None:
    """Least privilege by action: another type of resource in a template has to be allowed here, and argued for."""
    assert actions(GIVEN) == needed() | SAMS_OWN


def test_a_star_stands_only_for_what_knows_no_resources() -> None:
    """Least privilege by resource, as AWS's Service Authorization Reference says, which cfn-lint keeps."""
    services = load_resource(cfnlint.data.AdditionalSpecs, "Policies.json")
    for one in (*GIVEN, *BOUNDS):
        if one["Resource"] == "*":
            for action in several(one["Action"]):
                service, name = action.split(":")
                looked_at = services[service]["Actions"][name.lower()].get("Resources", [])
                assert not looked_at, action
        assert not any("*" in action for action in several(one["Action"]))


def allows(action: str, resource: str) -> bool:
    """Whether the role may do something, its conditions met."""
    return any(
        action in several(one["Action"]) and any(fnmatchcase(resource, pattern) for pattern in several(one["Resource"]))
        for one in GIVEN
    )


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("cloudformation:ExecuteChangeSet", f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{NAME}/1", True),
        ("cloudformation:ExecuteChangeSet", f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{NAME}2/1", False),
        ("cloudformation:ExecuteChangeSet", f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{NAME}/1", False),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}", True),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}-failure-responder", True),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}-other", False),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}", False),
        ("lambda:AddPermission", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}-watch", True),
        ("lambda:AddPermission", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}", False),
        ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/{NAME}-Role-ABC", True),
        ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/admin", False),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin", False),
        ("s3:PutObject", f"arn:aws:s3:::aws-sam-cli-managed-default-x/{NAME}/code", True),
        ("s3:PutObject", "arn:aws:s3:::aws-sam-cli-managed-default-x/another/code", False),
        ("ssm:PutParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{NAME}/ServiceToken", True),
        ("ssm:PutParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{NAME}/RecordTableName", True),
        ("dynamodb:CreateTable", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{NAME}-record", True),
        ("dynamodb:CreateTable", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/another", False),
        ("dynamodb:PutItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{NAME}-record", False),
        ("ssm:PutParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/password", False),
        ("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{NAME}-throttles", True),
        ("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:another", False),
        ("cloudwatch:PutDashboard", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{NAME}", True),
        ("cloudwatch:PutDashboard", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/another", False),
    ],
)
def test_it_reaches_the_providers_resources_alone(action: str, resource: str, *, allowed: bool) -> None:
    """Whoever takes the pipeline over gets this stack, and no other."""
    assert allows(action, resource) is allowed


def test_it_reaches_every_role_log_group_and_function_of_the_template() -> None:
    """What is added or renamed there, the next deployment would be denied."""
    for logical_id in ROLES:
        assert allows("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/{NAME}-{logical_id}-1A2B3C4D5E6F"), logical_id
    for resource in PROVIDER["Resources"].values():
        name = str(resource["Properties"].get("LogGroupName", {"Fn::Sub": ""})["Fn::Sub"]).replace(
            "${FunctionName}", NAME
        )
        if resource["Type"] == "AWS::Logs::LogGroup":
            assert allows("logs:PutRetentionPolicy", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"), name
    assert PROVIDER["Parameters"]["FunctionName"]["Default"] == NAME
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for environment in ("staging", "production"):
        assert config[environment]["global"]["parameters"]["stack_name"] == NAME
        assert config[environment]["deploy"]["parameters"]["s3_prefix"] == NAME


def test_it_reaches_every_alarm_and_the_dashboard() -> None:
    """What is named otherwise there, the next deployment would be denied."""
    found = []
    for resource in PROVIDER["Resources"].values():
        named = resource["Properties"].get("AlarmName") or {"Fn::Sub": ""}
        if name := named["Fn::Sub"].replace("${FunctionName}", NAME):
            found.append(name)
            action = "PutCompositeAlarm" if resource["Type"].endswith("::CompositeAlarm") else "PutMetricAlarm"
            assert allows(f"cloudwatch:{action}", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"), name
    assert len(found) == len([one for one in PROVIDER["Resources"].values() if one["Type"].endswith("Alarm")])
    assert PROVIDER["Resources"]["Dashboard"]["Properties"]["DashboardName"] == {"Ref": "FunctionName"}


def test_it_can_change_neither_itself_nor_the_boundary() -> None:
    """Else the bound would hold for nobody."""
    own = f"arn:aws:iam::{ACCOUNT}:role/{DEPLOYER['RoleName']['Fn::Sub'].replace('${ProviderName}', NAME)}"
    assert not any(allows(action, own) for action in actions(GIVEN) if action.startswith("iam:"))
    assert not any(re.match(r"iam:.*(PolicyVersion|Policy)$", one) for one in actions(GIVEN) if "Role" not in one)
    assert "iam:DeleteRolePermissionsBoundary" not in actions(GIVEN)


def test_it_makes_and_writes_roles_within_the_boundary_alone() -> None:
    """A pipeline that could write any policy into a role of Lambda's would have every right of the account."""
    writes = {"iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"}
    written = [node for node in nodes(DEPLOYER["Policies"]) if isinstance(node, dict) and "Effect" in node]
    (bounded,) = [one for one in written if writes & set(several(one["Action"]))]
    assert set(bounded["Action"]) == writes
    assert bounded["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": {"Ref": "Boundary"}}}
    passing = [one["Condition"] for one in GIVEN if "iam:PassRole" in several(one["Action"])]
    assert passing == [
        {
            "StringEquals": {
                "iam:PassedToService": ["lambda.amazonaws.com", "scheduler.amazonaws.com", "states.amazonaws.com"]
            }
        }
    ]


def test_only_jobs_of_one_environment_of_one_repository_and_one_pipeline_can_be_it() -> None:
    """Without the sub, every repository of GitHub's could assume it."""
    parameters = {
        "GitHubRepository": "example/streams",
        "GitHubEnvironment": "production",
        "PipelineRoleArn": f"arn:aws:iam::{ACCOUNT}:role/pipeline",
    }
    github, pipeline = statements(DEPLOYER["AssumeRolePolicyDocument"], **parameters)
    issuer = "token.actions.githubusercontent.com"
    assert github["Principal"] == {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"}
    assert github["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert github["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": "repo:example/streams:environment:production",
        }
    }
    assert (pipeline["Principal"], pipeline["Action"]) == ({"AWS": parameters["PipelineRoleArn"]}, "sts:AssumeRole")
    assert len(statements(DEPLOYER["AssumeRolePolicyDocument"], GitHubRepository="example/streams")) == 1


@pytest.mark.parametrize(
    ("repository", "valid"),
    [
        ("example/streams", True),
        ("example@1234/streams@5678", True),
        ("example", False),
        ("example/*", False),
        ("example@x/streams", False),
    ],
)
def test_a_repository_is_named_as_github_s_token_names_it(repository: str, *, valid: bool) -> None:
    """GitHub names repositories made since July 2026 with the ids of owner and repository, older ones without."""
    pattern = TEMPLATE["Parameters"]["GitHubRepository"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, repository)) is valid


def bounded_calls() -> Iterator[tuple[str, str]]:
    """Each action of the provider's roles, on each resource that a policy names whole."""
    parameters = {"StateMachineKeyArn": KEY, "RecordKeyArn": KEY, "StreamArns": "all", "KeyArns": "all"}
    for role in ROLES:
        for one in of_the_provider(role, ACCOUNT, REGION, **parameters):
            named = [resource for resource in one.resources if resource.startswith("arn:") or resource == "*"]
            yield from ((action, resource) for action in one.actions for resource in named)


def test_the_boundary_leaves_the_provider_every_right_that_it_has() -> None:
    """A right that is added to a role and not here would be denied where the pipeline deploys, and only there."""
    calls = list(bounded_calls())
    assert {action.partition(":")[0] for action, _ in calls} >= {"kinesis", "kms", "states", "dynamodb"}
    lacking = [
        (action, resource)
        for action, resource in calls
        if not any(
            action in several(one["Action"]) and any(fnmatchcase(resource, on) for on in several(one["Resource"]))
            for one in BOUNDS
        )
    ]
    assert lacking == []
    every = {
        action
        for role in ROLES
        for one in of_the_provider(role, ACCOUNT, REGION, AllowGrants="true")
        for action in one.actions
    }
    assert every <= actions(BOUNDS)


def test_the_boundary_follows_a_table_that_exists_already() -> None:
    """Without it the provider could not read the record that an earlier stack left behind."""
    bounds = statements(BOUNDARY["PolicyDocument"], RecordTableName="kept")
    tables = [one["Resource"] for one in bounds if "dynamodb:PutItem" in several(one["Action"])]
    assert tables == [f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/kept"]
    contexts = [one["Condition"]["StringEquals"] for one in bounds if one["Sid"] == "OwnRecordUnderItsKey"]
    assert [one["kms:EncryptionContext:aws:dynamodb:tableName"] for one in contexts] == ["kept"]


def test_the_boundary_limits_the_provider_to_its_own_services_and_data() -> None:
    """Least privilege: no identities, no other functions, no other table, and no data but its own under a key."""
    services = {action.partition(":")[0] for action in actions(BOUNDS)}
    assert services == {"kinesis", "kms", "states", "dynamodb", "events", "lambda", "logs", "xray"}
    assert actions(BOUNDS) & {"kinesis:GetRecords", "lambda:UpdateFunctionCode", "logs:GetLogEvents"} == set()
    own = {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:UpdateItem"}
    assert {one for one in actions(BOUNDS) if one.startswith("dynamodb:")} == own
    own_data = {"kms:EncryptionContext:aws:states:stateMachineArn", "kms:EncryptionContext:aws:dynamodb:tableName"}
    for one in (one for one in BOUNDS if "kms:Decrypt" in several(one["Action"])):
        assert own_data & set(one["Condition"]["StringEquals"])


def test_the_deployer_reads_and_writes_no_record() -> None:
    """Threat model: who can write the record can make the provider stop the encryption of a stream."""
    assert not {
        one for one in actions(GIVEN) if re.match(r"dynamodb:.*(Item|Query|Scan|Import|ResourcePolicy)", one)
    } - {"dynamodb:GetResourcePolicy"}


def test_every_role_name_has_room_for_cloudformation_s_suffix() -> None:
    """A role's name has at most 64 characters: the stack's name, the logical id and 12 random ones."""
    pattern = TEMPLATE["Parameters"]["ProviderName"]["AllowedPattern"]
    longest = 64 - max(len(f"-{logical_id}-") for logical_id in ROLES) - 12
    assert re.fullmatch(pattern, "x" * longest)
    assert not re.fullmatch(pattern, "x" * (longest + 1))
