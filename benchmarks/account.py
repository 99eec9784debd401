"""An account for the benchmarks: the embedded AWS with one Kinesis for each length of an update, behind one wire."""

from __future__ import annotations

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from benchmarks.wire import Wire
from local.embedded_aws import PROXY_VARIABLE, EmbeddedAws
from local.engines import Durations, start_kinesis
from local.loopback import Reply, Request, Server, call
from local.templates import zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_kinesis import KinesisClient

    from local.response_endpoint import Exchange

Event = dict[str, Any]
PRINCIPAL = {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": PRINCIPAL, "Action": "sts:AssumeRole"}],
}
FUNCTION_ERROR = "X-Amz-Function-Error"
MOST_CREATING = 5
"""As many streams may be CREATING at once: a limit of Kinesis'."""


class Account:
    """The provider deployed by its own template, with everything by default, and room for its peers beside it."""

    def __init__(self, lengths: Sequence[float]) -> None:
        """Start everything; leave the context to end it.

        Args:
            lengths: How long updates take, in seconds: a Kinesis for each, as its durations are a whole process's.
        """
        self.lengths = tuple(lengths)
        self._functions: dict[str, Callable[[Event], object]] = {}
        self._stack = ExitStack()
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise

    def _start(self) -> None:
        self.aws = self._stack.enter_context(EmbeddedAws())
        with ThreadPoolExecutor(2) as pool:
            urls = list(pool.map(self._kinesis, self.lengths))
        self.ministack = self.aws.endpoints["AWS_ENDPOINT_URL"]
        self.wire = self._stack.enter_context(Wire({str(n): url for n, url in enumerate(urls)}, self.ministack))
        self.aws.endpoints.update(AWS_ENDPOINT_URL=self.wire.url, AWS_ENDPOINT_URL_KINESIS=self.wire.url)
        self.aws.deploy_provider()
        self.direct: list[KinesisClient] = [self._client("kinesis", url) for url in urls]
        self.kinesis: KinesisClient = self._client("kinesis", self.wire.url)
        self._lambda = self._stack.enter_context(Server(self._invoked))
        role = self.unseen("iam").create_role(RoleName="benchmarks", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.role: str = role["Role"]["Arn"]

    def _kinesis(self, length: float) -> str:
        return start_kinesis(self.aws.household, self.aws.place, Durations(start=length, stop=length, create=0.05))

    def _client(self, service: Any, url: str) -> Any:  # noqa: ANN401 (a type of its own for each service)
        place = self.aws.place
        return place.session().client(service, endpoint_url=url, config=place.config)

    def __enter__(self) -> Self:
        """Everything runs already."""
        return self

    def __exit__(self, *_: object) -> None:
        """End everything."""
        self._stack.close()

    def unseen(self, service: str) -> Any:  # noqa: ANN401 (a type of its own for each service)
        """A client of the harness' own, whose calls are not on the wire."""
        return self._client(service, self.ministack)

    def streams(self, server: int, names: Sequence[str]) -> list[str]:
        """Make streams on one of the Kinesis, and wait until they are ACTIVE; answers their whole names."""
        client, whole = self.direct[server], [f"{server}.{name}" for name in names]
        for few in (whole[at : at + MOST_CREATING] for at in range(0, len(whole), MOST_CREATING)):
            for name in few:
                client.create_stream(StreamName=name, ShardCount=1)
            while any(self.status(server, name) != ACTIVE for name in few):
                time.sleep(0.02)
        return whole

    def status(self, server: int, stream: str) -> str:
        """How a stream stands, by a look that is not on the wire."""
        return self.direct[server].describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"][
            "StreamStatus"
        ]

    def request(self, kind: str, stream: str, **more: Any) -> Exchange:  # noqa: ANN401 (an event's fields)
        """CloudFormation's request for a stream's resource, to be answered at the ResponseURL of what guarded() gives.

        Args:
            kind: Create, Update or Delete.
            stream: The stream's whole name.
            more: Further fields of the event, and its properties: `properties`.
        """
        properties = {"ServiceToken": "benchmarks", "StreamName": stream, **more.pop("properties", {})}
        place, stack = self.aws.place, f"benchmark-{stream.replace('.', '-')}"
        guid = uuid.uuid5(uuid.NAMESPACE_DNS, stack)
        event = {
            "RequestType": kind,
            "ServiceToken": "benchmarks",
            "StackId": f"arn:aws:cloudformation:{place.region}:{place.account}:stack/{stack}/{guid}",
            "RequestId": str(uuid.uuid4()),
            "LogicalResourceId": "Encryption",
            "ResourceType": "Custom::KinesisStreamEncryption",
            "ResourceProperties": properties,
            **more,
        }
        return self.aws.responses.open(event)

    def function(self, name: str, work: Callable[[Event], object] | None = None, url: str = "") -> str:
        """Put a function into Lambda, which runs here, or at an address; answers its ARN."""
        if work is not None:
            self._functions[name] = work
        created = self.aws.lambda_client.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=self.role,
            Handler="x.y",
            Code={"ZipFile": zipped(self.aws.household.room("empty"))},
            Timeout=900,
            Environment={"Variables": {PROXY_VARIABLE: url or f"{self._lambda.url}/{name}"}},
        )
        return created["FunctionArn"]

    def _invoked(self, request: Request) -> Reply:
        try:
            result = self._functions[request.path.strip("/")](json.loads(request.body))
        except Exception as error:  # noqa: BLE001 - a function's error is its caller's to hear
            body = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return Reply(OK, json.dumps(body).encode(), {FUNCTION_ERROR: "Unhandled"})
        return Reply(OK, json.dumps(result).encode())


def answer(event: Event, physical_id: str) -> None:
    """Answer SUCCESS, as the shortest function that keeps to CloudFormation's protocol does."""
    copied = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body = json.dumps({**copied, "Status": "SUCCESS", "PhysicalResourceId": physical_id}).encode()
    put(event["ResponseURL"], body)


def put(url: str, body: bytes) -> None:
    """Send a body to a ResponseURL."""
    parts = urlsplit(url)
    headers = {"content-type": "", "content-length": str(len(body))}
    call(url, Request("PUT", f"{parts.path}?{parts.query}", headers, body))


OK, ACTIVE = 200, "ACTIVE"
