"""Stories of the watch, each made for one promise of it; no fault is dealt in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fake_stream import Described
from tests.simulation.product import Product
from tests.simulation.weather import Weather
from tests.simulation.world import STREAMS, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.stacks import Stack
    from tests.simulation.world import Report

ORDERS = STREAMS[0]
MENDED = {"StreamName": ORDERS, "KeyId": "alias/one", "OnDrift": "Mend"}
MINUTE = 60.0
CALLS_UNTIL_THE_CLAIM = 7
"""By this call, counted with those of the mend, an Update that comes during a mend writes its claim."""


def play(name: str, product: Product | None = None) -> Report:
    """Play a story."""
    world = World(1, product or Product(), Weather(watch=5.0, trail=1.0), keys={})
    return world.run([STORIES[name]])


def _stopped(stack: Stack) -> None:
    """Let the owner's tool stop the encryption, and wait until the watch has told it."""
    world = stack.world
    told = len(world.watching.bus.events) if world.watching else 0
    world.kinesis.people.stop(ORDERS)
    world.expectations.given_by_others(ORDERS, None)
    world.promises.changed_by_others(ORDERS, None)
    while world.watching and len(world.watching.bus.events) == told:
        world.time.sleep(0.5)


def _created(stack: Stack, **properties: str) -> None:
    stack.create("Encryption", {**MENDED, **properties})
    stack.world.time.sleep(5 * MINUTE)


def _delete_during_a_mend(stack: Stack) -> None:
    """The stream is resharded, so that the Delete and the mend wait for it together."""
    _created(stack)
    _stopped(stack)
    stack.world.kinesis.people.reshard(ORDERS, 20.0)
    stack.delete()


def _update_during_a_mend(stack: Stack) -> None:
    _created(stack)
    _stopped(stack)
    stack.world.kinesis.people.reshard(ORDERS, 30.0)
    stack.update("Encryption", {**MENDED, "KeyId": "alias/two"})
    stack.world.time.sleep(5 * MINUTE)
    stack.delete()


def _update_that_dies_during_a_mend(stack: Stack) -> None:
    """The Update dies once its claim is in the record; Lambda delivers it again when the mend's turn has come."""
    _created(stack)
    _stopped(stack)
    stack.world.kinesis.people.reshard(ORDERS, 30.0)
    stack.world.plan = {stack.world.wire.calls + CALLS_UNTIL_THE_CLAIM: "die after"}
    stack.update("Encryption", {**MENDED, "KeyId": "alias/two"})
    stack.world.time.sleep(5 * MINUTE)
    stack.delete()


def _a_round_during_an_update(stack: Stack) -> None:
    """Kinesis needs twenty minutes for the key change, so rounds see the stream UPDATING, with its former key."""
    _created(stack)
    stack.world.kinesis.settings.described = Described.AT_THE_END
    stack.world.kinesis.next_updating.appendleft(20 * MINUTE)
    stack.update("Encryption", {**MENDED, "KeyId": "alias/two"})
    stack.delete()


def _a_war(stack: Stack) -> None:
    _created(stack)
    for _ in range(4):
        _stopped(stack)
        stack.world.time.sleep(10 * MINUTE)
    stack.delete()


def _only_told(stack: Stack) -> None:
    _created(stack, OnDrift="Report")
    _stopped(stack)
    stack.world.time.sleep(30 * MINUTE)
    stack.delete()


def _a_start_that_is_throttled(stack: Stack) -> None:
    _created(stack)
    stack.world.wire.throttled_until["kinesis:StartStreamEncryption"] = stack.world.time.now() + 20 * MINUTE
    stack.update("Encryption", {**MENDED, "KeyId": "alias/two"})
    stack.delete()


STORIES: dict[str, Callable[[Stack], None]] = {
    "a Delete during a mend": _delete_during_a_mend,
    "an Update during a mend": _update_during_a_mend,
    "an Update that dies during a mend": _update_that_dies_during_a_mend,
    "a round during an Update": _a_round_during_an_update,
    "a war with a tool": _a_war,
    "drift that is only told": _only_told,
    "an Update whose Start is throttled": _a_start_that_is_throttled,
}
