"""Drift as a table, as JSON, as SARIF and in Security Hub's finding format."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from . import VERSION
from .drift import Row, Unseen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .account import Account
    from .engine import Place
    from .screen import Screen

_HEAD = ("STREAM", "DRIFT", "SINCE", "BY", "MANAGED BY", "WANTED", "ON DRIFT", "DETAIL")
_NAME = "kinesis-stream-encryption"
_MILD = ("AliasMoved", "Unreadable")
"""The findings that leave the stream encrypted as wanted, as far as is known."""


def as_json(found: Sequence[Row | Unseen]) -> str:
    """Every field of every finding, and what could not be compared, for a program."""
    drifted = [asdict(one) for one in found if isinstance(one, Row)]
    return json.dumps({"drift": drifted, "unseen": [asdict(one) for one in found if isinstance(one, Unseen)]}, indent=2)


def as_sarif(found: Sequence[Row | Unseen]) -> str:
    """SARIF 2.1.0, for code scanning; what could not be compared is a notification of the tool."""
    drifted = [one for one in found if isinstance(one, Row)]
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
                "executionSuccessful": not any(isinstance(one, Unseen) and one.fails for one in found),
                "toolExecutionNotifications": [
                    {"level": "error" if one.fails else "note", "message": {"text": f"{one.stream}: {one.why}"}}
                    for one in found
                    if isinstance(one, Unseen)
                ],
            }
        ],
        "results": [_sarif(one) for one in drifted],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2)


def as_asff(found: Sequence[Row | Unseen], account: Account, now: float) -> str:
    """AWS Security Finding Format: what `aws securityhub batch-import-findings --findings` takes."""
    return json.dumps([_asff(one, account, now) for one in found if isinstance(one, Row)], indent=2)


def show(found: Sequence[Row | Unseen], place: Place, screen: Screen) -> None:
    """Print what a person wants to see."""
    screen.paragraph(f"Account {place.account}, region {place.region}\n")
    drifted = [one for one in found if isinstance(one, Row)]
    if drifted:
        screen.table(_HEAD, map(_cells, drifted))
        screen.paragraph()
    for one in found:
        if isinstance(one, Unseen):
            screen.paragraph(f"{one.stream}: not compared: {one.why}", "red" if one.fails else "")
    streams = len({one.stream for one in drifted})
    screen.paragraph(f"{streams} {'stream has' if streams == 1 else 'streams have'} drifted.")


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


def _asff(row: Row, account: Account, now: float) -> dict[str, Any]:
    place, partition = account.place, account.partition
    at = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"{row.arn}/{row.code}",
        "ProductArn": f"arn:{partition}:securityhub:{place.region}:{place.account}:product/{place.account}/default",
        "GeneratorId": f"{_NAME}/{row.code}",
        "AwsAccountId": place.account,
        "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
        "CreatedAt": row.since.replace("+00:00", "Z") or at,
        "UpdatedAt": at,
        "Severity": {"Label": "LOW" if row.code in _MILD else "HIGH"},
        "Title": f"The encryption of Kinesis stream {row.stream} has drifted: {row.code}",
        "Description": f"{row.detail} ({row.resource} of {row.stack})",
        "Resources": [
            {"Type": "AwsKinesisStream", "Id": row.arn, "Partition": partition, "Region": place.region},
        ],
        "Compliance": {"Status": "FAILED"},
        "RecordState": "ACTIVE",
        "Workflow": {"Status": "NEW"},
    }
