"""What must hold of a stream's grants, as docs/grants.md has it: at each call, after each request, and when all is quiet.

The rules know the requests, their answers, and what is really on the streams; they know neither record nor provider.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from tests.fake_calls import Call
from tests.fake_grants import Grant
from tests.fake_stream import DELETING, Stream
from tests.simulation.grant_stacks import Request, Resource
from tests.simulation.grant_uses import FOREIGN, PRODUCES, Use, key_arn, use_of, uses
from tests.watch.watched import Watched

HOUR = 3600.0
GRANT_SECONDS = 30


class Left(Enum):
    """Why a grant that no resource wants may be there."""

    ENDED = auto()  # it is revoked: a producer's at once, a consumer's after the retention
    KEPT = auto()  # a Delete has left it with the stream's key
    OPEN = auto()  # the page says neither: of a failed request, or a Delete that changed nothing


@dataclass
class Rules:
    """The rules, and what they remember of one life."""

    world: Watched
    resources: dict[tuple[str, str, str], Resource]  # by stack, logical id and stream
    at_work: Request | None = None
    left: dict[Use, Left] = field(default_factory=dict)
    needed_at: dict[Use, float] = field(default_factory=dict)  # when it was last wanted, or its key left the stream
    noticed: dict[Use, float] = field(default_factory=dict)  # when a quiet round first found it of no use
    returns: set[Use] = field(default_factory=set)  # a Delete with Keep left it: its key may be brought back
    gone: set[Use] = field(default_factory=set)  # revoked of those, and their key was not on the stream since
    broken: list[str] = field(default_factory=list)  # the rules that did not hold
    begun_at: int = 0  # how many calls there were before the request

    # CloudFormation and people

    def begin(self, request: Request) -> None:
        """Note a request that is sent now."""
        self.at_work, self.begun_at = request, len(self.world.kms.calls)
        if request.kind != "Delete":
            self.gone = {use for use in self.gone if use.stream != request.stream}
        self._note_needed(self._wanted(sure=True) | uses(self.world.kms, request.properties))

    def end(self, request: Request, status: str) -> None:
        """Note a request's answer; `status` is empty where there was none. The resources are as before it."""
        own = self.resources.get(request.place)
        before = self._uses(own) if own else set()
        asked, others = uses(self.world.kms, request.properties), self._wanted(request)
        if request.kind == "Delete":
            if status == "SUCCESS" and (own is None or request.deletes_success):
                self._end_delete(request, own, (before or asked) - others)
        elif status == "SUCCESS":
            self._end_ensure(request, own, before - asked - others, asked)
        self._note_needed(self._wanted(request, sure=True) | (asked if request.kind != "Delete" else set()))
        self.at_work = None
        self._expect_grants(request)
        self._note_keys()

    def changed_by_others(self, stream: str, *, anew: bool = False) -> None:
        """Note that others have changed a stream's key, or deleted the stream, or made it anew."""
        self.gone = {use for use in self.gone if use.stream != stream or (not anew and use.key != self._key_of(stream))}
        self._note_keys()

    def _end_ensure(self, request: Request, own: Resource | None, removed: set[Use], asked: set[Use]) -> None:
        for use in asked:
            self.left.pop(use, None)
            self.returns.discard(use)
            self._expect("a wanted grant is missing", use in self._there(), use)
        for use in removed:
            has = use.stream != request.stream and self._key_of(use.stream) == use.key
            doubtful = own is not None and own.retained and own.tried is not None
            self._end_use(use, Left.OPEN if has or doubtful else Left.ENDED, sure=use.stream == request.stream)

    def _end_delete(self, request: Request, own: Resource | None, ending: set[Use]) -> None:
        stream, keeps = self._stream(request.stream), request.properties["OnDelete"] == "Keep"
        sure = own is not None and request.deletes_success and self._is_sure(request.stream)
        decides = sure and own is self._in_force(request.stream)
        for use in ending:
            stays = stream is not None and self._key_of(request.stream) == use.key
            if keeps:
                self.returns.add(use)
            if stream is None or (sure and not stays and (decides or not keeps)) or (not sure and not stays):
                left = Left.ENDED if stream is None or sure or not keeps else Left.OPEN
            elif decides and use.key not in self._wanted_keys(request):
                left = Left.KEPT
                self.returns.add(use)
            else:
                left = Left.OPEN if keeps or decides or not sure else Left.ENDED
            self._end_use(use, left, sure=sure)

    def _end_use(self, use: Use, left: Left, *, sure: bool) -> None:
        """Note why a grant is there that nobody wants any more; a producer's is not, if that has ended.

        A request that has failed may not have come so far that it wanted what a Delete had left before.
        """
        if left is Left.ENDED and self.left.get(use) in (Left.KEPT, Left.OPEN):
            left = Left.OPEN
        self.left[use] = left
        self.needed_at[use] = max(self.needed_at.get(use, 0.0), self._last_on(use) if left is not Left.ENDED else 0.0)
        if left is Left.ENDED:
            self.returns.discard(use)
            calls = self.world.kms.calls[self.begun_at :]
            refused = any(one.error for one in calls if one.name in ("RevokeGrant", "ListGrants"))
            there = sure and not refused and use.operation == PRODUCES and use in self._there()
            self._expect("a producer has kept its grant", not there, use)

    # Calls

    def check(self, call: Call) -> None:
        """Check a call that is about to be carried out."""
        if call.name == "StartStreamEncryption":
            self._check_start(call)
        if call.name == "RevokeGrant":
            for grant in self.world.kms.grants.all:
                if grant.grant_id == call.arguments["GrantId"]:
                    self._check_revocation(grant)
        live = [(use_of(one), one.name) for one in self.world.kms.grants.all if one.name != FOREIGN]
        self._expect("a grant was made twice", len(live) == len(set(live)))

    def _check_start(self, call: Call) -> None:
        key, stream = key_arn(self.world.kms, call.arguments["KeyId"]), call.arguments["StreamARN"].rpartition("/")[2]
        back = {use for use in self.gone if (use.stream, use.key) == (stream, key)}
        request = self.at_work
        if request is None or request.kind == "Delete" or request.stream != stream:
            self._expect("a grant was revoked whose key a Delete brings back", request is None or not back, back)
        else:
            for use in uses(self.world.kms, request.properties):
                made_at = self._there().get(use)
                self._expect("a Start came before a grant", use.key != key or made_at is not None)
                waited = made_at is None or call.at - made_at >= GRANT_SECONDS
                self._expect("a Start came before GrantSeconds were over", use.key != key or waited)
        self.gone -= back

    def _check_revocation(self, grant: Grant) -> None:
        self._expect("a grant of others was revoked", grant.name != FOREIGN)
        use, request = use_of(grant), self.at_work
        asked = uses(self.world.kms, request.properties) if request and request.kind != "Delete" else set()
        self._expect("a grant was revoked that somebody wants", use not in self._wanted(request, sure=True) | asked, use)
        left, has = self.left.get(use), self._key_of(use.stream) == use.key
        self._expect("a grant was revoked that a Delete had left with its key", not (left is Left.KEPT and has), use)
        if use in self.returns:
            self.gone.add(use)
        if use.operation == PRODUCES:
            encrypts = self._stream(use.stream) and self._encrypting(use.stream) == use.key
            self._expect("a producer's grant was revoked too early", not encrypts or self._may_end_at_once(use), use)
        else:
            self._expect("a consumer's grant was revoked too early", self._can_be_read(use) <= 0, use)

    def _may_end_at_once(self, use: Use) -> bool:
        """Whether a producer's grant can end while the stream has its key: it is the producer that left."""
        request = self.at_work
        if self.left.get(use) in (Left.ENDED, Left.OPEN):
            return True
        if request is None:
            return False
        if request.stream != use.stream or request.kind != "Delete":
            return request.stream != use.stream or key_arn(self.world.kms, request.properties["KeyId"]) == use.key
        own = self.resources.get(request.place)
        decides = own is not None and self._is_sure(use.stream) and own is self._in_force(use.stream)
        return not decides or use.key in self._wanted_keys(request)

    def _can_be_read(self, use: Use) -> float:
        """For how many seconds more a data record can be in the stream that a consumer needs the grant for."""
        needed_at, stream = self.needed_at.get(use, 0.0), self._stream(use.stream)
        if self.left.get(use) is Left.KEPT:
            needed_at = max(needed_at, self._last_on(use))
        if stream is None or stream.created > needed_at:
            return 0.0
        return needed_at + stream.retention_hours * HOUR - self.world.clock.now()

    # Leftovers

    def quiet(self) -> None:
        """Check what is left after a round in which nothing went wrong."""
        now, wanted = self.world.clock.now(), self._wanted()
        for use in self._there():
            left = self.left.get(use)
            claimed = any(one.stream == use.stream for one in self.resources.values())
            if use in wanted or (left is not Left.ENDED and (claimed or self._key_of(use.stream) == use.key)):
                self.noticed.pop(use, None)
                continue
            since, stream = self.noticed.setdefault(use, now), self._stream(use.stream)
            readable = now - since < (stream.retention_hours if stream else 24) * HOUR
            self._expect("a grant of no use is left", use.operation != PRODUCES and readable, (use, left))

    def nothing_left(self) -> None:
        """Check the very end: no resource and no key of the provider's is there."""
        self._expect("no grant is left over", not self._there(), self._there())
        foreign = [one for one in self.world.kms.grants.history if one.name == FOREIGN]
        self._expect("a grant of others was revoked", all(one in self.world.kms.grants.all for one in foreign))

    # What is so

    def _there(self) -> dict[Use, float]:
        return {use_of(one): one.made_at for one in self.world.kms.grants.all if one.name != FOREIGN}

    def _uses(self, resource: Resource) -> set[Use]:
        tried = uses(self.world.kms, resource.tried) if resource.tried else set()
        return uses(self.world.kms, resource.properties) | tried

    def _wanted(self, but: Request | None = None, *, sure: bool = False) -> set[Use]:
        """What the resources want; of one whose Update and rollback have failed, nobody is sure."""
        there = [one for place, one in self.resources.items() if but is None or place != but.place]
        return {use for one in there if one.tried is None or not sure for use in self._uses(one)}

    def _wanted_keys(self, but: Request) -> set[str]:
        there = [one for place, one in self.resources.items() if place != but.place and one.stream == but.stream]
        return {key_arn(self.world.kms, one.properties["KeyId"]) for one in there}

    def _in_force(self, stream: str) -> Resource | None:
        there = [one for one in self.resources.values() if one.stream == stream]
        return max(there, key=lambda one: one.since, default=None)

    def _is_sure(self, stream: str) -> bool:
        """Whether it is certain whose claim is in force: each request has ended well, upon this very stream."""
        created = self.world.kinesis.streams[stream].created if stream in self.world.kinesis.streams else 0.0
        there = [one for one in self.resources.values() if one.stream == stream]
        return all(one.tried is None and one.since > created for one in there)

    def _stream(self, name: str) -> Stream | None:
        stream = self.world.kinesis.streams.get(name)
        return None if stream is None or stream.status == DELETING else stream

    def _key_of(self, name: str) -> str | None:
        stream = self._stream(name)
        return key_arn(self.world.kms, stream.encryption.key_id) if stream and stream.encryption.key_id else None

    def _encrypting(self, name: str) -> str | None:
        key_id = self.world.kinesis.streams[name].in_force.key_id
        return key_arn(self.world.kms, key_id) if key_id else None

    def _last_on(self, use: Use) -> float:
        """When a data record was last encrypted with the key, in epoch seconds; 0 if never."""
        last, had = 0.0, False
        for state in self.world.kinesis.history:
            if state.stream == use.stream:
                last = state.at if had else last
                had = bool(state.in_force.key_id) and key_arn(self.world.kms, str(state.in_force.key_id)) == use.key
        return self.world.clock.now() if had and use.stream in self.world.kinesis.streams else last

    def _note_keys(self) -> None:
        """Note which keys have left their streams: what a Delete had left with such a key can have ended."""
        for use, left in self.left.items():
            if left is Left.KEPT and self._key_of(use.stream) != use.key:
                self.left[use], self.needed_at[use] = Left.OPEN, max(self.needed_at.get(use, 0.0), self._last_on(use))

    def _note_needed(self, wanted: set[Use]) -> None:
        for use in wanted:
            self.needed_at[use] = self.world.clock.now()
            self.noticed.pop(use, None)

    def _expect_grants(self, but: Request) -> None:
        missing = self._wanted(but, sure=True) - set(self._there())
        self._expect("a wanted grant is missing", not missing, missing)

    def _expect(self, rule: str, holds: bool, about: object = "") -> None:  # noqa: FBT001
        if not holds:
            self.broken.append(f"{rule}: {about}")  # The provider would answer FAILED for an error that is raised in its call.
