"""docs/plan-and-audit.md says of the command what is so."""

import json
import re
from dataclasses import fields

from stream_encryption_cli import audit
from stream_encryption_cli.account import LOOKS
from stream_encryption_cli.audit import Row
from stream_encryption_cli.lines import Verdict
from tests.templates import ROOT

PAGE = (ROOT / "docs" / "plan-and-audit.md").read_text()


def test_the_rights_are_those_of_the_calls_that_can_be_sent() -> None:
    """A right that is missing costs the first try; one too many is one too many."""
    (policy,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert json.loads(policy)["Statement"] == [{"Effect": "Allow", "Action": list(LOOKS), "Resource": "*"}]


def test_every_verdict_is_told_and_no_other() -> None:
    """What a program that reads the JSON may meet."""
    table = PAGE.partition("| Verdict | |\n")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[1:]]
    assert [name for cell in cells for name in re.findall("`(.*?)`", cell)] == list(Verdict)


def test_every_field_of_an_audit_is_told_and_its_pace() -> None:
    """The columns of the CSV, in their order."""
    told = PAGE.partition("have every field: ")[2].partition("The exit code")[0]
    names = re.findall("`([a-z_]+)`", told)
    assert [name for name in names if name in {one.name for one in fields(Row)}] == [one.name for one in fields(Row)]
    assert f"{audit.STREAMS_A_SECOND:.0f} DescribeStreamSummary and {audit.PAGES_A_SECOND} ListStreams a second" in PAGE
