"""All of the embedded AWS, in one context manager."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from local import templates
from local.artifacts import BUCKET, Artifacts
from local.cloudformation import CloudFormation, Operation
from local.engines import ROOT, Durations, emulator, start_kinesis, start_ministack
from local.executions import Executions
from local.iam import Iam, Session
from local.kinesis_tap import KinesisTap
from local.lambda_runtime import Function, LambdaRuntime
from local.place import Place
from local.processes import Household
from local.record import RecordReader
from local.response_endpoint import ResponseEndpoint
from local.streams import Streams, StreamWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from local.cloudformation import StackEvent
    from local.kinesis_tap import KinesisCall
    from local.response_endpoint import Exchange
    from local.streams import Sight

PROVIDER_STACK = "kinesis-stream-encryption"
AWS_MANAGED_ALIAS = "alias/aws/kinesis"
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
        self.dynamodb = session.client("dynamodb", endpoint_url=ministack_url, config=config)
        stepfunctions = session.client("stepfunctions", endpoint_url=ministack_url, config=config)
        self.logs = session.client("logs", endpoint_url=ministack_url, config=config)
        self.s3 = session.client("s3", endpoint_url=ministack_url, config=config)
        self.ssm = session.client("ssm", endpoint_url=ministack_url, config=config)
        self.kinesis = session.client("kinesis", endpoint_url=kinesis_url, config=config)
        self.events = session.client("events", endpoint_url=ministack_url, config=config)
        self.cloudwatch = session.client("cloudwatch", endpoint_url=ministack_url, config=config)
        self.sqs = session.client("sqs", endpoint_url=ministack_url, config=config)
        self.scheduler = session.client("scheduler", endpoint_url=ministack_url, config=config)
        iam = session.client("iam", endpoint_url=ministack_url, config=config)
        sts = session.client("sts", endpoint_url=ministack_url, config=config)
        self.iam = Iam(self.place, iam, sts, self.kms)
        self.sessions: dict[str, Session] = {}
        self.tap = self._stack.enter_context(KinesisTap(kinesis_url, listeners.kinesis_call))
        self.tap.authorize = self.iam.refusal
        self.endpoints = {"AWS_ENDPOINT_URL": ministack_url, "AWS_ENDPOINT_URL_KINESIS": self.tap.url}
        """By these variables of boto3's a program finds this AWS, and is heard by the tap."""
        self.runtime, self.failure_responder, self.watch_runtime = (
            self._stack.enter_context(LambdaRuntime(name, self.household, self.place, self.endpoints))
            for name in ("lambda", "failure-responder", "watch")
        )
        self.responses = self._stack.enter_context(ResponseEndpoint(self.runtime.deliver, listeners.exchange))
        self.runtime.prepare = self.responses.guard
        self._artifacts = Artifacts(self.s3, self.place.region)
        self.cloudformation = CloudFormation(
            self.cloudformation_client, self._artifacts.put, self.responses.wait_until_quiet, listeners.stack_event
        )
        self.streams = Streams(self.kinesis)
        self.executions = Executions(stepfunctions)
        self.watch = self._stack.enter_context(StreamWatch(self.streams, listeners.sight))
        self.key("Protects Kinesis streams whose template names no other key", AWS_MANAGED_ALIAS)

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
        operation = self.cloudformation.deploy(PROVIDER_STACK, self._packaged(), parameters)
        if operation.status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise RuntimeError(f"template.yaml ended in {operation.status}: {'; '.join(operation.reasons)}")
        arns = {self._attach(logical_id, runtime): runtime for logical_id, runtime in self._functions.items()}
        self._route_failures(arns)
        self.runtime.warm()
        return operation

    @property
    def _functions(self) -> dict[str, LambdaRuntime]:
        """What runs each of the template's functions."""
        return {
            "Function": self.runtime,
            "FailureResponder": self.failure_responder,
            "WatchFunction": self.watch_runtime,
        }

    def code(self, logical_id: str) -> Path:
        """The code of a function of the template, as it was deployed."""
        return self.household.folder / "code" / logical_id

    def _packaged(self) -> templates.Template:
        """The project's own template with its code and definition in S3, as by `sam package`."""
        template = templates.load(ROOT / "template.yaml")
        anew = not (self.household.folder / "code").exists()
        for name, folder in templates.code_folders(template).items():
            key = f"{name}.zip"
            if anew:
                templates.copy_code(ROOT / folder, self.code(name))
                self._artifacts.put(key, templates.zipped(self.code(name)))
            template = templates.with_property(template, name, "CodeUri", f"s3://{BUCKET}/{key}")
        for name, file in templates.definition_files(template).items():
            self._artifacts.put(file, (ROOT / file).read_bytes())
            location = {"Bucket": BUCKET, "Key": file}
            template = templates.with_property(template, name, "DefinitionS3Location", location)
        return template

    def _attach(self, logical_id: str, runtime: LambdaRuntime) -> str:
        """Run a function as it was deployed; answers its ARN."""
        name = self.cloudformation.physical_id(PROVIDER_STACK, logical_id)
        deployed = self.lambda_client.get_function_configuration(FunctionName=name)
        variables = deployed.get("Environment", {}).get("Variables", {})
        session = self.sessions[logical_id] = self.iam.assume(deployed["Role"], name)
        runtime.attach(
            Function(
                name,
                deployed["Handler"],
                deployed["Timeout"],
                deployed["MemorySize"],
                variables,
                session.credentials,
                self.code(logical_id),
            )
        )
        # MiniStack sends the invocations of a function with this variable to our runtime.
        self.lambda_client.update_function_configuration(
            FunctionName=name, Environment={"Variables": {**variables, PROXY_VARIABLE: runtime.url}}
        )
        return deployed["FunctionArn"]

    def _route_failures(self, arns: Mapping[str, LambdaRuntime]) -> None:
        """Have each function's queue do as its EventInvokeConfig says, as it was deployed.

        Raises:
            RuntimeError: A function's role may not invoke the function's destination: AWS refuses that, too.
        """
        for arn, runtime in arns.items():
            config = self.lambda_client.get_function_event_invoke_config(FunctionName=arn, Qualifier="$LATEST")
            queue = runtime.asynchronous
            queue.function_arn = arn
            queue.retries, queue.most_seconds = config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]
            destination = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
            role = self.lambda_client.get_function_configuration(FunctionName=arn)["Role"]
            if destination and not self.iam.allows(role, "lambda:InvokeFunction", destination):
                raise RuntimeError(f"{role} lacks lambda:InvokeFunction on {destination}")
            queue.destination = arns[destination].deliver if destination else None

    def record(self, stream: str) -> dict[str, Any]:
        """A stream's item in the provider's record, as plain values; empty if there is none."""
        table = self.cloudformation.outputs(PROVIDER_STACK)["RecordTableName"]
        return RecordReader(self.dynamodb, table).item(self.stream_arn(stream))

    def send(self, event: dict[str, Any]) -> Exchange:
        """Send the function an event of one's own making, and wait for its end and for what follows from it."""
        exchange = self.responses.open({name: value for name, value in event.items() if name != "ResponseURL"})
        self.runtime.invoke(self.responses.guarded(exchange))
        if not exchange.open:  # A failed Create is followed by a Delete.
            self.responses.wait_until_quiet(str(event["StackId"]), exchange.sent)
        return exchange

    def log_lines(self) -> Iterator[str]:
        """Every line of every log: the functions' own, and what is in the account's log groups."""
        yield from self.runtime.log_lines()
        yield from self.failure_responder.log_lines()
        yield from self.watch_runtime.log_lines()
        for group in self.logs.describe_log_groups()["logGroups"]:
            events = self.logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
            yield from (event["message"] for event in events)

    @property
    def service_token(self) -> str:
        """What a template names as its ServiceToken."""
        return self.cloudformation.outputs(PROVIDER_STACK)["ServiceToken"]

    def client(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 (boto3's)
        """A boto3 client of a service, with the root's rights or with these credentials', as AWS's own variables."""
        given: Any = {name.lower(): value for name, value in (credentials or {}).items()}
        endpoint, config = self.endpoints["AWS_ENDPOINT_URL"], self.place.config
        session: Any = self.place.session()
        return session.client(service, endpoint_url=endpoint, config=config, **given)

    def stream_arn(self, name: str) -> str:
        """A stream's ARN."""
        return f"arn:aws:kinesis:{self.place.region}:{self.place.account}:stream/{name}"

    def key(self, description: str, alias: str = "") -> str:
        """Make a customer managed key, with an alias where one is given; answers its ARN."""
        key = self.kms.create_key(Description=description)["KeyMetadata"]
        if alias:
            self.kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
        return key["Arn"]
