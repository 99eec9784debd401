"""Producers and consumers are granted the key before the Start, in real stacks.

That a role may use the key by its grant, or may not, is shown by `make demo`, and proved on the fake KMS
(tests/contract/test_grants.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .stacks import DEPLOYED, encryption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.kinesis_tap import KinesisCall

    from .stacks import Account


@pytest.fixture
def granting(account: Account) -> Iterator[Account]:
    """The provider is deployed with AllowGrants."""
    account.aws.deploy_provider({**DEPLOYED, "AllowGrants": "true"})
    yield account
    account.aws.deploy_provider({**DEPLOYED, "AllowGrants": "false"})


def grants(account: Account, key: str) -> list[tuple[str, list[str], dict[str, str]]]:
    """The grants on a key: to whom, for what, and with which encryption context."""
    listed = account.aws.kms.list_grants(KeyId=key)["Grants"]
    return [
        (one["GranteePrincipal"], [*map(str, one["Operations"])], one["Constraints"]["EncryptionContextSubset"])
        for one in listed
    ]


def role(account: Account, name: str) -> str:
    """The ARN of a role."""
    return f"arn:aws:iam::{account.aws.place.account}:role/{name}"


def test_the_grants_are_there_before_the_start_and_the_producers_ends_with_the_delete(granting: Account) -> None:
    """Grants: one for each principal and direction, for this stream alone; the consumer's lasts for the retention."""
    stream, key, stack = granting.stream(), granting.key(), granting.name()
    writer, reader = role(granting, "writer"), role(granting, "reader")
    context = {"aws:kinesis:arn": granting.aws.stream_arn(stream)}
    at_start: list[tuple[str, list[str], dict[str, str]]] = []

    def note(call: KinesisCall) -> None:
        if call.action == "StartStreamEncryption":
            at_start.extend(grants(granting, key))

    granting.aws.tap.meddle = note
    access = {"KeyId": key, "Producers": [writer], "Consumers": [reader], "GrantSeconds": 1}
    created = granting.deploy(stack, Encryption=encryption(stream, **access))
    produced, consumed = (writer, ["GenerateDataKey"], context), (reader, ["Decrypt"], context)
    assert (created.status, granting.key_of(stream)) == ("CREATE_COMPLETE", key)
    assert at_start in ([produced, consumed], [consumed, produced])

    updated = granting.deploy(stack, Encryption=encryption(stream, **{**access, "Producers": [reader, writer]}))
    assert (updated.status, len(grants(granting, key))) == ("UPDATE_COMPLETE", 3)
    assert granting.starts_and_stops(stream) == ["StartStreamEncryption"]

    deleted = granting.delete(stack)
    assert (deleted.status, granting.key_of(stream)) == ("DELETE_COMPLETE", "")
    assert grants(granting, key) == [consumed]
    (left,) = granting.aws.record(stream)["grants"]
    assert (left["principal"], left["owners"]) == (reader, [])


def test_without_the_parameter_the_stack_fails_at_once_and_names_it(account: Account) -> None:
    """Grants: AllowGrants is false by default."""
    stream, stack = account.stream(), account.name()
    resource = encryption(stream, KeyId=account.key(), Consumers=[role(account, "reader")])
    created = account.deploy(stack, Encryption=resource)
    assert created.status == "ROLLBACK_COMPLETE"
    assert account.starts_and_stops(stream) == []
    assert any("AllowGrants" in one for one in account.aws.log_lines())
