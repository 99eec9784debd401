"""What happens to stacks: drawn from the seed."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from tests.simulation.product import Product
from tests.simulation.watching import watched
from tests.simulation.weather import Weather
from tests.simulation.world import STREAMS, World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.simulation.stacks import Stack
    from tests.simulation.world import Report

_OPTIONS = ("OnDelete", "SettleSeconds", "Verify")


def simulate(seed: int, product: Product | None = None, *, talkative: bool = False, watch: bool = False) -> Report:
    """Run one world; if asked, with the watch at work in it."""
    weather = Weather.drawn(Random(f"weather {seed}"))  # noqa: S311 - the seed repeats it
    weather = watched(weather, seed) if watch else weather
    world = World(seed, product or Product(), weather, talkative=talkative)
    rivals = 2 if world.dice(weather.rivals) else 1
    return world.run([_story] * rivals)


def _story(stack: Stack) -> None:
    """Play some hours in a stack's life."""
    world = stack.world
    if world.weather.duel:
        stack.create("Encryption", {**_properties(world), "StreamName": STREAMS[0], "Takeover": "false"})
    for _ in range(world.random.randint(1, 6)):
        _deploy(stack)
        if stack.abandoned:
            return
        world.time.sleep(10 ** world.random.uniform(0.3, world.pace))


def _deploy(stack: Stack) -> None:
    """Deploy the stack once: create, change, rename or delete its resource."""
    world, random = stack.world, stack.world.random
    cancel_after = 10 ** random.uniform(-0.5, 2.7) if world.dice(world.weather.cancel) else None
    if stack.kept:
        _deploy_after_a_failure(stack)
    elif not stack.resources:
        rollback = not world.dice(world.weather.keep_failed)
        stack.create("Encryption", _properties(world), cancel_after, rollback=rollback)
    else:
        logical_id, resource = next(iter(stack.resources.items()))
        _change(stack, logical_id, resource.properties, cancel_after)


def _deploy_after_a_failure(stack: Stack) -> None:
    """Deploy again after a Create failed without rollback. AWS does not say when the failed resource is deleted."""
    world, random = stack.world, stack.world.random
    logical_id, failed = next(iter(stack.kept.items()))
    properties = random.choice((failed.properties, _properties(world)))
    match random.choice(("delete", "before", "after", "after", "update")):
        case "delete":
            stack.delete()
        case "before":
            stack.delete_failed_then_create(logical_id, properties)
        case "after":
            stack.create_then_delete_failed(logical_id, properties)
        case _:
            stack.update_failed(logical_id, properties)


def _change(stack: Stack, logical_id: str, properties: Mapping[str, Any], cancel_after: float | None) -> None:
    world, random, old = stack.world, stack.world.random, dict(properties)
    what = random.choice(("key", "key", "key", "option", "stream", "rename", "delete"))
    if what == "key":
        stack.update(logical_id, {**old, "KeyId": _key_id(world)}, cancel_after)
    elif what == "option":
        option = random.choice(_OPTIONS)
        stack.update(logical_id, {**old, option: _properties(world)[option]}, cancel_after)
    elif what == "stream":
        other = STREAMS[1 - STREAMS.index(old["StreamName"])]
        stack.update(logical_id, {**old, "StreamName": other, "KeyId": _key_id(world)}, cancel_after)
    elif what == "rename":
        new_id = "Renamed" if logical_id == "Encryption" else "Encryption"
        stack.rename(logical_id, new_id, {**old, "KeyId": random.choice((old["KeyId"], _key_id(world)))}, cancel_after)
    else:
        stack.delete()


def _properties(world: World) -> dict[str, Any]:
    random = world.random
    properties = {
        "StreamName": random.choice((STREAMS[0], STREAMS[0], STREAMS[1])),
        "KeyId": _key_id(world),
        "OnDelete": random.choice(("Restore", "Restore", "Restore", "Restore", "Stop", "Keep")),
        "SettleSeconds": random.choice(("0", "1", "5", "30")),
        "Verify": random.choice(("false", "false", "false", "true")),
        "Takeover": random.choice(("true", "false")) if world.weather.rivals else "false",
    }
    if world.trouble.watch:
        properties["OnDrift"] = random.choice(("Report", "Mend", "Mend"))
    if random.random() < 0.2 or (world.weather.keep_failed and random.random() < 0.5):
        properties["ServiceTimeout"] = random.choice(("30", "120", "600", "1800"))
    return properties


def _key_id(world: World) -> str:
    one, two, _ = world.kms_keys
    return world.random.choice(("alias/one", "alias/two", "alias/three", one.arn, two.key_id, "alias/aws/kinesis"))
