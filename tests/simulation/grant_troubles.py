"""What goes wrong in a life of grants: faults in a request, and people between two requests."""

from __future__ import annotations

from random import Random

from tests.builders import STREAM_NAME
from tests.fake_errors import Kind
from tests.fake_people import NotNowError
from tests.simulation.grant_rules import Rules
from tests.watch.watched import Watched

LOST = (Kind.READ_TIMEOUT, Kind.INTERNAL_FAILURE)
GRANT_CALLS = ("CreateGrant", "RevokeGrant", "ListGrants")


def disturb(random: Random, world: Watched) -> str:
    """Plan what goes wrong in the next request; return its name."""
    number, now = len(world.kms.calls) + random.randint(1, 25), world.clock.now()
    what = random.choice(["", "", "lose", "freeze", "die", "die again", "deny", "people"])
    if what == "lose":
        world.kms.faults.lose_nth(number, random.choice(LOST))
    elif what == "freeze":
        world.kms.faults.before_nth(number, lambda _: world.clock.sleep(45))
    elif what == "die":
        world.kms.faults.before_nth(number, world.die)
    elif what == "die again":
        for more in (0, 5, 10):
            world.kms.faults.before_nth(number + more, world.die)
    elif what == "deny":
        start = now + random.choice([0.0, 0.0, 30.0])
        world.kms.faults.between(start, start + random.choice([20.0, 200.0]), random.choice(GRANT_CALLS), Kind.ACCESS_DENIED)
    return what


def meddle(random: Random, world: Watched, rules: Rules) -> str:
    """Let people change a key or a stream; return what they did."""
    name = random.choice([STREAM_NAME, STREAM_NAME, "other"])
    key = random.choice(list(world.kms.keys.values())[:2])
    what = random.choice(["rekey", "rekey", "stop", "recreate", "delete", "retain", "disable", "deny"])
    if name not in world.kinesis.streams:
        what = "recreate"
    people = world.kinesis.people
    if what == "rekey":
        people.rekey(name, random.choice(["alias/one", "alias/two", key.arn]), 2.0)
        rules.changed_by_others(name)
    elif what == "stop":
        people.stop(name, 2.0)
        rules.changed_by_others(name)
    elif what in ("recreate", "delete"):
        if name in world.kinesis.streams:
            people.delete(name)
        world.clock.sleep(2.0)
        if what == "recreate":
            world.kinesis.add_stream(name, random.choice([None, key.arn]))
        rules.changed_by_others(name, anew=True)
    elif what == "retain":
        people.retain(name, random.choice([24, 48]))
    elif what == "disable":
        key.state = "Disabled"
        world.clock.after(random.choice([100.0, 7200.0, 100_000.0]), lambda: setattr(key, "state", "Enabled"))
    else:
        key.denies_grants = True
        world.clock.after(random.choice([100.0, 7200.0]), lambda: setattr(key, "denies_grants", False))
    if random.random() < 0.7:
        world.clock.sleep(60.0)
    return f"{what} {name} {key.arn[-3:]}"
