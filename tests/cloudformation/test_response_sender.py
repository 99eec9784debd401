"""Delivery of a response: which failures are tried again, for how long, and what the log is told."""

import json
from contextlib import nullcontext
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from stream_encryption.cloudformation.request import MARGIN_SECONDS
from stream_encryption.cloudformation.response import (
    DELIVERY_SECONDS,
    MAX_BODY_BYTES,
    SUCCESS,
    Response,
    ResponseNotDelivered,
    ResponseSender,
)
from tests.builders import LOGICAL_ID, REQUEST_ID, RESPONSE_URL, STACK_ID, STREAM_ARN
from tests.fake_bucket import Reply, Silence
from tests.fake_clock import NEW_YEAR_2026, Clock
from tests.fake_response_url import FakeResponseUrl

RESPONSE = Response(SUCCESS, "", STREAM_ARN, STACK_ID, REQUEST_ID, LOGICAL_ID)


@dataclass
class Outcomes:
    """A delivery log that keeps what it is told."""

    delivered: list[tuple[Response, float]] = field(default_factory=list)
    lost: list[tuple[Response, str]] = field(default_factory=list)

    def responded(self, response: Response, now: float) -> None:
        """Keep a response that CloudFormation took, and when."""
        self.delivered.append((response, now))

    def response_lost(self, response: Response, outcome: str) -> None:
        """Keep a response that CloudFormation did not take, and why."""
        self.lost.append((response, outcome))


class Longest(Random):
    """Always the upper end."""

    def uniform(self, a: float, b: float) -> float:
        """Return the upper end."""
        return max(a, b)


class Shortest(Random):
    """Always the lower end."""

    def uniform(self, a: float, b: float) -> float:
        """Return the lower end."""
        return min(a, b)


@dataclass
class Delivery:
    """One delivery: the seconds of its tries, the log, and whether it raised ResponseNotDelivered."""

    tries: list[float]
    log: Outcomes
    raised: bool


def deliver(statuses: list[int], random: Random, *, seconds: float = 0.0) -> Delivery:
    """Deliver to an endpoint that gives these statuses and then 503, each after so many seconds."""
    clock, left = Clock(), list(statuses)
    done = Delivery([], Outcomes(), raised=False)

    def send(_url: str, _body: bytes) -> int:
        done.tries.append(clock.now() - NEW_YEAR_2026)
        clock.sleep(seconds)
        return left.pop(0) if left else 503

    try:
        ResponseSender(clock, random, done.log, send).deliver(RESPONSE_URL, RESPONSE)
    except ResponseNotDelivered:
        done.raised = True
    return done


def over_http(endpoint: FakeResponseUrl, *, expires_in: float = 7200) -> Outcomes:
    """Deliver by real HTTP, in virtual time."""
    log = Outcomes()
    ResponseSender(Clock(), Shortest(), log).deliver(endpoint.url(expires_in=expires_in), RESPONSE)
    return log


@pytest.mark.parametrize("status", [300, 302, 408, 429, 500, 503])
def test_a_failure_that_may_pass_is_tried_again(status: int) -> None:
    """docs/crhelper-compared.md, 9: an HTTP error is no delivery."""
    done = deliver([status, 200], Shortest())
    assert (len(done.tries), done.raised) == (2, False)
    assert (done.log.delivered, done.log.lost) == ([(RESPONSE, NEW_YEAR_2026 + done.tries[1])], [])


@pytest.mark.parametrize("status", [400, 403, 404, 499])
def test_a_refusal_that_lasts_is_not_tried_again(status: int) -> None:
    """docs/crhelper-compared.md, 10: an expired URL stays expired. The log is told that nobody was answered."""
    done = deliver([status], Shortest())
    assert (len(done.tries), done.raised) == (1, False)
    assert (done.log.delivered, done.log.lost) == ([], [(RESPONSE, f"refused: HTTP {status}")])


def test_a_response_that_is_never_taken_ends_in_an_error() -> None:
    """Promise 2: by the error Lambda knows that it has to deliver the event again."""
    done = deliver([], Shortest())
    assert done.raised
    assert done.log.lost == [(RESPONSE, "failed: HTTP 503")]


def test_a_broken_connection_is_logged_by_the_kind_of_its_error() -> None:
    """Promise 8: the error's own text can hold the ResponseURL."""

    def send(url: str, _body: bytes) -> int:
        raise ConnectionResetError(url)

    log = Outcomes()
    with pytest.raises(ResponseNotDelivered):
        ResponseSender(Clock(), Shortest(), log, send).deliver(RESPONSE_URL, RESPONSE)
    assert log.lost == [(RESPONSE, "failed: ConnectionResetError")]


@pytest.mark.parametrize(
    ("random", "tries"),
    [(Shortest(), [0, 0.75, 1.875, 3.5625, 6.09375, 9.890625]), (Longest(), [0, 1.25, 4.375, 12.1875])],
    ids=["shortest", "longest"],
)
def test_the_pauses_between_tries_grow_and_the_tries_end_in_time(random: Random, tries: list[float]) -> None:
    """Promise 2: all tries end within the margin that the deadline keeps."""
    assert deliver([], random).tries == tries
    assert tries[-1] <= DELIVERY_SECONDS < MARGIN_SECONDS


def test_the_time_that_the_tries_take_counts() -> None:
    """Promise 2: a slow endpoint must not use up the invocation."""
    assert len(deliver([], Shortest(), seconds=5).tries) <= 3


@pytest.mark.parametrize(("size", "sent"), [(MAX_BODY_BYTES, True), (MAX_BODY_BYTES + 1, False)])
def test_no_body_over_4096_bytes_is_sent(size: int, *, sent: bool) -> None:
    """The protocol: at most 4,096 bytes. Ids alone can be longer; then the log is told."""
    short = len(Response(SUCCESS, "", "", STACK_ID, REQUEST_ID, LOGICAL_ID).body())
    response = Response(SUCCESS, "", "x" * (size - short), STACK_ID, REQUEST_ID, LOGICAL_ID)
    log, bodies = Outcomes(), []

    def send(_url: str, body: bytes) -> int:
        bodies.append(len(body))
        return 200

    ResponseSender(Clock(), Shortest(), log, send).deliver(RESPONSE_URL, response)
    assert bodies == ([size] if sent else [])
    assert (len(log.delivered), [one for one, _ in log.lost]) == ((1, []) if sent else (0, [response]))


@pytest.mark.parametrize("step", [Reply(500), Reply(503), Reply(408), Reply(429), Reply(302), Silence.CLOSE])
@pytest.mark.parametrize("times", [1, 3])
def test_the_same_body_is_put_until_it_is_stored(step: Any, times: int) -> None:
    """Promise 2, by real HTTP."""
    with FakeResponseUrl() as endpoint:
        endpoint.bucket.script(*[step] * times)
        over_http(endpoint)
        assert [request.stored for request in endpoint.bucket.requests] == [False] * times + [True]
        assert len({request.body for request in endpoint.bucket.requests}) == 1
        assert endpoint.bucket.answers == [json.loads(RESPONSE.body())]


def test_an_expired_url_is_tried_once() -> None:
    """The bucket refuses it with 403, as S3 does."""
    with FakeResponseUrl() as endpoint:
        log = over_http(endpoint, expires_in=-1)
        assert [request.step for request in endpoint.bucket.requests] == [Reply(403)]
    assert log.lost == [(RESPONSE, "refused: HTTP 403")]


def test_after_a_lost_confirmation_the_very_same_response_is_sent_again() -> None:
    """CloudFormation counts the first one; the second must not say anything else."""
    with FakeResponseUrl() as endpoint:
        endpoint.bucket.script(Silence.LOSE)
        over_http(endpoint)
        first, second = endpoint.bucket.answers
    assert first == second


@pytest.mark.parametrize(
    ("step", "raises"), [(Reply(200), False), (Reply(403), False), (Reply(503), True), (Silence.CLOSE, True)]
)
def test_neither_the_log_nor_the_error_of_a_delivery_has_the_url(step: Any, *, raises: bool) -> None:
    """Promise 8: the errors of http.client can have it."""
    log = Outcomes()
    raised = pytest.raises(ResponseNotDelivered) if raises else nullcontext()
    with FakeResponseUrl() as endpoint, raised as error:
        endpoint.bucket.script(*[step] * 9)
        ResponseSender(Clock(), Shortest(), log).deliver(endpoint.url(), RESPONSE)
    text = repr(log)
    if error:
        text += repr(error.value) + repr(error.value.__cause__) + repr(error.value.__context__)
    assert log.delivered or log.lost
    assert "http:" not in text
    assert endpoint.bucket.secrets[0] not in text
