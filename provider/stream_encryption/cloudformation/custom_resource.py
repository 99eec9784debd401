"""crhelper's CfnResource, hardened so that CloudFormation gets exactly one response that it accepts.

docs/crhelper-compared.md says why each method is replaced, for crhelper 2.0.12.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from crhelper import FAILED, CfnResource

from .event_validation import Unanswerable, accepted
from .failure import Failure
from .request import MARKER
from .response import Response, ResponseSender

if TYPE_CHECKING:  # telemetry.py stands above this package, and is handed in
    from stream_encryption.telemetry import Telemetry

_Handler: TypeAlias = Callable[[Any, Any], str | None]


class CustomResource(CfnResource):
    """crhelper's dispatch, without its polling, its timer and its sending."""

    RequestType: str
    _event: Mapping[str, Any]
    _context: Any
    _crhelper_init: Callable[[Mapping[str, Any], Any], bool]
    _cfn_response: Callable[[Mapping[str, Any]], None]

    def __init__(self, sender: ResponseSender, telemetry: Telemetry) -> None:
        """Set up the dispatch alone. crhelper's own set-up makes three clients and resets the root logger."""
        self._sender, self._telemetry = sender, telemetry
        self._create_func: _Handler | None = None
        self._update_func: _Handler | None = None
        self._delete_func: _Handler | None = None
        self._timer = self._init_failed = None
        self._handed_over = False

    def __call__(self, event: Any, context: Any) -> None:  # noqa: ANN401 (whatever Lambda was invoked with)
        """Handle a request and send one response; none if it was handed over, since the workflow then responds.

        Args:
            event: CloudFormation's request.
            context: Lambda's context.

        Raises:
            ResponseNotDelivered: CloudFormation could not be reached; Lambda delivers the request again.
        """
        try:
            event = accepted(event)
        except Unanswerable as why:
            self._telemetry.refused(str(why))
            return
        self._handed_over = False
        self._crhelper_init(event, context)  # It calls _get_func, then _wrap_function with the result.
        if not self._handed_over:
            self._cfn_response(event)

    def generate_physical_id(self, event: Mapping[str, Any]) -> str:
        """Make an id for an event without one: always the same for a resource, and never a stream's ARN."""
        return f"{MARKER}{event['LogicalResourceId']}"

    def _get_func(self) -> _Handler | None:
        """Choose the function for the request's type. An unknown type gets Create's function, which refuses it."""
        functions = {"Update": self._update_func, "Delete": self._delete_func}
        return functions.get(self.RequestType, self._create_func)

    def _set_timeout(self) -> None:
        """Set no timer: the loop keeps to a deadline, and a second thread could send a second response."""

    def _wrap_function(self, func: _Handler) -> None:
        """Run the function. An exception, even SystemExit, becomes a FAILED.

        The function returns the PhysicalResourceId, or None where it has handed the request over.
        """
        try:
            physical_id = func(self._event, self._context)
        except BaseException as error:  # noqa: BLE001 (CloudFormation must get a response)
            failure = Failure.of(error, self._context, self._event["ResponseURL"])
            self._telemetry.failed(failure)
            self.Status, self.Reason = FAILED, failure.reason
        else:
            self._handed_over = physical_id is None
            self.PhysicalResourceId = physical_id or ""

    def _send(self, status: str | None = None, reason: str = "", send_response: object = None) -> None:  # noqa: ARG002
        """Send the response. crhelper calls this once, at the end."""
        response = Response.to(
            self._event,
            status=status or self.Status,
            reason=reason or self.Reason,
            physical_id=str(self.PhysicalResourceId),
            data=self.Data,
        )
        self._sender.deliver(self._event["ResponseURL"], response)
