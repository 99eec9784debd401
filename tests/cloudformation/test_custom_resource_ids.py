"""CustomResource: the response's ids where the event's are missing, odd or too long; events without a ResponseURL."""

import json
from typing import Any

import pytest

from stream_encryption.errors import InvalidRequest
from tests.builders import LOGICAL_ID, RESPONSE_URL, SECRET, LambdaContext, create_event, delete_event, update_event
from tests.cloudformation.lone_resource import LoneResource
from tests.fake_calls import Call
from tests.provider import Provider

EMOJI = "\N{SNAKE}"
FIELDS = {
    "Status",
    "Reason",
    "PhysicalResourceId",
    "StackId",
    "RequestId",
    "LogicalResourceId",
    "NoEcho",
    "Data",
}


@pytest.fixture
def lone() -> LoneResource:
    """The protocol alone."""
    return LoneResource()


@pytest.mark.parametrize("event", [create_event(), update_event(), delete_event()])
def test_an_id_is_never_empty_nor_none(lone: LoneResource, event: Any) -> None:
    """docs/crhelper-compared.md, 5 to 8: crhelper answers "" or "None", which CloudFormation takes for a new id."""
    known = event.get("PhysicalResourceId", f"failed-create:{LOGICAL_ID}")
    assert lone.run(lambda _event, _context: "", event)["PhysicalResourceId"] == known
    assert lone.failing(ValueError(), event)["PhysicalResourceId"] == known


@pytest.mark.parametrize("odd", ["", None, 7, ["x"], {"a": "b"}])
def test_a_physical_id_that_is_no_text_is_not_answered(lone: LoneResource, odd: Any) -> None:
    """CloudFormation can't have given it."""
    event = {**delete_event(), "PhysicalResourceId": odd}
    assert lone.failing(ValueError(), event)["PhysicalResourceId"] == f"failed-create:{LOGICAL_ID}"


def test_a_made_up_id_is_the_same_each_time(lone: LoneResource) -> None:
    """docs/crhelper-compared.md, 19: crhelper's is random, so that a repeated request is answered in another way."""
    event = create_event(StackId="", LogicalResourceId=None)
    ids = {lone.failing(ValueError(), event)["PhysicalResourceId"] for _ in range(2)}
    assert ids == {"failed-create:"}


@pytest.mark.parametrize("letter", ["x", "é", EMOJI])
def test_an_id_has_at_most_a_kilobyte(lone: LoneResource, letter: str) -> None:
    """The protocol: at most 1 KB, counted in bytes; no character is cut in half."""
    given = letter * 1025
    sent = lone.run(lambda _event, _context: given)["PhysicalResourceId"]
    assert 1020 < len(sent.encode()) <= 1024
    assert given.startswith(sent)


@pytest.mark.parametrize("field", ["RequestType", "StackId", "RequestId", "LogicalResourceId"])
@pytest.mark.parametrize("value", [None, 7, ""])
def test_a_field_that_is_missing_or_no_text_is_answered_as_empty(lone: LoneResource, field: str, value: Any) -> None:
    """Promise 2: each event with a ResponseURL gets a response with all the protocol's fields."""
    response = lone.run(lambda _event, _context: "x", {**create_event(), field: value})
    assert set(response) == FIELDS
    assert response.get(field, "") == ""


def test_an_event_with_nothing_but_a_response_url_is_answered(lone: LoneResource) -> None:
    """Promise 2: FAILED, rather than an hour of waiting."""
    response = lone.failing(InvalidRequest("x"), {"ResponseURL": RESPONSE_URL})
    assert (response["Status"], response["PhysicalResourceId"]) == ("FAILED", "failed-create:")


WITHOUT_URL: list[Any] = [
    None,
    [],
    "Create",
    7,
    {},
    {"RequestType": "Create"},
    *({**create_event(), "ResponseURL": url} for url in ("", None, 7, ["x"], "x", "ftp://h/p", "https:///p", "file:///p")),
]  # fmt: skip


@pytest.mark.parametrize("event", WITHOUT_URL, ids=lambda event: repr(event)[-30:])
def test_an_event_without_a_response_url_is_refused_in_the_log_and_does_nothing(
    lone: LoneResource, event: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """docs/crhelper-compared.md, 14: crhelper sends FAILED to the URL of the request before."""
    lone.run(lambda _event, _context: "x")
    handled: list[Any] = []
    lone.resource.create(lambda event, _context: handled.append(event) or "x")  # type: ignore[func-returns-value]
    lone.resource(event, LambdaContext(lone.clock))
    assert (len(lone.sent), handled) == (1, [])
    (line,) = (line for line in capsys.readouterr().out.splitlines() if '"message":"event refused"' in line)
    assert "has no ResponseURL" in json.loads(line)["reason"]


@pytest.mark.parametrize("properties", [None, {}])
def test_a_response_url_that_cannot_be_parsed_raises_nothing(properties: Any) -> None:
    """Nobody can be answered; an error would only make Lambda deliver the event twice more."""
    provider = Provider()
    provider.deliver(create_event(properties, ResponseURL=f"https://[broken?Signature={SECRET}"))
    assert provider.changes() == []


@pytest.mark.parametrize("event", [create_event(RequestType="Read"), create_event(RequestType=None)])
def test_a_request_of_an_unknown_type_fails_before_any_call(event: Any) -> None:
    """Promise 2: one response, and its code says what is wrong."""
    provider = Provider()
    response = provider.handle(event)
    assert response["Status"] == "FAILED"
    assert response["Reason"].startswith("[InvalidRequest] ")
    assert len(provider.kinesis.calls) == 0


@pytest.mark.parametrize("field", ["StackId", "LogicalResourceId"])
@pytest.mark.parametrize("value", [None, "", []])
def test_a_request_without_an_owner_fails_and_changes_nothing(field: str, value: Any) -> None:
    """Promise 3: the record names the owner; without one nobody could undo the change."""
    provider = Provider()
    provider.kinesis.faults.before_call(_no_more_than_100, times=None)
    response = provider.handle({**create_event(), field: value})
    assert response["Reason"].startswith("[InvalidRequest] ")
    assert provider.changes() == []


def _no_more_than_100(call: Call) -> None:
    """End a loop that would never end."""
    if call.number > 100:
        raise RecursionError(f"{call.number} calls")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("LogicalResourceId", "L" * 5000),
        ("LogicalResourceId", EMOJI * 300),
        ("RequestId", "r" * 5000),
        ("PhysicalResourceId", "\x01" * 1024),
        ("PhysicalResourceId", "\ud800"),
    ],
    ids=["long name", "wide name", "long request id", "control characters", "half a character"],
)
def test_ids_that_a_response_has_no_room_for_raise_nothing(field: str, value: str) -> None:
    """CloudFormation sends no such event, and could not take its response."""
    provider = Provider()
    provider.deliver({**delete_event({}), field: value, "ResponseURL": provider.fresh_url()})
    assert len(provider.bucket.answers) <= 1
