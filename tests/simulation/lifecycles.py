"""Lives of stacks, step by step, for faults that are dealt one at a time: to each call of each life in turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from tests.simulation.product import Product
from tests.simulation.weather import Weather
from tests.simulation.world import STREAMS, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.simulation.cloudformation import Stack
    from tests.simulation.world import Report

Story: TypeAlias = "Callable[[Stack], None]"
ORDERS, OTHER = STREAMS
ONE = {"StreamName": ORDERS, "KeyId": "alias/one"}
TWO = {**ONE, "KeyId": "alias/two"}
A_WHILE = 7200.0
"""Longer than any request can be at work: what comes after it finds nothing in the air."""

FAULTS = ("fail THROTTLING", "fail CONNECT_TIMEOUT", "lose", "late", "die before", "die after", "freeze")
"""A call fails, its answer is lost, it comes too late, or the function dies or stands still around it."""


@dataclass(frozen=True)
class Lifecycle:
    """What is done, in which stacks, to streams that have these keys."""

    stories: tuple[Story, ...]
    keys: Mapping[str, str | None] = field(default_factory=dict)


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
    "take over and give back": Lifecycle((_own, _take_over_and_give_back)),
    "take over, rename and give back": Lifecycle((_own, _take_over_rename_and_give_back)),
}


def play(lifecycle: Lifecycle, plan: Mapping[int, str], product: Product | None = None) -> Report:
    """Play one life, with these faults dealt to the calls of these numbers."""
    world = World(1, product or Product(), Weather(), plan=plan, keys=lifecycle.keys)
    return world.run(lifecycle.stories)
