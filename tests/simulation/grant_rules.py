"""What must hold of grants, as docs/grants.md says: at each call, after each request, and in a quiet round.

The rules know the requests, their answers, and what is really on the streams. They don't know the record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from tests.fake_calls import Call
from tests.fake_grants import Grant
from tests.simulation.grant_facts import Facts
from tests.simulation.grant_stacks import Request, Resource
from tests.simulation.grant_uses import FOREIGN, PRODUCES, Use, key_arn, use_of

HOUR = 3600.0
SHORTEST_RETENTION_HOURS = 24
GRANT_SECONDS = 30


class Left(Enum):
    """Why there can be a grant that no resource wants."""

    ENDED = auto()  # it will be revoked: a producer's at once, a consumer's after the retention
    KEPT = auto()  # a Delete has left it with the stream's key
    OPEN = auto()  # the page does not say which of the two: a request has failed, or has changed nothing


@dataclass
class Rules:
    """The rules, and what they remember of a life.

    Attributes:
        facts: What is so.
        at_work: The request that is at work; None between two requests.
        first_call: How many calls had been made before that request.
        interfered: Others have changed a key since that request was sent, so the provider may not have seen it.
        left: Why a grant that nobody wants is there.
        returns: The uses that a Delete with Keep has left: a deletion may bring their key back.
        revoked: Those of them whose grant was revoked, while nobody but a Delete can give the stream their key again.
        needed_at: When a use was last wanted, or its key left the stream, in epoch seconds.
        noticed_at: When a quiet round first found that a grant is of no use, in epoch seconds.
        broken: The rules that did not hold. An error that is raised in a call would only make the request fail.
    """

    facts: Facts
    at_work: Request | None = None
    first_call: int = 0
    interfered: bool = False
    left: dict[Use, Left] = field(default_factory=dict)
    returns: set[Use] = field(default_factory=set)
    revoked: set[Use] = field(default_factory=set)
    needed_at: dict[Use, float] = field(default_factory=dict)
    noticed_at: dict[Use, float] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    # Requests, and other people

    def begin(self, request: Request) -> None:
        """Note a request that is sent now."""
        self.at_work, self.first_call, self.interfered = request, len(self.facts.world.kms.calls), False
        if request.kind != "Delete":
            self.revoked = {use for use in self.revoked if use.stream != request.stream}
        self._note_needed(self.facts.wanted(surely=True))

    def end(self, request: Request, status: str) -> None:
        """Note a request's answer; `status` is empty where there was none. The resources are as before the request."""
        own, asked, others = self._own(request), self.facts.asked(request), self.facts.wanted(request)
        if status == "SUCCESS" and request.kind != "Delete":
            self._end_ensure(request, own, asked, self.facts.of(own) - asked - others)
        elif status == "SUCCESS" and (own is None or request.deletes_success):
            self._end_delete(request, own, self.facts.of(own or request.as_resource) - others)
        elif request.kind != "Delete":
            self.returns -= self._started(asked)  # Perhaps it succeeded unheard, and its rollback ends them.
        wanted = self.facts.wanted(request, surely=True)
        self._note_needed(wanted | (asked if status == "SUCCESS" else self._started(asked)))
        for use in self.facts.of(request.as_resource):
            self.noticed_at.pop(use, None)  # Also a request that has failed may have begun the retention anew.
        self.at_work = None
        self._expect("a wanted grant is missing", wanted - set(self.facts.granted()))
        self._note_keys()

    def changed_by_others(self, stream: str, *, anew: bool = False) -> None:
        """Note that others have changed a stream's key, or deleted the stream, or made it `anew`."""
        self.interfered = True
        self.revoked = {use for use in self.revoked if use.stream != stream or not (anew or self.facts.has(use))}
        self._note_keys()

    def _own(self, request: Request) -> Resource | None:
        return self.facts.resources.get(request.place)

    def _end_ensure(self, request: Request, own: Resource | None, asked: set[Use], removed: set[Use]) -> None:
        self._expect("a wanted grant is missing", asked - set(self.facts.granted()))
        for use in asked:
            self.left.pop(use, None)
            self.returns.discard(use)
        alone = all(one is own or one.stream != request.stream for one in self.facts.resources.values())
        on_delete = request.properties["OnDelete"]
        if on_delete == "Keep" or (on_delete == "Stop" and alone):  # Then no Delete brings a key back any more.
            self.returns = {use for use in self.returns if use.stream != request.stream or self.facts.has(use)}
            self.revoked &= self.returns
        for use in removed:
            moved = use.stream != request.stream
            doubtful = (moved and self.facts.has(use)) or (own is not None and own.retained and own.tried is not None)
            self._end_use(use, Left.OPEN if doubtful else Left.ENDED, must_be_gone=not moved)

    def _end_delete(self, request: Request, own: Resource | None, ending: set[Use]) -> None:
        keeps, gone = request.properties["OnDelete"] == "Keep", self.facts.stream(request.stream) is None
        deciding = self.facts.in_force(request.stream)
        certain = own is not None and deciding is not None
        for use in ending:
            if gone:
                left = Left.ENDED
            elif not self.facts.has(use):
                left = Left.OPEN if keeps and (own is None or own is not deciding) else Left.ENDED
            elif certain and own is deciding:
                left = Left.OPEN if use.key in self.facts.wanted_keys(request) else Left.KEPT
            else:
                left = Left.ENDED if certain and not keeps else Left.OPEN
            comes_back = left is Left.OPEN and keeps and use.key not in self.facts.wanted_keys(request)
            if left is Left.KEPT or (comes_back and request.deletes_success):
                self.returns.add(use)
            self._end_use(use, left, must_be_gone=certain)

    def _started(self, asked: set[Use]) -> set[Use]:
        """The uses whose key the request has given to the stream."""
        calls = self.facts.world.kms.calls[self.first_call :]
        keys = {one.arguments["KeyId"] for one in calls if one.changed and one.name == "StartStreamEncryption"}
        return {use for use in asked if use.key in keys}

    def _end_use(self, use: Use, left: Left, *, must_be_gone: bool) -> None:
        """Note why a grant is there that no resource wants any more.

        A request that has failed may never have had a grant which a Delete had left before.
        """
        if left is Left.ENDED and self.left.get(use) in (Left.KEPT, Left.OPEN):
            left = Left.OPEN
        self.left[use] = left
        if left is Left.ENDED:
            self.returns.discard(use)
            calls = self.facts.world.kms.calls[self.first_call :]
            refused = any(one.error for one in calls if one.name in ("RevokeGrant", "ListGrants"))
            surely = must_be_gone and not refused and not self.interfered
            is_left = surely and use.operation == PRODUCES and use in self.facts.granted()
            self._expect("a producer has kept its grant", {use} if is_left else set())

    # Calls

    def check(self, call: Call) -> None:
        """Check a call that is about to be carried out."""
        self._note_keys()
        grants = self.facts.world.kms.grants.all
        if call.name == "StartStreamEncryption":
            self._check_start(call)
        for grant in grants:
            if call.name == "RevokeGrant" and grant.grant_id == call.arguments["GrantId"]:
                self._check_revocation(grant)
        ours = [use_of(one) for one in grants if one.name != FOREIGN]
        self._expect("a grant was made twice", {use for use in ours if ours.count(use) > 1})

    def _check_start(self, call: Call) -> None:
        request, key = self.at_work, key_arn(self.facts.world.kms, call.arguments["KeyId"])
        stream = call.arguments["StreamARN"].rpartition("/")[2]
        back = {use for use in self.revoked if (use.stream, use.key) == (stream, key)}
        self.revoked -= back
        if request is None:
            return
        if request.kind == "Delete" or request.stream != stream:
            self._expect("a grant was revoked whose key a Delete brings back", back)
            return
        granted, asked = self.facts.granted(), {use for use in self.facts.asked(request) if use.key == key}
        self._expect("a Start came before a grant", asked - set(granted))
        new = {use for use in asked if use in granted and call.at - granted[use] < GRANT_SECONDS}
        self._expect("a Start came before GrantSeconds were over", new)

    def _check_revocation(self, grant: Grant) -> None:
        use, request = use_of(grant), self.at_work
        self._expect("a grant of others was revoked", {use} if grant.name == FOREIGN else set())
        wanted = self.facts.wanted(request, surely=True) | self.facts.asked(request)
        self._expect("a grant was revoked that somebody wants", {use} & wanted)
        kept = self.left.get(use) is Left.KEPT and self.facts.has(use)
        self._expect("a grant was revoked that a Delete had left with its key", {use} if kept else set())
        if use in self.returns:
            self.revoked.add(use)
        if use.operation == PRODUCES:
            early = self.facts.encrypts(use) and self.facts.is_changed_by_provider(use) and not self._ends_at_once(use)
            self._expect("a producer's grant was revoked too early", {use} if early else set())
        else:
            self._expect("a consumer's grant was revoked too early", {use} if self._can_be_read(use) else set())

    def _ends_at_once(self, use: Use) -> bool:
        """Whether a producer's grant can end while the stream has its key: the producer has left, not the key."""
        request = self.at_work
        if self.left.get(use) in (Left.ENDED, Left.OPEN):
            return True
        if request is None or request.stream != use.stream:
            return request is not None
        if request.kind != "Delete":
            return key_arn(self.facts.world.kms, request.properties["KeyId"]) == use.key
        decides = self._own(request) is not None and self._own(request) is self.facts.in_force(use.stream)
        return not decides or use.key in self.facts.wanted_keys(request)

    def _can_be_read(self, use: Use) -> bool:
        """Whether a data record can be in the stream that the consumer needs the grant for."""
        needed_at, stream = self.needed_at.get(use, 0.0), self.facts.stream(use.stream)
        if self.left.get(use) is Left.KEPT:
            needed_at = max(needed_at, self.facts.encrypted_until(use))
        if stream is None or stream.created > needed_at:
            return False
        return self.facts.world.clock.now() < needed_at + stream.retention_hours * HOUR

    # Leftovers

    def quiet(self) -> None:
        """Check what is left after a round in which nothing went wrong."""
        now, wanted = self.facts.world.clock.now(), self.facts.wanted()
        for use in self.facts.granted():
            left = self.left.get(use)
            claimed = any(one.stream == use.stream for one in self.facts.resources.values())
            if use in wanted or (left is not Left.ENDED and (claimed or self.facts.has(use))):
                self.noticed_at.pop(use, None)
                continue
            since, stream = self.noticed_at.setdefault(use, now), self.facts.stream(use.stream)
            readable = now - since < (stream.retention_hours if stream else SHORTEST_RETENTION_HOURS) * HOUR
            self._expect("a grant of no use is left", set() if readable and use.operation != PRODUCES else {use})

    def nothing_left(self) -> None:
        """Check the very end: no resource is there, and no stream has a key."""
        self._expect("no grant is left over", set(self.facts.granted()))
        revoked = [one for one in self.facts.world.kms.grants.history if one not in self.facts.world.kms.grants.all]
        self._expect("a grant of others was revoked", {use_of(one) for one in revoked if one.name == FOREIGN})

    def _note_keys(self) -> None:
        """Note which keys have left their streams: grants that a Delete had left with such a key can have ended."""
        for use, left in self.left.items():
            if left is Left.KEPT and not self.facts.has(use):
                self.left[use] = Left.OPEN
                self.needed_at[use] = max(self.needed_at.get(use, 0.0), self.facts.encrypted_until(use))

    def _note_needed(self, wanted: set[Use]) -> None:
        for use in wanted:
            self.needed_at[use] = self.facts.world.clock.now()
            self.noticed_at.pop(use, None)

    def _expect(self, rule: str, against: set[Use]) -> None:
        """Note that a rule does not hold, unless nothing is against it."""
        if against:
            self.broken.append(f"{rule}: {sorted(against)}")
