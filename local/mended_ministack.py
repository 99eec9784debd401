"""Starts MiniStack with one thing mended: it hears how a function ended.

Run by MiniStack's own Python, not by the harness'. Its proxy for functions takes whatever comes back for a success, and
calls each failure "Runtime.HandlerError". AWS says the function's error by a header, and Step Functions retries and
catches by its name.
"""

import json
import urllib.request
from typing import Any

from ministack.app import main
from ministack.services import lambda_svc

FUNCTION_ERROR = "X-Amz-Function-Error"


def invoke(_function: dict[str, Any], event: Any, url: str, _request_id: str) -> dict[str, Any]:  # noqa: ANN401
    """Invoke a function where its proxy variable says, as Lambda's Invoke does."""
    request = urllib.request.Request(url, json.dumps(event).encode(), {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request) as reply:  # noqa: S310 - the harness' own address
        body = json.loads(reply.read() or b"null")
        return {"body": body, "error": True} if reply.headers.get(FUNCTION_ERROR) else {"body": body}


if __name__ == "__main__":
    lambda_svc._execute_function_proxy = invoke  # noqa: SLF001 - what is mended
    main()
