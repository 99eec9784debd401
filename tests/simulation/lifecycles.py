"""Lifecycles of stacks, step by step, for faults that are dealt one at a time: to each call of each one in turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from tests.simulation import deployments
from tests.simulation.deployments import ORDERS, OTHER
from tests.simulation.product import Product
from tests.simulation.weather import Weather
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.simulation.stacks import Stack
    from tests.simulation.world import Report

Story: TypeAlias = "Callable[[Stack], None]"

FAULTS = ("fail THROTTLING", "fail CONNECT_TIMEOUT", "lose", "late", "die before", "die after", "freeze")
"""A call fails, its response is lost, it comes too late, or the function dies or stands still around it."""


@dataclass(frozen=True)
class Lifecycle:
    """A story for each stack, and the keys that the streams have at first."""

    stories: tuple[Story, ...]
    keys: Mapping[str, str | None] = field(default_factory=dict)
    weather: Weather = field(default_factory=Weather)


LIFECYCLES = {
    "create and delete": Lifecycle((deployments.create_and_delete,)),
    "create and delete at once": Lifecycle((deployments.delete_soon,), {ORDERS: "alias/two"}),
    "already as wanted": Lifecycle((deployments.delete_soon,), {ORDERS: "alias/one"}),
    "change the key": Lifecycle((deployments.change_the_key,)),
    "keep": Lifecycle((deployments.keep,)),
    "stop": Lifecycle((deployments.stop,), {ORDERS: "alias/two"}),
    "replace": Lifecycle((deployments.replace,), {OTHER: "alias/two"}),
    "rename": Lifecycle((deployments.rename,)),
    "roll a creation back": Lifecycle((deployments.roll_a_creation_back,)),
    "roll a change back": Lifecycle((deployments.roll_a_change_back,)),
    "roll a replacement back": Lifecycle((deployments.roll_a_replacement_back,)),
    "roll a rename back": Lifecycle((deployments.roll_a_rename_back,)),
    "stripped and deleted": Lifecycle((deployments.be_stripped_and_deleted,)),
    "stripped and updated": Lifecycle((deployments.be_stripped_and_updated,)),
    "given another key and deleted": Lifecycle((deployments.be_given_another_key_and_deleted,)),
    "recreated": Lifecycle((deployments.be_recreated,)),
    "roll back in the same second": Lifecycle((deployments.roll_back_in_the_same_second,), weather=Weather(hasty=1.0)),
    "fail and delete": Lifecycle((deployments.fail_and_delete,)),
    "fail and create after deleting": Lifecycle((deployments.fail_and_create_after_deleting,)),
    "fail and create before deleting": Lifecycle((deployments.fail_and_create_before_deleting,)),
    "fail and update": Lifecycle((deployments.fail_and_update,)),
    "an alias is pointed elsewhere": Lifecycle((deployments.repoint_the_alias,)),
    "two stacks create at once": Lifecycle((deployments.duel, deployments.duel), weather=Weather(duel=1.0, rivals=1.0)),
    "take over and give back": Lifecycle((deployments.own, deployments.take_over_and_give_back)),
    "take over, rename and give back": Lifecycle((deployments.own, deployments.take_over_rename_and_give_back)),
}


def play(lifecycle: Lifecycle, plan: Mapping[int, str], product: Product | None = None) -> Report:
    """Play a lifecycle, with these faults dealt to the calls of these numbers."""
    world = World(1, product or Product(), lifecycle.weather, plan=plan, keys=lifecycle.keys)
    return world.run(lifecycle.stories)
