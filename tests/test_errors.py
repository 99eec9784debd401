"""Every error: its code, and that it says what happened, on which stream, and what to do about it."""

import pytest

from stream_encryption import errors
from stream_encryption.values import Owner, Place, Refusal, RefusalKind, Stream, StreamRef, StreamStatus
from tests.builders import ACCOUNT, LOGICAL_ID, REGION, STACK_ID, STREAM_ARN
from tests.fake_clock import NEW_YEAR_2026

REF = StreamRef("orders")
STREAM = Stream("orders", STREAM_ARN, StreamStatus.ACTIVE, None)
OWNER = Owner(STACK_ID, LOGICAL_ID)
START = "kinesis:StartStreamEncryption"


def refusal(action: str = START, code: str = "SomeException", message: str = "some words") -> Refusal:
    """A call on the stream that AWS refused."""
    return Refusal(action, STREAM_ARN, RefusalKind.INVALID, code, message)


ALL: dict[str, tuple[errors.ProviderError, list[str]]] = {
    "InvalidRequest": (errors.InvalidRequest("RequestType 'x' is not one."), ["RequestType 'x'"]),
    "InvalidProperties": (errors.InvalidProperties(["a is b", "c is d"]), ["2 faults", "a is b; c is d"]),
    "StreamNotFound": (
        errors.StreamNotFound(REF, Place(REGION, ACCOUNT), changed=False),
        ["orders", ACCOUNT, REGION, "Nothing was changed", "DependsOn"],
    ),
    "StreamBeingDeleted": (errors.StreamBeingDeleted(STREAM), [STREAM_ARN, "being deleted", "deploy again"]),
    "OwnedByAnotherStack": (
        errors.OwnedByAnotherStack(STREAM, OWNER, changed=False),
        [STREAM_ARN, LOGICAL_ID, "platform-encryption", STACK_ID, "Takeover"],
    ),
    "KeyUnusable": (
        errors.KeyUnusable(STREAM_ARN, "alias/one", "is Disabled: enable it", changed=False),
        [STREAM_ARN, "alias/one", "it is Disabled: enable it", "left as it is", "ENCRYPT_DECRYPT"],
    ),
    "AccessDenied": (
        errors.AccessDenied(refusal(code="AccessDeniedException", message="not authorized")),
        [START, STREAM_ARN, "role", "AccessDeniedException: not authorized"],
    ),
    "PrincipalUnknown": (
        errors.PrincipalUnknown(refusal("kms:CreateGrant"), "arn:aws:iam::1:role/writer", "Producer"),
        [STREAM_ARN, "arn:aws:iam::1:role/writer", "Producers", "SomeException: some words", "DependsOn"],
    ),
    "CredentialsExpired": (
        errors.CredentialsExpired(refusal(code="ExpiredTokenException")),
        [START, STREAM_ARN, "credentials", "ExpiredTokenException: some words", "Deploy again"],
    ),
    "InvalidArgument": (errors.InvalidArgument(refusal()), [START, STREAM_ARN, "SomeException: some words", "Correct"]),
    "QuotaSpent": (
        errors.QuotaSpent(refusal(), NEW_YEAR_2026),
        [START, STREAM_ARN, "25", "24 hours", "2026-01-02 00:00:00 UTC", "deploy again"],
    ),
    "Superseded": (
        errors.Superseded(STREAM, OWNER),
        [STREAM_ARN, LOGICAL_ID, "platform-encryption", "Nothing needs to be done"],
    ),
    "ChangedBySomeoneElse": (
        errors.ChangedBySomeoneElse(STREAM, "alias/one"),
        [STREAM_ARN, "alias/one", "now not encrypted", "CloudTrail", "deploy again"],
    ),
    "Contested": (
        errors.Contested(STREAM, 3),
        [STREAM_ARN, "mends in 24 hours", "CloudTrail", "OnDrift"],
    ),
    "ChangeWithoutEffect": (
        errors.ChangeWithoutEffect(STREAM, "StartStreamEncryption", 3),
        [STREAM_ARN, "StartStreamEncryption", "3 times", "Deploy again later"],
    ),
    "NotVerified": (errors.NotVerified(STREAM_ARN, 65.4), [STREAM_ARN, "65 s", "Deploy again"]),
    "RecordUnavailable": (
        errors.RecordUnavailable(refusal("dynamodb:GetItem"), REF, changed=False),
        ["orders", "dynamodb:GetItem", "SomeException: some words", "nothing is started", "RecordTableName"],
    ),
    "RequestExpired": (
        errors.RequestExpired(REF, NEW_YEAR_2026, NEW_YEAR_2026 + 60),
        ["orders", "2026-01-01 00:00:00 UTC", "2026-01-01 00:01:00 UTC", "nothing was done", "Deploy again"],
    ),
    "ResponseTooLong": (errors.ResponseTooLong(4096), ["4096 bytes", "is encrypted", "shorter KeyId"]),
    "DeadlineExceeded": (
        errors.DeadlineExceeded(REF, "it is UPDATING", NEW_YEAR_2026, NEW_YEAR_2026 + 90.4),
        ["orders", "90 s", "2026-01-01 00:00:00 UTC", "it is UPDATING", "ServiceTimeout"],
    ),
}
"""Each error, and the facts that a person needs."""


@pytest.mark.parametrize("code", ALL)
def test_an_error_says_what_happened_on_which_stream_and_what_to_do(code: str) -> None:
    """Promise 2: a FAILED response says what happened, on which stream, and what to do about it."""
    error, facts = ALL[code]
    assert [fact for fact in facts if fact not in str(error)] == []
    assert str(error).endswith((".", ")"))
    assert "  " not in str(error)


@pytest.mark.parametrize("code", ALL)
def test_an_errors_code_is_the_name_of_its_class(code: str) -> None:
    """Logs, metrics, tests and documentation go by it."""
    assert ALL[code][0].code == code


def test_every_error_is_in_this_table() -> None:
    """Errors: each has a code and a text that is looked at here."""
    names = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.ProviderError) and value is not errors.ProviderError
    }
    assert names == set(ALL)


def test_one_fault_is_counted_as_one_and_several_are_kept_in_their_order() -> None:
    """Properties: all that is wrong is reported at once."""
    assert "1 fault in" in str(errors.InvalidProperties(["a is b"]))
    assert errors.InvalidProperties(["one", "two", "three"]).faults == ("one", "two", "three")


def test_a_grant_that_is_denied_names_the_parameter_that_allows_it() -> None:
    """Errors: the fix is a parameter of the provider's stack."""
    assert "AllowGrants" in str(errors.AccessDenied(refusal("kms:CreateGrant")))
    assert "AllowGrants" not in str(errors.AccessDenied(refusal()))


def test_a_table_that_is_denied_is_a_matter_of_the_provider_s_stack() -> None:
    """Errors: the table and its key are parameters of that stack; no stream and no stream's key is the reason."""
    denied = str(errors.AccessDenied(refusal("dynamodb:PutItem")))
    assert ("RecordTableName" in denied, "RecordKeyArn" in denied, "key or stream" in denied) == (True, True, False)


def test_a_keys_quota_of_grants_is_not_the_streams_quota_of_starts() -> None:
    """Errors: each limit has its own sentence."""
    spent = str(errors.QuotaSpent(refusal("kms:CreateGrant"), NEW_YEAR_2026))
    assert ("50,000 grants" in spent, "24 hours" in spent) == (True, False)


NOT_AUTHORIZED = f"User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: {START}"


@pytest.mark.parametrize(
    ("message", "resource"),
    [
        (f"{NOT_AUTHORIZED} on resource: arn:aws:kms:us-east-1:1:key/2 because", "arn:aws:kms:us-east-1:1:key/2"),
        (f"{NOT_AUTHORIZED} on resource: arn:aws:kms:us-east-1:1:key/2", "arn:aws:kms:us-east-1:1:key/2"),
        (f"{NOT_AUTHORIZED} because no identity-based policy allows it", STREAM_ARN),
    ],
)
def test_a_denial_names_the_resource_that_iam_names(message: str, resource: str) -> None:
    """Errors: the action and the ARN that the role lacks. For a Start that may be the key's."""
    denied = errors.AccessDenied(refusal(code="AccessDeniedException", message=message))
    assert f"not allowed {START} on {resource}." in str(denied)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        tuple(errors.OwnedByAnotherStack(STREAM, OWNER, changed=changed) for changed in (False, True)),
        tuple(errors.KeyUnusable(STREAM_ARN, "k", "is Disabled", changed=changed) for changed in (False, True)),
        tuple(errors.StreamNotFound(REF, Place(REGION, ACCOUNT), changed=changed) for changed in (False, True)),
        tuple(errors.RecordUnavailable(refusal("dynamodb:PutItem"), REF, changed=changed) for changed in (False, True)),
    ],
    ids=["OwnedByAnotherStack", "KeyUnusable", "StreamNotFound", "RecordUnavailable"],
)
def test_after_a_change_no_error_says_that_there_was_none(
    before: errors.ProviderError, after: errors.ProviderError
) -> None:
    """Promise 2: a FAILED response says what happened."""
    assert str(before) != str(after)
    assert "before" in str(after) or "already" in str(after)
    assert "left as it is" not in str(after)
    assert "nothing is started" not in str(after)


def test_a_stream_that_somebody_encrypted_with_another_key_is_told_with_that_key() -> None:
    """Error ChangedBySomeoneElse: the key that is there now is the one that a person looks for."""
    stream = Stream("orders", STREAM_ARN, StreamStatus.ACTIVE, "alias/theirs")
    assert "alias/theirs" in str(errors.ChangedBySomeoneElse(stream, "alias/one"))


def test_the_quota_of_stop_is_a_quota_of_the_day_too() -> None:
    """Error QuotaSpent: names the 25-a-day quota, and when it can work again at the latest."""
    sentence = str(errors.QuotaSpent(refusal("kinesis:StopStreamEncryption"), NEW_YEAR_2026 + 3600))
    assert "25 StopStreamEncryption" in sentence
    assert "2026-01-02 01:00:00 UTC" in sentence


def test_a_limit_of_another_call_is_no_quota_of_the_day() -> None:
    """Error QuotaSpent: to wait for a day would not help."""
    sentence = str(errors.QuotaSpent(refusal("kinesis:DescribeStreamSummary"), NEW_YEAR_2026))
    assert "25" not in sentence
    assert "limit" in sentence


def test_a_request_that_names_no_stream_can_expire_as_well() -> None:
    """Error RequestExpired: its properties may be unreadable."""
    assert "stream" not in str(errors.RequestExpired(None, NEW_YEAR_2026, NEW_YEAR_2026 + 60))
