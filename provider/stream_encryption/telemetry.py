"""What operators see: one structured line a decision, and metrics in the embedded metric format."""

from __future__ import annotations

from collections import Counter

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from .cloudformation.failure import Failure
from .cloudformation.request import Request
from .cloudformation.response import Response
from .reconcile.actions import Action, Call, SkipRestore, SkipRevoke, Wait
from .reconcile.goals import Goal, Mend, WatchGoal
from .reconcile.progress import Progress
from .record.values import Change
from .values import Refusal, RefusalKind

_COUNTED = {
    Change.START: "Starts",
    Change.STOP: "Stops",
    Change.CREATE_GRANT: "Grants",
    Change.REVOKE_GRANT: "Revocations",
}


class Telemetry:
    """Logs and metrics of one function. No line, metric or error here ever has a ResponseURL."""

    def __init__(self, logger: Logger, metrics: Metrics) -> None:
        """Use Powertools' logger and metrics."""
        self._logger = logger
        self._metrics = metrics
        self._counts: Counter[str] = Counter()
        self._request: Request | None = None
        self._last_wait = ""

    def begin(self, request: Request) -> None:
        """Log that a request was accepted; each later line names it."""
        self._name(request)
        self._logger.info("request accepted", extra={"properties": dict(request.properties)})
        if request.unreadable_timeout is not None:
            fields = {"service_timeout": request.unreadable_timeout}
            self._logger.warning("ServiceTimeout is no number of seconds, so an hour is assumed", extra=fields)
        self._count("Requests")

    def resume(self, request: Request) -> None:
        """Note that a request that was handed over goes on by a step."""
        self._name(request)
        self._count("Steps")

    def resume_watch_goal(self, goal: WatchGoal) -> None:
        """Note that a goal of the watch goes on by a step; each later line names its stream and resource."""
        self._last_wait = ""
        self._logger.append_keys(stream=goal.stream.name, request_type=goal.kind)
        if isinstance(goal, Mend):
            self._logger.append_keys(stack_id=goal.owner.stack_id, logical_id=goal.owner.logical_id)
        self._count("Steps")

    def watch_goal_ended(self, outcome: str) -> None:
        """Log and count a goal of the watch that is over.

        Args:
            outcome: Mended, Revoked, LeftAlone, Failed, or the code of the reason why others decide about the stream.
        """
        self._logger.info("mend ended", extra={"outcome": outcome})
        self._measure("Mends", MetricUnit.Count, 1, Outcome=outcome)

    def _name(self, request: Request) -> None:
        self._request, self._last_wait = request, ""
        self._logger.append_keys(
            stream=request.stream.name if request.stream else None,
            request_type=request.type,
            stack_id=request.owner.stack_id,
            logical_id=request.owner.logical_id,
            physical_id=request.physical_id,
        )

    def decided(self, goal: Goal, action: Action) -> None:
        """Log a decision. A wait is logged once, not at each look."""
        if isinstance(action, Wait):
            self._count("Waits")
            if action.reason == self._last_wait:
                return
            self._last_wait = action.reason
        fields = {"action": str(action.code), "reason": action.reason}
        where = {"stream": goal.stream.name, "goal": type(goal).__name__}
        self._logger.info("decided", extra={**fields, **where})
        if isinstance(action, Call):
            self._count(_COUNTED[action.change])
        if isinstance(action, SkipRestore):
            self._count("RestoresSkipped")
        if isinstance(action, SkipRevoke):
            self._count("RevocationsSkipped")

    def call_refused(self, refusal: Refusal) -> None:
        """Count a call that AWS did not carry out; the decision that follows is logged."""
        if refusal.kind is RefusalKind.THROTTLED:
            self._count("Throttles")
        if refusal.kind is RefusalKind.CONFLICT:
            self._count("RecordConflicts")

    def look_up_denied(self, refusal: Refusal) -> None:
        """Log that a key may not be looked up; the work goes on without."""
        self._logger.warning(
            "key not looked up, going on without",
            extra={"action": refusal.action, "key": refusal.resource, "reason": refusal.message},
        )

    def reached(self, progress: Progress) -> None:
        """Count a request whose goals were all reached without a change."""
        if not progress.changes:
            self._count("NoOps")

    def failed(self, failure: Failure) -> None:
        """Log that a request ends in FAILED; a fault of the provider itself comes with its traceback."""
        fields = {"error_code": failure.code, "reason": failure.reason, "traceback": failure.traceback}
        self._logger.error("request failed", extra={name: value for name, value in fields.items() if value})
        self._measure("Failures", MetricUnit.Count, 1, ErrorCode=failure.code)

    def handed_over(self, execution: str, *, anew: bool) -> None:
        """Log that the request goes on in an execution; not anew where an earlier delivery started the execution."""
        self._logger.info("handed over", extra={"execution": execution, "started": anew})
        self._count("HandOvers")

    def hand_over_refused(self, refusal: Refusal) -> None:
        """Log that the state machine did not take the request: the function waits by itself."""
        self._logger.warning("not handed over, waiting here", extra={"action": refusal.action, "reason": refusal.code})
        self._count("HandOversRefused")

    def responded(self, response: Response, now: float) -> None:
        """Log a response that CloudFormation took, and measure how long it took since the request was issued."""
        fields = {"status": response.status, "response_id": response.physical_id, "reason": response.reason}
        if self._request is None:  # It could not be read, and failed as that.
            self._logger.info("response delivered", extra=fields)
            return
        seconds = round(now - self._request.issued_at, 1)
        self._logger.info("response delivered", extra={**fields, "seconds": seconds})
        dimensions = {"RequestType": self._request.type, "Status": response.status}
        self._measure("SecondsToResponse", MetricUnit.Seconds, seconds, **dimensions)

    def response_lost(self, response: Response, outcome: str) -> None:
        """Log a response that CloudFormation did not take."""
        self._logger.error("response not delivered", extra={"status": response.status, "outcome": outcome})
        self._count("ResponsesLost")

    def refused(self, why: str) -> None:
        """Log an event that was not accepted at all."""
        self._logger.error("event refused", extra={"reason": why})
        self._count("EventsRefused")

    def end(self) -> None:
        """Write the counts of this invocation, and forget the request."""
        for name, count in self._counts.items():
            self._metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
        if self._counts:
            self._metrics.flush_metrics()
        self._counts.clear()
        self._request = None
        self._logger.remove_keys(["stream", "request_type", "stack_id", "logical_id", "physical_id"])

    def _count(self, name: str) -> None:
        self._counts[name] += 1

    def _measure(self, name: str, unit: MetricUnit, value: float, **dimensions: str) -> None:
        """Write one metric with dimensions of its own: never a stream's or a stack's name, since each is paid for."""
        with single_metric(name=name, unit=unit, value=value, namespace=self._metrics.namespace) as metric:
            for dimension, of in {"service": str(self._metrics.service), **dimensions}.items():
                metric.add_dimension(name=dimension, value=of)
