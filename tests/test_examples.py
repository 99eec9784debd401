"""The templates in examples/, which people copy: each right by itself, and right about the provider."""

from typing import Any

import pytest

from stream_encryption.model import Place
from stream_encryption.properties import KNOWN, parse
from tests.builders import ATTRIBUTES
from tests.templates import ROOT, load, nodes, resources_of

EXAMPLES = {path.stem: path for path in sorted((ROOT / "examples").glob("*.yaml"))}
TEMPLATES = {name: load(path) for name, path in EXAMPLES.items()}

NESTED = "nested-application"
every_example = pytest.mark.parametrize("name", EXAMPLES)
every_example_that_finds_the_provider = pytest.mark.parametrize("name", sorted({*EXAMPLES} - {NESTED}))


def encryptions(name: str) -> dict[str, dict[str, Any]]:
    """An example's Custom::KinesisStreamEncryption resources, by logical id."""
    resources = resources_of(TEMPLATES[name])
    return {
        id_: resource for id_, resource in resources.items() if resource["Type"] == "Custom::KinesisStreamEncryption"
    }


def sent(name: str, value: Any) -> Any:
    """What CloudFormation sends for a property: a string, be it a parameter's default or something apt."""
    if isinstance(value, dict) and "Ref" in value:
        parameter = TEMPLATES[name]["Parameters"].get(value["Ref"], {})
        return str(parameter.get("Default", "orders"))
    if value == {"Fn::GetAtt": ["Key", "Arn"]}:
        return "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    assert not isinstance(value, dict), value
    return str(value)


def test_there_is_an_example_for_each_thing_that_people_come_for() -> None:
    """A renamed file breaks the README's commands."""
    assert list(EXAMPLES) == [
        "consumer-waits-for-encryption",
        "encrypt-another-stacks-stream",
        "nested-application",
        "retained-on-deletion",
        "several-streams",
        "with-a-customer-managed-key",
    ]


@every_example
def test_an_example_sets_properties_that_the_provider_takes(name: str) -> None:
    """A copied example must not be refused."""
    assert encryptions(name)
    for resource in encryptions(name).values():
        properties = {key: value for key, value in resource["Properties"].items() if key != "ServiceToken"}
        assert set(properties) <= {*KNOWN, "ServiceTimeout"}
        parse({key: sent(name, value) for key, value in properties.items()}, Place("us-east-1", "0" * 12))


@every_example_that_finds_the_provider
def test_an_example_finds_the_provider_by_the_name_that_the_template_exports(name: str) -> None:
    """The import is what keeps a provider in use from being deleted."""
    template = load(ROOT / "template.yaml")
    export = template["Outputs"]["ServiceToken"]["Export"]["Name"]["Fn::Sub"]
    exported = export.replace("${FunctionName}", template["Parameters"]["FunctionName"]["Default"])
    assert [resource["Properties"]["ServiceToken"] for resource in encryptions(name).values()] == [
        {"Fn::ImportValue": exported} for _ in encryptions(name)
    ]


@every_example
def test_an_example_asks_only_for_attributes_that_the_provider_answers(name: str) -> None:
    """An attribute that is missing from the answer fails the stack that asks for it."""
    asked = {
        node["Fn::GetAtt"][1]
        for node in nodes(TEMPLATES[name])
        if isinstance(node, dict) and node.get("Fn::GetAtt", [""])[0] in encryptions(name)
    }
    assert asked <= set(ATTRIBUTES)


@every_example_that_finds_the_provider
def test_an_example_says_what_it_is_for_and_how_to_deploy_it(name: str) -> None:
    """A header with a command that names the file itself, and only parameters that it has."""
    header = " ".join(line.lstrip("# ") for line in EXAMPLES[name].read_text().split("AWSTemplate")[0].splitlines())
    assert f"--template-file examples/{name}.yaml" in header
    command = header[header.index("aws cloudformation deploy") :].split("--parameter-overrides")[1].split()
    given = {word.partition("=")[0].strip("\\") for word in command if "=" in word and not word.endswith(".")} & {
        *TEMPLATES[name]["Parameters"]
    }
    required = {key for key, parameter in TEMPLATES[name]["Parameters"].items() if "Default" not in parameter}
    assert required <= given


def test_the_consumer_reads_only_once_the_stream_is_encrypted() -> None:
    """The mapping takes its stream by !Ref Encryption, which has no value before encryption is complete."""
    mapping = resources_of(TEMPLATES["consumer-waits-for-encryption"])["Mapping"]
    assert mapping["Properties"]["EventSourceArn"] == {"Ref": "Encryption"}


def test_the_key_outlives_the_stack_and_its_users_may_use_it_through_kinesis_for_this_stream_only() -> None:
    """Records that are still in the stream need the key, and those who may use it get no other use of it."""
    key = resources_of(TEMPLATES["with-a-customer-managed-key"])["Key"]
    assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"
    granted = {
        statement["Sid"]: (statement["Action"], set(statement["Condition"]["StringEquals"]))
        for statement in key["Properties"]["KeyPolicy"]["Statement"]
        if "Condition" in statement
    }
    conditions = {"kms:ViaService", "kms:EncryptionContext:aws:kinesis:arn"}
    assert granted == {
        "Producers": ("kms:GenerateDataKey", conditions),
        "Consumers": ("kms:Decrypt", conditions),
    }


def test_a_name_that_leaves_the_list_of_several_streams_moves_no_other() -> None:
    """Logical ids are made of the names, not of places in the list: a moved one would be a replacement."""
    (loop,) = TEMPLATES["several-streams"]["Resources"].values()
    assert loop[0] == "StreamName"
    assert list(loop[2]) == ["Encryption&{StreamName}"]


def test_both_ways_to_keep_a_stream_encrypted_are_shown_and_neither_survives_by_accident() -> None:
    """OnDelete asks the provider; the deletion policy does not, and yet a failed creation is undone."""
    resources = encryptions("retained-on-deletion")
    assert resources["Kept"]["Properties"]["OnDelete"] == "Keep"
    assert "DeletionPolicy" not in resources["Kept"]
    assert resources["Retained"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resources["Retained"]["UpdateReplacePolicy"] == "Retain"


def test_the_nested_provider_is_told_what_it_takes_and_asked_for_what_it_gives() -> None:
    """What is nested is this template, under names that stand in no other provider's way."""
    template, provider_s = TEMPLATES[NESTED], load(ROOT / "template.yaml")
    nested = template["Resources"]["Provider"]["Properties"]
    assert (ROOT / "examples" / nested["Location"]).resolve() == ROOT / "template.yaml"
    assert {"FunctionName", "ServiceTokenParameter"} <= set(nested["Parameters"]) <= set(provider_s["Parameters"])
    asked = [one["Properties"]["ServiceToken"] for one in encryptions(NESTED).values()]
    assert asked == [{"Fn::GetAtt": ["Provider", "Outputs.ServiceToken"]}]
    assert "ServiceToken" in provider_s["Outputs"]


def test_the_nested_provider_s_version_in_the_repository_is_this_one() -> None:
    """Whoever takes the comment's other Location gets what they read."""
    published = load(ROOT / "template.yaml")["Metadata"]["AWS::ServerlessRepo::Application"]
    text = EXAMPLES[NESTED].read_text()
    assert f"SemanticVersion: {published['SemanticVersion']}" in text
    assert f"applications/{published['Name']}" in text
