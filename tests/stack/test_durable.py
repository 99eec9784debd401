"""Waits that outlive the Lambda: through the real definition and the real function, handed over after 2 s."""

from __future__ import annotations

import json
import re
import signal
import time
from typing import TYPE_CHECKING

from local.response_endpoint import delete_after

from .stacks import AWS_KEY, Requests, encryption

if TYPE_CHECKING:
    from local.executions import Execution
    from local.kinesis_tap import KinesisCall
    from local.response_endpoint import Exchange

    from .stacks import Account

MIDDLE_OF_THE_HASH_KEYS = str(2**127)
SPLIT_SECONDS = 4.0
LONG = "6"
"""Seconds to settle for, in which each request is handed over however slow the machine is."""
INVENTED_ID = "platform-Encryption-1ABC2DEF3GHIJ"


class Trouble:
    """What befalls the calls that an execution's steps make to Kinesis."""

    def __init__(self, account: Account, execution: Execution) -> None:
        """Meddle with the calls from now on; the fixture ends that."""
        self._aws = account.aws
        self._execution = execution
        self._dying: list[signal.Signals] = []
        account.aws.tap.meddle = self._meddle

    def kill(self, *numbers: signal.Signals) -> None:
        """End each of the next calls of a step by a signal to the function."""
        self._dying = [*numbers]

    def _meddle(self, _: KinesisCall) -> None:
        if self._dying and self._aws.executions.passages(self._execution.arn)[-1].state == "Step":
            self._aws.runtime.crash(self._dying.pop(0))


def busy(account: Account) -> str:
    """A stream that another team has just begun to reshard: it is UPDATING for several seconds."""
    stream = account.stream()
    account.aws.kinesis.split_shard(
        StreamName=stream, ShardToSplit="shardId-000000000000", NewStartingHashKey=MIDDLE_OF_THE_HASH_KEYS
    )
    return stream


def handed_over(account: Account, exchange: Exchange) -> Execution:
    """The one execution of a request; wait until it was started."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        found = account.aws.executions.of_stack(exchange.event["StackId"])
        if found:
            (execution,) = found
            return execution
        time.sleep(0.05)
    raise TimeoutError("the request was not handed over")


def ended(account: Account, exchange: Exchange) -> Execution:
    """The one execution of a request, once it has ended."""
    return account.aws.executions.wait(handed_over(account, exchange).arn)


def errors(account: Account, execution: Execution) -> list[str]:
    """The errors of an execution's tasks."""
    return [one.error for one in account.aws.executions.passages(execution.arn) if one.error]


def test_a_stream_that_is_busy_for_longer_than_the_first_invocation_waits_is_handed_over_and_settles(
    account: Account,
) -> None:
    """The wait outlives the invocation: one execution, one Start, one answer, and nothing at work meanwhile."""
    stream, stack = busy(account), account.name()

    done = account.deploy(stack, Encryption=encryption(stream))

    (create,) = account.aws.responses.of_stack(stack)
    execution = ended(account, create)
    states = [one.state for one in account.aws.executions.passages(execution.arn)]
    assert done.status == "CREATE_COMPLETE"
    assert create.status == "SUCCESS"
    assert create.answered - create.sent > SPLIT_SECONDS - 1
    assert execution.status == "SUCCEEDED"
    assert states[:2] == ["Wait", "Step"]
    assert states[-2:] == ["Answered?", "Answered"]
    assert account.starts_and_stops(stream) == ["StartStreamEncryption"]
    assert account.key_of(stream) == AWS_KEY


def test_what_cannot_settle_waits_without_the_function_and_ends_failed_at_its_service_timeout_less_the_margin(
    account: Account,
) -> None:
    """The deadline outlives the invocation: CloudFormation is answered in time, and nothing works between the steps."""
    stream, send = account.stream(), Requests(account)
    create = send.begin(send.event("Create", stream, SettleSeconds="60", ServiceTimeout="8"))
    assert account.aws.responses.wait_for(create)

    issued_at = int(create.sent)  # the ResponseURL tells it in whole seconds
    execution = ended(account, create)
    assert create.status == "FAILED"
    assert "[DeadlineExceeded]" in create.reason
    assert issued_at + 6 <= create.answered < issued_at + 8
    assert execution.status == "SUCCEEDED"
    states = [one.state for one in account.aws.executions.passages(execution.arn)]
    assert states[:2] == ["Wait", "Step"]  # While it waits, the function is not at work.


def test_a_step_that_dies_in_the_middle_is_tried_again_and_still_answers(account: Account) -> None:
    """Promise 6 in the state machine: a step exits, its next try is out of memory, and nothing is lost."""
    stream, send = account.stream(), Requests(account)
    create = send.begin(send.event("Create", stream, SettleSeconds=LONG))
    execution = handed_over(account, create)
    Trouble(account, execution).kill(signal.SIGTERM, signal.SIGKILL)

    assert account.aws.responses.wait_for(create)

    execution = account.aws.executions.wait(execution.arn)
    assert (create.status, create.reason) == ("SUCCESS", "")
    assert errors(account, execution) == ["Runtime.ExitError", "Runtime.ExitError"]
    assert execution.status == "SUCCEEDED"
    assert account.key_of(stream) == AWS_KEY
    assert account.starts_and_stops(stream) == ["StartStreamEncryption"]


def test_a_step_that_always_dies_ends_in_one_failed_answer_by_the_last_task(account: Account) -> None:
    """Promise 2: the failure responder answers. The execution fails too, so that operators see it."""
    stream, send = account.stream(), Requests(account)
    create = send.begin(send.event("Create", stream, SettleSeconds=LONG))
    Trouble(account, handed_over(account, create)).kill(*[signal.SIGKILL] * 99)

    assert account.aws.responses.wait_for(create)

    execution = ended(account, create)
    states = [one.state for one in account.aws.executions.passages(execution.arn) if not one.error]
    assert create.status == "FAILED"
    assert f"A step of the state machine failed for stream {stream} at every try" in create.reason
    assert "Runtime.ExitError" in create.reason
    assert "signal: killed" in create.reason
    assert errors(account, execution) == ["Runtime.ExitError"] * 4
    assert states[-2:] == ["Give up", "Lost"]
    assert execution.status == "FAILED"


def test_a_package_that_breaks_in_the_middle_of_a_wait_still_ends_in_an_answer(account: Account) -> None:
    """Promise 2: a broken deployment breaks every step; the failure responder has code of its own."""
    stream, send = account.stream(), Requests(account)
    update = send.begin(send.event("Update", stream, stream, account.aws.stream_arn(stream), SettleSeconds=LONG))
    execution = handed_over(account, update)

    with account.aws.runtime.changed(code=account.broken_package()):
        assert account.aws.responses.wait_for(update)
        execution = account.aws.executions.wait(execution.arn)

    assert update.status == "FAILED"
    assert "Runtime.ImportModuleError" in update.reason
    assert "No module named 'no_such_package'" in update.reason
    assert execution.status == "FAILED"


def test_a_duplicate_of_the_event_starts_no_second_execution(account: Account) -> None:
    """Lambda may deliver an event twice: the execution's name is a digest of its ResponseURL."""
    stream, send = account.stream(), Requests(account)
    create = account.aws.responses.open(send.event("Create", stream, SettleSeconds=LONG))
    event = account.aws.responses.guarded(create)

    account.aws.runtime.deliver(event)
    account.aws.runtime.deliver(event)

    assert account.aws.responses.wait_for(create)
    execution = ended(account, create)
    assert create.status == "SUCCESS"
    assert re.fullmatch("[0-9a-f]{16}", execution.name)
    said = [json.loads(line) for line in account.aws.runtime.log_lines() if f'"{execution.name}"' in line]
    assert [one["message"] for one in said] == ["handed over", "handed over"]


def test_a_delete_that_overtakes_a_create_that_was_handed_over_wins(account: Account) -> None:
    """CloudFormation cancels, and sends Delete with an id that it made up: the stream ends as it was before."""
    stream, send = account.stream(), Requests(account)
    before = account.aws.streams.tags(stream)
    create = send.begin(send.event("Create", stream, SettleSeconds=LONG))
    execution = handed_over(account, create)

    delete = send.begin(delete_after(create.event, INVENTED_ID))

    assert account.aws.responses.wait_for(create)
    account.aws.executions.wait(execution.arn)
    # The embedded AWS sends one more Delete, for the Create's FAILED; this Delete can be the one that ends encryption.
    account.aws.responses.wait_until_quiet(create.event["StackId"])
    account.aws.streams.wait_active(stream)
    assert (delete.status, create.status) == ("SUCCESS", "FAILED")
    assert account.key_of(stream) == ""
    assert account.state(stream).tags == before


def test_the_response_url_is_in_the_executions_input_and_in_no_log_group(account: Account) -> None:
    """Promise 8: the execution must have it; no log may. Afterwards, the fixture searches every line."""
    stream, send = account.stream(), Requests(account)
    create = send.begin(send.event("Create", stream, SettleSeconds="3"))
    assert account.aws.responses.wait_for(create)

    execution = ended(account, create)

    lines = list(account.aws.log_lines())
    assert create.secret in execution.input["Event"]["ResponseURL"]
    assert [line for line in lines if execution.name in line]
    assert not [line for line in lines if create.secret in line]
