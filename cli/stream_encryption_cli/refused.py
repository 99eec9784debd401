"""Requests that CloudFormation itself refuses, so that the provider never gets them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .requests import CREATE, UPDATE

if TYPE_CHECKING:
    from .requests import Asked

TOKEN_CHANGED = "ServiceTokenChanged"  # noqa: S105  # nosec B105  # a code
TOKEN_MISSING = "ServiceTokenMissing"  # noqa: S105  # nosec B105
TOKEN_IS_TOPIC = "ServiceTokenIsTopic"  # noqa: S105  # nosec B105
TYPE_CHANGED = "TypeChanged"

_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:.*")


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
    if isinstance(token, str) and _TOPIC.fullmatch(token):
        return TOKEN_IS_TOPIC, (
            f"the ServiceToken {token} is an SNS topic, and the provider takes requests only from CloudFormation "
            "itself: name the ARN of the provider's function"
        )
    return None
