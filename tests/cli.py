"""The command as a person and a pipeline have it: arguments in, text and exit code out. All of AWS is fakes."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import NoCredentialsError

from stream_encryption.values import Place
from stream_encryption_cli.account import Access, Account
from stream_encryption_cli.main import main
from stream_encryption_cli.regions import Regions
from tests.builders import LOGICAL_ID, REGION, STREAM_ARN, create_event
from tests.fake_cloudformation import FakeCloudFormation
from tests.fake_errors import client_error
from tests.provider import Provider

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

TOKEN = "arn:aws:lambda:us-east-1:123456789012:function:kinesis-stream-encryption"  # noqa: S105 - no secret
EXPORT = "kinesis-stream-encryption-ServiceToken"
TYPE = "Custom::KinesisStreamEncryption"


def events_account() -> Provider:
    """The account that the events' files speak of: its streams and its key, by the names in the files."""
    provider = Provider(stream=False)
    provider.kms.wire.account = "000000000000"
    provider.kms.add_key("alias/orders")
    provider.kms.add_key("alias/aws/kinesis", manager="AWS")
    for name in ("orders", "payments"):
        provider.kinesis.add_stream(name)
    return provider


class FakeParameters:
    """The one SSM parameter that the command asks for."""

    def __init__(self, table: str) -> None:
        """Hold the name of the record's table."""
        self.table: str | None = table

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's own
        """Answer with the name of the table."""
        if Name != "/kinesis-stream-encryption/RecordTableName" or self.table is None:
            raise client_error("ParameterNotFound", "", "GetParameter")
        return {"Parameter": {"Value": self.table}}


class FakeIam:
    """IAM's simulation, with the decision that a test sets for each principal."""

    def __init__(self) -> None:
        """Know nobody."""
        self.decisions: dict[str, str] = {}

    def simulate_principal_policy(self, **arguments: Any) -> dict[str, Any]:
        """Answer as IAM does for one action on one resource."""
        decision = self.decisions.get(arguments["PolicySourceArn"])
        if decision is None:
            raise client_error("NoSuchEntity", "", "iam:SimulatePrincipalPolicy")
        return {"EvaluationResults": [{"EvalActionName": arguments["ActionNames"][0], "EvalDecision": decision}]}


class Command:
    """The command in an account: stacks, streams, keys and the record are fakes."""

    def __init__(self, capsys: pytest.CaptureFixture[str], provider: Provider) -> None:
        """Look at this provider's world."""
        self.provider = provider
        self.cloudformation = FakeCloudFormation()
        self.cloudformation.exports[EXPORT] = TOKEN
        self.parameters = FakeParameters(provider.table.name)
        self.iam = FakeIam()
        self.credentials = True
        self.code = -1
        self.errors = ""
        self.asked = Access()
        self._capsys = capsys
        os.environ.pop("COLUMNS", None)  # a run of tests may set it, and then lines are wrapped

    def __call__(self, *arguments: str) -> str:
        """Run it, and tell what it prints. It changes no stream and no record."""
        self.code = main(arguments, self, self.provider.clock)
        printed = self._capsys.readouterr()
        self.errors = printed.err
        mine = [call for call in self.provider.kinesis.calls.changes if call.caller != "CloudFormation"]
        assert mine == []
        return printed.out

    def json(self, *arguments: str) -> Any:
        """Run it, and tell what it prints as JSON."""
        return json.loads(self(*arguments, "--format", "json"))

    def lines(self, *arguments: str) -> list[tuple[str, str, str | None, str]]:
        """Run a plan, and tell its lines in short."""
        lines = self.json("plan", *arguments)["lines"]
        return [(line["resource"], line["event"], line["stream"], line["verdict"]) for line in lines]

    def verdicts(self, folder: Path, text: str, *arguments: str) -> dict[str, str]:
        """Plan a template's text; tell each resource's verdict, or the code of its refusal."""
        file = folder / "template.yaml"
        file.write_text(text, encoding="utf-8")
        printed = self("plan", str(file), "--format", "json", *arguments)
        lines = json.loads(printed)["lines"] if printed else []
        return {line["resource"]: line["error"] or line["verdict"] for line in lines}

    def deploy(self, properties: dict[str, Any], name: str = "platform-encryption", **more: Any) -> None:
        """Have a stack encrypt `orders`."""
        wire = self.provider.kinesis.wire
        caller, wire.caller = wire.caller, "CloudFormation"
        event = create_event(properties)
        event["StackId"] = event["StackId"].replace("platform-encryption", name)
        assert self.provider.handle(event)["Status"] == "SUCCESS"
        self.provider.clock.sleep(600)
        wire.caller = caller
        resources = {LOGICAL_ID: {"Type": more.pop("kind", TYPE), "Properties": properties}}
        self.cloudformation.put(name, {"Resources": resources}, {LOGICAL_ID: STREAM_ARN}, **more)
        self._capsys.readouterr()  # the provider's log

    # What gives the command its account.

    def regions(self, access: Access) -> Regions:
        """List the one region."""
        return Regions((access.region or REGION,), "1 region")

    def of(self, access: Access) -> Account:
        """Find the account."""
        self.asked = access
        if not self.credentials:
            raise NoCredentialsError
        provider, stacks = self.provider, self.cloudformation.client
        return Account(
            Place(REGION, provider.kms.wire.account),
            "aws",
            provider.kinesis.client,
            provider.kms.client,
            provider.table.client,
            cast("SSMClient", self.parameters),
            stacks,
            stacks,
            self.iam,
        )


def planning(capsys: pytest.CaptureFixture[str], *streams: str) -> Command:
    """The command in an account with the stream orders, these streams, and the keys alias/orders and alias/payments."""
    provider = Provider()
    for name in streams:
        provider.kinesis.add_stream(name)
    for alias in ("alias/orders", "alias/payments"):
        provider.kms.add_key(alias)
    return Command(capsys, provider)
