"""Random lives of streams' producers and consumers: stacks, people and faults, from a seed that repeats them.

The provider and its watch are the whole of theirs, on fakes. What must hold is in grant_rules.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.builders import STREAM_NAME, lost_record
from tests.contract.mortal import Died
from tests.fake_calls import Call
from tests.fake_people import NotNowError
from tests.provider import HOST
from tests.simulation.grant_rules import GRANT_SECONDS, Rules
from tests.simulation.grant_stacks import Request, Stacks
from tests.simulation.grant_troubles import disturb, meddle
from tests.simulation.grant_uses import FOREIGN
from tests.watch.watched import Watched

DAY = 86_400.0
PRINCIPALS = tuple(f"arn:aws:iam::123456789012:role/{name}" for name in ("one", "two", "three"))
KEYS = ("alias/one", "alias/two", "alias/three")
STREAMS = (STREAM_NAME, STREAM_NAME, STREAM_NAME, "other")
OWNERS = (("platform-encryption", "Encryption"), ("platform-encryption", "Renamed"), ("theirs", "Mine"), ("third", "My"))


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

    def __post_init__(self) -> None:
        """Make the stacks, the rules, and what the seed repeats."""
        self.random = Random(self.seed)  # noqa: S311 (the seed repeats it)
        self.meddling = self.random.choice([0.0, 0.35])
        self.keys = KEYS[: self.random.choice([2, 3])]
        self.stacks = Stacks(self._send, self.world.clock.now, lambda: self._pass(self.random.choice([60.0, 3700.0])))
        self.rules = Rules(self.world, self.stacks.resources)
        self.log: list[str] = []

    def play(self, requests: int = 8) -> None:
        """Deploy, with faults and other people, and wind everything up.

        Raises:
            Broken: A rule did not hold.
        """
        world, random = self.world, self.random
        self._begin()
        for _ in range(requests):
            if random.random() < self.meddling:
                self.log.append(meddle(random, world, self.rules))
            self._deploy()
            self._pass(random.choice([90.0, 90.0, 3700.0, 0.6 * DAY, 1.2 * DAY]))
            self._round()
        self._wind_up()
        for name in list(world.kinesis.streams):
            world.kinesis.people.stop(name)
        for _ in range(4):
            self._pass(1.1 * DAY)
            self._round()
        self.rules.nothing_left()
        self._raise()

    def _begin(self) -> None:
        world = self.world
        world.kms.add_key("alias/three")
        for name in set(STREAMS):
            world.kinesis.add_stream(name, self.random.choice([None, None, "alias/one", "alias/three"]))
        for key in KEYS:
            for operation in ("Decrypt", "GenerateDataKey"):
                world.kms.create_grant(
                    KeyId=world.kms.find(key).arn,  # type: ignore[union-attr]
                    GranteePrincipal=PRINCIPALS[0],
                    Operations=[operation],
                    Name=FOREIGN,
                )
        world.kms.faults.before_call(self.rules.check, times=None)

    def _deploy(self) -> None:
        """Let some stack create, update, delete or retain a resource; one that is stuck is rolled back first."""
        random, stacks = self.random, self.stacks
        stack, logical_id = random.choice(OWNERS)
        places = [place for place in stacks.resources if place[:2] == (stack, logical_id)]
        if not places:
            stacks.create(stack, logical_id, self._properties(random.choice(STREAMS)))
            return
        place = places[0]
        resource, stream = stacks.resources[place], place[2]
        if resource.retained:
            stacks.create(stack, logical_id, self._properties(stream))
        elif resource.tried:
            stacks.roll_back(place)
        else:
            what = random.random()
            if what < 0.3:
                stacks.delete(place)
            elif what < 0.4:
                resource.retained = True
            else:
                stream = random.choice(STREAMS) if what < 0.5 else stream
                stacks.update(place, self._properties(stream), undone=random.random() < 0.25)

    def _properties(self, stream: str) -> dict[str, Any]:
        random = self.random
        return {
            "StreamName": stream,
            "KeyId": random.choice(self.keys),
            "Producers": random.sample(PRINCIPALS, random.randint(0, 2)),
            "Consumers": random.sample(PRINCIPALS, random.randint(0, 2)),
            "GrantSeconds": str(GRANT_SECONDS),
            "OnDelete": random.choice(["Keep", "Stop", "Restore"]),
            "Takeover": random.choice(["true", "true", "true", "true", "true", "false"]),
        }

    def _wind_up(self) -> None:
        """Have every resource deleted, in any order, with nothing that goes wrong any more."""
        stacks, random = self.stacks, self.random
        self.calm = True
        for key in self.world.kms.keys.values():
            key.state, key.denies_grants = "Enabled", False
        for name in set(STREAMS) - set(self.world.kinesis.streams):
            self.world.kinesis.add_stream(name)
            self.rules.changed_by_others(name, anew=True)
        while stacks.resources:
            newest = max(stacks.resources, key=lambda one: stacks.resources[one].since)
            place = random.choice([newest, random.choice(list(stacks.resources))])
            if stacks.resources[place].retained:
                stacks.create(*place[:2], {**self._properties(place[2]), "Takeover": "true"})
            stacks.delete(place)
            self._pass(random.choice([90.0, 3700.0, 1.2 * DAY]))
            self._round()
        for _ in range(3):
            self._pass(1.1 * DAY)
            self._round()

    # Time and requests

    calm = False

    def _send(self, request: Request) -> tuple[str, str]:
        """Send a request, as Lambda delivers it; return the Status and the PhysicalResourceId of the answer."""
        world, url = self.world, self.world.fresh_url()
        self.rules.begin(request)
        trouble = "" if self.calm else disturb(self.random, world)
        event = {**request.event, "ResponseURL": url}
        for pause in self.random.choice([(), (60.0,), (60.0, 120.0)]):
            if self._delivered(event, url):
                break
            world.clock.sleep(pause)
        else:
            self._delivered(event, url)
        if not self._answer(url) and self.random.random() < 0.5:
            world.failure_responder(lost_record(event))
        answer = self._answer(url) or {"Status": "", "PhysicalResourceId": ""}
        world.kms.faults.clear()
        world.kms.faults.before_call(self.rules.check, times=None)
        if not answer["Status"]:
            world.clock.sleep(3600.0)  # CloudFormation gives up
        self.rules.end(request, answer["Status"])
        self.log.append(f"{request.kind} {request.place} {request.physical_id} {dict(request.properties)} [{trouble}]: {answer}")
        self._raise()
        return answer["Status"], answer["PhysicalResourceId"]

    def _delivered(self, event: dict[str, Any], url: str) -> bool:
        """Deliver a request once; tell whether it was answered."""
        try:
            self.world.deliver(event)
            while not self._answer(url):
                self.world.states.play(self.world.deliver)
        except Died:
            self.world.dead = False
        return bool(self._answer(url))

    def _answer(self, url: str) -> dict[str, Any]:
        stored = [one.json for one in self.world.bucket.requests if one.stored and HOST + one.target == url]
        return dict(stored[0]) if stored else {}

    def _pass(self, seconds: float) -> None:
        self.slept = seconds
        self.world.clock.sleep(seconds)

    def _round(self) -> None:
        """Let the watch look, and revoke what is due; check what is left, if nothing has kept it from that."""
        self.world.round()
        for name in [one.name for one in self.world.states.executions.values() if not one.done]:
            self.world.states.play(self.world.deliver, name)
        if self.slept >= 3700 and not any(key.denies_grants for key in self.world.kms.keys.values()):
            self.rules.quiet()
        self._raise()

    def _raise(self) -> None:
        if self.rules.broken:
            raise Broken(f"{self.rules.broken[0]} (seed {self.seed})")
