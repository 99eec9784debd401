"""A template's text becomes plain values with their lines; what is no template is said to be none, and where."""

import json

import pytest

from stream_encryption_cli.template.text import line_of, read
from stream_encryption_cli.template.unknown import TemplateFault

HEAD = "Transform: AWS::Serverless-2016-10-31\nl0: &l0 [x, x]\n"
ALIASES = HEAD + "\n".join(f"l{n}: &l{n} [*l{n - 1}, *l{n - 1}]" for n in range(1, 40))
"""A few lines that would be billions of values."""


def test_short_forms_are_written_out() -> None:
    """YAML's tags are CloudFormation's functions."""
    text = """
        A: !Ref X
        B: !GetAtt Key.Arn
        C: !Sub ['${A}', {A: x}]
        D: !Transform {Name: AWS::Include}
        E: !If [Met, !Ref X, 2]
        F: !Condition Met
        """
    assert read(text) == {
        "A": {"Ref": "X"},
        "B": {"Fn::GetAtt": ["Key", "Arn"]},
        "C": {"Fn::Sub": ["${A}", {"A": "x"}]},
        "D": {"Fn::Transform": {"Name": "AWS::Include"}},
        "E": {"Fn::If": ["Met", {"Ref": "X"}, 2]},
        "F": {"Condition": "Met"},
    }


@pytest.mark.parametrize(
    "text",
    [
        '{"A": {"Ref": "B"}}',
        '{\n\t"A":\t{\n\t\t"Ref": "B"\n\t}\n}\n',
        '\ufeff{"A": {"Ref": "B"}}',
        '\r\n{"A":\r\n{"Ref": "B"}}\r\n',
        '{"A": {"Re\\u0066": "B"}}',
        '{"A"\n:\n{"Ref": "B"}}',
        '{"A": {"Ref": "B"}, "C": "\\ud83d"}',
        "A: {Ref: B}",
        "\ufeffA:\n  Ref: B\n",
        "--- \nA: &x\n  Ref: B\n...\n",
        "Transform: AWS::Serverless-2016-10-31\nx: &x {Ref: B}\nA: *x\n",
        "Transform: [AWS::Serverless-2016-10-31]\nx: &x {Ref: B}\nA: {<<: *x}\n",
    ],
)
def test_whatever_cloudformation_reads_is_read(text: str) -> None:
    """JSON indented with tabs, a byte order mark, lines that end as on Windows; aliases where SAM writes them out."""
    assert read(text)["A"] == {"Ref": "B"}


def test_json_s_escapes_are_read_as_json_has_them() -> None:
    """Also a character of two halves, and a slash."""
    value = {"A": 'a "quoted" \\ / \t \n \u00e4 \U0001f600'}
    assert read(json.dumps(value)) == value
    assert read('{"A": "a\\/b"}') == {"A": "a/b"}


def test_values_keep_their_kinds_and_dates_are_text() -> None:
    """CloudFormation's own version is no date; an account's number as a key is text."""
    text = "A: 2010-09-09\nB: 5\nC: true\nD: 1.5\nE: '5'\nF: ~\n012345678901: x\ntrue: y"
    assert read(text) == {
        "A": "2010-09-09",
        "B": 5,
        "C": True,
        "D": 1.5,
        "E": "5",
        "F": None,
        "012345678901": "x",
        "true": "y",
    }


def test_each_key_has_its_line() -> None:
    """Errors name it."""
    read_value = read("A: 1\nB:\n  C: 2\n")
    assert (line_of(read_value, "A"), line_of(read_value, "B"), line_of(read_value["B"], "C")) == (1, 2, 3)
    assert line_of(read('{\n"A":\n{\t"B": 1}}')["A"], "B") == 3
    assert line_of({"A": 1}, "A") is None


def test_a_key_that_is_written_twice_is_known() -> None:
    """The last value counts, as with CloudFormation; that there are two matters for a logical id."""
    assert read("A: 1\nB: 2\nA: 3").twice == ("A",)
    assert read("A: 1\nA: 3") == {"A": 3}


@pytest.mark.parametrize(
    ("text", "told", "line"),
    [
        ("[1, 2", "neither YAML nor JSON", None),
        ("A: 1\nB: [\n", "neither YAML nor JSON", 3),
        ("A:\n\tB: 1", "neither YAML nor JSON", 2),
        ("A: 1\n---\nB: 2", "neither YAML nor JSON", 2),
        ("- a", "not a template", None),
        ("", "not a template", None),
        ("just words", "not a template", None),
        ("A: *nowhere", "neither YAML nor JSON", 1),
        ("? [a]\n: b", "a key must be a text", 1),
        ("A: !!binary aGk=", "takes no value of YAML's type binary", 1),
        ("A: !!set {a}", "takes no value of YAML's type set", 1),
        ("A: !!python/object:os.system x", "takes no value of YAML's type", 1),
        ("A: !!int x", "a number can't be read", None),
        ("A: !<tag:example.org,2026:x> b", "takes no value of YAML's type x", 1),
        ("A: \x00", "neither YAML nor JSON", None),
        ("A: &x b\nB: *x", "takes no YAML alias", 2),
        ("A: &x [*x]", "neither YAML nor JSON", 1),
        ("<<: 5", "neither YAML nor JSON", 1),
        (ALIASES, "more than 100,000 values", None),
        ("A: " + "x" * 1_000_000, "longer than the 1,000,000 bytes", None),
    ],
)
def test_what_is_no_template_is_said_to_be_none(text: str, told: str, line: int | None) -> None:
    """In a sentence, and where it is broken."""
    with pytest.raises(TemplateFault, match=told) as fault:
        read(text)
    assert line is None or fault.value.line == line
