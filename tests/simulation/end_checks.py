"""What is checked once everything has run out: promises 3 and 6."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.cloudformation import Request
    from tests.simulation.findings import Findings
    from tests.simulation.history import History, Holding
    from tests.simulation.world import World

TAKEN = "OwnedByAnotherStack"


class EndChecks:
    """Checks a world in which nothing happens any more."""

    def __init__(self, world: World, history: History, findings: Findings) -> None:
        """Keep what the checks need."""
        self._world, self._history, self._check = world, history, findings.check

    def quiet(self) -> None:
        """Promise 6: stacks still stand, and each has what it was told to have."""
        self._one_wins_a_duel()
        for name, stream in self._world.kinesis.streams.items():
            held = self._history.holder(name)
            if held is None or name in self._world.expectations.restored or self._stuck(name):
                continue
            if self._has_a_kept_failure(name) or self._world.promises.may_have_another_key(stream.encryption.key_id):
                continue
            key = self._world.expectations.resolved(stream.encryption.key_id)
            self._check(
                key in held.keys or self._changed_by_others_since(held) or self._kept(held),
                "promise 6",
                f"{held.request} has {name} with {held.request.key_id}, but its key is {stream.encryption.key_id}",
            )
            record = self._world.record_of(name)
            owner = record.in_force.owner if record and record.in_force else None
            self._check(
                owner and (owner.stack_id, owner.logical_id) == held.request.owner,
                "promise 6",
                f"{held.request} has {name}, but its record says {owner}",
            )

    def ended(self) -> None:
        """Promises 3 and 6: all stacks are gone, and each stream is as others gave it, or as somebody asked for."""
        for name, stream in self._world.kinesis.streams.items():
            if (
                name in self._world.expectations.restored
                or self._stuck(name)
                or self._world.expectations.is_unknown_to_its_stack(name)
            ):
                continue
            key = self._world.expectations.resolved(stream.encryption.key_id)
            lawful = key in self._world.expectations.acceptable(name)
            lawful = lawful or self._world.promises.may_have_another_key(stream.encryption.key_id)
            self._check(lawful, "promise 3", f"{name} was left with {stream.encryption.key_id}")
            record = self._world.record_of(name)
            self._check(not (record and record.claims), "promise 3", f"{name} was left with {record}")

    def _one_wins_a_duel(self) -> None:
        """Promise 6: of stacks that create at once not each one fails because of another one.

        That not two of them succeed is checked at each SUCCESS.
        """
        duel = [one for one in self._world.requests if one.issued == self._world.duel_at]
        expectations = self._world.expectations
        if any(one.stream in expectations.restored or one.stream in expectations.lost_at for one in duel):
            return  # The winner's claim was lost with the record.
        losers = [one for one in duel if self._lost(one)]
        self._check(not duel or len(losers) < len(duel), "promise 6", "each of the simultaneous Creates lost")

    def _lost(self, request: Request) -> bool:
        """Whether a request failed for another stack that had not taken the stream over."""
        if request.outcome != "FAILED" or self._world.log.code_of(request.responses[0].invocation) != TAKEN:
            return False
        earlier = [one for one in self._world.requests if one.issued <= request.responses[0].at]
        return not any(one.takes_over and one.stream == request.stream for one in earlier)

    def _changed_by_others_since(self, held: Holding) -> bool:
        """Whether others changed the stream so late that the function may not have known."""
        known = held.looked - self._world.kinesis.settings.stale
        return any(one.request is None and one.at > known for one in self._history.effects_on(held.stream))

    def _kept(self, held: Holding) -> bool:
        """Whether another stack had the stream in between, and left its key: by OnDelete, or promise 7 demanded it."""
        not_restored = held.stream in self._world.log.not_restored
        return any(
            one.type == "Delete"
            and (one.on_delete == "Keep" or not_restored)
            and one.stream == held.stream
            and one.stack is not held.request.stack
            and any(response.at > held.since for response in one.responses)
            for one in self._world.requests
        )

    def _has_a_kept_failure(self, name: str) -> bool:
        """Whether a failed Create of this stream is kept, which may have taken it over: its Delete is still to come."""
        kept = (resource for stack in self._world.stacks for resource in stack.kept.values())
        return any(resource.properties["StreamName"] == name for resource in kept)

    def _stuck(self, name: str) -> bool:
        return any(
            stack.abandoned and any(one.stack is stack and name in one.streams for one in self._world.requests)
            for stack in self._world.stacks
        )
