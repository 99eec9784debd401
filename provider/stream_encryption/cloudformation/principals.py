"""The principals of Producers and Consumers: the ARNs of roles and users, each fault at once."""

from __future__ import annotations

import re
from typing import Any

from .property_faults import shown

MOST_PRINCIPALS = 50
"""How many principals a property may name: each needs a call to KMS of its own, and room in the stream's record."""

_PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(?:role|user)/[\w+=,.@/-]{1,576}", re.ASCII)


def principals(value: Any) -> tuple[str, ...]:  # noqa: ANN401 (whatever a template says)
    """Read a list of principals; a single one may stand without a list.

    Raises:
        ValueError: Something is no principal that a grant can be made to; the text names all of them.
    """
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list):
        raise ValueError("must be a list of ARNs of roles and users")  # noqa: TRY004 (one kind of fault for all)
    faults = [f"{shown(str(one))} {fault}" for one in listed if (fault := _fault(one))]
    if len(listed) > MOST_PRINCIPALS:
        faults.append(f"names {len(listed)} principals: {MOST_PRINCIPALS} are allowed")
    if faults:
        raise ValueError("; ".join(faults))
    return tuple(dict.fromkeys(listed))


def _fault(principal: object) -> str:
    """Say why no grant can be made to a principal; empty where one can."""
    if not isinstance(principal, str):
        return "is not a string"
    if _PRINCIPAL.fullmatch(principal):
        linked = ":role/aws-service-role/" in principal
        return "is a service-linked role: name the role that the service assumes" if linked else ""
    if "*" in principal:
        return "has a wildcard: name each role or user"
    if principal.endswith(":root"):
        return "is a whole account: name its roles or users"
    if ":sts:" in principal or ":assumed-role/" in principal:
        return "is a session of a role: name the role, arn:aws:iam::<account>:role/<name>"
    if principal.endswith(".amazonaws.com"):
        return "is a service: name the role that the service uses"
    return "is not the ARN of a role or user: arn:aws:iam::<account>:role/<name>"
