"""All of the embedded AWS, in one context manager."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, cast

from local import templates
from local.cloudformation import CloudFormation, Operation
from local.engines import ROOT, Durations, emulator, start_kinesis, start_ministack
from local.executions import Executions
from local.kinesis_tap import KinesisTap
from local.lambda_runtime import Function, LambdaRuntime
from local.place import Place
from local.processes import Household
from local.response_endpoint import ResponseEndpoint
from local.streams import Streams, StreamWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_s3.literals import BucketLocationConstraintType

    from local.cloudformation import StackEvent
    from local.kinesis_tap import KinesisCall
    from local.response_endpoint import Exchange
    from local.streams import Sight

PROVIDER_STACK = "kinesis-stream-encryption"
BUCKET = "artifacts"
PROXY_VARIABLE = "MINISTACK_LAMBDA_PROXY_URL"


@dataclass(frozen=True)
class Listeners:
    """Who is told what happens, while it happens."""

    stack_event: Callable[[StackEvent], None] | None = None
    exchange: Callable[[Exchange], None] | None = None
    kinesis_call: Callable[[KinesisCall], None] | None = None
    sight: Callable[[Sight], None] | None = None


class EmbeddedAws:
    """An account of one's own: Kinesis by kinesis-local, everything else by MiniStack."""

    def __init__(
        self,
        durations: Durations | None = None,
        place: Place | None = None,
        listeners: Listeners | None = None,
    ) -> None:
        """Start everything; leave the context, or call close, to end it."""
        emulator()  # On a machine that isn't supported, say so before anything is started.
        self.place = place or Place()
        listeners = listeners or Listeners()
        self._stack = ExitStack()
        try:
            self._start(durations or Durations(), listeners)
        except BaseException:
            self._stack.close()
            raise

    def _start(self, durations: Durations, listeners: Listeners) -> None:
        self.household = self._stack.enter_context(Household())
        kinesis_url = start_kinesis(self.household, self.place, durations)
        ministack_url = start_ministack(self.household, self.place)
        session, config = self.place.session(), self.place.config
        self.cloudformation_client = session.client("cloudformation", endpoint_url=ministack_url, config=config)
        self.lambda_client = session.client("lambda", endpoint_url=ministack_url, config=config)
        self.kms = session.client("kms", endpoint_url=ministack_url, config=config)
        stepfunctions = session.client("stepfunctions", endpoint_url=ministack_url, config=config)
        self.logs = session.client("logs", endpoint_url=ministack_url, config=config)
        self.s3 = session.client("s3", endpoint_url=ministack_url, config=config)
        self.ssm = session.client("ssm", endpoint_url=ministack_url, config=config)
        self.kinesis = session.client("kinesis", endpoint_url=kinesis_url, config=config)
        self.tap = self._stack.enter_context(KinesisTap(kinesis_url, listeners.kinesis_call))
        endpoints = {"AWS_ENDPOINT_URL": ministack_url, "AWS_ENDPOINT_URL_KINESIS": self.tap.url}
        self.runtime = self._stack.enter_context(LambdaRuntime(self.household, self.place, endpoints))
        self.responses = self._stack.enter_context(ResponseEndpoint(self.runtime.deliver, listeners.exchange))
        self.runtime.prepare = self.responses.guard
        self.cloudformation = CloudFormation(
            self.cloudformation_client, self.responses.wait_until_quiet, listeners.stack_event
        )
        self.streams = Streams(self.kinesis)
        self.executions = Executions(stepfunctions)
        self.watch = self._stack.enter_context(StreamWatch(self.streams, listeners.sight))

    def __enter__(self) -> Self:
        """Everything runs already."""
        return self

    def __exit__(self, *_: object) -> None:
        """End everything."""
        self.close()

    def close(self) -> None:
        """End every process, and remove every file."""
        self._stack.close()

    def deploy_provider(self, parameters: Mapping[str, str] | None = None) -> Operation:
        """Deploy the project's own template, as it is, and run its function from now on; or update it.

        Raises:
            RuntimeError: It could not be deployed.
        """
        template = templates.load(ROOT / "template.yaml")
        ((logical_id, folder),) = templates.code_folders(template).items()
        code = self.household.folder / "code"
        if not code.exists():
            templates.copy_code(ROOT / folder, code)
            self._create_bucket()
            self.s3.put_object(Bucket=BUCKET, Key="provider.zip", Body=templates.zipped(code))
        packaged = templates.with_property(template, logical_id, "CodeUri", f"s3://{BUCKET}/provider.zip")
        for name, file in templates.definition_files(template).items():
            self.s3.put_object(Bucket=BUCKET, Key=file, Body=(ROOT / file).read_bytes())
            location = {"Bucket": BUCKET, "Key": file}
            packaged = templates.with_property(packaged, name, "DefinitionS3Location", location)
        operation = self.cloudformation.deploy(PROVIDER_STACK, packaged, parameters)
        if operation.status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise RuntimeError(f"template.yaml ended in {operation.status}: {'; '.join(operation.reasons)}")
        name = self.cloudformation.physical_id(PROVIDER_STACK, logical_id)
        deployed = self.lambda_client.get_function_configuration(FunctionName=name)
        variables = deployed.get("Environment", {}).get("Variables", {})
        self.runtime.attach(
            Function(name, deployed["Handler"], deployed["Timeout"], deployed["MemorySize"], variables, code)
        )
        # MiniStack sends the invocations of a function with this variable to our runtime.
        self.lambda_client.update_function_configuration(
            FunctionName=name, Environment={"Variables": {**variables, PROXY_VARIABLE: self.runtime.url}}
        )
        self.runtime.warm()
        return operation

    def _create_bucket(self) -> None:
        if self.place.region == "us-east-1":  # S3 knows it by its absence.
            self.s3.create_bucket(Bucket=BUCKET)
        else:
            region = cast("BucketLocationConstraintType", self.place.region)
            self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": region})

    def send(self, event: dict[str, Any]) -> Exchange:
        """Send the function an event of one's own making, and wait for its end and for what follows from it."""
        exchange = self.responses.open({name: value for name, value in event.items() if name != "ResponseURL"})
        self.runtime.invoke(self.responses.guarded(exchange))
        if not exchange.open:  # A failed Create is followed by a Delete.
            self.responses.wait_until_quiet(str(event["StackId"]), exchange.sent)
        return exchange

    def log_lines(self) -> Iterator[str]:
        """Every line of every log: the function's own, and what is in the account's log groups."""
        yield from self.runtime.log_lines()
        for group in self.logs.describe_log_groups()["logGroups"]:
            events = self.logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
            yield from (event["message"] for event in events)

    @property
    def service_token(self) -> str:
        """What a template names as its ServiceToken."""
        return self.cloudformation.outputs(PROVIDER_STACK)["ServiceToken"]

    def stream_arn(self, name: str) -> str:
        """A stream's ARN."""
        return f"arn:aws:kinesis:{self.place.region}:{self.place.account}:stream/{name}"

    def key(self, description: str, alias: str = "") -> str:
        """Make a customer managed key, with an alias where one is given; answers its ARN."""
        key = self.kms.create_key(Description=description)["KeyMetadata"]
        if alias:
            self.kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
        return key["Arn"]
