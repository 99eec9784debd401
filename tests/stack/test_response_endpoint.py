"""The strict endpoint itself: it refuses what AWS refuses, and stands in for what MiniStack omits."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from local.loopback import Reply, Request, Server, call
from local.response_endpoint import ResponseEndpoint, faults

if TYPE_CHECKING:
    from collections.abc import Iterator

CREATE = {
    "RequestType": "Create",
    "RequestId": "62f2fb72",
    "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/orders/6f2b8c50",
    "LogicalResourceId": "Encryption",
    "ResourceType": "Custom::KinesisStreamEncryption",
    "ResourceProperties": {"StreamName": "orders"},
}
GOOD = {
    "Status": "SUCCESS",
    "PhysicalResourceId": "orders",
    "StackId": CREATE["StackId"],
    "RequestId": CREATE["RequestId"],
    "LogicalResourceId": CREATE["LogicalResourceId"],
}


class Delivered(list[dict[str, Any]]):
    """The events that the endpoint sent to the function of its own accord."""


@pytest.fixture
def delivered() -> Delivered:
    """No event yet."""
    return Delivered()


@pytest.fixture
def endpoint(delivered: Delivered) -> Iterator[ResponseEndpoint]:
    """An endpoint of the test's own."""
    with ResponseEndpoint(delivered.append) as one:
        yield one


def put(url: str, body: bytes, headers: dict[str, str] | None = None, method: str = "PUT") -> Reply:
    """What a function does with a ResponseURL."""
    address = urlsplit(url)
    return call(url, Request(method, f"{address.path}?{address.query}", headers or {"content-type": ""}, body))


def test_a_good_answer_is_accepted(endpoint: ResponseEndpoint) -> None:
    """An answer with an empty content type, the ids copied and a physical id is no violation."""
    url = endpoint.guard(CREATE)["ResponseURL"]

    assert put(url, json.dumps(GOOD).encode()).status == 200
    assert endpoint.violations == []
    assert endpoint.exchanges[0].status == "SUCCESS"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"StackId": "another"}, "StackId"),
        ({"RequestId": "another"}, "RequestId"),
        ({"LogicalResourceId": "another"}, "LogicalResourceId"),
        ({"PhysicalResourceId": ""}, "PhysicalResourceId"),
        ({"PhysicalResourceId": None}, "PhysicalResourceId"),
        ({"PhysicalResourceId": "x" * 1025}, "PhysicalResourceId"),
        ({"Status": "DONE"}, "Status"),
        ({"Status": "FAILED"}, "Reason"),
        ({"Status": "FAILED", "Reason": ""}, "Reason"),
        ({"Data": "text"}, "Data"),
        ({"Reason": "x" * 4096}, "4096"),
    ],
)
def test_a_bad_answer_is_refused(endpoint: ResponseEndpoint, changed: dict[str, object], told: str) -> None:
    """Each demand of AWS, one at a time: 403, and a violation that says what was wrong."""
    url = endpoint.guard(CREATE)["ResponseURL"]

    assert put(url, json.dumps({**GOOD, **changed}).encode()).status == 403
    assert len(endpoint.violations) == 1
    assert told in endpoint.violations[0]


def test_an_answer_of_4096_bytes_is_accepted_and_one_more_is_refused() -> None:
    """The limit is AWS's, to the byte."""
    short = len(json.dumps({**GOOD, "Reason": ""}))

    def found(size: int) -> list[str]:
        body = json.dumps({**GOOD, "Reason": "x" * (size - short)}).encode()
        request = Request("PUT", "/", {"content-length": str(size)}, body)
        return faults(request, CREATE, answered=False, expires=2.0, now=1.0)

    assert found(4096) == []
    assert len(found(4097)) == 1


@pytest.mark.parametrize(
    ("body", "headers", "method", "told"),
    [
        (json.dumps(GOOD).encode(), {"content-type": "application/json"}, "PUT", "content type"),
        (json.dumps(GOOD).encode(), {}, "POST", "method"),
        (b"SUCCESS", {}, "PUT", "JSON"),
        (b"[]", {}, "PUT", "object"),
        (b"", {}, "PUT", "JSON"),
    ],
)
def test_a_bad_request_is_refused(
    endpoint: ResponseEndpoint, body: bytes, headers: dict[str, str], method: str, told: str
) -> None:
    """The content type is not part of the signature, and the body is a JSON object."""
    url = endpoint.guard(CREATE)["ResponseURL"]

    assert put(url, body, headers, method).status == 403
    assert told in endpoint.violations[0]


def test_a_second_answer_is_refused(endpoint: ResponseEndpoint) -> None:
    """Promise 2 says exactly one."""
    url = endpoint.guard(CREATE)["ResponseURL"]
    put(url, json.dumps(GOOD).encode())

    assert put(url, json.dumps(GOOD).encode()).status == 403
    assert "before" in endpoint.violations[0]


def test_a_wrong_signature_is_refused_and_an_expired_one_too(endpoint: ResponseEndpoint) -> None:
    """The address is a secret, and good for two hours."""
    url = endpoint.guard(CREATE)["ResponseURL"]
    request = Request("PUT", "/", {"content-length": "1"}, json.dumps(GOOD).encode())

    assert put(url.replace("Signature=", "Signature=0"), json.dumps(GOOD).encode()).status == 403
    assert faults(request, CREATE, answered=False, expires=1.0, now=2.0) == ["the address has expired"]


def test_a_refused_answer_ends_the_stack_as_failed(endpoint: ResponseEndpoint) -> None:
    """MiniStack is told FAILED in the place of a bad answer, so that a stack does not wait for its time-out."""
    told: list[dict[str, Any]] = []

    def ministack(request: Request) -> Reply:
        told.append(json.loads(request.body))
        return Reply(200)

    with Server(ministack) as server:
        url = endpoint.guard({**CREATE, "ResponseURL": f"{server.url}/token"})["ResponseURL"]
        put(url, b"{}")
        put(url, json.dumps(GOOD).encode())

    (answer,) = told
    assert answer["Status"] == "FAILED"
    assert "StackId is None" in answer["Reason"]


def test_both_ways_of_signing_an_address_are_given_out(endpoint: ResponseEndpoint) -> None:
    """By turns, since CloudFormation has used both; each is answered alike."""
    urls = [endpoint.guard(CREATE)["ResponseURL"] for _ in range(2)]

    assert ["X-Amz-Signature" in url for url in urls] == [False, True]
    assert [put(url, json.dumps(GOOD).encode()).status for url in urls] == [200, 200]


def test_a_failed_create_is_followed_by_its_delete(endpoint: ResponseEndpoint, delivered: Delivered) -> None:
    """AWS sends it with the answered id and the same properties, which MiniStack does not."""
    url = endpoint.guard(CREATE)["ResponseURL"]

    put(url, json.dumps({**GOOD, "Status": "FAILED", "Reason": "no such stream"}).encode())

    give_up = time.monotonic() + 5
    while not delivered and time.monotonic() < give_up:
        time.sleep(0.01)
    (delete,) = delivered
    assert delete["RequestType"] == "Delete"
    assert delete["PhysicalResourceId"] == GOOD["PhysicalResourceId"]
    assert delete["ResourceProperties"] == CREATE["ResourceProperties"]
    assert delete["RequestId"] != CREATE["RequestId"]
    assert delete["ResponseURL"] != url
    with pytest.raises(TimeoutError, match="Delete of Encryption"):
        endpoint.wait_until_quiet("orders", seconds=0.01)
