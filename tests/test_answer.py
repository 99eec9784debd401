"""An answer's way home: what goes over the wire, what is tried again, and who is told what came of it."""

from dataclasses import dataclass, field
from random import Random

import pytest

from stream_encryption import answer as room
from stream_encryption.answer import FAILED, MAX_BODY_BYTES, SUCCESS, Answer, AnswerNotDelivered, Courier, demand_room
from stream_encryption.answer import put as put_answer
from stream_encryption.errors import AnswerTooLong
from tests.builders import LOGICAL_ID, REQUEST_ID, RESPONSE_URL, STACK_ID, STREAM_ARN, create_event
from tests.fake_bucket import Silence
from tests.fake_clock import NEW_YEAR_2026, Clock
from tests.fake_response_url import FakeResponseUrl

ANSWER = Answer(SUCCESS, "", STREAM_ARN, STACK_ID, REQUEST_ID, LOGICAL_ID)


@dataclass
class Told:
    """Notes what came of answers."""

    answered_: list[Answer] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    lost: list[tuple[Answer, str]] = field(default_factory=list)

    def answered(self, answer: Answer, now: float) -> None:
        """CloudFormation took it."""
        self.answered_.append(answer)
        self.at.append(now)

    def answer_lost(self, answer: Answer, outcome: str) -> None:
        """CloudFormation did not take it."""
        self.lost.append((answer, outcome))


class Longest(Random):
    """Always the upper end."""

    def uniform(self, a: float, b: float) -> float:
        """The upper end, however it is called."""
        return max(a, b)


class Shortest(Random):
    """Always the lower end."""

    def uniform(self, a: float, b: float) -> float:
        """The lower end, however it is called."""
        return min(a, b)


def _tries(statuses: list[int], random: Random) -> tuple[list[float], Told, bool]:
    """At which seconds it was tried with these outcomes, who was told, and whether it ended in an error."""
    clock, told, left = Clock(), Told(), list(statuses)
    begun, at = clock.now(), []

    def send(_url: str, _body: bytes) -> int:
        at.append(clock.now() - begun)
        return left.pop(0) if left else 503

    try:
        Courier(clock, random, told, send).deliver(RESPONSE_URL, ANSWER)
    except AnswerNotDelivered:
        return at, told, True
    return at, told, False


def test_what_is_put_is_the_body_with_an_empty_content_type() -> None:
    """The protocol: PUT, an EMPTY content-type header, the length, and the body itself."""
    with FakeResponseUrl() as endpoint:
        assert put_answer(endpoint.url(), b'{"Status": "SUCCESS"}') == 200
        (request,) = endpoint.bucket.requests
    assert request.method == "PUT"
    assert request.headers["content-type"] == ""
    assert request.headers["content-length"] == "21"
    assert request.body == b'{"Status": "SUCCESS"}'


def test_a_silent_endpoint_is_given_up_after_the_sockets_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 2: crhelper's PUT has no socket time-out; ours ends, so that it can be tried again."""
    monkeypatch.setattr(room, "SOCKET_SECONDS", 0.05)
    with FakeResponseUrl() as endpoint:
        endpoint.bucket.script(Silence.HANG)
        with pytest.raises(TimeoutError):
            put_answer(endpoint.url(), b"{}")


@pytest.mark.parametrize("status", [300, 302, 408, 429, 500, 503])
def test_what_may_pass_is_tried_again(status: int) -> None:
    """crhelper, compared, 9: an HTTP error is no delivery."""
    at, told, failed = _tries([status, 200], Shortest())
    assert (len(at), failed) == (2, False)
    assert (told.answered_, told.lost) == ([ANSWER], [])
    assert told.at == [NEW_YEAR_2026 + at[1]]


@pytest.mark.parametrize("status", [400, 403, 404, 499])
def test_what_cannot_pass_is_not_tried_again(status: int) -> None:
    """crhelper, compared, 10: never for ever; the URL has expired, or is not ours."""
    at, told, failed = _tries([status], Shortest())
    assert (len(at), failed) == (1, False)
    assert told.lost == [(ANSWER, f"refused: HTTP {status}")]


def test_an_answer_that_nobody_takes_is_told_and_ends_in_an_error() -> None:
    """Promise 2: Lambda delivers the event again; the log says what came back."""
    _, told, failed = _tries([], Shortest())
    assert failed
    assert told.lost == [(ANSWER, "failed: HTTP 503")]


@pytest.mark.parametrize(
    ("random", "at"),
    [(Shortest(), [0, 0.75, 1.875, 3.5625, 6.09375, 9.890625]), (Longest(), [0, 1.25, 4.375, 12.1875])],
    ids=["shortest", "longest"],
)
def test_tries_come_ever_less_often_and_end_in_time(random: Random, at: list[float]) -> None:
    """Promise 2: within 15 s, less than the margin that the deadline keeps back."""
    assert _tries([], random)[0] == at


def _of_size(size: int) -> Answer:
    short = len(Answer(SUCCESS, "", "", STACK_ID, REQUEST_ID, LOGICAL_ID).body())
    return Answer(SUCCESS, "", "x" * (size - short), STACK_ID, REQUEST_ID, LOGICAL_ID)


@pytest.mark.parametrize(("size", "sent"), [(MAX_BODY_BYTES, True), (MAX_BODY_BYTES + 1, False)])
def test_an_answer_of_4096_bytes_is_sent_and_none_longer(size: int, *, sent: bool) -> None:
    """The protocol: the whole body at most 4,096 bytes."""
    told, bodies = Told(), []

    def send(_url: str, body: bytes) -> int:
        bodies.append(body)
        return 200

    Courier(Clock(), Shortest(), told, send).deliver(RESPONSE_URL, _of_size(size))
    assert [len(body) for body in bodies] == ([size] if sent else [])
    assert bool(told.answered_) is sent
    if not sent:
        ((lost, outcome),) = told.lost
        assert lost == _of_size(size)
        assert outcome == "no answer of 4096 bytes has room for the ids"


def test_a_success_has_room_up_to_the_last_byte() -> None:
    """Promise 2: attributes that just fit are told; one byte more fails with what to do."""
    event = {**create_event(), "ResponseURL": RESPONSE_URL}

    def data(size: int) -> dict[str, str]:
        empty = Answer.to(event, status=SUCCESS, reason="", physical_id=STREAM_ARN, data={"KeyId": ""})
        return {"KeyId": "k" * (size - len(empty.body()))}

    demand_room(event, STREAM_ARN, data(MAX_BODY_BYTES))
    with pytest.raises(AnswerTooLong, match="4096"):
        demand_room(event, STREAM_ARN, data(MAX_BODY_BYTES + 1))


def test_an_id_is_cut_between_characters_and_not_within_one() -> None:
    """The protocol: a PhysicalResourceId of at most 1 KB, of whole characters."""
    event = {**create_event(), "ResponseURL": RESPONSE_URL}
    cut = Answer.to(event, status=FAILED, reason="r", physical_id="x" + "é" * 600, data={}).physical_id
    assert cut == "x" + "é" * 511
