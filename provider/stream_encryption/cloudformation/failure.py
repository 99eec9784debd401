"""Why a request ends in FAILED: the code and the Reason that CloudFormation shows, and the traceback for the log."""

from __future__ import annotations

from dataclasses import dataclass
from traceback import format_exception

from stream_encryption.errors import ProviderError

from .event_validation import without_secrets

INTERNAL_ERROR = "InternalError"
"""The code of every exception that is not a ProviderError: a fault of the provider itself."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed request. The ResponseURL is nowhere in it.

    Attributes:
        code: The error's code.
        reason: What a person reads in CloudFormation. It begins with the code, since the end of a long Reason is cut
            off.
        traceback: Where a fault of the provider itself was raised; empty for a ProviderError.
    """

    code: str
    reason: str
    traceback: str = ""

    @classmethod
    def of(cls, error: BaseException, context: object, response_url: str) -> Failure:
        """Describe an exception.

        Args:
            error: The exception.
            context: Lambda's context: it names the place in the log where a person finds the traceback.
            response_url: The request's ResponseURL, which is taken out of all texts.
        """
        if isinstance(error, ProviderError):
            return cls(error.code, without_secrets(f"[{error.code}] {error}", response_url))
        reason = f"[{INTERNAL_ERROR}] {_unexpected(error, context)}"
        traceback = "".join(format_exception(error))
        return cls(INTERNAL_ERROR, without_secrets(reason, response_url), without_secrets(traceback, response_url))


def _unexpected(error: BaseException, context: object) -> str:
    request_id = getattr(context, "aws_request_id", "unknown")
    log = getattr(context, "log_stream_name", "unknown")
    return (
        f"The provider failed unexpectedly: {type(error).__name__}: {error}. Deploy again; if it stays so, "
        f"look for request {request_id} in the provider's log stream {log}, and report it."
    )
