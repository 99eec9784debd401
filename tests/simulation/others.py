"""Whoever else is at the streams and keys: people, operators, and AWS itself on a bad day."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tests.fake_people import NotNowError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.world import World

HOUR = 3600.0


class Others:
    """Act now and then, as often as the weather says, for as long as it is not calm."""

    def __init__(self, world: World) -> None:
        """Begin."""
        self._world = world
        weather = world.weather
        self._now_and_then("people", weather.people, 12, self._meddle)
        self._now_and_then("keys", weather.keys, 6, self._break_a_key)
        self._now_and_then("storms", weather.storms, 4, self._throttle)
        self._now_and_then("operators", weather.busy, 6, self._reshard)

    def _now_and_then(self, name: str, an_hour: float, most: int, act: Callable[[], None]) -> None:
        world = self._world

        def run() -> None:
            for _ in range(world.random.randint(1, most)):
                world.time.sleep(world.random.expovariate(an_hour / HOUR))
                if world.calm:
                    return
                with suppress(NotNowError):
                    act()

        if an_hour:
            world.time.spawn(name, run)

    def _meddle(self) -> None:
        """Stop, re-key, untag, tag or delete a stream behind everybody's back."""
        world, random, people = self._world, self._world.random, self._world.kinesis.people
        name, seconds = random.choice(world.names), random.choice((0.0, random.uniform(0.5, 10)))
        what = random.choice(("stop", "rekey", "untag", "untag a part", "tag", "delete"))
        if what == "stop":
            people.stop(name, seconds)
        elif what == "rekey":
            people.rekey(name, random.choice(world.kms_keys).arn, seconds)
        elif what == "untag":
            people.untag(name)
        elif what == "untag a part":
            people.untag(name, "kinesis-stream-encryption:" + random.choice(("stack", "resource", "before")))
        elif what == "tag":
            people.tag(name, {"team": str(random.random())})
        elif random.random() < 0.3:
            people.delete(name, seconds)
        else:
            return
        world.trace(f"  people: {what} {name}")
        (world.tagged if what == "tag" else world.meddled).add(name)
        world.promises.people(name)
        world.tags_since[name] = world.time.now()

    def _break_a_key(self) -> None:
        """A key can't be used, or not be looked up, for a while."""
        world, random = self._world, self._world.random
        key = random.choice(world.kms_keys)
        trouble = random.choice(("Disabled", "PendingDeletion", "denies_describe", "denies_use"))
        world.trace(f"  key {key.key_id} {trouble}")
        if trouble.startswith("denies"):
            setattr(key, trouble, True)
        else:
            key.state = trouble
        world.time.sleep(10 ** random.uniform(0.5, 3.2))
        key.state, key.denies_describe, key.denies_use = "Enabled", False, False

    def _throttle(self) -> None:
        """Kinesis throttles everything for some minutes."""
        seconds = self._world.random.uniform(20, 400)
        self._world.trace(f"  Kinesis throttles everything for {seconds:.0f} s")
        self._world.throttle(seconds)

    def _reshard(self) -> None:
        """A stream is UPDATING for seconds to an hour."""
        name, seconds = self._world.random.choice(self._world.names), 10 ** self._world.random.uniform(0, 3.5)
        self._world.kinesis.people.reshard(name, seconds)
        self._world.trace(f"  {name} is resharded for {seconds:.0f} s")
