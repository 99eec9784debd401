"""docs/permissions.md says what template.yaml allows, AWS looks at what it allows it on, and the calls are checked."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import cfnlint.data.AdditionalSpecs
import pytest
from cfnlint.helpers import load_resource

from stream_encryption.errors import AccessDenied
from stream_encryption.values import Refusal, RefusalKind
from tests.permissions import OURS, ROLE, WATCH_ROLE, Use, faults
from tests.permissions_page import PAGE, rows
from tests.policies import ROLES, several, statements
from tests.templates import nodes

HERE = ("123456789012", "us-east-1")
STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/kinesis-stream-encryption-record"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:kinesis-stream-encryption"
ON = {
    "LookAtStreams": {"StreamName": "orders"},
    "Streams": {"StreamName": "orders"},
    "Keys": {"KeyId": "alias/orders"},
    "GrantKeysForTheStreamsOnly": {"KeyId": KEY},
    "RevokeGrants": {"KeyId": KEY},
    "Record": {"TableName": "kinesis-stream-encryption-record"},
    "LookAtKeys": {"KeyId": "alias/orders"},
    "ReadTheRecord": {"TableName": "kinesis-stream-encryption-record"},
    "NoteInTheRecord": {"TableName": "kinesis-stream-encryption-record"},
    "TellTheBus": {"Entries": []},
    "HandOver": {"stateMachineArn": MACHINE},
}
CALLS = [
    (action, ON[row.sid], role)
    for role in (ROLE, WATCH_ROLE)
    for row in rows(role)
    if row.caller == OURS
    for action in row.actions
]
"""A run of all the tests has to use each of the functions' own permissions once."""

TYPES = {
    "StreamArns": {"stream"},
    "KeyArns": {"key", "kmsKey"},
    "StateMachineKeyArn": {"key"},
    "RecordKeyArn": {"key"},
    "FunctionName": {"statemachine", "table", "index"},
    "RecordTableName": {"table", "index"},  # a Scan is allowed on a table's indexes by their own ARNs; it has none
    "Function": {"function"},
    "FailureResponder": {"function"},
    "WatchFunction": {"function"},
    "Logs": {"log-group", "log-stream"},  # its ARN ends in ":*"
    "WatchLogs": {"log-group", "log-stream"},
    "default": {"event-bus", "event-busv2"},
    "FailureResponderLogs": {"log-group", "log-stream"},
    "*": {"*"},
}
"""What AWS calls the type of resource that a name in the template stands for."""

HEAD = f"""
from tests.permissions import used
def call(action, arguments, role="Role"):
    used(action, arguments, {HERE[0]!r}, {HERE[1]!r}, role)
"""
ALL = f"def test_all():\n    for one in {CALLS!r}: call(*one)\n"


def allowed(role: str) -> dict[tuple[str, str], set[str]]:
    """Each right of a role of the template, by statement and action; and what its Resource is named by."""
    found = [one for one in nodes(ROLES[role]["Policies"]) if isinstance(one, dict) and "Effect" in one]
    return {(one["Sid"], action): names(one["Resource"]) for one in found for action in several(one["Action"])}


def names(resource: Any) -> set[str]:
    """The parameters and resources of the template that a statement's Resource is made of; what is no name stays."""
    found: set[str] = set()
    for node in nodes(resource):
        match node:
            case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
                found.add(name)
            case {"Fn::Sub": text}:
                found |= set(re.findall(r"\$\{(\w+)\}", text))
    return found or {
        str(resource.get("Fn::Sub", "")).rpartition("/")[2] if isinstance(resource, dict) else str(resource)
    }


@pytest.mark.parametrize("role", ROLES)
def test_the_page_says_what_the_template_allows_and_on_what(role: str) -> None:
    """A right that is added, moved or dropped needs its row: by whom it is used, when and why."""
    told = {(row.sid, action): set(row.on) for row in rows(role) for action in row.actions}
    assert told == allowed(role)
    assert sum(len(row.actions) for row in rows(role)) == len(told)
    assert [row for row in rows(role) if not (row.caller and row.why)] == []


def test_a_right_that_the_page_gives_to_a_service_must_not_be_the_function_s_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An exception that is none would hide a right that is left over one day."""
    wrong = tmp_path / "permissions.md"
    row = "| `kms:DescribeKey` | `Keys` | `KeyArns` |"
    page = PAGE.read_text(encoding="utf-8")
    wrong.write_text(page.replace(f"{row} the function |", f"{row} Kinesis |"), encoding="utf-8")
    monkeypatch.setattr("tests.permissions_page.PAGE", wrong)
    told = faults([Use("kms:DescribeKey", KEY, *HERE)], every_test=False)
    assert told == ["kms:DescribeKey (Keys): called by the function, not by Kinesis"]


def test_the_page_s_example_of_a_reason_has_the_code_the_action_and_the_arn_of_a_real_one() -> None:
    """A person who searches for the reason of a failed stack finds the page."""
    lines = [line[2:] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("> ")]
    action, arn = "kinesis:DescribeStreamSummary", "arn:aws:kinesis:eu-west-1:111122223333:stream/invoices"
    error = AccessDenied(Refusal(action, arn, RefusalKind.DENIED, "AccessDeniedException", ""))
    for text in (" ".join(lines), f"[{error.code}] {error}"):
        assert [part for part in ("[AccessDenied] ", action, arn, "AccessDeniedException") if part not in text] == []


@pytest.mark.parametrize("role", ROLES)
def test_each_action_is_allowed_on_every_type_of_resource_that_aws_looks_at_and_on_no_other(role: str) -> None:
    """AWS's Service Authorization Reference, as cfn-lint keeps it: a Start needs its key as well as its stream."""
    services = load_resource(cfnlint.data.AdditionalSpecs, "Policies.json")
    for action in {action for _, action in allowed(role)}:
        service, name = action.split(":")
        looked_at = set(services[service]["Actions"][name.lower()].get("Resources", ["*"]))
        given = [TYPES[on] for right, on_all in allowed(role).items() if right[1] == action for on in on_all]
        assert looked_at <= set().union(*given), action
        assert [types for types in given if not types & looked_at] == [], action


@pytest.mark.parametrize(
    ("action", "resource", "parameters", "allows"),
    [
        ("kinesis:PutRecord", STREAM, {}, True),
        ("kinesis:PutRecord", STREAM.replace("us-east-1", "eu-west-1"), {}, False),
        ("kinesis:PutRecord", STREAM.replace("123456789012", "999999999999"), {}, False),
        ("kinesis:PutRecord", KEY, {}, False),
        ("kinesis:GetRecords", STREAM, {}, False),
        ("kinesis:PutRecord", STREAM, {"StreamArns": STREAM[:-3] + "*"}, True),
        ("kinesis:PutRecord", STREAM, {"StreamArns": STREAM[:-1] + "?"}, True),
        ("kinesis:PutRecord", STREAM, {"StreamArns": f"{STREAM}2,{STREAM}"}, True),
        ("kinesis:PutRecord", STREAM, {"StreamArns": STREAM.upper()}, False),
        ("kinesis:PutRecord", STREAM, {"StreamArns": STREAM + "2"}, False),
        ("kinesis:PutRecord", STREAM, {"StreamTag": "yes"}, False),
        ("kinesis:DescribeStream", STREAM, {"StreamTag": "yes"}, True),
        ("kms:DescribeKey", KEY, {"KeyArns": KEY + "2"}, False),
        # Only what Kinesis does in the role's name, and Step Functions.
        ("kms:GenerateDataKey", KEY, {}, False),
        ("kms:Decrypt", KEY, {"StateMachineKeyArn": KEY}, False),
        ("dynamodb:PutItem", TABLE, {}, True),
        ("dynamodb:PutItem", TABLE, {"FunctionName": "another"}, False),
        ("dynamodb:PutItem", TABLE, {"RecordTableName": "another"}, False),
        ("dynamodb:Scan", TABLE, {}, False),
        ("states:StartExecution", MACHINE, {}, True),
        ("states:StartExecution", MACHINE, {"FunctionName": "another"}, False),
    ],
)
def test_the_policy_is_read_as_iam_reads_it(
    action: str, resource: str, parameters: dict[str, str], *, allows: bool
) -> None:
    """Or else the check of all the calls would prove nothing."""
    assert any(one.allows(action, resource) for one in statements(ROLE, *HERE, **parameters)) == allows


def test_a_key_of_another_account_is_allowed_once_it_is_named_and_a_stream_never() -> None:
    """The contract: another account's key, by its ARN in KeyArns; its streams are refused."""
    key, stream = (arn.replace("123456789012", "999999999999") for arn in (KEY, STREAM))
    assert faults([Use("kms:DescribeKey", key, *HERE)], every_test=False) == []
    assert faults([Use("kinesis:PutRecord", stream, *HERE)], every_test=False) == [
        f"kinesis:PutRecord on {stream}: called, and not allowed"
    ]


def run(folder: Path, source: str, *options: str) -> str:
    """Run tests of their own under this run's check, and tell what pytest says."""
    (folder / "test_it.py").write_text(HEAD + source)
    plugins = ["-p", "tests.permissions", "-p", "no:cacheprovider"]
    done = subprocess.run(  # noqa: S603 - our own file
        [sys.executable, "-m", "pytest", "-q", *plugins, *options],
        cwd=folder,
        env={"PYTHONPATH": os.pathsep.join(sys.path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == (" failed" not in done.stdout), done.stdout
    return done.stdout


def test_a_run_in_which_every_right_is_used_passes_and_counts_the_check(tmp_path: Path) -> None:
    """The check is a test of the suite: it is counted, over the calls of all workers together."""
    halves = [CALLS[: len(CALLS) // 2], CALLS[len(CALLS) // 2 :]]
    tests = "".join(f"def test_{n}():\n    for one in {half!r}: call(*one)\n" for n, half in enumerate(halves))
    assert "3 passed" in run(tmp_path, tests, "-p", "xdist", "-n", "2", "--dist", "worksteal")


def test_a_right_that_no_test_uses_fails_the_run_by_its_name(tmp_path: Path) -> None:
    """None more: also where the test calls the fake by itself, or as somebody else before the provider's call."""
    told = run(
        tmp_path,
        f"""
from tests.fake_clock import Clock
from tests.fake_kinesis import FakeKinesis
from tests.provider import Provider
def test_others():
    for one in {[call for call in CALLS if call[0] != "kinesis:PutRecord"]!r}: call(*one)
    kinesis = FakeKinesis(Clock())
    kinesis.add_stream("orders")
    kinesis.put_record(StreamName="orders", Data=b"", PartitionKey="x")
def test_somebody_else_at_the_provider_s_call():
    provider = Provider()
    put = lambda call: provider.kinesis.put_record(StreamName="orders", Data=b"", PartitionKey="x")
    provider.kinesis.faults.before_call(put, "StartStreamEncryption")
    provider.create()
    assert provider.kinesis.calls.named("PutRecord")
""",
    )
    assert "kinesis:PutRecord (Streams): allowed, and never called\n" in told
    assert "1 failed, 2 passed" in told
    assert "1 passed" not in told


def test_the_provider_s_own_call_to_a_fake_is_a_use(tmp_path: Path) -> None:
    """The same run, but that the provider puts the record: nothing is left over."""
    told = run(
        tmp_path,
        f"""
from tests.provider import Provider
def test_verify():
    for one in {[call for call in CALLS if call[0] != "kinesis:PutRecord"]!r}: call(*one)
    assert Provider().create({{"StreamName": "orders", "Verify": "true"}})["Status"] == "SUCCESS"
""",
    )
    assert "2 passed" in told


def test_a_call_without_a_right_fails_the_run_by_action_and_resource(tmp_path: Path) -> None:
    """None fewer: an action, or a resource, that the role does not allow; in a part of the suite as well."""
    told = run(
        tmp_path,
        ALL + "def test_one():\n"
        "    call('kinesis:ListShards', {'StreamName': 'orders'})\n"
        "    call('kinesis:ListShards', {'StreamName': 'invoices'})\n"
        "    call('kinesis:PutRecord', {'StreamARN': 'arn:aws:kinesis:us-east-1:1:stream/theirs'})\n"
        "    call('kinesis:ListStreams', {})\n"
        "    call('kms:GenerateDataKey', {'KeyId': 'alias/orders'})\n",
        "-k",
        "test_one",
    )
    assert f"kinesis:ListShards on {STREAM}: called, and not allowed (nor on 1 more)\n" in told
    assert "kinesis:PutRecord on arn:aws:kinesis:us-east-1:1:stream/theirs: called, and not allowed" in told
    assert "kinesis:ListStreams on *: called, and not allowed" in told
    assert f"kms:GenerateDataKey on {KEY[:-1]}orders: called, and not allowed" in told
    assert "never called" not in told
    assert "1 failed, 1 passed, 1 deselected" in told


@pytest.mark.parametrize("options", [["-k", "not test_all"], ["test_it.py"]], ids=["by name", "by file"])
def test_a_part_of_the_suite_need_not_use_every_right(options: list[str], tmp_path: Path) -> None:
    """Whoever runs one test must not be told of the others' calls."""
    (tmp_path / "test_more.py").write_text(HEAD + ALL)
    assert "failed" not in run(tmp_path, "def test_none(): pass\n", *options)


def test_a_run_with_failures_says_nothing_of_rights_that_were_not_reached(tmp_path: Path) -> None:
    """A test that fails may not have come to its calls: it is to be mended first."""
    told = run(tmp_path, "def test_fails(): assert False\n")
    assert "never called" not in told
    assert "1 failed in" in told


def test_this_run_is_under_the_check(pytestconfig: pytest.Config) -> None:
    """A conftest that lost its hooks would let everything pass."""
    hooks = ("pytest_collectreport", "pytest_deselected", "pytest_runtestloop", "pytest_sessionfinish")
    for name in hooks:
        called = getattr(pytestconfig.hook, name).get_hookimpls()
        assert "tests.permissions" in {hook.function.__module__ for hook in called}
