"""The command as a person and a pipeline have it: arguments in, text and exit code out."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoRegionError
from stream_encryption.model import Place

from stream_encryption_cli.account import Account
from stream_encryption_cli.main import main
from tests.builders import ACCOUNT, LOGICAL_ID, REGION, STREAM_ARN, create_event
from tests.fake_cloudformation import FakeCloudFormation
from tests.fake_errors import Kind
from tests.provider import Provider
from tests.templates import ROOT
from tests.test_events_run import EventsAccount

TOKEN = "kinesis-stream-encryption-ServiceToken"  # noqa: S105 - an export's name
EXAMPLE = str(ROOT / "examples" / "encrypt-another-stacks-stream.yaml")
SEVERAL = str(ROOT / "examples" / "several-streams.yaml")
OWN_KEY = str(ROOT / "examples" / "with-a-customer-managed-key.yaml")
EVENTS = ROOT / "events"


class Command:
    """The command in an account: stacks, streams and keys are fakes."""

    def __init__(self, capsys: pytest.CaptureFixture[str], provider: Provider) -> None:
        """Look at this provider's world."""
        self.provider = provider
        self.cloudformation = FakeCloudFormation()
        self.cloudformation.exports[TOKEN] = "arn:aws:lambda:us-east-1:123456789012:function:x"
        self.code = -1
        self.errors = ""
        self.asked: tuple[str | None, str | None] = ("", "")
        self._capsys = capsys

    def __call__(self, *arguments: str) -> str:
        """Run it, and tell what it prints."""
        self.code = main(arguments, self._account, self.provider.clock)
        printed = self._capsys.readouterr()
        self.errors = printed.err
        assert self.provider.kinesis.calls.by("").changes == []
        return printed.out

    def json(self, *arguments: str) -> Any:
        """Run it, and tell what it prints as JSON."""
        return json.loads(self(*arguments, "--format", "json"))

    def lines(self, *arguments: str) -> list[tuple[str, str, str | None, str]]:
        """Run a plan, and tell its lines in short."""
        names = ("resource", "event", "stream", "verdict")
        lines = self.json("plan", *arguments)["lines"]
        return [(line[names[0]], line[names[1]], line[names[2]], line[names[3]]) for line in lines]

    def deploy(self, properties: dict[str, str]) -> None:
        """Have the stack of the tests' events encrypt `orders`."""
        caller, self.provider.kinesis.wire.caller = self.provider.kinesis.wire.caller, "CloudFormation"
        assert self.provider.handle(create_event(properties))["Status"] == "SUCCESS"
        self.provider.kinesis.wire.caller = caller
        resources = {LOGICAL_ID: {"Type": "Custom::KinesisStreamEncryption", "Properties": properties}}
        self.cloudformation.put("platform-encryption", {"Resources": resources}, {LOGICAL_ID: STREAM_ARN})
        self._capsys.readouterr()  # the provider's log

    def _account(self, profile: str | None, region: str | None) -> Account:
        self.asked = (profile, region)
        kinesis, kms = self.provider.kinesis, self.provider.kms
        place = Place(REGION, kms.wire.account)
        return Account(place, "aws", kinesis.client, kms.client, self.cloudformation.client)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in an account with two streams, `orders` and `payments`."""
    provider = Provider()
    provider.kinesis.add_stream("payments")
    return Command(capsys, provider)


def test_a_plan_is_a_table_and_then_why(command: Command) -> None:
    """What a person reads before agreeing."""
    text = command("plan", EXAMPLE, "--parameter", "StreamName=orders", "--parameter", "KeyId=alias/one")
    granted = "whoever writes to orders needs kms:GenerateDataKey, and whoever reads it kms:Decrypt"
    assert text.splitlines() == [
        f"Stack a-new-stack (not there yet) in account {ACCOUNT}, region {REGION}",
        "",
        "RESOURCE    EVENT   STREAM  NOW                    PLAN",
        "Encryption  Create  orders  ACTIVE, not encrypted  Start with alias/one",
        "",
        "Encryption (new in the template)",
        "  1. AddTagsToStream: record the state before",
        "  2. StartStreamEncryption with alias/one: the stream is not encrypted",
        "  3. Wait: stream orders is UPDATING; its encryption can change once it is ACTIVE",
        "  4. Wait: ACTIVE with the wanted key; settling for 5 s",
        "  5. Settled: ACTIVE with the wanted key; encryption was started",
        f"  Note: before that, {granted}, on {command.provider.one.arn}.",
        "",
        "1 to change, 0 to leave as they are, 0 refused or not seen.",
    ]
    assert command.code == 2
    assert command.errors == ""


def test_a_table_has_short_words_for_whatever_may_come(command: Command) -> None:
    """One stream for each."""
    provider = command.provider
    theirs = command.cloudformation.put("theirs", {})
    for name in ("taken", "busy", "same", "denied"):
        provider.kinesis.add_stream(name, "alias/one" if name == "same" else None)
    record = {"stack": theirs, "resource": "Theirs", "before": "NONE"}
    tags = {f"kinesis-stream-encryption:{name}": value for name, value in record.items()}
    provider.kinesis.people.tag("taken", tags)
    provider.kinesis.people.reshard("busy", 60.0)
    provider.kinesis.faults.fail_next("DescribeStreamSummary", Kind.ACCESS_DENIED)
    names = "StreamNames=denied,orders,taken,busy,same,missing"
    text = command("plan", SEVERAL, "--parameter", names, "--parameter", "KeyId=alias/one")
    table, *paragraphs = text.split("\n\n")[1:]
    assert table.splitlines()[1:] == [
        "Encryptiondenied   Create  denied                            could not be looked at",
        "Encryptionorders   Create  orders   ACTIVE, not encrypted    Start with alias/one",
        "Encryptiontaken    Create  taken    ACTIVE, not encrypted    refused: OwnedByAnotherStack",
        "Encryptionbusy     Create  busy     UPDATING, not encrypted  wait, then Start with alias/one",
        "Encryptionsame     Create  same     ACTIVE, alias/one        tags only",
        "Encryptionmissing  Create  missing  not there                refused: StreamNotFound",
    ]
    assert paragraphs[0].startswith("Encryptiondenied (new in the template)\n  Kinesis:DescribeStreamSummary of denied")
    assert paragraphs[2].splitlines()[1] == "  taken is managed by Theirs of stack theirs."
    assert paragraphs[2].splitlines()[2].startswith("  The encryption of stream arn:aws:kinesis:")
    assert paragraphs[-1] == (
        "3 to change, 0 to leave as they are, 3 refused or not seen. "
        "CloudFormation would roll the whole deployment back.\n"
    )
    assert command.code == 1


def test_a_key_s_arn_is_short_in_the_table_and_whole_in_json(command: Command) -> None:
    """The table's lines are long enough."""
    command.provider.kinesis.add_stream("orders", command.provider.two.arn)
    arguments = ("plan", EXAMPLE, "--parameter", "StreamName=orders")
    assert f"ACTIVE, key/{command.provider.two.key_id}  Start" in command(*arguments)
    assert command.json(*arguments)["lines"][0]["now"]["key_id"] == command.provider.two.arn


def test_json_holds_all_of_a_plan(command: Command) -> None:
    """For a program that decides by it."""
    plan = command.json("plan", EXAMPLE, "--parameter", "StreamName=orders", "--stack-name", "shop")
    assert {name: plan[name] for name in ("outcome", "stack", "status", "account", "region", "notes")} == {
        "outcome": "changes",
        "stack": "shop",
        "status": None,
        "account": ACCOUNT,
        "region": REGION,
        "notes": [],
    }
    (line,) = plan["lines"]
    assert (line["verdict"], line["key_id"], line["error"]) == ("start", "alias/aws/kinesis", None)
    assert line["steps"][0] == {
        "action": "Remember",
        "reason": "record the state before",
        "call": "AddTagsToStream",
        "key_id": None,
        "changes": True,
    }


def test_it_is_a_module_to_be_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m stream_encryption_cli`: its help tells the exit codes."""
    monkeypatch.setattr("sys.argv", ["kinesis-stream-encryption", "plan", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("stream_encryption_cli", run_name="__main__")
    assert ended.value.code == 0
    assert "Exit code: 0 nothing would change, 2 something would" in " ".join(capsys.readouterr().out.split())


def test_profile_and_region_choose_the_account(command: Command) -> None:
    """boto3's own meaning of them."""
    command("audit", "--profile", "production", "--region", "eu-west-1")
    assert command.asked == ("production", "eu-west-1")


# A stack that is there

ONE = {"StreamName": "orders", "KeyId": "alias/one"}


def test_a_deployed_stack_is_compared_with_its_template(command: Command) -> None:
    """The stream's record is this stack's own; what is not given stays as it was, as with `deploy`."""
    command.deploy({"ServiceToken": "x", **ONE})
    stack = ("--stack-name", "platform-encryption")
    lines = command.lines(EXAMPLE, "--parameter", "StreamName=orders", "--parameter", "KeyId=alias/two", *stack)
    assert lines == [("Encryption", "Update", "orders", "start")]
    assert command.code == 2
    command("plan", "--delete", *stack)
    assert command.code == 2
    assert command.lines("--delete", *stack) == [("Encryption", "Delete", "orders", "stop")]


def test_where_nothing_changes_the_exit_code_is_0(command: Command, tmp_path: Path) -> None:
    """A pipeline goes on without asking anybody; that the stream drifted is said all the same."""
    command.deploy(ONE)
    template = tmp_path / "template.json"
    resource = {"Type": "Custom::KinesisStreamEncryption", "Properties": ONE}
    template.write_text(json.dumps({"Resources": {LOGICAL_ID: resource}}))
    text = command("plan", str(template), "--stack-name", "platform-encryption")
    assert "Encryption  none   orders  ACTIVE, alias/one  no request\n" in text
    assert command.code == 0
    command.provider.kinesis.people.stop("orders")
    text = command("plan", str(template), "--stack-name", "platform-encryption")
    assert "ACTIVE, not encrypted  no request, though it drifted\n" in text
    assert "\n  Drifted, and this deployment does not mend it: the stream is not encrypted.\n" in text
    assert text.endswith("\n0 to change, 1 to leave as they are, 0 refused or not seen.\n")
    assert command.code == 0


def test_a_deployed_template_in_yaml_is_read_as_well(command: Command) -> None:
    """boto3 gives text where the template is not JSON; a parameter keeps the value that it has."""
    text = Path(EXAMPLE).read_text()
    parameters = {"StreamName": "payments", "KeyId": "alias/one", "SettleSeconds": "5"}
    arn = STREAM_ARN.replace("orders", "payments")
    ids = {"Encryption": arn, "NotYet": ""}
    command.cloudformation.put("shop", text, ids, parameters=parameters, status="UPDATE_COMPLETE")
    assert command.lines(EXAMPLE, "--stack-name", "shop") == [("Encryption", "none", "payments", "no-request")]
    line = command.lines(EXAMPLE, "--stack-name", "shop", "--parameter", "KeyId=alias/two")
    assert line == [("Encryption", "Update", "payments", "start")]


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


def test_a_stream_that_is_unknown_has_a_question_mark(command: Command, tmp_path: Path) -> None:
    """And nobody looks at any."""
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {E: {Type: Custom::KinesisStreamEncryption, Properties: {StreamName: !Ref S}}}")
    text = command("plan", str(template))
    assert "\nE         Create  ?            unknown\n" in text
    assert "\n  StreamName is !Ref S, which only the deployment tells.\n" in text


@pytest.mark.parametrize(
    ("status", "note"),
    [
        ("ROLLBACK_COMPLETE", "takes no update of it, only its deletion"),
        ("UPDATE_IN_PROGRESS", "plan again once that is over"),
    ],
)
def test_a_stack_that_takes_no_update_now_is_said_to_be_one(command: Command, status: str, note: str) -> None:
    """The plan is of no use until it does."""
    command.cloudformation.put("shop", {}, status=status)
    text = command("plan", EXAMPLE, "--stack-name", "shop", "--parameter", "StreamName=orders")
    assert f"\nNote: the stack is {status}: " in text
    assert note in text


def test_a_stack_may_be_named_by_its_id(command: Command, tmp_path: Path) -> None:
    """As CloudFormation itself takes it; !Ref AWS::StackName is the name all the same."""
    stack_id = command.cloudformation.put("shop", {})
    template = tmp_path / "template.yaml"
    properties = "{StreamName: orders, KeyId: !Sub 'alias/${AWS::StackName}'}"
    template.write_text(f"Resources: {{E: {{Type: Custom::KinesisStreamEncryption, Properties: {properties}}}}}")
    command.provider.kms.add_key("alias/shop")
    for name in ("shop", stack_id):
        text = command("plan", str(template), "--stack-name", name)
        assert text.startswith("Stack shop (CREATE_COMPLETE)")
        assert "Start with alias/shop\n" in text
    assert "Start with !Ref AWS::StackName\n" in command("plan", str(template))


def test_a_stack_of_a_change_set_that_nobody_executed_is_not_there_yet(command: Command) -> None:
    """CloudFormation calls it REVIEW_IN_PROGRESS."""
    command.cloudformation.put("shop", {}, status="REVIEW_IN_PROGRESS")
    text = command("plan", EXAMPLE, "--stack-name", "shop", "--parameter", "StreamName=orders")
    assert text.startswith("Stack shop (not there yet)")


def test_a_template_without_such_resources_is_planned_in_no_time(command: Command) -> None:
    """The provider's own, say."""
    text = command("plan", str(ROOT / "template.yaml"))
    assert text.endswith("\n\nNo resource of this stack asks the provider for anything.\n")
    assert command.code == 0


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
    command = Command(capsys, EventsAccount())
    assert command.lines(str(EVENTS / f"{name}.json")) == lines
    assert command.code == code
    assert "X-Amz-Signature" not in command("plan", str(EVENTS / f"{name}.json"))


def test_a_request_s_paragraph_needs_no_reason_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    """It is there: somebody has it."""
    command = Command(capsys, EventsAccount())
    assert "\n\nEncryption\n  1. AddTagsToStream: " in command("plan", str(EVENTS / "create.json"))


# What can't be planned


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give either a template or an event, or --delete with --stack-name"),
        (["--delete"], "give either a template or an event"),
        ([EXAMPLE, "--delete", "--stack-name", "x"], "give either a template or an event"),
        (
            ["--delete", "--stack-name", "nowhere"],
            "there is no stack nowhere in account 123456789012, region us-east-1",
        ),
        ([EXAMPLE], "parameters without a value: StreamName (--parameter StreamName=...)"),
        ([EXAMPLE, "--parameter", "Name=orders"], "the template has no parameter Name"),
        (["no-such-file.yaml"], "No such file"),
        ([str(EVENTS / "create.json")], "the event is from account 000000000000, region us-east-1, and this is"),
    ],
)
def test_what_can_not_be_planned_is_said_in_a_sentence(command: Command, arguments: list[str], told: str) -> None:
    """On stderr, with exit code 1 and no traceback."""
    assert command("plan", *arguments) == ""
    assert command.errors.startswith("plan failed: ")
    assert told in command.errors
    assert command.code == 1


@pytest.mark.parametrize("arguments", [["plan", EXAMPLE, "--parameter", "orders"], ["plan", "--formt", "x"], []])
def test_wrong_arguments_do_not_pass_for_a_plan_with_changes(command: Command, arguments: list[str]) -> None:
    """Argparse's own exit code is 2, which is that of changes here."""
    with pytest.raises(SystemExit) as ended:
        command(*arguments)
    assert ended.value.code == 1


def test_without_a_provider_cloudformation_would_refuse_the_template(command: Command) -> None:
    """Its export is not there: said before anybody deploys. Who may not list exports can plan all the same."""
    del command.cloudformation.exports[TOKEN]
    assert command("plan", EXAMPLE, "--parameter", "StreamName=orders") == ""
    assert f"no stack of this account and region exports {TOKEN}" in command.errors
    command.cloudformation.refuses["list_exports"] = "AccessDenied"
    assert command.lines(EXAMPLE, "--parameter", "StreamName=orders") == [("Encryption", "Create", "orders", "start")]


@pytest.mark.parametrize(("look", "code"), [("list_exports", "Throttling"), ("describe_stacks", "AccessDenied")])
def test_a_look_at_stacks_that_fails_ends_the_plan(command: Command, look: str, code: str) -> None:
    """Without it anything could be true."""
    command.cloudformation.refuses[look] = code
    assert command("plan", EXAMPLE, "--stack-name", "shop", "--parameter", "StreamName=orders") == ""
    assert code in command.errors
    assert command.code == 1


def test_without_a_region_it_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    """boto3's own sentence."""

    def nowhere(_profile: str | None, _region: str | None) -> Account:
        raise NoRegionError

    assert main(["audit"], nowhere) == 1
    assert capsys.readouterr().err == "audit failed: You must specify a region.\n"


# Audits


def test_an_audit_is_a_table_json_or_csv(command: Command) -> None:
    """The same rows, whichever way."""
    assert "orders    ACTIVE  NONE\n" in command("audit")
    assert [row["stream"] for row in command.json("audit")] == ["orders", "payments"]
    head, *rows = command("audit", "--format", "csv").splitlines()
    assert head.startswith("stream,arn,status,encryption,key_id,")
    assert [row.split(",")[0] for row in rows] == ["orders", "payments"]
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
    """Exit code 1: a stream, or all of them."""
    command.provider.kinesis.faults.fail_next("DescribeStreamSummary", Kind.ACCESS_DENIED)
    assert "orders: kinesis:DescribeStreamSummary of orders failed: AccessDenied" in command("audit")
    assert command.code == 1
    command.provider.kinesis.faults.fail_next("ListStreams", Kind.ACCESS_DENIED)
    assert command("audit") == ""
    assert command.errors.startswith("audit failed: kinesis:ListStreams of every stream failed: AccessDenied")
    assert command.code == 1
