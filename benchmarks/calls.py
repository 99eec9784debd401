"""Calls on the wire: how many calls to AWS each action costs the account, the provider's beside its peers'."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import calls_page
from benchmarks.account import USED_SHARE, Account
from benchmarks.calls_page import Life
from benchmarks.peers import OURS, cdk
from benchmarks.peers.boto3_waiter import Boto3Waiter
from benchmarks.peers.crhelper import Crhelper
from benchmarks.peers.ours import Ours
from benchmarks.peers.terraform import Terraform
from benchmarks.wire import lateness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers import Peer
    from benchmarks.report import Report
    from benchmarks.wire import Call
    from local.response_endpoint import Exchange

UPDATE_SECONDS = 1.5
"""How long every update of a stream takes, in seconds."""
REPETITIONS = 5
CALLS_PER_SECOND = 3
"""How many calls a second one life makes at the most: it decides how many lives this machine runs at the same time."""
PATIENCE_SECONDS = 120.0
QUIET_SECONDS = 0.5
"""For how long after the response calls still count as the action's, in seconds."""
REFUSED = 400


class FailedError(RuntimeError):
    """A request was not answered with SUCCESS."""


@dataclass(frozen=True, slots=True)
class Course:
    """One stream's life with one peer.

    Attributes:
        account: Where it is lived.
        peer: The peer that handles its requests.
        mark: A part of the names of all its streams, keys and logical ids: each of its calls contains it.
    """

    account: Account
    peer: Peer
    mark: str

    def play(self) -> Life:
        """Play the actions one after another, and count each one's calls."""
        began, actions = time.time(), dict[str, Counter[str]]()
        try:
            self._create_change_delete(actions)
            if not isinstance(self.peer, Terraform):
                self._create_as_found(actions)
        except FailedError as failed:
            return Life(self.peer.name, actions, str(failed), lateness(self.account.wire.calls(self.mark, began)))
        return Life(self.peer.name, actions, "", lateness(self.account.wire.calls(self.mark, began)))

    def _create_change_delete(self, actions: dict[str, Counter[str]]) -> None:
        stream, (first, second) = f"0.{self.mark}-plain", self._keys()
        kept = {"LogicalResourceId": self.mark, "PhysicalResourceId": ""}
        request, new = self.account.request, {"LogicalResourceId": self.mark}
        created = request("Create", stream, properties=first, **new)
        actions["Create"], kept["PhysicalResourceId"] = self._calls(created)
        before = {"OldResourceProperties": {"StreamName": stream, **first}}
        changed = request("Update", stream, properties=second, **kept, **before)
        actions["Update of the key"], _ = self._calls(changed)
        before = {"OldResourceProperties": {"StreamName": stream, **second}}
        noted = {**second, **({"OnDelete": "Restore"} if self.peer.name == OURS else {"Note": "changed"})}
        updated = request("Update", stream, properties=noted, **kept, **before)
        actions["Update, nothing to do"], _ = self._calls(updated)
        actions["Delete"], _ = self._calls(request("Delete", stream, properties=noted, **kept))

    def _create_as_found(self, actions: dict[str, Counter[str]]) -> None:
        stream, (first, _) = f"0.{self.mark}-encrypted", self._keys()
        request = self.account.request("Create", stream, properties=first, LogicalResourceId=f"{self.mark}again")
        actions["Create, nothing to do"], _ = self._calls(request)

    def _keys(self) -> tuple[dict[str, str], dict[str, str]]:
        return {"KeyId": f"alias/{self.mark}-first"}, {"KeyId": f"alias/{self.mark}-second"}

    def prepare(self) -> None:
        """Make its keys, and encrypt the stream that its last Create finds encrypted."""
        for properties in self._keys():
            self.account.aws.key(self.mark, properties["KeyId"])
        stream, key = f"0.{self.mark}-encrypted", self._keys()[0]["KeyId"]
        self.account.direct[0].start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=key)

    def _calls(self, exchange: Exchange) -> tuple[Counter[str], str]:
        """See one request through; return its calls and the physical id.

        Raises:
            FailedError: It was not answered with SUCCESS.
        """
        since, endpoint = time.time(), self.account.aws.responses
        self.peer.handle(endpoint.guarded(exchange))
        if isinstance(self.peer, Crhelper):
            time.sleep(UPDATE_SECONDS + QUIET_SECONDS)
            self.peer.scheduled(exchange.event["LogicalResourceId"])
        if not endpoint.wait_for(exchange, PATIENCE_SECONDS) or exchange.answer is None or exchange.status != "SUCCESS":
            raise FailedError(f"{exchange.kind}: {exchange.reason or 'no response'} {'; '.join(exchange.violations)}")
        time.sleep(QUIET_SECONDS)
        calls = self.account.wire.calls(self.mark, since)
        return Counter(map(_action, calls)), exchange.answer["PhysicalResourceId"]


def measure(repetitions: int = REPETITIONS) -> Report:
    """Play every peer's lives, as many at the same time as this machine carries, and report."""
    with Account() as account, account.kinesis_servers([UPDATE_SECONDS]):
        ours = Ours(account)
        peers: Sequence[Peer] = [ours, cdk.Cdk(account), Crhelper(account), Boto3Waiter(account), Terraform(account)]
        marked = [(peer, f"life{number}x{again}x") for number, peer in enumerate(peers) for again in range(repetitions)]
        courses = [Course(account, peer, mark) for peer, mark in marked]
        account.streams(0, [f"{one.mark}-{name}" for one in courses for name in ("plain", "encrypted")])
        for course in courses:
            course.prepare()
        rate = account.capacity()
        at_once = max(1, min(len(courses), int(rate * USED_SHARE / CALLS_PER_SECOND)))
        ours.warm(min(repetitions, at_once))
        _tell(f"the machine carries {rate:.0f} calls a second: {at_once} of {len(courses)} lives at the same time")
        lives = _play(courses, at_once)
    return calls_page.report(lives, UPDATE_SECONDS, repetitions)


def _play(courses: Sequence[Course], at_once: int) -> list[Life]:
    with ThreadPoolExecutor(at_once) as pool:
        plays = [pool.submit(course.play) for course in courses]
        for number, _ in enumerate(as_completed(plays), 1):
            if number % 5 == 0:
                _tell(f"{number} of {len(plays)} lives are over")
        return [play.result() for play in plays]


def _action(call: Call) -> str:
    return f"{call.action} (refused)" if call.status >= REFUSED else call.action


def _tell(progress: str) -> None:
    print(f"  calls: {progress}", flush=True)
