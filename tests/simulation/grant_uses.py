"""Who may use which key for which stream: what a resource wants, and what a grant gives."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.fake_grants import Grant
from tests.fake_kms import FakeKms

PRODUCES = "GenerateDataKey"
OPERATIONS = {"Producers": PRODUCES, "Consumers": "Decrypt"}
FOREIGN = "GrantedByAPerson"
"""The Name of the grants that are not the provider's."""


class Use(NamedTuple):
    """One principal's use of a key, for one stream."""

    stream: str
    key: str
    principal: str
    operation: str


def key_arn(kms: FakeKms, key_id: str) -> str:
    """The ARN of the key that an identifier means."""
    key = kms.find(key_id)
    assert key
    return key.arn


def uses(kms: FakeKms, properties: Mapping[str, Any]) -> set[Use]:
    """What a resource with these properties wants."""
    stream, key = properties["StreamName"], key_arn(kms, properties["KeyId"])
    return {Use(stream, key, one, operation) for name, operation in OPERATIONS.items() for one in properties[name]}


def use_of(grant: Grant) -> Use:
    """What a grant allows."""
    stream = grant.context.get("aws:kinesis:arn", "").rpartition("/")[2]
    return Use(stream, grant.key, grant.principal, grant.operations[0])
