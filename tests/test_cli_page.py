"""docs/plan-and-audit.md says of the command what is so."""

import json
import os
import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from stream_encryption_cli import audit, refused
from stream_encryption_cli.account import CHANGE_SETS, LOOKS
from stream_encryption_cli.audit import Row
from stream_encryption_cli.lines import Line, Verdict
from stream_encryption_cli.plan_report import Plan
from tests.pages import codes, table
from tests.templates import ROOT

CODES = ("TOKEN_CHANGED", "TOKEN_MISSING", "TYPE_CHANGED")
PAGE = (ROOT / "docs" / "plan-and-audit.md").read_text()


def test_the_rights_are_those_of_the_calls_that_can_be_sent() -> None:
    """A right that is missing costs the first try; one too many is one too many."""
    (policy,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert json.loads(policy)["Statement"] == [
        {"Effect": "Allow", "Action": list(actions), "Resource": "*"} for actions in (LOOKS, CHANGE_SETS)
    ]


def test_every_verdict_is_told_and_no_other() -> None:
    """What a program that reads the JSON may meet."""
    rows = table(ROOT / "docs" / "plan-and-audit.md", "### Verdicts")
    assert [name for row in rows for name in codes(row[0])] == list(Verdict)


def test_the_exit_code_of_each_verdict_is_told() -> None:
    """A pipeline goes by the exit code, a person by the verdict."""
    for verdicts, exit_codes, _ in table(ROOT / "docs" / "plan-and-audit.md", "### Verdicts"):
        for verdict in codes(verdicts):
            line = Line("r", "Create", "", "s", None, Verdict(verdict), "x")
            assert exit_codes.split(", ")[0] == str(Plan("s", None, "a", "r", [line]).exit_code)


def test_every_field_of_an_audit_is_told_and_its_pace() -> None:
    """The columns of the CSV, in their order."""
    rows = table(ROOT / "docs" / "plan-and-audit.md", "## `audit`")
    named = [name for row in rows for name in codes(row[0])]
    assert [name for name in named if not name.startswith("--")] == [one.name for one in fields(Row)]
    assert (
        f"{audit.STREAMS_A_SECOND:.0f} DescribeStreamSummary and {audit.PAGES_A_SECOND} ListStreams calls a second"
        in PAGE
    )


def test_every_code_of_what_cloudformation_itself_refuses_is_told() -> None:
    """A program may go by them."""
    values = [value for name, value in vars(refused).items() if name in CODES]
    assert len(values) == len(CODES)
    assert [value for value in values if f"`{value}`" not in PAGE] == []


@pytest.mark.parametrize(("verdict", "code"), [("no-change", 0), ("unknown", 2), ("start", 2), ("refused", 1)])
def test_the_pipeline_of_the_page_goes_on_by_itself_only_where_nothing_changes(
    tmp_path: Path, verdict: str, code: int
) -> None:
    """The page's own lines, with a command that ends as the plan of such a stack does."""
    script = PAGE.partition("```bash\n")[2].partition("```")[0]
    plan = Plan("s", None, "a", "r", [Line("r", "Create", "", "s", None, Verdict(verdict), "x")])
    assert plan.exit_code == code
    command = tmp_path / "kinesis-stream-encryption"
    command.write_text(f"#!/bin/sh\nexit {plan.exit_code}\n")
    command.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S603 - our own page
        ["/bin/sh", "-c", script], env={"PATH": path}, cwd=tmp_path, check=False, capture_output=True
    )
    assert done.returncode == code
