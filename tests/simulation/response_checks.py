"""What is checked at every response to CloudFormation: promises 1, 2, 6, 7 and 8, and the record's rule 5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fake_stream import ACTIVE, DELETING
from tests.simulation.call_checks import EPSILON, SOON
from tests.simulation.expectations import ANSWERABLE_SECONDS
from tests.simulation.history import Holding

if TYPE_CHECKING:
    from tests.fake_stream import Snapshot
    from tests.simulation.cloudformation import Request, Response
    from tests.simulation.findings import Findings
    from tests.simulation.history import History
    from tests.simulation.world import World

MAX_BODY_BYTES = 4096
FRESH_SECONDS = 40.0
"""How old the last look before SUCCESS may be when it is written: 30 s to decide upon it, and a write of 7 s."""
LATE = 15.0
"""How late the look at the end of SettleSeconds can be, in seconds: what others did in between shows in no look."""
LAST_SECONDS = 25.0
"""A request can't be helped if its invocation stands still, or its ResponseURL is deaf, in so many seconds before
CloudFormation gives up: the margin of 20 s, and a try to respond that began before it."""


class ResponseChecks:
    """Checks the responses to CloudFormation."""

    def __init__(self, world: World, history: History, findings: Findings) -> None:
        """Start with no responses."""
        self._world, self._history, self._check = world, history, findings.check

    def responded(self, request: Request, response: Response, body: bytes) -> None:
        """Check a response that reached CloudFormation's bucket."""
        self._is_well_formed(request, response, body)
        if request.responses[:-1] or request.closed is not None:
            return  # CloudFormation has an earlier response, or does not wait any more
        if not response.success:
            self._is_explained(request, response)
        elif request.type != "Delete" and response.invocation is not None:
            self._is_true(request, response)
            self._follows_a_write(request, response)
            self._hold(request, response)

    def gave_up(self, request: Request) -> None:
        """Promise 2: CloudFormation does not give up waiting, unless nobody can help it."""
        since = self._world.time.now() - LAST_SECONDS
        wire = self._world.wire
        helpless = wire.stood_still_since(request.url, since) or wire.deaf_since(request.url, since)
        answerable = request.timeout >= ANSWERABLE_SECONDS and not helpless
        lost = request.given_up and not request.responses and answerable
        self._check(not lost, "promise 2", f"{request} got no response")

    def responded_twice(self, request: Request) -> None:
        """Promise 2: an invocation that knows that its response arrived sends no other one."""
        self._check(kept=False, what="promise 2", sentence=f"{request} got two responses of one invocation")

    def _is_well_formed(self, request: Request, response: Response, body: bytes) -> None:
        """Promise 2: CloudFormation takes the response, and a person can use it."""
        told, asked = response.body, request.event
        same = all(told[name] == asked[name] for name in ("StackId", "RequestId", "LogicalResourceId"))
        self._check(same, "promise 2", f"{request} got a response to another request")
        right = len(body) <= MAX_BODY_BYTES and told["PhysicalResourceId"]
        self._check(right, "promise 2", f"{request}: {len(body)} bytes, id {told['PhysicalResourceId']!r}")
        self._check("TOPSECRET" not in body.decode(), "promise 8", f"{request}: the ResponseURL is in the response")
        if told["Status"] == "FAILED":
            same = request.type == "Create" or told["PhysicalResourceId"] == request.physical_id
            self._check(same, "promise 2", f"{request} failed with another id: {told['PhysicalResourceId']}")
            named = any(name in told["Reason"] for name in request.streams)
            self._check(named, "promise 2", f"{request} failed without naming the stream: {told['Reason']}")

    def _is_explained(self, request: Request, response: Response) -> None:
        """Promises 2, 7 and 9: no request fails unless something lasting is in its way."""
        code = self._world.log.code_of(response.invocation)
        excused = code in self._world.expectations.excuses(request)
        number = 7 if request.type == "Delete" else 2
        reason = f"{request} failed for no reason: {code}: {response.body['Reason']}"
        self._check(excused, f"promise {number}", reason)
        if code == "OwnedByAnotherStack" and response.invocation and request.stream not in self._restored:
            record = response.invocation.read.get(request.stream)
            others = [one for one in record.claims if one.owner.stack_id != request.owner[0]] if record else []
            self._check(others, "promise 6", f"{request} failed for another stack, which the record does not name")

    def _is_true(self, request: Request, response: Response) -> None:
        """Promise 1: at the last look the stream was ACTIVE and as wanted, and had been so for SettleSeconds."""
        assert response.invocation
        name, wanted = request.stream, self._world.expectations.wanted(request)
        looked = response.invocation.looked_at.get(name, 0.0)
        since = looked - float(request.properties.get("SettleSeconds", 5)) + EPSILON
        known = since - SOON - LATE - self._world.kinesis.settings.stale
        if any(one.at > known and (one.request is not request or one.again) for one in self._history.effects_on(name)):
            return
        hidden = looked - self._world.kinesis.settings.stale  # a description from before does not show a deletion yet
        states = self._world.kinesis.during(name, since, looked)
        wrong = [
            one
            for one in states
            if not self._is(name, one, wanted) and not (one.status == DELETING and one.at > hidden)
        ]
        state = f"{wrong[-1].status} with {wrong[-1].encryption.key_id}" if wrong else ""
        self._check(not wrong, "promise 1", f"{request} SUCCESS, yet {name} was {state}, {looked - since:.1f} s before")

    def _is(self, name: str, state: Snapshot, wanted: set[str | None]) -> bool:
        # A reshard leaves the encryption alone.
        done = state.status == ACTIVE or state.why in {"reshard", "settled"}
        # An alias stands for the key that it stood for when the stream got it; but nobody can know which one that was.
        gave = [one.key for one in self._history.effects_on(name) if one.at <= state.at]
        return done and not wanted.isdisjoint({*gave[-1:], self._world.expectations.resolved(state.encryption.key_id)})

    def _follows_a_write(self, request: Request, response: Response) -> None:
        """Rule 5: the last thing before SUCCESS was a fresh look, and then a write that left no intent."""
        assert response.invocation
        name, written = request.stream, response.invocation.written.get(request.stream)
        self._check(written, "rule 5", f"{request} SUCCESS without a write to the table")
        if written is None or name in self._restored:
            return
        self._check(written.record.pending is None, "rule 5", f"{request} SUCCESS, and its last write left an intent")
        looked = response.invocation.looked_at.get(name, 0.0)
        self._check(
            looked <= written.at <= looked + FRESH_SECONDS,
            "rule 5",
            f"{request} SUCCESS, and its last write came {written.at - looked:.0f} s after its last look",
        )
        between = [
            str(one.request)
            for one in self._history.effects_on(name)
            if one.request not in {None, request} and looked <= one.at <= written.at
        ]
        self._check(
            not between, "rule 5", f"{request} SUCCESS, although {between} changed {name} before its last write"
        )

    def _hold(self, request: Request, response: Response) -> None:
        """Promise 6: of two stacks that claim a stream one succeeds, unless the other takes over."""
        assert response.invocation
        name, written = request.stream, response.invocation.written.get(request.stream)
        since = written.at if written else response.at
        in_force = next((one for one in reversed(self._history.holders(name)) if one.since < since), None)
        self._check(
            in_force is None or self._history.may_take(request, in_force) or name in self._restored,
            "promise 6",
            f"{request} SUCCESS on {name}, which {in_force and in_force.request} has",
        )
        self._history.hold(
            Holding(
                stream=name,
                request=request,
                physical_id=str(response.body["PhysicalResourceId"]),
                keys=self._world.expectations.wanted(request),
                since=since,
                looked=response.invocation.looked_at.get(name, 0.0),
            )
        )

    @property
    def _restored(self) -> set[str]:
        return self._world.expectations.restored
