"""The failure responder: it answers FAILED for every request that the provider's function could not answer."""

import json
import ssl
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import failure_responder
from failure_responder import NotDelivered, on_failure, put
from lost_request import MAX_REPORT, read
from tests.builders import (
    ENVELOPES,
    LOGICAL_ID,
    RESPONSE_URL,
    SECRET,
    STACK_ID,
    STREAM_ARN,
    STREAM_NAME,
    create_event,
    delete_event,
    lost_record,
    of_messages,
    sns_event,
    update_event,
)
from tests.fake_bucket import Bucket, Reply, Silence
from tests.fake_clock import Clock
from tests.fake_response_url import FakeResponseUrl

REQUEST_ID_OF_LAMBDA = "e4b46cbf-0000-4000-8000-a18cdf61200e"
EVENTS = {"Create": create_event(), "Update": update_event(), "Delete": delete_event()}
AGE_EXCEEDED = {"condition": "EventAgeExceeded", "approximateInvokeCount": 0, "requestId": REQUEST_ID_OF_LAMBDA}


HOST = "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com"


class Environment:
    """The failure responder, CloudFormation's bucket and a clock."""

    def __init__(self) -> None:
        """Start with an empty bucket."""
        self.clock = Clock()
        self.bucket = Bucket(self.clock.now)

    def url(self) -> str:
        """Issue a ResponseURL."""
        return HOST + self.bucket.issue()

    def respond(self, record: Any) -> str:
        """Hand over a record; return the outcome."""
        return failure_responder.respond(record, self.send, self.clock.sleep)

    def send(self, url: str, body: bytes) -> int:
        """Put a response into the bucket."""
        step = self.bucket.receive("PUT", url.removeprefix(HOST), {"content-type": "", "content-length": "1"}, body)
        if isinstance(step, Silence):
            raise TimeoutError(step.name)
        return step.status


@pytest.fixture
def environment() -> Environment:
    """The failure responder, CloudFormation's bucket and a clock."""
    return Environment()


def failed_create_id(environment: Environment) -> str:
    """The PhysicalResourceId that the provider and the failure responder both build for a failed Create."""
    url = HOST + environment.bucket.requests[0].target
    return f"failed-create:platform-encryption/{LOGICAL_ID}/{sha256(url.encode()).hexdigest()[:16]}"


def reason(record: Any) -> str:
    """The Reason that is answered to a record."""
    request = read(record)
    assert request is not None
    return request.reason


@pytest.fixture
def endpoint() -> Iterator[FakeResponseUrl]:
    """CloudFormation's bucket behind real HTTP."""
    with FakeResponseUrl() as one:
        yield one


def state_of(event: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The state machine's state, once a step of the request was lost."""
    known = {name: value for name, value in event.items() if not name.endswith("Properties")}
    failed = {"errorMessage": "Task timed out after 3.00 seconds", "errorType": "Sandbox.Timedout"}
    failure = {"Error": "Sandbox.Timedout", "Cause": json.dumps(failed)}
    return {"Version": 1, "Event": known, "Stream": STREAM_NAME, "Progress": {}, "Failure": failure, **fields}


def response_to(environment: Environment, event: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The response to an event that was lost."""
    return response_to_record(environment, lost_record({**event, "ResponseURL": environment.url()}, **fields))


def response_to_record(environment: Environment, record: dict[str, Any]) -> dict[str, Any]:
    """The response to the request in a record."""
    assert environment.respond(record) == "delivered"
    (response,) = environment.bucket.answers
    return dict(response)


@pytest.mark.parametrize("token", ENVELOPES)
@pytest.mark.parametrize("kind", EVENTS)
def test_a_lost_request_is_answered_failed_with_its_ids_unchanged(
    environment: Environment, kind: str, token: str
) -> None:
    """Promise 2: every request gets an answer. A Delete gets FAILED too, since nobody knows what it did."""
    event = ENVELOPES[token]({**EVENTS[kind], "ResponseURL": environment.url()})
    answer = response_to_record(environment, lost_record(event))
    assert answer["Status"] == "FAILED"
    for name in ("StackId", "RequestId", "LogicalResourceId"):
        assert answer[name] == EVENTS[kind][name]
    (received,) = environment.bucket.requests
    assert received.headers["content-type"] == ""


@pytest.mark.parametrize("kind", ["Update", "Delete"])
def test_the_id_that_cloudformation_knows_is_kept(environment: Environment, kind: str) -> None:
    """CloudFormation would record another id of a failed Update, and send the next Delete to another stream."""
    assert response_to(environment, EVENTS[kind])["PhysicalResourceId"] == STREAM_ARN


@pytest.mark.parametrize(
    "event",
    [
        EVENTS["Create"],
        {**EVENTS["Create"], "PhysicalResourceId": STREAM_ARN},
        {**EVENTS["Delete"], "PhysicalResourceId": ""},
    ],
)
def test_a_failed_create_s_id_names_the_request_that_failed(environment: Environment, event: dict[str, Any]) -> None:
    """Promise 3: the Delete of this id undoes only what this request did. The id never holds the secret itself."""
    answered = response_to(environment, event)["PhysicalResourceId"]
    assert answered == failed_create_id(environment)
    assert environment.bucket.secrets[0] not in answered


def test_two_failed_creates_of_one_resource_have_different_ids() -> None:
    """Promise 3: CloudFormation may keep one of them and delete it after the other has succeeded."""
    first, second = Environment(), Environment()
    ids = {response_to(one, create_event())["PhysicalResourceId"] for one in (first, second)}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("record", "parts"),
    [
        (
            lost_record(create_event()),
            ["tries: 3", "Runtime.ExitError: ", "signal: killed", "the Delete that follows", "deploy again"],
        ),
        (
            # As in AWS's guide: a process that exited is reported without a type.
            lost_record(update_event(), responsePayload={"errorMessage": "Process exited before completing request"}),
            [": Process exited before completing request.", "the next Update", "deploy again"],
        ),
        (
            lost_record(delete_event(), responsePayload={"errorType": "Runtime.Unknown"}),
            [": Runtime.Unknown.", "the next Delete", "then delete again, or retain this resource"],
        ),
        (
            lost_record(create_event(), requestContext=AGE_EXCEEDED, responseContext=None, responsePayload=None),
            ["could not run", "in time (tries: 0): no error was reported", "Throttles", "AsyncEventAge"],
        ),
        (
            lost_record(create_event(), requestContext=None, responsePayload="a bare word"),
            ["tries: unknown", ": a bare word."],
        ),
        (
            state_of(create_event()),
            [
                "A step of the state machine",
                "Sandbox.Timedout: Task timed out after 3.00 seconds.",
                "the Delete that follows",
            ],
        ),
        (
            state_of(update_event(), Failure={"Error": "States.Timeout"}),
            ["A step of the state machine", ": States.Timeout."],
        ),
        (
            state_of(update_event(), Failure={"Error": "Lambda.Unknown", "Cause": "exited, perhaps"}),
            ["Lambda.Unknown: exited, perhaps."],
        ),
        (state_of(update_event(), Failure={"Error": "Odd", "Cause": "[1]"}), ["Odd: [1]."]),
        (state_of(update_event(), Failure={"Error": "Odd", "Cause": "[" * 30_000}), ["Odd: [[["]),
        (state_of(update_event(), Failure={"Error": "Odd", "Cause": '{"a": 1}'}), ['Odd: {"a": 1}.']),
    ],
)
def test_the_reason_says_what_was_reported_on_which_stream_and_what_to_do(
    record: dict[str, Any], parts: list[str]
) -> None:
    """Promise 2: what happened, on which stream, and what to do about it."""
    said = reason(record)
    assert [part for part in (*parts, f"stream {STREAM_NAME}", "log group") if part not in said] == []


@pytest.mark.parametrize(
    ("properties", "fields", "stream"),
    [
        ({"StreamName": "one", "StreamARN": STREAM_ARN}, {}, "stream one"),
        ({"StreamARN": f"{STREAM_ARN}-2"}, {}, f"stream {STREAM_ARN}-2"),
        ({}, {"Stream": "two"}, "stream two"),
        ({"StreamName": ["x"]}, {}, f"stream {STREAM_ARN}"),
        (None, {}, f"stream {STREAM_ARN}"),
        ({"StreamName": "x" * 999}, {}, f"stream {'x' * 256} "),
    ],
)
def test_the_reason_names_the_stream_by_property_state_or_id(
    properties: Any, fields: dict[str, Any], stream: str
) -> None:
    """The event has the properties, which may be of any type; the state machine's state has the stream's name."""
    event = {**delete_event(), "ResourceProperties": properties}
    assert stream in reason(lost_record(event, **fields))


def test_a_request_that_names_no_stream_is_answered_too(environment: Environment) -> None:
    """Promise 2, also for a request with invalid properties."""
    assert "for a stream that the request does not name" in response_to(environment, create_event({}))["Reason"]


def test_the_reason_names_the_log_group_and_the_invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 2: the function's own log says more, up to the moment when it died."""
    monkeypatch.setenv("PROVIDER_LOG_GROUP", "/aws/lambda/provider")
    said = reason(lost_record(create_event()))
    assert f"log group /aws/lambda/provider for request {REQUEST_ID_OF_LAMBDA}," in said


@pytest.mark.parametrize("letter", ["x", "ä", "\N{GRINNING FACE}", "\0", "\ud800", '"'])
def test_a_response_fits_into_4096_bytes_and_still_says_what_to_do(environment: Environment, letter: str) -> None:
    """Promise 2: at most 4,096 bytes, whatever was reported and however many bytes JSON needs for it."""
    answer = response_to(
        environment, create_event(), responsePayload={"errorType": "X", "errorMessage": letter * 100_000}
    )
    (received,) = environment.bucket.requests
    assert len(received.body) <= 4096
    assert f"X: {letter.encode(errors='replace').decode() * 400}"[:400] in answer["Reason"]
    assert answer["Reason"].endswith("deploy again.")


@pytest.mark.parametrize("odd", [None, 7, ["x"], "x" * 489, "\N{SNAKE}" * 42])
@pytest.mark.parametrize("name", ["StackId", "RequestId", "LogicalResourceId"])
def test_an_impossible_id_is_answered_empty(environment: Environment, name: str, odd: Any) -> None:
    """Promise 2: the response keeps its form if an id is of another type or far too long."""
    answer = response_to(environment, {**update_event(), name: odd})
    assert answer[name] == ""
    assert answer["Reason"]


@pytest.mark.parametrize("odd", [7, "x" * 5000])
def test_an_impossible_physical_id_is_replaced_by_a_failed_create_s(environment: Environment, odd: Any) -> None:
    """The protocol: never empty, and no longer than 1 KB."""
    answer = response_to(environment, update_event(PhysicalResourceId=odd))
    assert answer["PhysicalResourceId"] == failed_create_id(environment)


@pytest.mark.parametrize("physical_id", ["x" * 1024, '"' * 1024, "\N{GRINNING FACE}" * 256])
def test_the_longest_ids_leave_room_for_a_reason(environment: Environment, physical_id: str) -> None:
    """Promise 2: CloudFormation allows an id of 1,024 bytes, and takes no response of more than 4,096."""
    ids = dict.fromkeys(["StackId", "RequestId", "LogicalResourceId"], "x" * 488) | {"PhysicalResourceId": physical_id}
    answer = response_to(environment, {**update_event(), **ids})
    assert {name: answer[name] for name in ids} == ids
    assert answer["Reason"].endswith("deploy again.")


def test_an_oversized_report_beside_the_longest_ids_is_cut(environment: Environment) -> None:
    """Promise 2: at most 4,096 bytes, with a Reason, even if Lambda's own record were odd."""
    ids = dict.fromkeys(["StackId", "RequestId", "LogicalResourceId"], "x" * 488) | {"PhysicalResourceId": '"' * 1024}
    context = {"approximateInvokeCount": "9" * 10_000, "requestId": "8" * 10_000}
    report = {"errorMessage": "\0" * 10_000}
    answer = response_to(environment, {**update_event(), **ids}, requestContext=context, responsePayload=report)
    (received,) = environment.bucket.requests
    assert 3400 < len(received.body) <= 4096
    assert answer["Reason"].startswith("The provider's function failed for stream orders")


def test_a_response_url_in_an_id_or_a_property_is_masked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Promise 8: both the log line and the response name the request and the stream."""
    bodies: list[bytes] = []

    def take(_url: str, body: bytes) -> int:
        bodies.append(body)
        return 200

    monkeypatch.setattr(failure_responder, "put", take)
    query = RESPONSE_URL.partition("?")[2]
    on_failure(lost_record(create_event({"StreamName": "x" * 200 + query}, LogicalResourceId=query)), None)
    for text in (capsys.readouterr().out, bodies[0].decode()):
        assert "<ResponseURL>" in text
        assert SECRET[:8] not in text


@pytest.mark.parametrize("signature", ["TOPSECRET0123456", "TOPSECRET?abc+/==", "TOPSECRET%2Fabcd%3D%3D"])
def test_a_signature_is_masked_encoded_or_decoded(signature: str) -> None:
    """Promise 8: base64 holds = and /, which an error message may quote encoded or decoded."""
    event = create_event(ResponseURL=f"https://bucket/name?Expires=1&Signature={signature}")
    decoded = signature.replace("%2F", "/").replace("%3D", "=")
    said = reason(lost_record(event, responsePayload={"errorMessage": f"{signature}, or {decoded}"}))
    assert "): <ResponseURL>, or <ResponseURL>." in said


@pytest.mark.parametrize("spelled", ["the whole address", "the query", "the signature", "the signature, decoded"])
def test_a_response_url_in_an_error_message_is_masked(environment: Environment, spelled: str) -> None:
    """Promise 8: the function's error message may quote the URL, whole or in part."""
    url = f"{environment.url()}%2Fabc%3D"
    signature = url.rpartition("Signature=")[2]
    secret = {
        "the whole address": url,
        "the query": url.partition("?")[2],
        "the signature": signature,
        "the signature, decoded": signature.replace("%2F", "/").replace("%3D", "="),
    }[spelled]
    record = lost_record({**create_event(), "ResponseURL": url}, responsePayload={"errorMessage": f"PUT {secret}: 403"})
    said = reason(record)
    assert "PUT <ResponseURL>: 403" in said
    assert "TOPSECRET" not in said


def test_a_secret_is_masked_before_a_stream_s_name_is_cut() -> None:
    """Promise 8: a long property may hold the URL by mistake; half of a signature would not be recognized."""
    event = create_event({"StreamName": "x" * 200 + RESPONSE_URL})
    said = reason(lost_record(event))
    assert "https" not in said
    assert "TOPSECRET" not in said


def test_a_secret_is_masked_before_the_message_is_cut() -> None:
    """Promise 8: half of a signature would not be recognized."""
    event = create_event()
    cut = MAX_REPORT - 10
    said = reason(lost_record(event, responsePayload={"errorMessage": "x" * cut + str(event["ResponseURL"])}))
    assert "https" not in said
    assert "TOPSECRET" not in said


@pytest.mark.parametrize("trouble", [Reply(500), Reply(503), Reply(300), Silence.CLOSE], ids=str)
def test_a_response_that_was_not_taken_is_tried_again(environment: Environment, trouble: Reply | Silence) -> None:
    """Promise 2: no other function answers after this one, so a short outage must not lose the response."""
    environment.bucket.script(*[trouble] * 3)
    began = environment.clock.now()
    assert response_to(environment, create_event())["Status"] == "FAILED"
    assert len(environment.bucket.requests) == 4
    assert environment.clock.now() - began == 1 + 2 + 4


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_response_that_is_refused_is_not_tried_again(environment: Environment, status: int) -> None:
    """A URL that has expired, or is wrong, stays so: neither this function nor Lambda tries again."""
    environment.bucket.script(Reply(status))
    event = {**create_event(), "ResponseURL": environment.url()}
    assert environment.respond(lost_record(event)) == f"refused: HTTP {status}"
    assert len(environment.bucket.requests) == 1


@pytest.mark.parametrize(("trouble", "outcome"), [(Reply(503), "HTTP 503"), (Silence.HANG, "TimeoutError")])
def test_an_undelivered_response_raises_so_that_the_caller_tries_again(
    environment: Environment, trouble: Reply | Silence, outcome: str
) -> None:
    """Promises 2 and 8: Lambda or the state machine tries again; the error holds no secret."""
    environment.bucket.script(*[trouble] * 5)
    event = {**create_event(), "ResponseURL": environment.url()}
    with pytest.raises(NotDelivered, match=outcome) as raised:
        environment.respond(lost_record(event))
    assert "TOPSECRET" not in repr(raised.value)
    assert environment.respond(lost_record(event)) == "delivered"


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        "text",
        {},
        {"requestPayload": None},
        {"requestPayload": "text"},
        lost_record(create_event(ResponseURL=None)),
        lost_record(create_event(ResponseURL=7)),
        lost_record(create_event(ResponseURL="file:///etc/passwd")),
        lost_record({"Records": []}),
        lost_record({"Records": ["x"]}),
        lost_record({"Records": [{"s3": {}}]}),
        lost_record({"Records": [{"Sns": "x"}]}),
        lost_record({"Records": [{"Sns": {}}]}),
        lost_record(of_messages(None)),
        lost_record(of_messages("no JSON")),
        lost_record(of_messages("[" * 30_000)),
        lost_record(sns_event([])),
        lost_record(sns_event(create_event(), create_event())),
        lost_record(sns_event(sns_event(create_event()))),
    ],
)
def test_without_a_response_url_nothing_is_sent(environment: Environment, record: Any) -> None:
    """An event that is not CloudFormation's: no error either, so that Lambda does not try again."""
    assert environment.respond(record) == "nobody to answer"
    assert environment.bucket.requests == []
    on_failure(record, None)


def test_on_failure_answers_over_http_and_prints_a_metric(
    endpoint: FakeResponseUrl, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real wiring: the printed line is a metric as well, and names the request and the reason."""
    before = time.time()
    on_failure(lost_record(create_event(ResponseURL=endpoint.url())), None)
    (answer,) = endpoint.bucket.answers
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert answer["Status"] == "FAILED"
    assert before * 1000 - 1 <= line["_aws"].pop("Timestamp") <= time.time() * 1000
    assert line == {
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Namespace": "KinesisStreamEncryption",
                    "Dimensions": [["service"]],
                    "Metrics": [{"Name": "FailureResponses", "Unit": "Count"}],
                }
            ]
        },
        "service": "kinesis-stream-encryption",
        "FailureResponses": 1,
        "level": "ERROR",
        "message": "failure response",
        "outcome": "delivered",
        "stream": "orders",
        "request_type": "Create",
        "stack_id": STACK_ID,
        "logical_id": LOGICAL_ID,
        "reason": answer["Reason"],
    }


def test_on_failure_prints_the_metric_if_it_fails_too(
    endpoint: FakeResponseUrl, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operators must hear of a response that is lost for good."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    endpoint.bucket.script(*[Silence.CLOSE] * 5)
    with pytest.raises(NotDelivered):
        on_failure(lost_record(create_event(ResponseURL=endpoint.url())), None)
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["FailureResponses"], line["outcome"]) == (1, "not delivered")


def test_the_response_is_sent_with_an_empty_content_type(endpoint: FakeResponseUrl) -> None:
    """The URL is signed for an empty content type; the bucket refuses any other."""
    assert put(endpoint.url(), b"{}") == 200
    (received,) = endpoint.bucket.requests
    assert (received.method, received.headers["content-type"], received.body) == ("PUT", "", b"{}")


def test_a_url_that_does_not_reply_times_out(endpoint: FakeResponseUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 2: otherwise the function's own time-out would end all its tries."""
    monkeypatch.setattr(failure_responder, "SOCKET_SECONDS", 0.05)
    endpoint.bucket.script(Silence.HANG)
    with pytest.raises(TimeoutError):
        put(endpoint.url(), b"{}")


def test_an_https_url_is_reached_by_tls(endpoint: FakeResponseUrl) -> None:
    """Promise 8: CloudFormation's own URLs are https; their secret is never sent unencrypted."""
    with pytest.raises(ssl.SSLError):
        put(endpoint.url().replace("http:", "https:"), b"{}")


def test_a_malformed_url_is_refused_without_telling_the_secret(environment: Environment) -> None:
    """Promise 8: Python's error message quotes the URL."""
    event = create_event(ResponseURL="https://[broken?Signature=TOPSECRETandsomemore")
    assert failure_responder.respond(lost_record(event), put, environment.clock.sleep) == "refused: ValueError"
    event = create_event(ResponseURL=f"https://host:port/?Signature={SECRET}")
    assert failure_responder.respond(lost_record(event), put, environment.clock.sleep) == "refused: InvalidURL"


TEXTS = st.text(max_size=300)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "requestPayload": st.fixed_dictionaries(
                {"ResponseURL": st.just(create_event()["ResponseURL"])},
                optional={
                    "RequestType": JSON,
                    "StackId": JSON,
                    "PhysicalResourceId": JSON,
                    "ResourceProperties": JSON,
                },
            ),
            "requestContext": JSON,
            "responsePayload": JSON,
            "Failure": JSON,
            "Stream": JSON,
        },
    )
)
def test_any_record_with_a_response_url_gets_a_response(record: dict[str, Any]) -> None:
    """Promise 2: nothing in a record may make the failure responder fail."""
    bodies: list[bytes] = []

    def send(_: str, body: bytes) -> int:
        bodies.append(body)
        return 200

    outcome = failure_responder.respond(record, send, lambda _: None)

    assert outcome == ("delivered" if "requestPayload" in record else "nobody to answer")
    for body in bodies:
        answer = json.loads(body)
        assert (answer["Status"], bool(answer["Reason"]), bool(answer["PhysicalResourceId"])) == ("FAILED", True, True)
        assert (answer["RequestId"], answer["LogicalResourceId"]) == ("", "")
