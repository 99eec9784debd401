"""Templates as other people write them, planned as new stacks: what the plan says, and how it ends.

The account has the ACTIVE streams orders, payments, page-views and page.views, and the keys alias/orders and
alias/payments. Exit codes: 0 nothing would change, 2 something would or may change, 1 refused.
"""

from pathlib import Path

import pytest

from tests.cli import TOKEN, TYPE, Command, planning

E = f"Type: {TYPE}"
LOOPS = "Transform: AWS::LanguageExtensions\n"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in that account."""
    return planning(capsys, "payments", "page-views", "page.views")


def properties(key: str, stream: str = "orders", more: str = "") -> str:
    """The properties of a resource of the provider's."""
    return f"{{ServiceToken: x, StreamName: {stream}, KeyId: {key}{more}}}"


@pytest.mark.parametrize(
    "key",
    [
        '"{{resolve:ssm:/prod/orders/key}}"',
        '!Sub "{{resolve:ssm:/${Env}/orders/key}}"',
        '!Join ["", ["{{resolve:ssm:/", !Ref Env, "/orders/key}}"]]',
        "!Ref KeyRef",
        "!FindInMap [Keys, prod, Orders]",
        '!Sub ["{{resolve:secretsmanager:${Name}:SecretString:key}}", {Name: !Ref Env}]',
        '!Select [1, [a, "{{resolve:ssm-secure:/key}}"]]',
        '!If [Prod, "{{resolve:ssm:/prod/orders/key}}", alias/orders]',
        '!Sub "alias/{{resolve:ssm:/name}}"',
    ],
)
def test_a_dynamic_reference_is_unknown_whatever_made_it(command: Command, tmp_path: Path, key: str) -> None:
    """It is no bad KeyId: CloudFormation looks it up while it deploys."""
    text = f"""
Parameters:
  Env: {{Type: String, Default: prod}}
  KeyRef: {{Type: String, Default: "{{{{resolve:ssm:/prod/orders/key}}}}"}}
Mappings:
  Keys: {{prod: {{Orders: "{{{{resolve:ssm:/prod/orders/key}}}}"}}}}
Conditions: {{Prod: !Equals [!Ref Env, prod]}}
Resources:
  One: {{{E}, Properties: {properties(key)}}}
  Two: {{{E}, Properties: {properties(key)}}}
"""
    assert command.verdicts(tmp_path, text) == {"One": "start", "Two": "unknown"}
    assert command.code == 2
    command.provider.kinesis.add_stream("orders", "alias/orders")
    assert command.verdicts(tmp_path, text) == {"One": "unknown", "Two": "unknown"}
    assert command.code == 2


@pytest.mark.parametrize("condition", ['!Sub "Encrypt${Name}"', "Encrypt${Name}", '!Join ["", [Encrypt, !Ref Name]]'])
def test_a_condition_may_be_named_in_a_loop(command: Command, tmp_path: Path, condition: str) -> None:
    """One is met, the other is not."""
    text = f"""{LOOPS}
Parameters:
  Useorders: {{Type: String, Default: "true"}}
  Usepayments: {{Type: String, Default: "false"}}
Conditions:
  Fn::ForEach::Each:
    - Name
    - [orders, payments]
    - Encrypt${{Name}}: !Equals [!Ref "Use${{Name}}", "true"]
Resources:
  Fn::ForEach::Streams:
    - Name
    - [orders, payments]
    - Encryption${{Name}}:
        {E}
        Condition: {condition}
        Properties: {properties("alias/orders", "!Ref Name")}
"""
    assert command.verdicts(tmp_path, text) == {"Encryptionorders": "start"}
    assert command.code == 2


@pytest.mark.parametrize(
    "key",
    [
        '!Ref "Key${Name}"',
        '!Sub "${Key${Name}}"',
        '!FindInMap [Keys, "${Name}", Id]',
        '!Select [0, [!Ref "Key${Name}"]]',
    ],
)
def test_names_of_parameters_and_mappings_are_made_in_a_loop(command: Command, tmp_path: Path, key: str) -> None:
    """Then the key is known, and so is that there is none of the second."""
    text = f"""{LOOPS}
Parameters:
  Keyorders: {{Type: String, Default: alias/orders}}
  Keypayments: {{Type: String, Default: alias/nowhere}}
Mappings: {{Keys: {{orders: {{Id: alias/orders}}, payments: {{Id: alias/nowhere}}}}}}
Resources:
  Fn::ForEach::Streams:
    - Name
    - [orders, payments]
    - Ref${{Name}}:
        {E}
        Properties: {properties(key, "!Ref Name")}
"""
    assert command.verdicts(tmp_path, text) == {"Reforders": "start", "Refpayments": "KeyUnusable"}
    assert command.code == 1


@pytest.mark.parametrize(
    ("names", "id_", "told"),
    [
        ("[page-views, page.views]", "Encryption&{Name}", "a loop makes Encryptionpageviews twice"),
        ("[orders, orders]", "Encryption${Name}", "a loop makes Encryptionorders twice"),
        ("[page-views]", "Encryption${Name}", "Encryptionpage-views is no logical id"),
        ("[page.views]", "Encryption${Name}", "Encryptionpage.views is no logical id"),
    ],
)
def test_ids_that_a_loop_can_t_make_are_refused(
    command: Command, tmp_path: Path, names: str, id_: str, told: str
) -> None:
    """CloudFormation refuses the template; to drop one of two without a word would be a lie."""
    text = f"""{LOOPS}
Resources:
  Fn::ForEach::Streams:
    - Name
    - {names}
    - {id_}:
        {E}
        Properties: {properties("alias/orders", "!Ref Name")}
"""
    assert command.verdicts(tmp_path, text) == {}
    assert command.code == 1
    assert f"{tmp_path}/template.yaml:" in command.errors
    assert told in command.errors


@pytest.mark.parametrize(
    "more",
    [
        "Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://snippets/encryptions.yaml}}",
        "Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://x}}",
        "App: {Type: AWS::Serverless::Application, Properties: {Location: ./x.yaml}}",
        "Set: {Type: AWS::CloudFormation::StackSet}",
        "Module: {Type: My::Streams::Encrypted::MODULE}",
        "Included: {Fn::Transform: {Name: AWS::Include}}",
        "'Fn::ForEach::L': [S, !Split [',', '{{resolve:ssm:/streams}}'], {'E${S}': {Type: AWS::SNS::Topic}}]",
    ],
)
def test_what_only_cloudformation_looks_into_is_unknown(command: Command, tmp_path: Path, more: str) -> None:
    """Resources of the provider's may be in it."""
    text = f"{LOOPS}Resources:\n  Topic: {{Type: AWS::SNS::Topic}}\n  {more}\n"
    verdicts = command.verdicts(tmp_path, text)
    assert list(verdicts.values()) == ["unknown"]
    assert command.code == 2
    assert "\nNote: " in command("plan", str(tmp_path / "template.yaml"))


@pytest.mark.parametrize(
    "transform", ["MyMacro", "[AWS::LanguageExtensions, {Name: AWS::Include, Parameters: {Location: s3://x}}]"]
)
def test_what_a_transform_of_the_whole_template_adds_is_unknown(
    command: Command, tmp_path: Path, transform: str
) -> None:
    """Also where the template itself has nothing of the provider's."""
    text = f"Transform: {transform}\nResources: {{Topic: {{Type: AWS::SNS::Topic}}}}"
    assert list(command.verdicts(tmp_path, text).values()) == ["unknown"]
    assert command.code == 2


@pytest.mark.parametrize(
    ("given", "verdict", "code"),
    [
        ("{Fn::Transform: {Name: AWS::Include}}", "unknown", 2),
        ("{ServiceToken: x, StreamName: orders, Fn::Transform: {Name: AWS::Include}}", "unknown", 2),
        ("{ServiceToken: x, StreamName: orders, KeyId: !Transform {Name: AWS::Include}}", "start", 2),
        ("{StreamName: orders, OnDelte: Keep, Fn::Transform: {Name: AWS::Include}}", "InvalidProperties", 1),
        ("{StreamName: missing, Fn::Transform: {Name: AWS::Include}}", "StreamNotFound", 1),
    ],
)
def test_an_include_within_a_resource_is_unknown_and_known_faults_are_faults(
    command: Command, tmp_path: Path, given: str, verdict: str, code: int
) -> None:
    """What is misspelt stays so, whatever else comes."""
    text = f"Resources: {{Encryption: {{{E}, Properties: {given}}}}}"
    assert command.verdicts(tmp_path, text) == {"Encryption": verdict}
    assert command.code == code


STREAM = "Stream: {Type: AWS::Kinesis::Stream, Properties: {%sShardCount: 1}}"


@pytest.mark.parametrize(
    ("stream", "more", "told"),
    [
        ("StreamName: !Ref Stream", ", KeyId: alias/nowhere, OnDelte: Keep", ["'OnDelte'", "Key alias/nowhere"]),
        ("StreamARN: !GetAtt Stream.Arn", ", SettleSeconds: 99", ["SettleSeconds"]),
        ("StreamName: !Ref Stream", ", KeyId: alias/nowhere", ["Key alias/nowhere"]),
        ("StreamName: !Ref Stream", ", Verify: maybe, KeyId: !GetAtt Key.Arn", ["Verify"]),
        ("StreamName: '{{resolve:ssm:/stream}}'", ", KeyId: alias/nowhere", ["Key alias/nowhere"]),
        ("StreamName: '{{resolve:ssm:/stream}}'", ", OnDelete: Kep", ["OnDelete"]),
        ("StreamName: orders, Takeover: '{{resolve:ssm:/takeover}}'", ", OnDelete: Kep", ["OnDelete"]),
    ],
)
def test_one_unknown_property_switches_no_other_check_off(
    command: Command, tmp_path: Path, stream: str, more: str, told: list[str]
) -> None:
    """All the faults that are known are told at once, whatever the stream is called."""
    resource = f"Encryption: {{{E}, Properties: {{ServiceToken: x, {stream}{more}}}}}"
    for name in ("Name: clicks, ", ""):
        text = f"Resources:\n  {STREAM % name}\n  Key: {{Type: AWS::KMS::Key}}\n  {resource}\n"
        (verdict,) = command.verdicts(tmp_path, text).values()
        assert verdict in ("InvalidProperties", "KeyUnusable")
        assert command.code == 1
        printed = command("plan", str(tmp_path / "template.yaml"))
        assert [words for words in told if words not in printed] == []


def test_a_stream_of_the_same_template_is_encrypted_once_it_is_there(command: Command, tmp_path: Path) -> None:
    """It is made ACTIVE and plain; where it has a StreamEncryption of its own, two would set it."""
    text = f"Resources:\n  {STREAM % ''}\n  E: {{{E}, Properties: {properties('alias/orders', '!Ref Stream')}}}\n"
    assert command.verdicts(tmp_path, text) == {"E": "start"}
    printed = command("plan", str(tmp_path / "template.yaml"))
    assert "E         Create  !Ref Stream  made by this template" in printed
    assert "StreamEncryption of its own" not in printed
    own = text.replace("ShardCount: 1", "ShardCount: 1, StreamEncryption: {EncryptionType: KMS, KeyId: alias/payments}")
    assert command.verdicts(tmp_path, own) == {"E": "start"}
    assert "Stream has a StreamEncryption of its own" in command("plan", str(tmp_path / "template.yaml"))
    same = own.replace("alias/payments", "alias/orders")
    assert command.verdicts(tmp_path, same) == {"E": "claim-only"}


def test_a_stream_of_the_same_template_that_is_there_already_is_looked_at(command: Command, tmp_path: Path) -> None:
    """The stack is deployed again, say."""
    command.provider.kinesis.add_stream("orders", "alias/orders")
    stream = STREAM % "Name: orders, "
    text = f"Resources:\n  {stream}\n  E: {{{E}, Properties: {properties('alias/orders', '!Ref Stream')}}}\n"
    assert command.verdicts(tmp_path, text) == {"E": "claim-only"}


@pytest.mark.parametrize("kind", ["AWS::CloudFormation::CustomResource", "Custom::Encryption", TYPE])
def test_whoever_has_the_provider_s_service_token_is_served(command: Command, tmp_path: Path, kind: str) -> None:
    """Whatever the resource's type is: the provider looks at no type."""
    given = properties("alias/orders").replace("ServiceToken: x", f"ServiceToken: '{TOKEN}'")
    text = f"Resources: {{Encryption: {{Type: '{kind}', Properties: {given}}}}}"
    assert command.verdicts(tmp_path, text) == {"Encryption": "start"}
    assert command.code == 2


def test_other_custom_resources_are_not_the_provider_s(command: Command, tmp_path: Path) -> None:
    """A function of the template's own, or another account's."""
    text = """
Resources:
  Function: {Type: AWS::Lambda::Function}
  Mine: {Type: Custom::Mine, Properties: {ServiceToken: !GetAtt Function.Arn}}
  Other: {Type: Custom::Other, Properties: {ServiceToken: 'arn:aws:lambda:us-east-1:123456789012:function:other'}}
"""
    assert command.verdicts(tmp_path, text) == {}
    assert command.code == 0
    command.cloudformation.refuses["list_exports"] = "AccessDenied"
    assert command.verdicts(tmp_path, text) == {"Other": "unknown"}
    assert command.code == 2


def test_a_resource_without_a_service_token_is_refused(command: Command, tmp_path: Path) -> None:
    """CloudFormation would not know whom to ask."""
    given = properties("alias/orders").replace("ServiceToken: x, ", "")
    assert command.verdicts(tmp_path, f"Resources: {{E: {{{E}, Properties: {given}}}}}") == {"E": "ServiceTokenMissing"}
    assert command.code == 1
