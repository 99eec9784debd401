"""What promise 10 demands of the watch in a world: told once, only drift, mended for a claim in force, and seldom."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from stream_encryption.cloudformation.response_url import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stream_encryption.record.values import Record
    from tests.simulation.wire import Call
    from tests.simulation.world import World

DAY = 86_400.0
MOST_MENDS = 3
_ENCRYPTION = ("Unencrypted", "AnotherKey")


class WatchChecks:
    """Checks what the watch tells, and what its mends do."""

    def __init__(self, world: World) -> None:
        """Start with nothing told."""
        self._world = world
        self._told: dict[tuple[str, str, str], int] = defaultdict(int)  # by stream, code and detail
        self._unheard: set[str] = set()  # streams about which the watch may not know what it told
        self._mends: dict[str, dict[float, float]] = defaultdict(dict)  # by stream: the mend's beginning, and its Start

    def put(self, call: Call, entries: Sequence[Mapping[str, Any]]) -> None:
        """Events have reached the bus."""
        for entry in entries:
            detail = entry["Detail"]
            place = (detail["stream"], detail["code"], detail["detail"].partition(" in ")[0])
            self._world.trace(f"    #{call.invocation.number} tells {detail['state']} {detail['code']} {place[0]}")
            if place[0] in self._unheard or self._world.expectations.restored:
                continue
            found = detail["state"] == "Found"
            # An invocation that died between its note and its event has told nothing, and may tell that it is over.
            self._told[place] = self._told[place] + 1 if found else max(0, self._told[place] - 1)
            said = f"{detail['state']} {detail['code']} of {place[0]}"
            self._world.promises.findings.check(
                self._told[place] <= 1, "promise 10", f"{said} is told {self._told[place]} times"
            )
            if detail["state"] == "Found" and detail["code"] in _ENCRYPTION:
                self._is_drift(place[0], said)

    def not_heard(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """The watch was not told that the bus took its events: it tells them again."""
        self._unheard.update(str(entry["Resources"][0]).rpartition("/")[2] for entry in entries)

    def intended(self, call: Call, before: Record | None) -> None:
        """A mend has written the intent of its Start."""
        digest = digest_of(call.invocation.response_url)
        claim = before.in_force if before else None
        holds = claim is not None and claim.latest.digests[-1] == digest and claim.releasing is None
        self._world.promises.findings.check(
            holds or call.stream in self._world.expectations.restored,
            "promise 10",
            f"a mend of {call.stream} announces a Start, but the claim in force is {claim}",
        )
        began = call.invocation.event["Progress"]["state"]["since"]
        self._mends[call.stream][began] = self._world.time.now()
        day = [at for at in self._mends[call.stream].values() if self._world.time.now() - at < DAY]
        self._world.promises.findings.check(
            len(day) <= MOST_MENDS or call.stream in self._world.expectations.restored,
            "promise 10",
            f"{call.stream} gets {len(day)} mends within 24 hours",
        )

    def _is_drift(self, stream: str, said: str) -> None:
        """A finding about the encryption needs somebody else's change, or a request that failed an hour ago."""
        world, record = self._world, self._world.record_of(stream)
        claim = record.in_force if record else None
        if claim is None or claim.succeeded != claim.latest.digests[-1] or stream in world.promises.not_restored:
            return
        others = any(one.request is None for one in world.promises.history.effects_on(stream))
        kept = any(one.on_delete == "Keep" and one.stream == stream for one in world.requests)
        self._world.promises.findings.check(
            others or kept, "promise 10", f"{said} is told, and nobody else changed the stream"
        )
