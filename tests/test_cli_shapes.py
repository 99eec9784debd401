"""Whatever a template looks like, it ends in a sentence and an exit code, in little time, and never in a traceback."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli import TYPE, Command
from tests.provider import Provider

MOST_SECONDS = 5.0
"""How much of the processor's time a plan of one template may take."""

names = st.sampled_from(
    (
        *(
            "Ref",
            "Condition",
            "Fn::GetAtt",
            "Fn::Sub",
            "Fn::Join",
            "Fn::If",
            "Fn::Select",
            "Fn::Split",
            "Fn::FindInMap",
        ),
        *("Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Fn::ImportValue", "Fn::Length", "Fn::Transform", "Fn::Other"),
        "Fn::FindInMap",
        *("Fn::ForEach::Loop", "StreamName", "KeyId", "Name", "A", "${A}", "&{A}"),
    )
)
texts = st.sampled_from(
    ("A", "E", "S", "orders", "alias/one", "${A}", "${S.Arn}", "{{resolve:ssm:/x}}", "AWS::NoValue", "")
)
values = st.recursive(
    st.one_of(texts, st.booleans(), st.integers(-1, 3), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=3)),
    max_leaves=12,
)
resources = st.fixed_dictionaries(
    {"Type": st.sampled_from((TYPE, "AWS::CloudFormation::CustomResource", "AWS::Kinesis::Stream", "X"))},
    optional={
        "Properties": st.one_of(values, st.dictionaries(names, values, max_size=4)),
        "Condition": values,
        "DependsOn": values,
        "DeletionPolicy": values,
        "Metadata": values,
    },
)
templates = st.one_of(
    values,
    st.fixed_dictionaries(
        {"Resources": st.one_of(values, st.dictionaries(st.sampled_from(("E", "S", "Fn::ForEach::L")), resources))},
        optional={
            "Transform": st.one_of(st.just("AWS::LanguageExtensions"), values),
            "Conditions": st.one_of(values, st.dictionaries(texts, values, max_size=3)),
            "Mappings": values,
            "Outputs": values,
            "Rules": st.one_of(
                values, st.dictionaries(names, st.fixed_dictionaries({"Assertions": values}), max_size=2)
            ),
            "Parameters": st.one_of(values, st.just({"A": {"Type": "String", "Default": "orders"}})),
        },
    ),
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(template=templates)
def test_any_shape_ends_in_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory, template: Any
) -> None:
    """Exit code 0, 1 or 2, and a fault of the command itself is none of the ways to end."""
    command = Command(capsys, Provider())
    file = tmp_path_factory.mktemp("shapes", numbered=True) / "template.json"
    file.write_text(json.dumps(template))
    for arguments in ((), ("--stack-name", "shop", "--offline")):
        if isinstance(template, dict):
            command.cloudformation.put("shop", template, {"E": "x", "S": "orders"})
        printed = command("plan", str(file), *arguments)
        assert command.code in {0, 1, 2}
        assert printed or command.errors.startswith("plan failed: ")
        assert "fault of this command" not in command.errors


def test_layers_of_resources_are_each_looked_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Each resource refers to all those of the layer below; the last one is the provider's, and there is a stack."""
    layers = [[f"L{layer}R{number}" for number in range(6)] for layer in range(30)]
    made: dict[str, Any] = {}
    for below, layer in zip([[], *layers[:-1]], layers, strict=True):
        for name in layer:
            joined = {"Fn::Join": ["", [{"Fn::GetAtt": [one, "TopicName"]} for one in below]]} if below else "x"
            made[name] = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": joined}}
    key = {"Fn::Join": ["", [{"Ref": name} for name in layers[-1]]]}
    made["Encryption"] = {"Type": TYPE, "Properties": {"ServiceToken": "x", "StreamName": "orders", "KeyId": key}}
    file = tmp_path / "template.json"
    file.write_text(json.dumps({"Resources": made}))
    command = Command(capsys, Provider())
    command.cloudformation.put("shop", {"Resources": made}, {name: f"{name}-id" for name in made})
    for arguments in ((), ("--stack-name", "shop", "--offline")):
        began = time.process_time()
        printed = command("plan", str(file), *arguments)
        assert time.process_time() - began < MOST_SECONDS
        assert command.code == 2
    assert "no request, though it drifted" in printed  # The stream of the stack that is there was never encrypted.


def test_a_text_of_hundreds_of_references_is_read_in_little_time(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """300 resources, each of which names all those before it, in a stack that is there already."""
    made: dict[str, Any] = {
        f"R{number}": {"Type": "X", "Properties": {"A": {"Fn::Sub": "".join(f"${{R{one}}}" for one in range(number))}}}
        for number in range(300)
    }
    made["E"] = {"Type": TYPE, "Properties": {"ServiceToken": "x", "StreamName": "orders", "KeyId": {"Ref": "R299"}}}
    file = tmp_path / "template.json"
    file.write_text(json.dumps({"Resources": made}))
    command = Command(capsys, Provider())
    command.cloudformation.put("shop", {"Resources": made}, {name: f"{name}-id" for name in made})
    began = time.process_time()
    assert command.lines(str(file), "--stack-name", "shop", "--offline") == [("E", "none", "orders", "no-request")]
    assert time.process_time() - began < MOST_SECONDS


def test_conditions_in_layers_are_each_looked_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Two references each to the condition below would be 2**60 looks."""
    conditions: dict[str, Any] = {"C0": {"Fn::Equals": ["a", "a"]}}
    for number in range(1, 60):
        conditions[f"C{number}"] = {"Fn::Or": [{"Condition": f"C{number - 1}"}, {"Condition": f"C{number - 1}"}]}
    properties = {"ServiceToken": "x", "StreamName": "orders"}
    template = {
        "Conditions": conditions,
        "Resources": {"E": {"Type": TYPE, "Condition": "C59", "Properties": properties}},
    }
    file = tmp_path / "template.json"
    file.write_text(json.dumps(template))
    command, began = Command(capsys, Provider()), time.process_time()
    assert command.lines(str(file)) == [("E", "Create", "orders", "start")]
    assert time.process_time() - began < MOST_SECONDS
