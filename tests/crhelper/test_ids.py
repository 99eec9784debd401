"""The PhysicalResourceId: crhelper loses it in waits, time-outs and failures."""

from typing import Any

import pytest

from tests.builders import STREAM_ARN, STREAM_NAME, create_event, delete_event, update_event
from tests.crhelper.beside import Beside, helper, without_region
from tests.crhelper.conftest import Row
from tests.crhelper.functions import ONE, RANDOM_ID, TWO, arn, failing, masked, nothing, timers
from tests.fake_errors import client_error


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_03_a_wait_that_ends_well_keeps_the_id(waiting: Beside, row: Row, kind: str) -> None:
    """Another id means a replacement: CloudFormation would then delete the resource that it has."""
    waiting.ours(waiting.issued(create_event(ONE)))
    event = waiting.issued(update_event(TWO, ONE) if kind == "update" else delete_event(ONE))
    crhelper = helper(arn)
    (crhelper.poll_update if kind == "update" else crhelper.poll_delete)(lambda _event, _context: True)
    assert waiting.bare(crhelper, event) == []
    (bare,) = waiting.bare(crhelper, waiting.events.event)

    waiting.provider.kinesis.people.reshard(STREAM_NAME, 600)
    assert waiting.ours(event) == []
    before = len(waiting.bucket.answers)
    waiting.provider.states.play(waiting.provider.deliver)
    (ours,) = waiting.bucket.answers[before:]
    assert (bare["Status"], ours["Status"]) == ("SUCCESS", "SUCCESS")
    assert bare["PhysicalResourceId"] != event["PhysicalResourceId"] == ours["PhysicalResourceId"]
    row(["SUCCESS", masked(bare["PhysicalResourceId"])], ["SUCCESS"])


@pytest.mark.parametrize("ends", ["well", "badly"])
def test_04_a_create_that_waits_keeps_what_it_did(waiting: Beside, row: Row, ends: str) -> None:
    """Where it ends well it has the id that Create returned; where it fails, its Delete undoes what was done."""
    event = waiting.issued(create_event(ONE))
    crhelper = helper(arn)
    crhelper.poll_create((lambda _event, _context: True) if ends == "well" else failing(ValueError("lost")))
    assert waiting.bare(crhelper, event) == []
    (bare,) = waiting.bare(crhelper, waiting.events.event)
    assert masked(bare["PhysicalResourceId"]) == RANDOM_ID

    provider = waiting.provider
    provider.kinesis.next_updating.append(600)
    assert waiting.ours(event) == []
    before = len(waiting.bucket.answers)
    if ends == "badly":
        provider.kinesis.faults.fail_next("DescribeStreamSummary", ValueError("lost"))
    provider.states.play(provider.deliver)
    (ours,) = waiting.bucket.answers[before:]
    assert bare["Status"] == ours["Status"] == ("SUCCESS" if ends == "well" else "FAILED")
    if ends == "well":
        assert ours["PhysicalResourceId"] == STREAM_ARN
    else:
        provider.clock.sleep(600)
        assert provider.key_of() == provider.one.arn
        waiting.ours(waiting.issued(delete_event(ONE, PhysicalResourceId=ours["PhysicalResourceId"])))
        assert provider.key_of() is None
    row([RANDOM_ID], ["ARN", "Delete"])


def timed_out(beside: Beside, kind: str) -> tuple[list[Any], list[Any]]:
    """Have an invocation run out of time; crhelper's function goes on after its timer has responded."""
    beside.ours(beside.issued(create_event(ONE)))
    beside.provider.kinesis.people.reshard(STREAM_NAME, 600)
    event = beside.issued(update_event(TWO, ONE) if kind == "update" else delete_event(ONE))

    def slow(_event: Any, _context: Any) -> str:
        for timer in timers():
            timer.join(60)
        return STREAM_ARN

    return beside.bare(helper(slow), event, timeout=0.5), beside.ours(event, timeout=0.5)


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_05_a_time_out_has_the_id_that_cloudformation_knows(beside: Beside, row: Row, kind: str) -> None:
    """A FAILED Update with another id has the new id recorded."""
    bare, ours = timed_out(beside, kind)
    assert (bare[0]["Reason"], bare[0]["PhysicalResourceId"]) == ("Execution timed out", "")
    assert (ours[0]["Status"], ours[0]["PhysicalResourceId"]) == ("FAILED", STREAM_ARN)
    assert ours[0]["Reason"].startswith("[DeadlineExceeded] ")
    row(["FAILED", '`""`', bare[0]["Reason"]], ["FAILED"])


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_06_a_time_out_has_one_response(beside: Beside, row: Row, kind: str) -> None:
    """No other thread responds."""
    bare, ours = timed_out(beside, kind)
    assert [response["Status"] for response in bare] == ["FAILED", "SUCCESS"]
    assert [response["Status"] for response in ours] == ["FAILED"]
    row([len(bare), "FAILED", "SUCCESS"], [len(ours), "FAILED"])


def test_07_a_failed_set_up_has_the_id_that_cloudformation_knows(
    beside: Beside, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails, CloudFormation keeps the id that it has."""
    without_region(monkeypatch)
    event = beside.issued(update_event(TWO, ONE))
    (bare,), (ours,) = beside.bare(helper(arn), event), beside.ours_on_boto3()(event)
    assert (bare["Status"], bare["PhysicalResourceId"]) == ("FAILED", "")
    assert (ours["Status"], ours["PhysicalResourceId"]) == ("FAILED", STREAM_ARN)
    row(["FAILED", '`""`'], ["FAILED"])


def test_08_a_wait_that_can_t_be_set_up_has_no_id_called_none(waiting: Beside, row: Row) -> None:
    """A wait that the workflow does not take over is waited for in the invocation."""
    waiting.ours(waiting.issued(create_event(ONE)))
    waiting.provider.kinesis.people.reshard(STREAM_NAME, 300)
    event = waiting.issued(update_event(TWO, ONE))
    waiting.events.refuses = client_error("AccessDeniedException", "not authorized", "events:PutRule")
    waiting.provider.states.refuses = client_error("AccessDeniedException", "not authorized", "states:StartExecution")
    crhelper = helper(nothing)
    crhelper.poll_update(nothing)
    (bare,), (ours,) = waiting.bare(crhelper, event), waiting.ours(event)
    assert (bare["Status"], bare["PhysicalResourceId"]) == ("FAILED", "None")
    assert (ours["Status"], ours["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN)
    row(["FAILED", '`"None"`'], ["SUCCESS"])


def test_19_a_failed_create_has_an_id_whose_delete_does_no_harm(beside: Beside, row: Row) -> None:
    """The Delete that follows has that id; and a request that is delivered twice gets the same response."""
    beside.provider.kinesis.add_stream(STREAM_NAME, "alias/two")
    event = beside.issued(create_event({**ONE, "KeyId": "alias/no-such-key"}))
    crhelper = helper(failing(ValueError("no such key")))
    bare = [*beside.bare(crhelper, event), *beside.bare(crhelper, event)]
    ours = [*beside.ours(event), *beside.ours(event)]
    assert {response["Status"] for response in bare + ours} == {"FAILED"}
    random, same = ({response["PhysicalResourceId"] for response in responses} for responses in (bare, ours))
    assert (len(random), len(same)) == (2, 1)
    assert {masked(name) for name in random} == {RANDOM_ID}
    (failure_id,) = same
    delete = beside.issued(delete_event(event["ResourceProperties"], PhysicalResourceId=failure_id))
    (deleted,) = beside.ours(delete)
    assert deleted["Status"] == "SUCCESS"
    assert beside.provider.key_of() == "alias/two"
    row([RANDOM_ID], [failure_id.rpartition("/")[0]])
