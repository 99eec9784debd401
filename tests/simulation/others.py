"""Everybody else who changes streams, keys and the table: people, owners' tools, operators, and AWS on a bad day."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tests.fake_errors import stream_arn
from tests.fake_people import NotNowError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.world import World

HOUR = 3600.0
REFUSAL_RETRY_SECONDS = 40.0
"""For how long a new key, alias, policy or role can be refused, in seconds: less than the minute of promise 9."""
_APART_SECONDS = 300.0
"""How far apart two things that are too new are, in seconds, so that they don't add up to a minute."""
_NEW_ROLE = ("kinesis:StartStreamEncryption", "kinesis:StopStreamEncryption", "kms:DescribeKey")
"""The actions that a new role of the provider can be refused."""


class Others:
    """Acts as often as the weather says, until it is calm."""

    def __init__(self, world: World) -> None:
        """Begin."""
        self._world = world
        weather = world.weather
        self._now_and_then("people", weather.people, 12, self._meddle)
        self._now_and_then("keys", weather.keys, 6, self._break_a_key)
        self._now_and_then("storms", weather.storms, 4, lambda: self._throttle("kinesis", 400))
        self._now_and_then("table storms", weather.table_storms, 4, lambda: self._throttle("dynamodb", 400))
        summaries = "kinesis:DescribeStreamSummary"
        self._now_and_then("summaries", weather.summaries, 4, lambda: self._throttle(summaries, HOUR))
        self._now_and_then("operators", weather.busy, 6, self._reshard)
        self._now_and_then("aliases", weather.aliases, 8, self._point_an_alias)
        if weather.tool:
            world.time.spawn("tool", self._run_a_tool)
        if weather.restored:
            world.time.spawn("restore", self._restore_the_table)

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
        """Stop the encryption of a stream, give it another key, remove its tags, or delete it."""
        world, random, people = self._world, self._world.random, self._world.kinesis.people
        name, seconds = random.choice(world.names), random.choice((0.0, random.uniform(0.5, 10)))
        what = random.choice(("stop", "rekey", "untag", "delete"))
        if what == "stop":
            self._re_encrypt(name, None, seconds)
        elif what == "rekey":
            self._re_encrypt(name, random.choice(world.kms_keys).arn, seconds)
        elif what == "untag":
            people.untag(name)
            world.trace(f"  people: untag {name}")
        elif random.random() < 0.3:
            people.delete(name, seconds)
            world.trace(f"  people: delete {name}")

    def _re_encrypt(self, name: str, key_id: str | None, seconds: float) -> None:
        world, people = self._world, self._world.kinesis.people
        if key_id is None:
            people.stop(name, seconds)
        else:
            people.rekey(name, key_id, seconds)
        world.trace(f"  people: {name} gets {key_id}")
        world.expectations.given_by_others(name, key_id)
        world.promises.changed_by_others(name, key_id)

    def _run_a_tool(self) -> None:
        """Run a stream owner's tool every few minutes: it removes from the stream what its own file does not name."""
        world, random = self._world, self._world.random
        name = random.choice(world.names)
        wanted = random.choice((None, None, *(key.arn for key in world.kms_keys)))
        for _ in range(random.randint(3, 12)):
            world.time.sleep(60 * world.weather.tool * random.uniform(0.8, 1.2) if world.weather.tool else 0)
            if world.calm:
                return
            with suppress(NotNowError):
                stream = world.kinesis.streams.get(name)
                if stream is None or random.random() < 0.15:
                    self._recreate(name, wanted)
                    continue
                if stream.encryption.key_id != wanted:
                    self._re_encrypt(name, wanted, random.uniform(0.5, 3))
                world.kinesis.people.untag(name)

    def _recreate(self, name: str, key_id: str | None) -> None:
        world, random = self._world, self._world.random
        if name in world.kinesis.streams:
            seconds = random.uniform(2, 20)
            world.kinesis.people.delete(name, seconds)
            world.trace(f"  tool: deletes {name}")
            world.time.sleep(seconds + random.uniform(0.1, 20))
        if name not in world.kinesis.streams:
            world.kinesis.add_stream(name, key_id, creating=random.uniform(5, 30))
            world.trace(f"  tool: creates {name} with {key_id}")
            world.expectations.given_by_others(name, key_id, anew=True)
            world.promises.created_anew(name)

    def _restore_the_table(self) -> None:
        """Restore the table to an earlier state, or remove a stream's item, once."""
        world, random = self._world, self._world.random
        world.time.sleep(10 ** random.uniform(1.5, 4.0))
        if world.calm:
            return
        name = random.choice(world.names)
        if random.random() < 0.5:
            world.table.remove(stream_arn(name, world.account, world.region))
            world.trace(f"  the item of {name} is removed")
            world.expectations.lost_at[name] = world.time.now()
            world.expectations.restored.add(name)
            return
        back = 10 ** random.uniform(1.0, 4.0)
        world.table.restore(world.time.now() - back)
        world.trace(f"  the table is restored to its state {back:.0f} s ago")
        world.expectations.restored.update(world.names)

    def _point_an_alias(self) -> None:
        """Point an alias at another key."""
        world, random = self._world, self._world.random
        alias, number = random.choice(("alias/one", "alias/two", "alias/three")), random.randrange(3)
        world.point(alias, number)
        world.trace(f"  {alias} is pointed at {world.kms_keys[number].key_id[:8]}")

    def _break_a_key(self) -> None:
        """Make a key unusable, or forbid to look it up, for a while."""
        world, random = self._world, self._world.random
        key = random.choice(world.kms_keys)
        # Where the look-up is denied an alias is given as it is, and then nobody knows which key it meant.
        denials = ("denies_use",) if world.weather.aliases else ("denies_use", "denies_describe")
        trouble = random.choice(("Disabled", "PendingDeletion", *denials))
        world.trace(f"  key {key.key_id[:8]} {trouble}")
        if trouble.startswith("denies"):
            setattr(key, trouble, True)
        else:
            key.state = trouble
        world.time.sleep(10 ** random.uniform(0.5, 3.2))
        key.state, key.denies_describe, key.denies_use = "Enabled", False, False

    def _throttle(self, what: str, longest: float) -> None:
        """Throttle all calls of a service, or one action, for a while."""
        seconds = self._world.random.uniform(20, longest)
        self._world.trace(f"  {what} is throttled for {seconds:.0f} s")
        self._world.wire.throttled_until[what] = self._world.time.now() + seconds

    def _reshard(self) -> None:
        """Keep a stream UPDATING for seconds to an hour."""
        name, seconds = self._world.random.choice(self._world.names), 10 ** self._world.random.uniform(0, 3.5)
        self._world.kinesis.people.reshard(name, seconds)
        self._world.trace(f"  {name} is resharded for {seconds:.0f} s")


class Newness:
    """Makes the key, the alias, the policy or the role of a request so new that AWS refuses it for some seconds."""

    def __init__(self, world: World) -> None:
        """Start with nothing that is new."""
        self._world = world
        self._next_at = 0.0

    def strike(self, key_id: str) -> None:
        """Make something new before a request with this KeyId is sent, as often as the weather says."""
        world, random, now = self._world, self._world.random, self._world.time.now()
        key = world.kms.find(key_id)
        if key is None or now < self._next_at or not world.dice(world.weather.new):
            return
        self._next_at = now + _APART_SECONDS
        until = now + random.uniform(1.0, REFUSAL_RETRY_SECONDS)
        what = random.choice(("key", "policy", "alias", *_NEW_ROLE))
        if what == "key" and key.manager == "CUSTOMER":
            key.unknown_until = until
        elif what == "policy":
            key.denied_until = until
        elif what == "alias" and key_id.startswith("alias/") and key.manager == "CUSTOMER":
            world.kms.alias(key_id, key, unknown_until=until)
        else:
            world.wire.denied_until[what if ":" in what else _NEW_ROLE[0]] = until
        world.trace(f"  {what} is too new for {until - now:.0f} s")
