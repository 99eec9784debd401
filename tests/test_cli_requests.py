"""Which resources a template has for the provider, and what CloudFormation would ask for when it is deployed."""

from collections.abc import Mapping
from typing import Any

import pytest

from stream_encryption_cli.requests import Asked, Existing, requests
from stream_encryption_cli.resources import served
from stream_encryption_cli.resources.served import TYPE, Served
from stream_encryption_cli.resources.template import EMPTY, MadeStream, Resource, Template
from stream_encryption_cli.template.scope import Scope
from stream_encryption_cli.template.text import read
from stream_encryption_cli.template.unknown import Unknown
from tests.builders import ATTRIBUTES, STREAM_ARN

KEY = Unknown(("!GetAtt Key.Arn",), frozenset({"Key"}))
SERVED = Served(frozenset({"the-token"}), looked=True)
K = "Key: {Type: AWS::KMS::Key}"


def template(yaml: str, **values: str) -> Template:
    """A template of these resources, in short: `{E}` is the provider's type."""
    pseudo = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"}
    return Template(read(yaml.replace("{E}", f"Type: {TYPE}")), Scope({**pseudo, **values}), deployed=True)


def test_only_the_providers_own_resources_are_looked_at() -> None:
    """Whatever else a template makes, it is not asked for here; properties are sent as strings."""
    found = template("""
        Resources:
          Bucket: {Type: AWS::S3::Bucket, Properties: {Name: !Cidr x}}
          One: {{E}, Properties: {StreamName: orders, SettleSeconds: 5, Verify: true, KeyId: !GetAtt Key.Arn}}
          Bare: {{E}}
          Kept: {{E}, DeletionPolicy: Retain, UpdateReplacePolicy: Retain}
    """).customs
    sent = {"StreamName": "orders", "SettleSeconds": "5", "Verify": "true", "KeyId": KEY}
    assert found == {
        "One": Resource("One", TYPE, sent, line=4),
        "Bare": Resource("Bare", TYPE, {}, line=5),
        "Kept": Resource("Kept", TYPE, {}, None, None, "Retain", "Retain", line=6),
    }


def test_a_resource_is_there_if_its_condition_is_met() -> None:
    """One whose condition nobody can tell is there, perhaps."""
    found = template(
        """
        Conditions:
          Met: !Equals [!Ref Stage, production]
          Unmet: !Not [!Condition Met]
          Perhaps: !Equals ['{{resolve:ssm:/stage}}', production]
        Resources:
          One: {{E}, Condition: Met}
          Two: {{E}, Condition: Unmet}
          Three: {{E}, Condition: Perhaps}
        """,
        Stage="production",
    ).customs
    assert {name: one.unsure for name, one in found.items()} == {
        "One": None,
        "Three": Unknown(("{{resolve:ssm:/stage}}",), steady=False),
    }


def test_an_include_within_a_resource_opens_it() -> None:
    """What is known stays known."""
    found = template("""
        Resources:
          All: {{E}, Properties: {Fn::Transform: {Name: AWS::Include}}}
          Some: {{E}, Properties: {StreamName: orders, Fn::Transform: {Name: AWS::Include}}}
          Around: {{E}, Fn::Transform: {Name: AWS::Include}, Properties: {StreamName: orders}}
          Value: {{E}, Properties: {StreamName: orders, KeyId: !Transform {Name: AWS::Include}}}
    """).customs
    include = Unknown(("Fn::Transform",), steady=False)
    assert {name: (one.properties, one.opened) for name, one in found.items()} == {
        "All": ({}, include),
        "Some": ({"StreamName": "orders"}, include),
        "Around": ({"StreamName": "orders"}, include),
        "Value": ({"StreamName": "orders", "KeyId": include}, None),
    }


def test_the_streams_of_the_template_itself_are_known_by_name() -> None:
    """Ref of a stream with a Name is that name; its ARN is known as well."""
    one = template("""
        Resources:
          Named: {Type: AWS::Kinesis::Stream, Properties: {Name: clicks}}
          Unnamed: {Type: AWS::Kinesis::Stream}
          Keyed: {Type: AWS::Kinesis::Stream, Properties: {StreamEncryption: {EncryptionType: KMS, KeyId: alias/a}}}
          A: {{E}, Properties: {StreamName: !Ref Named}}
          B: {{E}, Properties: {StreamARN: !GetAtt Named.Arn}}
          C: {{E}, Properties: {StreamName: !Ref Unnamed}}
    """)
    assert one.streams == {
        "Named": MadeStream("Named", "clicks", None),
        "Unnamed": MadeStream("Unnamed", None, None),
        "Keyed": MadeStream("Keyed", None, "alias/a"),
    }
    asked = {each.resource: each for each in requests(one, SERVED)}
    assert asked["A"].properties["StreamName"] == "clicks"
    assert asked["B"].properties["StreamARN"] == STREAM_ARN.replace("orders", "clicks")
    assert [asked[name].stream for name in "ABC"] == [one.streams[name] for name in ("Named", "Named", "Unnamed")]


ONE = "One: {{E}, Properties: {StreamName: orders, KeyId: %s}}"
MINE = {"One": STREAM_ARN}


def asked(after: str, before: str, ids: Mapping[str, str] | None = None, **more: Any) -> list[Asked]:
    """What CloudFormation asks for when one set of resources follows another."""
    existing = Existing(template(f"Resources: {{{before}}}"), ids or MINE, **more)
    return requests(template(f"Resources: {{{after}}}"), SERVED, existing)


def told(requests: list[Asked]) -> list[tuple[Any, ...]]:
    """Each request in short."""
    return [(one.resource, one.event, one.physical_id, one.reason, one.unsure and str(one.unsure)) for one in requests]


def test_a_new_stack_s_resources_are_created() -> None:
    """There is nothing to compare with."""
    found = requests(template(f"Resources: {{{ONE % 'a'}}}"), SERVED)
    assert told(found) == [("One", "Create", None, "new in the template", None)]


def test_what_is_new_changed_and_gone_is_created_updated_and_deleted() -> None:
    """In this order: CloudFormation cleans up last. What is no longer there cannot be updated."""
    after = f"New: {{{{E}}}}, {ONE % 'alias/two'}, Same: {{{{E}}, Properties: {{StreamName: x}}}}"
    before = f"Gone: {{{{E}}}}, {ONE % 'alias/one'}, Same: {{{{E}}, Properties: {{StreamName: x}}}}"
    found = asked(after, before, {**MINE, "Same": "same", "Gone": "gone"})
    assert told(found) == [
        ("New", "Create", None, "new in the template", None),
        ("One", "Update", STREAM_ARN, "changed: KeyId", None),
        ("Same", "none", "same", "no property changes", None),
        ("Gone", "Delete", "gone", "gone from the template", None),
    ]
    assert (found[1].properties["KeyId"], found[1].old_properties["KeyId"]) == ("alias/two", "alias/one")
    assert told(asked(ONE % "a", ONE % "a", {"Other": "x"})) == [("One", "Create", None, "new in the template", None)]


def test_an_empty_template_is_the_stack_s_deletion() -> None:
    """Every resource that there is, but for those that are to be retained."""
    before = template(f"Resources: {{{ONE % 'a'}, Kept: {{{{E}}, DeletionPolicy: RetainExceptOnCreate}}}}")
    found = requests(EMPTY, SERVED, Existing(before, {**MINE, "Kept": "kept"}))
    reason = "gone from the template, with DeletionPolicy RetainExceptOnCreate"
    assert told(found) == [
        ("One", "Delete", STREAM_ARN, "gone from the template", None),
        ("Kept", "retained", "kept", reason, None),
    ]


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_a_resource_says_whether_the_stream_that_it_leaves_is_given_up(policy: str) -> None:
    """UpdateReplacePolicy."""
    after = f"One: {{{{E}}, UpdateReplacePolicy: {policy}, Properties: {{StreamName: x}}}}"
    (one,) = asked(after, ONE % "a")
    assert one.retained == (policy == "Retain")


@pytest.mark.parametrize(
    ("status", "after", "event", "reason"),
    [
        ("CREATE_FAILED", "alias/one", "Create", "it is CREATE_FAILED: CloudFormation tries again"),
        ("UPDATE_FAILED", "alias/one", "Update", "it is UPDATE_FAILED: CloudFormation tries again"),
        ("UPDATE_FAILED", "alias/two", "Update", "changed: KeyId"),
        ("DELETE_FAILED", "alias/one", "Update", "it is DELETE_FAILED: CloudFormation tries again"),
    ],
)
def test_a_resource_that_failed_is_tried_again(status: str, after: str, event: str, reason: str) -> None:
    """Though no property changes: a plan that says that nothing happens would be wrong."""
    (found,) = asked(ONE % after, ONE % "alias/one", failed={"One": status})
    assert (found.event, found.reason) == (event, reason)


KEY_ONE = "Key: {Type: AWS::KMS::Key, Properties: {Description: one}}"
KEY_TWO = "Key: {Type: AWS::KMS::Key, Properties: {Description: two}}"
DEEP = "Key: {Type: AWS::KMS::Key, Properties: {Description: !GetAtt Deep.Arn}}, Deep: {Type: X, Properties: {A: %s}}"
ROUND = "Key: {Type: X, Properties: {A: !GetAtt Deep.A}}, Deep: {Type: X, Properties: {A: !GetAtt Key.A}}"


@pytest.mark.parametrize(
    ("after", "before", "event", "unsure"),
    [
        (KEY_ONE, KEY_ONE, "none", None),
        (KEY_TWO, KEY_ONE, "Update", "!GetAtt Key.Arn"),
        (DEEP % "1", DEEP % "1", "none", None),
        (DEEP % "2", DEEP % "1", "Update", "!GetAtt Key.Arn"),
        (DEEP % "'{{resolve:ssm:/x}}'", DEEP % "'{{resolve:ssm:/x}}'", "Update", "!GetAtt Key.Arn"),
        (DEEP % "!Select [5, [a]]", DEEP % "!Select [5, [a]]", "Update", "!GetAtt Key.Arn"),
        (ROUND, ROUND, "none", None),
    ],
)
def test_an_unknown_value_stays_what_it_is_while_what_it_is_made_of_does(
    after: str, before: str, event: str, unsure: str | None
) -> None:
    """A key's ARN is never known beforehand; but a key that is not touched keeps it."""
    one = ONE % "!GetAtt Key.Arn"
    (found,) = asked(f"{one}, {after}", f"{one}, {before}")
    assert (found.event, found.unsure and str(found.unsure)) == (event, unsure)


def test_a_value_from_outside_may_be_another_each_time() -> None:
    """SSM parameters are read at each deployment."""
    one = ONE % "'{{resolve:ssm:/key}}'"
    (found,) = asked(one, one)
    assert (found.event, str(found.unsure)) == ("Update", "{{resolve:ssm:/key}}")


def test_a_value_that_becomes_known_may_be_the_same() -> None:
    """!GetAtt Key.Arn may be the very ARN that is written now; where another property changes, that is enough."""
    (found,) = asked(ONE % "alias/one", f"{ONE % '!GetAtt Key.Arn'}, {KEY_ONE}")
    assert (found.event, str(found.unsure)) == ("Update", "!GetAtt Key.Arn")
    (found,) = asked(f"{ONE % '!GetAtt Key.Arn'}, {KEY_ONE}", "One: {{E}, Properties: {StreamName: x, KeyId: y}}")
    assert (found.event, found.unsure, found.reason) == ("Update", None, "changed: StreamName")


def test_the_physical_id_of_a_resource_that_is_not_touched_is_known() -> None:
    """!Ref of what the stack has already; of a stream, its ARN too."""
    one = ONE % "!Ref Key"
    (found,) = asked(f"{one}, {KEY_ONE}", f"{ONE % 'x'}, {KEY_ONE}", {**MINE, "Key": "the-key"})
    assert found.properties["KeyId"] == "the-key"
    (found,) = asked(f"{one}, {KEY_TWO}", f"{one}, {KEY_ONE}", {**MINE, "Key": "the-key"})
    assert (found.event, found.old_properties["KeyId"], str(found.unsure)) == ("Update", "the-key", "!Ref Key")
    stream = "S: {Type: AWS::Kinesis::Stream}, One: {{E}, Properties: {StreamARN: !GetAtt S.Arn, KeyId: %s}}"
    (found,) = asked(stream % "b", stream % "a", {**MINE, "S": "orders"})
    assert (found.properties["StreamARN"], found.reason) == (STREAM_ARN, "changed: KeyId")


def test_a_resource_whose_condition_nobody_can_tell_is_asked_for_perhaps() -> None:
    """Left as it is, or deleted."""
    after = "One: {{E}, Condition: Perhaps, Properties: {StreamName: orders, KeyId: a}}"
    conditions = "{Perhaps: !Equals ['{{resolve:ssm:/x}}', 1]}"
    found = requests(
        template(f"{{Conditions: {conditions}, Resources: {{{after}}}}}"),
        SERVED,
        Existing(template(f"Resources: {{{ONE % 'a'}}}"), MINE),
    )
    assert told(found) == [
        ("One", "none", STREAM_ARN, "no property changes", None),
        ("One", "Delete", STREAM_ARN, "its condition may not be met", "{{resolve:ssm:/x}}"),
    ]


# Which resources are the provider's

OTHER = "Other: {Type: %s, Properties: {ServiceToken: %s, StreamName: orders}}"


@pytest.mark.parametrize(
    ("kind", "token", "mine"),
    [
        ("Custom::KinesisStreamEncryption", "anything", True),
        ("Custom::KinesisStreamEncryption", "!Ref Gone", True),
        ("AWS::CloudFormation::CustomResource", "the-token", True),
        ("Custom::Encryption", "the-token", True),
        ("Custom::Encryption", "another", False),
        ("Custom::Encryption", "arn:aws:lambda:us-east-1:123456789012:function:kinesis-stream-encryption:live", True),
        ("Custom::Encryption", "!GetAtt Function.Arn", False),
        ("Custom::Encryption", "!GetAtt Nested.Outputs.ServiceToken", "!GetAtt Nested.Outputs.ServiceToken"),
        ("Custom::Encryption", "'{{resolve:ssm:/token}}'", "{{resolve:ssm:/token}}"),
        ("Custom::Encryption", "!ImportValue some-Token", "!ImportValue some-Token"),
        ("Custom::Encryption", "[the-token]", False),
        ("AWS::Lambda::Function", "the-token", False),
    ],
)
def test_the_provider_serves_every_custom_type_with_its_service_token(kind: str, token: str, mine: object) -> None:
    """It looks at no type: whoever has its ServiceToken has the provider."""
    more = "Function: {Type: AWS::Lambda::Function}, Nested: {Type: AWS::CloudFormation::Stack}"
    found = requests(template(f"Resources: {{{OTHER % (kind, token)}, {more}}}"), SERVED)
    if mine is False:
        assert found == []
    else:
        (one,) = found
        assert (one.unsure and str(one.unsure)) == (None if mine is True else mine)


def test_the_attributes_are_those_that_the_provider_gives() -> None:
    """Another one in Fn::GetAtt is a name that is missing."""
    assert sorted(served.ATTRIBUTES) == sorted(ATTRIBUTES)


def test_a_token_that_a_resource_of_the_provider_s_type_has_is_the_provider_s() -> None:
    """Whatever it is called."""
    mine = "Mine: {{E}, Properties: {ServiceToken: unheard-of, StreamName: orders}}"
    found = requests(template(f"Resources: {{{mine}, {OTHER % ('Custom::X', 'unheard-of')}}}"), SERVED)
    assert [one.resource for one in found] == ["Mine", "Other"]


def test_without_the_exports_nobody_knows_whose_a_token_is() -> None:
    """Unknown, so that the plan does not end with 0."""
    blind = Served(frozenset(), looked=False)
    (one,) = requests(template(f"Resources: {{{OTHER % ('Custom::X', 'a-token')}}}"), blind)
    assert str(one.unsure) == "ServiceToken a-token"
