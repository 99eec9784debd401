"""Drift as a table, as JSON, as SARIF and in Security Hub's finding format."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from . import VERSION
from .drift import Row, Unseen
from .times import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .places import Part
    from .screen import Screen

_HEAD = ("STREAM", "DRIFT", "SINCE", "BY", "MANAGED BY", "WANTED", "ON DRIFT", "DETAIL")
_NAME = "kinesis-stream-encryption"
_MILD = ("AliasMoved", "Unreadable")
"""The findings that leave the stream encrypted as wanted, as far as is known."""


def as_json(parts: Sequence[Part[Row | Unseen]]) -> str:
    """Every field of every finding, and what could not be compared, for a program."""
    found = [(part.fields() | asdict(one), isinstance(one, Row)) for part in parts for one in part.found]
    drifted = [one for one, is_row in found if is_row]
    return json.dumps({"drift": drifted, "unseen": [one for one, is_row in found if not is_row]}, indent=2)


def as_sarif(parts: Sequence[Part[Row | Unseen]]) -> str:
    """SARIF 2.1.0, for code scanning; what could not be compared is a notification of the tool."""
    drifted, unseen = _drifted(parts), _unseen(parts)
    run = {
        "tool": {
            "driver": {
                "name": f"{_NAME} drift",
                "version": VERSION,
                "rules": [{"id": code} for code in sorted({one.code for one in drifted})],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not any(one.fails for _, one in unseen),
                "toolExecutionNotifications": [
                    {"level": "error" if one.fails else "note", "message": {"text": f"{name}: {one.why}"}}
                    for name, one in unseen
                ],
            }
        ],
        "results": [_sarif(one) for one in drifted],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2)


def as_asff(parts: Sequence[Part[Row | Unseen]], now: float) -> str:
    """AWS Security Finding Format: what `aws securityhub batch-import-findings --findings` takes."""
    return json.dumps([_asff(one, now) for one in _drifted(parts)], indent=2)


def show(parts: Sequence[Part[Row | Unseen]], screen: Screen) -> None:
    """Print what a person wants to see, under the name of each account and region that has something to see."""
    for part in parts:
        if part.found or len(parts) == 1:
            screen.paragraph(f"{part.name}\n")
        drifted = _drifted([part])
        if drifted:
            screen.table(_HEAD, map(_cells, drifted))
            screen.paragraph()
        for name, one in _unseen([part]):
            screen.paragraph(f"{name}: not compared: {one.why}", "red" if one.fails else "")
        if part.found and len(parts) > 1:
            screen.paragraph()
    streams = len({one.arn for one in _drifted(parts)})
    screen.paragraph(f"{streams} {'stream has' if streams == 1 else 'streams have'} drifted.")


def _drifted(parts: Sequence[Part[Row | Unseen]]) -> list[Row]:
    return [one for part in parts for one in part.found if isinstance(one, Row)]


def _unseen(parts: Sequence[Part[Row | Unseen]]) -> list[tuple[str, Unseen]]:
    """What could not be compared, each with the name of the stream, or of its account and region."""
    return [(one.stream or part.name, one) for part in parts for one in part.found if isinstance(one, Unseen)]


def _cells(row: Row) -> tuple[str, ...]:
    stack = row.stack.split("/")[1]
    return (row.stream, row.code, row.since, row.by, f"{row.resource} of {stack}", row.wanted, row.on_drift, row.detail)


def _sarif(row: Row) -> dict[str, Any]:
    location = {"artifactLocation": {"uri": row.arn}}
    logical = {"fullyQualifiedName": row.arn, "name": row.stream, "kind": "resource"}
    return {
        "ruleId": row.code,
        "level": "warning" if row.code in _MILD else "error",
        "message": {"text": f"{row.stream}: {row.detail}" + (f" (by {row.by})" if row.by else "")},
        "locations": [{"physicalLocation": location, "logicalLocations": [logical]}],
        "partialFingerprints": {"drift/v1": f"{row.arn}/{row.code}"},
    }


def _asff(row: Row, now: float) -> dict[str, Any]:
    _, partition, _, region, account, _ = row.arn.split(":", 5)
    at = iso(now)
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"{row.arn}/{row.code}",
        "ProductArn": f"arn:{partition}:securityhub:{region}:{account}:product/{account}/default",
        "GeneratorId": f"{_NAME}/{row.code}",
        "AwsAccountId": account,
        "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
        "CreatedAt": row.since.replace("+00:00", "Z") or at,
        "UpdatedAt": at,
        "Severity": {"Label": "LOW" if row.code in _MILD else "HIGH"},
        "Title": f"The encryption of Kinesis stream {row.stream} has drifted: {row.code}",
        "Description": f"{row.detail} ({row.resource} of {row.stack})",
        "Resources": [
            {"Type": "AwsKinesisStream", "Id": row.arn, "Partition": partition, "Region": region},
        ],
        "Compliance": {"Status": "FAILED"},
        "RecordState": "ACTIVE",
        "Workflow": {"Status": "NEW"},
    }
