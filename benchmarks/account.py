"""An account for the benchmarks: the embedded AWS with one Kinesis for each length of an update, behind one proxy."""

from __future__ import annotations

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import repeat
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from benchmarks.report import CannotMeasureError
from benchmarks.wire import Wire
from local.embedded_aws import PROXY_VARIABLE, EmbeddedAws
from local.engines import Durations, start_kinesis
from local.loopback import Reply, Request, Server, call
from local.processes import Household
from local.templates import zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
"""A Kinesis limit: how many streams may be CREATING at once."""
WARM_UP_SECONDS, PROBE_SECONDS = 4.0, 2.0
PROBE_THREADS = 4
USED_SHARE = 0.33
"""How much of what the proxy and the engines can carry a benchmark uses, so that no call waits for another."""


class Account:
    """The provider, deployed by its own template with default parameters, and room for its peers beside it.

    Attributes:
        lengths: How long updates take on each Kinesis that runs now, in seconds.
        direct: Clients of these Kinesis, whose calls bypass the proxy.
    """

    def __init__(self) -> None:
        """Start everything except Kinesis (see `kinesis_servers`); leave the context to end it."""
        self.lengths: tuple[float, ...] = ()
        self.direct: list[KinesisClient] = []
        self._functions: dict[str, Callable[[Event], object]] = {}
        self._stack = ExitStack()
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise

    def _start(self) -> None:
        self.aws = self._stack.enter_context(EmbeddedAws())
        self.ministack = self.aws.endpoints["AWS_ENDPOINT_URL"]
        self.wire = Wire(self.aws.household)
        self.wire.route({}, self.ministack)
        self.aws.endpoints.update(AWS_ENDPOINT_URL=self.wire.url, AWS_ENDPOINT_URL_KINESIS=self.wire.url)
        self.aws.deploy_provider()
        self.kinesis: KinesisClient = self._client("kinesis", self.wire.url)
        self._lambda = self._stack.enter_context(Server(self._invoked))
        role = self.unseen("iam").create_role(RoleName="benchmarks", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.role: str = role["Role"]["Arn"]

    @contextmanager
    def kinesis_servers(self, lengths: Sequence[float]) -> Iterator[None]:
        """Run a Kinesis server for each length of an update (in seconds): one server gives all updates one length.

        The names of a server's streams begin with its number in this sequence and a full stop.
        """
        place = self.aws.place

        def start(length: float) -> str:
            return start_kinesis(household, place, Durations(start=length, stop=length, create=0.05))

        with Household() as household, ThreadPoolExecutor(2) as pool:
            urls = list(pool.map(start, lengths))
            self.lengths, self.direct = tuple(lengths), [self._client("kinesis", url) for url in urls]
            self.wire.route({str(number): url for number, url in enumerate(urls)}, self.ministack)
            try:
                yield
            finally:
                self.wire.route({}, self.ministack)
                self.lengths, self.direct = (), []

    def capacity(self) -> float:
        """Measure how many calls a second this machine carries through the proxy to the Kinesis servers.

        The servers first answer calls that do not count, because a fresh Node process is slow at first.

        Raises:
            CannotMeasureError: It carries none.
        """
        streams = [self.streams(number, ["probe"])[0] for number, _ in enumerate(self.direct)]

        def looks(number: int, until: float) -> int:
            done = 0
            while time.monotonic() < until:
                self.kinesis.describe_stream_summary(StreamName=streams[(number + done) % len(streams)])
                done += 1
            return done

        with ThreadPoolExecutor(PROBE_THREADS) as pool:
            for seconds in (WARM_UP_SECONDS, PROBE_SECONDS):
                until = time.monotonic() + seconds
                done = sum(pool.map(looks, range(PROBE_THREADS), repeat(until)))
        if not done:
            raise CannotMeasureError(f"no call was answered in {PROBE_SECONDS:g} s: the machine is overloaded")
        return done / PROBE_SECONDS

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
        """Make a client of the harness's own, whose calls bypass the proxy."""
        return self._client(service, self.ministack)

    def streams(self, server: int, names: Sequence[str]) -> list[str]:
        """Create streams on one of the Kinesis servers, wait until they are ACTIVE, and return their full names."""
        client, full = self.direct[server], [f"{server}.{name}" for name in names]
        for few in (full[at : at + MOST_CREATING] for at in range(0, len(full), MOST_CREATING)):
            for name in few:
                client.create_stream(StreamName=name, ShardCount=1)
            while any(self.status(server, name) != ACTIVE for name in few):
                time.sleep(0.02)
        return full

    def status(self, server: int, stream: str) -> str:
        """Read a stream's status by a call that bypasses the proxy."""
        return self.direct[server].describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"][
            "StreamStatus"
        ]

    def request(self, kind: str, stream: str, **more: Any) -> Exchange:  # noqa: ANN401 (an event's fields)
        """Open CloudFormation's request for a stream's resource; `responses.guarded` gives the event to send.

        Args:
            kind: Create, Update or Delete.
            stream: The stream's full name.
            more: Further fields of the event; `properties` are added to the resource's properties.
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
        """Create a Lambda function that runs `work` in this process, or is served at a URL; return its ARN."""
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
        except Exception as error:  # noqa: BLE001 - Lambda reports whatever a function raises to its caller
            body = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return Reply(OK, json.dumps(body).encode(), {FUNCTION_ERROR: "Unhandled"})
        return Reply(OK, json.dumps(result).encode())


def answer(event: Event, physical_id: str) -> None:
    """Send SUCCESS, with no more than CloudFormation's protocol requires."""
    copied = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body = json.dumps({**copied, "Status": "SUCCESS", "PhysicalResourceId": physical_id}).encode()
    put(event["ResponseURL"], body)


def put(url: str, body: bytes) -> None:
    """Send a body to a ResponseURL."""
    parts = urlsplit(url)
    headers = {"content-type": "", "content-length": str(len(body))}
    call(url, Request("PUT", f"{parts.path}?{parts.query}", headers, body))


OK, ACTIVE = 200, "ACTIVE"
