"""The ways to a plan: of one request, of a template, of a change set, of a stack's deletion."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import change_sets
from .engine import Request
from .lines import Line, Verdict
from .plan import Planner
from .plan_report import Plan
from .requests import DELETE, Asked, Existing, requests
from .resources.served import PROVIDER, served
from .stack_views import Named, StackViews
from .stacks import name_of
from .template.contents import Opening
from .template.parameters import parameter_values
from .template.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .account import Account
    from .pace import Clock
    from .resources.template import Template
    from .sources import Sources
    from .stacks import Deployed

NEW_STACK = "a-new-stack"
_NEW_STACK_GUID = "00000000-0000-0000-0000-000000000000"
_UNSEEN = Unknown(("the account, which nobody could look at without credentials",), steady=False)


class WrongUse(Exception):
    """What was asked for can't be done."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be deployed.

    Attributes:
        sections: The template; empty for a deletion.
        parameters: The values that this deployment gives.
        stack_name: The stack, by its name or id; None for a new one that has no name yet.
        provider: The provider's FunctionName.
    """

    sections: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    stack_name: str | None = None
    provider: str = PROVIDER


class Plans:
    """Makes plans in one account."""

    def __init__(self, account: Account, clock: Clock, sources: Sources) -> None:
        """Plan as if the deployment began now."""
        self._sources = sources
        self._account = account
        self._clock = clock
        self._stacks = StackViews(account, clock)

    def of_event(self, event: Mapping[str, Any]) -> Plan:
        """Plan one request, as if CloudFormation sent it now.

        Raises:
            WrongUse: It is another account's, or an SNS message without a request.
            ProviderError: It is no request that the provider takes.
        """
        event = _delivered(event["Records"]) if "Records" in event else event
        request = Request.of({name: value for name, value in event.items() if name != "ResponseURL"}, self._clock.now())
        owner = request.owner
        if owner.place != self._account.place:
            raise WrongUse(f"the event is from {spelled(owner.place)}, and this is {spelled(self._account.place)}")
        asked = Asked(owner.logical_id, request.type, request.properties, request.old_properties, request.physical_id)
        # Events made by hand seldom have a ServiceToken, and the provider does not look at it.
        token = {"ServiceToken": request.properties.get("ServiceToken", "")}
        asked = replace(asked, properties={**token, **request.properties}) if request.type != DELETE else asked
        return self._plan(owner.stack_name, None, self._planner(owner.stack_id).plan([asked]))

    def of_template(self, wish: Wish) -> Plan:
        """Plan a template that is evaluated here: a stack's creation, or its update.

        Raises:
            TemplateFault: CloudFormation would refuse the template.
            ClientError, BotoCoreError: CloudFormation did not answer.
        """
        there = self._stacks.deployed(wish.stack_name)
        name = there.name if there else wish.stack_name
        values = parameter_values(wish.sections, wish.parameters, there.parameters if there else None)
        after = self._stacks.template(wish.sections, values, Named(name, there.stack_id if there else None))
        existing = self._stacks.existing(there) if there else Existing()
        known = served(self._stacks.exports, wish.provider)
        removed = self._stacks.of_removed_stacks(after, existing, known)
        stack_id = there.stack_id if there else self._new_stack_id(name or NEW_STACK)
        lines = self._lines(stack_id, [*requests(after, known, existing), *removed, *after.openings])
        refused = there.refuses_update if there else None
        return self._plan(name or NEW_STACK, there, lines, refused, _advice(after))

    def of_deletion(self, wish: Wish) -> Plan:
        """Plan a stack's deletion, with that of its nested stacks.

        Raises:
            WrongUse: There is no such stack.
            ClientError, BotoCoreError: CloudFormation did not answer.
        """
        there = self._stacks.deployed(wish.stack_name)
        if there is None:
            raise WrongUse(f"there is no stack {wish.stack_name} in {spelled(self._account.place)}")
        known = served(self._stacks.exports, wish.provider)
        lines = self._lines(there.stack_id, self._stacks.of_deletion(there, known))
        return self._plan(there.name, there, lines, there.refuses_deletion)

    def of_change_set(self, name: str, wish: Wish) -> Plan:
        """Plan what a change set would do, with its nested ones.

        Raises:
            ChangeSetFault: It can't be executed.
            ClientError, BotoCoreError: CloudFormation did not answer.
        """
        found = change_sets.read(self._account.cloudformation, name, wish.stack_name, self._clock)
        there = self._stacks.deployed(found.stack_id)
        asked = self._stacks.of_changes(found, served(self._stacks.exports, wish.provider))
        lines = self._lines(found.stack_id, asked)
        refused = there.refuses_update if there else None
        return self._plan(name_of(found.stack_id), there, lines, refused)

    def of_nothing(self, wish: Wish) -> Plan:
        """Make a plan without requests, for an operation that CloudFormation refuses as a whole."""
        there = self._stacks.deployed(wish.stack_name)
        return self._plan(there.name if there else wish.stack_name or NEW_STACK, there, ())

    def _lines(self, stack_id: str, found: Iterable[Asked | Opening]) -> list[Line]:
        """Plan the requests, and add a line for each thing that can't be looked into."""
        parts = list(found)
        asked = self._visible(one for one in parts if isinstance(one, Asked))
        openings = [one for one in parts if isinstance(one, Opening)]
        return [*self._planner(stack_id).plan(asked), *map(_unknown, openings)]

    def _visible(self, asked: Iterable[Asked]) -> list[Asked]:
        """Without credentials nobody knows whether an ARN is of the account."""
        if self._account.known:
            return list(asked)
        return [replace(one, properties=_without_arns(one.properties)) for one in asked]

    def _planner(self, stack_id: str) -> Planner:
        return Planner(self._sources, stack_id, self._clock.now())

    def _new_stack_id(self, name: str) -> str:
        """Make an id that no stack has, so that no record of a stream is this stack's."""
        place = self._account.place
        here = f"arn:{self._account.partition}:cloudformation:{place.region}:{place.account}"
        return f"{here}:stack/{name}/{_NEW_STACK_GUID}"

    def _plan(
        self,
        name: str,
        there: Deployed | None,
        lines: Iterable[Line],
        refused: str | None = None,
        notes: Iterable[str] = (),
    ) -> Plan:
        place = self._account.place
        told = tuple(lines) if self._account.known else tuple(map(_unseen, lines))
        status = there.status if there else None
        account, region = (place.account, place.region) if self._account.known else ("unknown", "unknown")
        return Plan(name, status, account, region, told, tuple(notes), refused)


def spelled(place: Any) -> str:  # noqa: ANN401
    """Name an account and region in a sentence."""
    return f"account {place.account}, region {place.region}"


def _delivered(records: Any) -> Mapping[str, Any]:  # noqa: ANN401
    """Take the request out of the message that an SNS topic delivers where the topic is the ServiceToken."""
    try:
        event = json.loads(records[0]["Sns"]["Message"])
    except (IndexError, KeyError, TypeError, ValueError):
        event = None
    if not isinstance(event, dict):
        raise WrongUse("the event is no message of an SNS topic with a request of CloudFormation's")
    return event


def _unknown(opening: Opening) -> Line:
    reason = f"{opening.reason} is not known before the deployment"
    return Line(opening.name, "?", "", None, None, Verdict.UNKNOWN, reason, line=opening.line)


def _advice(after: Template) -> Iterator[str]:
    for one in after.openings:
        yield f"{one.reason} is not planned here; plan it by a change set (--stack-name or --change-set)"


def _without_arns(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _UNSEEN if name in ("StreamARN", "KeyId") and str(value).startswith("arn:") else value
        for name, value in properties.items()
    }


def _unseen(line: Line) -> Line:
    if line.verdict is not Verdict.NOT_SEEN:
        return line
    return replace(line, verdict=Verdict.UNKNOWN, reason="without credentials nobody looked at the stream and the key")
