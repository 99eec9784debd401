"""What is done to stacks in the lifecycles, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.world import STREAMS

if TYPE_CHECKING:
    from tests.simulation.stacks import Stack

ORDERS, OTHER = STREAMS
ONE = {"StreamName": ORDERS, "KeyId": "alias/one"}
TWO = {**ONE, "KeyId": "alias/two"}
A_WHILE = 7200.0
"""Longer than any request can be at work, in seconds: afterwards no call is on its way."""


def wait(stack: Stack, seconds: float = A_WHILE) -> None:
    """Let time pass before the next deployment."""
    stack.world.time.sleep(seconds)


def create_and_delete(stack: Stack) -> None:
    """Create the resource, and delete the stack hours later."""
    stack.create("Encryption", ONE)
    wait(stack)
    stack.delete()


def delete_soon(stack: Stack) -> None:
    """Create the resource, and delete the stack at once."""
    stack.create("Encryption", ONE)
    stack.delete()


def change_the_key(stack: Stack) -> None:
    """Change the key, then a property that needs no call."""
    stack.create("Encryption", ONE)
    stack.update("Encryption", TWO)
    stack.update("Encryption", {**TWO, "SettleSeconds": "1"})
    stack.delete()


def keep(stack: Stack) -> None:
    """Delete a resource whose OnDelete is Keep."""
    stack.create("Encryption", {**ONE, "OnDelete": "Keep"})
    stack.delete()


def stop(stack: Stack) -> None:
    """Delete a resource whose OnDelete is Stop."""
    stack.create("Encryption", {**ONE, "OnDelete": "Stop"})
    stack.delete()


def replace(stack: Stack) -> None:
    """Give the resource another stream."""
    stack.create("Encryption", ONE)
    stack.update("Encryption", {**ONE, "StreamName": OTHER})
    stack.delete()


def rename(stack: Stack) -> None:
    """Give the resource another logical id and another key."""
    stack.create("Encryption", ONE)
    stack.rename("Encryption", "Renamed", TWO, None)
    stack.delete()


def roll_a_creation_back(stack: Stack) -> None:
    """Cancel a Create after a second."""
    stack.create("Encryption", ONE, 1.0)


def roll_a_change_back(stack: Stack) -> None:
    """Cancel an Update after a second."""
    stack.create("Encryption", ONE)
    stack.update("Encryption", TWO, 1.0)
    stack.delete()


def roll_a_replacement_back(stack: Stack) -> None:
    """Cancel the Update to another stream after a second."""
    stack.create("Encryption", ONE)
    stack.update("Encryption", {**ONE, "StreamName": OTHER}, 1.0)
    stack.delete()


def roll_a_rename_back(stack: Stack) -> None:
    """Roll back after the renamed resource was created."""
    stack.create("Encryption", ONE)
    stack.rename("Encryption", "Renamed", TWO, 30.0)
    stack.delete()


def own(stack: Stack) -> None:
    """Hold the stream while another stack takes it over."""
    stack.create("Encryption", ONE)
    wait(stack, 4 * A_WHILE)


def take_over_and_give_back(stack: Stack) -> None:
    """Take another stack's stream over, and delete the stack."""
    wait(stack, A_WHILE)
    stack.create("Theirs", {**TWO, "Takeover": "true"})
    wait(stack)
    stack.delete()


def take_over_rename_and_give_back(stack: Stack) -> None:
    """Take another stack's stream over, rename the resource, and delete the stack."""
    wait(stack, A_WHILE)
    stack.create("Theirs", {**TWO, "Takeover": "true"})
    stack.rename("Theirs", "Renamed", {**TWO, "Takeover": "true"}, None)
    wait(stack)
    stack.delete()


def strip(stack: Stack) -> None:
    """Stop the encryption and remove all tags, as the tool of the stream's owner does."""
    stack.world.kinesis.people.untag(ORDERS)
    stack.world.kinesis.people.stop(ORDERS, 2.0)
    _changed_by_others(stack, None)


def _changed_by_others(stack: Stack, key_id: str | None) -> None:
    stack.world.expectations.given_by_others(ORDERS, key_id)
    stack.world.promises.changed_by_others(ORDERS, key_id)
    wait(stack, 60.0)


def be_given_another_key_and_deleted(stack: Stack) -> None:
    """Delete after the stream's owner has given it another key: that newer decision stays."""
    stack.create("Encryption", ONE)
    wait(stack, 60.0)
    key_id = stack.world.kms_keys[2].arn
    stack.world.kinesis.people.rekey(ORDERS, key_id, 2.0)
    _changed_by_others(stack, key_id)
    stack.delete()


def be_stripped_and_deleted(stack: Stack) -> None:
    """Delete after the owner's tool has stripped the stream."""
    stack.create("Encryption", ONE)
    wait(stack, 60.0)
    strip(stack)
    stack.delete()


def be_stripped_and_updated(stack: Stack) -> None:
    """Update after the owner's tool has stripped the stream."""
    stack.create("Encryption", ONE)
    wait(stack, 60.0)
    strip(stack)
    stack.update("Encryption", TWO)
    stack.delete()


def be_recreated(stack: Stack) -> None:
    """The stream is deleted and created again between the stack's Create and Delete: the claim is void."""
    world = stack.world
    stack.create("Encryption", ONE)
    wait(stack, 60.0)
    world.kinesis.people.delete(ORDERS, 5.0)
    wait(stack, 10.0)
    world.kinesis.add_stream(ORDERS, world.kms_keys[0].arn, creating=10.0)
    world.expectations.given_by_others(ORDERS, world.kms_keys[0].arn, anew=True)
    world.promises.created_anew(ORDERS)
    wait(stack, 60.0)
    stack.delete()


def roll_back_in_the_same_second(stack: Stack) -> None:
    """The Update's own response comes first; then another resource fails, and the rollback follows at once."""
    stack.create("Encryption", {**ONE, "SettleSeconds": "0"})
    now = stack.world.time.now()
    wait(stack, int(now) + 1.05 - now)
    stack.update("Encryption", {**TWO, "SettleSeconds": "0"}, 0.3)
    stack.delete()


def fail(stack: Stack) -> None:
    """Create without rollback, with so little time that the Create fails after its Start: it is kept."""
    while not stack.kept:  # at once, unless CloudFormation got no response
        stack.world.kinesis.next_updating.appendleft(90.0)
        stack.create("Encryption", {**ONE, "ServiceTimeout": "30"}, rollback=False)
        wait(stack, 300.0)


def fail_and_delete(stack: Stack) -> None:
    """Delete the stack after a Create failed and was kept."""
    fail(stack)
    stack.delete()


def fail_and_create_after_deleting(stack: Stack) -> None:
    """Create anew after a failed Create was deleted."""
    fail(stack)
    stack.delete_failed_then_create("Encryption", ONE)
    stack.delete()


def fail_and_create_before_deleting(stack: Stack) -> None:
    """Create anew, and then delete the failed Create."""
    fail(stack)
    stack.create_then_delete_failed("Encryption", ONE)
    wait(stack, 60.0)
    stack.delete()


def fail_and_update(stack: Stack) -> None:
    """Update a failed Create, whose id is then cleaned up."""
    fail(stack)
    stack.update_failed("Encryption", TWO)
    wait(stack, 60.0)
    stack.delete()


def repoint_the_alias(stack: Stack) -> None:
    """An alias is pointed at another key: the next Update gives the stream that key."""
    stack.create("Encryption", ONE)
    stack.world.point("alias/one", 2)
    stack.update("Encryption", {**ONE, "SettleSeconds": "1"})
    stack.delete()


def duel(stack: Stack) -> None:
    """Create in the same millisecond as another stack."""
    world = stack.world
    wait(stack, world.duel_at - world.time.now())
    stack.create("Encryption", TWO if stack.number else ONE)
    wait(stack)
    stack.delete()
