"""Telling: each change once, with what and by whom, and once more when it is over (promise 10)."""

import json
from typing import Any

import pytest

from tests.builders import LOGICAL_ID, STACK_ID, STREAM_ARN, STREAM_NAME
from tests.fake_errors import Kind
from tests.watch.watched import MENDED, OWNER, PROVIDER_ROLE, REPORTED, Watched

FOUND, OVER = "Found", "Over"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The log lines and metrics so far."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]


def metrics(printed: list[dict[str, Any]], name: str) -> list[Any]:
    """The values of a metric."""
    return [line[name] for line in printed if name in line and "_aws" in line]


def test_a_finding_is_told_once_however_many_rounds_see_it(watched: Watched) -> None:
    """Promise 10: not at every round."""
    watched.stopped()
    assert watched.round() == [(FOUND, "Unencrypted")]
    for _ in range(3):
        watched.clock.sleep(900)
        assert watched.round() == []


def test_a_finding_that_is_over_is_told_as_well_and_then_a_new_one_again(watched: Watched) -> None:
    """Promise 10: the end is a change too."""
    watched.stopped()
    watched.round()
    watched.kinesis.people.rekey(STREAM_NAME, watched.one.arn)
    watched.clock.sleep(10)
    assert watched.round() == [(OVER, "Unencrypted")]
    watched.stopped()
    assert watched.round() == [(FOUND, "Unencrypted")]


def test_a_stream_that_drifts_again_after_a_request_put_it_back_is_a_new_finding(watched: Watched) -> None:
    """Promise 10: each change is told, also where no round came in between."""
    watched.stopped()
    watched.round()
    watched.update(REPORTED, REPORTED)
    watched.clock.sleep(300)
    watched.stopped()
    assert watched.round() == [(OVER, "Unencrypted"), (FOUND, "Unencrypted")]


def test_a_finding_is_over_once_nobody_claims_the_stream(watched: Watched) -> None:
    """Promise 10: a Delete ends what was told."""
    watched.stopped()
    watched.round()
    watched.delete(REPORTED)
    assert watched.round() == [(OVER, "Unencrypted")]


def test_the_event_says_what_is_wrong_with_whose_stream(watched: Watched) -> None:
    """The schema in docs/watch.md."""
    watched.stopped()
    watched.called("StopStreamEncryption")
    (event,) = watched.bus.events
    since = event["Detail"].pop("since")
    assert since.endswith("+00:00")
    assert event == {
        "Source": "kinesis-stream-encryption",
        "DetailType": "Kinesis Stream Encryption Drift",
        "Resources": [STREAM_ARN],
        "Detail": {
            "version": "1",
            "state": "Found",
            "code": "Unencrypted",
            "detail": "the stream is not encrypted; wanted is alias/one",
            "by": OWNER,
            "stream": STREAM_NAME,
            "stackId": STACK_ID,
            "logicalId": LOGICAL_ID,
            "wantedKeyId": "alias/one",
            "wantedKeyArn": watched.one.arn,
            "onDrift": "Report",
        },
    }


def test_a_finding_is_logged_and_counted_by_its_kind(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    """Operators' view: a line with the stream, metrics without one."""
    watched.stopped()
    capsys.readouterr()
    watched.round()
    printed = lines(capsys)
    (line,) = [line for line in printed if line.get("message") == "drift found"]
    assert (line["stream"], line["drift"], line["logical_id"]) == (STREAM_NAME, "Unencrypted", LOGICAL_ID)
    assert metrics(printed, "Drift") == [[1.0]]
    assert [line["Kind"] for line in printed if "Drift" in line] == ["Unencrypted"]
    assert metrics(printed, "DriftFound") == [[1.0]]
    assert (metrics(printed, "WatchRounds"), metrics(printed, "StreamsWatched")) == ([[1.0]], [[1.0]])
    assert metrics(printed, "StreamsDrifting") == [[1.0]]
    watched.kinesis.people.rekey(STREAM_NAME, watched.one.arn)
    watched.clock.sleep(10)
    watched.round()
    printed = lines(capsys)
    assert metrics(printed, "DriftOver") == [[1.0]]
    assert metrics(printed, "StreamsDrifting") == [[0.0]]


def test_who_did_it_is_noted_where_a_round_was_first(watched: Watched) -> None:
    """Promise 10: CloudTrail's event can be minutes late; the finding is not told twice."""
    watched.stopped()
    at = watched.clock.now() - 5
    watched.round()
    assert watched.called("StopStreamEncryption", asked={"streamARN": STREAM_ARN}) == []
    record = watched.record_of()
    assert record
    assert [told["by"] for told in record["watch"]["told"]] == [OWNER]
    assert record["watch"]["told"][0]["since"] >= at


def test_a_call_explains_only_what_it_can_lead_to(watched: Watched) -> None:
    """Promise 10: nobody is named for what somebody else did."""
    watched.one.state = "Disabled"
    watched.called("CreateStream")
    assert [event["Detail"]["by"] for event in watched.bus.events] == [None]


@pytest.mark.parametrize(
    "fields",
    [
        {"errorCode": "AccessDenied"},
        {"role": PROVIDER_ROLE.rpartition("/")[2]},
        {"asked": {"streamName": "another"}},
        {"asked": {"shardCount": 1}},
        {"asked": {"description": "none"}, "eventSource": "kms.amazonaws.com"},
    ],
    ids=["failed", "the provider's own", "another stream", "no stream", "no key"],
)
def test_other_calls_are_not_looked_into(watched: Watched, fields: dict[str, Any]) -> None:
    """Promise 10: a call that failed, or is the provider's own, is no drift."""
    watched.stopped()
    before = len(watched.kinesis.calls.named("DescribeStreamSummary"))
    assert watched.called("StopStreamEncryption", **fields) == []
    assert len(watched.kinesis.calls.named("DescribeStreamSummary")) == before


def test_an_unknown_call_is_not_looked_into(watched: Watched) -> None:
    """The rule in template.yaml passes on no other; if it did, nothing would be done."""
    watched.stopped()
    assert watched.called("IncreaseStreamRetentionPeriod") == []


def test_a_user_or_service_that_did_it_is_named(watched: Watched) -> None:
    """Promise 10: not only roles change streams."""
    watched.stopped()
    watched.called("StopStreamEncryption", role="", by="arn:aws:iam::123456789012:user/ann")
    assert watched.bus.events[-1]["Detail"]["by"] == "arn:aws:iam::123456789012:user/ann"


@pytest.mark.parametrize("named", ["arn", "guid", "resource"])
def test_a_key_s_event_leads_to_all_streams_that_want_it(watched: Watched, named: str) -> None:
    """Promise 10: DisableKey and the like name a key, not a stream."""
    watched.kinesis.add_stream("payments", None)
    watched.one.state = "Disabled"
    asked = {"keyId": {"arn": watched.one.arn, "guid": watched.one.key_id, "resource": "other"}[named]}
    resources = [{"ARN": watched.one.arn}] if named == "resource" else None
    told = watched.called("DisableKey", eventSource="kms.amazonaws.com", asked=asked, resources=resources)
    assert told == [(FOUND, "KeyUnusable")]
    assert watched.bus.events[-1]["Detail"]["by"] == OWNER


def test_a_key_s_event_leads_to_no_other_stream(watched: Watched) -> None:
    """The account's looks: only streams that want the key are looked at."""
    before = len(watched.kinesis.calls.named("DescribeStreamSummary"))
    watched.called("DisableKey", eventSource="kms.amazonaws.com", asked={"keyId": watched.two.arn})
    assert len(watched.kinesis.calls.named("DescribeStreamSummary")) == before


def test_an_alias_that_is_moved_is_found_by_its_event(watched: Watched) -> None:
    """Promise 10: UpdateAlias names the alias."""
    watched.kms.alias("alias/one", watched.two)
    told = watched.called("UpdateAlias", eventSource="kms.amazonaws.com", asked={"aliasName": "alias/one"})
    assert told == [(FOUND, "AliasMoved")]


def test_an_update_that_others_have_begun_is_waited_for(watched: Watched) -> None:
    """Promise 10: seconds after the owner's Stop the stream is still UPDATING."""
    watched.kinesis.people.stop(STREAM_NAME, 12)
    began = watched.clock.now()
    assert watched.called("StopStreamEncryption") == [(FOUND, "Unencrypted")]
    assert watched.clock.now() - began < 20


def test_an_update_that_takes_long_is_left_to_the_next_round(watched: Watched) -> None:
    """The function's time is paid for."""
    watched.kinesis.people.stop(STREAM_NAME, 300)
    assert watched.called("StopStreamEncryption") == []
    watched.clock.sleep(300)
    assert watched.round() == [(FOUND, "Unencrypted")]


def test_a_note_that_is_refused_is_tried_by_the_next_round(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """Promise 10: nothing is told that is not noted."""
    watched.stopped()
    watched.table.faults.fail_next("dynamodb:UpdateItem", Kind.THROTTLING)
    assert watched.round() == []
    assert metrics(lines(capsys), "WatchErrors") == [[1.0]]
    assert watched.round() == [(FOUND, "Unencrypted")]


def test_a_record_that_was_written_since_it_was_read_is_not_told(watched: Watched) -> None:
    """Promise 10: the look may be older than a request; the conditional write finds that out."""
    watched.stopped()
    watched.table.faults.before_call(lambda _: watched.update(REPORTED, REPORTED), "dynamodb:UpdateItem")
    assert watched.round() == []
    assert watched.bus.events == []


@pytest.mark.parametrize("action", ["kinesis:DescribeStreamSummary", "kms:DescribeKey"])
def test_a_look_that_is_throttled_is_tried_again_and_then_left_to_the_next_round(watched: Watched, action: str) -> None:
    """Promise 10: throttling is no finding."""
    watched.stopped()
    watched.kinesis.faults.fail_next(action, Kind.THROTTLING, times=2)
    assert watched.round() == [(FOUND, "Unencrypted")]
    watched.two.state = "Disabled"
    watched.kinesis.faults.fail_next(action, Kind.THROTTLING, times=3)
    assert watched.round() == []


def test_an_item_that_the_provider_did_not_write_is_logged(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """Operators' view: the other streams are still watched."""
    watched.table.put_item(
        TableName=watched.table.name, Item={"stream": {"S": f"{STREAM_ARN}-2"}, "version": {"S": "?"}}
    )
    watched.stopped()
    assert watched.round() == [(FOUND, "Unencrypted")]
    assert [line["stream"] for line in lines(capsys) if line.get("message") == "record unreadable"] == [
        f"{STREAM_ARN}-2"
    ]


@pytest.mark.parametrize("properties", [REPORTED, MENDED])
def test_a_request_s_own_update_is_no_drift(properties: dict[str, Any]) -> None:
    """Promise 10: a request at work is no drift, at whichever of its calls a round comes."""
    watched = Watched()
    watched.kinesis.next_updating.extend([20.0, 20.0])
    watched.create({"StreamName": STREAM_NAME, "KeyId": "alias/two"})
    told: list[Any] = []
    watched.kinesis.faults.before_call(lambda _: told.extend(watched.round()), "kinesis:*", times=40)
    watched.update(properties, {"StreamName": STREAM_NAME, "KeyId": "alias/two"})
    watched.kinesis.faults.clear()
    assert told == []
    assert watched.round() == []


def test_a_failed_update_is_drift_after_an_hour(watched: Watched) -> None:
    """Promise 10: within the hour a rollback can still come."""
    watched.two.denies_use = True
    answer = watched.update({**REPORTED, "KeyId": "alias/two"}, REPORTED)
    assert answer["Status"] == "FAILED"
    assert watched.round() == []
    watched.clock.sleep(3600)
    assert watched.round() == [(FOUND, "AnotherKey")]
