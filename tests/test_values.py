"""The values that several packages share: which key a Start is called with, and where a stack is."""

import pytest

from stream_encryption.values import AWS_MANAGED_ALIAS, CUSTOMER_ALIAS, Key, Owner, Place, Refusal, RefusalKind
from tests.values import ONE, STREAM, THEY, TWO, arn

HERE = "arn:aws:kms:us-east-1:123456789012:"


@pytest.mark.parametrize(
    "key_id", ["alias/one", HERE + "alias/one", "arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/x"]
)
def test_a_start_by_a_customers_alias_is_called_with_the_keys_arn(key_id: str) -> None:
    """Property KeyId: so that an alias that is pointed elsewhere later is noticed."""
    assert Key(key_id, arn("one")).start_key_id == arn("one")


@pytest.mark.parametrize("key_id", ["alias/aws/kinesis", HERE + "alias/aws/kinesis", "one", arn("one")])
def test_a_start_by_any_other_key_id_is_called_with_it_as_given(key_id: str) -> None:
    """Property KeyId: for `alias/aws/…`, a GUID and an ARN as given."""
    assert Key(key_id, arn("one")).start_key_id == key_id


def test_a_start_by_an_alias_that_could_not_be_looked_up_is_called_with_it_as_given() -> None:
    """Property KeyId: where the look-up is denied."""
    assert Key("alias/one", HERE + "alias/one", resolved=False).start_key_id == "alias/one"


def test_keys_are_the_same_where_their_identity_is() -> None:
    """Promise 4: however they are spelled."""
    assert ONE.is_same_as(Key("one", ONE.identity))
    assert not ONE.is_same_as(TWO)
    assert not ONE.is_same_as(None)


@pytest.mark.parametrize(
    ("key_id", "managed", "customers"),
    [
        ("alias/aws/kinesis", True, False),
        ("alias/aws-like", False, True),
        ("alias/awsome", False, True),
        (HERE + "alias/aws/kinesis", True, False),
        (HERE + "key/one", False, False),
        ("my/alias/aws/kinesis", False, False),
    ],
)
def test_an_alias_is_aws_own_or_a_customers(key_id: str, *, managed: bool, customers: bool) -> None:
    """Property KeyId: AWS reserves the names that begin with `alias/aws/`."""
    assert bool(AWS_MANAGED_ALIAS.fullmatch(key_id)) is managed
    assert bool(CUSTOMER_ALIAS.fullmatch(key_id)) is customers


def test_a_stack_id_tells_the_stacks_place_and_name() -> None:
    """Property StreamARN: in the stack's own account and region."""
    assert THEY.place == Place("us-east-1", "123456789012")
    assert THEY.stack_name == "another-stack"
    assert THEY.stream_arn("orders") == STREAM.arn


def test_a_stream_is_in_the_partition_of_its_stack() -> None:
    """Property StreamName: in aws-cn and aws-us-gov as well."""
    owner = Owner("arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/name/guid", "Encryption")
    assert owner.stream_arn("orders") == "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/orders"


def test_a_refusal_that_names_no_resource_was_denied_on_nothing_known() -> None:
    """Error AccessDenied: then the call's own resource is named."""
    refusal = Refusal("kinesis:PutRecord", STREAM.arn, RefusalKind.DENIED, "AccessDeniedException", "no")
    assert refusal.denied_on is None
