"""crhelper's own polling: its real code; EventBridge's schedule, at best one minute, is played.

Its rule is made with rate(1 minute), the shortest that there is (its default is two). In the lag's model time is
virtual, and the schedule comes round once a minute, at an offset from the request that may be any.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
from crhelper import CfnResource

from benchmarks.account import put
from benchmarks.peers.careful_function import begin, is_complete

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.account import Account, Event

MINUTE = 60.0
MODEL = "crhelper (model)"
FUNCTION = "crhelper"


@dataclass
class Context:
    """What crhelper asks of Lambda's context."""

    function_name: str = FUNCTION
    aws_request_id: str = "1"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """A Lambda's longest time-out."""
        return 900_000


class HttpAnswers(CfnResource):
    """crhelper, whose answer goes by HTTP: by itself it knows but HTTPS."""

    def _send(self, status: str | None = None, reason: str = "") -> None:
        send: Any = CfnResource
        send._send(self, status, reason, lambda url, body, _verify: put(url, json.dumps(body).encode()))  # noqa: SLF001


def helper(client: Callable[..., Any], work: Callable[[Event], str], poll: Callable[[Event], bool]) -> HttpAnswers:
    """A crhelper as its guide has it: one function that begins, one that looks, for every type of request.

    Args:
        client: What it gets for boto3.client.
        work: Begins; answers the physical id.
        poll: Whether it is done.
    """
    with mock.patch.object(boto3, "client", client):
        made = HttpAnswers(log_level="CRITICAL", polling_interval=1, sleep_on_delete=0)
    for register in (made.create, made.update, made.delete):
        register(lambda event, _: work(event))
    for register in (made.poll_create, made.poll_update, made.poll_delete):
        register(lambda event, _: poll(event) or None)
    return made


class Crhelper:
    """On the account's EventBridge and Lambda, whose schedule comes round as soon as the stream is ACTIVE."""

    name = "crhelper"

    def __init__(self, account: Account) -> None:
        """Have a function to be invoked by EventBridge."""
        self._events, self._kinesis = account.unseen("events"), account.kinesis
        self._wire, place = account.wire.url, account.aws.place
        account.function(FUNCTION, lambda _: None)

        def client(service: str, **_: object) -> Any:  # noqa: ANN401 (a type of its own for each service)
            sessions: Any = place.session()
            return sessions.client(service, endpoint_url=self._wire, config=place.config)

        def poll(event: Event) -> bool:
            return is_complete(self._kinesis, event)

        def work(event: Event) -> str:
            return begin(self._kinesis, event)

        self._make: Callable[[], Any] = lambda: helper(client, work, poll)
        self._lock = threading.Lock()

    def handle(self, event: Event) -> None:
        """Take a request, and make its rule; each in an environment of its own, as it can do but one at a time."""
        with self._lock:
            made = self._make()
        made(event, Context())

    def scheduled(self, logical_id: str) -> None:
        """Come round: deliver what the rules of a resource deliver."""
        for rule in self._events.list_rules(NamePrefix=logical_id)["Rules"]:
            for target in self._events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                self.handle(json.loads(target["Input"]))


@dataclass
class VirtualEvents:
    """As much of EventBridge and Lambda as the polling calls, in virtual time."""

    inputs: list[Event] = field(default_factory=list)

    @staticmethod
    def put_rule(**arguments: Any) -> dict[str, str]:  # noqa: ANN401 (boto3's)
        """Make a rule."""
        return {"RuleArn": f"arn:aws:events:eu-west-1:111122223333:rule/{arguments['Name']}"}

    def put_targets(self, **arguments: Any) -> None:  # noqa: ANN401 (boto3's)
        """Keep what the rule delivers."""
        self.inputs.append(json.loads(arguments["Targets"][0]["Input"]))

    def remove_targets(self, **_: object) -> None:
        """Deliver it no more."""
        self.inputs.clear()

    def add_permission(self, **_: object) -> None:
        """Nothing is asked for permissions here."""

    remove_permission = delete_rule = add_permission


def lags(length: float, offsets: Sequence[float]) -> list[float]:
    """The model: how late crhelper answers an update of that length, for each offset of the schedule, in seconds.

    Nothing else takes time: its calls, its invocations and the stream's look are free.
    """
    return [_lag(length, offset) for offset in offsets]


def _lag(length: float, offset: float) -> float:
    events, now, answered = VirtualEvents(), 0.0, list[float]()
    made = helper(lambda _service, **_: events, lambda _: "encryption", lambda _: now >= length)
    event = {
        "RequestType": "Create",
        "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/x/1",
        "RequestId": "1",
        "LogicalResourceId": "Encryption",
        "ResponseURL": "http://nobody/",
        "ResourceProperties": {},
    }
    with mock.patch(f"{__name__}.put", side_effect=lambda _url, _body: answered.append(now)):
        made(event, Context())
        now = offset
        while events.inputs:
            made(events.inputs[-1], Context())
            now += MINUTE
    return answered[0] - length
