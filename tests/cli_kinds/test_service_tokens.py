"""Whose resources these are, and what of them is checked."""

from pathlib import Path

import pytest

from tests.cli import TOKEN, Command
from tests.cli_kinds.pieces import encryption, resources

TOPIC = "arn:aws:sns:us-east-1:123456789012:in-front-of-the-provider"

TOKENS = [
    (f"'{TOKEN}'", "start"),
    (f"'{TOKEN}:live'", "start"),
    ("!ImportValue kinesis-stream-encryption-ServiceToken", "start"),
    (
        "!Sub 'arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:kinesis-stream-encryption'",
        "start",
    ),
    ("!Ref GivenToken", "start"),
    ("!FindInMap [Tokens, us-east-1, Token]", "start"),
    ("!Ref TokenOfSsm", "unknown"),
    ("'{{resolve:ssm:/kinesis-stream-encryption/token}}'", "unknown"),
    ("!GetAtt Nested.Outputs.Token", "unknown"),
    ("!GetAtt Lookup.Token", "unknown"),
    (f"'{TOPIC}'", "unknown"),
    ("!Ref Topic", "unknown"),
    ("!GetAtt Topic.TopicArn", "unknown"),
    ("!GetAtt Function.Arn", None),
    ("!Sub '${Function.Arn}:live'", None),
    ("'arn:aws:lambda:us-east-1:123456789012:function:another'", None),
]


@pytest.mark.parametrize("kind", ["AWS::CloudFormation::CustomResource", "Custom::Encryption"])
@pytest.mark.parametrize(("token", "verdict"), TOKENS)
def test_whoever_may_have_the_provider_s_token_is_planned(
    command: Command, tmp_path: Path, kind: str, token: str, verdict: str | None
) -> None:
    """The provider's, perhaps the provider's, or surely another's; a topic may deliver to the provider."""
    text = f"""
Parameters:
  GivenToken: {{Type: String, Default: '{TOKEN}'}}
  TokenOfSsm: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: /token}}
Mappings: {{Tokens: {{us-east-1: {{Token: '{TOKEN}'}}}}}}
Resources:
  E: {encryption(", KeyId: alias/orders", token=token, kind=kind)}
  Function: {{Type: AWS::Lambda::Function}}
  Topic: {{Type: AWS::SNS::Topic}}
  Lookup: {{Type: AWS::SSM::Association}}
  Nested: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: https://x}}}}
"""
    verdicts = command.verdicts(tmp_path, text)
    assert verdicts.pop("Nested") == "unknown"
    assert verdicts == ({"E": verdict} if verdict else {})


@pytest.mark.parametrize("token", [f"'{TOPIC}'", "!Ref Topic"])
def test_the_provider_s_own_type_behind_a_topic_is_planned(command: Command, tmp_path: Path, token: str) -> None:
    """The provider serves what a topic delivers; with the same topic, so is a resource of another type."""
    other = encryption(", KeyId: alias/payments", "payments", token, "Custom::Other")
    text = resources(Topic="{Type: AWS::SNS::Topic}", E=encryption(", KeyId: alias/orders", token=token), Other=other)
    known = "start" if token.startswith("'") else "unknown"
    assert command.verdicts(tmp_path, text) == {"E": "start", "Other": known}
    assert command.code == 2


@pytest.mark.parametrize(
    ("stream", "more", "error"),
    [
        ("!Ref Stream", ", KeyId: alias/nowhere", "KeyUnusable"),
        ("!Ref Stream", ", OnDelte: Keep", "InvalidProperties"),
        ("!Ref Stream", ", SettleSeconds: '99'", "InvalidProperties"),
        ("!Ref Stream", ", KeyId: alias/orders", "start"),
        ("!GetAtt Other.Name", ", KeyId: alias/nowhere", "KeyUnusable"),
        ("!GetAtt Other.Name", ", Verify: perhaps", "InvalidProperties"),
        ("!GetAtt Other.Name", ", KeyId: alias/orders", "unknown"),
        ("orders", ", KeyId: alias/orders, Takeover: !GetAtt Other.Flag", "unknown"),
        ("missing", ", KeyId: alias/orders, OnDelete: !GetAtt Other.Flag", "StreamNotFound"),
    ],
)
def test_what_is_known_is_checked_beside_what_is_not(
    command: Command, tmp_path: Path, stream: str, more: str, error: str
) -> None:
    """One unknown property switches no other check off."""
    text = resources(
        Stream="{Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}",
        Other="{Type: AWS::SSM::Association}",
        E=encryption(more, stream),
    )
    assert command.verdicts(tmp_path, text) == {"E": error}
    assert command.code == (1 if error[0].isupper() else 2)
