"""What CloudFormation surely refuses about a template is refused here, and nothing that it may take."""

from pathlib import Path

import pytest

from stream_encryption_cli.resources.template import Template
from stream_encryption_cli.template.scope import Scope
from stream_encryption_cli.template.text import read
from stream_encryption_cli.template.unknown import TemplateFault
from tests.templates import ROOT

E = "E: {Type: Custom::KinesisStreamEncryption, Properties: {ServiceToken: x, StreamName: orders}}"
LOOPS = "Transform: AWS::LanguageExtensions\n"


def template(text: str) -> Template:
    """Check a template."""
    return Template(read(text.replace("{E}", E)), Scope())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # A file that is no template.
        ("Description: x", "a template has 1 to 500 Resources"),
        ("Resources: {}", "a template has 1 to 500 Resources"),
        ("Resources: [{E}]", "Resources must be a map"),
        ("Resources: text", "Resources must be a map"),
        ("version: 3\nservices: {web: {image: x}}\nResources: {{E}}", "a template has no section version"),
        ("apiVersion: v1\nkind: Pod\nspec: {a: b}", "a template has no section apiVersion"),
        ("AWSTemplateFormatVersion: '2020-01-01'\nResources: {{E}}", "the only AWSTemplateFormatVersion"),
        ("Transform: {Name: [x]}\nResources: {{E}}", "Transform must be a macro's name"),
        ("Transform: 5\nResources: {{E}}", "Transform must be a macro's name"),
        ("Mappings: []\nResources: {{E}}", "Mappings must be a map"),
        ("Conditions: text\nResources: {{E}}", "Conditions must be a map"),
        # Nulls.
        ("Resources:\n  E:\n    Type: X\n    Properties:", "/Resources/E/Properties is null"),
        ("Resources: {E: {Type: X, Properties: {A: [1, null]}}}", "/Resources/E/Properties/A/1 is null"),
        ("Parameters:\nResources: {{E}}", "Parameters must be a map|/Parameters is null"),
        # Resources of another shape.
        ("Resources: {E: text}", "resource E is not a map"),
        ("Resources: {E: [1]}", "resource E is not a map"),
        ("Resources: {E: {}}", "resource E has no Type"),
        ("Resources: {E: {Type: [X]}}", "resource E has no Type"),
        ("Resources: {E: {Type: X, Properties: [1]}}", "resource E has Properties that are not a map"),
        ("Resources: {E: {Type: X, Propertys: {A: 1}}}", "E has an unknown attribute Propertys"),
        ("Resources: {E: {Type: X, Properties: {A: 1, A: 2}}}", "/Resources/E/Properties/A is written twice"),
        ("Resources:\n  E: {Type: X}\n  E: {Type: X}", "/Resources/E is written twice"),
        ("Resources: {E-1: {Type: X}}", "E-1 is no logical id"),
        ("Resources: {'E${S}': {Type: X}}", "is no logical id"),
        ("Resources: {E: {Type: X, Condition: !Sub 'a'}}", "resource E has a Condition that is not a text"),
        # Loops and the like without their transform, and ids that a loop makes.
        ("Resources: {'Fn::ForEach::L': [S, [a], {'E${S}': {Type: X}}]}", "needs Transform: AWS::LanguageExtensions"),
        ("Resources: {E: {Type: X, Properties: {A: {Fn::Length: [1]}}}}", "Fn::Length needs Transform"),
        ("Resources: {E: {Type: X, Properties: {'Fn::ForEach::L': [S, [a], {A: 1}]}}}", "needs Transform"),
        ("Resources: {{E}}\nConditions: {'Fn::ForEach::L': [S, [a], {A: 1}]}", "needs Transform"),
        (LOOPS + "Resources: {'Fn::ForEach::L': [S, [a-b], {'E${S}': {Type: X}}]}", "Ea-b is no logical id"),
        (LOOPS + "Resources: {'Fn::ForEach::L': [S, [a], {'E${T}': {Type: X}}]}", "is no logical id"),
        (LOOPS + "Resources: {'Fn::ForEach::L': [S, [''], {'${S}': {Type: X}}]}", "is no logical id"),
        # Names that are not there.
        ("Resources: {E: {Type: X, Properties: {A: !Ref Gone}}}", "there is no parameter or resource Gone"),
        ("Resources: {E: {Type: X, Properties: {A: !GetAtt Gone.Arn}}}", "there is no resource Gone"),
        ("Resources: {E: {Type: X, Properties: {A: {Fn::GetAtt: Gone.Arn}}}}", "there is no resource Gone"),
        ("Resources: {E: {Type: X, Properties: {A: !Sub '${Gone}'}}}", "there is no parameter or resource Gone"),
        ("Resources: {E: {Type: X, Properties: {A: !Sub ['${A}${Gone.B}', {A: 1}]}}}", "there is no resource Gone"),
        ("Resources: {E: {Type: X, Properties: {A: !Join ['', [!Ref Gone]]}}}", "there is no parameter or resource"),
        ("Resources: {E: {Type: X, Properties: {A: !If [Gone, 1, 2]}}}", "there is no condition Gone"),
        ("Resources: {E: {Type: X, Condition: Gone}}", "there is no condition Gone"),
        ("Resources: {E: {Type: X, DependsOn: Gone}}", "E depends on Gone, which is not there"),
        ("Resources: {E: {Type: X, DependsOn: [Gone]}}", "E depends on Gone, which is not there"),
        ("Resources: {E: {Type: X, Properties: {A: !FindInMap [Gone, a, b]}}}", "the mappings have no Gone / a / b"),
        ("Resources: {{E}}\nOutputs: {O: {Value: !Ref Gone}}", "there is no parameter or resource Gone"),
        ("Resources: {{E}}\nConditions: {C: !Equals [!Ref Gone, a]}", "there is no parameter or resource Gone"),
        ("Resources: {{E}}\nConditions: {C: !Equals [!Ref E, a]}", "there is no (parameter or )?resource E"),
        ("Resources: {{E}}\nConditions: {C: !Equals [!GetAtt E.A, a]}", "there is no (parameter or )?resource E"),
        (
            LOOPS + "Resources: {'Fn::ForEach::L': [S, [a], {'E${S}': {Type: X, Condition: 'C${S}'}}]}",
            "no condition Ca",
        ),
        # Circles.
        ("Resources: {A: {Type: X, DependsOn: B}, B: {Type: X, Properties: {P: !Ref A}}}", "in a circle"),
        (
            "Resources: {A: {Type: X, Properties: {P: !Sub '${B.C}'}}, B: {Type: X, Properties: {P: !GetAtt A.D}}}",
            "in a circle",
        ),
    ],
)
def test_what_cloudformation_refuses_is_refused(text: str, told: str) -> None:
    """Before it touches anything: a plan of it would be a plan of nothing."""
    with pytest.raises(TemplateFault, match=told):
        template(text)


def test_a_refusal_tells_the_line() -> None:
    """Errors name file and line."""
    with pytest.raises(TemplateFault) as fault:
        template("Resources:\n  E:\n    Type: X\n    Properties:\n      A: 1\n      B: !Ref Gone\n")
    assert fault.value.line == 6


@pytest.mark.parametrize(
    "text",
    [
        "Resources: {{E}, F: {Type: X, DependsOn: E, Metadata: {a: !Ref E}}}",
        "Resources: {E: {Type: X, Properties: {A: !Ref AWS::Region, B: !Sub '${AWS::AccountId}${!Gone}'}}}",
        LOOPS + "Resources: {E: {Type: X, Properties: {A: !FindInMap [Gone, a, b, {DefaultValue: x}]}}}",
        "Resources: {{E}}\nMappings: {M: {a: {b: c}}}\nRules: {R: {Assertions: []}}\nMetadata: {a: b}",
        "Resources: {E: {Type: X, Properties: {A: {Condition: {StringEquals: {a: b}}}}}}",
        # What only CloudFormation adds may have the names.
        "Transform: Mine\nResources: {E: {Type: X, Condition: C, DependsOn: G, Properties: {A: !Ref Gone}}}",
        "Transform: [AWS::LanguageExtensions, {Name: AWS::Include, Parameters: {Location: s3://x}}]\nMine: 1",
        "Transform: AWS::Serverless-2016-10-31\nResources: {E: {Type: X, Properties: {A: !GetAtt FRole.Arn}}}",
        "Resources: {Fn::Transform: {Name: AWS::Include}, E: {Type: X, Properties: {A: !Ref Gone}}}",
        "Fn::Transform: {Name: AWS::Include}\nResources: {E: {Type: X, Properties: {A: !Ref Gone}}}",
        "Resources: {M: {Type: My::Own::Thing::MODULE}, E: {Type: X, Properties: {A: !GetAtt M.Key.Arn}}}",
        "Conditions: {Fn::Transform: {Name: AWS::Include}}\nResources: {E: {Type: X, Condition: Gone}}",
        LOOPS
        + "Parameters: {P: {Type: String}}\nResources: {'Fn::ForEach::L': [S, !GetAtt K.A, {'E${S}': {Type: X}}]}",
        LOOPS + "Conditions: {Ca: !Equals [a, a]}\n"
        "Resources: {'Fn::ForEach::L': [S, [a], {'E${S}': {Type: X, Condition: !Sub 'C${S}'}}]}",
    ],
)
def test_what_cloudformation_may_take_is_not_refused(text: str) -> None:
    """A refusal that is none is as bad as none that is one."""
    template(text)


@pytest.mark.parametrize("folder", ["examples", "deploy"])
def test_the_project_s_own_templates_are_not_refused(folder: str) -> None:
    """They are linted and deployed elsewhere."""
    for file in [ROOT / "template.yaml", *sorted(Path(ROOT / folder).glob("*.yaml"))]:
        sections = read(file.read_text(encoding="utf-8"))
        if "Resources" in sections:
            known = {"one": "orders", "several": ["orders"]}
            kinds = {name: one["Type"] for name, one in sections.get("Parameters", {}).items()}
            Template(
                sections, Scope({name: known["several" if "List" in kind else "one"] for name, kind in kinds.items()})
            )
