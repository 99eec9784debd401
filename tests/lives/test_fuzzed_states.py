"""Invalid states of the workflow and records of lost requests, fuzzed: one FAILED or a logged refusal, no secret."""

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import failure_responder
from stream_encryption.cloudformation.event_validation import Unanswerable
from tests.builders import create_event, sns_event
from tests.json_edits import at, of_another_kind, paths, replaced
from tests.junk import ANYTHING, MISSING, NO_TEXT, VALID, WORDS, faulty_events, revealed
from tests.junk_urls import UNUSABLE_URLS
from tests.lives.fuzzing import fuzzed, handed_over, issued, judged, nobody_there
from tests.provider import Provider

NO_URL = NO_TEXT | WORDS | st.sampled_from(UNUSABLE_URLS)


def places(state: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the paths of all values in a state that a step reads."""
    unread = {("Event", "ServiceToken"), ("Event", "ResourceType"), ("Event", "ResponseURL")}
    return [
        path
        for path in paths(state)
        if path[:1] in {("Deadline",), ("Progress",)} or (path[:1] == ("Event",) != path and path not in unread)
    ]


@given(st.data(), st.sampled_from([*VALID]))
@fuzzed
def test_a_state_with_a_value_of_another_type_fails_and_changes_nothing(data: st.DataObject, kind: str) -> None:
    """Promise 2: no version of the function can have written it."""
    provider, state = handed_over(kind)
    changes, responses = provider.changes(), len(provider.bucket.answers)
    path = data.draw(st.sampled_from(places(state)))
    broken = replaced(state, path, data.draw(of_another_kind(at(state, path))))
    with judged(provider):
        assert provider.deliver(revealed(broken, state["Event"]["ResponseURL"])) == {"Done": True}
    (response,) = provider.bucket.answers[responses:]
    assert response["Status"] == "FAILED"
    assert provider.changes() == changes


@given(st.data(), st.sampled_from([*VALID]))
@fuzzed
def test_a_state_that_lacks_a_value_gets_one_response_in_the_end(data: st.DataObject, kind: str) -> None:
    """Promise 2: a field that an older version did not write has its default; without another one it fails."""
    provider, state = handed_over(kind)
    responses = len(provider.bucket.answers)
    path = data.draw(st.sampled_from([path for path in places(state) if path != ("Progress",)]))
    left = replaced(state, path, MISSING)
    with judged(provider):
        while not left["Done"]:
            left = provider.deliver(left)
            provider.clock.sleep(left.get("Seconds", 0))
    assert len(provider.bucket.answers) == responses + 1


@given(
    st.sampled_from([*VALID]),
    faulty_events(fields_only=True),
    st.none() | st.builds(lambda why: {"Failure": why}, ANYTHING),
)
@fuzzed
def test_a_state_of_an_invalid_request_fails_and_changes_nothing(
    kind: str, event: dict[str, Any], failure: dict[str, Any] | None
) -> None:
    """Promise 2: a step takes no request that the first invocation would refuse."""
    provider, state = handed_over(kind)
    changes, responses = provider.changes(), len(provider.bucket.answers)
    sent = {**state, "Event": issued(provider, event), **(failure or {})}
    with judged(provider):
        assert provider.deliver(sent) == {"Done": True}
    (response,) = provider.bucket.answers[responses:]
    assert response["Status"] == "FAILED"
    assert provider.changes() == changes


@given(ANYTHING, ANYTHING, NO_URL | st.builds(lambda url: create_event(ResponseURL=url), NO_URL))
@fuzzed
def test_a_state_that_nobody_can_be_answered_for_fails_its_execution(version: Any, progress: Any, event: Any) -> None:
    """The error shows the fault to an operator; the log says what it was."""
    provider = Provider()
    state = revealed({"Version": version, "Progress": progress, "Event": event}, provider.fresh_url())
    with judged(provider) as written, pytest.raises(Unanswerable, match="no ResponseURL"):
        provider.deliver(state)
    assert '"message":"event refused"' in written.text
    assert provider.bucket.requests == []
    assert provider.changes() == []


# The failure responder.

RECORDS: Mapping[str, Callable[[Any, Any, Any], dict[str, Any]]] = {
    "Lambda's": lambda event, why, rest: {"requestPayload": event, "responsePayload": why, "requestContext": rest},
    "Lambda's, by way of a topic": lambda event, why, rest: {
        "requestPayload": sns_event(event),
        "responsePayload": why,
        "requestContext": rest,
    },
    "the state machine's": lambda event, why, rest: {"Event": event, "Failure": why, "Stream": rest},
}


@given(faulty_events() | st.sampled_from([*VALID.values()]), ANYTHING, ANYTHING, st.sampled_from([*RECORDS]))
@fuzzed
def test_the_failure_responder_answers_any_lost_request_with_one_failed(
    event: Any, why: Any, rest: Any, source: str
) -> None:
    """Promise 2: nothing stands behind it."""
    provider = Provider()
    url = provider.fresh_url()
    record = RECORDS[source]({**revealed(event, url), "ResponseURL": url}, revealed(why, url), revealed(rest, url))
    with pytest.MonkeyPatch.context() as patch, judged(provider):
        patch.setattr("failure_responder.put", provider.send)
        patch.setattr("time.sleep", provider.clock.sleep)
        failure_responder.on_failure(record, None)
    (response,) = provider.bucket.answers
    assert response["Status"] == "FAILED"


@given(faulty_events() | ANYTHING, NO_URL, ANYTHING, ANYTHING, st.sampled_from([*RECORDS]))
@fuzzed
def test_the_failure_responder_logs_a_request_that_nobody_can_be_answered_for(
    event: Any, url: Any, why: Any, rest: Any, source: str
) -> None:
    """An error would only make Lambda or the state machine try again."""
    event = {**event, "ResponseURL": url} if isinstance(event, dict) else event
    provider = Provider()
    with pytest.MonkeyPatch.context() as patch, judged(provider) as written:
        patch.setattr(socket, "create_connection", nobody_there([]))
        patch.setattr("time.sleep", provider.clock.sleep)
        with suppress(failure_responder.NotDelivered):
            failure_responder.on_failure(RECORDS[source](event, why, rest), None)
    assert '"message": "failure response"' in written.text
