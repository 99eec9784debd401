"""A failure: the code, and the traceback as Python prints it."""

from traceback import format_exc

from stream_encryption.cloudformation.failure import INTERNAL_ERROR, Failure
from stream_encryption.errors import InvalidRequest
from tests.builders import RESPONSE_URL


def test_a_fault_of_the_provider_itself_has_a_code_and_its_traceback() -> None:
    """Promise 2: the log has what a person needs to report the fault, line by line."""
    try:
        int("no number")
    except ValueError as error:
        failure, printed = Failure.of(error, None, RESPONSE_URL), format_exc()
    assert (failure.code, failure.traceback) == (INTERNAL_ERROR, printed)


def test_an_error_that_the_provider_foresees_has_its_own_code_and_no_traceback() -> None:
    """Every error has a stable code; the Reason says all that there is to know."""
    failure = Failure.of(InvalidRequest("x"), None, RESPONSE_URL)
    assert (failure.code, failure.traceback) == ("InvalidRequest", "")
