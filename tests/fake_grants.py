"""The grants of a fake KMS: who may use which key, by a grant or by the key's policy.

Unlike an embedded KMS this one enforces grants: their principal, their operations and their encryption context.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fake_errors import client_error

MOST_OF_A_KEY = 50_000
"""How many grants a key may have. Source: KMS Developer Guide, "Resource quotas"."""
PAGE = 50


@dataclass(slots=True)
class Grant:
    """A grant on a key, as ListGrants shows it; `effective_from` models that KMS is eventually consistent."""

    grant_id: str
    key: str  # the key's ARN
    principal: str
    operations: tuple[str, ...]
    context: Mapping[str, str]  # of EncryptionContextSubset
    name: str
    made_at: float
    effective_from: float

    def allows(self, operation: str, principal: str, context: Mapping[str, str]) -> bool:
        """Tell whether it lets a principal do something with an encryption context."""
        if principal != self.principal or operation not in self.operations:
            return False
        return all(context.get(name) == value for name, value in self.context.items())

    @property
    def listed(self) -> dict[str, Any]:
        """Its entry in ListGrants."""
        return {
            "KeyId": self.key,
            "GrantId": self.grant_id,
            "Name": self.name,
            "GranteePrincipal": self.principal,
            "Operations": list(self.operations),
            "Constraints": {"EncryptionContextSubset": dict(self.context)},
        }


@dataclass(slots=True)
class Grants:
    """All grants of a region's keys; `history` has those that were made, revoked ones too."""

    unknown_principals: set[str] = field(default_factory=set)  # IAM made them seconds ago, or never
    most_of_a_key: int = MOST_OF_A_KEY
    takes_effect_after: float = 0.0
    history: list[Grant] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)  # ids

    @property
    def all(self) -> list[Grant]:
        """Those that are not revoked."""
        return [grant for grant in self.history if grant.grant_id not in self.revoked]

    def create(self, key: str, arguments: Mapping[str, Any], now: float) -> Grant:
        """Make a grant; the same request under the same Name again gives the same grant."""
        principal = arguments["GranteePrincipal"]
        if principal in self.unknown_principals:
            raise client_error("InvalidArnException", f"ARN does not refer to a valid principal: {principal}", CREATE)
        asked = (
            key,
            principal,
            tuple(arguments["Operations"]),
            arguments.get("Constraints", {}).get("EncryptionContextSubset", {}),
            arguments.get("Name", ""),
        )
        for one in self.all:
            if one.name and asked == (one.key, one.principal, one.operations, one.context, one.name):
                return one
        if len([one for one in self.all if one.key == key]) >= self.most_of_a_key:
            raise client_error("LimitExceededException", "You have exceeded the number of grants", CREATE)
        grant = Grant(f"{len(self.history) + 1:064x}", *asked, now, now + self.takes_effect_after)
        self.history.append(grant)
        return grant

    def revoke(self, key: str, grant_id: str) -> None:
        """End a grant of this key."""
        if not any(one.grant_id == grant_id and one.key == key for one in self.all):
            raise client_error("NotFoundException", f"Grant ID {grant_id} not found", "kms:RevokeGrant")
        self.revoked.append(grant_id)

    def page(self, key: str, principal: str | None, after: str | None) -> dict[str, Any]:
        """Give a page of ListGrants."""
        found = [one for one in self.all if one.key == key and principal in (None, one.principal)]
        start = int(after or 0)
        page: dict[str, Any] = {"Grants": [one.listed for one in found[start : start + PAGE]], "Truncated": False}
        if start + PAGE < len(found):
            page |= {"Truncated": True, "NextMarker": str(start + PAGE)}
        return page

    def allow(self, key: str, operation: str, principal: str, context: Mapping[str, str], now: float) -> bool:
        """Tell whether a grant that has taken effect lets a principal use a key."""
        return any(
            one.key == key and one.effective_from <= now and one.allows(operation, principal, context)
            for one in self.all
        )


CREATE = "kms:CreateGrant"
