"""The contract's promises and the record's rules, checked after every call, at every response, and at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulation.call_checks import CallChecks
from tests.simulation.end_checks import EndChecks
from tests.simulation.environments import Write
from tests.simulation.findings import Findings
from tests.simulation.history import Effect, History
from tests.simulation.response_checks import ResponseChecks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream_encryption.record.values import Record
    from tests.simulation.cloudformation import Request, Response
    from tests.simulation.wire import Call
    from tests.simulation.world import World

_LOOKS = ("describe_stream_summary", "describe_stream")
_RE_ENCRYPTS = ("start_stream_encryption", "stop_stream_encryption")


class Promises:
    """Watches a world, keeps its history, and has each event checked."""

    def __init__(self, world: World) -> None:
        """Start with nothing broken."""
        self._world = world
        self.findings = Findings(world.trace)
        self.history = History()
        self._calls = CallChecks(world, self.history, self.findings)
        self._responses = ResponseChecks(world, self.history, self.findings)
        self._end = EndChecks(world, self.history, self.findings)
        self._had: str | None = None  # the key of the stream that a Start or Stop has just reached
        self._before: Record | None = None  # the record that a PutItem has just reached

    @property
    def broken(self) -> list[str]:
        """The promises that were broken, each in a sentence."""
        return self.findings.broken

    @property
    def checks(self) -> int:
        """How many checks were made."""
        return self.findings.checks

    # CloudFormation

    def sent(self, request: Request) -> None:
        """CloudFormation has sent a request."""
        if request.type == "Delete":
            self.history.deleted(request)

    def responded(self, request: Request, response: Response, body: bytes) -> None:
        """A response has reached CloudFormation's bucket."""
        self._responses.responded(request, response, body)

    def responded_twice(self, request: Request) -> None:
        """An invocation was told that its response arrived, and has sent another one."""
        self._responses.responded_twice(request)

    def gave_up(self, request: Request) -> None:
        """CloudFormation has stopped waiting for a response."""
        self._responses.gave_up(request)

    # Other people

    def changed_by_others(self, stream: str, key_id: str | None) -> None:
        """Others have changed a stream's encryption."""
        key = self._world.expectations.resolved(key_id)
        self.history.effects.append(Effect(self._world.time.now(), stream, None, key))
        if self._world.watching:
            self._world.watching.trailed(stream, key_id)

    def created_anew(self, stream: str) -> None:
        """Others have deleted a stream and created another one with its name."""
        self.history.created_anew(stream, self._world.time.now())

    # Calls of the function

    def before(self, call: Call) -> None:
        """A call is about to be sent."""
        if call.method in _RE_ENCRYPTS and call.stream in self._world.kinesis.streams:
            self._calls.sent(call)

    def reached(self, call: Call) -> None:
        """A call has reached its service, and has not taken effect yet."""
        if call.method in _RE_ENCRYPTS and call.stream in self._world.kinesis.streams:
            stream = self._world.kinesis.streams[call.stream]
            self._had = self._world.expectations.resolved(stream.encryption.key_id)
            self._calls.reached(call)
        elif call.method == "put_item":
            self._before = self._world.record_of(call.stream)

    def refused(self, call: Call, code: str) -> None:
        """A call was refused by its service."""
        self._world.expectations.look_denied |= call.method == "describe_key" and code == "AccessDeniedException"
        self._world.trace(f"    #{call.invocation.number} {call.method} {call.stream}: {code}")

    def after(self, call: Call, result: Mapping[str, Any]) -> None:
        """A call has taken effect."""
        now, invocation = self._world.time.now(), call.invocation
        if call.method in _LOOKS:
            invocation.looked_at[call.stream] = now
        elif call.method in _RE_ENCRYPTS:
            self._re_encrypted(call)
        elif call.method == "get_item":
            invocation.read[call.stream] = self._world.product.from_item(result["Item"]) if "Item" in result else None
        elif call.method == "put_events" and self._world.watching:
            entries = self._world.watching.bus.events[-len(call.arguments["Entries"]) :]
            self._world.watching.checks.put(call, entries)
        elif call.method == "update_item" and self._world.watching:
            self._world.watching.checks.noted(call)
        elif call.method == "put_item":
            record = self._world.product.from_item(call.arguments["Item"])
            self._calls.written(call, self._before, record)
            if self._world.watching and call.invocation.mends and record.pending:
                self._world.watching.checks.intended(call, self._before)
            invocation.written[call.stream] = Write(now, record)
            self._world.trace(f"    #{invocation.number} put_item {call.stream} {_shown(record)}")

    def _re_encrypted(self, call: Call) -> None:
        key_id = call.arguments["KeyId"] if call.method.startswith("start") else None
        request = self._world.cloudformation.requests[call.invocation.response_url]
        self._world.trace(f"    #{call.invocation.number} {call.method} {call.stream} {key_id or ''} for {request}")
        key = self._world.expectations.resolved(key_id)
        effect = Effect(self._world.time.now(), call.stream, request, key, again=self._had == key)
        self._calls.took_effect(call, effect, self._had)
        self.history.effects.append(effect)
        if self._world.watching and call.invocation.mends:
            self._world.watching.checks.started(call)

    # The end

    @property
    def not_restored(self) -> set[str]:
        """The streams that were not restored for want of a key."""
        return self._world.log.not_restored if self._world.trouble.keys else set()

    def may_have_another_key(self, key_id: str | None) -> bool:
        """Whether a stream reports an alias that may stand for another key by now: nobody can know its key."""
        return bool(self._world.trouble.aliases and key_id and key_id.startswith("alias/") and "/aws/" not in key_id)

    def quiet(self) -> None:
        """Everything has run out, and the stacks that were not deleted still stand."""
        self._end.quiet()

    def ended(self) -> None:
        """All stacks are gone."""
        self._end.ended()


def _shown(record: Record) -> str:
    """Show the parts of a record that tell one step from the next."""
    claims = ", ".join(f"{one.owner.stack_name}/{one.owner.logical_id}" for one in record.claims)
    pending = record.pending
    intent = f" intends {pending.change} {pending.intent_id[:6]}" if pending else ""
    return f"v{record.version} [{claims}]{intent} departed {len(record.departed)}"
