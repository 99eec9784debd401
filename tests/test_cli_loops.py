"""`Fn::ForEach` is written out as AWS::LanguageExtensions does it, or refused as that does it."""

from typing import Any

import pytest

from stream_encryption_cli.template.functions import Functions
from stream_encryption_cli.template.loops import written_out
from stream_encryption_cli.template.scope import Scope
from stream_encryption_cli.template.text import line_of, read
from stream_encryption_cli.template.unknown import TemplateFault, Unknown

SCOPE = Scope({"Names": ["orders", "page-views"], "One": "clicks"}, {"Sets": {"a": {"All": ["x", "y"]}}})


def out(text: str) -> dict[str, Any]:
    """Write a map's loops out."""
    made: dict[str, Any] = written_out(read(text), Functions(SCOPE).evaluate)
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'Fn::ForEach::L': [S, [a, b], {'E${S}': !Ref S}]", {"Ea": "a", "Eb": "b"}),
        ("'Fn::ForEach::L': [S, !Ref Names, {'E&{S}': !Ref S}]", {"Eorders": "orders", "Epageviews": "page-views"}),
        ("'Fn::ForEach::L': [S, !FindInMap [Sets, a, All], {'${S}': 1}]", {"x": 1, "y": 1}),
        ("'Fn::ForEach::L': [S, [!Ref One, 5, true], {'${S}': 1}]", {"clicks": 1, "5": 1, "true": 1}),
        ("'Fn::ForEach::L': [S, [!Ref Names, z], {'&{S}': 1}]", {"orders": 1, "pageviews": 1, "z": 1}),
        ("'Fn::ForEach::L': [S, [], {'${S}': 1}]", {}),
        ("A: 1\n'Fn::ForEach::L': [S, [b], {'${S}': 2}]\nC: 3", {"A": 1, "b": 2, "C": 3}),
        (
            "'Fn::ForEach::O': [A, [x, y], {'Fn::ForEach::I${A}': [B, [1, 2], {'${A}${B}': [!Ref A, !Ref B]}]}]",
            {"x1": ["x", "1"], "x2": ["x", "2"], "y1": ["y", "1"], "y2": ["y", "2"]},
        ),
        (
            "'Fn::ForEach::L': [S, [a-b], {R: {Condition: 'If${S}', DependsOn: ['D&{S}'], A: !Ref 'K${S}'}}]",
            {"R": {"Condition": "Ifa-b", "DependsOn": ["Dab"], "A": {"Ref": "Ka-b"}}},
        ),
        (
            "'Fn::ForEach::L': [S, [a], {R: {'N${S}': !Sub '${S}${!S}${T}', B: !GetAtt 'Q${S}.Arn'}}]",
            {"R": {"Na": {"Fn::Sub": "a${!S}${T}"}, "B": {"Fn::GetAtt": ["Qa", "Arn"]}}},
        ),
        (
            "R: {Type: X, Properties: {'Fn::ForEach::P': [S, [a, b], {'K${S}': !Ref S}], Z: 1}}",
            {"R": {"Type": "X", "Properties": {"Ka": "a", "Kb": "b", "Z": 1}}},
        ),
    ],
)
def test_a_loop_is_written_out(text: str, expected: dict[str, Any]) -> None:
    """In a body the variable is put into every text, names of parameters, conditions and resources too."""
    assert out(text) == expected


def test_a_loop_s_entries_keep_the_lines_that_they_were_written_on() -> None:
    """An error in what a loop made names the loop."""
    made = out("A: 1\n'Fn::ForEach::L':\n  - S\n  - [a]\n  - 'E${S}':\n      B: 1\n")
    assert line_of(made, "Ea") == 2
    assert line_of(made["Ea"], "B") == 6


def test_a_loop_over_what_nobody_can_tell_is_one_unknown_entry() -> None:
    """Under the loop's own name."""
    key = Unknown(("!GetAtt Key.Arn",), frozenset({"Key"}))
    for collection in ("!GetAtt Key.Arn", "[a, !GetAtt Key.Arn]", "!Split [',', !GetAtt Key.Arn]"):
        made = out(f"A: 1\n'Fn::ForEach::L': [S, {collection}, {{'E${{S}}': 1}}]")
        assert made == {"A": 1, "Fn::ForEach::L": key}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("'Fn::ForEach::L': [S, [a.b, a-b], {'E&{S}': 1}]", "a loop makes Eab twice"),
        ("Ea: 1\n'Fn::ForEach::L': [S, [a], {'E${S}': 1}]", "a loop makes Ea twice"),
        ("'Fn::ForEach::L': [S, [a], {'E${S}': 1}]\nEa: 1", "a loop makes Ea twice"),
        ("'Fn::ForEach::L': [S, [a, b], {E: 1}]", "a loop makes E twice"),
        ("'Fn::ForEach::L': [S, [a], {'E${S}': 1, Ea: 2}]", "two entries have one name"),
        ("'Fn::ForEach::L': [S, [a], {R: {'N${S}': 1, Na: 2}}]", "two entries have one name"),
        ("'Fn::ForEach::L': [S, [a]]", "must be a list of a variable's name, a collection and a map"),
        ("'Fn::ForEach::L': {S: [a]}", "must be a list of a variable's name"),
        ("'Fn::ForEach::L': [[S], [a], {'E${S}': 1}]", "must be a list of a variable's name"),
        ("'Fn::ForEach::L': [S, [a], text]", "must be a list of a variable's name"),
        ("'Fn::ForEach::L': [S, !Ref One, {'E${S}': 1}]", "needs a collection, which is a list"),
        ("'Fn::ForEach::L': [S, [{a: b}], {'E${S}': 1}]", "needs a collection"),
        ("'Fn::ForEach::L': [S, {a: b}, {'E${S}': 1}]", "needs a collection"),
    ],
)
def test_a_loop_that_cloudformation_refuses_is_refused(text: str, told: str) -> None:
    """Two entries of one name above all: one of them would be lost without a word."""
    with pytest.raises(TemplateFault, match=told):
        out(text)


def test_a_map_that_was_not_read_from_text_has_no_lines() -> None:
    """boto3 gives a deployed template parsed."""
    section = {"A": 1, "Fn::ForEach::L": ["S", ["a"], {"E${S}": 1}]}
    made = written_out(section, Functions(SCOPE).evaluate)
    assert (made, line_of(made, "Ea")) == ({"A": 1, "Ea": 1}, None)
