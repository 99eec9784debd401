"""Templates for the stack tests, and what the tests ask of a stream."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from local.embedded_aws import PROVIDER_STACK
from local.templates import copy_code

if TYPE_CHECKING:
    from pathlib import Path

    from local.cloudformation import Operation
    from local.embedded_aws import EmbeddedAws
    from local.response_endpoint import Exchange
    from local.streams import StreamState

AWS_KEY = "alias/aws/kinesis"
DEPLOYED = {"HandoverSeconds": "2"}
TEAM_TAGS = {"team": "shop", "cost-center": "4711"}
SERVICE_TOKEN = {"Fn::ImportValue": "kinesis-stream-encryption-ServiceToken"}

Resource = dict[str, Any]
Template = dict[str, Any]


def encryption(stream: str, **properties: object) -> Resource:
    """A resource that encrypts a stream, without the settling time unless it is given."""
    return {
        "Type": "Custom::KinesisStreamEncryption",
        "Properties": {"ServiceToken": SERVICE_TOKEN, "StreamName": stream, "SettleSeconds": 0, **properties},
    }


def template(**resources: Resource) -> Template:
    """A template with these resources."""
    return {"Resources": resources}


def failing_after(logical_id: str) -> Resource:
    """A resource that fails once another one is complete: its name is taken."""
    return {
        "Type": "AWS::SSM::Parameter",
        "DependsOn": logical_id,
        "Properties": {"Name": "/taken", "Type": "String", "Value": "x"},
    }


class Account:
    """What the tests do with the embedded AWS, each with names of its own."""

    def __init__(self, aws: EmbeddedAws) -> None:
        """Use this AWS."""
        self.aws = aws

    def name(self, start: str = "stack") -> str:
        """A name that nobody else uses."""
        return f"{start}-{uuid.uuid4().hex[:8]}"

    def stream(self, key: str = "", team: str = "stream", *, watched: bool = False) -> str:
        """Another team's stream, with tags of its own; with a key where one is given; looked at all along, if asked."""
        name = self.name(team)
        self.aws.streams.create(name, key, TEAM_TAGS)
        if watched:
            self.aws.watch.add(name)
        return name

    def key(self) -> str:
        """The ARN of a new customer managed key."""
        return self.aws.key("made by a test")

    def alias(self) -> str:
        """An alias of a new customer managed key."""
        alias = f"alias/{self.name('key')}"
        self.aws.key("made by a test", alias)
        return alias

    def deploy(self, stack: str, **resources: Resource) -> Operation:
        """Create or update a stack with these resources, and follow that to its end."""
        return self.aws.cloudformation.deploy(stack, template(**resources))

    def delete(self, stack: str) -> Operation:
        """Delete a stack, and follow that to its end."""
        return self.aws.cloudformation.delete(stack)

    def broken_package(self) -> Path:
        """A copy of the deployed package that can't be imported: one of its modules needs what is not there."""
        package = self.aws.household.folder / self.name("broken")
        copy_code(self.aws.code("Function"), package)
        module = package / "stream_encryption" / "telemetry.py"
        future = "from __future__ import annotations\n"
        module.write_text(module.read_text().replace(future, f"{future}\nimport no_such_package\n"))
        return package

    def state(self, stream: str) -> StreamState:
        """A stream's status, encryption and tags."""
        return self.aws.streams.state(stream)

    def claims(self, stream: str) -> list[str]:
        """The claims in a stream's record, the first owner first, each as `<stack name>/<logical id>`."""
        claims = self.aws.record(stream).get("claims", [])
        owners = [claim["owner"] for claim in claims]
        return [f"{owner['stack_id'].split('/')[1]}/{owner['logical_id']}" for owner in owners]

    def lose_record(self, stream: str) -> None:
        """Delete a stream's item, as somebody might by mistake."""
        table = self.aws.cloudformation.outputs(PROVIDER_STACK)["RecordTableName"]
        self.aws.dynamodb.delete_item(TableName=table, Key={"stream": {"S": self.aws.stream_arn(stream)}})

    def key_of(self, stream: str) -> str:
        """The key that an ACTIVE stream is encrypted with; nothing where it is not encrypted."""
        seen = self.aws.streams.encryption(stream)
        assert seen.status == "ACTIVE"
        return seen.key if seen.type == "KMS" else ""

    def was_ever_plain(self, stream: str, since: float = 0.0) -> bool:
        """Whether the watch, which looks every 50 ms, ever saw a watched stream without encryption."""
        self.aws.watch.wait_for_look()
        return any(one.encryption.type != "KMS" for one in self.aws.watch.sights(stream, since))

    def starts_and_stops(self, stream: str, since: float = 0.0) -> list[str]:
        """The encryption calls that the function made for a stream, refused ones included."""
        calls = self.aws.tap.calls(stream, "StartStreamEncryption", "StopStreamEncryption", since=since)
        return [one.action for one in calls]


class Requests:
    """CloudFormation's requests for one resource, in an order that MiniStack does not send."""

    def __init__(self, account: Account) -> None:
        """Make up a stack."""
        self._aws = account.aws
        place = self._aws.place
        stack = f"stack/{account.name()}/{uuid.uuid4()}"
        self._stack_id = f"arn:aws:cloudformation:{place.region}:{place.account}:{stack}"

    def __call__(self, kind: str, *, stream: str, old_stream: str = "", physical_id: str = "") -> dict[str, Any]:
        """Send a request, and wait for its answer, which may be another invocation's: it may be handed over."""
        exchange = self._aws.send(self.event(kind, stream, old_stream, physical_id))
        assert self._aws.responses.wait_for(exchange)
        return exchange.answer or {}

    def begin(self, event: dict[str, Any]) -> Exchange:
        """Send an event, and do not wait."""
        exchange = self._aws.responses.open(event)
        self._aws.runtime.deliver(self._aws.responses.guarded(exchange))
        return exchange

    def event(
        self, kind: str, stream: str, old_stream: str = "", physical_id: str = "", **properties: str
    ) -> dict[str, Any]:
        """A request, without a ResponseURL."""
        event = {
            "RequestType": kind,
            "RequestId": str(uuid.uuid4()),
            "StackId": self._stack_id,
            "LogicalResourceId": "Encryption",
            "ResourceType": "Custom::KinesisStreamEncryption",
            "ResourceProperties": self._properties(stream) | properties,
        }
        if old_stream:
            event["OldResourceProperties"] = self._properties(old_stream)
        if physical_id:
            event["PhysicalResourceId"] = physical_id
        return event

    def _properties(self, stream: str) -> dict[str, str]:
        return {"ServiceToken": "x", "StreamName": stream, "KeyId": AWS_KEY, "SettleSeconds": "0"}
