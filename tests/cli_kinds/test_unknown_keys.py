"""Text that a function makes may be a dynamic reference, or be known only while the stack is deployed."""

from pathlib import Path

import pytest

from tests.cli import Command
from tests.cli_kinds.pieces import DYNAMIC, LOOPS, encryption, resources

KEYS = [
    "!Sub ['{{resolve:ssm:${Path}}}', {Path: /key}]",
    "!Sub ['{{resolve:${Kind}:/prod/${Name}/key}}', {Kind: ssm, Name: !Ref Name}]",
    "!Sub ['${Whole}', {Whole: '{{resolve:secretsmanager:key:SecretString:arn}}'}]",
    "!Sub ['${Open}/key}}', {Open: '{{resolve:ssm:/prod'}]",
    "!Join [':', ['{{resolve', ssm, '/key}}']]",
    "!Join ['', !Split ['|', '{{resolve:|ssm:/key}}']]",
    "!Select [1, !Split ['|', 'a|{{resolve:ssm:/key}}']]",
    "!FindInMap [Keys, !Ref Name, Id]",
    "!FindInMap [Keys, gone, Id, {DefaultValue: '{{resolve:ssm:/key}}'}]",
    "!FindInMap [Keys, gone, Id, {DefaultValue: !Sub '{{resolve:ssm:/${Name}}}'}]",
    "!ImportValue shop-Dynamic",
    "!ImportValue {'Fn::Sub': 'shop-${Dynamic}'}",
    "!Ref FromSsm",
    "!Sub 'alias/${FromSsm}'",
    "!Ref Masked",
    "!Select [0, !Ref Listed]",
    "!If [Prod, '{{resolve:ssm-secure:/key:3}}', alias/orders]",
    "!If [ByReference, alias/orders, alias/payments]",
    "{Fn::Base64: alias/orders}",
    "{Fn::ToJsonString: {a: b}}",
    "{Fn::Transform: {Name: Mine, Parameters: {A: b}}}",
    "{Fn::SomethingNew: [a, b]}",
    "!Select [0, !GetAZs '']",
    "!Ref AWS::StackId",
    "!GetAtt Key.Arn",
    "!Ref Key",
]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_only_the_deployment_tells_is_unknown(command: Command, tmp_path: Path, key: str) -> None:
    """Where the stream has a key already, it may be this one; it is no bad KeyId, and never exit 0."""
    command.provider.kinesis.add_stream("orders", "alias/orders")
    text = f"""{LOOPS}
Parameters:
  Name: {{Type: String, Default: orders}}
  Dynamic: {{Type: String, Default: Dynamic}}
  FromSsm: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: /key}}
  Masked: {{Type: String, NoEcho: true, Default: '****'}}
  Listed: {{Type: CommaDelimitedList, Default: '{DYNAMIC},b'}}
Mappings: {{Keys: {{orders: {{Id: '{DYNAMIC}'}}}}}}
Conditions:
  Prod: !Equals [!Ref Name, orders]
  ByReference: !Equals ['{DYNAMIC}', x]
{resources(E=encryption(f", KeyId: {key}"), Key="{Type: AWS::KMS::Key}")}"""
    assert command.verdicts(tmp_path, text) == {"E": "unknown"}
    assert command.code == 2
