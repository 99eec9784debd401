"""What promise 10 demands of the watch in a world: told once, only drift, mended for a claim in force, and seldom."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from stream_encryption.cloudformation.response_url import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stream_encryption.record.values import Claim, Record
    from tests.simulation.wire import Call
    from tests.simulation.world import World

HOUR, DAY = 3600.0, 86_400.0
MOST_MENDS = 3
_ENCRYPTION = ("Unencrypted", "AnotherKey")


class WatchChecks:
    """Checks what the watch tells, and what its mends do."""

    def __init__(self, world: World) -> None:
        """Start with nothing told."""
        self._world = world
        self._told: dict[tuple[str, str, str], int] = defaultdict(int)  # by stream, code and detail
        self._noted: dict[str, int] = {}  # by stream: the invocation whose note has no event yet
        self._mends: dict[tuple[str, int], set[float]] = defaultdict(set)  # by stream and incarnation: when each began

    def noted(self, call: Call) -> None:
        """The watch has written what it is about to tell, or has taken that back."""
        number = call.invocation.number
        earlier = self._noted.pop(call.stream, None)
        if earlier == number:
            return  # The bus refused the event, and the note was taken back.
        if earlier is not None:
            self._forget(call.stream)  # An invocation died before it told what it had noted: that event is lost.
        self._noted[call.stream] = number

    def put(self, call: Call, entries: Sequence[Mapping[str, Any]]) -> None:
        """Events have reached the bus."""
        for entry in entries:
            detail = entry["Detail"]
            place = (detail["stream"], detail["code"], detail["detail"].partition(" in ")[0])
            self._world.trace(f"    #{call.invocation.number} tells {detail['state']} {detail['code']} {place[0]}")
            self._noted.pop(place[0], None)
            if self._world.expectations.restored:
                continue
            found = detail["state"] == "Found"
            # An invocation that died between its note and its event has told nothing, and may tell that it is over.
            self._told[place] = self._told[place] + 1 if found else max(0, self._told[place] - 1)
            said = f"{detail['state']} {detail['code']} of {place[0]}"
            self._check(self._told[place] <= 1, f"{said} is told {self._told[place]} times")
            if found and detail["code"] in _ENCRYPTION:
                self._is_drift(place[0], said)

    def not_heard(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """The watch was not told that the bus took its events: it tells them again."""
        for entry in entries:
            self._forget(str(entry["Resources"][0]).rpartition("/")[2])

    def intended(self, call: Call, before: Record | None) -> None:
        """A mend has written the intent of its Start."""
        if call.stream in self._world.expectations.restored:
            return
        digest = digest_of(call.invocation.response_url)
        claim = before.in_force if before else None
        holds = claim is not None and claim.latest.digests[-1] == digest and claim.releasing is None
        self._check(holds, f"a mend of {call.stream} announces a Start, but the claim in force is {claim}")

    def started(self, call: Call) -> None:
        """A mend's Start has taken effect. One that AWS refused does not count: nobody has undone it."""
        now, began = self._world.time.now(), call.invocation.event["Progress"]["state"]["since"]
        record = self._world.record_of(call.stream)
        mends = self._mends[call.stream, record.incarnation if record else 0]
        mends.add(began)
        day = [at for at in mends if now - at < DAY]
        self._check(len(day) <= MOST_MENDS, f"{call.stream} gets {len(day)} mends within 24 hours")

    def _is_drift(self, stream: str, said: str) -> None:
        """A finding about the encryption needs somebody else's change, or a request that failed an hour ago."""
        world, record = self._world, self._world.record_of(stream)
        claim = record.in_force if record else None
        if claim is None or self._has_failed(claim) or stream in world.promises.not_restored:
            return
        there = world.kinesis.streams.get(stream)
        if there is None or world.promises.may_have_another_key(there.encryption.key_id):
            return
        others = any(one.request is None for one in world.promises.history.effects_on(stream))
        kept = any(one.on_delete == "Keep" and one.stream == stream for one in world.requests)
        self._check(others or kept, f"{said} is told, and nobody else changed the stream")

    def _has_failed(self, claim: Claim) -> bool:
        """Whether the claim's newest request, or its Delete, was issued an hour ago and has not succeeded."""
        now = self._world.time.now()
        if claim.releasing:
            return now - claim.releasing.issued_at >= HOUR
        return claim.succeeded != claim.latest.digests[-1] and now - claim.latest.issued_at >= HOUR

    def _forget(self, stream: str) -> None:
        """Allow that anything about a stream is told once more: nobody knows what was told."""
        for place in self._told:
            if place[0] == stream:
                self._told[place] = 0

    def _check(self, holds: bool, said: str) -> None:  # noqa: FBT001
        self._world.promises.findings.check(holds, "promise 10", said)
