"""The command as a person and a pipeline have it: arguments in, text and exit code out."""

import io
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, NoRegionError

from stream_encryption_cli import VERSION
from stream_encryption_cli.account import Access, Account
from stream_encryption_cli.main import main
from stream_encryption_cli.regions import Regions
from tests.builders import ACCOUNT, REGION, of_messages
from tests.cli import EXPORT, TYPE, Command, events_account
from tests.fake_errors import Kind
from tests.provider import Provider
from tests.templates import ROOT

EXAMPLE = str(ROOT / "examples" / "encrypt-another-stacks-stream.yaml")
SEVERAL = str(ROOT / "examples" / "several-streams.yaml")
OWN_KEY = str(ROOT / "examples" / "with-a-customer-managed-key.yaml")
EVENTS = ROOT / "events"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command in an account with two streams, `orders` and `payments`."""
    monkeypatch.delenv("COLUMNS", raising=False)
    provider = Provider()
    provider.kinesis.add_stream("payments")
    return Command(capsys, provider)


def test_a_plan_is_a_table_and_then_the_reasons(command: Command) -> None:
    """What a person reads before agreeing."""
    text = command("plan", EXAMPLE, "--parameter", "StreamName=orders", "--parameter", "KeyId=alias/one")
    key = f"key/{command.provider.one.key_id}"
    head, *lines = text.splitlines()
    assert head == f"Stack a-new-stack (not there yet) in account {ACCOUNT}, region {REGION}"
    assert lines[1:3] == [
        f"RESOURCE    EVENT   STREAM  NOW                    PLAN{' ' * 0}",
        f"Encryption  Create  orders  ACTIVE, not encrypted  Start with {key}",
    ]
    assert lines[4].startswith("Encryption (")
    assert lines[4].endswith("encrypt-another-stacks-stream.yaml:27; new in the template)") or ".yaml:" in lines[4]
    assert lines[5].startswith("  1. PutItem: ")
    assert lines[6].startswith(f"  2. StartStreamEncryption with {command.provider.one.arn}: ")
    assert lines[-1] == "1 to change or unknown, 0 to leave as they are, 0 refused or not seen."
    assert (command.code, command.errors) == (2, "")


def test_a_table_has_short_words_for_whatever_may_come(command: Command) -> None:
    """One stream for each."""
    provider = command.provider
    for name in ("taken", "busy", "same", "denied"):
        provider.kinesis.add_stream(name, "alias/one" if name == "same" else None)
    command.deploy({"ServiceToken": "x", "StreamName": "taken", "KeyId": "alias/one"}, "theirs")
    provider.kinesis.people.reshard("busy", 60.0)
    provider.kinesis.faults.fail_next("DescribeStreamSummary", Kind.ACCESS_DENIED)
    names = "StreamNames=denied,orders,taken,busy,same,missing"
    text = command("plan", SEVERAL, "--parameter", names, "--parameter", "KeyId=alias/one")
    table, *paragraphs = text.split("\n\n")[1:]
    key = f"key/{provider.one.key_id}"
    width = len(f"ACTIVE, {key}")
    assert table.splitlines()[1:] == [
        f"Encryptiondenied   Create  denied   {'':{width}}  could not be looked at",
        f"Encryptionorders   Create  orders   {'ACTIVE, not encrypted':{width}}  Start with {key}",
        f"Encryptiontaken    Create  taken    {f'ACTIVE, {key}':{width}}  refused: OwnedByAnotherStack",
        f"Encryptionbusy     Create  busy     {'UPDATING, not encrypted':{width}}  wait, then Start with {key}",
        f"Encryptionsame     Create  same     {'ACTIVE, alias/one':{width}}  claim only",
        f"Encryptionmissing  Create  missing  {'not there':{width}}  refused: StreamNotFound",
    ]
    assert paragraphs[0].splitlines()[1].startswith("  Kinesis:DescribeStreamSummary of denied")
    assert paragraphs[2].splitlines()[1] == "  taken is managed by Encryption of stack theirs."
    assert paragraphs[-1] == (
        "3 to change or unknown, 0 to leave as they are, 3 refused or not seen. "
        "CloudFormation would roll the whole deployment back.\n"
    )
    assert command.code == 1


def test_json_holds_all_of_a_plan(command: Command) -> None:
    """For a program that decides by it."""
    plan = command.json("plan", EXAMPLE, "--parameter", "StreamName=orders")
    assert {name: plan[name] for name in ("outcome", "stack", "status", "account", "region", "notes", "refused")} == {
        "outcome": "changes",
        "stack": "a-new-stack",
        "status": None,
        "account": ACCOUNT,
        "region": REGION,
        "notes": [],
        "refused": None,
    }
    (line,) = plan["lines"]
    assert (line["verdict"], line["key_id"], line["error"]) == ("start", "alias/aws/kinesis", None)
    assert {**line["steps"][1], "reason": ""} == {
        "action": "StartRequested",
        "reason": "",
        "call": "StartStreamEncryption",
        "key_id": "alias/aws/kinesis",
        "changes": True,
    }


# The command line


def test_it_is_a_module_to_be_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m stream_encryption_cli`: its help tells the exit codes."""
    monkeypatch.setattr("sys.argv", ["kinesis-stream-encryption", "plan", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("stream_encryption_cli", run_name="__main__")
    assert ended.value.code == 0
    assert "Exit codes: 0 nothing would change, and everything is known. 2" in " ".join(capsys.readouterr().out.split())


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The project's."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"kinesis-stream-encryption {VERSION}\n"
    assert f'\nversion = "{VERSION}"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_a_shell_completes_the_options() -> None:
    """As its help says: Click's own completion."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT / "provider"), str(ROOT / "cli"))),
        "_KINESIS_STREAM_ENCRYPTION_COMPLETE": "bash_complete",
        "COMP_WORDS": "kinesis-stream-encryption plan --ch",
        "COMP_CWORD": "2",
    }
    code = "from stream_encryption_cli.main import run; run()"
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-c", code], env=environment, check=False, capture_output=True, text=True
    )
    assert done.stdout == "plain,--change-set\n"


def test_profile_region_and_endpoint_choose_the_account(command: Command) -> None:
    """boto3's own meaning of them."""
    command("audit", "--profile", "production", "--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:1")
    assert command.asked == Access("production", "eu-west-1", "http://127.0.0.1:1")


@pytest.mark.parametrize("option", ["--format", "--output"])
def test_the_format_has_two_names(command: Command, option: str) -> None:
    """Others say output."""
    assert json.loads(command("audit", option, "json"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["plan", EXAMPLE, "--parameter", "orders"], "'orders' is not NAME=VALUE"),
        (["plan", "--formt", "x"], "No such option"),
        (["audit", "--format", "xml"], "'xml' is not one of"),
        (["fly"], "No such command"),
        (["plan"], "plan failed: give one of these"),
        (["plan", "--delete"], "plan failed: --delete needs --stack-name"),
        (["plan", EXAMPLE, "--delete", "--stack-name", "x"], "plan failed: give one of these"),
        (["plan", EXAMPLE, "--change-set", "x"], "plan failed: give one of these"),
        (["plan", "--change-set", "x"], "a change set's name needs --stack-name"),
        (["plan", "--change-set", "x", "--stack-name", "y", "--offline"], "--offline evaluates a template"),
        (["plan", "--delete", "--stack-name", "x", "--parameter", "a=b"], "--parameter needs a template"),
    ],
)
def test_wrong_arguments_do_not_pass_for_a_plan_with_changes(command: Command, arguments: list[str], told: str) -> None:
    """Exit code 1: 2 is that of changes."""
    assert command(*arguments) == ""
    assert told in command.errors
    assert command.code == 1


def test_a_template_may_come_by_standard_input(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-`; faults are told of standard input, with their line."""
    text = f"Resources:\n  E: {{Type: {TYPE}, Properties: {{ServiceToken: x, StreamName: orders}}}}\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert command.lines("-") == [("E", "Create", "orders", "start")]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Resources:\n  E: {Type: X, DependsOn: G}\n")))
    assert command("plan", "-") == ""
    assert command.errors == "plan failed: <stdin>:2: E depends on G, which is not there\n"


def test_the_width_is_the_terminal_s_or_as_much_as_a_pipe_takes(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line of a pipe is one line, whatever it holds; COLUMNS says otherwise."""
    arguments = ("plan", EXAMPLE, "--parameter", "StreamName=orders", "--parameter", "KeyId=alias/one")
    assert max(map(len, command(*arguments).splitlines())) > 120
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, command(*arguments).splitlines())) <= 60


@pytest.mark.parametrize(("variables", "coloured"), [({"FORCE_COLOR": "1"}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals_and_for_who_wants_them(
    command: Command, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], *, coloured: bool
) -> None:
    """NO_COLOR is heeded."""
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert ("\033[" in command("plan", EXAMPLE, "--parameter", "StreamName=orders")) is coloured


# How it ends when something goes wrong


def ended(work: Exception | type[BaseException], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run a plan whose account can't be found for this reason; tell the exit code and what it says."""

    class Accounts:
        @staticmethod
        def of(_access: Access) -> Account:
            raise work

        @staticmethod
        def regions(_access: Access) -> Regions:
            raise work

    code = main(["plan", EXAMPLE, "--parameter", "StreamName=orders"], Accounts)
    return code, capsys.readouterr().err


def test_ctrl_c_ends_quietly(capsys: pytest.CaptureFixture[str]) -> None:
    """With the code that a shell gives to it."""
    assert ended(KeyboardInterrupt, capsys) == (130, "")


def test_ctrl_c_before_a_command_runs_ends_with_the_same_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the command line is read."""
    monkeypatch.setattr("stream_encryption_cli.main.Given", lambda **_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert main(["plan", EXAMPLE]) == 130


def test_an_endpoint_that_does_not_answer_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """With what to check."""
    code, told = ended(ConnectTimeoutError(endpoint_url="https://sts.nowhere.example"), capsys)
    assert code == 1
    assert "https://sts.nowhere.example" in told
    assert "check the region, --endpoint-url and any proxy" in told


def test_without_a_region_it_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    """boto3's own sentence."""
    assert ended(NoRegionError(), capsys) == (1, "plan failed: You must specify a region.\n")


@pytest.mark.parametrize("debug", [False, True])
def test_a_fault_of_the_command_itself_is_a_sentence_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, debug: bool
) -> None:
    """The traceback is for who asks for it."""
    if debug:
        monkeypatch.setenv("STREAM_ENCRYPTION_DEBUG", "1")
    code, told = ended(ZeroDivisionError("x"), capsys)
    assert code == 1
    assert "plan failed: a fault of this command itself: ZeroDivisionError: x" in told
    assert ("Traceback" in told) is debug


def test_values_that_refer_to_each_other_without_end_are_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """Python's own limit."""
    code, told = ended(RecursionError(), capsys)
    assert (code, "nested too deeply" in told) == (1, True)


def test_a_closed_pipe_ends_quietly() -> None:
    """`kinesis-stream-encryption … | head -1`: no traceback, and the code that a shell gives to it."""
    code = """
import sys
from stream_encryption_cli.account import Access
from stream_encryption_cli.command import Command
def work(command):
    while True:
        print("line")
sys.exit(Command("plan", Access(), None, None).end(work))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "provider"), str(ROOT / "cli")))}
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


# Templates


def test_a_template_without_such_resources_is_planned_in_no_time(command: Command) -> None:
    """The provider's own, say."""
    text = command("plan", str(ROOT / "template.yaml"))
    assert text.endswith("\n\nNo resource of this stack is the provider's.\n")
    assert command.code == 0


def test_what_a_template_makes_itself_is_unknown_by_name(command: Command) -> None:
    """A key of the same template."""
    roles = ("--parameter", "ProducerRoleArns=a", "--parameter", "ConsumerRoleArns=b")
    text = command("plan", OWN_KEY, "--parameter", "StreamName=orders", *roles)
    assert "Start with !GetAtt Key.Arn\n" in text
    command.provider.kinesis.add_stream("orders", "alias/two")
    text = command("plan", OWN_KEY, "--parameter", "StreamName=orders", *roles)
    assert "ACTIVE, alias/two  unknown, perhaps Start with !GetAtt Key.Arn\n" in text
    assert "\n  The stream has key alias/two; no call is made if that is the key of !GetAtt Key.Arn.\n" in text
    assert command.code == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([EXAMPLE], "encrypt-another-stacks-stream.yaml: parameters without a value: StreamName (--parameter"),
        ([EXAMPLE, "--parameter", "Name=orders"], "the template has no parameter Name"),
        (["no-such-file.yaml"], "No such file"),
        ([str(EVENTS / "create.json")], "the event is from account 000000000000, region us-east-1, and this is"),
        (
            ["--delete", "--stack-name", "nowhere"],
            "there is no stack nowhere in account 123456789012, region",
        ),
    ],
)
def test_what_can_not_be_planned_is_said_in_a_sentence(command: Command, arguments: list[str], told: str) -> None:
    """On stderr, with exit code 1 and no traceback."""
    assert command("plan", *arguments) == ""
    assert command.errors.startswith("plan failed: ")
    assert told in command.errors
    assert command.code == 1


def test_a_file_that_is_no_text_is_said_to_be_none(command: Command, tmp_path: Path) -> None:
    """A picture, say."""
    (tmp_path / "x.png").write_bytes(b"\x89PNG\xff")
    command("plan", str(tmp_path / "x.png"))
    assert command.errors.startswith("plan failed: 'utf-8' codec can't decode")


def test_without_a_provider_cloudformation_would_refuse_the_template(command: Command) -> None:
    """Its export is not there: said before anybody deploys. Who may not list exports can plan all the same."""
    del command.cloudformation.exports[EXPORT]
    assert command("plan", EXAMPLE, "--parameter", "StreamName=orders") == ""
    assert f"no stack of this account and region exports {EXPORT}" in command.errors
    command.cloudformation.refuses["list_exports"] = "AccessDenied"
    assert command.lines(EXAMPLE, "--parameter", "StreamName=orders") == [("Encryption", "Create", "orders", "start")]


# Without credentials


def test_without_credentials_a_template_is_checked_and_the_rest_is_unknown(command: Command, tmp_path: Path) -> None:
    """A quick look on any machine: faults are faults, and nothing else ends with 0."""
    command.credentials = False
    arn = "arn:aws:kinesis:eu-west-1:111122223333:stream/orders"
    text = f"""
Resources:
  Right: {{Type: {TYPE}, Properties: {{ServiceToken: x, StreamName: orders}}}}
  ByArn: {{Type: {TYPE}, Properties: {{ServiceToken: x, StreamARN: '{arn}', KeyId: 'arn:aws:kms:x'}}}}
  Wrong: {{Type: {TYPE}, Properties: {{ServiceToken: x, StreamName: orders, OnDelte: Keep}}}}
"""
    verdicts = command.verdicts(tmp_path, text)
    assert command.errors == ""
    assert verdicts == {"Right": "unknown", "ByArn": "unknown", "Wrong": "InvalidProperties"}
    assert command.code == 1
    assert command.verdicts(tmp_path, text.replace("OnDelte", "OnDelete"))["Wrong"] == "unknown"
    assert command.code == 2
    assert "Without credentials nobody looked" in command("plan", str(tmp_path / "template.yaml"))
    assert command.verdicts(tmp_path, "Resources: {A: {Type: AWS::SNS::Topic}}") == {}
    assert command.code == 0


@pytest.mark.parametrize("arguments", [["--stack-name", "shop"], ["--delete", "--stack-name", "shop"]])
def test_without_credentials_no_stack_is_planned(command: Command, tmp_path: Path, arguments: list[str]) -> None:
    """Nothing could be compared."""
    command.credentials = False
    file = tmp_path / "template.yaml"
    file.write_text("Resources: {A: {Type: AWS::SNS::Topic}}")
    command("plan", *([] if "--delete" in arguments else [str(file)]), *arguments)
    assert command.errors == "plan failed: Unable to locate credentials\n"
    assert command.code == 1


# Requests


@pytest.mark.parametrize(
    ("name", "lines", "code"),
    [
        ("create", [("Encryption", "Create", "orders", "start")], 2),
        ("bad-every-fault", [("Encryption", "Create", None, "refused")], 1),
        ("bad-stream-is-missing", [("Encryption", "Create", "no-such-stream", "refused")], 1),
        ("delete-of-a-failed-create", [("Encryption", "Delete", None, "no-change")], 0),
        (
            "update-to-another-stream",
            [("Encryption", "Update", "payments", "start"), ("Encryption", "Delete", "orders", "no-change")],
            2,
        ),
    ],
)
def test_a_request_is_planned_as_if_it_came_now(
    capsys: pytest.CaptureFixture[str], name: str, lines: list[Any], code: int
) -> None:
    """The files in events/; the ResponseURL in them is a secret, and is in nothing that is printed."""
    command = Command(capsys, events_account())
    assert command.lines(str(EVENTS / f"{name}.json")) == lines
    assert command.code == code
    assert "X-Amz-Signature" not in command("plan", str(EVENTS / f"{name}.json"))


def test_a_request_by_way_of_a_topic_is_planned(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The provider serves it as if CloudFormation had sent it without the topic."""
    command = Command(capsys, events_account())
    file = tmp_path / "event.json"
    file.write_text(json.dumps(of_messages((EVENTS / "create.json").read_text())))
    assert command.lines(str(file)) == command.lines(str(EVENTS / "create.json"))
    assert command.code == 2


@pytest.mark.parametrize("records", [[], [{}], [{"Sns": {"Message": "no JSON"}}], [{"Sns": {"Message": "[]"}}], 5])
def test_a_topic_s_message_without_a_request_is_refused(command: Command, tmp_path: Path, records: object) -> None:
    """In a sentence."""
    file = tmp_path / "event.json"
    file.write_text(json.dumps({"Records": records}))
    assert command("plan", str(file)) == ""
    assert (command.code, "is no message of an SNS topic" in command.errors) == (1, True)


# Audits


def test_an_audit_is_a_table_json_or_csv(command: Command) -> None:
    """The same rows, whichever way; the table's head tells the account and the region."""
    text = command("audit")
    assert text.startswith(f"Account {ACCOUNT}, region {REGION}\n")
    assert "orders    ACTIVE  NONE\n" in text
    assert [row["stream"] for row in command.json("audit")] == ["orders", "payments"]
    head, *rows = command("audit", "--format", "csv").splitlines()
    assert head.startswith("profile,account,region,stream,arn,status,encryption,key_id,")
    assert [row.split(",")[1:4] for row in rows] == [[ACCOUNT, REGION, name] for name in ("orders", "payments")]
    assert command.code == 0
    assert command.errors == ""


def test_an_audit_of_many_streams_says_how_far_it_is_on_stderr(command: Command) -> None:
    """So that the table can go elsewhere."""
    for number in range(300):
        command.provider.kinesis.add_stream(f"stream-{number:03}")
    command("audit")
    told = command.errors.splitlines()
    assert told[0] == "102 of 302 streams"
    assert len(told) > 1


def test_an_audit_that_missed_something_does_not_pass_for_a_whole_one(command: Command) -> None:
    """Exit code 1: a stream, or all of them, or the record of each."""
    command.provider.kinesis.faults.fail_next("DescribeStreamSummary", Kind.ACCESS_DENIED)
    assert "orders: kinesis:DescribeStreamSummary of orders failed: AccessDenied" in command("audit")
    assert command.code == 1
    command.provider.kinesis.faults.fail_next("ListStreams", Kind.ACCESS_DENIED)
    assert command("audit") == ""
    assert command.errors.startswith("audit failed: kinesis:ListStreams of every stream failed: AccessDenied")
    assert command.code == 1
    command.provider.table.exists = False
    assert "2 streams: dynamodb:GetItem of kinesis-stream-encryption-record failed: Resource" in command("audit")
    assert command.code == 1


def test_the_record_s_table_is_the_one_that_the_provider_s_stack_names(command: Command) -> None:
    """Or the one that is given, or the one that it has by default."""
    table = command.provider.table
    assert "failed" not in command("audit")
    command.parameters.table = "elsewhere"
    assert "of elsewhere failed" in command("audit")
    assert "failed" not in command("audit", "--record-table", table.name)
    command.parameters.table = None
    assert "failed" not in command("audit")
    assert "of mine-record failed" in command("audit", "--provider", "mine")
