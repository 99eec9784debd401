"""`audit --grants` tells whom the record grants what, for whom, since and until when; hints have three values."""

import csv
import io
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from stream_encryption.record.watch_table import Page
from stream_encryption_cli.grants import rows
from stream_encryption_cli.hints import hint
from tests.builders import STREAM_ARN
from tests.cli import Command
from tests.contract.granting import BOTH, OTHER, READER, WRITER, named
from tests.fake_errors import Kind
from tests.provider import Provider

if TYPE_CHECKING:
    from stream_encryption_cli.hints import Hints
    from stream_encryption_cli.sources import Sources

ROOT_MAY = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*"}
GENERATE = "kms:GenerateDataKey"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in an account with one stream and two grants."""
    command = Command(capsys, Provider())
    command.deploy(BOTH)
    return command


def test_each_grant_is_told_with_its_owner_and_its_time(command: Command) -> None:
    """Grants: whom, what, since when."""
    writer, reader = command.json("audit", "--grants")
    assert (writer["stream"], writer["principal"], writer["direction"]) == ("orders", WRITER, "Producer")
    assert (writer["owners"], writer["key"]) == ("Encryption of platform-encryption", command.provider.one.arn)
    assert (writer["since"][:17], writer["until"], writer["hint"]) == ("2026-01-01T00:00:", "", "")
    assert (reader["principal"], reader["direction"], command.code) == (READER, "Consumer", 0)


def test_a_grant_that_ends_says_when(command: Command) -> None:
    """Grants: a consumer's, after the stream's retention; unknown where the stream can't be looked at."""
    command.provider.kinesis.wire.caller = "CloudFormation"
    command.provider.update(named(BOTH, Consumers=None), BOTH)
    command.provider.kinesis.wire.caller = ""
    command("audit", "--grants")
    (_, reader) = command.json("audit", "--grants")
    assert (reader["owners"], reader["until"][:13]) == ("", "2026-01-02T00")
    command.provider.kms.faults.fail_next("DescribeStreamSummary", Kind.ACCESS_DENIED)
    (_, reader) = command.json("audit", "--grants")
    assert reader["until"] == "unknown"


def test_an_item_that_the_provider_did_not_write_is_told(command: Command) -> None:
    """Exit codes: 1, since nobody knows which grants that stream has."""
    table, wire = command.provider.table, command.provider.kinesis.wire
    wire.caller = "CloudFormation"
    item = {"stream": {"S": STREAM_ARN.replace("orders", "strange")}, "claims": {"S": "none"}}
    table.put_item(TableName=table.name, Item=item)
    wire.caller = ""
    shown = command("audit", "--grants")
    assert command.code == 1
    assert "strange: the provider did not write its record" in shown
    assert "2 grants in the record." in shown


def test_a_person_and_a_spreadsheet_get_the_same_grants(command: Command) -> None:
    """Grants: a table, and CSV with every field."""
    shown = command("audit", "--grants")
    assert (WRITER in shown, "write" in shown, "2 grants in the record." in shown, "HINT" in shown) == (
        *(True, True, True),
        False,
    )
    rows = list(csv.DictReader(io.StringIO(command("audit", "--grants", "--format", "csv"))))
    assert [row["principal"] for row in rows] == [WRITER, READER]


def test_a_named_principal_gets_a_hint_for_each_streams_key(command: Command) -> None:
    """Grants: allowed, denied or unknown, and unknown is said to be common."""
    command.iam.decisions = {WRITER: "allowed", OTHER: "explicitDeny"}
    found = command.json("audit", "--grants", "--principal", WRITER, "--principal", OTHER, "--principal", READER)
    hints = {(row["principal"], row["direction"]): row["hint"] for row in found}
    assert hints == {
        (WRITER, "Producer"): "allowed",
        (READER, "Consumer"): "unknown",
        (OTHER, "Producer"): "denied",
        (OTHER, "Consumer"): "denied",
    }
    shown = command("audit", "--grants", "--principal", OTHER)
    assert ("HINT" in shown, "unknown is common" in shown) == (True, True)


@pytest.mark.parametrize(
    ("decision", "statements", "expected"),
    [
        ("allowed", [ROOT_MAY], "allowed"),
        ("implicitDeny", [ROOT_MAY], "unknown"),
        ("explicitDeny", [ROOT_MAY], "denied"),
        ("implicitDeny", [{"Effect": "Allow", "Principal": {"AWS": [WRITER]}, "Action": GENERATE}], "allowed"),
        ("allowed", [{"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "*"}], "unknown"),
        ("allowed", [ROOT_MAY, {"Effect": "Deny", "Principal": "*", "Action": "kms:Generate*"}], "denied"),
        (
            "allowed",
            [ROOT_MAY, {"Effect": "Deny", "Principal": "*", "Action": GENERATE, "Condition": {"Bool": {}}}],
            "unknown",
        ),
        ("allowed", [{**ROOT_MAY, "Condition": {"StringEquals": {}}}], "unknown"),
        ("allowed", [ROOT_MAY, {"Effect": "Deny", "NotPrincipal": {"AWS": OTHER}, "Action": ["kms:*"]}], "denied"),
        ("allowed", {"Effect": "Allow", "Principal": {"Service": "x"}, "Action": "kms:Decrypt"}, "unknown"),
    ],
)
def test_a_hint_is_certain_only_where_iam_and_the_keys_policy_are(
    decision: str, statements: Any, expected: str
) -> None:
    """Grants: whatever else could decide makes it unknown."""
    policy = json.loads(json.dumps({"Statement": statements}))
    assert hint(decision, policy, WRITER, GENERATE) == expected


def test_the_record_is_read_page_by_page() -> None:
    """Grants: a record of many streams has more than one page."""
    asked: list[str | None] = []

    def page(after: str | None) -> Page:
        asked.append(after)
        return Page((), (), "orders" if after is None else None)

    sources = cast("Sources", SimpleNamespace(records=SimpleNamespace(page=page)))
    assert list(rows(sources, cast("Hints", None))) == []
    assert asked == [None, "orders"]
