"""The accounts and regions that a command looks at, one after the other."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .command import FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .account import Access, Account
    from .command import Command
    from .engine import Place

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scope:
    """Which accounts and regions to look at.

    Attributes:
        profiles: The AWS profiles; empty: boto3's own choice.
        all_regions: Look at every region of each account that is enabled, not at one.
    """

    profiles: tuple[str, ...] = ()
    all_regions: bool = False

    @property
    def is_one(self) -> bool:
        """Whether it is one region of one account."""
        return len(self.profiles) <= 1 and not self.all_regions


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """What was found in one account and region.

    Attributes:
        access: How they were reached.
        place: The account and region; None where they could not be looked at.
        found: What was found there; where they could not be looked at, one value that says why not.
    """

    access: Access
    place: Place | None
    found: tuple[T, ...]

    @property
    def name(self) -> str:
        """The account, the region and the profile, as a heading has them."""
        account = f"Account {self.place.account}, " if self.place else ""
        region = self.place.region if self.place else self.access.region
        profile = self.access.profile
        named = f"{account}{f'region {region}' if region else 'all regions'}"
        named += f", profile {profile}" if profile else ""
        return named[0].upper() + named[1:]

    def fields(self) -> dict[str, Any]:
        """The account, the region and the profile, for a program; empty where one is not known."""
        return {
            "profile": self.access.profile or "",
            "account": self.place.account if self.place else "",
            "region": (self.place.region if self.place else self.access.region) or "",
        }


def parts(
    scope: Scope, command: Command, look: Callable[[Account], Iterable[T]], unseen: Callable[[str], T]
) -> Iterator[Part[T]]:
    """Look at every account and region of a scope.

    Args:
        scope: Which.
        command: The command on its way.
        look: Looks at one account and region.
        unseen: Makes the value that says why an account or region could not be looked at.

    Raises:
        Exception: One of FAULTS, where the scope is one region of one account, and that can't be looked at.
    """
    for profile in scope.profiles or (None,):
        mine = command.at(replace(command.access, profile=profile) if profile else command.access)
        if scope.is_one:
            account = mine.account()
            yield Part(mine.access, account.place, tuple(look(account)))
            return
        try:
            accesses = _of_all_regions(mine) if scope.all_regions else [mine.access]
        except FAULTS as error:
            yield Part(replace(mine.access, region=None), None, (unseen(str(error)),))
            continue
        for access in accesses:
            yield _part(mine.at(access), look, unseen)


def _of_all_regions(command: Command) -> list[Access]:
    regions = command.accounts.regions(command.access)
    profile = f"Profile {command.access.profile}: " if command.access.profile else ""
    print(f"{profile}{regions.source}", file=sys.stderr)
    return [replace(command.access, region=name) for name in regions.names]


def _part(command: Command, look: Callable[[Account], Iterable[T]], unseen: Callable[[str], T]) -> Part[T]:
    place = None
    try:
        account = command.account()
        place = account.place
        return Part(command.access, place, tuple(look(account)))
    except FAULTS as error:
        return Part(command.access, place, (unseen(str(error)),))
