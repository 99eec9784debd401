"""Whoever plans or audits can change nothing: not by the types, not at run time, not by boto3."""

import ast

import boto3
import pytest
from moto import mock_aws

from stream_encryption.grants import Direction, Grant
from stream_encryption_cli.account import CHANGE_SETS, LOOKS, Access, Account, WouldChange
from stream_encryption_cli.accounts import Boto3Accounts
from stream_encryption_cli.engine import Kinesis, Owner, RecordTable, Stream, StreamRef
from stream_encryption_cli.reader import RecordReader, StreamReader
from stream_encryption_cli.rehearsed import NoTime, RehearsedGrants, RehearsedKinesis, RehearsedTable
from tests.builders import STACK_ID, STREAM_ARN
from tests.provider import Provider
from tests.templates import ROOT, load


def public(kind: type) -> set[str]:
    """A class' public methods."""
    return {name for name in vars(kind) if not name.startswith("_")}


def test_what_looks_at_streams_and_records_has_no_method_that_changes_anything() -> None:
    """Mypy refuses these lines, were it not told to let them pass (an ignore that is not needed is one too many)."""
    provider = Provider()
    reader, records = StreamReader(provider.kinesis.client), RecordReader(provider.table.client, provider.table.name)
    stream = reader.describe(StreamRef("orders"))
    assert isinstance(stream, Stream)
    with pytest.raises(AttributeError):
        reader.start(stream, "alias/one")  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        reader.stop(stream, "alias/one")  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        reader.verify(stream)  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        records.write(records.read(stream.arn))  # type: ignore[attr-defined]
    assert public(StreamReader) == {"describe", "names"}
    assert public(RecordReader) == {"page", "read"}
    assert provider.changes() == []


def test_each_method_that_the_provider_calls_only_changes_a_copy() -> None:
    """A method that the provider gets one day has to be rehearsed too, or it meets no client here."""
    provider = Provider()
    records = RecordReader(provider.table.client, provider.table.name)
    rehearsed, table = RehearsedKinesis(StreamReader(provider.kinesis.client), NoTime(0.0)), RehearsedTable(records)
    stream = rehearsed.describe(StreamRef("orders"))
    assert stream
    rehearsed.start(stream, "alias/one")
    rehearsed.stop(stream, "alias/one")
    rehearsed.verify(stream)
    grants, grant = RehearsedGrants(lambda: provider.kms.client), Grant("key", "principal", Direction.PRODUCER)
    assert grants.create(grant, STREAM_ARN)
    grants.revoke(grant, STREAM_ARN)
    assert (grants.changes, provider.kms.grants.all) == (2, [])
    written = table.write(table.read(STREAM_ARN))
    assert table.read(STREAM_ARN) == written
    assert Owner(STACK_ID, "x").stream_arn("orders") == STREAM_ARN
    assert public(Kinesis) <= public(RehearsedKinesis)
    # The other two are the watch's, which no request calls.
    assert public(RecordTable) - {"note", "page"} <= public(RehearsedTable)
    assert not hasattr(rehearsed, "_client")
    assert not hasattr(table, "_client")
    assert provider.changes() == []


@pytest.fixture(scope="module", name="account")
def _account() -> Account:
    """The account as the command gets it, with moto at the other end."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_ACCESS_KEY_ID", "x")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        return Boto3Accounts().of(Access(region="eu-west-1"))


def sent(account: Account, attribute: str) -> set[str]:
    """The operations that boto3 sends for one of the account's clients, of all that the service has."""
    client = getattr(account, attribute)
    service, let_through = client.meta.service_model.service_name, set()
    for name in client.meta.service_model.operation_names:
        model = client.meta.service_model.operation_model(name)
        try:
            client.meta.events.emit(f"before-call.{service}.{name}", model=model, params={"headers": {}})
        except WouldChange:
            continue
        let_through.add(f"{service}:{name}")
    return let_through


@pytest.mark.parametrize("service", ["cloudformation", "dynamodb", "kinesis", "kms", "ssm"])
def test_of_all_that_a_service_can_do_boto3_sends_the_looks_alone(account: Account, service: str) -> None:
    """Every operation that there is, not only those that somebody thought of."""
    let_through = sent(account, service)
    assert let_through == {action for action in LOOKS if action.startswith(f"{service}:")}
    assert not {
        action for action in let_through if not action.partition(":")[2].startswith(("Describe", "Get", "List", "Scan"))
    }


def test_only_one_client_makes_change_sets_and_it_can_t_execute_them(account: Account) -> None:
    """It makes them, reads them and removes them, with the stack that was made for them."""
    looks = {action for action in LOOKS if action.startswith("cloudformation:")}
    assert sent(account, "change_sets") == looks | set(CHANGE_SETS)
    assert {action.partition(":")[2] for action in CHANGE_SETS} == {
        "CreateChangeSet",
        "DeleteChangeSet",
        "DeleteStack",
    }


def test_a_call_that_is_no_look_is_not_sent(account: Account) -> None:
    """By a call as it would be made: moto, which would take it, never hears of it."""
    with mock_aws():
        boto3.client("kinesis", "eu-west-1").create_stream(StreamName="orders", ShardCount=1)
        with pytest.raises(WouldChange, match="kinesis:StartStreamEncryption is not a call that this command makes"):
            account.kinesis.start_stream_encryption(StreamName="orders", EncryptionType="KMS", KeyId="alias/one")
        described = account.kinesis.describe_stream_summary(StreamName="orders")
    assert described["StreamDescriptionSummary"].get("EncryptionType", "NONE") == "NONE"


def test_the_account_is_the_callers(account: Account) -> None:
    """Where the streams of a new stack are looked for."""
    assert (account.place.region, account.partition) == ("eu-west-1", "aws")
    assert len(account.place.account) == 12


def test_the_command_is_not_part_of_the_artifact() -> None:
    """SAM copies CodeUri whole; and nothing in it knows of the command."""
    code = ROOT / load(ROOT / "template.yaml")["Resources"]["Function"]["Properties"]["CodeUri"]
    sources = list(code.rglob("*.py"))
    imported = {
        name
        for source in sources
        for node in ast.walk(ast.parse(source.read_text()))
        for name in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert sources
    assert not [source for source in sources if "stream_encryption_cli" in source.parts]
    assert not [name for name in imported if name.startswith("stream_encryption_cli")]
