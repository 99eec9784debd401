"""What operators see of the watch: log lines, and metrics in the embedded metric format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from stream_encryption.values import Refusal


class WatchLog:
    """Logs and metrics of the watch's function. No stream's name is a dimension: each would be paid for."""

    def __init__(self, logger: Logger, metrics: Metrics) -> None:
        """Use Powertools' logger and metrics."""
        self._logger = logger
        self._metrics = metrics

    def told(self, detail: Mapping[str, Any], *, found: bool) -> None:
        """Log and count a finding that was told, as found or as over."""
        if found:
            self._logger.warning("drift found", extra=_fields(detail))
            self._measure("Drift", 1, Kind=str(detail["code"]))
            self._measure("DriftFound", 1)
        else:
            self._logger.info("drift over", extra=_fields(detail))
            self._measure("DriftOver", 1)

    def mend_started(self, stream: str, execution: str, *, anew: bool) -> None:
        """Log a mend that the state machine took; not anew where an earlier look had it started."""
        self._logger.info("mend started", extra={"stream": stream, "execution": execution, "started": anew})

    def failed(self, doing: str, stream: str, refusal: Refusal) -> None:
        """Log and count a call that was refused; the next round does it again."""
        reason = f"{refusal.action}: {refusal.code}: {refusal.message}"
        self._logger.error(doing, extra={"stream": stream, "reason": reason})
        self._measure("WatchErrors", 1)

    def unreadable(self, stream: str) -> None:
        """Log and count an item of the table that the provider did not write."""
        self._logger.error("record unreadable", extra={"stream": stream})
        self._measure("WatchErrors", 1)

    def batch_failed(self, after: str, failure: Mapping[str, str]) -> None:
        """Log and count a batch of a large round that failed at every try.

        Args:
            after: The stream after which the batch begins; empty for the first batch.
            failure: The error as the state machine caught it: its Error and Cause.
        """
        self._logger.error(
            "batch failed", extra={"after": after, "reason": f"{failure.get('Error')}: {failure.get('Cause')}"}
        )
        self._measure("WatchErrors", 1)

    def round_ended(self, watched: int, drifting: int) -> None:
        """Log and measure a round, or one batch of a large round.

        Args:
            watched: How many streams were looked at.
            drifting: How many of them have findings.
        """
        self._logger.info("round ended", extra={"watched": watched, "drifting": drifting})
        self._measure("WatchRounds", 1)
        self._measure("StreamsWatched", watched)
        self._measure("StreamsDrifting", drifting)

    def handed_over(self, batches: int, *, anew: bool) -> None:
        """Log a large round that the state machine took; not anew where the round before is still at work."""
        self._logger.info("round handed over", extra={"batches": batches, "started": anew})

    def _measure(self, name: str, value: float, **dimensions: str) -> None:
        with single_metric(name, MetricUnit.Count, value, namespace=self._metrics.namespace) as metric:
            for dimension, of in {"service": str(self._metrics.service), **dimensions}.items():
                metric.add_dimension(dimension, of)


def _fields(detail: Mapping[str, Any]) -> dict[str, Any]:
    names = {"stackId": "stack_id", "logicalId": "logical_id", "code": "drift", "detail": "reason"}
    return {names.get(name, name): value for name, value in detail.items() if value is not None and name != "version"}
