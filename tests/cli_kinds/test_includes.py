"""Includes, macros, nested stacks and modules: what only CloudFormation looks into."""

from pathlib import Path

import pytest

from tests.cli import Command
from tests.cli_kinds.pieces import LOOPS, E, encryption, loop, resources

INCLUDE = "{Name: AWS::Include, Parameters: {Location: s3://snippets/x.yaml}}"

UNKNOWN = {
    "an include at the top": f"Fn::Transform: {INCLUDE}\nResources: {{T: {{Type: AWS::SNS::Topic}}}}",
    "an include at the top, in YAML's short form": f"Transform: {INCLUDE}\nResources: {{T: {{Type: AWS::SNS::Topic}}}}",
    "an include for all the resources": f"Resources: {{Fn::Transform: {INCLUDE}}}",
    "an include for a whole resource": f"Resources: {{R: {{Fn::Transform: {INCLUDE}}}}}",
    "a macro for a whole resource": "Resources: {R: {Fn::Transform: {Name: Mine}, Properties: {A: b}}}",
    "a list of macros": "Transform: [AWS::Serverless-2016-10-31, Mine]\nResources: {T: {Type: AWS::SNS::Topic}}",
    "a macro that may define a name": "Transform: Mine\nResources: {T: {Type: X, Properties: {A: !Ref Gone}}}",
    "a nested stack": "Resources: {S: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://x}}}",
    "an application": (
        "Transform: AWS::Serverless-2016-10-31\n"
        "Resources: {S: {Type: AWS::Serverless::Application, Properties: {Location: ./x.yaml}}}"
    ),
    "a stack set": "Resources: {S: {Type: AWS::CloudFormation::StackSet}}",
    "a product": "Resources: {S: {Type: AWS::ServiceCatalog::CloudFormationProvisionedProduct}}",
    "a module": "Resources: {S: {Type: Some::Org::Streams::MODULE}}",
    "a loop over an include": LOOPS + f"Resources: {{{loop('{Fn::Transform: {Name: Mine}}')}}}",
    "a loop over a resource's value": (LOOPS + f"Resources: {{K: {{Type: X}}, {loop('!GetAtt K.Names')}}}"),
    "a nested stack whose condition nobody can tell": (
        "Conditions: {C: !Equals ['{{resolve:ssm:/x}}', a]}\n"
        "Resources: {S: {Type: AWS::CloudFormation::Stack, Condition: C, Properties: {TemplateURL: https://x}}}"
    ),
    "a rule that an include makes": (
        resources(T="{Type: AWS::SNS::Topic}") + "Rules: {R: {Assertions: [{Assert: {Fn::Transform: {Name: Mine}}}]}}"
    ),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_only_cloudformation_looks_into_is_unknown(command: Command, tmp_path: Path, case: str) -> None:
    """With a note, and never exit 0."""
    assert set(command.verdicts(tmp_path, UNKNOWN[case]).values()) == {"unknown"}
    assert command.code == 2
    assert "\nNote: " in command("plan", str(tmp_path / "template.yaml"))


KNOWN = {
    "an include in the metadata": resources(E=E) + f"Metadata: {{Fn::Transform: {INCLUDE}}}",
    "an include in the outputs": resources(E=E) + f"Outputs: {{Fn::Transform: {INCLUDE}}}",
    "an include in another resource": resources(E=E, T=f"{{Type: X, Properties: {{Fn::Transform: {INCLUDE}}}}}"),
    "an include among the conditions": (
        resources(E=E, T="{Type: X, Condition: FromTheInclude}") + f"Conditions: {{Fn::Transform: {INCLUDE}}}"
    ),
    "an include among the mappings": (
        resources(E=E, T="{Type: X, Properties: {A: !FindInMap [FromTheInclude, b, c]}}")
        + f"Mappings: {{Fn::Transform: {INCLUDE}}}"
    ),
    "a key of an included mapping": (
        resources(E=encryption(", KeyId: !FindInMap [FromTheInclude, b, c]"))
        + f"Mappings: {{Fn::Transform: {INCLUDE}}}"
    ),
    "a transform of AWS's own": "Transform: AWS::SecretsManager-2024-09-16\n" + resources(E=E),
    "a function of SAM's": (
        "Transform: AWS::Serverless-2016-10-31\nGlobals: {Function: {Timeout: 3}}\n"
        + resources(E=E, F="{Type: AWS::Serverless::Function, Properties: {A: !GetAtt FRole.Arn}}")
    ),
    "a nested stack whose condition is not met": (
        "Conditions: {C: !Equals [a, b]}\n"
        + resources(E=E, S="{Type: AWS::CloudFormation::Stack, Condition: C, Properties: {TemplateURL: https://x}}")
    ),
}


@pytest.mark.parametrize("case", KNOWN)
def test_an_include_elsewhere_leaves_what_is_known_known(command: Command, tmp_path: Path, case: str) -> None:
    """Names that it may define are not refused, and the provider's resource is planned."""
    assert command.verdicts(tmp_path, KNOWN[case]) == {"E": "start"}
    assert command.code == 2
