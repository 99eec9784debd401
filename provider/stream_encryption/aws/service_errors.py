"""The meaning of the errors that AWS returns: the one place where botocore's exceptions become values.

Sources: the API references of StartStreamEncryption, StopStreamEncryption, DescribeStreamSummary, PutRecord and
DescribeKey, CreateGrant, RevokeGrant, ListGrants, PutItem and GetItem, and the "Common errors" page of each service.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
)

from stream_encryption.values import Refusal, RefusalKind

_CODES = {
    RefusalKind.BUSY: ["ResourceInUseException"],
    RefusalKind.MISSING: ["ResourceNotFoundException"],
    RefusalKind.THROTTLED: [
        *("ThrottlingException", "Throttling", "ThrottledException", "KMSThrottlingException"),
        *("RequestLimitExceeded", "TooManyRequestsException", "ProvisionedThroughputExceededException"),
    ],
    RefusalKind.LIMIT: ["LimitExceededException"],
    RefusalKind.CONFLICT: ["ConditionalCheckFailedException"],
    RefusalKind.KEY: [
        *("KMSNotFoundException", "KMSDisabledException", "KMSInvalidStateException"),
        *("KMSAccessDeniedException", "KMSOptInRequired", "DisabledException", "NotFoundException"),
    ],
    RefusalKind.PRINCIPAL: ["InvalidArnException"],
    RefusalKind.DENIED: ["AccessDeniedException", "AccessDenied"],
    RefusalKind.CREDENTIALS: [
        *("ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId"),
    ],
    RefusalKind.TRANSIENT: [
        *("InternalFailure", "InternalFailureException", "InternalServerError", "KMSInternalException"),
        *("DependencyTimeoutException", "ServiceUnavailable", "RequestTimeout", "RequestExpired"),
    ],
}
_KINDS = {code: kind for kind, codes in _CODES.items() for code in codes}
"""The meaning of each error code. An error that is not listed is final, unless its HTTP status is a 5xx."""

_SIGNATURES = ("InvalidSignatureException", "SignatureDoesNotMatch")
"""A signature that has expired, by its message: the call was under way for too long, and a new one is in time."""

_NEVER_SENT = (EndpointConnectionError, ConnectTimeoutError)


class Refused(Exception):
    """AWS did not carry a call out, or did not answer it."""

    def __init__(self, refusal: Refusal) -> None:
        """Keep the refusal as a value."""
        super().__init__(f"{refusal.action}: {refusal.code}: {refusal.message}")
        self.refusal = refusal


@contextmanager
def refusals(action: str, resource: str) -> Iterator[None]:
    """Turn whatever botocore raises inside into Refused.

    Args:
        action: The call, as IAM spells it.
        resource: The stream or key that it is for.

    Raises:
        Refused: The call failed.
    """
    try:
        yield
    except ClientError as error:
        raise Refused(_of_service(action, resource, error.response)) from None
    except ParamValidationError as error:
        raise Refused(Refusal(action, resource, RefusalKind.INVALID, "ParamValidationError", str(error))) from None
    except BotoCoreError as error:
        lost = not isinstance(error, _NEVER_SENT)
        code = type(error).__name__
        raise Refused(Refusal(action, resource, RefusalKind.TRANSIENT, code, str(error), lost)) from None


def _of_service(action: str, resource: str, response: Any) -> Refusal:  # noqa: ANN401 (botocore's own dictionary)
    code = response.get("Error", {}).get("Code", "Unknown")
    message = response.get("Error", {}).get("Message", "").rstrip(". ")  # it stands within a sentence of ours
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", HTTPStatus.BAD_REQUEST)
    failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    kind = _KINDS.get(code, RefusalKind.TRANSIENT if failed else RefusalKind.INVALID)
    # One code, two meanings: a rate that passes in a second, and the day's quota, which does not.
    if kind is RefusalKind.LIMIT and "rate exceeded" in message.lower():
        kind = RefusalKind.THROTTLED
    if code in _SIGNATURES and "expired" in message.lower():
        kind = RefusalKind.TRANSIENT
    if kind is RefusalKind.PRINCIPAL and action != "kms:CreateGrant":
        kind = RefusalKind.INVALID  # only there it is the principal's ARN
    if kind in (RefusalKind.MISSING, RefusalKind.KEY) and action.startswith("dynamodb:"):
        kind = RefusalKind.RECORD  # the table or its key, not a stream's
    return Refusal(action, resource, kind, code, message, maybe_done=failed)
