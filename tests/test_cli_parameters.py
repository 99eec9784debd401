"""The values of a template's parameters, and which of them CloudFormation would refuse."""

from collections.abc import Mapping

import pytest

from stream_encryption_cli.template.parameters import parameter_values
from stream_encryption_cli.template.text import read
from stream_encryption_cli.template.unknown import TemplateFault, Unknown

PARAMETERS = read("""
    Parameters:
      Name: {Type: String}
      Names: {Type: CommaDelimitedList, Default: 'orders, payments'}
      Numbers: {Type: List<Number>, Default: 1}
      Flag: {Type: String, Default: true}
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
        "Flag": Unknown(("!Ref Flag (NoEcho)",)),
        "FromSsm": Unknown(("!Ref FromSsm (the SSM parameter /stream)",), steady=False),
        "OfSsm": "/stream",
    }
    assert parameter_values(PARAMETERS, {}, {"Name": "old"})["Flag"] == "true"
    assert parameter_values({}, {}) == {}


@pytest.mark.parametrize(
    ("given", "told"),
    [({"Name": "a", "X": "1", "Y": "2"}, "no parameter X, Y"), ({}, r"without a value: Name \(--parameter Name=")],
)
def test_parameters_that_are_missing_or_unknown_are_refused(given: Mapping[str, str], told: str) -> None:
    """By name."""
    with pytest.raises(TemplateFault, match=told):
        parameter_values(PARAMETERS, given)


@pytest.mark.parametrize(
    ("declared", "value", "told"),
    [
        ("Type: String, AllowedValues: [prod, test]", "stage", "is not one of prod, test"),
        ("Type: String, AllowedValues: [true, 5]", "6", "is not one of true, 5"),
        ("Type: String, AllowedPattern: '[a-z]+'", "A1", r"does not match AllowedPattern \[a-z\]\+"),
        ("Type: String, MinLength: 3", "ab", "is outside MinLength 3"),
        ("Type: String, MaxLength: '3'", "abcd", "is outside MaxLength 3"),
        ("Type: Number", "x", "is no number"),
        ("Type: Number, MinValue: 5", "4", "is outside MinValue 5"),
        ("Type: Number, MaxValue: 5", "5.5", "is outside MaxValue 5"),
        ("Type: List<Number>", "1,x", "'x', which is no number"),
        ("Type: CommaDelimitedList, AllowedValues: [a]", "a,b", "'b', which is not one of a"),
    ],
)
def test_a_value_that_cloudformation_would_refuse_is_refused(declared: str, value: str, told: str) -> None:
    """By the parameter's own constraints."""
    sections = read(f"Parameters:\n  P: {{{declared}}}")
    with pytest.raises(TemplateFault, match=told) as fault:
        parameter_values(sections, {"P": value})
    assert fault.value.line == 2


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("Type: String, AllowedValues: [true, 5]", "true"),
        ("Type: String, AllowedPattern: '[a-z]+'", "abc"),
        ("Type: String, AllowedPattern: '[[:unbalanced'", "abc"),
        ("Type: String, AllowedPattern: {a: b}", "abc"),
        ("Type: String, MinLength: x", "abc"),
        ("Type: String, AllowedValues: ['a,b']", "a,b"),
        ("Type: Number, MinValue: 5, MaxValue: 5", "5"),
        ("Type: String, MinLength: 3, MaxLength: 3", "abc"),
    ],
)
def test_a_value_that_may_be_right_is_not_refused(declared: str, value: str) -> None:
    """A pattern is Java's: one that Python can't read is CloudFormation's to judge."""
    assert parameter_values(read(f"Parameters: {{P: {{{declared}}}}}"), {"P": value}) == {"P": value}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Parameters: []", "Parameters must be a map"),
        ("Parameters: text", "Parameters must be a map"),
        ("Parameters: {P: text}", "Parameters must be a map"),
        ("Parameters: {P: {Type: String, Default: [a]}}", "parameter P needs a text, not a list"),
        ("Parameters: {P: {Type: String, Default: {a: b}}}", "parameter P needs a text, not a "),
    ],
)
def test_parameters_of_any_other_shape_are_refused(text: str, told: str) -> None:
    """In a sentence."""
    with pytest.raises(TemplateFault, match=told):
        parameter_values(read(text), {})


def test_the_values_of_a_list_may_be_allowed_one_by_one_or_as_they_are_written() -> None:
    """CloudFormation's page does not say which; neither is refused."""
    for given in ("a,b", "c"):
        sections = read("Parameters: {P: {Type: CommaDelimitedList, AllowedValues: ['a,b', c]}}")
        assert parameter_values(sections, {"P": given}) == {"P": given.split(",")}


def test_what_cloudformation_has_taken_is_not_judged_again() -> None:
    """A deployed stack's values; a pattern is Java's, and Python may read it otherwise."""
    sections = read("Parameters: {P: {Type: String, AllowedPattern: '[a-z]+'}}")
    assert parameter_values(sections, {}, {"P": "A1"}, taken=True) == {"P": "A1"}
    (unknown,) = parameter_values(sections, {}, {}, taken=True).values()
    assert isinstance(unknown, Unknown)
