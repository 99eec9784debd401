"""CloudFormation's side: exactly one answer that it accepts, whatever happens, and no secret in anything else."""

import json
import logging
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from http import HTTPStatus
from http.client import RemoteDisconnected
from itertools import pairwise
from random import Random
from typing import Any
from urllib.parse import quote, urlsplit

import boto3
import pytest
import trustme
from aws_lambda_powertools import Logger, Metrics

from stream_encryption.answer import (
    DELIVERY_SECONDS,
    MAX_BODY_BYTES,
    Answer,
    AnswerNotDelivered,
    Courier,
    demand_room,
    put,
)
from stream_encryption.errors import AnswerTooLong, InvalidArgument, ProviderError
from stream_encryption.model import Refusal, RefusalKind
from stream_encryption.protocol import CustomResource
from stream_encryption.request import MARGIN_SECONDS
from stream_encryption.telemetry import Telemetry
from tests.builders import (
    LOGICAL_ID,
    REQUEST_ID,
    RESPONSE_URL,
    SECRET,
    STACK_ID,
    STREAM_ARN,
    LambdaContext,
    create_event,
    delete_event,
    update_event,
)
from tests.fake_bucket import Reply, Silence
from tests.fake_calls import Call
from tests.fake_clock import Clock
from tests.fake_response_url import FakeResponseUrl
from tests.provider import Provider

EMOJI = "\N{SNAKE}"


def answer(**parts: Any) -> Answer:
    """An answer of which every part can be set."""
    whole = {
        "status": "FAILED",
        "reason": "It did not work.",
        "physical_id": STREAM_ARN,
        "stack_id": STACK_ID,
        "request_id": REQUEST_ID,
        "logical_id": LOGICAL_ID,
        "data": {},
    }
    return Answer(**{**whole, **parts})


class Desk:
    """The protocol alone: whatever function a test gives it, and every body that it tried to send."""

    def __init__(self) -> None:
        """Have an empty desk, in virtual time."""
        self.clock = Clock()
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.resource = CustomResource(courier(self.clock, self.send), telemetry())

    def send(self, url: str, body: bytes) -> int:
        """Take an answer."""
        assert len(body) <= MAX_BODY_BYTES
        self.sent.append((url, json.loads(body)))
        return 200

    def run(self, work: Callable[[Any, Any], Any], event: Any = None) -> dict[str, Any]:
        """Have a function work on an event, and tell the one answer."""
        self.resource.create(work)
        self.resource.update(work)
        self.resource.delete(work)
        before = len(self.sent)
        self.resource(create_event() if event is None else event, LambdaContext(self.clock))
        ((_, told),) = self.sent[before:]
        return told

    def failing(self, error: BaseException, event: Any = None) -> dict[str, Any]:
        """Have a function raise, and tell the one answer."""

        def work(_event: Any, _context: Any) -> None:
            raise error

        return self.run(work, event)


def telemetry() -> Telemetry:
    """Logs and metrics on standard output."""
    return Telemetry(Logger(service="test"), Metrics(namespace="test", service="test"))


def courier(clock: Clock, send: Callable[[str, bytes], int] = put) -> Courier:
    """Brings answers, in virtual time."""
    return Courier(clock, Random(1), telemetry(), send)  # noqa: S311 - it only spreads pauses


@pytest.fixture(autouse=True)
def flush(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """What is counted in one test is not counted in the next."""
    yield
    metrics = Metrics(namespace="test", service="test")
    metrics.clear_metrics()
    capsys.readouterr()


@pytest.fixture
def desk() -> Desk:
    """The protocol alone."""
    return Desk()


# The body.


def test_an_answer_is_json_with_the_ids_verbatim() -> None:
    """The protocol: StackId, RequestId and LogicalResourceId are copied verbatim, whatever is in them."""
    ids = {"stack_id": 'a"\\/<é>', "request_id": f"{EMOJI}\n", "logical_id": "L" * 255, "physical_id": "p i d"}
    assert json.loads(answer(**ids, data={"KeyId": "alias/é"}, status="SUCCESS").body()) == {
        "Status": "SUCCESS",
        "Reason": "It did not work.",
        "PhysicalResourceId": "p i d",
        "StackId": 'a"\\/<é>',
        "RequestId": f"{EMOJI}\n",
        "LogicalResourceId": "L" * 255,
        "NoEcho": False,
        "Data": {"KeyId": "alias/é"},
    }


@pytest.mark.parametrize("letter", ["x", "é", EMOJI, '"', "\n", "\ud800"], ids=ascii)
@pytest.mark.parametrize("length", [10_240, 4000, 700])
def test_a_long_reason_keeps_its_beginning_and_fills_the_answer(letter: str, length: int) -> None:
    """Not cut to its LAST 240 characters: the whole body at most 4,096 bytes, as much of the Reason as fits."""
    reason = "What happened first. " + letter * length
    body = answer(reason=reason).body()
    told = json.loads(body)["Reason"]
    assert len(body) <= MAX_BODY_BYTES
    if told != reason:
        assert told.startswith("What happened first. ")
        assert told.endswith(" …")
        assert reason.startswith(told.removesuffix(" …"))
        assert len(body) > MAX_BODY_BYTES - 12, "another character would have fitted"


def test_the_longest_reason_that_fits_is_left_alone() -> None:
    """At most 4,096 bytes, to the byte."""
    room = MAX_BODY_BYTES - len(answer(reason="").body())
    whole, cut = answer(reason="x" * room).body(), answer(reason="x" * (room + 1)).body()
    assert (len(whole), json.loads(whole)["Reason"]) == (MAX_BODY_BYTES, "x" * room)
    assert json.loads(cut)["Reason"].endswith("x …")


@pytest.mark.parametrize(("length", "room"), [(1500, True), (2048, False)])
def test_data_that_leaves_no_room_is_a_failure_that_says_so(length: int, *, room: bool) -> None:
    """An answer over 4,096 bytes is none: CloudFormation would wait for an hour."""
    data = {"KeyId": "k" * length, "KeyArn": "k" * length}
    expected = nullcontext() if room else pytest.raises(AnswerTooLong, match="shorter KeyId")
    with expected:
        demand_room(create_event(), STREAM_ARN, data)


def test_a_reason_gives_way_to_the_data_of_a_success() -> None:
    """What dependents need is told in full; the words beside it are cut."""
    told = json.loads(answer(status="SUCCESS", reason="r" * 4000, data={"KeyId": "k" * 2000}).body())
    assert told["Status"] == "SUCCESS"
    assert told["Data"] == {"KeyId": "k" * 2000}
    assert told["Reason"].endswith("r …")


# One PUT.


def test_an_answer_is_put_with_an_empty_content_type_and_its_length() -> None:
    """The protocol: any other content type is refused, for it is not in the URL's signature."""
    with FakeResponseUrl() as endpoint:
        url = endpoint.url()
        assert put(url, b'{"Status": "SUCCESS"}') == HTTPStatus.OK
        (request,) = endpoint.bucket.requests
        assert url.endswith(f"127.0.0.1:{urlsplit(url).port}{request.target}")
        assert (request.method, request.json) == ("PUT", {"Status": "SUCCESS"})
        assert request.headers["content-type"] == ""
        assert request.headers["content-length"] == "21"


def test_a_url_without_a_query_is_put_at_its_path() -> None:
    """No question mark is added: it would be another resource."""
    with FakeResponseUrl() as endpoint:
        assert put(endpoint.url().partition("?")[0], b"{}") == HTTPStatus.FORBIDDEN
        assert "?" not in endpoint.bucket.requests[0].target


@pytest.mark.parametrize("status", [403, 503])
def test_a_refusal_by_the_response_url_is_told_as_it_is(status: int) -> None:
    """Not as in crhelper, where whatever comes back counts as delivered."""
    with FakeResponseUrl() as endpoint:
        endpoint.bucket.script(Reply(status))
        assert put(endpoint.url(), b"{}") == status


@pytest.mark.parametrize("silence", [Silence.CLOSE, Silence.LOSE])
def test_a_connection_that_is_closed_without_an_answer_is_an_error(silence: Silence) -> None:
    """Nobody knows whether the answer arrived: it has to be sent again."""
    with FakeResponseUrl() as endpoint:
        endpoint.bucket.script(silence)
        with pytest.raises(RemoteDisconnected):
            put(endpoint.url(), b"{}")


def test_a_response_url_that_says_nothing_is_given_up_after_the_socket_s_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not as in crhelper, where the PUT has no time-out: a hung socket would eat the whole invocation."""
    monkeypatch.setattr("stream_encryption.answer.SOCKET_SECONDS", 0.05)
    with FakeResponseUrl() as endpoint:
        endpoint.bucket.script(Silence.HANG)
        with pytest.raises(TimeoutError):
            put(endpoint.url(), b"{}")


def test_nobody_at_the_response_url_is_an_error() -> None:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        put(f"http://127.0.0.1:{port}/path?Signature=x", b"{}")


def test_an_https_url_is_spoken_to_by_tls() -> None:
    """Both schemes: the real URL is https; one on this machine is http. A server without TLS is no https server."""
    with FakeResponseUrl() as endpoint, pytest.raises(ssl.SSLError):
        put(endpoint.url().replace("http://", "https://"), b"{}")


def test_a_server_that_cannot_prove_whose_it_is_gets_no_answer() -> None:
    """The secret is in the request's first line: it goes to nobody whose certificate no authority vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with FakeResponseUrl(tls=context) as endpoint:
        with pytest.raises(ssl.SSLCertVerificationError):
            put(endpoint.url(), b"{}")
        assert endpoint.bucket.requests == []


# Bringing it home.


@pytest.mark.parametrize("step", [Reply(500), Reply(503), Reply(408), Reply(429), Reply(302), Silence.CLOSE])
@pytest.mark.parametrize("times", [1, 3])
def test_an_answer_that_was_not_taken_is_brought_again_until_it_is(step: Any, times: int) -> None:
    """Not as in crhelper, where a 503 counts as delivered."""
    clock = Clock()
    with FakeResponseUrl() as endpoint:
        endpoint.bucket.script(*[step] * times)
        courier(clock).deliver(endpoint.url(), answer())
        assert [request.stored for request in endpoint.bucket.requests] == [False] * times + [True]
        assert len({request.body for request in endpoint.bucket.requests}) == 1
        assert endpoint.bucket.answers == [json.loads(answer().body())]


def test_the_pauses_between_tries_grow() -> None:
    """A bucket that says 503 wants its clients to slow down."""
    clock = Clock()
    tries: list[float] = []

    def send(_url: str, _body: bytes) -> int:
        tries.append(clock.now())
        return 503

    with pytest.raises(AnswerNotDelivered):
        courier(clock, send).deliver(RESPONSE_URL, answer())
    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses == sorted(pauses)
    assert 0.5 < pauses[0] < 1.5
    assert pauses[-1] > 2 * pauses[0]


def test_an_answer_that_nobody_takes_is_given_up_in_time_and_lambda_is_told() -> None:
    """Not as in crhelper, where the PUT is retried for ever: the invocation ends, and Lambda delivers it again."""
    clock = Clock()
    start = clock.now()
    tries = 0

    def send(_url: str, _body: bytes) -> int:
        nonlocal tries
        tries += 1
        raise ConnectionResetError(f"{RESPONSE_URL} was reset")

    with pytest.raises(AnswerNotDelivered, match=r"^CloudFormation could not be answered: failed: ConnectionReset"):
        courier(clock, send).deliver(RESPONSE_URL, answer())
    assert 3 <= tries <= 10
    assert clock.now() - start <= DELIVERY_SECONDS < MARGIN_SECONDS


def test_a_slow_bucket_ends_the_tries_as_well() -> None:
    """The time that the tries themselves take counts."""
    clock = Clock()
    tries = 0

    def send(_url: str, _body: bytes) -> int:
        nonlocal tries
        tries += 1
        clock.sleep(5)
        raise TimeoutError

    with pytest.raises(AnswerNotDelivered):
        courier(clock, send).deliver(RESPONSE_URL, answer())
    assert tries <= 3


@pytest.mark.parametrize("status", [400, 403, 404, 411])
def test_an_answer_that_is_refused_for_good_is_not_brought_again(
    status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """An expired URL stays expired; that nobody was answered is logged and counted, not passed over in silence."""
    told = telemetry()
    with FakeResponseUrl() as endpoint:
        endpoint.bucket.script(Reply(status))
        Courier(Clock(), Random(1), told).deliver(endpoint.url(), answer())  # noqa: S311 - it only spreads pauses
        assert len(endpoint.bucket.requests) == 1
    told.end()
    written = capsys.readouterr().out
    assert f'"outcome":"refused: HTTP {status}"' in written
    assert '"status":"FAILED"' in written
    assert '"AnswersLost":[1.0]' in written
    assert '"message":"answered"' not in written


def test_an_expired_url_is_refused_once_by_a_real_bucket() -> None:
    """The ResponseURL is good for two hours."""
    with FakeResponseUrl() as endpoint:
        courier(Clock()).deliver(endpoint.url(expires_in=-1), answer())
        assert [request.step for request in endpoint.bucket.requests] == [Reply(403)]


def test_a_lost_confirmation_brings_the_same_answer_twice_and_no_other() -> None:
    """To CloudFormation the first one counts; the second is the very same."""
    with FakeResponseUrl() as endpoint:
        endpoint.bucket.script(Silence.LOSE)
        courier(Clock()).deliver(endpoint.url(), answer())
        first, second = endpoint.bucket.answers
        assert first == second


@pytest.mark.parametrize(
    ("step", "lost"), [(Reply(200), False), (Reply(403), False), (Reply(503), True), (Silence.CLOSE, True)]
)
def test_nothing_that_is_written_or_raised_of_a_delivery_holds_the_url(
    step: Any,
    lost: bool,  # noqa: FBT001 - a column of the table
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Promise 8: not where it went well, and not where it did not."""
    raised = pytest.raises(AnswerNotDelivered) if lost else nullcontext()
    with FakeResponseUrl() as endpoint, raised as error:
        endpoint.bucket.script(*[step] * 9)
        courier(Clock()).deliver(endpoint.url(), answer())
    written = capsys.readouterr()
    told = written.out + written.err
    if error:
        told += repr(error.value) + repr(error.value.__cause__) + repr(error.value.__context__)
    assert written.out
    assert "http" not in told
    assert endpoint.bucket.secrets[0] not in told


# From a request to its answer.


def test_a_function_s_id_is_answered_with_the_data_that_it_gave(desk: Desk) -> None:
    """SUCCESS carries what Fn::GetAtt gives."""

    def work(_event: Any, _context: Any) -> str:
        desk.resource.Data = {"KeyId": "alias/one"}
        return STREAM_ARN

    assert desk.run(work) == {
        "Status": "SUCCESS",
        "Reason": "",
        "PhysicalResourceId": STREAM_ARN,
        "StackId": STACK_ID,
        "RequestId": REQUEST_ID,
        "LogicalResourceId": LOGICAL_ID,
        "NoEcho": False,
        "Data": {"KeyId": "alias/one"},
    }
    assert desk.sent[0][0] == RESPONSE_URL


def test_each_type_of_request_goes_to_its_own_function(desk: Desk) -> None:
    """Create, Update, Delete; and one of no known type to Create's, which says what is wrong."""
    desk.resource.create(lambda _event, _context: "create")
    desk.resource.update(lambda _event, _context: "update")
    desk.resource.delete(lambda _event, _context: "delete")
    unknown = create_event(RequestType="Read")
    for event in (create_event(), update_event(), delete_event(), unknown):
        desk.resource(event, LambdaContext(desk.clock))
    assert [told["PhysicalResourceId"] for _, told in desk.sent] == ["create", "update", "delete", "create"]


def test_the_function_is_given_the_event_and_the_context(desk: Desk) -> None:
    """Nothing is lost on the way in."""
    given: list[Any] = []

    def work(event: Any, context: Any) -> str:
        given.extend([event, context])
        return "x"

    context = LambdaContext(desk.clock)
    desk.resource.update(work)
    desk.resource(update_event(), context)
    assert given == [update_event(), context]


def test_an_event_is_left_as_it_is(desk: Desk) -> None:
    """Whoever invoked the function may look at its event again."""
    event = {**create_event(), "PhysicalResourceId": 7, "RequestId": None}
    before = dict(event)
    desk.run(lambda _event, _context: "x", event)
    assert event == before


class Unheard(BaseException):
    """What nobody thought of."""


@pytest.mark.parametrize(
    "error", [ValueError("v"), SystemExit(3), KeyboardInterrupt("k"), GeneratorExit(), Unheard("u")]
)
def test_whatever_is_raised_is_answered_with_what_it_was_and_where_to_look(desk: Desk, error: BaseException) -> None:
    """Not as in crhelper, where SystemExit ends without an answer, and CloudFormation waits for an hour."""
    told = desk.failing(error)
    assert told["Status"] == "FAILED"
    assert f"failed unexpectedly: {type(error).__name__}: {error}" in told["Reason"]
    assert "request 1a2b3c4d-0000-4000-8000-000000000001" in told["Reason"]
    assert "log stream 2026/01/01/[$LATEST]" in told["Reason"]
    assert told["Data"] == {}


def test_a_fault_of_our_own_is_answered_even_without_a_context(desk: Desk) -> None:
    """A context that is None is no reason to leave CloudFormation waiting."""
    desk.resource.create(lambda _event, _context: 1 / 0)  # type: ignore[arg-type,return-value]
    desk.resource(create_event(), None)
    assert "ZeroDivisionError" in desk.sent[0][1]["Reason"]
    assert "request unknown" in desk.sent[0][1]["Reason"]
    assert "log stream unknown" in desk.sent[0][1]["Reason"]


def test_a_fault_of_our_own_is_logged_with_where_it_came_from(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The Reason says where to look: there is something to find. A known error needs no traceback."""
    desk.failing(ValueError("out of nowhere"))
    assert "Traceback (most recent call last)" in capsys.readouterr().out
    desk.failing(ProviderError("known"))
    assert "Traceback" not in capsys.readouterr().out


def test_a_known_error_is_its_own_sentence_and_nothing_more(desk: Desk) -> None:
    """Promise 2: what happened, on which stream, what to do; no stack trace in what a person reads."""
    assert desk.failing(ProviderError("Stream orders is not there."))["Reason"] == "Stream orders is not there."


def test_a_failure_without_words_still_has_a_reason(desk: Desk) -> None:
    """The protocol: Reason is required on FAILED."""
    assert desk.failing(ProviderError(""))["Reason"] == "See the provider's log."


@pytest.mark.parametrize("event", [create_event(), update_event(), delete_event()])
def test_an_id_is_never_empty_nor_none(desk: Desk, event: Any) -> None:
    """Not as in crhelper, which answers "" or "None" here and there: CloudFormation keeps the id that it knows."""
    known = event.get("PhysicalResourceId", f"failed-create:{LOGICAL_ID}")
    assert desk.run(lambda _event, _context: "", event)["PhysicalResourceId"] == known
    assert desk.failing(ValueError(), event)["PhysicalResourceId"] == known


@pytest.mark.parametrize("odd", ["", None, 7, ["x"], {"a": "b"}])
def test_an_id_that_is_no_string_is_none_at_all(desk: Desk, odd: Any) -> None:
    """An id that CloudFormation can't have given is not answered as one."""
    event = {**delete_event(), "PhysicalResourceId": odd}
    assert desk.failing(ValueError(), event)["PhysicalResourceId"] == f"failed-create:{LOGICAL_ID}"


def test_an_id_that_was_made_up_is_the_same_each_time(desk: Desk) -> None:
    """Not as in crhelper, where it is random: a request that comes twice is answered alike."""
    event = create_event(StackId="", LogicalResourceId=None)
    first, second = (desk.failing(ValueError(), event)["PhysicalResourceId"] for _ in range(2))
    assert first == second == "failed-create:"


@pytest.mark.parametrize("letter", ["x", "é", EMOJI])
def test_an_id_has_at_most_a_kilobyte(desk: Desk, letter: str) -> None:
    """The protocol: at most 1 KB, which are bytes, not characters; none is cut in half."""
    given = letter * 1025
    told = desk.run(lambda _event, _context: given)["PhysicalResourceId"]
    assert 1020 < len(told.encode()) <= 1024
    assert given.startswith(told)


@pytest.mark.parametrize("field", ["RequestType", "StackId", "RequestId", "LogicalResourceId"])
@pytest.mark.parametrize(("value", "told"), [(None, ""), (7, ""), ("", "")])
def test_a_field_that_is_missing_or_no_string_is_answered_all_the_same(
    desk: Desk, field: str, value: Any, told: str
) -> None:
    """Whoever has a ResponseURL is answered, with a body that has all the protocol's fields."""
    done = desk.run(lambda _event, _context: "x", {**create_event(), field: value})
    assert set(done) == {
        "Status",
        "Reason",
        "PhysicalResourceId",
        "StackId",
        "RequestId",
        "LogicalResourceId",
        "NoEcho",
        "Data",
    }
    assert done.get(field, told) == told


def test_an_event_that_has_a_response_url_alone_is_answered(desk: Desk) -> None:
    """FAILED, rather than an hour of waiting."""
    told = desk.failing(ProviderError("x"), {"ResponseURL": RESPONSE_URL})
    assert (told["Status"], told["PhysicalResourceId"]) == ("FAILED", "failed-create:")


URLLESS: list[Any] = [
    None,
    [],
    "Create",
    7,
    {},
    {"RequestType": "Create"},
    *({**create_event(), "ResponseURL": url} for url in ("", None, 7, ["x"], "x", "ftp://h/p", "https:///p", "file:///p")),
]  # fmt: skip


@pytest.mark.parametrize("event", URLLESS, ids=lambda event: repr(event)[-30:])
def test_an_event_without_a_response_url_is_answered_nowhere_and_does_nothing(
    desk: Desk, event: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not as in crhelper, which sends FAILED to the PREVIOUS invocation's URL."""
    desk.run(lambda _event, _context: "x")
    worked: list[Any] = []
    desk.resource.create(lambda event, _context: worked.append(event) or "x")  # type: ignore[func-returns-value]
    desk.resource(event, LambdaContext(desk.clock))
    assert len(desk.sent) == 1
    assert worked == []
    assert '"reason":"the event has no ResponseURL' in capsys.readouterr().out


@pytest.mark.parametrize("failing", [False, True])
def test_a_response_url_that_cannot_be_read_ends_in_no_error_of_ours(failing: bool) -> None:  # noqa: FBT001
    """There is nobody to answer; an error would only have Lambda deliver the event twice more."""
    provider = Provider()
    provider.deliver(create_event({} if failing else None, ResponseURL=f"https://[broken?Signature={SECRET}"))
    assert provider.changes() == []


def test_a_warm_invocation_knows_nothing_of_the_one_before(desk: Desk) -> None:
    """Not as in crhelper: Data, Reason, Status, ids and NoEcho are each request's own."""

    def generous(_event: Any, _context: Any) -> str:
        desk.resource.Data, desk.resource.Reason, desk.resource.NoEcho = {"KeyId": "secret key"}, "a note", True
        return "the first one's id"

    desk.run(generous)
    other = create_event(
        StackId=STACK_ID + "2", RequestId="2", LogicalResourceId="Other", ResponseURL="https://b/2?x=y"
    )
    failed = desk.failing(ProviderError("Not this time."), other)
    assert failed == {
        "Status": "FAILED",
        "Reason": "Not this time.",
        "PhysicalResourceId": "failed-create:Other",
        "StackId": STACK_ID + "2",
        "RequestId": "2",
        "LogicalResourceId": "Other",
        "NoEcho": False,
        "Data": {},
    }
    assert desk.sent[-1][0] == "https://b/2?x=y"
    fine = desk.run(lambda _event, _context: "third")
    assert (fine["Status"], fine["Reason"], fine["Data"]) == ("SUCCESS", "", {})


def test_a_failure_carries_no_data(desk: Desk) -> None:
    """Attributes of a resource that is not there would be believed."""

    def work(_event: Any, _context: Any) -> str:
        desk.resource.Data = {"KeyId": "alias/one"}
        raise ProviderError("no")

    assert desk.run(work)["Data"] == {}


def test_crhelper_s_own_polling_is_not_to_be_had_from_an_event(desk: Desk) -> None:
    """Its fields in an event would choose the function and the answer's Data."""
    event = {**create_event(), "CrHelperPoll": True, "CrHelperRule": "x", "CrHelperData": {}}
    assert desk.run(lambda _event, _context: "mine", event)["PhysicalResourceId"] == "mine"


# Secrets.

VERSION_4 = (
    "https://bucket.s3.amazonaws.com/path?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260101T000000Z"
    f"&X-Amz-Security-Token={SECRET}token&X-Amz-Signature={SECRET}signature"
)


@pytest.mark.parametrize("url", [RESPONSE_URL, VERSION_4], ids=["version 2", "version 4"])
@pytest.mark.parametrize("kind", [ValueError, ProviderError])
@pytest.mark.parametrize(
    "part",
    [
        "whole",
        "path and query",
        "query",
        "signature",
        "repr",
        "bytes",
        "percent-encoded",
        "again",
        "JSON",
        "JSON in JSON",
    ],
)
def test_a_secret_in_an_error_is_blacked_out_wherever_it_goes(
    desk: Desk, capsys: pytest.CaptureFixture[str], url: str, kind: type[Exception], part: str
) -> None:
    """Promise 8: the ResponseURL is in no log line, no metric and no error; the traceback is one as well."""
    query = url.partition("?")[2]
    texts = {
        "whole": url,
        "path and query": url.removeprefix("https://").partition("/")[2],
        "query": query,
        "signature": query.rpartition("=")[2],
        "repr": repr({url: None}),
        "bytes": repr(url.encode()),
        "percent-encoded": quote(url, safe=""),
        "again": quote(quote(url, safe=""), safe=""),
        "JSON": json.dumps({url: url}),
        "JSON in JSON": json.dumps(json.dumps({url: url})),
    }
    told = desk.failing(kind(f"could not reach {texts[part]}!"), create_event(ResponseURL=url))
    assert "could not reach " in told["Reason"]
    assert "<ResponseURL>" in told["Reason"]
    assert "TOPSECRET" not in json.dumps(told)
    assert "TOPSECRET" not in capsys.readouterr().out


def test_a_session_token_in_an_error_is_blacked_out(desk: Desk) -> None:
    """A URL that was signed with temporary credentials holds two secrets."""
    told = desk.failing(ValueError(f"token {SECRET}token"), create_event(ResponseURL=VERSION_4))
    assert "token <ResponseURL>" in told["Reason"]


@pytest.mark.parametrize(
    "spelling",
    [
        "/ab+cd/ef==",
        "%2Fab%2Bcd%2Fef%3D%3D",
        "%2fab%2bcd%2fef%3d%3d",
        "%252Fab%252Bcd%252Fef%253D%253D",
        r"\/ab+cd\/ef==",
        r"\u002fab\u002Bcd\u002fef\u003d\u003D",
    ],
)
def test_a_signature_in_an_error_is_blacked_out_however_it_is_spelled(desk: Desk, spelling: str) -> None:
    """A version 2 signature is base64: the URL percent-encodes its + / =, a library's error may do otherwise."""
    url = "https://bucket.s3.amazonaws.com/path?Expires=1767232800&Signature=%2Fab%2Bcd%2Fef%3D%3D"
    told = desk.failing(ValueError(f"signature {spelling}, did not match"), create_event(ResponseURL=url))
    assert "signature <ResponseURL>, did not match" in told["Reason"]


def _caused(secret: str) -> Exception:
    error = ValueError("no secret here")
    error.__cause__ = OSError(secret)
    return error


def _in_the_midst(secret: str) -> Exception:
    error = ValueError("no secret here")
    error.__context__ = KeyError({secret: "a key of a map"})
    return error


def _noted(secret: str) -> Exception:
    error = ValueError("no secret here")
    error.add_note(f"while sending to {secret}")
    return error


def _grouped(secret: str) -> Exception:
    return ExceptionGroup("no secret here", [OSError(secret), _caused(secret)])


@pytest.mark.parametrize("make", [_caused, _in_the_midst, _noted, _grouped])
def test_a_secret_beside_an_error_is_blacked_out_of_the_traceback(
    desk: Desk, capsys: pytest.CaptureFixture[str], make: Callable[[str], Exception]
) -> None:
    """Tracebacks show causes too, what was being handled, notes, and the members of a group."""
    told = desk.failing(make(RESPONSE_URL))
    written = capsys.readouterr().out
    assert "no secret here" in told["Reason"]
    assert "<ResponseURL>" in written
    assert SECRET not in written


def test_a_response_url_without_a_query_is_no_reason_to_black_out_everything(desk: Desk) -> None:
    """An empty secret is in every text, between any two characters."""
    told = desk.failing(ProviderError("plain words"), create_event(ResponseURL="https://host/path"))
    assert told["Reason"] == "plain words"


# What crhelper sets up.


def test_the_protocol_makes_no_client_and_leaves_the_root_logger_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as in crhelper: three clients are 100 ms of a cold start, and the root logger's level is not ours."""

    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("a client was made")

    monkeypatch.setattr(boto3, "client", refuse)
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    desk = Desk()
    desk.run(lambda _event, _context: "x")
    assert (root.level, list(root.handlers)) == before


@pytest.mark.parametrize("variables", [{}, {"AWS_SAM_LOCAL": "true"}])
def test_no_region_is_needed_and_sam_local_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """Not as in crhelper, where an import without a region fails every later request, and sam local gets no answer."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    desk = Desk()
    assert desk.run(lambda _event, _context: "x")["Status"] == "SUCCESS"
    assert desk.run(lambda _event, _context: "x", delete_event())["Status"] == "SUCCESS"


def test_nobody_answers_behind_the_function_s_back(desk: Desk) -> None:
    """Not as in crhelper, where a timer's thread answers, and then the main one again."""
    threads: list[int] = []

    def work(_event: Any, _context: Any) -> str:
        threads.append(threading.active_count())
        return "x"

    before = threading.active_count()
    desk.run(work)
    assert threads == [before]


def test_a_delete_is_answered_without_a_nap(desk: Desk) -> None:
    """Not as in crhelper, which sleeps for two minutes on every Delete: pytest's own time would show it."""
    before = desk.clock.now()
    assert desk.run(lambda _event, _context: "x", delete_event())["Status"] == "SUCCESS"
    assert desk.clock.now() == before


# The whole provider.


def test_a_time_out_is_answered_once_with_the_id_that_cloudformation_has() -> None:
    """Not as in crhelper, whose time-out answers an empty id, 0.5 s before the end, and then a second answer."""
    provider = Provider()
    provider.create()
    provider.kinesis.people.reshard("orders", 10_000)
    start = provider.clock.now()
    told = provider.handle(update_event({"StreamName": "orders", "KeyId": "alias/one"}), timeout=100)
    assert (told["Status"], told["PhysicalResourceId"]) == ("FAILED", STREAM_ARN)
    assert "DeadlinePassed" not in told["Reason"]
    assert "while waiting: stream orders is UPDATING" in told["Reason"]
    assert 60 < provider.clock.now() - start <= 100 - DELIVERY_SECONDS


@pytest.mark.parametrize("event", [create_event(RequestType="Read"), create_event(RequestType=None)])
def test_a_request_of_an_unknown_type_is_failed_and_nothing_is_done(event: Any) -> None:
    """One answer, FAILED, that says which types there are."""
    provider = Provider()
    told = provider.handle(event)
    assert told["Status"] == "FAILED"
    assert "is not one of Create, Update, Delete" in told["Reason"]
    assert len(provider.kinesis.calls) == 0


@pytest.mark.parametrize("field", ["StackId", "LogicalResourceId"])
@pytest.mark.parametrize("value", [None, "", []])
def test_a_request_that_does_not_say_whose_it_is_is_failed_and_nothing_is_done(field: str, value: Any) -> None:
    """Promise 3: the record on the stream names its owner; without one nobody could ever undo what is done."""
    provider = Provider()
    provider.kinesis.faults.before_call(_no_more_than_100, times=None)
    told = provider.handle({**create_event(), field: value})
    assert told["Status"] == "FAILED"
    assert provider.changes() == []


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
def test_ids_that_no_answer_has_room_for_end_in_no_error_of_ours(field: str, value: str) -> None:
    """CloudFormation sends no such event, and could not take its answer; whoever does gets no recursion for it."""
    provider = Provider()
    event = {**delete_event({}), field: value}
    provider.deliver({**event, "ResponseURL": provider.fresh_url()})
    assert len(provider.bucket.answers) <= 1


def test_attributes_that_are_too_long_fail_an_update_with_the_old_id() -> None:
    """The protocol: a FAILED Update has to answer the OLD id, or the old stream is forgotten."""
    provider, wordy = long_attributes()
    told = provider.update({"StreamName": "payments", "KeyId": wordy}, {"StreamName": "orders"})
    assert told["Status"] == "FAILED"
    assert told["PhysicalResourceId"] == STREAM_ARN


def test_attributes_that_are_too_long_are_logged_and_counted_as_the_failure_that_is_answered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What operators see is what CloudFormation was told."""
    provider, wordy = long_attributes()
    capsys.readouterr()
    told = provider.create({"StreamName": "payments", "KeyId": wordy})
    assert told["Status"] == "FAILED"
    written = capsys.readouterr().out
    assert '"status":"SUCCESS"' not in written
    assert '"Failures"' in written


def _no_more_than_100(call: Call) -> None:
    """End a loop that would never end: nothing that is asked here takes so many calls."""
    if call.number > 100:
        raise RecursionError(f"{call.number} calls")


def long_attributes() -> tuple[Provider, str]:
    """Two streams, and a KeyId so long that an answer can't hold it as given and spelled out."""
    provider = Provider()
    provider.create()
    provider.kinesis.add_stream("payments")
    wordy = f"alias/{'x' * 2000}"
    provider.kms.add_key(wordy, denies_describe=True)
    return provider, wordy


def test_the_service_s_own_words_in_an_error_are_no_way_out_for_a_secret(desk: Desk) -> None:
    """Promise 8: an error that is raised on purpose is blacked out as well."""
    refusal = Refusal("kinesis:PutRecord", STREAM_ARN, RefusalKind.INVALID, "X", f"saw {RESPONSE_URL}")
    assert "saw <ResponseURL>" in desk.failing(InvalidArgument(refusal))["Reason"]
