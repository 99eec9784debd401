"""Intrinsic functions give what CloudFormation's reference says, or Unknown by name, and never a guess."""

from typing import Any

import pytest

from stream_encryption_cli.intrinsics import NoValue, Scope, TemplateFault, Unknown, as_sent, resolve, unknown_in
from stream_encryption_cli.template_text import NotATemplate, read

SCOPE = Scope(
    values={"Name": "orders", "Names": ["orders", "page-views"], "On": "true", "AWS::Region": "us-east-1"},
    mappings={"Streams": {"us-east-1": {"Name": "orders", "All": ["a", "b"]}}},
    conditions={
        "Met": {"Fn::Equals": [{"Ref": "On"}, True]},
        "Unmet": {"Fn::Not": [{"Condition": "Met"}]},
        "Perhaps": {"Fn::Equals": [{"Ref": "Stream"}, "orders"]},
        "Round": {"Fn::Not": [{"Condition": "Round"}]},
    },
    exports={"shop-Stream": "orders"},
    physical_ids={"Kept": "the-kept-one"},
)
STREAM = Unknown(("!Ref Stream",), frozenset({"Stream"}))
KEY = Unknown(("!GetAtt Key.Arn",), frozenset({"Key"}))


def value(yaml: str, scope: Scope = SCOPE) -> Any:
    """What a line of a template is worth."""
    return resolve(read(f"It: {yaml}")["It"], scope)


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        ("orders", "orders"),
        ("5", 5),
        ("2010-09-09", "2010-09-09"),
        ("!Ref Name", "orders"),
        ("!Ref Kept", "the-kept-one"),
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref AWS::NoValue", NoValue.IT),
        ("{A: !Ref AWS::NoValue, B: [1, !Ref AWS::NoValue]}", {"B": [1]}),
        ("!Sub 'alias/${Name}'", "alias/orders"),
        ("!Sub '${!Name} is ${ Name }, ${On}'", "${Name} is orders, true"),
        ("!Sub ['${A}-${Name}', {A: !Ref AWS::Region}]", "us-east-1-orders"),
        ("!Sub ['${A.B}', {A.B: x}]", "x"),
        ("!Join ['-', [a, !Ref Name, 5, true]]", "a-orders-5-true"),
        ("!Join [',', !Ref Names]", "orders,page-views"),
        ("!Split [',', 'a,b']", ["a", "b"]),
        ("!Select [1, !Ref Names]", "page-views"),
        ("!Select ['0', !Split ['-', a-b]]", "a"),
        ("!FindInMap [Streams, !Ref AWS::Region, Name]", "orders"),
        ("!FindInMap [Streams, !Ref AWS::Region, All]", ["a", "b"]),
        ("!FindInMap [Streams, nowhere, Name, {DefaultValue: !Ref Name}]", "orders"),
        ("!FindInMap [Streams, us-east-1, Name, {DefaultValue: x}]", "orders"),
        ("!ImportValue shop-Stream", "orders"),
        ("!ImportValue {'Fn::Sub': 'shop-${S}'}", Unknown(("!Ref S",), frozenset({"S"}))),
        ("!If [Met, a, !Ref Nothing]", "a"),
        ("!If [Unmet, !Ref Nothing, {A: !Ref Name}]", {"A": "orders"}),
        ("{Fn::And: [{Condition: Met}, {Condition: Unmet}]}", False),
        ("{Fn::And: [{Condition: Met}, {Condition: Met}]}", True),
        ("{Fn::And: [{Condition: Unmet}, {Condition: Perhaps}]}", False),
        ("{Fn::Or: [{Condition: Unmet}, {Condition: Met}]}", True),
        ("{Fn::Or: [{Condition: Unmet}, {Condition: Unmet}]}", False),
        ("{Fn::Or: [{Condition: Met}, {Condition: Perhaps}]}", True),
        ("{Fn::Length: !Ref Names}", 2),
        ("{Condition: {StringEquals: {a: !Ref Name}}}", {"Condition": {"StringEquals": {"a": "orders"}}}),
        ("{Condition: NotOfTheTemplate}", {"Condition": "NotOfTheTemplate"}),
        (
            "{'Fn::ForEach::Loop': [S, !Ref Names, {'A${S}': !Ref S, 'B&{S}': !Sub '${S}!'}]}",
            {"Aorders": "orders", "Borders": "orders!", "Apage-views": "page-views", "Bpageviews": "page-views!"},
        ),
        ("{'Fn::ForEach::Loop': [S, [!Ref Names, 5], {'${S}': 1}]}", {"orders": 1, "page-views": 1, "5": 1}),
        (
            "{'Fn::ForEach::Outer': [A, [x, y], {'Fn::ForEach::Inner': [B, [1, 2], {'${A}${B}': !Ref B}]}]}",
            {"x1": "1", "x2": "2", "y1": "1", "y2": "2"},
        ),
    ],
)
def test_what_a_template_tells_is_told(yaml: str, expected: Any) -> None:
    """The functions' reference, line by line."""
    assert value(yaml) == expected


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        ("!Ref Stream", STREAM),
        ("!Ref AWS::StackId", Unknown(("!Ref AWS::StackId",))),
        ("!GetAtt Key.Arn", KEY),
        ("{'Fn::GetAtt': Key.Arn}", KEY),
        ("!Sub '${Name}/${Key.Arn}'", KEY),
        ("!Sub '{{resolve:ssm:/key}}/${Name}'", Unknown(("{{resolve:ssm:/key}}",), steady=False)),
        ("'{{resolve:ssm:/key}}'", Unknown(("{{resolve:ssm:/key}}",), steady=False)),
        ("!Join ['/', [!Ref Name, !GetAtt Key.Arn]]", KEY),
        ("!Join ['/', !GetAtt Key.Arn]", KEY),
        ("!Split ['/', !GetAtt Key.Arn]", KEY),
        ("!Select [0, !Split ['/', !GetAtt Key.Arn]]", KEY),
        ("!Select [!GetAtt Key.Arn, [a]]", KEY),
        ("!Select [0, [!GetAtt Key.Arn, a]]", KEY),
        ("!FindInMap [Streams, !GetAtt Key.Arn, Name]", KEY),
        ("!If [Perhaps, a, b]", STREAM),
        ("{Fn::And: [{Condition: Met}, {Condition: Perhaps}]}", STREAM),
        ("{Fn::Or: [{Condition: Unmet}, {Condition: Perhaps}]}", STREAM),
        ("{Fn::Not: [{Condition: Perhaps}]}", STREAM),
        ("{Fn::Length: !GetAtt Key.Arn}", KEY),
        ("!Cidr [a, b]", Unknown(("Fn::Cidr",), steady=False)),
        (
            "!Sub '${Key.Arn} ${Stream} ${Stream}'",
            Unknown(("!GetAtt Key.Arn", "!Ref Stream"), frozenset({"Key", "Stream"})),
        ),
        ("{'Fn::ForEach::Loop': [S, !GetAtt Key.Arn, {'${S}': 1}]}", {"Fn::ForEach::Loop": KEY}),
    ],
)
def test_what_a_template_does_not_tell_is_unknown_by_name(yaml: str, expected: Any) -> None:
    """Never guessed; and it is known which resources it hangs on."""
    assert value(yaml) == expected


def test_the_exports_are_unknown_to_who_may_not_look() -> None:
    """They may be there all the same."""
    assert value("!ImportValue shop-Stream", Scope()) == Unknown(("!ImportValue shop-Stream",))


@pytest.mark.parametrize(
    ("yaml", "told"),
    [
        ("!ImportValue shop-Key", "no stack of this account and region exports shop-Key"),
        ("!FindInMap [Streams, nowhere, Name]", "the mappings have no Streams / nowhere / Name"),
        ("!FindInMap [Streams, us-east-1, Name, More]", "the mappings have no"),
        ("!If [Never, a, b]", "there is no condition Never"),
        ("!If [Round, a, b]", "can't be worked out"),
        ("!Select [7, [a]]", "Fn::Select of .* can't be worked out"),
        ("!Join [a]", "Fn::Join of .* can't be worked out"),
        ("{'Fn::ForEach::Loop': [S, [a]]}", "Fn::ForEach::Loop must be a list of a variable's name, a collection"),
    ],
)
def test_what_cloudformation_would_refuse_is_refused(yaml: str, told: str) -> None:
    """In a sentence that names it."""
    with pytest.raises(TemplateFault, match=told):
        value(yaml)


def test_a_value_is_sent_as_strings() -> None:
    """CloudFormation sends every scalar of a custom resource so; what is unknown stays unknown."""
    assert as_sent({"a": [True, False, 5, 1.5, "x"], "b": KEY}) == {"a": ["true", "false", "5", "1.5", "x"], "b": KEY}


def test_several_unknown_values_make_one() -> None:
    """It is steady only where all of them are."""
    assert unknown_in(["x", {"a": "y"}]) is None
    assert unknown_in([KEY, {"a": Unknown(("x",), steady=False)}]) == Unknown(
        ("!GetAtt Key.Arn", "x"), frozenset({"Key"}), steady=False
    )
    assert str(unknown_in([KEY, STREAM])) == "!GetAtt Key.Arn and !Ref Stream"


@pytest.mark.parametrize(
    ("text", "told"), [("[1, 2", "(?s)neither YAML nor JSON: .*line 1"), ("- a", "no map of sections"), ("", "no map")]
)
def test_what_is_no_template_is_said_to_be_none(text: str, told: str) -> None:
    """And where it is broken."""
    with pytest.raises(NotATemplate, match=told):
        read(text)


def test_json_is_a_template_too_and_so_is_a_mapping_in_short_form() -> None:
    """CloudFormation takes both."""
    assert read('{"A": {"Ref": "B"}}') == {"A": {"Ref": "B"}}
    assert read("A: !Transform {Name: AWS::Include}") == {"A": {"Fn::Transform": {"Name": "AWS::Include"}}}
