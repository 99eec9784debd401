"""What both doors take an event for, and what they do not: its ids, its depth, and its secret."""

import json
from typing import Any

import pytest

from stream_encryption.answer import FAILED, MAX_BODY_BYTES, Answer
from stream_encryption.envelope import DEEPEST, MAX_ID_BYTES, Unanswerable, accepted
from tests.builders import RESPONSE_URL, STREAM_ARN, create_event, delete_event, update_event
from tests.secrecy import leaks

IDS = ("StackId", "RequestId", "LogicalResourceId", "PhysicalResourceId")


@pytest.mark.parametrize("event", [create_event(), update_event(), delete_event()])
def test_a_request_is_taken_as_it_came(event: dict[str, Any]) -> None:
    """The protocol: ids are copied verbatim."""
    assert accepted(event) == event


@pytest.mark.parametrize(
    "url",
    [
        "https://bucket.s3.eu-west-1.amazonaws.com/a%20b?X-Amz-Signature=0&X-Amz-Security-Token=a/b+c=",
        "http://127.0.0.1:8080/path",
        "http://localhost:65535/",
        "https://a-b.c_d.example/~!$'()*,;:@[]",
    ],
)
def test_a_url_that_can_be_put_to_is_one(url: str) -> None:
    """CloudFormation's own, and those of emulators."""
    assert accepted(create_event(ResponseURL=url))["ResponseURL"] == url


@pytest.mark.parametrize(
    "url",
    [
        "https://host:65536/path",
        "https://user:password@host/path",
        "https://a..b/path",
        "https://host/pa th",
        "https://host/p\u00e4th",
        "https://host/path\n",
        " https://host/path",
        "https://[::1/path",
        "https://host?Signature=x",
        'https://host/"',
        "https://host/\\\\",
        "https://host/" + "p" * 8001,
    ],
)
def test_a_url_that_nothing_can_be_sent_to_is_none(url: str) -> None:
    """An answer would be lost after everything was done, or end in an error that holds the URL."""
    with pytest.raises(Unanswerable, match="has no ResponseURL"):
        accepted(create_event(ResponseURL=url))


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("value", [None, 7, ["x"], {"a": "b"}, "x" * (MAX_ID_BYTES - 1), "\N{SNAKE}" * 80])
def test_an_id_that_can_be_none_is_none(name: str, value: Any) -> None:
    """CloudFormation's have a few hundred characters; what is longer would leave no room for an answer."""
    taken = accepted({**update_event(), name: value})
    assert taken.get(name, "") == ""
    assert (name in taken) is (name != "PhysicalResourceId")


def test_the_longest_ids_leave_room_for_a_reason() -> None:
    """Promise 2: whatever has a ResponseURL can be answered, with words."""
    longest = "x" * (MAX_ID_BYTES - 2)
    event = accepted({**update_event(), **dict.fromkeys(IDS, longest)})
    assert [event[name] for name in IDS] == [longest] * 4
    answer = Answer.to(event, status=FAILED, reason="r" * 5000, physical_id=event["PhysicalResourceId"], data={})
    assert len(answer.body()) <= MAX_BODY_BYTES
    assert len(json.loads(answer.body())["Reason"]) > 300


def test_a_create_has_no_physical_id() -> None:
    """The protocol: one that is there all the same says nothing, and is not answered."""
    assert "PhysicalResourceId" not in accepted(create_event(PhysicalResourceId=STREAM_ARN))


def test_the_secret_is_nowhere_but_in_its_place() -> None:
    """Promise 8: properties are logged, ids become tags; a template that passes the URL on is no way out for it."""
    query = RESPONSE_URL.partition("?")[2]
    event = create_event(
        {"StreamName": RESPONSE_URL, RESPONSE_URL: [{"x": query}], "KeyId": f"see {query}"},
        LogicalResourceId=query.rpartition("=")[2],
    )
    taken = accepted(event)
    assert taken.pop("ResponseURL") == RESPONSE_URL
    assert leaks(json.dumps(taken)) == []
    assert taken["ResourceProperties"]["StreamName"] == "<ResponseURL>"
    assert taken["ResourceProperties"]["KeyId"] == "see <ResponseURL>"
    assert taken["ResourceProperties"]["<ResponseURL>"] == [{"x": "<ResponseURL>"}]
    assert taken["LogicalResourceId"] == "<ResponseURL>"


def test_half_characters_become_question_marks() -> None:
    """UTF-8 can't hold them: a log line with one is lost."""
    assert accepted(create_event({"Stream\ud800": "\udfff"}))["ResourceProperties"]["Stream?"] == "?"


def test_what_lies_too_deep_is_nothing() -> None:
    """Python gives up on what is nested a thousand times; a valid property is not nested at all."""
    value: Any = "deep"
    for _ in range(5000):
        value = [value]
    taken = accepted(create_event({"StreamName": value}))["ResourceProperties"]["StreamName"]
    depth = 0
    while taken is not None:
        (taken,) = taken
        depth += 1
    assert depth == DEEPEST - 2  # the event and its properties are two of them
