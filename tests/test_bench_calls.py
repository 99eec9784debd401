"""The benchmark of the calls: each call on the wire is told by its name, and brought to whom it is for."""

import boto3
import pytest

from benchmarks.calls import KINDS, NEEDED
from benchmarks.wire import Wire
from local.loopback import Reply, Request, Server
from local.place import Place

EVENTS = "arn:aws:events:eu-west-1:111122223333:rule/x"


@pytest.fixture
def session() -> boto3.Session:
    """Credentials of nobody's."""
    return Place().session()


def test_a_call_goes_to_the_kinesis_of_its_stream_and_is_taken_down(session: boto3.Session) -> None:
    """A wire in front of several Kinesis: by the stream's name, or by its ARN."""
    seen: list[tuple[str, str]] = []

    def engine(name: str) -> Server:
        def answer(request: Request) -> Reply:
            seen.append((name, request.headers["host"]))
            return Reply(200, b"{}")

        return Server(answer)

    with engine("first") as first, engine("second") as second, engine("others") as others:
        kinesis = {"0": first.url, "1": second.url}
        with Wire(kinesis, others.url) as wire:
            client = session.client("kinesis", endpoint_url=wire.url, config=Place().config)
            client.start_stream_encryption(StreamName="0.a", EncryptionType="KMS", KeyId="k")
            client.add_tags_to_stream(StreamARN="arn:aws:kinesis:eu-west-1:1:stream/1.b", Tags={"x": "y"})
            session.client("lambda", endpoint_url=wire.url, config=Place().config).add_permission(
                FunctionName="f", StatementId="s", Action="a", Principal="p", SourceArn=EVENTS
            )
            told = [(one.service, one.action, one.stream) for one in wire.calls()]
            assert wire.started("0.a") is not None
            assert wire.started("1.b") is None
            assert [one.action for one in wire.calls("1.b")] == ["AddTagsToStream"]
    assert told == [
        ("kinesis", "StartStreamEncryption", "0.a"),
        ("kinesis", "AddTagsToStream", "1.b"),
        ("lambda", "AddPermission", ""),
    ]
    assert [name for name, _ in seen] == ["first", "second", "others"]
    assert {host for _, host in seen} == {wire.url.removeprefix("http://")}, (
        "signatures hold for the host that was named"
    )


def test_each_call_of_ours_has_a_reason_and_a_kind() -> None:
    """Goal: none that isn't needed. Reasons stand for calls that there are."""
    known = {action for kind in KINDS.values() for action in kind}
    assert set(NEEDED) <= known
