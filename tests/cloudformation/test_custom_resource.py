"""CustomResource: each request gets exactly one response, whatever the function does or raises."""

import logging
import os
import threading
from typing import Any

import boto3
import pytest

from stream_encryption.errors import ProviderError
from tests.builders import (
    LOGICAL_ID,
    REQUEST_ID,
    RESPONSE_URL,
    STACK_ID,
    STREAM_ARN,
    LambdaContext,
    create_event,
    delete_event,
    update_event,
)
from tests.cloudformation.lone_resource import LoneResource


class KnownError(ProviderError):
    """An error that the provider foresees."""


class UnforeseenError(BaseException):
    """An error that no `except Exception` catches."""


@pytest.fixture
def lone() -> LoneResource:
    """The protocol alone."""
    return LoneResource()


def done(_event: Any, _context: Any) -> str:
    """Succeed at once."""
    return "x"


def test_a_success_has_the_function_s_id_and_data(lone: LoneResource) -> None:
    """The protocol: PhysicalResourceId and Data are what the template's author gets."""

    def work(_event: Any, _context: Any) -> str:
        lone.resource.Data = {"KeyId": "alias/one"}
        return STREAM_ARN

    assert lone.run(work) == {
        "Status": "SUCCESS",
        "Reason": "",
        "PhysicalResourceId": STREAM_ARN,
        "StackId": STACK_ID,
        "RequestId": REQUEST_ID,
        "LogicalResourceId": LOGICAL_ID,
        "NoEcho": False,
        "Data": {"KeyId": "alias/one"},
    }
    assert lone.sent[0][0] == RESPONSE_URL


def test_each_type_of_request_has_its_own_function(lone: LoneResource) -> None:
    """A request of an unknown type goes to Create's function, which says what is wrong."""
    lone.resource.create(lambda _event, _context: "create")
    lone.resource.update(lambda _event, _context: "update")
    lone.resource.delete(lambda _event, _context: "delete")
    for event in (create_event(), update_event(), delete_event(), create_event(RequestType="Read")):
        lone.resource(event, LambdaContext(lone.clock))
    assert [response["PhysicalResourceId"] for _, response in lone.sent] == ["create", "update", "delete", "create"]


def test_the_function_gets_the_event_and_the_context(lone: LoneResource) -> None:
    """Nothing is lost on the way in."""
    given: list[Any] = []

    def work(event: Any, context: Any) -> str:
        given.extend([event, context])
        return "x"

    context = LambdaContext(lone.clock)
    lone.resource.update(work)
    lone.resource(update_event(), context)
    assert given == [update_event(), context]


def test_a_request_that_was_handed_over_gets_no_response_here(lone: LoneResource) -> None:
    """Promise 2: the workflow responds; two responses would be one too many. The next request is not affected."""
    lone.resource.create(lambda _event, _context: None)
    lone.resource(create_event(), LambdaContext(lone.clock))
    assert lone.sent == []
    assert lone.run(done)["Status"] == "SUCCESS"


def test_the_caller_s_event_is_not_changed(lone: LoneResource) -> None:
    """The caller may look at the event again."""
    event = {**create_event(), "PhysicalResourceId": 7, "RequestId": None}
    before = dict(event)
    lone.run(done, event)
    assert event == before


@pytest.mark.parametrize(
    "error", [ValueError("v"), SystemExit(3), KeyboardInterrupt("k"), GeneratorExit(), UnforeseenError("u")]
)
def test_an_unforeseen_error_fails_with_its_text_and_the_place_in_the_log(
    lone: LoneResource, error: BaseException
) -> None:
    """docs/crhelper-compared.md, 18: crhelper sends nothing after SystemExit."""
    response = lone.failing(error)
    assert response["Status"] == "FAILED"
    assert response["Reason"].startswith("[InternalError] ")
    assert f"{type(error).__name__}: {error}" in response["Reason"]
    assert "request 1a2b3c4d-0000-4000-8000-000000000001" in response["Reason"]
    assert "log stream 2026/01/01/[$LATEST]" in response["Reason"]


def test_an_unforeseen_error_is_answered_without_a_context_too(lone: LoneResource) -> None:
    """Promise 2: a context that is None must not leave CloudFormation waiting."""
    lone.resource.create(lambda _event, _context: 1 / 0)  # type: ignore[arg-type,return-value]
    lone.resource(create_event(), None)
    assert "ZeroDivisionError" in lone.sent[0][1]["Reason"]
    assert "request unknown" in lone.sent[0][1]["Reason"]
    assert "log stream unknown," in lone.sent[0][1]["Reason"]


def test_only_an_unforeseen_error_is_logged_with_its_traceback(
    lone: LoneResource, capsys: pytest.CaptureFixture[str]
) -> None:
    """The Reason names the log stream, so the traceback has to be there. A known error needs none."""
    lone.failing(ValueError("out of nowhere"))
    assert "Traceback (most recent call last)" in capsys.readouterr().out
    lone.failing(KnownError("known"))
    assert "Traceback" not in capsys.readouterr().out


def test_a_known_error_is_its_code_and_its_sentence(lone: LoneResource) -> None:
    """Promise 2: a FAILED says what happened. The code comes first, since a long Reason is cut off at its end."""
    assert lone.failing(KnownError("Stream orders is not there."))["Reason"] == (
        "[KnownError] Stream orders is not there."
    )


def test_a_failure_carries_no_data(lone: LoneResource) -> None:
    """Promise 2: nobody may read attributes of a resource that was not made."""

    def work(_event: Any, _context: Any) -> str:
        lone.resource.Data = {"KeyId": "alias/one"}
        raise KnownError("no")

    assert lone.run(work)["Data"] == {}


def test_a_warm_invocation_keeps_nothing_of_the_one_before(lone: LoneResource) -> None:
    """docs/crhelper-compared.md, 11 to 13: Data, Reason, Status, ids and NoEcho belong to one request."""

    def generous(_event: Any, _context: Any) -> str:
        lone.resource.Data, lone.resource.Reason, lone.resource.NoEcho = {"KeyId": "a key"}, "a note", True
        return "the first one's id"

    lone.run(generous)
    ids: dict[str, Any] = {"StackId": STACK_ID + "2", "RequestId": "2", "LogicalResourceId": "Other"}
    failed = lone.failing(KnownError("Not this time."), create_event(**ids, ResponseURL="https://b/2?x=y"))
    assert failed == {
        **ids,
        "Status": "FAILED",
        "Reason": "[KnownError] Not this time.",
        "PhysicalResourceId": "failed-create:Other",
        "NoEcho": False,
        "Data": {},
    }
    assert lone.sent[-1][0] == "https://b/2?x=y"
    succeeded = lone.run(done)
    assert (succeeded["Status"], succeeded["Reason"], succeeded["Data"]) == ("SUCCESS", "", {})


def test_crhelper_s_polling_can_t_be_set_off_by_an_event(lone: LoneResource) -> None:
    """Its fields in an event would choose the function and the response's Data."""
    event = {**create_event(), "CrHelperPoll": True, "CrHelperRule": "x", "CrHelperData": {}}
    assert lone.run(lambda _event, _context: "mine", event)["PhysicalResourceId"] == "mine"


def test_the_set_up_makes_no_client_and_leaves_the_root_logger_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/crhelper-compared.md, 1 and 16: three clients are 100 ms of a cold start."""

    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("a client was made")

    monkeypatch.setattr(boto3, "client", refuse)
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    LoneResource().run(done)
    assert (root.level, list(root.handlers)) == before


@pytest.mark.parametrize("variables", [{}, {"AWS_SAM_LOCAL": "true"}])
def test_no_region_is_needed_and_sam_local_makes_no_difference(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """docs/crhelper-compared.md, 2 and 21."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    lone = LoneResource()
    assert lone.run(done)["Status"] == "SUCCESS"
    assert lone.run(done, delete_event())["Status"] == "SUCCESS"


def test_no_other_thread_responds(lone: LoneResource) -> None:
    """docs/crhelper-compared.md, 6: crhelper's timer responds, and then the function responds as well."""
    threads: list[int] = []

    def work(_event: Any, _context: Any) -> str:
        threads.append(threading.active_count())
        return "x"

    before = threading.active_count()
    lone.run(work)
    assert threads == [before]


def test_a_delete_is_answered_without_a_pause(lone: LoneResource) -> None:
    """docs/crhelper-compared.md, 17: crhelper sleeps for two minutes on every Delete."""
    before = lone.clock.now()
    assert lone.run(done, delete_event())["Status"] == "SUCCESS"
    assert lone.clock.now() == before
