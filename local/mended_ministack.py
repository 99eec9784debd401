"""Starts MiniStack with four corrections. MiniStack's own Python runs this file, not the harness's.

1. MiniStack takes whatever a function returns for a success, or calls every failure "Runtime.HandlerError". AWS
   reports a function's error by a header, and Step Functions retries and catches errors by their names.
2. MiniStack's IAM checks a permission on the alias that a call to KMS names. AWS checks it on the key behind the alias.
3. MiniStack knows only customer managed keys. On AWS the key behind alias/aws/... is managed by AWS.
4. MiniStack's IAM knows no condition keys of KMS, so a policy with such a condition allows nothing. It gets those of
   CreateGrant. (MiniStack keeps and lists grants; it enforces none.)
"""

import json
import urllib.request
from contextvars import ContextVar
from typing import Any

from ministack.app import main
from ministack.core import iam_actions, iam_evaluator
from ministack.services import kms, lambda_svc

FUNCTION_ERROR = "X-Amz-Function-Error"


def invoke(_function: dict[str, Any], event: Any, url: str, _request_id: str) -> dict[str, Any]:  # noqa: ANN401
    """Invoke a function at the address in its proxy variable, as Lambda's Invoke does."""
    request = urllib.request.Request(url, json.dumps(event).encode(), {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request) as reply:  # noqa: S310  # nosec B310  # the harness's own address
        body = json.loads(reply.read() or b"null")
        return {"body": body, "error": True} if reply.headers.get(FUNCTION_ERROR) else {"body": body}


def enforce(caller: str, action: str, service: str, region: str, resource_arn: str = "*", **more: Any) -> Any:  # noqa: ANN401
    """Check the caller's permission on the key behind an alias. An alias without a key is KMS's NotFoundException."""
    if service == "kms" and ":alias/" in resource_arn:
        key = kms._resolve_key(resource_arn)  # noqa: SLF001 - as its own handlers do
        if key is None:
            return None
        resource_arn = key["Arn"]
    if action == "kms:CreateGrant":
        more["service_context"] = grant_conditions(json.loads(request_body.get() or b"{}"))
    return enforce_on(caller, action, service, region, resource_arn, **more)


def resource_arn(service: str, method: str, path: str, headers: Any, body: bytes, *more: Any) -> Any:  # noqa: ANN401
    """Tell the resource that a request is for, and keep its body for `enforce`."""
    request_body.set(body)
    return resource_arn_of(service, method, path, headers, body, *more)


def grant_conditions(request: dict[str, Any]) -> dict[str, Any]:
    """The condition keys of CreateGrant that the provider's role has."""
    constraints = request.get("Constraints") or {}
    conditions = {"kms:GrantOperations": request.get("Operations") or None}
    for kind, context in constraints.items():
        conditions["kms:GrantConstraintType"] = kind
        conditions |= {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
    return conditions


def key_metadata(record: dict[str, Any]) -> Any:  # noqa: ANN401
    """Describe a key; the one behind alias/aws/... as a key that AWS manages."""
    aliases = [arn for arn, key_id in kms._aliases.items() if key_id == record["KeyId"]]  # noqa: SLF001
    managed = {"KeyManager": "AWS"} if any(":alias/aws/" in arn for arn in aliases) else {}
    return {**describe_key(record), **managed}


request_body: ContextVar[bytes] = ContextVar("request_body", default=b"")
resource_arn_of = iam_actions.extract_resource_arn
enforce_on = iam_evaluator.enforce
describe_key = kms._key_metadata  # noqa: SLF001

if __name__ == "__main__":
    lambda_svc._execute_function_proxy = invoke  # noqa: SLF001 - corrected here
    kms._key_metadata = key_metadata  # noqa: SLF001 - corrected here
    iam_evaluator.enforce = enforce
    iam_actions.extract_resource_arn = resource_arn
    main()
