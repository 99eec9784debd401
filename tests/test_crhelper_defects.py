"""What goes wrong with crhelper 2.0.12 as it is goes right here: one test a defect, each with the same event for both.

Each test also holds its row of docs/crhelper-compared.md to what it saw; a row that is missing is printed whole.
"""

import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from crhelper import CfnResource

from local.engines import ROOT
from stream_encryption.answer import DELIVERY_SECONDS, MAX_BODY_BYTES, SOCKET_SECONDS, AnswerNotDelivered
from stream_encryption.request import MARGIN_SECONDS
from tests.beside_crhelper import Beside, helper, side_by_side, without_region
from tests.builders import LOGICAL_ID, SECRET, STREAM_ARN, STREAM_NAME, create_event, delete_event, update_event
from tests.fake_bucket import Reply
from tests.fake_errors import client_error
from tests.secrecy import leaks

PAGE = (ROOT / "docs" / "crhelper-compared.md").read_text(encoding="utf-8").splitlines()
ONE = {"StreamName": STREAM_NAME, "KeyId": "alias/one"}
TWO = {"StreamName": STREAM_NAME, "KeyId": "alias/two"}
MARKER = f"failed-create:platform-encryption/{LOGICAL_ID}"
LONGEST_LAMBDA = 900

Row = Callable[[str, str, str], None]


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Row:
    """Hold the page's row of this defect, whose number the test's name begins with, to what was seen."""
    number = int(request.node.name.split("_")[1])

    def hold(defect: str, bare: str, ours: str) -> None:
        line = f"| {number} | {defect} | {bare} | {ours} |"
        assert line in PAGE, f"docs/crhelper-compared.md lacks this row:\n{line}"

    return hold


@pytest.fixture
def beginning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., AbstractContextManager[Beside]]:
    """Set both providers up in another way than most tests need."""
    return partial(side_by_side, monkeypatch, tmp_path)


@pytest.fixture
def beside(beginning: Callable[..., AbstractContextManager[Beside]]) -> Iterator[Beside]:
    """Both providers, answering by HTTPS."""
    with beginning() as both:
        yield both


@pytest.fixture
def waiting(beginning: Callable[..., AbstractContextManager[Beside]]) -> Iterator[Beside]:
    """Both providers, of which ours hands a wait over after a minute; crhelper's way is its polling."""
    with beginning(handover_seconds=60) as both:
        yield both


class Enough(BaseException):
    """Nobody would wait for longer."""


class Naps(list[float]):
    """Takes the place of time.sleep, and ends what would sleep for longer than any Lambda lives."""

    def __call__(self, seconds: float) -> None:
        """Note how long somebody wanted to sleep."""
        self.append(seconds)
        if sum(self) > LONGEST_LAMBDA:
            raise Enough


def failing(error: BaseException) -> Callable[[Any, Any], Any]:
    """A function that raises."""

    def work(_event: Any, _context: Any) -> Any:
        raise error

    return work


def arn(_event: Any, _context: Any) -> str:
    """A function that has nothing to do, and returns the stream's ARN."""
    return STREAM_ARN


def nothing(_event: Any, _context: Any) -> None:
    """A function that returns no id, as crhelper lets Update and Delete."""


def masked(told: str) -> str:
    """A made-up id without what is random in it."""
    return re.sub(r"_[A-Z0-9]{8}$", "_????????", told)


def timers() -> list[threading.Timer]:
    """The timers that are running."""
    return [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_the_version_that_is_compared_is_the_one_that_is_pinned() -> None:
    """What is told of crhelper is told of 2.0.12."""
    assert version("crhelper") == "2.0.12"


def test_every_defect_has_its_test_and_its_row() -> None:
    """Twenty-two, in their order, and none without the other."""
    tests = [int(name.split("_")[1]) for name in globals() if re.match(r"test_\d\d_", name)]
    rows = [int(found[1]) for line in PAGE if (found := re.match(r"\| (\d+) \|", line))]
    assert tests == rows == list(range(1, 23))


def test_01_no_client_is_made_before_it_is_needed(beside: Beside, row: Row) -> None:
    """A cold start pays for the clients that the request needs."""
    crhelper = CfnResource()
    bare = list(beside.clients)
    assert bare == ["lambda", "events", "logs"]
    crhelper.create(arn)
    beside.clients.clear()

    ours = beside.ours_on_boto3()
    assert beside.clients == []
    refused = beside.issued(create_event({"StreamName": "orders!"}))
    beside.bare(crhelper, refused)
    assert ours(refused)[0]["Status"] == "FAILED"
    ours(beside.issued(create_event(ONE)))
    row(
        "a cold start makes clients that nobody needs",
        f"{len(bare)} boto3 clients when it is constructed: {', '.join(bare)}",
        f"none before a request needs them: {' and '.join(beside.clients)}",
    )


def test_02_a_fault_of_the_set_up_does_not_fail_every_later_request(
    beside: Beside, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request is answered by what is so when it comes."""
    without_region(monkeypatch)
    crhelper, ours = helper(arn), beside.ours_on_boto3()
    nothing_done = beside.issued(delete_event({}, PhysicalResourceId=MARKER))
    early = [*beside.bare(crhelper, nothing_done), *ours(nothing_done)]
    assert [answer["Status"] for answer in early] == ["FAILED", "FAILED"]

    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    (bare,), (late,) = beside.bare(crhelper, nothing_done), ours(nothing_done)
    assert (bare["Status"], late["Status"]) == ("FAILED", "SUCCESS")
    row(
        "no region while it is set up, and one by the second request",
        f"{bare['Status']}, and again {bare['Status']}: “{bare['Reason']}”",
        f"FAILED, then {late['Status']}",
    )


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_03_a_wait_that_ends_well_keeps_the_id(waiting: Beside, row: Row, kind: str) -> None:
    """Another id than before means replacement: CloudFormation would then delete the resource that it has."""
    waiting.ours(waiting.issued(create_event(ONE)))
    event = waiting.issued(update_event(TWO, ONE) if kind == "update" else delete_event(ONE))
    crhelper = helper(arn)
    (crhelper.poll_update if kind == "update" else crhelper.poll_delete)(lambda _event, _context: True)
    assert waiting.bare(crhelper, event) == []
    (bare,) = waiting.bare(crhelper, waiting.events.event)

    waiting.provider.kinesis.people.reshard(STREAM_NAME, 600)
    assert waiting.ours(event) == []
    before = len(waiting.bucket.answers)
    waiting.provider.states.play(waiting.provider.deliver)
    (ours,) = waiting.bucket.answers[before:]
    assert (bare["Status"], ours["Status"]) == ("SUCCESS", "SUCCESS")
    assert bare["PhysicalResourceId"] != event["PhysicalResourceId"] == ours["PhysicalResourceId"]
    row(
        "an Update's or Delete's wait ends well (its poll function returns True): the id must stay",
        f"SUCCESS with a new one, `{masked(bare['PhysicalResourceId'])}`: a replacement",
        "SUCCESS with the id that CloudFormation has",
    )


@pytest.mark.parametrize("ends", ["well", "badly"])
def test_04_a_create_that_waits_does_not_lose_what_it_made(waiting: Beside, row: Row, ends: str) -> None:
    """Well: the id that Create returned. Badly: the Delete that follows finds what was done."""
    event = waiting.issued(create_event(ONE))
    crhelper = helper(arn)
    crhelper.poll_create((lambda _event, _context: True) if ends == "well" else failing(ValueError("lost")))
    assert waiting.bare(crhelper, event) == []
    (bare,) = waiting.bare(crhelper, waiting.events.event)
    assert masked(bare["PhysicalResourceId"]) == f"platform-encryption_{LOGICAL_ID}_????????"

    provider = waiting.provider
    provider.kinesis.next_updating.append(600)
    assert waiting.ours(event) == []
    before = len(waiting.bucket.answers)
    if ends == "badly":
        provider.kinesis.faults.fail_next("DescribeStreamSummary", ValueError("lost"))
    provider.states.play(provider.deliver)
    (ours,) = waiting.bucket.answers[before:]
    assert bare["Status"] == ours["Status"] == ("SUCCESS" if ends == "well" else "FAILED")
    if ends == "well":
        assert ours["PhysicalResourceId"] == STREAM_ARN
    else:
        provider.clock.sleep(600)
        assert provider.key_of() == "alias/one"
        waiting.ours(waiting.issued(delete_event(ONE, PhysicalResourceId=ours["PhysicalResourceId"])))
        assert provider.key_of() is None
    row(
        "a Create's wait ends (its poll function returns True, or raises): what it made must be found again",
        f"`{masked(bare['PhysicalResourceId'])}` instead of the id that Create returned, either way",
        "the stream's ARN where it ends well; where it does not, a marker whose Delete undoes what was done",
    )


def timed_out(beside: Beside, kind: str) -> tuple[list[Any], list[Any]]:
    """Have an invocation run out of time; crhelper's function goes on when its timer has answered."""
    beside.ours(beside.issued(create_event(ONE)))
    beside.provider.kinesis.people.reshard(STREAM_NAME, 600)
    event = beside.issued(update_event(TWO, ONE) if kind == "update" else delete_event(ONE))

    def slow(_event: Any, _context: Any) -> str:
        for timer in timers():
            timer.join(60)
        return STREAM_ARN

    return beside.bare(helper(slow), event, timeout=0.5), beside.ours(event, timeout=0.5)


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_05_a_time_out_answers_the_id_that_cloudformation_has(beside: Beside, row: Row, kind: str) -> None:
    """A FAILED Update that answers another id has its new one recorded."""
    bare, ours = timed_out(beside, kind)
    assert (bare[0]["Reason"], bare[0]["PhysicalResourceId"]) == ("Execution timed out", "")
    assert (ours[0]["Status"], ours[0]["PhysicalResourceId"]) == ("FAILED", STREAM_ARN)
    assert "stream orders is UPDATING" in ours[0]["Reason"]
    row(
        "an Update or Delete runs out of time",
        f'FAILED with the id `"{bare[0]["PhysicalResourceId"]}"`: “{bare[0]["Reason"]}”',
        "FAILED with the id that CloudFormation has, and what was waited for since when",
    )


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_06_a_time_out_is_answered_once(beside: Beside, row: Row, kind: str) -> None:
    """Nobody answers behind the function's back."""
    bare, ours = timed_out(beside, kind)
    assert [answer["Status"] for answer in bare] == ["FAILED", "SUCCESS"]
    assert [answer["Status"] for answer in ours] == ["FAILED"]
    row(
        "a function that goes on when its time has run out",
        f"{len(bare)} answers: {' from the timer, then '.join(answer['Status'] for answer in bare)}",
        f"{len(ours)} answer: {ours[0]['Status']}",
    )


def test_07_a_fault_of_the_set_up_is_answered_with_the_id(
    beside: Beside, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails, CloudFormation keeps the id that it has."""
    without_region(monkeypatch)
    event = beside.issued(update_event(TWO, ONE))
    (bare,), (ours,) = beside.bare(helper(arn), event), beside.ours_on_boto3()(event)
    assert (bare["Status"], bare["PhysicalResourceId"]) == ("FAILED", "")
    assert (ours["Status"], ours["PhysicalResourceId"]) == ("FAILED", STREAM_ARN)
    row(
        "an Update while the set-up has failed",
        f'FAILED with the id `"{bare["PhysicalResourceId"]}"`',
        "FAILED with the id that CloudFormation has",
    )


def test_08_a_wait_that_cannot_be_set_up_does_not_answer_an_id_called_none(waiting: Beside, row: Row) -> None:
    """A function without an id of its own leaves CloudFormation's; a wait that nobody takes over is waited here."""
    waiting.ours(waiting.issued(create_event(ONE)))
    waiting.provider.kinesis.people.reshard(STREAM_NAME, 300)
    event = waiting.issued(update_event(TWO, ONE))
    waiting.events.refuses = client_error("AccessDeniedException", "not authorized", "events:PutRule")
    waiting.provider.states.refuses = client_error("AccessDeniedException", "not authorized", "states:StartExecution")
    crhelper = helper(nothing)
    crhelper.poll_update(nothing)
    (bare,), (ours,) = waiting.bare(crhelper, event), waiting.ours(event)
    assert (bare["Status"], bare["PhysicalResourceId"]) == ("FAILED", "None")
    assert (ours["Status"], ours["PhysicalResourceId"]) == ("SUCCESS", STREAM_ARN)
    row(
        "an Update's wait can't be set up (its rule, here the execution, is denied)",
        f'{bare["Status"]} with the id `"{bare["PhysicalResourceId"]}"`',
        f"it is waited for in the function itself: {ours['Status']} with the id that CloudFormation has",
    )


def test_09_what_the_response_url_refuses_is_not_delivered(
    beside: Beside, row: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    """A 503 passes, so the answer is brought again; a 403 does not, so somebody has to hear of it."""
    event, puts = beside.issued(create_event(ONE)), beside.bucket.requests
    beside.bucket.script(Reply(503))
    assert beside.bare(helper(arn), event) == []
    beside.bucket.script(Reply(403))
    assert beside.bare(helper(arn), event) == []
    bare = [request.step for request in puts]
    assert bare == [Reply(503), Reply(403)]
    assert "Traceback" not in beside.log.getvalue()

    beside.bucket.script(Reply(503))
    assert [answer["Status"] for answer in beside.ours(event)] == ["SUCCESS"]
    beside.bucket.script(Reply(403))
    capsys.readouterr()
    assert beside.ours(event) == []
    assert [request.step for request in puts[2:]] == [Reply(503), Reply(200), Reply(403)]
    written = capsys.readouterr().out
    assert '"outcome":"refused: HTTP 403"' in written
    assert '"AnswersLost":[1.0]' in written
    row(
        "the ResponseURL answers 503, or 403",
        f"counts as delivered: {len(bare)} PUTs, and no answer arrived",
        "503: brought again until it is taken. 403: an error in the log, and the metric `AnswersLost`",
    )


def test_10_an_answer_is_not_brought_for_ever(beside: Beside, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends while there is time, and by an error, so that Lambda delivers the request again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = f"https://127.0.0.1:{server.getsockname()[1]}/path?Signature={SECRET}"
    event, naps, patience = create_event(ONE, ResponseURL=nobody), Naps(), []
    connect = socket.create_connection

    def watched(address: Any, timeout: Any = None, *rest: Any, **options: Any) -> Any:
        patience.append(timeout)
        return connect(address, timeout, *rest, **options)

    monkeypatch.setattr(socket, "create_connection", watched)
    monkeypatch.setattr("time.sleep", naps)
    with pytest.raises(Enough):
        beside.bare(helper(arn), event)
    bare = len(patience)
    # "The default" of a socket, which is to wait for ever.
    assert {type(timeout) for timeout in patience} == {object}
    assert socket.getdefaulttimeout() is None

    del patience[:]
    with pytest.raises(AnswerNotDelivered):
        beside.ours(event)
    assert set(patience) == {SOCKET_SECONDS}
    assert 3 <= len(patience) <= 10
    row(
        "nobody answers at the ResponseURL",
        f"still trying after {bare} times in 15 minutes, longer than any Lambda lives; and no time-out on the socket",
        f"gives up within {DELIVERY_SECONDS:.0f} s, and Lambda delivers the request again; {SOCKET_SECONDS:.0f} s "
        "for the socket",
    )


@pytest.mark.parametrize("letter", ["x", "é", "\N{SNAKE}", "\ud800"], ids=ascii)
def test_11_an_answer_is_short_enough_and_its_reason_says_first_things_first(
    beside: Beside, row: Row, letter: str
) -> None:
    """The first words say what happened; an answer that is too long is none at all."""
    event = beside.issued(create_event(ONE))
    error = ValueError("The first words. " + letter * 10_240)
    (bare,) = beside.bare(helper(failing(error)), event)
    assert bare["Reason"] == f"ERROR: (truncated) {letter * 240}"
    beside.provider.kinesis.faults.fail_next("DescribeStreamSummary", error)
    (ours,) = beside.ours(event)
    assert "The first words. " in ours["Reason"]

    crhelper = helper(arn)
    too_long, room = {"KeyId": "k" * 5000}, create_event({**ONE, "KeyId": f"alias/{'x' * 2000}"})
    beside.provider.kms.add_key(f"alias/{'x' * 2000}", denies_describe=True)

    def generous(_event: Any, _context: Any) -> str:
        crhelper.Data = too_long
        return STREAM_ARN

    crhelper.create(generous)
    beside.bare(crhelper, beside.issued(room))
    length = len(beside.bucket.requests[-1].body)
    assert length > MAX_BODY_BYTES
    (failed,) = beside.ours(beside.issued(room))
    assert failed["Status"] == "FAILED"
    assert "too long for an answer of 4096 bytes" in failed["Reason"]
    assert all(len(request.body) <= MAX_BODY_BYTES for request in beside.bucket.requests[1::2])
    row(
        "a Reason of 10 KB; Data over the limit",
        f"the LAST {len(bare['Reason'].removeprefix('ERROR: (truncated) '))} characters of the Reason; a body of "
        f"{length:,} bytes, which CloudFormation does not take",
        f"as much of the Reason as fits, from its beginning; FAILED that says so; never over {MAX_BODY_BYTES:,} bytes",
    )


def test_12_data_that_json_cannot_hold_fails_with_all_that_an_answer_needs(
    beside: Beside, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time stamps are what boto3 answers with."""
    event, stamp = beside.issued(update_event(ONE, TWO)), datetime(2026, 1, 1, tzinfo=UTC)
    crhelper = helper(arn)

    def work(_event: Any, _context: Any) -> str:
        crhelper.Data = {"Created": stamp}
        return STREAM_ARN

    crhelper.update(work)
    (bare,) = beside.bare(crhelper, event)

    described = beside.provider.kms.describe_key

    def odd(**arguments: Any) -> Any:
        told = described(**arguments)
        return {**told, "KeyMetadata": {**told["KeyMetadata"], "Arn": stamp}}

    monkeypatch.setattr(beside.provider.kms, "describe_key", odd)
    (ours,) = beside.ours(event)
    needed = {"Status", "Reason", "PhysicalResourceId", "StackId", "RequestId", "LogicalResourceId"}
    missing = sorted(needed - set(bare))
    assert missing == ["LogicalResourceId", "PhysicalResourceId", "RequestId", "StackId"]
    assert needed <= set(ours)
    assert (ours["Status"], ours["PhysicalResourceId"]) == ("FAILED", STREAM_ARN)
    assert "datetime" in ours["Reason"]
    row(
        "Data that JSON can't hold, such as a time stamp",
        f"FAILED without {', '.join(missing)}: CloudFormation can't tell whose it is",
        "FAILED with all of them",
    )


def test_13_no_echo_is_not_carried_into_the_next_request(beside: Beside, row: Row) -> None:
    """A warm function's requests have nothing to do with one another."""
    secretive, plain = beside.issued(create_event(ONE)), beside.issued(create_event(ONE, LogicalResourceId="Next"))
    told: list[bool] = []
    for made in (helper(arn), beside.hardened()):

        def secret(_event: Any, _context: Any, made: CfnResource = made) -> str:
            made.NoEcho = True
            return STREAM_ARN

        made.create(secret)
        beside.bare(made, secretive)
        made.create(arn)
        told.extend(answer["NoEcho"] for answer in beside.bare(made, plain))
    bare, ours = told
    assert (bare, ours) == (True, False)
    row(
        "`NoEcho`, set by one request of a warm function",
        f"`{bare}` for the next request too",
        f"`{ours}`: each request starts afresh",
    )


def test_14_an_event_without_a_response_url_is_answered_nowhere(
    beside: Beside, row: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    """The URL of the request before is another request's."""
    crhelper, first = helper(arn), beside.issued(create_event(ONE))
    lost = create_event(ONE, ResponseURL=None, LogicalResourceId="Another")
    beside.bare(crhelper, first)
    (bare,) = beside.bare(crhelper, lost)
    assert beside.bucket.requests[-1].target == beside.bucket.requests[-2].target
    assert (bare["Status"], bare["LogicalResourceId"]) == ("FAILED", "Another")

    beside.ours(first)
    changes = beside.provider.changes()
    capsys.readouterr()
    assert beside.ours(lost) == []
    assert beside.provider.changes() == changes
    assert '"message":"event refused"' in capsys.readouterr().out
    row(
        "an event without a ResponseURL",
        f"{bare['Status']} goes to the URL of the request before, which has been answered already",
        "nothing is done, and the log says so",
    )


def test_15_no_log_line_holds_the_response_url(beside: Beside, row: Row, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads the log could answer in the provider's place."""
    event = beside.issued(create_event(ONE))
    beside.bare(helper(arn), event)
    bare = leaks(beside.log.getvalue())
    assert len(bare) == 2

    logger = logging.getLogger("test")
    level = logger.level
    logger.setLevel("DEBUG")
    beside.ours(event)
    logger.setLevel(level)
    written = capsys.readouterr()
    assert '"message":"answered"' in written.out
    assert leaks(written.out + written.err) == []
    row(
        "the ResponseURL, a secret, in the log",
        f"in {len(bare)} lines a request at its default level, DEBUG: the event, and the URL by itself",
        "in none, at DEBUG too",
    )


def test_16_the_root_logger_is_left_alone(beside: Beside, row: Row) -> None:
    """Its level is the application's."""
    root, event = logging.getLogger(), beside.issued(create_event(ONE))
    crhelper = helper(arn)
    root.setLevel("ERROR")
    beside.ours(event)
    ours = logging.getLevelName(root.level)
    beside.bare(crhelper, event)
    bare = logging.getLevelName(root.level)
    assert (bare, ours) == ("DEBUG", "ERROR")
    row("the root logger's level, set to ERROR", f"{bare} after each request", f"{ours}")


def test_17_a_delete_is_answered_without_a_nap(beside: Beside, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack's deletion does not wait for log lines."""
    event, naps = beside.issued(delete_event({}, PhysicalResourceId=MARKER)), Naps()
    # It keeps the sleep that it found when it was imported.
    monkeypatch.setattr(CfnResource._wait_for_cwlogs, "__defaults__", (naps,))  # type: ignore[attr-defined]  # noqa: SLF001
    crhelper = CfnResource()
    crhelper.delete(nothing)
    (bare,) = beside.bare(crhelper, event)
    begun = beside.clock.now()
    (ours,) = beside.ours(event)
    slept = beside.clock.now() - begun
    assert (bare["Status"], ours["Status"]) == ("SUCCESS", "SUCCESS")
    assert (naps, slept) == ([120], 0)
    row(
        "a Delete that has nothing to do",
        f"sleeps {naps[0]:.0f} s before it answers",
        f"sleeps {slept:.0f} s",
    )


def test_18_system_exit_is_answered(beside: Beside, row: Row) -> None:
    """A library that calls sys.exit leaves nobody waiting for an hour."""
    event, error = beside.issued(create_event(ONE)), SystemExit(1)
    with pytest.raises(SystemExit):
        beside.bare(helper(failing(error)), event)
    bare = beside.bucket.answers
    assert bare == []
    beside.provider.kinesis.faults.fail_next("DescribeStreamSummary", error)
    (ours,) = beside.ours(event)
    assert ours["Status"] == "FAILED"
    assert "SystemExit: 1" in ours["Reason"]
    row("SystemExit is raised", f"{len(bare)} answers", f"{ours['Status']}, and what it was")


def test_19_a_create_that_fails_answers_an_id_whose_delete_does_no_harm(beside: Beside, row: Row) -> None:
    """The Delete that follows carries that id; and a request that is delivered twice is answered alike."""
    beside.provider.kinesis.add_stream(STREAM_NAME, "alias/two")
    event = beside.issued(create_event({**ONE, "KeyId": "alias/no-such-key"}))
    crhelper = helper(failing(ValueError("no such key")))
    bare = [*beside.bare(crhelper, event), *beside.bare(crhelper, event)]
    ours = [*beside.ours(event), *beside.ours(event)]
    assert {answer["Status"] for answer in bare + ours} == {"FAILED"}
    random, same = ({answer["PhysicalResourceId"] for answer in answers} for answers in (bare, ours))
    assert (len(random), same) == (2, {MARKER})
    assert {masked(name) for name in random} == {f"platform-encryption_{LOGICAL_ID}_????????"}
    (deleted,) = beside.ours(beside.issued(delete_event(event["ResourceProperties"], PhysicalResourceId=MARKER)))
    assert (deleted["Status"], beside.provider.changes()) == ("SUCCESS", [])
    row(
        "a Create fails, twice",
        f"a new random id each time, `{masked(min(random))}`: a Delete can't tell it from one that was made",
        f"`{MARKER}` each time: its Delete undoes what is recorded on the stream, here nothing",
    )


def test_20_a_time_out_leaves_time_to_answer(beside: Beside, row: Row) -> None:
    """An answer may have to be brought more than once."""
    left: list[float] = []

    def work(_event: Any, _context: Any) -> str:
        (timer,) = timers()
        left.append(LONGEST_LAMBDA - timer.interval)
        return STREAM_ARN

    beside.provider.kinesis.people.reshard(STREAM_NAME, 3000)
    event = beside.issued(create_event(ONE))
    beside.bare(helper(work), event, timeout=LONGEST_LAMBDA)
    begun = beside.clock.now()
    (ours,) = beside.ours(event, timeout=LONGEST_LAMBDA)
    left.append(LONGEST_LAMBDA - (beside.clock.now() - begun))
    assert ours["Status"] == "FAILED"
    assert left == [0.5, pytest.approx(MARGIN_SECONDS)]
    row(
        "what is left of a Lambda's time when its end is answered",
        f"{left[0]:.1f} s",
        f"{left[1]:.0f} s, a quarter of it where there is little; {DELIVERY_SECONDS:.0f} s of them for bringing "
        "the answer again and again",
    )


def test_21_sam_local_is_answered_as_lambda_is(beside: Beside, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider is tried out before it is deployed."""
    monkeypatch.setenv("AWS_SAM_LOCAL", "true")
    event = beside.issued(create_event(ONE))
    crhelper = helper(arn)
    crhelper.poll_create(arn)
    bare, ours = beside.bare(crhelper, event), beside.ours(event)
    assert bare == []
    assert [answer["Status"] for answer in ours] == ["SUCCESS"]
    row("under `sam local`, with a poll function", f"{len(bare)} answers", f"{ours[0]['Status']}")


def test_22_a_response_url_may_be_http(
    beginning: Callable[..., AbstractContextManager[Beside]], row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFormation's own is https; the one of an emulator on this machine need not be."""
    naps = Naps()
    with beginning(https=False) as beside:
        event = beside.issued(create_event(ONE))
        assert event["ResponseURL"].startswith("http://")
        monkeypatch.setattr("time.sleep", naps)
        with pytest.raises(Enough):
            beside.bare(helper(arn), event)
        bare = len(beside.bucket.answers)
        assert bare == 0
        assert "SSLError" in beside.log.getvalue()
        (ours,) = beside.ours(event)
    assert ours["Status"] == "SUCCESS"
    row("the ResponseURL's scheme is http", "speaks TLS to it all the same, for ever", "speaks HTTP to it")
