"""Stacks, templates and change sets of one account, evaluated: the requests that CloudFormation would send for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from . import change_sets, stacks
from .change_requests import corrected
from .requests import RETAINING, Asked, Existing, requests
from .resources.template import EMPTY, STACK, Template
from .template.contents import Opening, is_nested
from .template.parameters import parameter_values
from .template.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .account import Account
    from .change_sets import Change, ChangeSet
    from .pace import Clock
    from .resources.served import Served
    from .stacks import Deployed


@dataclass(frozen=True, slots=True)
class Named:
    """A stack's name and id, as far as there are any yet."""

    name: str | None = None
    stack_id: str | None = None


class StackViews:
    """What CloudFormation knows in one account and region."""

    def __init__(self, account: Account, clock: Clock) -> None:
        """Look at this account."""
        self._account = account
        self._clock = clock

    @cached_property
    def exports(self) -> dict[str, str] | None:
        """The exports of all stacks; None where they can't be listed."""
        return stacks.exports(self._account.cloudformation) if self._account.known else None

    def deployed(self, name: str | None) -> Deployed | None:
        """Look at a stack; None where it is not there."""
        return stacks.deployed(self._account.cloudformation, name) if name else None

    def template(
        self, sections: Mapping[str, Any], values: Mapping[str, Any], stack: Named, *, deployed: bool = False
    ) -> Template:
        """Put a template into the scope of its parameters, its stack and this account."""
        told: dict[str, str | None] = {"AWS::StackId": stack.stack_id, "AWS::StackName": stack.name}
        if self._account.known:
            place = self._account.place
            told |= {"AWS::AccountId": place.account, "AWS::Region": place.region}
            told |= {"AWS::Partition": self._account.partition}
        pseudo = {key: value for key, value in told.items() if value}
        return Template(sections, Scope({**values, **pseudo}, exports=self.exports), deployed=deployed)

    def existing(self, there: Deployed) -> Existing:
        """Evaluate the template of a stack that is there."""
        values = parameter_values(there.sections, {}, there.parameters, taken=True)
        template = self.template(there.sections, values, Named(there.name, there.stack_id), deployed=True)
        return Existing(template, there.physical_ids, there.failed)

    def of_deletion(self, there: Deployed, served: Served) -> Iterator[Asked | Opening]:
        """Give the requests of a stack's deletion, with that of its nested stacks, and what can't be looked into."""
        existing = replace(self.existing(there), stack_id=there.stack_id)
        yield from requests(EMPTY, served, existing)
        yield from self.of_removed_stacks(EMPTY, existing, served)

    def of_removed_stacks(self, after: Template, existing: Existing, served: Served) -> Iterator[Asked | Opening]:
        """Give the requests of the nested stacks that are deleted with a stack, or by an update of it."""
        for name, id_ in existing.ids.items():
            kind = existing.template.type_of(name)
            if not is_nested({"Type": kind}) or after.type_of(name) is not None:
                continue
            if existing.template.policy(name, "DeletionPolicy") in RETAINING:
                continue
            if kind == STACK:
                yield from self._of_stack(id_, served)
            else:
                yield Opening(name, f"what is deleted with {name} ({kind})")

    def of_changes(self, found: ChangeSet, served: Served) -> list[Asked | Opening]:
        """Give the requests of a change set and of those that are nested in it, and what can't be looked into."""
        there = self.deployed(found.stack_id)
        existing = self.existing(there) if there else Existing()
        sections = stacks.processed(self._account.cloudformation, ChangeSetName=found.id)
        values = parameter_values(sections, {}, found.parameters, taken=True)
        stack = Named(stacks.name_of(found.stack_id), found.stack_id)
        after = self.template(sections, values, stack, deployed=True)
        compared = requests(after, served, existing)
        told = corrected(compared, found.changes, served.and_those_of([after]))
        asked: list[Asked | Opening] = [replace(one, stack_id=found.stack_id, line=None) for one in told]
        for change in found.changes:
            if is_nested({"Type": change.type}):
                asked += self._of_nested(change, served)
        return asked

    def _of_nested(self, change: Change, served: Served) -> Iterable[Asked | Opening]:
        if change.nested:
            nested = change_sets.read(self._account.cloudformation, change.nested, None, self._clock)
            return self.of_changes(nested, served)
        if change.action == "Remove" and change.policy == "Retain":
            return []
        if change.action == "Remove" and change.type == STACK:
            return self._of_stack(change.physical_id, served)
        return [Opening(change.logical_id, f"what would change in {change.logical_id} ({change.type})")]

    def _of_stack(self, name: str | None, served: Served) -> Iterator[Asked | Opening]:
        there = self.deployed(name)
        if there:
            yield from self.of_deletion(there, served)
