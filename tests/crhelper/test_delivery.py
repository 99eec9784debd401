"""The delivery of a response: crhelper loses it, repeats it for ever, or sends one that CloudFormation refuses."""

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest

from stream_encryption.cloudformation.request import MARGIN_SECONDS
from stream_encryption.cloudformation.response import (
    DELIVERY_SECONDS,
    MAX_BODY_BYTES,
    SOCKET_SECONDS,
    ResponseNotDelivered,
)
from tests.builders import SECRET, STREAM_ARN, STREAM_NAME, create_event, update_event
from tests.crhelper.beside import Beside, helper
from tests.crhelper.conftest import Row
from tests.crhelper.functions import LONGEST_LAMBDA, ONE, TWO, Enough, Naps, arn, failing, timers
from tests.fake_bucket import Reply


def test_09_a_response_that_is_refused_is_not_delivered(
    beside: Beside, row: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    """A 503 passes, so the response is sent again; a 403 does not, so the log and a metric tell of it."""
    event, puts = beside.issued(create_event(ONE)), beside.bucket.requests
    beside.bucket.script(Reply(503))
    assert beside.bare(helper(arn), event) == []
    beside.bucket.script(Reply(403))
    assert beside.bare(helper(arn), event) == []
    bare = [request.step for request in puts]
    assert bare == [Reply(503), Reply(403)]
    assert "Traceback" not in beside.log.getvalue()

    beside.bucket.script(Reply(503))
    assert [response["Status"] for response in beside.ours(event)] == ["SUCCESS"]
    beside.bucket.script(Reply(403))
    capsys.readouterr()
    assert beside.ours(event) == []
    assert [request.step for request in puts[2:]] == [Reply(503), Reply(200), Reply(403)]
    written = capsys.readouterr().out
    assert '"outcome":"refused: HTTP 403"' in written
    assert '"ResponsesLost":[1.0]' in written
    row([len(bare)], ["503", "403", "`ResponsesLost`"])


def test_10_a_response_is_not_sent_for_ever(beside: Beside, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tries end in an error while there is time, so that Lambda delivers the request again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = f"https://127.0.0.1:{server.getsockname()[1]}/path?Signature={SECRET}"
    event, naps = create_event(ONE, ResponseURL=nobody), Naps()
    timeouts: list[Any] = []
    connect = socket.create_connection

    def watched(address: Any, timeout: Any = None, *rest: Any, **options: Any) -> Any:
        timeouts.append(timeout)
        return connect(address, timeout, *rest, **options)

    monkeypatch.setattr(socket, "create_connection", watched)
    monkeypatch.setattr("time.sleep", naps)
    with pytest.raises(Enough):
        beside.bare(helper(arn), event)
    bare = len(timeouts)
    # The socket module's default, which is to wait for ever.
    assert {type(timeout) for timeout in timeouts} == {object}
    assert socket.getdefaulttimeout() is None

    timeouts.clear()
    with pytest.raises(ResponseNotDelivered):
        beside.ours(event)
    assert set(timeouts) == {SOCKET_SECONDS}
    assert 3 <= len(timeouts) <= 10
    row([bare], [f"{DELIVERY_SECONDS:.0f} s", f"{SOCKET_SECONDS:.0f} s"])


@pytest.mark.parametrize("letter", ["x", "é", "\N{SNAKE}", "\ud800"], ids=ascii)
def test_11_a_long_response_is_cut_and_its_reason_keeps_the_beginning(beside: Beside, row: Row, letter: str) -> None:
    """The beginning of a Reason says what happened; CloudFormation does not accept a body over 4,096 bytes."""
    event = beside.issued(create_event(ONE))
    error = ValueError("The first words. " + letter * 10_240)
    (bare,) = beside.bare(helper(failing(error)), event)
    assert bare["Reason"] == f"ERROR: (truncated) {letter * 240}"
    beside.provider.kinesis.faults.fail_next("DescribeStreamSummary", error)
    (ours,) = beside.ours(event)
    assert "The first words. " in ours["Reason"]

    crhelper = helper(arn)
    too_long, room = {"KeyId": "k" * 5000}, create_event({**ONE, "KeyId": f"alias/{'x' * 2000}"})
    beside.provider.kms.add_key(f"alias/{'x' * 2000}", denies_describe=True)

    def generous(_event: Any, _context: Any) -> str:
        crhelper.Data = too_long
        return STREAM_ARN

    crhelper.create(generous)
    beside.bare(crhelper, beside.issued(room))
    length = len(beside.bucket.requests[-1].body)
    assert length > MAX_BODY_BYTES
    (failed,) = beside.ours(beside.issued(room))
    assert failed["Reason"].startswith("[ResponseTooLong] ")
    assert all(len(request.body) <= MAX_BODY_BYTES for request in beside.bucket.requests[1::2])
    row([240, f"{length:,} bytes"], ["beginning", f"{MAX_BODY_BYTES:,} bytes"])


def test_12_data_that_is_no_json_fails_with_all_ids(beside: Beside, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3's responses have time stamps."""
    event, stamp = beside.issued(update_event(ONE, TWO)), datetime(2026, 1, 1, tzinfo=UTC)
    crhelper = helper(arn)

    def work(_event: Any, _context: Any) -> str:
        crhelper.Data = {"Created": stamp}
        return STREAM_ARN

    crhelper.update(work)
    (bare,) = beside.bare(crhelper, event)

    describe = beside.provider.kms.describe_key

    def with_a_stamp(**arguments: Any) -> Any:
        described = describe(**arguments)
        return {**described, "KeyMetadata": {**described["KeyMetadata"], "Arn": stamp}}

    monkeypatch.setattr(beside.provider.kms, "describe_key", with_a_stamp)
    (ours,) = beside.ours(event)
    needed = {"Status", "Reason", "PhysicalResourceId", "StackId", "RequestId", "LogicalResourceId"}
    missing = sorted(needed - set(bare))
    assert missing == ["LogicalResourceId", "PhysicalResourceId", "RequestId", "StackId"]
    assert needed <= set(ours)
    assert (ours["Status"], ours["PhysicalResourceId"]) == ("FAILED", STREAM_ARN)
    row(["FAILED", *missing], ["FAILED"])


def test_14_an_event_without_a_response_url_gets_no_response(
    beside: Beside, row: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    """The URL of the request before is another request's."""
    crhelper, first = helper(arn), beside.issued(create_event(ONE))
    lost = create_event(ONE, ResponseURL=None, LogicalResourceId="Another")
    beside.bare(crhelper, first)
    (bare,) = beside.bare(crhelper, lost)
    assert beside.bucket.requests[-1].target == beside.bucket.requests[-2].target
    assert (bare["Status"], bare["LogicalResourceId"]) == ("FAILED", "Another")

    beside.ours(first)
    changes = beside.provider.changes()
    capsys.readouterr()
    assert beside.ours(lost) == []
    assert beside.provider.changes() == changes
    assert '"message":"event refused"' in capsys.readouterr().out
    row(["FAILED"], ["log"])


def test_20_a_time_out_leaves_time_for_the_delivery(beside: Beside, row: Row) -> None:
    """A response may have to be sent more than once."""
    left: list[float] = []

    def work(_event: Any, _context: Any) -> str:
        (timer,) = timers()
        left.append(LONGEST_LAMBDA - timer.interval)
        return STREAM_ARN

    beside.provider.kinesis.people.reshard(STREAM_NAME, 3000)
    event = beside.issued(create_event(ONE))
    beside.bare(helper(work), event, timeout=LONGEST_LAMBDA)
    begun = beside.clock.now()
    (ours,) = beside.ours(event, timeout=LONGEST_LAMBDA)
    left.append(LONGEST_LAMBDA - (beside.clock.now() - begun))
    assert ours["Status"] == "FAILED"
    assert left == [0.5, pytest.approx(MARGIN_SECONDS)]
    row([f"{left[0]:.1f} s"], [f"{left[1]:.0f} s", f"{DELIVERY_SECONDS:.0f} s"])


def test_22_a_response_url_may_be_http(
    beginning: Callable[..., AbstractContextManager[Beside]], row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFormation's URL is https; an emulator's need not be."""
    naps = Naps()
    with beginning(https=False) as beside:
        event = beside.issued(create_event(ONE))
        assert event["ResponseURL"].startswith("http://")
        monkeypatch.setattr("time.sleep", naps)
        with pytest.raises(Enough):
            beside.bare(helper(arn), event)
        assert beside.bucket.answers == []
        assert "SSLError" in beside.log.getvalue()
        (ours,) = beside.ours(event)
    assert ours["Status"] == "SUCCESS"
    row(["TLS"], ["HTTP"])
