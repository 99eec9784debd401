"""Properties that a Delete or a rollback reads: valid or not, they never fail it."""

from typing import Any

import pytest

from stream_encryption.cloudformation.properties import key_id_of, on_delete_of, stream_of, stream_of_arn
from stream_encryption.values import OnDelete, StreamRef
from tests.builders import STREAM_ARN


@pytest.mark.parametrize(
    ("raw", "stream"),
    [
        ({"StreamName": "orders"}, StreamRef("orders")),
        ({"StreamARN": STREAM_ARN}, StreamRef("orders", STREAM_ARN)),
        ({"StreamName": "payments", "StreamARN": STREAM_ARN}, StreamRef("orders", STREAM_ARN)),
        ({"StreamName": "payments", "StreamARN": "x"}, StreamRef("payments")),
        ({"StreamName": "orders!"}, None),
        ({"StreamName": ["orders"]}, None),
        ({"StreamARN": ["x"]}, None),
        ({}, None),
        (["StreamName"], None),
        (None, None),
    ],
)
def test_the_stream_is_read_from_valid_and_invalid_properties(raw: Any, stream: StreamRef | None) -> None:
    """Promise 7: a Delete never fails on properties."""
    assert stream_of(raw) == stream


@pytest.mark.parametrize(
    "physical_id", ["failed-create:stack/Encryption/0123456789abcdef", "stack-Encryption-1ABC", "", None, 7]
)
def test_only_a_stream_s_arn_names_a_stream(physical_id: Any) -> None:
    """Promise 3: CloudFormation invents ids, and failed Creates have ids of their own."""
    assert stream_of_arn(physical_id) is None
    assert stream_of_arn(STREAM_ARN) == StreamRef("orders", STREAM_ARN)


@pytest.mark.parametrize(
    ("raw", "key_id"),
    [
        ({"StreamName": "orders", "KeyId": "alias/one"}, "alias/one"),
        ({"StreamARN": STREAM_ARN, "KeyId": "alias/one"}, "alias/one"),
        ({"StreamName": "orders"}, "alias/aws/kinesis"),
        ({"StreamName": "orders", "KeyId": ["alias/one"]}, None),
        ({"StreamName": "orders", "KeyId": ""}, None),
        ({"StreamName": "orders", "KeyId": "k"}, "k"),
        ({"StreamName": "orders", "KeyId": "k" * 2048}, "k" * 2048),
        ({"StreamName": "orders", "KeyId": "k" * 2049}, None),
        ({"KeyId": "alias/one"}, None),
        ({"StreamName": "orders!", "KeyId": "alias/one"}, None),
        ({}, None),
        (None, None),
        ("KeyId", None),
    ],
)
def test_the_key_is_read_from_properties_that_a_stream_can_have_been_given(raw: Any, key_id: str | None) -> None:
    """Rule 6: where the record is lost, a Delete compares the stream's key with the key of its properties."""
    assert key_id_of(raw) == key_id


@pytest.mark.parametrize(
    ("raw", "on_delete"),
    [
        ({"OnDelete": "Keep"}, OnDelete.KEEP),
        ({"OnDelete": "Stop"}, OnDelete.STOP),
        ({"OnDelete": "keep"}, OnDelete.RESTORE),
        ({"OnDelete": ["Keep"]}, OnDelete.RESTORE),
        ({}, OnDelete.RESTORE),
        ("OnDelete", OnDelete.RESTORE),
    ],
)
def test_on_delete_is_read_from_valid_and_invalid_properties(raw: Any, on_delete: OnDelete) -> None:
    """Promise 7: an invalid OnDelete means the default."""
    assert on_delete_of(raw) is on_delete
