"""Requests that CloudFormation itself refuses, so that the provider never gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .requests import CREATE, UPDATE
from .template.unknown import Unknown

if TYPE_CHECKING:
    from .requests import Asked

TOKEN_CHANGED = "ServiceTokenChanged"  # noqa: S105  # nosec B105  # a code
TOKEN_MISSING = "ServiceTokenMissing"  # noqa: S105  # nosec B105
TYPE_CHANGED = "TypeChanged"


def refusal(asked: Asked) -> tuple[str, str] | None:
    """Give the code and the sentence of CloudFormation's own refusal; None where it would send the request."""
    if asked.event not in (CREATE, UPDATE):
        return None
    token, before = asked.properties.get("ServiceToken"), asked.old_properties.get("ServiceToken")
    if asked.old_type and asked.old_type != asked.type:
        return TYPE_CHANGED, (
            f"CloudFormation never changes a resource's type, here from {asked.old_type} to {asked.type}: "
            "give the new resource a new logical id"
        )
    if token is None and asked.opened is None:
        return TOKEN_MISSING, "a custom resource needs a ServiceToken: the ARN of the provider's function"
    if isinstance(token, str) and isinstance(before, str) and token != before:
        return TOKEN_CHANGED, (
            f'CloudFormation answers "Modifying service token is not allowed" to the change from {before} to {token}: '
            "give the resource a new logical id; the new resource then takes the stream over, and the old one leaves it"
        )
    return None


def token_in_doubt(asked: Asked) -> bool:
    """Tell whether an update's ServiceToken may change, which CloudFormation refuses."""
    token, before = asked.properties.get("ServiceToken"), asked.old_properties.get("ServiceToken")
    steady = all(one.steady for one in (token, before) if isinstance(one, Unknown))
    return asked.event == UPDATE and before is not None and (token != before or not steady)
