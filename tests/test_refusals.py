"""What each refusal by AWS means: every code that botocore's own model knows, and whatever else can come back."""

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

from stream_encryption.model import Refusal, RefusalKind
from stream_encryption.refusals import Refused, refusals
from tests.builders import STREAM_ARN
from tests.fake_errors import SERVICE_FAULTS, Kind, client_error

if TYPE_CHECKING:
    from botocore.model import StructureShape

CALLS = {
    "kinesis": (
        "StartStreamEncryption",
        "StopStreamEncryption",
        "DescribeStreamSummary",
        "ListTagsForStream",
        "AddTagsToStream",
        "RemoveTagsFromStream",
        "PutRecord",
    ),
    "kms": ("DescribeKey",),
}

MEANT = {
    "ResourceInUseException": RefusalKind.BUSY,
    "ResourceNotFoundException": RefusalKind.MISSING,
    "LimitExceededException": RefusalKind.LIMIT,
    "ProvisionedThroughputExceededException": RefusalKind.THROTTLED,
    "KMSThrottlingException": RefusalKind.THROTTLED,
    "KMSNotFoundException": RefusalKind.KEY,
    "KMSDisabledException": RefusalKind.KEY,
    "KMSInvalidStateException": RefusalKind.KEY,
    "KMSAccessDeniedException": RefusalKind.KEY,
    "KMSOptInRequired": RefusalKind.KEY,
    "AccessDeniedException": RefusalKind.DENIED,
    "InvalidArgumentException": RefusalKind.INVALID,
    "InternalFailureException": RefusalKind.TRANSIENT,
    "DependencyTimeoutException": RefusalKind.TRANSIENT,
    "KMSInternalException": RefusalKind.TRANSIENT,
    # No key of that name (KMS says it in words that keys.py reads), and a dry run, which is never asked for.
    "NotFoundException": RefusalKind.INVALID,
    "InvalidArnException": RefusalKind.INVALID,
    "DryRunOperationException": RefusalKind.INVALID,
}
"""What each code in botocore's model is to mean, on purpose."""

# "Common errors" of the services' API references: no model lists them.
COMMON = {
    "ThrottlingException": RefusalKind.THROTTLED,
    "Throttling": RefusalKind.THROTTLED,
    "ThrottledException": RefusalKind.THROTTLED,
    "RequestLimitExceeded": RefusalKind.THROTTLED,
    "TooManyRequestsException": RefusalKind.THROTTLED,
    "AccessDenied": RefusalKind.DENIED,
    "InternalFailure": RefusalKind.TRANSIENT,
    "InternalServerError": RefusalKind.TRANSIENT,
    "ServiceUnavailable": RefusalKind.TRANSIENT,
    "RequestTimeout": RefusalKind.TRANSIENT,
    "ValidationException": RefusalKind.INVALID,
    "ExpiredTokenException": RefusalKind.INVALID,
    "UnrecognizedClientException": RefusalKind.INVALID,
}


def refused(error: Exception, action: str = "kinesis:StartStreamEncryption") -> Refusal:
    """Tell what an exception becomes."""
    with pytest.raises(Refused) as caught, refusals(action, STREAM_ARN):
        raise error
    # The exception of botocore's own would drag its request, and that its headers, into every traceback.
    assert caught.value.__suppress_context__
    return caught.value.refusal


def codes_in_botocore() -> set[str]:
    """Every error code of our calls in the services' own descriptions."""
    session = botocore.session.get_session()
    return {
        cast("StructureShape", shape).error_code
        for service, names in CALLS.items()
        for name in names
        for shape in session.get_service_model(service).operation_model(name).error_shapes
    }


def test_every_error_of_our_calls_in_botocore_s_model_has_a_meaning_on_purpose() -> None:
    """A new botocore may know a new code: then somebody has to say here what it means. None may be left over."""
    assert codes_in_botocore() == set(MEANT)


@pytest.mark.parametrize("code", [*MEANT, *COMMON])
def test_a_code_means_what_the_contract_s_table_of_errors_says(code: str) -> None:
    """The contract's table of errors: what comes back, and what we do."""
    kind = {**MEANT, **COMMON}[code]
    assert refused(client_error(code, "words", "kinesis:StartStreamEncryption")).kind is kind


def test_a_refusal_tells_the_call_the_resource_and_the_service_s_own_words() -> None:
    """The contract: AccessDenied names the action and the ARN; InvalidArgument passes the service's message on."""
    error = client_error("InvalidArgumentException", "no such thing", "kinesis:StopStreamEncryption")
    assert refused(error, "kinesis:StopStreamEncryption") == Refusal(
        "kinesis:StopStreamEncryption",
        STREAM_ARN,
        RefusalKind.INVALID,
        "InvalidArgumentException",
        "no such thing",
        maybe_done=False,
    )


def test_a_refusal_as_an_exception_reads_as_one_sentence() -> None:
    """Where it is not caught it becomes a Reason."""
    with (
        pytest.raises(Refused, match=r"^kms:DescribeKey: NotFoundException: no key$"),
        refusals("kms:DescribeKey", "k"),
    ):
        raise client_error("NotFoundException", "no key", "kms:DescribeKey")


def test_the_service_s_message_stands_within_a_sentence_of_ours() -> None:
    """Errors are for people: they do not end in two full stops."""
    assert refused(client_error("InvalidArgumentException", "Not so.", "x:Y")).message == "Not so"


@pytest.mark.parametrize("message", ["Rate exceeded for stream orders under account 1.", "RATE EXCEEDED"])
def test_a_limit_that_calls_itself_a_rate_is_a_throttle(message: str) -> None:
    """The contract: LimitExceededException "Rate exceeded" passes; the daily quota does not."""
    assert refused(client_error("LimitExceededException", message, "x:Y")).kind is RefusalKind.THROTTLED


def test_a_limit_that_does_not_is_a_limit() -> None:
    """The contract: LimitExceededException otherwise is waited for two minutes at most."""
    _, _, message = SERVICE_FAULTS[Kind.DAILY_QUOTA]
    assert refused(client_error("LimitExceededException", message, "x:Y")).kind is RefusalKind.LIMIT


def test_a_rate_in_the_words_of_another_error_changes_nothing() -> None:
    """Only one code has two meanings."""
    assert refused(client_error("InvalidArgumentException", "Rate exceeded", "x:Y")).kind is RefusalKind.INVALID


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
    status: int,
    kind: RefusalKind,
    maybe_done: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """The contract: connection errors, time-outs, 5xx, InternalFailure: back off and go on until the deadline."""
    refusal = refused(client_error("BrandNewException", "words", "x:Y", status))
    assert (refusal.kind, refusal.maybe_done) == (kind, maybe_done)


def test_a_known_code_keeps_its_meaning_with_a_5xx_and_may_have_been_done() -> None:
    """A service that failed may have done its work first; what it says is wrong is wrong all the same."""
    refusal = refused(client_error("AccessDeniedException", "words", "x:Y", 500))
    assert (refusal.kind, refusal.maybe_done) == (RefusalKind.DENIED, True)


def test_an_answer_without_code_message_or_status_is_a_refusal_for_good() -> None:
    """Something between us and AWS answered: what can't be read is never taken for a success."""
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
def test_a_connection_that_fails_is_tried_again_and_may_have_done_its_work_once_it_stood(
    error: BotoCoreError,
    maybe_done: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """A Start whose answer was lost has begun: to take it for not done would be a second Start."""
    refusal = refused(error)
    assert refusal == Refusal(
        "kinesis:StartStreamEncryption",
        STREAM_ARN,
        RefusalKind.TRANSIENT,
        type(error).__name__,
        str(error),
        maybe_done=maybe_done,
    )


def test_what_is_no_refusal_of_aws_passes() -> None:
    """A fault of our own must not be waited for."""
    with pytest.raises(ZeroDivisionError), refusals("x:Y", "z"):
        raise ZeroDivisionError


def test_a_call_that_succeeds_is_left_alone() -> None:
    """Nothing is raised where nothing was refused."""
    with refusals("x:Y", "z"):
        answer = 7
    assert answer == 7


def test_a_call_that_boto3_itself_refuses_was_never_sent_and_will_not_be() -> None:
    """Errors: an argument that no service would take is invalid for good, not a connection that may come back."""
    with pytest.raises(Refused) as refused, refusals("kms:DescribeKey", "x"):
        raise ParamValidationError(report="Invalid length for parameter KeyId")
    assert (refused.value.refusal.kind, refused.value.refusal.maybe_done) == (RefusalKind.INVALID, False)
