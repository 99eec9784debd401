"""Random lives of streams' producers and consumers: stacks, people and faults, from a seed that repeats them.

The provider and its watch are the real code, on fakes of AWS. What must hold is in grant_rules.py.
"""

from __future__ import annotations

from random import Random
from typing import Any

from tests.builders import STREAM_NAME, lost_record
from tests.contract.mortal import Died
from tests.provider import HOST
from tests.simulation.grant_facts import Facts
from tests.simulation.grant_rules import GRANT_SECONDS, Rules
from tests.simulation.grant_stacks import Place, Request, Stacks
from tests.simulation.grant_troubles import PRINCIPALS, Mortal, disturb, meddle
from tests.simulation.grant_uses import FOREIGN

HOUR = 3600.0
DAY = 24 * HOUR
KEYS = ("alias/one", "alias/two", "alias/three")
OTHER = "other"
STREAMS = (STREAM_NAME, STREAM_NAME, STREAM_NAME, OTHER)
"""Which stream a new resource gets: mostly the same one."""
OWNERS = (
    ("platform-encryption", "Encryption"),
    ("platform-encryption", "Renamed"),
    ("theirs", "Mine"),
    ("third", "My"),
)
"""The stacks' resources, by stack and logical id."""


class Broken(AssertionError):
    """A rule did not hold; the text begins with its name."""


class Life:
    """One life, by its seed."""

    def __init__(self, seed: int) -> None:
        """Make the world, its stacks, and the rules."""
        self.seed = seed
        self.random = Random(seed)  # noqa: S311 (the seed repeats it)
        self.world = Mortal()
        self.stacks = Stacks(self._send, self.world.clock.now, self._pause)
        self.rules = Rules(Facts(self.world, self.stacks.resources))
        self.log: list[str] = []
        self.meddling = self.random.choice([0.0, 0.35])  # how often people meddle before a deployment
        self.keys = KEYS[: self.random.choice([2, 3])]
        self.calm = False  # nothing goes wrong any more

    def play(self, deployments: int = 8) -> None:
        """Deploy, with faults and other people, and wind everything up.

        Raises:
            Broken: A rule did not hold.
        """
        self._begin()
        for _ in range(deployments):
            if self.random.random() < self.meddling:
                self.log.append(meddle(self.random, self.world, self.rules))
            self._deploy()
            self._look_after(self.random.choice([90.0, 90.0, 1.1 * HOUR, 0.6 * DAY, 1.2 * DAY]))
        self._wind_up()
        for name in self.world.kinesis.streams:
            self.world.kinesis.people.stop(name)
        for _ in range(4):
            self._look_after(1.1 * DAY)
        self.rules.nothing_left()
        self._raise()

    def _begin(self) -> None:
        world = self.world
        third = world.kms.add_key("alias/three")
        for name in (STREAM_NAME, OTHER):
            world.kinesis.add_stream(name, self.random.choice([None, None, "alias/one", "alias/three"]))
        for key in (world.one, world.two, third):
            for operation in ("Decrypt", "GenerateDataKey"):
                world.kms.create_grant(
                    KeyId=key.arn, GranteePrincipal=PRINCIPALS[0], Operations=[operation], Name=FOREIGN
                )
        world.kms.faults.before_call(self.rules.check, times=None)

    def _deploy(self) -> None:
        """Let a stack create, update, roll back, delete or retain a resource."""
        random, stacks = self.random, self.stacks
        owner = random.choice(OWNERS)
        place = next((one for one in stacks.resources if one[:2] == owner), None)
        if place is None:
            stacks.create(*owner, self._properties(random.choice(STREAMS)))
        elif stacks.resources[place].retained:
            stacks.create(*owner, self._properties(place[2]))
        elif stacks.resources[place].tried:
            stacks.roll_back(place)
        else:
            self._change(place)

    def _change(self, place: Place) -> None:
        random, stacks = self.random, self.stacks
        what = random.choice(["delete"] * 3 + ["retain"] + ["replace"] + ["update"] * 5)
        if what == "delete":
            stacks.delete(place)
        elif what == "retain":
            stacks.resources[place].retained = True
        else:
            stream = random.choice(STREAMS) if what == "replace" else place[2]
            stacks.update(place, self._properties(stream), undone=random.random() < 0.25)

    def _properties(self, stream: str) -> dict[str, Any]:
        random = self.random
        return {
            "StreamName": stream,
            "KeyId": random.choice(self.keys),
            "Producers": random.sample(PRINCIPALS, random.randint(0, 2)),
            "Consumers": random.sample(PRINCIPALS, random.randint(0, 2)),
            "GrantSeconds": str(GRANT_SECONDS),
            "OnDelete": random.choice(["Keep", "Keep", "Stop", "Restore"]),
            "Takeover": random.choice(["true"] * 5 + ["false"]),
        }

    def _wind_up(self) -> None:
        """Have every resource deleted, mostly the newest one first, with nothing that goes wrong any more."""
        stacks, random, world = self.stacks, self.random, self.world
        self.calm = True
        for key in world.kms.keys.values():
            key.state, key.denies_grants = "Enabled", False
        for name in {STREAM_NAME, OTHER} - set(world.kinesis.streams):
            world.kinesis.add_stream(name)
            self.rules.changed_by_others(name, anew=True)
        while stacks.resources:
            newest = max(stacks.resources, key=lambda one: stacks.resources[one].since)
            place = random.choice([newest, random.choice(list(stacks.resources))])
            if stacks.resources[place].retained:
                stacks.create(*place[:2], {**self._properties(place[2]), "Takeover": "true"})
            stacks.delete(place)
            self._look_after(random.choice([90.0, 1.1 * HOUR, 1.2 * DAY]))
        for _ in range(3):
            self._look_after(1.1 * DAY)

    def _pause(self) -> None:
        self.world.clock.sleep(self.random.choice([60.0, HOUR]))

    def _look_after(self, seconds: float) -> None:
        """Have the watch look after a while, and revoke what is due; check what is left.

        The watch starts one execution an hour for a stream. Nothing is certain while a key takes no call for grants.
        """
        world = self.world
        world.clock.sleep(seconds)
        world.round()
        for name in [one.name for one in world.states.executions.values() if not one.done]:
            world.states.play(world.deliver, name)
        if seconds > HOUR and not any(key.denies_grants for key in world.kms.keys.values()):
            self.rules.quiet()
        self._raise()

    def _send(self, request: Request) -> tuple[str, str]:
        """Send a request; return the Status and the PhysicalResourceId of the answer, empty if there is none."""
        world, url = self.world, self.world.fresh_url()
        self.rules.begin(request)
        trouble = "" if self.calm else disturb(self.random, world, self.rules)
        event = {**request.event, "ResponseURL": url}
        for pause in self.random.choice([(0.0,), (0.0, 60.0), (0.0, 60.0, 120.0)]):
            world.clock.sleep(pause)
            if self._delivered(event, url):
                break
        else:
            if self.random.random() < 0.5:
                world.failure_responder(lost_record(event))
        answer = self._answer(url)
        world.kms.faults.clear()
        world.kms.grants.unknown_principals.clear()
        world.kms.faults.before_call(self.rules.check, times=None)
        if not answer:
            world.clock.sleep(HOUR)  # Then CloudFormation gives up.
        status, physical_id = answer.get("Status", ""), answer.get("PhysicalResourceId", "")
        self.rules.end(request, status)
        self.log.append(f"{request} {trouble}: {status} {answer.get('Reason', '')}")
        self._raise()
        return status, physical_id

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

    def _raise(self) -> None:
        if self.rules.broken:
            raise Broken(f"{self.rules.broken[0]} (seed {self.seed})")
