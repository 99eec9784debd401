"""The meaning of each refusal by AWS: every code that botocore's own model knows, and whatever else can come back."""

from typing import TYPE_CHECKING, cast

import botocore.session
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
)

from stream_encryption.aws.service_errors import Refused, refusals
from stream_encryption.values import Refusal, RefusalKind
from tests.builders import STREAM_ARN
from tests.fake_errors import SERVICE_FAULTS, Kind, client_error

if TYPE_CHECKING:
    from botocore.model import StructureShape

CALLS = {
    "kinesis": (
        "StartStreamEncryption",
        "StopStreamEncryption",
        "DescribeStreamSummary",
        "DescribeStream",
        "PutRecord",
    ),
    "kms": ("DescribeKey", "CreateGrant", "RevokeGrant", "ListGrants"),
    "dynamodb": ("GetItem", "PutItem"),
}

MODELLED = {
    RefusalKind.BUSY: ["ResourceInUseException"],
    RefusalKind.MISSING: ["ResourceNotFoundException"],
    RefusalKind.LIMIT: ["LimitExceededException"],
    RefusalKind.THROTTLED: [
        "ProvisionedThroughputExceededException",
        "KMSThrottlingException",
        "RequestLimitExceeded",
        "ThrottlingException",
    ],
    RefusalKind.KEY: [
        "KMSNotFoundException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSAccessDeniedException",
        "KMSOptInRequired",
        "DisabledException",
        "NotFoundException",
    ],
    RefusalKind.DENIED: ["AccessDeniedException"],
    RefusalKind.CONFLICT: ["ConditionalCheckFailedException"],
    RefusalKind.TRANSIENT: [
        "InternalFailureException",
        "DependencyTimeoutException",
        "KMSInternalException",
        "InternalServerError",
    ],
    # A dry run, grant tokens, transactions and collections are never asked for; a wrong marker, never sent.
    RefusalKind.INVALID: [
        "InvalidArgumentException",
        "InvalidArnException",
        "InvalidGrantIdException",
        "InvalidGrantTokenException",
        "InvalidMarkerException",
        "DryRunOperationException",
        "ItemCollectionSizeLimitExceededException",
        "TransactionConflictException",
        "ReplicatedWriteConflictException",
    ],
}
"""The meaning of each code in botocore's model, on purpose."""

COMMON = {
    RefusalKind.THROTTLED: ["Throttling", "ThrottledException", "TooManyRequestsException"],
    RefusalKind.DENIED: ["AccessDenied"],
    RefusalKind.TRANSIENT: ["InternalFailure", "ServiceUnavailable", "RequestTimeout", "RequestExpired"],
    RefusalKind.CREDENTIALS: [
        "ExpiredTokenException",
        "ExpiredToken",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
    ],
    RefusalKind.INVALID: ["ValidationException", "SignatureDoesNotMatch"],
}
"""The "Common errors" of the services' API references: no model lists them."""

MEANT = {code: kind for table in (MODELLED, COMMON) for kind, codes in table.items() for code in codes}


def refused(error: Exception, action: str = "kinesis:StartStreamEncryption") -> Refusal:
    """The refusal that an exception becomes."""
    with pytest.raises(Refused) as caught, refusals(action, STREAM_ARN):
        raise error
    # The exception of botocore's own would drag its request, and the headers of that, into every traceback.
    assert caught.value.__suppress_context__
    return caught.value.refusal


def codes_in_botocore() -> set[str]:
    """Every error code of the provider's calls in the services' own descriptions."""
    session = botocore.session.get_session()
    return {
        cast("StructureShape", shape).error_code
        for service, names in CALLS.items()
        for name in names
        for shape in session.get_service_model(service).operation_model(name).error_shapes
    }


def test_every_error_in_botocores_model_has_a_meaning_on_purpose() -> None:
    """A new botocore may know a new code: then somebody has to say here what it means. None may be left over."""
    assert codes_in_botocore() == {code for codes in MODELLED.values() for code in codes}


@pytest.mark.parametrize("code", MEANT)
def test_a_code_means_what_the_contracts_table_of_errors_says(code: str) -> None:
    """Errors: what comes back, and what is done."""
    assert refused(client_error(code, "words", "kinesis:StartStreamEncryption")).kind is MEANT[code]


def test_an_arn_that_create_grant_refuses_is_the_principals() -> None:
    """Promise 9: a role of seconds ago is refused so; the key's ARN was looked up before."""
    error = client_error("InvalidArnException", "ARN does not refer to a valid principal", "kms:CreateGrant")
    assert refused(error, "kms:CreateGrant").kind is RefusalKind.PRINCIPAL


def test_a_refusal_tells_the_call_the_resource_and_the_services_own_words() -> None:
    """Errors: AccessDenied names the action and the ARN; InvalidArgument passes the service's message on."""
    error = client_error("InvalidArgumentException", "no such thing.", "kinesis:StopStreamEncryption")
    assert refused(error, "kinesis:StopStreamEncryption") == Refusal(
        "kinesis:StopStreamEncryption", STREAM_ARN, RefusalKind.INVALID, "InvalidArgumentException", "no such thing"
    )


def test_a_refusal_as_an_exception_reads_as_one_sentence() -> None:
    """Where it is not caught it becomes a Reason."""
    with (
        pytest.raises(Refused, match=r"^kms:DescribeKey: NotFoundException: no key$"),
        refusals("kms:DescribeKey", "k"),
    ):
        raise client_error("NotFoundException", "no key", "kms:DescribeKey")


@pytest.mark.parametrize("message", ["Rate exceeded for stream orders under account 1.", "RATE EXCEEDED"])
def test_a_limit_that_calls_itself_a_rate_is_a_throttle(message: str) -> None:
    """Errors: LimitExceededException "Rate exceeded" passes; the daily quota does not."""
    assert refused(client_error("LimitExceededException", message, "x:Y")).kind is RefusalKind.THROTTLED
    assert refused(client_error("InvalidArgumentException", message, "x:Y")).kind is RefusalKind.INVALID


def test_a_limit_that_does_not_is_a_limit() -> None:
    """Errors: LimitExceededException otherwise is waited for two minutes at most."""
    _, _, message = SERVICE_FAULTS[Kind.DAILY_QUOTA]
    assert refused(client_error("LimitExceededException", message, "x:Y")).kind is RefusalKind.LIMIT


@pytest.mark.parametrize("code", ["InvalidSignatureException", "SignatureDoesNotMatch"])
def test_a_signature_that_expired_on_the_way_passes(code: str) -> None:
    """Promise 9: an expired signature is transient; a wrong one is not."""
    assert refused(client_error(code, "Signature EXPIRED: x is now earlier", "x:Y")).kind is RefusalKind.TRANSIENT
    assert refused(client_error(code, "The signature does not match", "x:Y")).kind is RefusalKind.INVALID
    assert refused(client_error("ValidationException", "expired", "x:Y")).kind is RefusalKind.INVALID


def test_a_table_that_is_not_found_is_no_missing_stream() -> None:
    """Error RecordUnavailable: the record can't be read, so nothing is known."""
    error = client_error("ResourceNotFoundException", "no table", "dynamodb:GetItem")
    assert refused(error, "dynamodb:GetItem").kind is RefusalKind.RECORD
    assert refused(error, "kinesis:PutRecord").kind is RefusalKind.MISSING


@pytest.mark.parametrize(
    ("status", "kind", "maybe_done"),
    [
        (400, RefusalKind.INVALID, False),
        (499, RefusalKind.INVALID, False),
        (500, RefusalKind.TRANSIENT, True),
        (503, RefusalKind.TRANSIENT, True),
    ],
)
def test_an_unknown_code_is_for_good_unless_its_status_is_a_5xx(
    status: int, kind: RefusalKind, *, maybe_done: bool
) -> None:
    """Errors: connection errors, time-outs, 5xx, InternalFailure: back off and go on until the deadline."""
    refusal = refused(client_error("BrandNewException", "words", "x:Y", status))
    assert (refusal.kind, refusal.maybe_done) == (kind, maybe_done)


def test_a_known_code_keeps_its_meaning_with_a_5xx_and_may_have_been_done() -> None:
    """A service that failed may have done its work first; its code is believed all the same."""
    refusal = refused(client_error("AccessDeniedException", "words", "x:Y", 500))
    assert (refusal.kind, refusal.maybe_done) == (RefusalKind.DENIED, True)


def test_a_response_without_code_message_or_status_is_a_refusal_for_good() -> None:
    """A proxy on the way answered: what can't be read is never taken for a success."""
    refusal = refused(ClientError({}, "StartStreamEncryption"))
    assert (refusal.kind, refusal.code, refusal.message) == (RefusalKind.INVALID, "Unknown", "")
    assert refusal.maybe_done is False


@pytest.mark.parametrize(
    ("error", "maybe_done"),
    [
        (EndpointConnectionError(endpoint_url="https://kinesis/"), False),
        (ConnectTimeoutError(endpoint_url="https://kinesis/"), False),
        (ReadTimeoutError(endpoint_url="https://kinesis/"), True),
        (ConnectionClosedError(endpoint_url="https://kinesis/"), True),
    ],
)
def test_a_connection_that_failed_is_tried_again_and_may_have_done_its_work_once_it_stood(
    error: BotoCoreError, *, maybe_done: bool
) -> None:
    """A Start whose response was lost may have begun: to take it for not done would be a second Start."""
    assert refused(error) == Refusal(
        "kinesis:StartStreamEncryption",
        STREAM_ARN,
        RefusalKind.TRANSIENT,
        type(error).__name__,
        str(error),
        maybe_done=maybe_done,
    )


def test_a_call_that_boto3_itself_refuses_was_never_sent_and_will_not_be() -> None:
    """Errors: an argument that no service would take is invalid for good, not a connection that may come back."""
    error = ParamValidationError(report="Invalid length for parameter KeyId")
    assert refused(error) == Refusal(
        "kinesis:StartStreamEncryption", STREAM_ARN, RefusalKind.INVALID, "ParamValidationError", str(error)
    )


def test_an_exception_that_is_no_refusal_of_aws_passes() -> None:
    """A fault of the provider's own must not be waited for."""
    with pytest.raises(ZeroDivisionError), refusals("x:Y", "z"):
        raise ZeroDivisionError


def test_a_call_that_succeeds_is_left_alone() -> None:
    """Nothing is raised where nothing was refused."""
    with refusals("x:Y", "z"):
        response = 7
    assert response == 7
