"""What goes wrong in a life of grants: faults in a request, and other people, between two requests and in one."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from random import Random

from tests.builders import STREAM_NAME
from tests.contract.mortal import Died
from tests.fake_calls import Call
from tests.fake_errors import Kind
from tests.fake_kms import Key
from tests.fake_people import NotNowError
from tests.simulation.grant_rules import Rules
from tests.watch.watched import Watched

PRINCIPALS = tuple(f"arn:aws:iam::123456789012:role/{name}" for name in ("one", "two", "three"))
LOST = (Kind.READ_TIMEOUT, Kind.INTERNAL_FAILURE)
GRANT_CALLS = ("CreateGrant", "RevokeGrant", "ListGrants")


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


def disturb(random: Random, world: Mortal, rules: Rules) -> str:
    """Plan what goes wrong in the next request; return its name."""
    number, faults = len(world.kms.calls) + random.randint(1, 25), world.kms.faults
    what = random.choice(["", "", "lose", "stand still", "die", "die again", "deny", "unknown", "others"])
    if what == "lose":
        faults.lose_nth(number, random.choice(LOST))
    elif what == "stand still":
        faults.before_nth(number, lambda _: world.clock.sleep(45))
    elif what == "die":
        faults.before_nth(number, world.die)
    elif what == "die again":
        for more in (0, 5, 10):
            faults.before_nth(number + more, world.die)
    elif what == "deny":
        start = world.clock.now() + random.choice([0.0, 0.0, 30.0])
        faults.between(start, start + random.choice([20.0, 200.0]), random.choice(GRANT_CALLS), Kind.ACCESS_DENIED)
    elif what == "unknown":
        world.kms.grants.unknown_principals.add(random.choice(PRINCIPALS))
    elif what == "others":
        key_id = random.choice([None, "alias/one", "alias/two"])
        faults.before_nth(number, lambda _: give_key(world, rules, STREAM_NAME, key_id))
    return what


def give_key(world: Mortal, rules: Rules, name: str, key_id: str | None) -> None:
    """Let people give a stream this key, or none, if it is ACTIVE."""
    with suppress(NotNowError):
        if key_id:
            world.kinesis.people.rekey(name, key_id, 2.0)
        else:
            world.kinesis.people.stop(name, 2.0)
        rules.changed_by_others(name)


def allow_grants(key: Key) -> None:
    """Let the provider make and revoke grants on a key again."""
    key.denies_grants = False


def meddle(random: Random, world: Mortal, rules: Rules) -> str:
    """Let people change a key or a stream; return what they did."""
    name, people = random.choice([STREAM_NAME, STREAM_NAME, "other"]), world.kinesis.people
    key = random.choice([world.one, world.two])
    what = random.choice(["rekey", "rekey", "stop", "recreate", "delete", "retain", "disable", "deny"])
    if name not in world.kinesis.streams:
        what = "recreate"
    if what in ("rekey", "stop"):
        give_key(world, rules, name, random.choice(["alias/one", key.arn]) if what == "rekey" else None)
    elif what in ("recreate", "delete"):
        if name in world.kinesis.streams:
            people.delete(name)
        world.clock.sleep(2.0)  # Kinesis tells a creation time in whole seconds.
        if what == "recreate":
            world.kinesis.add_stream(name, random.choice([None, key.arn]))
        rules.changed_by_others(name, anew=True)
    elif what == "retain":
        people.retain(name, random.choice([24, 48]))
    elif what == "disable":
        key.state = "Disabled"
        world.clock.after(random.choice([100.0, 7200.0, 100_000.0]), partial(setattr, key, "state", "Enabled"))
    else:
        key.denies_grants = True
        world.clock.after(random.choice([100.0, 7200.0]), partial(allow_grants, key))
    world.clock.sleep(random.choice([0.0, 60.0, 60.0]))
    return f"{what} {name} {key.key_id}"
