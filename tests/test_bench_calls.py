"""The benchmark of the calls: the proxy names each call, forwards it to the right engine, and records it."""

from collections import Counter
from collections.abc import Iterator

import boto3
import pytest

from benchmarks.calls_page import KINDS, MOST, NEEDED, Life, report
from benchmarks.peers import OURS
from benchmarks.wire import Wire
from local.loopback import Reply, Request, Server
from local.place import Place
from local.processes import Household

EVENTS = "arn:aws:events:eu-west-1:111122223333:rule/x"


@pytest.fixture
def session() -> boto3.Session:
    """Credentials of nobody's."""
    return Place().session()


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """The proxy, in its own process."""
    with Household() as household:
        yield Wire(household)


def test_a_call_goes_to_the_kinesis_of_its_stream_and_is_recorded(session: boto3.Session, wire: Wire) -> None:
    """In front of several Kinesis servers, the stream's name or ARN decides."""
    seen: list[tuple[str, str]] = []

    def engine(name: str) -> Server:
        def answer(request: Request) -> Reply:
            seen.append((name, request.headers["host"]))
            return Reply(200, b"{}")

        return Server(answer)

    with engine("first") as first, engine("second") as second, engine("others") as others:
        wire.route({"0": first.url, "1": second.url}, others.url)
        client = session.client("kinesis", endpoint_url=wire.url, config=Place().config)
        client.start_stream_encryption(StreamName="0.a", EncryptionType="KMS", KeyId="k")
        client.describe_stream(StreamARN="arn:aws:kinesis:eu-west-1:1:stream/1.b", Limit=1)
        table = session.client("dynamodb", endpoint_url=wire.url, config=Place().config)
        table.get_item(TableName="record", Key={"stream": {"S": "1.b"}})
        session.client("lambda", endpoint_url=wire.url, config=Place().config).add_permission(
            FunctionName="f", StatementId="s", Action="a", Principal="p", SourceArn=EVENTS
        )
        found = [(one.service, one.action, one.stream) for one in wire.calls()]
        assert wire.started("0.a") is not None
        assert wire.started("1.b") is None
        assert [one.action for one in wire.calls("1.b")] == ["DescribeStream", "GetItem"]
    assert found == [
        ("kinesis", "StartStreamEncryption", "0.a"),
        ("kinesis", "DescribeStream", "1.b"),
        ("dynamodb", "GetItem", ""),
        ("lambda", "AddPermission", ""),
    ]
    assert [name for name, _ in seen] == ["first", "second", "others", "others"]
    hosts = {host for _, host in seen}
    assert hosts == {wire.url.removeprefix("http://")}, "a signature holds for the host that the caller named"


def test_an_engine_that_can_t_be_reached_is_an_answer_and_not_the_end_of_the_proxy(
    session: boto3.Session, wire: Wire
) -> None:
    """The proxy goes on after a call that it could not forward."""
    with Server(lambda _: Reply(200, b"{}")) as others:
        wire.route({"0": "http://127.0.0.1:9"}, others.url)
        client = session.client("kinesis", endpoint_url=wire.url, config=Place().config)
        with pytest.raises(client.exceptions.ClientError, match="502"):
            client.describe_stream_summary(StreamName="0.a")
        client.list_streams()
    assert [one.status for one in wire.calls()][-2:] == [502, 200]


def test_each_call_of_ours_has_a_reason_and_a_kind() -> None:
    """Goal: no call without a reason. Reasons stand for calls that exist."""
    known = {action for kind in KINDS.values() for action in kind}
    assert set(NEEDED) <= known


def life(creates: int, late: str = "") -> Life:
    """A life whose Create made so many calls."""
    actions = {action: Counter({"GetItem": most}) for action, most in MOST.items()}
    actions["Create"] = Counter({"GetItem": creates})
    return Life(OURS, {**actions, "Update of the key": Counter({"GetItem": 1})}, late=late)


def test_a_call_too_many_misses_the_goal() -> None:
    """Issue 12: a Create makes at most 10 calls."""
    for creates, reached in ((10, True), (11, False)):
        goals = {goal.text: goal.reached for goal in report([life(10), life(10), life(creates)], 1.5, 3).goals}
        assert goals["Create: at most 10 calls."] is reached


def test_lives_that_this_machine_disturbed_leave_the_goals_unmeasured() -> None:
    """Issue 13, part 6: too late is neither reached nor missed."""
    lives = [life(10), *[life(20, late="PutItem took 9.0 s")] * 4]
    answered, *others = report(lives, 1.5, 5).goals
    assert answered.reached
    assert {goal.reached for goal in others} == {None}
