"""The provider and its watch on fakes: CloudFormation's requests, other people, CloudTrail's events, and rounds."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger, Metrics

from stream_encryption.settings import WatchSettings
from stream_encryption.watch.log import WatchLog
from stream_encryption.watch_function import WatchParts, make_handler
from tests.builders import STREAM_NAME
from tests.fake_bus import FakeBus
from tests.fake_states import ARN, ROUNDS_ARN, Execution
from tests.provider import Provider

PROVIDER_ROLE = "arn:aws:iam::123456789012:role/stream-encryption-provider"
OWNER = "arn:aws:sts::123456789012:assumed-role/terraform/ci"
"""Who changes the streams in these tests."""
MENDED = {"StreamName": STREAM_NAME, "KeyId": "alias/one", "OnDrift": "Mend"}
REPORTED = {"StreamName": STREAM_NAME, "KeyId": "alias/one"}


class Watched(Provider):
    """The provider, a stream `orders`, and the watch over the record."""

    def __init__(self, minutes: int = 15, handover_seconds: float = 600.0) -> None:
        """Start at the clock's first second, with a state machine.

        Args:
            minutes: How many minutes pass between two rounds.
            handover_seconds: After how many seconds a request's wait is handed over.
        """
        super().__init__(handover_seconds=handover_seconds)
        self.bus = FakeBus(self.kms.wire)
        self.clients["events"] = self.bus
        settings = WatchSettings(
            service="test",
            log_level="INFO",
            namespace="test",
            record_table=self.table.name,
            state_machine_arn=ARN,
            rounds_arn=ROUNDS_ARN,
            provider_role_arn=PROVIDER_ROLE,
            minutes=minutes,
        )
        log = WatchLog(Logger(service="test", level="INFO"), Metrics(namespace="test", service="test"))
        self.watch = make_handler(WatchParts(settings, self.clients.__getitem__, self.clock, log))

    def round(self) -> list[tuple[str, str]]:
        """Have the schedule start a round; return what it told, each as its state and code."""
        return self.look({"Watch": "Round"})

    def look(self, event: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Invoke the watch; return what it told."""
        before = len(self.bus.events)
        self.watch(event, None)
        return [(one["Detail"]["state"], one["Detail"]["code"]) for one in self.bus.events[before:]]

    def called(self, name: str, **fields: Any) -> list[tuple[str, str]]:
        """Have CloudTrail report a call of the stream's owner, made now; return what the watch told."""
        return self.look(trail_event(name, self.clock.now(), **fields))

    def mend(self) -> Execution:
        """Play the newest execution: the mend that was started last."""
        return self.states.play(self.deliver)

    def re_encryptions(self) -> list[str]:
        """Name the provider's Starts and Stops, in order."""
        return [name for name in self.changes() if name.endswith("StreamEncryption")]

    def stopped(self, name: str = STREAM_NAME) -> None:
        """Let the stream's owner stop the encryption, some seconds ago."""
        self.kinesis.people.stop(name)
        self.clock.sleep(10)


def trail_event(
    name: str,
    at: float,
    *,
    by: str = OWNER,
    role: str = "terraform",
    asked: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Build an event of the bus as CloudTrail puts it.

    Args:
        name: The call.
        at: When it was made.
        by: The ARN of the session that made it.
        role: The name of the session's role; empty: a user made the call.
        asked: The call's parameters; the stream `orders` unless given.
        more: Any other field of the record: errorCode, resources, eventSource, ….
    """
    issuer = {"type": "Role", "arn": f"arn:aws:iam::123456789012:role/{role}"}
    identity = {"type": "AssumedRole", "arn": by, "sessionContext": {"sessionIssuer": issuer}}
    return {
        "version": "0",
        "id": "12345678-0000-4000-8000-000000000001",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.kinesis",
        "account": "123456789012",
        "time": _iso(at),
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": identity if role else {"type": "IAMUser", "arn": by},
            "eventTime": _iso(at),
            "eventSource": "kinesis.amazonaws.com",
            "eventName": name,
            "awsRegion": "us-east-1",
            "requestParameters": asked or {"streamName": STREAM_NAME},
            "responseElements": None,
            "eventCategory": "Management",
            **more,
        },
    }


def encrypted(properties: Mapping[str, str] = REPORTED) -> Watched:
    """A stream that its resource has encrypted with alias/one, some minutes ago."""
    watched = Watched()
    watched.create(properties)
    watched.clock.sleep(300)
    return watched


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
