"""A stack that is there, planned against a template on this machine: what changes, what stays, what is refused."""

from pathlib import Path

import pytest

from tests.builders import LOGICAL_ID, STREAM_ARN
from tests.cli import TOKEN, TYPE, Command
from tests.cli_kinds.pieces import LOOPS

STACK = ("--stack-name", "platform-encryption", "--offline")
PROPERTIES = {"ServiceToken": "x", "StreamName": "orders", "KeyId": "alias/orders"}
ANOTHER = "'arn:aws:lambda:us-east-1:123456789012:function:another'"
A_THIRD = "'arn:aws:lambda:us-east-1:123456789012:function:third'"
TOPIC = "'arn:aws:sns:us-east-1:123456789012:topic'"
KEY = "Key: {Type: AWS::KMS::Key, Properties: {Description: %s}}"


def one(more: str = "", key: str = "alias/orders", token: str = "x", kind: str = TYPE) -> str:  # noqa: S107 - no secret
    """The stack's resource of the provider's."""
    given = f"ServiceToken: {token}, StreamName: orders, KeyId: {key}"
    return f"{LOGICAL_ID}: {{Type: '{kind}'{more}, Properties: {{{given}}}}}"


def template(*resources: str, more: str = "") -> str:
    """A template of these resources and a topic."""
    return f"{more}\nResources:\n  Topic: {{Type: AWS::SNS::Topic}}\n" + "".join(f"  {each}\n" for each in resources)


@pytest.fixture
def deployed(command: Command) -> Command:
    """The account with a stack that encrypts the stream orders with the key alias/orders."""
    command.deploy(PROPERTIES)
    return command


def verdicts(command: Command, folder: Path, before: str, after: str, parameters: dict[str, str]) -> dict[str, str]:
    """Plan the stack with one template as an update to another."""
    ids = {LOGICAL_ID: STREAM_ARN, "Topic": "arn:topic", "Key": "the-key", "Nested": "arn:nested"}
    command.cloudformation.put("platform-encryption", before, ids, parameters=parameters)
    return command.verdicts(folder, after, *STACK)


SECRET = "Parameters: {P: {Type: String, NoEcho: true}}"  # noqa: S105 - no secret
OF_SSM = "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /key}}"
PERHAPS = "Conditions: {C: !Equals ['{{resolve:ssm:/x}}', a]}"
UNMET = "Conditions: {C: !Equals [a, b]}"
LOOP = "'Fn::ForEach::L': [N, %s, {'${N}': {Type: %s, Properties: {ServiceToken: x, StreamName: orders, KeyId: %s}}}]"
MASKED = template(one(key="!Ref P"), more=SECRET)

SAME = {
    "nothing changes": (template(one()), template(one())),
    "a loop makes what was written out": (
        template(one()),
        LOOPS + template(LOOP % (f"[{LOGICAL_ID}]", TYPE, "alias/orders")),
    ),
    "metadata, policies and dependencies change": (
        template(one()),
        template(one(", Metadata: {a: b}, DependsOn: Topic, DeletionPolicy: Retain")),
    ),
    "a key of the same template stays": (
        template(one(key="!GetAtt Key.Arn"), KEY % "a"),
        template(one(key="!GetAtt Key.Arn"), KEY % "a"),
    ),
    "a key of the same template gets another policy": (
        template(one(key="!GetAtt Key.Arn"), "Key: {Type: AWS::KMS::Key}"),
        template(one(key="!GetAtt Key.Arn"), "Key: {Type: AWS::KMS::Key, DeletionPolicy: Retain, Metadata: {a: b}}"),
    ),
    "a parameter that is masked stays": (
        template(one(key="!Ref P"), more=SECRET),
        template(one(key="!Ref P"), more=SECRET),
    ),
    "a condition is met as before": (
        template(one(", Condition: C"), more="Conditions: {C: !Equals [a, a]}"),
        template(one(), more=UNMET),
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_where_nothing_can_change_the_exit_code_is_0(deployed: Command, tmp_path: Path, case: str) -> None:
    """CloudFormation sends no request."""
    before, after = SAME[case]
    assert verdicts(deployed, tmp_path, before, after, {"P": "****"} if "P:" in before else {}) == {
        LOGICAL_ID: "no-request"
    }
    assert deployed.code == 0


PERHAPS_CHANGED = {
    "a key of the same template changes": (
        template(one(key="!GetAtt Key.Arn"), KEY % "a"),
        template(one(key="!GetAtt Key.Arn"), KEY % "b"),
        {LOGICAL_ID: "unknown"},
    ),
    "a parameter of SSM": (
        template(one(key="!Ref P"), more=OF_SSM),
        template(one(key="!Ref P"), more=OF_SSM),
        {LOGICAL_ID: "unknown"},
    ),
    "a dynamic reference": (
        template(one(key="'{{resolve:ssm:/key}}'")),
        template(one(key="!Sub '{{resolve:ssm:/${K}}}'"), more="Parameters: {K: {Type: String, Default: key}}"),
        {LOGICAL_ID: "unknown"},
    ),
    "a condition that nobody can tell": (
        template(one()),
        template(one(", Condition: C"), more=PERHAPS),
        {LOGICAL_ID: "unknown"},
    ),
    "a condition that nobody can tell, and another key": (
        template(one()),
        template(one(", Condition: C", "alias/payments"), more=PERHAPS),
        {LOGICAL_ID: "unknown"},
    ),
    "an include in the resource": (
        template(one()),
        template(one(", 'Fn::Transform': {Name: AWS::Include}")),
        {LOGICAL_ID: "unknown"},
    ),
    "an include that may bring what is gone": (
        template(one()),
        template("Fn::Transform: {Name: AWS::Include}"),
        {"Fn::Transform": "unknown", LOGICAL_ID: "unknown"},
    ),
    "a loop that may make what is gone": (
        template(one()),
        LOOPS + template(LOOP % ("!Split [',', '{{resolve:ssm:/names}}']", TYPE, "alias/orders")),
        {"Fn::ForEach::L": "unknown", LOGICAL_ID: "unknown"},
    ),
    "a nested stack that stays": (
        template(one(), "Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://x}}"),
        template(one(), "Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://x}}"),
        {LOGICAL_ID: "no-request", "Nested": "unknown"},
    ),
    "a topic that may stand before the provider": (
        template(one(token=TOPIC, kind="Custom::Other")),
        template(one(key="alias/payments", token=TOPIC, kind="Custom::Other")),
        {LOGICAL_ID: "unknown"},
    ),
    "a token of SSM that was written out": (
        template(one()),
        template(one(token="!Ref P"), more=OF_SSM),  # noqa: S106 - no secret
        {LOGICAL_ID: "unknown"},
    ),
}


@pytest.mark.parametrize("case", PERHAPS_CHANGED)
def test_what_may_change_is_never_0(deployed: Command, tmp_path: Path, case: str) -> None:
    """Nobody can tell before the deployment."""
    before, after, told = PERHAPS_CHANGED[case]
    assert verdicts(deployed, tmp_path, before, after, {}) == told
    assert deployed.code == 2


CHANGED = {
    "it is gone": (template(one()), template(), "stop"),
    "its condition is no longer met": (template(one()), template(one(", Condition: C"), more=UNMET), "stop"),
    "its type is any custom type": (template(one(token=f"'{TOKEN}'", kind="Custom::Other")), template(), "stop"),
    "its key changes": (template(one()), template(one(key="alias/payments")), "start"),
}


@pytest.mark.parametrize("case", CHANGED)
def test_what_changes_is_told(deployed: Command, tmp_path: Path, case: str) -> None:
    """Exit 2."""
    before, after, verdict = CHANGED[case]
    assert verdicts(deployed, tmp_path, before, after, {}) == {LOGICAL_ID: verdict}
    assert deployed.code == 2


REFUSED = {
    "its token changes": (template(one()), template(one(token=A_THIRD)), "ServiceTokenChanged"),
    "its token becomes another function's": (
        template(one(token=f"'{TOKEN}'", kind="Custom::Other")),
        template(one(token=ANOTHER, kind="Custom::Other")),
        "ServiceTokenChanged",
    ),
    "another function's token becomes the provider's": (
        template(one(token=ANOTHER, kind="Custom::Other")),
        template(one(token=f"'{TOKEN}'", kind="Custom::Other")),
        "ServiceTokenChanged",
    ),
    "another function's token becomes a third one's": (
        template(one(token=ANOTHER, kind="Custom::Other")),
        template(one(token=A_THIRD, kind="Custom::Other")),
        "ServiceTokenChanged",
    ),
    "its token gets a version": (
        template(one(token=f"'{TOKEN}'")),
        template(one(token=f"'{TOKEN}:live'")),
        "ServiceTokenChanged",
    ),
    "its token is gone": (
        template(one()),
        template(one().replace("ServiceToken: x, ", "")),
        "ServiceTokenMissing",
    ),
    "its type becomes another custom one": (template(one()), template(one(kind="Custom::Other")), "TypeChanged"),
    "its type becomes another": (template(one()), template(f"{LOGICAL_ID}: {{Type: AWS::SNS::Topic}}"), "TypeChanged"),
    "its type was another": (template(f"{LOGICAL_ID}: {{Type: AWS::SNS::Topic}}"), template(one()), "TypeChanged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cloudformation_refuses_of_an_update_is_refused(deployed: Command, tmp_path: Path, case: str) -> None:
    """Exit 1, with the code and the advice to use a new logical id."""
    before, after, code = REFUSED[case]
    assert verdicts(deployed, tmp_path, before, after, {}) == {LOGICAL_ID: code}
    assert deployed.code == 1


def test_other_people_s_custom_resources_are_left_out(deployed: Command, tmp_path: Path) -> None:
    """Of a topic nobody knows whose it is; where no property changes, no request is sent in any case."""
    other = one(token=ANOTHER, kind="Custom::Other")
    changed = one(key="alias/payments", token=ANOTHER, kind="Custom::Other")
    assert verdicts(deployed, tmp_path, template(other), template(changed), {}) == {}
    assert deployed.code == 0
    topic = one(token=TOPIC, kind="Custom::Other")
    assert verdicts(deployed, tmp_path, template(topic), template(topic), {}) == {}
    assert deployed.code == 0


@pytest.mark.parametrize(
    "kind", ["AWS::CloudFormation::StackSet", "AWS::ServiceCatalog::CloudFormationProvisionedProduct"]
)
def test_what_is_deleted_with_other_stacks_is_unknown(command: Command, tmp_path: Path, kind: str) -> None:
    """Only CloudFormation knows what is in them; one that is retained takes nothing with it."""
    before = template(f"Nested: {{Type: {kind}}}")
    assert verdicts(command, tmp_path, before, template(), {}) == {"Nested": "unknown"}
    assert command.code == 2
    assert command.lines("--delete", "--stack-name", "platform-encryption") == [("Nested", "?", None, "unknown")]
    assert command.code == 2
    retained = template(f"Nested: {{Type: {kind}, DeletionPolicy: Retain}}")
    assert verdicts(command, tmp_path, retained, template(), {}) == {}
    assert command.code == 0
