"""Lifecycles of stacks, step by step, for faults that are dealt one at a time: to each call of each one in turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from tests.simulation.product import Product
from tests.simulation.weather import Weather
from tests.simulation.world import STREAMS, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.simulation.stacks import Stack
    from tests.simulation.world import Report

Story: TypeAlias = "Callable[[Stack], None]"
ORDERS, OTHER = STREAMS
ONE = {"StreamName": ORDERS, "KeyId": "alias/one"}
TWO = {**ONE, "KeyId": "alias/two"}
A_WHILE = 7200.0
"""Longer than any request can be at work, in seconds: afterwards no call is on its way."""

FAULTS = ("fail THROTTLING", "fail CONNECT_TIMEOUT", "lose", "late", "die before", "die after", "freeze")
"""A call fails, its response is lost, it comes too late, or the function dies or stands still around it."""


@dataclass(frozen=True)
class Lifecycle:
    """A story for each stack, and the keys that the streams have at first."""

    stories: tuple[Story, ...]
    keys: Mapping[str, str | None] = field(default_factory=dict)
    weather: Weather = field(default_factory=Weather)


def _wait(stack: Stack, seconds: float = A_WHILE) -> None:
    stack.world.time.sleep(seconds)


def _create_and_delete(stack: Stack) -> None:
    stack.create("Encryption", ONE)
    _wait(stack)
    stack.delete()


def _delete_soon(stack: Stack) -> None:
    stack.create("Encryption", ONE)
    stack.delete()


def _change_the_key(stack: Stack) -> None:
    stack.create("Encryption", ONE)
    stack.update("Encryption", TWO)
    stack.update("Encryption", {**TWO, "SettleSeconds": "1"})
    stack.delete()


def _keep(stack: Stack) -> None:
    stack.create("Encryption", {**ONE, "OnDelete": "Keep"})
    stack.delete()


def _stop(stack: Stack) -> None:
    stack.create("Encryption", {**ONE, "OnDelete": "Stop"})
    stack.delete()


def _replace(stack: Stack) -> None:
    stack.create("Encryption", ONE)
    stack.update("Encryption", {**ONE, "StreamName": OTHER})
    stack.delete()


def _rename(stack: Stack) -> None:
    stack.create("Encryption", ONE)
    stack.rename("Encryption", "Renamed", TWO, None)
    stack.delete()


def _roll_a_creation_back(stack: Stack) -> None:
    stack.create("Encryption", ONE, 1.0)


def _roll_a_change_back(stack: Stack) -> None:
    stack.create("Encryption", ONE)
    stack.update("Encryption", TWO, 1.0)
    stack.delete()


def _roll_a_replacement_back(stack: Stack) -> None:
    stack.create("Encryption", ONE)
    stack.update("Encryption", {**ONE, "StreamName": OTHER}, 1.0)
    stack.delete()


def _roll_a_rename_back(stack: Stack) -> None:
    stack.create("Encryption", ONE)
    stack.rename("Encryption", "Renamed", TWO, 30.0)
    stack.delete()


def _own(stack: Stack) -> None:
    stack.create("Encryption", ONE)
    _wait(stack, 4 * A_WHILE)


def _take_over_and_give_back(stack: Stack) -> None:
    _wait(stack, A_WHILE)
    stack.create("Theirs", {**TWO, "Takeover": "true"})
    _wait(stack)
    stack.delete()


def _take_over_rename_and_give_back(stack: Stack) -> None:
    _wait(stack, A_WHILE)
    stack.create("Theirs", {**TWO, "Takeover": "true"})
    stack.rename("Theirs", "Renamed", {**TWO, "Takeover": "true"}, None)
    _wait(stack)
    stack.delete()


def _strip(stack: Stack) -> None:
    """Stop the encryption and remove all tags, as the tool of the stream's owner does."""
    people = stack.world.kinesis.people
    people.stop(ORDERS, 2.0)
    people.untag(ORDERS)
    stack.world.expectations.given_by_others(ORDERS, None)
    stack.world.promises.changed_by_others(ORDERS, None)
    _wait(stack, 60.0)


def _be_stripped_and_deleted(stack: Stack) -> None:
    stack.create("Encryption", ONE)
    _wait(stack, 60.0)
    _strip(stack)
    stack.delete()


def _be_stripped_and_updated(stack: Stack) -> None:
    stack.create("Encryption", ONE)
    _wait(stack, 60.0)
    _strip(stack)
    stack.update("Encryption", TWO)
    stack.delete()


def _be_recreated(stack: Stack) -> None:
    """The stream is deleted and created again between the stack's Create and Delete: the claim is void."""
    world = stack.world
    stack.create("Encryption", ONE)
    _wait(stack, 60.0)
    world.kinesis.people.delete(ORDERS, 5.0)
    _wait(stack, 10.0)
    world.kinesis.add_stream(ORDERS, world.kms_keys[0].arn, creating=10.0)
    world.expectations.given_by_others(ORDERS, world.kms_keys[0].arn, anew=True)
    world.promises.created_anew(ORDERS)
    _wait(stack, 60.0)
    stack.delete()


def _roll_back_in_the_same_second(stack: Stack) -> None:
    """The Update's own response comes first; then another resource fails, and the rollback follows at once."""
    stack.create("Encryption", {**ONE, "SettleSeconds": "0"})
    now = stack.world.time.now()
    _wait(stack, int(now) + 1.05 - now)
    stack.update("Encryption", {**TWO, "SettleSeconds": "0"}, 0.3)
    stack.delete()


def _fail(stack: Stack) -> None:
    """Create without rollback, with so little time that the Create fails after its Start: it is kept."""
    stack.world.kinesis.next_updating.appendleft(90.0)
    stack.create("Encryption", {**ONE, "ServiceTimeout": "30"}, rollback=False)
    _wait(stack, 300.0)


def _fail_and_delete(stack: Stack) -> None:
    _fail(stack)
    stack.delete()


def _fail_and_create_after_deleting(stack: Stack) -> None:
    _fail(stack)
    stack.delete_failed_then_create("Encryption", ONE)
    stack.delete()


def _fail_and_create_before_deleting(stack: Stack) -> None:
    _fail(stack)
    stack.create_then_delete_failed("Encryption", ONE)
    _wait(stack, 60.0)
    stack.delete()


def _fail_and_update(stack: Stack) -> None:
    _fail(stack)
    stack.update_failed("Encryption", TWO)
    _wait(stack, 60.0)
    stack.delete()


def _repoint_the_alias(stack: Stack) -> None:
    """An alias is pointed at another key: the next Update gives the stream that key."""
    stack.create("Encryption", ONE)
    stack.world.point("alias/one", 2)
    stack.update("Encryption", {**ONE, "SettleSeconds": "1"})
    stack.delete()


def _duel(stack: Stack) -> None:
    world = stack.world
    _wait(stack, world.duel_at - world.time.now())
    stack.create("Encryption", TWO if stack.number else ONE)
    _wait(stack)
    stack.delete()


LIFECYCLES = {
    "create and delete": Lifecycle((_create_and_delete,)),
    "create and delete at once": Lifecycle((_delete_soon,), {ORDERS: "alias/two"}),
    "already as wanted": Lifecycle((_delete_soon,), {ORDERS: "alias/one"}),
    "change the key": Lifecycle((_change_the_key,)),
    "keep": Lifecycle((_keep,)),
    "stop": Lifecycle((_stop,), {ORDERS: "alias/two"}),
    "replace": Lifecycle((_replace,), {OTHER: "alias/two"}),
    "rename": Lifecycle((_rename,)),
    "roll a creation back": Lifecycle((_roll_a_creation_back,)),
    "roll a change back": Lifecycle((_roll_a_change_back,)),
    "roll a replacement back": Lifecycle((_roll_a_replacement_back,)),
    "roll a rename back": Lifecycle((_roll_a_rename_back,)),
    "stripped and deleted": Lifecycle((_be_stripped_and_deleted,)),
    "stripped and updated": Lifecycle((_be_stripped_and_updated,)),
    "recreated": Lifecycle((_be_recreated,)),
    "roll back in the same second": Lifecycle((_roll_back_in_the_same_second,)),
    "fail and delete": Lifecycle((_fail_and_delete,)),
    "fail and create after deleting": Lifecycle((_fail_and_create_after_deleting,)),
    "fail and create before deleting": Lifecycle((_fail_and_create_before_deleting,)),
    "fail and update": Lifecycle((_fail_and_update,)),
    "an alias is pointed elsewhere": Lifecycle((_repoint_the_alias,)),
    "two stacks create at once": Lifecycle((_duel, _duel), weather=Weather(duel=1.0, rivals=1.0)),
    "take over and give back": Lifecycle((_own, _take_over_and_give_back)),
    "take over, rename and give back": Lifecycle((_own, _take_over_rename_and_give_back)),
}


def play(lifecycle: Lifecycle, plan: Mapping[int, str], product: Product | None = None) -> Report:
    """Play a lifecycle, with these faults dealt to the calls of these numbers."""
    world = World(1, product or Product(), lifecycle.weather, plan=plan, keys=lifecycle.keys)
    return world.run(lifecycle.stories)
