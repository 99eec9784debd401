"""Bad input, fuzzed: always one valid answer, or a refusal that is logged; never a change, and never a secret.

`FUZZ_EXAMPLES=50000 .venv/bin/python -m pytest -n 2 tests/lives/test_fuzzed_events.py` looks for longer. A
failure prints what repeats it.
"""

import io
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import failure_responder
from stream_encryption.answer import AnswerNotDelivered, put
from stream_encryption.envelope import Unanswerable
from tests.builders import STACK_ID, STREAM_NAME, create_event, delete_event
from tests.junk import (
    ALMOST_LOGICAL_IDS,
    ALMOST_STACK_IDS,
    ALMOST_TYPES,
    ANYTHING,
    MISSING,
    NO_TEXT,
    ONE,
    SECRETS,
    UNUSABLE_URLS,
    VALID,
    WORDS,
    almost_urls,
    at,
    faulty_events,
    junk_deletes,
    of_another_kind,
    paths,
    replaced,
    revealed,
)
from tests.provider import Provider
from tests.secrecy import leaks

fuzzed = settings(max_examples=int(os.environ.get("FUZZ_EXAMPLES", "120")))

OTHERS = STACK_ID.replace("platform-encryption", "somebody-else")


def fresh() -> Provider:
    """A stream that nobody encrypts."""
    return Provider()


def ours() -> Provider:
    """A stream that this resource encrypts."""
    provider = Provider()
    provider.create(ONE)
    return provider


def theirs() -> Provider:
    """A stream that another stack's resource encrypts, by the same key."""
    provider = Provider()
    provider.create(ONE, StackId=OTHERS)
    return provider


def unrecorded() -> Provider:
    """A stream that somebody encrypts by the default key, and nothing says who."""
    provider = Provider()
    provider.kinesis.add_stream(STREAM_NAME, "alias/aws/kinesis")
    return provider


class Log(io.TextIOWrapper):
    """A stream that takes UTF-8 alone, as Lambda's does."""

    def __init__(self) -> None:
        """Have nothing written yet."""
        self._kept = io.BytesIO()
        super().__init__(self._kept, "utf-8", write_through=True)

    @property
    def text(self) -> str:
        """What was written."""
        return self._kept.getvalue().decode()


@contextmanager
def log() -> Iterator[Log]:
    """Take whatever is put out meanwhile."""
    written = Log()
    with redirect_stdout(written), redirect_stderr(written):
        yield written


@contextmanager
def judged(provider: Provider) -> Iterator[Log]:
    """Judge what has to be so whatever is delivered: no secret in the log and in no answer, and each answer valid."""
    before = len(provider.bucket.requests)
    with log() as written:
        yield written
    assert leaks(written.text) == []
    assert "Logging error" not in written.text
    for request in provider.bucket.requests[before:]:
        assert_valid(request.body)


def assert_valid(body: bytes) -> None:
    """By AWS's guide: what an answer has to be."""
    assert len(body) <= 4096
    answer = json.loads(body)
    for name in ("Status", "Reason", "PhysicalResourceId", "StackId", "RequestId", "LogicalResourceId"):
        assert isinstance(answer[name], str), name
    assert answer["Status"] in {"SUCCESS", "FAILED"}
    assert 1 <= len(answer["PhysicalResourceId"].encode()) <= 1024
    assert answer["Reason"] or answer["Status"] == "SUCCESS"
    assert leaks(body.decode()) == []


def issued(provider: Provider, event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with a fresh ResponseURL, which is also where a word stands for it."""
    url = provider.fresh_url()
    return {**revealed(dict(event), url), "ResponseURL": url}


@given(faulty_events(), st.sampled_from([fresh, ours, theirs, unrecorded]))
@fuzzed
def test_a_faulty_request_is_answered_with_failed_and_changes_nothing(
    event: dict[str, Any], world: Callable[[], Provider]
) -> None:
    """Promise 2: one answer to whatever has a ResponseURL. What fits in the envelope is answered as it came."""
    with log():
        provider = world()
    changes, answers = provider.changes(), len(provider.bucket.answers)
    sent = issued(provider, event)
    with judged(provider):
        provider.deliver(sent)
    (answer,) = provider.bucket.answers[answers:]
    assert answer["Status"] == "FAILED"
    assert answer["Data"] == {}
    assert provider.changes() == changes
    for name in ("StackId", "RequestId", "LogicalResourceId"):
        value = event.get(name)
        if isinstance(value, str) and value.isascii() and value not in SECRETS and len(json.dumps(value)) < 800:
            assert answer[name] == value


ALMOST = {"RequestType": ALMOST_TYPES, "StackId": ALMOST_STACK_IDS, "LogicalResourceId": ALMOST_LOGICAL_IDS}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ALMOST.items() for value in values])
def test_what_almost_fits_is_answered_with_failed_and_changes_nothing(name: str, value: str) -> None:
    """The nearest misses, each of them at every run."""
    provider = Provider()
    with judged(provider):
        provider.deliver(issued(provider, {**VALID["Create"], name: value}))
    (answer,) = provider.bucket.answers
    assert answer["Status"] == "FAILED"
    assert provider.changes() == []


@pytest.mark.parametrize("kind", [*VALID])
def test_the_same_request_without_a_fault_changes_the_stream(kind: str) -> None:
    """Or else the property above would be one of requests that never do."""
    provider = fresh() if kind == "Create" else ours()
    before = len(provider.changes())
    assert provider.handle(VALID[kind])["Status"] == "SUCCESS"
    assert len(provider.changes()) > before


@given(junk_deletes(), st.sampled_from([fresh, theirs, unrecorded]))
@example({**delete_event(), "ResourceProperties": None}, unrecorded)
@fuzzed
def test_a_delete_of_what_is_not_this_resource_s_leaves_the_encryption_and_the_record_alone(
    event: dict[str, Any], world: Callable[[], Provider]
) -> None:
    """Promises 3 and 7: it is answered, mostly by SUCCESS; all that it may leave is the mark that it came."""
    with log():
        provider = world()
    changes, answers = provider.changes(), len(provider.bucket.answers)
    with judged(provider):
        provider.deliver(issued(provider, event))
    assert len(provider.bucket.answers) == answers + 1
    made = provider.kinesis.calls.changes[len(changes) :]
    assert {call.name for call in made} <= {"AddTagsToStream"}
    assert [tag for call in made for tag in call.arguments["Tags"] if "cancelled:" not in tag] == []


NO_URL = NO_TEXT | WORDS | st.sampled_from(UNUSABLE_URLS)


@given(ANYTHING | st.builds(lambda event, url: {**event, "ResponseURL": url}, faulty_events(), NO_URL))
@fuzzed
def test_what_nobody_can_be_answered_for_is_refused_in_the_log_and_does_nothing(event: Any) -> None:
    """Promise 2: an error would only have Lambda deliver it twice more."""
    provider = Provider()
    with judged(provider) as written:
        assert provider.deliver(revealed(event, provider.fresh_url())) is None
    assert '"message":"event refused"' in written.text
    assert provider.bucket.requests == []
    assert provider.changes() == []


def nobody_there(tried: list[Any]) -> Callable[..., None]:
    """Take the place of socket.create_connection: as that does, but for asking for a name, and for connecting."""

    def connect(address: tuple[str, int], *_rest: Any, **_options: Any) -> None:
        tried.append(address)
        socket.getaddrinfo(*address, flags=socket.AI_NUMERICHOST)
        raise ConnectionRefusedError

    return connect


@given(st.sampled_from(UNUSABLE_URLS) | almost_urls(), st.booleans())
@fuzzed
def test_a_response_url_that_nothing_can_be_sent_to_is_none(url: str, valid: bool) -> None:  # noqa: FBT001
    """What nobody even tries to connect to has to be refused before anything is done: the answer would be lost."""
    tried: list[Any] = []
    provider = Provider(send=put)
    with pytest.MonkeyPatch.context() as patch, judged(provider) as written:
        patch.setattr(socket, "create_connection", nobody_there(tried))
        try:
            provider.deliver(create_event(ONE if valid else {}, ResponseURL=url))
        except AnswerNotDelivered:
            assert tried
            return
    assert not tried
    assert '"message":"event refused"' in written.text
    assert provider.changes() == []


def handed_over(kind: str) -> tuple[Provider, dict[str, Any]]:
    """A request that waits, and its state; meanwhile the stream has become ACTIVE."""
    provider = Provider(handover_seconds=20)
    with log():
        if kind != "Create":
            provider.create(ONE)
        provider.kinesis.people.reshard(STREAM_NAME, 300)
        provider.deliver(issued(provider, VALID[kind]))
    (execution,) = provider.states.executions.values()
    provider.clock.sleep(300)
    return provider, json.loads(json.dumps(execution.input))


def places(state: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Where in a state lies what a step reads; the rest is for the state machine, or for nobody."""
    unread = {("Event", "ServiceToken"), ("Event", "ResourceType"), ("Event", "ResponseURL")}
    return [
        path
        for path in paths(state)
        if path[:1] in {("Deadline",), ("Progress",)} or (path[:1] == ("Event",) != path and path not in unread)
    ]


@given(st.data(), st.sampled_from([*VALID]))
@fuzzed
def test_a_state_of_which_something_is_of_another_type_is_answered_with_failed_and_changes_nothing(
    data: st.DataObject, kind: str
) -> None:
    """The second door believes nothing that no function can have written."""
    provider, state = handed_over(kind)
    changes, answers = provider.changes(), len(provider.bucket.answers)
    path = data.draw(st.sampled_from(places(state)))
    broken = replaced(state, path, data.draw(of_another_kind(at(state, path))))
    with judged(provider):
        assert provider.deliver(revealed(broken, state["Event"]["ResponseURL"])) == {"Done": True}
    (answer,) = provider.bucket.answers[answers:]
    assert answer["Status"] == "FAILED"
    assert provider.changes() == changes


@given(st.data(), st.sampled_from([*VALID]))
@fuzzed
def test_a_state_of_which_something_is_missing_is_answered_once_in_the_end(data: st.DataObject, kind: str) -> None:
    """What an older version did not write has its default; what every version wrote is missed, by FAILED."""
    provider, state = handed_over(kind)
    answers = len(provider.bucket.answers)
    path = data.draw(st.sampled_from([path for path in places(state) if path != ("Progress",)]))
    left = replaced(state, path, MISSING)
    with judged(provider):
        while not left["Done"]:
            left = provider.deliver(left)
            provider.clock.sleep(left.get("Seconds", 0))
    assert len(provider.bucket.answers) == answers + 1


@given(
    st.sampled_from([*VALID]),
    faulty_events(envelope=True),
    st.none() | st.builds(lambda why: {"Failure": why}, ANYTHING),
)
@fuzzed
def test_a_state_of_a_faulty_request_is_answered_with_failed_and_changes_nothing(
    kind: str, event: dict[str, Any], failure: dict[str, Any] | None
) -> None:
    """The second door takes no request that the first would not; nor does it choke on why a step was lost."""
    provider, state = handed_over(kind)
    changes, answers = provider.changes(), len(provider.bucket.answers)
    sent = {**state, "Event": issued(provider, event), **(failure or {})}
    with judged(provider):
        assert provider.deliver(sent) == {"Done": True}
    (answer,) = provider.bucket.answers[answers:]
    assert answer["Status"] == "FAILED"
    assert provider.changes() == changes


RECORDS: Mapping[str, Callable[[Any, Any, Any], dict[str, Any]]] = {
    "Lambda's": lambda event, why, rest: {"requestPayload": event, "responsePayload": why, "requestContext": rest},
    "the state machine's": lambda event, why, rest: {"Event": event, "Failure": why, "Stream": rest},
}


@given(faulty_events() | st.sampled_from([*VALID.values()]), ANYTHING, ANYTHING, st.sampled_from([*RECORDS]))
@fuzzed
def test_whatever_was_lost_and_why_the_last_word_is_one_failed(event: Any, why: Any, rest: Any, whose: str) -> None:
    """Promise 2: it is what is left when all else has failed, and has nobody behind it."""
    provider = Provider()
    url = provider.fresh_url()
    record = RECORDS[whose]({**revealed(event, url), "ResponseURL": url}, revealed(why, url), revealed(rest, url))
    with pytest.MonkeyPatch.context() as patch, judged(provider):
        patch.setattr("failure_responder.put", provider.send)
        patch.setattr("time.sleep", provider.clock.sleep)
        failure_responder.on_failure(record, None)
    (answer,) = provider.bucket.answers
    assert answer["Status"] == "FAILED"


@given(faulty_events() | ANYTHING, NO_URL, ANYTHING, ANYTHING, st.sampled_from([*RECORDS]))
@fuzzed
def test_where_nobody_is_left_to_be_told_the_last_word_is_a_line_in_the_log(
    event: Any, url: Any, why: Any, rest: Any, whose: str
) -> None:
    """An error would only have Lambda, or the state machine, try again."""
    event = {**event, "ResponseURL": url} if isinstance(event, dict) else event
    provider = Provider()
    with pytest.MonkeyPatch.context() as patch, judged(provider) as written:
        patch.setattr(socket, "create_connection", nobody_there([]))
        patch.setattr("time.sleep", provider.clock.sleep)
        with suppress(failure_responder.NotDelivered):
            failure_responder.on_failure(RECORDS[whose](event, why, rest), None)
    assert '"message": "failure response"' in written.text


@given(ANYTHING, ANYTHING, NO_URL | st.builds(lambda url: create_event(ResponseURL=url), NO_URL))
@fuzzed
def test_a_state_that_nobody_can_be_answered_for_fails_its_execution(version: Any, progress: Any, event: Any) -> None:
    """An error, so that somebody sees it; and a line in the log that says what it was."""
    provider = Provider()
    state = revealed({"Version": version, "Progress": progress, "Event": event}, provider.fresh_url())
    with judged(provider) as written, pytest.raises(Unanswerable, match="no ResponseURL"):
        provider.deliver(state)
    assert '"message":"event refused"' in written.text
    assert provider.bucket.requests == []
    assert provider.changes() == []
