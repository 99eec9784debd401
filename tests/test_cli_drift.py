"""`drift`: what the watch would find now, for people, programs and pipelines."""

import json

import pytest

from tests.builders import ACCOUNT, REGION, STREAM_ARN
from tests.cli import Command
from tests.fake_errors import Kind
from tests.watch.watched import MENDED, OWNER, Watched


class Drift(Command):
    """The command, which changes nothing, among others who do."""

    def __call__(self, *arguments: str) -> str:
        """Run it."""
        self._capsys.readouterr()  # the provider's log
        wire = self.provider.kinesis.wire
        wire.caller, others = "", wire.caller
        printed = super().__call__(*arguments)
        wire.caller = others
        return printed


@pytest.fixture(name="command")
def fixture_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command in an account whose stream `orders` was claimed some minutes ago."""
    monkeypatch.delenv("COLUMNS", raising=False)
    watched = Watched()
    watched.kinesis.wire.caller = "CloudFormation"  # and everybody else but the command
    watched.create(MENDED)
    watched.clock.sleep(300)
    return Drift(capsys, watched)


def drifted(command: Command) -> Watched:
    """Let the owner stop the encryption, and the watch find it by CloudTrail's event."""
    watched = command.provider
    assert isinstance(watched, Watched)
    watched.stopped()
    watched.called("StopStreamEncryption")
    return watched


def test_streams_that_are_as_wanted_have_no_row(command: Command) -> None:
    """Exit code 0."""
    text = command("drift")
    assert text.splitlines()[-1] == "0 streams have drifted."
    assert (command.code, command.errors) == (0, "")


def test_a_stream_that_has_drifted_is_told_with_since_when_and_who(command: Command) -> None:
    """Exit code 2: the watch's own finding, with its notes from the record."""
    drifted(command)
    text = command("drift")
    assert command.code == 2
    assert [part for part in ("orders", "Unencrypted", OWNER, "alias/one", "Mend") if part not in text] == []
    assert text.splitlines()[-1] == "1 stream has drifted."


def test_a_drift_that_the_watch_has_not_seen_is_found_as_well(command: Command) -> None:
    """It looks by itself: a provider without a watch is enough."""
    watched = command.provider
    watched.kinesis.people.stop("orders")
    watched.clock.sleep(10)
    (row,) = json.loads(command("drift", "--output", "json"))["drift"]
    assert (row["code"], row["since"], row["by"]) == ("Unencrypted", "", "")
    assert command.code == 2


def test_nothing_is_changed_and_nothing_is_noted(command: Command) -> None:
    """It only looks."""
    watched = command.provider
    watched.kinesis.people.stop("orders")
    watched.clock.sleep(10)
    before = watched.record_of()
    command("drift")
    assert watched.record_of() == before


def test_sarif_has_a_result_for_each_finding(command: Command) -> None:
    """Code scanning reads it."""
    drifted(command)
    (run,) = json.loads(command("drift", "--output", "sarif"))["runs"]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("Unencrypted", "error")
    assert OWNER in result["message"]["text"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["Unencrypted"]
    assert run["invocations"][0]["executionSuccessful"] is True


def test_security_hub_s_format_has_what_an_import_requires(command: Command) -> None:
    """AWS Security Hub User Guide, "Required top-level ASFF attributes"."""
    drifted(command)
    (finding,) = json.loads(command("drift", "--output", "asff"))
    required = {"AwsAccountId", "CreatedAt", "Description", "GeneratorId", "Id", "ProductArn", "Resources"}
    assert required | {"SchemaVersion", "Severity", "Title", "Types", "UpdatedAt"} <= set(finding)
    assert finding["AwsAccountId"] == ACCOUNT
    assert finding["ProductArn"].endswith(f"product/{ACCOUNT}/default")
    assert [(one["Type"], one["Id"], one["Region"]) for one in finding["Resources"]] == [
        ("AwsKinesisStream", STREAM_ARN, REGION)
    ]
    assert finding["CreatedAt"].endswith("Z")


@pytest.mark.parametrize("form", ["table", "json", "sarif", "asff"])
def test_a_stream_that_can_t_be_looked_at_ends_the_command_with_1(command: Command, form: str) -> None:
    """A pipeline must not take what nobody saw for what is as wanted."""
    command.provider.kinesis.faults.fail_next("DescribeStreamSummary", Kind.ACCESS_DENIED, times=9)
    text = command("drift", "--output", form)
    assert command.code == 1
    assert "Unreadable" in text


@pytest.mark.parametrize("form", ["table", "json", "sarif"])
def test_throttling_that_lasts_is_said(command: Command, form: str) -> None:
    """The same."""
    command.provider.kinesis.faults.fail_next("DescribeStreamSummary", Kind.THROTTLING, times=99)
    assert "throttling" in command("drift", "--output", form)
    assert command.code == 1


def test_a_request_at_work_is_said_and_is_no_drift(command: Command) -> None:
    """Exit code 0: it passes."""
    command.provider.kinesis.people.stop("orders", 60.0)
    assert "orders: not compared: a request is at work, or the stream is not ACTIVE" in command("drift")
    assert command.code == 0


def test_an_item_that_the_provider_did_not_write_is_said(command: Command) -> None:
    """Exit code 1."""
    item = {"stream": {"S": f"{STREAM_ARN}-2"}, "version": {"S": "?"}}
    command.provider.table.put_item(TableName=command.provider.table.name, Item=item)
    assert "orders-2: not compared" in command("drift")
    assert command.code == 1


def test_a_table_of_many_pages_is_read_to_its_end(command: Command) -> None:
    """A page holds a thousand records."""
    watched = command.provider
    item = dict(watched.table.items[STREAM_ARN])
    for number in range(1001):
        name = f"{STREAM_ARN}-{number:04}"
        watched.table.put_item(TableName=watched.table.name, Item={**item, "stream": {"S": name}})
    text = json.loads(command("drift", "--output", "json"))
    assert [row["code"] for row in text["drift"]] == ["StreamGone"] * 1001


def test_a_table_that_can_t_be_read_fails_the_command(command: Command) -> None:
    """In a sentence, and with exit code 1."""
    command.provider.table.exists = False
    command("drift")
    assert (command.code, "dynamodb:Scan" in command.errors) == (1, True)
