"""Requests that wait in the workflow while a newer request of the same resource arrives (promise 6)."""

import pytest

from tests.builders import INVENTED_ID, create_event, delete_event, update_event
from tests.provider import Provider
from tests.workflow.requests import ONE, TWO, busy_provider, create_then_busy, finish, hand_over


def play_all(provider: Provider, first: int) -> None:
    """Play all executions step by step in turn, beginning with the one of this number."""
    states = [dict(execution.input) for execution in provider.states.executions.values()]
    order = states[first:] + states[:first]
    while not all(state.get("Done") for state in order):
        provider.clock.sleep(max(state.get("Seconds", 0) for state in order))
        order = [state if state.get("Done") else provider.deliver(state) for state in order]


def statuses(provider: Provider) -> list[str]:
    """Return the statuses of all responses so far, sorted."""
    return sorted(str(response["Status"]) for response in provider.bucket.answers)


def test_a_delete_with_an_invented_id_ends_a_waiting_create() -> None:
    """The protocol: CloudFormation cancels the Create, and sends a Delete with an id that it invents."""
    provider = busy_provider()
    hand_over(provider, create_event(ONE))
    deleted = provider.delete(ONE, PhysicalResourceId=INVENTED_ID)
    assert (deleted["Status"], deleted["PhysicalResourceId"]) == ("SUCCESS", INVENTED_ID)
    assert finish(provider)["Reason"].startswith("[Superseded] ")
    assert "StartStreamEncryption" not in provider.changes()


@pytest.mark.parametrize("first", [0, 1], ids=["the Update steps first", "the Delete steps first"])
def test_a_delete_ends_a_waiting_update(first: int) -> None:
    """Rule 3: the newest request of an owner wins, in whichever order the two go on."""
    provider = create_then_busy(600)
    hand_over(provider, update_event(TWO, ONE))
    provider.clock.sleep(1)
    hand_over(provider, delete_event(ONE))
    play_all(provider, first)
    assert statuses(provider) == ["FAILED", "SUCCESS", "SUCCESS"]
    assert provider.key_of() is None
    (failed,) = [response for response in provider.bucket.answers if response["Status"] == "FAILED"]
    assert failed["Reason"].startswith("[Superseded] ")
