"""Event validation: which events can be answered, which ids are valid, and where the ResponseURL may be."""

import json
from typing import Any

import pytest

from stream_encryption.cloudformation.event_validation import (
    DEEPEST,
    MAX_ID_BYTES,
    MAX_PHYSICAL_ID_BYTES,
    Unanswerable,
    accepted,
)
from stream_encryption.cloudformation.response import FAILED, MAX_BODY_BYTES, Response
from tests.builders import RESPONSE_URL, STREAM_ARN, create_event, delete_event, of_messages, sns_event, update_event
from tests.secrecy import leaks

IDS = ("StackId", "RequestId", "LogicalResourceId")
LONGEST = {**dict.fromkeys(IDS, MAX_ID_BYTES), "PhysicalResourceId": MAX_PHYSICAL_ID_BYTES}
"""How many bytes of JSON an id may have."""


@pytest.mark.parametrize("event", [create_event(), update_event(), delete_event()])
def test_a_request_is_accepted_as_it_came(event: dict[str, Any]) -> None:
    """The protocol: ids come back verbatim."""
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
def test_a_url_that_a_response_can_be_put_to_is_accepted(url: str) -> None:
    """CloudFormation's own URLs, and those of emulators."""
    assert accepted(create_event(ResponseURL=url))["ResponseURL"] == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
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
def test_a_url_that_nothing_can_be_sent_to_is_refused(url: Any) -> None:
    """Otherwise the response would be lost after the work was done, or an error would quote the URL."""
    with pytest.raises(Unanswerable, match="has no ResponseURL"):
        accepted(create_event(ResponseURL=url))


@pytest.mark.parametrize("event", [None, [], "Create", 7, {}])
def test_what_is_no_event_at_all_is_refused(event: object) -> None:
    """The function can be invoked with any JSON."""
    with pytest.raises(Unanswerable):
        accepted(event)


# ServiceToken: an SNS topic.


@pytest.mark.parametrize("event", [create_event(), update_event(), delete_event()])
def test_a_request_that_came_through_a_topic_is_accepted(event: dict[str, Any]) -> None:
    """The protocol: a ServiceToken can be an SNS topic's ARN, which central accounts use."""
    assert accepted(sns_event(event)) == event


@pytest.mark.parametrize(
    "event",
    [
        {"Records": []},
        sns_event(create_event(), create_event()),
        of_messages("no JSON"),
        of_messages("[" * 30_000),
        of_messages(None),
        sns_event([]),
        sns_event(sns_event(create_event())),
        {"Records": ["x"]},
        {"Records": [{"s3": {}}]},
        {"Records": [{"Sns": "x"}]},
        {"Records": [{"Sns": {}}]},
    ],
    ids=[
        "no record",
        "two records",
        "no JSON",
        "JSON that is nested too deep",
        "no text",
        "no event",
        "a topic's event in another one",
        "record is text",
        "another service's",
        "Sns is text",
        "no message",
    ],
)
def test_records_without_one_request_are_refused(event: dict[str, Any]) -> None:
    """SNS delivers exactly one message at a time; other services' records have no request."""
    with pytest.raises(Unanswerable):
        accepted(event)


# Ids.


@pytest.mark.parametrize("name", LONGEST)
@pytest.mark.parametrize("value", [None, 7, ["x"], {"a": "b"}])
def test_an_id_that_is_no_text_counts_as_missing(name: str, value: Any) -> None:
    """The response has an empty id in its place; a PhysicalResourceId is left out."""
    taken = accepted({**update_event(), name: value})
    assert taken.get(name, "") == ""
    assert (name in taken) is (name != "PhysicalResourceId")


@pytest.mark.parametrize(("name", "most"), LONGEST.items())
@pytest.mark.parametrize("letter", ["x", "é", "\N{SNAKE}", '"', "\x01"])
def test_an_id_may_be_as_long_as_a_response_has_room_for(name: str, most: int, letter: str) -> None:
    """An id of up to 1,024 bytes is CloudFormation's limit for PhysicalResourceId; what JSON escapes counts more."""
    size = len(json.dumps(letter, ensure_ascii=False).encode()) - 2
    fits, too_long = letter * (most // size), letter * (most // size + 1)
    assert accepted({**update_event(), name: fits})[name] == fits
    assert accepted({**update_event(), name: too_long}).get(name, "") == ""


def test_the_longest_ids_leave_room_for_a_reason() -> None:
    """Promise 2: each event with a ResponseURL can be answered in words."""
    longest = {name: "x" * most for name, most in LONGEST.items()}
    event = accepted({**update_event(), **longest})
    assert {name: event[name] for name in longest} == longest
    response = Response.to(event, status=FAILED, reason="r" * 5000, physical_id=event["PhysicalResourceId"], data={})
    assert len(response.body()) <= MAX_BODY_BYTES
    assert len(json.loads(response.body())["Reason"]) > 300


def test_a_create_has_no_physical_id() -> None:
    """The protocol: a Create has none, so one that is there all the same means nothing."""
    assert "PhysicalResourceId" not in accepted(create_event(PhysicalResourceId=STREAM_ARN))


# The secret, and values that no property has.


def test_the_response_url_is_in_its_own_field_alone() -> None:
    """Promise 8: properties are logged and ids are kept in the record; a template may have passed the URL on."""
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
    """UTF-8 has no lone surrogates, so a log line with one would be lost."""
    assert accepted(create_event({"Stream\ud800": "\udfff"}))["ResourceProperties"]["Stream?"] == "?"


def test_values_that_are_nested_too_deep_are_dropped() -> None:
    """Python can't recurse into a thousand levels; no valid property is nested at all."""
    value: Any = "deep"
    for _ in range(5000):
        value = [value]
    taken = accepted(create_event({"StreamName": value}))["ResourceProperties"]["StreamName"]
    depth = 0
    while taken is not None:
        (taken,) = taken
        depth += 1
    assert depth == DEEPEST - 2  # the event and its properties are the first two levels
