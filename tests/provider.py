"""The whole provider on fakes: an event goes in by its real entry point; CloudFormation finds the response."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from aws_lambda_powertools import Logger, Metrics

from failure_responder import respond
from stream_encryption.app import Parts, make_handler
from stream_encryption.settings import Settings
from stream_encryption.telemetry import Telemetry
from tests.builders import STREAM_NAME, LambdaContext, create_event, delete_event, update_event
from tests.fake_bucket import Bucket, Reply, Silence
from tests.fake_clock import Clock
from tests.fake_errors import stream_arn
from tests.fake_kinesis import FakeKinesis
from tests.fake_kms import FakeKms
from tests.fake_states import ARN, FakeStates
from tests.fake_table import FakeTable

HOST = "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com"


class Provider:
    """The provider, a stream `orders` that nobody encrypts yet, two keys, and CloudFormation's bucket."""

    def __init__(
        self,
        seed: int = 1,
        *,
        stream: bool = True,
        handover_seconds: float | None = None,
        send: Callable[[str, bytes], int] | None = None,
        allow_grants: bool = True,
    ) -> None:
        """Start at the clock's first second.

        Args:
            seed: Repeats everything that is random.
            stream: Whether there is a stream.
            handover_seconds: After how many seconds a wait is handed over to the state machine; None: there is none.
            send: Sends a response to a ResponseURL; by default, straight to the bucket.
            allow_grants: Whether the provider may make grants.
        """
        self.clock = Clock()
        self.kms = FakeKms(self.clock)
        self.kinesis = FakeKinesis(self.clock, self.kms)
        self.table = FakeTable(self.kms.wire)
        self.bucket = Bucket(self.clock.now)
        self.one = self.kms.add_key("alias/one")
        self.two = self.kms.add_key("alias/two")
        self.kms.add_key("alias/aws/kinesis", manager="AWS")
        if stream:
            self.kinesis.add_stream(STREAM_NAME)
        self.states = FakeStates(self.clock, self.failure_responder)
        self.clients = {
            "kinesis": self.kinesis,
            "kms": self.kms,
            "dynamodb": self.table,
            "stepfunctions": self.states,
        }
        self.settings = Settings(
            service="test",
            log_level="INFO",
            namespace="test",
            record_table=self.table.name,
            state_machine_arn="" if handover_seconds is None else ARN,
            handover_seconds=handover_seconds or 0.0,
            allow_grants=allow_grants,
        )
        self.telemetry = Telemetry(Logger(service="test", level="INFO"), Metrics(namespace="test", service="test"))
        client, random = self.clients.__getitem__, Random(seed)  # noqa: S311 - the seed repeats it
        self._parts = Parts(self.settings, client, self.clock, random, self.telemetry, send or self.send)
        self._idle = [make_handler(self._parts)]

    def create(self, properties: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        """Have CloudFormation send a Create, and tell the answer."""
        return self.handle(create_event(properties, **fields))

    def update(
        self, properties: Mapping[str, Any] | None, old: Mapping[str, Any] | None, **fields: Any
    ) -> dict[str, Any]:
        """Have CloudFormation send an Update, and tell the answer."""
        return self.handle(update_event(properties, old, **fields))

    def delete(self, properties: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        """Have CloudFormation send a Delete, and tell the answer."""
        return self.handle(delete_event(properties, **fields))

    def handle(self, event: Mapping[str, Any], timeout: float = 900.0) -> dict[str, Any]:
        """Deliver an event with a fresh ResponseURL, and tell the one answer to it."""
        before = len(self.bucket.answers)
        self.deliver({**event, "ResponseURL": self.fresh_url()}, timeout)
        answers = self.bucket.answers[before:]
        assert len(answers) == 1, f"{len(answers)} answers to one request"
        return dict(answers[0])

    def deliver(self, event: Any, timeout: float = 900.0) -> Any:
        """Invoke the function with an event just as it is, and tell what it returns.

        An execution environment of Lambda's takes one event at a time: an event that comes meanwhile gets another one.
        """
        environment = self._idle.pop() if self._idle else make_handler(self._parts)
        try:
            return environment(event, LambdaContext(self.clock, timeout))
        finally:
            self._idle.append(environment)

    def failure_responder(self, record: Any) -> str:
        """Give the record of a request that was lost to the failure responder; return its outcome."""
        return respond(record, self.send, self.clock.sleep)

    def fresh_url(self) -> str:
        """Issue a ResponseURL."""
        return HOST + self.bucket.issue()

    def key_of(self, name: str = STREAM_NAME) -> str | None:
        """Tell the KeyId that a stream really has; None where it is not encrypted."""
        return self.kinesis.streams[name].encryption.key_id

    def record_of(self, name: str = STREAM_NAME) -> dict[str, Any] | None:
        """Return a stream's item in the table as plain Python values; None if there is none."""
        return self.table.item(stream_arn(name, self.kms.wire.account, self.kms.wire.region))

    def changes(self) -> list[str]:
        """Name the calls that changed anything, in order."""
        return [call.name for call in self.kinesis.calls.changes]

    def send(self, url: str, body: bytes) -> int:
        """Bring an answer to the bucket."""
        step = self.bucket.receive("PUT", url.removeprefix(HOST), {"content-type": "", "content-length": "1"}, body)
        if isinstance(step, Silence):
            raise TimeoutError(step.name)
        self.clock.sleep(step.after)
        return step.status if isinstance(step, Reply) else 0
