"""Every failure's sentence: what happened, on which stream, and what to do about it."""

import pytest

from stream_encryption import errors
from stream_encryption.model import Owner, Place, Refusal, RefusalKind, Stream, StreamRef, StreamStatus
from tests.builders import ACCOUNT, LOGICAL_ID, REGION, STACK_ID, STREAM_ARN
from tests.fake_clock import NEW_YEAR_2026

STREAM = Stream("orders", STREAM_ARN, StreamStatus.ACTIVE, None)
OWNER = Owner(STACK_ID, LOGICAL_ID)
START = "kinesis:StartStreamEncryption"


def refusal(action: str = START, code: str = "SomeException", message: str = "some words") -> Refusal:
    """A call on the stream that AWS refused."""
    return Refusal(action, STREAM_ARN, RefusalKind.INVALID, code, message)


SENTENCES: dict[str, tuple[errors.ProviderError, list[str]]] = {
    "InvalidRequest": (errors.InvalidRequest("RequestType 'x' is not one."), ["RequestType 'x' is not one."]),
    "InvalidProperties": (errors.InvalidProperties(["a is b"]), ["Nothing was changed", "1 fault in", "a is b."]),
    "StreamNotFound": (
        errors.StreamNotFound(StreamRef("orders"), Place(REGION, ACCOUNT)),
        ["no stream orders", f"account {ACCOUNT}", f"region {REGION}", "Nothing was changed", "Correct", "DependsOn"],
    ),
    "StreamBeingDeleted": (errors.StreamBeingDeleted(STREAM), [STREAM_ARN, "is being deleted", "Create the stream"]),
    "OwnedByAnotherStack": (
        errors.OwnedByAnotherStack(STREAM, OWNER),
        [STREAM_ARN, f"resource {LOGICAL_ID} of stack platform-encryption ({STACK_ID})", "Takeover to true"],
    ),
    "KeyUnusable": (
        errors.KeyUnusable(STREAM_ARN, "alias/one", "is Disabled: enable it"),
        [STREAM_ARN, "Key alias/one", "it is Disabled: enable it", "left as it is", "Name a symmetric"],
    ),
    "AccessDenied": (
        errors.AccessDenied(refusal(code="AccessDeniedException", message="not authorized")),
        [f"not allowed {START} on {STREAM_ARN}", "Allow it", "(AccessDeniedException: not authorized)"],
    ),
    "InvalidArgument": (
        errors.InvalidArgument(refusal()),
        [f"{START} on {STREAM_ARN} was refused: SomeException: some words", "Correct the property"],
    ),
    "QuotaSpent": (
        errors.QuotaSpent(refusal(), NEW_YEAR_2026),
        [START, STREAM_ARN, "25 StartStreamEncryption", "24 hours", "at the latest by 2026-01-02 00:00:00 UTC"],
    ),
    "Overtaken": (
        errors.Overtaken(STREAM, OWNER),
        [STREAM_ARN, f"resource {LOGICAL_ID} of stack platform-encryption", "leaves the stream alone", "deploy again"],
    ),
    "ChangedBySomeoneElse": (
        errors.ChangedBySomeoneElse(STREAM, "alias/one"),
        [STREAM_ARN, "key alias/one", "it is now not encrypted", "CloudTrail", "deploy again"],
    ),
    "ChangeWithoutEffect": (
        errors.ChangeWithoutEffect(STREAM, "Start", 3),
        [STREAM_ARN, "accepted Start", "3 times", "Deploy again later"],
    ),
    "NotVerified": (errors.NotVerified(STREAM_ARN, 65.4), [STREAM_ARN, "for 65 s", "Deploy again"]),
    "RequestExpired": (
        errors.RequestExpired(StreamRef("orders"), NEW_YEAR_2026, NEW_YEAR_2026 + 60),
        [
            "for stream orders",
            "issued at 2026-01-01 00:00:00 UTC",
            "by 2026-01-01 00:01:00 UTC",
            "nothing was done now",
            "Deploy again",
        ],
    ),
    "AnswerTooLong": (errors.AnswerTooLong(4096), ["4096 bytes", "is encrypted", "shorter KeyId"]),
    "StepsLost": (
        errors.StepsLost({"Error": "Runtime.ExitError", "Cause": "{}"}),
        ["A step of the wait failed", "Runtime.ExitError", "Nobody knows whether", "provider's log", "deploy again"],
    ),
    "DeadlinePassed": (
        errors.DeadlinePassed(StreamRef("orders"), "it is UPDATING", NEW_YEAR_2026, NEW_YEAR_2026 + 90.4),
        ["stream orders", "90 s after 2026-01-01 00:00:00 UTC", "waiting: it is UPDATING", "ServiceTimeout"],
    ),
}


@pytest.mark.parametrize("code", SENTENCES)
def test_an_error_says_what_happened_on_which_stream_and_what_to_do(code: str) -> None:
    """Promise 2: a FAILED answer says what happened, on which stream, and what to do about it."""
    error, parts = SENTENCES[code]
    assert [part for part in parts if part not in str(error)] == []
    assert str(error).endswith((".", ")"))


@pytest.mark.parametrize("code", SENTENCES)
def test_an_error_s_code_is_its_name(code: str) -> None:
    """Logs and metrics carry it; docs/reference.md lists it."""
    assert SENTENCES[code][0].code == code


def test_every_error_that_there_is_has_its_sentence_here() -> None:
    """A new error comes with a row: what it has to tell."""
    names = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.ProviderError) and value is not errors.ProviderError
    }
    assert names == set(SENTENCES)
    # The tree at the top of the file is what people read first.
    assert [name for name in names if f"── {name} " not in (errors.__doc__ or "")] == []


NOT_AUTHORIZED = f"User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: {START}"
NO_POLICY = f"because no identity-based policy allows the {START} action"


@pytest.mark.parametrize(
    ("message", "resource"),
    [
        (f"{NOT_AUTHORIZED} on resource: arn:aws:kms:us-east-1:1:key/2 {NO_POLICY}", "arn:aws:kms:us-east-1:1:key/2"),
        (f"{NOT_AUTHORIZED} on resource: arn:aws:kms:us-east-1:1:key/2", "arn:aws:kms:us-east-1:1:key/2"),
        (f"{NOT_AUTHORIZED} {NO_POLICY}", STREAM_ARN),
    ],
)
def test_a_denial_names_the_resource_that_iam_names_where_it_names_one(message: str, resource: str) -> None:
    """The contract: the action and the ARN that the role lacks. For a Start that may be the key's."""
    denied = errors.AccessDenied(refusal(code="AccessDeniedException", message=message))
    assert str(denied).startswith(f"The provider's role is not allowed {START} on {resource}. Allow it")


def test_several_faults_are_counted_and_kept_in_their_order() -> None:
    """The contract: all that is wrong is reported at once."""
    error = errors.InvalidProperties(["one", "two", "three"])
    assert str(error) == "Nothing was changed: 3 faults in the properties: one; two; three."
    assert error.faults == ("one", "two", "three")


def test_a_stream_that_somebody_encrypted_with_another_key_is_told_with_that_key() -> None:
    """What is there now is what a person looks for."""
    stream = Stream("orders", STREAM_ARN, StreamStatus.ACTIVE, "alias/theirs")
    assert "it is now encrypted with alias/theirs" in str(errors.ChangedBySomeoneElse(stream, "alias/one"))


def test_the_quota_of_stop_is_a_quota_of_the_day_too() -> None:
    """The contract: names the 25-a-day quota, and when it can work again at the latest."""
    sentence = str(errors.QuotaSpent(refusal("kinesis:StopStreamEncryption"), NEW_YEAR_2026 + 3600))
    assert "25 StopStreamEncryption" in sentence
    assert "2026-01-02 01:00:00 UTC" in sentence


@pytest.mark.parametrize("action", ["kinesis:AddTagsToStream", "kinesis:DescribeStreamSummary"])
def test_a_limit_of_another_call_is_no_quota_of_the_day(action: str) -> None:
    """A stream holds 50 tags: to wait for a day would not help."""
    sentence = str(errors.QuotaSpent(refusal(action), NEW_YEAR_2026))
    assert "25" not in sentence
    assert "50 tags" in sentence
