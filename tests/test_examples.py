"""The templates in examples/, which people copy: each is right by itself, and right about the provider."""

import ast
import json
import re
from typing import Any

import pytest

from stream_encryption.cloudformation.properties import KNOWN, parse
from stream_encryption.values import Place
from tests.builders import ATTRIBUTES
from tests.pages import links
from tests.templates import ROOT, load, nodes, resources_of

EXAMPLES = {path.stem: path for path in sorted((ROOT / "examples").glob("*.yaml"))}
TEMPLATES = {name: load(path) for name, path in EXAMPLES.items()}

CONSUMER, NESTED = "consumer-waits-for-encryption", "nested-application"
KEYS = ("with-a-customer-managed-key", "one-key-for-several-streams")
KEY_ARN = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"

every_example = pytest.mark.parametrize("name", EXAMPLES)
every_example_that_encrypts = pytest.mark.parametrize("name", sorted({*EXAMPLES} - {CONSUMER}))
every_example_of_a_key = pytest.mark.parametrize("name", KEYS)


def encryptions(name: str) -> dict[str, dict[str, Any]]:
    """An example's Custom::KinesisStreamEncryption resources, by logical id."""
    resources = resources_of(TEMPLATES[name])
    return {
        id_: resource for id_, resource in resources.items() if resource["Type"] == "Custom::KinesisStreamEncryption"
    }


def sent(name: str, value: Any) -> str:
    """The string that CloudFormation sends for a property: a parameter's default, or a value that fits."""
    if value in ({"Fn::GetAtt": ["Key", "Arn"]}, {"Ref": "KeyArn"}):
        return KEY_ARN
    if isinstance(value, dict) and str(value.get("Ref")).endswith("RoleArns"):
        return "arn:aws:iam::000000000000:role/shop"
    if isinstance(value, dict) and "Ref" in value:
        return str(TEMPLATES[name]["Parameters"].get(value["Ref"], {}).get("Default", "orders"))
    assert not isinstance(value, dict), value
    return str(value)


def statements(name: str) -> dict[str, dict[str, Any]]:
    """The statements of the key that an example makes, by their Sid."""
    key = resources_of(TEMPLATES[name])["Key"]
    return {statement["Sid"]: statement for statement in key["Properties"]["KeyPolicy"]["Statement"]}


def test_the_list_of_examples_has_each_file_and_no_other() -> None:
    """A reader chooses by examples/README.md; the README leads there."""
    folder = ROOT / "examples"
    there = {path for path in folder.rglob("*") if path.suffix in {".yaml", ".py", ".ts", ".tf"}}
    listed = {(folder / link).resolve() for link in links(folder / "README.md")}
    assert {path for path in listed if folder in path.parents} == there


@every_example
def test_an_example_sets_properties_that_the_provider_takes(name: str) -> None:
    """A copied example must not be refused."""
    for resource in encryptions(name).values():
        properties = {key: value for key, value in resource["Properties"].items() if key != "ServiceToken"}
        assert set(properties) <= {*KNOWN, "ServiceTimeout"}
        parse({key: sent(name, value) for key, value in properties.items()}, Place("us-east-1", "0" * 12))


@every_example_that_encrypts
def test_an_example_finds_the_provider(name: str) -> None:
    """By the export, which keeps a provider in use from being deleted; a nested provider by its output."""
    template = load(ROOT / "template.yaml")
    export = template["Outputs"]["ServiceToken"]["Export"]["Name"]["Fn::Sub"]
    exported = export.replace("${FunctionName}", template["Parameters"]["FunctionName"]["Default"])
    token = {"Fn::ImportValue": exported} if name != NESTED else {"Fn::GetAtt": ["Provider", "Outputs.ServiceToken"]}
    assert {json.dumps(one["Properties"]["ServiceToken"]) for one in encryptions(name).values()} == {json.dumps(token)}


@every_example
def test_an_example_asks_only_for_attributes_that_the_provider_answers(name: str) -> None:
    """An attribute that is missing from the response fails the stack that asks for it."""
    asked = {
        node["Fn::GetAtt"][1]
        for node in nodes(TEMPLATES[name])
        if isinstance(node, dict) and node.get("Fn::GetAtt", [""])[0] in encryptions(name)
    }
    assert asked <= set(ATTRIBUTES)


@every_example
def test_an_example_says_how_to_deploy_it(name: str) -> None:
    """Its header has a command that names the file itself, and gives each parameter that has no default."""
    header = EXAMPLES[name].read_text("utf-8").split("AWSTemplateFormatVersion")[0]
    words = " ".join(line.lstrip("# ").rstrip("\\") for line in header.splitlines())
    assert f"--template-file examples/{name}.yaml" in words
    given = set(re.findall(r"\b([A-Za-z]+)=", words))
    assert {key for key, one in TEMPLATES[name]["Parameters"].items() if "Default" not in one} <= given


def test_the_security_baseline_never_ends_encryption() -> None:
    """What deletes its resources, on purpose or not, leaves the streams encrypted."""
    assert [one["Properties"]["OnDelete"] for one in encryptions("security-baseline").values()] == ["Keep"]


def test_the_consumer_waits_for_the_encryption_and_does_not_own_it() -> None:
    """It imports the stream's ARN from the stack that encrypts it, which exports that once the stream is encrypted."""
    assert encryptions(CONSUMER) == {}
    imports = [node for node in nodes(TEMPLATES[CONSUMER]) if isinstance(node, dict) and "Fn::ImportValue" in node]
    imported = {node["Fn::ImportValue"]["Fn::Sub"] for node in imports}
    outputs = TEMPLATES["encrypt-another-stacks-stream"]["Outputs"]
    exports = {one["Export"]["Name"]["Fn::Sub"]: one["Value"] for one in outputs.values() if "Export" in one}
    assert exports == {
        "${AWS::StackName}-StreamARN": {"Ref": "Encryption"},
        "${AWS::StackName}-KeyArn": {"Fn::GetAtt": ["Encryption", "KeyArn"]},
    }
    assert {one.replace("${EncryptionStack}", "${AWS::StackName}") for one in imported} == set(exports)


@every_example_of_a_key
def test_a_key_outlives_its_stack(name: str) -> None:
    """Records that are still in the stream need it."""
    key = resources_of(TEMPLATES[name])["Key"]
    assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"


@every_example_of_a_key
def test_producers_and_consumers_may_use_a_key_through_kinesis_only(name: str) -> None:
    """They get no other use of it."""
    users = {sid: one for sid, one in statements(name).items() if "Condition" in one}
    assert {sid: one["Action"] for sid, one in users.items()} == {
        "Producers": "kms:GenerateDataKey",
        "Consumers": "kms:Decrypt",
    }
    for one in users.values():
        conditions = {key for operator in one["Condition"].values() for key in operator}
        assert conditions == {"kms:ViaService", "kms:EncryptionContext:aws:kinesis:arn"}


@pytest.mark.parametrize("name", ["several-streams", "one-key-for-several-streams", "security-baseline"])
def test_a_name_that_leaves_the_list_moves_no_other(name: str) -> None:
    """Logical ids are made of the names, not of places in the list: a moved one would be a replacement."""
    (loop,) = [one for key, one in TEMPLATES[name]["Resources"].items() if key.startswith("Fn::ForEach")]
    (logical_id,) = loop[2]
    assert "&{StreamName}" in logical_id


def test_both_ways_to_keep_a_stream_encrypted_are_shown() -> None:
    """OnDelete asks the provider; the deletion policy does not, and yet a failed creation is undone."""
    resources = encryptions("retained-on-deletion")
    assert resources["Kept"]["Properties"]["OnDelete"] == "Keep"
    assert "DeletionPolicy" not in resources["Kept"]
    assert resources["Retained"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resources["Retained"]["UpdateReplacePolicy"] == "Retain"


def test_the_nested_provider_is_told_what_it_takes() -> None:
    """The nested template is this one, under names that are in no other provider's way."""
    template, provider_s = TEMPLATES[NESTED], load(ROOT / "template.yaml")
    nested = template["Resources"]["Provider"]["Properties"]
    assert (ROOT / "examples" / nested["Location"]).resolve() == ROOT / "template.yaml"
    assert {"FunctionName", "ServiceTokenParameter"} <= set(nested["Parameters"]) <= set(provider_s["Parameters"])
    assert "ServiceToken" in provider_s["Outputs"]


def test_the_nested_provider_s_version_in_the_repository_is_this_one() -> None:
    """The other Location, in a comment, leads to the same version."""
    published = load(ROOT / "template.yaml")["Metadata"]["AWS::ServerlessRepo::Application"]
    text = EXAMPLES[NESTED].read_text()
    assert f"SemanticVersion: {published['SemanticVersion']}" in text
    assert f"applications/{published['Name']}" in text


def test_both_cdk_examples_make_the_template_that_is_tested() -> None:
    """`make examples` synthesizes them; here, their values are compared."""
    template = json.loads((ROOT / "examples" / "cdk" / "synthesized.template.json").read_text("utf-8"))
    (resource,) = template["Resources"].values()
    properties = {key: value for key, value in resource["Properties"].items() if isinstance(value, str)}
    assert set(properties) <= {*KNOWN}
    parse(properties, Place("us-east-1", "0" * 12))
    in_typescript = (ROOT / "examples" / "cdk" / "app.ts").read_text("utf-8")
    literals = {
        node.value
        for node in ast.walk(ast.parse((ROOT / "examples" / "cdk" / "app.py").read_text("utf-8")))
        if isinstance(node, ast.Constant)
    }
    for value in (resource["Type"], resource["Properties"]["ServiceToken"]["Fn::ImportValue"], *properties.values()):
        assert value in literals
        assert f'"{value}"' in in_typescript


def test_the_terraform_example_gives_its_template_parameters_that_it_has() -> None:
    """A parameter that the template does not have fails the stack."""
    text = (ROOT / "examples" / "terraform" / "main.tf").read_text("utf-8")
    (path,) = re.findall(r'file\("\$\{path\.module\}/(.+?)"\)', text)
    template = load(ROOT / "examples" / "terraform" / path)
    (block,) = re.findall(r"parameters = \{\n(.*?)\n  \}", text, re.DOTALL)
    given = set(re.findall(r"^\s+(\w+)\s+=", block, re.MULTILINE))
    assert {key for key, one in template["Parameters"].items() if "Default" not in one} <= given
    assert given <= set(template["Parameters"])
    assert set(re.findall(r'outputs\["(\w+)"\]', text)) <= set(template["Outputs"])
    assert text.count("{") == text.count("}")
