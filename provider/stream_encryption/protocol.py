"""CloudFormation's side: crhelper, hardened so that exactly one answer that CloudFormation accepts goes out.

What crhelper 2.0.12 does otherwise, and so why each method is replaced, is told in docs/crhelper-compared.md.
"""

from __future__ import annotations

from traceback import format_exc
from typing import TYPE_CHECKING, Any

from crhelper import FAILED, CfnResource

from .answer import Answer
from .envelope import Unanswerable, accepted, without_secrets
from .errors import ProviderError, unexpected
from .request import MARKER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from .answer import Courier
    from .telemetry import Telemetry

    _Handler: TypeAlias = Callable[[Any, Any], str | None]


class CustomResource(CfnResource):
    """crhelper's CfnResource, with its dispatch, and without its polling, its timer and its sending."""

    RequestType: str
    _event: Mapping[str, Any]
    _context: Any
    _crhelper_init: Callable[[Mapping[str, Any], Any], bool]
    _cfn_response: Callable[[Mapping[str, Any]], None]

    def __init__(self, courier: Courier, telemetry: Telemetry) -> None:
        """Set up what the dispatch needs. crhelper's own set-up makes three clients and resets the root logger."""
        self._courier, self._telemetry = courier, telemetry
        self._create_func: _Handler | None = None
        self._update_func: _Handler | None = None
        self._delete_func: _Handler | None = None
        self._timer = self._init_failed = None
        self._handed_over = False

    def __call__(self, event: Any, context: Any) -> None:  # noqa: ANN401 (whatever Lambda was invoked with)
        """Take a request and answer it, once, unless it was handed over: then whoever took it answers.

        Args:
            event: CloudFormation's request.
            context: Lambda's context.

        Raises:
            AnswerNotDelivered: CloudFormation could not be reached; Lambda delivers the request again.
        """
        try:
            event = accepted(event)
        except Unanswerable as why:
            self._telemetry.refused(str(why))
            return
        self._handed_over = False
        self._crhelper_init(event, context)
        if not self._handed_over:
            self._cfn_response(event)

    def generate_physical_id(self, event: Mapping[str, Any]) -> str:
        """The id of an event that gave none and for which none was found: no random one, and no stream's."""
        return f"{MARKER}{event['LogicalResourceId']}"

    def _get_func(self) -> _Handler | None:
        """The function for the request's type; one of no known type goes to Create's, which says what is wrong."""
        functions = {"Update": self._update_func, "Delete": self._delete_func}
        return functions.get(self.RequestType, self._create_func)

    def _set_timeout(self) -> None:
        """No timer: the loop keeps to a deadline, so nobody answers behind its back."""

    def _wrap_function(self, func: _Handler) -> None:
        """Run the function; whatever it raises, SystemExit too, ends in a FAILED that says what happened.

        It returns the PhysicalResourceId; or None where it has handed the request over.
        """
        try:
            physical_id = func(self._event, self._context)
        except ProviderError as error:
            self._fail(error.code, str(error))
        except BaseException as error:  # noqa: BLE001 (an answer is owed all the same)
            self._fail("InternalError", unexpected(error, self._context), format_exc())
        else:
            self._handed_over = physical_id is None
            self.PhysicalResourceId = physical_id or ""

    def _fail(self, code: str, reason: str, traceback: str = "") -> None:
        url = self._event["ResponseURL"]
        self.Status, self.Reason = FAILED, without_secrets(reason, url)
        self._telemetry.failed(code, self.Reason, without_secrets(traceback, url))

    def _send(self, status: str | None = None, reason: str = "", send_response: object = None) -> None:  # noqa: ARG002
        """Answer. crhelper calls it once, at the end."""
        answer = Answer.to(
            self._event,
            status=status or self.Status,
            reason=reason or self.Reason,
            physical_id=str(self.PhysicalResourceId),
            data=self.Data,
        )
        self._courier.deliver(self._event["ResponseURL"], answer)
