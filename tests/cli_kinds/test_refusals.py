"""What CloudFormation surely refuses is refused, and what it takes is not."""

from pathlib import Path

import pytest

from tests.cli import Command
from tests.cli_kinds.pieces import E, encryption, resources, with_


def with_parameter(declared: str) -> str:
    """A template with one parameter."""
    return f"Parameters: {{P: {{{declared}}}}}\n{resources(E=E)}"


REFUSED = {
    "a reference in a property": resources(E=E, T="{Type: X, Properties: {A: {B: [!Ref Gone]}}}"),
    "a reference to an attribute": resources(E=E, T="{Type: X, Properties: {A: !Ref E.KeyArn}}"),
    "a reference in metadata": resources(E=with_("Metadata: {a: !Ref Gone}")),
    "a reference in a resource that is not made": (
        "Conditions: {C: !Equals [a, b]}\n" + resources(E=E, T="{Type: X, Condition: C, Properties: {A: !Ref Gone}}")
    ),
    "a reference in a branch that is not taken": (
        "Conditions: {C: !Equals [a, b]}\n" + resources(E=E, T="{Type: X, Properties: {A: !If [C, !Ref Gone, b]}}")
    ),
    "a reference in a text": resources(E=encryption(", KeyId: !Sub 'alias/${Gone}'")),
    "a reference in the map of a text": resources(E=encryption(", KeyId: !Sub ['${A}', {A: !Ref Gone}]")),
    "a pseudo parameter that does not exist": resources(E=encryption(", KeyId: !Ref AWS::Acount")),
    "a reference in a condition": "Conditions: {C: !Equals [!Ref Gone, a]}\n" + resources(E=E),
    "a condition in a condition": "Conditions: {C: !Not [{Condition: Gone}]}\n" + resources(E=E),
    "a condition of an output": resources(E=E) + "Outputs: {O: {Condition: Gone, Value: a}}",
    "an output without a value": resources(E=E) + "Outputs: {O: {Description: a}}",
    "a reference in an output": resources(E=E) + "Outputs: {O: {Value: !GetAtt Gone.Arn}}",
    "an attribute that the provider does not give": resources(E=E) + "Outputs: {O: {Value: !GetAtt E.Arn}}",
    "such an attribute in a text": resources(E=E, T="{Type: X, Properties: {A: !Sub '${E.StreamArn}'}}"),
    "a resource that is depended on": resources(E=with_("DependsOn: [T, Gone]"), T="{Type: X}"),
    "a parameter that is depended on": (
        "Parameters: {P: {Type: String, Default: a}}\n" + resources(E=with_("DependsOn: P"))
    ),
    "a mapping": resources(E=encryption(", KeyId: !FindInMap [Gone, a, b]")),
    "a key of a mapping": "Mappings: {M: {a: {b: c}}}\n" + resources(E=encryption(", KeyId: !FindInMap [M, a, x]")),
    "an export": resources(E=encryption(", KeyId: !ImportValue gone")),
    "a resource that refers to itself": resources(E=encryption(", KeyId: !GetAtt E.KeyArn")),
    "a circle": resources(E=encryption(", KeyId: !Ref T"), T="{Type: X, Properties: {A: !Sub '${E.KeyArn}'}}"),
    "a condition that refers to itself": "Conditions: {A: !Not [!Condition B], B: !Not [!Condition A]}\n"
    + resources(E=E),
    "a condition of one part": "Conditions: {A: !And [!Equals [a, b]]}\n" + resources(E=E),
    "a condition that is a text": "Conditions: {A: 'true'}\n" + resources(E=E),
    "a policy that does not exist": resources(E=with_("DeletionPolicy: Keep")),
    "a policy for resources with snapshots": resources(E=with_("DeletionPolicy: Snapshot")),
    "an attribute of the resource": resources(E=with_("Propertys: {}")),
    "a custom resource without a token": resources(E="{Type: Custom::Other, Properties: {A: b}}"),
    "a resource that is not made": (
        "Conditions: {C: !Equals [a, b]}\n"
        + resources(E=encryption(", KeyId: !GetAtt Key.Arn"), Key="{Type: AWS::KMS::Key, Condition: C}")
    ),
    "an output of a resource that is not made": (
        "Conditions: {C: !Equals [a, b]}\n"
        + resources(E=E, T="{Type: X, Condition: C}")
        + "Outputs: {O: {Value: !Ref T}}"
    ),
    "dependencies that are a map": resources(E=with_("DependsOn: {T: a}"), T="{Type: X}"),
    "a mapping of a text": "Mappings: {M: a}\n" + resources(E=E),
    "a name with a sign": "Mappings: {of-it: {a: {b: c}}}\n" + resources(E=E),
    "a rule about what is not there": resources(E=E) + "Rules: {R: {Assertions: [{Assert: !Equals [!Ref Gone, a]}]}}",
    "a section": resources(E=E) + "Resource: {}",
    "a rule that is broken": (
        "Parameters: {P: {Type: String, Default: test}}\n"
        + resources(E=E)
        + "Rules: {R: {Assertions: [{Assert: !Equals [!Ref P, prod], AssertDescription: x}]}}"
    ),
    "a rule that applies and is broken": (
        "Parameters: {P: {Type: String, Default: test}}\n"
        + resources(E=E)
        + "Rules: {R: {RuleCondition: !Equals [!Ref P, test], "
        "Assertions: [{Assert: {Fn::Contains: [[a, b], !Ref P]}}]}}"
    ),
    "a parameter without a value": with_parameter("Type: String"),
    "a parameter without a type": with_parameter("Default: a"),
    "a parameter of a type that does not exist": with_parameter("Type: Boolean, Default: a"),
    "a default that is not allowed": "Parameters: {P: {Type: String, Default: a, AllowedValues: [b]}}\n"
    + resources(E=E),
    "allowed values that are no list": "Parameters: {P: {Type: String, Default: a, AllowedValues: a}}\n"
    + resources(E=E),
    "a default that does not match": "Parameters: {P: {Type: String, Default: a, AllowedPattern: '[0-9]+'}}\n"
    + resources(E=E),
    "a number of a list": with_parameter("Type: List<Number>, Default: '1,x'"),
    "a default that is a list": with_parameter("Type: CommaDelimitedList, Default: [a]"),
    "a value of null": resources(E=E, T="{Type: X, Properties: {A: null}}"),
    "a key that is written twice": resources(E=encryption(", KeyId: alias/orders, KeyId: alias/payments")),
    "a logical id that is written twice": f"Resources:\n  E: {E}\n  E: {E}\n",
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cloudformation_surely_refuses_is_refused(command: Command, tmp_path: Path, case: str) -> None:
    """Exit 1, and a sentence; a plan would be one of nothing."""
    assert command.verdicts(tmp_path, REFUSED[case]) == {}
    assert command.code == 1
    assert command.errors.startswith(f"plan failed: {tmp_path}/template.yaml")
    assert "fault of this command" not in command.errors


TAKEN = {
    "a rule that holds": (
        "Parameters: {P: {Type: String, Default: prod}}\n"
        + resources(E=E)
        + "Rules: {R: {Assertions: [{Assert: {Fn::Contains: [[prod, test], !Ref P]}}]}}"
    ),
    "a rule that does not apply": (
        resources(E=E) + "Rules: {R: {RuleCondition: !Equals [a, b], Assertions: [{Assert: !Equals [a, b]}]}}"
    ),
    "a property that is left out": resources(E=encryption(", KeyId: alias/orders, OnDelete: !Ref AWS::NoValue")),
    "a property that a condition leaves out": (
        "Conditions: {C: !Equals [a, b]}\n"
        + resources(E=encryption(", KeyId: alias/orders, OnDelete: !If [C, Wrong, !Ref AWS::NoValue]"))
    ),
    "a key of another stack": resources(E=encryption(", KeyId: !ImportValue shop-Key")),
    "a part of a statement that is called Condition": (
        resources(E=E, T="{Type: X, Properties: {A: [{Condition: SomeText}, {Condition: {StringEquals: {a: b}}}]}}")
    ),
    "a branch that is not taken and can't be evaluated": (
        "Conditions: {C: !Equals [a, b]}\n"
        + resources(E=encryption(", KeyId: !If [C, !Select [9, [a]], alias/orders]"))
    ),
    "a resource that is not made and can't be evaluated": (
        "Conditions: {C: !Equals [a, b]}\n"
        + resources(E=E, T="{Type: X, Condition: C, Properties: {A: !Select [9, [a]]}}")
    ),
    "a resource that is not made, in a branch that is not taken": (
        "Conditions: {C: !Equals [a, b]}\n"
        + resources(
            E=encryption(", KeyId: !If [C, !GetAtt Key.Arn, alias/orders]"), Key="{Type: AWS::KMS::Key, Condition: C}"
        )
    ),
    "a resource that is not made either": (
        "Conditions: {C: !Equals [a, b]}\n"
        + resources(
            E=with_("DependsOn: T"), T="{Type: X, Condition: C}", U="{Type: X, Condition: C, Properties: {A: !Ref T}}"
        )
    ),
    "an equals sign": resources(E=E, T="{Type: X, Properties: {A: =}}"),
    "an attribute that the provider gives": resources(E=E) + "Outputs: {O: {Value: !GetAtt E.PreviousKeyId}}",
    "a parameter of SSM that has no value here": (
        "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /x, AllowedValues: [/x]}}\n"
        + resources(E=E)
    ),
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_cloudformation_takes_is_not_refused(command: Command, tmp_path: Path, case: str) -> None:
    """A refusal that is none is wrong, too."""
    assert command.verdicts(tmp_path, TAKEN[case]) == {"E": "start"}
    assert command.code == 2
