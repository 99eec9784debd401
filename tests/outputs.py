"""What the function writes on standard output: log lines, and metrics in CloudWatch's embedded metric format."""

import json
from collections import Counter
from typing import Any

import pytest

Line = dict[str, Any]


class Output:
    """The log lines and metrics since they were last read."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Read from pytest's capture."""
        self._capsys = capsys
        self.seconds: list[tuple[str, str, float]] = []

    def read(self) -> tuple[list[Line], Counter[str]]:
        """Return the log lines, and how much was counted of each metric; of `Failures` for each ErrorCode.

        SecondsToResponse is no count: `seconds` has request type, status and seconds of each, as last read.
        """
        written = [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]
        counted: Counter[str] = Counter()
        self.seconds = []
        for blob in written:
            for directive in blob.get("_aws", {}).get("CloudWatchMetrics", []):
                for metric in directive["Metrics"]:
                    self._add(metric, blob, counted)
        return [line for line in written if "_aws" not in line], counted

    def _add(self, metric: dict[str, str], blob: Line, counted: Counter[str]) -> None:
        name = metric["Name"]
        if name == "SecondsToResponse":
            assert metric["Unit"] == "Seconds"
            self.seconds.append((blob["RequestType"], blob["Status"], *blob[name]))
            return
        assert metric["Unit"] == "Count"
        label = f"{name} {blob['ErrorCode']}" if "ErrorCode" in blob else name
        counted[label] += int(sum(blob[name]))
