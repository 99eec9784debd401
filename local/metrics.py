"""Gives the metrics in a function's log lines to CloudWatch, as CloudWatch Logs does with the embedded metric format.

Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def publish(lines: Iterable[str], client: Any) -> None:  # noqa: ANN401 (boto3's client of CloudWatch)
    """Put the metrics of these lines."""
    for line in lines:
        for namespace, data in _metrics(line):
            client.put_metric_data(Namespace=namespace, MetricData=[data])


def _metrics(line: str) -> Iterator[tuple[str, Any]]:
    if '"_aws"' not in line:
        return
    document = json.loads(line)
    at = datetime.fromtimestamp(document["_aws"]["Timestamp"] / 1000, UTC)
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = [{"Name": name, "Value": document[name]} for name in names]
            for metric in directive["Metrics"]:
                values = document[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    data = {"MetricName": metric["Name"], "Dimensions": dimensions, "Timestamp": at, "Value": value}
                    yield directive["Namespace"], {**data, "Unit": metric["Unit"]}
