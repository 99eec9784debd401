"""Models of how a user's other choices start an encryption and wait for it, in virtual time, under the same limits.

None of them keeps a record of who manages the stream, and none waits until every record is encrypted. Each model has
its peer's rhythm and retries, from its published source, and everything else in its favour: no call takes time to
prepare, and Lambda's concurrency never runs out.

Sources:
    botocore's "legacy" retries, boto3's default: botocore's own arithmetic and its own _retry.json (five attempts;
        LimitExceededException is tried again).
    AWS CDK provider framework: aws-cdk-lib/custom-resources, provider.ts and waiter-state-machine.ts: queryInterval
        5 s, no backoff, totalTimeout 30 min; whatever isComplete throws is tried again.
    crhelper 2.0.12: resource_helper.py: one EventBridge rule and one permission of the function for each request, at
        best once a minute; whatever poll_create throws fails the request.
    boto3: botocore's waiters-2.json: StreamExists asks DescribeStream every 10 s, 18 times; an error ends it.
    Terraform: the better of its two rhythms in benchmarks/peers/terraform.py; ten resources at a time, by `apply`'s
        default; up to 25 attempts a call with a delay of up to 20 s, by the AWS SDK for Go.
    EventBridge: "Amazon EventBridge quotas": 300 rules on a bus.
    Lambda: "Lambda quotas": 20 KB for the policy of a function.
"""

from __future__ import annotations

import json
from collections import deque
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from botocore.retryhandler import delay_exponential

from benchmarks.crowd import UPDATE_SECONDS, Answered, Run
from benchmarks.limits import Account
from benchmarks.peers.terraform import as_published
from tests.simulation.processes import Time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Request: TypeAlias = Callable[["Peers", int], None]

CALL_SECONDS = (0.006, 0.08)
"""What a call takes there and back, as in the simulation (tests/simulation/wire.py)."""
POLICY_BYTES = 20 * 1024
RULES = 300
TERRAFORM_AT_ONCE = 10


class Failed(Exception):
    """The peer's request fails."""


class Peers:
    """Requests of one peer, all of one moment, each for a stream of its own."""

    def __init__(self, number: int, seed: int, lengths: Sequence[float] | None = None) -> None:
        """Start the clock, with nothing sent yet.

        Args:
            number: How many requests.
            seed: Of all that is random.
            lengths: How long each one's stream is UPDATING, in seconds; drawn unless given.
        """
        self.time = Time()
        self.random = Random(seed)  # noqa: S311 (the seed repeats it)
        self.account = Account(self.time.now)
        self.began = self.time.now()
        self._lengths = lengths or [self.random.uniform(*UPDATE_SECONDS) for _ in range(number)]
        self._active_at: dict[int, float] = {}
        self._policy = self._rules = 0

    def run(self, request: Request, at_once: int | None = None) -> Run:
        """Play all of them, or so many at once."""
        numbers, answers = deque(range(len(self._lengths))), list[Answered]()

        def work() -> None:
            while numbers:
                number = numbers.popleft()
                failure = ""
                try:
                    request(self, number)
                except Failed as failed:
                    failure = str(failed)
                seconds, active = self.time.now() - self.began, self._active_at.get(number, self.began) - self.began
                answers.append(Answered(seconds, seconds - active, self._lengths[number], failure))

        for _ in range(at_once or len(numbers)):
            self.time.spawn("request", work)
        while (due := self.time.next_due()) is not None:
            self.time.sleep_until(due)
        return Run(answers, self.account.asked, self.account.refused)

    def call(self, action: str, attempts: int = 5, longest: float = 60.0) -> None:
        """Make a call as botocore does by default.

        Raises:
            Failed: It was throttled at every attempt.
        """
        for attempt in range(1, attempts + 1):
            self.time.sleep(self.random.uniform(*CALL_SECONDS))
            if self.account.admits(action):
                return
            if attempt < attempts:
                self.time.sleep(min(longest, delay_exponential(1 - self.random.random(), 2, attempt)))
        raise Failed(f"{action}: LimitExceededException, {attempts} times")

    def start(self, number: int) -> None:
        """Call StartStreamEncryption, for which no rate is published."""
        self.call("StartStreamEncryption")
        self._active_at[number] = self.time.now() + self._lengths[number]

    def is_active(self, number: int) -> bool:
        """Whether a description says ACTIVE now."""
        return self.time.now() >= self._active_at[number]

    def add_rule(self) -> None:
        """Make crhelper's EventBridge rule, and let it invoke the function.

        Raises:
            Failed: The bus has no room for another rule, or the function's policy none for another statement.
        """
        self.call("PutRule")
        self._rules += 1
        if self._rules > RULES:
            raise Failed("PutRule: LimitExceededException, 300 rules")
        self.call("AddPermission")
        if self._policy + PERMISSION_BYTES > POLICY_BYTES:
            raise Failed("AddPermission: PolicyLengthExceededException, 20 KB")
        self._policy += PERMISSION_BYTES
        self.call("PutTargets")

    def remove_rule(self) -> None:
        """Remove it all again."""
        for action in ("RemoveTargets", "RemovePermission", "DeleteRule"):
            self.call(action)
        self._policy -= PERMISSION_BYTES
        self._rules -= 1


PERMISSION_BYTES = len(
    json.dumps(
        {
            "Sid": "EncryptionABCDEFGH",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:stream-encryption",
            "Condition": {
                "ArnLike": {"AWS:SourceArn": "arn:aws:events:us-east-1:123456789012:rule/EncryptionABCDEFGH"}
            },
        },
        separators=(",", ":"),
    )
)
"""A statement as AddPermission writes it for crhelper's arguments."""


def cdk(peers: Peers, number: int) -> None:
    """The CDK provider framework: onEvent starts, isComplete asks every 5 s."""
    peers.start(number)
    for _ in range(360):
        try:
            peers.call("DescribeStreamSummary")
        except Failed:
            pass  # "Retry" on States.ALL
        else:
            if peers.is_active(number):
                return
        peers.time.sleep(5.0)
    raise Failed("timed out")


def crhelper(peers: Peers, number: int) -> None:
    """Poll by crhelper, once a minute; EventBridge is up to 5 s late."""
    peers.start(number)
    peers.add_rule()
    while True:
        peers.time.sleep(60.0 + peers.random.uniform(0, 5))
        try:
            peers.call("DescribeStreamSummary")
        except Failed:
            peers.remove_rule()
            raise
        if peers.is_active(number):
            peers.remove_rule()
            return


def boto3_waiter(peers: Peers, number: int, most: int = 18) -> None:
    """A function of one's own with boto3's waiter `stream_exists`, which looks so often at the most."""
    peers.start(number)
    for _ in range(most):
        peers.call("DescribeStream")
        if peers.is_active(number):
            return
        peers.time.sleep(10.0)
    raise Failed("WaiterError: max attempts exceeded")


def terraform(peers: Peers, number: int) -> None:
    """Terraform's wait for a stream."""
    peers.call("DescribeStreamSummary", 25, 20.0)
    peers.start(number)
    for seconds in as_published():
        peers.time.sleep(seconds)
        peers.call("DescribeStreamSummary", 25, 20.0)
        if peers.is_active(number):
            return
