"""Intrinsic functions give what CloudFormation's reference says, or Unknown by name, and never a guess."""

from typing import Any

import pytest

from stream_encryption_cli.template.functions import Functions
from stream_encryption_cli.template.scope import Scope
from stream_encryption_cli.template.text import read
from stream_encryption_cli.template.unknown import NoValue, TemplateFault, Unknown, as_sent, unknown_in

SCOPE = Scope(
    values={"Name": "orders", "Names": ["orders", "page-views"], "On": "true", "AWS::Region": "us-east-1"},
    mappings={
        "Streams": {"us-east-1": {"Name": "orders", "All": ["a", "b"]}, "5": {"Name": "five"}},
        "Included": {"Fn::Transform": {"Name": "AWS::Include"}, "a": {"b": "c"}},
    },
    conditions={
        "Met": {"Fn::Equals": [{"Ref": "On"}, True]},
        "Unmet": {"Fn::Not": [{"Condition": "Met"}]},
        "Perhaps": {"Fn::Equals": [{"Ref": "Stream"}, "orders"]},
        "Round": {"Fn::Not": [{"Condition": "Round"}]},
        "Wrong": "text",
    },
    exports={"shop-Stream": "orders"},
    attributes={"Kept": "the-kept-one", "Stream2.Arn": "its-arn"},
)
STREAM = Unknown(("!Ref Stream",), frozenset({"Stream"}))
KEY = Unknown(("!GetAtt Key.Arn",), frozenset({"Key"}))


def value(yaml: str, scope: Scope = SCOPE) -> Any:
    """What a line of a template is worth."""
    return Functions(scope).evaluate(read(f"It: {yaml}")["It"])


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
        ("!FindInMap [Streams, 5, Name]", "five"),
        ("!FindInMap [Included, a, b]", "c"),
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
        ("!GetAtt Stream2.Arn", "its-arn"),
        ("!Sub '${Stream2.Arn}/x'", "its-arn/x"),
        ("{Fn::GetAtt: [!Ref Name, Arn]}", Unknown(("!GetAtt orders.Arn",), frozenset({"orders"}))),
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
        ("!Select [0, [a, !GetAtt Key.Arn]]", KEY),
        ("!Ref {'Fn::GetAtt': Key.Arn}", KEY),
        ("!GetAtt [!GetAtt Key.Arn, Arn]", KEY),
        ("!If [!GetAtt Key.Arn, a, b]", KEY),
        ("!FindInMap [Included, x, y]", Unknown(("Fn::Transform",), steady=False)),
        ("{Fn::Base64: a}", Unknown(("Fn::Base64",), steady=False)),
        ("!FindInMap [Streams, !GetAtt Key.Arn, Name]", KEY),
        ("!If [Perhaps, a, b]", STREAM),
        ("{Fn::And: [{Condition: Met}, {Condition: Perhaps}]}", STREAM),
        ("{Fn::Or: [{Condition: Unmet}, {Condition: Perhaps}]}", STREAM),
        ("{Fn::Not: [{Condition: Perhaps}]}", STREAM),
        ("{Fn::Length: !GetAtt Key.Arn}", KEY),
        ("!Cidr [a, b]", Unknown(("Fn::Cidr",), steady=False)),
        ("!Cidr [!GetAtt Key.Arn, b]", Unknown(("Fn::Cidr", "!GetAtt Key.Arn"), frozenset({"Key"}), steady=False)),
        ("{Fn::Equals: [!Ref AWS::NoValue, a]}", Unknown(("Fn::Equals",), steady=False)),
        *(
            (f"{{{name}: {{Fn::Transform: {{Name: Mine}}}}}}", Unknown(("Fn::Transform",), steady=False))
            for name in ("Ref", "Fn::Sub", "Fn::If", "Fn::And", "Fn::Not", "Fn::Join", "Fn::FindInMap", "Fn::GetAtt")
        ),
        (
            "!Sub '${Key.Arn} ${Stream} ${Stream}'",
            Unknown(("!GetAtt Key.Arn", "!Ref Stream"), frozenset({"Key", "Stream"})),
        ),
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
        ("!FindInMap [Streams, us-east-1, Name, More]", "Fn::FindInMap can't take"),
        ("!If [Never, a, b]", "there is no condition Never"),
        ("!If [Round, a, b]", "condition Round refers to itself"),
        ("!If [Wrong, a, b]", "a condition is made of functions such as Fn::Equals"),
        ("!If [[Met], a, b]", "a condition's name is a text"),
        ("!If [Met, a]", "Fn::If can't take"),
        ("!Select [7, [a]]", "Fn::Select can't take"),
        ("!Select [-1, [a]]", "Fn::Select can't take"),
        ("!Select [x, [a]]", "Fn::Select can't take"),
        ("!Select [0, a]", "Fn::Select can't take"),
        ("!Join [a]", "Fn::Join can't take"),
        ("!Join [{a: b}, [c]]", "Fn::Join can't take"),
        ("!Join ['-', a]", "Fn::Join can't take"),
        ("!Split [',', [a]]", "Fn::Split can't take"),
        ("!Ref [a]", "Ref can't take"),
        ("!Ref {a: b}", "Ref can't take"),
        ("!GetAtt [a]", "Fn::GetAtt can't take"),
        ("!GetAtt 5", "Fn::GetAtt can't take"),
        ("!Sub [a]", "Fn::Sub can't take"),
        ("!Sub {a: b}", "Fn::Sub can't take"),
        ("!Sub '${Names}'", "Fn::Sub can't put Names into a text"),
        ("!Sub '${AWS::NoValue}'", "Fn::Sub can't put AWS::NoValue"),
        ("!FindInMap Streams", "Fn::FindInMap can't take"),
        ("!FindInMap []", "Fn::FindInMap can't take"),
        ("{Fn::And: [a, b]}", "a condition is made of functions"),
        ("{Fn::And: [{Condition: Met}]}", "Fn::And can't take"),
        ("{Fn::Or: a}", "Fn::Or can't take"),
        ("{Fn::Not: [!Ref Name]}", "a condition is made of functions"),
        ("{Fn::Not: [{Condition: Met}, {Condition: Met}]}", "Fn::Not can't take"),
        ("{Fn::Equals: [a]}", "Fn::Equals can't take"),
        ("{Fn::Length: a}", "Fn::Length can't take"),
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


def test_a_dynamic_reference_is_unknown_whatever_made_its_text() -> None:
    """Sub, Join, a mapping and a parameter can all make one; in a condition it makes the condition unknown."""
    text = "{{resolve:ssm:/prod/orders/key}}"
    unknown = Unknown((text,), steady=False)
    scope = Scope(
        values={"Env": "prod", "Whole": text, "Part": "{{resolve:ssm:/prod"},
        mappings={"Keys": {"prod": {"Orders": text}}},
        conditions={"Same": {"Fn::Equals": [{"Ref": "Whole"}, "x"]}},
        exports={"shop-Key": text},
    )
    for yaml in (
        "!Sub '{{resolve:ssm:/${Env}/orders/key}}'",
        "!Join ['', ['{{resolve:ssm:/', !Ref Env, '/orders/key}}']]",
        "!Join ['/', [!Ref Part, orders, 'key}}']]",
        "!Ref Whole",
        "!FindInMap [Keys, !Ref Env, Orders]",
        "!ImportValue shop-Key",
        f"!Select [0, ['{text}', b]]",
        f"!Select [1, !Split [',', 'a,{text}']]",
        f"!If [Never, a, '{text}']",
    ):
        conditions = {**scope.conditions, "Never": {"Fn::Equals": ["a", "b"]}}
        inner = Scope(scope.values, scope.mappings, conditions, exports=scope.exports)
        assert value(yaml, inner) == unknown, yaml
    assert Functions(scope).holds("Same") == unknown
    assert value("!Ref Part", scope) == "{{resolve:ssm:/prod"


def test_each_condition_is_evaluated_once() -> None:
    """Conditions that refer to each other in layers would take for ever otherwise."""
    both = {f"C{n}": {"Fn::And": [{"Condition": f"C{n - 1}"}, {"Condition": f"C{n - 1}"}]} for n in range(1, 60)}
    scope = Scope(conditions={"C0": {"Fn::Equals": ["a", "a"]}, **both})
    assert Functions(scope).holds("C59") is True


def test_a_fault_tells_its_line() -> None:
    """A template has many functions; the line says which one is wrong."""
    with pytest.raises(TemplateFault) as fault:
        Functions(SCOPE).evaluate(read("A: 1\nB:\n  C: !Select [7, [a]]"))
    assert fault.value.line == 3


def test_a_condition_that_an_include_may_bring_is_unknown() -> None:
    """It is not there, and may come."""
    assert Functions(Scope(open_conditions=True)).holds("Gone") == Unknown(("condition Gone",), steady=False)
