"""The response's body: JSON with the request's ids, at most 4,096 bytes, and a Reason that is cut at its end."""

import json
from contextlib import nullcontext
from typing import Any

import pytest

from stream_encryption.cloudformation.response import FAILED, MAX_BODY_BYTES, SUCCESS, Response, demand_room
from stream_encryption.errors import ResponseTooLong
from tests.builders import LOGICAL_ID, REQUEST_ID, RESPONSE_URL, STACK_ID, STREAM_ARN, create_event

EMOJI = "\N{SNAKE}"
EVENT = create_event()


def response(**parts: Any) -> Response:
    """Make a response of which each part can be set."""
    whole = {
        "status": FAILED,
        "reason": "It did not work.",
        "physical_id": STREAM_ARN,
        "stack_id": STACK_ID,
        "request_id": REQUEST_ID,
        "logical_id": LOGICAL_ID,
        "data": {},
    }
    return Response(**{**whole, **parts})


def to(**parts: Any) -> Response:
    """Respond to an event of which nothing but the given parts matters."""
    whole = {"status": FAILED, "reason": "It did not work.", "physical_id": STREAM_ARN, "data": {}}
    return Response.to(EVENT, **{**whole, **parts})


def test_a_response_is_json_with_the_ids_verbatim() -> None:
    """The protocol: StackId, RequestId and LogicalResourceId come back as they came, whatever characters they have."""
    ids = {"stack_id": 'a"\\/<é>', "request_id": f"{EMOJI}\n", "logical_id": "L" * 255, "physical_id": "p i d"}
    assert json.loads(response(**ids, data={"KeyId": "alias/é"}, status=SUCCESS).body()) == {
        "Status": "SUCCESS",
        "Reason": "It did not work.",
        "PhysicalResourceId": "p i d",
        "StackId": 'a"\\/<é>',
        "RequestId": f"{EMOJI}\n",
        "LogicalResourceId": "L" * 255,
        "NoEcho": False,
        "Data": {"KeyId": "alias/é"},
    }


def test_the_ids_are_those_of_the_event() -> None:
    """The protocol: the response names the request that it is for."""
    made = to()
    assert (made.stack_id, made.request_id, made.logical_id) == (STACK_ID, REQUEST_ID, LOGICAL_ID)


@pytest.mark.parametrize("letter", ["x", "é", EMOJI, '"', "\n", "\ud800"], ids=ascii)
@pytest.mark.parametrize("length", [10_240, 4000, 700])
def test_a_long_reason_keeps_its_beginning_and_fills_the_body(letter: str, length: int) -> None:
    """Promise 2: at most 4,096 bytes, and as much of the Reason as fits. Its beginning has the error's code."""
    reason = "[SomeCode] First." + letter * length
    body = response(reason=reason).body()
    sent, reason = json.loads(body)["Reason"], reason.replace("\ud800", "?")  # UTF-8 has no half characters
    assert len(body) <= MAX_BODY_BYTES
    if sent != reason:
        assert sent.startswith("[SomeCode] First.")
        assert sent.endswith(" …")
        assert reason.startswith(sent.removesuffix(" …"))
        assert len(body) > MAX_BODY_BYTES - 12, "there was room for another character"


def test_the_longest_reason_that_fits_is_left_alone() -> None:
    """Promise 2: at most 4,096 bytes, to the byte."""
    room = MAX_BODY_BYTES - len(response(reason="").body())
    whole, cut = response(reason="x" * room).body(), response(reason="x" * (room + 1)).body()
    assert (len(whole), json.loads(whole)["Reason"]) == (MAX_BODY_BYTES, "x" * room)
    assert json.loads(cut)["Reason"].endswith("x …")


def test_the_reason_of_a_success_is_cut_before_its_data() -> None:
    """Fn::GetAtt has to get its values in full."""
    sent = json.loads(response(status=SUCCESS, reason="r" * 4000, data={"KeyId": "k" * 2000}).body())
    assert (sent["Status"], sent["Data"]) == ("SUCCESS", {"KeyId": "k" * 2000})
    assert sent["Reason"].endswith("r …")


def test_only_a_success_carries_data() -> None:
    """Promise 2: nobody may read attributes of a resource that was not made."""
    data = {"KeyId": "alias/one"}
    assert (to(status=SUCCESS, data=data).data, to(status=FAILED, data=data).data) == (data, {})


@pytest.mark.parametrize(("status", "reason"), [(FAILED, "See the provider's log."), (SUCCESS, "")])
def test_a_failure_always_has_a_reason(status: str, reason: str) -> None:
    """The protocol: Reason is required where Status is FAILED."""
    assert to(status=status, reason="").reason == reason


def test_the_response_url_is_taken_out_of_the_reason() -> None:
    """Promise 8: the ResponseURL is a secret."""
    assert to(reason=f"saw {RESPONSE_URL} there").reason == "saw <ResponseURL> there"


def test_half_a_character_in_a_physical_id_becomes_a_question_mark() -> None:
    """Promise 2: UTF-8 can't hold a lone surrogate, and the response is sent all the same."""
    assert to(physical_id="x\ud800").physical_id == "x?"


def test_a_physical_id_is_cut_between_characters() -> None:
    """The protocol: at most 1 KB, and no half of a character."""
    assert to(physical_id="x" + "é" * 600).physical_id == "x" + "é" * 511
    assert to(physical_id="é" * 512).physical_id == "é" * 512


@pytest.mark.parametrize(("length", "fits"), [(1500, True), (2048, False)])
def test_data_that_leaves_no_room_is_a_failure(length: int, *, fits: bool) -> None:
    """Promise 2: CloudFormation does not accept a response over 4,096 bytes, and would wait for an hour."""
    data = {"KeyId": "k" * length, "KeyArn": "k" * length}
    with nullcontext() if fits else pytest.raises(ResponseTooLong):
        demand_room(EVENT, STREAM_ARN, data)


def test_data_may_fill_the_body_to_the_last_byte() -> None:
    """Promise 2: at most 4,096 bytes, to the byte."""

    def data(size: int) -> dict[str, str]:
        empty = to(status=SUCCESS, reason="", data={"KeyId": ""})
        return {"KeyId": "k" * (size - len(empty.body()))}

    demand_room(EVENT, STREAM_ARN, data(MAX_BODY_BYTES))
    with pytest.raises(ResponseTooLong, match="4096"):
        demand_room(EVENT, STREAM_ARN, data(MAX_BODY_BYTES + 1))
