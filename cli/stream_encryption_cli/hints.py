"""Whether a principal may use a stream's key: a hint, by IAM's simulation and the key's policy, of three values.

No call of AWS answers that for another principal. `unknown` is common: a condition, a session policy, a service
control policy or another account's IAM can decide.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping

ALLOWED, DENIED, UNKNOWN = "allowed", "denied", "unknown"
_ACTIONS = {"Producer": "kms:GenerateDataKey", "Consumer": "kms:Decrypt"}


@dataclass(frozen=True, slots=True)
class Hints:
    """Asks IAM and KMS about some principals.

    Attributes:
        iam: A client that can only look.
        kms: A client that can only look.
        principals: The ARNs that are asked about.
    """

    iam: Any
    kms: Any
    principals: tuple[str, ...] = ()

    def of(self, principal: str, direction: str, key: str, stream: str) -> str:
        """Tell whether a principal may write to, or read from, a stream with a key; empty where nobody asks.

        Args:
            principal: The ARN of a role or user.
            direction: Producer or Consumer.
            key: The key's ARN.
            stream: The stream's ARN.
        """
        if principal not in self.principals:
            return ""
        try:
            (result,) = self.iam.simulate_principal_policy(
                PolicySourceArn=principal,
                ActionNames=[_ACTIONS[direction]],
                ResourceArns=[key],
                ContextEntries=_context(key, stream),
            )["EvaluationResults"]
            policy = json.loads(self.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
        except (BotoCoreError, ClientError):
            return UNKNOWN
        return hint(result["EvalDecision"], policy, principal, _ACTIONS[direction])


def hint(decision: str, policy: Mapping[str, Any], principal: str, action: str) -> str:
    """Put IAM's decision and the key's policy together.

    Args:
        decision: allowed, explicitDeny or implicitDeny, by the principal's own policies.
        policy: The key's policy.
        principal: The ARN of the role or user.
        action: The call, as IAM spells it.
    """
    if decision == "explicitDeny":
        return DENIED
    matching = [one for one in _several(policy["Statement"]) if _is_about(one, principal, action)]
    if any(one["Effect"] == "Deny" for one in matching):
        return UNKNOWN if any("Condition" in one for one in matching) else DENIED
    if any("Condition" in one for one in matching):
        return UNKNOWN
    if any(principal in _principals(one) for one in matching):
        return ALLOWED
    root = f"arn:{principal.split(':')[1]}:iam::{principal.split(':')[4]}:root"
    lets_iam_decide = any(root in _principals(one) for one in matching)
    return ALLOWED if lets_iam_decide and decision == "allowed" else UNKNOWN


def _is_about(statement: Mapping[str, Any], principal: str, action: str) -> bool:
    """Tell whether a statement can decide about a call; one in other words than these may always."""
    account = principal.split(":")[4]
    named = _principals(statement)
    about = any(one in ("*", principal, account) or one.endswith(f"::{account}:root") for one in named)
    actions = _several(statement.get("Action", "*"))
    return (about or "NotPrincipal" in statement) and any(
        one in ("*", "kms:*", action) or (one.endswith("*") and action.startswith(one[:-1])) for one in actions
    )


def _principals(statement: Mapping[str, Any]) -> list[str]:
    given = statement.get("Principal", {})
    return ["*"] if given == "*" else _several(given.get("AWS", []))


def _several(value: Any) -> list[Any]:  # noqa: ANN401 (a policy's one or more of something)
    return value if isinstance(value, list) else [value]


def _context(key: str, stream: str) -> list[dict[str, Any]]:
    """What Kinesis' call to KMS has, so that conditions on it are met."""
    region = key.split(":")[3]
    entries = {"kms:ViaService": f"kinesis.{region}.amazonaws.com", "kms:EncryptionContext:aws:kinesis:arn": stream}
    return [
        {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for name, value in entries.items()
    ]
