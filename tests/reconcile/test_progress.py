"""How far a request has come, and what its response says of that."""

from stream_encryption.grants import Direction, Grant
from stream_encryption.reconcile.actions import Attributes, Code, Reached
from stream_encryption.reconcile.progress import Progress
from stream_encryption.reconcile.state import Granted, State
from tests.values import NOW, ONE, ensure, release, state, stream

BEGUN = Progress.begin((ensure(), release()), NOW)
ATTRIBUTES = Attributes(stream(ONE), ONE, "alias/two")
ENCRYPTED = Reached(Code.ENCRYPTED, "r", attributes=ATTRIBUTES)
RELEASED = Reached(Code.RELEASED, "r", note="A note.")
GRANT = Grant(ONE.identity, "arn:aws:iam::123456789012:role/writer", Direction.PRODUCER, ())


def test_a_request_begins_with_nothing_done() -> None:
    """Progress: all goals are left."""
    assert Progress((ensure(), release()), State(since=NOW)) == BEGUN
    assert (BEGUN.data, BEGUN.reason) == ({}, "")


def test_each_goal_begins_anew_and_its_changes_are_added_up() -> None:
    """Metric NoOps: a request whose goals were all reached without a change."""
    first = BEGUN.with_reached(state(calls_made=2, throttle_level=5), ENCRYPTED, NOW + 5)
    assert first == Progress((release(),), State(since=NOW + 5), ATTRIBUTES, 2)
    assert first.with_reached(state(calls_made=1), RELEASED, NOW + 9) == Progress(
        (), State(since=NOW + 9), ATTRIBUTES, 3, ("A note.",)
    )


def test_grants_that_were_made_or_revoked_are_changes() -> None:
    """Metrics NoOps and Mends: a request or a revocation that has only called KMS has changed something."""
    granted = state(calls_made=1, granted=Granted((GRANT,), (GRANT, GRANT), unrevoked=(GRANT,)))
    assert BEGUN.with_reached(granted, ENCRYPTED, NOW).changes == 4


def test_the_notes_become_the_reason() -> None:
    """Promise 2: what the person who reads the response should know."""
    twice = BEGUN.with_reached(state(), RELEASED, NOW).with_reached(state(), RELEASED, NOW)
    assert twice.reason == "A note. A note."


def test_the_attributes_are_what_getatt_gives() -> None:
    """Fn::GetAtt: each attribute of the contract."""
    assert BEGUN.with_reached(state(), ENCRYPTED, NOW).data == {
        "StreamARN": stream().arn,
        "StreamName": "orders",
        "EncryptionType": "KMS",
        "KeyId": ONE.identity,
        "KeyArn": ONE.identity,
        "PreviousEncryptionType": "KMS",
        "PreviousKeyId": "alias/two",
    }


def test_a_stream_that_was_not_encrypted_before_has_an_empty_previous_key() -> None:
    """Fn::GetAtt: every attribute is a string."""
    plain = Reached(Code.ENCRYPTED, "r", attributes=Attributes(stream(), ONE, None))
    data = BEGUN.with_reached(state(), plain, NOW).data
    assert (data["PreviousEncryptionType"], data["PreviousKeyId"], data["KeyId"]) == ("NONE", "", "")


def test_a_released_stream_has_no_attributes() -> None:
    """Fn::GetAtt: a Delete gives none."""
    assert BEGUN.with_reached(state(), RELEASED, NOW).data == {}
