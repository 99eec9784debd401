"""What is checked at every call of the function: promises 3, 4, 5 and 8, and the record's rules 1, 2, 3, 6 and 9."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stream_encryption.record.values import Change
from tests.fake_stream import ACTIVE

if TYPE_CHECKING:
    from stream_encryption.record.values import Record
    from tests.simulation.cloudformation import Request
    from tests.simulation.findings import Findings
    from tests.simulation.history import Effect, History, Holding
    from tests.simulation.wire import Call
    from tests.simulation.world import World

EPSILON = 0.001
SOON = 2.0
"""How long a change may have been unknown to a request that had looked just before, in seconds."""
INTENT_SECONDS = 15.0 + EPSILON
"""How long after its intent a call may arrive, in seconds: 8 to begin it, and 7 that it may take."""


@dataclass(eq=False, slots=True)
class Flight:
    """A Start or Stop on its way, from its sending until it has arrived."""

    call: Call
    arrived: float | None = None


class CallChecks:
    """Checks the calls of the function."""

    def __init__(self, world: World, history: History, findings: Findings) -> None:
        """Start with no calls."""
        self._world, self._history, self._check = world, history, findings.check
        self._intents: dict[str, tuple[str, float]] = {}  # intent → ResponseURL of its request, and when it was written
        self._announced: list[tuple[str, str, float]] = []  # stream, ARN of the key, and when, of each intent to Start
        self._flights: dict[str, list[Flight]] = {}  # by stream
        self._stopped: set[tuple[str, str]] = set()  # ResponseURL and stream of each Stop

    def sent(self, call: Call) -> None:
        """Check a Start or Stop that is about to be sent."""
        self._flights.setdefault(call.stream, []).append(Flight(call))
        self._is_needed(call)

    def reached(self, call: Call) -> None:
        """Check a Start or Stop that has reached Kinesis, before it takes effect."""
        self._is_intended(call)
        self._is_alone(call)

    def took_effect(self, call: Call, effect: Effect, had: str | None) -> None:
        """Check a Start or Stop that has taken effect.

        Args:
            call: The call.
            effect: Its effect.
            had: The ARN of the key that the stream had before.
        """
        request = effect.request
        assert request
        self._is_ours_to_change(request, effect)
        self._undoes_our_own(call, effect, had)
        self._has_a_record(request, effect, had)
        self._is_never_plain_on_the_way(request, effect)

    def written(self, call: Call, before: Record | None, record: Record) -> None:
        """Check a write to the table that has taken effect.

        Args:
            call: The call.
            before: The record before; None: there was none.
            record: The record now.
        """
        request = self._world.cloudformation.requests[call.invocation.response_url]
        pending = record.pending
        if pending and pending.intent_id not in self._intents:
            self._intents[pending.intent_id] = (request.url, self._world.time.now())
            if pending.change == Change.START:
                self._announced.append((call.stream, pending.key.arn, self._world.time.now()))
            newer = before and call.stream not in self._restored and _newer_in(before, request)
            self._check(not newer, "rule 3", f"{request} writes an intent although the record knows {newer}")
        self._check("TOPSECRET" not in repr(record), "promise 8", "the table holds a ResponseURL")

    @property
    def _restored(self) -> set[str]:
        return self._world.expectations.restored

    def _is_needed(self, call: Call) -> None:
        """Promise 4: no Start or Stop while the stream is as wanted, as far as the function can know."""
        world = self._world
        target = world.expectations.resolved(call.arguments["KeyId"] if call.method.startswith("start") else None)
        since = call.invocation.looked_at.get(call.stream, 0.0) - world.kinesis.settings.stale - EPSILON
        states = world.kinesis.during(call.stream, since, world.time.now())
        if world.expectations.look_denied:
            return  # the contract: go on without the look-up; then two names of one key are two keys
        resolved = world.expectations.resolved
        as_wanted = bool(states) and all(
            one.status == ACTIVE and resolved(one.encryption.key_id) == target for one in states
        )
        self._check(not as_wanted, "promise 4", f"{_short(call)} changes {call.stream}, which was seen as wanted")

    def _is_intended(self, call: Call) -> None:
        """Rule 1: the table has had the intent of this request to make this very call, for some seconds."""
        if call.stream in self._restored:
            return
        record = self._world.record_of(call.stream)
        pending = record.pending if record else None
        url, written = self._intents.get(pending.intent_id if pending else "", ("", 0.0))
        name = call.action.partition(":")[2]
        mine = pending is not None and url == call.invocation.response_url and pending.change == name
        self._check(mine, "rule 1", f"{_short(call)} {name} on {call.stream} without an intent; it has {pending}")
        age = self._world.time.now() - written
        self._check(
            not mine or age <= INTENT_SECONDS, "rule 1", f"{_short(call)} {name} arrives {age:.1f} s after its intent"
        )

    def _is_alone(self, call: Call) -> None:
        """Rule 2: the calls of two requests are never on their way to a stream at once."""
        now, flights = self._world.time.now(), self._flights[call.stream]
        others = [
            one.call
            for one in flights
            if one.call.invocation.response_url != call.invocation.response_url
            and (one.arrived is None or one.arrived > call.sent)
        ]
        self._check(not others, "rule 2", f"{_short(call)} {call.action} overlaps {[_short(one) for one in others]}")
        for one in flights:
            if one.call is call:
                one.arrived = now

    def _is_never_plain_on_the_way(self, request: Request, effect: Effect) -> None:
        """Promise 5: a request that starts the encryption has not stopped it before."""
        place = (request.url, effect.stream)
        if effect.key is None:
            self._stopped.add(place)
        self._check(
            effect.key is None or place not in self._stopped,
            "promise 5",
            f"{request} stopped {effect.stream} on the way to {effect.key}",
        )

    def _is_ours_to_change(self, request: Request, effect: Effect) -> None:
        """Promise 3: a stream that a resource was told to have is changed by requests alone that may."""
        held = self._history.holder(effect.stream)
        if held is None or effect.stream in self._restored:
            return
        if held.request.stack.abandoned or self._has_failed_since(held):
            return  # Its Update and its rollback have failed: the key that the last claim found comes back.
        later = [one for one in self._world.requests if one.issued >= held.request.issued]
        takers = [one for one in later if one.stream == effect.stream and self._history.may_take(one, held)]
        wanted = {key for one in takers for key in self._world.expectations.wanted(one)} | held.keys
        newer = int(request.issued) >= int(held.request.issued) or request.stack is not held.request.stack
        takes = newer and not _releases(request, effect.stream) and self._history.may_take(request, held)
        self._check(
            effect.key in wanted or takes,
            "promise 3",
            f"{request} changes {effect.stream}, which {held.request} has with {held.request.key_id}",
        )

    def _has_failed_since(self, held: Holding) -> bool:
        """Whether the newest request for a stream that a resource has is an Update that failed, or was given up."""
        later = [
            one
            for one in self._world.requests
            if (one.owner, one.stream) == (held.request.owner, held.stream) and one.issued > held.request.issued
        ]
        newest = later[-1] if later else held.request
        return newest.type == "Update" and newest.closed is not None and newest.outcome != "SUCCESS"

    def _undoes_our_own(self, call: Call, effect: Effect, had: str | None) -> None:
        """Promise 3, rule 9: a Restore changes nothing but what the provider gave to this very stream.

        The last change says who gave the key, since an alias can stand for another key by now. The provider can't
        always know that others did, where it had given that key before, or had announced it just before.
        """
        request = effect.request
        assert request
        if effect.stream in self._restored or not _releases(request, effect.stream) or request.on_delete != "Restore":
            return
        earlier = self._history.effects_on(effect.stream)
        ours = [one for one in earlier if one.request is not None]
        what = f"{request} restores {effect.stream}"
        if earlier and self._was_announced(effect.stream, had, earlier[-1].at):
            return
        self._check(ours, "rule 9", f"{what}, which the provider never changed")
        looked = call.invocation.looked_at.get(effect.stream, 0.0) - self._world.kinesis.settings.stale - SOON
        unknown = bool(earlier) and earlier[-1].at > looked
        self._check(
            not ours or unknown or earlier[-1].request is not None or had in {one.key for one in ours},
            "rule 9",
            f"{what}, which has {had} by others and not {ours[-1].key if ours else None}",
        )

    def _was_announced(self, stream: str, key: str | None, at: float) -> bool:
        """Whether the provider had announced a Start with a key before a time."""
        return any((one, arn) == (stream, key) and written <= at for one, arn, written in self._announced)

    def _has_a_record(self, request: Request, effect: Effect, had: str | None) -> None:
        """Rule 6: after its record is lost, a Delete only stops the encryption with the key of its own properties."""
        lost_at = self._world.expectations.lost_at.get(effect.stream)
        if lost_at is None or request.issued < lost_at or request.type != "Delete":
            return
        record = self._world.record_of(effect.stream)
        if record and any((one.owner.stack_id, one.owner.logical_id) == request.owner for one in record.claims):
            return  # A request that was at work, or was delivered late, has written a record again.
        lawful = effect.key is None and had in self._world.expectations.wanted(request)
        self._check(lawful, "rule 6", f"{request} changes {effect.stream} from {had} to {effect.key} without a record")


def _releases(request: Request, stream: str) -> bool:
    """Whether a request gives a stream back: a Delete, or a replacement that is rolled back, on the other stream."""
    return request.type == "Delete" or request.stream != stream


def _newer_in(record: Record, request: Request) -> str:
    """Return the part of a record that says that a request is superseded; empty where there is none."""
    second = int(request.issued)
    for claim in record.claims:
        if (claim.owner.stack_id, claim.owner.logical_id) == request.owner and claim.latest.issued_at > second:
            return f"the claim's newest request {claim.latest}"
    for one in record.departed:
        if (one.owner.stack_id, one.owner.logical_id) == request.owner and one.issued_before > second:
            return f"the owner's Delete {one}"
    return ""


def _short(call: Call) -> str:
    return f"#{call.invocation.number}"
