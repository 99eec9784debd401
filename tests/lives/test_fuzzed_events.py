"""Invalid events, fuzzed: one valid response or a logged refusal, never a change, and never a secret.

`FUZZ_EXAMPLES=50000 .venv/bin/python -m pytest -n 2 tests/lives/test_fuzzed_events.py` looks for longer. A
failure prints what repeats it.
"""

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stream_encryption.cloudformation.response import ResponseNotDelivered, put
from tests.builders import create_event, delete_event
from tests.junk import (
    ALMOST_LOGICAL_IDS,
    ALMOST_STACK_IDS,
    ALMOST_TYPES,
    ANYTHING,
    NO_TEXT,
    ONE,
    SECRETS,
    VALID,
    WORDS,
    faulty_events,
    junk_deletes,
    revealed,
)
from tests.junk_urls import UNUSABLE_URLS, almost_urls
from tests.lives.fuzzing import (
    calls,
    claims,
    fresh,
    fuzzed,
    issued,
    judged,
    log,
    nobody_there,
    ours,
    theirs,
    unrecorded,
)
from tests.provider import Provider

NO_URL = NO_TEXT | WORDS | st.sampled_from(UNUSABLE_URLS)
ALMOST = {"RequestType": ALMOST_TYPES, "StackId": ALMOST_STACK_IDS, "LogicalResourceId": ALMOST_LOGICAL_IDS}


@given(faulty_events(), st.sampled_from([fresh, ours, theirs, unrecorded]))
@fuzzed
def test_an_invalid_request_fails_and_changes_nothing(event: dict[str, Any], world: Callable[[], Provider]) -> None:
    """Promise 2: each event with a ResponseURL gets one response. Valid ids come back as they came."""
    with log():
        provider = world()
    changes, responses = provider.changes(), len(provider.bucket.answers)
    sent = issued(provider, event)
    with judged(provider):
        provider.deliver(sent)
    (response,) = provider.bucket.answers[responses:]
    assert response["Status"] == "FAILED"
    assert response["Data"] == {}
    assert provider.changes() == changes
    for name in ("StackId", "RequestId", "LogicalResourceId"):
        value = event.get(name)
        if isinstance(value, str) and value.isascii() and value not in SECRETS and len(json.dumps(value)) < 800:
            assert response[name] == value


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ALMOST.items() for value in values])
def test_an_almost_valid_request_fails_and_changes_nothing(name: str, value: str) -> None:
    """Promise 2: the nearest misses, all of them in each run."""
    provider = Provider()
    with judged(provider):
        provider.deliver(issued(provider, {**VALID["Create"], name: value}))
    (response,) = provider.bucket.answers
    assert response["Status"] == "FAILED"
    assert provider.changes() == []


@pytest.mark.parametrize("kind", [*VALID])
def test_the_same_request_without_a_fault_changes_the_stream(kind: str) -> None:
    """Otherwise the tests above would prove nothing."""
    provider = fresh() if kind == "Create" else ours()
    before = len(calls(provider))
    assert provider.handle(VALID[kind])["Status"] == "SUCCESS"
    assert len(calls(provider)) > before


@given(junk_deletes(), st.sampled_from([fresh, theirs, unrecorded]))
@example({**delete_event(), "ResourceProperties": None}, unrecorded)
@fuzzed
def test_a_delete_leaves_a_stream_alone_that_is_not_its_resource_s(
    event: dict[str, Any], world: Callable[[], Provider]
) -> None:
    """Promises 3 and 7: it gets its response; the record may note that it came, and keeps all claims."""
    with log():
        provider = world()
    before, claimed, responses = calls(provider), claims(provider), len(provider.bucket.answers)
    with judged(provider):
        provider.deliver(issued(provider, event))
    assert len(provider.bucket.answers) == responses + 1
    assert calls(provider) == before
    assert (claims(provider) or []) == (claimed or [])


@given(ANYTHING | st.builds(lambda event, url: {**event, "ResponseURL": url}, faulty_events(), NO_URL))
@fuzzed
def test_an_event_that_can_t_be_answered_is_refused_in_the_log_and_does_nothing(event: Any) -> None:
    """Promise 2: an error would only make Lambda deliver it twice more."""
    provider = Provider()
    with judged(provider) as written:
        assert provider.deliver(revealed(event, provider.fresh_url())) is None
    assert '"message":"event refused"' in written.text
    assert provider.bucket.requests == []
    assert provider.changes() == []


@given(st.sampled_from(UNUSABLE_URLS) | almost_urls(), st.booleans())
@fuzzed
def test_a_response_url_that_no_connection_is_tried_for_is_refused(url: str, valid: bool) -> None:  # noqa: FBT001
    """Promise 2: it has to be refused before anything is done, since the response would be lost."""
    tried: list[Any] = []
    provider = Provider(send=put)
    with pytest.MonkeyPatch.context() as patch, judged(provider) as written:
        patch.setattr(socket, "create_connection", nobody_there(tried))
        try:
            provider.deliver(create_event(ONE if valid else {}, ResponseURL=url))
        except ResponseNotDelivered:
            assert tried
            return
    assert not tried
    assert '"message":"event refused"' in written.text
    assert provider.changes() == []
