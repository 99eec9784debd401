"""What AWS and the network throw, as the real botocore exceptions.

A fault is named by its Kind, so that a schedule of faults can be drawn from all kinds that there are.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

ROLE = "arn:aws:sts::123456789012:assumed-role/stream-encryption-provider/stream-encryption"


class Kind(StrEnum):
    """A fault that can be dealt to a call, whatever state the stream and the key are in."""

    RATE_EXCEEDED = "LimitExceededException: rate"
    DAILY_QUOTA = "LimitExceededException: quota"
    THROTTLING = "ThrottlingException"
    IN_USE = "ResourceInUseException"
    NOT_FOUND = "ResourceNotFoundException"
    INVALID_ARGUMENT = "InvalidArgumentException"
    ACCESS_DENIED = "AccessDeniedException"
    EXPIRED_TOKEN = "ExpiredTokenException"  # noqa: S105 - the name of an error
    EXPIRED_SIGNATURE = "InvalidSignatureException"
    PROVISIONED_THROUGHPUT = "ProvisionedThroughputExceededException"
    REQUEST_LIMIT = "RequestLimitExceeded"
    INTERNAL_SERVER_ERROR = "InternalServerError"
    KMS_NOT_FOUND = "KMSNotFoundException"
    KMS_DISABLED = "KMSDisabledException"
    KMS_INVALID_STATE = "KMSInvalidStateException"
    KMS_ACCESS_DENIED = "KMSAccessDeniedException"
    KMS_OPT_IN_REQUIRED = "KMSOptInRequired"
    KMS_THROTTLING = "KMSThrottlingException"
    KMS_INTERNAL = "KMSInternalException"
    KMS_DEPENDENCY_TIMEOUT = "DependencyTimeoutException"
    INTERNAL_FAILURE = "InternalFailure"
    SERVICE_UNAVAILABLE = "ServiceUnavailable"
    CONNECTION = "EndpointConnectionError"
    CONNECTION_CLOSED = "ConnectionClosedError"
    CONNECT_TIMEOUT = "ConnectTimeoutError"
    READ_TIMEOUT = "ReadTimeoutError"


CONNECTION_FAULTS: Mapping[Kind, Callable[[str], Exception]] = {
    Kind.CONNECTION: lambda url: EndpointConnectionError(endpoint_url=url),
    Kind.CONNECTION_CLOSED: lambda url: ConnectionClosedError(endpoint_url=url),
    Kind.CONNECT_TIMEOUT: lambda url: ConnectTimeoutError(endpoint_url=url),
    Kind.READ_TIMEOUT: lambda url: ReadTimeoutError(endpoint_url=url),
}

# Code, HTTP status, message. All three services speak JSON, where nearly every error is a 400.
# The text of the daily quota's error is documented nowhere; it is known to differ from the rate's.
SERVICE_FAULTS: Mapping[Kind, tuple[str, int, str]] = {
    Kind.RATE_EXCEEDED: (
        "LimitExceededException",
        400,
        "Rate exceeded for stream {stream} under account {account}.",
    ),
    Kind.DAILY_QUOTA: (
        "LimitExceededException",
        400,
        "Stream {stream} under account {account} has exceeded the limit of 25 in a rolling 24-hour period.",
    ),
    Kind.THROTTLING: ("ThrottlingException", 400, "Rate exceeded"),
    Kind.IN_USE: (
        "ResourceInUseException",
        400,
        "Stream {stream} under account {account} not ACTIVE, instead in state UPDATING",
    ),
    Kind.NOT_FOUND: (
        "ResourceNotFoundException",
        400,
        "Stream {stream} under account {account} not found.",
    ),
    Kind.INVALID_ARGUMENT: ("InvalidArgumentException", 400, "{action} was given an invalid argument."),
    Kind.ACCESS_DENIED: (
        "AccessDeniedException",
        400,
        (
            "User: {role} is not authorized to perform: {action} on resource: {resource}"
            " because no identity-based policy allows the {action} action"
        ),
    ),
    Kind.EXPIRED_TOKEN: (
        "ExpiredTokenException",
        400,
        "The security token included in the request is expired",
    ),
    Kind.EXPIRED_SIGNATURE: (
        "InvalidSignatureException",
        400,
        "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z (20260101T001000Z - 5 min.)",
    ),
    Kind.PROVISIONED_THROUGHPUT: (
        "ProvisionedThroughputExceededException",
        400,
        (
            "The level of configured provisioned throughput for the table was exceeded."
            " Consider increasing your provisioning level with the UpdateTable API."
        ),
    ),
    Kind.REQUEST_LIMIT: (
        "RequestLimitExceeded",
        400,
        "Throughput exceeds the current throughput limit for your account.",
    ),
    Kind.INTERNAL_SERVER_ERROR: ("InternalServerError", 500, "The request could not be processed, please retry."),
    Kind.KMS_NOT_FOUND: ("KMSNotFoundException", 400, "Key '{key}' does not exist"),
    Kind.KMS_DISABLED: ("KMSDisabledException", 400, "{key} is disabled."),
    Kind.KMS_INVALID_STATE: ("KMSInvalidStateException", 400, "{key} is pending deletion."),
    Kind.KMS_ACCESS_DENIED: (
        "KMSAccessDeniedException",
        400,
        "User: {role} is not authorized to perform: kms:GenerateDataKey on resource: {key}",
    ),
    Kind.KMS_OPT_IN_REQUIRED: (
        "KMSOptInRequired",
        400,
        "The AWS Access Key Id needs a subscription for the service",
    ),
    Kind.KMS_THROTTLING: (
        "KMSThrottlingException",
        400,
        "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
    ),
    Kind.KMS_INTERNAL: (
        "KMSInternalException",
        500,
        "The request was rejected because of an internal error.",
    ),
    Kind.KMS_DEPENDENCY_TIMEOUT: (
        "DependencyTimeoutException",
        503,
        "The system timed out while trying to fulfill the request.",
    ),
    Kind.INTERNAL_FAILURE: (
        "InternalFailure",
        500,
        "The request processing has failed because of an unknown error.",
    ),
    Kind.SERVICE_UNAVAILABLE: (
        "ServiceUnavailable",
        503,
        "The request has failed due to a temporary failure of the server.",
    ),
}


def client_error(code: str, message: str, action: str, status: int = 400) -> ClientError:
    """Make the ClientError that boto3 raises when the service answers with an error.

    Args:
        code: The error's code, as the service gives it.
        message: The error's text.
        action: The call, as IAM spells it: "kinesis:StartStreamEncryption".
        status: The HTTP status.
    """
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "RequestId": "00000000-0000-4000-8000-000000000000",
                "HostId": "",
                "HTTPStatusCode": status,
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        action.partition(":")[2],
    )


def fault(kind: Kind, action: str, arguments: Mapping[str, Any], account: str, region: str) -> Exception:
    """Make the exception of a kind for one call, worded for what that call was about."""
    connection = CONNECTION_FAULTS.get(kind)
    if connection:
        return connection(f"https://{action.partition(':')[0]}.{region}.amazonaws.com/")
    code, status, message = SERVICE_FAULTS[kind]
    arn = arguments.get("StreamARN", "")
    stream = arguments.get("StreamName") or arn.rpartition("/")[2] or "unnamed"
    key = arguments.get("KeyId", "alias/aws/kinesis")
    words = {
        "stream": stream,
        "account": account,
        "action": action,
        "role": ROLE,
        "key": key,
        "resource": key if action.startswith("kms:") else arn or stream_arn(stream, account, region),
    }
    if action.startswith("dynamodb:"):
        words["resource"] = table_arn(arguments.get("TableName", "unnamed"), account, region)
    return client_error(code, message.format(**words), action, status)


def stream_arn(name: str, account: str, region: str) -> str:
    """Spell a stream's ARN."""
    return f"arn:aws:kinesis:{region}:{account}:stream/{name}"


def table_arn(name: str, account: str, region: str) -> str:
    """Spell a table's ARN."""
    return f"arn:aws:dynamodb:{region}:{account}:table/{name}"


def code_of(error: BaseException) -> str:
    """Name an error in one word: the service's code, or the exception's class."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__
