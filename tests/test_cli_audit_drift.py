"""An audit compares each stream with what its resource wants, as the watch does; pipelines fail on what they name."""

import pytest

from tests.cli import Command
from tests.fake_errors import Kind
from tests.provider import Provider

ONE = {"StreamName": "orders", "KeyId": "alias/one"}


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command in an account whose stream `orders` a stack encrypted ten minutes ago."""
    monkeypatch.delenv("COLUMNS", raising=False)
    command = Command(capsys, Provider())
    command.deploy(ONE)
    return command


def drifted(command: Command) -> None:
    """Let the owner stop the encryption."""
    command.provider.kinesis.people.stop("orders")
    command.provider.clock.sleep(10)


def test_a_stream_with_the_wanted_key_has_no_mark(command: Command) -> None:
    """Drift: none."""
    text = command("audit")
    assert ("  alias/one  " in text, "!=" in text) == (True, False)
    assert text.endswith("1 stream: 1 encrypted (0 with a key that can't be used), 0 not; 1 managed by a stack.\n")
    (row,) = command.json("audit")
    assert (row["wanted"], row["drift"], row["detail"]) == ("alias/one", "", "")


def test_a_stream_without_the_wanted_key_is_marked_and_told(command: Command) -> None:
    """Drift: the mark is at the wanted key, the sentence beneath, and the code in the JSON."""
    drifted(command)
    text = command("audit")
    assert "  != alias/one  " in text
    assert "\norders: the stream is not encrypted; wanted is alias/one\n" in text
    assert text.endswith("1 managed by a stack, of which 1 has drifted.\n")
    (row,) = command.json("audit")
    assert (row["drift"], row["account"], row["region"]) == ("Unencrypted", "123456789012", "us-east-1")
    assert command.code == 0


def test_an_alias_that_means_another_key_is_told_without_a_mark(command: Command) -> None:
    """Drift: the stream still has the key that the resource wants."""
    command.provider.kms.alias("alias/one", command.provider.two)
    assert "!=" not in command("audit")
    assert command.json("audit")[0]["drift"] == "AliasMoved"


def test_a_request_at_work_is_no_drift(command: Command) -> None:
    """Drift: a request's own change is none."""
    drifted(command)
    provider, told = command.provider, list[tuple[bool, int]]()

    def look(_call: object) -> None:
        text = command("audit", "--fail-on", "drift")
        told.append(("!=" in text, command.code))

    provider.kinesis.faults.before_call(look, "StartStreamEncryption")
    provider.kinesis.wire.caller = "CloudFormation"
    provider.update({**ONE, "KeyId": "alias/two"}, ONE)
    assert told == [(False, 0)]


@pytest.mark.parametrize(
    ("conditions", "code"),
    [
        ((), 0),
        (("--fail-on", "unencrypted"), 2),
        (("--fail-on", "drift"), 2),
        (("--fail-on", "key"), 0),
        (("--fail-on", "key,drift"), 2),
        (("--fail-on", "key", "--fail-on", "unencrypted"), 2),
    ],
)
def test_a_pipeline_fails_on_the_conditions_that_it_names(
    command: Command, conditions: tuple[str, ...], code: int
) -> None:
    """Exit code 2 where a stream matches; `orders` is not encrypted, though a resource wants it to be."""
    drifted(command)
    command("audit", *conditions)
    assert command.code == code


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion"])
def test_a_key_that_can_t_be_used_is_a_condition(command: Command, state: str) -> None:
    """Exit code 2: also where the stream has been taken off that key, and its resource still wants it."""
    command.provider.one.state = state
    command("audit", "--fail-on", "unencrypted")
    assert command.code == 0
    command("audit", "--fail-on", "key")
    assert command.code == 2
    drifted(command)
    command("audit", "--fail-on", "key")
    assert command.code == 2


def test_a_key_that_nobody_may_look_up_does_not_pass_for_one_that_is_usable(command: Command) -> None:
    """Exit code 1: only where the key matters."""
    command.provider.kinesis.add_stream("foreign", command.provider.kms.add_key(denies_describe=True).arn)
    command("audit", "--fail-on", "drift")
    assert command.code == 0
    command("audit", "--fail-on", "key")
    assert command.code == 1


def test_what_could_not_be_looked_at_comes_before_a_condition(command: Command) -> None:
    """Exit code 1: nobody knows what else there is."""
    drifted(command)
    command.provider.kinesis.add_stream("archive")
    command.provider.kinesis.faults.fail_next("DescribeStreamSummary", Kind.ACCESS_DENIED)
    command("audit", "--fail-on", "drift")
    assert command.code == 1


def test_a_wanted_key_that_can_t_be_looked_up_for_now_is_said(command: Command) -> None:
    """Exit code 1: the stream could not be compared."""
    drifted(command)
    command.provider.kms.faults.fail_next("DescribeKey", Kind.THROTTLING)
    assert "orders: kms:DescribeKey" in command("audit")
    assert command.code == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--fail-on", "drfit"], "'drfit' is not one of unencrypted, drift, key"),
        (["--fail-on", "drift", "--grants"], "--fail-on is about streams"),
    ],
)
def test_a_condition_that_can_t_be_checked_is_refused(command: Command, arguments: list[str], told: str) -> None:
    """Exit code 1: a pipeline must not go on because it misspelt something."""
    assert command("audit", *arguments) == ""
    assert (command.code, told in command.errors) == (1, True)
