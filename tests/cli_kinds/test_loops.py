"""Loops and what they make: AWS::LanguageExtensions written out as CloudFormation does it."""

from pathlib import Path

import pytest

from tests.cli import TYPE, Command
from tests.cli_kinds.pieces import LOOPS, E, encryption, loop, resources, with_

MET = ', Condition: "If${N}"'
BOTH = "[orders, payments]"
MAPPED = "Mappings: {M: {prod: {Names: [orders, payments]}}}\n"
BY_OUTER = "!FindInMap [M, !Ref K, Names]"

NAMES = "Parameters: {P: {Type: CommaDelimitedList, Default: 'orders, payments'}}\n"
CONDITIONS = f"Conditions: {{'Fn::ForEach::C': [N, {BOTH}, {{'If${{N}}': !Equals ['${{N}}', orders]}}]}}\n"
TWO = "Mappings: {M: {a: {Names: [orders]}, b: {Names: [payments]}}}\n"

MADE: dict[str, tuple[str, list[str]]] = {
    "a list of the template": (f"Resources: {{{loop(BOTH)}}}", ["orders", "payments"]),
    "a parameter's list": (
        f"{NAMES}Resources: {{{loop('!Ref P')}}}",
        ["orders", "payments"],
    ),
    "a parameter's list among others": (
        f"{NAMES}Resources: {{{loop('[!Ref P, clicks]')}}}",
        ["orders", "payments", "clicks"],
    ),
    "a mapping's list": (f"{MAPPED}Resources: {{{loop('!FindInMap [M, prod, Names]')}}}", ["orders", "payments"]),
    "the default of a mapping": (
        f"{MAPPED}Resources: {{{loop('!FindInMap [M, gone, Names, {DefaultValue: [orders]}]')}}}",
        ["orders"],
    ),
    "letters and digits alone": (f"Resources: {{{loop('[page-views]', 'E&{N}')}}}", ["pageviews"]),
    "a loop in a loop": (
        f"Resources: {{'Fn::ForEach::O': [K, [a], {{{loop(BOTH, 'E${K}${N}', name='I${K}')}}}]}}",
        ["aorders", "apayments"],
    ),
    "a loop over what the outer loop tells": (
        f"{TWO}Resources: {{'Fn::ForEach::O': [K, [a, b], {{{loop(BY_OUTER, 'E${K}${N}', name='I${K}')}}}]}}",
        ["aorders", "bpayments"],
    ),
    "a condition for each": (
        f"{CONDITIONS}Resources: {{{loop(BOTH, more=MET)}}}",
        ["orders"],
    ),
    "no item at all": (f"Resources: {{T: {{Type: AWS::SNS::Topic}}, {loop('[]')}}}", []),
}


@pytest.mark.parametrize("case", MADE)
def test_what_a_loop_makes_is_planned(command: Command, tmp_path: Path, case: str) -> None:
    """One resource for each item, whatever the collection is."""
    text, made = MADE[case]
    assert command.verdicts(tmp_path, LOOPS + text) == {f"E{name}": "start" for name in made}
    assert command.code == (2 if made else 0)


PROPERTIES = f"Resources: {{E: {{Type: {TYPE}, Properties: {{ServiceToken: x, StreamName: orders, %s}}}}}}"
ELSEWHERE: dict[str, tuple[str, str]] = {
    "in the properties": (PROPERTIES % "'Fn::ForEach::P': [N, [Id], {'Key${N}': alias/orders}]", "start"),
    "deep in the properties": (
        resources(E=E, T="{Type: X, Properties: {A: [{'Fn::ForEach::P': [N, [b], {'K${N}': !Ref N}]}]}}"),
        "start",
    ),
    "in the outputs": (
        resources(E=E) + "Outputs: {'Fn::ForEach::O': [N, [E], {'Out${N}': {Value: !GetAtt '${N}.KeyArn'}}]}",
        "start",
    ),
    "in the outputs, over values of its own": (
        resources(E=E) + "Outputs: {'Fn::ForEach::O': [N, [a, b], {'Out${N}': {Value: !Ref N}}]}",
        "start",
    ),
    "in the properties, over what nobody can tell": (
        PROPERTIES % "'Fn::ForEach::P': [N, !Split [',', '{{resolve:ssm:/x}}'], {'Key${N}': alias/orders}]",
        "unknown",
    ),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_loop_may_stand_in_properties_and_outputs(command: Command, tmp_path: Path, case: str) -> None:
    """Names that the loop's variable makes are no names that are missing."""
    text, verdict = ELSEWHERE[case]
    assert command.verdicts(tmp_path, LOOPS + text) == {"E": verdict}
    assert command.code == 2


MANY = "".join(f"{{'Fn::ForEach::L{n}': [V{n}, [1, 2, 3, 4, 5, 6, 7, 8, 9], " for n in range(7))
REFUSED = {
    "two ids that differ in signs alone": f"Resources: {{{loop('[page-views, page.views]', 'E&{N}')}}}",
    "an id with a sign": f"Resources: {{{loop('[page-views]')}}}",
    "the id of a resource beside it": f"Resources: {{Eorders: {E}, {loop('[orders]')}}}",
    "two loops that make one id": f"Resources: {{{loop('[orders]')}, {loop('[orders]', name='M')}}}",
    "an id without the variable": f"Resources: {{{loop(BOTH, 'E')}}}",
    "an empty item": f"Resources: {{{loop('[!Ref P]', '${N}')}}}\nParameters: {{P: {{Type: String, Default: ''}}}}",
    "no variable": "Resources: {'Fn::ForEach::L': [[orders], {'E${N}': {Type: X}}]}",
    "a text for a collection": f"Resources: {{{loop('orders')}}}",
    "a map for a collection": f"Resources: {{{loop('{a: b}')}}}",
    "a condition that is not made": f"Resources: {{{loop('[orders]', more=MET)}}}",
    "a reference to what is not made": (
        "Resources: {'Fn::ForEach::L': [N, [a], {'E${N}': {Type: X, Properties: {A: !Ref 'F${N}'}}}]}"
    ),
    "an output of what is not made": (
        resources(E=E) + "Outputs: {'Fn::ForEach::O': [N, [a], {'Out${N}': {Value: !Ref 'F${N}'}}]}"
    ),
    "an output with a sign in its name": (
        resources(E=E) + "Outputs: {'Fn::ForEach::O': [N, [page-views], {'Out${N}': {Value: a}}]}"
    ),
    "a loop in the mappings": resources(E=E) + "Mappings: {'Fn::ForEach::L': [N, [a], {'M${N}': {a: {b: c}}}]}",
    "a loop in the parameters": resources(E=E) + "Parameters: {'Fn::ForEach::L': [N, [a], {'P${N}': {Type: String}}]}",
    "more than 500 resources": (
        "Resources: {'Fn::ForEach::A': [A, [1, 2, 3, 4, 5, 6, 7, 8], {'Fn::ForEach::B${A}': [B, [1, 2, 3, 4, 5, 6, 7], "
        "{'Fn::ForEach::C${A}${B}': [C, [1, 2, 3, 4, 5, 6, 7, 8, 9], {'R${A}${B}${C}': {Type: X}}]}]}]}"
    ),
    "millions of resources": (
        f"Resources: {MANY}{{'R${{V0}}${{V1}}${{V2}}${{V3}}${{V4}}${{V5}}${{V6}}': {{Type: X}}}}{']}' * 7}"
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_loop_can_t_make_is_refused(command: Command, tmp_path: Path, case: str) -> None:
    """CloudFormation refuses the template; nothing is lost without a word."""
    assert command.verdicts(tmp_path, LOOPS + REFUSED[case]) == {}
    assert command.code == 1
    assert command.errors.startswith(f"plan failed: {tmp_path}/template.yaml")


WITHOUT_THE_TRANSFORM = {
    "a loop": f"Resources: {{{loop(BOTH)}}}",
    "a loop in the outputs": resources(E=E) + "Outputs: {'Fn::ForEach::O': [N, [a], {'Out${N}': {Value: !Ref N}}]}",
    "the default of a mapping": (
        resources(E=encryption(", KeyId: !FindInMap [M, a, b, {DefaultValue: c}]")) + "Mappings: {M: {a: {b: c}}}"
    ),
    "a length": resources(E=E, T="{Type: X, Properties: {A: {Fn::Length: [1]}}}"),
    "a policy that a function tells": resources(E=with_("DeletionPolicy: !If [C, Retain, Delete]")),
}


@pytest.mark.parametrize("case", WITHOUT_THE_TRANSFORM)
def test_the_extensions_need_their_transform(command: Command, tmp_path: Path, case: str) -> None:
    """Without AWS::LanguageExtensions CloudFormation knows none of these."""
    text = "Conditions: {C: !Equals [a, a]}\n" + WITHOUT_THE_TRANSFORM[case]
    assert command.verdicts(tmp_path, text) == {}
    assert command.code == 1
