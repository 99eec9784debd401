"""Clients, logs and the state of a warm process: what crhelper does beside its response."""

import logging
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from crhelper import CfnResource

from tests.builders import STREAM_ARN, create_event, delete_event
from tests.crhelper.beside import Beside, helper, without_region
from tests.crhelper.conftest import Row
from tests.crhelper.functions import FAILED_CREATE, ONE, Naps, arn, failing, nothing
from tests.crhelper.page import ROWS
from tests.secrecy import leaks


def test_the_compared_version_is_the_pinned_one() -> None:
    """The page is about 2.0.12."""
    assert version("crhelper") == "2.0.12"


def test_each_row_has_its_test_and_each_test_its_row() -> None:
    """None without the other."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    tests = sorted(int(number) for number in re.findall(r"^def test_(\d\d)_", source, re.MULTILINE))
    assert tests == list(ROWS) == list(range(1, 23))


def test_01_no_client_is_made_before_it_is_needed(beside: Beside, row: Row) -> None:
    """A cold start pays only for the clients that the request needs."""
    crhelper = CfnResource()
    bare = list(beside.clients)
    assert bare == ["lambda", "events", "logs"]
    crhelper.create(arn)
    beside.clients.clear()

    ours = beside.ours_on_boto3()
    assert beside.clients == []
    refused = beside.issued(create_event({"StreamName": "orders!"}))
    beside.bare(crhelper, refused)
    assert ours(refused)[0]["Status"] == "FAILED"
    ours(beside.issued(create_event(ONE)))
    row([len(bare), *bare], sorted(set(beside.clients)))


def test_02_a_failed_set_up_does_not_fail_later_requests(
    beside: Beside, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Crhelper keeps the error of its set-up."""
    without_region(monkeypatch)
    crhelper, ours = helper(arn), beside.ours_on_boto3()
    nothing_done = beside.issued(delete_event({}, PhysicalResourceId=FAILED_CREATE))
    needs_a_client = beside.issued(create_event(ONE))
    early = [*beside.bare(crhelper, nothing_done), *ours(needs_a_client)]
    assert [response["Status"] for response in early] == ["FAILED", "FAILED"]

    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    (bare,), (late,) = beside.bare(crhelper, nothing_done), ours(nothing_done)
    assert (bare["Status"], late["Status"]) == ("FAILED", "SUCCESS")
    row(["FAILED", bare["Reason"]], ["SUCCESS"])


def test_13_no_echo_is_not_kept_for_the_next_request(beside: Beside, row: Row) -> None:
    """The requests of a warm function have nothing to do with one another."""
    secretive, plain = beside.issued(create_event(ONE)), beside.issued(create_event(ONE, LogicalResourceId="Next"))
    echoes: list[bool] = []
    for made in (helper(arn), beside.hardened()):

        def secret(_event: Any, _context: Any, made: CfnResource = made) -> str:
            made.NoEcho = True
            return STREAM_ARN

        made.create(secret)
        beside.bare(made, secretive)
        made.create(arn)
        echoes.extend(response["NoEcho"] for response in beside.bare(made, plain))
    bare, ours = echoes
    assert (bare, ours) == (True, False)
    row([f"`{bare}`"], [f"`{ours}`"])


def test_15_no_log_line_has_the_response_url(beside: Beside, row: Row, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads the log could respond in the provider's place."""
    event = beside.issued(create_event(ONE))
    beside.bare(helper(arn), event)
    bare = leaks(beside.log.getvalue())
    assert len(bare) == 2

    logger = logging.getLogger("test")
    level = logger.level
    logger.setLevel("DEBUG")
    beside.ours(event)
    logger.setLevel(level)
    written = capsys.readouterr()
    assert '"message":"response delivered"' in written.out
    assert leaks(written.out + written.err) == []
    row([f"{len(bare)} lines", "DEBUG"], ["none"])


def test_16_the_root_logger_is_left_alone(beside: Beside, row: Row) -> None:
    """Its level is the application's."""
    root, event = logging.getLogger(), beside.issued(create_event(ONE))
    crhelper = helper(arn)
    root.setLevel("ERROR")
    beside.ours(event)
    ours = logging.getLevelName(root.level)
    beside.bare(crhelper, event)
    bare = logging.getLevelName(root.level)
    assert (bare, ours) == ("DEBUG", "ERROR")
    row([bare], [ours])


def test_17_a_delete_is_answered_without_a_nap(beside: Beside, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deletion of a stack does not wait for log lines."""
    event, naps = beside.issued(delete_event({}, PhysicalResourceId=FAILED_CREATE)), Naps()
    # It keeps the sleep that it found when it was imported.
    monkeypatch.setattr(CfnResource._wait_for_cwlogs, "__defaults__", (naps,))  # type: ignore[attr-defined]  # noqa: SLF001
    crhelper = CfnResource()
    crhelper.delete(nothing)
    (bare,) = beside.bare(crhelper, event)
    begun = beside.clock.now()
    (ours,) = beside.ours(event)
    slept = beside.clock.now() - begun
    assert (bare["Status"], ours["Status"]) == ("SUCCESS", "SUCCESS")
    assert (naps, slept) == ([120], 0)
    row([f"{naps[0]:.0f} s"], [f"{slept:.0f} s"])


def test_18_system_exit_is_answered(beside: Beside, row: Row) -> None:
    """A library that calls sys.exit must not leave CloudFormation waiting for an hour."""
    event, error = beside.issued(create_event(ONE)), SystemExit(1)
    with pytest.raises(SystemExit):
        beside.bare(helper(failing(error)), event)
    bare = beside.bucket.answers
    assert bare == []
    beside.provider.kinesis.faults.fail_next("DescribeStreamSummary", error)
    (ours,) = beside.ours(event)
    assert ours["Status"] == "FAILED"
    assert "SystemExit: 1" in ours["Reason"]
    row([len(bare)], ["FAILED"])


def test_21_sam_local_is_answered_as_lambda_is(beside: Beside, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider is tried out before it is deployed."""
    monkeypatch.setenv("AWS_SAM_LOCAL", "true")
    event = beside.issued(create_event(ONE))
    crhelper = helper(arn)
    crhelper.poll_create(arn)
    bare, ours = beside.bare(crhelper, event), beside.ours(event)
    assert bare == []
    assert [response["Status"] for response in ours] == ["SUCCESS"]
    row([len(bare)], ["SUCCESS"])
