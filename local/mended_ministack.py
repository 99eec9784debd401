"""Starts MiniStack with two things mended: it hears how a function ended, and takes an alias for its key.

Run by MiniStack's own Python, not by the harness'. Its proxy for functions takes whatever comes back for a success, and
calls each failure "Runtime.HandlerError". AWS says the function's error by a header, and Step Functions retries and
catches by its name. Its IAM looks for a right on the alias that a call to KMS names. AWS looks for one on the key.
"""

import json
import urllib.request
from typing import Any

from ministack.app import main
from ministack.core import iam_evaluator
from ministack.services import kms, lambda_svc

FUNCTION_ERROR = "X-Amz-Function-Error"


def invoke(_function: dict[str, Any], event: Any, url: str, _request_id: str) -> dict[str, Any]:  # noqa: ANN401
    """Invoke a function where its proxy variable says, as Lambda's Invoke does."""
    request = urllib.request.Request(url, json.dumps(event).encode(), {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request) as reply:  # noqa: S310  # nosec B310  # the harness' own address
        body = json.loads(reply.read() or b"null")
        return {"body": body, "error": True} if reply.headers.get(FUNCTION_ERROR) else {"body": body}


def enforce(caller: str, action: str, service: str, region: str, resource_arn: str = "*", **more: Any) -> Any:  # noqa: ANN401
    """Ask for the caller's right on the key that an alias stands for; that it stands for none, KMS tells anybody."""
    if service == "kms" and ":alias/" in resource_arn:
        key = kms._resolve_key(resource_arn)  # noqa: SLF001 - as its own handlers do
        if key is None:
            return None
        resource_arn = key["Arn"]
    return enforce_on(caller, action, service, region, resource_arn, **more)


enforce_on = iam_evaluator.enforce

if __name__ == "__main__":
    lambda_svc._execute_function_proxy = invoke  # noqa: SLF001 - what is mended
    iam_evaluator.enforce = enforce
    main()
