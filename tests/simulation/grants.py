"""Random lives of a stream's producers and consumers, and what must hold of their grants at every call.

A seed repeats a life. The provider is the whole of it, on fakes; the checks know the requests, and not the record.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.builders import STREAM_ARN, STREAM_NAME
from tests.contract.mortal import Died
from tests.contract.stories import RENAMED, create, delete, update
from tests.fake_calls import Call
from tests.fake_errors import Kind
from tests.fake_grants import Grant
from tests.watch.watched import Watched

DAY = 86_400.0
PRINCIPALS = tuple(f"arn:aws:iam::123456789012:role/{name}" for name in ("one", "two", "three"))
FOREIGN = "GrantedByAPerson"
"""The Name of the grants that are not the provider's."""
OPERATIONS = {"Producers": "GenerateDataKey", "Consumers": "Decrypt"}
LOST = (Kind.READ_TIMEOUT, Kind.INTERNAL_FAILURE)


class Broken(AssertionError):
    """A rule did not hold; the text begins with its name."""


class Mortal(Watched):
    """The provider, whose invocation can die: nothing of it is heard any more, its answer least of all."""

    dead = False

    def die(self, _call: Call) -> None:
        """End the invocation at this call."""
        self.dead = True
        raise Died

    def send(self, url: str, body: bytes) -> int:
        """Send a response."""
        if self.dead:
            raise Died
        return super().send(url, body)


@dataclass
class Life:
    """One life, by its seed."""

    seed: int
    world: Mortal = field(default_factory=Mortal)
    wanted: dict[str, dict[str, Any]] = field(default_factory=dict)  # the properties of each resource that is there
    asked: list[dict[str, Any]] = field(default_factory=list)  # the properties of the request that is at work
    last_wanted: dict[tuple[str, str, str], float] = field(default_factory=dict)  # by key, principal and operation
    broken: list[str] = field(default_factory=list)  # the rules that did not hold

    def play(self, requests: int = 6) -> None:
        """Send requests, with faults and other people, and wind everything up.

        Raises:
            Broken: A rule did not hold.
        """
        random, world = Random(self.seed), self.world  # noqa: S311 (the seed repeats it)
        for key in (world.one, world.two):
            world.kms.create_grant(KeyId=key.arn, GranteePrincipal=PRINCIPALS[0], Operations=["Decrypt"], Name=FOREIGN)
        world.kms.faults.before_call(self._check, times=None)
        for _ in range(requests):
            self._disturb(random)
            self._request(random, random.choice(["Encryption", "Renamed"]))
            world.clock.sleep(random.choice([90.0, 3600.0, 0.6 * DAY, 1.2 * DAY]))
            self._round()
            self._raise()
        for resource in list(self.wanted):
            self._send(resource, None)
        for _ in range(3):
            world.clock.sleep(1.1 * DAY)
            self._round()
            self._raise()
        self._expect("no grant is left over", [one for one in world.kms.grants.all if one.name != FOREIGN] == [])
        self._expect("a grant of others was revoked", len(world.kms.grants.all) == 2)

        self._raise()

    def _raise(self) -> None:
        if self.broken:
            raise Broken(f"{self.broken[0]} (seed {self.seed})")

    def _disturb(self, random: Random) -> None:
        """Lose a response, stand still, or die for good, at some call of the next request."""
        number = len(self.world.kms.calls) + random.randint(1, 25)
        what = random.randrange(6)
        if what == 0:
            self.world.kms.faults.lose_nth(number, random.choice(LOST))
        elif what == 1:
            self.world.kms.faults.before_nth(number, lambda _: self.world.clock.sleep(45))
        elif what == 2:
            self.world.kms.faults.before_nth(number, self.world.die)

    def _request(self, random: Random, resource: str) -> None:
        if resource in self.wanted and random.random() < 0.3:
            self._send(resource, None)
            return
        self._send(
            resource,
            {
                "StreamName": STREAM_NAME,
                "KeyId": random.choice(["alias/one", "alias/two"]),
                "Producers": random.sample(PRINCIPALS, random.randint(0, 2)),
                "Consumers": random.sample(PRINCIPALS, random.randint(0, 2)),
                "GrantSeconds": "30",
                "OnDelete": "Stop",
            },
        )

    def _send(self, resource: str, properties: dict[str, Any] | None) -> None:
        """Send the request that makes a resource so, and remember what is wanted by then."""
        before, fields = self.wanted.get(resource), RENAMED if resource == "Renamed" else {}
        if properties is None:
            event = delete(before or {}, **fields)
            self._note_wanted()
            self.wanted.pop(resource)
        elif before is None:
            event = create(properties, **fields)
        else:
            event = update(properties, before, **fields)
        self.asked = [properties] if properties else []
        self._note_wanted()
        status = self._answer({**event, "ResponseURL": self.world.fresh_url()})
        self.world.kms.faults.clear()
        self.world.kms.faults.before_call(self._check, times=None)
        self._note_wanted()
        self.asked = []
        if status != "FAILED" and properties:
            self.wanted[resource] = properties
        if not status:  # CloudFormation gives up, and rolls back; a Delete is sent again.
            self.world.clock.sleep(3600.0)
            self.wanted[resource] = properties or before or {}
            self._send(resource, before if properties else None)

    def _answer(self, event: dict[str, Any]) -> str:
        """Deliver a request, and return the Status of its answer; empty where the invocation died, for good."""
        answers = len(self.world.bucket.answers)
        try:
            self.world.deliver(event)
            while not self.world.bucket.answers[answers:]:
                self.world.states.play(self.world.deliver)
        except Died:
            self.world.dead = False
            return ""
        return str(self.world.bucket.answers[answers]["Status"])

    def _round(self) -> None:
        self.world.round()
        newest = list(self.world.states.executions.values())[-1:]
        if newest and not newest[0].done:
            self.world.mend()

    def _key(self, properties: dict[str, Any]) -> str:
        key = self.world.kms.find(properties["KeyId"])
        assert key
        return key.arn

    def _uses(self, properties: dict[str, Any]) -> list[tuple[str, str, str]]:
        """What a resource wants: by key, principal and operation."""
        key = self._key(properties)
        return [(key, one, operation) for name, operation in OPERATIONS.items() for one in properties[name]]

    def _note_wanted(self) -> None:
        for properties in (*self.wanted.values(), *self.asked):
            for use in self._uses(properties):
                self.last_wanted[use] = self.world.clock.now()

    def _check(self, call: Call) -> None:
        """Check a call that is about to be carried out."""
        if call.name == "StartStreamEncryption" and self.asked:
            self._check_start(call)
        if call.name == "RevokeGrant":
            self._check_revocation(call)
        live = [(one.key, one.principal, one.operations) for one in self.world.kms.grants.all if one.name != FOREIGN]
        self._expect("a grant was made twice", len(live) == len(set(live)))

    def _check_start(self, call: Call) -> None:
        for key, principal, operation in self._uses(self.asked[0]):
            grants = [
                one
                for one in self.world.kms.grants.all
                if one.key == key and one.allows(operation, principal, {"aws:kinesis:arn": STREAM_ARN})
            ]
            self._expect("a Start came before a grant", key != call.arguments["KeyId"] or bool(grants))
            waited = any(call.at - one.made_at >= 30 for one in grants)
            self._expect("a Start came before GrantSeconds were over", key != call.arguments["KeyId"] or waited)

    def _check_revocation(self, call: Call) -> None:
        found = [one for one in self.world.kms.grants.all if one.grant_id == call.arguments["GrantId"]]
        for grant in found:
            self._expect("a grant of others was revoked", grant.name != FOREIGN)
            self._expect("a grant was revoked that somebody wants", not self._is_wanted(grant))
            use = (grant.key, grant.principal, grant.operations[0])
            ended = call.at - self.last_wanted.get(use, 0.0)
            too_early = grant.operations == ("Decrypt",) and ended < DAY
            self._expect("a grant was revoked too early", not too_early)

    def _is_wanted(self, grant: Grant) -> bool:
        return any(
            (grant.key, grant.principal, grant.operations[0]) in self._uses(properties)
            for properties in ([*self.wanted.values()] if not self.asked else self.asked)
        )

    def _expect(self, rule: str, holds: bool) -> None:  # noqa: FBT001
        if not holds:
            self.broken.append(rule)  # The provider would answer FAILED for an error that is raised in its call.
