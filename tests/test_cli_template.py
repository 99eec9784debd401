"""Which resources a template has for the provider, and what CloudFormation would ask for when it is deployed."""

from collections.abc import Mapping
from typing import Any

import pytest

from stream_encryption_cli.deployment import Asked, requests
from stream_encryption_cli.intrinsics import Scope, TemplateFault, Unknown
from stream_encryption_cli.template import Encryption, Template, parameter_values
from stream_encryption_cli.template_text import read
from tests.builders import STREAM_ARN

TYPE = "Custom::KinesisStreamEncryption"
KEY = Unknown(("!GetAtt Key.Arn",), frozenset({"Key"}))


def template(yaml: str, **values: str) -> Template:
    """A template of these resources, in short: `{E}` is the provider's type."""
    return Template.of(read(yaml.replace("{E}", f"Type: {TYPE}")), Scope(dict(values)))


def test_only_the_providers_own_resources_are_looked_at() -> None:
    """Whatever else a template makes, it is not asked for here; properties are sent as strings."""
    found = template("""
        Resources:
          Bucket: {Type: AWS::S3::Bucket, Properties: {Name: !Cidr x}}
          One: {{E}, Properties: {StreamName: orders, SettleSeconds: 5, Verify: true, KeyId: !GetAtt Key.Arn}}
          Bare: {{E}}
          Kept: {{E}, DeletionPolicy: Retain, UpdateReplacePolicy: Retain}
    """).encryptions
    assert found == {
        "One": Encryption("One", {"StreamName": "orders", "SettleSeconds": "5", "Verify": "true", "KeyId": KEY}),
        "Bare": Encryption("Bare", {}),
        "Kept": Encryption("Kept", {}, None, "Retain", "Retain"),
    }


def test_a_resource_is_there_if_its_condition_is_met() -> None:
    """One whose condition nobody can tell is there, perhaps."""
    found = template(
        """
        Conditions:
          Met: !Equals [!Ref Stage, production]
          Unmet: !Not [!Condition Met]
          Perhaps: !Equals [!Ref Stream, orders]
        Resources:
          One: {{E}, Condition: Met}
          Two: {{E}, Condition: Unmet}
          Three: {{E}, Condition: Perhaps}
        """,
        Stage="production",
    ).encryptions
    assert found == {
        "One": Encryption("One", {}),
        "Three": Encryption("Three", {}, Unknown(("!Ref Stream",), frozenset({"Stream"}))),
    }


def test_a_loop_whose_length_nobody_can_tell_is_one_resource_that_is_there_perhaps() -> None:
    """Under the loop's own name."""
    found = template("Resources: {'Fn::ForEach::Streams': [S, !GetAtt Key.Arn, {'E${S}': {{E}}}]}").encryptions
    assert found == {"Fn::ForEach::Streams": Encryption("Fn::ForEach::Streams", {}, KEY)}


@pytest.mark.parametrize("yaml", ["Resources: {One: text}", "Resources: {One: [1]}"])
def test_a_resource_that_is_no_map_is_refused(yaml: str) -> None:
    """By its name."""
    with pytest.raises(TemplateFault, match="resource One is no map"):
        _ = template(yaml).encryptions


@pytest.mark.parametrize("yaml", ["Resources: {}", "Resources: []", "Description: x"])
def test_a_template_without_resources_asks_for_nothing(yaml: str) -> None:
    """It is CloudFormation's to refuse."""
    assert template(yaml).encryptions == {}


def test_what_only_cloudformation_looks_into_is_noted() -> None:
    """Macros and nested stacks may hold resources of the provider's."""
    one = template("{Transform: [AWS::LanguageExtensions, Mine], Resources: {N: {Type: AWS::CloudFormation::Stack}}}")
    assert one.notes == (
        "what the transform Mine would add to the template is not planned",
        "the nested stack N is not looked into: plan its template by itself",
    )
    assert template("{Transform: AWS::Serverless-2016-10-31, Resources: {One: {{E}}}}").notes == ()


PARAMETERS = read("""
    Parameters:
      Name: {Type: String}
      Names: {Type: CommaDelimitedList, Default: 'orders, payments'}
      Numbers: {Type: List<Number>, Default: 1}
      Flag: {Default: true}
      FromSsm: {Type: AWS::SSM::Parameter::Value<String>, Default: /stream}
      OfSsm: {Type: AWS::SSM::Parameter::Name, Default: /stream}
""")


def test_parameters_are_what_is_given_or_was_before_or_is_the_default() -> None:
    """As `aws cloudformation deploy` does it; a value that is in SSM is not known, nor one that is NoEcho."""
    values = parameter_values(PARAMETERS, {"Name": "orders"}, {"Name": "old", "Flag": "****", "Gone": "x"})
    assert values == {
        "Name": "orders",
        "Names": ["orders", "payments"],
        "Numbers": ["1"],
        "Flag": Unknown(("!Ref Flag (NoEcho)",), steady=False),
        "FromSsm": Unknown(("!Ref FromSsm (the SSM parameter /stream)",), steady=False),
        "OfSsm": "/stream",
    }
    assert parameter_values(PARAMETERS, {}, {"Name": "old"})["Flag"] == "true"
    assert parameter_values({}, {}) == {}


@pytest.mark.parametrize(
    ("given", "told"),
    [({"Name": "a", "X": "1", "Y": "2"}, "no parameter X, Y"), ({}, r"without a value: Name \(--parameter Name=")],
)
def test_parameters_that_cloudformation_would_refuse_are_refused(given: Mapping[str, str], told: str) -> None:
    """Missing ones and unknown ones, by name."""
    with pytest.raises(TemplateFault, match=told):
        parameter_values(PARAMETERS, given)


ONE = "One: {{E}, Properties: {StreamName: orders, KeyId: %s}}"
MINE = {"One": STREAM_ARN}


def asked(after: str, before: str, ids: Mapping[str, str] | None = None) -> list[Asked]:
    """What CloudFormation asks for when one set of resources follows another."""
    return requests(template(f"Resources: {{{after}}}"), template(f"Resources: {{{before}}}"), ids or MINE)


def told(requests: list[Asked]) -> list[tuple[Any, ...]]:
    """Each request in short."""
    return [(one.resource, one.event, one.physical_id, one.reason, one.unsure and str(one.unsure)) for one in requests]


def test_a_new_stack_s_resources_are_created() -> None:
    """There is nothing to compare with."""
    assert told(requests(template(f"Resources: {{{ONE % 'a'}}}"))) == [
        ("One", "Create", None, "new in the template", None)
    ]


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
    found = requests(Template(), before, {**MINE, "Kept": "kept"})
    assert told(found) == [
        ("One", "Delete", STREAM_ARN, "gone from the template", None),
        (
            "Kept",
            "retained",
            "kept",
            "gone from the template, with DeletionPolicy RetainExceptOnCreate: encryption and tags stay",
            None,
        ),
    ]


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_a_resource_says_whether_the_stream_that_it_leaves_is_given_up(policy: str) -> None:
    """UpdateReplacePolicy."""
    after = f"One: {{{{E}}, UpdateReplacePolicy: {policy}, Properties: {{StreamName: x}}}}"
    (one,) = asked(after, ONE % "a")
    assert one.retained == (policy == "Retain")


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
    """!Ref of a stream that the stack has already."""
    one = ONE % "!Ref Key"
    (found,) = asked(f"{one}, {KEY_ONE}", f"{ONE % 'x'}, {KEY_ONE}", {**MINE, "Key": "the-key"})
    assert found.properties["KeyId"] == "the-key"
    (found,) = asked(f"{one}, {KEY_TWO}", f"{one}, {KEY_ONE}", {**MINE, "Key": "the-key"})
    assert (found.event, found.old_properties["KeyId"], str(found.unsure)) == ("Update", "the-key", "!Ref Key")


def test_a_resource_whose_condition_nobody_can_tell_is_asked_for_perhaps() -> None:
    """Created, or left as it is."""
    after = "One: {{E}, Condition: Perhaps, Properties: {StreamName: orders, KeyId: a}}"
    found = requests(
        template(f"{{Conditions: {{Perhaps: !Equals [!Ref X, 1]}}, Resources: {{{after}}}}}"),
        template(f"Resources: {{{ONE % 'a'}}}"),
        MINE,
    )
    assert told(found) == [("One", "Update", STREAM_ARN, "", "!Ref X")]
