"""The function that has the last word: FAILED for whatever the provider's function did not live to answer."""

import json
import ssl
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import last_word
from last_word import NotDelivered, on_failure, physical_id, put, reason
from stream_encryption.answer import AnswerNotDelivered
from stream_encryption.model import Release
from stream_encryption.request import Request
from tests.builders import (
    LOGICAL_ID,
    RESPONSE_URL,
    SECRET,
    STACK_ID,
    STREAM_ARN,
    STREAM_NAME,
    create_event,
    delete_event,
    lost_record,
    update_event,
)
from tests.fake_bucket import Reply, Silence
from tests.fake_response_url import FakeResponseUrl
from tests.provider import Provider

ONE = {"StreamName": STREAM_NAME, "KeyId": "alias/one"}
REQUEST_ID_OF_LAMBDA = "e4b46cbf-0000-4000-8000-a18cdf61200e"
EVENTS = {"Create": create_event(), "Update": update_event(), "Delete": delete_event()}
AGE_EXCEEDED = {"condition": "EventAgeExceeded", "approximateInvokeCount": 0, "requestId": REQUEST_ID_OF_LAMBDA}


@pytest.fixture
def provider() -> Provider:
    """The provider, and CloudFormation's bucket."""
    return Provider()


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


def told(provider: Provider, event: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The answer to an event that was lost."""
    before = len(provider.bucket.answers)
    assert provider.last_word(lost_record({**event, "ResponseURL": provider.fresh_url()}, **fields)) == "delivered"
    (answer,) = provider.bucket.answers[before:]
    return dict(answer)


@pytest.mark.parametrize("kind", EVENTS)
def test_each_request_that_was_lost_is_answered_failed_with_its_ids_as_they_came(provider: Provider, kind: str) -> None:
    """Promise 2, for an invocation that died; a Delete too, since nobody knows what it did (promise 7)."""
    answer = told(provider, EVENTS[kind])
    assert answer["Status"] == "FAILED"
    for name in ("StackId", "RequestId", "LogicalResourceId"):
        assert answer[name] == EVENTS[kind][name]
    (received,) = provider.bucket.requests
    assert received.headers["content-type"] == ""


@pytest.mark.parametrize("kind", ["Update", "Delete"])
def test_the_id_that_cloudformation_knows_is_kept(provider: Provider, kind: str) -> None:
    """Any other id would be recorded by a failed Update, and its next Delete would go elsewhere."""
    assert told(provider, EVENTS[kind])["PhysicalResourceId"] == STREAM_ARN


@pytest.mark.parametrize(
    "event",
    [
        EVENTS["Create"],
        {**EVENTS["Create"], "PhysicalResourceId": STREAM_ARN},
        {**EVENTS["Delete"], "PhysicalResourceId": ""},
    ],
)
def test_where_none_is_known_the_id_says_that_the_create_was_lost(provider: Provider, event: dict[str, Any]) -> None:
    """Never empty, and never a stream's: the Delete that follows must not take it for what was settled."""
    assert told(provider, event)["PhysicalResourceId"] == f"lost-create:platform-encryption/{LOGICAL_ID}"


def test_the_delete_of_a_lost_create_goes_by_the_tags_alone_and_calls_the_create_off() -> None:
    """Promises 3 and 6: what the other end of the contract, the provider, makes of the id that is answered."""
    (goal,) = Request.of(delete_event(ONE, PhysicalResourceId=physical_id(create_event(ONE))), 0.0).goals()
    assert isinstance(goal, Release)
    assert goal.evidence_key is None
    assert goal.overtaking


def test_an_execution_that_outlives_the_lost_invocations_does_not_encrypt_after_the_delete() -> None:
    """Promise 6: each delivery may die after it has handed over; the execution goes on, its stack does not."""
    provider = Provider(handover_seconds=60)
    provider.kinesis.people.reshard(STREAM_NAME, 600)
    event = {**create_event(ONE), "ResponseURL": provider.fresh_url()}
    provider.deliver(event)
    (execution,) = provider.states.executions.values()
    provider.last_word(lost_record(event))
    (failed,) = provider.bucket.answers
    provider.clock.sleep(600)

    provider.delete(ONE, PhysicalResourceId=failed["PhysicalResourceId"])

    provider.states.play(provider.deliver)
    assert execution.done
    assert provider.key_of() is None
    assert "StartStreamEncryption" not in provider.changes()


def test_a_success_that_could_not_be_told_ends_in_failed_and_is_undone(provider: Provider) -> None:
    """Its address took no answer at three deliveries; the last word tries once more, and knows of no success."""
    event = {**create_event(ONE), "ResponseURL": provider.fresh_url()}
    provider.bucket.script(*[Reply(503)] * 1000)
    for _ in range(3):
        with pytest.raises(AnswerNotDelivered) as undelivered:
            provider.deliver(event)
    provider.bucket.recover()
    assert provider.key_of() == "alias/one"

    error = {"errorType": type(undelivered.value).__name__, "errorMessage": str(undelivered.value)}
    provider.last_word(lost_record(event, responsePayload=error))

    (answer,) = provider.bucket.answers
    assert "AnswerNotDelivered: CloudFormation could not be answered: failed: HTTP 503" in answer["Reason"]
    provider.delete(ONE, PhysicalResourceId=answer["PhysicalResourceId"])
    assert provider.key_of() is None


def test_a_lost_create_is_undone_by_its_delete(provider: Provider) -> None:
    """Promise 3: it died at the very end, with everything done and nothing answered."""
    event = create_event(ONE)
    provider.create(ONE)
    assert provider.key_of() == "alias/one"

    answer = told(provider, event)

    assert provider.delete(ONE, PhysicalResourceId=answer["PhysicalResourceId"])["Status"] == "SUCCESS"
    assert provider.key_of() is None


@pytest.mark.parametrize(
    ("record", "parts"),
    [
        (
            lost_record(create_event()),
            ["3 times", "Runtime.ExitError: ", "signal: killed", "the Delete that follows", "deploy again"],
        ),
        (
            # As in AWS's guide: a process that exited is reported without a type.
            lost_record(update_event(), responsePayload={"errorMessage": "Process exited before completing request"}),
            ["each time: Process exited before completing request.", "the next Update", "deploy again"],
        ),
        (
            lost_record(delete_event(), responsePayload={"errorType": "Runtime.Unknown"}),
            ["each time: Runtime.Unknown.", "to delete again undoes", "then delete again, or retain this resource"],
        ),
        (
            lost_record(create_event(), requestContext=AGE_EXCEEDED, responseContext=None, responsePayload=None),
            ["could not run", "in time (tries: 0): no error was reported", "Throttles", "AsyncEventAge"],
        ),
        (
            lost_record(create_event(), requestContext=None, responsePayload="a bare word"),
            ["several times", "each time: a bare word."],
        ),
        (
            state_of(create_event()),
            ["A step of the wait", "Sandbox.Timedout: Task timed out after 3.00 seconds.", "the Delete that follows"],
        ),
        (state_of(update_event(), Failure={"Error": "States.Timeout"}), ["A step of the wait", ": States.Timeout."]),
        (
            state_of(update_event(), Failure={"Error": "Lambda.Unknown", "Cause": "exited, perhaps"}),
            ["Lambda.Unknown: exited, perhaps."],
        ),
        (state_of(update_event(), Failure={"Error": "Odd", "Cause": "[1]"}), ["Odd: [1]."]),
        (state_of(update_event(), Failure={"Error": "Odd", "Cause": '{"a": 1}'}), ['Odd: {"a": 1}.']),
    ],
)
def test_the_reason_says_what_was_reported_on_which_stream_and_what_to_do(
    record: dict[str, Any], parts: list[str]
) -> None:
    """Promise 2: what happened, on which stream, and what to do about it."""
    said = reason(record)
    assert [part for part in (*parts, f"stream {STREAM_NAME}", "log group") if part not in said] == []


def test_the_reason_of_a_create_word_for_word() -> None:
    """What a person reads in the console, where Lambda gave up."""
    assert reason(lost_record(create_event(), requestContext=AGE_EXCEEDED, responsePayload=None)) == (
        "Lambda could not run the provider's function for stream orders in time (tries: 0): no error was reported. "
        "Its metrics Throttles and AsyncEventAge tell whether the account's concurrency was used up. Nobody knows "
        "whether the stream was changed; the Delete that follows undoes what the stream's tags record. Look into the "
        f"log group of the provider for request {REQUEST_ID_OF_LAMBDA}, mend the provider, then deploy again."
    )


def test_the_reason_of_a_delete_word_for_word() -> None:
    """What a person reads in the console, where the state machine gave up."""
    assert reason(state_of(delete_event())) == (
        "A step of the wait for stream orders failed each time that it was tried: Sandbox.Timedout: Task timed out "
        "after 3.00 seconds. Nobody knows whether the stream was changed; to delete again undoes what the stream's "
        "tags record. Look into the log group of the provider, mend the provider, then delete again, or retain this "
        "resource and see to the stream's encryption yourself."
    )


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
def test_the_stream_is_named_by_whatever_names_it(properties: Any, fields: dict[str, Any], stream: str) -> None:
    """The properties are a stranger's; what is handed over by the state machine has none."""
    event = {**delete_event(), "ResourceProperties": properties}
    assert stream in reason(lost_record(event, **fields))


def test_a_request_that_names_no_stream_is_answered_all_the_same(provider: Provider) -> None:
    """Properties that were never valid must not cost the answer."""
    assert "for a stream that the request does not name 3 times" in told(provider, create_event({}))["Reason"]


def test_the_log_to_look_into_and_the_invocation_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function's own log holds what it printed before it died."""
    monkeypatch.setenv("PROVIDER_LOG_GROUP", "/aws/lambda/provider")
    said = reason(lost_record(create_event()))
    assert f"Look into the log group /aws/lambda/provider for request {REQUEST_ID_OF_LAMBDA}," in said


@pytest.mark.parametrize("letter", ["x", "ä", "\N{GRINNING FACE}", "\0", "\ud800", '"'])
def test_an_answer_is_never_longer_than_cloudformation_takes_and_still_says_what_to_do(
    provider: Provider, letter: str
) -> None:
    """Promise 2: at most 4,096 bytes, whatever was reported, and however JSON spells it."""
    answer = told(provider, create_event(), responsePayload={"errorType": "X", "errorMessage": letter * 100_000})
    (received,) = provider.bucket.requests
    assert len(received.body) <= 4096
    assert f"X: {letter.encode(errors='replace').decode() * 400}"[:400] in answer["Reason"]
    assert answer["Reason"].endswith("deploy again.")


@pytest.mark.parametrize("odd", [None, 7, ["x"], "x" * 499, "\N{SNAKE}" * 42])
@pytest.mark.parametrize("name", ["StackId", "RequestId", "LogicalResourceId"])
def test_an_id_that_can_be_none_is_answered_empty(provider: Provider, name: str, odd: Any) -> None:
    """Whoever has a ResponseURL gets an answer of the right form, with words."""
    answer = told(provider, {**update_event(), name: odd})
    assert answer[name] == ""
    assert answer["Reason"]


@pytest.mark.parametrize("odd", [7, "x" * 5000])
def test_a_physical_id_that_can_be_none_is_one_that_says_lost(provider: Provider, odd: Any) -> None:
    """The protocol: never empty, and no longer than 1 KB."""
    answer = told(provider, update_event(PhysicalResourceId=odd))
    assert answer["PhysicalResourceId"] == f"lost-create:platform-encryption/{LOGICAL_ID}"


def test_the_longest_ids_leave_room_for_a_reason(provider: Provider) -> None:
    """Promise 2: an answer of more than 4,096 bytes is none."""
    ids = dict.fromkeys(["StackId", "RequestId", "LogicalResourceId", "PhysicalResourceId"], "x" * 498)
    answer = told(provider, {**update_event(), **ids})
    assert {name: answer[name] for name in ids} == ids
    assert answer["Reason"].endswith("deploy again.")


def test_what_is_reported_out_of_all_proportion_is_cut(provider: Provider) -> None:
    """Promise 2: at most 4,096 bytes, even if Lambda's own record were odd."""
    answer = told(provider, update_event(), requestContext={"approximateInvokeCount": "9" * 10_000})
    (received,) = provider.bucket.requests
    assert 3900 < len(received.body) <= 4096
    assert answer["Reason"].startswith("Lambda ran the provider's function for stream orders 9999")


def test_the_response_url_in_an_id_or_a_property_is_no_way_out_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Promise 8: the log line names the request and the stream."""
    bodies: list[bytes] = []

    def take(_url: str, body: bytes) -> int:
        bodies.append(body)
        return 200

    monkeypatch.setattr(last_word, "put", take)
    query = RESPONSE_URL.partition("?")[2]
    on_failure(lost_record(create_event({"StreamName": "x" * 200 + query}, LogicalResourceId=query)), None)
    for text in (capsys.readouterr().out, bodies[0].decode()):
        assert "<ResponseURL>" in text
        assert SECRET[:8] not in text


@pytest.mark.parametrize("signature", ["TOPSECRET0123456", "TOPSECRET?abc+/==", "TOPSECRET%2Fabcd%3D%3D"])
def test_a_signature_is_found_however_it_is_spelled(signature: str) -> None:
    """Promise 8: base64 holds = and /, and whoever quotes it may have decoded it."""
    event = create_event(ResponseURL=f"https://bucket/name?Expires=1&Signature={signature}")
    decoded = signature.replace("%2F", "/").replace("%3D", "=")
    said = reason(lost_record(event, responsePayload={"errorMessage": f"{signature}, or {decoded}"}))
    assert "each time: <ResponseURL>, or <ResponseURL>." in said


@pytest.mark.parametrize("spelled", ["the whole address", "the query", "the signature", "the signature, decoded"])
def test_the_response_url_is_in_no_answer_however_it_got_into_an_error(provider: Provider, spelled: str) -> None:
    """Promise 8: an error of the function's may quote the address, whole or in parts."""
    url = f"{provider.fresh_url()}%2Fabc%3D"
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


def test_a_secret_is_taken_out_before_a_stream_s_name_is_cut() -> None:
    """Promise 8: it may stand in a property by mistake, as long as that is."""
    event = create_event({"StreamName": "x" * 200 + RESPONSE_URL})
    said = reason(lost_record(event))
    assert "https" not in said
    assert "TOPSECRET" not in said


def test_a_secret_is_taken_out_before_the_message_is_cut() -> None:
    """Promise 8: half of a signature is most of it."""
    event = create_event()
    cut = last_word.MAX_REPORTED - 10
    said = reason(lost_record(event, responsePayload={"errorMessage": "x" * cut + str(event["ResponseURL"])}))
    assert "https" not in said
    assert "TOPSECRET" not in said


@pytest.mark.parametrize("trouble", [Reply(500), Reply(503), Reply(300), Silence.CLOSE], ids=str)
def test_an_answer_that_nobody_took_is_tried_again(provider: Provider, trouble: Reply | Silence) -> None:
    """Nobody is left to answer after this, so a moment's trouble must not cost the answer."""
    provider.bucket.script(*[trouble] * 3)
    began = provider.clock.now()
    assert told(provider, create_event())["Status"] == "FAILED"
    assert len(provider.bucket.requests) == 4
    assert provider.clock.now() - began == 1 + 2 + 4


@pytest.mark.parametrize("status", [400, 403, 404])
def test_an_answer_that_is_refused_is_not_tried_again(provider: Provider, status: int) -> None:
    """An address that has expired, or that is wrong, stays so; Lambda need not run this again either."""
    provider.bucket.script(Reply(status))
    event = {**create_event(), "ResponseURL": provider.fresh_url()}
    assert provider.last_word(lost_record(event)) == f"refused: HTTP {status}"
    assert len(provider.bucket.requests) == 1


@pytest.mark.parametrize(("trouble", "outcome"), [(Reply(503), "HTTP 503"), (Silence.HANG, "TimeoutError")])
def test_what_could_not_be_delivered_raises_so_that_it_is_tried_again_later(
    provider: Provider, trouble: Reply | Silence, outcome: str
) -> None:
    """Lambda, or the state machine, comes back; the error says nothing that is secret."""
    provider.bucket.script(*[trouble] * 5)
    event = {**create_event(), "ResponseURL": provider.fresh_url()}
    with pytest.raises(NotDelivered, match=outcome) as raised:
        provider.last_word(lost_record(event))
    assert "TOPSECRET" not in repr(raised.value)
    assert provider.last_word(lost_record(event)) == "delivered"


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
    ],
)
def test_where_nobody_can_be_answered_nothing_is_sent(provider: Provider, record: Any) -> None:
    """Somebody tried the function with an event of their own: Lambda must not run this again for it."""
    assert provider.last_word(record) == "nobody to answer"
    assert provider.bucket.requests == []
    on_failure(record, None)


def test_lambdas_entry_answers_over_http_and_counts_itself(
    endpoint: FakeResponseUrl, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real wiring; the line that is printed is a metric as well, and names the request and the reason."""
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
                    "Metrics": [{"Name": "LastWords", "Unit": "Count"}],
                }
            ]
        },
        "service": "kinesis-stream-encryption",
        "LastWords": 1,
        "level": "ERROR",
        "message": "the last word",
        "outcome": "delivered",
        "stream": "orders",
        "request_type": "Create",
        "stack_id": STACK_ID,
        "logical_id": LOGICAL_ID,
        "reason": answer["Reason"],
    }


def test_lambdas_entry_counts_itself_where_it_fails_too(
    endpoint: FakeResponseUrl, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that is lost for good is the one that an operator must hear of."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    endpoint.bucket.script(*[Silence.CLOSE] * 5)
    with pytest.raises(NotDelivered):
        on_failure(lost_record(create_event(ResponseURL=endpoint.url())), None)
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["LastWords"], line["outcome"]) == (1, "not delivered")


def test_the_answer_goes_out_with_an_empty_content_type(endpoint: FakeResponseUrl) -> None:
    """The address is signed for an empty one; the bucket refuses any other."""
    assert put(endpoint.url(), b"{}") == 200
    (received,) = endpoint.bucket.requests
    assert (received.method, received.headers["content-type"], received.body) == ("PUT", "", b"{}")


def test_an_address_that_says_nothing_is_not_waited_for_for_long(
    endpoint: FakeResponseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function's own time-out would end all its tries."""
    monkeypatch.setattr(last_word, "SOCKET_SECONDS", 0.05)
    endpoint.bucket.script(Silence.HANG)
    with pytest.raises(TimeoutError):
        put(endpoint.url(), b"{}")


def test_an_https_address_is_spoken_to_by_tls(endpoint: FakeResponseUrl) -> None:
    """CloudFormation's own addresses are https: a secret never travels in the clear."""
    with pytest.raises(ssl.SSLError):
        put(endpoint.url().replace("http:", "https:"), b"{}")


def test_an_address_that_is_none_is_refused_and_says_no_secret(provider: Provider) -> None:
    """What Python says of a malformed address quotes it."""
    event = create_event(ResponseURL="https://[broken?Signature=TOPSECRETandsomemore")
    assert last_word.answer(lost_record(event), put, provider.clock.sleep) == "refused: ValueError"
    event = create_event(ResponseURL=f"https://host:port/?Signature={SECRET}")
    assert last_word.answer(lost_record(event), put, provider.clock.sleep) == "refused: InvalidURL"


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
def test_whatever_it_is_handed_it_says_something_to_whoever_asked(record: dict[str, Any]) -> None:
    """Nothing in a record may take it down: there is nobody after it."""
    bodies: list[bytes] = []

    def send(_: str, body: bytes) -> int:
        bodies.append(body)
        return 200

    outcome = last_word.answer(record, send, lambda _: None)

    assert outcome == ("delivered" if "requestPayload" in record else "nobody to answer")
    for body in bodies:
        answer = json.loads(body)
        assert (answer["Status"], bool(answer["Reason"]), bool(answer["PhysicalResourceId"])) == ("FAILED", True, True)
        assert (answer["RequestId"], answer["LogicalResourceId"]) == ("", "")
