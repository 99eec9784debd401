"""What may happen in a world: which keys a stream may be left with, and which errors a request may fail with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stream_encryption.cloudformation.response_url import digest_of

if TYPE_CHECKING:
    from tests.simulation.cloudformation import Request
    from tests.simulation.world import World

ANSWERABLE_SECONDS = 1800.0
"""From this ServiceTimeout on a request has to be answered, whatever happens."""


@dataclass(frozen=True, slots=True)
class Pointed:
    """An alias that was pointed at a key."""

    at: float
    alias: str
    arn: str


class Expectations:
    """Derives from a world's history what the contract allows in it."""

    def __init__(self, world: World) -> None:
        """Start with no history."""
        self._world = world
        self._pointed: list[Pointed] = []
        self._found: dict[str, set[str | None]] = {}
        self.look_denied = False  # whether a look-up of a key was ever denied
        self.restored: set[str] = set()  # streams whose item was lost, or restored to an earlier state
        self.lost_at: dict[str, float] = {}  # when the item of a stream was removed

    # Keys

    def point(self, alias: str, arn: str) -> None:
        """Note that an alias was pointed at a key."""
        self._pointed.append(Pointed(self._world.time.now(), alias, arn))

    def resolved(self, key_id: str | None) -> str | None:
        """Return the ARN of the key that a KeyId means now."""
        key = self._world.kms.find(key_id) if key_id else None
        return key.arn if key else key_id

    def meanings(self, key_id: str, since: float, until: float) -> set[str | None]:
        """Return the ARNs of all keys that a KeyId has meant from one time to another."""
        alias = key_id if key_id.startswith("alias/") else key_id.rpartition(":")[2]
        pointed = [one for one in self._pointed if one.alias == alias and one.at <= until]
        if not pointed:
            return {self.resolved(key_id)}
        before = [one for one in pointed if one.at <= since]
        return {one.arn for one in (*before[-1:], *(one for one in pointed if one.at > since))}

    def wanted(self, request: Request) -> set[str | None]:
        """Return the ARNs of the keys that a request may have given to its stream."""
        return self.meanings(request.key_id, request.issued, request.closed or self._world.time.now())

    def given_by_others(self, stream: str, key_id: str | None, *, anew: bool = False) -> None:
        """Note that others gave a key to a stream, or made the stream anew with it."""
        found = set() if anew else self._found.setdefault(stream, set())
        self._found[stream] = found | {self.resolved(key_id)}

    def acceptable(self, stream: str) -> set[str | None]:
        """Return the keys that a stream may have once all stacks are gone: what others gave, or was asked for."""
        requests = [one for one in self._world.requests if stream in one.streams]
        options = {one.on_delete for one in requests}
        acceptable = set(self._found[stream])
        if "Stop" in options:
            acceptable.add(None)
        if "Keep" in options or stream in self._world.promises.not_restored:
            acceptable |= {key for one in requests for key in self.wanted(one)}
        return acceptable

    # Errors

    def is_unknown_to_its_stack(self, name: str) -> bool:
        """Whether an Update to this stream failed, and no rollback followed, as docs/architecture.md says.

        CloudFormation got no PhysicalResourceId of this stream, so it sends no Delete for it. Nor can a Delete be told
        from a clean-up if an Update under a failed Create's id has succeeded, and CloudFormation never heard of it.
        """
        record = self._world.record_of(name)
        succeeded = {claim.succeeded for claim in record.claims} if record else set()
        if any(
            digest_of(one.url) in succeeded and one.outcome != "SUCCESS" and not one.physical_id.startswith("arn:")
            for one in self._world.requests
            if one.type == "Update"
        ):
            return True
        newest = {one.owner: one for one in self._world.requests if name in one.streams}
        return any(
            one.type == "Update" and one.outcome != "SUCCESS" and one.stream == name and name not in one.physical_id
            for one in newest.values()
        )

    def excuses(self, request: Request) -> set[str]:
        """Return the codes of the errors that a request may fail with."""
        trouble, world = self._world.trouble, self._world
        short = request.timeout < ANSWERABLE_SECONDS
        others = bool(trouble.people or trouble.tool)
        restored = request.stream in self.restored
        reasons = {
            "OwnedByAnotherStack": bool(trouble.rivals) or restored or self.is_unknown_to_its_stack(request.stream),
            "Superseded": self._is_superseded(request) or restored,
            "ChangedBySomeoneElse": others or trouble.rivals or restored,
            "ChangeWithoutEffect": others or trouble.rivals or restored,
            "KeyUnusable": trouble.keys,
            "StreamNotFound": others,
            "StreamBeingDeleted": others,
            "NotVerified": others or trouble.aliases,
            "QuotaSpent": trouble.limit,
            world.log.RESPONDER: trouble.die or trouble.freeze or trouble.unheard or trouble.slow,
            # Lambda delivers an event again a minute after a response that was not taken: too late for a short timeout.
            # So can a second delivery be, which then answers before the first one does.
            "RequestExpired": trouble.die
            or trouble.freeze
            or trouble.slow
            or (short and (trouble.unheard or trouble.twice)),
            "DeadlineExceeded": short
            or trouble.storms
            or trouble.table_storms
            or trouble.slow_updates
            or trouble.busy
            or trouble.freeze
            or trouble.slow
            or trouble.die,
        }
        return {code for code, reason in reasons.items() if reason}

    def _is_superseded(self, request: Request) -> bool:
        """Whether another request of the same owner was issued in the same second or later."""
        others = (one for one in self._world.requests if one is not request and one.owner == request.owner)
        return any(int(one.issued) >= int(request.issued) for one in others)
