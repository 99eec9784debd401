"""What operators see: one structured line a decision, and metrics in the embedded metric format."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from .model import Concede, RefusalKind, Start, Stop, Wait

if TYPE_CHECKING:
    from .answer import Answer
    from .converge import Progress
    from .model import Action, Goal, Refusal
    from .request import Request


class Telemetry:
    """Logs and metrics of one function. No line, metric or error here ever sees a ResponseURL."""

    def __init__(self, logger: Logger, metrics: Metrics) -> None:
        """Use Powertools' logger and metrics."""
        self._logger = logger
        self._metrics = metrics
        self._counts: Counter[str] = Counter()
        self._request: Request | None = None
        self._last_wait = ""

    def begin(self, request: Request) -> None:
        """A request was accepted: every line from here on says which."""
        self._name(request)
        self._logger.info("request accepted", extra={"properties": dict(request.properties)})
        self._count("Requests")

    def resume(self, request: Request) -> None:
        """A request that was handed over goes on by a step."""
        self._name(request)
        self._count("Steps")

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
        """An action was decided on. A wait is told once, not at every look."""
        name = type(action).__name__
        if isinstance(action, Wait):
            self._count("Waits")
            if action.reason == self._last_wait:
                return
            self._last_wait = action.reason
        self._logger.info(
            "decided",
            extra={
                "action": name,
                "reason": action.reason,
                "stream": goal.stream.name,
                "goal": type(goal).__name__,
            },
        )
        if isinstance(action, Start | Stop):
            self._count(f"{name}s")
        if isinstance(action, Concede):
            self._count("RestoresConceded")

    def call_refused(self, refusal: Refusal) -> None:
        """AWS did not carry a call out; the decision that follows says what is made of it."""
        if refusal.kind is RefusalKind.THROTTLED:
            self._count("Throttles")

    def look_up_denied(self, refusal: Refusal) -> None:
        """A key could not be looked up for want of permission; the work goes on without."""
        self._logger.warning(
            "key not looked up, going on without",
            extra={"action": refusal.action, "key": refusal.resource, "reason": refusal.message},
        )

    def converged(self, progress: Progress) -> None:
        """All the goals of a request were reached."""
        if not progress.changes:
            self._count("NoOps")

    def failed(self, code: str, reason: str, traceback: str | None = None) -> None:
        """A request ends in FAILED; a fault of our own comes with its traceback."""
        fields = {"error_code": code, "reason": reason, "traceback": traceback}
        self._logger.error("request failed", extra={name: value for name, value in fields.items() if value})
        self._measure("Failures", MetricUnit.Count, 1, ErrorCode=code)

    def handed_over(self, execution: str, *, anew: bool) -> None:
        """The request goes on in a state machine's execution; not anew where an earlier delivery started it."""
        self._logger.info("handed over", extra={"execution": execution, "started": anew})
        self._count("HandOvers")

    def sweep_planned(self, execution: str) -> None:
        """A mark stays on the stream for now; an execution will remove it."""
        self._logger.info("mark will be removed later", extra={"execution": execution})

    def sweep_refused(self, refusal: Refusal) -> None:
        """The state machine did not take what is to be removed later: a later request on the stream removes it."""
        fields = {"action": refusal.action, "reason": refusal.code}
        self._logger.warning("mark will be removed by a later request on the stream", extra=fields)
        self._count("SweepsRefused")

    def hand_over_refused(self, refusal: Refusal) -> None:
        """The state machine did not take the request: it is waited for right here."""
        self._logger.warning("not handed over, waiting here", extra={"action": refusal.action, "reason": refusal.code})
        self._count("HandOversRefused")

    def answered(self, answer: Answer, now: float) -> None:
        """CloudFormation took the answer: how long that took is measured by the request's type and the outcome."""
        fields = {"status": answer.status, "answered_id": answer.physical_id, "reason": answer.reason}
        if self._request is None:  # It could not be read, and failed as that.
            self._logger.info("answered", extra=fields)
            return
        seconds = round(now - self._request.issued_at, 1)
        self._logger.info("answered", extra={**fields, "seconds": seconds})
        dimensions = {"RequestType": self._request.type, "Status": answer.status}
        self._measure("SecondsToAnswer", MetricUnit.Seconds, seconds, **dimensions)

    def answer_lost(self, answer: Answer, outcome: str) -> None:
        """CloudFormation did not take the answer."""
        self._logger.error("answer not delivered", extra={"status": answer.status, "outcome": outcome})
        self._count("AnswersLost")

    def refused(self, why: str) -> None:
        """An event was not accepted at all."""
        self._logger.error("event refused", extra={"reason": why})
        self._count("EventsRefused")

    def end(self) -> None:
        """The invocation is over: what was counted is written, and what was said of the request is dropped."""
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
        """Write one metric with dimensions of its own: never a stream's or a stack's name, each is paid for."""
        with single_metric(name=name, unit=unit, value=value, namespace=self._metrics.namespace) as metric:
            for dimension, of in {"service": str(self._metrics.service), **dimensions}.items():
                metric.add_dimension(name=dimension, value=of)
